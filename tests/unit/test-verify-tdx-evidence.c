// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TDX quotes and evidence of a simulated platform, made anew for each build by
 * make-tdx-evidence.py: each case, with all the mutations listed in tdx-mutations, must be judged as
 * the list says, and no byte of a good quote, its collateral or its event log may change.
 *
 * usage: test-verify-tdx-evidence DIRECTORY
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "tdx-quote.h"
#include "verify-kit.h"

#define FIELDS	7
#define MOMENT	1780000000	/* NOW of make-tdx-evidence.py */

static const char *directory;

enum field { NAME, KIND, INPUT, ROOT, COLLATERAL, OPTIONS, EXPECTED };

/* One line of cases.tsv, loaded. */
struct sample {
	struct blob input, root, collateral, nonce, measurement, rtmr[TDX_RTMR_COUNT];
	struct tee_verify_params params;
	bool bare;
};

static struct blob load(const char *name)
{
	struct blob none = { NULL, 0 };
	char path[4096];

	if (!strcmp(name, "-"))
		return none;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return read_blob(path);
}

static struct tee_bytes take_hex(const char *hex, struct blob *keep)
{
	free_blob(keep);
	*keep = blob_from_hex(hex);
	return blob_bytes(*keep);
}

static void take_masked(char *text, uint64_t *ret_value, uint64_t *ret_mask)
{
	char *value = strsep(&text, "/");

	assert_non_null(text);
	*ret_value = strtoull(value, NULL, 16);
	*ret_mask = strtoull(text, NULL, 16);
}

/* The list of the API has commas, which separate options here. */
static void take_list(char *list, struct tee_verify_params *p)
{
	for (char *c = list; *c; c++)
		if (*c == '+')
			*c = ',';
	p->tcb_status = list;
}

static void take_option(struct sample *s, char *option)
{
	struct tee_verify_params *p = &s->params;
	char *name = strsep(&option, "="), *value = option;

	if (!strcmp(name, "allow-debug")) {
		p->flags |= TEE_VERIFY_ALLOW_DEBUG;
	} else if (!strcmp(name, "nonce")) {
		p->nonce_len = take_hex(value, &s->nonce).len;
		p->nonce = s->nonce.data;
	} else if (!strcmp(name, "measurement")) {
		p->measurement = take_hex(value, &s->measurement);
	} else if (!strncmp(name, "rtmr", 4)) {
		p->rtmr[name[4] - '0'] = take_hex(value, &s->rtmr[name[4] - '0']);
	} else if (!strcmp(name, "workload")) {
		p->workload = value;
	} else if (!strcmp(name, "tcb-status")) {
		take_list(value, p);
	} else if (!strcmp(name, "td-attributes")) {
		take_masked(value, &p->td_attributes, &p->td_attributes_mask);
	} else if (!strcmp(name, "xfam")) {
		take_masked(value, &p->xfam, &p->xfam_mask);
	} else if (!strcmp(name, "min-svn")) {
		p->min_guest_svn = (uint32_t)atoi(value);
	} else {
		fail_msg("unknown option %s", name);
	}
}

static void load_sample(char **fields, struct sample *s)
{
	char *options = fields[OPTIONS];

	*s = (struct sample){
		.input = load(fields[INPUT]),
		.root = load(fields[ROOT]),
		.collateral = load(fields[COLLATERAL]),
		.bare = !strcmp(fields[KIND], "quote"),
	};
	s->params = (struct tee_verify_params){
		.size = sizeof(s->params),
		.root = blob_bytes(s->root),
		.collateral = blob_bytes(s->collateral),
		.time = MOMENT,
	};
	while (strcmp(fields[OPTIONS], "-") && options)
		take_option(s, strsep(&options, ","));
}

static void free_sample(struct sample *s)
{
	free_blob(&s->input);
	free_blob(&s->root);
	free_blob(&s->collateral);
	free_blob(&s->nonce);
	free_blob(&s->measurement);
	for (size_t i = 0; i < TDX_RTMR_COUNT; i++)
		free_blob(&s->rtmr[i]);
}

