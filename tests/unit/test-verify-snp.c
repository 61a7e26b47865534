// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SEV-SNP verification on real reports under AMD's real roots (tests/vectors), and the proof that
 * no bit of them may change. Binding and synthetic chains: test-verify-evidence.py.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "snp-chain.h"
#include "verify-kit.h"
#include "x509.h"

#define INSIDE	1750000000	/* 2025-06-15: all certificates of the vectors are valid */

struct vector {
	const char *name, *report, *leaf, *roots, *product, *tcb, *measurement_start;
	unsigned int flags;
};

/* The Milan v2 guest was started with debugging allowed. */
static const struct vector vectors[] = {
	{ "milan-v2", "snp/milan-v2/report.bin", "snp/milan-v2/vcek.der",
	  "roots/snp/milan_ask_ark.pem", "Milan", "0200000000000544", "b07af962",
	  TEE_VERIFY_ALLOW_DEBUG },
	{ "milan-v3", "snp/milan-v3/report.bin", "snp/milan-v3/vcek.der",
	  "roots/snp/milan_ask_ark.pem", "Milan", "04000000000018db", "6a063be9", 0 },
	{ "genoa-v3", "snp/genoa-v3/report.bin", "snp/genoa-v3/vcek.pem",
	  "roots/snp/genoa_ask_ark.pem", "Genoa", "0a00000000001754", "f57dc09a", 0 },
};

#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))

/* One vector in memory, certificates as DER so that each bit of them counts. */
struct sample {
	const struct vector *vector;
	struct blob report, leaf, ask, ark;
	struct tee_verify_params params;
};

static void load_sample(const struct vector *vector, struct sample *s)
{
	struct blob roots = read_vector(vector->roots), leaf = read_vector(vector->leaf);

	s->vector = vector;
	s->report = read_vector(vector->report);
	s->ask = pem_to_der(roots, 0);
	s->ark = pem_to_der(roots, 1);
	s->leaf = leaf;
	if (leaf.data[0] == '-') {
		s->leaf = pem_to_der(leaf, 0);
		free_blob(&leaf);
	}
	free_blob(&roots);
	s->params = (struct tee_verify_params){
		.size = sizeof(s->params),
		.flags = vector->flags,
		.root = blob_bytes(s->ark),
		.intermediates = blob_bytes(s->ask),
		.leaf = blob_bytes(s->leaf),
		.time = INSIDE,
	};
}

static void free_sample(struct sample *s)
{
	free_blob(&s->report);
	free_blob(&s->leaf);
	free_blob(&s->ask);
	free_blob(&s->ark);
}

static tee_verdict *judge(const struct sample *s)
{
	tee_verdict *v = NULL;

	assert_int_equal(tee_verify_snp_report(s->report.data, s->report.len, &s->params, &v), 0);
	assert_non_null(v);
	return v;
}

#define THREADS	8

struct caller {
	pthread_t thread;
	pthread_barrier_t *together;
	const struct sample *sample;
	tee_verdict *verdict;
};

static void *judge_together(void *data)
{
	struct caller *c = data;

	(void)pthread_barrier_wait(c->together);
	(void)tee_verify_snp_report(c->sample->report.data, c->sample->report.len, &c->sample->params, &c->verdict);
	return NULL;
}

/* The very first of the process: they make what all later ones share. */
static void the_first_calls_may_come_at_once(void **state)
{
	struct caller callers[THREADS] = { 0 };
	pthread_barrier_t together;
	struct sample s;

	(void)state;
	load_sample(&vectors[1], &s);
	assert_int_equal(pthread_barrier_init(&together, NULL, THREADS), 0);
	for (size_t i = 0; i < THREADS; i++) {
		callers[i].together = &together;
		callers[i].sample = &s;
		assert_int_equal(pthread_create(&callers[i].thread, NULL, judge_together, &callers[i]), 0);
	}
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
		assert_non_null(callers[i].verdict);
		assert_good(callers[i].verdict);
		tee_verdict_free(callers[i].verdict);
	}
	assert_int_equal(pthread_barrier_destroy(&together), 0);
	free_sample(&s);
}

