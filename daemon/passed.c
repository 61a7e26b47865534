// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Read once, when the first one is asked for; then the variables are gone, and no child is misled by
 * them. The main thread only, as long as there are no others.
 */
#include <stdbool.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "passed.h"
#include "util.h"

static struct {
	bool read;
	int n;
	char **names;
} passed;

static void read_once(void)
{
	if (passed.read)
		return;
	passed.read = true;
	passed.n = sd_listen_fds_with_names(true, &passed.names);
	if (passed.n < 0)
		passed.n = 0;
}

int passed_fd(const char *name)
{
	read_once();
	for (int i = 0; i < passed.n; i++) {
		if (!passed.names[i] || strcmp(passed.names[i], name))
			continue;
		free(passed.names[i]);
		passed.names[i] = NULL;
		return SD_LISTEN_FDS_START + i;
	}
	return -1;
}

int passed_rest(char *const **ret_names)
{
	read_once();
	*ret_names = passed.names;
	return passed.n;
}