static tee_verdict *judge(const struct sample *s)
{
	tee_verdict *v = NULL;
	int r;

	r = s->bare ? tee_verify_tdx_quote(s->input.data, s->input.len, &s->params, &v) :
		      tee_verify(s->input.data, s->input.len, &s->params, &v);
	assert_int_equal(r, 0);
	return v;
}

static FILE *open_cases(void)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cases.tsv", directory);
	file = fopen(path, "r");
	if (!file)
		fail_msg("cannot open %s", path);
	return file;
}

static void each_case_is_judged_as_listed(void **state)
{
	unsigned int good = 0, bad = 0, wrong = 0;
	char line[8192], *fields[FIELDS];
	FILE *file = open_cases();

	(void)state;
	while (fgets(line, sizeof(line), file)) {
		struct sample s;
		tee_verdict *v;

		assert_true(split_fields(line, fields, FIELDS));
		load_sample(fields, &s);
		v = judge(&s);
		*(strncmp(fields[EXPECTED], "good", 4) ? &bad : &good) += 1;
		wrong += !as_expected(v, fields[NAME], fields[EXPECTED]);
		tee_verdict_free(v);
		free_sample(&s);
	}
	fclose(file);
	print_message("%u good cases, %u mutations\n", good, bad);
	assert_int_equal(wrong, 0);
	assert_true(good > 25 && bad > 150);
}

/* The case @name of the list; @line keeps what the sample points to. */
static void find_case(const char *name, char *line, int size, struct sample *s)
{
	FILE *file = open_cases();
	char *fields[FIELDS];

	for (;;) {
		if (!fgets(line, size, file))
			fail_msg("there is no case %s", name);
		assert_true(split_fields(line, fields, FIELDS));
		if (!strcmp(fields[NAME], name))
			break;
	}
	fclose(file);
	load_sample(fields, s);
}

/* One bit of each byte of @data: refused, and first by a check that begins with @check. */
static void flip(const struct sample *s, uint8_t *data, size_t len, const char *check)
{
	for (size_t at = 0; at < len; at += flip_step()) {
		uint8_t mask = (uint8_t)(1u << at % 8);
		const char *failure;
		tee_verdict *v;

		data[at] ^= mask;
		v = judge(s);
		if (tee_verdict_ok(v))
			fail_msg("byte %zu of the %s part may change", at, check);
		assert_rejected(v);
		failure = tee_verdict_first_failure(v);
		if (strncmp(failure, check, strlen(check))) {
			print_verdict(v);
			fail_msg("byte %zu: rejected by %s instead of %s", at, failure, check);
		}
		tee_verdict_free(v);
		data[at] ^= mask;
	}
}

/* The parts of a quote in their order, and which check notices that one has changed. */
struct part {
	size_t len;
	const char *check;
};

static void flip_parts(const struct sample *s, const struct part *parts, size_t count, size_t padding)
{
	uint8_t *at = s->input.data;

	for (size_t i = 0; i < count; i++) {
		flip(s, at, parts[i].len, parts[i].check);
		at += parts[i].len;
	}
	assert_ptr_equal(at + padding, s->input.data + s->input.len);
}

static void no_byte_of_a_quote_may_change(void **state)
{
	struct sample s;
	char line[8192];
	size_t chain;

	(void)state;
	find_case("good-v5-td15", line, sizeof(line), &s);
	s.params.collateral.len = 0;	/* twice as fast, and it would only notice later */
	chain = s.input.len - 17 - (48 + 6 + 648 + 4 + 128 + 6 + 384 + 64 + 2 + 32 + 6);
	const struct part parts[] = {
		{ 2, "quote." },	/* 5 may become 4, whose lengths are others */
		{ 2 + 4, "quote.header" },
		{ 4, "signature" },
		{ 16, "quote.header" },
		{ 20, "signature" },
		{ 6, "quote.format" },	/* type and size of the body */
		{ 648, "signature" },
		{ 4, "quote.format" },
		{ 64, "signature" },
		{ 64, "qe.report_data" },
		{ 6, "quote.format" },
		{ 384, "qe.signature" },
		{ 64, "qe.signature" },
		{ 2, "quote.format" },
		{ 32, "qe.report_data" },
		{ 6, "quote.format" },
		{ chain, "chain." },
	};

	flip_parts(&s, parts, sizeof(parts) / sizeof(parts[0]), 17);
	free_sample(&s);
}

