// SPDX-License-Identifier: GPL-2.0-or-later
/* teegatectl policy, where teegated is not built: there is no policy to look at either. */
#include "cli.h"

static const char help[] =
"Usage: teegatectl policy check|explain ...\n"
"\n"
"Looks at the policy of teegated. This teegatectl was built without teegated,\n"
"so it cannot.\n";

static int run(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return complain(STATUS_UNAVAILABLE,
			"this teegatectl was built without teegated and knows no policy");
}

const struct command cmd_policy = {
	.name = "policy",
	.summary = "what policy says, and of whom (not in this build)",
	.help = help,
	.run = run,
};
