// SPDX-License-Identifier: GPL-2.0-only
/*
 * The secrets that firmware keeps for this guest: added, listed and locked by the administrator,
 * through the same worker as everything else. What a secret is, nobody learns here.
 */
#include <linux/errno.h>

#include "ioctl.h"
#include "queue.h"

int tg_op_add_secret(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_add_secret *a = &arg->add_secret;

	a->fw_status = 0;
	if (!a->request_len || a->request_len > TEEGATE_CHALLENGE_MAX ||
	    a->timeout_ms > TEEGATE_TIMEOUT_MAX_MS)
		return -EINVAL;
	return tg_backend_can(&tg_queue.be, TEEGATE_OP_ADD_SECRET) ?: -EOPNOTSUPP;
}

int tg_op_list_secrets(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_list_secrets *a = &arg->list_secrets;

	a->fw_status = 0;
	if (a->timeout_ms > TEEGATE_TIMEOUT_MAX_MS)
		return -EINVAL;
	return tg_backend_can(&tg_queue.be, TEEGATE_OP_LIST_SECRETS) ?: -EOPNOTSUPP;
}

int tg_op_lock_secrets(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_lock_secrets *a = &arg->lock_secrets;

	a->fw_status = 0;
	if (a->flags != TEEGATE_LOCK_IRREVERSIBLE || a->reserved ||
	    a->timeout_ms > TEEGATE_TIMEOUT_MAX_MS)
		return -EINVAL;
	return tg_backend_can(&tg_queue.be, TEEGATE_OP_LOCK_SECRETS) ?: -EOPNOTSUPP;
}
