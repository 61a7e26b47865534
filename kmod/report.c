// SPDX-License-Identifier: GPL-2.0-only
/*
 * GET_REPORT: from what a caller wants to a request for the queue, and from the answer back to the
 * caller. Runs in the caller; firmware is the worker's.
 *
 * DOC: when the answer is checked
 *
 * Everything that can be refused is refused before firmware is asked, because a report costs
 * milliseconds that others wait for. Rights, pins and revocation are asked again afterwards, in
 * this task: it may have been moved to another cgroup, changed its ids or lost its lease while it
 * slept. Then nothing is copied out, and the answer is wiped with the request.
 */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/random.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "binding.h"
#include "block.h"
#include "ioctl.h"
#include "lease.h"
#include "queue.h"

static bool is_raw(const struct teegate_get_report *a)
{
	return a->flags & TEEGATE_REPORT_RAW;
}

u64 tg_get_report_needs(const union tg_arg *arg)
{
	return is_raw(&arg->get_report) ? TEEGATE_OP_RAW_REPORT : TEEGATE_OP_REPORT;
}

static u32 user_data_max(const struct teegate_get_report *a, const struct tg_backend *be)
{
	return is_raw(a) && be->ops->raw_unpadded ? TEEGATE_RAW_DATA_MAX : TEEGATE_USER_DATA_MAX;
}

static int check_args(const struct teegate_get_report *a, const struct tg_backend *be)
{
	if (a->user_data_len > user_data_max(a, be) || a->timeout_ms > TEEGATE_TIMEOUT_MAX_MS)
		return -EINVAL;
	if (!(a->flags & TEEGATE_REPORT_AUX) && a->aux)
		return -EINVAL;
	if (is_raw(a) && (a->claims || a->path))
		return -EINVAL;
	return a->challenge_len > TEEGATE_CHALLENGE_MAX || a->reserved3 ? -EINVAL : 0;
}

/* A report answers a challenge where there are any, and nowhere else. */
static int check_challenge(const struct teegate_get_report *a, const struct tg_backend *be)
{
	if (be->ops->check_block)
		return a->challenge_len ? 0 : -EINVAL;
	return a->challenge || a->challenge_len ? -EINVAL : 0;
}

static bool is_local(const struct teegate_get_report *a)
{
	return a->flags & TEEGATE_REPORT_LOCAL;
}

static int check_backend(const struct teegate_get_report *a, struct tg_backend *be, u64 needs)
{
	int err = tg_backend_can(be, needs);

	if (err)
		return err;
	return is_local(a) && !be->ops->local_size ? -EOPNOTSUPP : 0;
}

/* Lengths of the parts of one answer. */
struct lengths {
	u32 report, aux, claims, path;
};

static void set_lengths(struct teegate_get_report *a, const struct lengths *len)
{
	a->report_len = len->report;
	a->aux_len = len->aux;
	a->claims_len = len->claims;
	a->path_len = len->path;
}

/* If one buffer is too small all lengths are written back, so that the next try knows them all. */
static int check_space(struct teegate_get_report *a, const struct lengths *need)
{
	if (a->report_len >= need->report && a->aux_len >= need->aux &&
	    a->claims_len >= need->claims && a->path_len >= need->path)
		return 0;
	set_lengths(a, need);
	return -ENOSPC;
}

/* Parts that the caller does not get have no length. A single requester needs no path. */
static struct lengths lengths_of(const struct teegate_get_report *a, const struct tg_lease *lease,
				 u32 report, u32 aux)
{
	return (struct lengths) {
		.report = report,
		.aux = a->flags & TEEGATE_REPORT_AUX ? aux : 0,
		.claims = is_raw(a) ? 0 : lease->terms.claims->len,
	};
}

/* Before firmware is asked, when only the host knows how much there will be. */
static int check_space_early(struct teegate_get_report *a, const struct tg_lease *lease,
			     const struct tg_backend *be)
{
	const struct tg_backend_ops *ops = be->ops;
	u32 min = is_local(a) ? ops->local_size : ops->report_min;
	u32 max = is_local(a) ? ops->local_size : ops->report_max;
	struct lengths least = lengths_of(a, lease, min, 0);
	struct lengths most = lengths_of(a, lease, max, be->aux_max);
	int err = check_space(a, &least);

	if (err)
		set_lengths(a, &most);
	return err;
}

/*
 * The blind keeps others who see the report, or share it, from guessing claims and user_data. It
 * is drawn by the kernel for every request, or else the caller could make two leaves equal.
 */
