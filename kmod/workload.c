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
 * DOC: the end of a workload
 *
 * A workload whose last lease goes stays here until its buckets are full, that of its requests and
 * that of its events, or else whoever drops a lease and gets another one begins with full ones. At
 * most TG_IDLE_MAX do; beyond that the one that has waited longest goes.
 */
#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "queue.h"
#include "workload.h"

#define TG_IDLE_MAX	1024

static DEFINE_MUTEX(workload_lock);
static DEFINE_XARRAY_FLAGS(workloads, XA_FLAGS_ACCOUNT);	/* all, by serial */
static DEFINE_HASHTABLE(numbered, 8);
static LIST_HEAD(idle);
static unsigned int idle_count;
static atomic64_t last_serial;		/* 64 bits: never comes around */

/* Out of reach of the others until workload_add(). */
static struct tg_workload *workload_new(u64 number)
{
	struct tg_workload *w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);

	if (!w)
		return NULL;
	w->number = number;
	w->serial = atomic64_inc_return(&last_serial);
	INIT_LIST_HEAD(&w->idle);
	INIT_LIST_HEAD(&w->lane.ready);
	INIT_LIST_HEAD(&w->lane.requests);
	tg_gate_init(&w->gate);
	if (xa_reserve(&workloads, w->serial, GFP_KERNEL_ACCOUNT)) {
		kfree(w);
		return NULL;
	}
	return w;
}

static void workload_add(struct tg_workload *w)
{
	xa_store(&workloads, w->serial, w, 0);	/* reserved: it allocates nothing */
	if (w->number)
		hash_add(numbered, &w->by_number, w->number);
}

/* Nobody has seen it. */
static void workload_discard(struct tg_workload *w)
{
	if (!w)
		return;
	xa_release(&workloads, w->serial);
	kfree(w);
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
	tg_gate_exit(&w->gate);
	kfree(w);
}

static bool has_to_remember(struct tg_workload *w)
{
	u64 now = ktime_get_ns();

	return w->number &&
	       !(tg_bucket_is_full(&w->bucket, now) && tg_gate_is_at_rest(&w->gate, now));
}

/* Those that have nothing to remember any more, and the oldest of too many. */
static void prune_idle(void)
{
	struct tg_workload *w, *next;

	list_for_each_entry_safe(w, next, &idle, idle)
		if (idle_count > TG_IDLE_MAX || !has_to_remember(w))
			workload_free(w);
}

static struct tg_workload *find(u64 number)
{
	struct tg_workload *w;

	hash_for_each_possible(numbered, w, by_number, number)
		if (w->number == number)
			return w;
	return NULL;
}

/* One more lease for the workload of that number, NULL if there is none. */
static struct tg_workload *join(u64 number)
{
	struct tg_workload *w = number ? find(number) : NULL;

	if (!w)
		return NULL;
	w->leases++;
	if (!list_empty(&w->idle)) {
		list_del_init(&w->idle);
		idle_count--;
	}
	return w;
}

static struct tg_workload *join_locked(u64 number)
{
	struct tg_workload *w;

	mutex_lock(&workload_lock);
	prune_idle();
	w = join(number);
	mutex_unlock(&workload_lock);
	return w;
}

/**
 * tg_workload_get - the workload of a new lease
 * @number: the administrator's name for it, 0 for one that nobody else finds
 *
 * It is made before the lock is taken, so that whoever has no memory left keeps nobody waiting.
 *
 * Return: a workload for tg_workload_put(), or NULL without memory.
 */
struct tg_workload *tg_workload_get(u64 number)
{
	struct tg_workload *w = join_locked(number), *made;

	if (w)
		return w;
	made = workload_new(number);
	if (!made)
		return NULL;
	mutex_lock(&workload_lock);
	w = join(number);
	if (!w) {
		w = made;
		made = NULL;
		w->leases = 1;
		workload_add(w);
	}
	mutex_unlock(&workload_lock);
	workload_discard(made);
	return w;
}

/* The last lease goes; no request is left, because requests hold leases. May sleep. */
void tg_workload_put(struct tg_workload *w)
{
	mutex_lock(&workload_lock);
	if (!--w->leases) {
		if (has_to_remember(w)) {
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
