// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workloads: leases that share turns, room in the queue, a rate and statistics, because an
 * administrator gave them one number. Here are the objects, how they are found and when they go;
 * what is done with them for each request is in turns.c.
 *
 * DOC: why a workload is not a lease
 *
 * A workload can have many leases: one for each connection to the broker, one after the other, one
 * for each of its processes. If each had turns and room of its own, whoever asks for more leases
 * would get more of both. So these belong to the number, and the lease only names it.
 *
 * DOC: the bucket
 *
 * Tokens are not counted, so there is nothing to refill and nothing to overflow. One moment is kept
 * instead: when the bucket would be full again if nobody took anything. Each request moves it by
 * the interval between two requests; one is refused while that moment is farther off than all
 * tokens but one take. All numbers are bounded by TEEGATE_RATE_MAX minutes, which are two years.
 *
 * DOC: the end of a workload
 *
 * A workload whose last lease goes stays here until its bucket is full, or else whoever drops a
 * lease and gets another one begins with a full one. At most TG_IDLE_MAX do; beyond that the one
 * that has waited longest goes.
 */
#include <linux/hashtable.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "queue.h"
#include "workload.h"

#define TG_IDLE_MAX	1024
#define MINUTE_NS	(60 * NSEC_PER_SEC)

static DEFINE_MUTEX(workload_lock);
static DEFINE_XARRAY_FLAGS(workloads, XA_FLAGS_ACCOUNT);	/* all, by serial */
static DEFINE_HASHTABLE(numbered, 8);
static LIST_HEAD(idle);
static unsigned int idle_count;
static u64 last_serial;

void tg_bucket_set(struct tg_bucket *b, u32 per_minute, u32 burst, u64 now)
{
	b->interval_ns = per_minute ? div_u64(MINUTE_NS + per_minute - 1, per_minute) : 0;
	b->slack_ns = per_minute ? (burst - 1) * b->interval_ns : 0;
	/* What was taken under other terms is never worth more than all of these. */
	b->full_at = min(b->full_at, now + b->slack_ns + b->interval_ns);
}

/* Nanoseconds until there is a token, 0 if there is one. */
u64 tg_bucket_wait(const struct tg_bucket *b, u64 now)
{
	u64 debt = b->full_at > now ? b->full_at - now : 0;

	return b->interval_ns && debt > b->slack_ns ? debt - b->slack_ns : 0;
}

void tg_bucket_take(struct tg_bucket *b, u64 now)
{
	if (b->interval_ns)
		b->full_at = max(b->full_at, now) + b->interval_ns;
}

/* For ever, if nobody takes anything. */
static bool bucket_is_full(const struct tg_bucket *b, u64 now)
{
	return !b->interval_ns || b->full_at <= now;
}

static struct tg_workload *workload_new(u64 number)
{
	struct tg_workload *w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);

	if (!w)
		return NULL;
	w->number = number;
	w->serial = last_serial + 1;
	INIT_LIST_HEAD(&w->idle);
	INIT_LIST_HEAD(&w->lane.ready);
	INIT_LIST_HEAD(&w->lane.requests);
	if (xa_err(xa_store(&workloads, w->serial, w, GFP_KERNEL_ACCOUNT))) {
		kfree(w);
		return NULL;
	}
	last_serial++;
	if (number)
		hash_add(numbered, &w->by_number, number);
	return w;
}

static void workload_free(struct tg_workload *w)
{
	if (!list_empty(&w->idle)) {
		list_del(&w->idle);
		idle_count--;
	}
	if (w->number)
		hash_del(&w->by_number);
	xa_erase(&workloads, w->serial);
	kfree(w);
}

static struct tg_workload *find(u64 number)
{
	struct tg_workload *w;

	hash_for_each_possible(numbered, w, by_number, number)
		if (w->number == number)
			return w;
	return NULL;
}

/* Those that have nothing to remember any more, and the oldest of too many. */
static void prune_idle(void)
{
	struct tg_workload *w, *next;
	u64 now = ktime_get_ns();

	list_for_each_entry_safe(w, next, &idle, idle)
		if (idle_count > TG_IDLE_MAX || bucket_is_full(&w->bucket, now))
			workload_free(w);
}

/**
 * tg_workload_get - the workload of a new lease
 * @number: the administrator's name for it, 0 for one that nobody else finds
 *
 * Return: a workload for tg_workload_put(), or NULL without memory.
 */
struct tg_workload *tg_workload_get(u64 number)
{
	struct tg_workload *w;

	mutex_lock(&workload_lock);
	prune_idle();
	w = number ? find(number) : NULL;
	if (!w)
		w = workload_new(number);
	if (w) {
		w->leases++;
		if (!list_empty(&w->idle)) {
			list_del_init(&w->idle);
			idle_count--;
		}
	}
	mutex_unlock(&workload_lock);
	return w;
}

/* The last lease goes; no request is left, because requests hold leases. May sleep. */
void tg_workload_put(struct tg_workload *w)
{
	mutex_lock(&workload_lock);
	if (!--w->leases) {
		if (w->number && !bucket_is_full(&w->bucket, ktime_get_ns())) {
			list_add_tail(&w->idle, &idle);
			idle_count++;
		} else {
			workload_free(w);
		}
		prune_idle();
	}
	mutex_unlock(&workload_lock);
}

/* What a dump calls a private workload: its first lease. */
void tg_workload_name(struct tg_workload *w, u64 lease_id)
{
	mutex_lock(&workload_lock);
	if (!w->first_lease)
		w->first_lease = lease_id;
	mutex_unlock(&workload_lock);
}

static void view(struct tg_workload *w, struct tg_workload_view *ret_view)
{
	ret_view->serial = w->serial;
	ret_view->number = w->number;
	ret_view->first_lease = w->first_lease;
	ret_view->leases = w->leases;
	spin_lock(&tg_queue.lock);
	ret_view->pending = w->pending;
	ret_view->quota = w->quota;
	ret_view->stats = w->stats;
	spin_unlock(&tg_queue.lock);
}

/**
 * tg_workload_view_next - the next workload in the order of a dump
 * @after: serial of the one before, 0 for the first
 * @ret_view: untouched if there is none
 *
 * Return: whether there is one.
 */
bool tg_workload_view_next(u64 after, struct tg_workload_view *ret_view)
{
	unsigned long serial = after;
	struct tg_workload *w;

	mutex_lock(&workload_lock);
	w = xa_find_after(&workloads, &serial, ULONG_MAX, XA_PRESENT);
	if (w)
		view(w, ret_view);
	mutex_unlock(&workload_lock);
	return w;
}

/* There is no lease any more. */
void tg_workloads_exit(void)
{
	struct tg_workload *w;
	unsigned long serial;

	mutex_lock(&workload_lock);
	xa_for_each(&workloads, serial, w)
		workload_free(w);
	mutex_unlock(&workload_lock);
	xa_destroy(&workloads);
}
