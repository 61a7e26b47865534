// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Identity.
 *
 * SO_PEERPIDFD names the process that connected, and keeps naming it: a PID would name whoever has
 * the number when we look. Everything is read through /proc/PID while the pidfd says that the
 * process lives, before and after, so it cannot have become another process in between. The uid is
 * SO_PEERCRED's: the kernel kept it at connect() and translates it to the initial user namespace,
 * where teegated runs. The unit is what place.c finds in the cgroup path, if each directory above
 * the unit's belongs to root: then only the system manager can have put it there.
 *
 * What the LSM calls the process and which file it runs may change when it executes another
 * program, so both are worth something only together with the pin on the lease, or for as long as
 * peer_verify_pins() finds them unchanged. Nothing here waits for a file system of the client's
 * own.
 *
 * The two readings of the cgroup around opening its directory are enough: a cgroup with a process
 * in it cannot be removed, so the directory is either the peer's or one that has died, and a lease
 * that is pinned to a dead cgroup is ESTALE.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "peer.h"
#include "traits.h"
#include "util.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD	77
#endif

/* Linux 6.13 */
#define PIDFD_GET_INFO_VER0	_IOWR(0xFF, 11, struct pidfd_info_ver0)
#define PIDFD_INFO_HAS_PID	(1U << 0)
#define PIDFD_INFO_HAS_CGROUP	(1U << 2)

struct pidfd_info_ver0 {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};

#define CGROUP_TEXT_MAX	16384	/* of /proc/PID/cgroup; a v2 path alone is at most 4096 */

/*
 * The process that connected. -ESRCH: it has exited, and was reaped; -ENOTCONN: the socket has no peer that
 * the kernel could name; -EOPNOTSUPP: the kernel is too old to tell.
 */
static int peer_pidfd(int socket_fd)
{
	socklen_t len = sizeof(int);
	int pidfd = -1;

	if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len) >= 0)
		return pidfd;
	switch (errno) {
	case ENOPROTOOPT:
		return -EOPNOTSUPP;
	case ENODATA:
		return -ENOTCONN;
	case EINVAL:	/* before 6.16 */
		return -ESRCH;
	default:
		return -errno;
	}
}

int peer_supported(void)
{
	CLEANUP(closep) int pidfd = -1;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pidfd = peer_pidfd(pair[0]);
	close(pair[0]);
	close(pair[1]);
	return pidfd < 0 ? pidfd : 0;
}

int peer_open_cgroups(void)
{
	CLEANUP(closep) int fd = -1;
	struct statfs fs;

	fd = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return -EOPNOTSUPP;
	return take_fd(&fd);
}

