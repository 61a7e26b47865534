// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/sev-guest: reports with and without the host's certificates (include/uapi/linux/sev-guest.h,
 * Documentation/virt/coco/sev-guest.rst).
 *
 * DOC: what differs from the stock driver
 *
 * The VMPL has to be the one that this guest runs at, and what the driver leaves to firmware to
 * refuse is refused here. A certificate buffer that is too small costs a report, as it does there.
 * Keys are never the chip's own: a workload that had one could open what others have sealed. They
 * are the workload's, take TEEGATE_OP_DERIVE_KEY, and depend on each field of the request; see
 * sev_key.c. A request that the lease would not allow of firmware is EKEYREJECTED.
 */
#include <linux/align.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <uapi/linux/sev-guest.h>

#include "../abi.h"
#include "../ioctl.h"
#include "../keys/snp.h"
#include "../queue.h"
#include "sev_key.h"

#define CERTS_MAX	SZ_16K	/* SEV_FW_BLOB_MAX_SIZE, which the stock driver refuses to exceed */

/* MSG_REPORT_RSP (AMD 56860), as the driver hands it out: this header, then the report. */
struct report_rsp {
	__le32 status;
	__le32 report_size;
	u8 reserved[24];
	u8 report[];
} __packed;

/*
 * The driver says ENOTTY once its key is wiped, and EIO with a code for what firmware or the host
 * refused.
 */
static int stock_errno(int err)
{
	switch (err) {
	case -ENOKEY:
		return -ENOTTY;
	case -EREMOTEIO:
	case -EPROTO:
		return -EIO;
	default:
		return err;
	}
}

static struct tg_request *request_new(struct tg_call *call, const struct snp_report_req *asked,
				      bool want_certs)
{
	if (memchr_inv(asked->rsvd, 0, sizeof(asked->rsvd)))
		return ERR_PTR(-EINVAL);
	if (asked->vmpl != tg_queue.be.vmpl)
		return ERR_PTR(-EPERM);
	return tg_abi_request_new(call, TG_ASK_REPORT, asked->user_data, sizeof(asked->user_data),
				  want_certs);
}

static int ask(struct tg_call *call, struct tg_request *req, struct snp_guest_request_ioctl *io)
{
	int err = tg_abi_ask(call, req);

	io->exitinfo2 = tg_request_status(req, err);
	return err;
}

static int put_report(const struct tg_answer *ans, void __user *to)
{
	struct snp_report_resp *resp;
	struct report_rsp *rsp;
	int err;

	if (ans->report_len > sizeof(*resp) - sizeof(*rsp))
		return -EPROTO;
	resp = kzalloc(sizeof(*resp), GFP_KERNEL_ACCOUNT);
	if (!resp)
		return -ENOMEM;
	rsp = (struct report_rsp *)resp->data;
	rsp->report_size = cpu_to_le32(ans->report_len);
	memcpy(rsp->report, ans->report, ans->report_len);
	err = copy_to_user(to, resp, sizeof(*resp)) ? -EFAULT : 0;
	kfree_sensitive(resp);
	return err;
}

static int get_report(struct tg_call *call, struct snp_guest_request_ioctl *io)
{
	struct snp_report_req asked;
	struct tg_request *req;
	int err;

	if (copy_from_user(&asked, u64_to_user_ptr(io->req_data), sizeof(asked)))
		return -EFAULT;
	req = request_new(call, &asked, false);
	if (IS_ERR(req))
		return PTR_ERR(req);
	err = ask(call, req, io) ?: put_report(&req->x.answer, u64_to_user_ptr(io->resp_data));
	tg_request_put(req);
	return err;
}

/* The driver fills the whole buffer; behind the table there is nothing. */
static int put_certs(const struct tg_answer *ans, const struct snp_ext_report_req *asked)
{
	u8 __user *to = u64_to_user_ptr(asked->certs_address);

	if (copy_to_user(to, ans->aux, ans->aux_len) ||
	    clear_user(to + ans->aux_len, asked->certs_len - ans->aux_len))
		return -EFAULT;
	return 0;
}

