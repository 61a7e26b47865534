// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SEV-SNP: who can open what after which change. The table of doc/keys.md, row by row, with a chip
 * that is changed under a guest that starts anew, for a blob under the root of the firmware and one
 * under a root that was installed; and a rogue guest on the same chip, whose blobs are refused. This
 * is the software firmware; what hardware does, only hardware shows.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "keys-kit.h"
#include "modules.h"
#include "stock.h"

/* tests/firmware/chip.h */
#define CHIP_FILE	"/lib/firmware/teegate/chip.bin"
#define CHIP_SIZE	824
#define CHIP_SVN	28
#define CHIP_POLICY	32
#define CHIP_FAMILY_ID	40
#define CHIP_IMAGE_ID	56
#define CHIP_CURRENT	72
#define CHIP_COMMITTED	80
#define CHIP_MEASUREMENT 136
#define CHIP_HOST_DATA	184
#define CHIP_ROOT	728
#define MICROCODE	7	/* a byte of a TCB version */

static uint8_t chip[CHIP_SIZE];
static struct derived a, b;
static struct blob blob, other;		/* under the root of the firmware */
static struct blob installed;		/* under root_number(THE_ROOT) */

static void write_chip(const uint8_t *bytes)
{
	int fd = open(CHIP_FILE, O_WRONLY | O_CLOEXEC);

	ASSERT(fd >= 0);
	ASSERT_EQ(write(fd, bytes, CHIP_SIZE), CHIP_SIZE);
	close(fd);
}

static void read_chip(void)
{
	int fd = open(CHIP_FILE, O_RDONLY | O_CLOEXEC);

	ASSERT(fd >= 0);
	ASSERT_EQ(read(fd, chip, sizeof(chip)), sizeof(chip));
	close(fd);
}

static struct lease the_lease(void)
{
	return keys_lease(SEALING_CLAIMS, SOURCE(FIRMWARE));
}

static struct lease installed_lease(void)
{
	return keys_lease(SEALING_CLAIMS, INSTALLED);
}

/* A key and a blob under the root of the firmware, and a blob under another one. */
static void seal_both(void)
{
	struct lease l, k;

	read_chip();
	everything_anew();
	ASSERT_EQ(root_install(THE_ROOT, TEEGATE_ROOT_TPM, 0, NULL), 0);
	l = the_lease();
	k = installed_lease();
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &a), 0);
	ASSERT_EQ(seal_try(l.fd, "disk", "data", 4, &blob), 0);
	ASSERT_EQ(seal_try(k.fd, "disk", "data", 4, &installed), 0);
	close(l.fd);
	close(k.fd);
}

/* One byte of the chip is so much more or less. */
struct change {
	const char *what;
	unsigned int at;
	int by;
	bool current_too;	/* the running TCB, with the committed one */
	int unsealing;		/* of what was sealed before */
	bool same_key;
};

static void start_with(const struct change *c)
{
	uint8_t changed[CHIP_SIZE];

	memcpy(changed, chip, sizeof(changed));
	changed[c->at] = (uint8_t)(changed[c->at] + c->by);
	if (c->current_too)
		changed[CHIP_CURRENT + MICROCODE] = changed[CHIP_COMMITTED + MICROCODE];
	write_chip(changed);
	everything_anew();
}

static void start_as_it_was(void)
{
	write_chip(chip);
	everything_anew();
}

/* The column of the other root: whoever holds it gives it to the guest as it is now. */
static void expect_installed_opens(void)
{
	struct lease l = installed_lease();

	EXPECT_EQ(unseal_any(l.fd, &installed), -ENODATA);
	ASSERT_EQ(root_install(THE_ROOT, TEEGATE_ROOT_TPM, 0, NULL), 0);
	EXPECT_EQ(unseal_any(l.fd, &installed), 0);
	close(l.fd);
}

