/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the subcommands for administrators share: asking teegated over varlink. Only where there is
 * libsystemd 257; elsewhere broker-absent.c stands in for those subcommands.
 */
#ifndef TEEGATECTL_BROKER_H
#define TEEGATECTL_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-json.h>
#include <systemd/sd-varlink.h>

#include "cli.h"

#define BROKER	"io.teegate.Broker"

#define _cleanup_(release) __attribute__((cleanup(release)))

/* Help text of the option that all of them have. */
#define HELP_SOCKET	"  --socket PATH      the broker's socket (default: /run/teegate/broker.sock)\n"

/* And the rows of these for getopt_long(), the last ones. */
#define COMMON_OPTIONS \
	{ "socket", required_argument, NULL, 's' }, \
	{ "json", no_argument, NULL, 'j' }, \
	{ "help", no_argument, NULL, 'h' }, \
	{ NULL, 0, NULL, 0 }

struct common {
	const char *socket;
	bool json;
};

/* Takes one of those, or complains about what is none: -1 to go on, else the exit status. */
int common_option(const struct command *command, int option, struct common *common);

/* 0 and a connection, or an exit status after complaining. @path: NULL for the usual one. */
int broker_open(const char *path, sd_varlink **ret);
/* Calls BROKER.@method. 0 and the answer, which belongs to @link, or an exit status after complaining. */
int broker_call(sd_varlink *link, const char *method, sd_json_variant *parameters, sd_json_variant **ret);
/* Says what an error of the broker means; returns the exit status. */
int broker_complain(const char *error, sd_json_variant *parameters);

/* Fields of an object: "-" or 0 where there is none. The text is escaped and malloc()ed. */
char *field_text(sd_json_variant *object, const char *name);
uint64_t field_number(sd_json_variant *object, const char *name);
/* The texts of a list, separated by commas; "-" when there are none. malloc()ed. */
char *field_list(sd_json_variant *object, const char *name);

/* Prints @value as JSON, over several lines. */
void print_json(sd_json_variant *value);

/* A table for people: as wide as what is in it. Cells are taken, and must be malloc()ed. */
struct table;
struct table *table_new(const char *const *titles, size_t columns);
void table_add(struct table *table, char *cell);
/* Prints and frees. */
void table_print(struct table *table);

#endif
