// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/tdx_guest: a TDREPORT over 64 bytes of the caller's (include/uapi/linux/tdx-guest.h).
 *
 * Anybody may have a TDREPORT quoted, so it is as good as a quote and passes the same check.
 */
#include <linux/err.h>
#include <linux/uaccess.h>
#include <uapi/linux/tdx-guest.h>

#include "../abi.h"
#include "../ioctl.h"
#include "../queue.h"

/* The stock driver knows one word for all that goes wrong below it. */
static int stock_errno(int err)
{
	return err == -EREMOTEIO || err == -EPROTO ? -EIO : err;
}

static int get_report(struct tg_call *call, struct tdx_report_req __user *uarg)
{
	u8 data[TDX_REPORTDATA_LEN];
	struct tg_request *req;
	int err;

	if (copy_from_user(data, uarg->reportdata, sizeof(data)))
		return -EFAULT;
	req = tg_abi_request_new(call, TG_ASK_LOCAL, data, sizeof(data), false);
	if (IS_ERR(req))
		return PTR_ERR(req);
	err = tg_abi_ask(call, req);
	if (!err && req->x.answer.report_len != TDX_REPORT_LEN)
		err = -EIO;
	if (!err && copy_to_user(uarg->tdreport, req->x.answer.report, TDX_REPORT_LEN))
		err = -EFAULT;
	tg_request_put(req);
	return stock_errno(err);
}

static long tdx_guest_ioctl(struct tg_call *call, unsigned int cmd, void __user *uarg)
{
	return cmd == TDX_CMD_GET_REPORT0 ? get_report(call, uarg) : -ENOTTY;
}

const struct tg_abi tg_abi_tdx_guest = {
	.provider = TEEGATE_PROVIDER_TDX,
	.ioctl = tdx_guest_ioctl,
};