/* Too small a buffer is told as the host tells it: an error code, and the length beside it. */
static int want_more_certs(struct snp_guest_request_ioctl *io, u32 needed)
{
	struct snp_ext_report_req __user *req = u64_to_user_ptr(io->req_data);

	io->exitinfo2 = SNP_GUEST_VMM_ERR(SNP_GUEST_VMM_ERR_INVALID_LEN);
	return put_user(needed, &req->certs_len) ? -EFAULT : -EIO;
}

static int put_both(const struct tg_answer *ans, const struct snp_ext_report_req *asked,
		    struct snp_guest_request_ioctl *io)
{
	u32 needed = ALIGN(ans->aux_len, PAGE_SIZE);

	if (needed > asked->certs_len)
		return want_more_certs(io, needed);
	return put_certs(ans, asked) ?: put_report(ans, u64_to_user_ptr(io->resp_data));
}

static int get_ext_report(struct tg_call *call, struct snp_guest_request_ioctl *io)
{
	struct snp_ext_report_req asked;
	struct tg_request *req;
	int err;

	if (copy_from_user(&asked, u64_to_user_ptr(io->req_data), sizeof(asked)))
		return -EFAULT;
	if (asked.certs_len > CERTS_MAX || !IS_ALIGNED(asked.certs_len, PAGE_SIZE))
		return -EINVAL;
	/* As there: no buffer, no certificates. */
	if (!asked.certs_address)
		asked.certs_len = 0;
	req = request_new(call, &asked.data, true);
	if (IS_ERR(req))
		return PTR_ERR(req);
	err = ask(call, req, io) ?: put_both(&req->x.answer, &asked, io);
	tg_request_put(req);
	return err;
}

static int get_key(struct tg_call *call, struct snp_guest_request_ioctl *io)
{
	struct snp_derived_key_req asked;
	struct tg_snp_key_rsp *rsp;
	int err;

	call->needs = TEEGATE_OP_DERIVE_KEY;
	if (copy_from_user(&asked, u64_to_user_ptr(io->req_data), sizeof(asked)))
		return -EFAULT;
	if (asked.rsvd)
		return -EINVAL;
	if (asked.vmpl != tg_queue.be.vmpl)
		return -EPERM;
	rsp = kzalloc(sizeof(*rsp), GFP_KERNEL_ACCOUNT);
	if (!rsp)
		return -ENOMEM;
	err = tg_sev_key(call, &asked, rsp->key, &io->exitinfo2);
	if (!err && copy_to_user(u64_to_user_ptr(io->resp_data), rsp, sizeof(*rsp)))
		err = -EFAULT;
	kfree_sensitive(rsp);
	return err;
}

typedef int (*handler_t)(struct tg_call *call, struct snp_guest_request_ioctl *io);

static handler_t handler_of(unsigned int cmd)
{
	switch (cmd) {
	case SNP_GET_REPORT:
		return get_report;
	case SNP_GET_EXT_REPORT:
		return get_ext_report;
	case SNP_GET_DERIVED_KEY:
		return get_key;
	default:
		return NULL;
	}
}

/* The driver writes its argument back only when there is a code to tell. */
static long sev_guest_ioctl(struct tg_call *call, unsigned int cmd, void __user *uarg)
{
	handler_t handler = handler_of(cmd);
	struct snp_guest_request_ioctl io;
	int err;

	if (!handler)
		return -ENOTTY;
	if (copy_from_user(&io, uarg, sizeof(io)))
		return -EFAULT;
	if (!io.msg_version)
		return -EINVAL;
	io.exitinfo2 = 0;
	err = handler(call, &io);
	if (io.exitinfo2 && copy_to_user(uarg, &io, sizeof(io)))
		return -EFAULT;
	return stock_errno(err);
}

const struct tg_abi tg_abi_sev_guest = {
	.provider = TEEGATE_PROVIDER_SEV_SNP,
	.ioctl = sev_guest_ioctl,
};
