// SPDX-License-Identifier: GPL-2.0-only
/*
 * SEV-SNP: the parameters of a root that firmware derives, and what today's are. New keys depend on
 * COMMITTED_TCB and never on the current one: what is committed cannot be rolled back, so a key
 * that was made today is there tomorrow.
 *
 * DOC: what today is
 *
 * A report of this guest says which TCB is committed and which SVN the guest has. It comes over the
 * same encrypted channel as the key and goes nowhere else. The host may commit an update at any
 * time, so it is asked for anew now and then; and at once, though not every time, when somebody has
 * parameters that would lie in the future. One such request in a second costs its workload a turn
 * and no token of its rate, because all others benefit; any other is paid for, and so is a guess at
 * the future, be it right or wrong: nobody shall be able to wear out the channel without a limit.
 *
 * When the guest finds itself on another chip, what the old one gave is forgotten: what would be
 * sealed under that could not be opened again after a restart.
 */
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "../lease.h"
#include "../queue.h"
#include "keys.h"
#include "snp.h"

/* In a report (AMD 56860). */
#define REPORT_SVN		0x004
#define REPORT_CHIP_ID		0x1a0
#define REPORT_COMMITTED_TCB	0x1e0
#define CHIP_ID_SIZE		64

#define GOOD_FOR_NS		(30 * (u64)NSEC_PER_SEC)
#define ASK_AGAIN_NS		((u64)NSEC_PER_SEC)

struct today {
	u64 as_of;		/* ktime_get_ns(); 0: not known */
	u64 tcb;
	u32 svn;
	u8 chip_id[CHIP_ID_SIZE];
};

static DEFINE_SPINLOCK(lock);
static struct today known;
static u64 free_from;		/* ktime_get_ns(): when the next request costs no token */

static bool recall(struct today *ret_today, u64 good_for)
{
	bool good;

	spin_lock(&lock);
	good = known.as_of && ktime_get_ns() - known.as_of < good_for;
	if (good)
		*ret_today = known;
	spin_unlock(&lock);
	return good;
}

void tg_snp_forget_today(void)
{
	spin_lock(&lock);
	known.as_of = 0;
	spin_unlock(&lock);
}

static bool is_free(void)
{
	const u64 now = ktime_get_ns();
	bool free;

	spin_lock(&lock);
	free = now >= free_from;
	if (free)
		free_from = now + ASK_AGAIN_NS;
	spin_unlock(&lock);
	return free;
}

/* The roots of another chip are gone before anybody can take them for those of this one. */
static void learn(const u8 *report, struct today *ret_today)
{
	struct today new = {
		.as_of = ktime_get_ns(),
		.tcb = get_unaligned_le64(report + REPORT_COMMITTED_TCB),
		.svn = get_unaligned_le32(report + REPORT_SVN),
	};
	bool moved;

	memcpy(new.chip_id, report + REPORT_CHIP_ID, sizeof(new.chip_id));
	spin_lock(&lock);
	moved = memcmp(known.chip_id, new.chip_id, sizeof(new.chip_id));
	spin_unlock(&lock);
	if (moved)
		tg_cache_wipe();
	spin_lock(&lock);
	known = new;
	spin_unlock(&lock);
	*ret_today = new;
}

static int ask(struct tg_key_job *job, struct today *ret_today)
{
	struct tg_request *req = tg_request_new(&tg_queue.be, job->lease, TG_ASK_REPORT, false);
	int err;

	if (!req)
		return -ENOMEM;
	req->op = job->op;
	req->uncharged = is_free();
	req->subject.kind = TG_SUBJECT_RAW;
	err = tg_key_job_ask(job, req);
	if (!err)
		learn(req->x.answer.report, ret_today);
	tg_request_put(req);
	return err;
}

static int get_today(struct tg_key_job *job, u64 good_for, struct today *ret_today)
{
	return recall(ret_today, good_for) ? 0 : ask(job, ret_today);
}

