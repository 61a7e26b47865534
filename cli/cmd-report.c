// SPDX-License-Identifier: GPL-2.0-or-later
/* teegatectl report: asks for evidence and writes it to a file. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tee.h>

#include "cli.h"

#define LABEL_WIDTH	12

static const char help[] =
"Usage: teegatectl report [OPTIONS] [--nonce HEX] --output FILE\n"
"\n"
"Asks the TEE for evidence that says who asked, and writes it as one CBOR item.\n"
"\n"
"  --nonce HEX        up to 64 bytes for the evidence to carry (also --user-data)\n"
"  --raw              put the bytes into report_data as they are; needs that\n"
"                     right, and the evidence does not say who asked\n"
"  --challenge FILE   IBM Secure Execution: the verifier's request to answer, an\n"
"                     exchange file of pvattest or a bare ARCB\n"
"  --exchange FILE    write the answer as an exchange file, too: for pvattest;\n"
"                     it has no place for who asked\n"
"  --certificates     fetch what goes with it (default): the certificates that\n"
"                     the host offers (SEV-SNP), the event log (TDX)\n"
"  --no-certificates  leave that out\n"
"  --event-log --no-event-log   other names of these two\n"
"  --local            TDX: a TDREPORT instead of a quote; only the CPU that made\n"
"                     it can check it\n"
"  --output FILE      where to; \"-\" or nothing: standard output, not a terminal\n"
"  --timeout SECONDS  how long to wait at most (default: the module's, 75)\n"
"  --target TARGET    fd:N, device:PATH, broker:PATH or fake:[FILE]; default: the\n"
"                     lease in $TEE_LEASE_FD, else /dev/teegate, else the broker;\n"
"                     what fake: answers is made up\n"
"  --json             say what was done as JSON, with the evidence in it as\n"
"                     base64 when there is no --output\n"
"  --help             this text\n"
"\n"
"Exit status: 0 done, 1 refused, 2 usage, 3 TEE not available or failed,\n"
"4 file trouble.\n";

static const struct option options[] = {
	{ "nonce", required_argument, NULL, 'n' },
	{ "user-data", required_argument, NULL, 'n' },
	{ "raw", no_argument, NULL, 'r' },
	{ "challenge", required_argument, NULL, 'a' },
	{ "exchange", required_argument, NULL, 'x' },
	{ "certificates", no_argument, NULL, 'c' },
	{ "event-log", no_argument, NULL, 'c' },
	{ "no-certificates", no_argument, NULL, 'C' },
	{ "no-event-log", no_argument, NULL, 'C' },
	{ "local", no_argument, NULL, 'l' },
	{ "output", required_argument, NULL, 'o' },
	{ "timeout", required_argument, NULL, 't' },
	{ "target", required_argument, NULL, 'T' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct request {
	struct buffer user_data;
	struct buffer challenge_file;
	const uint8_t *challenge;	/* in that file */
	size_t challenge_len;
	const char *target, *output, *exchange;
	unsigned int flags, timeout_ms;
	bool json;
};

static int take_user_data(const char *text, struct request *q)
{
	buffer_free(&q->user_data);
	if (parse_hex(text, &q->user_data) < 0 || q->user_data.len > TEE_RAW_DATA_MAX)
		return usage_error(&cmd_report, "--nonce takes up to 64 bytes in hexadecimal");
	return STATUS_OK;
}

/* A request in the wrapping that its maker gave it, or without: the former says what it is. */
static int take_challenge(const char *path, struct request *q)
{
	static const char magic[] = "pvattest";
	struct buffer *file = &q->challenge_file;

	buffer_free(file);
	if (read_file(path, file) < 0)
		return STATUS_LOCAL;
	q->challenge = file->data;
	q->challenge_len = file->len;
	if (file->len >= strlen(magic) && !memcmp(file->data, magic, strlen(magic)) &&
	    tee_exchange_get_challenge(file->data, file->len, &q->challenge, &q->challenge_len) < 0)
		return complain(STATUS_LOCAL, "%s: this exchange file is damaged", path);
	if (q->challenge_len < 1 || q->challenge_len > TEE_CHALLENGE_MAX)
		return complain(STATUS_LOCAL, "%s has %zu bytes, and a request 1 to %u", path,
				q->challenge_len, TEE_CHALLENGE_MAX);
	return STATUS_OK;
}

