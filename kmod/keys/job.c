// SPDX-License-Identifier: GPL-2.0-only
/* What the operations on keys share: one call on its way, and the beginning and end of it all. */
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../ioctl.h"
#include "../lease.h"
#include "../queue.h"
#include "keys.h"

struct tg_key_job *tg_key_job_new(struct tg_call *call, u32 timeout_ms)
{
	struct tg_key_job *job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	const u32 ms = timeout_ms ?: TG_TIMEOUT_DEFAULT_MS;

	if (!job)
		return NULL;
	job->call = call;
	job->lease = call->lease;
	job->op = call->needs;
	job->deadline = ktime_get_ns() + (u64)ms * NSEC_PER_MSEC;
	return job;
}

/* Takes the label from the caller, if it is one of this workload's. */
int tg_key_job_label(struct tg_key_job *job, u64 label, u32 len)
{
	if (len && copy_from_user(job->label, u64_to_user_ptr(label), len))
		return -EFAULT;
	job->label_len = len;
	return tg_sealing_allows(job->lease->terms.sealing, job->label, len) ? 0 : -EPERM;
}

/* Has firmware answer a request of this job within what is left of its time. */
int tg_key_job_ask(struct tg_key_job *job, struct tg_request *req)
{
	const u64 now = ktime_get_ns();
	int err;

	if (now >= job->deadline)
		return -ETIMEDOUT;
	err = tg_queue_ask(&tg_queue, req, div_u64(job->deadline - now, NSEC_PER_MSEC) + 1);
	job->call->queued |= tg_request_was_queued(req);
	job->fw_status = tg_request_status(req, err);
	return err;
}

void tg_key_job_free(struct tg_key_job *job)
{
	kfree_sensitive(job);
}

int tg_keys_init(void)
{
	int err = tg_hkdf_init();

	if (err)
		return err;
	err = tg_gcm_init();
	if (err)
		goto no_gcm;
	err = tg_cache_init();
	if (err)
		goto no_cache;
	err = tg_installed_init();
	if (err)
		goto no_roots;
	return 0;

no_roots:
	tg_cache_exit();
no_cache:
	tg_gcm_exit();
no_gcm:
	tg_hkdf_exit();
	return err;
}

void tg_keys_exit(void)
{
	tg_installed_exit();
	tg_cache_exit();
	tg_gcm_exit();
	tg_hkdf_exit();
}
