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
		cmocka_unit_test_setup(without_what_policy_ties_keys_to_there_are_none, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
