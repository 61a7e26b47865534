// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEAL and UNSEAL: data of a workload, in a blob that only the same workload opens. Runs in the
 * caller; where the root comes from is root.c's business.
 *
 * DOC: a blob is an attacker's input
 *
 * Whoever keeps blobs can change, swap and invent them. What stands in the header in plain text is
 * judged as that, each with an errno of its own, because it tells nothing that its holder could not
 * see. All that takes a key to find out has one answer. The blob is copied once, and the copy is
 * judged.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../ioctl.h"
#include "../lease.h"
#include "keys.h"

#define BLOB_VERSION	1

static const u8 magic[8] = "TEEGATE";	/* with the NUL */

struct blob_head {
	u8 magic[sizeof(magic)];
	__be16 version;
	__be16 header_len;
	struct tg_root_params params;
	u8 root_id[TEEGATE_ROOT_ID_SIZE];
	__be32 bitmap;
	u8 salt[TG_SALT_SIZE];
	__be16 label_len;
	u8 label[];
} __packed;

static_assert(sizeof(struct blob_head) + TG_GCM_TAG_SIZE == TEEGATE_BLOB_OVERHEAD);

u64 tg_seal_needs(const union tg_arg *arg)
{
	return TEEGATE_OP_SEAL;
}

static int derive(struct tg_key_job *job)
{
	return tg_key_derive(job, TG_PURPOSE_BLOB, TG_GCM_KEY_SIZE);
}

/* ---- sealing ---- */

static int check_seal(const struct teegate_seal *a)
{
	if (a->label_len > TEEGATE_KEY_LABEL_MAX || a->data_len > TEEGATE_SEAL_DATA_MAX)
		return -EINVAL;
	return a->timeout_ms > TEEGATE_TIMEOUT_MAX_MS || a->reserved || a->reserved2 ? -EINVAL : 0;
}

static u32 header_len(u32 label_len)
{
	return sizeof(struct blob_head) + label_len;
}

static int check_seal_space(struct teegate_seal *a)
{
	const u32 need = header_len(a->label_len) + a->data_len + TG_GCM_TAG_SIZE;
	const u32 room = a->blob_len;

	a->blob_len = need;
	return room < need ? -ENOSPC : 0;
}

static void fill_head(const struct tg_key_job *job, struct blob_head *head)
{
	memcpy(head->magic, magic, sizeof(magic));
	head->version = cpu_to_be16(BLOB_VERSION);
	head->header_len = cpu_to_be16(header_len(job->label_len));
	head->params = job->params;
	memcpy(head->root_id, job->root.id, sizeof(head->root_id));
	head->bitmap = cpu_to_be32(job->lease->terms.sealing->bitmap);
	memcpy(head->salt, job->salt, sizeof(head->salt));
	head->label_len = cpu_to_be16(job->label_len);
	memcpy(head->label, job->label, job->label_len);
}

static int seal_into(const struct teegate_seal *a, struct tg_key_job *job, u8 *blob)
{
	const u32 head_len = header_len(a->label_len);
	int err;

	if (copy_from_user(blob + head_len, u64_to_user_ptr(a->data), a->data_len))
		return -EFAULT;
	err = tg_root_active(job) ?: get_random_bytes_wait(job->salt, sizeof(job->salt)) ?:
	      derive(job);
	if (err)
		return err;
	fill_head(job, (struct blob_head *)blob);
	return tg_gcm_seal(job->key, blob, head_len, a->data_len);
}

static int seal(struct tg_call *call, struct teegate_seal *a, struct tg_key_job *job)
{
	u8 *blob;
	int err = tg_key_job_label(job, a->label, a->label_len);

	if (err)
		return err;
	blob = kvzalloc(a->blob_len, GFP_KERNEL_ACCOUNT);
	if (!blob)
		return -ENOMEM;
	err = seal_into(a, job, blob) ?: tg_lease_check(call->lease, call->needs);
	if (!err && copy_to_user(u64_to_user_ptr(a->blob), blob, a->blob_len))
		err = -EFAULT;
	kvfree_sensitive(blob, a->blob_len);
	return err;
}

int tg_op_seal(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_seal *a = &arg->seal;
	const u32 room = a->blob_len;
	struct tg_key_job *job;
	int err;

	a->fw_status = 0;
	err = check_seal(a) ?: check_seal_space(a);
	if (err)
		return err;
	job = tg_key_job_new(call, a->timeout_ms);
	if (!job)
		return -ENOMEM;
	err = seal(call, a, job);
	a->fw_status = job->fw_status;
	if (err)
		a->blob_len = room;
	tg_key_job_free(job);
	return err;
}

