// SPDX-License-Identifier: GPL-2.0-or-later
/* teegatectl extend: adds an event to a runtime measurement register, for good. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tee.h>

#include "cli.h"

#define LABEL_WIDTH	9

static const char help[] =
"Usage: teegatectl extend [OPTIONS] --index 2|3 FILE\n"
"\n"
"Adds the bytes of FILE (\"-\": standard input) as an event to a runtime\n"
"measurement register (TDX), and to the event log that comes with each quote.\n"
"The register takes a hash of who asked and of the event. This cannot be undone\n"
"before the guest restarts, and everybody who gets a quote of this guest sees it.\n"
"\n"
"  --index N          the register: 2 or 3; 0 and 1 belong to firmware\n"
"  --timeout SECONDS  how long to wait at most (default: the module's, 75)\n"
"  --target TARGET    fd:N, device:PATH, broker:PATH or fake:[FILE]; default: the\n"
"                     lease in $TEE_LEASE_FD, else /dev/teegate, else the broker\n"
"  --json             say what was done as JSON\n"
"  --help             this text\n"
"\n"
"An event has 1 to 1024 bytes. A call that ran out of time may have succeeded.\n"
"Exit status: 0 done, 1 refused, 2 usage, 3 TEE not available or failed,\n"
"4 file trouble.\n";

static const struct option options[] = {
	{ "index", required_argument, NULL, 'i' },
	{ "timeout", required_argument, NULL, 't' },
	{ "target", required_argument, NULL, 'T' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

struct request {
	const char *target;
	unsigned int index, timeout_ms;
	bool json;
};

static void tell(const struct request *q, size_t event_len, const uint8_t *digest)
{
	char *hex = hex_text(digest, TEE_DIGEST_SIZE), *text;
	struct json_object *object;

	if (q->json) {
		object = js_new();
		js_number(object, "index", q->index);
		js_number(object, "eventBytes", event_len);
		js_text(object, "digest", hex);
		js_print(object);
	} else {
		print_title("Register %u was extended", q->index);
		text = format_text("%zu bytes", event_len);
		print_field("event", LABEL_WIDTH, text);
		print_field("digest", LABEL_WIDTH, hex);
		free(text);
	}
	free(hex);
}

static int extend(const struct request *q, const char *file)
{
	struct buffer event _cleanup_buffer_ = { NULL, 0 };
	uint8_t digest[TEE_DIGEST_SIZE];
	tee_ctx *ctx = NULL;
	int r, status = STATUS_OK;

	if (read_file(file, &event) < 0)
		return STATUS_LOCAL;
	if (event.len < 1 || event.len > TEE_EVENT_MAX)
		return usage_error(&cmd_extend, "%s has %zu bytes, and an event 1 to %d; hash what is longer",
				   file, event.len, TEE_EVENT_MAX);
	r = tee_open(q->target, &ctx);
	if (!r)
		r = tee_extend(ctx, q->index, event.data, event.len, q->timeout_ms, digest);
	if (r < 0)
		status = complain_tee(ctx, r);
	else
		tell(q, event.len, digest);
	tee_close(ctx);
	return status;
}

static int take_index(const char *text, struct request *q)
{
	unsigned long index;

	if (parse_number(text, 3, &index) < 0 || index < 2)
		return usage_error(&cmd_extend, "--index takes 2 or 3");
	q->index = (unsigned int)index;
	return STATUS_OK;
}

static int take_option(int option, const char *value, struct request *q)
{
	switch (option) {
	case 'i':
		return take_index(value, q);
	case 't':
		return take_timeout(&cmd_extend, value, &q->timeout_ms);
	case 'T':
		q->target = value;
		return STATUS_OK;
	case 'j':
		q->json = true;
		return STATUS_OK;
	default:
		return usage_hint(&cmd_extend);
	}
}

static int run(int argc, char **argv)
{
	struct request q = { .index = 0 };
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'h')
			return show_help(&cmd_extend);
		status = take_option(option, optarg, &q);
		if (status)
			return status;
	}
	/* Nobody shall extend a register for good because of a default. */
	if (!q.index)
		return usage_error(&cmd_extend, "say --index 2 or --index 3");
	if (optind + 1 != argc)
		return usage_error(&cmd_extend, "one file with the event, please; \"-\" is standard input");
	return extend(&q, argv[optind]);
}

const struct command cmd_extend = {
	.name = "extend",
	.summary = "add an event to a runtime measurement register",
	.help = help,
	.run = run,
};
