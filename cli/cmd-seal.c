// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * teegatectl seal, unseal and reseal: data that only this workload can open. What is sealed is secret,
 * and what comes of it is not.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "sealed.h"

#define LABEL_WIDTH	11

#define HELP_REST								\
"  --timeout SECONDS  how long to wait at most (default: the module's, 75)\n"	\
"  --target TARGET    fd:N, device:PATH, measured-boot:[PATH], broker:PATH or\n"	\
"                     fake:, which protects nothing; default: the lease in\n"	\
"                     $TEE_LEASE_FD, else /dev/teegate, else the broker\n"	\
"  --json             say what was done as JSON\n"				\
"  --help             this text\n"						\
"\n"										\
"Exit status: 0 done, 1 refused or not to be opened, 2 usage,\n"		\
"3 TEE not available or failed, 4 file trouble, or no sealed file at all.\n"

static const char seal_help[] =
"Usage: teegatectl seal --label LABEL [OPTIONS] [FILE]\n"
"\n"
"Encrypts FILE (nothing or \"-\": standard input) so that only this workload can\n"
"open it, also after it was started again. What comes of it is not secret.\n"
"\n"
"  --label LABEL      what it is, for everybody to read: up to 255 bytes\n"
"  --output FILE      where to; \"-\" or nothing: standard output, not a terminal\n"
HELP_REST
"\n"
"More than 64 KiB, up to 256 MiB, is encrypted with a key that is sealed.\n";

static const char unseal_help[] =
"Usage: teegatectl unseal [OPTIONS] [FILE]\n"
"\n"
"Opens what teegatectl seal made of this workload's data.\n"
"\n"
"  --label LABEL      refuse what was sealed as something else: whoever keeps\n"
"                     your files can exchange them\n"
"  --output FILE      where to, for its owner only; \"-\" or nothing: standard\n"
"                     output, which may be a terminal if the data is text\n"
HELP_REST;

static const char reseal_help[] =
"Usage: teegatectl reseal [OPTIONS] [FILE]\n"
"\n"
"Opens FILE and seals it again, with the same label, under the root and with the\n"
"parameters of today: after an update of the TEE, or before one of the image.\n"
"FILE is replaced in one step once the new one was opened for a trial; whatever\n"
"fails, the old one is still there. Nothing or \"-\": from standard input to\n"
"standard output.\n"
"\n"
"  --label LABEL      refuse what was sealed as something else\n"
"  --output FILE      write there instead, and leave FILE as it is\n"
HELP_REST;

