// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lease: the capability to ask the TEE for something in the name of a workload. This file
 * knows the object, its ancestry and its end. Its descriptor is in lease_fd.c, its requests in
 * queue.c.
 *
 * DOC: lifetime
 *
 * A lease is held by its file, by its children and by its requests, and goes when the last of
 * them does. A request outlives its caller when the caller is killed while firmware works, so the
 * worker may be the one that frees a lease. The parent is held so that revoking it reaches
 * children whose parent's descriptor was closed long ago.
 *
 * DOC: the end of a lease
 *
 * Revocation is one flag, and a lease is gone when it or any ancestor has it. Nothing walks down,
 * hence nothing can be missed: a child that is being made while its parent is revoked is born
 * dead. Whoever uses a lease asks tg_lease_check() before the request and again before the answer
 * is passed on; what waits in between is thrown out by tg_queue_flush().
 *
 * Expiry needs no event either, it is a comparison with the clock; nor does the removal of a cgroup
 * that a lease is pinned to. The reaper (reaper.c) only tells those who wait for that.
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "binding.h"
#include "keys/keys.h"
#include "lease.h"
#include "notify.h"
#include "queue.h"
#include "reaper.h"

static DEFINE_XARRAY_FLAGS(leases, XA_FLAGS_ACCOUNT);	/* by id; holds no reference */
static DEFINE_MUTEX(lease_lock);	/* the table, the counters below and every lease's own */
static unsigned int top_leases;
static atomic64_t last_id;		/* 64 bits: never comes around */

struct tg_lease *tg_admin_lease;

int tg_claims_from_user(const void __user *bytes, u32 len, struct tg_claims **ret_claims)
{
	struct tg_claims *claims = kmalloc(struct_size(claims, bytes, len), GFP_KERNEL_ACCOUNT);
	int err = -EFAULT;

	if (!claims)
		return -ENOMEM;
	refcount_set(&claims->ref, 1);
	claims->len = len;
	if (!copy_from_user(claims->bytes, bytes, len))
		err = tg_hash(claims->bytes, len, claims->hash);
	if (err)
		kfree(claims);
	else
		*ret_claims = claims;
	return err;
}

int tg_note_from_user(const void __user *bytes, u32 len, struct tg_note **ret_note)
{
	struct tg_note *note = kmalloc(struct_size(note, bytes, len), GFP_KERNEL_ACCOUNT);

	if (!note)
		return -ENOMEM;
	note->len = len;
	if (copy_from_user(note->bytes, bytes, len)) {
		kfree(note);
		return -EFAULT;
	}
	*ret_note = note;
	return 0;
}

static struct tg_claims *claims_get(struct tg_claims *claims)
{
	if (claims)
		refcount_inc(&claims->ref);
	return claims;
}

static void claims_put(struct tg_claims *claims)
{
	if (claims && refcount_dec_and_test(&claims->ref))
		kfree(claims);
}

void tg_terms_release(struct tg_terms *terms)
{
	tg_pin_release(&terms->pin);
	claims_put(terms->claims);
	terms->claims = NULL;
	tg_sealing_put(terms->sealing);
	terms->sealing = NULL;
	kfree(terms->note);
	terms->note = NULL;
}

/* 0 is for ever, and so is what does not fit: 584 years. */
u64 tg_expiry_after_ms(u64 ms)
{
	u64 ns, end;

	if (!ms || check_mul_overflow(ms, (u64)NSEC_PER_MSEC, &ns) ||
	    check_add_overflow(ns, ktime_get_boottime_ns(), &end))
		return U64_MAX;
	return end;
}

/* A lease that an administrator made; nothing else has an end that must be looked for. */
bool tg_leases_exist(void)
{
	return READ_ONCE(top_leases);
}

bool tg_lease_under(const struct tg_lease *lease, const struct tg_lease *ancestor)
{
	while (lease && lease != ancestor)
		lease = lease->parent;
	return lease;
}

static bool is_revoked(const struct tg_lease *lease)
{
	return test_bit(TG_LEASE_REVOKED, &lease->flags);
}

bool tg_lease_expired(const struct tg_lease *lease)
{
	return lease->terms.expires != U64_MAX && ktime_get_boottime_ns() >= lease->terms.expires;
}

/* Revoked or expired; a child never outlives its parent's term, so only revocation is inherited. */
bool tg_lease_gone(const struct tg_lease *lease)
{
	if (tg_lease_expired(lease))
		return true;
	for (; lease; lease = lease->parent)
		if (is_revoked(lease))
			return true;
	return false;
}

