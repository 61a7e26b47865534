// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A user of the stock /dev/sev-guest and nothing else: what runs beside teegate in tests, and what
 * shows that the software firmware itself is right. It does not verify signatures; the report it
 * writes is for tests/pki/verify-report-openssl.
 *
 *	snp-stock loop N			N reports, status and report_data checked each time
 *	snp-stock report FILE [-d HEX] [-v VMPL] [-k KEY_SEL]
 *	snp-stock ext FILE CERTS [...]		the same with the certificate table
 *	snp-stock key [-r ROOT] [-f FIELDS] [-v VMPL] [-s SVN] [-t TCB]	prints the key
 *	snp-stock ext-size			prints the pages that the certificate table needs
 *
 * -m VERSION is the message version, -w PATH another device node. Exit status: 0 done, 1 the device
 * said no (on stderr, with errno and the two halves of exitinfo2), 2 bad answer, 64 usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include <linux/sev-guest.h>

#define REPORT_LEN	1184
#define RSP_HEADER	32
#define KEY_LEN		32
#define PAGE_LEN	4096u
#define CERTS_MAX	(4 * PAGE_LEN)

enum { DONE = 0, REFUSED = 1, BAD_ANSWER = 2, USAGE = 64 };

struct options {
	const char *device;
	uint8_t data[64];
	bool have_data;
	uint32_t vmpl, key_sel, root, svn;
	uint8_t msg_version;
	uint64_t fields, tcb;
};

/* The driver's copy of this has the same size; MSG_REPORT_REQ has key_sel after vmpl. */
struct report_req {
	uint8_t data[64];
	uint32_t vmpl;
	uint32_t key_sel;
	uint8_t pad[24];
};

_Static_assert(sizeof(struct report_req) == sizeof(struct snp_report_req), "MSG_REPORT_REQ");

static int request(int fd, const struct options *opt, unsigned long cmd, const char *what,
		   void *req, void *rsp)
{
	struct snp_guest_request_ioctl arg = {
		.msg_version = opt->msg_version,
		.req_data = (uintptr_t)req,
		.resp_data = (uintptr_t)rsp,
	};

	if (ioctl(fd, cmd, &arg) >= 0)
		return 0;
	fprintf(stderr, "%s: errno %d (%s), fw_error %#x, vmm_error %#x\n", what, errno,
		strerror(errno), arg.fw_error, arg.vmm_error);
	return -1;
}

static void fill_request(struct report_req *req, const struct options *opt)
{
	memset(req, 0, sizeof(*req));
	memcpy(req->data, opt->data, sizeof(req->data));
	if (!opt->have_data && getrandom(req->data, sizeof(req->data), 0) != sizeof(req->data))
		perror("getrandom");
	req->vmpl = opt->vmpl;
	req->key_sel = opt->key_sel;
}

static int check_report(const uint8_t *rsp, const struct report_req *req)
{
	uint32_t status, size;

	memcpy(&status, rsp, sizeof(status));
	memcpy(&size, rsp + 4, sizeof(size));
	if (status) {
		fprintf(stderr, "report: firmware status %#x\n", status);
		return REFUSED;
	}
	if (size != REPORT_LEN) {
		fprintf(stderr, "report: size %u\n", size);
		return BAD_ANSWER;
	}
	if (memcmp(rsp + RSP_HEADER + 0x50, req->data, sizeof(req->data))) {
		fprintf(stderr, "report: not our report_data\n");
		return BAD_ANSWER;
	}
	return DONE;
}

static int write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(data, 1, len, f) != len || fclose(f)) {
		perror(path);
		return REFUSED;
	}
	return DONE;
}

static int do_report(int fd, const struct options *opt, const char *path)
{
	struct snp_report_resp rsp = {};
	struct report_req req;
	int r;

	fill_request(&req, opt);
	if (request(fd, opt, SNP_GET_REPORT, "report", &req, &rsp))
		return REFUSED;
	r = check_report(rsp.data, &req);
	if (r == DONE && path)
		r = write_file(path, rsp.data + RSP_HEADER, REPORT_LEN);
	return r;
}

static int do_loop(int fd, const struct options *opt, long n)
{
	long good = 0;
	int r = DONE;

	while (good < n && r == DONE) {
		r = do_report(fd, opt, NULL);
		good += r == DONE;
	}
	printf("%ld of %ld reports\n", good, n);
	return r;
}

