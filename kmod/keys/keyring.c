// SPDX-License-Identifier: GPL-2.0-only
/*
 * A derived key as a key of the kernel, in a keyring of the caller: user space names it and never
 * sees it. For dm-crypt ("logon") and fscrypt ("fscrypt-provisioning").
 *
 * DOC: whose it is
 *
 * Only the process or session keyring of the calling task: those of a user or of another task would
 * give it to whoever shares them. The description begins with "teegate:", so that no key which
 * others look for by name can be made here, and none is ever replaced: it might be in use for a
 * volume. Whoever possesses the keyring may search for the key and view its description, which is
 * what the kernel does in their name. Nobody may read, change or link it, and a user has no rights
 * for being its owner.
 */
#include <linux/err.h>
#include <linux/key.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <uapi/linux/fscrypt.h>
#include <uapi/linux/keyctl.h>

#include "keys.h"

#define PREFIX_LEN	(sizeof(TG_KEYRING_PREFIX) - 1)

int tg_keyring_check(const struct teegate_derive_key *a)
{
	if (!IS_ENABLED(CONFIG_KEYS))
		return -EOPNOTSUPP;
	if (a->key || !a->description_len || a->description_len > TEEGATE_KEY_DESCRIPTION_MAX)
		return -EINVAL;
	return a->keyring == KEY_SPEC_PROCESS_KEYRING || a->keyring == KEY_SPEC_SESSION_KEYRING ?
	       0 : -EINVAL;
}

#ifdef CONFIG_KEYS

#include "../compat/keyring.h"

#define RIGHTS	(KEY_POS_SEARCH | KEY_POS_VIEW)

/* Printable and without blanks, as it is shown in /proc/keys and written in tables of dm-crypt. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f)
			return false;
	return true;
}

/* Takes the description from the caller, before anybody is asked for a root. */
int tg_keyring_describe(const struct teegate_derive_key *a, struct tg_key_job *job)
{
	char *text = job->description;

	memcpy(text, TG_KEYRING_PREFIX, PREFIX_LEN);
	if (copy_from_user(text + PREFIX_LEN, u64_to_user_ptr(a->description), a->description_len))
		return -EFAULT;
	text[PREFIX_LEN + a->description_len] = 0;
	if (strlen(text) != PREFIX_LEN + a->description_len)
		return -EINVAL;
	return is_plain(text) ? 0 : -EINVAL;
}

static int create(s32 keyring, const char *type, const char *description, const void *payload,
		  size_t len, s32 *ret_serial)
{
	key_ref_t ring = lookup_user_key(keyring, KEY_LOOKUP_CREATE, KEY_NEED_WRITE);
	key_ref_t key;

	if (IS_ERR(ring))
		return PTR_ERR(ring);
	key = tg_key_create(ring, type, description, payload, len, RIGHTS);
	key_ref_put(ring);
	if (IS_ERR(key))
		return PTR_ERR(key) == -ENODEV ? -EOPNOTSUPP : PTR_ERR(key);
	*ret_serial = key_ref_to_ptr(key)->serial;
	key_ref_put(key);
	return 0;
}

static int create_fscrypt(const struct tg_key_job *job, s32 keyring, s32 *ret_serial)
{
	struct fscrypt_provisioning_key_payload *payload;
	const size_t len = struct_size(payload, raw, job->key_len);
	int err;

	payload = kzalloc(len, GFP_KERNEL_ACCOUNT);
	if (!payload)
		return -ENOMEM;
	payload->type = FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER;
	memcpy(payload->raw, job->key, job->key_len);
	err = create(keyring, "fscrypt-provisioning", job->description, payload, len, ret_serial);
	kfree_sensitive(payload);
	return err;
}

/* The key of the job, as the caller wants it. It stays there, whatever becomes of the call. */
int tg_keyring_put(const struct teegate_derive_key *a, const struct tg_key_job *job,
		   s32 *ret_serial)
{
	if (a->target == TEEGATE_KEY_TO_FSCRYPT)
		return create_fscrypt(job, a->keyring, ret_serial);
	return create(a->keyring, "logon", job->description, job->key, job->key_len, ret_serial);
}

#else

int tg_keyring_describe(const struct teegate_derive_key *a, struct tg_key_job *job)
{
	return -EOPNOTSUPP;
}

int tg_keyring_put(const struct teegate_derive_key *a, const struct tg_key_job *job,
		   s32 *ret_serial)
{
	return -EOPNOTSUPP;
}

#endif