static void a_quote_cut_off_anywhere_is_refused(void **state)
{
	struct sample s;
	char line[8192];
	size_t whole;

	(void)state;
	find_case("good-v4", line, sizeof(line), &s);
	whole = s.input.len - 17;
	for (size_t len = 0; len < whole; len += flip_step() * (len < 1300 ? 1 : 13)) {
		uint8_t *exact = malloc(len ? len : 1);
		tee_verdict *v = NULL;

		assert_non_null(exact);
		memcpy(exact, s.input.data, len);	/* so that a sanitizer sees the end */
		assert_int_equal(tee_verify_tdx_quote(exact, len, &s.params, &v), 0);
		assert_rejected(v);
		assert_memory_equal(tee_verdict_first_failure(v), "quote.", 6);
		tee_verdict_free(v);
		free(exact);
	}
	free_sample(&s);
}

/* Finds the value of @member, a JSON string without escapes of quotes around it. */
static uint8_t *find_member(const struct blob *json, const char *name, size_t *ret_len)
{
	char key[64], *start, *end;

	snprintf(key, sizeof(key), "\"%s\": \"", name);
	start = strstr((char *)json->data, key);
	assert_non_null(start);
	start += strlen(key);
	for (end = start; *end != '"' || end[-1] == '\\'; end++)
		;
	*ret_len = (size_t)(end - start);
	return (uint8_t *)start;
}

/*
 * Each @step-th character (two are a byte in hexadecimal), digits and letters only: a flip elsewhere may end the string or the JSON. What is left covers
 * every number, name and hash in the texts and each byte of lists, signatures and certificates.
 */
static void flip_member(struct sample *s, const char *name, size_t step, const char *const *checks)
{
	size_t len;
	uint8_t *text = find_member(&s->collateral, name, &len);

	for (size_t at = 0; at < len; at += step * flip_step()) {
		uint8_t old = text[at];
		const char *failure;
		bool named = false;
		tee_verdict *v;

		if (strchr("\\\"{}[]:,-\n ", old) || (at && text[at - 1] == '\\'))
			continue;
		/* Another digit where a digit is, so that the form stays. */
		text[at] = old == '9' ? '8' : old == 'f' ? 'e' : old == 'F' ? 'E' : old == 'z' ? 'y' :
			   old == 'Z' ? 'Y' : (uint8_t)(old + 1);
		v = judge(s);
		if (tee_verdict_ok(v))
			fail_msg("%s: byte %zu may change", name, at);
		failure = tee_verdict_first_failure(v);
		for (size_t i = 0; checks[i] && !named; i++)
			named = !strncmp(failure, checks[i], strlen(checks[i]));
		if (!named) {
			print_verdict(v);
			fail_msg("%s: byte %zu rejected by %s", name, at, failure);
		}
		tee_verdict_free(v);
		text[at] = old;
	}
}

static void no_byte_of_the_collateral_may_change(void **state)
{
	static const char *const root_list[] = { "crl.root", "collateral", NULL };
	static const char *const pck_list[] = { "crl.pck", "collateral", NULL };
	static const char *const tcb[] = { "tcb_info.signature", "collateral", NULL };
	static const char *const tcb_chain[] = { "tcb_info.signer", NULL };
	static const char *const qe[] = { "qe_identity.signature", "collateral", NULL };
	static const char *const qe_chain[] = { "qe_identity.signer", NULL };
	struct sample s;
	char line[8192];

	(void)state;
	find_case("good-v4", line, sizeof(line), &s);
	s.collateral.data = realloc(s.collateral.data, s.collateral.len + 1);
	assert_non_null(s.collateral.data);
	s.collateral.data[s.collateral.len] = '\0';
	s.params.collateral = blob_bytes(s.collateral);
	flip_member(&s, "root_ca_crl", 2, root_list);
	flip_member(&s, "pck_crl", 2, pck_list);
	flip_member(&s, "pck_crl_issuer_chain", 5, pck_list);
	flip_member(&s, "tcb_info", 1, tcb);
	flip_member(&s, "tcb_info_signature", 2, tcb);
	flip_member(&s, "tcb_info_issuer_chain", 5, tcb_chain);
	flip_member(&s, "qe_identity", 1, qe);
	flip_member(&s, "qe_identity_signature", 2, qe);
	flip_member(&s, "qe_identity_issuer_chain", 5, qe_chain);
	free_sample(&s);
}

