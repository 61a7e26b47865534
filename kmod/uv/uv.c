// SPDX-License-Identifier: GPL-2.0-only
/*
 * IBM Secure Execution: the backend for guests that an Ultravisor protects. The instruction is
 * issued here, beside the stock driver and never through it; the Ultravisor has no channel that two
 * could get out of step.
 *
 * DOC: an answer "busy"
 *
 * The Ultravisor may have other things to do. The kernel's own uv_call() repeats a call for as long
 * as that takes, without asking anybody. Here it is one attempt.
 *
 * One that was not begun (condition code 2) goes back to the queue, and the others have their turn.
 * Of one that was begun and ended early (3), and of what takes several calls, the control block
 * has to stay; the worker goes on with it after a pause that doubles, beside other requests, until
 * the deadline of its caller and for a while at least, even if the caller has gone. Of reports no
 * more than a few are begun at once, so that turns still mean something.
 *
 * DOC: what this machine can do
 *
 * The Ultravisor lists its calls when the kernel boots. What is not in that list is not offered;
 * what is, and is then answered "invalid command", is not offered any longer. The list that the
 * stock driver shows is not used: its bit for Retrieve Secret is another call's on some kernels.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/facility.h>

#include "uv.h"

#define BEGUN_MAX	4
#define BACK_OFF_MIN_NS	(50 * NSEC_PER_USEC)
#define BACK_OFF_MAX_NS	(20 * NSEC_PER_MSEC)

/* How long a call that is partly done is carried on with at least, whatever its caller wants. */
#define PATIENCE_NS	(2 * (u64)NSEC_PER_SEC)

static const char no_attestation[] =
	"the Ultravisor of this machine does not offer attestation: reports take IBM z16 or newer";
static const char call_withdrawn[] =
	"the Ultravisor announced a call and does not know it: see which operations are left";

static const struct tg_uv_kind *const kinds[] = {
	[TG_ASK_REPORT] = &tg_uv_attest,
	[TG_ASK_ADD_SECRET] = &tg_uv_add_secret,
	[TG_ASK_LIST_SECRETS] = &tg_uv_list_secrets,
	[TG_ASK_LOCK_SECRETS] = &tg_uv_lock_secrets,
	[TG_ASK_ROOT] = &tg_uv_root,
};

/* A page for the control block and what is small: the block must not cross into another one. */
static struct tg_uv_op *op_new(void)
{
	struct tg_uv_op *op = (struct tg_uv_op *)get_zeroed_page(GFP_KERNEL);

	if (op)
		op->back_off_ns = BACK_OFF_MIN_NS;
	return op;
}

static unsigned int begun;	/* the worker's: exchanges that hold an op */

static void op_free(struct tg_uv_op *op)
{
	kvfree_sensitive(op->additional, op->additional_size);
	kvfree_sensitive(op->found, op->found_size);
	if (op->list)
		memzero_explicit(op->list, sizeof(*op->list));
	free_page((unsigned long)op->list);
	memzero_explicit(op, sizeof(*op));
	free_page((unsigned long)op);
}

/* The Ultravisor has spoken: not what it was announced to know, so it is not announced again. */
static void withdraw(struct tg_backend *be, u64 ops)
{
	if (!(be->firmware_ops & ops))
		return;
	WRITE_ONCE(be->firmware_ops, be->firmware_ops & ~ops);
	tg_backend_set_state(be, TEEGATE_STATE_UP, "%s", call_withdrawn);
}

static int answered(struct tg_backend *be, struct tg_exchange *x, int cc)
{
	const struct tg_uv_kind *kind = kinds[x->kind];
	struct tg_uv_op *op = x->slot;
	int err = tg_uv_judge(&op->cb.header, cc);

	if (err && err != -EPROTO)
		x->answer.fw_status = (u64)op->cb.header.rc << 16 | op->cb.header.rrc;
	if (err == -EOPNOTSUPP)
		withdraw(be, kind->op);
	return err ?: kind->end(op, x);
}

/*
 * One attempt at the call in the control block. -EINPROGRESS: it has to be repeated, or was the
 * first of several, and the others get a turn in between.
 */
