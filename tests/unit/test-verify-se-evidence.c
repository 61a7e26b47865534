// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Answers of a simulated Ultravisor, made anew for each build by make-se-evidence.py: each case,
 * with all the mutations listed in se-mutations, must be judged as the list says, and no byte of
 * what is measured or authenticated may change.
 *
 * usage: test-verify-se-evidence DIRECTORY
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "exchange.h"
#include "se-arcb.h"
#include "verify-kit.h"

#define FIELDS	7
#define MOMENT	1780000000

static const char *directory;

enum field { NAME, KIND, INPUT, ARPK, HEADER, OPTIONS, EXPECTED };

enum brought { NONCE, CONFIG_UID, MEASUREMENT, REQUEST, HOST_KEY, COLLATERAL, BROUGHT_COUNT };

/* One line of cases.tsv, loaded. */
struct sample {
	struct blob input, arpk, header, brought[BROUGHT_COUNT];
	struct tee_verify_params params;
	bool exchange;
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

static struct tee_bytes keep(struct sample *s, enum brought what, struct blob blob)
{
	free_blob(&s->brought[what]);
	s->brought[what] = blob;
	return blob_bytes(blob);
}

static void take_option(struct sample *s, char *option)
{
	struct tee_verify_params *p = &s->params;
	char *name = strsep(&option, "="), *value = option;

	if (!strcmp(name, "allow-raw")) {
		p->flags |= TEE_VERIFY_ALLOW_RAW;
	} else if (!strcmp(name, "root")) {
		p->root = (struct tee_bytes){ "none", 4 };
	} else if (!strcmp(name, "nonce")) {
		p->nonce_len = keep(s, NONCE, blob_from_hex(value)).len;
		p->nonce = p->nonce_len ? s->brought[NONCE].data : (const void *)"";
	} else if (!strcmp(name, "config-uid")) {
		p->config_uid = keep(s, CONFIG_UID, blob_from_hex(value));
	} else if (!strcmp(name, "measurement")) {
		p->measurement = keep(s, MEASUREMENT, blob_from_hex(value));
	} else if (!strcmp(name, "workload")) {
		p->workload = value;
	} else if (!strcmp(name, "request")) {
		p->challenge = keep(s, REQUEST, load(value));
	} else if (!strcmp(name, "host-key")) {
		p->host_keys = keep(s, HOST_KEY, load(value));
	} else if (!strcmp(name, "collateral")) {
		p->collateral = keep(s, COLLATERAL, load(value));
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
		.arpk = load(fields[ARPK]),
		.header = load(fields[HEADER]),
		.exchange = !strcmp(fields[KIND], "exchange"),
	};
	s->params = (struct tee_verify_params){
		.size = sizeof(s->params),
		.arpk = blob_bytes(s->arpk),
		.se_header = blob_bytes(s->header),
		.time = MOMENT,
	};
	while (strcmp(fields[OPTIONS], "-") && options)
		take_option(s, strsep(&options, ","));
}

static void free_sample(struct sample *s)
{
	free_blob(&s->input);
	free_blob(&s->arpk);
	free_blob(&s->header);
	for (size_t i = 0; i < BROUGHT_COUNT; i++)
		free_blob(&s->brought[i]);
}

static tee_verdict *judge(const struct sample *s)
{
	tee_verdict *v = NULL;
	int r;

	r = s->exchange ? tee_verify_se_exchange(s->input.data, s->input.len, &s->params, &v) :
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
	assert_true(good > 25 && bad > 100);
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

/* One bit of each byte of @data: refused, and first by @check or by one whose name begins so. */
static void flip(const struct sample *s, uint8_t *data, size_t len, const char *check)
{
	for (size_t at = 0; at < len; at++) {
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

/* Where in the input a part of the decoded evidence stands. */
static uint8_t *place(const struct sample *s, const struct ev_bytes *part)
{
	uint8_t *at = memmem(s->input.data, s->input.len, part->data, part->len);

	assert_non_null(at);
	assert_null(memmem(at + 1, s->input.len - (size_t)(at + 1 - s->input.data), part->data,
			   part->len));
	return at;
}

struct part {
	size_t len;
	const char *check;	/* NULL: nothing notices */
};

/* Without any expectation but the trust anchors: what is noticed must be so by itself. */
static void no_byte_of_an_answer_may_change(void **state)
{
	static const struct part additional[] = {
		{ 32, "additional.image_host" },
		{ 32, "additional.attestation_host" },
		{ 64, "measurement" },
		{ 320, "measurement" },
	};
	struct sample s;
	char line[8192];
	struct evidence ev;
	struct ev_se parts;
	uint8_t *at;

	(void)state;
	find_case("good-least", line, sizeof(line), &s);
	assert_int_equal(ev_decode(s.input.data, s.input.len, &ev, NULL), 0);
	assert_int_equal(ev_se_decode(&ev.details, &parts, NULL), 0);
	flip(&s, place(&s, &ev.report), 64, "measurement");
	flip(&s, place(&s, &parts.config_uid), 16, "measurement");
	flip(&s, place(&s, &parts.user_data), 64, "binding.");
	flip(&s, place(&s, &ev.binding.claims), ev.binding.claims.len, "binding.root");
	flip(&s, place(&s, &ev.binding.user_data), ev.binding.user_data.len, "binding.root");
	flip(&s, place(&s, &ev.binding.blind), 32, "binding.root");
	at = place(&s, &ev.aux);
	for (size_t i = 0; i < sizeof(additional) / sizeof(additional[0]); i++) {
		flip(&s, at, additional[i].len, additional[i].check);
		at += additional[i].len;
	}
	assert_ptr_equal(at, place(&s, &ev.aux) + ev.aux.len);
	ev_done(&ev);
	free_sample(&s);
}

/* An attacker who replaces what is compared is noticed by the measurement, and by its name. */
static void an_expected_uid_is_missed_by_name(void **state)
{
	struct sample s;
	char line[8192];
	struct evidence ev;
	struct ev_se parts;

	(void)state;
	find_case("good-bound", line, sizeof(line), &s);
	assert_int_equal(ev_decode(s.input.data, s.input.len, &ev, NULL), 0);
	assert_int_equal(ev_se_decode(&ev.details, &parts, NULL), 0);
	flip(&s, place(&s, &parts.config_uid), 16, "config_uid");
	ev_done(&ev);
	free_sample(&s);
}

/* All of the request is authenticated by its maker's secret, with or without the request itself. */
static void no_byte_of_a_request_may_change(void **state)
{
	static const struct part parts[] = {
		{ 8, "challenge.format" },
		{ 4, "challenge.version" },
		{ 4, "challenge.format" },	/* length */
		{ 12, "challenge.arpk" },
		{ 12, "challenge.format" },	/* reserved, slots */
		{ 8, "challenge.format" },	/* reserved, length of the secret */
		{ 8, "challenge." },		/* flags */
		{ 4, "challenge.version" },
		{ 4, "challenge.format" },
		{ 160 + 2 * 80 + 80 + 16, "challenge.arpk" },
	};
	struct sample s;
	char line[8192];
	struct evidence ev;
	struct ev_se details;
	uint8_t *at;

	(void)state;
	find_case("good-least", line, sizeof(line), &s);
	assert_int_equal(ev_decode(s.input.data, s.input.len, &ev, NULL), 0);
	assert_int_equal(ev_se_decode(&ev.details, &details, NULL), 0);
	at = place(&s, &details.challenge);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		flip(&s, at, parts[i].len, parts[i].check);
		at += parts[i].len;
	}
	assert_ptr_equal(at, place(&s, &details.challenge) + details.challenge.len);
	flip(&s, s.arpk.data, s.arpk.len, "challenge.arpk");
	ev_done(&ev);
	free_sample(&s);
}

/* What is measured of a header, and what of it only its owner can vouch for. */
static void digests_and_tag_of_a_header_may_not_change(void **state)
{
	static const struct part parts[] = {
		{ 16, "header.format" },
		{ 12, NULL },			/* IV */
		{ 20, "header.format" },	/* reserved, slots, length of the secret */
		{ 8 + 8 + 160, NULL },		/* pages, flags, the owner's public key */
		{ 3 * 64, "measurement" },
		{ 80, NULL },			/* of a host that did not start the image */
		{ 32, "additional.image_host" },
		{ 48 + 128, NULL },		/* wrapped key; encrypted part */
		{ 16, "measurement" },
	};
	struct sample s;
	char line[8192];
	uint8_t *at;

	(void)state;
	find_case("good-least", line, sizeof(line), &s);
	at = s.header.data;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].check)
			flip(&s, at, parts[i].len, parts[i].check);
		for (size_t n = 0; !parts[i].check && n < parts[i].len; n++) {
			tee_verdict *v;

			at[n] ^= 1;
			v = judge(&s);
			assert_good(v);
			tee_verdict_free(v);
			at[n] ^= 1;
		}
		at += parts[i].len;
	}
	assert_ptr_equal(at, s.header.data + s.header.len);
	free_sample(&s);
}