static uint8_t *find_bytes(const struct blob *whole, const void *part, size_t len)
{
	uint8_t *at = memmem(whole->data, whole->len, part, len);

	assert_non_null(at);
	return at;
}

/* Of teegate's events the digest and the data, of others the digest: their data prove nothing. */
static void no_byte_of_a_teegate_event_may_change(void **state)
{
	static const uint8_t head[] = { 3, 0, 0, 0, 13, 0, 0, 0, 1, 0, 0, 0, 12, 0 };
	static const char tag[] = "teegate/event/v1";
	struct sample s;
	char line[8192];
	uint8_t *event;

	(void)state;
	find_case("good-bound-v4", line, sizeof(line), &s);
	event = find_bytes(&s.input, tag, strlen(tag)) - 4 - 48 - sizeof(head);
	assert_memory_equal(event, head, sizeof(head));
	flip(&s, event + sizeof(head), 48, "event_log.");
	event += sizeof(head) + 48;
	flip(&s, event, 4, "event_log.");	/* size */
	event += 4;
	/* With another tag it is nobody's event: good, but no longer counted as of teegate. */
	flip(&s, event + 16, 48 + 4 + strlen("unit started"), "event_log.");
	free_sample(&s);
}

/* Whoever pins an image of Secure Execution has pinned nothing that is in here. */
static void what_is_for_secure_execution_refuses_it(void **state)
{
	static const uint8_t some[32] = { 1 };
	const struct tee_bytes bytes = { some, sizeof(some) };
	struct sample s;
	char line[8192];

	(void)state;
	for (int i = 0; i < 3; i++) {
		tee_verdict *v;

		find_case("good-bound-v4", line, sizeof(line), &s);
		s.params.arpk = i == 1 ? bytes : (struct tee_bytes){ NULL, 0 };
		s.params.se_header = i == 2 ? bytes : (struct tee_bytes){ NULL, 0 };
		v = judge(&s);
		if (i == 0)
			assert_true(tee_verdict_ok(v));
		else
			assert_string_equal(tee_verdict_first_failure(v), "evidence.provider");
		tee_verdict_free(v);
		free_sample(&s);
	}
}

static void events_of_teegate_are_facts(void **state)
{
	struct sample s;
	char line[8192];
	tee_verdict *v;

	(void)state;
	find_case("good-bound-v5", line, sizeof(line), &s);
	v = judge(&s);
	assert_good(v);
	assert_string_equal(fact(v, "event_log.events"), "7");
	assert_non_null(strstr(fact(v, "event.0"), "rtmr2 by claims "));
	assert_non_null(strstr(fact(v, "event.0"), ": unit started"));
	assert_non_null(strstr(fact(v, "event.1"), "rtmr3 by claims "));
	assert_non_null(strstr(fact(v, "event.1"), ": \\x1b[31mcontainer \\xff"));
	tee_verdict_free(v);
	free_sample(&s);
}