static int attempt(struct tg_backend *be, struct tg_exchange *x)
{
	struct tg_uv_op *op = x->slot;
	int cc = __uv_call(0, (u64)&op->cb);

	x->poll_at = ktime_get_ns();
	if (cc == UVC_CC_BUSY || cc == UVC_CC_PARTIAL) {
		x->with_host = x->with_host || cc == UVC_CC_PARTIAL;
		x->poll_at += op->back_off_ns;
		op->back_off_ns = min_t(u64, 2 * op->back_off_ns, BACK_OFF_MAX_NS);
		return cc == UVC_CC_BUSY ? -EBUSY : -EINPROGRESS;
	}
	x->with_host = false;
	op->back_off_ns = BACK_OFF_MIN_NS;
	return answered(be, x, cc);
}

static void drop_op(struct tg_exchange *x)
{
	op_free(x->slot);
	x->slot = NULL;
	x->with_host = false;
}

static int uv_ask(struct tg_backend *be, struct tg_exchange *x)
{
	const struct tg_uv_kind *kind = x->kind < ARRAY_SIZE(kinds) ? kinds[x->kind] : NULL;
	struct tg_uv_op *op;
	int err;

	if (!kind)
		return -EOPNOTSUPP;
	op = op_new();
	if (!op)
		return -ENOMEM;
	err = kind->begin(op, x);
	if (err) {
		op_free(op);
		return err;
	}
	x->slot = op;
	err = attempt(be, x);
	if (err == -EINPROGRESS)
		begun++;
	else
		drop_op(x);
	return err;
}

static void uv_abandon(struct tg_backend *be, struct tg_exchange *x)
{
	drop_op(x);
	begun--;
}

/* What is under way stays so: without its control block it would begin again. */
static int uv_poll(struct tg_backend *be, struct tg_exchange *x)
{
	int err = attempt(be, x);

	if (err == -EBUSY || err == -EINPROGRESS)
		return -EINPROGRESS;
	uv_abandon(be, x);
	return err;
}

static bool uv_has_room(struct tg_backend *be)
{
	return begun < BEGUN_MAX;
}

/*
 * The instruction that stores the facility list tells a machine from a kernel that was made to
 * believe: a software firmware changes variables, not CPUs.
 */
static u64 uv_taint(void)
{
	u64 facilities[16] = {};

	stfle(facilities, ARRAY_SIZE(facilities));
	return __test_facility(TG_UV_FACILITY, facilities) ? 0 : TEEGATE_TAINT_SOFTWARE_FIRMWARE;
}

static u64 announced_ops(void)
{
	const unsigned long *calls = uv_info.inst_calls_list;
	u64 ops = 0;

	if (test_bit_inv(BIT_UVC_CMD_RETR_ATTEST, calls))
		ops |= TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT;
	if (test_bit_inv(TG_UVC_BIT_ADD_SECRET, calls))
		ops |= TEEGATE_OP_ADD_SECRET;
	if (test_bit_inv(TG_UVC_BIT_LIST_SECRETS, calls))
		/* Whether a secret can be had, is asked by asking; it is found by the list. */
		ops |= TEEGATE_OP_LIST_SECRETS | TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL;
	if (test_bit_inv(TG_UVC_BIT_LOCK_SECRETS, calls))
		ops |= TEEGATE_OP_LOCK_SECRETS;
	return ops;
}

static int uv_start(struct tg_backend *be)
{
	be->firmware_ops = announced_ops();
	be->patience_ns = PATIENCE_NS;
	begun = 0;
	tg_backend_set_state(be, TEEGATE_STATE_UP, "%s",
			     be->firmware_ops & TEEGATE_OP_REPORT ? "" : no_attestation);
	return 0;
}

static void uv_stop(struct tg_backend *be)
{
}

const struct tg_backend_ops tg_uv_ops = {
	.name = "se",
	.provider = TEEGATE_PROVIDER_SE,
	.transport = TEEGATE_TRANSPORT_DIRECT,
	.report_min = TG_UV_MEASUREMENT_SIZE,
	.report_max = TG_UV_MEASUREMENT_SIZE,
	.aux_max = TG_UV_ADDITIONAL_MAX,
	.makes_buffers = true,
	.raw_unpadded = true,
	.check_block = tg_uv_check_block,
	.taint = uv_taint,
	.init = uv_start,
	.exit = uv_stop,
	.ask = uv_ask,
	.poll = uv_poll,
	.abandon = uv_abandon,
	.has_room = uv_has_room,
};
