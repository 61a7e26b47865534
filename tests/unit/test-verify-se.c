// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Known answers of s390-tools for IBM Secure Execution (tests/vectors/se, and the HMACs of
 * rust/pv/src/uvattest/attest.rs): request, header, measurement and exchange files, as somebody
 * else computes them. They are synthetic: nothing here has seen a machine.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "exchange.h"
#include "se-verify.h"
#include "verify-kit.h"

static struct ev_bytes ev(struct blob blob)
{
	return (struct ev_bytes){ blob.data, blob.len };
}

/* True when all @len bytes are @byte. */
static bool filled(const uint8_t *data, size_t len, uint8_t byte)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] != byte)
			return false;
	return true;
}

/* Made with an ARPK of 0x17, a measurement key of 0x77 and a nonce of 0xab. */
static void the_known_request_opens(void **state)
{
	struct blob arcb = read_vector("se/pv-arcb.bin");
	struct blob slot = read_vector("se/pv-keyslot.bin");
	struct ev_bytes bytes = ev(arcb);
	tee_verdict *v = verdict_new(&se_checks);
	uint8_t arpk[SE_ARPK_SIZE];
	struct se_secret secret;
	struct se_arcb parsed;

	(void)state;
	memset(arpk, 0x17, sizeof(arpk));
	assert_true(se_arcb_parse(&bytes, &parsed, v));
	assert_null(tee_verdict_first_failure(v));
	assert_int_equal(parsed.slots.count, 1);
	assert_true(parsed.flags == (SE_FLAG_NONCE | SE_FLAG_IMAGE_PHKH | SE_FLAG_ATTEST_PHKH));
	assert_memory_equal(parsed.slots.first, slot.data, slot.len);
	assert_int_equal(se_arcb_open(NULL, &parsed, arpk, &secret), 0);
	assert_true(filled(secret.key, sizeof(secret.key), 0x77));
	assert_int_equal(secret.nonce_len, SE_NONCE_SIZE);
	assert_true(filled(secret.nonce, SE_NONCE_SIZE, 0xab));
	arpk[31] ^= 1;
	assert_int_equal(se_arcb_open(NULL, &parsed, arpk, &secret), -EBADMSG);
	tee_verdict_free(v);
	free_blob(&arcb);
	free_blob(&slot);
}

static void the_known_host_key_is_that_of_the_request(void **state)
{
	struct blob arcb = read_vector("se/pv-arcb.bin");
	struct blob cert = read_vector("se/pv-keys-host.pem.crt");
	const struct se_additional none = { .image_phkh = NULL };
	struct ev_bytes bytes = ev(arcb);
	tee_verdict *v = verdict_new(&se_checks);
	struct se_arcb parsed;

	(void)state;
	assert_true(se_arcb_parse(&bytes, &parsed, v));
	assert_int_equal(se_hosts_check(NULL, &parsed, NULL, &none, blob_bytes(cert), v), 0);
	/* Nothing was measured here, so it counts for nothing; but nothing was wrong. */
	assert_int_equal(check_result(v, "host_keys"), TEE_CHECK_NOT_MADE);
	assert_non_null(strstr(check_text(v, "host_keys"), "only machines whose host keys"));
	tee_verdict_free(v);

	v = verdict_new(&se_checks);
	arcb.data[224] ^= 1;
	assert_int_equal(se_hosts_check(NULL, &parsed, NULL, &none, blob_bytes(cert), v), 0);
	assert_int_equal(check_result(v, "host_keys"), TEE_CHECK_FAILED);
	tee_verdict_free(v);
	free_blob(&arcb);
	free_blob(&cert);
}

static void the_known_header_is_read(void **state)
{
	static const uint8_t pld[] = { 0xbe, 0x94, 0xb5, 0xea }, ald[] = { 0x28, 0x58, 0xc3, 0x36 };
	static const uint8_t tld[] = { 0x48, 0x60, 0xeb, 0xcf };
	static const uint8_t tag[SE_GCM_TAG_SIZE] = {
		0x92, 0x30, 0x9d, 0x45, 0x89, 0xb9, 0xa8, 0x5b,
		0x42, 0x7f, 0x87, 0x53, 0x17, 0x1d, 0x15, 0x20,
	};
	struct blob file = read_vector("se/pv-secure_guest.hdr");
	tee_verdict *v = verdict_new(&se_checks);
	struct se_header header;

	(void)state;
	assert_true(se_header_check(blob_bytes(file), &header, v));
	assert_null(tee_verdict_first_failure(v));
	assert_memory_equal(header.digests, pld, sizeof(pld));
	assert_memory_equal(header.digests + 64, ald, sizeof(ald));
	assert_memory_equal(header.digests + 128, tld, sizeof(tld));
	assert_memory_equal(header.tag, tag, sizeof(tag));
	assert_int_equal(header.slots.count, 1);
	assert_int_equal(header.pages, 0xfc25);
	assert_int_equal(header.flags, 0);
	tee_verdict_free(v);
	free_blob(&file);
}