/* Each component of a TCB version is one byte, and counts for itself. */
bool tg_snp_tcb_at_least(u64 tcb, u64 least)
{
	for (; least; tcb >>= 8, least >>= 8)
		if ((u8)tcb < (u8)least)
			return false;
	return true;
}

/* What was not selected must not pretend to have been. */
static bool versions_fit(const struct tg_sealing *sealing, const struct tg_root_params *p)
{
	const u64 fields = be64_to_cpu(p->snp.field_select);
	const u64 tcb = be64_to_cpu(p->snp.tcb_version);
	const u32 svn = be32_to_cpu(p->snp.guest_svn);

	if (fields & TG_SNP_FIELD_TCB ? !tg_snp_tcb_at_least(tcb, sealing->snp_tcb_floor) : tcb)
		return false;
	return fields & TG_SNP_FIELD_SVN ? svn >= sealing->snp_svn_floor : !svn;
}

/* May a workload have a root with these parameters, as far as is known without firmware? */
bool tg_snp_params_fit(const struct tg_sealing *sealing, const struct tg_root_params *p)
{
	const u64 fields = be64_to_cpu(p->snp.field_select);

	if (be32_to_cpu(p->snp.root_key_select) != TG_SNP_ROOT_VCEK || p->snp.mit_vector)
		return false;
	if (be32_to_cpu(p->snp.msg_version) != TG_SNP_KEY_MSG_VERSION ||
	    memchr_inv(p->snp.zero, 0, sizeof(p->snp.zero)))
		return false;
	if (be32_to_cpu(p->snp.vmpl) != tg_queue.be.vmpl)
		return false;
	if (fields & ~TG_SNP_FIELDS_ALL || ~fields & (sealing->snp_fields | TG_SNP_FIELDS_LEAST))
		return false;
	return versions_fit(sealing, p);
}

static bool is_past(const struct tg_root_params *p, const struct today *today)
{
	return tg_snp_tcb_at_least(today->tcb, be64_to_cpu(p->snp.tcb_version)) &&
	       be32_to_cpu(p->snp.guest_svn) <= today->svn;
}

/* Of parameters that fit: do they not lie in the future? 0, -EKEYREJECTED, or why nobody knows. */
int tg_snp_params_check_today(struct tg_key_job *job)
{
	struct today today;
	int err = get_today(job, GOOD_FOR_NS, &today);

	if (err || is_past(&job->params, &today))
		return err;
	err = tg_queue_charge(&tg_queue, job->lease, job->op) ?:
	      get_today(job, ASK_AGAIN_NS, &today);
	return err ?: is_past(&job->params, &today) ? 0 : -EKEYREJECTED;
}

/* Those of today, into the job; a guest or platform below the floors has none. */
int tg_snp_params_today(struct tg_key_job *job)
{
	const struct tg_sealing *sealing = job->lease->terms.sealing;
	struct tg_root_params *p = &job->params;
	struct today today;
	int err = get_today(job, GOOD_FOR_NS, &today);

	if (err)
		return err;
	tg_params_init(p, TEEGATE_ROOT_FIRMWARE);
	p->snp.root_key_select = cpu_to_be32(TG_SNP_ROOT_VCEK);
	p->snp.field_select = cpu_to_be64(sealing->snp_fields);
	p->snp.vmpl = cpu_to_be32(tg_queue.be.vmpl);
	p->snp.msg_version = cpu_to_be32(TG_SNP_KEY_MSG_VERSION);
	if (sealing->snp_fields & TG_SNP_FIELD_SVN)
		p->snp.guest_svn = cpu_to_be32(today.svn);
	if (sealing->snp_fields & TG_SNP_FIELD_TCB)
		p->snp.tcb_version = cpu_to_be64(today.tcb);
	return tg_snp_params_fit(sealing, p) ? 0 : -EKEYREJECTED;
}
