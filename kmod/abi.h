/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Personalities: lease descriptors that speak the ioctls of a stock driver, for programs that know
 * nothing of ours. They have the same leases, checks and queue below them.
 */
#ifndef _TG_ABI_H
#define _TG_ABI_H

#include <linux/types.h>

struct tg_lease;

/* One personality. What it does with a lease, it does by the functions that ioctl.c uses, too. */
struct tg_abi {
	u32 abi;	/* enum teegate_abi */
	u32 provider;	/* enum teegate_provider whose driver it speaks for */
	long (*ioctl)(struct tg_lease *lease, unsigned int cmd, void __user *uarg);
};

int tg_abi_find(u32 abi, const struct tg_abi **ret_abi);

#endif
