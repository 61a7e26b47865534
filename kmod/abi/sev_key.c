// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys for programs that know only /dev/sev-guest (sev_guest.c). What the chip gives is the root of
 * all workloads, so they never get that. They get a key of their workload instead, to the caller,
 * with a label that is made of all that they asked for: another request is another key, the same
 * one the same key, and a request that the lease would not allow of firmware is refused.
 */
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <uapi/linux/sev-guest.h>

#include "../ioctl.h"
#include "../keys/keys.h"
#include "../keys/snp.h"
#include "../lease.h"
#include "sev_key.h"

struct stock_label {
	u8 tag[12];		/* no NUL */
	__be32 root_key_select;
	__be64 field_select;
	__be32 vmpl;
	__be32 guest_svn;
	__be64 tcb_version;
} __packed;

static_assert(sizeof(struct stock_label) == 40);

static void fill_label(const struct snp_derived_key_req *asked, struct tg_key_job *job)
{
	struct stock_label *label = (struct stock_label *)job->label;

	memcpy(label->tag, "sev-guest/v1", sizeof(label->tag));
	label->root_key_select = cpu_to_be32(asked->root_key_select);
	label->field_select = cpu_to_be64(asked->guest_field_select);
	label->vmpl = cpu_to_be32(asked->vmpl);
	label->guest_svn = cpu_to_be32(asked->guest_svn);
	label->tcb_version = cpu_to_be64(asked->tcb_version);
	job->label_len = sizeof(*label);
}

/* As if it were of firmware: the default, which is the chip's own key, or that one by name. */
static bool fits(const struct tg_sealing *sealing, const struct snp_derived_key_req *asked)
{
	const u64 fields = asked->guest_field_select;

	if (asked->root_key_select && asked->root_key_select != TG_SNP_ROOT_VCEK)
		return false;
	if (fields & ~TG_SNP_FIELDS_ALL || ~fields & sealing->snp_fields)
		return false;
	if (fields & TG_SNP_FIELD_SVN && asked->guest_svn < sealing->snp_svn_floor)
		return false;
	return !(fields & TG_SNP_FIELD_TCB) ||
	       tg_snp_tcb_at_least(asked->tcb_version, sealing->snp_tcb_floor);
}

static int derive(struct tg_key_job *job, const struct snp_derived_key_req *asked)
{
	const struct tg_sealing *sealing = job->lease->terms.sealing;

	if (!fits(sealing, asked))
		return -EKEYREJECTED;
	fill_label(asked, job);
	if (!tg_sealing_allows(sealing, job->label, job->label_len))
		return -EPERM;
	return tg_root_active(job) ?: tg_key_derive(job, TG_PURPOSE_CALLER, TG_SEV_KEY_SIZE) ?:
	       tg_lease_check(job->lease, job->op);
}

/**
 * tg_sev_key - a key of a workload, as SNP_GET_DERIVED_KEY asks for one
 * @call: of the workload, for TEEGATE_OP_DERIVE_KEY
 * @asked: of the caller, in kernel memory
 * @key: out, for the caller to wipe
 * @ret_status: what firmware said
 */
int tg_sev_key(struct tg_call *call, const struct snp_derived_key_req *asked,
	       u8 key[TG_SEV_KEY_SIZE], u64 *ret_status)
{
	struct tg_key_job *job;
	int err = tg_lease_check(call->lease, call->needs);

	if (err)
		return err;
	job = tg_key_job_new(call, 0);
	if (!job)
		return -ENOMEM;
	err = derive(job, asked);
	*ret_status = job->fw_status;
	if (!err)
		memcpy(key, job->key, TG_SEV_KEY_SIZE);
	tg_key_job_free(job);
	return err;
}
