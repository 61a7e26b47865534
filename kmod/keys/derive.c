// SPDX-License-Identifier: GPL-2.0-only
/*
 * DERIVE_KEY: a key that is always the same for one workload, label, length and root. Runs in the
 * caller; where the root comes from is root.c's business.
 */
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../ioctl.h"
#include "../lease.h"
#include "keys.h"

u64 tg_derive_key_needs(const union tg_arg *arg)
{
	return TEEGATE_OP_DERIVE_KEY;
}

static bool wants_keyring(const struct teegate_derive_key *a)
{
	return a->target != TEEGATE_KEY_TO_CALLER;
}

static int check_target(const struct teegate_derive_key *a)
{
	if (wants_keyring(a))
		return tg_keyring_check(a);
	return a->description || a->description_len || a->keyring ? -EINVAL : 0;
}

static int check_args(const struct teegate_derive_key *a)
{
	if (a->label_len > TEEGATE_KEY_LABEL_MAX || a->timeout_ms > TEEGATE_TIMEOUT_MAX_MS)
		return -EINVAL;
	if (a->key_len < TEEGATE_KEY_MIN || a->key_len > TEEGATE_KEY_MAX)
		return -EINVAL;
	if (a->target > TEEGATE_KEY_TO_FSCRYPT || a->reserved)
		return -EINVAL;
	return check_target(a);
}

static bool has_params(const struct teegate_derive_key *a)
{
	return a->flags & TEEGATE_KEY_PARAMS;
}

static int get_root(const struct teegate_derive_key *a, struct tg_key_job *job)
{
	int err;

	if (!has_params(a))
		return tg_root_active(job);
	memcpy(&job->params, a->root_params, sizeof(job->params));
	err = tg_params_check(job->lease->terms.sealing, &job->params);
	return err ?: tg_root_of_params(job, NULL);
}

static enum tg_purpose purpose_of(const struct teegate_derive_key *a)
{
	switch (a->target) {
	case TEEGATE_KEY_TO_LOGON:
		return TG_PURPOSE_LOGON;
	case TEEGATE_KEY_TO_FSCRYPT:
		return TG_PURPOSE_FSCRYPT;
	default:
		return TG_PURPOSE_CALLER;
	}
}

static int put_key(struct teegate_derive_key *a, const struct tg_key_job *job)
{
	if (wants_keyring(a))
		return tg_keyring_put(a, job, &a->key_serial);
	return copy_to_user(u64_to_user_ptr(a->key), job->key, job->key_len) ? -EFAULT : 0;
}

/* All that the caller says, from its memory. */
static int get_names(const struct teegate_derive_key *a, struct tg_key_job *job)
{
	int err = tg_key_job_label(job, a->label, a->label_len);

	return err || !wants_keyring(a) ? err : tg_keyring_describe(a, job);
}

static int derive(struct tg_call *call, struct teegate_derive_key *a, struct tg_key_job *job)
{
	int err = get_names(a, job) ?: get_root(a, job);

	a->fw_status = job->fw_status;
	err = err ?: tg_key_derive(job, purpose_of(a), a->key_len) ?:
	      tg_lease_check(call->lease, call->needs) ?: put_key(a, job);
	if (err)
		return err;
	memcpy(a->root_id, job->root.id, sizeof(a->root_id));
	memcpy(a->root_params, &job->params, sizeof(a->root_params));
	return 0;
}

static void clear_out(struct teegate_derive_key *a)
{
	a->key_serial = 0;
	a->fw_status = 0;
	memset(a->root_id, 0, sizeof(a->root_id));
	if (!has_params(a))
		memset(a->root_params, 0, sizeof(a->root_params));
}

int tg_op_derive_key(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_derive_key *a = &arg->derive_key;
	struct tg_key_job *job;
	int err;

	clear_out(a);
	err = check_args(a);
	if (err)
		return err;
	job = tg_key_job_new(call, a->timeout_ms);
	if (!job)
		return -ENOMEM;
	err = derive(call, a, job);
	tg_key_job_free(job);
	return err;
}
