// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events for administrators, see notify.h. How a message looks is genl.c's.
 *
 * DOC: order
 *
 * Numbering an event and handing it to the sockets is one step under a mutex, so a listener sees
 * the numbers rise by one. Nothing is kept for those who are not there: they make a dump, which
 * says how far the numbers were.
 *
 * DOC: floods
 *
 * Clients can be refused, and narrow leases and close them again, as often as they like; the host
 * can be slow as often as it likes. Such events have a bucket for each workload. When that is
 * empty, or others wait already, an event is put to those of its kind, and a work item tells them
 * as the bucket fills. Nothing is lost but the single times and names; there is room for some
 * kinds, and what is of yet another one is counted with the last of them. What an administrator
 * causes, or can happen only once for something that an administrator made, is always told, and
 * told at once.
 */
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>

#include "genl.h"
#include "ioctl.h"
#include "lease.h"
#include "notify.h"
#include "queue.h"

static DEFINE_MUTEX(send_lock);		/* the two below, and the order of messages */
static u64 last_seq;
static bool started;

static DEFINE_SPINLOCK(gate_lock);	/* the list, and every gate */
static LIST_HEAD(dirty);

static void tell_merged(struct work_struct *work);
static DECLARE_DELAYED_WORK(merged_work, tell_merged);

static void send(const struct tg_notice *n)
{
	mutex_lock(&send_lock);
	last_seq++;
	if (started)
		tg_genl_send(n, last_seq);
	mutex_unlock(&send_lock);
}

u64 tg_notify_last_seq(void)
{
	u64 seq;

	mutex_lock(&send_lock);
	seq = last_seq;
	mutex_unlock(&send_lock);
	return seq;
}

void tg_gate_init(struct tg_gate *gate)
{
	INIT_LIST_HEAD(&gate->dirty);
	tg_bucket_set(&gate->bucket, 60 * TEEGATE_EVENT_RATE, TEEGATE_EVENT_RATE, ktime_get_ns());
}

bool tg_gate_is_at_rest(struct tg_gate *gate, u64 now)
{
	bool rest;

	spin_lock(&gate_lock);
	rest = !gate->n_merged && tg_bucket_is_full(&gate->bucket, now);
	spin_unlock(&gate_lock);
	return rest;
}

static bool is_like(const struct tg_notice *a, const struct tg_notice *b)
{
	return a->event == b->event && a->err == b->err && a->op == b->op;
}

/* The newest of them gives its name to all. */
static void merge(struct tg_gate *gate, const struct tg_notice *n)
{
	struct tg_notice *m;
	u32 count;

	for (m = gate->merged; m < gate->merged + gate->n_merged; m++)
		if (is_like(m, n))
			break;
	if (m == gate->merged + TG_MERGED_MAX)
		m--;
	else if (m == gate->merged + gate->n_merged)
		gate->n_merged++;
	count = m->count;
	*m = *n;
	m->count = count < U32_MAX ? count + 1 : count;
	m->lease = NULL;
	if (list_empty(&gate->dirty))
		list_add_tail(&gate->dirty, &dirty);
}

/* The oldest kind. */
static void take_merged(struct tg_gate *gate, struct tg_notice *ret_notice)
{
	*ret_notice = gate->merged[0];
	gate->n_merged--;
	memmove(gate->merged, gate->merged + 1, gate->n_merged * sizeof(*gate->merged));
	memset(&gate->merged[gate->n_merged], 0, sizeof(*gate->merged));
	if (!gate->n_merged)
		list_del_init(&gate->dirty);
}

static bool may_pass(struct tg_gate *gate, u64 now)
{
	if (gate->n_merged || tg_bucket_wait(&gate->bucket, now))
		return false;
	tg_bucket_take(&gate->bucket, now);
	return true;
}

/* For what can come often. */
static void send_sparingly(struct tg_workload *w, const struct tg_notice *n)
{
	u64 now = ktime_get_ns();
	bool pass;

	spin_lock(&gate_lock);
	pass = may_pass(&w->gate, now);
	if (!pass)
		merge(&w->gate, n);
	spin_unlock(&gate_lock);
	if (pass)
		send(n);
	else
		schedule_delayed_work(&merged_work, HZ / TEEGATE_EVENT_RATE);
}

