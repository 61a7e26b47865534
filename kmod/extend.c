// SPDX-License-Identifier: GPL-2.0-only
/*
 * EXTEND: an event of a workload, on its way to a runtime measurement register. Runs in the caller
 * and checks what can be checked; register and log are the backend's.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "ioctl.h"
#include "lease.h"
#include "queue.h"

u64 tg_extend_needs(const union tg_arg *arg)
{
	return TEEGATE_OP_EXTEND;
}

/* The registers below belong to firmware and kernel, and there are none above. */
#define INDEX_FIRST	2
#define INDEX_LAST	3

static int check_args(const struct teegate_extend *a)
{
	if (a->index < INDEX_FIRST || a->index > INDEX_LAST || a->reserved)
		return -EINVAL;
	if (!a->event_len || a->event_len > TEEGATE_EVENT_MAX)
		return -EINVAL;
	return a->timeout_ms > TEEGATE_TIMEOUT_MAX_MS ? -EINVAL : 0;
}

int tg_op_extend(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_extend *a = &arg->extend;
	int err;

	a->fw_status = 0;
	memset(a->digest, 0, sizeof(a->digest));
	err = check_args(a);
	return err ?: -EOPNOTSUPP;
}
