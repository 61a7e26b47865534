// SPDX-License-Identifier: GPL-2.0-or-later
/* The evidence format: libtee/common/evidence.c and the reader below it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cbor-kit.h"
#include "evidence.h"
#include "refusals.h"

#define BYTES(s) { (const uint8_t *)(s), sizeof(s) - 1 }

static uint8_t path[8 * 48];
static uint8_t blind[32];

/* Everything that an item can have. */
static struct evidence full(void)
{
	return (struct evidence) {
		.provider = "sev-snp",
		.report = BYTES("vendor's report"),
		.aux = BYTES("certificates"),
		.bound = true,
		.binding = {
			.claims = BYTES("\xa1\x01\x61x"),
			.user_data = BYTES("nonce"),
			.leaf_index = 3,
			.tree_size = 200,
			.path = path,
			.path_count = 2,
			.blind = { blind, sizeof(blind) },
		},
		.event_log = BYTES("log"),
		.details = BYTES("\xa2\x01\x41" "c\x02\x41" "u"),
	};
}

#define FULL_MAPS 3	/* the item, the binding record, the details */

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = (uint8_t)(i * 7 + 1);
	memset(blind, 0xb1, sizeof(blind));
	return 0;
}

static int read_item(const uint8_t *data, size_t len, const char **ret_why)
{
	struct evidence ev;
	int r;

	r = ev_decode(data, len, &ev, ret_why);
	if (r == 0)
		ev_done(&ev);
	return r;
}

static void assert_same(const struct ev_bytes *a, const struct ev_bytes *b)
{
	assert_int_equal(a->data == NULL, b->data == NULL);
	assert_int_equal(a->len, b->len);
	if (a->data)
		assert_memory_equal(a->data, b->data, a->len);
}

static void check_round_trip(const struct evidence *ev)
{
	uint8_t *item = NULL, *again = NULL;
	size_t len = 0, len_again = 0;
	struct evidence back;
	const char *why = "";

	assert_int_equal(ev_encode(ev, &item, &len), 0);
	if (ev_decode(item, len, &back, &why) < 0)
		fail_msg("%s", why);
	assert_int_equal(ev_encode(&back, &again, &len_again), 0);
	assert_int_equal(len, len_again);
	assert_memory_equal(item, again, len);
	memset(item, 0xee, len);	/* nothing may point into the input */
	free(item);
	free(again);

	assert_string_equal(back.provider, ev->provider);
	assert_same(&back.report, &ev->report);
	assert_same(&back.aux, &ev->aux);
	assert_same(&back.event_log, &ev->event_log);
	assert_same(&back.details, &ev->details);
	assert_int_equal(back.bound, ev->bound);
	if (ev->bound) {
		assert_same(&back.binding.claims, &ev->binding.claims);
		assert_same(&back.binding.user_data, &ev->binding.user_data);
		assert_same(&back.binding.blind, &ev->binding.blind);
		assert_int_equal(back.binding.leaf_index, ev->binding.leaf_index);
		assert_int_equal(back.binding.tree_size, ev->binding.tree_size);
		assert_int_equal(back.binding.path_count, ev->binding.path_count);
		assert_memory_equal(back.binding.path, path, 48 * ev->binding.path_count);
	}
	ev_done(&back);
	assert_null(back.storage);
}

static void every_combination_of_parts_survives_the_way_and_back(void **state)
{
	static const size_t paths[] = { 0, 1, 8 };
	static const size_t user_data[] = { 0, 1, 63, 64 };
	static const uint8_t bytes[64] = "u";

	(void)state;
	for (unsigned int parts = 0; parts < 16; parts++) {
		struct evidence ev = full();

		if (!(parts & 1))
			ev.aux = (struct ev_bytes) { 0 };
		if (!(parts & 2))
			ev.event_log = (struct ev_bytes) { 0 };
		if (!(parts & 4))
			ev.details = (struct ev_bytes) { 0 };
		ev.bound = parts & 8;
		for (size_t i = 0; i < 3; i++) {
			ev.binding.path_count = paths[i];
			for (size_t j = 0; j < 4; j++) {
				ev.binding.user_data = (struct ev_bytes) { bytes, user_data[j] };
				check_round_trip(&ev);
			}
		}
	}
}

static void lengths_around_each_width_of_a_head_survive(void **state)
{
	static const size_t lengths[] = { 1, 23, 24, 255, 256, 65535, 65536, 1000000 };
	uint8_t *report = calloc(1, 1000000);

	(void)state;
	assert_non_null(report);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct evidence ev = { .provider = "tdx", .report = { report, lengths[i] } };

		check_round_trip(&ev);
	}
	free(report);
}

