// SPDX-License-Identifier: GPL-2.0-or-later
/* The claims about a workload: libtee/common/claims.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evidence.h"
#include "refusals.h"

#define BYTES(s) { (const uint8_t *)(s), sizeof(s) - 1 }
#define DIGEST(alg, s) { alg, BYTES(s) }

static const uint8_t zeros[4096];

static struct ev_claims full(void)
{
	return (struct ev_claims) {
		.workload = "payments",
		.instance = BYTES("i-1"),
		.image = DIGEST("sha256", "0123456789abcdef0123456789abcdef"),
		.config = DIGEST("sha384", "c"),
		.pod = BYTES("pod"),
		.has_uid = true,
		.uid = 100000,
		.cgroup = BYTES("/system.slice/p\xff.service"),
		.label = BYTES("system_u:system_r:container_t:s0\n"),
		.exe = DIGEST("sha512", "e"),
		.voucher = { [1] = "policy", [6] = "kernel", [7] = "kernel", [11] = "kernel" },
		.taint = "software firmware, d\xc3\xa9veloppement",
	};
}

#define FULL_MAPS 2	/* the claims and the vouchers */

static int read_claims(const uint8_t *data, size_t len, const char **ret_why)
{
	struct ev_claims claims;
	int r;

	r = ev_claims_decode(data, len, &claims, ret_why);
	if (r == 0)
		ev_claims_done(&claims);
	return r;
}

static void assert_same_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a)
		assert_string_equal(a, b);
}

static void assert_same_bytes(const struct ev_bytes *a, const struct ev_bytes *b)
{
	assert_int_equal(a->data == NULL, b->data == NULL);
	assert_int_equal(a->len, b->len);
	if (a->data)
		assert_memory_equal(a->data, b->data, a->len);
}

static void assert_same_digest(const struct ev_digest *a, const struct ev_digest *b)
{
	assert_same_text(a->alg, b->alg);
	assert_same_bytes(&a->value, &b->value);
}

static void check_round_trip(const struct ev_claims *claims)
{
	uint8_t *bytes, *again;
	struct ev_claims back;
	size_t len, len_again;
	const char *why = "";

	assert_int_equal(ev_claims_encode(claims, &bytes, &len), 0);
	if (ev_claims_decode(bytes, len, &back, &why) < 0)
		fail_msg("%s", why);
	assert_int_equal(ev_claims_encode(&back, &again, &len_again), 0);
	assert_int_equal(len, len_again);
	assert_memory_equal(bytes, again, len);
	memset(bytes, 0xee, len);
	free(bytes);
	free(again);

	assert_same_text(back.workload, claims->workload);
	assert_same_text(back.taint, claims->taint);
	assert_same_bytes(&back.instance, &claims->instance);
	assert_same_bytes(&back.pod, &claims->pod);
	assert_same_bytes(&back.cgroup, &claims->cgroup);
	assert_same_bytes(&back.label, &claims->label);
	assert_same_digest(&back.image, &claims->image);
	assert_same_digest(&back.config, &claims->config);
	assert_same_digest(&back.exe, &claims->exe);
	assert_int_equal(back.has_uid, claims->has_uid);
	assert_int_equal(back.uid, claims->uid);
	for (size_t i = 0; i < 12; i++)
		assert_same_text(back.voucher[i], claims->voucher[i]);
	ev_claims_done(&back);
}

static void every_combination_of_claims_survives_the_way_and_back(void **state)
{
	(void)state;
	for (unsigned int parts = 0; parts < 2048; parts++) {
		const struct ev_claims all = full();
		struct ev_claims c = { 0 };

		c.workload = parts & 1 ? all.workload : NULL;
		c.instance = parts & 2 ? all.instance : c.instance;
		c.image = parts & 4 ? all.image : c.image;
		c.config = parts & 8 ? all.config : c.config;
		c.pod = parts & 16 ? all.pod : c.pod;
		c.has_uid = parts & 32;
		c.uid = c.has_uid ? all.uid : 0;
		c.cgroup = parts & 64 ? all.cgroup : c.cgroup;
		c.label = parts & 128 ? all.label : c.label;
		c.exe = parts & 256 ? all.exe : c.exe;
		if (parts & 512)
			memcpy(c.voucher, all.voucher, sizeof(c.voucher));
		c.taint = parts & 1024 ? all.taint : NULL;
		check_round_trip(&c);
	}
}

static void longest_claims_survive(void **state)
{
	static char workload[256], taint[1025], voucher[256];
	struct ev_claims c = {
		.workload = memset(workload, 'w', 255),
		.instance = { zeros, 256 },
		.image = { "algorithm-of-32-characters-------", { zeros, 64 } },
		.has_uid = true,
		.uid = UINT32_MAX,
		.cgroup = { zeros, 256 },
		.label = { zeros, 256 },
		.voucher = { [11] = memset(voucher, 'v', 255) },
		.taint = memset(taint, 't', 1024),
	};
	char alg[33] = "";

	(void)state;
	memset(alg, 'a', 32);
	c.image.alg = alg;
	check_round_trip(&c);
}

