// SPDX-License-Identifier: GPL-2.0-or-later
/* teegatectl top: the workloads, who asks how often, who waits and who is refused. */
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
"Usage: teegatectl top [OPTIONS]\n"
"\n"
"Shows the workloads that hold leases: how often they ask the TEE, how long they\n"
"wait and how often they are refused. On a terminal the table is drawn anew every\n"
"two seconds until it is interrupted; elsewhere one follows the other.\n"
"Needs teegated, and root of the system.\n"
"\n"
"  --interval SECONDS time between two tables, 1 to 3600 (default: 2)\n"
"  --once             one table, with totals only: a rate takes two\n"
HELP_SOCKET
"  --json             the numbers as the broker gives them, an object a line\n"
"  --help             this text\n"
"\n"
"REQ/S, ANS/S and REF/S are requests that were queued, answered well and refused\n"
"before they were queued, in a second. WAIT is from submission to end, on average\n"
"of what ended since the last table, and MAX the longest ever.\n"
"\n"
"Exit status: 0 done, 1 refused, 2 usage, 3 there is no broker.\n";

static const struct option options[] = {
	{ "interval", required_argument, NULL, 'i' },
	{ "once", no_argument, NULL, 'o' },
	COMMON_OPTIONS,
};

struct request {
	struct common common;
	unsigned long interval;
	bool once;
};

/* One workload, and what has come to it since the table before. */
struct row {
	sd_json_variant *now;
	uint64_t asked, answered, refused, ended, waited_ns;
	bool known_before;
};

/* A sample of all, and when it was taken. */
struct sample {
	sd_json_variant *statistics;
	uint64_t time_ms;
};

static sd_json_variant *workload_at(sd_json_variant *statistics, size_t i)
{
	return sd_json_variant_by_index(sd_json_variant_by_key(statistics, "workloads"), i);
}

static size_t workloads_of(sd_json_variant *statistics)
{
	sd_json_variant *list = statistics ? sd_json_variant_by_key(statistics, "workloads") : NULL;

	return list ? sd_json_variant_elements(list) : 0;
}

/* The same workload in another sample: by its number, or by its first lease if it has none. */
static sd_json_variant *find(sd_json_variant *statistics, sd_json_variant *wanted)
{
	for (size_t i = 0; i < workloads_of(statistics); i++) {
		sd_json_variant *one = workload_at(statistics, i);

		if (field_number(one, "workloadNumber") == field_number(wanted, "workloadNumber") &&
		    field_number(one, "leaseId") == field_number(wanted, "leaseId"))
			return one;
	}
	return NULL;
}

/* A workload may have ended and begun afresh meanwhile: then it counts from 0. */
static uint64_t growth(sd_json_variant *now, sd_json_variant *before, const char *name)
{
	uint64_t number = field_number(now, name), old = before ? field_number(before, name) : 0;

	return number >= old ? number - old : number;
}

/* Requests that have left the queue, well or not. */
static uint64_t ended(sd_json_variant *workload)
{
	uint64_t asked = field_number(workload, "requests"), pending = field_number(workload, "pending");

	return asked > pending ? asked - pending : 0;
}

static uint64_t ended_since(sd_json_variant *now, sd_json_variant *before)
{
	uint64_t old = before ? ended(before) : 0;

	return ended(now) >= old ? ended(now) - old : ended(now);
}

static int compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->asked != y->asked)
		return x->asked < y->asked ? 1 : -1;
	return (field_number(x->now, "workloadNumber") > field_number(y->now, "workloadNumber")) -
	       (field_number(x->now, "workloadNumber") < field_number(y->now, "workloadNumber"));
}

static struct row *rows_of(const struct sample *now, const struct sample *before)
{
	size_t n = workloads_of(now->statistics);
	struct row *rows = must(calloc(n + 1, sizeof(*rows)));

	for (size_t i = 0; i < n; i++) {
		sd_json_variant *one = workload_at(now->statistics, i);
		sd_json_variant *old = find(before->statistics, one);

		rows[i] = (struct row){
			.now = one,
			.asked = growth(one, old, "requests"),
			.answered = growth(one, old, "answered"),
			.refused = growth(one, old, "refused"),
			.ended = ended_since(one, old),
			.waited_ns = growth(one, old, "waitNSec"),
			.known_before = old != NULL,
		};
	}
	qsort(rows, n, sizeof(*rows), compare);
	return rows;
}

static char *number_text(uint64_t number)
{
	return format_text("%llu", (unsigned long long)number);
}

static char *rate_text(const struct row *row, uint64_t count, uint64_t elapsed_ms)
{
	if (!row->known_before || elapsed_ms == 0)
		return format_text("-");
	return format_text("%.1f", (double)count * 1000.0 / (double)elapsed_ms);
}

static char *name_of(sd_json_variant *workload)
{
	char *text = field_text(workload, "workload");

	if (strcmp(text, "-"))
		return text;
	free(text);
	if (field_number(workload, "leaseId"))
		return format_text("lease %llu", (unsigned long long)field_number(workload, "leaseId"));
	if (!field_number(workload, "workloadNumber"))	/* in whose name secrets are added and listed */
		return format_text("(administrator)");
	return format_text("number %llu", (unsigned long long)field_number(workload, "workloadNumber"));
}

