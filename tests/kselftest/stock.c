// SPDX-License-Identifier: GPL-2.0-or-later
/* The other user of the firmware, see stock.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sev-guest.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kit.h"
#include "stock.h"

/* MSG_REPORT_RSP: status, size, 24 reserved bytes, report. */
#define RESPONSE_REPORT 32

int stock_open(void)
{
	return device_open("/dev/sev-guest");
}

static int ask(int fd, unsigned long cmd, void *req, struct snp_report_resp *resp)
{
	struct snp_guest_request_ioctl io = {
		.msg_version = 1,
		.req_data = (uintptr_t)req,
		.resp_data = (uintptr_t)resp,
	};

	return ioctl(fd, cmd, &io) < 0 ? -errno : 0;
}

int stock_report(int fd, const uint8_t user_data[64])
{
	struct snp_report_req req = { .vmpl = 0 };
	struct snp_report_resp resp = { { 0 } };
	int r;

	memcpy(req.user_data, user_data, sizeof(req.user_data));
	r = ask(fd, SNP_GET_REPORT, &req, &resp);
	if (r)
		return r;
	if (memcmp(resp.data + RESPONSE_REPORT + SNP_REPORT_DATA, user_data, 64))
		return -EPROTO;
	return 0;
}

int stock_certificates(int fd, uint8_t *table, uint32_t size)
{
	struct snp_ext_report_req req = { .certs_address = (uintptr_t)table, .certs_len = size };
	struct snp_report_resp resp;

	return ask(fd, SNP_GET_EXT_REPORT, &req, &resp);
}
