// SPDX-License-Identifier: GPL-2.0-or-later
/* teegatectl events: what happens, line by line, for as long as somebody looks. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "broker.h"
#include "cli.h"

static const char help[] =
"Usage: teegatectl events [OPTIONS]\n"
"\n"
"Shows what happens to leases, workloads and the TEE from now on, a line for each\n"
"event, until it is interrupted. What happened before is in the journal:\n"
"journalctl -u teegated. Needs teegated, and root of the system.\n"
"\n"
"  --follow           when the broker restarts, or events came too fast, say so\n"
"                     and go on; without it, end\n"
"  --count N          end after N events\n"
HELP_SOCKET
"  --json             a JSON object a line\n"
"  --help             this text\n"
"\n"
"Exit status: 0 all N events were seen, 1 refused, 2 usage, 3 there is no broker,\n"
"it ended, or events were lost.\n";

static const struct option options[] = {
	{ "follow", no_argument, NULL, 'f' },
	{ "count", required_argument, NULL, 'n' },
	COMMON_OPTIONS,
};

#define RETRY_SECONDS	1

struct request {
	struct common common;
	bool follow;
	unsigned long count;	/* 0: no end */
};

/* @seen: events so far; @status: how the stream ended, -1 as long as it goes on */
struct stream {
	const struct request *q;
	unsigned long seen;
	int status;
};

static void print_time(uint64_t usec)
{
	time_t seconds = (time_t)(usec / 1000000);
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		printf("%02d:%02d:%02d.%03u ", tm.tm_hour, tm.tm_min, tm.tm_sec,
		       (unsigned int)(usec / 1000 % 1000));
}

static void print_field_of(sd_json_variant *event, const char *name, sd_json_variant *value)
{
	char *text;

	if (sd_json_variant_is_string(value))
		text = field_text(event, name);
	else if (sd_json_variant_is_array(value))
		text = field_list(event, name);
	else
		text = format_text("%llu", (unsigned long long)field_number(event, name));
	printf(strchr(text, ' ') ? " %s=\"%s\"" : " %s=%s", name, text);
	free(text);
}

static void print_event(sd_json_variant *event)
{
	char *name = field_text(event, "event");

	print_time(field_number(event, "timestampUSec"));
	printf("%-14s", name);
	free(name);
	for (size_t i = 0; i + 1 < sd_json_variant_elements(event); i += 2) {
		const char *key = sd_json_variant_string(sd_json_variant_by_index(event, i));

		if (strcmp(key, "event") && strcmp(key, "timestampUSec") && strcmp(key, "bootNSec"))
			print_field_of(event, key, sd_json_variant_by_index(event, i + 1));
	}
	putchar('\n');
}

static int on_reply(sd_varlink *link, sd_json_variant *parameters, const char *error,
		    sd_varlink_reply_flags_t flags, void *userdata)
{
	struct stream *stream = userdata;
	sd_json_variant *event = sd_json_variant_by_key(parameters, "event");

	(void)link;
	(void)flags;
	if (error) {
		stream->status = broker_complain(error, parameters);
		return 0;
	}
	if (!event)
		return 0;
	if (stream->q->common.json)
		sd_json_variant_dump(event, SD_JSON_FORMAT_NEWLINE, stdout, NULL);
	else
		print_event(event);
	stream->seen++;
	/* Somebody waits for the line; and when nobody reads any more, this is how we hear of it. */
	if (fflush(stdout) || (stream->q->count && stream->seen >= stream->q->count))
		stream->status = STATUS_OK;
	return 0;
}

static int listen_on(sd_varlink *link, struct stream *stream)
{
	int r;

	sd_varlink_set_userdata(link, stream);
	r = sd_varlink_bind_reply(link, on_reply);
	if (r >= 0)
		r = sd_varlink_observe(link, BROKER ".Subscribe", NULL);
	while (r >= 0 && stream->status < 0) {
		r = sd_varlink_process(link);
		if (r == 0)
			r = sd_varlink_wait(link, UINT64_MAX);
	}
	if (stream->status >= 0)
		return stream->status;
	return complain(STATUS_UNAVAILABLE, "the broker has hung up: %s", strerror(-r));
}

static int watch(const struct request *q)
{
	struct stream stream = { .q = q };
	int status;

	do {
		_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;

		stream.status = -1;
		status = broker_open(q->common.socket, &link);
		if (!status)
			status = listen_on(link, &stream);
	} while (q->follow && status == STATUS_UNAVAILABLE && sleep(RETRY_SECONDS) == 0);
	return status;
}

static int run(int argc, char **argv)
{
	struct request q = { .count = 0 };
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'f':
			q.follow = true;
			break;
		case 'n':
			if (parse_number(optarg, 1000000, &q.count) < 0 || !q.count)
				return usage_error(&cmd_events, "--count takes a number from 1 on");
			break;
		default:
			status = common_option(&cmd_events, option, &q.common);
			if (status >= 0)
				return status;
		}
	}
	if (optind < argc)
		return usage_error(&cmd_events, "what is %s?", argv[optind]);
	return watch(&q);
}

const struct command cmd_events = {
	.name = "events",
	.summary = "show what happens",
	.help = help,
	.run = run,
};
