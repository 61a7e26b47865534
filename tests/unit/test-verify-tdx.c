// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TDX verification on real quotes under Intel's real root, on Intel's synthetic sample under its own,
 * and on a genuine TDREPORT (tests/vectors). Simulated platforms and mutations:
 * test-verify-tdx-evidence.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <openssl/err.h>

#include "tdx-quote.h"
#include "tdx-verify.h"
#include "verify-kit.h"

#define ROOT		"roots/tdx/intel_sgx_root.pem"
#define BODY_AT		48
#define INSIDE_EMR	1751328000	/* 2025-07-01 */
#define INSIDE_SPR	1688000000	/* 2023-06-29 */
#define INSIDE_SAMPLE	1700000000	/* 2023-11-14 */

/* A quote, what to judge it by, and its memory. */
struct sample {
	struct blob quote, root, collateral;
	struct tee_verify_params params;
};

static void load_sample(struct sample *s, const char *quote, const char *root, int64_t time)
{
	*s = (struct sample){ .quote = read_vector(quote), .root = read_vector(root) };
	s->params = (struct tee_verify_params){
		.size = sizeof(s->params), .root = blob_bytes(s->root), .time = time,
	};
}

static void free_sample(struct sample *s)
{
	free_blob(&s->quote);
	free_blob(&s->root);
	free_blob(&s->collateral);
}

static tee_verdict *judge(const struct sample *s)
{
	tee_verdict *v = NULL;

	assert_int_equal(tee_verify_tdx_quote(s->quote.data, s->quote.len, &s->params, &v), 0);
	assert_non_null(v);
	return v;
}

static void load_emr(struct sample *s)
{
	load_sample(s, "tdx/emr-v4/quote.bin", ROOT, INSIDE_EMR);
	s->collateral = read_vector("tdx/emr-v4/collateral.json");
	s->params.collateral = blob_bytes(s->collateral);
}

static char *as_text(const char *name)
{
	struct blob file = read_vector(name);
	char *text = calloc(1, file.len + 1);

	assert_non_null(text);
	memcpy(text, file.data, file.len);
	free_blob(&file);
	return text;
}

static void add_text(struct json_object *json, const char *name, const char *text)
{
	assert_int_equal(json_object_object_add(json, name, json_object_new_string(text)), 0);
}

static void add_file(struct json_object *json, const char *name, const char *first,
		     const char *second)
{
	char *one = as_text(first), *two = second ? as_text(second) : NULL;
	char *both = calloc(1, strlen(one) + (two ? strlen(two) : 0) + 1);

	assert_non_null(both);
	strcat(strcpy(both, one), two ? two : "");
	add_text(json, name, both);
	free(both);
	free(one);
	free(two);
}

static void add_hex_file(struct json_object *json, const char *name, const char *file)
{
	struct blob blob = read_vector(file);
	char *hex = calloc(2, blob.len + 1);

	assert_non_null(hex);
	for (size_t i = 0; i < blob.len; i++)
		sprintf(hex + 2 * i, "%02x", blob.data[i]);
	add_text(json, name, hex);
	free(hex);
	free_blob(&blob);
}

/* {"tcbInfo":{...},"signature":"..."} as the service answers: the object's very bytes count. */
static void add_signed(struct json_object *json, const char *name, const char *file)
{
	char *text = as_text(file), *start = strchr(text + 1, '{');
	char *end = strstr(text, ",\"signature\":\""), signature_name[64];

	assert_non_null(start);
	assert_non_null(end);
	snprintf(signature_name, sizeof(signature_name), "%s_signature", name);
	*end = '\0';
	end += strlen(",\"signature\":\"");
	end[128] = '\0';
	add_text(json, signature_name, end);
	add_text(json, name, start);
	free(text);
}

static void take_json(struct sample *s, struct json_object *json)
{
	const char *text = json_object_to_json_string(json);

	s->collateral.len = strlen(text);
	s->collateral.data = malloc(s->collateral.len);
	assert_non_null(s->collateral.data);
	memcpy(s->collateral.data, text, s->collateral.len);
	s->params.collateral = blob_bytes(s->collateral);
	json_object_put(json);
}

