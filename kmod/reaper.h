/* SPDX-License-Identifier: GPL-2.0-only */
/* Tells that leases are over, where nobody ended them. */
#ifndef _TG_REAPER_H
#define _TG_REAPER_H

struct tg_lease;

/* A new lease is in the table. */
void tg_reaper_watch(const struct tg_lease *lease);

int tg_reaper_start(void);
void tg_reaper_stop(void);

#endif
