// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IBM Secure Execution: the root of keys is the plain secret of 32 bytes that has the right id, or
 * there is none. No ioctl gives it away, so a module of the tests (uvroot/) asks for it by the code
 * of the real one. The software Ultravisor has the call on every kernel, whatever the kernel knows.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "modules.h"
#include "se.h"

#define MODULE "teegate_uvroot"
#define PARAMETERS "/sys/module/" MODULE "/parameters/"
#define RC(rc) ((uint64_t)(rc) << 16)
#define MANY 95		/* more than there are in a page of the list */

struct root {
	long long status;
	char hex[80];
};

static void to_hex(const uint8_t *bytes, size_t n, char *hex)
{
	for (size_t i = 0; i < n; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
}

static void read_root(char hex[80])
{
	FILE *f = fopen(PARAMETERS "root", "re");

	ASSERT(f);
	if (!fgets(hex, 80, f))
		hex[0] = 0;
	fclose(f);
	hex[strcspn(hex, "\n")] = 0;
}

/* 0 or a negative errno. */
static int root_of(const uint8_t id[32], struct root *root)
{
	char hex[80];

	to_hex(id, 32, hex);
	ASSERT_EQ(write_text(PARAMETERS "id", hex), 0);
	root->status = number_in(PARAMETERS "status");
	read_root(root->hex);
	return (int)number_in(PARAMETERS "result");
}

static int root_named(const char *name, struct root *root)
{
	char file[32];

	snprintf(file, sizeof(file), "%s.id", name);
	return root_of(se_file(file)->bytes, root);
}

static void expect_root(void)
{
	char want[80];
	struct root root;

	to_hex(se_file("root.content")->bytes, 32, want);
	EXPECT_EQ(root_named("root", &root), 0);
	EXPECT_EQ(root.status, 0);
	if (!EXPECT(!strcmp(root.hex, want)))
		tap_note("got %s, want %s", root.hex, want);
}

static void add(int session, const char *name)
{
	uint64_t status;

	ASSERT_EQ(se_add_secret(session, se_file(name), &status), 0);
}

static int fresh_session(void)
{
	if (module_loaded(MODULE))
		module_unload(MODULE);
	everything_anew();
	module_load_alone(MODULE);
	return session_open();
}

TEST(the_root_is_the_secret_of_that_id)
{
	int session = fresh_session();

	add(session, "short");
	add(session, "root");
	add(session, "association");
	expect_root();
}

TEST_LIMIT(the_root_may_be_on_a_later_page_of_the_list, 300)
{
	int session = fresh_session();
	char name[32];

	for (unsigned int i = 1; i <= MANY; i++) {
		snprintf(name, sizeof(name), "many-%u", i);
		add(session, name);
	}
	add(session, "root");
	expect_root();
}

TEST(a_locked_store_still_has_its_root)
{
	int session = fresh_session();
	uint64_t status;

	add(session, "root");
	ASSERT_EQ(se_lock_secrets(session, &status), 0);
	expect_root();
}

TEST(without_a_secret_of_that_id_there_is_no_root)
{
	int session = fresh_session();
	uint8_t id[32];
	struct root root;

	EXPECT_EQ(root_named("root", &root), -ENOENT);
	add(session, "root");
	for (size_t at = 0; at < sizeof(id); at += 31) {
		memcpy(id, se_file("root.id")->bytes, sizeof(id));
		id[at] ^= 1;
		EXPECT_EQ(root_of(id, &root), -ENOENT);
		EXPECT_EQ(root.hex[0], 0);
	}
	expect_root();
}

TEST(a_secret_of_another_size_or_type_is_no_root)
{
	int session = fresh_session();
	struct root root;

	add(session, "short");
	add(session, "association");
	add(session, "root");
	EXPECT_EQ(root_named("short", &root), -ENOENT);
	EXPECT_EQ(root_named("association", &root), -ENOENT);
	expect_root();
}

struct fault {
	const char *text;
	int result;
	uint64_t status;
};

TEST(each_fault_is_told_and_gives_no_root)
{
	static const struct fault faults[] = {
		{ "retr-rc", -EREMOTEIO, RC(0x0111) },
		{ "retr-rc arg=0x01100005", -EREMOTEIO, RC(0x0110) | 5 },
		{ "retr-rc arg=0x01020000", -EREMOTEIO, RC(0x0102) },
		{ "retr-rc arg=0x010f0000", -EREMOTEIO, RC(0x010f) },
		{ "retr-rc arg=0x010b0000", -EREMOTEIO, RC(0x010b) },
		{ "retr-rc arg=0x010d0000", -EREMOTEIO, RC(0x010d) },
		{ "retr-rc arg=0x01090000", -EPROTO, 0 },
		{ "retr-rc arg=0x00020000", -EOPNOTSUPP, RC(0x0002) },
		{ "retr-rc arg=0", -EPROTO, 0 },
		{ "list-rc arg=0x01030000", -EREMOTEIO, RC(0x0103) },
		{ "list-stored", -EPROTO, 0 },
		{ "secret-len", -EPROTO, 0 },
		{ "secret-len arg=31", -EPROTO, 0 },
		{ "secret-len arg=33", -EPROTO, 0 },
		{ "zero-secret", -EPROTO, 0 },
		{ "no-answer skip=1", -EPROTO, 0 },
		{ "wrong-cc skip=1", -EPROTO, 0 },
	};
	int session = fresh_session();

	add(session, "root");
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		char name[32];
		struct root root;
		uint64_t hits;

		snprintf(name, sizeof(name), "%s", faults[i].text);
		name[strcspn(name, " ")] = 0;
		hits = fw_hits(name);
		fw_fault(faults[i].text);
		if (!EXPECT_EQ(root_named("root", &root), faults[i].result) ||
		    !EXPECT_EQ(root.status, faults[i].status) || !EXPECT_EQ(root.hex[0], 0))
			tap_note("that was %s", faults[i].text);
		EXPECT(fw_hits(name) > hits);
		fw_reset();
		expect_root();
	}
}

TEST(a_busy_Ultravisor_is_asked_again_for_the_root)
{
	int session = fresh_session();

	add(session, "root");
	fw_fault("busy skip=1 count=30");
	expect_root();
	fw_fault("partial count=30");
	expect_root();
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