static void no_byte_of_an_exchange_file_may_change(void **state)
{
	struct sample s;
	char line[8192];
	struct exchange ex;

	(void)state;
	find_case("good-exchange", line, sizeof(line), &s);
	s.params.nonce = NULL;
	s.params.nonce_len = 0;
	assert_int_equal(exchange_parse(s.input.data, s.input.len, &ex, NULL), 0);
	flip(&s, s.input.data, 64, "answer.format");
	flip(&s, s.input.data + 64, ex.challenge.len, "challenge.");
	flip(&s, s.input.data + 64 + ex.challenge.len, 64, "measurement");
	flip(&s, s.input.data + 64 + ex.challenge.len + 64, 64, "additional.");
	flip(&s, s.input.data + 64 + ex.challenge.len + 64 + 64,
	     ex.additional.len - 64 + ex.user_data.len + ex.config_uid.len, "measurement");
	free_sample(&s);
}

static void an_answer_cut_off_anywhere_is_refused(void **state)
{
	static const char *const names[] = { "good-exchange", "good-least" };
	struct sample s;
	char line[8192];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		find_case(names[i], line, sizeof(line), &s);
		for (size_t len = 0; len < s.input.len; len++) {
			struct sample cut = s;
			tee_verdict *v;

			/* A sanitizer sees the end. */
			cut.input.data = malloc(len ? len : 1);
			assert_non_null(cut.input.data);
			memcpy(cut.input.data, s.input.data, len);
			cut.input.len = len;
			v = judge(&cut);
			assert_rejected_by(v, s.exchange ? "answer.format" : "evidence.format");
			tee_verdict_free(v);
			free(cut.input.data);
		}
		free_sample(&s);
	}
}

