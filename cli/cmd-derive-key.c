// SPDX-License-Identifier: GPL-2.0-or-later
/* teegatectl derive-key: a key of this workload, to standard output, a file or the kernel. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sealed.h"

#define LABEL_WIDTH	11
#define LENGTH_DEFAULT	32
#define PARAMS_SIZE	sizeof(struct tee_key_params)

static const char help[] =
"Usage: teegatectl derive-key --label LABEL [OPTIONS]\n"
"\n"
"Derives a key that only this workload gets, the same one after it was started\n"
"again, and writes its bytes.\n"
"\n"
"  --label LABEL      what it is for, up to 255 bytes: another label, another key\n"
"  --length BYTES     16 to 64 (default: 32); another length is another key\n"
"  --output FILE      where to, for its owner only; \"-\" or nothing: standard\n"
"                     output, not a terminal\n"
"  --keyring TYPE:NAME  into the session keyring of the kernel instead, where\n"
"                     nobody reads it: TYPE is logon (dm-crypt) or fscrypt, and\n"
"                     the key is called teegate:NAME there\n"
"  --params HEX       under the root and with the parameters that --save-params\n"
"                     wrote, not those of today\n"
"  --save-params FILE  write these, in hexadecimal; they are not secret, and\n"
"                     without them the key is lost when the TEE is updated\n"
"  --timeout SECONDS  how long to wait at most (default: the module's, 75)\n"
"  --target TARGET    fd:N, device:PATH, measured-boot:[PATH], broker:PATH or\n"
"                     fake:, which protects nothing; default: the lease in\n"
"                     $TEE_LEASE_FD, else /dev/teegate, else the broker\n"
"  --json             say what was done as JSON; the key is not in it\n"
"  --help             this text\n"
"\n"
"Exit status: 0 done, 1 refused, 2 usage, 3 TEE not available or failed,\n"
"4 file trouble.\n";

static const struct option options[] = {
	{ "label", required_argument, NULL, 'l' },
	{ "length", required_argument, NULL, 'n' },
	{ "output", required_argument, NULL, 'o' },
	{ "keyring", required_argument, NULL, 'k' },
	{ "params", required_argument, NULL, 'p' },
	{ "save-params", required_argument, NULL, 's' },
	{ "timeout", required_argument, NULL, 't' },
	{ "target", required_argument, NULL, 'T' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct request {
	const char *label, *target, *output, *save_params;
	const char *description;	/* NULL: not into a keyring */
	unsigned int type, timeout_ms;
	unsigned long length;
	struct tee_key_params params;
	bool has_params, json;
};

/* What was derived, but for the key. */
struct derived {
	struct tee_key_params params;
	int32_t serial;
};

static bool to_stdout(const struct request *q)
{
	return !q->description && (!q->output || !strcmp(q->output, "-"));
}

static void tell_json(const struct request *q, const struct derived *derived)
{
	char *params = hex_text(derived->params.root_params, sizeof(derived->params.root_params));
	char *id = hex_text(derived->params.root_id, sizeof(derived->params.root_id));
	struct json_object *object = js_new();

	js_number(object, "keyBytes", q->length);
	if (q->description)
		js_number(object, "keySerial", (uint64_t)derived->serial);
	else
		js_text(object, "output", q->output);
	js_text(object, "rootSource", root_source_name(derived->params.root_params[3]));
	js_text(object, "rootId", id);
	js_text(object, "rootParams", params);
	js_print(object);
	free(id);
	free(params);
}

static void tell(const struct request *q, const struct derived *derived)
{
	char *text;

	if (to_stdout(q))
		return;
	if (q->json) {
		tell_json(q, derived);
		return;
	}
	print_title("A key of %lu bytes", q->length);
	if (q->description)
		text = format_text("%d in the session keyring, teegate:%s", derived->serial, q->description);
	else
		text = format_text("%s", q->output);
	print_field("written to", LABEL_WIDTH, text);
	print_field("root", LABEL_WIDTH, root_source_name(derived->params.root_params[3]));
	free(text);
}

static int save_params(const struct request *q, const struct derived *derived)
{
	char *hex, *line;
	int r;

	if (!q->save_params)
		return STATUS_OK;
	hex = hex_text(&derived->params, PARAMS_SIZE);
	line = format_text("%s\n", hex);
	r = write_file(q->save_params, line, strlen(line));
	free(line);
	free(hex);
	return r < 0 ? STATUS_LOCAL : STATUS_OK;
}

static int derive(const struct request *q, tee_ctx *ctx, struct secret *key, struct derived *ret)
{
	const struct tee_key_params *params = q->has_params ? &q->params : NULL;
	struct tee_keyring_request request = {
		.size = sizeof(request),
		.label = q->label,
		.label_len = strlen(q->label),
		.params = params,
		.key_len = q->length,
		.description = q->description,
		.keyring = TEE_KEYRING_SESSION,
		.type = q->type,
	};
	struct patience patience = patience_of(q->timeout_ms);
	int r;

	do {
		request.timeout_ms = patience.left_ms;
		if (q->description)
			r = tee_derive_to_keyring(ctx, &request, &ret->serial, &ret->params);
		else
			r = tee_derive_key(ctx, q->label, strlen(q->label), params,
					   patience.left_ms, key->data, key->len, &ret->params);
	} while (ask_again(r, &patience));
	return r < 0 ? complain_key(ctx, r) : STATUS_OK;
}