static void real_reports_verify(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		struct sample s;
		tee_verdict *v;

		load_sample(&vectors[i], &s);
		v = judge(&s);
		assert_good(v);
		assert_int_equal(check_result(v, "signature"), TEE_CHECK_PASSED);
		assert_int_equal(check_result(v, "chain.leaf"), TEE_CHECK_PASSED);
		assert_int_equal(check_result(v, "chip_id"), TEE_CHECK_PASSED);
		assert_int_equal(check_result(v, "tcb.certificate"), TEE_CHECK_PASSED);
		assert_string_equal(fact(v, "report.product"), vectors[i].product);
		assert_memory_equal(fact(v, "report.reported_tcb"), vectors[i].tcb, 16);
		assert_memory_equal(fact(v, "report.measurement"), vectors[i].measurement_start, 8);
		tee_verdict_free(v);
		free_sample(&s);
	}
}

static void amds_bundle_of_ask_and_ark_is_enough(void **state)
{
	struct sample s;
	struct blob roots;
	tee_verdict *v;

	(void)state;
	load_sample(&vectors[1], &s);
	roots = read_vector(vectors[1].roots);
	s.params.root = blob_bytes(roots);
	s.params.intermediates = (struct tee_bytes){ NULL, 0 };
	v = judge(&s);
	assert_good(v);
	tee_verdict_free(v);
	free_blob(&roots);
	free_sample(&s);
}

static void what_has_no_reference_is_not_checked(void **state)
{
	static const char *const names[] = {
		"crl", "nonce", "measurement", "min_tcb", "guest_svn", "product",
	};
	struct sample s;
	tee_verdict *v;

	(void)state;
	load_sample(&vectors[1], &s);
	s.params.vmpl = -1;
	v = judge(&s);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(check_result(v, names[i]), TEE_CHECK_NOT_MADE);
	assert_int_equal(check_result(v, "vmpl"), TEE_CHECK_NOT_MADE);
	tee_verdict_free(v);
	free_sample(&s);
}

static void no_bit_of_the_report_may_change(void **state)
{
	(void)state;
	for (size_t i = 0; i < VECTORS; i++) {
		struct sample s;

		load_sample(&vectors[i], &s);
		for (size_t at = 0; at < s.report.len; at++) {
			uint8_t mask = (uint8_t)(1u << at % 8);
			tee_verdict *v;

			s.report.data[at] ^= mask;
			v = judge(&s);
			assert_rejected(v);
			assert_int_not_equal(check_result(v, "signature"), -1);
			if (at < SNP_SIGNED_SIZE)
				assert_int_not_equal(check_result(v, "signature"), TEE_CHECK_PASSED);
			tee_verdict_free(v);
			s.report.data[at] ^= mask;
		}
		free_sample(&s);
	}
}

static void no_bit_of_a_certificate_may_change(struct sample *s, struct blob *cert, const char *who)
{
	for (size_t at = 0; at < cert->len; at++) {
		uint8_t mask = (uint8_t)(1u << at % 8);
		const char *failure;
		tee_verdict *v;

		cert->data[at] ^= mask;
		v = judge(s);
		assert_rejected(v);
		failure = tee_verdict_first_failure(v);
		if (strncmp(failure, who, strlen(who))) {
			print_verdict(v);
			fail_msg("byte %zu of the certificate: rejected by %s", at, failure);
		}
		tee_verdict_free(v);
		cert->data[at] ^= mask;
	}
}

static void no_bit_of_the_vcek_may_change(void **state)
{
	struct sample s;

	(void)state;
	load_sample(&vectors[1], &s);
	no_bit_of_a_certificate_may_change(&s, &s.leaf, "chain.leaf");
	free_sample(&s);
}

static void no_bit_of_the_ask_may_change(void **state)
{
	struct sample s;

	(void)state;
	load_sample(&vectors[1], &s);
	no_bit_of_a_certificate_may_change(&s, &s.ask, "chain.ask");
	free_sample(&s);
}

static void no_bit_of_the_root_may_change(void **state)
{
	struct sample s;

	(void)state;
	load_sample(&vectors[2], &s);
	no_bit_of_a_certificate_may_change(&s, &s.ark, "chain.root");
	free_sample(&s);
}

static void a_foreign_root_is_refused(void **state)
{
	struct sample s, other;
	tee_verdict *v;

	(void)state;
	load_sample(&vectors[1], &s);
	load_sample(&vectors[2], &other);
	s.params.root = blob_bytes(other.ark);
	v = judge(&s);
	assert_rejected_by(v, "chain.ask");
	tee_verdict_free(v);
	s.params.intermediates = blob_bytes(other.ask);
	v = judge(&s);
	assert_rejected_by(v, "chain.leaf");
	tee_verdict_free(v);
	free_sample(&s);
	free_sample(&other);
}

