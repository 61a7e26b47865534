// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A uid of 0 is not enough: root of a container that has no user namespace of its own has it, too.
 * So whoever connected must, beside it, be in the namespaces that teegated itself is in - those of
 * the user, of pids and of cgroups, which are the initial ones, since the module serves nobody else
 * - and have CAP_SYS_ADMIN there, by which the module knows its administrator. A container that
 * shares all three namespaces and has that capability is a part of the system (design, section 2).
 *
 * The mount namespace does not count: services of the system have their own, teegated, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>

#include "administrator.h"
#include "util.h"

static bool refuse(char *why, size_t size, const char *reason)
{
	why[0] = '\0';
	text_add(why, size, "%s", reason);
	return false;
}

/* 1: the same; 0: another. */
static int same_namespace(int proc_fd, const char *name)
{
	struct stat theirs, ours;
	char path[64];

	snprintf(path, sizeof(path), "ns/%s", name);
	if (fstatat(proc_fd, path, &theirs, 0) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	if (stat(path, &ours) < 0)
		return -errno;
	return theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
}

static int effective_capabilities(int proc_fd, uint64_t *ret)
{
	char text[64];
	int r = peer_status_line(proc_fd, "CapEff", text, sizeof(text));

	if (r >= 0)
		*ret = strtoull(text, NULL, 16);
	return r;
}

bool peer_is_administrator(const struct peer *peer, char *why, size_t size)
{
	static const char *const namespaces[] = { "user", "pid", "cgroup" };
	uint64_t capabilities;

	if (peer->uid != 0)
		return refuse(why, size, "only root may do that");
	if (peer->proc_fd < 0)
		return refuse(why, size, peer->nameless);
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		int same = same_namespace(peer->proc_fd, namespaces[i]);

		if (same < 0)
			return refuse(why, size, "teegated could not look at the process that connected");
		if (same == 0) {
			why[0] = '\0';
			text_add(why, size, "only root of the system may do that, and this process has a %s namespace of its own",
				 namespaces[i]);
			return false;
		}
	}
	if (effective_capabilities(peer->proc_fd, &capabilities) < 0)
		return refuse(why, size, "teegated could not look at the process that connected");
	if (!(capabilities & (UINT64_C(1) << CAP_SYS_ADMIN)))
		return refuse(why, size, "only root of the system may do that, and this process lacks CAP_SYS_ADMIN");
	/* All of this was about the process that connected, if that is still there. */
	if (peer_pidfd_alive(peer->pidfd) < 0)
		return refuse(why, size, "the process that connected has exited");
	return true;
}
