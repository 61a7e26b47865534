// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * teegatectl secret: the store of secrets that the Ultravisor keeps for a guest of IBM Secure
 * Execution. Shows what secrets are called, never what they are; requests are encrypted.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tee.h>

#include "cli.h"

#define LABEL_WIDTH	9

static const char help[] =
"Usage: teegatectl secret add FILE [OPTIONS]\n"
"       teegatectl secret list [OPTIONS]\n"
"       teegatectl secret lock --irreversible [OPTIONS]\n"
"\n"
"The store of secrets that the Ultravisor keeps for this guest (IBM Secure\n"
"Execution), until it ends. Needs root and /dev/teegate: no lease allows it.\n"
"\n"
"  add FILE           add a secret: FILE (\"-\": standard input) is a request as\n"
"                     pvsecret makes it, encrypted for the Ultravisor\n"
"  list               what the secrets are called, never what they are\n"
"  lock               let nobody add any more; cannot be undone\n"
"\n"
"  --irreversible     with lock: yes, I know\n"
"  --timeout SECONDS  how long to wait at most (default: the module's, 75)\n"
"  --target TARGET    device:PATH; default: /dev/teegate\n"
"  --json             say it as JSON\n"
"  --help             this text\n"
"\n"
"A call that ran out of time may have succeeded: list tells.\n"
"Exit status: 0 done, 1 refused, 2 usage, 3 TEE not available or failed,\n"
"4 file trouble.\n";

static const struct option options[] = {
	{ "irreversible", no_argument, NULL, 'i' },
	{ "timeout", required_argument, NULL, 't' },
	{ "target", required_argument, NULL, 'T' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct request {
	const char *target, *file;
	unsigned int lock_flags, timeout_ms;
	bool json;
};

static void tell(const struct request *q, const char *what)
{
	struct json_object *object;

	if (!q->json) {
		print_title("The store of secrets was %s", what);
		return;
	}
	object = js_new();
	js_text(object, "store", what);
	js_print(object);
}

static int add(tee_ctx *ctx, const struct request *q)
{
	struct buffer request _cleanup_buffer_ = { NULL, 0 };
	int r;

	if (read_file(q->file, &request) < 0)
		return STATUS_LOCAL;
	if (request.len < 1 || request.len > TEE_SECRET_MAX)
		return complain(STATUS_LOCAL, "%s has %zu bytes, and a request 1 to %u", q->file,
				request.len, TEE_SECRET_MAX);
	r = tee_add_secret(ctx, request.data, request.len, q->timeout_ms);
	if (r < 0)
		return complain_tee(ctx, r);
	tell(q, "extended by one");
	return STATUS_OK;
}

/* IBM's names for the types that have none of their own here are numbers, and stay so. */
static char *type_text(uint32_t type)
{
	static const char *const names[] = { NULL, "null", "association", "plaintext" };

	if (type < sizeof(names) / sizeof(names[0]) && names[type])
		return format_text("%s", names[type]);
	return format_text("type %u", type);
}

static void show(const struct tee_secret *secrets, size_t count)
{
	print_title("%zu secret%s", count, count == 1 ? "" : "s");
	for (size_t i = 0; i < count; i++) {
		char *type = type_text(secrets[i].type);
		char *id = hex_text(secrets[i].id, sizeof(secrets[i].id));
		char *label = format_text("%u", secrets[i].index);
		char *text = format_text("%s, %u bytes", type, secrets[i].length);

		print_field(label, LABEL_WIDTH, text);
		print_field("", LABEL_WIDTH, id);
		free(text);
		free(label);
		free(id);
		free(type);
	}
}

static void show_json(const struct tee_secret *secrets, size_t count)
{
	struct json_object *array = must(json_object_new_array()), *whole = js_new();

	for (size_t i = 0; i < count; i++) {
		char *id = hex_text(secrets[i].id, sizeof(secrets[i].id));
		struct json_object *object = js_new();

		js_number(object, "index", secrets[i].index);
		js_number(object, "type", secrets[i].type);
		js_number(object, "bytes", secrets[i].length);
		js_text(object, "id", id);
		free(id);
		if (json_object_array_add(array, object) < 0)
			must(NULL);
	}
	js_put(whole, "secrets", array);
	js_print(whole);
}

static int list(tee_ctx *ctx, const struct request *q)
{
	struct tee_secret *secrets;
	size_t count;
	int r;

	r = tee_list_secrets(ctx, q->timeout_ms, &secrets, &count);
	if (r < 0)
		return complain_tee(ctx, r);
	if (q->json)
		show_json(secrets, count);
	else
		show(secrets, count);
	free(secrets);
	return STATUS_OK;
}

static int lock(tee_ctx *ctx, const struct request *q)
{
	int r;

	r = tee_lock_secrets(ctx, q->lock_flags, q->timeout_ms);
	if (r < 0)
		return complain_tee(ctx, r);
	tell(q, "locked");
	return STATUS_OK;
}

static const struct {
	const char *name;
	int arguments;
	int (*run)(tee_ctx *ctx, const struct request *q);
} actions[] = {
	{ "add", 1, add },
	{ "list", 0, list },
	{ "lock", 0, lock },
};

static int act(int (*action)(tee_ctx *, const struct request *), const struct request *q)
{
	tee_ctx *ctx = NULL;
	int r, status;

	r = tee_open(q->target, &ctx);
	status = r < 0 ? complain_tee(ctx, r) : action(ctx, q);
	tee_close(ctx);
	return status;
}

static int find_and_act(int argc, char **argv, struct request *q)
{
	if (argc < 1)
		return usage_error(&cmd_secret, "say add, list or lock");
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		bool locks = actions[i].run == lock;

		if (strcmp(argv[0], actions[i].name))
			continue;
		if (argc != 1 + actions[i].arguments)
			return usage_error(&cmd_secret, "%s takes %s", argv[0],
					   actions[i].arguments ? "one file with the request" : "no file");
		if (locks && !q->lock_flags)
			return usage_error(&cmd_secret,
					   "a locked store stays locked until the guest ends; say --irreversible");
		if (!locks && q->lock_flags)
			return usage_error(&cmd_secret, "--irreversible is for lock");
		q->file = argv[1];
		return act(actions[i].run, q);
	}
	return usage_error(&cmd_secret, "what is %s?", argv[0]);
}

static int take_option(int option, const char *value, struct request *q)
{
	switch (option) {
	case 'i':
		q->lock_flags = TEE_LOCK_IRREVERSIBLE;
		return STATUS_OK;
	case 't':
		return take_timeout(&cmd_secret, value, &q->timeout_ms);
	case 'T':
		q->target = value;
		return STATUS_OK;
	case 'j':
		q->json = true;
		return STATUS_OK;
	default:
		return usage_hint(&cmd_secret);
	}
}

static int run(int argc, char **argv)
{
	/* Not the first way that is there: a lease or a broker would only say no. */
	struct request q = { .target = "device:/dev/teegate" };
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'h')
			return show_help(&cmd_secret);
		status = take_option(option, optarg, &q);
		if (status)
			return status;
	}
	return find_and_act(argc - optind, argv + optind, &q);
}

const struct command cmd_secret = {
	.name = "secret",
	.summary = "add, list and lock secrets (IBM Secure Execution)",
	.help = help,
	.run = run,
};
