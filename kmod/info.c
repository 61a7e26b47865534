// SPDX-License-Identifier: GPL-2.0-only
/*
 * GET_INFO: what there is, what it can do and how it is. Never blocks, and asks no firmware.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "ioctl.h"
#include "keys/keys.h"
#include "lease.h"
#include "queue.h"

/* Rounded up: 0 would mean never. */
static u64 ms_left(u64 expires)
{
	u64 now = ktime_get_boottime_ns();

	if (expires == U64_MAX)
		return 0;
	return expires > now ? div_u64(expires - now, NSEC_PER_MSEC) + 1 : 1;
}

static void fill_backend(struct tg_backend *be, struct teegate_get_info *a)
{
	const struct tg_backend_ops *ops = be->ops;

	a->provider = ops->provider;
	a->transport = ops->transport;
	a->report_size_max = ops->report_max;
	a->aux_size_max = be->aux_max;
	a->in_flight = READ_ONCE(be->in_flight);
	a->quarantined = READ_ONCE(be->quarantined);
	a->in_flight_max = be->in_flight_max;
	a->taint = tg_guest_taint(be);

	spin_lock(&be->state_lock);
	a->state = be->state;
	a->vmpl = be->vmpl;
	memcpy(a->reason, be->reason, sizeof(a->reason));
	spin_unlock(&be->state_lock);

	a->firmware_ops = tg_guest_ops(be);
	tg_keys_fill_info(be, a);
}

static void fill_queue(struct tg_queue *q, struct teegate_get_info *a)
{
	struct tg_queue_stats stats;

	tg_queue_get_stats(q, &stats);
	a->reports = stats.reports;
	a->errors = stats.errors;
	a->queued = stats.pending;
	a->queue_max = TG_QUEUE_MAX;
	a->timeout_default_ms = TG_TIMEOUT_DEFAULT_MS;
}

/* Rounded up: 0 would mean now. */
static u32 retry_after_ms(const struct tg_workload *w)
{
	u64 ns = tg_queue_retry_after(&tg_queue, w);

	return min_t(u64, div_u64(ns + NSEC_PER_MSEC - 1, NSEC_PER_MSEC), U32_MAX);
}

int tg_op_get_info(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_get_info info = { .size = arg->get_info.size };

	info.module_ops = TG_OPS_ALL;
	fill_backend(&tg_queue.be, &info);
	fill_queue(&tg_queue, &info);
	if (call->lease) {
		info.lease_ops = call->lease->terms.ops;
		info.lease_id = call->lease->id;
		info.lease_expires_ms = ms_left(call->lease->terms.expires);
		info.retry_after_ms = retry_after_ms(call->lease->workload);
	}
	arg->get_info = info;
	return 0;
}
