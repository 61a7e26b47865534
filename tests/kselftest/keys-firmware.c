// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SEV-SNP: the root of keys is what firmware derives for this guest by MSG_KEY_REQ. What it derives is
 * asked of the stock driver, which gives it to root; what teegate makes of it, is computed here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "keys-kit.h"
#include "modules.h"
#include "stock.h"
#include "tee.h"

static struct derived a, b;
static struct blob blob;

/* What the chip gives for these parameters to whoever has its driver. */
static void root_by_stock(const uint8_t *params, uint8_t root[TEEGATE_ROOT_SIZE])
{
	const struct stock_key_req req = {
		.root_key_select = (uint32_t)number_be(params + PARAMS_SNP_KEY_SELECT, 4),
		.fields = number_be(params + PARAMS_SNP_FIELDS, 8),
		.vmpl = (uint32_t)number_be(params + PARAMS_SNP_VMPL, 4),
		.svn = (uint32_t)number_be(params + PARAMS_SNP_SVN, 4),
		.tcb = number_be(params + PARAMS_SNP_TCB, 8),
	};
	int fd = stock_open();

	ASSERT(fd >= 0);
	ASSERT_EQ(stock_key(fd, &req, root), 0);
	close(fd);
}

static void expect_key_of_chip(const struct derived *k, const char *label, uint32_t len)
{
	uint8_t root[TEEGATE_ROOT_SIZE], id[TEEGATE_ROOT_ID_SIZE], key[TEEGATE_KEY_MAX];

	root_by_stock(k->d.root_params, root);
	formula_root_id(root, id);
	EXPECT_MEM(k->d.root_id, id, sizeof(id));
	formula_key(root, 1, SEALING_CLAIMS, label, k->d.root_params, key, len);
	EXPECT_MEM(k->key, key, len);
	EXPECT(memcmp(k->key, root, len < sizeof(root) ? len : sizeof(root)));
}

static struct lease fresh_lease(void)
{
	module_anew();
	return keys_lease(SEALING_CLAIMS, SOURCE(FIRMWARE));
}

TEST(a_key_comes_from_the_root_that_the_chip_derives)
{
	static struct evidence ev;
	struct lease l = fresh_lease();
	const uint8_t *p = a.d.root_params;
	uint64_t committed = 0;

	EXPECT_EQ(info_of(l.fd).root_active, TEEGATE_ROOT_FIRMWARE);
	EXPECT_EQ(info_of(l.fd).roots, SOURCE(FIRMWARE));
	EXPECT_EQ(info_of(l.fd).firmware_ops & KEY_OPS, KEY_OPS);
	ASSERT_EQ(report_get(lease_unpinned().fd, 0, "r", 1, &ev), 0);
	memcpy(&committed, ev.report + 0x1e0, 8);
	ASSERT_EQ(derive_try(l.fd, "disk", 64, &a), 0);
	EXPECT_EQ(number_be(p, 4), 0x00010101);
	EXPECT_EQ(number_be(p + PARAMS_SNP_KEY_SELECT, 4), 2);
	EXPECT_EQ(number_be(p + PARAMS_SNP_FIELDS, 8), 0x39);
	EXPECT_EQ(number_be(p + PARAMS_SNP_SVN, 4), ev.report[4]);
	EXPECT_EQ(number_be(p + PARAMS_SNP_TCB, 8), committed);
	EXPECT_EQ(number_be(p + PARAMS_SNP_MSG_VERSION, 4), 1);
	expect_key_of_chip(&a, "disk", 64);
	ASSERT_EQ(derive_again(l.fd, "disk", 64, a.d.root_params, &b), 0);
	EXPECT_MEM(b.key, a.key, 64);
}

TEST(firmware_is_asked_once_for_a_root_until_it_is_wiped)
{
	struct lease l = fresh_lease();
	uint64_t keys = fw_stat("keys"), reports = fw_stat("reports");

	for (unsigned int i = 0; i < 5; i++) {
		EXPECT_EQ(derive_try(l.fd, "x", 32, &a), 0);
		EXPECT_EQ(seal_try(l.fd, "x", "x", 1, &blob), 0);
		EXPECT_EQ(unseal_any(l.fd, &blob), 0);
	}
	EXPECT_EQ(fw_stat("keys"), keys + 1);
	EXPECT_EQ(fw_stat("reports"), reports + 1);
	EXPECT_EQ(roots_wipe(0), 0);
	EXPECT_EQ(unseal_any(l.fd, &blob), 0);
	EXPECT_EQ(fw_stat("keys"), keys + 2);
	EXPECT_EQ(fw_stat("reports"), reports + 2);
}

