// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pins of a lease: which tasks its cgroup and its uid let pass, and what a descriptor is worth
 * that has travelled to somebody else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "scene.h"

/* ---- the cgroup pin ---- */

static void ask_in_cgroups(void *arg)
{
	struct cgroup_scene *s = arg;

	EXPECT_EQ(report_try(s->lease.fd), -EPERM);
	cgroup_enter(s->outer);
	EXPECT_EQ(report_try(s->lease.fd), 0);
	cgroup_enter(s->inner);
	EXPECT_EQ(report_try(s->lease.fd), 0);
	cgroup_enter(s->beside);
	EXPECT_EQ(report_try(s->lease.fd), -EPERM);
	EXPECT_EQ(report_try_raw(s->lease.fd), -EPERM);
	EXPECT_EQ(narrow_to(s->lease.fd, narrow_wish(BOTH)), -EPERM);
	EXPECT_EQ(lease_revoke(s->lease.fd, 0), -EPERM);
	cgroup_enter(cgroup_root());
	EXPECT_EQ(report_try(s->lease.fd), -EPERM);
	cgroup_enter(s->outer);
	EXPECT_EQ(report_try(s->lease.fd), 0);
}

TEST(the_cgroup_pin_admits_its_subtree_and_nobody_else)
{
	struct cgroup_scene s = cgroup_scene_make();

	in_child(ask_in_cgroups, &s);
}

static void get_info_outside(void *arg)
{
	struct cgroup_scene *s = arg;
	struct teegate_get_info info = { .size = sizeof(info) };

	EXPECT_EQ(tg(s->lease.fd, TEEGATE_GET_INFO, &info), -EPERM);
	cgroup_enter(s->outer);
	EXPECT_EQ(tg(s->lease.fd, TEEGATE_GET_INFO, &info), 0);
}

TEST(the_cgroup_pin_holds_for_GET_INFO)
{
	struct cgroup_scene s = cgroup_scene_make();

	in_child(get_info_outside, &s);
}

/* A parent is no member of its child's cgroup. */
static void ask_in_parent(void *arg)
{
	struct cgroup_scene *s = arg;
	struct lease l = lease_in_cgroup(s->inner);

	cgroup_enter(s->inner);
	EXPECT_EQ(report_try(l.fd), 0);
	cgroup_enter(s->outer);
	EXPECT_EQ(report_try(l.fd), -EPERM);
}

TEST(the_cgroup_pin_refuses_the_parent_cgroup)
{
	struct cgroup_scene s = cgroup_scene_make();

	in_child(ask_in_parent, &s);
}

static void ask_until_moved(void *arg)
{
	struct cgroup_scene *s = arg;

	EXPECT_EQ(report_try(s->lease.fd), 0);
	gate_open(s->gate);
	while (report_try(s->lease.fd) == 0)
		;
	EXPECT_EQ(report_try(s->lease.fd), -EPERM);
}

TEST(a_process_that_is_moved_out_loses_the_lease)
{
	struct cgroup_scene s = cgroup_scene_make();
	struct gate start = gate_make();
	pid_t pid = fork();

	ASSERT(pid >= 0);
	if (pid == 0) {
		gate_wait(start);
		ask_until_moved(&s);
		tap_end();
	}
	ASSERT_EQ(cgroup_move(s.outer, pid), 0);
	gate_open(start);
	gate_wait(s.gate);
	ASSERT_EQ(cgroup_move(s.beside, pid), 0);
	child_ok(pid);
}

struct thread_scene {
	const char *cgroup;
	int fd;
	int before, after;
};

static void *ask_in_threaded_cgroup(void *arg)
{
	struct thread_scene *t = arg;
	char tid[16];

	snprintf(tid, sizeof(tid), "%d", gettid());
	t->before = report_try(t->fd);
	ASSERT_EQ(cgroup_write(t->cgroup, "cgroup.threads", tid), 0);
	t->after = report_try(t->fd);
	return NULL;
}

static void ask_in_thread(void *arg)
{
	struct cgroup_scene *s = arg;
	struct thread_scene t = { .fd = s->lease.fd };
	pthread_t thread;

	t.cgroup = cgroup_make(s->outer, "threads");
	ASSERT_EQ(cgroup_write(t.cgroup, "cgroup.type", "threaded"), 0);
	cgroup_enter(s->outer);
	ASSERT_EQ(pthread_create(&thread, NULL, ask_in_threaded_cgroup, &t), 0);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_EQ(t.before, 0);
	EXPECT_EQ(t.after, 0);
	EXPECT_EQ(report_try(s->lease.fd), 0);
	cgroup_enter(s->beside);
	EXPECT_EQ(report_try(s->lease.fd), -EPERM);
}