/* A caller that was built before TDX: nothing of its memory after the old end is read. */
static void a_shorter_structure_is_still_taken(void **state)
{
	static const size_t size = TEE_VERIFY_PARAMS_SIZE_0;
	uint8_t *old = malloc(size);	/* a sanitizer sees what is read behind it */
	struct sample s;
	char line[8192];
	tee_verdict *v = NULL;

	(void)state;
	assert_non_null(old);
	find_case("good-v4", line, sizeof(line), &s);
	s.params.size = size;
	memcpy(old, &s.params, size);
	assert_int_equal(tee_verify_tdx_quote(s.input.data, s.input.len, (const void *)old, &v), 0);
	assert_good(v);
	assert_int_equal(check_result(v, "tcb.status"), TEE_CHECK_WARNING);
	tee_verdict_free(v);
	s.params.size--;
	assert_int_equal(tee_verify_tdx_quote(s.input.data, s.input.len, &s.params, &v), -EINVAL);
	free(old);
	free_sample(&s);
}

static void expect_einval(const struct sample *s, const struct tee_verify_params *params)
{
	tee_verdict *v = NULL;

	assert_int_equal(tee_verify_tdx_quote(s->input.data, s->input.len, params, &v), -EINVAL);
	assert_null(v);
}

static void unusable_parameters_are_refused(void **state)
{
	struct tee_verify_params p;
	struct sample s;
	char line[8192];

	(void)state;
	find_case("good-v4", line, sizeof(line), &s);
	p = s.params, p.tcb_status = "Revoked", expect_einval(&s, &p);
	p = s.params, p.tcb_status = "OutOfDate,Revoked", expect_einval(&s, &p);
	p = s.params, p.tcb_status = "outofdate", expect_einval(&s, &p);
	p = s.params, p.tcb_status = "", expect_einval(&s, &p);
	p = s.params, p.tcb_status = "OutOfDate,", expect_einval(&s, &p);
	p = s.params, p.rtmr[3].len = 32, expect_einval(&s, &p);
	p = s.params, p.rtmr[2] = (struct tee_bytes){ NULL, 48 }, expect_einval(&s, &p);
	p = s.params, p.collateral.data = NULL, expect_einval(&s, &p);
	p = s.params, p.xfam = 4, p.xfam_mask = 3, expect_einval(&s, &p);
	p = s.params, p.td_attributes = 1, p.td_attributes_mask = 0, expect_einval(&s, &p);
	free_sample(&s);
}

/* The linker sends the allocations of libtee-verify, not those of OpenSSL and json-c, through here. */
static long allocations_left = -1;
static unsigned long allocations;

static bool out_of_memory(void)
{
	allocations++;
	if (allocations_left > 0)
		allocations_left--;
	return allocations_left == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	return out_of_memory() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return out_of_memory() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return out_of_memory() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	return out_of_memory() ? NULL : __real_strdup(text);
}

/* From the nth allocation on there is no memory: an error, never a verdict with a hole in it. */
static void running_out_of_memory_is_an_error(void **state)
{
	unsigned long needed;
	struct sample s;
	char line[8192];
	tee_verdict *v;

	(void)state;
	find_case("good-bound-v5-td15", line, sizeof(line), &s);
	allocations = 0;
	v = judge(&s);
	needed = allocations;
	assert_good(v);
	tee_verdict_free(v);
	assert_true(needed > 100);
	for (unsigned long n = 1; n <= needed; n += flip_step()) {
		int r;

		v = NULL;
		allocations_left = (long)n;
		r = tee_verify(s.input.data, s.input.len, &s.params, &v);
		allocations_left = -1;
		assert_int_equal(r, -ENOMEM);
		assert_null(v);
	}
	free_sample(&s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_for_secure_execution_refuses_it),
		cmocka_unit_test(each_case_is_judged_as_listed),
		cmocka_unit_test(no_byte_of_a_quote_may_change),
		cmocka_unit_test(a_quote_cut_off_anywhere_is_refused),
		cmocka_unit_test(no_byte_of_the_collateral_may_change),
		cmocka_unit_test(no_byte_of_a_teegate_event_may_change),
		cmocka_unit_test(events_of_teegate_are_facts),
		cmocka_unit_test(a_shorter_structure_is_still_taken),
		cmocka_unit_test(unusable_parameters_are_refused),
		cmocka_unit_test(running_out_of_memory_is_an_error),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	directory = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
