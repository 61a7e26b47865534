// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program as others write it: it knows the stock drivers by the kernel's headers, and nothing of
 * teegate. "stock DEVICE report HEX" prints the data that stands in the report, "stock DEVICE key" asks
 * for a derived key, "stock DEVICE open" opens the device; or, each of them, the name of an errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sev-guest.h>
#include <linux/tdx-guest.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define DATA_SIZE	64
#define SNP_HEADER	32	/* before the report, in what the driver hands out */
#define SNP_DATA_AT	0x50	/* in the report */
#define TDX_DATA_AT	128	/* in the TDREPORT */

static int say_errno(const char *what)
{
	printf("%s %s\n", what, strerrorname_np(errno));
	return EXIT_FAILURE;
}

static void say_data(const uint8_t *data)
{
	printf("report ");
	for (int i = 0; i < DATA_SIZE; i++)
		printf("%02x", data[i]);
	printf("\n");
}

static int snp_report(int fd, const uint8_t *data)
{
	struct snp_report_req req = { .vmpl = 0 };
	struct snp_report_resp resp = { .data = { 0 } };
	struct snp_guest_request_ioctl io = {
		.msg_version = 1, .req_data = (uintptr_t)&req, .resp_data = (uintptr_t)&resp,
	};

	memcpy(req.user_data, data, DATA_SIZE);
	if (ioctl(fd, SNP_GET_REPORT, &io) < 0)
		return say_errno("report");
	say_data(resp.data + SNP_HEADER + SNP_DATA_AT);
	return EXIT_SUCCESS;
}

static int snp_key(int fd)
{
	struct snp_derived_key_req req = { .root_key_select = 0 };
	struct snp_derived_key_resp resp = { .data = { 0 } };
	struct snp_guest_request_ioctl io = {
		.msg_version = 1, .req_data = (uintptr_t)&req, .resp_data = (uintptr_t)&resp,
	};

	if (ioctl(fd, SNP_GET_DERIVED_KEY, &io) < 0)
		return say_errno("key");
	printf("key\n");
	return EXIT_SUCCESS;
}

static int tdx_report(int fd, const uint8_t *data)
{
	struct tdx_report_req req = { .tdreport = { 0 } };

	memcpy(req.reportdata, data, DATA_SIZE);
	if (ioctl(fd, TDX_CMD_GET_REPORT0, &req) < 0)
		return say_errno("report");
	say_data(req.tdreport + TDX_DATA_AT);
	return EXIT_SUCCESS;
}

static int parse(const char *hex, uint8_t *data)
{
	for (int i = 0; i < DATA_SIZE && hex[2 * i]; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &data[i]) != 1)
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	uint8_t data[DATA_SIZE] = { 0 };
	char path[64];
	int fd;

	if (argc < 3 || (argc > 3 && parse(argv[3], data) < 0))
		return 2;
	snprintf(path, sizeof(path), "/dev/%s", argv[1]);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return say_errno("open");
	if (!strcmp(argv[2], "open")) {
		printf("open%s\n", fcntl(fd, F_GETFD) & FD_CLOEXEC ? "" : " without close-on-exec");
		return EXIT_SUCCESS;
	}
	if (!strcmp(argv[2], "key"))
		return snp_key(fd);
	return strcmp(argv[1], "sev-guest") ? tdx_report(fd, data) : snp_report(fd, data);
}
