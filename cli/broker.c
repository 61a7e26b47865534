// SPDX-License-Identifier: GPL-2.0-or-later
/* Asking teegated, and laying out what it answers. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tee.h>

#include "broker.h"
#include "cli.h"

int broker_open(const char *path, sd_varlink **ret)
{
	const char *address = path ?: TEE_BROKER_SOCKET;
	int r;

	r = sd_varlink_connect_address(ret, address);
	if (r < 0)
		return complain(STATUS_UNAVAILABLE, "cannot reach the broker at %s: %s; see teegatectl doctor",
				path ?: TEE_BROKER_SOCKET, strerror(-r));
	return STATUS_OK;
}

int broker_complain(const char *error, sd_json_variant *parameters)
{
	char *reason = field_text(parameters, "reason");
	int status = STATUS_UNAVAILABLE;

	if (!strcmp(error, BROKER ".NotAdministrator"))
		status = complain(STATUS_REFUSED, "refused: %s", reason);
	else if (!strcmp(error, BROKER ".NoSuchLease"))
		status = complain(STATUS_REFUSED, "there is no such lease (any more)");
	else if (!strcmp(error, BROKER ".EventsLost"))
		status = complain(STATUS_UNAVAILABLE, "%llu events were lost: they came faster than they were read",
				  (unsigned long long)field_number(parameters, "lost"));
	else if (!strcmp(error, SD_VARLINK_ERROR_DISCONNECTED))
		status = complain(STATUS_UNAVAILABLE, "the broker has hung up");
	else if (!strcmp(error, SD_VARLINK_ERROR_METHOD_NOT_FOUND))
		status = complain(STATUS_UNAVAILABLE, "the broker that runs is older than this command");
	else
		status = complain(STATUS_UNAVAILABLE, "the broker says %s: %s", error, reason);
	free(reason);
	return status;
}

int broker_call(sd_varlink *link, const char *method, sd_json_variant *parameters, sd_json_variant **ret)
{
	char *name = format_text(BROKER ".%s", method);
	const char *error = NULL;
	int r;

	r = sd_varlink_call(link, name, parameters, ret, &error);
	free(name);
	if (r < 0)
		return complain(STATUS_UNAVAILABLE, "cannot ask the broker: %s", strerror(-r));
	return error ? broker_complain(error, *ret) : STATUS_OK;
}

int common_option(const struct command *command, int option, struct common *common)
{
	switch (option) {
	case 's':
		common->socket = optarg;
		return -1;
	case 'j':
		common->json = true;
		return -1;
	case 'h':
		return show_help(command);
	default:
		return usage_hint(command);
	}
}

char *field_text(sd_json_variant *object, const char *name)
{
	sd_json_variant *value = sd_json_variant_by_key(object, name);
	const char *text = value ? sd_json_variant_string(value) : NULL;

	return text && *text ? escape_bytes(text, strlen(text)) : format_text("-");
}

uint64_t field_number(sd_json_variant *object, const char *name)
{
	sd_json_variant *value = sd_json_variant_by_key(object, name);

	return value && sd_json_variant_is_unsigned(value) ? sd_json_variant_unsigned(value) : 0;
}

char *field_list(sd_json_variant *object, const char *name)
{
	sd_json_variant *list = sd_json_variant_by_key(object, name);
	char *text = format_text("%s", ""), *longer, *one;

	for (size_t i = 0; list && i < sd_json_variant_elements(list); i++) {
		const char *element = sd_json_variant_string(sd_json_variant_by_index(list, i)) ?: "";

		one = escape_bytes(element, strlen(element));
		longer = format_text("%s%s%s", text, *text ? "," : "", one);
		free(one);
		free(text);
		text = longer;
	}
	if (*text)
		return text;
	free(text);
	return format_text("-");
}

void print_json(sd_json_variant *value)
{
	sd_json_variant_dump(value, SD_JSON_FORMAT_PRETTY, stdout, NULL);
}

struct table {
	const char *const *titles;
	size_t columns, n, room;
	char **cells;
};

struct table *table_new(const char *const *titles, size_t columns)
{
	struct table *table = must(calloc(1, sizeof(*table)));

	table->titles = titles;
	table->columns = columns;
	return table;
}

void table_add(struct table *table, char *cell)
{
	if (table->n == table->room) {
		table->room = table->room ? 2 * table->room : 64;
		table->cells = must(reallocarray(table->cells, table->room, sizeof(*table->cells)));
	}
	table->cells[table->n++] = cell;
}

static size_t width_of(const struct table *table, size_t column)
{
	size_t width = strlen(table->titles[column]);

	for (size_t i = column; i < table->n; i += table->columns)
		if (strlen(table->cells[i]) > width)
			width = strlen(table->cells[i]);
	return width;
}

static void print_row(const struct table *table, const size_t *widths, const char *const *cells)
{
	for (size_t i = 0; i + 1 < table->columns; i++)
		printf("%-*s  ", (int)widths[i], cells[i]);
	printf("%s\n", cells[table->columns - 1]);
}

void table_print(struct table *table)
{
	size_t *widths = must(calloc(table->columns, sizeof(*widths)));

	for (size_t i = 0; i < table->columns; i++)
		widths[i] = width_of(table, i);
	print_row(table, widths, table->titles);
	for (size_t i = 0; i < table->n; i += table->columns)
		print_row(table, widths, (const char *const *)table->cells + i);
	for (size_t i = 0; i < table->n; i++)
		free(table->cells[i]);
	free(widths);
	free(table->cells);
	free(table);
}
