// SPDX-License-Identifier: GPL-2.0-only
/*
 * Roots that an administrator installed: where the TEE has none (TDX), and for whoever wants one
 * that outlives the chip. This file keeps them and gives copies to the rest; nothing gives them to
 * user space.
 *
 * DOC: written once
 *
 * There is one active root, and it stays the same until the module goes. Otherwise whoever becomes
 * the administrator for a moment could replace it by one of their own and read whatever is sealed
 * from then on. For the same reason roots that were wiped on request make no room for others. Those
 * to unseal with only give nothing to anybody who does not have them already.
 *
 * DOC: the taint
 *
 * A development root is one that somebody else may have, too, and so may all keys made from it.
 * They are still there when the root is wiped, so the taint stays as well.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../ioctl.h"
#include "../queue.h"
#include "keys.h"

#define UNSEAL_ONLY_MAX	16

struct installed {
	u8 source;		/* TEEGATE_ROOT_NONE: nothing */
	struct tg_root root;
};

static struct roots {
	spinlock_t lock;	/* all that follows */
	bool closed;		/* they were wiped, and none is taken any more */
	bool development;	/* there was one */
	struct installed active;
	struct installed old[UNSEAL_ONLY_MAX];
	unsigned int n_old;
} *roots;

static bool same_id(const struct installed *i, const u8 id[TEEGATE_ROOT_ID_SIZE])
{
	return i->source && !memcmp(i->root.id, id, sizeof(i->root.id));
}

/* Locked. Any source if that is TEEGATE_ROOT_NONE. */
static const struct installed *find(u8 source, const u8 id[TEEGATE_ROOT_ID_SIZE])
{
	unsigned int i;

	if (same_id(&roots->active, id) && (!source || source == roots->active.source))
		return &roots->active;
	for (i = 0; i < roots->n_old; i++)
		if (same_id(&roots->old[i], id) && (!source || source == roots->old[i].source))
			return &roots->old[i];
	return NULL;
}

/* Locked. BIT(enum teegate_root_source) */
static u32 sources(void)
{
	u32 mask = roots->active.source ? BIT(roots->active.source) : 0;
	unsigned int i;

	for (i = 0; i < roots->n_old; i++)
		mask |= BIT(roots->old[i].source);
	return mask;
}

/* The active root, if it is of one of the @allowed sources. */
bool tg_installed_active(u32 allowed, struct tg_root *ret_root, u8 *ret_source)
{
	bool there;

	spin_lock(&roots->lock);
	there = roots->active.source && allowed & BIT(roots->active.source);
	if (there) {
		*ret_root = roots->active.root;
		*ret_source = roots->active.source;
	}
	spin_unlock(&roots->lock);
	return there;
}

/* Active or not. 0, -ENODATA when there is none of that source, -ENXIO when that one is not. */
int tg_installed_find(u8 source, const u8 id[TEEGATE_ROOT_ID_SIZE], struct tg_root *ret_root)
{
	const struct installed *found;
	int err = 0;

	spin_lock(&roots->lock);
	found = find(source, id);
	if (found)
		*ret_root = found->root;
	else
		err = sources() & BIT(source) ? -ENXIO : -ENODATA;
	spin_unlock(&roots->lock);
	return err;
}

/* Locked. Where the root goes. */
static int place(const struct installed *new, bool unseal_only, struct installed **ret_place)
{
	if (roots->closed || find(TEEGATE_ROOT_NONE, new->root.id))
		return -EEXIST;
	if (!unseal_only && roots->active.source)
		return -EEXIST;
	if (unseal_only && roots->n_old == UNSEAL_ONLY_MAX)
		return -ENOSPC;
	*ret_place = unseal_only ? &roots->old[roots->n_old++] : &roots->active;
	return 0;
}

static int install(const struct installed *new, bool unseal_only)
{
	struct installed *to;
	int err;

	spin_lock(&roots->lock);
	err = place(new, unseal_only, &to);
	if (!err) {
		*to = *new;
		roots->development |= new->source == TEEGATE_ROOT_DEVELOPMENT;
	}
	spin_unlock(&roots->lock);
	return err;
}

static int fetch_root(const struct teegate_set_root *a, struct tg_root *root)
{
	if (copy_from_user(root->bytes, u64_to_user_ptr(a->root), sizeof(root->bytes)))
		return -EFAULT;
	if (!memchr_inv(root->bytes, 0, sizeof(root->bytes)))
		return -EINVAL;
	return tg_root_name(root);
}

int tg_op_set_root(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_set_root *a = &arg->set_root;
	struct installed *new;
	int err;

	memset(a->root_id, 0, sizeof(a->root_id));
	if (a->root_len != TEEGATE_ROOT_SIZE || !tg_source_is_installed(a->source))
		return -EINVAL;
	new = kzalloc(sizeof(*new), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	new->source = a->source;
	err = fetch_root(a, &new->root) ?: install(new, a->flags & TEEGATE_ROOT_UNSEAL_ONLY);
	if (!err)
		memcpy(a->root_id, new->root.id, sizeof(a->root_id));
	kfree_sensitive(new);
	return err;
}

static void wipe_installed(void)
{
	spin_lock(&roots->lock);
	roots->closed = true;
	memzero_explicit(&roots->active, sizeof(roots->active));
	memzero_explicit(roots->old, sizeof(roots->old));
	roots->n_old = 0;
	spin_unlock(&roots->lock);
}

int tg_op_wipe_roots(struct tg_call *call, union tg_arg *arg)
{
	tg_cache_wipe();
	tg_snp_forget_today();
	if (arg->wipe_roots.flags & TEEGATE_WIPE_INSTALLED)
		wipe_installed();
	return 0;
}

u64 tg_guest_ops(struct tg_backend *be)
{
	bool up = tg_backend_state(be) == TEEGATE_STATE_UP;

	return (up ? READ_ONCE(be->firmware_ops) : 0) |
	       (READ_ONCE(roots->active.source) ? TG_OPS_KEYS : 0);
}

u64 tg_guest_taint(const struct tg_backend *be)
{
	return be->ops->taint() |
	       (READ_ONCE(roots->development) ? TEEGATE_TAINT_DEVELOPMENT_ROOT : 0);
}

/* Where the TEE can give one, as far as is known without asking. */
static u8 source_of_tee(struct tg_backend *be)
{
	if (tg_backend_state(be) != TEEGATE_STATE_UP)
		return TEEGATE_ROOT_NONE;
	return READ_ONCE(be->firmware_ops) & TG_OPS_KEYS ? tg_tee_source() : TEEGATE_ROOT_NONE;
}

void tg_keys_fill_info(struct tg_backend *be, struct teegate_get_info *a)
{
	const u8 tee = source_of_tee(be);

	spin_lock(&roots->lock);
	a->roots = sources();
	a->root_active = roots->active.source ?: tee;
	memcpy(a->root_id, roots->active.root.id, sizeof(a->root_id));
	spin_unlock(&roots->lock);
	if (tee)
		a->roots |= BIT(tee);
}

int tg_installed_init(void)
{
	roots = kzalloc(sizeof(*roots), GFP_KERNEL);
	if (!roots)
		return -ENOMEM;
	spin_lock_init(&roots->lock);
	return 0;
}

void tg_installed_exit(void)
{
	kfree_sensitive(roots);
}
