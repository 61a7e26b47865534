// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which root a key comes from, and how it is had: from those that were installed, or from the TEE.
 *
 * DOC: what it costs
 *
 * A root that is there costs no firmware, but an answer that costs nothing invites to guess. So each
 * call takes one token of the workload's rate, be it for a request to firmware or not.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "../lease.h"
#include "../queue.h"
#include "keys.h"

static int charge(const struct tg_key_job *job)
{
	return tg_queue_charge(&tg_queue, job->lease, job->op);
}

/* The active root with the parameters of today, both put into the job. */
int tg_root_active(struct tg_key_job *job)
{
	const struct tg_sealing *sealing = job->lease->terms.sealing;
	u8 source;

	if (tg_installed_active(sealing->sources, &job->root, &source)) {
		tg_params_init(&job->params, source);
		return charge(job);
	}
	return -ENODATA;
}

static int installed_root(struct tg_key_job *job, const u8 *id)
{
	const u8 source = job->params.source;
	u8 unused;

	if (id)
		return tg_installed_find(source, id, &job->root);
	return tg_installed_active(BIT(source), &job->root, &unused) ? 0 : -ENODATA;
}

/**
 * tg_root_of_params - the root with certain parameters
 * @job: its params passed tg_params_check(); the root is put into it
 * @id: its name, so that one to unseal with is good, too; NULL for the active one of that source
 *
 * Return: 0, -ENODATA when there is none of that source, -ENXIO when it has another name, or what
 * stands in the way.
 */
int tg_root_of_params(struct tg_key_job *job, const u8 *id)
{
	return installed_root(job, id) ?: charge(job);
}