struct change {
	const char *what;
	size_t at, size;
	uint64_t value;
};

static int derive_changed(int fd, const struct change *c)
{
	uint8_t params[TEEGATE_ROOT_PARAMS_SIZE];

	memcpy(params, a.d.root_params, sizeof(params));
	put_be(params + c->at, c->size, c->value);
	return derive_again(fd, "x", 32, params, &b);
}

static int unseal_changed(int fd, const struct change *c)
{
	struct blob changed = blob;

	put_be(changed.bytes + BLOB_PARAMS + c->at, c->size, c->value);
	return unseal_any(fd, &changed);
}

/* A lease whose floors are what is today. */
static struct lease strict_lease(const struct derived *today)
{
	struct teegate_create_lease w = keys_wish(SEALING_CLAIMS, SOURCE(FIRMWARE));

	w.snp_tcb_floor = number_be(today->d.root_params + PARAMS_SNP_TCB, 8);
	w.snp_svn_floor = (uint32_t)number_be(today->d.root_params + PARAMS_SNP_SVN, 4);
	return lease_make(w);
}

TEST(each_parameter_that_is_weaker_or_in_the_future_is_refused_before_firmware_is_asked)
{
	struct lease l = fresh_lease();
	uint64_t keys, tcb;
	uint32_t svn;

	ASSERT_EQ(derive_try(l.fd, "x", 32, &a), 0);
	ASSERT_EQ(seal_try(l.fd, "x", "x", 1, &blob), 0);
	l = strict_lease(&a);
	tcb = number_be(a.d.root_params + PARAMS_SNP_TCB, 8);
	svn = (uint32_t)number_be(a.d.root_params + PARAMS_SNP_SVN, 4);
	ASSERT((tcb & 0xff) && tcb >> 56 && svn);
	keys = fw_stat("keys");

	const struct change refused[] = {
		{ "key 0", PARAMS_SNP_KEY_SELECT, 4, 0 },
		{ "VMRK", PARAMS_SNP_KEY_SELECT, 4, 1 },
		{ "VMRK and VCEK", PARAMS_SNP_KEY_SELECT, 4, 3 },
		{ "VLEK", PARAMS_SNP_KEY_SELECT, 4, 4 },
		{ "without policy", PARAMS_SNP_FIELDS, 8, 0x38 },
		{ "without measurement", PARAMS_SNP_FIELDS, 8, 0x31 },
		{ "without SVN", PARAMS_SNP_FIELDS, 8, 0x29 },
		{ "without TCB", PARAMS_SNP_FIELDS, 8, 0x19 },
		{ "an unknown field", PARAMS_SNP_FIELDS, 8, 0x79 },
		{ "VMPL 1", PARAMS_SNP_VMPL, 4, 1 },
		{ "an SVN below the floor", PARAMS_SNP_SVN, 4, svn - 1 },
		{ "an SVN of the future", PARAMS_SNP_SVN, 4, svn + 1 },
		{ "a first component below", PARAMS_SNP_TCB, 8, tcb - 1 },
		{ "a last component below", PARAMS_SNP_TCB, 8, tcb - (1ULL << 56) },
		{ "a first component above", PARAMS_SNP_TCB, 8, tcb + 1 },
		{ "a last component above", PARAMS_SNP_TCB, 8, tcb + (1ULL << 56) },
		{ "a mitigation vector", PARAMS_SNP_MIT, 8, 1 },
		{ "message version 2", PARAMS_SNP_MSG_VERSION, 4, 2 },
		{ "something behind", 95, 1, 1 },
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (!EXPECT_EQ(derive_changed(l.fd, &refused[i]), -EKEYREJECTED) ||
		    !EXPECT_EQ(unseal_changed(l.fd, &refused[i]), -EKEYREJECTED))
			tap_note("that was %s", refused[i].what);
	}
	EXPECT_EQ(derive_again(l.fd, "x", 32, a.d.root_params, &b), 0);
	EXPECT_EQ(unseal_any(l.fd, &blob), 0);
	EXPECT_EQ(fw_stat("keys"), keys);
}

