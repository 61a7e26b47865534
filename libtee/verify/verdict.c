// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Keeps the checks and facts of one verification, and the accessors of tee_verdict.
 *
 * Running out of memory is remembered and reported once, by verdict_finish(): the callers in
 * between would only have to carry it along, and a verdict with a hole in it must not be seen.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "public.h"
#include "verdict.h"

struct check {
	enum check_id id;
	enum tee_check_result result;
	char *text;
};

struct fact {
	char *name;
	char *value;
};

struct tee_verdict {
	const struct provider_checks *provider;
	struct check checks[CHECK_COUNT];
	size_t check_count;
	check_set made;
	check_set good;		/* others may rest on these */
	check_set failed;
	struct fact *facts;
	size_t fact_count;
	size_t fact_space;
	bool no_memory;
};

static const char *const check_names[CHECK_COUNT] = {
	[CHECK_EVIDENCE_FORMAT]		= "evidence.format",
	[CHECK_EVIDENCE_PROVIDER]	= "evidence.provider",
	[CHECK_EVIDENCE_BOUND]		= "evidence.bound",
	[CHECK_BINDING_FORMAT]		= "binding.format",
	[CHECK_BINDING_PROOF]		= "binding.proof",
	[CHECK_BINDING_TAG]		= "binding.tag",
	[CHECK_BINDING_ROOT]		= "binding.root",
	[CHECK_CLAIMS_FORMAT]		= "claims.format",
	[CHECK_CLAIMS_TAINT]		= "claims.taint",
	[CHECK_NONCE]			= "nonce",
	[CHECK_WORKLOAD]		= "workload",
	[CHECK_IMAGE]			= "image",
	[CHECK_MEASUREMENT]		= "measurement",
	[CHECK_MIN_TCB]			= "min_tcb",
	[CHECK_GUEST_SVN]		= "guest_svn",
	[CHECK_PRODUCT]			= "product",
};

_Static_assert(CHECK_SNP_END <= CHECK_OWN_END && CHECK_SE_END <= CHECK_OWN_END,
	       "the own checks of a provider have room");
_Static_assert(CHECK_COUNT <= CHECK_REPORT, "check_set is 64 bits wide");

static const char *check_name(const tee_verdict *v, enum check_id id)
{
	if (id >= CHECK_OWN && id < CHECK_OWN_END)
		return v->provider->names[id - CHECK_OWN];
	return check_names[id];
}

tee_verdict *verdict_new(const struct provider_checks *checks)
{
	tee_verdict *v = calloc(1, sizeof(*v));

	if (v)
		v->provider = checks;
	return v;
}

void verdict_set_provider(tee_verdict *v, const struct provider_checks *checks)
{
	v->provider = checks;
}

TEE_PUBLIC tee_verdict *tee_verdict_free(tee_verdict *v)
{
	if (!v)
		return NULL;
	for (size_t i = 0; i < v->check_count; i++)
		free(v->checks[i].text);
	for (size_t i = 0; i < v->fact_count; i++) {
		free(v->facts[i].name);
		free(v->facts[i].value);
	}
	free(v->facts);
	free(v);
	return NULL;
}

static char *format_text(const char *format, va_list args)
{
	va_list again;
	char *text;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		return NULL;
	text = malloc((size_t)len + 1);
	if (text)
		vsnprintf(text, (size_t)len + 1, format, args);
	return text;
}

static check_set spelled_out(const tee_verdict *v, check_set set)
{
	return set & NEEDS_REPORT ? (set & ~NEEDS_REPORT) | v->provider->report : set;
}

/* The first check of @needs that has not passed, CHECK_COUNT if all have. */
static enum check_id first_missing(const tee_verdict *v, check_set needs)
{
	needs = spelled_out(v, needs);
	for (unsigned int id = 0; id < CHECK_COUNT; id++)
		if (needs & ~v->good & SET(id))
			return (enum check_id)id;
	return CHECK_COUNT;
}

/* Takes over @text. A check is recorded once; the first word stands. */
static void record(tee_verdict *v, enum check_id id, enum tee_check_result result, char *text)
{
	struct check *check;

	if (!text)
		v->no_memory = true;
	if (!text || (v->made & SET(id))) {
		free(text);
		return;
	}
	check = &v->checks[v->check_count++];
	*check = (struct check){ .id = id, .result = result, .text = text };
	v->made |= SET(id);
	if (result == TEE_CHECK_FAILED)
		v->failed |= SET(id);
	else if (result != TEE_CHECK_NOT_MADE)
		v->good |= SET(id);
}

static char *with_reason(char *text, const char *reason)
{
	static const char glue[] = "; not counted, because it rests on ";
	size_t len = text ? strlen(text) + sizeof(glue) + strlen(reason) : 0;
	char *whole = text ? malloc(len) : NULL;

	if (whole)
		snprintf(whole, len, "%s%s%s", text, glue, reason);
	free(text);
	return whole;
}