/* 0 while the process lives, -ESRCH once it has exited, reaped or not. */
int peer_pidfd_alive(int pidfd)
{
	struct pollfd pollfd = { .fd = pidfd, .events = POLLIN };
	int n;

	do
		n = poll(&pollfd, 1, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == 0 ? 0 : -ESRCH;
}

/* A file of procfs; -E2BIG from @size bytes on, so nothing is judged by its beginning. */
static int read_text(int dir_fd, const char *name, char *buf, size_t size)
{
	CLEANUP(closep) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	for (;;) {
		n = read(fd, buf + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
		if (used == size)
			return -E2BIG;
	}
	buf[used] = '\0';
	return memchr(buf, 0, used) ? -EBADMSG : 0;
}

static int pid_by_fdinfo(int pidfd, pid_t *ret)
{
	char path[64], text[4096];
	const char *line;
	long pid;
	int r;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	r = read_text(AT_FDCWD, path, text, sizeof(text));
	if (r < 0)
		return r;
	line = strstr(text, "\nPid:");
	if (!line)
		return -EBADMSG;
	pid = strtol(line + 5, NULL, 10);
	if (pid < 0)
		return -ESRCH;
	if (pid == 0)	/* lives in a pid namespace that is not below ours */
		return -EXDEV;
	*ret = (pid_t)pid;
	return 0;
}

/* 1: the kernel told all in one call; 0: it is too old for that. */
static int get_info(int pidfd, struct pidfd_info_ver0 *ret)
{
	const uint64_t wanted = PIDFD_INFO_HAS_PID | PIDFD_INFO_HAS_CGROUP;
	struct pidfd_info_ver0 info = { .mask = wanted };
	int r;

	if (ioctl(pidfd, PIDFD_GET_INFO_VER0, &info) < 0) {
		if (errno == ENOTTY || errno == EINVAL)
			return 0;
		if (errno != ESRCH && errno != EREMOTE)
			return -errno;
		r = peer_pidfd_alive(pidfd);
		return r < 0 ? r : -EXDEV;	/* alive, but without a number for us */
	}
	if ((info.mask & wanted) != wanted)
		return 0;
	*ret = info;
	return 1;
}

int peer_pid_of(int pidfd, pid_t *ret)
{
	struct pidfd_info_ver0 info;
	int r = get_info(pidfd, &info);

	if (r <= 0)
		return r < 0 ? r : pid_by_fdinfo(pidfd, ret);
	*ret = (pid_t)info.tgid;
	return 0;
}

static int open_proc(int pidfd, pid_t pid)
{
	CLEANUP(closep) int fd = -1;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/* Alive now, so the PID was its own when the directory was opened. */
	r = peer_pidfd_alive(pidfd);
	return r < 0 ? r : take_fd(&fd);
}

/* The path in the v2 hierarchy ("0::"), which exists exactly once. */
static int read_cgroup(int proc_fd, char **ret)
{
	CLEANUP(freep) char *text = malloc(CGROUP_TEXT_MAX);
	char *path;
	int r;

	if (!text)
		return -ENOMEM;
	r = read_text(proc_fd, "cgroup", text, CGROUP_TEXT_MAX);
	if (r < 0)
		return r;
	for (char *line = text, *next; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (strncmp(line, "0::", 3) != 0)
			continue;
		path = strdup(line + 3);
		if (!path)
			return -ENOMEM;
		*ret = path;
		return 0;
	}
	return -ENODATA;
}

/* 0, or -EXDEV when the process lives in a cgroup for which @fits says no. */
static int check_cgroup(int pidfd, int proc_fd, bool (*fits)(const char *cgroup, const char *expected),
			const char *expected)
{
	CLEANUP(freep) char *cgroup = NULL;
	int r;

	r = peer_pidfd_alive(pidfd);
	if (r < 0)
		return r;
	r = read_cgroup(proc_fd, &cgroup);
	if (r < 0)
		return r;
	r = peer_pidfd_alive(pidfd);
	if (r < 0)
		return r;
	return fits(cgroup, expected) ? 0 : -EXDEV;
}

static bool is_same(const char *cgroup, const char *expected)
{
	return !strcmp(cgroup, expected);
}

static bool is_within(const char *cgroup, const char *top)
{
	size_t len = strlen(top);

	return !strncmp(cgroup, top, len) && (cgroup[len] == '\0' || cgroup[len] == '/');
}

int peer_verify(const struct peer *peer)
{
	struct pidfd_info_ver0 info;
	int r = get_info(peer->pidfd, &info);

	if (r <= 0)
		return r < 0 ? r : check_cgroup(peer->pidfd, peer->proc_fd, is_same, peer->cgroup);
	if (info.cgroupid != peer->cgroup_id)
		return -EXDEV;
	/* Of a process that has exited but waits for its parent, the kernel still tells. */
	return peer_pidfd_alive(peer->pidfd);
}

FILE *peer_open_members(int cgroup_fd)
{
	CLEANUP(closep) int fd = openat(cgroup_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "re");

	if (file)
		take_fd(&fd);
	return file;
}

int peer_open_member(const struct peer *peer, pid_t pid, int *ret_pidfd, int *ret_proc_fd)
{
	CLEANUP(closep) int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), proc_fd = -1;
	int r;

	if (pidfd < 0)
		return -errno;
	proc_fd = open_proc(pidfd, pid);
	if (proc_fd < 0)
		return proc_fd;
	r = check_cgroup(pidfd, proc_fd, is_within, peer->cgroup);
	if (r < 0)
		return r;
	*ret_pidfd = take_fd(&pidfd);
	*ret_proc_fd = take_fd(&proc_fd);
	return 0;
}

static int open_beneath(int dir_fd, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	long fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* 1: only root can make and remove what is in this directory. */
static int roots_own(int dir_fd)
{
	struct stat st;

	if (fstat(dir_fd, &st) < 0)
		return -errno;
	return st.st_uid == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static int number_of(int dir_fd, uint64_t *ret)
{
	struct stat st;

	if (fstat(dir_fd, &st) < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Attributes in "trusted." need CAP_SYS_ADMIN: no unit can give itself another's invocation id. */
static void read_instance(struct peer *peer, int unit_fd)
{
	char hex[2 * PEER_INSTANCE_SIZE + 1];
	ssize_t n = fgetxattr(unit_fd, "trusted.invocation_id", hex, sizeof(hex));

	if (n != 2 * PEER_INSTANCE_SIZE)
		return;
	for (size_t i = 0; i < PEER_INSTANCE_SIZE; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return;
		peer->instance[i] = (unsigned char)(high << 4 | low);
	}
	peer->has_instance = true;
}

/*
 * Opens the peer's own directory, one step at a time. The directories above the unit's must be
 * root's; the unit's own may belong to the user it was delegated to, and then what is below it was
 * named by others.
 */
static int walk(struct peer *peer, int cgroups_fd)
{
	CLEANUP(freep) char *copy = strdup(peer->cgroup);
	CLEANUP(closep) int fd = fcntl(cgroups_fd, F_DUPFD_CLOEXEC, 3);
	bool roots = true;
	char *save = NULL;
	int next, r;

	if (!copy)
		return -ENOMEM;
	if (fd < 0)
		return -errno;
	for (char *name = strtok_r(copy, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
		size_t end = (size_t)(name + strlen(name) - copy);

		r = roots_own(fd);
		if (r < 0)
			return r;
		roots = roots && r > 0;
		if (!roots && end <= peer->place.unit_path_len)
			return -EPERM;
		next = open_beneath(fd, name);
		if (next < 0)
			return next;
		close(fd);
		fd = next;
		if (roots)
			peer->cgroup_roots = end;
		if (end != peer->place.unit_path_len)
			continue;
		if (peer->place.kind == PLACE_UNIT)
			read_instance(peer, fd);
		r = number_of(fd, &peer->workload);
		if (r < 0)
			return r;
	}
	r = number_of(fd, &peer->cgroup_id);
	peer->cgroup_fd = take_fd(&fd);
	return r;
}

static void PRINTF(2, 3) set_nameless(struct peer *peer, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(peer->nameless, sizeof(peer->nameless), format, ap);
	va_end(ap);
}

static const char *place_reason(enum place_kind kind)
{
	switch (kind) {
	case PLACE_ROOT:
		return "it runs in the root cgroup";
	case PLACE_SLICE:
		return "it runs directly in a slice";
	case PLACE_SESSION:
		return "it runs in a login session, whose cgroup it shares with everything else there";
	default:
		return NULL;
	}
}

/*
 * A threaded cgroup holds threads, not processes, and shares its domain with cgroups that may
 * belong to others: the kernel's pin compares domains and would refuse it anyway.
 */
static int check_type(struct peer *peer)
{
	char type[64];
	int r;

	r = read_text(peer->cgroup_fd, "cgroup.type", type, sizeof(type));
	if (r < 0)
		return r;
	if (strcmp(type, "domain\n") && strcmp(type, "domain threaded\n"))
		set_nameless(peer, "its cgroup is \"%.*s\", not a domain", (int)strcspn(type, "\n"), type);
	return 0;
}

static int locate(struct peer *peer, int cgroups_fd)
{
	const char *reason;
	int r;

	r = read_cgroup(peer->proc_fd, &peer->cgroup);
	if (r < 0)
		return r;
	r = place_parse(peer->cgroup, &peer->place);
	if (r < 0) {
		set_nameless(peer, "its cgroup is deleted or outside the namespace of teegated");
		return 0;
	}
	reason = place_reason(peer->place.kind);
	if (reason) {
		set_nameless(peer, "%s; start it as a system service or in a container with a cgroup of its own",
			     reason);
		return 0;
	}
	r = walk(peer, cgroups_fd);
	if (r == -EPERM) {
		set_nameless(peer, "a directory above its unit's cgroup does not belong to root");
		return 0;
	}
	if (r < 0)
		return r;
	r = check_type(peer);
	return r < 0 ? r : peer_verify(peer);
}

int peer_verify_pins(const struct peer *peer, bool label, bool exe)
{
	if (label && !traits_label_is(peer->proc_fd, peer->label))
		return -EKEYREJECTED;
	if (exe && !traits_exe_is(peer->proc_fd, peer->exe_fd))
		return -ETXTBSY;
	return peer_verify(peer);
}

static bool out_of_resources(int error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

/* What there is to know of the process that @peer->pidfd holds. @socket_fd: -1 for none. */
static int examine(struct peer *peer, int socket_fd, int cgroups_fd)
{
	int r;

	r = peer_pid_of(peer->pidfd, &peer->pid);
	if (r < 0)
		return r;
	peer->proc_fd = open_proc(peer->pidfd, peer->pid);
	if (peer->proc_fd < 0)
		return peer->proc_fd;
	traits_label(peer->proc_fd, socket_fd, peer->label);
	r = traits_exe(peer->proc_fd, &peer->exe, &peer->exe_fd);
	return r < 0 ? r : locate(peer, cgroups_fd);
}

static int identify(struct peer *peer, int socket_fd, int cgroups_fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	peer->uid = cred.uid;
	peer->pidfd = peer_pidfd(socket_fd);
	if (peer->pidfd < 0)
		return peer->pidfd;
	return examine(peer, socket_fd, cgroups_fd);
}

int peer_status_line(int proc_fd, const char *key, char *value, size_t size)
{
	CLEANUP(closep) int fd = openat(proc_fd, "status", O_RDONLY | O_CLOEXEC);
	CLEANUP(fclosep) FILE *file = fd < 0 ? NULL : fdopen(fd, "re");
	CLEANUP(freep) char *line = NULL;
	size_t room = 0, len = strlen(key);

	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;
	take_fd(&fd);
	while (getline(&line, &room, file) >= 0) {
		if (strncmp(line, key, len) || line[len] != ':')
			continue;
		snprintf(value, size, "%s", line + len + 1);
		return 0;
	}
	return ferror(file) ? -errno : -EBADMSG;
}

/* The effective user id, which a socket would have shown. */
static int identify_pid(struct peer *peer, pid_t pid, int cgroups_fd)
{
	char uids[64];
	int r;

	peer->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (peer->pidfd < 0)
		return -errno;
	r = examine(peer, -1, cgroups_fd);
	if (r < 0)
		return r;
	r = peer_status_line(peer->proc_fd, "Uid", uids, sizeof(uids));
	if (r < 0)
		return r;
	if (sscanf(uids, "%*u %u", &peer->uid) != 1)
		return -EBADMSG;
	return peer_pidfd_alive(peer->pidfd);
}

static void explain(struct peer *peer, int error)
{
	switch (error) {
	case -ESRCH:
		set_nameless(peer, "the process that connected has exited");
		break;
	case -EXDEV:
		set_nameless(peer, "it changed its cgroup or pid namespace while it connected");
		break;
	case -ENOTCONN:
		set_nameless(peer, "its socket has no other end that the kernel could name");
		break;
	case -EOPNOTSUPP:
		set_nameless(peer, "the kernel is too old to tell which process connected");
		break;
	default:
		set_nameless(peer, "teegated could not look at it: %s", strerror(-error));
	}
}

static struct peer *peer_new(void)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	atomic_init(&peer->refs, 1);
	peer->pidfd = peer->proc_fd = peer->cgroup_fd = peer->exe_fd = -1;
	peer->uid = (uid_t)-1;
	memcpy(peer->place.account, "(nameless)", sizeof("(nameless)"));
	return peer;
}

int peer_identify(int socket_fd, int cgroups_fd, struct peer **ret)
{
	CLEANUP(peer_unrefp) struct peer *peer = peer_new();
	int r;

	if (!peer)
		return -ENOMEM;
	r = identify(peer, socket_fd, cgroups_fd);
	if (out_of_resources(r))
		return r;
	if (r < 0)
		explain(peer, r);
	*ret = take_pointer(&peer);
	return 0;
}

int peer_identify_pid(pid_t pid, int cgroups_fd, struct peer **ret)
{
	CLEANUP(peer_unrefp) struct peer *peer = peer_new();
	int r;

	if (!peer)
		return -ENOMEM;
	r = identify_pid(peer, pid, cgroups_fd);
	if (r < 0)
		return r;
	*ret = take_pointer(&peer);
	return 0;
}

struct facts peer_facts(const struct peer *peer)
{
	return (struct facts){
		.unit = peer->place.unit,
		.cgroup = peer->cgroup ?: "",
		.cgroup_roots = peer->cgroup_roots,
		.uid = peer->uid,
		.label = *peer->label ? peer->label : NULL,
		.exe = peer->exe.len > 0 ? &peer->exe : NULL,
		.registration = peer->registration,
	};
}

uint64_t peer_workload(const struct peer *peer)
{
	const struct registration *registration = peer->registration;

	return registration && registration->voucher.root && registration->cgroup_id ?
	       registration->cgroup_id : peer->workload;
}

struct peer *peer_ref(struct peer *peer)
{
	atomic_fetch_add(&peer->refs, 1);
	return peer;
}

struct peer *peer_unref(struct peer *peer)
{
	if (!peer || atomic_fetch_sub(&peer->refs, 1) != 1)
		return NULL;
	closep(&peer->pidfd);
	closep(&peer->proc_fd);
	closep(&peer->cgroup_fd);
	closep(&peer->exe_fd);
	registration_unref(peer->registration);
	free(peer->cgroup);
	free(peer);
	return NULL;
}

void peer_unrefp(struct peer **peer)
{
	peer_unref(*peer);
}
