/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Personalities: lease descriptors that speak the ioctls of a stock driver, for programs that know
 * nothing of ours. They have the same leases, checks and queue below them.
 */
#ifndef _TG_ABI_H
#define _TG_ABI_H

#include <linux/types.h>

#include "backend.h"

struct tg_call;
struct tg_lease;
struct tg_request;

/* One personality: a file in abi/. */
struct tg_abi {
	u32 provider;	/* enum teegate_provider whose driver it speaks for */
	long (*ioctl)(struct tg_call *call, unsigned int cmd, void __user *uarg);
};

extern const struct tg_abi tg_abi_sev_guest;	/* abi/sev_guest.c */
extern const struct tg_abi tg_abi_tdx_guest;	/* abi/tdx_guest.c */
extern const struct tg_abi tg_abi_uvdevice;	/* abi/uvdevice.c */

int tg_abi_find(u32 abi, const struct tg_abi **ret_abi);
u32 tg_abi_number(const struct tg_abi *abi);
long tg_abi_ioctl(struct tg_lease *lease, unsigned int cmd, void __user *uarg);

/* A raw request over @len bytes of the caller's, or an error pointer. For tg_request_put(). */
struct tg_request *tg_abi_request_new(struct tg_call *call, enum tg_ask_kind kind,
				      const u8 *data, u32 len, bool want_aux);
/* As tg_queue_ask(), with the lease checked once more before the answer may be passed on. */
int tg_abi_ask(struct tg_call *call, struct tg_request *req);

#endif
