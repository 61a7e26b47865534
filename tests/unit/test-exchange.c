// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exchange files of pvattest, and the details of Secure Execution in an evidence item: what is
 * read, what is refused, and that reading and writing agree. Known files: test-verify-se.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evidence.h"
#include "exchange.h"

#define PART(text) { (const uint8_t *)(text), sizeof(text) - 1 }
#define UID "0123456789abcdef"

static const struct exchange request = {
	.challenge = PART("challenge"),
	.measurement_size = 64,
	.additional_size = 32,
};

static const struct exchange answer = {
	.challenge = PART("challenge"),
	.measurement = PART("measurement"),
	.additional = PART("additional"),
	.user_data = PART("user"),
	.config_uid = PART(UID),
};

static uint8_t *build(const struct exchange *ex, size_t *ret_len)
{
	uint8_t *file;

	assert_int_equal(exchange_build(ex, &file, ret_len), 0);
	return file;
}

static void assert_part(const struct ev_bytes *got, const struct ev_bytes *wanted)
{
	assert_int_equal(got->len, wanted->len);
	assert_int_equal(!got->data, !wanted->data);
	if (wanted->data)
		assert_memory_equal(got->data, wanted->data, wanted->len);
}

static void assert_same(const struct exchange *got, const struct exchange *wanted)
{
	assert_part(&got->challenge, &wanted->challenge);
	assert_part(&got->measurement, &wanted->measurement);
	assert_part(&got->additional, &wanted->additional);
	assert_part(&got->user_data, &wanted->user_data);
	assert_part(&got->config_uid, &wanted->config_uid);
	assert_int_equal(got->measurement_size, wanted->measurement_size);
	assert_int_equal(got->additional_size, wanted->additional_size);
}

static void what_is_built_is_read(void **state)
{
	struct exchange some = answer;
	const struct exchange *files[] = { &request, &answer, &some };

	(void)state;
	some.additional = some.user_data = (struct ev_bytes){ NULL, 0 };
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct exchange got;
		size_t len;
		uint8_t *file = build(files[i], &len);

		assert_true(exchange_claimed(file, len));
		assert_int_equal(exchange_parse(file, len, &got, NULL), 0);
		assert_same(&got, files[i]);
		free(file);
	}
}

static void the_builder_refuses_what_the_reader_would(void **state)
{
	static const uint8_t much[(1u << 20) + 1];
	struct exchange bad[16];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 16; i++)
		bad[i] = i < 6 ? request : answer;
	bad[n++].challenge = (struct ev_bytes){ NULL, 0 };
	bad[n++].measurement_size = 0;
	bad[n++].measurement_size = (1u << 15) + 1;
	bad[n++].additional_size = (1u << 15) + 1;
	bad[n++].user_data = answer.user_data;
	bad[n++].config_uid = answer.config_uid;
	bad[n++].challenge = (struct ev_bytes){ much, sizeof(much) };
	bad[n++].challenge = (struct ev_bytes){ much, 0 };
	bad[n++].measurement = (struct ev_bytes){ much, (1u << 15) + 1 };
	bad[n++].measurement = (struct ev_bytes){ NULL, 0 };
	bad[n++].additional = (struct ev_bytes){ much, (1u << 15) + 1 };
	bad[n++].user_data = (struct ev_bytes){ much, 257 };
	bad[n++].config_uid = (struct ev_bytes){ much, 15 };
	bad[n++].config_uid = (struct ev_bytes){ NULL, 0 };
	bad[n++].measurement_size = 64;
	bad[n++].additional_size = 32;
	for (size_t i = 0; i < n; i++) {
		uint8_t *file = (uint8_t *)&n;
		size_t len = 77;

		assert_int_equal(exchange_build(&bad[i], &file, &len), -EINVAL);
		assert_ptr_equal(file, &n);	/* untouched */
		assert_int_equal(len, 77);
	}
}

