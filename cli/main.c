// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * teegatectl: evidence from and about the TEE, on the command line. This file finds the
 * subcommand; the work is in cmd-*.c.
 */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const struct command *const commands[] = {
	&cmd_info, &cmd_report, &cmd_verify, &cmd_extract, &cmd_extend, &cmd_seal, &cmd_unseal,
	&cmd_reseal, &cmd_inspect, &cmd_derive_key, &cmd_secret, &cmd_policy, &cmd_leases, &cmd_events,
	&cmd_top, &cmd_doctor,
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *to)
{
	fprintf(to, "Usage: teegatectl COMMAND [OPTIONS]\n\n"
		    "Evidence and keys from the TEE of this guest, and what they prove.\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(to, "\nOptions:\n"
		    "  --help     this text; teegatectl COMMAND --help says more\n"
		    "  --version  version of teegatectl\n"
		    "\nExit status: 0 good, 1 bad verdict, refusal or problem found, 2 usage,\n"
		    "3 TEE not available or failed, 4 file or memory trouble.\n");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

/* "teegatectl help verify" and "teegatectl --help". */
static int help(int argc, char **argv)
{
	const struct command *command = argc > 2 ? find_command(argv[2]) : NULL;

	if (command)
		return show_help(command);
	if (argc > 2)
		return complain(STATUS_USAGE, "there is no command %s", argv[2]);
	print_usage(stdout);
	return STATUS_OK;
}

/*
 * getopt_long() complains in the name of argv[0]: let that be what was typed, as in our own
 * complaints.
 */
static int run_command(const struct command *command, int argc, char **argv)
{
	char name[64];

	snprintf(name, sizeof(name), "teegatectl %s", command->name);
	argv[0] = name;
	return command->run(argc, argv);
}

int main(int argc, char **argv)
{
	const struct command *command;

	setlocale(LC_CTYPE, "C");
	if (argc < 2) {
		print_usage(stderr);
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return finish_output(help(argc, argv));
	if (!strcmp(argv[1], "--version")) {
		puts("teegatectl " TEEGATE_VERSION);
		return finish_output(STATUS_OK);
	}
	command = find_command(argv[1]);
	if (!command)
		return complain(STATUS_USAGE, "there is no command %s; try teegatectl --help", argv[1]);
	return finish_output(run_command(command, argc - 1, argv + 1));
}
