// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SEV-SNP: who can open what after which change. The table of doc/keys.md, row by row, with a chip
 * that is changed under a guest that starts anew; and a rogue guest on the same chip, whose blobs
 * are refused. This is the software firmware; what hardware does, only hardware shows.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "keys-kit.h"
#include "modules.h"

/* tests/firmware/chip.h */
#define CHIP_FILE	"/lib/firmware/teegate/chip.bin"
#define CHIP_SIZE	824
#define CHIP_SVN	28
#define CHIP_POLICY	32
#define CHIP_IMAGE_ID	56
#define CHIP_CURRENT	72
#define CHIP_COMMITTED	80
#define CHIP_MEASUREMENT 136
#define CHIP_HOST_DATA	184
#define CHIP_ROOT	728
#define MICROCODE	7	/* a byte of a TCB version */

static uint8_t chip[CHIP_SIZE];
static struct derived a, b;
static struct blob blob, other;

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

static void expect_row(const struct change *c)
{
	struct lease l;

	start_with(c);
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
	struct lease l;

	read_chip();
	everything_anew();
	l = the_lease();
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &a), 0);
	ASSERT_EQ(seal_try(l.fd, "disk", "data", 4, &blob), 0);
	close(l.fd);
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tap_note("%s", rows[i].what);
		expect_row(&rows[i]);
	}
	start_as_it_was();
	EXPECT_EQ(unseal_any(the_lease().fd, &blob), 0);
}

/* The blob was sealed before; its floor is the TCB that was committed afterwards. */
TEST_LIMIT(a_floor_above_a_blob_shuts_it_out_and_a_new_blob_is_good, 200)
{
	static const struct change update = { "", CHIP_COMMITTED + MICROCODE, 1, true, 0, false };
	struct teegate_create_lease w = keys_wish(SEALING_CLAIMS, SOURCE(FIRMWARE));
	struct lease l, strict;

	read_chip();
	everything_anew();
	l = the_lease();
	ASSERT_EQ(seal_try(l.fd, "disk", "data", 4, &blob), 0);
	close(l.fd);
	start_with(&update);
	l = the_lease();
	EXPECT_EQ(unseal_any(l.fd, &blob), 0);
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &a), 0);
	for (unsigned int i = 0; i < 8; i++)
		w.snp_tcb_floor = w.snp_tcb_floor << 8 | a.d.root_params[PARAMS_SNP_TCB + i];
	strict = lease_make(w);
	EXPECT_EQ(unseal_any(strict.fd, &blob), -EKEYREJECTED);
	ASSERT_EQ(seal_try(l.fd, "disk", "data", 4, &other), 0);
	EXPECT_EQ(unseal_any(strict.fd, &other), 0);
	close(l.fd);
	close(strict.fd);
	start_as_it_was();
}

/* All that a blob says in plain is the victim's: it knows claims and label, and has seen blobs. */
static void expect_forgery_fails(const struct change *rogue)
{
	uint8_t id[TEEGATE_ROOT_ID_SIZE];
	struct lease l = the_lease();

	ASSERT_EQ(seal_try(l.fd, "disk", "data", 4, &blob), 0);
	memcpy(id, blob.bytes + BLOB_ROOT_ID, sizeof(id));
	close(l.fd);
	start_with(rogue);
	l = the_lease();
	ASSERT_EQ(seal_try(l.fd, "disk", "evil", 4, &other), 0);
	EXPECT_EQ(unseal_any(l.fd, &other), 0);
	close(l.fd);
	start_as_it_was();
	l = the_lease();
	EXPECT_EQ(unseal_any(l.fd, &blob), 0);
	EXPECT_EQ(unseal_any(l.fd, &other), -ENXIO);
	memcpy(other.bytes + BLOB_ROOT_ID, id, sizeof(id));
	EXPECT_EQ(unseal_any(l.fd, &other), -EBADMSG);
	close(l.fd);
}

TEST_LIMIT(a_rogue_guest_on_the_same_chip_seals_nothing_that_opens, 300)
{
	static const struct change measurement = { .at = CHIP_MEASUREMENT + 47, .by = 1 };
	static const struct change debug = { .at = CHIP_POLICY + 2, .by = 8 };

	read_chip();
	ASSERT(!(chip[CHIP_POLICY + 2] & 8));
	everything_anew();
	expect_forgery_fails(&measurement);
	expect_forgery_fails(&debug);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