/* The pieces were published one by one. */
static void load_spr(struct sample *s)
{
	struct json_object *json = json_object_new_object(), *emr;
	char *text = as_text("tdx/emr-v4/collateral.json");

	load_sample(s, "tdx/spr-v4/quote.bin", ROOT, INSIDE_SPR);
	/* The certificate of the Platform CA is the same. */
	emr = json_tokener_parse(text);
	free(text);
	add_text(json, "pck_crl_issuer_chain", json_object_get_string(
			 json_object_object_get(emr, "pck_crl_issuer_chain")));
	json_object_put(emr);
	add_hex_file(json, "root_ca_crl", "tdx/spr-v4/rootcrl.der");
	add_hex_file(json, "pck_crl", "tdx/spr-v4/pckcrl.der");
	add_file(json, "tcb_info_issuer_chain", "tdx/spr-v4/tcb_signing.pem", ROOT);
	add_file(json, "qe_identity_issuer_chain", "tdx/spr-v4/tcb_signing.pem", ROOT);
	add_signed(json, "tcb_info", "tdx/spr-v4/tcb_info.json");
	add_signed(json, "qe_identity", "tdx/spr-v4/qe_identity.json");
	take_json(s, json);
}

static void load_sample_of_intel(struct sample *s)
{
	struct json_object *json = json_object_new_object();

	load_sample(s, "tdx/intel-sample/quote.bin", "tdx/intel-sample/trustedRootCaCert.pem",
		    INSIDE_SAMPLE);
	/* Its body is empty but for numbers: XFAM 0 is what no real TD has. */
	s->params.xfam_mask = 3;
	add_file(json, "pck_crl_issuer_chain", "tdx/intel-sample/pckSignChain.pem", NULL);
	add_hex_file(json, "root_ca_crl", "tdx/intel-sample/rootCaCrl.der");
	add_hex_file(json, "pck_crl", "tdx/intel-sample/intermediateCaCrl.der");
	add_file(json, "tcb_info_issuer_chain", "tdx/intel-sample/tcbSignChain.pem", NULL);
	add_file(json, "qe_identity_issuer_chain", "tdx/intel-sample/tcbSignChain.pem", NULL);
	add_signed(json, "tcb_info", "tdx/intel-sample/tcbInfo.json");
	add_signed(json, "qe_identity", "tdx/intel-sample/qeIdentity.json");
	take_json(s, json);
}

static void assert_passed(const tee_verdict *v, const char *const *names)
{
	for (; *names; names++)
		if (check_result(v, *names) != TEE_CHECK_PASSED) {
			print_verdict(v);
			fail_msg("%s has not passed", *names);
		}
}

static const char *const signatures[] = {
	"chain.root", "chain.pck_ca", "chain.pck_ca.profile", "chain.leaf", "chain.leaf.profile",
	"chain.leaf.validity", "qe.signature", "qe.report_data", "signature", NULL,
};

static const char *const collateral[] = {
	"collateral", "crl.root", "crl.pck", "tcb_info.signer", "tcb_info.signature",
	"tcb_info.format", "tcb_info.validity", "tcb_info.platform", "qe_identity.signer",
	"qe_identity.signature", "qe_identity.format", "qe_identity.validity", NULL,
};

static void a_real_quote_verifies_with_its_collateral(void **state)
{
	struct sample s;
	tee_verdict *v;

	(void)state;
	load_emr(&s);
	v = judge(&s);
	assert_good(v);
	assert_passed(v, signatures);
	assert_passed(v, collateral);
	assert_passed(v, (const char *const[]){ "tdx_module", "qe_identity", "tcb.status",
						"td.sept_ve_disable", "td.xfam", NULL });
	assert_string_equal(fact(v, "tcb.status"), "UpToDate");
	assert_string_equal(fact(v, "leaf.fmspc"), "b0c06f000000");
	assert_memory_equal(fact(v, "report.measurement"), "91eb2b44", 8);
	tee_verdict_free(v);
	free_sample(&s);
}

