// SPDX-License-Identifier: GPL-2.0-only
/*
 * When cgroups are removed: leases that are pinned to one are over then, and their administrator
 * should hear so at once, not when somebody tries to use them.
 *
 * DOC: how
 *
 * A cgroup has no callback for modules on the kernels that we build for, and inotify does not tell
 * of the end of a cgroup's directory. There is a tracepoint, cgroup_rmdir, after the cgroup went
 * offline. Its symbol is not exported, but tracepoints can be looked up by name and probed by
 * modules. It costs nothing until a cgroup is removed, and then a call that does next to nothing.
 */
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <trace/events/cgroup.h>

#include "cgroup_watch.h"

#ifdef CONFIG_TRACEPOINTS

static struct tracepoint *rmdir_point;
static void (*tell)(void);

static void cgroup_gone(void *data, struct cgroup *cgrp, const char *path)
{
	tell();
}

static void look_for_rmdir(struct tracepoint *point, void *ret_point)
{
	if (!strcmp(point->name, "cgroup_rmdir"))
		*(struct tracepoint **)ret_point = point;
}

bool tg_cgroup_watch_start(void (*gone)(void))
{
	check_trace_callback_type_cgroup_rmdir(cgroup_gone);
	tell = gone;
	for_each_kernel_tracepoint(look_for_rmdir, &rmdir_point);
	if (rmdir_point && tracepoint_probe_register(rmdir_point, cgroup_gone, NULL))
		rmdir_point = NULL;
	return rmdir_point;
}

/* When it returns, @gone is not running any more and will not be called again. */
void tg_cgroup_watch_stop(void)
{
	if (!rmdir_point)
		return;
	tracepoint_probe_unregister(rmdir_point, cgroup_gone, NULL);
	tracepoint_synchronize_unregister();
	rmdir_point = NULL;
}

#else

bool tg_cgroup_watch_start(void (*gone)(void))
{
	return false;
}

void tg_cgroup_watch_stop(void)
{
}

#endif
