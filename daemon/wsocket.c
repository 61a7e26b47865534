// SPDX-License-Identifier: GPL-2.0-or-later
/* The sockets of single containers, in the file system. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "util.h"
#include "wsocket.h"

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int wsocket_open(const char *run_dir)
{
	CLEANUP(closep) int fd = open(run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int dir_fd;

	if (fd < 0)
		return -errno;
	/* Names are no secret, but nobody needs the list. */
	if (mkdirat(fd, WSOCKET_SUBDIR, 0711) < 0 && errno != EEXIST)
		return -errno;
	if (fchmodat(fd, WSOCKET_SUBDIR, 0711, 0) < 0)
		return -errno;
	dir_fd = openat(fd, WSOCKET_SUBDIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir_fd < 0 ? -errno : dir_fd;
}

/* A path that is short enough for an address, whatever the id. */
static int listen_in(int dir_fd, int *ret_fd)
{
	CLEANUP(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" WSOCKET_NAME, dir_fd);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fchmodat(dir_fd, WSOCKET_NAME, 0666, 0) < 0 || listen(fd, SOMAXCONN) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

int wsocket_make(int dir_fd, const char *id, bool all, int *ret_fd)
{
	CLEANUP(closep) int fd = -1;
	int r;

	wsocket_remove(dir_fd, id);
	if (mkdirat(dir_fd, id, 0700) < 0)
		return -errno;
	fd = openat(dir_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = fd < 0 || (all && fchmod(fd, 0711) < 0) ? -errno : listen_in(fd, ret_fd);
	if (r < 0)
		wsocket_remove(dir_fd, id);
	return r;
}

void wsocket_remove(int dir_fd, const char *id)
{
	CLEANUP(closep) int fd = openat(dir_fd, id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	unlinkat(fd, WSOCKET_NAME, 0);
	unlinkat(dir_fd, id, AT_REMOVEDIR);
}

void wsocket_sweep(int dir_fd, bool (*wanted)(const char *id, void *userdata), void *userdata)
{
	CLEANUP(closep) int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(closedirp) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return;
	take_fd(&fd);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !wanted(entry->d_name, userdata))
			wsocket_remove(dir_fd, entry->d_name);
}