/* One that may be told now; if there are only others, @ret_wait is told to come again. */
static bool next_merged(struct tg_notice *ret_notice, bool *ret_wait)
{
	u64 now = ktime_get_ns();
	struct tg_gate *gate;
	bool found = false;

	spin_lock(&gate_lock);
	list_for_each_entry(gate, &dirty, dirty) {
		if (tg_bucket_wait(&gate->bucket, now))
			continue;
		tg_bucket_take(&gate->bucket, now);
		take_merged(gate, ret_notice);
		found = true;
		break;
	}
	*ret_wait = !list_empty(&dirty);
	spin_unlock(&gate_lock);
	return found;
}

static void tell_merged(struct work_struct *work)
{
	struct tg_notice n;
	bool wait;

	while (next_merged(&n, &wait))
		send(&n);
	if (wait)
		schedule_delayed_work(&merged_work, HZ / TEEGATE_EVENT_RATE);
}

static bool any_merged(struct tg_gate *gate, struct tg_notice *ret_notice)
{
	bool any;

	spin_lock(&gate_lock);
	any = gate->n_merged;
	if (any)
		take_merged(gate, ret_notice);
	spin_unlock(&gate_lock);
	return any;
}

/* The workload goes: what it has yet to tell is told now. */
void tg_gate_exit(struct tg_gate *gate)
{
	struct tg_notice n;

	while (any_merged(gate, &n))
		send(&n);
}

static struct tg_notice notice_of(enum teegate_event event, const struct tg_lease *lease)
{
	return (struct tg_notice) {
		.event = event,
		.lease_id = lease->id,
		.workload = lease->workload->number,
		.time_ns = ktime_get_boottime_ns(),
	};
}

/* What is about a narrowed lease, its holder can cause at will. */
static void send_about(struct tg_lease *lease, const struct tg_notice *n)
{
	if (lease->parent)
		send_sparingly(lease->workload, n);
	else
		send(n);
}

void tg_notify_created(struct tg_lease *lease)
{
	struct tg_notice n = notice_of(TEEGATE_EVENT_LEASE_CREATED, lease);

	n.lease = lease;
	send_about(lease, &n);
}

void tg_notify_used(struct tg_lease *lease, u64 op)
{
	struct tg_notice n = notice_of(TEEGATE_EVENT_LEASE_USED, lease);

	n.op = op;
	send_about(lease, &n);
}

/* @why: 0, -ETIME, -ENOENT for its cgroup. */
void tg_notify_revoked(struct tg_lease *lease, int why)
{
	struct tg_notice n = notice_of(TEEGATE_EVENT_LEASE_REVOKED, lease);

	n.err = -why;
	send_about(lease, &n);
}

void tg_notify_closed(struct tg_lease *lease)
{
	struct tg_notice n = notice_of(TEEGATE_EVENT_LEASE_CLOSED, lease);

	send_about(lease, &n);
}

static bool is_refusal(int err)
{
	return err == -EPERM || err == -EDQUOT || err == -EAGAIN || err == -ESTALE;
}

void tg_notify_denied(const struct tg_call *call, int err)
{
	struct tg_notice n = notice_of(TEEGATE_EVENT_DENIED, call->lease);
	struct tg_workload *workload = call->lease->workload;

	if (!is_refusal(err))
		return;
	if (!call->queued)
		tg_queue_count_refusal(&tg_queue, workload);
	n.err = -err;
	n.op = call->needs;
	n.uid = from_kuid(&init_user_ns, current_uid());
	send_sparingly(workload, &n);
}

static bool host_can_cause(enum teegate_event event)
{
	return event == TEEGATE_EVENT_THROTTLED || event == TEEGATE_EVENT_QUARANTINED ||
	       event == TEEGATE_EVENT_RECOVERED;
}

void tg_notify_backend(struct tg_backend *be, enum teegate_event event)
{
	struct tg_notice n = {
		.event = event,
		.time_ns = ktime_get_boottime_ns(),
		.be = be,
	};

	if (host_can_cause(event))
		send_sparingly(tg_admin_lease->workload, &n);
	else
		send(&n);
}

/* Nobody hears what was before. */
void tg_notify_start(void)
{
	mutex_lock(&send_lock);
	started = true;
	mutex_unlock(&send_lock);
}

void tg_notify_stop(void)
{
	mutex_lock(&send_lock);
	started = false;
	mutex_unlock(&send_lock);
}

/* There is nobody any more who could tell anything. */
void tg_notify_exit(void)
{
	cancel_delayed_work_sync(&merged_work);
}