static int do_ext(int fd, const struct options *opt, const char *path, const char *certs_path)
{
	static _Alignas(PAGE_LEN) uint8_t certs[CERTS_MAX];
	struct snp_report_resp rsp = {};
	struct snp_ext_report_req ext = { .certs_address = (uintptr_t)certs };
	struct report_req req;
	int r;

	ext.certs_len = sizeof(certs);
	fill_request(&req, opt);
	memcpy(&ext.data, &req, sizeof(req));
	if (request(fd, opt, SNP_GET_EXT_REPORT, "ext", &ext, &rsp))
		return REFUSED;
	r = check_report(rsp.data, &req);
	if (r == DONE)
		r = write_file(path, rsp.data + RSP_HEADER, REPORT_LEN);
	if (r == DONE)
		r = write_file(certs_path, certs, sizeof(certs));
	return r;
}

/* Asks with no room at all; the driver says how much it takes, and the channel stays good. */
static int do_ext_size(int fd, const struct options *opt)
{
	struct snp_ext_report_req ext = {};
	struct snp_report_resp rsp = {};
	struct snp_guest_request_ioctl arg = {
		.msg_version = opt->msg_version,
		.req_data = (uintptr_t)&ext,
		.resp_data = (uintptr_t)&rsp,
	};
	struct report_req req;

	fill_request(&req, opt);
	memcpy(&ext.data, &req, sizeof(req));
	if (ioctl(fd, SNP_GET_EXT_REPORT, &arg) >= 0 || errno != EIO ||
	    arg.vmm_error != SNP_GUEST_VMM_ERR_INVALID_LEN) {
		fprintf(stderr, "ext-size: errno %d, vmm_error %#x\n", errno, arg.vmm_error);
		return REFUSED;
	}
	printf("%u\n", ext.certs_len / PAGE_LEN);
	return DONE;
}

static int do_key(int fd, const struct options *opt)
{
	struct snp_derived_key_req req = {
		.root_key_select = opt->root,
		.guest_field_select = opt->fields,
		.vmpl = opt->vmpl,
		.guest_svn = opt->svn,
		.tcb_version = opt->tcb,
	};
	struct snp_derived_key_resp rsp = {};
	uint32_t status;
	size_t i;

	if (request(fd, opt, SNP_GET_DERIVED_KEY, "key", &req, &rsp))
		return REFUSED;
	memcpy(&status, rsp.data, sizeof(status));
	if (status) {
		fprintf(stderr, "key: firmware status %#x\n", status);
		return REFUSED;
	}
	for (i = 0; i < KEY_LEN; i++)
		printf("%02x", rsp.data[RSP_HEADER + i]);
	printf("\n");
	return DONE;
}

static bool parse_hex(const char *text, uint8_t *out, size_t len)
{
	unsigned int byte;
	size_t i;

	if (strlen(text) > 2 * len || strlen(text) % 2)
		return false;
	for (i = 0; text[2 * i]; i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return false;
		out[i] = (uint8_t)byte;
	}
	return true;
}

static bool parse_options(int argc, char **argv, struct options *opt)
{
	int c;

	while ((c = getopt(argc, argv, "d:v:k:m:r:f:s:t:w:")) != -1) {
		switch (c) {
		case 'd':
			opt->have_data = true;
			if (!parse_hex(optarg, opt->data, sizeof(opt->data)))
				return false;
			break;
		case 'v':
			opt->vmpl = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'k':
			opt->key_sel = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'm':
			opt->msg_version = (uint8_t)strtoul(optarg, NULL, 0);
			break;
		case 'r':
			opt->root = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'f':
			opt->fields = strtoull(optarg, NULL, 0);
			break;
		case 's':
			opt->svn = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 't':
			opt->tcb = strtoull(optarg, NULL, 0);
			break;
		case 'w':
			opt->device = optarg;
			break;
		default:
			return false;
		}
	}
	return true;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: snp-stock loop N | report FILE | ext FILE CERTS | ext-size | key\n"
		"       [-w DEVICE] [-m VERSION] [-d HEX] [-v VMPL] [-k KEY_SEL]\n"
		"       [-r ROOT] [-f FIELDS] [-s SVN] [-t TCB]\n");
	return USAGE;
}

int main(int argc, char **argv)
{
	struct options opt = { .device = "/dev/sev-guest", .msg_version = 1 };
	const char *cmd;
	int fd, n;

	if (!parse_options(argc, argv, &opt) || optind >= argc)
		return usage();
	cmd = argv[optind];
	argv += optind + 1;
	n = argc - optind - 1;
	fd = open(opt.device, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(opt.device);
		return REFUSED;
	}
	if (!strcmp(cmd, "loop") && n == 1)
		return do_loop(fd, &opt, strtol(argv[0], NULL, 0));
	if (!strcmp(cmd, "report") && n == 1)
		return do_report(fd, &opt, argv[0]);
	if (!strcmp(cmd, "ext") && n == 2)
		return do_ext(fd, &opt, argv[0], argv[1]);
	if (!strcmp(cmd, "ext-size") && !n)
		return do_ext_size(fd, &opt);
	if (!strcmp(cmd, "key") && !n)
		return do_key(fd, &opt);
	return usage();
}
