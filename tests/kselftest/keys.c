// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys of workloads, on every TEE alike: roots that were installed, what is derived from them, who
 * gets which key, and sealed blobs. What the firmware of a TEE gives as a root is tested elsewhere.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "keys-kit.h"
#include "modules.h"
#include "tee.h"

#define NEIGHBOUR "\xa1\x01\x68neighbor"	/* { 1: "neighbor" } */

static struct derived a, b;
static struct blob blob;
static uint8_t data[TEEGATE_SEAL_DATA_MAX];

/* A module without roots, and then with this one. */
static void with_root(unsigned int n, uint32_t source)
{
	module_anew();
	ASSERT_EQ(root_install(n, source, 0, NULL), 0);
}

static void expect_key_of_root(const struct derived *k, unsigned int n, const char *claims,
			       const char *label, uint32_t len)
{
	uint8_t root[TEEGATE_ROOT_SIZE], id[TEEGATE_ROOT_ID_SIZE], key[TEEGATE_KEY_MAX];
	uint8_t params[TEEGATE_ROOT_PARAMS_SIZE] = { 0, 1, (uint8_t)the_tee()->provider,
						     TEEGATE_ROOT_TPM };

	root_number(n, root);
	formula_root_id(root, id);
	EXPECT_MEM(k->d.root_id, id, sizeof(id));
	EXPECT_MEM(k->d.root_params, params, sizeof(params));
	memset(key, 0xa5, sizeof(key));
	formula_key(root, 1, claims, label, params, key, len);
	EXPECT_MEM(k->key, key, sizeof(key));
}

/* ---- deriving ---- */

TEST(a_key_is_that_of_the_formulas)
{
	static const uint32_t lengths[] = { 16, 32, 48, 49, 64 };
	char longest[TEEGATE_KEY_LABEL_MAX + 1] = "";
	const char *labels[] = { "", "database", longest };
	struct lease l;

	with_root(1, TEEGATE_ROOT_TPM);
	l = keys_lease(SEALING_CLAIMS, SOURCE(TPM));
	memset(longest, 'L', TEEGATE_KEY_LABEL_MAX);
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
			ASSERT_EQ(derive_try(l.fd, labels[i], lengths[j], &a), 0);
			expect_key_of_root(&a, 1, SEALING_CLAIMS, labels[i], lengths[j]);
		}
	}
}

TEST(a_workload_has_one_key_of_a_label_and_its_neighbour_another)
{
	struct lease l, same, child, other;

	with_root(2, TEEGATE_ROOT_TPM);
	l = keys_lease(SEALING_CLAIMS, SOURCE(TPM));
	same = keys_lease(SEALING_CLAIMS, SOURCE(TPM) | SOURCE(DEVELOPMENT));
	child = lease_narrow(l.fd, TEEGATE_OP_DERIVE_KEY);
	other = keys_lease(NEIGHBOUR, SOURCE(TPM));
	ASSERT_EQ(derive_try(l.fd, "label", 32, &a), 0);
	ASSERT_EQ(derive_try(same.fd, "label", 32, &b), 0);
	EXPECT_MEM(b.key, a.key, 32);
	ASSERT_EQ(derive_try(child.fd, "label", 32, &b), 0);
	EXPECT_MEM(b.key, a.key, 32);
	ASSERT_EQ(derive_again(l.fd, "label", 32, a.d.root_params, &b), 0);
	EXPECT_MEM(b.key, a.key, 32);
	ASSERT_EQ(derive_try(other.fd, "label", 32, &b), 0);
	EXPECT(memcmp(b.key, a.key, 32));
	ASSERT_EQ(derive_try(l.fd, "labem", 32, &b), 0);
	EXPECT(memcmp(b.key, a.key, 32));
	ASSERT_EQ(derive_try(l.fd, "label", 64, &b), 0);
	EXPECT(memcmp(b.key, a.key, 32));
}