static void a_chain_of_another_chip_is_refused(void **state)
{
	struct sample s, other;
	tee_verdict *v;

	(void)state;
	load_sample(&vectors[1], &s);
	load_sample(&vectors[0], &other);
	s.params.leaf = blob_bytes(other.leaf);
	v = judge(&s);
	assert_rejected_by(v, "signature");
	assert_int_equal(check_result(v, "chip_id"), TEE_CHECK_FAILED);
	assert_int_equal(check_result(v, "tcb.certificate"), TEE_CHECK_FAILED);
	tee_verdict_free(v);
	free_sample(&s);
	free_sample(&other);
}

static void missing_certificates_are_named(void **state)
{
	struct sample s;
	tee_verdict *v;

	(void)state;
	load_sample(&vectors[1], &s);
	s.params.leaf = (struct tee_bytes){ NULL, 0 };
	v = judge(&s);
	assert_rejected_by(v, "chain.leaf");
	tee_verdict_free(v);
	s.params.leaf = blob_bytes(s.leaf);
	s.params.intermediates = (struct tee_bytes){ NULL, 0 };
	v = judge(&s);
	assert_rejected_by(v, "chain.ask");
	tee_verdict_free(v);
	free_sample(&s);
}

static void certificates_count_only_in_their_time(void **state)
{
	static const struct {
		int64_t time;
		const char *failure;
	} moments[] = {
		{ 1603387385 - 1, "chain.root.validity" },	/* ARK from 2020-10-22 17:23:05 */
		{ 1603387385, "chain.ask.validity" },		/* ASK an hour later */
		{ 1738081615 - 1, "chain.leaf.validity" },	/* VCEK from 2025-01-28 16:26:55 */
		{ 1738081615, NULL },
		{ 1958920015, NULL },				/* until 2032-01-28 16:26:55 */
		{ 1958920015 + 1, "chain.leaf.validity" },
		{ INT64_MAX, "chain.root.validity" },
	};
	struct sample s;

	(void)state;
	load_sample(&vectors[1], &s);
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

static void expect(const struct sample *s, const char *check, bool good)
{
	tee_verdict *v = judge(s);

	if (good)
		assert_good(v);
	else
		assert_rejected_by(v, check);
	assert_int_equal(check_result(v, check), good ? TEE_CHECK_PASSED : TEE_CHECK_FAILED);
	tee_verdict_free(v);
}

static void expectations_are_compared(void **state)
{
	uint8_t measurement[48], nonce[64], tcb[8];
	struct sample s;

	(void)state;
	load_sample(&vectors[1], &s);

	memcpy(measurement, s.report.data + 0x90, sizeof(measurement));
	s.params.measurement = (struct tee_bytes){ measurement, sizeof(measurement) };
	expect(&s, "measurement", true);
	measurement[47] ^= 1;
	expect(&s, "measurement", false);
	s.params.measurement.len = 0;

	memcpy(nonce, s.report.data + 0x50, sizeof(nonce));
	s.params.nonce = nonce;
	s.params.nonce_len = 32;	/* the rest of report_data is zero */
	expect(&s, "nonce", true);
	nonce[0] ^= 1;
	expect(&s, "nonce", false);
	s.params.nonce_len = 0;
	expect(&s, "nonce", false);
	s.params.nonce = NULL;

	memcpy(tcb, s.report.data + 0x180, sizeof(tcb));
	s.params.min_tcb = (struct tee_bytes){ tcb, sizeof(tcb) };
	expect(&s, "min_tcb", true);
	tcb[7] = 0;
	tcb[6]++;
	expect(&s, "min_tcb", false);
	s.params.min_tcb.len = 0;

	s.params.min_guest_svn = 10;
	expect(&s, "guest_svn", true);
	s.params.min_guest_svn = 11;
	expect(&s, "guest_svn", false);
	s.params.min_guest_svn = 0;

	s.params.product = "Milan";
	expect(&s, "product", true);
	s.params.product = "Turin";
	expect(&s, "product", false);
	s.params.product = NULL;

	s.params.vmpl = 0;
	expect(&s, "vmpl", true);
	s.params.vmpl = 1;
	expect(&s, "vmpl", false);
	s.params.vmpl = 0;

	s.params.workload = "anything";
	expect(&s, "workload", false);
	free_sample(&s);
}

static void a_debuggable_guest_is_refused_unless_allowed(void **state)
{
	struct sample s;
	tee_verdict *v;

	(void)state;
	load_sample(&vectors[0], &s);
	v = judge(&s);
	assert_good(v);
	assert_int_equal(check_result(v, "policy.debug"), TEE_CHECK_WARNING);
	tee_verdict_free(v);
	s.params.flags = 0;
	v = judge(&s);
	assert_rejected_by(v, "policy.debug");
	tee_verdict_free(v);
	free_sample(&s);
}

static void a_match_under_a_bad_signature_does_not_count(void **state)
{
	struct sample s;
	tee_verdict *v;

	(void)state;
	load_sample(&vectors[1], &s);
	s.params.measurement = (struct tee_bytes){ s.report.data + 0x90, 48 };
	s.report.data[0x50] ^= 1;
	v = judge(&s);
	assert_rejected_by(v, "signature");
	assert_int_equal(check_result(v, "measurement"), TEE_CHECK_NOT_MADE);
	assert_non_null(strstr(check_text(v, "measurement"), "rests on signature"));
	tee_verdict_free(v);
	free_sample(&s);
}

static void reports_of_other_sizes_are_refused(void **state)
{
	static const size_t sizes[] = { 0, 1, 1183, 1185 };
	uint8_t buffer[1185] = { 2 };
	struct sample s;

	(void)state;
	load_sample(&vectors[1], &s);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		tee_verdict *v = NULL;

		assert_int_equal(tee_verify_snp_report(buffer, sizes[i], &s.params, &v), 0);
		assert_rejected_by(v, "report.size");
		tee_verdict_free(v);
	}
	free_sample(&s);
}