static int bind_subject(struct teegate_get_report *a, const struct tg_claims *claims,
			const u8 *user_data, struct tg_subject *subject)
{
	int err = get_random_bytes_wait(a->blind, sizeof(a->blind));

	if (err)
		return err;
	subject->kind = TG_SUBJECT_ROOT;
	subject->len = TEEGATE_HASH_SIZE;
	a->leaf_index = 0;
	a->tree_size = 1;
	return tg_leaf(claims->hash, a->blind, user_data, a->user_data_len, subject->bytes);
}

/* A raw subject is tried here, so that a refused one never takes a turn in the queue. */
static int raw_subject(const struct teegate_get_report *a, const u8 *user_data,
		       struct tg_subject *subject)
{
	struct tg_report_data report_data;

	subject->kind = tg_queue.be.ops->raw_unpadded ? TG_SUBJECT_RAW_UNPADDED : TG_SUBJECT_RAW;
	subject->len = a->user_data_len;
	memcpy(subject->bytes, user_data, a->user_data_len);
	return tg_report_data(subject, &report_data);
}

static int make_subject(struct teegate_get_report *a, const struct tg_lease *lease,
			struct tg_subject *subject)
{
	u8 user_data[TEEGATE_RAW_DATA_MAX];

	if (copy_from_user(user_data, u64_to_user_ptr(a->user_data), a->user_data_len))
		return -EFAULT;
	return is_raw(a) ? raw_subject(a, user_data, subject) :
			   bind_subject(a, lease->terms.claims, user_data, subject);
}

static int copy_out(struct teegate_get_report *a, const struct tg_lease *lease,
		    struct tg_answer *ans)
{
	struct lengths len = lengths_of(a, lease, ans->report_len, ans->aux_len);
	int err = check_space(a, &len);

	if (!err && tg_queue.be.ops->makes_buffers)
		err = tg_answer_charge(ans);
	if (err)
		return err;
	if (copy_to_user(u64_to_user_ptr(a->report), ans->report, len.report) ||
	    copy_to_user(u64_to_user_ptr(a->aux), ans->aux, len.aux))
		return -EFAULT;
	if (len.claims &&
	    copy_to_user(u64_to_user_ptr(a->claims), lease->terms.claims->bytes, len.claims))
		return -EFAULT;
	set_lengths(a, &len);
	return 0;
}

/* What a raw report is over is the caller's own and known to it. */
static void tell(struct teegate_get_report *a, const struct tg_exchange *x)
{
	memcpy(a->config_uid, x->answer.config_uid, sizeof(a->config_uid));
	if (!is_raw(a))
		memcpy(a->report_data, x->report_data.bytes, sizeof(a->report_data));
}

static int take_challenge(const struct teegate_get_report *a, struct tg_request *req)
{
	struct tg_block *block;
	int err;

	if (!a->challenge_len)
		return 0;
	err = tg_block_from_user(req->lease, a->challenge, a->challenge_len, &block);
	if (err)
		return err;
	req->x.block = block;
	return tg_queue.be.ops->check_block(req->x.kind, block->bytes, block->len);
}

static int ask_and_copy(struct tg_call *call, struct teegate_get_report *a, struct tg_request *req)
{
	int err = make_subject(a, call->lease, &req->subject) ?: take_challenge(a, req);

	if (err)
		return err;
	err = tg_queue_ask(&tg_queue, req, a->timeout_ms ?: TG_TIMEOUT_DEFAULT_MS);
	call->queued = tg_request_was_queued(req);
	a->fw_status = tg_request_status(req, err);
	if (err)
		return err;
	err = tg_lease_check(call->lease, call->needs);
	if (err)
		return err;
	err = copy_out(a, call->lease, &req->x.answer);
	if (!err)
		tell(a, &req->x);
	return err;
}

static void clear_out(struct teegate_get_report *a)
{
	a->leaf_index = 0;
	a->tree_size = 0;
	a->fw_status = 0;
	a->provider = tg_queue.be.ops->provider;
	a->vmpl = tg_queue.be.vmpl;
	memset(a->blind, 0, sizeof(a->blind));
	memset(a->config_uid, 0, sizeof(a->config_uid));
	memset(a->report_data, 0, sizeof(a->report_data));
}

int tg_op_get_report(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_get_report *a = &arg->get_report;
	struct tg_backend *be = &tg_queue.be;
	struct tg_request *req;
	int err;

	clear_out(a);
	err = check_args(a, be) ?: check_backend(a, be, call->needs) ?: check_challenge(a, be) ?:
	      check_space_early(a, call->lease, be);
	if (err)
		return err;
	req = tg_request_new(be, call->lease, is_local(a) ? TG_ASK_LOCAL : TG_ASK_REPORT,
			     a->flags & TEEGATE_REPORT_AUX);
	if (!req)
		return -ENOMEM;
	err = ask_and_copy(call, a, req);
	tg_request_put(req);
	return err;
}