TEST(keys_need_their_right)
{
	struct lease l, derive, seal;

	with_root(3, TEEGATE_ROOT_TPM);
	l = keys_lease(SEALING_CLAIMS, SOURCE(TPM));
	derive = lease_narrow(l.fd, TEEGATE_OP_DERIVE_KEY);
	seal = lease_narrow(l.fd, TEEGATE_OP_SEAL);
	EXPECT_EQ(derive_try(derive.fd, "x", 32, &a), 0);
	EXPECT_EQ(derive_try(seal.fd, "x", 32, &a), -EPERM);
	EXPECT_EQ(seal_try(seal.fd, "x", "x", 1, &blob), 0);
	EXPECT_EQ(unseal_any(seal.fd, &blob), 0);
	EXPECT_EQ(unseal_any(derive.fd, &blob), -EPERM);
	EXPECT_EQ(seal_try(derive.fd, "x", "x", 1, &blob), -EPERM);
	EXPECT_EQ(derive_try(lease_unpinned().fd, "x", 32, &a), -EPERM);
}

TEST(a_lease_has_only_the_labels_that_its_patterns_allow)
{
	static const char patterns[] = "exact\0pre-*\0star*";
	struct teegate_create_lease w = keys_wish(SEALING_CLAIMS, SOURCE(TPM));
	struct lease l, any;

	with_root(4, TEEGATE_ROOT_TPM);
	any = lease_make(w);
	w.key_labels = (uintptr_t)patterns;
	w.key_labels_len = sizeof(patterns);
	l = lease_make(w);
	EXPECT_EQ(derive_try(l.fd, "exact", 32, &a), 0);
	EXPECT_EQ(derive_try(l.fd, "pre-", 32, &a), 0);
	EXPECT_EQ(derive_try(l.fd, "pre-fix", 32, &a), 0);
	EXPECT_EQ(derive_try(l.fd, "star", 32, &a), 0);
	EXPECT_EQ(derive_try(l.fd, "exact1", 32, &a), -EPERM);
	EXPECT_EQ(derive_try(l.fd, "exac", 32, &a), -EPERM);
	EXPECT_EQ(derive_try(l.fd, "pre", 32, &a), -EPERM);
	EXPECT_EQ(derive_try(l.fd, "", 32, &a), -EPERM);
	EXPECT_EQ(seal_try(l.fd, "other", "x", 1, &blob), -EPERM);
	ASSERT_EQ(seal_try(any.fd, "other", "x", 1, &blob), 0);
	EXPECT_EQ(unseal_any(any.fd, &blob), 0);
	EXPECT_EQ(unseal_any(l.fd, &blob), -EPERM);
	ASSERT_EQ(seal_try(any.fd, "exact", "x", 1, &blob), 0);
	EXPECT_EQ(unseal_any(l.fd, &blob), 0);
}

#define DERIVE(change)								\
	({									\
		struct teegate_derive_key *d = &a.d;				\
										\
		derive_wish(&a, "label", 32);					\
		(void)(change);							\
		tg(l.fd, TEEGATE_DERIVE_KEY, d);				\
	})

TEST(derive_key_refuses_values_out_of_range)
{
	struct lease l;

	with_root(5, TEEGATE_ROOT_TPM);
	l = keys_lease(SEALING_CLAIMS, SOURCE(TPM));
	EXPECT_EQ(DERIVE(0), 0);
	EXPECT_EQ(DERIVE(d->key_len = 15), -EINVAL);
	EXPECT_EQ(DERIVE(d->key_len = 65), -EINVAL);
	EXPECT_EQ(DERIVE(d->label_len = 256), -EINVAL);
	EXPECT_EQ(DERIVE(d->timeout_ms = TEEGATE_TIMEOUT_MAX_MS + 1), -EINVAL);
	EXPECT_EQ(DERIVE(d->target = 3), -EINVAL);
	EXPECT_EQ(DERIVE(d->reserved = 1), -EINVAL);
	EXPECT_EQ(DERIVE(d->keyring = -2), -EINVAL);
	EXPECT_EQ(DERIVE(d->description_len = 1), -EINVAL);
	EXPECT_EQ(DERIVE(d->description = 1), -EINVAL);
	EXPECT_EQ(DERIVE(d->key = 0), -EFAULT);
	EXPECT_EQ(DERIVE(d->label = 0), -EFAULT);
	EXPECT_EQ(DERIVE(0), 0);
}

