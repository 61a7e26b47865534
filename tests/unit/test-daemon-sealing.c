// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What keys come from, byte for byte: daemon/sealing.c. These bytes are in every key that was ever derived,
 * so whoever has to change one here loses all of them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sealing.h"
#include "util.h"

static struct registration box;
static struct rule rule;
static struct peer peer;

static int begin(void **state)
{
	(void)state;
	box = (struct registration){
		.voucher = { .root = true }, .id = (char *)"c1", .image_signer = (char *)"me@example.org",
		.image = { .alg = "sha256", .value = { 0xaa, [31] = 0xbb }, .len = 32 },
		.config = { .alg = "sha256", .value = { 1 }, .len = 32 },
	};
	rule = (struct rule){ .name = "pay" };
	peer = (struct peer){ .uid = 1000, .registration = &box };
	return 0;
}

#define DIGEST	"\x58\x20\xaa\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xbb"
#define NAME	"\x01\x63" "pay"

/* @bytes: a literal, with its last NUL not counted */
static void assert_claims(const char *bytes, size_t size, uint32_t bitmap)
{
	CLEANUP(freep) uint8_t *claims = NULL;
	uint32_t got_bitmap;
	const char *why;
	size_t len;

	assert_int_equal(sealing_claims(&peer, &rule, &claims, &len, &got_bitmap, &why), 0);
	assert_null(why);
	assert_int_equal(len, size - 1);
	assert_memory_equal(claims, bytes, len);
	assert_int_equal(got_bitmap, bitmap);
}

#define ASSERT_CLAIMS(bytes, bitmap)	assert_claims(bytes, sizeof(bytes), bitmap)

static void the_image_counts_by_itself(void **state)
{
	(void)state;
	ASSERT_CLAIMS("\xa2" NAME "\x03\x82\x66sha256" DIGEST, 0x0a);
}

static void a_uid_counts_with_its_pin_alone(void **state)
{
	(void)state;
	rule.pins.uid = true;
	ASSERT_CLAIMS("\xa3" NAME "\x03\x82\x66sha256" DIGEST "\x06\x19\x03\xe8", 0x4a);
	/* Label and executable change with an update, so their pins are not in it. */
	rule.pins = (struct pins){ .label = true, .exe = true };
	ASSERT_CLAIMS("\xa2" NAME "\x03\x82\x66sha256" DIGEST, 0x0a);
}

static void a_signer_counts_instead_where_policy_says_so(void **state)
{
	(void)state;
	rule.seal_scope = SEAL_SIGNER;
	ASSERT_CLAIMS("\xa2" NAME "\x03\x82\x66signer\x6eme@example.org", 0x0a);
}

static void any_image_will_do_where_policy_says_so(void **state)
{
	(void)state;
	rule.seal_scope = SEAL_IMAGE_ID;
	ASSERT_CLAIMS("\xa1" NAME, 0x02);
	box.image.len = 0;
	ASSERT_CLAIMS("\xa1" NAME, 0x02);
}

static void the_word_of_a_user_is_another_than_that_of_root(void **state)
{
	(void)state;
	box.voucher = (struct voucher){ .uid = 1000 };
	ASSERT_CLAIMS("\xa2" NAME "\x03\x83\x66sha256" DIGEST "\x70runtime:uid:1000", 0x0a);
	rule.seal_scope = SEAL_SIGNER;
	ASSERT_CLAIMS("\xa2" NAME "\x03\x83\x66signer\x6eme@example.org\x70runtime:uid:1000", 0x0a);
}

static void what_changes_with_each_start_is_not_in_it(void **state)
{
	(void)state;
	box.id = (char *)"c2";
	box.pod = (char *)"p2";
	box.config.value[0] = 2;
	box.cgroup_id = 9;
	peer.has_instance = true;
	ASSERT_CLAIMS("\xa2" NAME "\x03\x82\x66sha256" DIGEST, 0x0a);
}

static void a_service_has_its_name(void **state)
{
	(void)state;
	peer.registration = NULL;
	ASSERT_CLAIMS("\xa1" NAME, 0x02);
}