static void expect_row(const struct change *c)
{
	struct lease l;

	start_with(c);
	expect_installed_opens();
	l = the_lease();
	EXPECT_EQ(unseal_any(l.fd, &blob), c->unsealing);
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &b), 0);
	EXPECT_EQ(!memcmp(a.key, b.key, 32), c->same_key);
	if (!c->unsealing) {
		EXPECT_EQ(derive_again(l.fd, "disk", 32, a.d.root_params, &b), 0);
		EXPECT_MEM(b.key, a.key, 32);
	}
	close(l.fd);
}

TEST_LIMIT(who_can_open_what_after_which_change, 400)
{
	static const struct change rows[] = {
		{ "nothing", CHIP_HOST_DATA, 0, false, 0, true },
		{ "data of the host", CHIP_HOST_DATA, 1, false, 0, true },
		{ "an image id that is not selected", CHIP_IMAGE_ID, 1, false, 0, true },
		{ "another measurement", CHIP_MEASUREMENT, 1, false, -ENXIO, false },
		{ "debugging allowed", CHIP_POLICY + 2, 8, false, -ENXIO, false },
		{ "another chip", CHIP_ROOT, 1, false, -ENXIO, false },
		{ "a newer SVN", CHIP_SVN, 1, false, 0, false },
		{ "an older SVN", CHIP_SVN, -1, false, -EKEYREJECTED, false },
		{ "firmware updated, not committed", CHIP_CURRENT + MICROCODE, 1, false, 0, true },
		{ "firmware updated", CHIP_COMMITTED + MICROCODE, 1, true, 0, false },
		{ "firmware rolled back", CHIP_COMMITTED + MICROCODE, -1, false, -EKEYREJECTED, false },
	};
	seal_both();
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tap_note("%s", rows[i].what);
		expect_row(&rows[i]);
	}
	start_as_it_was();
	EXPECT_EQ(unseal_any(the_lease().fd, &blob), 0);
}

/* A key of that lease, and what the blob comes to there. */
static void expect_key(int fd, const struct derived *of, bool same, const struct blob *sealed,
		       int unsealing)
{
	ASSERT_EQ(derive_try(fd, "disk", 32, &b), 0);
	EXPECT_EQ(!memcmp(of->key, b.key, 32), same);
	EXPECT_EQ(unseal_any(fd, sealed), unsealing);
}

/* Signed by whoever signs the guest's ID block: whoever selects them, depends on that, too. */
TEST_LIMIT(an_image_or_family_id_that_is_selected_changes_the_key, 300)
{
	static const struct change rows[] = {
		{ .what = "image id", .at = CHIP_IMAGE_ID + 15, .by = 1 },
		{ .what = "family id", .at = CHIP_FAMILY_ID, .by = 1 },
	};
	struct teegate_create_lease w = keys_wish(SEALING_CLAIMS, SOURCE(FIRMWARE));
	struct lease l, all;
	static struct derived of_all;

	seal_both();
	w.snp_field_select = SNP_ALL_FIELDS;
	all = lease_make(w);
	ASSERT_EQ(derive_try(all.fd, "disk", 32, &of_all), 0);
	EXPECT_EQ(number_be(of_all.d.root_params + PARAMS_SNP_FIELDS, 8), SNP_ALL_FIELDS);
	ASSERT_EQ(seal_try(all.fd, "disk", "data", 4, &other), 0);
	expect_key(all.fd, &of_all, true, &other, 0);
	close(all.fd);
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tap_note("%s", rows[i].what);
		start_with(&rows[i]);
		l = the_lease();
		all = lease_make(w);
		expect_key(all.fd, &of_all, false, &other, -ENXIO);
		expect_key(l.fd, &a, true, &blob, 0);
		close(l.fd);
		close(all.fd);
	}
	start_as_it_was();
	expect_key(lease_make(w).fd, &of_all, true, &other, 0);
}

static struct lease lease_above(uint64_t tcb_floor, uint32_t svn_floor)
{
	struct teegate_create_lease w = keys_wish(SEALING_CLAIMS, SOURCE(FIRMWARE) | INSTALLED);

	w.snp_tcb_floor = tcb_floor;
	w.snp_svn_floor = svn_floor;
	return lease_make(w);
}

