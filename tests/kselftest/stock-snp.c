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

static int ask(int fd, unsigned long cmd, void *asked, struct snp_report_resp *resp)
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
