/* SPDX-License-Identifier: GPL-2.0-only */
/* Workloads: who takes turns, and how many. What a lease allows is lease.c's business. */
#ifndef _TG_WORKLOAD_H
#define _TG_WORKLOAD_H

#include <linux/list.h>
#include <linux/types.h>

#include "bucket.h"
#include "notify.h"

struct tg_lease;
struct tg_queue;

/* The requests that wait, in their order. */
struct tg_lane {
	struct list_head ready;		/* in tg_queue.ready while there are requests */
	struct list_head requests;
};

/* What an administrator says about a workload with each lease; the newest one counts. */
struct tg_quota {
	u32 max_pending;		/* requests in the queue */
	u32 per_minute;			/* 0: no limit, and no burst */
	u32 burst;
};

struct tg_workload_stats {
	u64 requests;			/* that entered the queue */
	u64 answered;
	u64 refused;			/* before that */
	u64 wait_ns;
	u64 wait_max_ns;
};

struct tg_workload {
	u64 serial;			/* the order of the dump; never 0, never used again */
	u64 number;			/* the administrator's, 0: private to one lease */

	/* workload.c, under its own lock: */
	struct hlist_node by_number;
	struct list_head idle;		/* without leases, until the buckets are full */
	unsigned int leases;
	u64 first_lease;

	size_t block_bytes;		/* block.c: of all its requests */
	struct tg_gate gate;		/* notify.c */

	/* turns.c, under the lock of the queue: */
	struct tg_lane lane;
	unsigned int pending;
	struct tg_quota quota;
	struct tg_bucket bucket;
	struct tg_workload_stats stats;
};

struct tg_workload *tg_workload_get(u64 number);
void tg_workload_put(struct tg_workload *w);
void tg_workload_name(struct tg_workload *w, u64 lease_id);

/* All that a dump says about a workload. */
struct tg_workload_view {
	u64 serial;
	u64 number;
	u64 first_lease;
	unsigned int leases;
	unsigned int pending;
	struct tg_quota quota;
	struct tg_workload_stats stats;
};

bool tg_workload_view_next(u64 after, struct tg_workload_view *ret_view);

void tg_workloads_exit(void);

#endif