/* The TCB and the SVN of the guest as it is now, in a key of today. */
static void expect_floor_to_shut_out(const struct change *update, size_t at, size_t size)
{
	struct lease l, strict;
	uint64_t today;

	seal_both();
	start_with(update);
	ASSERT_EQ(root_install(THE_ROOT, TEEGATE_ROOT_TPM, 0, NULL), 0);
	l = the_lease();
	EXPECT_EQ(unseal_any(l.fd, &blob), 0);
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &a), 0);
	today = number_be(a.d.root_params + at, size);
	strict = at == PARAMS_SNP_TCB ? lease_above(today, 0) : lease_above(0, (uint32_t)today);
	EXPECT_EQ(unseal_any(strict.fd, &blob), -EKEYREJECTED);
	ASSERT_EQ(seal_try(l.fd, "disk", "data", 4, &other), 0);
	EXPECT_EQ(number_be(other.bytes + BLOB_PARAMS + at, size), today);
	EXPECT(number_be(blob.bytes + BLOB_PARAMS + at, size) < today);
	EXPECT_EQ(unseal_any(strict.fd, &other), 0);
	EXPECT_EQ(unseal_any(strict.fd, &installed), 0);
	close(l.fd);
	close(strict.fd);
	start_as_it_was();
}

TEST_LIMIT(a_floor_above_a_blob_shuts_it_out_and_a_new_blob_is_good, 300)
{
	static const struct change tcb = { .at = CHIP_COMMITTED + MICROCODE, .by = 1, .current_too = true };
	static const struct change svn = { .at = CHIP_SVN, .by = 1 };

	expect_floor_to_shut_out(&tcb, PARAMS_SNP_TCB, 8);
	expect_floor_to_shut_out(&svn, PARAMS_SNP_SVN, 4);
}

TEST(a_field_that_a_blob_has_not_shuts_it_out)
{
	struct teegate_create_lease w = keys_wish(SEALING_CLAIMS, SOURCE(FIRMWARE));
	struct lease l, strict;

	seal_both();
	strict = lease_above(0, 0);
	EXPECT_EQ(unseal_any(strict.fd, &blob), 0);
	w.snp_field_select = SNP_POLICY | SNP_MEASUREMENT;
	l = lease_make(w);
	ASSERT_EQ(seal_try(l.fd, "disk", "data", 4, &other), 0);
	EXPECT_EQ(unseal_any(l.fd, &other), 0);
	EXPECT_EQ(unseal_any(strict.fd, &other), -EKEYREJECTED);
	EXPECT_EQ(unseal_any(strict.fd, &installed), 0);
	close(l.fd);
	close(strict.fd);
}

/* ---- not a change of the guest, but of who asks ---- */

TEST(other_sealing_claims_open_nothing_under_either_root)
{
	static const struct {
		const char *claims;
		uint32_t bitmap;
		int unsealing;
	} who[] = {
		{ SEALING_CLAIMS, SEALING_BITMAP, 0 },
		{ "\xa1\x01\x68neighbor", SEALING_BITMAP, -EBADMSG },	/* another name */
		{ "\xa2\x01\x68kselftst\x03\x82\x63sum\x41z", 1U << 1 | 1U << 3, -EBADMSG },	/* an image */
		{ "\xa2\x01\x68kselftst\x06\x01", 1U << 1 | 1U << 6, -EBADMSG },	/* a uid */
	};

	seal_both();
	for (unsigned int i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
		struct teegate_create_lease w = keys_wish(who[i].claims, SOURCE(FIRMWARE) | INSTALLED);
		struct lease l;

		w.sealing_bitmap = who[i].bitmap;
		l = lease_make(w);
		EXPECT_EQ(unseal_any(l.fd, &blob), who[i].unsealing);
		EXPECT_EQ(unseal_any(l.fd, &installed), who[i].unsealing);
		close(l.fd);
	}
}

/* ---- a rogue guest ---- */

/*
 * What the chip gives to this guest, whose kernel asks nobody: for the parameters of a key of today
 * with other fields selected.
 */
