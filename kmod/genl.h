/* SPDX-License-Identifier: GPL-2.0-only */
/* Generic netlink: how things look to administrators. */
#ifndef _TG_GENL_H
#define _TG_GENL_H

#include <linux/types.h>

struct tg_notice;

void tg_genl_send(const struct tg_notice *n, u64 seq);

int tg_genl_register(void);
void tg_genl_unregister(void);

#endif
