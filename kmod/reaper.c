// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reaper: leases end when their time is over, or their cgroup removed, without anybody ending
 * them. Whoever uses one is told by tg_lease_check(); the reaper tells those who wait: poll(),
 * callers in the queue and, once for each lease, administrators.
 *
 * DOC: how often
 *
 * It walks through all leases, and anybody may give it a reason: by removing a cgroup, which need
 * not be one of a lease, or by narrowing a lease to a millisecond. So there is one walk to come at
 * most, at the earliest moment that anything gives a reason for; and after each there is a pause,
 * so many times as long as it took, that walks take a sixteenth of one processor at most. What is
 * over is told late by so much.
 */
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "cgroup_watch.h"
#include "lease.h"
#include "notify.h"
#include "queue.h"
#include "reaper.h"

#define PAUSE_PARTS	15	/* of what a walk took */
#define PAUSE_MIN_NS	(20 * (u64)NSEC_PER_MSEC)
#define PAUSE_MAX_NS	((u64)NSEC_PER_SEC)

/* The workqueue's clock stops while the machine sleeps, ours goes on. */
#define SLEEP_MAX_NS	(60 * (u64)NSEC_PER_SEC)

/* Without news of cgroups we look ourselves, now and then. */
#define CGROUP_LOOK_NS	(5 * (u64)NSEC_PER_SEC)

static bool watching_cgroups;

static struct workqueue_struct *reaper_wq;
static struct delayed_work reaper;

/* Under this lock, also with interrupts off. Times are ktime_get_boottime_ns(). */
static DEFINE_SPINLOCK(lock);
static u64 due = U64_MAX;	/* when the next walk begins, U64_MAX: there is none to come */
static u64 not_before;

/* A walk that should have begun already is with a clock that has slept: it is called, too. */
static void plan(u64 when)
{
	u64 now = ktime_get_boottime_ns();

	if (when == U64_MAX)
		return;
	when = min(max(when, not_before), now + SLEEP_MAX_NS);
	if (when >= due && due > now)
		return;
	due = min(when, due);
	mod_delayed_work(reaper_wq, &reaper, due > now ? nsecs_to_jiffies(due - now) + 1 : 0);
}

static void walk_at(u64 when)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	plan(when);
	spin_unlock_irqrestore(&lock, flags);
}

/* 0: it is not over; revoked ones were told of already. */
static int why_over(const struct tg_lease *lease)
{
	if (tg_lease_expired(lease))
		return -ETIME;
	return tg_pin_is_gone(&lease->terms.pin) ? -ENOENT : 0;
}

/* Once for each, unless it goes without saying: its parent went, too, or it was revoked before. */
static void tell_end(struct tg_lease *lease)
{
	int why = why_over(lease);

	if (!why || test_and_set_bit(TG_LEASE_END_TOLD, &lease->flags))
		return;
	if (!test_bit(TG_LEASE_REVOKED, &lease->flags) &&
	    !(lease->parent && why_over(lease->parent)))
		tg_notify_revoked(lease, why);
}

/* Tells who waits for the end of leases; returns when the next one expires. */
static u64 walk(void)
{
	u64 next = U64_MAX, last = 0;
	struct tg_lease *lease;

	while ((lease = tg_lease_next(last))) {
		last = lease->id;
		if (tg_lease_expired(lease))
			wake_up_poll(&lease->wait, EPOLLHUP);
		else
			next = min(next, lease->terms.expires);
		tell_end(lease);
		tg_lease_put(lease);
		cond_resched();
	}
	return next;
}

static u64 look_again(u64 next)
{
	if (watching_cgroups || !tg_leases_exist())
		return next;
	return min(next, ktime_get_boottime_ns() + CGROUP_LOOK_NS);
}

/* What was asked for meanwhile had to count on another walk, and does not get one at once. */
static void pause_and_plan(u64 took, u64 next)
{
	spin_lock_irq(&lock);
	not_before = ktime_get_boottime_ns() +
		     clamp(PAUSE_PARTS * took, PAUSE_MIN_NS, PAUSE_MAX_NS);
	next = min(next, due);
	due = U64_MAX;
	plan(next);
	spin_unlock_irq(&lock);
}

static void reaper_run(struct work_struct *work)
{
	u64 begun = ktime_get_ns();
	u64 next;

	spin_lock_irq(&lock);
	due = U64_MAX;
	spin_unlock_irq(&lock);
	next = walk();
	tg_queue_flush(&tg_queue);
	pause_and_plan(ktime_get_ns() - begun, look_again(next));
}

/* A cgroup that went while it was pinned has been told to a reaper that did not know the lease. */
void tg_reaper_watch(const struct tg_lease *lease)
{
	if (tg_pin_is_gone(&lease->terms.pin))
		walk_at(0);
	else
		walk_at(look_again(lease->terms.expires));
}

/* Called by the kernel with spinlocks held; whose cgroup that was, the walk finds out. */
static void cgroup_gone(void)
{
	if (tg_leases_exist())
		walk_at(0);
}

int tg_reaper_start(void)
{
	reaper_wq = alloc_ordered_workqueue("teegate_leases", 0);
	if (!reaper_wq)
		return -ENOMEM;
	INIT_DELAYED_WORK(&reaper, reaper_run);
	watching_cgroups = tg_cgroup_watch_start(cgroup_gone);
	return 0;
}

void tg_reaper_stop(void)
{
	tg_cgroup_watch_stop();
	cancel_delayed_work_sync(&reaper);
	destroy_workqueue(reaper_wq);
}