static void collateral_counts_only_in_its_time(void **state)
{
	static const struct {
		int64_t time;
		const char *failure;
	} moments[] = {
		{ 1739000000, "crl.root" },		/* 2025-02-08: nothing of it is issued */
		{ 1750327235 - 1, "crl.pck" },		/* PCK list from 2025-06-19 10:00:35 */
		{ 1750327235, "tcb_info.validity" },
		{ 1750328163 - 1, "tcb_info.validity" },	/* TCB info from 10:16:03 */
		{ 1750328163, "qe_identity.validity" },
		{ 1750329147 - 1, "qe_identity.validity" },	/* QE identity from 10:32:27 */
		{ 1750329147, NULL },
		{ 1752919235, NULL },			/* PCK list until 2025-07-19 10:00:35 */
		{ 1752919235 + 1, "crl.pck" },
		{ 1784000000, "crl.root" },
	};
	struct sample s;

	(void)state;
	load_emr(&s);
	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		tee_verdict *v;

		s.params.time = moments[i].time;
		v = judge(&s);
		if (moments[i].failure)
			assert_rejected_by(v, moments[i].failure);
		else
			assert_good(v);
		tee_verdict_free(v);
	}
	free_sample(&s);
}

/* Everything is genuine, and Intel lists no level as low as this platform's. */
static void a_platform_below_all_levels_is_refused(void **state)
{
	struct sample s;
	tee_verdict *v;

	(void)state;
	load_spr(&s);
	s.params.tcb_status = "OutOfDate,OutOfDateConfigurationNeeded";
	v = judge(&s);
	assert_rejected_by(v, "tcb.status");
	assert_passed(v, signatures);
	assert_passed(v, collateral);
	assert_passed(v, (const char *const[]){ "tdx_module", "qe_identity", NULL });
	assert_string_equal(fact(v, "tcb.platform_status"), "unknown");
	assert_int_equal(check_result(v, "quote.tail"), TEE_CHECK_WARNING);
	tee_verdict_free(v);
	s.params.time = INSIDE_EMR;
	v = judge(&s);
	assert_rejected_by(v, "crl.root");
	tee_verdict_free(v);
	free_sample(&s);
}

