// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue: many callers, one worker, one channel to firmware. What an exchange looks like is the
 * backend's.
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
 * DOC: several at once
 *
 * A host that takes a buffer and answers later can work on several, and the worker looks at each
 * of them when the backend says so. It sleeps in between and is woken at once by a new request. A
 * caller's deadline is its own affair: whoever leaves early leaves the buffer with the host, and it
 * is only given up when the host has had its time as well, so that requests of a millisecond do
 * not look like a host that is stuck.
 *
 * DOC: firmware that is busy
 *
 * Where firmware may refuse to begin (-EBUSY), the request goes back to the head of its lane, and
 * the lane to the end of the line (turns.c): it is the next workload that makes the next attempt,
 * and nobody waits for one who has no luck. Between attempts the worker pauses, the longer the more
 * of them failed one after the other. Whoever waits may leave as from any lane, at its deadline or
 * killed.
 *
 * DOC: locking
 *
 * The spinlock covers lanes, counters and the state of requests; it is held while the leases of
 * waiting requests are looked at, which takes no lock. The last reference to a request or a lease
 * is never dropped under it. The list of what is under way is changed by the worker alone, under
 * the spinlock; so the worker reads it without. be->channel is taken by the worker around calls
 * into the backend, and nothing else is held then. What firmware returns is judged once, in
 * judge(), and then belongs to the caller.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "block.h"
#include "lease.h"
#include "notify.h"
#include "queue.h"
#include "turns.h"

/* Room for any answer, allocated by whom it is for and charged to its memory cgroup. */
static int make_buffers(struct tg_answer *ans, u32 report_max, u32 aux_max)
{
	ans->report = kvzalloc(report_max, GFP_KERNEL_ACCOUNT);
	if (!ans->report)
		return -ENOMEM;
	ans->report_size = report_max;
	ans->report_len = report_max;
	if (!ans->wants_aux || !aux_max)
		return 0;
	ans->aux = kvzalloc(aux_max, GFP_KERNEL_ACCOUNT);
	if (!ans->aux)
		return -ENOMEM;
	ans->aux_size = aux_max;
	ans->aux_len = aux_max;
	return 0;
}

struct tg_request *tg_request_new(const struct tg_backend *be, struct tg_lease *lease,
				  enum tg_ask_kind kind, bool want_aux)
{
	struct tg_request *req = kzalloc(sizeof(*req), GFP_KERNEL_ACCOUNT);

	if (!req)
		return NULL;
	refcount_set(&req->ref, 1);
	INIT_LIST_HEAD(&req->node);
	init_completion(&req->done);
	req->lease = tg_lease_get(lease);
	req->x.kind = kind;
	req->x.answer.wants_aux = want_aux;
	if (!be->ops->makes_buffers && kind == TG_ASK_REPORT &&
	    make_buffers(&req->x.answer, be->ops->report_max, be->aux_max)) {
		tg_request_put(req);
		return NULL;
	}
	return req;
}

static void request_free(struct tg_request *req)
{
	tg_answer_release(&req->x.answer);
	kfree(req->x.event);
	tg_block_free(req->x.block);
	tg_lease_put(req->lease);
	kfree_sensitive(req);
}

/* Never under a spinlock: the lease may go, too. */
void tg_request_put(struct tg_request *req)
{
	if (refcount_dec_and_test(&req->ref))
		request_free(req);
}

/* The queue is done with @req. The caller of this function inherits the queue's reference. */
static void finish(struct tg_queue *q, struct tg_request *req, int result)
{
	tg_turns_end(q, req, result);
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
	WRITE_ONCE(req->dropped, true);
	req->result = result;
	complete(&req->done);
}

/* What a lease had to allow for this. */
static u64 op_of(const struct tg_request *req)
{
	if (req->op)
		return req->op;
	if (!tg_asks_for_report(req->x.kind))
		return TEEGATE_OP_EXTEND;
	return req->subject.kind == TG_SUBJECT_ROOT ? TEEGATE_OP_REPORT : TEEGATE_OP_RAW_REPORT;
}

/* A lease that goes before the lock is taken refuses here; one that goes later flushes. */
static int submit(struct tg_queue *q, struct tg_request *req)
{
	bool first = false;
	int err;

	spin_lock(&q->lock);
	err = tg_lease_gone(req->lease) ? -ESTALE : tg_turns_enter(q, req);
	if (!err) {
		refcount_inc(&req->ref);
		WRITE_ONCE(q->news, true);
		first = !req->lease->used;
		req->lease->used = true;
	}
	spin_unlock(&q->lock);
	if (!err)
		wake_up(&q->wake);
	if (first && req->lease != tg_admin_lease)
		tg_notify_used(req->lease, op_of(req));
	return err;
}