static void bytes_are_those_of_the_published_example(void **state)
{
	/* As in doc/evidence.cddl, written by hand. */
	static const uint8_t expected[] = "\xa4"
					  "\x01\x68payments"
					  "\x06\x1a\x00\x01\x86\xa0"
					  "\x0a\xa1\x06\x66kernel"
					  "\x0b\x71software firmware";
	struct ev_claims c = {
		.workload = "payments",
		.has_uid = true,
		.uid = 100000,
		.voucher = { [6] = "kernel" },
		.taint = "software firmware",
	};
	uint8_t *bytes;
	size_t len;

	(void)state;
	assert_int_equal(ev_claims_encode(&c, &bytes, &len), 0);
	assert_int_equal(len, sizeof(expected) - 1);
	assert_memory_equal(bytes, expected, len);
	free(bytes);
}

static void encoder_refuses_what_the_format_has_no_room_for(void **state)
{
	static char long_text[1026];
	struct ev_claims bad[20];
	uint8_t *bytes = NULL;
	size_t n = 0, len = 0;

	(void)state;
	memset(long_text, 'x', 1025);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		bad[i] = full();
	bad[n++].workload = "";
	bad[n++].workload = long_text + 1025 - 256;
	bad[n++].workload = "\xc3\x28";
	bad[n++].instance = (struct ev_bytes) { zeros, 0 };
	bad[n++].instance = (struct ev_bytes) { zeros, 257 };
	bad[n++].pod = (struct ev_bytes) { zeros, 257 };
	bad[n++].cgroup = (struct ev_bytes) { zeros, 257 };
	bad[n++].label = (struct ev_bytes) { zeros, 257 };
	bad[n++].image = (struct ev_digest) DIGEST(NULL, "x");
	bad[n++].image = (struct ev_digest) { "sha256", { 0 } };
	bad[n++].config = (struct ev_digest) { "sha256", { zeros, 0 } };
	bad[n++].exe = (struct ev_digest) { "sha256", { zeros, 65 } };
	bad[n++].exe = (struct ev_digest) { "", { zeros, 1 } };
	bad[n++].uid = 1ull << 32;
	bad[n++].voucher[0] = "x";
	bad[n++].voucher[3] = "";
	bad[n++].voucher[3] = long_text + 1025 - 256;
	bad[n++].taint = long_text;
	bad[n++].taint = "";
	assert_int_equal(n, sizeof(bad) / sizeof(bad[0]) - 1);
	for (size_t i = 0; i < n; i++)
		if (ev_claims_encode(&bad[i], &bytes, &len) != -EINVAL)
			fail_msg("number %zu was encoded", i);
	assert_null(bytes);
	assert_int_equal(ev_claims_encode(&bad[n], &bytes, &len), 0);
	free(bytes);
}

static void claims_over_4096_bytes_are_too_big_for_either_side(void **state)
{
	static char text[256], taint[1025];
	struct ev_claims c = full();
	uint8_t *bytes = NULL, *large;
	size_t len;

	(void)state;
	memset(text, 'v', 255);
	memset(taint, 't', 1024);
	for (size_t i = 1; i < 12; i++)
		c.voucher[i] = text;
	c.taint = taint;
	c.instance = c.pod = c.cgroup = (struct ev_bytes) { zeros, 256 };
	assert_int_equal(ev_claims_encode(&c, &bytes, &len), -E2BIG);
	assert_null(bytes);
	c.taint = NULL;
	c.voucher[11] = c.voucher[10] = NULL;	/* the rest fits */
	check_round_trip(&c);

	large = calloc(1, 4097);
	assert_non_null(large);
	large[0] = 0xa0;
	assert_int_equal(read_claims(large, 4097, NULL), -E2BIG);
	assert_int_equal(read_claims(large, 4096, NULL), -EBADMSG);
	assert_int_equal(read_claims(large, 1, NULL), 0);
	free(large);
}

