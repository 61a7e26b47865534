// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The image is a stranger's, and may have symbolic links to anywhere: its path is resolved as if its root
 * were ours, once, and what is found is mounted on by descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "mount.h"
#include "oci.h"
#include "util.h"

static int open_root(const char *bundle, const char *root)
{
	CLEANUP(closep) int bundle_fd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (bundle_fd < 0)
		return -errno;
	fd = openat(bundle_fd, root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_target(int root_fd, const char *at)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	CLEANUP(closep) int fd = (int)syscall(SYS_openat2, root_fd, at, &how, sizeof(how));
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISSOCK(st.st_mode) ? take_fd(&fd) : -ENOTSOCK;
}

int mount_own_socket(const char *bundle, const char *root, const char *at, const char *id)
{
	CLEANUP(closep) int root_fd = open_root(bundle, root), target = -1, tree = -1;
	CLEANUP(freep) char *source = NULL;

	if (root_fd < 0)
		return root_fd;
	if (asprintf(&source, OCI_RUN_DIR "/workloads/%s/broker.sock", id) < 0)
		return -ENOMEM;
	tree = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	if (tree < 0)
		return -errno;
	target = open_target(root_fd, at);
	if (target < 0)
		return target;
	if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -errno;
	return 0;
}