static void expect_einval(const struct sample *s, const struct tee_verify_params *params)
{
	tee_verdict *v = (tee_verdict *)&v;

	assert_int_equal(tee_verify_snp_report(s->report.data, s->report.len, params, &v), -EINVAL);
	assert_ptr_equal(v, &v);
}

static void unusable_parameters_are_refused(void **state)
{
	struct tee_verify_params p;
	struct sample s;

	(void)state;
	load_sample(&vectors[1], &s);
	expect_einval(&s, NULL);
	p = s.params, p.size = TEE_VERIFY_PARAMS_SIZE_0 - 1, expect_einval(&s, &p);
	p = s.params, p.flags = 1u << 31, expect_einval(&s, &p);
	p = s.params, p.root.len = 0, expect_einval(&s, &p);
	p = s.params, p.root.data = NULL, expect_einval(&s, &p);
	p = s.params, p.time = 0, expect_einval(&s, &p);
	p = s.params, p.nonce = "", p.nonce_len = 65, expect_einval(&s, &p);
	p = s.params, p.nonce_len = 1, expect_einval(&s, &p);
	p = s.params, p.measurement = (struct tee_bytes){ "x", 1 }, expect_einval(&s, &p);
	p = s.params, p.min_tcb = (struct tee_bytes){ "x", 1 }, expect_einval(&s, &p);
	p = s.params, p.vmpl = 4, expect_einval(&s, &p);
	p = s.params, p.vmpl = -2, expect_einval(&s, &p);
	p = s.params, p.product = "Naples", expect_einval(&s, &p);
	p = s.params, p.crl.len = 1, expect_einval(&s, &p);
	free_sample(&s);
}

