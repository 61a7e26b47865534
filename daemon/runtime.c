// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may say what about a container.
 *
 * The initial root may speak for all. User N may speak for a process that is his own, by its uid or
 * because a user namespace of his is around it, in a cgroup that was delegated to him. Either of the
 * two alone would do against most; together they also hold where root starts a process of N in a
 * cgroup of somebody else, or leaves a directory of N's where another lives.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "administrator.h"
#include "cgroup.h"
#include "runtime.h"
#include "util.h"

#define USER_NAMESPACES_MAX	32	/* the kernel's own bound of nesting */

static int PRINTF(2, 3) refuse(char reason[RUNTIME_REASON_SIZE], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(reason, RUNTIME_REASON_SIZE, format, ap);
	va_end(ap);
	return -EPERM;
}

/* What is read of a descriptor could be made up by files of other kinds; the name of this kind cannot. */
static bool is_pidfd(int fd)
{
	char path[64], name[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, name, sizeof(name) - 1);
	if (n < 0)
		return false;
	name[n] = '\0';
	return !strcmp(name, "anon_inode:[pidfd]") || !strncmp(name, "pidfd:[", strlen("pidfd:["));
}

int runtime_process(int pidfd, int cgroups_fd, struct peer **ret)
{
	CLEANUP(closep) int owned = pidfd;
	CLEANUP(peer_unrefp) struct peer *peer = NULL;
	pid_t pid;
	int r;

	if (!is_pidfd(owned))
		return -EBADF;
	r = peer_pid_of(owned, &pid);
	if (r >= 0)
		r = peer_identify_pid(pid, cgroups_fd, &peer);
	/* It lives, so the number was its own all the while. */
	if (r >= 0)
		r = peer_pidfd_alive(owned);
	if (r < 0)
		return r;
	*ret = take_pointer(&peer);
	return 0;
}

int runtime_voucher(const struct peer *peer, struct voucher *ret, char reason[RUNTIME_REASON_SIZE])
{
	char why[RUNTIME_REASON_SIZE - 64];

	if (peer->proc_fd < 0)
		return refuse(reason, "%s", *peer->nameless ? peer->nameless : "teegated could not look at it");
	if (peer->uid != 0) {
		*ret = (struct voucher){ .uid = peer->uid };
		return 0;
	}
	if (!peer_is_administrator(peer, why, sizeof(why)))
		return refuse(reason, "the runtime registers a container, not who is inside: %s", why);
	*ret = (struct voucher){ .root = true };
	return 0;
}

bool runtime_within(const char *path, const char *other)
{
	size_t len = strlen(other);

	return !strncmp(path, other, len) && (path[len] == '\0' || path[len] == '/');
}

/* First directories of the user, then root's, and no others. */
struct owners {
	uid_t uid;
	bool roots;	/* have come to those of root */
	unsigned int n;
};

static int judge_owner(uint64_t number, int fd, void *userdata)
{
	struct owners *owners = userdata;
	struct stat st;

	(void)number;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid == owners->uid && !owners->roots)
		return owners->n++, 0;
	owners->roots = true;
	return st.st_uid == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH)) ? 0 : 1;
}

int runtime_delegated_to(int fd, int cgroups_fd, uid_t uid)
{
	struct owners owners = { .uid = uid };
	int r = cgroup_walk_up(fd, cgroups_fd, judge_owner, &owners);

	return r < 0 ? r : r == 0 && owners.n > 0;
}

/* 1: @uid made the user namespace that the process lives in, or one around that. */
static int in_namespace_of(int proc_fd, uid_t uid)
{
	CLEANUP(closep) int fd = openat(proc_fd, "ns/user", O_RDONLY | O_CLOEXEC);
	uid_t owner;
	int parent;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	for (int i = 0; i < USER_NAMESPACES_MAX; i++) {
		if (ioctl(fd, NS_GET_OWNER_UID, &owner) < 0)
			return -errno;
		if (owner == uid)
			return 1;
		parent = ioctl(fd, NS_GET_PARENT);
		if (parent < 0)		/* EPERM: that was ours */
			return errno == EPERM ? 0 : -errno;
		close(fd);
		fd = parent;
	}
	return 0;
}

static int process_of(const struct peer *container, uid_t uid)
{
	return container->uid == uid ? 1 : in_namespace_of(container->proc_fd, uid);
}

int runtime_user_may_register(uid_t uid, const struct peer *container, int cgroups_fd,
			      char reason[RUNTIME_REASON_SIZE])
{
	int r;

	r = process_of(container, uid);
	if (r < 0)
		return r;
	if (r == 0)
		return refuse(reason, "process %d is not one of user %u", (int)container->pid, uid);
	r = runtime_delegated_to(container->cgroup_fd, cgroups_fd, uid);
	if (r < 0)
		return r;
	return r > 0 ? 0 : refuse(reason, "its cgroup was not delegated to user %u", uid);
}

int runtime_may_register(const struct voucher *voucher, const struct peer *peer,
			 const struct peer *container, int cgroups_fd,
			 char reason[RUNTIME_REASON_SIZE])
{
	int r = 0;

	if (*container->nameless)
		return refuse(reason, "of the container's first process: %s", container->nameless);
	/* A runtime does not live in the container that it makes. Then there is none, only a shared cgroup. */
	if (!peer->cgroup || runtime_within(peer->cgroup, container->cgroup))
		return refuse(reason, "the container has no cgroup of its own: its runtime is in it, too");
	if (!voucher->root)
		r = runtime_user_may_register(voucher->uid, container, cgroups_fd, reason);
	if (r < 0)
		return r == -ESRCH ? refuse(reason, "the container's first process has exited") : r;
	/* It was the same process in the same cgroup all the while. */
	r = peer_verify(container);
	if (r < 0)
		return refuse(reason, "the container's first process has exited or moved to another cgroup");
	return 0;
}