void verdict_pass(tee_verdict *v, enum check_id id, check_set needs, const char *format, ...)
{
	enum check_id missing = first_missing(v, needs);
	va_list args;
	char *text;

	va_start(args, format);
	text = format_text(format, args);
	va_end(args);
	if (missing == CHECK_COUNT)
		record(v, id, TEE_CHECK_PASSED, text);
	else
		record(v, id, TEE_CHECK_NOT_MADE, with_reason(text, check_name(v, missing)));
}

void verdict_fail(tee_verdict *v, enum check_id id, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record(v, id, TEE_CHECK_FAILED, format_text(format, args));
	va_end(args);
}

void verdict_skip(tee_verdict *v, enum check_id id, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record(v, id, TEE_CHECK_NOT_MADE, format_text(format, args));
	va_end(args);
	/* An absent revocation list must not hold up what rests on the chain. */
	v->good |= SET(id) & v->provider->optional & ~v->failed;
}

void verdict_warn(tee_verdict *v, enum check_id id, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	record(v, id, TEE_CHECK_WARNING, format_text(format, args));
	va_end(args);
}

/* Takes over @value. */
static void add_fact(tee_verdict *v, const char *name, char *value)
{
	size_t space = v->fact_space ? 2 * v->fact_space : 32;
	struct fact *facts = v->facts;
	char *copy = strdup(name);

	if (copy && value && v->fact_count == v->fact_space) {
		facts = realloc(facts, space * sizeof(*facts));
		if (facts) {
			v->facts = facts;
			v->fact_space = space;
		}
	}
	if (!copy || !value || !facts) {
		v->no_memory = true;
		free(copy);
		free(value);
		return;
	}
	v->facts[v->fact_count++] = (struct fact){ .name = copy, .value = value };
}

void verdict_fact(tee_verdict *v, const char *name, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_fact(v, name, format_text(format, args));
	va_end(args);
}

char *text_hex(const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = data;
	char *text = malloc(2 * len + 1);

	if (!text)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * len] = '\0';
	return text;
}

char *text_escape(const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = data;
	char *text = malloc(4 * len + 1), *to = text;

	if (!text)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '\\') {
			*to++ = (char)bytes[i];
			continue;
		}
		*to++ = '\\';
		*to++ = 'x';
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	*to = '\0';
	return text;
}

void verdict_fact_hex(tee_verdict *v, const char *name, const void *data, size_t len)
{
	add_fact(v, name, text_hex(data, len));
}

void verdict_fact_text(tee_verdict *v, const char *name, const void *data, size_t len)
{
	add_fact(v, name, text_escape(data, len));
}

/* Cannot happen unless the logic of this library is wrong; then it refuses. */
static void refuse_holes(tee_verdict *v, check_set required)
{
	for (size_t i = 0; i < v->check_count; i++) {
		struct check *check = &v->checks[i];

		if (required & ~v->good & SET(check->id)) {
			check->result = TEE_CHECK_FAILED;
			v->failed |= SET(check->id);
		}
	}
	for (unsigned int id = 0; id < CHECK_COUNT; id++)
		if (required & ~v->made & SET(id))
			verdict_fail(v, (enum check_id)id, "never reached");
}

int verdict_finish(tee_verdict *v, check_set expected, check_set required)
{
	const char *culprit = tee_verdict_first_failure(v);

	expected = spelled_out(v, expected);
	if (!culprit)
		refuse_holes(v, spelled_out(v, required));
	for (unsigned int id = 0; culprit && id < CHECK_COUNT; id++)
		if (expected & ~v->made & SET(id))
			verdict_skip(v, (enum check_id)id, "not reached, because %s failed",
				     culprit);
	return v->no_memory ? -ENOMEM : 0;
}

TEE_PUBLIC int tee_verdict_ok(const tee_verdict *v)
{
	return v && !v->failed && !v->no_memory;
}

TEE_PUBLIC size_t tee_verdict_count(const tee_verdict *v)
{
	return v ? v->check_count : 0;
}

TEE_PUBLIC int tee_verdict_get(const tee_verdict *v, size_t index, const char **ret_name,
			       enum tee_check_result *ret_result, const char **ret_text)
{
	if (!v || index >= v->check_count)
		return -ERANGE;
	if (ret_name)
		*ret_name = check_name(v, v->checks[index].id);
	if (ret_result)
		*ret_result = v->checks[index].result;
	if (ret_text)
		*ret_text = v->checks[index].text;
	return 0;
}

TEE_PUBLIC const char *tee_verdict_first_failure(const tee_verdict *v)
{
	for (size_t i = 0; v && i < v->check_count; i++)
		if (v->checks[i].result == TEE_CHECK_FAILED)
			return check_name(v, v->checks[i].id);
	return NULL;
}

TEE_PUBLIC int tee_verdict_fact(const tee_verdict *v, size_t index, const char **ret_name,
				const char **ret_value)
{
	if (!v || index >= v->fact_count)
		return -ERANGE;
	if (ret_name)
		*ret_name = v->facts[index].name;
	if (ret_value)
		*ret_value = v->facts[index].value;
	return 0;
}
