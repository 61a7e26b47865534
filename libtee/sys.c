// SPDX-License-Identifier: LGPL-2.1-or-later
/* The system calls that reach the kernel module, together so that tests can stand in for it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "context.h"

/* What the kernel calls the file of a lease. No path can look like it: those begin with a slash. */
#define LEASE_LINK "anon_inode:[teegate]"

static int sys_open(const char *path)
{
	struct stat st;
	int fd, error;

	/* Neither a FIFO nor a terminal in the device's place may hold us up or hold on to us. */
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		error = -errno;
	else if (!S_ISCHR(st.st_mode))
		error = -ENODEV;
	else
		return fd;
	close(fd);
	return error;
}

static int sys_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

/*
 * An ioctl number alone proves nothing: another driver may answer to it, and with a descriptor that
 * a parent left behind by accident the question itself might do harm. So the name comes first.
 */
static int sys_is_lease(int fd)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)], link[PATH_MAX];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link));
	if (n != (ssize_t)strlen(LEASE_LINK) || memcmp(link, LEASE_LINK, (size_t)n) != 0)
		return -EBADF;
	return 0;
}

const struct tee_sys tee_sys_linux = {
	.open = sys_open,
	.ioctl = sys_ioctl,
	.is_lease = sys_is_lease,
};
