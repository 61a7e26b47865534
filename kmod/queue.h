/* SPDX-License-Identifier: GPL-2.0-only */
/* The queue between the callers and the one worker that talks to firmware. */
#ifndef _TG_QUEUE_H
#define _TG_QUEUE_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "backend.h"
#include "binding.h"
#include "workload.h"

#define TG_QUEUE_MAX		256	/* requests in all, but see turns.c */
/* The stock SNP driver repeats a request for 60 s before it gives up; outlive that. */
#define TG_TIMEOUT_DEFAULT_MS	75000

struct task_struct;
struct tg_lease;

enum tg_request_state {
	TG_REQUEST_NEW,		/* the caller's alone */
	TG_REQUEST_WAITING,	/* in a lane */
	TG_REQUEST_ASKED,	/* firmware is at it; the worker alone touches the exchange */
	TG_REQUEST_DONE,	/* answered or given up; the caller's alone again */
};

/*
 * What one caller wants and what becomes of it. Held by the caller and, from submission until it is
 * done, by the queue. A caller that gives up leaves the object to the worker.
 */
struct tg_request {
	refcount_t ref;
	struct list_head node;		/* tg_lane.requests, then tg_queue.asked */
	struct tg_lease *lease;		/* we hold a reference */
	struct completion done;

	/* under the lock of the queue: */
	enum tg_request_state state;
	bool dropped;			/* nobody waits any more: throw the answer away */
	int result;			/* valid once done */

	u64 entered;			/* ktime_get_ns(): into the queue; 0: it never was */
	u64 deadline;			/* likewise: the caller leaves */
	u64 patient_until;		/* likewise: no buffer of the host's is given up before */
	u64 op;				/* TEEGATE_OP_* of the lease; 0: the kind says it */
	bool uncharged;			/* takes no token of the rate */
	struct tg_subject subject;	/* what its leaf, or the caller, says */
	struct tg_exchange x;
};

struct tg_queue {
	struct tg_backend be;
	struct task_struct *worker;
	wait_queue_head_t wake;		/* the worker sleeps here */
	u64 look_at;			/* the worker's: when to look at what is under way, */
	u64 pause_until;		/* ... when to ask again after firmware was busy, */
	u64 back_off_ns;		/* ... and how long that was the last time; 0: it was not */

	spinlock_t lock;		/* all that follows */
	struct list_head ready;		/* lanes with requests; the first has the next turn */
	struct list_head asked;		/* what firmware works on; only the worker changes it */
	bool news;			/* something to do now: a request, maybe */
	unsigned int pending;		/* submitted and not done with */
	bool attach;			/* somebody called tg_backend_kick() */
	u64 reports;
	u64 errors;
};

extern struct tg_queue tg_queue;	/* main.c: a guest has one TEE */

struct tg_queue_stats {
	u64 reports;
	u64 errors;
	unsigned int pending;
};

struct tg_request *tg_request_new(const struct tg_backend *be, struct tg_lease *lease,
				  enum tg_ask_kind kind, bool want_aux);
void tg_request_put(struct tg_request *req);

int tg_queue_ask(struct tg_queue *q, struct tg_request *req, u32 timeout_ms);
bool tg_request_was_queued(const struct tg_request *req);
u64 tg_request_status(const struct tg_request *req, int err);
void tg_queue_flush(struct tg_queue *q);
void tg_queue_kick(struct tg_queue *q);
void tg_queue_set_quota(struct tg_queue *q, struct tg_workload *w, const struct tg_quota *quota);
u64 tg_queue_retry_after(struct tg_queue *q, const struct tg_workload *w);
int tg_queue_charge(struct tg_queue *q, struct tg_lease *lease, u64 op);
void tg_queue_count_refusal(struct tg_queue *q, struct tg_workload *w);
void tg_queue_get_stats(struct tg_queue *q, struct tg_queue_stats *ret_stats);

void tg_queue_init(struct tg_queue *q);
int tg_queue_start(struct tg_queue *q);
void tg_queue_stop(struct tg_queue *q);

#endif