static void a_header_cut_off_anywhere_is_refused(void **state)
{
	struct sample s;
	char line[8192];

	(void)state;
	find_case("good-least", line, sizeof(line), &s);
	for (size_t len = 1; len < s.header.len; len++) {
		uint8_t *exact = malloc(len);
		tee_verdict *v;

		assert_non_null(exact);
		memcpy(exact, s.header.data, len);
		s.params.se_header = (struct tee_bytes){ exact, len };
		v = judge(&s);
		assert_rejected_by(v, "header.format");
		tee_verdict_free(v);
		free(exact);
	}
	free_sample(&s);
}

static void the_parts_of_an_answer_are_facts(void **state)
{
	struct sample s;
	char line[8192];
	tee_verdict *v;

	(void)state;
	find_case("good-bound", line, sizeof(line), &s);
	v = judge(&s);
	assert_good(v);
	assert_string_equal(fact(v, "provider"), "se");
	assert_int_equal(strlen(fact(v, "report.measurement")), 128);
	assert_int_equal(strlen(fact(v, "report.report_data")), 128);
	assert_int_equal(strlen(fact(v, "report.config_uid")), 32);
	assert_int_equal(strlen(fact(v, "report.secret_store_hash")), 128);
	assert_int_equal(strlen(fact(v, "report.firmware_state")), 640);
	assert_string_equal(fact(v, "report.image_host_key"), fact(v, "image.host_key.2"));
	assert_string_equal(fact(v, "report.attestation_host_key"),
			    fact(v, "challenge.host_key.1"));
	assert_string_equal(fact(v, "image.pages"), "1234");
	assert_string_equal(fact(v, "image.flags"), "0x00000000000000e0");
	assert_string_equal(fact(v, "challenge.flags"), "0x7c00000000000000");
	assert_string_equal(fact(v, "claims.workload"), "payments");
	tee_verdict_free(v);
	free_sample(&s);
}

