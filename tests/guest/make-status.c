// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plugin of GNU make for one function: $(end-with STATUS) ends make with that status, where make
 * itself would say 2 for any failure. `make guest RUN=...` ends with the status of the command in
 * the guest by it. Built in the build root without a C library of its own, so that the make of
 * Debian 12 loads it as well.
 */
#include <gnumake.h>
#include <stdlib.h>

int plugin_is_GPL_compatible;
int make_status_gmk_setup(void);

/* Nothing for an empty argument: `make -n` has run no command. */
static char *end_with(const char *name, unsigned int argc, char **argv)
{
	(void)name;
	(void)argc;
	if (*argv[0])
		exit(atoi(argv[0]));
	return NULL;
}

int make_status_gmk_setup(void)
{
	gmk_add_function("end-with", end_with, 1, 1, GMK_FUNC_DEFAULT);
	return 1;
}
