// SPDX-License-Identifier: GPL-2.0-only
/*
 * The secrets that firmware keeps for this guest: added, listed and locked by the administrator,
 * through the same worker as everything else. What a secret is, nobody learns here.
 *
 * DOC: why the administrator alone
 *
 * Whoever adds a secret takes a place that another one needed, and whoever locks the store takes it
 * from everybody until the guest restarts. The stock driver lets anybody who can open its device do
 * so; here it takes a session, and never goes into a lease.
 */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/uaccess.h>

#include "block.h"
#include "ioctl.h"
#include "lease.h"
#include "queue.h"

/* Before anything is copied. What waits is in the lane of the administrator, like a workload's. */
static struct tg_request *request_new(u64 op, enum tg_ask_kind kind)
{
	struct tg_backend *be = &tg_queue.be;
	struct tg_request *req;
	int err = tg_backend_can(be, op);

	if (err)
		return ERR_PTR(err);
	req = tg_request_new(be, tg_admin_lease, kind, false);
	return req ?: ERR_PTR(-ENOMEM);
}

static int ask(struct tg_request *req, u32 timeout_ms, u64 *ret_status)
{
	int err = tg_queue_ask(&tg_queue, req, timeout_ms ?: TG_TIMEOUT_DEFAULT_MS);

	*ret_status = tg_request_status(req, err);
	return err;
}

static int take_request(const struct teegate_add_secret *a, struct tg_request *req)
{
	struct tg_block *block;
	int err;

	err = tg_block_from_user(req->lease, a->request, a->request_len, &block);
	if (err)
		return err;
	req->x.block = block;
	return tg_queue.be.ops->check_block(req->x.kind, block->bytes, block->len);
}

int tg_op_add_secret(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_add_secret *a = &arg->add_secret;
	struct tg_request *req;
	int err;

	a->fw_status = 0;
	if (!a->request_len || a->request_len > TEEGATE_CHALLENGE_MAX ||
	    a->timeout_ms > TEEGATE_TIMEOUT_MAX_MS)
		return -EINVAL;
	req = request_new(TEEGATE_OP_ADD_SECRET, TG_ASK_ADD_SECRET);
	if (IS_ERR(req))
		return PTR_ERR(req);
	err = take_request(a, req) ?: ask(req, a->timeout_ms, &a->fw_status);
	tg_request_put(req);
	return err;
}

static int copy_list(struct teegate_list_secrets *a, const struct tg_answer *ans)
{
	const u32 room = a->count;

	a->count = ans->report_len / sizeof(struct teegate_secret);
	if (a->count > room)
		return -ENOSPC;
	return copy_to_user(u64_to_user_ptr(a->secrets), ans->report, ans->report_len) ?
	       -EFAULT : 0;
}

int tg_op_list_secrets(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_list_secrets *a = &arg->list_secrets;
	struct tg_request *req;
	int err;

	a->fw_status = 0;
	if (a->timeout_ms > TEEGATE_TIMEOUT_MAX_MS)
		return -EINVAL;
	req = request_new(TEEGATE_OP_LIST_SECRETS, TG_ASK_LIST_SECRETS);
	if (IS_ERR(req))
		return PTR_ERR(req);
	err = ask(req, a->timeout_ms, &a->fw_status);
	if (!err)
		err = tg_answer_charge(&req->x.answer) ?: copy_list(a, &req->x.answer);
	tg_request_put(req);
	return err;
}

int tg_op_lock_secrets(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_lock_secrets *a = &arg->lock_secrets;
	struct tg_request *req;
	int err;

	a->fw_status = 0;
	if (a->flags != TEEGATE_LOCK_IRREVERSIBLE || a->reserved ||
	    a->timeout_ms > TEEGATE_TIMEOUT_MAX_MS)
		return -EINVAL;
	req = request_new(TEEGATE_OP_LOCK_SECRETS, TG_ASK_LOCK_SECRETS);
	if (IS_ERR(req))
		return PTR_ERR(req);
	err = ask(req, a->timeout_ms, &a->fw_status);
	tg_request_put(req);
	return err;
}