static char *holder_of(sd_json_variant *workload)
{
	char *text = field_text(workload, "unit");

	if (strcmp(text, "-"))
		return text;
	free(text);
	return field_text(workload, "container");
}

static void add_row(struct table *table, const struct row *row, uint64_t elapsed_ms)
{
	table_add(table, name_of(row->now));
	table_add(table, holder_of(row->now));
	table_add(table, number_text(field_number(row->now, "leases")));
	table_add(table, number_text(field_number(row->now, "requests")));
	table_add(table, rate_text(row, row->asked, elapsed_ms));
	table_add(table, rate_text(row, row->answered, elapsed_ms));
	table_add(table, number_text(field_number(row->now, "refused")));
	table_add(table, rate_text(row, row->refused, elapsed_ms));
	table_add(table, number_text(field_number(row->now, "pending")));
	table_add(table, row->ended ? format_text("%.1fms", (double)row->waited_ns / 1e6 / (double)row->ended) :
				      format_text("-"));
	table_add(table, format_text("%.1fms", (double)field_number(row->now, "waitMaxNSec") / 1e6));
}

static void show_backends(sd_json_variant *statistics)
{
	sd_json_variant *list = sd_json_variant_by_key(statistics, "backends");

	for (size_t i = 0; list && i < sd_json_variant_elements(list); i++) {
		sd_json_variant *one = sd_json_variant_by_index(list, i);
		char *provider = field_text(one, "provider"), *state = field_text(one, "state");

		printf("%s is %s: %llu of %llu waiting, %llu reports, %llu errors", provider, state,
		       (unsigned long long)field_number(one, "queued"),
		       (unsigned long long)field_number(one, "queueMax"),
		       (unsigned long long)field_number(one, "reports"),
		       (unsigned long long)field_number(one, "errors"));
		if (field_number(one, "inFlightMax"))
			printf(", %llu of %llu buffers with the host", (unsigned long long)field_number(one, "inFlight"),
			       (unsigned long long)field_number(one, "inFlightMax"));
		putchar('\n');
		free(provider);
		free(state);
	}
}

static void show(const struct sample *now, const struct sample *before)
{
	static const char *const titles[] = {
		"WORKLOAD", "HOLDER", "LEASES", "REQUESTS", "REQ/S", "ANS/S", "REFUSED", "REF/S", "PENDING",
		"WAIT", "MAX",
	};
	struct table *table = table_new(titles, sizeof(titles) / sizeof(titles[0]));
	struct row *rows = rows_of(now, before);

	if (!sd_json_variant_boolean(sd_json_variant_by_key(now->statistics, "kernelEvents")))
		printf("the kernel module is not there, or does not tell\n");
	show_backends(now->statistics);
	printf("%llu leases granted, %llu connections\n\n",
	       (unsigned long long)field_number(now->statistics, "leases"),
	       (unsigned long long)field_number(now->statistics, "connections"));
	for (size_t i = 0; i < workloads_of(now->statistics); i++)
		add_row(table, &rows[i], before->statistics ? now->time_ms - before->time_ms : 0);
	table_print(table);
	free(rows);
}

static int take_sample(sd_varlink *link, struct sample *ret)
{
	sd_json_variant *answer;
	int status = broker_call(link, "Statistics", NULL, &answer);

	if (!status)
		*ret = (struct sample){ sd_json_variant_ref(answer), now_ms() };
	return status;
}

/* Home, and away with what was there. */
static void clear_screen(void)
{
	fputs("\033[H\033[2J", stdout);
}

static int watch(sd_varlink *link, const struct request *q)
{
	struct sample before = { NULL, 0 }, now;
	bool terminal = isatty(STDOUT_FILENO) && !q->common.json && !q->once;
	int status;

	for (;;) {
		status = take_sample(link, &now);
		if (status)
			break;
		if (terminal)
			clear_screen();
		if (q->common.json)
			sd_json_variant_dump(now.statistics, SD_JSON_FORMAT_NEWLINE, stdout, NULL);
		else
			show(&now, &before);
		sd_json_variant_unref(before.statistics);
		before = now;
		if (fflush(stdout) || q->once)
			break;
		if (!terminal && !q->common.json)
			putchar('\n');
		sleep((unsigned int)q->interval);
	}
	sd_json_variant_unref(before.statistics);
	return status;
}

static int open_and_watch(const struct request *q)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;
	int status = broker_open(q->common.socket, &link);

	return status ? status : watch(link, q);
}

static int run(int argc, char **argv)
{
	struct request q = { .interval = 2 };
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'i':
			if (parse_number(optarg, 3600, &q.interval) < 0 || !q.interval)
				return usage_error(&cmd_top, "--interval takes 1 to 3600 seconds");
			break;
		case 'o':
			q.once = true;
			break;
		default:
			status = common_option(&cmd_top, option, &q.common);
			if (status >= 0)
				return status;
		}
	}
	if (optind < argc)
		return usage_error(&cmd_top, "what is %s?", argv[optind]);
	return open_and_watch(&q);
}

const struct command cmd_top = {
	.name = "top",
	.summary = "show which workloads ask the TEE, and how often",
	.help = help,
	.run = run,
};
