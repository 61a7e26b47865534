// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue: many callers, one worker, one channel to firmware.
 *
 * DOC: who calls firmware
 *
 * Only the worker does, never the task that asked. A stock driver sleeps and retries inside its
 * ioctl for up to a minute, and some of them cannot take being interrupted there: a message that
 * was sent and not received costs the guest its key. A client may be killed at any time; the
 * worker cannot.
 *
 * So callers only ever wait, killably and up to their deadline. One that gives up takes its
 * request out of the lane; if firmware is at it already, the worker finishes, and the answer is
 * wiped instead of delivered.
 *
 * DOC: whose turn it is
 *
 * Lanes take turns, one request each; within a lane the order is that of arrival. A lane belongs
 * to a lease of the administrator, that is to a workload, however many leases the workload narrows
 * from it. Depth is bounded for each lease, with its descendants, and in all. Every bound counts
 * from submission until firmware is done with the request, given up or not, so a client that is
 * killed and comes again gains nothing.
 *
 * DOC: locking
 *
 * The spinlock covers lanes, counters and the state of requests; it is held while the leases of
 * waiting requests are looked at, which takes no lock. The last reference to a request or a lease
 * is never dropped under it. be->channel is taken by the worker around calls into the backend,
 * and nothing else is held then. What firmware returns is judged once, in judge(), and then
 * belongs to the caller.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "lease.h"
#include "queue.h"

struct tg_request *tg_request_new(const struct tg_backend_ops *ops, struct tg_lease *lease,
				  bool want_aux)
{
	struct tg_request *req = kzalloc(sizeof(*req), GFP_KERNEL_ACCOUNT);

	if (!req)
		return NULL;
	refcount_set(&req->ref, 1);
	INIT_LIST_HEAD(&req->node);
	init_completion(&req->done);
	req->lease = tg_lease_get(lease);
	req->answer.report_len = ops->report_max;
	req->answer.report = kvzalloc(ops->report_max, GFP_KERNEL_ACCOUNT);
	if (want_aux && ops->aux_max) {
		req->answer.aux_len = ops->aux_max;
		req->answer.aux = kvzalloc(ops->aux_max, GFP_KERNEL_ACCOUNT);
	}
	if (!req->answer.report || (req->answer.aux_len && !req->answer.aux)) {
		tg_request_put(req);
		return NULL;
	}
	return req;
}

static void request_free(struct tg_request *req)
{
	const struct tg_backend_ops *ops = tg_queue.be.ops;

	kvfree_sensitive(req->answer.report, ops->report_max);
	kvfree_sensitive(req->answer.aux, ops->aux_max);
	tg_lease_put(req->lease);
	kfree_sensitive(req);
}

/* Never under a spinlock: the lease may go, too. */
void tg_request_put(struct tg_request *req)
{
	if (refcount_dec_and_test(&req->ref))
		request_free(req);
}

static int charge(struct tg_queue *q, struct tg_lease *lease)
{
	struct tg_lease *l;

	for (l = lease; l; l = l->parent)
		if (l->pending >= l->terms.max_pending)
			return -EDQUOT;
	if (q->pending >= TG_QUEUE_MAX)
		return -EAGAIN;
	for (l = lease; l; l = l->parent)
		l->pending++;
	q->pending++;
	return 0;
}

static void uncharge(struct tg_queue *q, struct tg_lease *lease)
{
	q->pending--;
	for (; lease; lease = lease->parent)
		lease->pending--;
}

static void lane_add(struct tg_queue *q, struct tg_request *req)
{
	struct tg_lane *lane = &req->lease->top->lane;

	if (list_empty(&lane->requests))
		list_add_tail(&lane->ready, &q->ready);
	list_add_tail(&req->node, &lane->requests);
	req->state = TG_REQUEST_WAITING;
}

static void lane_del(struct tg_request *req)
{
	struct tg_lane *lane = &req->lease->top->lane;

	list_del_init(&req->node);
	if (list_empty(&lane->requests))
		list_del_init(&lane->ready);
}