/* ---- unsealing ---- */

static int check_lengths(const struct blob_head *head, u32 blob_len)
{
	const u32 label_len = be16_to_cpu(head->label_len);
	const u32 head_len = be16_to_cpu(head->header_len);

	if (label_len > TEEGATE_KEY_LABEL_MAX || head_len != header_len(label_len))
		return -EMSGSIZE;
	if (blob_len < head_len + TG_GCM_TAG_SIZE)
		return -EMSGSIZE;
	return blob_len - head_len - TG_GCM_TAG_SIZE > TEEGATE_SEAL_DATA_MAX ? -EMSGSIZE : 0;
}

/* Is it a blob, and as long as it says? */
static int check_form(const u8 *blob, u32 len)
{
	const struct blob_head *head = (const struct blob_head *)blob;

	if (memcmp(blob, magic, min_t(u32, len, sizeof(magic))))
		return -EILSEQ;
	if (len < offsetofend(struct blob_head, version))
		return -EMSGSIZE;
	if (head->version != cpu_to_be16(BLOB_VERSION))
		return -EPROTONOSUPPORT;
	return len < TEEGATE_BLOB_OVERHEAD ? -EMSGSIZE : check_lengths(head, len);
}

/* May this workload have what it says it needs? The job gets all that is needed for the key. */
static int check_terms(const struct blob_head *head, struct tg_key_job *job)
{
	const struct tg_sealing *sealing = job->lease->terms.sealing;
	int err = tg_params_check(sealing, &head->params);

	if (err)
		return err;
	job->params = head->params;
	job->label_len = be16_to_cpu(head->label_len);
	memcpy(job->label, head->label, job->label_len);
	memcpy(job->salt, head->salt, sizeof(job->salt));
	if (!tg_sealing_allows(sealing, job->label, job->label_len))
		return -EPERM;
	return be32_to_cpu(head->bitmap) == sealing->bitmap ? 0 : -EBADMSG;
}

static int check_unseal_space(struct teegate_unseal *a, const struct tg_key_job *job)
{
	const u32 need = a->blob_len - header_len(job->label_len) - TG_GCM_TAG_SIZE;
	const u32 room = a->data_len;

	a->data_len = need;
	return room < need ? -ENOSPC : 0;
}

static int unseal(struct tg_call *call, struct teegate_unseal *a, struct tg_key_job *job, u8 *blob)
{
	const struct blob_head *head = (const struct blob_head *)blob;
	u32 head_len;
	int err;

	err = check_form(blob, a->blob_len) ?: check_terms(head, job) ?: check_unseal_space(a, job);
	if (err)
		return err;
	head_len = header_len(job->label_len);
	err = tg_root_of_params(job, head->root_id) ?: derive(job) ?:
	      tg_gcm_open(job->key, blob, head_len, a->data_len) ?:
	      tg_lease_check(call->lease, call->needs);
	if (!err && copy_to_user(u64_to_user_ptr(a->data), blob + head_len, a->data_len))
		err = -EFAULT;
	return err;
}

static int fetch_and_unseal(struct tg_call *call, struct teegate_unseal *a, struct tg_key_job *job)
{
	u8 *blob = kvmalloc(a->blob_len, GFP_KERNEL_ACCOUNT);
	int err = -EFAULT;

	if (!blob)
		return -ENOMEM;
	if (!copy_from_user(blob, u64_to_user_ptr(a->blob), a->blob_len))
		err = unseal(call, a, job, blob);
	kvfree_sensitive(blob, a->blob_len);
	return err;
}

int tg_op_unseal(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_unseal *a = &arg->unseal;
	const u32 room = a->data_len;
	struct tg_key_job *job;
	int err;

	a->fw_status = 0;
	if (a->timeout_ms > TEEGATE_TIMEOUT_MAX_MS || a->reserved)
		return -EINVAL;
	if (!a->blob_len || a->blob_len > TEEGATE_SEAL_DATA_MAX + TEEGATE_BLOB_OVERHEAD_MAX)
		return -EMSGSIZE;
	job = tg_key_job_new(call, a->timeout_ms);
	if (!job)
		return -ENOMEM;
	err = fetch_and_unseal(call, a, job);
	a->fw_status = job->fw_status;
	if (err && err != -ENOSPC)
		a->data_len = room;
	tg_key_job_free(job);
	return err;
}