static void the_largest_parts_pass(void **state)
{
	static const uint8_t much[1u << 20];
	const struct exchange largest = {
		.challenge = { much, 1u << 20 },
		.measurement = { much, 1u << 15 },
		.additional = { much, 1u << 15 },
		.user_data = { much, 256 },
		.config_uid = { much, 16 },
	};
	struct exchange got;
	size_t len;
	uint8_t *file = build(&largest, &len);

	(void)state;
	assert_true(len <= EXCHANGE_MAX);
	assert_int_equal(exchange_parse(file, len, &got, NULL), 0);
	assert_same(&got, &largest);
	free(file);
}

static void put(uint8_t *file, size_t at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		file[at + (size_t)i] = (uint8_t)(value >> (24 - 8 * i));
}

/* An answer with one number of its header changed, which would be accepted as it was. */
static void a_hostile_header_is_refused(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
		const char *mention;
	} changes[] = {
		{ 0, 0x70766174 ^ 1, "pvattest" },
		{ 8, 0x0200, "version" },
		{ 8, 0, "version" },
		{ 12, 0, "size" },
		{ 12, 0xffffffff, "size" },
		{ 16, 1, "reserved" },
		{ 20, 1, "reserved" },
		{ 24, 0, "begin where" },	/* no challenge: the rest is misplaced */
		{ 24, 0xffffffff, "end within" },
		{ 24, 0xffffffc0, "end within" },	/* ends at 2^32 */
		{ 28, 0, "no place" },
		{ 28, 63, "begin where" },
		{ 28, 65, "begin where" },
		{ 28, 0xffffffff, "begin where" },
		{ 32, 10, "begin where" },	/* measurement: one byte belongs to nobody */
		{ 36, 64, "begin where" },	/* the challenge again */
		{ 40, 0xfffffff0, "end within" },
		{ 48, 5, "begin where" },	/* user data overlaps the UID */
		{ 56, 15, "left over" },
		{ 56, 17, "end within" },
		{ 56, 0, "left over" },
		{ 60, 0, "no place" },
	};
	size_t len;
	uint8_t *file = build(&answer, &len);

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		uint8_t *exact = malloc(len);
		struct exchange got = request;
		const char *why = NULL;

		assert_non_null(exact);
		memcpy(exact, file, len);
		put(exact, changes[i].at, changes[i].value);
		assert_int_equal(exchange_parse(exact, len, &got, &why), -EBADMSG);
		if (!strstr(why, changes[i].mention))
			fail_msg("change %zu: %s", i, why);
		assert_same(&got, &request);	/* untouched */
		free(exact);
	}
	free(file);
}

static void a_file_cut_off_anywhere_is_refused(void **state)
{
	size_t len;
	uint8_t *file = build(&answer, &len);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *exact = malloc(cut ? cut : 1);
		struct exchange got;

		assert_non_null(exact);
		memcpy(exact, file, cut);	/* so that a sanitizer sees the end */
		if (cut >= 64)
			put(exact, 12, (uint32_t)cut);
		assert_int_equal(exchange_parse(exact, cut, &got, NULL), -EBADMSG);
		free(exact);
	}
	free(file);
}

/* "If the size is 0 the offset is ignored", says the format; then it is written as 0. */
static void the_place_of_nothing_is_ignored(void **state)
{
	struct exchange some = answer, got;
	size_t len, len_again;
	uint8_t *file, *again;

	(void)state;
	some.additional = some.user_data = (struct ev_bytes){ NULL, 0 };
	file = build(&some, &len);
	put(file, 44, 0xffffffff);
	put(file, 52, 64);
	assert_int_equal(exchange_parse(file, len, &got, NULL), 0);
	assert_same(&got, &some);
	again = build(&got, &len_again);
	assert_int_equal(len, len_again);
	put(file, 44, 0);
	put(file, 52, 0);
	assert_memory_equal(file, again, len);
	free(file);
	free(again);
}

static const struct ev_se details = {
	.challenge = PART("challenge"),
	.config_uid = PART(UID),
	.user_data = PART("user"),
};