static void certificates_that_are_none_are_a_verdict(void **state)
{
	static const char garbage[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	struct sample s;
	tee_verdict *v;

	(void)state;
	load_sample(&vectors[1], &s);
	s.params.leaf = (struct tee_bytes){ garbage, sizeof(garbage) - 1 };
	v = judge(&s);
	assert_rejected_by(v, "chain.leaf");
	tee_verdict_free(v);
	s.params.root = (struct tee_bytes){ garbage, 3 };
	v = judge(&s);
	assert_rejected_by(v, "chain.root");
	tee_verdict_free(v);
	free_sample(&s);
}

static void a_certificate_with_a_tail_is_refused(void **state)
{
	struct sample s;
	uint8_t *longer;
	tee_verdict *v;

	(void)state;
	load_sample(&vectors[1], &s);
	longer = calloc(1, s.leaf.len + 1);
	assert_non_null(longer);
	memcpy(longer, s.leaf.data, s.leaf.len);
	s.params.leaf = (struct tee_bytes){ longer, s.leaf.len + 1 };
	v = judge(&s);
	assert_rejected_by(v, "chain.leaf");
	tee_verdict_free(v);
	free(longer);
	free_sample(&s);
}

/* No real VLEK or Turin evidence is public under a licence we could use; its roots are. */
static void amds_roots_fit_the_profile(void **state)
{
	static const char *const bundles[] = {
		"milan_ask_ark", "milan_asvk_ark", "genoa_ask_ark", "genoa_asvk_ark",
		"turin_ask_ark", "turin_asvk_ark",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]); i++) {
		STACK_OF(X509) *certs = NULL;
		struct blob pem;
		char name[64];
		X509 *ask, *ark;

		snprintf(name, sizeof(name), "roots/snp/%s.pem", bundles[i]);
		pem = read_vector(name);
		assert_int_equal(certs_load(NULL, blob_bytes(pem), &certs), 0);
		assert_int_equal(sk_X509_num(certs), 2);
		ask = sk_X509_value(certs, 0);
		ark = sk_X509_value(certs, 1);
		assert_null(snp_ca_profile(ark, true));
		assert_null(snp_ca_profile(ask, false));
		assert_non_null(snp_ca_profile(ask, true));
		assert_non_null(snp_ca_profile(ark, false));
		assert_null(snp_why_not_issued(ark, ark));
		assert_null(snp_why_not_issued(ask, ark));
		assert_non_null(snp_why_not_issued(ark, ask));
		sk_X509_pop_free(certs, X509_free);
		free_blob(&pem);
	}
}

static void the_callers_error_queue_is_left_alone(void **state)
{
	struct sample s;
	unsigned long mine;
	tee_verdict *v;

	(void)state;
	load_sample(&vectors[1], &s);
	ERR_clear_error();
	ERR_raise(ERR_LIB_USER, 1);
	mine = ERR_peek_error();
	s.leaf.data[10] ^= 1;
	v = judge(&s);
	assert_rejected(v);
	assert_true(ERR_get_error() == mine);
	assert_true(ERR_get_error() == 0);
	tee_verdict_free(v);
	free_sample(&s);
}

static void the_end_of_the_lists_is_erange(void **state)
{
	struct sample s;
	const char *name = "untouched";
	tee_verdict *v;

	(void)state;
	load_sample(&vectors[1], &s);
	v = judge(&s);
	assert_int_equal(tee_verdict_get(v, tee_verdict_count(v), &name, NULL, NULL), -ERANGE);
	assert_int_equal(tee_verdict_fact(v, SIZE_MAX, &name, NULL), -ERANGE);
	assert_string_equal(name, "untouched");
	assert_null(tee_verdict_free(v));
	assert_null(tee_verdict_free(NULL));
	assert_false(tee_verdict_ok(NULL));
	free_sample(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_calls_may_come_at_once),
		cmocka_unit_test(real_reports_verify),
		cmocka_unit_test(amds_bundle_of_ask_and_ark_is_enough),
		cmocka_unit_test(what_has_no_reference_is_not_checked),
		cmocka_unit_test(no_bit_of_the_report_may_change),
		cmocka_unit_test(no_bit_of_the_vcek_may_change),
		cmocka_unit_test(no_bit_of_the_ask_may_change),
		cmocka_unit_test(no_bit_of_the_root_may_change),
		cmocka_unit_test(a_foreign_root_is_refused),
		cmocka_unit_test(a_chain_of_another_chip_is_refused),
		cmocka_unit_test(missing_certificates_are_named),
		cmocka_unit_test(certificates_count_only_in_their_time),
		cmocka_unit_test(expectations_are_compared),
		cmocka_unit_test(a_debuggable_guest_is_refused_unless_allowed),
		cmocka_unit_test(a_match_under_a_bad_signature_does_not_count),
		cmocka_unit_test(reports_of_other_sizes_are_refused),
		cmocka_unit_test(unusable_parameters_are_refused),
		cmocka_unit_test(certificates_that_are_none_are_a_verdict),
		cmocka_unit_test(a_certificate_with_a_tail_is_refused),
		cmocka_unit_test(amds_roots_fit_the_profile),
		cmocka_unit_test(the_callers_error_queue_is_left_alone),
		cmocka_unit_test(the_end_of_the_lists_is_erange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