static int take_option(int option, const char *value, struct request *q)
{
	switch (option) {
	case 'n':
		return take_user_data(value, q);
	case 'r':
		q->flags |= TEE_REPORT_RAW;
		return STATUS_OK;
	case 'a':
		return take_challenge(value, q);
	case 'x':
		q->exchange = value;
		return STATUS_OK;
	case 'c':
		q->flags |= TEE_REPORT_AUX;
		return STATUS_OK;
	case 'C':
		q->flags &= ~TEE_REPORT_AUX;
		return STATUS_OK;
	case 'l':
		q->flags |= TEE_REPORT_LOCAL;
		return STATUS_OK;
	case 'o':
		q->output = value;
		return STATUS_OK;
	case 't':
		return take_timeout(&cmd_report, value, &q->timeout_ms);
	case 'T':
		q->target = value;
		return STATUS_OK;
	case 'j':
		q->json = true;
		return STATUS_OK;
	default:
		return usage_hint(&cmd_report);
	}
}

static size_t part_size(int (*get)(const tee_evidence *, const uint8_t **, size_t *),
			const tee_evidence *evidence)
{
	const uint8_t *data;
	size_t len;

	return get(evidence, &data, &len) ? 0 : len;
}

static bool is_bound(const tee_evidence *evidence)
{
	const uint8_t *data;
	size_t len;

	return !tee_evidence_get_claims(evidence, &data, &len);
}

static const char *kind_of(const tee_evidence *evidence, const char *provider)
{
	const uint8_t *data;
	size_t len;

	return tee_evidence_get_report(evidence, &data, &len) ? "?" : report_kind(provider, data, len);
}

static bool is_se(const char *provider)
{
	return !strcmp(provider, "se");
}

static char *config_uid_of(const tee_evidence *evidence)
{
	const uint8_t *data;
	size_t len;

	return tee_evidence_get_config_uid(evidence, &data, &len) ? format_text("?") : hex_text(data, len);
}

static void tell_json_se(struct json_object *object, const tee_evidence *evidence)
{
	char *uid = config_uid_of(evidence);

	js_number(object, "additionalDataBytes", part_size(tee_evidence_get_aux, evidence));
	js_number(object, "challengeBytes", part_size(tee_evidence_get_challenge, evidence));
	js_text(object, "configUid", uid);
	free(uid);
}

static void tell_json(const struct request *q, const tee_evidence *evidence, const char *provider,
		      const struct buffer *cbor)
{
	struct json_object *object = js_new();

	js_text(object, "provider", provider);
	js_text(object, "kind", kind_of(evidence, provider));
	js_bool(object, "bound", is_bound(evidence));
	js_number(object, "reportBytes", part_size(tee_evidence_get_report, evidence));
	if (is_se(provider)) {
		tell_json_se(object, evidence);
	} else {
		js_number(object, "certificateBytes", part_size(tee_evidence_get_aux, evidence));
		js_number(object, "eventLogBytes", part_size(tee_evidence_get_event_log, evidence));
	}
	js_number(object, "evidenceBytes", cbor->len);
	if (q->output) {
		js_text(object, "output", q->output);
	} else {
		char *text = base64_text(cbor->data, cbor->len);

		js_text(object, "evidence", text);
		free(text);
	}
	if (q->exchange)
		js_text(object, "exchange", q->exchange);
	js_print(object);
}

static void tell_size(const char *label, size_t len, const char *otherwise)
{
	char *text = format_text("%zu bytes", len);

	print_field(label, LABEL_WIDTH, len || !otherwise ? text : otherwise);
	free(text);
}

static void tell_text_se(const tee_evidence *evidence)
{
	char *uid = config_uid_of(evidence);

	tell_size("additional", part_size(tee_evidence_get_aux, evidence), "none asked for");
	tell_size("challenge", part_size(tee_evidence_get_challenge, evidence), NULL);
	print_field("config UID", LABEL_WIDTH, uid);
	print_field("convinces", LABEL_WIDTH, "only whoever made that challenge");
	free(uid);
}

static void tell_text(const struct request *q, const tee_evidence *evidence, const char *provider,
		      const struct buffer *cbor)
{
	char *text;

	print_title("Evidence from %s, %s", provider,
		    is_bound(evidence) ? "bound to this workload" : "raw: it does not say who asked");
	tell_size(kind_of(evidence, provider), part_size(tee_evidence_get_report, evidence), NULL);
	if (is_se(provider))
		tell_text_se(evidence);
	else if (strcmp(provider, "tdx"))
		tell_size("certificates", part_size(tee_evidence_get_aux, evidence), NULL);
	else if (q->flags & TEE_REPORT_AUX)
		tell_size("event log", part_size(tee_evidence_get_event_log, evidence),
			  "none: nothing that is known replays to the registers");
	text = format_text("%s, %zu bytes", q->output, cbor->len);
	print_field("written to", LABEL_WIDTH, text);
	free(text);
	if (q->exchange)
		print_field("and to", LABEL_WIDTH, q->exchange);
}

