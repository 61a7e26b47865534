// SPDX-License-Identifier: GPL-2.0-or-later
/* TDX: /dev/tdx_guest, configfs-tsm and the driver's measurements, see stock.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stock.h"

/* <linux/tdx-guest.h>, which not every C library comes with. */
#define TDREPORT_SIZE 1024

struct tdx_report_req {
	uint8_t reportdata[64];
	uint8_t tdreport[TDREPORT_SIZE];
};

#define TDX_CMD_GET_REPORT0 _IOWR('T', 1, struct tdx_report_req)

int stock_tdreport(int fd, const uint8_t user_data[64], uint8_t tdreport[1024])
{
	struct tdx_report_req asked = { .tdreport = { 0 } };

	memcpy(asked.reportdata, user_data, sizeof(asked.reportdata));
	if (ioctl(fd, TDX_CMD_GET_REPORT0, &asked) < 0)
		return -errno;
	memcpy(tdreport, asked.tdreport, sizeof(asked.tdreport));
	return stock_is_over(tdreport, sizeof(asked.tdreport), user_data);
}

int stock_tdx_report(int fd, const uint8_t user_data[64])
{
	uint8_t tdreport[TDREPORT_SIZE];

	return stock_tdreport(fd, user_data, tdreport);
}

#define CONFIGFS "/sys/kernel/config"

static ssize_t read_quote(const char *dir, uint8_t *quote, size_t size)
{
	char path[128];
	size_t n = 0;
	ssize_t r;
	int fd;

	snprintf(path, sizeof(path), "%s/outblob", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((r = read(fd, quote + n, size - n)) > 0)
		n += (size_t)r;
	r = r < 0 ? -errno : (ssize_t)n;
	close(fd);
	return r;
}

static int write_inblob(const char *dir, const uint8_t user_data[64])
{
	char path[128];
	int fd, r;

	snprintf(path, sizeof(path), "%s/inblob", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = write(fd, user_data, 64) == 64 ? 0 : -errno;
	close(fd);
	return r;
}

ssize_t stock_quote(const char *name, const uint8_t user_data[64], uint8_t *quote, size_t size)
{
	char dir[96];
	ssize_t r;

	if (access(CONFIGFS "/tsm", F_OK))
		mount("configfs", CONFIGFS, "configfs", 0, NULL);
	snprintf(dir, sizeof(dir), CONFIGFS "/tsm/report/%s", name);
	if (mkdir(dir, 0700))
		return -errno;
	r = write_inblob(dir, user_data);
	if (!r)
		r = read_quote(dir, quote, size);
	rmdir(dir);
	return r < 0 ? r : stock_is_over(quote, (uint32_t)r, user_data) ? -EPROTO : r;
}

/* Documentation/ABI/testing/sysfs-devices-virtual-misc-tdx_guest */
#define MEASUREMENTS "/sys/devices/virtual/misc/tdx_guest/measurements"

static int register_open(unsigned int index, int mode)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), MEASUREMENTS "/rtmr%u:sha384", index);
	fd = open(path, mode | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int stock_extend(unsigned int index, const uint8_t digest[48])
{
	int fd = register_open(index, O_WRONLY), r;

	if (fd < 0)
		return fd;
	r = write(fd, digest, 48) == 48 ? 0 : -errno;
	close(fd);
	return r;
}

int stock_register(unsigned int index, uint8_t digest[48])
{
	int fd = register_open(index, O_RDONLY), r;

	if (fd < 0)
		return fd;
	r = read(fd, digest, 48) == 48 ? 0 : -errno;
	close(fd);
	return r;
}

bool stock_extends(void)
{
	return access(MEASUREMENTS, F_OK) == 0;
}