static void bytes_are_those_of_the_published_example(void **state)
{
	/* As in doc/evidence.cddl, written by hand. */
	static const uint8_t raw[] =
		"\xa3" "\x01\x01" "\x02\x67sev-snp" "\x03\x43\x0a\x0b\x0c";
	static const uint8_t bound_head[] = "\xa4"
					    "\x01\x01"
					    "\x02\x62se"
					    "\x03\x41\x52"
					    "\x05\xa6"
					    "\x01\x44\xa1\x06\x18\x2a"
					    "\x02\x40"
					    "\x03\x18\x64"
					    "\x04\x18\xc8"
					    "\x05\x81\x58\x30";
	struct evidence ev = { .provider = "sev-snp", .report = BYTES("\x0a\x0b\x0c") };
	uint8_t *item;
	size_t len;

	(void)state;
	assert_int_equal(ev_encode(&ev, &item, &len), 0);
	assert_int_equal(len, sizeof(raw) - 1);
	assert_memory_equal(item, raw, len);
	free(item);

	ev = (struct evidence) {
		.provider = "se",
		.report = BYTES("R"),
		.bound = true,
		.binding = {
			.claims = BYTES("\xa1\x06\x18\x2a"),
			.user_data = BYTES(""),
			.leaf_index = 100,
			.tree_size = 200,
			.path = path,
			.path_count = 1,
			.blind = { blind, sizeof(blind) },
		},
	};
	assert_int_equal(ev_encode(&ev, &item, &len), 0);
	assert_int_equal(len, sizeof(bound_head) - 1 + 48 + 3 + 32);
	assert_memory_equal(item, bound_head, sizeof(bound_head) - 1);
	assert_memory_equal(item + sizeof(bound_head) - 1, path, 48);
	assert_memory_equal(item + sizeof(bound_head) - 1 + 48, "\x06\x58\x20", 3);
	free(item);
}

static void encoder_refuses_what_the_format_has_no_room_for(void **state)
{
	static const uint8_t large[4097];
	struct evidence bad[24];
	size_t n = 0, len = 77;
	uint8_t *item = (uint8_t *)&len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		bad[i] = full();
	bad[n++].provider = NULL;
	bad[n++].provider = "";
	bad[n++].provider = "sev-snp ";
	bad[n++].provider = "sgx";
	bad[n++].report = (struct ev_bytes) { 0 };
	bad[n++].report = (struct ev_bytes) { large, 0 };
	bad[n++].aux = (struct ev_bytes) { large, 0 };
	bad[n++].event_log = (struct ev_bytes) { large, 0 };
	bad[n++].details = (struct ev_bytes) BYTES("\x80");
	bad[n++].details = (struct ev_bytes) BYTES("\xa0\x00");
	bad[n++].details = (struct ev_bytes) BYTES("\xa1\x01\x01");
	bad[n++].binding.claims = (struct ev_bytes) { 0 };
	bad[n++].binding.claims = (struct ev_bytes) { large, 0 };
	bad[n++].binding.claims = (struct ev_bytes) { large, 4097 };
	bad[n++].binding.user_data = (struct ev_bytes) { 0 };
	bad[n++].binding.user_data = (struct ev_bytes) { large, 65 };
	bad[n++].binding.blind = (struct ev_bytes) { large, 31 };
	bad[n++].binding.blind = (struct ev_bytes) { large, 33 };
	bad[n++].binding.tree_size = 0;
	bad[n++].binding.tree_size = 257;
	bad[n++].binding.leaf_index = 200;
	bad[n++].binding.path_count = 9;
	bad[n++].binding.path = NULL;
	assert_int_equal(n, sizeof(bad) / sizeof(bad[0]) - 1);	/* the last one is good */

	for (size_t i = 0; i < n; i++) {
		if (ev_encode(&bad[i], &item, &len) != -EINVAL)
			fail_msg("number %zu was encoded", i);
		assert_ptr_equal(item, &len);	/* untouched */
		assert_int_equal(len, 77);
	}
	assert_int_equal(ev_encode(&bad[n], &item, &len), 0);
	free(item);
}

