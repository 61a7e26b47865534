// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way to the SNP firmware since Linux 6.14: the functions that the kernel exports for it. They
 * serialise all their users by one mutex and count in the secrets page that all of them share, so
 * the stock driver works beside us, unmoved, and need not even be loaded: the channel is UP from
 * the start or lost, never waiting.
 */
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/set_memory.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/sev.h>
#include <asm/svm.h>

#include "snp.h"

struct snp_direct {
	struct snp_msg_desc *mdesc;
	void *certs;		/* shared with the host */
	size_t certs_size;
	u8 resp[sizeof(struct snp_report_resp) + AUTHTAG_LEN];
};

static bool key_alive(const struct snp_msg_desc *mdesc)
{
	return mdesc->vmpck && memchr_inv(mdesc->vmpck, 0, VMPCK_KEY_LEN);
}

bool tg_snp_transport_key_alive(struct tg_backend *be)
{
	struct snp_direct *direct = be->priv;

	return direct->mdesc && key_alive(direct->mdesc);
}

/* Pages that the host may still write into are never given back to the allocator. */
static void certs_free(struct snp_direct *direct)
{
	if (!direct->certs)
		return;
	if (set_memory_encrypted((unsigned long)direct->certs, direct->certs_size >> PAGE_SHIFT))
		pr_err("%zu bytes shared with the host are lost\n", direct->certs_size);
	else
		free_pages_exact(direct->certs, direct->certs_size);
	direct->certs = NULL;
	direct->certs_size = 0;
}

/* Made shared when certificates are first asked for, and kept: changing a page's state is slow. */
static int certs_grow(struct snp_direct *direct, size_t size)
{
	void *pages;

	certs_free(direct);
	pages = alloc_pages_exact(size, GFP_KERNEL | __GFP_ZERO);
	if (!pages)
		return -ENOMEM;
	if (set_memory_decrypted((unsigned long)pages, size >> PAGE_SHIFT)) {
		pr_err("%zu bytes cannot be shared with the host and are lost\n", size);
		return -ENOMEM;
	}
	direct->certs = pages;
	direct->certs_size = size;
	return 0;
}

/* Zeroes, or a host that writes nothing would have us read what was there before as its table. */
static int certs_reserve(struct snp_direct *direct, size_t size)
{
	int ret = size <= direct->certs_size ? 0 : certs_grow(direct, size);

	/* Also what is new: how memory reads after it has changed its state, nobody promises. */
	if (!ret)
		memset(direct->certs, 0, size);
	return ret;
}

static int send_request(struct snp_direct *direct, struct snp_guest_req *req, u64 *exitinfo2)
{
	int ret;

#ifdef TG_HAVE_SNP_RIO
	struct snp_guest_request_ioctl rio = {};

	ret = snp_send_guest_request(direct->mdesc, req, &rio);
	*exitinfo2 = rio.exitinfo2;
#else
	ret = snp_send_guest_request(direct->mdesc, req);
	*exitinfo2 = req->exitinfo2;
#endif
	return ret;
}

/* Zeroes, where firmware said less than it could have: what was there before was wiped. */
static void take_response(const struct snp_direct *direct, struct tg_snp_exchange *x)
{
	if (x->wants_key)
		memcpy(x->key_resp.data, direct->resp, sizeof(x->key_resp.data));
	else
		memcpy(x->resp.data, direct->resp, sizeof(x->resp.data));
}

int tg_snp_transport_exchange(struct tg_backend *be, struct tg_snp_exchange *x)
{
	struct snp_direct *direct = be->priv;
	struct snp_guest_req req = {
		.msg_version = 1,
		.msg_type = SNP_MSG_REPORT_REQ,
		.vmpck_id = direct->mdesc->vmpck_id,
		.req_buf = &x->req,
		.req_sz = sizeof(x->req),
		.resp_buf = direct->resp,
		.resp_sz = sizeof(direct->resp),
		.exit_code = SVM_VMGEXIT_GUEST_REQUEST,
	};
	int ret;

	if (x->wants_key) {
		req.msg_type = SNP_MSG_KEY_REQ;
		req.req_buf = &x->key_req;
		req.req_sz = sizeof(x->key_req);
		req.resp_sz = sizeof(x->key_resp) + AUTHTAG_LEN;
	}
	if (x->certs) {
		ret = certs_reserve(direct, x->certs_len);
		if (ret)
			return ret;
		req.exit_code = SVM_VMGEXIT_EXT_GUEST_REQUEST;
		req.certs_data = direct->certs;
		req.input.data_npages = x->certs_len >> PAGE_SHIFT;
	}

	ret = send_request(direct, &req, &x->exitinfo2);
	if (!ret) {
		take_response(direct, x);
		if (x->certs)
			memcpy(x->certs, direct->certs, x->certs_len);
	} else if (ret == -EIO && x->certs &&
		   x->exitinfo2 == SNP_GUEST_VMM_ERR(SNP_GUEST_VMM_ERR_INVALID_LEN)) {
		x->certs_len = (u64)req.input.data_npages << PAGE_SHIFT;
		ret = -ENOSPC;
	}
	memzero_explicit(direct->resp, sizeof(direct->resp));
	return ret;
}

void tg_snp_transport_attach(struct tg_backend *be)
{
}

static void direct_free(struct snp_direct *direct)
{
	certs_free(direct);
	snp_msg_free(direct->mdesc);
	kfree(direct);
}

/* The kernel's own choice of key, as the stock driver's default: that of the VMPL we run at. */
static int direct_start(struct tg_backend *be, struct snp_direct *direct)
{
	int ret;

	direct->mdesc = snp_msg_alloc();
	if (IS_ERR_OR_NULL(direct->mdesc)) {
		direct->mdesc = NULL;
		return -ENOMEM;
	}
	ret = snp_msg_init(direct->mdesc, -1);
	if (ret && ret != -EINVAL)
		return ret;

	/* -EINVAL: there is no key, because someone lost it before we came. */
	if (ret || !key_alive(direct->mdesc))
		tg_snp_set_lost(be);
	else
		tg_snp_set_up(be);
	return 0;
}

int tg_snp_transport_init(struct tg_backend *be)
{
	struct snp_direct *direct = kzalloc(sizeof(*direct), GFP_KERNEL);
	int ret;

	if (!direct)
		return -ENOMEM;
	ret = direct_start(be, direct);
	if (ret) {
		direct_free(direct);
		return ret;
	}
	be->priv = direct;
	return 0;
}

void tg_snp_transport_exit(struct tg_backend *be)
{
	direct_free(be->priv);
	be->priv = NULL;
}
