// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the personalities of leases share: which there are, and the one way from them to the queue.
 *
 * DOC: programs that know the stock driver only
 *
 * Such a program opens the driver's device. In a container there is none; teegated catches the
 * attempt and gives it a lease instead, whose descriptor understands the driver's ioctls and
 * nothing else. It asks through the same worker, under the same policy, pins and quota as any
 * lease, and cannot keep a message of its own in the channel.
 *
 * These ABIs have no place for claims. So what they hand out is raw: it speaks for the whole guest,
 * takes TEEGATE_OP_RAW_REPORT, and passes tg_report_data(), which refuses what would look like a
 * bound report. The caller chooses neither the VMPL nor how long the request is.
 *
 * Numbers, structures and errno values are those of the stock driver; where teegate refuses what
 * the driver has no word for, the errno is teegate's own.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <uapi/linux/teegate.h>

#include "abi.h"
#include "binding.h"
#include "ioctl.h"
#include "lease.h"
#include "notify.h"
#include "queue.h"

/* By enum teegate_abi; the native one is the table in ioctl.c. */
static const struct tg_abi *const abis[TEEGATE_ABI_UVDEVICE + 1] = {
#ifdef TG_HAVE_SNP
	[TEEGATE_ABI_SEV_GUEST] = &tg_abi_sev_guest,
#endif
#ifdef TG_HAVE_TDX
	[TEEGATE_ABI_TDX_GUEST] = &tg_abi_tdx_guest,
#endif
#ifdef TG_HAVE_UV
	[TEEGATE_ABI_UVDEVICE] = &tg_abi_uvdevice,
#endif
};

/**
 * tg_abi_find - the personality of a number
 * @abi: enum teegate_abi, as a caller gave it
 * @ret_abi: NULL for the native one; untouched on failure
 *
 * Return: 0, -EINVAL for no such number, -EOPNOTSUPP for one that this module or this TEE has not.
 */
int tg_abi_find(u32 abi, const struct tg_abi **ret_abi)
{
	if (abi >= ARRAY_SIZE(abis))
		return -EINVAL;
	if (abi != TEEGATE_ABI_NATIVE &&
	    (!abis[abi] || abis[abi]->provider != tg_queue.be.ops->provider))
		return -EOPNOTSUPP;
	*ret_abi = abis[abi];
	return 0;
}

/* enum teegate_abi; NULL is the native one. */
u32 tg_abi_number(const struct tg_abi *abi)
{
	u32 i = ARRAY_SIZE(abis);

	if (!abi)
		return TEEGATE_ABI_NATIVE;
	while (--i && abis[i] != abi)
		;
	return i;
}

/* As on every lease, before a byte of the caller's is looked at. */
long tg_abi_ioctl(struct tg_lease *lease, unsigned int cmd, void __user *uarg)
{
	struct tg_call call = { .lease = lease, .needs = TEEGATE_OP_RAW_REPORT };
	long err = tg_lease_check(lease, 0) ?: lease->terms.abi->ioctl(&call, cmd, uarg);

	if (err)
		tg_notify_denied(&call, err);
	return err;
}

static int make_subject(struct tg_subject *subject, const u8 *data, u32 len)
{
	struct tg_report_data report_data;

	subject->kind = tg_queue.be.ops->raw_unpadded ? TG_SUBJECT_RAW_UNPADDED : TG_SUBJECT_RAW;
	subject->len = len;
	memcpy(subject->bytes, data, len);
	return tg_report_data(subject, &report_data);
}

struct tg_request *tg_abi_request_new(struct tg_call *call, enum tg_ask_kind kind,
				      const u8 *data, u32 len, bool want_aux)
{
	struct tg_backend *be = &tg_queue.be;
	struct tg_request *req;
	int err;

	err = tg_lease_check(call->lease, call->needs) ?: tg_backend_can(be, call->needs);
	if (err)
		return ERR_PTR(err);
	req = tg_request_new(be, call->lease, kind, want_aux);
	if (!req)
		return ERR_PTR(-ENOMEM);
	err = make_subject(&req->subject, data, len);
	if (err) {
		tg_request_put(req);
		return ERR_PTR(err);
	}
	return req;
}

int tg_abi_ask(struct tg_call *call, struct tg_request *req)
{
	int err = tg_queue_ask(&tg_queue, req, TG_TIMEOUT_DEFAULT_MS);

	call->queued = tg_request_was_queued(req);
	if (!err && tg_queue.be.ops->makes_buffers)
		err = tg_answer_charge(&req->x.answer);
	return err ?: tg_lease_check(call->lease, call->needs);
}