static int derive_and_write(const struct request *q)
{
	struct secret key _cleanup_secret_ = { NULL, 0, 0 };
	struct derived derived = { .serial = 0 };
	tee_ctx *ctx = NULL;
	int status;

	secret_make(&key, q->length);
	status = open_for_keys(q->target, &ctx);
	if (!status)
		status = derive(q, ctx, &key, &derived);
	tee_close(ctx);
	/* First what the key is lost without. */
	if (!status)
		status = save_params(q, &derived);
	if (!status && !q->description && secret_write(q->output, &key) < 0)
		status = STATUS_LOCAL;
	if (!status)
		tell(q, &derived);
	return status;
}

static int take_length(const char *text, struct request *q)
{
	if (parse_number(text, TEE_KEY_MAX, &q->length) < 0 || q->length < TEE_KEY_MIN)
		return usage_error(&cmd_derive_key, "--length takes %d to %d bytes", TEE_KEY_MIN,
				   TEE_KEY_MAX);
	return STATUS_OK;
}

static int take_keyring(const char *text, struct request *q)
{
	if (!strncmp(text, "logon:", 6) && text[6]) {
		q->type = TEE_KEY_LOGON;
		q->description = text + 6;
	} else if (!strncmp(text, "fscrypt:", 8) && text[8]) {
		q->type = TEE_KEY_FSCRYPT;
		q->description = text + 8;
	} else {
		return usage_error(&cmd_derive_key, "--keyring takes logon:NAME or fscrypt:NAME");
	}
	return STATUS_OK;
}

/* With the name of the root or without. */
static int take_params(const char *text, struct request *q)
{
	struct buffer params _cleanup_buffer_ = { NULL, 0 };

	if (parse_hex(text, &params) < 0 ||
	    (params.len != PARAMS_SIZE && params.len != TEE_ROOT_PARAMS_SIZE))
		return usage_error(&cmd_derive_key,
				   "--params takes %d or %zu bytes in hexadecimal, as --save-params writes them",
				   TEE_ROOT_PARAMS_SIZE, PARAMS_SIZE);
	memcpy(&q->params, params.data, params.len);
	q->has_params = true;
	return STATUS_OK;
}

static int take_label(const char *text, struct request *q)
{
	q->label = text;
	if (strlen(text) > TEE_KEY_LABEL_MAX)
		return usage_error(&cmd_derive_key, "--label takes up to %d bytes", TEE_KEY_LABEL_MAX);
	return STATUS_OK;
}

static int take_option(int option, const char *value, struct request *q)
{
	switch (option) {
	case 'l':
		return take_label(value, q);
	case 'n':
		return take_length(value, q);
	case 'o':
		q->output = value;
		return STATUS_OK;
	case 'k':
		return take_keyring(value, q);
	case 'p':
		return take_params(value, q);
	case 's':
		q->save_params = value;
		return STATUS_OK;
	case 't':
		return take_timeout(&cmd_derive_key, value, &q->timeout_ms);
	case 'T':
		q->target = value;
		return STATUS_OK;
	case 'j':
		q->json = true;
		return STATUS_OK;
	default:
		return usage_hint(&cmd_derive_key);
	}
}

/* What the options say together. */
static int check(const struct request *q)
{
	if (!q->label)
		return usage_error(&cmd_derive_key, "say with --label what it is for");
	if (q->description && q->output)
		return usage_error(&cmd_derive_key, "--output or --keyring, please, not both");
	if (to_stdout(q) && q->json)
		return usage_error(&cmd_derive_key,
				   "secrets do not go into JSON; say --output FILE or --keyring");
	if (q->save_params && !strcmp(q->save_params, "-"))
		return usage_error(&cmd_derive_key, "--save-params takes the name of a file");
	if (to_stdout(q) && isatty(STDOUT_FILENO))
		return usage_error(&cmd_derive_key,
				   "a key is binary and standard output a terminal; say --output FILE");
	return STATUS_OK;
}

static int run(int argc, char **argv)
{
	struct request q = { .length = LENGTH_DEFAULT };
	int option, status;

	secret_begin();
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'h')
			return show_help(&cmd_derive_key);
		status = take_option(option, optarg, &q);
		if (status)
			return status;
	}
	if (optind < argc)
		return usage_error(&cmd_derive_key, "what is %s?", argv[optind]);
	status = check(&q);
	return status ? status : derive_and_write(&q);
}

const struct command cmd_derive_key = {
	.name = "derive-key",
	.summary = "a key of this workload",
	.help = help,
	.run = run,
};
