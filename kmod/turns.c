// SPDX-License-Identifier: GPL-2.0-only
/*
 * Turns and room: which request is next, and which may not even wait. The queue (queue.c) holds its
 * lock around everything here.
 *
 * DOC: whose turn it is
 *
 * Workloads take turns, one request each; within a workload the order is that of arrival. A lane
 * that gets its first request joins the end of the line, and one that was served goes there. So who
 * has nothing else waiting is passed by each other waiting workload once at most, whatever they
 * have waiting and however many leases. A lane whose first request needs a buffer of the host's is
 * passed over while there is none, and keeps its place.
 *
 * DOC: room
 *
 * Depth is bounded for each lease, with its descendants; for each workload, by what the
 * administrator said and by half of the queue; and in all. The first request of a workload is
 * always let in, because neither one workload nor all of them together shall be able to keep
 * another one out. There are as many workloads as leases of an administrator at most, so this is
 * bounded, too. Every bound counts from submission until firmware is done with the request, given
 * up or not, so a client that is killed and comes again gains nothing.
 *
 * What a lease may add to the runtime registers is charged with the request, too, and given back if
 * nothing was added. A token of the rate is taken when all the rest is well, and never given back:
 * what it pays for is work.
 */
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/minmax.h>

#include "lease.h"
#include "queue.h"
#include "turns.h"
#include "workload.h"

static bool may_extend(const struct tg_lease *lease, const struct tg_event *event)
{
	return lease->extends < lease->terms.extend_max &&
	       event->cost <= lease->terms.extend_bytes_max - lease->extend_bytes;
}

static int check_leases(const struct tg_request *req)
{
	const struct tg_event *event = req->x.event;
	const struct tg_lease *l;

	for (l = req->lease; l; l = l->parent)
		if (l->pending >= l->terms.max_pending || (event && !may_extend(l, event)))
			return -EDQUOT;
	return 0;
}

static int check_workload(const struct tg_queue *q, const struct tg_request *req, u64 now)
{
	const struct tg_workload *w = req->lease->workload;

	if (w->pending >= min_t(u32, w->quota.max_pending, TG_QUEUE_MAX / 2))
		return -EDQUOT;
	if (w->pending && q->pending >= TG_QUEUE_MAX)
		return -EAGAIN;
	return !req->uncharged && tg_bucket_wait(&w->bucket, now) ? -EDQUOT : 0;
}

static void charge(struct tg_queue *q, struct tg_request *req, u64 now)
{
	struct tg_workload *w = req->lease->workload;
	const struct tg_event *event = req->x.event;
	struct tg_lease *l;

	for (l = req->lease; l; l = l->parent) {
		l->pending++;
		if (event) {
			l->extends++;
			l->extend_bytes += event->cost;
		}
	}
	if (!req->uncharged)
		tg_bucket_take(&w->bucket, now);
	req->entered = now;
	w->stats.requests++;
	w->pending++;
	q->pending++;
}

static void lane_add(struct tg_queue *q, struct tg_request *req, bool first)
{
	struct tg_lane *lane = &req->lease->workload->lane;

	if (list_empty(&lane->requests))
		list_add_tail(&lane->ready, &q->ready);
	if (first)
		list_move(&req->node, &lane->requests);
	else
		list_add_tail(&req->node, &lane->requests);
	req->state = TG_REQUEST_WAITING;
}

int tg_turns_enter(struct tg_queue *q, struct tg_request *req)
{
	u64 now = ktime_get_ns();
	int err = check_leases(req) ?: check_workload(q, req, now);

	if (err)
		return err;
	charge(q, req, now);
	lane_add(q, req, false);
	return 0;
}

void tg_turns_return(struct tg_queue *q, struct tg_request *req)
{
	lane_add(q, req, true);
}

void tg_turns_leave(struct tg_request *req)
{
	struct tg_lane *lane = &req->lease->workload->lane;

	list_del_init(&req->node);
	if (list_empty(&lane->requests))
		list_del_init(&lane->ready);
}

struct tg_request *tg_turns_next(struct tg_queue *q, bool room)
{
	struct tg_request *req;
	struct tg_lane *lane;

	list_for_each_entry(lane, &q->ready, ready) {
		req = list_first_entry(&lane->requests, struct tg_request, node);
		if (req->x.kind == TG_ASK_REPORT && !room)
			continue;
		list_move_tail(&lane->ready, &q->ready);
		tg_turns_leave(req);
		return req;
	}
	return NULL;
}

static void count_wait(struct tg_workload_stats *stats, u64 waited)
{
	stats->wait_ns += waited;
	stats->wait_max_ns = max(stats->wait_max_ns, waited);
}

/* An event that is in a register now stays on the bill. */
void tg_turns_end(struct tg_queue *q, struct tg_request *req, int result)
{
	const struct tg_event *event = result ? req->x.event : NULL;
	struct tg_workload *w = req->lease->workload;
	struct tg_lease *l;

	for (l = req->lease; l; l = l->parent) {
		l->pending--;
		if (event) {
			l->extends--;
			l->extend_bytes -= event->cost;
		}
	}
	if (!result)
		w->stats.answered++;
	count_wait(&w->stats, ktime_get_ns() - req->entered);
	w->pending--;
	q->pending--;
}

void tg_turns_collect_gone(struct tg_queue *q, struct list_head *gone)
{
	struct tg_request *req, *next_req;
	struct tg_lane *lane, *next_lane;

	list_for_each_entry_safe(lane, next_lane, &q->ready, ready) {
		list_for_each_entry_safe(req, next_req, &lane->requests, node) {
			if (!tg_lease_gone(req->lease))
				continue;
			tg_turns_leave(req);
			list_add_tail(&req->node, gone);
		}
	}
}
