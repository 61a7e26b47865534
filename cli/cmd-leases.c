// SPDX-License-Identifier: GPL-2.0-or-later
/* teegatectl leases: which there are, and their end. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker.h"
#include "cli.h"

static const char help[] =
"Usage: teegatectl leases [list] [OPTIONS] [LEASE]\n"
"       teegatectl leases revoke [OPTIONS] [LEASE]\n"
"\n"
"The leases of the kernel module that are there now: what each allows, whom it\n"
"was granted to and by which rule. Needs teegated, and root of the system.\n"
"\n"
"  list               list them (the default), or only what is named\n"
"  revoke             end what is named, at once and with all that wait for it.\n"
"                     Whoever held it may ask for another: change policy first\n"
"\n"
"  LEASE              the number of a lease\n"
"  --workload NAME    all leases of the workload that policy calls NAME\n"
"  --container ID     all leases of the container that was registered as ID\n"
HELP_SOCKET
"  --json             say it as JSON\n"
"  --help             this text\n"
"\n"
"Exit status: 0 done, 1 refused, or there is no such lease, 2 usage, 3 there is\n"
"no broker.\n";

static const struct option options[] = {
	{ "workload", required_argument, NULL, 'w' },
	{ "container", required_argument, NULL, 'c' },
	COMMON_OPTIONS,
};

/* @lease: 0 for none; the kernel's numbers begin with 1 */
struct request {
	struct common common;
	const char *workload, *container;
	unsigned long lease;
};

static int named(const struct request *q)
{
	return (q->lease != 0) + (q->workload != NULL) + (q->container != NULL);
}

static sd_json_variant *parameters_of(const struct request *q, uint64_t after)
{
	sd_json_variant *parameters = NULL;

	if (sd_json_buildo(&parameters,
			   SD_JSON_BUILD_PAIR_CONDITION(q->lease != 0, "leaseId", SD_JSON_BUILD_UNSIGNED(q->lease)),
			   SD_JSON_BUILD_PAIR_CONDITION(q->workload != NULL, "workload",
							SD_JSON_BUILD_STRING(q->workload)),
			   SD_JSON_BUILD_PAIR_CONDITION(q->container != NULL, "container",
							SD_JSON_BUILD_STRING(q->container)),
			   SD_JSON_BUILD_PAIR_CONDITION(after != 0, "after", SD_JSON_BUILD_UNSIGNED(after))) < 0)
		must(NULL);
	return parameters;
}

static char *seconds_left(sd_json_variant *lease)
{
	if (!sd_json_variant_by_key(lease, "expiresMs"))
		return format_text("never");
	return format_text("%llus", (unsigned long long)field_number(lease, "expiresMs") / 1000);
}

static char *holder(sd_json_variant *lease)
{
	char *text = field_text(lease, "unit");

	if (strcmp(text, "-"))
		return text;
	free(text);
	return field_text(lease, "container");
}

static char *uid_of(sd_json_variant *lease)
{
	if (!sd_json_variant_by_key(lease, "uid"))
		return format_text("-");
	return format_text("%llu", (unsigned long long)field_number(lease, "uid"));
}

static void show(sd_json_variant *list)
{
	static const char *const titles[] = {
		"LEASE", "WORKLOAD", "HOLDER", "UID", "OPERATIONS", "PINS", "ENDS IN", "PENDING", "STATE",
	};
	struct table *table = table_new(titles, sizeof(titles) / sizeof(titles[0]));

	for (size_t i = 0; i < sd_json_variant_elements(list); i++) {
		sd_json_variant *lease = sd_json_variant_by_index(list, i);

		table_add(table, format_text("%llu", (unsigned long long)field_number(lease, "leaseId")));
		table_add(table, field_text(lease, "workload"));
		table_add(table, holder(lease));
		table_add(table, uid_of(lease));
		table_add(table, field_list(lease, "operations"));
		table_add(table, field_list(lease, "pins"));
		table_add(table, seconds_left(lease));
		table_add(table, format_text("%llu", (unsigned long long)field_number(lease, "pending")));
		table_add(table, field_text(lease, "state"));
	}
	table_print(table);
}

/* The broker answers in pieces. */
static int collect(sd_varlink *link, const struct request *q, sd_json_variant **ret)
{
	uint64_t after = 0;

	do {
		_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = parameters_of(q, after);
		sd_json_variant *answer, *page;
		int status = broker_call(link, "ListLeases", parameters, &answer);

		if (status)
			return status;
		page = sd_json_variant_by_key(answer, "leases");
		for (size_t i = 0; page && i < sd_json_variant_elements(page); i++)
			if (sd_json_variant_append_array(ret, sd_json_variant_by_index(page, i)) < 0)
				must(NULL);
		after = field_number(answer, "next");
	} while (after);
	return STATUS_OK;
}

static int list(sd_varlink *link, const struct request *q)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *all = NULL;
	int status;

	if (sd_json_variant_new_array(&all, NULL, 0) < 0)
		must(NULL);
	status = collect(link, q, &all);
	if (status)
		return status;
	if (q->common.json)
		print_json(all);
	else
		show(all);
	if (q->lease && sd_json_variant_elements(all) == 0)
		return complain(STATUS_REFUSED, "there is no lease %lu (any more)", q->lease);
	return STATUS_OK;
}

static int end_leases(sd_varlink *link, const struct request *q)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = parameters_of(q, 0);
	sd_json_variant *answer;
	int status;

	status = broker_call(link, "Revoke", parameters, &answer);
	if (status)
		return status;
	if (q->common.json)
		print_json(answer);
	else
		print_title("revoked: %llu", (unsigned long long)field_number(answer, "revoked"));
	return STATUS_OK;
}

static int act(int (*action)(sd_varlink *link, const struct request *q), const struct request *q)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;
	int status = broker_open(q->common.socket, &link);

	return status ? status : action(link, q);
}

static int take_arguments(int argc, char **argv, struct request *q)
{
	bool revokes = argc > 0 && !strcmp(argv[0], "revoke");

	if (revokes || (argc > 0 && !strcmp(argv[0], "list"))) {
		argc--;
		argv++;
	}
	if (argc > 1)
		return usage_error(&cmd_leases, "what is %s?", argv[1]);
	if (argc == 1 && (parse_number(argv[0], INT64_MAX, &q->lease) < 0 || !q->lease))
		return usage_error(&cmd_leases, "%s is no number of a lease", argv[0]);
	if (revokes && named(q) != 1)
		return usage_error(&cmd_leases, "revoke takes one of LEASE, --workload and --container");
	return act(revokes ? end_leases : list, q);
}

static int run(int argc, char **argv)
{
	struct request q = { .lease = 0 };
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'w':
			q.workload = optarg;
			break;
		case 'c':
			q.container = optarg;
			break;
		default:
			status = common_option(&cmd_leases, option, &q.common);
			if (status >= 0)
				return status;
		}
	}
	return take_arguments(argc - optind, argv + optind, &q);
}

const struct command cmd_leases = {
	.name = "leases",
	.summary = "list and revoke leases",
	.help = help,
	.run = run,
};