/* A caller that was built before Secure Execution cannot have brought what it takes. */
static void a_shorter_structure_verifies_nothing_here(void **state)
{
	struct sample s;
	char line[8192];
	tee_verdict *v;

	(void)state;
	find_case("good-least", line, sizeof(line), &s);
	s.params.size = offsetof(struct tee_verify_params, arpk);
	s.params.root = (struct tee_bytes){ "none", 4 };
	v = judge(&s);
	assert_rejected_by(v, "challenge.arpk");
	tee_verdict_free(v);
	free_sample(&s);
}

static void expect_einval(const struct sample *s, const struct tee_verify_params *params)
{
	tee_verdict *v = NULL;

	assert_int_equal(tee_verify(s->input.data, s->input.len, params, &v), -EINVAL);
	assert_int_equal(tee_verify_se_exchange(s->input.data, s->input.len, params, &v), -EINVAL);
	assert_null(v);
}

static void unusable_parameters_are_refused(void **state)
{
	struct tee_verify_params p;
	struct sample s;
	char line[8192];

	(void)state;
	find_case("good-bound", line, sizeof(line), &s);
	p = s.params, p.arpk.len = 0, expect_einval(&s, &p);
	p = s.params, p.arpk.len = 31, expect_einval(&s, &p);
	p = s.params, p.arpk.data = NULL, expect_einval(&s, &p);
	p = s.params, p.config_uid.len = 15, expect_einval(&s, &p);
	p = s.params, p.se_header.data = NULL, expect_einval(&s, &p);
	p = s.params, p.challenge.data = NULL, expect_einval(&s, &p);
	p = s.params, p.host_keys.data = NULL, expect_einval(&s, &p);
	p = s.params, p.nonce_len = 257, expect_einval(&s, &p);
	p = s.params, p.time = 0, expect_einval(&s, &p);
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
	char line[8192];
	tee_verdict *v;

	(void)state;
	find_case("good-bound", line, sizeof(line), &s);
	allocations = 0;
	v = judge(&s);
	needed = allocations;
	assert_good(v);
	tee_verdict_free(v);
	assert_true(needed > 50);
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
		cmocka_unit_test(each_case_is_judged_as_listed),
		cmocka_unit_test(no_byte_of_an_answer_may_change),
		cmocka_unit_test(an_expected_uid_is_missed_by_name),
		cmocka_unit_test(no_byte_of_a_request_may_change),
		cmocka_unit_test(digests_and_tag_of_a_header_may_not_change),
		cmocka_unit_test(no_byte_of_an_exchange_file_may_change),
		cmocka_unit_test(an_answer_cut_off_anywhere_is_refused),
		cmocka_unit_test(a_header_cut_off_anywhere_is_refused),
		cmocka_unit_test(the_parts_of_an_answer_are_facts),
		cmocka_unit_test(a_shorter_structure_verifies_nothing_here),
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
