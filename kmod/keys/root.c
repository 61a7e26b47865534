// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which root a key comes from: one that was installed, or what the TEE has.
 *
 * DOC: what it costs
 *
 * A root that is there costs no firmware, but an answer that costs nothing invites to guess. So
 * each call takes one token of the workload's rate, be it for a request to firmware or not.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "../lease.h"
#include "../queue.h"
#include "keys.h"

static int charge(const struct tg_key_job *job)
{
	return tg_queue_charge(&tg_queue, job->lease, job->op);
}

/* What this TEE may have; TEEGATE_ROOT_NONE: nothing. */
u8 tg_tee_source(void)
{
	switch (tg_queue.be.ops->provider) {
	case TEEGATE_PROVIDER_SEV_SNP:
		return TEEGATE_ROOT_FIRMWARE;
	case TEEGATE_PROVIDER_SE:
		return TEEGATE_ROOT_RETRIEVABLE;
	default:
		return TEEGATE_ROOT_NONE;
	}
}

static int params_today(struct tg_key_job *job)
{
	const u8 source = tg_tee_source();

	if (source == TEEGATE_ROOT_FIRMWARE)
		return tg_snp_params_today(job);
	tg_params_init(&job->params, source);
	memcpy(job->params.se.secret_id, job->lease->terms.sealing->se_secret_id,
	       sizeof(job->params.se.secret_id));
	return 0;
}

/* The active root with the parameters of today, both put into the job. */
int tg_root_active(struct tg_key_job *job)
{
	const struct tg_sealing *sealing = job->lease->terms.sealing;
	u8 source = tg_tee_source();

	if (tg_installed_active(sealing->sources, &job->root, &source)) {
		tg_params_init(&job->params, source);
		return charge(job);
	}
	if (!(sealing->sources & BIT(source)))
		return -ENODATA;
	return params_today(job) ?: tg_tee_root(job);
}

static int installed_root(struct tg_key_job *job, const u8 *id)
{
	const u8 source = job->params.source;
	u8 unused;

	if (id)
		return tg_installed_find(source, id, &job->root);
	return tg_installed_active(BIT(source), &job->root, &unused) ? 0 : -ENODATA;
}

static int tee_root(struct tg_key_job *job, const u8 *id)
{
	int err = 0;

	if (job->params.source == TEEGATE_ROOT_FIRMWARE)
		err = tg_snp_params_check_today(job);
	err = err ?: tg_tee_root(job);
	if (err || !id)
		return err;
	return memcmp(id, job->root.id, sizeof(job->root.id)) ? -ENXIO : 0;
}

/**
 * tg_root_of_params - the root with certain parameters
 * @job: its params passed tg_params_check(); the root is put into it
 * @id: its name, so that one to unseal with is good, too; NULL for the active one of that source
 *
 * Return: 0, -ENODATA when there is none of that source, -ENXIO when it has another name,
 * -EKEYREJECTED for parameters of the future, or what stands in the way.
 */
int tg_root_of_params(struct tg_key_job *job, const u8 *id)
{
	if (tg_source_is_installed(job->params.source))
		return charge(job) ?: installed_root(job, id);
	return tee_root(job, id);
}