TEST(a_thread_in_a_threaded_cgroup_of_the_workload_passes)
{
	struct cgroup_scene s = cgroup_scene_make();

	in_child(ask_in_thread, &s);
}

static void use_then_leave(void *arg)
{
	struct cgroup_scene *s = arg;

	cgroup_enter(s->inner);
	EXPECT_EQ(report_try(s->inner_lease.fd), 0);
}

TEST(a_removed_cgroup_makes_its_leases_ESTALE)
{
	struct cgroup_scene s = cgroup_scene_make();

	s.inner_lease = lease_in_cgroup(s.inner);
	in_child(use_then_leave, &s);
	EXPECT_EQ(report_try(s.inner_lease.fd), -EPERM);
	WAIT_UNTIL(rmdir(s.inner) == 0);
	EXPECT_EQ(report_try(s.inner_lease.fd), -ESTALE);
	/* Nor does a new cgroup of the same name bring them back. */
	ASSERT_EQ(mkdir(s.inner, 0755), 0);
	cgroup_enter(s.inner);
	EXPECT_EQ(report_try(s.inner_lease.fd), -ESTALE);
	EXPECT_EQ(report_try(s.lease.fd), 0);
}

TEST(pinning_to_the_root_cgroup_is_EINVAL)
{
	struct teegate_create_lease w = lease_wish(BOTH, CLAIMS);
	int session = session_open();

	EXPECT_EQ(create_on(session), 0);
	w.flags = 0;
	w.cgroup_fd = cgroup_open(cgroup_root());
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &w), -EINVAL);
	w = lease_wish(BOTH, CLAIMS);
	w.flags = 0;
	w.cgroup_fd = cgroup_open(cgroup_make(NULL, "not-root"));
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &w), 0);
}

TEST(pinning_to_a_removed_cgroup_is_ESTALE)
{
	const char *cgroup = cgroup_make(NULL, "short-lived");
	int session = session_open(), fd = cgroup_open(cgroup);
	struct teegate_create_lease w = lease_wish(BOTH, CLAIMS);

	w.flags = 0;
	w.cgroup_fd = fd;
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &w), 0);
	ASSERT_EQ(rmdir(cgroup), 0);
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &w), -ESTALE);
}

/* ---- the uid pin ---- */

struct uid_case {
	int fd;
	uid_t real, effective;
	int want;
};

static void ask_with_uids(void *arg)
{
	const struct uid_case *u = arg;

	ASSERT_EQ(setresuid(u->real, u->effective, (uid_t)-1), 0);
	EXPECT_EQ(report_try(u->fd), u->want);
}

