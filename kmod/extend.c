// SPDX-License-Identifier: GPL-2.0-only
/*
 * EXTEND: an event of a workload, on its way to a runtime measurement register. Runs in the caller
 * and checks what can be checked; register and log are the backend's.
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "binding.h"
#include "ioctl.h"
#include "lease.h"
#include "queue.h"

u64 tg_extend_needs(const union tg_arg *arg)
{
	return TEEGATE_OP_EXTEND;
}

/* The registers below belong to firmware and kernel, and there are none above. */
#define INDEX_FIRST	2
#define INDEX_LAST	3

static int check_args(const struct teegate_extend *a)
{
	if (a->index < INDEX_FIRST || a->index > INDEX_LAST || a->reserved)
		return -EINVAL;
	if (!a->event_len || a->event_len > TEEGATE_EVENT_MAX)
		return -EINVAL;
	return a->timeout_ms > TEEGATE_TIMEOUT_MAX_MS ? -EINVAL : 0;
}

#define EVENT_TAG	"teegate/event/v1"	/* no NUL */

/* What the log will hold, and the digest of it: the tag, whose event it is, and the event. */
struct event_head {
	u8 tag[sizeof(EVENT_TAG) - 1];
	u8 claims_hash[TEEGATE_HASH_SIZE];
	__be32 len;
} __packed;

static_assert(sizeof(struct event_head) == 68);

static int fill_event(const struct teegate_extend *a, const struct tg_claims *claims,
		      struct tg_event *event)
{
	struct event_head *head = (struct event_head *)event->bytes;

	event->index = a->index;
	event->cost = a->event_len;
	event->len = sizeof(*head) + a->event_len;
	memcpy(head->tag, EVENT_TAG, sizeof(head->tag));
	memcpy(head->claims_hash, claims->hash, sizeof(head->claims_hash));
	head->len = cpu_to_be32(a->event_len);
	if (copy_from_user(head + 1, u64_to_user_ptr(a->event), a->event_len))
		return -EFAULT;
	return tg_hash(event->bytes, event->len, event->digest);
}

static int make_event(const struct teegate_extend *a, const struct tg_claims *claims,
		      struct tg_request *req)
{
	size_t len = sizeof(struct event_head) + a->event_len;
	struct tg_event *event = kzalloc(struct_size(event, bytes, len), GFP_KERNEL_ACCOUNT);

	if (!event)
		return -ENOMEM;
	req->x.event = event;
	return fill_event(a, claims, event);
}

static int ask(struct tg_call *call, struct teegate_extend *a, struct tg_request *req)
{
	int err = make_event(a, call->lease->terms.claims, req);

	if (err)
		return err;
	err = tg_queue_ask(&tg_queue, req, a->timeout_ms ?: TG_TIMEOUT_DEFAULT_MS);
	call->queued = tg_request_was_queued(req);
	a->fw_status = tg_request_status(req, err);
	if (err)
		return err;
	memcpy(a->digest, req->x.event->digest, sizeof(a->digest));
	return 0;
}

/* What is in the register is in it, so there is nothing left to refuse after it was asked for. */
int tg_op_extend(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_extend *a = &arg->extend;
	struct tg_request *req;
	int err;

	a->fw_status = 0;
	memset(a->digest, 0, sizeof(a->digest));
	err = check_args(a) ?: tg_backend_can(&tg_queue.be, call->needs);
	if (err)
		return err;
	req = tg_request_new(&tg_queue.be, call->lease, TG_ASK_EXTEND, false);
	if (!req)
		return -ENOMEM;
	err = ask(call, a, req);
	tg_request_put(req);
	return err;
}