static void real_quotes_verify_without_collateral(void **state)
{
	static const struct {
		const char *quote;
		int64_t before, inside, last;	/* by the PCK certificate */
	} quotes[] = {
		{ "tdx/spr-v4/quote.bin", 1663680030, 1663680031, 1884604831 },
		{ "tdx/emr-v4/quote.bin", 1738884350, 1738884351, 1959722751 },
		{ "tdx/azure-v4/quote.bin", 1694638850, 1694638851, 1915563651 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
		struct sample s;
		tee_verdict *v;

		load_sample(&s, quotes[i].quote, ROOT, quotes[i].inside);
		v = judge(&s);
		assert_good(v);
		assert_passed(v, signatures);
		assert_int_equal(check_result(v, "tcb.status"), TEE_CHECK_WARNING);
		assert_int_equal(check_result(v, "crl.pck"), TEE_CHECK_NOT_MADE);
		assert_int_equal(check_result(v, "qe_identity"), TEE_CHECK_NOT_MADE);
		tee_verdict_free(v);
		s.params.time = quotes[i].before;
		v = judge(&s);
		assert_rejected_by(v, "chain.leaf.validity");
		tee_verdict_free(v);
		s.params.time = quotes[i].last + 1;
		v = judge(&s);
		assert_rejected_by(v, "chain.leaf.validity");
		tee_verdict_free(v);
		free_sample(&s);
	}
}

/*
 * Made by Intel to show the formats: chain, signatures and collateral are in order, the contents
 * are numbers that fit nothing, and are refused as such.
 */
static void intels_sample_verifies_as_far_as_it_goes(void **state)
{
	struct sample s;
	tee_verdict *v;

	(void)state;
	load_sample_of_intel(&s);
	v = judge(&s);
	assert_passed(v, signatures);
	assert_passed(v, collateral);
	assert_rejected_by(v, "tdx_module");
	assert_int_equal(check_result(v, "qe_identity"), TEE_CHECK_FAILED);
	tee_verdict_free(v);

	s.params.collateral.len = 0;
	v = judge(&s);
	assert_good(v);
	assert_passed(v, signatures);
	assert_string_equal(fact(v, "leaf.kind"), "processor");
	tee_verdict_free(v);
	s.params.xfam_mask = 0;
	v = judge(&s);
	assert_rejected_by(v, "td.xfam");
	tee_verdict_free(v);
	free_sample(&s);

	load_sample(&s, "tdx/intel-sample/quote.bin", ROOT, INSIDE_SAMPLE);
	v = judge(&s);
	assert_rejected_by(v, "chain.root");
	tee_verdict_free(v);
	free_sample(&s);
}

/* Which check notices a change of each byte, by region; the real quote is version 4. */
static const struct part {
	size_t end;
	const char *check;
} parts[] = {
	{ 2, "quote." }, { 8, "quote.header" }, { 12, "signature" }, { 28, "quote.header" },
	{ 632, "signature" }, { 636, "quote.format" }, { 700, "signature" },
	{ 764, "qe.report_data" }, { 770, "quote.format" }, { 1218, "qe.signature" },
	{ 1220, "quote.format" }, { 1252, "qe.report_data" }, { 1258, "quote.format" },
	{ SIZE_MAX, "chain." },
};

static void no_byte_of_a_real_quote_may_change(void **state)
{
	const struct part *part = parts;
	struct sample s;
	size_t end;

	(void)state;
	load_sample(&s, "tdx/emr-v4/quote.bin", ROOT, INSIDE_EMR);
	end = 636 + 4300;	/* the rest is padding */
	for (size_t at = 0; at < end; at += flip_step()) {
		uint8_t mask = (uint8_t)(1u << at % 8);
		tee_verdict *v;

		while (at >= part->end)
			part++;
		s.quote.data[at] ^= mask;
		v = judge(&s);
		assert_rejected(v);
		if (strncmp(tee_verdict_first_failure(v), part->check, strlen(part->check))) {
			print_verdict(v);
			fail_msg("byte %zu: rejected by %s instead of %s", at,
				 tee_verdict_first_failure(v), part->check);
		}
		if (at < 632)
			assert_int_not_equal(check_result(v, "signature"), TEE_CHECK_PASSED);
		tee_verdict_free(v);
		s.quote.data[at] ^= mask;
	}
	for (size_t at = end; at < s.quote.len; at++) {
		tee_verdict *v;

		s.quote.data[at] ^= 1;
		v = judge(&s);
		assert_good(v);
		assert_int_equal(check_result(v, "quote.tail"), TEE_CHECK_WARNING);
		tee_verdict_free(v);
		s.quote.data[at] ^= 1;
	}
	free_sample(&s);
}

static void the_root_counts_byte_for_byte(void **state)
{
	struct blob pem = read_vector(ROOT), der = pem_to_der(pem, 0);
	struct sample s;
	tee_verdict *v;

	(void)state;
	load_emr(&s);
	s.params.root = blob_bytes(der);
	v = judge(&s);
	assert_good(v);
	tee_verdict_free(v);
	for (size_t at = 0; at < der.len; at += flip_step()) {
		der.data[at] ^= (uint8_t)(1u << at % 8);
		v = judge(&s);
		assert_rejected_by(v, "chain.root");
		tee_verdict_free(v);
		der.data[at] ^= (uint8_t)(1u << at % 8);
	}
	free_blob(&der);
	free_blob(&pem);
	free_sample(&s);
}

static void a_genuine_tdreport_is_consistent_and_refused(void **state)
{
	struct sample s;
	tee_verdict *v;

	(void)state;
	load_sample(&s, "tdx/azure-v4/tdreport.bin", ROOT, INSIDE_EMR);
	v = judge(&s);
	assert_rejected_by(v, "tdreport.mac");
	assert_int_equal(check_result(v, "tdreport.hashes"), TEE_CHECK_PASSED);
	tee_verdict_free(v);
	assert_null(tdreport_why_inconsistent(NULL, s.quote.data));
	for (size_t at = 0; at < TDREPORT_SIZE; at++) {
		/* The rest of the report is under its MAC alone. */
		bool hashed = (at >= 0x20 && at < 0x80) || (at >= 256 && at < 495) || at >= 512;

		s.quote.data[at] ^= 1;
		assert_true(!!tdreport_why_inconsistent(NULL, s.quote.data) == hashed);
		s.quote.data[at] ^= 1;
	}
	free_sample(&s);
}

/* Made of that TDREPORT by the real quoting enclave. */
static void the_body_of_a_quote_is_a_copy_of_the_tdreport(void **state)
{
	struct blob report = read_vector("tdx/azure-v4/tdreport.bin");
	struct blob quote = read_vector("tdx/azure-v4/quote.bin");
	const uint8_t *body = quote.data + BODY_AT;
	struct td_body from;

	(void)state;
	tdreport_parse(report.data, &from);
	assert_memory_equal(body, from.tee_tcb_svn, 16);
	assert_memory_equal(body + 16, from.mr_seam, 48);
	assert_memory_equal(body + 64, from.mr_signer_seam, 48);
	assert_memory_equal(body + 112, from.seam_attributes, 8);
	assert_memory_equal(body + 120, from.td_info, 400);
	assert_memory_equal(body + 136, from.mr_td, 48);
	assert_memory_equal(body + 120 + 208 + 3 * 48, from.rtmr[3], 48);
	assert_memory_equal(body + 520, from.report_data, 64);
	free_blob(&report);
	free_blob(&quote);
}

static void the_callers_error_queue_is_left_alone(void **state)
{
	struct sample s;
	unsigned long mine;
	tee_verdict *v;

	(void)state;
	load_emr(&s);
	ERR_clear_error();
	ERR_raise(ERR_LIB_USER, 1);
	mine = ERR_peek_error();
	s.quote.data[640] ^= 1;
	s.quote.data[2000] ^= 1;
	v = judge(&s);
	assert_rejected(v);
	assert_true(ERR_get_error() == mine);
	assert_true(ERR_get_error() == 0);
	tee_verdict_free(v);
	free_sample(&s);
}

/* An SEV-SNP report of version 4 or 5 with guest SVN 0x81 begins like a quote, but is none. */
static void an_snp_report_is_never_taken_for_a_quote(void **state)
{
	uint8_t report[1184] = { 5, 0, 0, 0, 0x81 };

	(void)state;
	assert_false(looks_like_tdx_quote(report, sizeof(report)));
	report[2] = 2;
	assert_true(looks_like_tdx_quote(report, sizeof(report)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_real_quote_verifies_with_its_collateral),
		cmocka_unit_test(collateral_counts_only_in_its_time),
		cmocka_unit_test(a_platform_below_all_levels_is_refused),
		cmocka_unit_test(real_quotes_verify_without_collateral),
		cmocka_unit_test(intels_sample_verifies_as_far_as_it_goes),
		cmocka_unit_test(no_byte_of_a_real_quote_may_change),
		cmocka_unit_test(the_root_counts_byte_for_byte),
		cmocka_unit_test(a_genuine_tdreport_is_consistent_and_refused),
		cmocka_unit_test(the_body_of_a_quote_is_a_copy_of_the_tdreport),
		cmocka_unit_test(the_callers_error_queue_is_left_alone),
		cmocka_unit_test(an_snp_report_is_never_taken_for_a_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