/* The queue is done with @req. The caller of this function inherits the queue's reference. */
static void finish(struct tg_queue *q, struct tg_request *req, int result)
{
	uncharge(q, req->lease);
	req->state = TG_REQUEST_DONE;
	if (req->dropped)
		return;
	req->result = result;
	complete(&req->done);
}

/* Releases the caller of a request that firmware works on. */
static void drop(struct tg_request *req, int result)
{
	if (req->dropped)
		return;
	req->dropped = true;
	req->result = result;
	complete(&req->done);
}

/* A lease that goes before the lock is taken refuses here; one that goes later flushes. */
static int submit(struct tg_queue *q, struct tg_request *req)
{
	int err;

	spin_lock(&q->lock);
	err = tg_lease_gone(req->lease) ? -ESTALE : charge(q, req->lease);
	if (!err) {
		refcount_inc(&req->ref);
		lane_add(q, req);
	}
	spin_unlock(&q->lock);
	if (!err)
		wake_up(&q->wake);
	return err;
}

/* The caller goes, for the reason @why, unless the answer was faster. */
static int leave(struct tg_queue *q, struct tg_request *req, int why)
{
	bool mine = false;

	spin_lock(&q->lock);
	if (req->state == TG_REQUEST_WAITING) {
		lane_del(req);
		finish(q, req, why);
		mine = true;
	} else if (req->state == TG_REQUEST_ASKED) {
		drop(req, why);
	}
	spin_unlock(&q->lock);
	if (mine)
		tg_request_put(req);
	return req->result;
}

/**
 * tg_queue_ask - have firmware answer a request
 * @q: the queue
 * @req: made by tg_request_new(), its subject filled in, not asked before
 * @timeout_ms: how long the caller is willing to wait
 *
 * Return: 0 with the answer in @req, or the error of tg_backend_ops.ask(); -ESTALE, -EDQUOT,
 * -EAGAIN, -EINTR or -ETIMEDOUT for the reasons that the uapi header gives. The answer must not be
 * looked at after any error but -EREMOTEIO, whose status it holds.
 */
int tg_queue_ask(struct tg_queue *q, struct tg_request *req, u32 timeout_ms)
{
	int err = submit(q, req);
	long left;

	if (err)
		return err;
	left = wait_for_completion_killable_timeout(&req->done, msecs_to_jiffies(timeout_ms));
	if (left > 0)
		return req->result;
	return leave(q, req, left ? -EINTR : -ETIMEDOUT);
}

/* Moves what belongs to leases that are gone from the lanes to @gone. */
static void collect_gone(struct tg_queue *q, struct list_head *gone)
{
	struct tg_request *req, *next_req;
	struct tg_lane *lane, *next_lane;

	list_for_each_entry_safe(lane, next_lane, &q->ready, ready) {
		list_for_each_entry_safe(req, next_req, &lane->requests, node) {
			if (!tg_lease_gone(req->lease))
				continue;
			lane_del(req);
			list_add_tail(&req->node, gone);
		}
	}
}

/* Ends every request whose lease is gone. */
void tg_queue_flush(struct tg_queue *q)
{
	struct tg_request *req, *next;
	LIST_HEAD(gone);

	spin_lock(&q->lock);
	collect_gone(q, &gone);
	list_for_each_entry(req, &gone, node)
		finish(q, req, -ESTALE);
	if (q->asked && tg_lease_gone(q->asked->lease))
		drop(q->asked, -ESTALE);
	spin_unlock(&q->lock);

	list_for_each_entry_safe(req, next, &gone, node) {
		list_del_init(&req->node);
		tg_request_put(req);
	}
}

/* The next request, by turns; its lane goes to the end of the line. */
static struct tg_request *take(struct tg_queue *q)
{
	struct tg_request *req = NULL;
	struct tg_lane *lane;

	spin_lock(&q->lock);
	lane = list_first_entry_or_null(&q->ready, struct tg_lane, ready);
	if (lane) {
		req = list_first_entry(&lane->requests, struct tg_request, node);
		list_move_tail(&lane->ready, &q->ready);
		lane_del(req);
		req->state = TG_REQUEST_ASKED;
		q->asked = req;
	}
	spin_unlock(&q->lock);
	return req;
}

