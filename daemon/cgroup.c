// SPDX-License-Identifier: GPL-2.0-or-later
/* Directories of the cgroup v2 hierarchy. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cgroup.h"
#include "util.h"

#define DEPTH_MAX	2048	/* what fits into a path, and more */

uint64_t cgroup_number(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : st.st_ino;
}

int cgroup_open(int root_fd, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	long fd;

	if (path[0] != '/' || !path[1])
		return -EINVAL;
	fd = syscall(SYS_openat2, root_fd, path + 1, &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

int cgroup_populated(int fd)
{
	CLEANUP(closep) int events_fd = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	char text[256], *line;
	ssize_t n;

	if (events_fd < 0)
		return errno == ENOENT || errno == ENODEV ? 0 : -errno;
	do
		n = read(events_fd, text, sizeof(text) - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ENODEV ? 0 : -errno;
	text[n] = '\0';
	line = strstr(text, "populated ");
	if (!line)
		return -EBADMSG;
	return line[strlen("populated ")] == '1';
}

int cgroup_walk_up(int fd, int root_fd, cgroup_visit_t visit, void *userdata)
{
	CLEANUP(closep) int at = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	uint64_t root = cgroup_number(root_fd);
	int r, next;

	if (at < 0)
		return -errno;
	if (!root)
		return -EBADF;
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		uint64_t number = cgroup_number(at);

		if (!number)
			return -EBADF;
		if (number == root)
			return 0;
		r = visit(number, at, userdata);
		if (r)
			return r;
		next = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (next < 0)
			return -errno;
		close(at);
		at = next;
	}
	return -ELOOP;
}