TEST(parameters_that_are_not_of_this_lease_are_refused)
{
	struct lease l, other;
	uint8_t params[TEEGATE_ROOT_PARAMS_SIZE];

	with_root(6, TEEGATE_ROOT_TPM);
	l = keys_lease(SEALING_CLAIMS, SOURCE(TPM) | SOURCE(KEY_BROKER));
	other = keys_lease(SEALING_CLAIMS, SOURCE(KEY_BROKER));
	ASSERT_EQ(derive_try(l.fd, "label", 32, &a), 0);
	memcpy(params, a.d.root_params, sizeof(params));
	EXPECT_EQ(derive_again(l.fd, "label", 32, params, &b), 0);
	EXPECT_EQ(derive_again(other.fd, "label", 32, params, &b), -EKEYREJECTED);
	EXPECT_EQ(derive_try(other.fd, "label", 32, &b), -ENODATA);
	params[1] = 2;
	EXPECT_EQ(derive_again(l.fd, "label", 32, params, &b), -EPROTONOSUPPORT);
	params[1] = 1;
	params[PARAMS_TEE] ^= 4;
	EXPECT_EQ(derive_again(l.fd, "label", 32, params, &b), -EXDEV);
	params[PARAMS_TEE] ^= 4;
	for (size_t at = 4; at < sizeof(params); at += 13) {
		params[at] = 1;
		EXPECT_EQ(derive_again(l.fd, "label", 32, params, &b), -EKEYREJECTED);
		params[at] = 0;
	}
	params[PARAMS_SOURCE] = TEEGATE_ROOT_KEY_BROKER;
	EXPECT_EQ(derive_again(l.fd, "label", 32, params, &b), -ENODATA);
	params[PARAMS_SOURCE] = TEEGATE_ROOT_DEVELOPMENT;
	EXPECT_EQ(derive_again(l.fd, "label", 32, params, &b), -EKEYREJECTED);
}

/* ---- roots ---- */

TEST(a_root_is_written_once)
{
	uint8_t id[TEEGATE_ROOT_ID_SIZE], want[TEEGATE_ROOT_ID_SIZE], root[TEEGATE_ROOT_SIZE];
	struct teegate_get_info info;

	module_anew();
	EXPECT(!(info_now().roots & INSTALLED));
	ASSERT_EQ(root_install(7, TEEGATE_ROOT_KEY_BROKER, 0, id), 0);
	root_number(7, root);
	formula_root_id(root, want);
	EXPECT_MEM(id, want, sizeof(id));
	EXPECT_EQ(root_install(7, TEEGATE_ROOT_KEY_BROKER, 0, NULL), -EEXIST);
	EXPECT_EQ(root_install(8, TEEGATE_ROOT_TPM, 0, NULL), -EEXIST);
	EXPECT_EQ(root_install(7, TEEGATE_ROOT_KEY_BROKER, TEEGATE_ROOT_UNSEAL_ONLY, NULL), -EEXIST);
	for (unsigned int i = 0; i < 16; i++)
		EXPECT_EQ(root_install(9 + i, TEEGATE_ROOT_TPM, TEEGATE_ROOT_UNSEAL_ONLY, NULL), 0);
	EXPECT_EQ(root_install(40, TEEGATE_ROOT_TPM, TEEGATE_ROOT_UNSEAL_ONLY, NULL), -ENOSPC);
	info = info_now();
	EXPECT_EQ(info.root_active, TEEGATE_ROOT_KEY_BROKER);
	EXPECT_EQ(info.roots & INSTALLED, SOURCE(KEY_BROKER) | SOURCE(TPM));
	EXPECT_MEM(info.root_id, want, sizeof(want));
	EXPECT_EQ(info.firmware_ops & KEY_OPS, KEY_OPS);
}

TEST(a_root_is_there_though_nobody_could_be_told_its_name)
{
	struct teegate_set_root wish = {
		.size = sizeof(wish),
		.root = (uintptr_t)"32 bytes of an administrator who",
		.root_len = TEEGATE_ROOT_SIZE,
		.source = TEEGATE_ROOT_TPM,
	};
	int session;

	module_anew();
	session = session_open();
	EXPECT_EQ(tg(session, TEEGATE_SET_ROOT, read_only(&wish, sizeof(wish))), -EFAULT);
	EXPECT_EQ(info_now().root_active, TEEGATE_ROOT_TPM);
	EXPECT_EQ(tg(session, TEEGATE_SET_ROOT, &wish), -EEXIST);
	close(session);
	EXPECT_EQ(derive_try(keys_lease(SEALING_CLAIMS, SOURCE(TPM)).fd, "x", 32, &a), 0);
}

