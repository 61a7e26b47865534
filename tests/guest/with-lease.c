// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Starts a program as a workload, with a lease, where no teegated runs: for guests of the lab that
 * have no systemd.
 *
 *	with-lease [--stray] NAME UID CGROUP PROGRAM [ARGUMENT...]
 *
 * As root it makes a lease that allows bound reports, whose claims name NAME, UID and CGROUP, and
 * which is pinned to that user and to that cgroup, a new one below /sys/fs/cgroup. Then it enters
 * the cgroup, gives up everything that root has, and becomes PROGRAM, with the lease in
 * $TEE_LEASE_FD and nothing else open. With --stray it stays out of the cgroup: a neighbour that got
 * hold of the lease.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/teegate.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence.h"

#define CGROUPS "/sys/fs/cgroup"

static void die(const char *what)
{
	fprintf(stderr, "with-lease: %s: %s\n", what, strerror(errno));
	exit(70);
}

static void make_claims(int session, const char *name, uid_t uid, const char *cgroup,
			uint8_t **ret, size_t *ret_len)
{
	struct teegate_get_info info = { .size = sizeof(info) };
	struct ev_claims claims = {
		.workload = name,
		.has_uid = true,
		.uid = uid,
		.cgroup = { (const uint8_t *)cgroup, strlen(cgroup) },
	};
	int r;

	if (ioctl(session, TEEGATE_GET_INFO, &info) < 0)
		die("GET_INFO");
	if (info.taint)
		claims.taint = "software firmware";
	r = ev_claims_encode(&claims, ret, ret_len);
	if (r < 0) {
		errno = -r;
		die("claims");
	}
}

/* Pinned, so that it is worth nothing outside of this cgroup and to other users. */
static int make_lease(const char *name, uid_t uid, const char *cgroup, int cgroup_fd)
{
	int session = open(TEEGATE_DEVICE, O_RDWR | O_CLOEXEC);
	struct teegate_create_lease lease = {
		.size = sizeof(lease),
		.flags = TEEGATE_LEASE_PIN_UID,
		.ops = TEEGATE_OP_REPORT,
		.cgroup_fd = cgroup_fd,
		.uid = uid,
	};
	uint8_t *claims;
	size_t len;

	if (session < 0)
		die(TEEGATE_DEVICE);
	make_claims(session, name, uid, cgroup, &claims, &len);
	lease.claims = (uintptr_t)claims;
	lease.claims_len = (uint32_t)len;
	if (ioctl(session, TEEGATE_CREATE_LEASE, &lease) < 0)
		die("CREATE_LEASE");
	free(claims);
	close(session);
	return lease.lease_fd;
}

static int make_cgroup(const char *name)
{
	int all = open(CGROUPS, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (all < 0 || (mkdirat(all, name, 0755) < 0 && errno != EEXIST))
		die(name);
	fd = openat(all, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		die(name);
	close(all);
	return fd;
}

static void enter(int cgroup)
{
	int procs = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	if (procs < 0 || write(procs, "0", 1) != 1)
		die("cgroup.procs");
	close(procs);
}

/* No way back, no network, no other process's memory or messages. */
static void give_up_root(uid_t uid)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die("giving up root");
}

int main(int argc, char **argv)
{
	bool stray = argc > 1 && !strcmp(argv[1], "--stray");
	char **arg = argv + 1 + stray, path[256], number[16];
	int cgroup, lease;
	uid_t uid;

	if (argc - 1 - stray < 4) {
		fputs("usage: with-lease [--stray] NAME UID CGROUP PROGRAM [ARGUMENT...]\n", stderr);
		return 64;
	}
	uid = (uid_t)strtoul(arg[1], NULL, 10);
	cgroup = make_cgroup(arg[2]);
	snprintf(path, sizeof(path), "/%s", arg[2]);
	lease = make_lease(arg[0], uid, path, cgroup);
	if (!stray)
		enter(cgroup);
	give_up_root(uid);
	snprintf(number, sizeof(number), "%d", lease);
	if (setenv("TEE_LEASE_FD", number, 1) < 0 || fcntl(lease, F_SETFD, 0) < 0)
		die("the lease");
	execv(arg[3], arg + 3);
	die(arg[3]);
}
