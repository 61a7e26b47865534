// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attestation: the challenge of a relying party and the user data in, a measurement and what else
 * the challenge demands out. The challenge is an attestation request control block (ARCB), made for
 * the Ultravisor of this machine and opened by nobody else; here only its plain head is looked at,
 * as far as memory depends on it.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../block.h"
#include "uv.h"

/*
 * The head of a request to the Ultravisor (s390-tools, rust/pv_core and libpv): an ARCB, or one to
 * add a secret. Its magic is the business of whoever makes and reads it.
 */
#define BLOCK_LEN_AT	12	/* u32, of all of it */
#define BLOCK_MIN	64	/* the shortest plain head */
#define ARCB_FLAGS_AT	48	/* u64, bits counted from the left */

/* Additional data that a challenge demands, in the order of the flags. */
static const struct {
	u64 flag;
	u32 size;
} demands[] = {
	{ BIT_ULL(63 - 1), 0 },		/* the challenge has a nonce */
	{ BIT_ULL(63 - 2), 32 },	/* hash of the host key that opened the image */
	{ BIT_ULL(63 - 3), 32 },	/* hash of the host key that opened the challenge */
	{ BIT_ULL(63 - 4), 64 },	/* hash of the store of secrets */
	{ BIT_ULL(63 - 5), 0x140 },	/* state of the firmware */
};

/*
 * The Ultravisor is told where a block is and not how long, and believes what is written in it. So
 * a block that says more than it has would make it read memory of somebody else; and one that says
 * less carries bytes that nobody has looked at.
 */
int tg_uv_check_block(enum tg_ask_kind kind, const u8 *bytes, u32 len)
{
	if (kind == TG_ASK_ROOT)
		return len == TG_UV_SECRET_ID_SIZE ? 0 : -EINVAL;
	if (len < BLOCK_MIN)
		return -EINVAL;
	return get_unaligned_be32(bytes + BLOCK_LEN_AT) == len ? 0 : -EINVAL;
}

/*
 * How much there will be. The measurement covers the size of the buffer that is offered, so it has
 * to be exactly what the maker of the challenge expects, and there is nothing to ask for less. Of
 * a flag that is not known yet, only the Ultravisor knows the size; it gets all the room there is,
 * and says how much of it is used.
 */
static u32 additional_size(const u8 *arcb, bool *ret_known)
{
	u64 flags = get_unaligned_be64(arcb + ARCB_FLAGS_AT);
	u32 size = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(demands); i++)
		if (flags & demands[i].flag) {
			size += demands[i].size;
			flags &= ~demands[i].flag;
		}
	*ret_known = !flags;
	return flags ? TG_UV_ADDITIONAL_MAX : size;
}

static int make_room(struct tg_uv_op *op, const u8 *arcb)
{
	op->additional_size = additional_size(arcb, &op->additional_known);
	if (!op->additional_size)
		return 0;
	op->additional = kvzalloc(op->additional_size, GFP_KERNEL);
	return op->additional ? 0 : -ENOMEM;
}

static int attest_begin(struct tg_uv_op *op, struct tg_exchange *x)
{
	struct uv_cb_attest *cb = &op->cb.attest;
	int err = make_room(op, x->block->bytes);

	if (err)
		return err;
	cb->header.len = sizeof(*cb);
	cb->header.cmd = UVC_CMD_RETR_ATTEST;
	cb->arcb_addr = (u64)x->block->bytes;
	cb->user_data_len = x->report_data.len;
	memcpy(cb->user_data, x->report_data.bytes, sizeof(cb->user_data));
	cb->meas_len = sizeof(op->measurement);
	cb->meas_addr = (u64)op->measurement;
	cb->add_data_len = op->additional_size;
	cb->add_data_addr = (u64)op->additional;
	return 0;
}

/* Half of an answer is none: whoever made the challenge could not check it. */
static bool lengths_fit(const struct tg_uv_op *op, u32 measurement, u32 additional)
{
	if (measurement != sizeof(op->measurement) || additional > op->additional_size)
		return false;
	return !op->additional_known || additional == op->additional_size;
}

static int attest_end(struct tg_uv_op *op, struct tg_exchange *x)
{
	const struct uv_cb_attest *cb = &op->cb.attest;
	const u32 measurement = cb->meas_len, additional = cb->add_data_len;
	struct tg_answer *ans = &x->answer;
	int err;

	/* No HMAC is all zeroes: that is memory that was not written. */
	if (!lengths_fit(op, measurement, additional) ||
	    !memchr_inv(op->measurement, 0, sizeof(op->measurement)))
		return -EPROTO;
	memcpy(ans->config_uid, cb->config_uid, sizeof(ans->config_uid));
	err = tg_answer_put_report(ans, op->measurement, measurement);
	if (!err && ans->wants_aux)
		err = tg_answer_put_aux(ans, op->additional, additional);
	return err;
}

const struct tg_uv_kind tg_uv_attest = {
	.op = TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT,
	.begin = attest_begin,
	.end = attest_end,
};

static_assert(sizeof_field(struct uv_cb_attest, user_data) ==
	      sizeof_field(struct tg_report_data, bytes));
static_assert(sizeof_field(struct uv_cb_attest, config_uid) == TEEGATE_CONFIG_UID_SIZE);
