/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A new key in a keyring, unless there is one of that type and description: -EEXIST. Kernels before
 * 6.4 only replace, so there it is made in a keyring of its own, and linked when the other one has
 * none. Between the two only add_key(2) of the very same task can come, to its own harm; two of us
 * take turns. Included by keys/keyring.c alone.
 */
#ifndef _TG_COMPAT_KEYRING_H
#define _TG_COMPAT_KEYRING_H

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/key.h>
#include <linux/mutex.h>

#ifdef TG_HAVE_KEY_CREATE

static inline key_ref_t tg_key_create(key_ref_t keyring, const char *type, const char *description,
				      const void *payload, size_t len, key_perm_t perm)
{
	return key_create(keyring, type, description, payload, len, perm, KEY_ALLOC_IN_QUOTA);
}

#else

static DEFINE_MUTEX(tg_key_link_lock);

static inline int tg_key_link(key_ref_t keyring, struct key *key)
{
	key_ref_t there;
	int err;

	mutex_lock(&tg_key_link_lock);
	there = keyring_search(keyring, key->type, key->description, false);
	err = PTR_ERR_OR_ZERO(there);
	if (!err) {
		key_ref_put(there);
		err = -EEXIST;
	} else if (err == -EAGAIN || err == -ENOKEY) {
		err = key_link(key_ref_to_ptr(keyring), key);
	}
	mutex_unlock(&tg_key_link_lock);
	return err;
}

static inline key_ref_t tg_key_create(key_ref_t keyring, const char *type, const char *description,
				      const void *payload, size_t len, key_perm_t perm)
{
	struct key *own = keyring_alloc("teegate", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID, current_cred(),
					KEY_POS_ALL, KEY_ALLOC_NOT_IN_QUOTA, NULL, NULL);
	key_ref_t key;
	int err;

	if (IS_ERR(own))
		return ERR_CAST(own);
	key = key_create_or_update(make_key_ref(own, true), type, description, payload, len, perm,
				   KEY_ALLOC_IN_QUOTA);
	if (!IS_ERR(key)) {
		err = tg_key_link(keyring, key_ref_to_ptr(key));
		if (err) {
			key_ref_put(key);
			key = ERR_PTR(err);
		}
	}
	key_put(own);
	return key;
}

#endif
#endif
