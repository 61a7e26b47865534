// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store of secrets. Each is added by a request that only the Ultravisor can open, and is then
 * known by its place and its id.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../block.h"
#include "uv.h"

static int add_begin(struct tg_uv_op *op, struct tg_exchange *x)
{
	struct tg_uvcb_secret *cb = &op->cb.secret;

	cb->header.len = sizeof(*cb);
	cb->header.cmd = TG_UVC_ADD_SECRET;
	cb->addr = (u64)x->block->bytes;
	return 0;
}

static int lock_begin(struct tg_uv_op *op, struct tg_exchange *x)
{
	struct tg_uvcb_lock *cb = &op->cb.lock;

	cb->header.len = sizeof(*cb);
	cb->header.cmd = TG_UVC_LOCK_SECRETS;
	return 0;
}

static int nothing_to_take(struct tg_uv_op *op, struct tg_exchange *x)
{
	return 0;
}

static void list_from(struct tg_uv_op *op, u16 index)
{
	struct tg_uvcb_secret *cb = &op->cb.secret;

	memset(op->list, 0, sizeof(*op->list));
	memset(&op->cb, 0, sizeof(op->cb));
	cb->header.len = sizeof(*cb);
	cb->header.cmd = TG_UVC_LIST_SECRETS;
	cb->start_index = index;
	cb->addr = (u64)op->list;
}

/* Sets up the call for the first page. */
int tg_uv_list_begin(struct tg_uv_op *op)
{
	/* A page of its own: the Ultravisor wants 4 KiB that do not cross a boundary. */
	op->list = (struct tg_uv_list *)get_zeroed_page(GFP_KERNEL);
	if (!op->list)
		return -ENOMEM;
	list_from(op, 0);
	return 0;
}

/**
 * tg_uv_list_next - judges a page, and sets up the call for the one after it
 * @op: after a call that was done
 * @ret_stored: how many items of @op->list are to be looked at, before the next call
 *
 * Return: 0 when this is the last page, TG_UV_AGAIN when not, -EPROTO when it says nonsense or the
 * list does not come to an end. @op->list is the caller's until then: with TG_UV_AGAIN the next
 * call is set up, but the items are as they were.
 */
int tg_uv_list_next(struct tg_uv_op *op, u16 *ret_stored)
{
	const u16 stored = op->list->stored, next = op->list->next_index;
	struct tg_uvcb_secret *cb = &op->cb.secret;

	op->listed += stored;
	if (stored > ARRAY_SIZE(op->list->items) || op->listed > op->list->total)
		return -EPROTO;
	*ret_stored = stored;
	if (cb->header.rc != TG_UVC_RC_MORE_DATA)
		return 0;
	if (next <= cb->start_index || !stored)
		return -EPROTO;
	cb->header.rc = 0;
	cb->header.rrc = 0;
	cb->start_index = next;
	return TG_UV_AGAIN;
}

static int list_begin(struct tg_uv_op *op, struct tg_exchange *x)
{
	return tg_uv_list_begin(op);
}

static int grow_found(struct tg_uv_op *op, u16 more)
{
	const u32 size = (op->found_count + more) * sizeof(*op->found);
	struct teegate_secret *found;

	if (!more)
		return 0;
	found = kvzalloc(size, GFP_KERNEL);
	if (!found)
		return -ENOMEM;
	memcpy(found, op->found, op->found_count * sizeof(*found));
	kvfree_sensitive(op->found, op->found_size);
	op->found = found;
	op->found_size = size;
	return 0;
}

static int take_items(struct tg_uv_op *op, u16 stored)
{
	const struct tg_uv_list_item *item = op->list->items;
	struct teegate_secret *to;
	int err = grow_found(op, stored);

	if (err)
		return err;
	for (to = op->found + op->found_count; stored; stored--, item++, to++) {
		to->index = item->index;
		to->type = item->type;
		to->length = item->length;
		memcpy(to->id, item->id, sizeof(to->id));
		op->found_count++;
	}
	memset(op->list, 0, sizeof(*op->list));
	return 0;
}

static int list_end(struct tg_uv_op *op, struct tg_exchange *x)
{
	u16 stored;
	int more = tg_uv_list_next(op, &stored);
	int err;

	if (more && more != TG_UV_AGAIN)
		return more;
	err = take_items(op, stored);
	if (err || more)
		return err ?: more;
	return tg_answer_put_report(&x->answer, op->found, op->found_count * sizeof(*op->found));
}

const struct tg_uv_kind tg_uv_add_secret = {
	.op = TEEGATE_OP_ADD_SECRET,
	.begin = add_begin,
	.end = nothing_to_take,
};

const struct tg_uv_kind tg_uv_list_secrets = {
	.op = TEEGATE_OP_LIST_SECRETS,
	.begin = list_begin,
	.end = list_end,
};

const struct tg_uv_kind tg_uv_lock_secrets = {
	.op = TEEGATE_OP_LOCK_SECRETS,
	.begin = lock_begin,
	.end = nothing_to_take,
};