static int write_exchange(const char *path, const tee_evidence *evidence)
{
	struct buffer file _cleanup_buffer_ = { NULL, 0 };
	int r;

	r = tee_evidence_to_exchange(evidence, &file.data, &file.len);
	if (r == -EOPNOTSUPP)
		return complain(STATUS_UNAVAILABLE,
				"only evidence of IBM Secure Execution fits into an exchange file");
	if (r < 0)
		return complain(STATUS_LOCAL, "%s", tee_strerror(r));
	return write_file(path, file.data, file.len) < 0 ? STATUS_LOCAL : STATUS_OK;
}

/* Standard output is for the evidence when there is no file; only then nothing else goes there. */
static int deliver(const struct request *q, const tee_evidence *evidence)
{
	struct buffer cbor _cleanup_buffer_ = { NULL, 0 };
	bool to_stdout = !q->output || !strcmp(q->output, "-");
	const char *provider = "?";
	int r;

	r = tee_evidence_serialize(evidence, &cbor.data, &cbor.len);
	if (r < 0)
		return complain(STATUS_LOCAL, "%s", tee_strerror(r));
	if (!(to_stdout && q->json) &&
	    write_file(to_stdout ? "-" : q->output, cbor.data, cbor.len) < 0)
		return STATUS_LOCAL;
	if (q->exchange) {
		r = write_exchange(q->exchange, evidence);
		if (r)
			return r;
	}
	tee_evidence_get_provider(evidence, &provider);
	if (q->json)
		tell_json(q, evidence, provider, &cbor);
	else if (!to_stdout)
		tell_text(q, evidence, provider, &cbor);
	return STATUS_OK;
}

/* On standard error, where it is seen also when the evidence goes into a pipe. */
static void warn_of_fake(const char *target)
{
	if (!target || strncmp(target, "fake:", strlen("fake:")))
		return;
	if (target[strlen("fake:")])
		complain(0, "no TEE was asked: this evidence comes from a file");
	else
		complain(0, "no TEE was asked: this evidence is made up and proves nothing");
}

static int ask(const struct request *q)
{
	const struct tee_report_request request = {
		.size = sizeof(request),
		.flags = q->flags,
		.timeout_ms = q->timeout_ms,
		.user_data = q->user_data.data,
		.user_data_len = q->user_data.len,
		.challenge = q->challenge,
		.challenge_len = q->challenge_len,
	};
	tee_evidence *evidence = NULL;
	tee_ctx *ctx = NULL;
	int r, status;

	r = tee_open(q->target, &ctx);
	if (!r)
		r = tee_ask_report(ctx, &request, &evidence);
	if (!r)
		warn_of_fake(q->target);
	status = r < 0 ? complain_tee(ctx, r) : deliver(q, evidence);
	tee_evidence_free(evidence);
	tee_close(ctx);
	return status;
}

/* What the options say together. */
static int check(struct request *q)
{
	if (q->json && q->output && !strcmp(q->output, "-"))
		q->output = NULL;
	if (q->exchange && !q->challenge)
		return usage_error(&cmd_report, "--exchange is for the answer to a --challenge");
	if (q->exchange && !strcmp(q->exchange, "-"))
		return usage_error(&cmd_report, "--exchange takes the name of a file");
	if (q->user_data.len > TEE_USER_DATA_MAX && !(q->challenge && q->flags & TEE_REPORT_RAW))
		return usage_error(&cmd_report,
				   "--nonce takes up to 64 bytes; with --raw and --challenge up to %d",
				   TEE_RAW_DATA_MAX);
	if (!q->json && (!q->output || !strcmp(q->output, "-")) && isatty(STDOUT_FILENO))
		return usage_error(&cmd_report,
				   "evidence is binary and standard output a terminal; say --output FILE");
	return STATUS_OK;
}

static int run(int argc, char **argv)
{
	struct request q = { .flags = TEE_REPORT_AUX };
	int option, status = STATUS_OK;
	bool help_wanted = false;

	while (!status && !help_wanted &&
	       (option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		help_wanted = option == 'h';
		status = help_wanted ? show_help(&cmd_report) : take_option(option, optarg, &q);
	}
	if (!status && !help_wanted && optind < argc)
		status = usage_error(&cmd_report, "what is %s?", argv[optind]);
	if (!status && !help_wanted)
		status = check(&q);
	if (!status && !help_wanted)
		status = ask(&q);
	buffer_free(&q.user_data);
	buffer_free(&q.challenge_file);
	return status;
}

const struct command cmd_report = {
	.name = "report",
	.summary = "ask the TEE for evidence",
	.help = help,
	.run = run,
};
