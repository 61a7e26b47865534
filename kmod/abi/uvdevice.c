// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/uv: attestation (arch/s390/include/uapi/asm/uvdevice.h). What else that device does is the
 * administrator's, see secrets.c, and no workload's: ENOTTY, as from a kernel that has it not.
 *
 * The stock driver succeeds when the Ultravisor refuses, and hands its codes out; so do we.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/uvdevice.h>

#include "../abi.h"
#include "../block.h"
#include "../ioctl.h"
#include "../queue.h"

/* Of the Ultravisor (s390-tools, rust/pv): done; and a buffer is too small. */
#define RC_EXECUTED		0x0001
#define RC_MEASUREMENT_SMALL	0x010d
#define RC_ADDITIONAL_SMALL	0x010e

static bool lengths_fit(const struct uvio_attest *a)
{
	return a->arcb_len && a->arcb_len <= UVIO_ATT_ARCB_MAX_LEN &&
	       a->meas_len && a->meas_len <= UVIO_ATT_MEASUREMENT_MAX_LEN &&
	       a->add_data_len <= UVIO_ATT_ADDITIONAL_MAX_LEN &&
	       a->user_data_len <= sizeof(a->user_data) && !a->reserved136;
}

static int take_challenge(struct tg_request *req, const struct uvio_attest *a)
{
	struct tg_block *block;
	int err = tg_block_from_user(req->lease, a->arcb_addr, a->arcb_len, &block);

	if (err)
		return err;
	req->x.block = block;
	return tg_queue.be.ops->check_block(req->x.kind, block->bytes, block->len);
}

static int put_answer(const struct tg_answer *ans, struct uvio_attest *a,
		      struct uvio_attest __user *uattest, struct uvio_ioctl_cb *cb)
{
	if (a->meas_len < ans->report_len || a->add_data_len < ans->aux_len) {
		cb->uv_rc = a->meas_len < ans->report_len ? RC_MEASUREMENT_SMALL :
							    RC_ADDITIONAL_SMALL;
		return 0;
	}
	a->meas_len = ans->report_len;
	a->add_data_len = ans->aux_len;
	memcpy(a->config_uid, ans->config_uid, sizeof(a->config_uid));
	if (copy_to_user(u64_to_user_ptr(a->meas_addr), ans->report, ans->report_len) ||
	    copy_to_user(u64_to_user_ptr(a->add_data_addr), ans->aux, ans->aux_len) ||
	    copy_to_user(uattest, a, sizeof(*a)))
		return -EFAULT;
	cb->uv_rc = RC_EXECUTED;
	return 0;
}

/* Where firmware refused, fw_status has both of its codes: see struct teegate_get_report. */
static int ask(struct tg_call *call, struct tg_request *req, struct uvio_attest *a,
	       struct uvio_attest __user *uattest, struct uvio_ioctl_cb *cb)
{
	int err = take_challenge(req, a) ?: tg_abi_ask(call, req);
	u64 status;

	if (!err)
		return put_answer(&req->x.answer, a, uattest, cb);
	if (err != -EREMOTEIO)
		return err == -EPROTO ? -EIO : err;
	status = tg_request_status(req, err);
	cb->uv_rc = status >> 16;
	cb->uv_rrc = status;
	return 0;
}

static int attest(struct tg_call *call, struct uvio_ioctl_cb *cb)
{
	struct uvio_attest __user *uattest = u64_to_user_ptr(cb->argument_addr);
	struct uvio_attest a;
	struct tg_request *req;
	int err;

	if (cb->argument_len != sizeof(a))
		return -EINVAL;
	if (copy_from_user(&a, uattest, sizeof(a)))
		return -EFAULT;
	if (!lengths_fit(&a))
		return -EINVAL;
	req = tg_abi_request_new(call, TG_ASK_REPORT, a.user_data, a.user_data_len, true);
	if (IS_ERR(req))
		return PTR_ERR(req);
	err = ask(call, req, &a, uattest, cb);
	tg_request_put(req);
	return err;
}

static long uvdevice_ioctl(struct tg_call *call, unsigned int cmd, void __user *uarg)
{
	struct uvio_ioctl_cb cb;
	int err;

	if (cmd != UVIO_IOCTL_ATT)
		return -ENOTTY;
	if (copy_from_user(&cb, uarg, sizeof(cb)))
		return -EFAULT;
	if (cb.flags || memchr_inv(cb.reserved14, 0, sizeof(cb.reserved14)))
		return -EINVAL;
	cb.uv_rc = 0;
	cb.uv_rrc = 0;
	err = attest(call, &cb);
	if (!err && copy_to_user(uarg, &cb, sizeof(cb)))
		return -EFAULT;
	return err;
}

const struct tg_abi tg_abi_uvdevice = {
	.provider = TEEGATE_PROVIDER_SE,
	.ioctl = uvdevice_ioctl,
};
