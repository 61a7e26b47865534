// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lays out a verdict: who asked, what the report says, every check, what was not checked, and the
 * verdict itself as the last line. Facts and sentences come from libtee-verify, which has escaped
 * what stood in the evidence.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "verify-show.h"

#define LABEL_WIDTH 21

const char *find_fact(const tee_verdict *verdict, const char *wanted)
{
	const char *name, *value;

	for (size_t i = 0; !tee_verdict_fact(verdict, i, &name, &value); i++)
		if (!strcmp(name, wanted))
			return value;
	return NULL;
}

static bool starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

static bool all_zero(const char *hex)
{
	return *hex && hex[strspn(hex, "0")] == '\0';
}

/* Claims by name, in the order of their keys from 1 on. */
static const char *const claim_names[] = {
	"workload", "instance", "image", "configuration", "pod", "uid", "cgroup", "label", "executable",
};

/* Who vouches for a claim, in words that need no manual; NULL when nobody does. malloc()ed. */
static char *voucher_words(const tee_verdict *verdict, const char *claim)
{
	static const struct {
		const char *voucher, *words;
	} known[] = {
		{ "policy", "the guest's policy" },
		{ "kernel", "the guest's kernel" },
		{ "systemd", "the guest's service manager" },
		{ "runtime:root", "the guest's container runtime" },
	};
	const char *voucher = NULL;

	for (size_t i = 0; i < sizeof(claim_names) / sizeof(claim_names[0]); i++) {
		char name[32];

		snprintf(name, sizeof(name), "claims.voucher.%zu", i + 1);
		if (!strcmp(claim, claim_names[i]))
			voucher = find_fact(verdict, name);
	}
	if (!voucher)
		return NULL;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(voucher, known[i].voucher))
			return must(strdup(known[i].words));
	if (starts_with(voucher, "runtime:uid:"))
		return format_text("user %s of the guest, for himself", voucher + strlen("runtime:uid:"));
	return format_text("\"%s\"", voucher);
}

static void show_claims(const tee_verdict *verdict, const char *title)
{
	const char *name, *value;
	bool any = false;

	for (size_t i = 0; !tee_verdict_fact(verdict, i, &name, &value); i++) {
		char *who, *line;

		if (!starts_with(name, "claims.") || starts_with(name, "claims.voucher."))
			continue;
		if (!any)
			print_title("\n%s", title);
		any = true;
		name += strlen("claims.");
		who = voucher_words(verdict, name);
		line = who ? format_text("%s (says %s)", value, who) : must(strdup(value));
		print_field(name, LABEL_WIDTH, line);
		free(line);
		free(who);
	}
}

/* Facts whose names begin with @prefix, or with none of the known ones when it is "". */
static void show_facts(const tee_verdict *verdict, const char *prefix, const char *title)
{
	const char *name, *value;
	bool any = false;

	for (size_t i = 0; !tee_verdict_fact(verdict, i, &name, &value); i++) {
		if (!starts_with(name, prefix))
			continue;
		if (!any)
			print_title("\n%s", title);
		any = true;
		/* Sixty-four zeros say less than one. */
		print_field(name + strlen(prefix), LABEL_WIDTH,
			    strlen(value) >= 32 && all_zero(value) ? "0" : value);
	}
}

/* True when the check of this name has passed. */
static bool proven(const tee_verdict *verdict, const char *wanted)
{
	enum tee_check_result result;
	const char *name;

	for (size_t i = 0; !tee_verdict_get(verdict, i, &name, &result, NULL); i++)
		if (!strcmp(name, wanted))
			return result == TEE_CHECK_PASSED;
	return false;
}

/* By a signature, or by a MAC whose key is the reader's own. */
static bool report_proven(const tee_verdict *verdict)
{
	const char *provider = find_fact(verdict, "provider");

	return proven(verdict, provider && !strcmp(provider, "se") ? "measurement" : "signature");
}

/* The caller's data stands in the binding record, in a raw report in report_data itself. */
static void show_who(const tee_verdict *verdict)
{
	const char *data = find_fact(verdict, "user_data");
	const char *title = proven(verdict, "binding.root") ? "Who asked" : "Who asked, NOT PROVEN";

	show_claims(verdict, title);
	if (!data)
		return;
	if (!find_fact(verdict, "claims.workload"))
		print_title("\n%s", title);
	print_field("user data", LABEL_WIDTH, *data ? data : "(none)");
}

static const char *result_word(enum tee_check_result result)
{
	static const char *const words[] = {
		[TEE_CHECK_PASSED] = "ok",
		[TEE_CHECK_FAILED] = "FAILED",
		[TEE_CHECK_NOT_MADE] = "-",
		[TEE_CHECK_WARNING] = "WARN",
	};

	return words[result];
}

static void show_checks(const tee_verdict *verdict)
{
	enum tee_check_result result;
	const char *name, *text;

	print_title("\nChecks");
	for (size_t i = 0; !tee_verdict_get(verdict, i, &name, &result, &text); i++) {
		char label[64];

		if (result == TEE_CHECK_NOT_MADE)
			continue;
		snprintf(label, sizeof(label), "%-6s %s", result_word(result), name);
		print_field(label, LABEL_WIDTH + 7, text);
	}
}