static const struct option options[] = {
	{ "label", required_argument, NULL, 'l' },
	{ "output", required_argument, NULL, 'o' },
	{ "timeout", required_argument, NULL, 't' },
	{ "target", required_argument, NULL, 'T' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct request {
	struct label label;
	const char *target, *input, *output;
	unsigned int timeout_ms;
	bool json;
};

static bool to_stdout(const struct request *q)
{
	return !q->output || !strcmp(q->output, "-");
}

/* Says on standard output what was done, unless that is where the outcome went. */
static void tell(const struct request *q, const char *done, const struct sealed *sealed, size_t bytes,
		 const struct buffer *blob)
{
	char *label = escape_bytes(sealed->info.label, sealed->info.label_len), *text;
	struct json_object *object;

	if (q->json) {
		object = js_new();
		js_text(object, "label", label);
		js_number(object, "dataBytes", sealed->data_len);
		js_text(object, "rootSource", root_source_name(sealed->info.root_source));
		if (!to_stdout(q)) {
			js_text(object, "output", q->output);
		} else {
			text = base64_text(blob->data, blob->len);
			js_text(object, "sealed", text);
			free(text);
		}
		js_print(object);
	} else if (!to_stdout(q)) {
		print_title("%s", done);
		print_field("label", LABEL_WIDTH, label);
		text = format_text("%s, %zu bytes", q->output, bytes);
		print_field("written to", LABEL_WIDTH, text);
		free(text);
		print_field("root", LABEL_WIDTH, root_source_name(sealed->info.root_source));
	}
	free(label);
}

static int deliver(const struct request *q, const struct buffer *blob, const char *done)
{
	struct sealed sealed;
	int status;

	status = sealed_look("what was sealed", blob, &sealed);
	if (status)
		return status;
	if (!(q->json && to_stdout(q)) &&
	    write_file(to_stdout(q) ? "-" : q->output, blob->data, blob->len) < 0)
		return STATUS_LOCAL;
	tell(q, done, &sealed, blob->len, blob);
	return STATUS_OK;
}

static int seal(const struct request *q)
{
	struct secret data _cleanup_secret_ = { NULL, 0, 0 };
	struct buffer blob _cleanup_buffer_ = { NULL, 0 };
	tee_ctx *ctx = NULL;
	int status;

	if (secret_read(q->input, &data) < 0)
		return STATUS_LOCAL;
	status = open_for_keys(q->target, &ctx);
	if (!status)
		status = sealed_make(ctx, &q->label, q->timeout_ms, &data, &blob);
	tee_close(ctx);
	return status ? status : deliver(q, &blob, "Sealed for this workload");
}

static int unseal(const struct request *q)
{
	struct secret data _cleanup_secret_ = { NULL, 0, 0 };
	struct buffer blob _cleanup_buffer_ = { NULL, 0 };
	struct sealed sealed;
	tee_ctx *ctx = NULL;
	int status;

	status = sealed_read(q->input, &blob, &sealed);
	if (!status)
		status = open_for_keys(q->target, &ctx);
	if (!status)
		status = sealed_open(ctx, &q->label, q->timeout_ms, &sealed, &data);
	tee_close(ctx);
	if (status)
		return status;
	if (to_stdout(q) && isatty(STDOUT_FILENO) && !secret_is_text(&data))
		return complain(STATUS_USAGE,
				"the data is binary and standard output a terminal; say --output FILE");
	if (secret_write(q->output, &data) < 0)
		return STATUS_LOCAL;
	tell(q, "Opened", &sealed, data.len, NULL);
	return STATUS_OK;
}

/* *ret opens and holds the same: only then may it take the place of anything. */
static int seal_again(const struct request *q, tee_ctx *ctx, const struct sealed *old, struct buffer *ret)
{
	struct secret data _cleanup_secret_ = { NULL, 0, 0 }, trial _cleanup_secret_ = { NULL, 0, 0 };
	const struct label label = { (const char *)old->info.label, old->info.label_len };
	struct sealed sealed;
	int status;

	status = sealed_open(ctx, &q->label, q->timeout_ms, old, &data);
	if (!status)
		status = sealed_make(ctx, &label, q->timeout_ms, &data, ret);
	if (!status)
		status = sealed_look("what was sealed anew", ret, &sealed);
	if (!status)
		status = sealed_open(ctx, &label, q->timeout_ms, &sealed, &trial);
	if (status)
		return status;
	if (trial.len != data.len || CRYPTO_memcmp(trial.data, data.data, data.len))
		return complain(STATUS_UNAVAILABLE,
				"what was sealed anew does not hold the same; nothing was changed");
	return STATUS_OK;
}

static int replace(const struct request *q, const char *path, const struct stat *like,
		   const struct buffer *blob)
{
	struct request told = *q;
	struct sealed sealed;
	int status;

	status = sealed_look("what was sealed anew", blob, &sealed);
	if (status)
		return status;
	if (replace_file(path, like, blob->data, blob->len) < 0)
		return STATUS_LOCAL;
	told.output = path;
	tell(&told, "Sealed anew", &sealed, blob->len, blob);
	return STATUS_OK;
}

/* A link stays one: what it leads to is replaced. */
static int look_at_old(const char *path, struct stat *ret)
{
	if (stat(path, ret) < 0)
		return complain(STATUS_LOCAL, "cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(ret->st_mode))
		return complain(STATUS_LOCAL, "%s is no regular file; say --output FILE", path);
	return STATUS_OK;
}

static int reseal(const struct request *q)
{
	bool in_place = strcmp(q->input, "-") && !q->output;
	struct buffer old _cleanup_buffer_ = { NULL, 0 }, blob _cleanup_buffer_ = { NULL, 0 };
	char *path = in_place ? realpath(q->input, NULL) : NULL;
	struct sealed sealed;
	tee_ctx *ctx = NULL;
	struct stat like;
	int status = STATUS_OK;

	if (in_place)
		status = look_at_old(path ? path : q->input, &like);
	if (!status)
		status = sealed_read(q->input, &old, &sealed);
	if (!status)
		status = open_for_keys(q->target, &ctx);
	if (!status)
		status = seal_again(q, ctx, &sealed, &blob);
	tee_close(ctx);
	if (!status)
		status = path ? replace(q, path, &like, &blob) : deliver(q, &blob, "Sealed anew");
	free(path);
	return status;
}

static int take_label(const struct command *command, const char *text, struct request *q)
{
	q->label = (struct label){ text, strlen(text) };
	if (q->label.len > TEE_KEY_LABEL_MAX)
		return usage_error(command, "--label takes up to %d bytes", TEE_KEY_LABEL_MAX);
	return STATUS_OK;
}

static int take_option(const struct command *command, int option, const char *value, struct request *q)
{
	switch (option) {
	case 'l':
		return take_label(command, value, q);
	case 'o':
		q->output = value;
		return STATUS_OK;
	case 't':
		return take_timeout(command, value, &q->timeout_ms);
	case 'T':
		q->target = value;
		return STATUS_OK;
	case 'j':
		q->json = true;
		return STATUS_OK;
	default:
		return usage_hint(command);
	}
}

/* -1: --help was asked for and given. */
static int take_arguments(const struct command *command, int argc, char **argv, struct request *q)
{
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'h') {
			(void)show_help(command);
			return -1;
		}
		status = take_option(command, option, optarg, q);
		if (status)
			return status;
	}
	if (optind + 1 < argc)
		return usage_error(command, "one file, please; \"-\" is standard input");
	if (optind < argc)
		q->input = argv[optind];
	return STATUS_OK;
}

static int refuse_terminal(const struct command *command, const struct request *q)
{
	if (q->json || !to_stdout(q) || !isatty(STDOUT_FILENO))
		return STATUS_OK;
	return usage_error(command,
			   "what is sealed is binary and standard output a terminal; say --output FILE");
}

static int run_seal(int argc, char **argv)
{
	struct request q = { .input = "-" };
	int status;

	secret_begin();
	status = take_arguments(&cmd_seal, argc, argv, &q);
	if (!status && !q.label.text)
		status = usage_error(&cmd_seal, "say with --label what it is");
	if (!status)
		status = refuse_terminal(&cmd_seal, &q);
	return status > 0 ? status : status < 0 ? STATUS_OK : seal(&q);
}

static int run_unseal(int argc, char **argv)
{
	struct request q = { .input = "-" };
	int status;

	secret_begin();
	status = take_arguments(&cmd_unseal, argc, argv, &q);
	/* JSON is kept, copied and printed by code that wipes nothing. */
	if (!status && q.json && to_stdout(&q))
		status = usage_error(&cmd_unseal, "secrets do not go into JSON; say --output FILE");
	return status > 0 ? status : status < 0 ? STATUS_OK : unseal(&q);
}

static int run_reseal(int argc, char **argv)
{
	struct request q = { .input = "-" };
	int status;

	secret_begin();
	status = take_arguments(&cmd_reseal, argc, argv, &q);
	if (!status && (q.output || !strcmp(q.input, "-")))
		status = refuse_terminal(&cmd_reseal, &q);
	return status > 0 ? status : status < 0 ? STATUS_OK : reseal(&q);
}

const struct command cmd_seal = {
	.name = "seal",
	.summary = "encrypt data so that only this workload can open it",
	.help = seal_help,
	.run = run_seal,
};

const struct command cmd_unseal = {
	.name = "unseal",
	.summary = "open what was sealed",
	.help = unseal_help,
	.run = run_unseal,
};

const struct command cmd_reseal = {
	.name = "reseal",
	.summary = "seal anew, with the parameters of today",
	.help = reseal_help,
	.run = run_reseal,
};