TEST(the_uid_pin_wants_both_the_real_and_the_effective_uid)
{
	struct lease l = lease_for_uid(USER_UID);
	struct uid_case cases[] = {
		{ l.fd, USER_UID, USER_UID, 0 },
		{ l.fd, 0, 0, -EPERM },
		{ l.fd, USER_UID, 0, -EPERM },
		{ l.fd, 0, USER_UID, -EPERM },
		{ l.fd, USER_UID + 1, USER_UID + 1, -EPERM },
		{ l.fd, USER_UID, USER_UID, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		in_child(ask_with_uids, &cases[i]);
}

/* What a process is called in its own namespace does not count. */
static void ask_as_mapped_root(void *arg)
{
	const struct uid_case *u = arg;
	char map[32];

	become_user(u->real);
	/* Or else the files in /proc are root's. */
	ASSERT_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
	ASSERT_EQ(unshare(CLONE_NEWUSER), 0);
	snprintf(map, sizeof(map), "%u %u 1", USER_UID, u->real);
	ASSERT_EQ(write_text("/proc/self/uid_map", map), 0);
	EXPECT_EQ(getuid(), USER_UID);
	EXPECT_EQ(report_try(u->fd), u->want);
}

TEST(the_uid_pin_means_the_initial_user_namespace)
{
	struct lease l = lease_for_uid(USER_UID);
	struct uid_case right = { l.fd, USER_UID, USER_UID, 0 };
	struct uid_case wrong = { l.fd, USER_UID + 1, USER_UID + 1, -EPERM };

	in_child(ask_as_mapped_root, &right);
	in_child(ask_as_mapped_root, &wrong);
}

TEST(uid_0_can_be_pinned)
{
	struct lease l = lease_for_uid(0);
	struct uid_case user = { l.fd, USER_UID, USER_UID, -EPERM };

	EXPECT_EQ(report_try(l.fd), 0);
	in_child(ask_with_uids, &user);
}

/* ---- descriptors that travel ---- */

struct smuggling {
	struct cgroup_scene s;
	int sock[2];
};

static void owner_sends(void *arg)
{
	struct smuggling *m = arg;

	cgroup_enter(m->s.outer);
	EXPECT_EQ(report_try(m->s.lease.fd), 0);
	send_fd(m->sock[0], m->s.lease.fd);
	gate_wait(m->s.gate);
	EXPECT_EQ(report_try(m->s.lease.fd), 0);
}

static void neighbour_receives(void *arg)
{
	struct smuggling *m = arg;
	int fd;

	close(m->s.lease.fd);
	cgroup_enter(m->s.beside);
	become_user(USER_UID);
	fd = receive_fd(m->sock[1]);
	EXPECT_EQ(report_try(fd), -EPERM);
	EXPECT_EQ(report_try_raw(fd), -EPERM);
	EXPECT_EQ(narrow_to(fd, narrow_wish(BOTH)), -EPERM);
	EXPECT_EQ(lease_revoke(fd, 0), -EPERM);
}

TEST(a_smuggled_lease_is_useless_while_its_owner_still_uses_it)
{
	struct smuggling m = { .s = cgroup_scene_make() };
	pid_t owner;

	socket_pair(m.sock);
	owner = child_start(owner_sends, &m);
	in_child(neighbour_receives, &m);
	gate_open(m.s.gate);
	child_ok(owner);
}

static void ask(void *arg)
{
	EXPECT_EQ(report_try(((struct lease *)arg)->fd), 0);
}

static void forked_child_asks(void *arg)
{
	struct cgroup_scene *s = arg;

	cgroup_enter(s->outer);
	become_user(USER_UID);
	in_child(ask, &s->lease);
	ask(&s->lease);
}

TEST(a_forked_child_in_the_cgroup_shares_the_lease)
{
	struct cgroup_scene s = cgroup_scene_make();

	in_child(forked_child_asks, &s);
}

static void exec_to_ask(void *arg)
{
	struct lease *l = arg;
	char fd[16];

	snprintf(fd, sizeof(fd), "%d", l->fd);
	execl("/proc/self/exe", "lease", "--ask", fd, NULL);
	EXPECT(!"exec worked");
}

static void exec_fails_to_ask(void *arg)
{
	struct lease *l = arg;
	pid_t pid = child_start(exec_to_ask, l);
	int status = 0;

	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == EBADF);
}

TEST(exec_keeps_a_lease_only_when_it_is_told_to)
{
	struct lease l = lease_unpinned();

	in_child(exec_fails_to_ask, &l);
	ASSERT_EQ(fcntl(l.fd, F_SETFD, 0), 0);
	in_child(exec_to_ask, &l);
}

TEST(a_lease_knows_ioctl_and_poll_only)
{
	struct lease l = lease_unpinned();
	char byte = 0;
	struct iovec iov = { &byte, 1 };

	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT(read(l.fd, &byte, 1) < 0);
	EXPECT(write(l.fd, &byte, 1) < 0);
	EXPECT(pread(l.fd, &byte, 1, 0) < 0);
	EXPECT(pwrite(l.fd, &byte, 1, 0) < 0);
	EXPECT(readv(l.fd, &iov, 1) < 0);
	EXPECT(writev(l.fd, &iov, 1) < 0);
	EXPECT_EQ(lseek(l.fd, 0, SEEK_SET) < 0 ? -errno : 0, -ESPIPE);
	EXPECT(mmap(NULL, 4096, PROT_READ, MAP_SHARED, l.fd, 0) == MAP_FAILED);
	EXPECT(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, l.fd, 0) == MAP_FAILED);
	EXPECT(ftruncate(l.fd, 0) < 0);
	EXPECT(fallocate(l.fd, 0, 0, 1) < 0);
}

static void reopen(void *arg)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", *(int *)arg);
	EXPECT(open(path, O_RDWR) < 0);
	EXPECT(open(path, O_RDONLY) < 0);
}

TEST(a_lease_cannot_be_opened_again_through_proc)
{
	struct lease l = lease_unpinned();

	EXPECT_EQ(report_try(l.fd), 0);
	reopen(&l.fd);
}

/* What exec_to_ask() starts. */
static int ask_after_exec(int fd)
{
	int r = report_try(fd);

	return r ? -r : tap_failed();
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--ask"))
		return ask_after_exec(atoi(argv[2]));
	return kit_main(argc, argv);
}