static void without_what_policy_ties_keys_to_there_are_none(void **state)
{
	static const struct {
		enum seal_scope scope;
		const char *why;
	} examples[] = { { SEAL_MEASUREMENT, "SealScope=measurement" }, { SEAL_SIGNER, "SealScope=signer" } };
	uint32_t bitmap;
	uint8_t *claims;
	const char *why;
	size_t len;

	(void)state;
	box.image.len = 0;
	box.image_signer = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		rule.seal_scope = examples[i].scope;
		assert_int_equal(sealing_claims(&peer, &rule, &claims, &len, &bitmap, &why), -ENODATA);
		assert_non_null(strstr(why, examples[i].why));
	}
}

/* The table of doc/policy.md, row by row: is it the same key for all three scopes? */
static bool same_key(const struct registration *then, const struct registration *now, enum seal_scope scope)
{
	struct registration copy;
	uint8_t *claims[2];
	uint32_t bitmap;
	const char *why;
	size_t len[2];
	bool same;

	rule.seal_scope = scope;
	for (int i = 0; i < 2; i++) {
		const struct registration *registration = i ? now : then;

		if (registration)
			copy = *registration;
		peer.registration = registration ? &copy : NULL;
		assert_int_equal(sealing_claims(&peer, &rule, &claims[i], &len[i], &bitmap, &why), 0);
	}
	same = len[0] == len[1] && !memcmp(claims[0], claims[1], len[0]);
	free(claims[0]);
	free(claims[1]);
	return same;
}

static void each_scope_keeps_what_its_column_says(void **state)
{
	struct registration again = box, image = box, signer, user = box;
	const struct {
		const struct registration *now;
		bool measurement, signer, image_id;
	} rows[] = {
		{ &again, true, true, true },
		{ &image, false, true, true },
		{ &signer, false, false, true },
		{ &user, false, false, true },
		{ NULL, false, false, true },
	};

	(void)state;
	again.id = again.pod = (char *)"other";
	again.config.value[0]++;
	again.cgroup_id++;
	image.image.value[0]++;
	signer = image;
	signer.image_signer = (char *)"you@example.org";
	user.voucher = (struct voucher){ .uid = 1000 };
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(same_key(&box, rows[i].now, SEAL_MEASUREMENT), rows[i].measurement);
		assert_int_equal(same_key(&box, rows[i].now, SEAL_SIGNER), rows[i].signer);
		assert_int_equal(same_key(&box, rows[i].now, SEAL_IMAGE_ID), rows[i].image_id);
	}
}

static void another_uid_or_name_is_another_workload(void **state)
{
	static const enum seal_scope scopes[] = { SEAL_MEASUREMENT, SEAL_SIGNER, SEAL_IMAGE_ID };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
		CLEANUP(freep) uint8_t *old = NULL, *uid = NULL, *name = NULL;
		size_t old_len, uid_len, name_len;
		uint32_t bitmap;
		const char *why;

		begin(NULL);
		rule.seal_scope = scopes[i];
		rule.pins.uid = true;
		assert_int_equal(sealing_claims(&peer, &rule, &old, &old_len, &bitmap, &why), 0);
		peer.uid++;
		assert_int_equal(sealing_claims(&peer, &rule, &uid, &uid_len, &bitmap, &why), 0);
		peer.uid--;
		memcpy(rule.name, "buy", 4);
		assert_int_equal(sealing_claims(&peer, &rule, &name, &name_len, &bitmap, &why), 0);
		assert_true(uid_len == old_len && name_len == old_len);
		assert_memory_not_equal(uid, old, old_len);
		assert_memory_not_equal(name, old, old_len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_image_counts_by_itself, begin),
		cmocka_unit_test_setup(a_uid_counts_with_its_pin_alone, begin),
		cmocka_unit_test_setup(a_signer_counts_instead_where_policy_says_so, begin),
		cmocka_unit_test_setup(any_image_will_do_where_policy_says_so, begin),
		cmocka_unit_test_setup(the_word_of_a_user_is_another_than_that_of_root, begin),
		cmocka_unit_test_setup(what_changes_with_each_start_is_not_in_it, begin),
		cmocka_unit_test_setup(a_service_has_its_name, begin),
		cmocka_unit_test_setup(each_scope_keeps_what_its_column_says, begin),
		cmocka_unit_test_setup(another_uid_or_name_is_another_workload, begin),
		cmocka_unit_test_setup(without_what_policy_ties_keys_to_there_are_none, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
