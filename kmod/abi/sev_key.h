/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the two files that speak for /dev/sev-guest. */
#ifndef _TG_SEV_KEY_H
#define _TG_SEV_KEY_H

#include <linux/types.h>

#define TG_SEV_KEY_SIZE	32

struct snp_derived_key_req;
struct tg_call;

int tg_sev_key(struct tg_call *call, const struct snp_derived_key_req *asked,
	       u8 key[TG_SEV_KEY_SIZE], u64 *ret_status);

#endif