static void items_up_to_the_limit_pass_and_larger_ones_do_not(void **state)
{
	enum { LIMIT = 9 << 17, OVERHEAD = 1 + 2 + 5 + 1 + 5 };
	uint8_t *report = calloc(1, LIMIT), *item;
	struct evidence ev = { .provider = "tdx", .report = { report, LIMIT - OVERHEAD } };
	uint8_t *larger = calloc(1, LIMIT + 1);
	size_t len;

	(void)state;
	assert_non_null(report);
	assert_non_null(larger);
	assert_int_equal(ev_encode(&ev, &item, &len), 0);
	assert_int_equal(len, LIMIT);
	assert_int_equal(read_item(item, len, NULL), 0);
	memcpy(larger, item, len);
	free(item);
	assert_int_equal(read_item(larger, LIMIT + 1, NULL), -E2BIG);
	ev.report.len++;
	assert_int_equal(ev_encode(&ev, &item, &len), -EINVAL);
	free(report);
	free(larger);
}

/* An item with one member changed must be refused, and the unchanged one accepted. */
static void decoder_refuses_what_the_format_has_no_room_for(void **state)
{
#define HEAD "\xa4\x01\x01\x02\x67sev-snp\x03\x41R"
#define CLAIMS "\x01\x41" "c"
#define USER "\x02\x41" "u"
#define TREE "\x03\x00\x04\x01"
#define PATH "\x05\x80"
#define BLIND "\x06\x58\x20" "0123456789abcdef0123456789abcdef"
	static const struct {
		const char *mention;	/* NULL: good */
		struct ev_bytes item;
	} items[] = {
		{ NULL, BYTES(HEAD "\x05\xa6" CLAIMS USER TREE PATH BLIND) },
		{ "format", BYTES("\xa3\x01\x02\x02\x67sev-snp\x03\x41R") },
		{ "format", BYTES("\xa2\x02\x67sev-snp\x03\x41R") },
		{ "key 0", BYTES("\xa4\x00\x00\x01\x01\x02\x67sev-snp\x03\x41R") },
		{ "format", BYTES("\xa0") },
		{ "not a map", BYTES("\x80") },
		{ "not a map", BYTES("\x01") },
		{ "number", BYTES("\xa3\x01\x41\x01\x02\x67sev-snp\x03\x41R") },
		{ "provider", BYTES("\xa2\x01\x01\x03\x41R") },
		{ "provider", BYTES("\xa3\x01\x01\x02\x67sev-SNP\x03\x41R") },
		{ "provider", BYTES("\xa3\x01\x01\x02\x47sev-snp\x03\x41R") },
		{ "report", BYTES("\xa2\x01\x01\x02\x67sev-snp") },
		{ "report", BYTES("\xa3\x01\x01\x02\x67sev-snp\x03\x40") },
		{ "byte string", BYTES("\xa3\x01\x01\x02\x67sev-snp\x03\x61R") },
		{ "empty", BYTES(HEAD "\x04\x40") },
		{ "empty", BYTES(HEAD "\x06\x40") },
		{ "not a map", BYTES(HEAD "\x05\x80") },
		{ "not a map", BYTES(HEAD "\x07\x80") },
		{ "byte string", BYTES(HEAD "\x07\xa1\x01\x01") },
		{ "claims", BYTES(HEAD "\x05\xa5" USER TREE PATH BLIND) },
		{ "claims", BYTES(HEAD "\x05\xa6\x01\x40" USER TREE PATH BLIND) },
		{ "user data", BYTES(HEAD "\x05\xa5" CLAIMS TREE PATH BLIND) },
		{ "user data",
		  BYTES(HEAD
			"\x05\xa6" CLAIMS "\x02\x58\x41"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef!" TREE
				PATH BLIND) },
		{ "leaf index", BYTES(HEAD "\x05\xa5" CLAIMS USER "\x04\x01" PATH BLIND) },
		{ "leaf index", BYTES(HEAD "\x05\xa6" CLAIMS USER "\x03\x01\x04\x01" PATH BLIND) },
		{ "number", BYTES(HEAD "\x05\xa6" CLAIMS USER "\x03\x20\x04\x01" PATH BLIND) },
		{ "tree size", BYTES(HEAD "\x05\xa5" CLAIMS USER "\x03\x00" PATH BLIND) },
		{ "tree size", BYTES(HEAD "\x05\xa6" CLAIMS USER "\x03\x00\x04\x00" PATH BLIND) },
		{ "tree size",
		  BYTES(HEAD "\x05\xa6" CLAIMS USER "\x03\x00\x04\x19\x01\x01" PATH BLIND) },
		{ "tree size",
		  BYTES(HEAD "\x05\xa6" CLAIMS USER
			     "\x03\x00\x04\x1b\xff\xff\xff\xff\xff\xff\xff\xff" PATH BLIND) },
		{ "proof", BYTES(HEAD "\x05\xa5" CLAIMS USER TREE BLIND) },
		{ "proof", BYTES(HEAD "\x05\xa6" CLAIMS USER TREE "\x05\xa0" BLIND) },
		{ "proof", BYTES(HEAD "\x05\xa6" CLAIMS USER TREE
				      "\x05\x89\x40\x40\x40\x40\x40\x40\x40\x40\x40" BLIND) },
		{ "48 bytes", BYTES(HEAD "\x05\xa6" CLAIMS USER TREE "\x05\x81\x40" BLIND) },
		{ "proof", BYTES(HEAD "\x05\xa6" CLAIMS USER TREE "\x05\x81\x01" BLIND) },
		{ "blind", BYTES(HEAD "\x05\xa5" CLAIMS USER TREE PATH) },
		{ "blind", BYTES(HEAD "\x05\xa6" CLAIMS USER TREE PATH "\x06\x41"
				      "b") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		const char *why = NULL;
		int r = read_item(items[i].item.data, items[i].item.len, &why);

		if (!items[i].mention) {
			assert_int_equal(r, 0);
			continue;
		}
		if (r != -EBADMSG)
			fail_msg("number %zu (%s) was accepted: %d", i, items[i].mention, r);
		if (!strstr(why, items[i].mention))
			fail_msg("number %zu: \"%s\" does not mention \"%s\"", i, why,
				 items[i].mention);
	}
}

static void user_data_and_claims_may_be_as_long_as_the_format_says(void **state)
{
	static const uint8_t large[4096];
	struct evidence ev = full();

	(void)state;
	ev.binding.claims = (struct ev_bytes) { large, 4096 };
	ev.binding.user_data = (struct ev_bytes) { large, 64 };
	ev.binding.tree_size = 256;
	ev.binding.leaf_index = 255;
	check_round_trip(&ev);
}

static void failure_leaves_the_outputs_alone(void **state)
{
	struct evidence ev, before;

	(void)state;
	memset(&ev, 0x5a, sizeof(ev));
	memcpy(&before, &ev, sizeof(ev));
	assert_int_equal(ev_decode((const uint8_t *)"\xa1", 1, &ev, NULL), -EBADMSG);
	assert_int_equal(ev_decode(NULL, 0, &ev, NULL), -EBADMSG);
	assert_memory_equal(&ev, &before, sizeof(ev));
}

static void details_come_back_byte_for_byte(void **state)
{
	struct evidence ev = full(), back;
	uint8_t *item;
	size_t len;

	(void)state;
	/* A key that this version does not know is kept, too. */
	ev.details = (struct ev_bytes) BYTES("\xa2\x03\x41" "d\x18\x63\x82\x01\x61x");
	assert_int_equal(ev_encode(&ev, &item, &len), 0);
	assert_int_equal(ev_decode(item, len, &back, NULL), 0);
	assert_same(&back.details, &ev.details);
	ev_done(&back);
	free(item);
}

static void encode_full(uint8_t **ret, size_t *ret_len)
{
	struct evidence ev = full();

	assert_int_equal(ev_encode(&ev, ret, ret_len), 0);
}

static int encode_again(const uint8_t *data, size_t len, uint8_t **ret, size_t *ret_len)
{
	struct evidence ev;
	int r;

	r = ev_decode(data, len, &ev, NULL);
	if (r < 0)
		return r;
	assert_int_equal(ev_encode(&ev, ret, ret_len), 0);
	ev_done(&ev);
	return 0;
}

const struct format format = { read_item, encode_full, FULL_MAPS, encode_again, 20261123 };

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_of_parts_survives_the_way_and_back),
		cmocka_unit_test(lengths_around_each_width_of_a_head_survive),
		cmocka_unit_test(bytes_are_those_of_the_published_example),
		cmocka_unit_test(encoder_refuses_what_the_format_has_no_room_for),
		cmocka_unit_test(items_up_to_the_limit_pass_and_larger_ones_do_not),
		cmocka_unit_test(decoder_refuses_what_the_format_has_no_room_for),
		cmocka_unit_test(user_data_and_claims_may_be_as_long_as_the_format_says),
		cmocka_unit_test(failure_leaves_the_outputs_alone),
		cmocka_unit_test(details_come_back_byte_for_byte),
		REFUSALS,
		cmocka_unit_test(refuse_too_many_parts_),
	};

	return cmocka_run_group_tests_name("evidence", tests, setup, NULL);
}