TEST(each_parameter_that_is_allowed_makes_another_key)
{
	struct lease l = fresh_lease();
	uint64_t tcb;
	uint32_t svn;

	ASSERT_EQ(derive_try(l.fd, "x", 32, &a), 0);
	tcb = number_be(a.d.root_params + PARAMS_SNP_TCB, 8);
	svn = (uint32_t)number_be(a.d.root_params + PARAMS_SNP_SVN, 4);

	const struct change allowed[] = {
		{ "image id, too", PARAMS_SNP_FIELDS, 8, 0x3b },
		{ "family id, too", PARAMS_SNP_FIELDS, 8, 0x3d },
		{ "an older SVN", PARAMS_SNP_SVN, 4, svn - 1 },
		{ "an older TCB", PARAMS_SNP_TCB, 8, tcb - 1 },
	};

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (!EXPECT_EQ(derive_changed(l.fd, &allowed[i]), 0) ||
		    !EXPECT(memcmp(a.key, b.key, 32)))
			tap_note("that was %s", allowed[i].what);
		expect_key_of_chip(&b, "x", 32);
	}
}

/* More than that are allowed: these, and today's. */
#define KEPT 8

static uint64_t keys_asked_for(int fd, const struct change c[2])
{
	uint8_t params[TEEGATE_ROOT_PARAMS_SIZE];
	uint64_t before = fw_stat("keys");

	memcpy(params, a.d.root_params, sizeof(params));
	put_be(params + c[0].at, c[0].size, c[0].value);
	put_be(params + c[1].at, c[1].size, c[1].value);
	EXPECT_EQ(derive_again(fd, "x", 32, params, &b), 0);
	return fw_stat("keys") - before;
}

/* What was used last is known; what was not used for longest has made room for it. */
TEST(of_more_roots_than_are_kept_the_one_unused_for_longest_is_asked_for_again)
{
	struct lease l = fresh_lease();
	struct change sets[KEPT + 1][2];

	ASSERT_EQ(derive_try(l.fd, "x", 32, &a), 0);
	for (unsigned int i = 0; i <= KEPT; i++) {
		sets[i][0] = (struct change) { "fields", PARAMS_SNP_FIELDS, 8, 0x39 | (i & 3) << 1 };
		sets[i][1] = (struct change) { "SVN", PARAMS_SNP_SVN, 4,
			number_be(a.d.root_params + PARAMS_SNP_SVN, 4) - i / 4 };
	}
	EXPECT_EQ(keys_asked_for(l.fd, sets[0]), 0);	/* as today */
	for (unsigned int i = 1; i < KEPT; i++)
		EXPECT_EQ(keys_asked_for(l.fd, sets[i]), 1);
	EXPECT_EQ(keys_asked_for(l.fd, sets[0]), 0);	/* now 1 is the oldest */
	EXPECT_EQ(keys_asked_for(l.fd, sets[KEPT]), 1);
	EXPECT_EQ(keys_asked_for(l.fd, sets[KEPT]), 0);
	EXPECT_EQ(keys_asked_for(l.fd, sets[0]), 0);
	EXPECT_EQ(keys_asked_for(l.fd, sets[1]), 1);	/* instead of 2 */
	for (unsigned int i = 3; i <= KEPT; i++)
		EXPECT_EQ(keys_asked_for(l.fd, sets[i]), 0);
	EXPECT_EQ(keys_asked_for(l.fd, sets[2]), 1);
}

/* What is not selected is not in the parameters either, so that updates do not change the key. */
TEST(a_version_that_is_not_selected_is_zero)
{
	struct teegate_create_lease w = keys_wish(SEALING_CLAIMS, SOURCE(FIRMWARE));
	const uint8_t *p = a.d.root_params;
	struct change svn = { "an SVN", PARAMS_SNP_SVN, 4, 1 }, tcb = { "a TCB", PARAMS_SNP_TCB, 8, 1 };
	struct lease l;

	module_anew();
	w.snp_field_select = SNP_POLICY | SNP_MEASUREMENT;
	l = lease_make(w);
	ASSERT_EQ(derive_try(l.fd, "x", 32, &a), 0);
	EXPECT_EQ(number_be(p + PARAMS_SNP_FIELDS, 8), 9);
	EXPECT_EQ(number_be(p + PARAMS_SNP_SVN, 4), 0);
	EXPECT_EQ(number_be(p + PARAMS_SNP_TCB, 8), 0);
	expect_key_of_chip(&a, "x", 32);
	EXPECT_EQ(derive_changed(l.fd, &svn), -EKEYREJECTED);
	EXPECT_EQ(derive_changed(l.fd, &tcb), -EKEYREJECTED);
}

