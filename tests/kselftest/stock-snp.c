// SPDX-License-Identifier: GPL-2.0-or-later
/* SEV-SNP: /dev/sev-guest, see stock.h. */
#include <errno.h>
#include <linux/sev-guest.h>
#include <string.h>
#include <sys/ioctl.h>

#include "stock.h"

/* MSG_REPORT_RSP: status, size, 24 reserved bytes, report. */
#define RESPONSE_REPORT 32
#define SNP_REPORT_SIZE 1184

static int ask(int fd, unsigned long cmd, void *asked, void *resp)
{
	struct snp_guest_request_ioctl io = {
		.msg_version = 1,
		.req_data = (uintptr_t)asked,
		.resp_data = (uintptr_t)resp,
	};

	return ioctl(fd, cmd, &io) < 0 ? -errno : 0;
}

int stock_snp_report(int fd, const uint8_t user_data[64])
{
	struct snp_report_req asked = { .vmpl = 0 };
	struct snp_report_resp resp = { { 0 } };
	int r;

	memcpy(asked.user_data, user_data, sizeof(asked.user_data));
	r = ask(fd, SNP_GET_REPORT, &asked, &resp);
	return r ? r : stock_is_over(resp.data + RESPONSE_REPORT, SNP_REPORT_SIZE, user_data);
}

int stock_certificates(int fd, uint8_t *table, uint32_t size)
{
	struct snp_ext_report_req asked = { .certs_address = (uintptr_t)table, .certs_len = size };
	struct snp_report_resp resp;

	return ask(fd, SNP_GET_EXT_REPORT, &asked, &resp);
}

int stock_key(int fd, const struct stock_key_req *req, uint8_t key[32])
{
	struct snp_derived_key_req asked = {
		.root_key_select = req->root_key_select,
		.guest_field_select = req->fields,
		.vmpl = req->vmpl,
		.guest_svn = req->svn,
		.tcb_version = req->tcb,
	};
	struct snp_derived_key_resp resp = { { 0 } };
	int r = ask(fd, SNP_GET_DERIVED_KEY, &asked, &resp);

	memcpy(key, resp.data + RESPONSE_REPORT, 32);
	return r ? r : resp.data[0] ? -EIO : 0;
}