static void decoder_refuses_what_the_format_has_no_room_for(void **state)
{
	static const struct {
		const char *mention;	/* NULL: good */
		struct ev_bytes claims;
	} cases[] = {
		{ NULL, BYTES("\xa1\x03\x82\x66sha256\x41\x01") },
		{ "not a map", BYTES("\x80") },
		{ "text", BYTES("\xa1\x01\x41x") },
		{ "empty", BYTES("\xa1\x01\x60") },
		{ "UTF-8", BYTES("\xa1\x01\x61\xff") },
		{ "byte string", BYTES("\xa1\x02\x61x") },
		{ "empty", BYTES("\xa1\x02\x40") },
		{ "array", BYTES("\xa1\x03\x66sha256") },
		{ "digest", BYTES("\xa1\x03\x81\x66sha256") },
		{ "digest", BYTES("\xa1\x03\x83\x66sha256\x41\x01\x00") },
		{ "text", BYTES("\xa1\x03\x82\x46sha256\x41\x01") },
		{ "empty", BYTES("\xa1\x03\x82\x60\x41\x01") },
		{ "byte string", BYTES("\xa1\x03\x82\x66sha256\x61\x01") },
		{ "empty", BYTES("\xa1\x03\x82\x66sha256\x40") },
		{ "uid", BYTES("\xa1\x06\x20") },
		{ "uid", BYTES("\xa1\x06\x41\x01") },
		{ "32 bits", BYTES("\xa1\x06\x1b\x00\x00\x00\x01\x00\x00\x00\x00") },
		{ "vouchers", BYTES("\xa1\x0a\x80") },
		{ "vouchers", BYTES("\xa1\x0a\xa0") },
		{ "text", BYTES("\xa1\x0a\xa1\x06\x46kernel") },
		{ "empty", BYTES("\xa1\x0b\x60") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *why = NULL;
		int r = read_claims(cases[i].claims.data, cases[i].claims.len, &why);

		if (!cases[i].mention) {
			assert_int_equal(r, 0);
			continue;
		}
		if (r != -EBADMSG)
			fail_msg("number %zu (%s) was accepted: %d", i, cases[i].mention, r);
		if (!strstr(why, cases[i].mention))
			fail_msg("number %zu: \"%s\" does not mention \"%s\"", i, why,
				 cases[i].mention);
	}
}

/* Sequences and their limits as in the Unicode standard, table 3-7. */
static void texts_are_utf8_without_nul(void **state)
{
	static const char *const good[] = {
		"a",
		"\x7f",
		"\xc2\x80",
		"\xdf\xbf",
		"\xe0\xa0\x80",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xef\xbf\xbf",
		"\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",
	};
	static const struct ev_bytes bad[] = {
		BYTES("\0"),
		BYTES("a\0"),
		BYTES("\x80"),
		BYTES("\xbf"),
		BYTES("\xc0\x80"),
		BYTES("\xc1\xbf"),
		BYTES("\xc2"),
		BYTES("\xc2\x7f"),
		BYTES("\xc2\xc0"),
		BYTES("\xe0\x9f\xbf"),
		BYTES("\xe0\xa0"),
		BYTES("\xed\xa0\x80"),
		BYTES("\xed\xbf\xbf"),
		BYTES("\xf0\x8f\xbf\xbf"),
		BYTES("\xf0\x90\x80"),
		BYTES("\xf4\x90\x80\x80"),
		BYTES("\xf5\x80\x80\x80"),
		BYTES("\xf8\x88\x80\x80\x80"),
		BYTES("\xfe"),
		BYTES("\xff"),
	};
	uint8_t claims[16] = { 0xa1, 0x01 };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		size_t len = strlen(good[i]);

		claims[2] = (uint8_t)(0x60 + len);
		memcpy(claims + 3, good[i], len);
		if (read_claims(claims, 3 + len, NULL) < 0)
			fail_msg("good number %zu was refused", i);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		claims[2] = (uint8_t)(0x60 + bad[i].len);
		memcpy(claims + 3, bad[i].data, bad[i].len);
		if (read_claims(claims, 3 + bad[i].len, NULL) != -EBADMSG)
			fail_msg("bad number %zu was accepted", i);
	}
}

static void encode_full(uint8_t **ret, size_t *ret_len)
{
	struct ev_claims claims = full();

	assert_int_equal(ev_claims_encode(&claims, ret, ret_len), 0);
}

static int encode_again(const uint8_t *data, size_t len, uint8_t **ret, size_t *ret_len)
{
	struct ev_claims claims;
	int r;

	r = ev_claims_decode(data, len, &claims, NULL);
	if (r < 0)
		return r;
	assert_int_equal(ev_claims_encode(&claims, ret, ret_len), 0);
	ev_claims_done(&claims);
	return 0;
}

const struct format format = { read_claims, encode_full, FULL_MAPS, encode_again, 20261124 };

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination_of_claims_survives_the_way_and_back),
		cmocka_unit_test(longest_claims_survive),
		cmocka_unit_test(bytes_are_those_of_the_published_example),
		cmocka_unit_test(encoder_refuses_what_the_format_has_no_room_for),
		cmocka_unit_test(claims_over_4096_bytes_are_too_big_for_either_side),
		cmocka_unit_test(decoder_refuses_what_the_format_has_no_room_for),
		cmocka_unit_test(texts_are_utf8_without_nul),
		REFUSALS,
	};

	return cmocka_run_group_tests_name("claims", tests, NULL, NULL);
}
