// SPDX-License-Identifier: GPL-2.0-only
/*
 * Roots that the TEE has: from those that it gave before, or asked for in the queue like anything
 * else. The worker alone talks to firmware; what it brings is copied and wiped with the request.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "../block.h"
#include "../lease.h"
#include "../queue.h"
#include "keys.h"

/* What firmware is given: for a secret of the store its id, else the parameters. */
static int fill(const struct tg_key_job *job, struct tg_request *req)
{
	struct tg_block *block;
	int err;

	req->op = job->op;
	memcpy(req->x.root_params, &job->params, sizeof(req->x.root_params));
	if (job->params.source != TEEGATE_ROOT_RETRIEVABLE)
		return 0;
	err = tg_block_from_kernel(job->lease, job->params.se.secret_id,
				   sizeof(job->params.se.secret_id), &block);
	if (!err)
		req->x.block = block;
	return err;
}

static int take(struct tg_key_job *job, const struct tg_answer *ans)
{
	if (ans->report_len != sizeof(job->root.bytes))
		return -EPROTO;
	memcpy(job->root.bytes, ans->report, sizeof(job->root.bytes));
	return tg_root_name(&job->root);
}

static int ask(struct tg_key_job *job)
{
	const u64 began = tg_cache_begin();
	struct tg_request *req = tg_request_new(&tg_queue.be, job->lease, TG_ASK_ROOT, false);
	int err;

	if (!req)
		return -ENOMEM;
	err = fill(job, req) ?: tg_key_job_ask(job, req) ?: take(job, &req->x.answer);
	if (!err)
		tg_cache_put(began, &job->params, &job->root);
	tg_request_put(req);
	/* A TCB that was rolled back gives zeroes; no such secret is no such root. */
	if (err == -EPROTO)
		tg_snp_forget_today();
	return err == -ENOENT ? -ENODATA : err;
}

/* That with the parameters of the job, into the job. Firmware takes its token when it is asked. */
int tg_tee_root(struct tg_key_job *job)
{
	if (tg_cache_get(&job->params, &job->root))
		return tg_queue_charge(&tg_queue, job->lease, job->op);
	return tg_backend_can(&tg_queue.be, job->op) ?: ask(job);
}
