// SPDX-License-Identifier: GPL-2.0-only
/*
 * The root of keys, from a secret that the owner of the guest has put into the store: one of 32
 * bytes, in plain text, known by its id. Two steps, the place of the id and then the bytes at that
 * place; a store only grows, so the place stays the right one in between.
 *
 * Whether the Ultravisor has the call is asked by making it. The kernel's own flag for it cannot
 * be relied on: the stock driver of Linux 7.3 derives it from the bit of another call, and Linux
 * before 6.13 has none.
 */
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../block.h"
#include "uv.h"

#define SECRET_PLAIN	3

/* How a plain secret is kept: its length, itself, and zeroes up to a multiple of 16. */
struct plain_secret {
	__be16 len;
	u8 bytes[TG_UV_ROOT_SIZE];
	u8 padding[14];
} __packed;

static_assert(sizeof(struct plain_secret) == 48);
static_assert(sizeof(struct plain_secret) <= sizeof_field(struct tg_uv_op, value));

static int root_begin(struct tg_uv_op *op, struct tg_exchange *x)
{
	return tg_uv_list_begin(op);
}

static const struct tg_uv_list_item *find(const struct tg_uv_list *list, u16 stored, const u8 *id)
{
	const struct tg_uv_list_item *item = list->items;

	for (; stored; stored--, item++)
		if (!memcmp(item->id, id, sizeof(item->id)))
			return item;
	return NULL;
}

static int retrieve_begin(struct tg_uv_op *op, const struct tg_uv_list_item *item)
{
	struct tg_uvcb_retrieve *cb = &op->cb.retrieve;

	if (item->type != SECRET_PLAIN || item->length != sizeof(struct plain_secret))
		return -ENOENT;
	memset(&op->cb, 0, sizeof(op->cb));
	cb->header.len = sizeof(*cb);
	cb->header.cmd = TG_UVC_RETR_SECRET;
	cb->index = item->index;
	cb->size = sizeof(struct plain_secret);
	cb->addr = (u64)op->value;
	return TG_UV_AGAIN;
}

static int list_end(struct tg_uv_op *op, const u8 *id)
{
	const struct tg_uv_list_item *item;
	u16 stored;
	int more = tg_uv_list_next(op, &stored);

	if (more && more != TG_UV_AGAIN)
		return more;
	item = find(op->list, stored, id);
	if (item)
		return retrieve_begin(op, item);
	return more ?: -ENOENT;
}

/* Nobody draws a key of zeroes: that is memory that was not written. */
static int retrieve_end(struct tg_uv_op *op, struct tg_answer *ans)
{
	const struct plain_secret *secret = (const struct plain_secret *)op->value;

	if (be16_to_cpu(secret->len) != sizeof(secret->bytes) ||
	    memchr_inv(secret->padding, 0, sizeof(secret->padding)) ||
	    !memchr_inv(secret->bytes, 0, sizeof(secret->bytes)))
		return -EPROTO;
	return tg_answer_put_report(ans, secret->bytes, sizeof(secret->bytes));
}

static int root_end(struct tg_uv_op *op, struct tg_exchange *x)
{
	if (op->cb.header.cmd == TG_UVC_LIST_SECRETS)
		return list_end(op, x->block->bytes);
	return retrieve_end(op, &x->answer);
}

const struct tg_uv_kind tg_uv_root = {
	.op = TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL,
	.begin = root_begin,
	.end = root_end,
};
