/* SPDX-License-Identifier: GPL-2.0-only */
/* When cgroups are removed. */
#ifndef _TG_CGROUP_WATCH_H
#define _TG_CGROUP_WATCH_H

#include <linux/types.h>

/* @gone is called after any cgroup was removed, under spinlocks. False: this kernel cannot tell. */
bool tg_cgroup_watch_start(void (*gone)(void));
void tg_cgroup_watch_stop(void);

#endif
