// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel keeps with a lease, there and back: daemon/note.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <linux/teegate.h>

#include "note.h"
#include "util.h"

#define HEX	"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct digest exe;
static struct registration box;

static struct lease full(void)
{
	assert_true(digest_parse("sha256:" HEX, 71, &exe));
	box = (struct registration){
		.id = (char *)"c1", .image_signer = (char *)"someone", .cgroup_id = 77,
		.voucher = { .uid = 10001 }, .image = exe,
	};
	return (struct lease){
		.id = 7, .workload = 77, .rule = "/etc/teegate/workloads.d/pay.conf",
		.facts = {
			.unit = "pay.service", .cgroup = "/system.slice/pay.service/named-by-others",
			.cgroup_roots = strlen("/system.slice/pay.service"), .uid = 4294967294,
			.label = "pay_t \"quoted\"", .exe = &exe, .registration = &box,
		},
		.grant = {
			.name = "payments", .operations = TEEGATE_OP_REPORT,
			.pins = { .uid = true, .exe = true }, .trusted_privileged = true,
			.lifetime_ms = UINT64_C(1) << 40, .max_pending = 3, .rate_per_minute = 60,
			.rate_burst = 5, .extend_events = 7, .extend_bytes = 700,
		},
	};
}

/* As the kernel gives it back: bytes without an end. */
static int there_and_back(const struct lease *lease, struct note *ret)
{
	CLEANUP(freep) char *text = NULL;
	struct bytes bytes;
	int r;

	r = note_make(lease, &text);
	if (r < 0)
		return r;
	assert_true(strlen(text) <= TEEGATE_NOTE_MAX);
	bytes = (struct bytes){ (const uint8_t *)text, strlen(text) };
	ret->lease = (struct lease){ .id = lease->id, .workload = lease->workload };
	return note_parse(&bytes, ret);
}

static void all_that_policy_asks_about_comes_back(void **state)
{
	CLEANUP(note_done) struct note note = { .json = NULL };
	struct lease lease = full();

	(void)state;
	assert_int_equal(there_and_back(&lease, &note), 0);
	assert_int_equal(note.lease.id, 7);
	assert_string_equal(note.lease.rule, lease.rule);
	assert_string_equal(note.lease.grant.name, "payments");
	assert_string_equal(note.lease.facts.unit, "pay.service");
	assert_string_equal(note.lease.facts.cgroup, "/system.slice/pay.service");
	assert_int_equal(note.lease.facts.cgroup_roots, strlen("/system.slice/pay.service"));
	assert_true(note.lease.facts.uid == 4294967294);
	assert_string_equal(note.lease.facts.label, lease.facts.label);
	assert_true(digest_equal(note.lease.facts.exe, &exe));
	assert_string_equal(note.lease.facts.registration->id, "c1");
	assert_string_equal(note.lease.facts.registration->image_signer, "someone");
	assert_true(digest_equal(&note.lease.facts.registration->image, &exe));
	assert_false(note.lease.facts.registration->voucher.root);
	assert_int_equal(note.lease.facts.registration->voucher.uid, 10001);
	/* A user's containers are all of one workload: his. */
	assert_int_equal(note.lease.facts.registration->cgroup_id, 0);
	assert_true(note.lease.grant.pins.uid && note.lease.grant.pins.exe && !note.lease.grant.pins.label);
	assert_true(note.lease.grant.trusted_privileged && !note.lease.grant.unmodified);
	assert_true(note.lease.grant.lifetime_ms == UINT64_C(1) << 40);
	assert_int_equal(note.lease.grant.max_pending, 3);
	assert_int_equal(note.lease.grant.rate_per_minute, 60);
	assert_int_equal(note.lease.grant.rate_burst, 5);
	assert_int_equal(note.lease.grant.extend_events, 7);
	assert_int_equal(note.lease.grant.extend_bytes, 700);
}

static void what_was_not_there_is_not_there_afterwards(void **state)
{
	CLEANUP(note_done) struct note note = { .json = NULL };
	struct lease lease = { .rule = "r", .facts = { .unit = "", .cgroup = "" }, .grant = { .name = "n" } };

	(void)state;
	assert_int_equal(there_and_back(&lease, &note), 0);
	assert_string_equal(note.lease.facts.unit, "");
	assert_string_equal(note.lease.facts.cgroup, "");
	assert_null(note.lease.facts.label);
	assert_null(note.lease.facts.exe);
	assert_null(note.lease.facts.registration);
}

static void root_is_the_one_without_a_number(void **state)
{
	CLEANUP(note_done) struct note note = { .json = NULL };
	struct lease lease = full();

	(void)state;
	box.voucher = (struct voucher){ .root = true };
	assert_int_equal(there_and_back(&lease, &note), 0);
	assert_true(note.lease.facts.registration->voucher.root);
	assert_int_equal(note.lease.facts.registration->cgroup_id, 77);
}

static void what_does_not_fit_is_not_cut(void **state)
{
	CLEANUP(note_done) struct note note = { .json = NULL };
	struct lease lease = full();
	char label[900];

	(void)state;
	memset(label, 'x', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	lease.facts.label = label;
	assert_int_equal(there_and_back(&lease, &note), -E2BIG);
	label[255] = '\0';
	assert_int_equal(there_and_back(&lease, &note), 0);
}

#define GOOD	"\"v\":1,\"rule\":\"r\",\"name\":\"n\""

static void what_others_wrote_is_refused(void **state)
{
	static const char *const foreign[] = { "", "x", "[]", "{}", "{\"rule\":\"r\"}", "{" GOOD ",\"uid\":1" };
	static const char *const bad[] = {
		"{" GOOD "}", "{" GOOD ",\"uid\":4294967295}", "{" GOOD ",\"uid\":-1}",
		"{" GOOD ",\"uid\":1,\"exe\":\"sha256:0\"}", "{" GOOD ",\"uid\":1,\"box\":{}}",
		"{" GOOD ",\"uid\":1,\"box\":7}", "{" GOOD ",\"uid\":1,\"pend\":4294967296}",
		"{" GOOD ",\"uid\":1,\"box\":{\"id\":\"c\",\"by\":4294967295}}",
		"{\"v\":2,\"rule\":\"r\",\"name\":\"n\",\"uid\":1}", "{" GOOD ",\"uid\":1,\"events\":4294967296}",
	};
	static const char good[] = "{" GOOD ",\"uid\":1}";
	CLEANUP(note_done) struct note note = { .json = NULL };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
		const struct bytes bytes = { (const uint8_t *)foreign[i], strlen(foreign[i]) };

		assert_int_equal(note_parse(&bytes, &note), -ENOMSG);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct bytes bytes = { (const uint8_t *)bad[i], strlen(bad[i]) };

		assert_int_equal(note_parse(&bytes, &note), -EBADMSG);
	}
	assert_int_equal(note_parse(&(struct bytes){ (const uint8_t *)good, strlen(good) }, &note), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_policy_asks_about_comes_back),
		cmocka_unit_test(what_was_not_there_is_not_there_afterwards),
		cmocka_unit_test(root_is_the_one_without_a_number),
		cmocka_unit_test(what_does_not_fit_is_not_cut),
		cmocka_unit_test(what_others_wrote_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