/**
 * tg_lease_check - may the calling task do this with this lease, now?
 * @lease: the lease
 * @ops: TEEGATE_OP_* wanted, 0 for what every holder may do
 *
 * Return: 0, -ESTALE when the lease or its cgroup is gone, -EPERM when the caller is not the
 * workload or the lease does not allow @ops.
 */
int tg_lease_check(const struct tg_lease *lease, u64 ops)
{
	int err;

	if (tg_lease_gone(lease))
		return -ESTALE;
	err = tg_pin_check_current(&lease->terms.pin);
	if (err)
		return err;
	return ops & ~lease->terms.ops ? -EPERM : 0;
}

static struct tg_lease *lease_alloc(struct tg_lease *parent)
{
	struct tg_lease *lease = kzalloc(sizeof(*lease), GFP_KERNEL_ACCOUNT);

	if (!lease)
		return NULL;
	refcount_set(&lease->ref, 1);
	lease->parent = parent;
	lease->top = parent ? parent->top : lease;
	init_waitqueue_head(&lease->wait);
	return lease;
}

/* Charges the ancestors, all or none. A chain is no longer than TG_DESCENDANTS_MAX for it. */
static int charge_ancestors(struct tg_lease *parent)
{
	struct tg_lease *l;

	if (!parent)
		return top_leases >= TG_LEASES_MAX ? -ENFILE : 0;
	for (l = parent; l; l = l->parent)
		if (l->descendants >= TG_DESCENDANTS_MAX)
			return -EDQUOT;
	for (l = parent; l; l = l->parent)
		l->descendants++;
	return 0;
}

static void uncharge_ancestors(struct tg_lease *parent)
{
	struct tg_lease *l;

	for (l = parent; l; l = l->parent)
		l->descendants--;
}

/* An id that was tried is not used again, even if there was no memory to remember it. */
static int lease_register(struct tg_lease *lease)
{
	int err;

	lease->id = atomic64_inc_return(&last_id);
	/* Before the lock, so that whoever has no memory left keeps nobody waiting. */
	err = xa_reserve(&leases, lease->id, GFP_KERNEL_ACCOUNT);
	if (err)
		return err;
	mutex_lock(&lease_lock);
	err = charge_ancestors(lease->parent);
	if (err) {
		xa_release(&leases, lease->id);
	} else {
		xa_store(&leases, lease->id, lease, 0);	/* reserved: it allocates nothing */
		if (!lease->parent)
			top_leases++;
	}
	mutex_unlock(&lease_lock);
	return err;
}

static void lease_unregister(struct tg_lease *lease)
{
	mutex_lock(&lease_lock);
	xa_erase(&leases, lease->id);
	if (!lease->parent)
		top_leases--;
	uncharge_ancestors(lease->parent);
	mutex_unlock(&lease_lock);
}

/* The parent's, or that of the number; the newest lease says how much it may ask. */
static int lease_join_workload(struct tg_lease *lease)
{
	if (lease->parent) {
		lease->workload = lease->parent->workload;
		return 0;
	}
	lease->workload = tg_workload_get(lease->terms.workload);
	return lease->workload ? 0 : -ENOMEM;
}

static void lease_leave_workload(struct tg_lease *lease)
{
	if (!lease->parent)
		tg_workload_put(lease->workload);
}

static void tell_workload(struct tg_lease *lease)
{
	tg_workload_name(lease->workload, lease->id);
	tg_queue_set_quota(&tg_queue, lease->workload, &lease->terms.quota);
}

/* Takes over what @terms holds, unless it fails. */
static struct tg_lease *lease_make(struct tg_lease *parent, struct tg_terms *terms)
{
	struct tg_lease *lease = lease_alloc(parent);
	int err;

	if (!lease)
		return ERR_PTR(-ENOMEM);
	lease->terms = *terms;
	err = lease_join_workload(lease);
	if (err)
		goto no_workload;
	err = lease_register(lease);
	if (err)
		goto not_registered;
	if (parent)
		tg_lease_get(parent);
	else
		tell_workload(lease);
	memset(terms, 0, sizeof(*terms));
	tg_notify_created(lease);
	tg_reaper_watch(lease);
	return lease;

not_registered:
	lease_leave_workload(lease);
no_workload:
	kfree(lease);
	return ERR_PTR(err);
}

/**
 * tg_lease_new - a lease of the administrator's
 * @terms: cleared on success; still the caller's on failure
 */