static void root_of_fields(uint64_t fields, uint8_t root[TEEGATE_ROOT_SIZE])
{
	const struct stock_key_req req = {
		.root_key_select = 2,
		.fields = fields,
		.svn = (uint32_t)number_be(a.d.root_params + PARAMS_SNP_SVN, 4),
		.tcb = number_be(a.d.root_params + PARAMS_SNP_TCB, 8),
	};
	int fd = stock_open();

	ASSERT(fd >= 0);
	ASSERT_EQ(stock_key(fd, &req, root), 0);
	close(fd);
}

/* Its parameters stand in a blob that is good but for them, and in a question for a key. */
static void expect_fields_refused(int fd, uint64_t fields)
{
	struct blob weak = blob;
	uint8_t params[TEEGATE_ROOT_PARAMS_SIZE];

	put_be(weak.bytes + BLOB_PARAMS + PARAMS_SNP_FIELDS, 8, fields);
	memcpy(params, a.d.root_params, sizeof(params));
	put_be(params + PARAMS_SNP_FIELDS, 8, fields);
	EXPECT_EQ(unseal_any(fd, &weak), -EKEYREJECTED);
	EXPECT_EQ(derive_again(fd, "disk", 32, params, &b), -EKEYREJECTED);
}

/*
 * All that a blob says in plain is the victim's: it knows claims and label, and has seen blobs. What
 * it is not, is @field; without that it would have the root of its victim.
 */
static void expect_forgery_fails(const struct change *rogue, uint64_t field)
{
	uint8_t id[TEEGATE_ROOT_ID_SIZE], strong[2][TEEGATE_ROOT_SIZE], weak[2][TEEGATE_ROOT_SIZE];
	const uint64_t fields = SNP_POLICY | SNP_MEASUREMENT | SNP_SVN | SNP_TCB;
	struct lease l = the_lease();

	ASSERT_EQ(derive_try(l.fd, "disk", 32, &a), 0);
	ASSERT_EQ(seal_try(l.fd, "disk", "data", 4, &blob), 0);
	memcpy(id, blob.bytes + BLOB_ROOT_ID, sizeof(id));
	root_of_fields(fields, strong[0]);
	root_of_fields(fields & ~field, weak[0]);
	close(l.fd);
	start_with(rogue);
	l = the_lease();
	ASSERT_EQ(seal_try(l.fd, "disk", "evil", 4, &other), 0);
	EXPECT_EQ(unseal_any(l.fd, &other), 0);
	root_of_fields(fields, strong[1]);
	root_of_fields(fields & ~field, weak[1]);
	EXPECT(memcmp(strong[1], strong[0], sizeof(strong[0])));
	EXPECT_MEM(weak[1], weak[0], sizeof(weak[0]));
	close(l.fd);
	start_as_it_was();
	l = the_lease();
	EXPECT_EQ(unseal_any(l.fd, &blob), 0);
	EXPECT_EQ(unseal_any(l.fd, &other), -ENXIO);
	memcpy(other.bytes + BLOB_ROOT_ID, id, sizeof(id));
	EXPECT_EQ(unseal_any(l.fd, &other), -EBADMSG);
	expect_fields_refused(l.fd, fields & ~field);
	expect_fields_refused(l.fd, 0);
	close(l.fd);
}

TEST_LIMIT(a_rogue_guest_of_another_measurement_seals_nothing_that_opens, 150)
{
	static const struct change measurement = { .at = CHIP_MEASUREMENT + 47, .by = 1 };

	read_chip();
	everything_anew();
	expect_forgery_fails(&measurement, SNP_MEASUREMENT);
}

TEST_LIMIT(a_rogue_guest_that_allows_debugging_seals_nothing_that_opens, 150)
{
	static const struct change debug = { .at = CHIP_POLICY + 2, .by = 8 };

	read_chip();
	ASSERT(!(chip[CHIP_POLICY + 2] & 8));
	everything_anew();
	expect_forgery_fails(&debug, SNP_POLICY);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