/* What a backend returned, as a caller may see it. */
static int judge(struct tg_queue *q, const struct tg_answer *ans, int err)
{
	const struct tg_backend_ops *ops = q->be.ops;
	u32 aux_max = ans->aux ? ops->aux_max : 0;

	switch (err) {
	case 0:
		if (ans->report_len > ops->report_max || ans->aux_len > aux_max)
			return -EPROTO;
		return 0;
	case -EREMOTEIO:
	case -EPROTO:
	case -ENOKEY:
	case -ENODEV:
	case -ENOMEM:
	case -ETIMEDOUT:
		return err;
	default:
		return tg_backend_usable(&q->be) ?: -EPROTO;
	}
}

/*
 * One report for what was taken: a single request today, so the tree is its leaf. A backend that
 * is not up is not bothered, its state is the answer; thus the requests behind one that lost the
 * channel end at once.
 */
static int ask(struct tg_queue *q, struct tg_request *req)
{
	u8 report_data[TG_REPORT_DATA_SIZE];
	int err;

	if (tg_lease_gone(req->lease))
		return -ESTALE;
	err = tg_backend_usable(&q->be) ?: tg_report_data(&req->subject, report_data);
	if (err)
		return err;
	mutex_lock(&q->be.channel);
	err = q->be.ops->ask(&q->be, report_data, &req->answer);
	mutex_unlock(&q->be.channel);
	err = judge(q, &req->answer, err);

	spin_lock(&q->lock);
	if (err)
		q->errors++;
	else
		q->reports++;
	spin_unlock(&q->lock);
	return err;
}

static void serve(struct tg_queue *q, struct tg_request *req)
{
	int result = ask(q, req);

	spin_lock(&q->lock);
	q->asked = NULL;
	finish(q, req, result);
	spin_unlock(&q->lock);
	tg_request_put(req);
	cond_resched();
}

static void attach(struct tg_queue *q)
{
	mutex_lock(&q->be.channel);
	if (q->be.ops->attach && tg_backend_state(&q->be) == TEEGATE_STATE_WAITING)
		q->be.ops->attach(&q->be);
	mutex_unlock(&q->be.channel);
}

static bool take_kick(struct tg_queue *q)
{
	bool kicked;

	spin_lock(&q->lock);
	kicked = q->attach;
	q->attach = false;
	spin_unlock(&q->lock);
	return kicked;
}

static bool has_work(struct tg_queue *q)
{
	return !list_empty_careful(&q->ready) || READ_ONCE(q->attach);
}

/* A driver that has just come is attached to before those who already wait for it are refused. */
static int worker(void *data)
{
	struct tg_queue *q = data;
	struct tg_request *req;

	while (!kthread_should_stop()) {
		wait_event_idle(q->wake, has_work(q) || kthread_should_stop());
		if (take_kick(q))
			attach(q);
		req = take(q);
		if (req)
			serve(q, req);
	}
	return 0;
}

void tg_queue_kick(struct tg_queue *q)
{
	spin_lock(&q->lock);
	q->attach = true;
	spin_unlock(&q->lock);
	wake_up(&q->wake);
}

void tg_queue_get_stats(struct tg_queue *q, struct tg_queue_stats *ret_stats)
{
	spin_lock(&q->lock);
	ret_stats->reports = q->reports;
	ret_stats->errors = q->errors;
	ret_stats->pending = q->pending;
	spin_unlock(&q->lock);
}

void tg_queue_init(struct tg_queue *q)
{
	spin_lock_init(&q->lock);
	init_waitqueue_head(&q->wake);
	INIT_LIST_HEAD(&q->ready);
}

int tg_queue_start(struct tg_queue *q)
{
	struct task_struct *task = kthread_run(worker, q, "teegate/%s", q->be.ops->name);

	if (IS_ERR(task))
		return PTR_ERR(task);
	q->worker = task;
	return 0;
}

/*
 * No file is open any more, so nobody waits. A request whose caller was killed may still be with
 * firmware, and is waited for here.
 */
void tg_queue_stop(struct tg_queue *q)
{
	kthread_stop(q->worker);
	q->worker = NULL;
}
