// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whole evidence items on simulated chips, made anew for each build by make-evidence.py: each case
 * of its list must be judged as the list says, and no bit of a good item may change.
 *
 * usage: test-verify-evidence DIRECTORY
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "evidence.h"
#include "verify-kit.h"

#define FIELDS 9
#define ARK_GUID	48	/* in the table: the third entry of 24 bytes */
#define TABLE_HEAD	96	/* three entries and the end */

static const char *directory;

enum field { NAME, KIND, INPUT, ROOT, LEAF, ASK, CRL, OPTIONS, EXPECTED };

/* One line of cases.tsv, loaded. */
struct sample {
	struct blob input, root, leaf, ask, crl, nonce, measurement, min_tcb;
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

static void take_option(struct sample *s, char *option)
{
	struct tee_verify_params *p = &s->params;
	const char *name = strsep(&option, "="), *value = option;

	if (!strcmp(name, "allow-debug")) {
		p->flags |= TEE_VERIFY_ALLOW_DEBUG;
	} else if (!strcmp(name, "allow-raw")) {
		p->flags |= TEE_VERIFY_ALLOW_RAW;
	} else if (!strcmp(name, "nonce")) {
		s->nonce = blob_from_hex(value);
		p->nonce = s->nonce.data;
		p->nonce_len = s->nonce.len;
	} else if (!strcmp(name, "measurement")) {
		s->measurement = blob_from_hex(value);
		p->measurement = blob_bytes(s->measurement);
	} else if (!strcmp(name, "min-tcb")) {
		s->min_tcb = blob_from_hex(value);
		p->min_tcb = blob_bytes(s->min_tcb);
	} else if (!strcmp(name, "workload")) {
		p->workload = value;
	} else if (!strcmp(name, "image-digest")) {
		p->image_digest = value;
	} else if (!strcmp(name, "image-voucher")) {
		p->image_voucher = value;
	} else if (!strcmp(name, "product")) {
		p->product = value;
	} else if (!strcmp(name, "vmpl")) {
		p->vmpl = strcmp(value, "any") ? atoi(value) : -1;
	} else if (!strcmp(name, "min-svn")) {
		p->min_guest_svn = (uint32_t)atoi(value);
	} else if (!strcmp(name, "time")) {
		p->time += 86400 * atoll(value);
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
		.leaf = load(fields[LEAF]),
		.ask = load(fields[ASK]),
		.crl = load(fields[CRL]),
		.bare = !strcmp(fields[KIND], "report"),
	};
	s->params = (struct tee_verify_params){
		.size = sizeof(s->params),
		.root = blob_bytes(s->root),
		.intermediates = blob_bytes(s->ask),
		.leaf = blob_bytes(s->leaf),
		.crl = blob_bytes(s->crl),
		.time = time(NULL),
	};
	while (strcmp(fields[OPTIONS], "-") && options)
		take_option(s, strsep(&options, ","));
}

static void free_sample(struct sample *s)
{
	struct blob *blobs[] = { &s->input, &s->root, &s->leaf, &s->ask, &s->crl, &s->nonce,
				 &s->measurement, &s->min_tcb };

	for (size_t i = 0; i < sizeof(blobs) / sizeof(blobs[0]); i++)
		free_blob(blobs[i]);
}

static tee_verdict *judge(const struct sample *s)
{
	tee_verdict *v = NULL;
	int r;

	r = s->bare ? tee_verify_snp_report(s->input.data, s->input.len, &s->params, &v) :
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
	unsigned int count = 0, wrong = 0;
	char line[4096], *fields[FIELDS];
	FILE *file = open_cases();

	(void)state;
	while (fgets(line, sizeof(line), file)) {
		struct sample s;
		tee_verdict *v;

		assert_true(split_fields(line, fields, FIELDS));
		load_sample(fields, &s);
		v = judge(&s);
		wrong += !as_expected(v, fields[NAME], fields[EXPECTED]);
		count++;
		tee_verdict_free(v);
		free_sample(&s);
	}
	fclose(file);
	print_message("%u cases\n", count);
	assert_int_equal(wrong, 0);
	assert_true(count > 200);
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

/* Where @part, found by content, lies in @whole. */
static size_t offset_of(const struct blob *whole, struct ev_bytes part)
{
	for (size_t at = 0; at + part.len <= whole->len; at++)
		if (!memcmp(whole->data + at, part.data, part.len))
			return at;
	fail_msg("part not found");
	return 0;
}

/* Each @step-th byte, one bit: refused, and by a check that begins with one of @names. */
static void flip(struct sample *s, size_t start, size_t len, size_t step, const char *const *names)
{
	for (size_t at = start; at < start + len; at += step) {
		uint8_t mask = (uint8_t)(1u << at % 8);
		bool named = !names;
		const char *failure;
		tee_verdict *v;

		s->input.data[at] ^= mask;
		v = judge(s);
		if (tee_verdict_ok(v))
			fail_msg("byte %zu may change", at);
		assert_rejected(v);
		failure = tee_verdict_first_failure(v);
		for (size_t i = 0; names && names[i] && !named; i++)
			named = !strncmp(failure, names[i], strlen(names[i]));
		if (!named) {
			print_verdict(v);
			fail_msg("byte %zu: refused by %s", at, failure);
		}
		tee_verdict_free(v);
		s->input.data[at] ^= mask;
	}
}

static void flip_all(struct sample *s, size_t start, size_t len, const char *const *names)
{
	flip(s, start, len, 1, names);
}

static void no_bit_of_an_evidence_item_may_change(void **state)
{
	static const char *const claims[] = { "binding.root", NULL };
	static const char *const report[] = { "report.", "chain.leaf.key", "signature", NULL };
	static const char *const certificates[] = { "chain.", "certs.table", NULL };
	struct evidence ev;
	struct sample s;
	char line[4096];
	size_t at;

	(void)state;
	find_case("good-milan", line, sizeof(line), &s);
	s.params.nonce = NULL;
	s.params.nonce_len = 0;
	s.params.workload = NULL;
	assert_int_equal(ev_decode(s.input.data, s.input.len, &ev, NULL), 0);

	at = offset_of(&s.input, ev.binding.claims);
	flip_all(&s, at, ev.binding.claims.len, claims);
	at = offset_of(&s.input, ev.binding.user_data);
	flip_all(&s, at, ev.binding.user_data.len, claims);
	at = offset_of(&s.input, ev.binding.blind);
	flip_all(&s, at, ev.binding.blind.len, claims);
	at = offset_of(&s.input, ev.report);
	/* A version that is unknown, or a VLEK that is not there, is seen before the signature. */
	flip_all(&s, at, ev.report.len, report);
	at = offset_of(&s.input, ev.aux);
	/* Not the GUID of the ARK: nobody needs that entry, so it may as well be of unknown kind. */
	flip_all(&s, at, ARK_GUID, certificates);
	flip_all(&s, at + ARK_GUID + 16, TABLE_HEAD - ARK_GUID - 16, certificates);
	/* Of the certificates not each byte once more: test-verify-snp.c has done that. */
	flip(&s, at + TABLE_HEAD, ev.aux.len - TABLE_HEAD, 5, certificates);
	/* The rest: heads of CBOR, indices, label. */
	flip_all(&s, 0, offset_of(&s.input, ev.report), NULL);
	flip_all(&s, at + ev.aux.len, offset_of(&s.input, ev.binding.claims) - at - ev.aux.len, NULL);
	ev_done(&ev);
	free_sample(&s);
}

/* Nothing of such an entry is used, so no verdict depends on it: see doc/verify-checks.md. */
static void entries_of_unknown_kind_are_passed_over(void **state)
{
	struct evidence ev;
	struct sample s;
	char line[4096];
	size_t at;

	(void)state;
	find_case("good-milan", line, sizeof(line), &s);
	assert_int_equal(ev_decode(s.input.data, s.input.len, &ev, NULL), 0);
	at = offset_of(&s.input, ev.aux) + ARK_GUID;
	ev_done(&ev);
	for (size_t i = 0; i < 16; i++) {
		tee_verdict *v;

		s.input.data[at + i] ^= 0x10;
		v = judge(&s);
		assert_good(v);
		assert_int_equal(check_result(v, "certs.table"), TEE_CHECK_PASSED);
		tee_verdict_free(v);
		s.input.data[at + i] ^= 0x10;
	}
	free_sample(&s);
}

static void no_bit_of_a_proof_may_change(void **state)
{
	static const char *const binding[] = { "binding.root", NULL };
	struct evidence ev;
	struct sample s;
	char line[4096];

	(void)state;
	find_case("good-tree-7-3", line, sizeof(line), &s);
	assert_int_equal(ev_decode(s.input.data, s.input.len, &ev, NULL), 0);
	assert_int_equal(ev.binding.path_count, 3);
	for (size_t i = 0; i < ev.binding.path_count; i++) {
		struct ev_bytes hash = { ev.binding.path + 48 * i, 48 };

		flip_all(&s, offset_of(&s.input, hash), hash.len, binding);
	}
	ev_done(&ev);
	free_sample(&s);
}

static void no_bit_of_a_revocation_list_may_change(void **state)
{
	struct sample s;
	char line[4096];

	(void)state;
	find_case("good-milan", line, sizeof(line), &s);
	for (size_t at = 0; at < s.crl.len; at++) {
		uint8_t mask = (uint8_t)(1u << at % 8);
		tee_verdict *v;

		s.crl.data[at] ^= mask;
		v = judge(&s);
		assert_rejected_by(v, "crl");
		tee_verdict_free(v);
		s.crl.data[at] ^= mask;
	}
	free_sample(&s);
}

/* Whoever pins an image of Secure Execution has pinned nothing that is in here. */
static void what_is_for_secure_execution_refuses_it(void **state)
{
	static const uint8_t some[32] = { 1 };
	const struct tee_bytes bytes = { some, sizeof(some) };
	struct sample s;
	char line[4096];

	(void)state;
	for (int i = 0; i < 3; i++) {
		tee_verdict *v;

		find_case("good-milan", line, sizeof(line), &s);
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

static void a_cut_off_item_is_refused(void **state)
{
	struct sample s;
	char line[4096];

	(void)state;
	find_case("good-milan", line, sizeof(line), &s);
	for (size_t len = 0; len < s.input.len; len += len < 64 ? 1 : 61) {
		tee_verdict *v = NULL;

		assert_int_equal(tee_verify(s.input.data, len, &s.params, &v), 0);
		assert_rejected_by(v, "evidence.format");
		tee_verdict_free(v);
	}
	free_sample(&s);
}

/* The linker sends the allocations of libtee-verify, not those of OpenSSL, through here. */
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
	char line[4096];
	tee_verdict *v;

	(void)state;
	find_case("good-milan", line, sizeof(line), &s);
	allocations = 0;
	v = judge(&s);
	needed = allocations;
	assert_good(v);
	tee_verdict_free(v);
	assert_true(needed > 100);
	for (unsigned long n = 1; n <= needed; n++) {
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
		cmocka_unit_test(no_bit_of_an_evidence_item_may_change),
		cmocka_unit_test(entries_of_unknown_kind_are_passed_over),
		cmocka_unit_test(no_bit_of_a_proof_may_change),
		cmocka_unit_test(no_bit_of_a_revocation_list_may_change),
		cmocka_unit_test(a_cut_off_item_is_refused),
		cmocka_unit_test(running_out_of_memory_is_an_error),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	directory = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
