// SPDX-License-Identifier: GPL-2.0-or-later
/* The subcommands that ask teegated, where there can be none: they say so. */
#include "cli.h"

static int run(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return complain(STATUS_UNAVAILABLE,
			"this build has no broker: that takes libsystemd 257 or later");
}

#define ABSENT(what)	\
	const struct command cmd_##what = {	\
		.name = #what,	\
		.summary = "(not in this build: needs libsystemd 257)",	\
		.help = "Not in this build: it asks teegated, which needs libsystemd 257 or later.\n",	\
		.run = run,	\
	}

ABSENT(events);
ABSENT(leases);
ABSENT(top);
