/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes of a caller that firmware reads as they are: challenges, requests to add a secret. */
#ifndef _TG_BLOCK_H
#define _TG_BLOCK_H

#include <linux/types.h>

struct tg_lease;
struct tg_workload;

struct tg_block {
	struct tg_workload *payer;	/* whoever frees us holds it */
	bool pooled;			/* counted with those of all */
	u32 len;
	u8 *bytes;
};

int tg_block_from_user(struct tg_lease *lease, u64 uaddr, u32 len, struct tg_block **ret_block);
int tg_block_from_kernel(struct tg_lease *lease, const void *bytes, u32 len,
			 struct tg_block **ret_block);
void tg_block_free(const struct tg_block *block);

#endif