struct tg_lease *tg_lease_new(struct tg_terms *terms)
{
	return lease_make(NULL, terms);
}

/**
 * tg_lease_narrow - a lease within another one
 * @parent: the caller holds a reference
 * @terms: ops, pins and what else shall be narrower; the rest is filled in from @parent. Cleared
 *	on success; still the caller's on failure
 *
 * Claims are never an argument: whoever narrows cannot change what reports say.
 */
struct tg_lease *tg_lease_narrow(struct tg_lease *parent, struct tg_terms *terms)
{
	const struct tg_terms *most = &parent->terms;

	if (terms->ops & ~most->ops || terms->max_pending > most->max_pending)
		return ERR_PTR(-EPERM);
	if (!terms->max_pending)
		terms->max_pending = most->max_pending;
	terms->expires = min(terms->expires, most->expires);
	terms->extend_max = most->extend_max;
	terms->extend_bytes_max = most->extend_bytes_max;
	terms->workload = most->workload;
	terms->claims = claims_get(most->claims);
	terms->sealing = tg_sealing_get(most->sealing);
	tg_pin_inherit(&terms->pin, &most->pin);
	return lease_make(parent, terms);
}

struct tg_lease *tg_lease_get(struct tg_lease *lease)
{
	refcount_inc(&lease->ref);
	return lease;
}

/*
 * NULL is fine. May sleep. A loop, so that the end of a long chain of parents needs no deep stack.
 */
void tg_lease_put(struct tg_lease *lease)
{
	struct tg_lease *parent;

	for (; lease && refcount_dec_and_test(&lease->ref); lease = parent) {
		parent = lease->parent;
		lease_unregister(lease);
		tg_notify_closed(lease);
		lease_leave_workload(lease);
		tg_terms_release(&lease->terms);
		kfree(lease);
	}
}

struct tg_lease *tg_lease_find(u64 id)
{
	struct tg_lease *lease;

	mutex_lock(&lease_lock);
	lease = xa_load(&leases, id);
	if (lease && !refcount_inc_not_zero(&lease->ref))
		lease = NULL;
	mutex_unlock(&lease_lock);
	return lease;
}

/* The one with the next higher id, for tg_lease_put(); NULL: there is none. */
struct tg_lease *tg_lease_next(u64 after)
{
	unsigned long id = after;
	struct tg_lease *lease;

	mutex_lock(&lease_lock);
	do {
		lease = xa_find_after(&leases, &id, ULONG_MAX, XA_PRESENT);
	} while (lease && !refcount_inc_not_zero(&lease->ref));
	mutex_unlock(&lease_lock);
	return lease;
}

/* Ends a lease with all its descendants. May be called any number of times. */
void tg_lease_revoke(struct tg_lease *revoked)
{
	bool again = test_and_set_bit(TG_LEASE_REVOKED, &revoked->flags);
	struct tg_lease *lease;
	unsigned long id;

	mutex_lock(&lease_lock);
	xa_for_each(&leases, id, lease)
		if (lease->top == revoked->top && tg_lease_under(lease, revoked))
			wake_up_poll(&lease->wait, EPOLLHUP);
	mutex_unlock(&lease_lock);
	tg_queue_flush(&tg_queue);
	if (!again && !test_and_set_bit(TG_LEASE_END_TOLD, &revoked->flags))
		tg_notify_revoked(revoked, 0);
}

/* Its own reference is the last one to go, so it never meets lease_unregister(). */
static struct tg_lease *make_admin_lease(void)
{
	struct tg_lease *lease = lease_alloc(NULL);

	if (!lease)
		return NULL;
	lease->terms.expires = U64_MAX;
	lease->terms.max_pending = TG_PENDING_DEFAULT;
	lease->terms.quota.max_pending = TG_PENDING_DEFAULT;
	if (lease_join_workload(lease)) {
		kfree(lease);
		return NULL;
	}
	tell_workload(lease);
	return lease;
}

static void free_admin_lease(void)
{
	lease_leave_workload(tg_admin_lease);
	kfree(tg_admin_lease);
	tg_workloads_exit();
}

int tg_leases_init(void)
{
	int err;

	tg_admin_lease = make_admin_lease();
	if (!tg_admin_lease)
		return -ENOMEM;
	err = tg_reaper_start();
	if (err)
		free_admin_lease();
	return err;
}

/* No file is open any more, and no request is left: there is no lease. */
void tg_leases_exit(void)
{
	tg_reaper_stop();
	free_admin_lease();
	xa_destroy(&leases);
}