static void the_known_measurements_are_computed(void **state)
{
	/* Source: rust/pv/src/uvattest/attest.rs, its tests measurement_all and following. */
	static const struct {
		bool user, nonce, additional;
		const char *hmac;
	} known[] = {
		{ true, true, true,
		  "88794c62cce7bcf26216deb3f48f13fea6374b6d7e35bcc5c2ce68121db6f45d"
		  "fc8c171856463549408bf8e7d1aca11efad0a878af97dc9e21a1fc2a32f3a675" },
		{ true, false, true,
		  "fbd4f738a390edd947cd4f11af3a2f3bab2fdf8bf89bf81beb495117f4382cf4"
		  "2f0730c8c7d9e3ca27fb25adfceb21224f57fdb398dcf41a83c146e6a23db760" },
		{ false, false, true,
		  "63671fbf295036eb1023ea71f7182e7d6343dc7b2da584e824d0a7d198ab9cde"
		  "d756c93b39050ffb764555b01f88cb82017a6a15c7e0bafc6005f1e4f78aa124" },
		{ false, false, false,
		  "c5c34c93835d1ec23f5c2d778dfa20129b11b305601742cb2f38e0ed9894dcdb"
		  "73fc8695ab6a8dbad0744073ddc81a5eaafa52e4a15af8deb8d761091922847f" },
	};
	uint8_t digests[3 * SE_DIGEST_SIZE], tag[SE_GCM_TAG_SIZE], uid[SE_CONFIG_UID_SIZE];
	uint8_t user[256], additional[128], hmac[SE_HMAC_SIZE];
	const struct se_header header = { .digests = digests, .tag = tag };
	struct se_secret secret;

	(void)state;
	memset(digests, 1, 64);
	memset(digests + 64, 2, 64);
	memset(digests + 128, 3, 64);
	memset(tag, 4, sizeof(tag));
	memset(uid, 5, sizeof(uid));
	memset(user, 7, sizeof(user));
	memset(additional, 9, sizeof(additional));
	memset(secret.key, 0x41, sizeof(secret.key));
	memset(secret.nonce, 8, sizeof(secret.nonce));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const struct se_answer answer = {
			.config_uid = { uid, sizeof(uid) },
			.user_data = { known[i].user ? user : NULL, known[i].user ? 256 : 0 },
			.additional = { known[i].additional ? additional : NULL,
					known[i].additional ? 128 : 0 },
		};
		struct blob wanted = blob_from_hex(known[i].hmac);

		secret.nonce_len = known[i].nonce ? SE_NONCE_SIZE : 0;
		assert_int_equal(se_measure(NULL, &header, &secret, &answer, hmac), 0);
		assert_int_equal(wanted.len, sizeof(hmac));
		assert_memory_equal(hmac, wanted.data, sizeof(hmac));
		free_blob(&wanted);
	}
}

static void exchange_files_are_rebuilt_byte_for_byte(void **state)
{
	static const struct {
		const char *name;
		bool answer;
		size_t additional, user;
	} files[] = {
		{ "se/pv-exchange.bin", true, 32, 256 },
		{ "se/pvattest-exchange-add_req.bin", false, 32, 0 },
		{ "se/pvattest-exchange-add_resp.bin", true, 32, 0 },
		{ "se/pvattest-exchange-full_req.bin", false, 32, 0 },
		{ "se/pvattest-exchange-full_resp.bin", true, 32, 256 },
		{ "se/pvattest-exchange-min_req.bin", false, 0, 0 },
		{ "se/pvattest-exchange-min_resp.bin", true, 0, 0 },
		{ "se/pvattest-exchange-user_resp.bin", true, 0, 256 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct blob file = read_vector(files[i].name);
		struct exchange ex;
		uint8_t *again;
		size_t len;

		assert_int_equal(exchange_parse(file.data, file.len, &ex, NULL), 0);
		assert_true(filled(ex.challenge.data, 16, 0x11) && ex.challenge.len == 16);
		if (files[i].answer) {
			assert_true(filled(ex.measurement.data, 64, 0x12));
			assert_true(filled(ex.config_uid.data, 16, 0x14));
			assert_int_equal(ex.additional.len, files[i].additional);
			assert_int_equal(ex.user_data.len, files[i].user);
			assert_int_equal(ex.measurement_size, 0);
		} else {
			assert_null(ex.measurement.data);
			assert_int_equal(ex.measurement_size, 64);
			assert_int_equal(ex.additional_size, files[i].additional);
		}
		assert_int_equal(exchange_build(&ex, &again, &len), 0);
		assert_int_equal(len, file.len);
		assert_memory_equal(again, file.data, len);
		free(again);
		free_blob(&file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_known_request_opens),
		cmocka_unit_test(the_known_host_key_is_that_of_the_request),
		cmocka_unit_test(the_known_header_is_read),
		cmocka_unit_test(the_known_measurements_are_computed),
		cmocka_unit_test(exchange_files_are_rebuilt_byte_for_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
