/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events for administrators: what happened, told to the multicast group of genl.c, and not oftener
 * than they want to hear it. In process context, with no spinlock held.
 */
#ifndef _TG_NOTIFY_H
#define _TG_NOTIFY_H

#include <linux/list.h>
#include <linux/types.h>
#include <uapi/linux/teegate_netlink.h>

#include "bucket.h"

struct tg_backend;
struct tg_call;
struct tg_lease;
struct tg_workload;

/* An event, or several alike. What is 0 is not told, except of a lease that is given. */
struct tg_notice {
	enum teegate_event event;
	u32 count;
	u32 err;		/* positive */
	u32 uid;		/* of the caller, with DENIED */
	u64 op;
	u64 lease_id;
	u64 workload;
	u64 time_ns;
	const struct tg_lease *lease;	/* LEASE_CREATED, unless merged: all of it */
	struct tg_backend *be;	/* with what is about the TEE */
};

#define TG_MERGED_MAX	8

/* What a workload has yet to tell. Under the lock of notify.c. */
struct tg_gate {
	struct list_head dirty;
	struct tg_bucket bucket;
	unsigned int n_merged;
	struct tg_notice merged[TG_MERGED_MAX];
};

void tg_gate_init(struct tg_gate *gate);
/* Nothing is to be told, and it has nothing to remember. */
bool tg_gate_is_at_rest(struct tg_gate *gate, u64 now);
void tg_gate_exit(struct tg_gate *gate);

void tg_notify_created(struct tg_lease *lease);
void tg_notify_used(struct tg_lease *lease, u64 op);
void tg_notify_revoked(struct tg_lease *lease, int why);
void tg_notify_closed(struct tg_lease *lease);
/* What a call on a lease did not get: told, and unless it was queued counted, if @err refuses. */
void tg_notify_denied(const struct tg_call *call, int err);
/* Something about the TEE. Merged where the host can cause it as often as it likes. */
void tg_notify_backend(struct tg_backend *be, enum teegate_event event);

u64 tg_notify_last_seq(void);
void tg_notify_start(void);
void tg_notify_stop(void);
void tg_notify_exit(void);

#endif