static void show_not_made(const tee_verdict *verdict)
{
	enum tee_check_result result;
	const char *name, *text;
	bool any = false;

	for (size_t i = 0; !tee_verdict_get(verdict, i, &name, &result, &text); i++) {
		if (result != TEE_CHECK_NOT_MADE)
			continue;
		if (!any)
			print_title("\nNOT checked");
		any = true;
		print_field(name, LABEL_WIDTH, text);
	}
}

static void alarm_taint(const char *taint)
{
	bool software = strstr(taint, "software firmware");
	char *text = format_text("WARNING: THIS GUEST IS TAINTED: %s.%s", taint, software ?
				 " Its TEE is simulated in software: no hardware protects it, and the "
				 "evidence proves nothing about a real machine." : "");

	putchar('\n');
	print_alarm(text);
	free(text);
}

static const char *text_of(const tee_verdict *verdict, const char *wanted)
{
	const char *name, *text;

	for (size_t i = 0; !tee_verdict_get(verdict, i, &name, NULL, &text); i++)
		if (!strcmp(name, wanted))
			return text;
	return "";
}

static size_t count_results(const tee_verdict *verdict, enum tee_check_result wanted)
{
	enum tee_check_result result;
	size_t n = 0;

	for (size_t i = 0; !tee_verdict_get(verdict, i, NULL, &result, NULL); i++)
		n += result == wanted;
	return n;
}

static void show_result(const tee_verdict *verdict)
{
	const char *failure = tee_verdict_first_failure(verdict);
	char *text;

	if (tee_verdict_ok(verdict))
		text = format_text("VERDICT: GOOD. Checks passed: %zu, warnings: %zu, not made: %zu.",
				   count_results(verdict, TEE_CHECK_PASSED),
				   count_results(verdict, TEE_CHECK_WARNING),
				   count_results(verdict, TEE_CHECK_NOT_MADE));
	else
		text = format_text("VERDICT: BAD. %s: %s.", failure ? failure : "?",
				   text_of(verdict, failure ? failure : ""));
	putchar('\n');
	print_wrapped(0, text);
	free(text);
}

void show_verdict(const char *file, const tee_verdict *verdict)
{
	const char *taint = find_fact(verdict, "claims.taint");
	char *name = escape_bytes(file, strlen(file));

	print_title("%s", name);
	free(name);
	show_who(verdict);
	show_facts(verdict, "report.", report_proven(verdict) ? "What the report says" :
		   "What the report says, NOT PROVEN");
	show_facts(verdict, "image.", "The image that was given as expected");
	show_facts(verdict, "challenge.", proven(verdict, "challenge.arpk") ? "Your request" :
		   "The request, NOT yours");
	show_facts(verdict, "event.", proven(verdict, "event_log.events") ? "Events of teegate" :
		   "Events of teegate, NOT PROVEN");
	show_facts(verdict, "root.", "Trust anchor");
	show_facts(verdict, "leaf.", "Certificate of the signing key");
	show_facts(verdict, "tcb.", proven(verdict, "tcb_info.signature") &&
		   proven(verdict, "qe_identity.signature") ? "What Intel says of the platform" :
		   "What Intel says of the platform, NOT PROVEN");
	show_checks(verdict);
	show_not_made(verdict);
	if (taint)
		alarm_taint(taint);
	show_result(verdict);
}

static struct json_object *checks_to_json(const tee_verdict *verdict)
{
	static const char *const words[] = {
		[TEE_CHECK_PASSED] = "passed",
		[TEE_CHECK_FAILED] = "failed",
		[TEE_CHECK_NOT_MADE] = "not-made",
		[TEE_CHECK_WARNING] = "warning",
	};
	struct json_object *array = must(json_object_new_array());
	enum tee_check_result result;
	const char *name, *text;

	for (size_t i = 0; !tee_verdict_get(verdict, i, &name, &result, &text); i++) {
		struct json_object *check = js_new();

		js_text(check, "name", name);
		js_text(check, "result", words[result]);
		js_text(check, "text", text);
		if (json_object_array_add(array, check) < 0)
			must(NULL);
	}
	return array;
}

static struct json_object *facts_to_json(const tee_verdict *verdict)
{
	struct json_object *facts = js_new();
	const char *name, *value;

	for (size_t i = 0; !tee_verdict_fact(verdict, i, &name, &value); i++)
		js_text(facts, name, value);
	return facts;
}

struct json_object *verdict_to_json(const char *file, const tee_verdict *verdict)
{
	const char *failure = tee_verdict_first_failure(verdict);
	const char *taint = find_fact(verdict, "claims.taint");
	struct json_object *object = js_new();
	char *name = escape_bytes(file, strlen(file));

	js_text(object, "file", name);
	free(name);
	js_bool(object, "ok", tee_verdict_ok(verdict));
	if (failure)
		js_text(object, "failed", failure);
	if (taint)
		js_text(object, "taint", taint);
	js_put(object, "checks", checks_to_json(verdict));
	js_put(object, "facts", facts_to_json(verdict));
	return object;
}