TEST(wiped_roots_are_gone_and_make_no_room)
{
	struct lease l;

	with_root(10, TEEGATE_ROOT_TPM);
	l = keys_lease(SEALING_CLAIMS, INSTALLED);
	EXPECT_EQ(roots_wipe(0), 0);
	ASSERT_EQ(derive_try(l.fd, "x", 32, &a), 0);
	EXPECT_EQ(roots_wipe(TEEGATE_WIPE_INSTALLED), 0);
	EXPECT_EQ(derive_try(l.fd, "x", 32, &b), -ENODATA);
	EXPECT_EQ(root_install(10, TEEGATE_ROOT_TPM, 0, NULL), -EEXIST);
	EXPECT_EQ(root_install(11, TEEGATE_ROOT_TPM, TEEGATE_ROOT_UNSEAL_ONLY, NULL), -EEXIST);
	EXPECT(!(info_now().roots & INSTALLED));
	close(l.fd);
	with_root(10, TEEGATE_ROOT_TPM);
	l = keys_lease(SEALING_CLAIMS, INSTALLED);
	ASSERT_EQ(derive_try(l.fd, "x", 32, &b), 0);
	EXPECT_MEM(b.key, a.key, 32);
}

TEST(a_development_root_taints_until_the_module_goes)
{
	module_anew();
	EXPECT_EQ(info_now().taint, TEEGATE_TAINT_SOFTWARE_FIRMWARE);
	ASSERT_EQ(root_install(12, TEEGATE_ROOT_TPM, 0, NULL), 0);
	EXPECT_EQ(info_now().taint, TEEGATE_TAINT_SOFTWARE_FIRMWARE);
	ASSERT_EQ(root_install(13, TEEGATE_ROOT_DEVELOPMENT, TEEGATE_ROOT_UNSEAL_ONLY, NULL), 0);
	EXPECT_EQ(info_now().taint,
		  TEEGATE_TAINT_SOFTWARE_FIRMWARE | TEEGATE_TAINT_DEVELOPMENT_ROOT);
	ASSERT_EQ(roots_wipe(TEEGATE_WIPE_INSTALLED), 0);
	EXPECT_EQ(info_now().taint,
		  TEEGATE_TAINT_SOFTWARE_FIRMWARE | TEEGATE_TAINT_DEVELOPMENT_ROOT);
	module_anew();
	EXPECT_EQ(info_now().taint, TEEGATE_TAINT_SOFTWARE_FIRMWARE);
}

/* ---- sealing ---- */

TEST(what_is_sealed_opens_for_its_workload_alone)
{
	static const uint32_t lengths[] = { 0, 1, 1000, TEEGATE_SEAL_DATA_MAX };
	static uint8_t got[TEEGATE_SEAL_DATA_MAX];
	struct lease l, other;
	uint32_t len;

	with_root(14, TEEGATE_ROOT_TPM);
	l = keys_lease(SEALING_CLAIMS, INSTALLED);
	other = keys_lease(NEIGHBOUR, INSTALLED);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 5 + i / 256);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		ASSERT_EQ(seal_try(l.fd, "config", data, lengths[i], &blob), 0);
		EXPECT_EQ(blob.len, lengths[i] + 6 + TEEGATE_BLOB_OVERHEAD);
		len = sizeof(got);
		ASSERT_EQ(unseal_try(l.fd, &blob, got, &len), 0);
		EXPECT_EQ(len, lengths[i]);
		EXPECT_MEM(got, data, len);
		memset(got, 0xa5, sizeof(got));
		len = sizeof(got);
		EXPECT_EQ(unseal_try(other.fd, &blob, got, &len), -EBADMSG);
		EXPECT_EQ(got[0], 0xa5);
		EXPECT_EQ(len, sizeof(got));
	}
	len = TEEGATE_SEAL_DATA_MAX - 1;
	EXPECT_EQ(unseal_try(l.fd, &blob, got, &len), -ENOSPC);
	EXPECT_EQ(len, TEEGATE_SEAL_DATA_MAX);
}

TEST(a_blob_under_another_root_says_so_and_an_old_root_opens_it)
{
	struct lease l;

	with_root(15, TEEGATE_ROOT_TPM);
	l = keys_lease(SEALING_CLAIMS, INSTALLED);
	ASSERT_EQ(seal_try(l.fd, "config", "text", 4, &blob), 0);
	close(l.fd);
	with_root(16, TEEGATE_ROOT_TPM);
	l = keys_lease(SEALING_CLAIMS, INSTALLED);
	EXPECT_EQ(unseal_any(l.fd, &blob), -ENXIO);
	ASSERT_EQ(root_install(15, TEEGATE_ROOT_TPM, TEEGATE_ROOT_UNSEAL_ONLY, NULL), 0);
	EXPECT_EQ(unseal_any(l.fd, &blob), 0);
	close(l.fd);
	with_root(15, TEEGATE_ROOT_KEY_BROKER);
	l = keys_lease(SEALING_CLAIMS, INSTALLED);
	EXPECT_EQ(unseal_any(l.fd, &blob), -ENODATA);
}

