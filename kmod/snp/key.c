// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSG_KEY_REQ: a root of keys that firmware derives from the chip's own secret and from what this
 * guest is (AMD 56860). Which parameters are allowed was settled before (keys/snp.c).
 */
#include <linux/string.h>

#include "../keys/keys.h"
#include "../keys/snp.h"
#include "snp.h"

static_assert(sizeof(struct tg_snp_key_rsp) == sizeof(struct snp_derived_key_resp));

void tg_snp_fill_key_req(struct snp_derived_key_req *req, const u8 *root_params)
{
	const struct tg_root_params *p = (const struct tg_root_params *)root_params;

	req->root_key_select = be32_to_cpu(p->snp.root_key_select);
	req->guest_field_select = be64_to_cpu(p->snp.field_select);
	req->vmpl = be32_to_cpu(p->snp.vmpl);
	req->guest_svn = be32_to_cpu(p->snp.guest_svn);
	req->tcb_version = be64_to_cpu(p->snp.tcb_version);
}

/*
 * A TCB version that is too high gives success and a key of zeroes. A message that ended early
 * leaves zeroes, too, so no half of a key may be all zeroes; chance makes one in 2^127 so.
 */
int tg_snp_take_key(const struct snp_derived_key_resp *resp, struct tg_answer *ans)
{
	const struct tg_snp_key_rsp *rsp = (const struct tg_snp_key_rsp *)resp->data;
	const size_t half = sizeof(rsp->key) / 2;

	if (rsp->status) {
		ans->fw_status = le32_to_cpu(rsp->status);
		return -EREMOTEIO;
	}
	if (memchr_inv(rsp->reserved, 0, sizeof(rsp->reserved)) ||
	    !memchr_inv(rsp->key, 0, half) || !memchr_inv(rsp->key + half, 0, half))
		return -EPROTO;
	return tg_answer_put_report(ans, rsp->key, sizeof(rsp->key));
}