static void details_are_read_as_they_were_written(void **state)
{
	struct ev_se some = details, got;
	struct ev_bytes encoded;
	uint8_t *item;

	(void)state;
	for (size_t len = 0; len <= 256; len += 64) {
		static const uint8_t data[256];

		some.user_data = (struct ev_bytes){ data, len };
		assert_int_equal(ev_se_encode(&some, &item, &encoded.len), 0);
		encoded.data = item;
		assert_int_equal(ev_se_decode(&encoded, &got, NULL), 0);
		assert_part(&got.challenge, &some.challenge);
		assert_part(&got.config_uid, &some.config_uid);
		assert_int_equal(got.user_data.len, len);
		assert_non_null(got.user_data.data);	/* present, if empty */
		free(item);
	}
}

static void details_out_of_range_are_not_written(void **state)
{
	static const uint8_t much[(1u << 20) + 1];
	struct ev_se bad[8];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		bad[i] = details;
	bad[n++].challenge = (struct ev_bytes){ NULL, 0 };
	bad[n++].challenge = (struct ev_bytes){ much, 0 };
	bad[n++].challenge = (struct ev_bytes){ much, sizeof(much) };
	bad[n++].config_uid = (struct ev_bytes){ NULL, 0 };
	bad[n++].config_uid = (struct ev_bytes){ much, 15 };
	bad[n++].config_uid = (struct ev_bytes){ much, 17 };
	bad[n++].user_data = (struct ev_bytes){ NULL, 0 };
	bad[n++].user_data = (struct ev_bytes){ much, 257 };
	for (size_t i = 0; i < n; i++) {
		uint8_t *item = (uint8_t *)&n;
		size_t len = 77;

		assert_int_equal(ev_se_encode(&bad[i], &item, &len), -EINVAL);
		assert_ptr_equal(item, &n);
		assert_int_equal(len, 77);
	}
}

static void details_out_of_range_are_not_read(void **state)
{
#define UID_PAIR "\x02\x50" UID
	static const struct {
		const char *mention;	/* NULL: good */
		struct ev_bytes item;
	} items[] = {
		{ NULL, PART("\xa3\x01\x41" "c" UID_PAIR "\x03\x40") },
		{ NULL, PART("\xa4\x01\x41" "c" UID_PAIR "\x03\x40\x09\xf6") },
		{ "missing", { NULL, 0 } },
		{ "not a map", PART("\x80") },
		{ "challenge", PART("\xa2" UID_PAIR "\x03\x40") },
		{ "challenge", PART("\xa3\x01\x40" UID_PAIR "\x03\x40") },
		{ "UID", PART("\xa2\x01\x41" "c\x03\x40") },
		{ "UID", PART("\xa3\x01\x41" "c\x02\x48" "01234567" "\x03\x40") },
		{ "user data", PART("\xa2\x01\x41" "c" UID_PAIR) },
		{ "byte string", PART("\xa3\x01\x61" "c" UID_PAIR "\x03\x40") },
		{ "critical", PART("\xa4\x01\x41" "c" UID_PAIR "\x03\x40\x20\xf6") },
		{ "twice", PART("\xa4\x01\x41" "c" UID_PAIR "\x03\x40\x03\x40") },
		{ "follow", PART("\xa3\x01\x41" "c" UID_PAIR "\x03\x40\x00") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		struct ev_se got = details;
		const char *why = NULL;
		int r = ev_se_decode(&items[i].item, &got, &why);

		if (!items[i].mention) {
			assert_int_equal(r, 0);
			continue;
		}
		assert_int_equal(r, -EBADMSG);
		assert_non_null(why);
		if (!strstr(why, items[i].mention))
			print_message("item %zu: %s\n", i, why);
		assert_non_null(strstr(why, items[i].mention));
		assert_ptr_equal(got.challenge.data, details.challenge.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_built_is_read),
		cmocka_unit_test(the_builder_refuses_what_the_reader_would),
		cmocka_unit_test(the_largest_parts_pass),
		cmocka_unit_test(a_hostile_header_is_refused),
		cmocka_unit_test(a_file_cut_off_anywhere_is_refused),
		cmocka_unit_test(the_place_of_nothing_is_ignored),
		cmocka_unit_test(details_are_read_as_they_were_written),
		cmocka_unit_test(details_out_of_range_are_not_written),
		cmocka_unit_test(details_out_of_range_are_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
