// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A user of the stock TDX driver, to test the software firmware through it: the ioctl of
 * /dev/tdx_guest and the report files of configfs-tsm. And of the firmware's own file for tdcall.
 * It knows nothing of teegate. Run without arguments for its commands.
 *
 * Exit status: 0 good, 1 the driver said no (errno on stderr), 2 the answer is not as asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/tdx-guest.h>

#define ENTRY		"/sys/kernel/config/tsm/report/tdx-stock"
#define TDCALL		"/sys/kernel/debug/teegate-softfw/tdcall"
#define QUOTE_MAX	(128 * 1024)
#define DATA_LEN	TDX_REPORTDATA_LEN

/* Where report_data is. */
#define IN_REPORT	128
#define IN_QUOTE_V4	(48 + 520)
#define IN_QUOTE_V5	(48 + 6 + 520)

static int no(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

static int bad(const char *what)
{
	fprintf(stderr, "%s\n", what);
	return 2;
}

/* HEX, padded with zeros; random without it. */
static int parse_data(const char *hex, uint8_t data[DATA_LEN])
{
	size_t i, len = hex ? strlen(hex) : 0;

	memset(data, 0, DATA_LEN);
	if (!hex)
		return getrandom(data, DATA_LEN, 0) == DATA_LEN ? 0 : no("random");
	if (len % 2 || len > 2 * DATA_LEN)
		return bad("report data must be hex, at most 64 bytes");
	for (i = 0; i < len / 2; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &data[i]) != 1)
			return bad("report data must be hex");
	return 0;
}

static int store(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "wbe");
	bool good = file && fwrite(data, 1, len, file) == len;

	return (!file || !fclose(file)) && good ? 0 : no(path);
}

static int report(const char *path, const char *hex)
{
	struct tdx_report_req req;
	int fd, r;

	r = parse_data(hex, req.reportdata);
	if (r)
		return r;
	fd = open("/dev/tdx_guest", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return no("/dev/tdx_guest");
	r = ioctl(fd, TDX_CMD_GET_REPORT0, &req);
	if (r) {
		r = no("TDX_CMD_GET_REPORT0");
		close(fd);
		return r;
	}
	close(fd);
	if (memcmp(req.tdreport + IN_REPORT, req.reportdata, DATA_LEN))
		return bad("not our report_data");
	return store(path, req.tdreport, sizeof(req.tdreport));
}

static int put_inblob(const uint8_t data[DATA_LEN])
{
	int fd = open(ENTRY "/inblob", O_WRONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return no("inblob");
	r = write(fd, data, DATA_LEN) == DATA_LEN ? 0 : no("inblob");
	close(fd);
	return r;
}

static int get_outblob(uint8_t *quote, size_t *ret_len)
{
	int fd = open(ENTRY "/outblob", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return no("outblob");
	*ret_len = 0;
	do {
		n = read(fd, quote + *ret_len, QUOTE_MAX - *ret_len);
		if (n > 0)
			*ret_len += (size_t)n;
	} while (n > 0);
	close(fd);
	return n ? no("outblob") : 0;
}

static int check_quote(const uint8_t *quote, size_t len, const uint8_t data[DATA_LEN])
{
	size_t at = len && quote[0] == 5 ? IN_QUOTE_V5 : IN_QUOTE_V4;

	if (!len)
		return bad("empty quote");
	if (len < 1020)
		return bad("short quote");
	return memcmp(quote + at, data, DATA_LEN) ? bad("not our report_data") : 0;
}

static int quote_once(const char *path, const char *hex)
{
	static uint8_t quote[QUOTE_MAX];
	uint8_t data[DATA_LEN];
	size_t len;
	int r;

	r = parse_data(hex, data);
	if (!r)
		r = put_inblob(data);
	if (!r)
		r = get_outblob(quote, &len);
	if (!r && path)
		r = store(path, quote, len);
	return r ? r : check_quote(quote, len, data);
}

static int quotes(const char *path, const char *hex, unsigned long count)
{
	int r = 0;

	if (mkdir(ENTRY, 0700) && errno != EEXIST)
		return no(ENTRY);
	while (count-- && !r)
		r = quote_once(path, hex);
	rmdir(ENTRY);
	return r;
}

static int tdcall(const char *numbers)
{
	char answer[64];
	ssize_t n;
	int fd;

	fd = open(TDCALL, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return no(TDCALL);
	if (write(fd, numbers, strlen(numbers)) < 0)
		return no("tdcall");
	n = read(fd, answer, sizeof(answer));
	close(fd);
	if (n <= 0)
		return no("tdcall");
	return fwrite(answer, 1, (size_t)n, stdout) == (size_t)n ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	const char *a = argc > 2 ? argv[2] : NULL, *b = argc > 3 ? argv[3] : NULL;

	if (!strcmp(command, "report") && a)
		return report(a, b);
	if (!strcmp(command, "quote") && a)
		return quotes(a, b, 1);
	if (!strcmp(command, "loop") && a)
		return quotes(NULL, NULL, strtoul(a, NULL, 10));
	if (!strcmp(command, "tdcall") && a)
		return tdcall(a);
	fputs("usage: tdx-stock report FILE [HEX]	a TDREPORT on this report_data\n"
	      "       tdx-stock quote FILE [HEX]	a quote\n"
	      "       tdx-stock loop COUNT		quotes, one after the other\n"
	      "       tdx-stock tdcall 'RAX RCX RDX R8 R10 R11 R12 R13'\n", stderr);
	return 64;
}