/* One byte of the blob is another one. */
static int unseal_changed(int fd, uint32_t at)
{
	int r;

	blob.bytes[at] ^= 0x40;
	r = unseal_any(fd, &blob);
	blob.bytes[at] ^= 0x40;
	return r;
}

static int unseal_length(int fd, uint32_t len)
{
	const uint32_t right = blob.len;
	int r;

	blob.len = len;
	r = unseal_any(fd, &blob);
	blob.len = right;
	return r;
}

TEST(each_part_of_a_blob_has_its_errno)
{
	struct lease l;

	with_root(17, TEEGATE_ROOT_TPM);
	l = keys_lease(SEALING_CLAIMS, INSTALLED);
	ASSERT_EQ(seal_try(l.fd, "config", "text", 4, &blob), 0);
	for (uint32_t at = 0; at < 8; at++)
		EXPECT_EQ(unseal_changed(l.fd, at), -EILSEQ);
	EXPECT_EQ(unseal_changed(l.fd, BLOB_VERSION), -EPROTONOSUPPORT);
	EXPECT_EQ(unseal_changed(l.fd, BLOB_HEAD_LEN + 1), -EMSGSIZE);
	EXPECT_EQ(unseal_changed(l.fd, BLOB_PARAMS), -EPROTONOSUPPORT);
	EXPECT_EQ(unseal_changed(l.fd, BLOB_PARAMS + PARAMS_TEE), -EXDEV);
	EXPECT_EQ(unseal_changed(l.fd, BLOB_PARAMS + PARAMS_SOURCE), -EKEYREJECTED);
	EXPECT_EQ(unseal_changed(l.fd, BLOB_PARAMS + 50), -EKEYREJECTED);
	EXPECT_EQ(unseal_changed(l.fd, BLOB_ROOT_ID), -ENXIO);
	EXPECT_EQ(unseal_changed(l.fd, BLOB_BITMAP), -EBADMSG);
	EXPECT_EQ(unseal_changed(l.fd, BLOB_LABEL_LEN + 1), -EMSGSIZE);
	for (uint32_t at = BLOB_SALT; at < blob.len; at++)
		if (at < BLOB_LABEL_LEN || at >= BLOB_LABEL)
			EXPECT_EQ(unseal_changed(l.fd, at), -EBADMSG);
	for (uint32_t len = 0; len < blob.len; len++)
		EXPECT_EQ(unseal_length(l.fd, len),
			  len < TEEGATE_BLOB_OVERHEAD + 6 ? -EMSGSIZE : -EBADMSG);
	EXPECT_EQ(unseal_length(l.fd, blob.len + 1), -EBADMSG);
	EXPECT_EQ(unseal_length(l.fd, sizeof(blob.bytes)), -EMSGSIZE);
	EXPECT_EQ(unseal_any(l.fd, &blob), 0);
}

/* ---- what it costs ---- */

TEST(each_call_costs_a_request_also_without_firmware)
{
	struct teegate_create_lease w = keys_wish(SEALING_CLAIMS, INSTALLED);
	struct lease l;

	with_root(18, TEEGATE_ROOT_TPM);
	w.rate_per_minute = 1;
	w.rate_burst = 3;
	l = lease_make(w);
	EXPECT_EQ(derive_try(l.fd, "x", 32, &a), 0);
	EXPECT_EQ(seal_try(l.fd, "x", "x", 1, &blob), 0);
	EXPECT_EQ(unseal_any(l.fd, &blob), 0);
	EXPECT_EQ(derive_try(l.fd, "x", 32, &a), -EDQUOT);
	EXPECT_EQ(seal_try(l.fd, "x", "x", 1, &blob), -EDQUOT);
	EXPECT(info_of(l.fd).retry_after_ms > 0);
	EXPECT_EQ(derive_try(keys_lease(SEALING_CLAIMS, INSTALLED).fd, "x", 32, &a), 0);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