TEST(an_answer_that_is_no_key_is_an_error_and_the_next_is_good)
{
	struct lease l = fresh_lease();
	struct change older = { "", PARAMS_SNP_SVN, 4, 0 };

	ASSERT_EQ(derive_try(l.fd, "x", 32, &a), 0);
	fw_fault("zero-key count=1");
	EXPECT_EQ(derive_changed(l.fd, &older), -EPROTO);
	EXPECT_EQ(b.d.fw_status, 0);
	EXPECT_EQ(b.key[0], 0xa5);
	fw_fault("rsp-status arg=0x16");
	EXPECT_EQ(roots_wipe(0), 0);
	EXPECT_EQ(derive_changed(l.fd, &older), -EREMOTEIO);
	EXPECT_EQ(b.d.fw_status, 0x16);
	fw_reset();
	EXPECT_EQ(derive_changed(l.fd, &older), 0);
	EXPECT_EQ(info_of(l.fd).state, TEEGATE_STATE_UP);
	expect_key_of_chip(&b, "x", 32);
}

TEST(a_root_that_firmware_is_asked_for_costs_a_request)
{
	struct teegate_create_lease w = keys_wish(SEALING_CLAIMS, SOURCE(FIRMWARE));
	struct change older = { "", PARAMS_SNP_SVN, 4, 0 };
	struct lease l;
	uint64_t keys;

	module_anew();
	w.rate_per_minute = 1;
	w.rate_burst = 2;
	l = lease_make(w);
	EXPECT_EQ(derive_try(l.fd, "x", 32, &a), 0);
	EXPECT_EQ(derive_try(l.fd, "x", 32, &a), 0);
	keys = fw_stat("keys");
	EXPECT_EQ(derive_try(l.fd, "x", 32, &b), -EDQUOT);
	EXPECT_EQ(derive_changed(l.fd, &older), -EDQUOT);
	EXPECT_EQ(fw_stat("keys"), keys);
}

/* Each time, although firmware's report may be known; and whoever is out of them asks no more. */
TEST(a_guess_at_the_future_costs_a_request)
{
	struct teegate_create_lease w = keys_wish(SEALING_CLAIMS, SOURCE(FIRMWARE));
	struct change later = { "", PARAMS_SNP_TCB, 8, UINT64_MAX };
	struct lease l, other;
	uint64_t reports;

	module_anew();
	w.rate_per_minute = 1;
	w.rate_burst = 3;
	l = lease_make(w);
	EXPECT_EQ(derive_try(l.fd, "x", 32, &a), 0);
	EXPECT_EQ(derive_changed(l.fd, &later), -EKEYREJECTED);
	EXPECT_EQ(derive_changed(l.fd, &later), -EKEYREJECTED);
	usleep(1100000);	/* what is known is old enough for another report */
	reports = fw_stat("reports");
	for (unsigned int i = 0; i < 5; i++)
		EXPECT_EQ(derive_changed(l.fd, &later), -EDQUOT);
	EXPECT_EQ(fw_stat("reports"), reports);
	other = keys_lease(SEALING_CLAIMS, SOURCE(FIRMWARE));
	EXPECT_EQ(derive_changed(other.fd, &later), -EKEYREJECTED);
	EXPECT_EQ(fw_stat("reports"), reports + 1);
	EXPECT_EQ(derive_try(other.fd, "x", 32, &b), 0);
}

TEST(an_installed_root_goes_before_that_of_the_chip)
{
	struct lease l = fresh_lease(), both;

	ASSERT_EQ(derive_try(l.fd, "x", 32, &a), 0);
	both = keys_lease(SEALING_CLAIMS, SOURCE(FIRMWARE) | SOURCE(TPM));
	ASSERT_EQ(derive_try(both.fd, "x", 32, &b), 0);
	EXPECT_MEM(b.key, a.key, 32);
	ASSERT_EQ(root_install(1, TEEGATE_ROOT_TPM, 0, NULL), 0);
	EXPECT_EQ(info_of(l.fd).root_active, TEEGATE_ROOT_TPM);
	EXPECT_EQ(info_of(l.fd).roots, SOURCE(FIRMWARE) | SOURCE(TPM));
	ASSERT_EQ(derive_try(both.fd, "x", 32, &b), 0);
	EXPECT_EQ(b.d.root_params[PARAMS_SOURCE], TEEGATE_ROOT_TPM);
	ASSERT_EQ(derive_again(both.fd, "x", 32, a.d.root_params, &b), 0);
	EXPECT_MEM(b.key, a.key, 32);
	ASSERT_EQ(derive_try(l.fd, "x", 32, &b), 0);
	EXPECT_MEM(b.key, a.key, 32);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
