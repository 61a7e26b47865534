// SPDX-License-Identifier: GPL-2.0-only
/*
 * Some roots that the TEE gave, by their parameters, so that firmware need not be asked again for
 * each key. Those that were not used for longest make room for others. All of it is wiped when the
 * administrator says so, and when the module goes.
 */
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "keys.h"

#define ROOTS	8

struct entry {
	u64 used;		/* the order of use; 0: empty */
	struct tg_root_params params;
	struct tg_root root;
};

static struct cache {
	spinlock_t lock;	/* all that follows */
	u64 uses;
	u64 wiped;		/* how often */
	struct entry entries[ROOTS];
} *cache;

static struct entry *find(const struct tg_root_params *params)
{
	unsigned int i;

	for (i = 0; i < ROOTS; i++)
		if (cache->entries[i].used &&
		    !memcmp(&cache->entries[i].params, params, sizeof(*params)))
			return &cache->entries[i];
	return NULL;
}

static struct entry *oldest(void)
{
	struct entry *found = cache->entries, *e;

	for (e = found; e < cache->entries + ROOTS; e++)
		if (e->used < found->used)
			found = e;
	return found;
}

bool tg_cache_get(const struct tg_root_params *params, struct tg_root *ret_root)
{
	struct entry *e;

	spin_lock(&cache->lock);
	e = find(params);
	if (e) {
		e->used = ++cache->uses;
		*ret_root = e->root;
	}
	spin_unlock(&cache->lock);
	return e;
}

/* For tg_cache_put(): what was asked for before the roots were wiped is not kept after that. */
u64 tg_cache_begin(void)
{
	return READ_ONCE(cache->wiped);
}

void tg_cache_put(u64 began, const struct tg_root_params *params, const struct tg_root *root)
{
	struct entry *e;

	spin_lock(&cache->lock);
	if (began == cache->wiped) {
		e = find(params) ?: oldest();
		e->used = ++cache->uses;
		e->params = *params;
		e->root = *root;
	}
	spin_unlock(&cache->lock);
}

void tg_cache_wipe(void)
{
	spin_lock(&cache->lock);
	WRITE_ONCE(cache->wiped, cache->wiped + 1);
	memzero_explicit(cache->entries, sizeof(cache->entries));
	spin_unlock(&cache->lock);
}

int tg_cache_init(void)
{
	cache = kzalloc(sizeof(*cache), GFP_KERNEL);
	if (!cache)
		return -ENOMEM;
	spin_lock_init(&cache->lock);
	return 0;
}

void tg_cache_exit(void)
{
	kfree_sensitive(cache);
}
