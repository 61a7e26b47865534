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
 * A workload whose last lease goes stays here until its bucket is full, or else whoever drops a
 * lease and gets another one begins with a full one. At most TG_IDLE_MAX do; beyond that the one
 * that has waited longest goes.
 */
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
static u64 last_serial;

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
	tg_gate_init(&w->gate);
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
	tg_gate_exit(&w->gate);
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
		if (idle_count > TG_IDLE_MAX || tg_bucket_is_full(&w->bucket, now))
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
		if (w->number && !tg_bucket_is_full(&w->bucket, ktime_get_ns())) {
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