/* The caller goes, for the reason @why, unless the answer was faster. */
static int leave(struct tg_queue *q, struct tg_request *req, int why)
{
	bool mine = false;

	spin_lock(&q->lock);
	if (req->state == TG_REQUEST_WAITING) {
		tg_turns_leave(req);
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
 * Return: 0 with the answer in @req->x, or the error of tg_backend_ops.ask(); -ESTALE, -EDQUOT,
 * -EAGAIN, -EINTR or -ETIMEDOUT for the reasons that the uapi header gives. The answer must not be
 * looked at after any error, because the worker may be at it; see tg_request_status().
 */
int tg_queue_ask(struct tg_queue *q, struct tg_request *req, u32 timeout_ms)
{
	long left;
	int err;

	req->deadline = ktime_get_ns() + (u64)timeout_ms * NSEC_PER_MSEC;
	err = submit(q, req);
	if (err)
		return err;
	left = wait_for_completion_killable_timeout(&req->done, msecs_to_jiffies(timeout_ms));
	if (left > 0)
		return req->result;
	return leave(q, req, left ? -EINTR : -ETIMEDOUT);
}

/* For whoever has asked it, after that. */
bool tg_request_was_queued(const struct tg_request *req)
{
	return req->entered;
}

/*
 * What firmware said to a request that ended so. With these errors it ended in firmware, or was
 * never asked and has no status; and firmware has something to say only with these.
 */
u64 tg_request_status(const struct tg_request *req, int err)
{
	switch (err) {
	case 0:
	case -EREMOTEIO:
	case -EOPNOTSUPP:
	case -ENOSPC:
	case -EAGAIN:
		return req->x.answer.fw_status;
	default:
		return 0;
	}
}

/* Ends every request whose lease is gone. */
void tg_queue_flush(struct tg_queue *q)
{
	struct tg_request *req, *next;
	LIST_HEAD(gone);

	spin_lock(&q->lock);
	tg_turns_collect_gone(q, &gone);
	list_for_each_entry(req, &gone, node)
		finish(q, req, -ESTALE);
	list_for_each_entry(req, &q->asked, node)
		if (tg_lease_gone(req->lease))
			drop(req, -ESTALE);
	spin_unlock(&q->lock);

	list_for_each_entry_safe(req, next, &gone, node) {
		list_del_init(&req->node);
		tg_request_put(req);
	}
}

static bool has_room(struct tg_queue *q)
{
	struct tg_backend *be = &q->be;

	return !be->ops->has_room || be->ops->has_room(be);
}

/* The next request that can be served, by turns; its lane goes to the end of the line. */
static struct tg_request *take(struct tg_queue *q)
{
	bool room = has_room(q);
	struct tg_request *req;

	spin_lock(&q->lock);
	req = tg_turns_next(q, room);
	if (req) {
		list_add_tail(&req->node, &q->asked);
		req->state = TG_REQUEST_ASKED;
	}
	/*
	 * There may be more, and what is asked now has to be looked at. Else until something is
	 * submitted; when what is under way leaves room, we are awake.
	 */
	WRITE_ONCE(q->news, req);
	spin_unlock(&q->lock);
	return req;
}

static bool lengths_fit(const struct tg_backend *be, const struct tg_exchange *x)
{
	const struct tg_answer *ans = &x->answer;
	u32 report_max = x->kind == TG_ASK_LOCAL ? be->ops->local_size : be->ops->report_max;
	u32 aux_max = ans->aux ? be->aux_max : 0;

	return !tg_asks_for_report(x->kind) ||
	       (ans->report_len <= report_max && ans->aux_len <= aux_max);
}

/* What a backend returned, as a caller may see it. */
static int judge(struct tg_queue *q, const struct tg_exchange *x, int err)
{
	switch (err) {
	case 0:
		return lengths_fit(&q->be, x) ? 0 : -EPROTO;
	case -EAGAIN:
	case -EREMOTEIO:
	case -EPROTO:
	case -ENOENT:
	case -ENOKEY:
	case -ENODEV:
	case -ENOMEM:
	case -ENOSPC:
	case -EOPNOTSUPP:
	case -ETIMEDOUT:
		return err;
	default:
		return tg_backend_usable(&q->be) ?: -EPROTO;
	}
}

static void count(struct tg_queue *q, const struct tg_exchange *x, int result)
{
	spin_lock(&q->lock);
	if (result)
		q->errors++;
	else if (tg_asks_for_report(x->kind))
		q->reports++;
	spin_unlock(&q->lock);
}

/*
 * One report for what was taken: a single request today, so the tree is its leaf. A backend that
 * is not up is not bothered, its state is the answer; thus the requests behind one that lost the
 * channel end at once.
 */
static int check(struct tg_queue *q, struct tg_request *req)
{
	int err;

	if (tg_lease_gone(req->lease))
		return -ESTALE;
	err = tg_backend_usable(&q->be);
	if (err || !tg_asks_for_report(req->x.kind))
		return err;
	return tg_report_data(&req->subject, &req->x.report_data);
}

/* Firmware is done with it, or was never asked. */
static void end(struct tg_queue *q, struct tg_request *req, int result)
{
	spin_lock(&q->lock);
	list_del_init(&req->node);
	finish(q, req, result);
	spin_unlock(&q->lock);
	tg_request_put(req);
}

/* What came of an exchange, -EINPROGRESS if nothing yet. */
static void settle(struct tg_queue *q, struct tg_request *req, int err)
{
	if (err == -EINPROGRESS)
		return;
	err = judge(q, &req->x, err);
	count(q, &req->x, err);
	end(q, req, err);
}

#define BACK_OFF_MIN_NS	(50 * NSEC_PER_USEC)
#define BACK_OFF_MAX_NS	(20 * NSEC_PER_MSEC)

/* Firmware did not begin. Whoever has left meanwhile does not come back. */
static void put_back(struct tg_queue *q, struct tg_request *req)
{
	bool left;

	q->back_off_ns = clamp_t(u64, 2 * q->back_off_ns, BACK_OFF_MIN_NS, BACK_OFF_MAX_NS);
	q->pause_until = ktime_get_ns() + q->back_off_ns;
	spin_lock(&q->lock);
	left = req->dropped;
	if (!left)
		tg_turns_return(q, req);
	spin_unlock(&q->lock);
	if (left)
		end(q, req, -ETIMEDOUT);
}

static bool pausing(const struct tg_queue *q)
{
	return q->pause_until && ktime_get_ns() < q->pause_until;
}

/* From now on the host has its time, even if the requester has less. */
static void be_patient(struct tg_queue *q, struct tg_request *req)
{
	req->patient_until = ktime_get_ns() + q->be.patience_ns;
}

static void serve(struct tg_queue *q, struct tg_request *req)
{
	struct tg_backend *be = &q->be;
	int err = check(q, req);

	if (err) {
		end(q, req, err);
		return;
	}
	be_patient(q, req);
	mutex_lock(&be->channel);
	err = be->ops->ask(be, &req->x);
	mutex_unlock(&be->channel);
	if (err == -EBUSY) {
		put_back(q, req);
	} else {
		q->back_off_ns = 0;
		settle(q, req, err);
	}
	cond_resched();
}

/* Nobody waits, and without memory of ours in the host's hands there is no need for patience. */
static bool must_give_up(const struct tg_request *req, u64 now)
{
	if (req->x.with_host && now < req->patient_until)
		return false;
	return now >= req->deadline || READ_ONCE(req->dropped);
}

/* A host that was too busy until now has its time from when it took the buffer. */
static int poll(struct tg_queue *q, struct tg_request *req)
{
	bool was_ours = !req->x.with_host;
	int err = q->be.ops->poll(&q->be, &req->x);

	if (was_ours && req->x.with_host)
		be_patient(q, req);
	return err;
}

/* What the host has not taken yet is not offered again when nobody waits for it. */
static void look_at(struct tg_queue *q, struct tg_request *req, u64 now)
{
	struct tg_backend *be = &q->be;
	int err = -EINPROGRESS;

	mutex_lock(&be->channel);
	if (req->x.with_host || !must_give_up(req, now))
		err = poll(q, req);
	if (err == -EINPROGRESS && must_give_up(req, now)) {
		be->ops->abandon(be, &req->x);
		err = -ETIMEDOUT;
	}
	mutex_unlock(&be->channel);
	settle(q, req, err);
}

static u64 tend(struct tg_queue *q)
{
	struct tg_backend *be = &q->be;
	u64 again;

	if (!be->ops->tend)
		return U64_MAX;
	mutex_lock(&be->channel);
	again = be->ops->tend(be);
	mutex_unlock(&be->channel);
	return again;
}

/* Waking up twice for what lies so close together costs more than it gains. */
#define LOOK_SLACK_NS	(10 * NSEC_PER_USEC)

/* At all that is due; q->look_at says when there will be more. */
static void look(struct tg_queue *q)
{
	struct tg_request *req, *next;
	u64 now = ktime_get_ns();
	u64 again;

	list_for_each_entry_safe(req, next, &q->asked, node)
		if (req->x.poll_at <= now + LOOK_SLACK_NS)
			look_at(q, req, now);
	again = tend(q);
	list_for_each_entry(req, &q->asked, node)
		again = min(again, req->x.poll_at);
	q->look_at = again;
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

static bool has_news(struct tg_queue *q)
{
	return (READ_ONCE(q->news) && !pausing(q)) || READ_ONCE(q->attach) ||
	       kthread_should_stop();
}

/* Until there is something to do. Not interruptible, and no load either. */
static void rest(struct tg_queue *q)
{
	u64 until = pausing(q) ? min(q->look_at, q->pause_until) : q->look_at;
	ktime_t at = ns_to_ktime(until);
	DEFINE_WAIT(wait);

	prepare_to_wait(&q->wake, &wait, TASK_IDLE);
	if (!has_news(q))
		schedule_hrtimeout_range(until == U64_MAX ? NULL : &at, LOOK_SLACK_NS,
					 HRTIMER_MODE_ABS);
	finish_wait(&q->wake, &wait);
}

#define PARTING_STEP_US	1000

/*
 * The module goes. The requesters have left, and what they asked for is waited for as it would be
 * without them; but no request waits in a lane any more.
 */
static void part(struct tg_queue *q)
{
	struct tg_request *req, *next;
	u64 end_at = ktime_get_ns() + q->be.patience_ns;

	list_for_each_entry(req, &q->asked, node)
		req->patient_until = min(req->patient_until, end_at);
	while (!list_empty(&q->asked)) {
		list_for_each_entry_safe(req, next, &q->asked, node)
			look_at(q, req, ktime_get_ns());
		if (!list_empty(&q->asked))
			usleep_range(PARTING_STEP_US, 2 * PARTING_STEP_US);
	}
}

/* A driver that has just come is attached to before those who already wait for it are refused. */
static int worker(void *data)
{
	struct tg_queue *q = data;
	struct tg_request *req;

	while (!kthread_should_stop()) {
		rest(q);
		if (take_kick(q))
			attach(q);
		look(q);
		req = pausing(q) ? NULL : take(q);
		if (req)
			serve(q, req);
	}
	part(q);
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

/* The newest lease of a workload says what holds for it. */
void tg_queue_set_quota(struct tg_queue *q, struct tg_workload *w, const struct tg_quota *quota)
{
	spin_lock(&q->lock);
	w->quota = *quota;
	tg_bucket_set(&w->bucket, quota->per_minute, quota->burst, ktime_get_ns());
	spin_unlock(&q->lock);
}

/* Nanoseconds until the rate of @w lets another request pass. */
u64 tg_queue_retry_after(struct tg_queue *q, const struct tg_workload *w)
{
	u64 wait;

	spin_lock(&q->lock);
	wait = tg_bucket_wait(&w->bucket, ktime_get_ns());
	spin_unlock(&q->lock);
	return wait;
}

/* For what costs a request, and needs no firmware: 0, -ESTALE or -EDQUOT. */
int tg_queue_charge(struct tg_queue *q, struct tg_lease *lease, u64 op)
{
	struct tg_bucket *bucket = &lease->workload->bucket;
	const u64 now = ktime_get_ns();
	bool first = false;
	int err = 0;

	spin_lock(&q->lock);
	if (tg_lease_gone(lease))
		err = -ESTALE;
	else if (tg_bucket_wait(bucket, now))
		err = -EDQUOT;
	if (!err) {
		tg_bucket_take(bucket, now);
		first = !lease->used;
		lease->used = true;
	}
	spin_unlock(&q->lock);
	if (first)
		tg_notify_used(lease, op);
	return err;
}

void tg_queue_count_refusal(struct tg_queue *q, struct tg_workload *w)
{
	spin_lock(&q->lock);
	w->stats.refused++;
	spin_unlock(&q->lock);
}

void tg_queue_init(struct tg_queue *q)
{
	spin_lock_init(&q->lock);
	init_waitqueue_head(&q->wake);
	q->look_at = 0;		/* at once, so that the backend says when it wants to be tended */
	INIT_LIST_HEAD(&q->ready);
	INIT_LIST_HEAD(&q->asked);
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
 * firmware, and is waited for here, see part().
 */
void tg_queue_stop(struct tg_queue *q)
{
	kthread_stop(q->worker);
	q->worker = NULL;
}
