// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lease as a capability: who may make one, what a narrowed one keeps, what revoking does, whom
 * the pins let pass. Every refusal stands beside the same call that works for the one who may.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"

#define BOTH (TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT)

/* ---- the administrator's gate ---- */

/* A node of our own that every user may open, as far as its mode goes. */
static const char *make_node(void)
{
	static char path[64];
	struct stat st;

	ASSERT_EQ(stat(TEEGATE_DEVICE, &st), 0);
	ASSERT(S_ISCHR(st.st_mode));
	mkdir("/tmp", 01777);
	snprintf(path, sizeof(path), "/tmp/teegate-%d", getpid());
	umask(0);
	ASSERT_EQ(mknod(path, S_IFCHR | 0666, st.st_rdev), 0);
	return path;
}

static void expect_opens(const char *path)
{
	int fd = device_open(path);

	EXPECT(fd >= 0);
	close(fd);
}

static int create_on(int session)
{
	struct teegate_create_lease w = lease_wish(BOTH, CLAIMS);
	int r = tg(session, TEEGATE_CREATE_LEASE, &w);

	if (!r)
		close(w.lease_fd);
	return r;
}

struct gate_scene {
	const char *node;
	int session;
	struct lease lease;	/* unpinned: works for everybody */
};

static struct gate_scene make_gate_scene(void)
{
	return (struct gate_scene) { make_node(), session_open(), lease_unpinned() };
}

static void expect_admitted(const struct gate_scene *s)
{
	struct lease l = lease_unpinned();

	expect_opens(s->node);
	EXPECT_EQ(create_on(s->session), 0);
	EXPECT_EQ(lease_revoke(s->session, l.id), 0);
	close(l.fd);
}

/* Refused at each door, although a lease works. */
static void expect_refused(const struct gate_scene *s)
{
	EXPECT_EQ(device_open(s->node), -EPERM);
	EXPECT_EQ(create_on(s->session), -EPERM);
	EXPECT_EQ(lease_revoke(s->session, s->lease.id), -EPERM);
	EXPECT_EQ(report_try(s->lease.fd), 0);
}

static void as_user(void *arg)
{
	become_user(USER_UID);
	expect_refused(arg);
	EXPECT_EQ(device_open(TEEGATE_DEVICE), -EACCES);
}

TEST(an_unprivileged_process_is_refused_whatever_the_mode_of_the_node)
{
	struct gate_scene s = make_gate_scene();

	expect_admitted(&s);
	in_child(as_user, &s);
	expect_admitted(&s);
	unlink(s.node);
}

static void in_user_namespace(void *arg)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	ASSERT_EQ(unshare(CLONE_NEWUSER), 0);
	ASSERT_EQ(syscall(SYS_capget, &h, d), 0);
	EXPECT(d[0].effective & 1U << CAP_SYS_ADMIN);
	expect_refused(arg);
}

TEST(all_capabilities_of_another_user_namespace_are_none)
{
	struct gate_scene s = make_gate_scene();

	expect_admitted(&s);
	in_child(in_user_namespace, &s);
	expect_admitted(&s);
	unlink(s.node);
}

static void in_pid_namespace(void *arg)
{
	ASSERT_EQ(unshare(CLONE_NEWPID), 0);
	in_child((void (*)(void *))expect_refused, arg);
}

TEST(root_in_another_pid_namespace_is_refused)
{
	struct gate_scene s = make_gate_scene();

	expect_admitted(&s);
	in_child(in_pid_namespace, &s);
	expect_admitted(&s);
	unlink(s.node);
}

static void drop_capability(unsigned int cap)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	ASSERT_EQ(syscall(SYS_capget, &h, d), 0);
	d[cap / 32].effective &= ~(1U << cap % 32);
	d[cap / 32].permitted &= ~(1U << cap % 32);
	ASSERT_EQ(syscall(SYS_capset, &h, d), 0);
}

static void without_sys_admin(void *arg)
{
	drop_capability(CAP_SYS_ADMIN);
	expect_refused(arg);
}

TEST(uid_0_without_CAP_SYS_ADMIN_is_refused)
{
	struct gate_scene s = make_gate_scene();

	expect_admitted(&s);
	in_child(without_sys_admin, &s);
	unlink(s.node);
}

static void make_own_node(void *arg)
{
	const struct gate_scene *s = arg;
	char path[80];
	struct stat st;

	ASSERT_EQ(stat(s->node, &st), 0);
	drop_capability(CAP_SYS_ADMIN);
	snprintf(path, sizeof(path), "%s.own", s->node);
	ASSERT_EQ(mknod(path, S_IFCHR | 0666, st.st_rdev), 0);
	EXPECT_EQ(device_open(path), -EPERM);
	unlink(path);
}

/* Containers often hold CAP_MKNOD and no CAP_SYS_ADMIN. */
TEST(a_node_made_with_CAP_MKNOD_opens_nothing)
{
	struct gate_scene s = make_gate_scene();

	expect_admitted(&s);
	in_child(make_own_node, &s);
	unlink(s.node);
}

static void get_info_as_user(void *arg)
{
	become_user(USER_UID);
	info_of(*(int *)arg);
}

TEST(an_inherited_session_still_tells_about_the_tee)
{
	int session = session_open();

	in_child(get_info_as_user, &session);
}

/* ---- narrowing ---- */

static int narrow_to(int fd, struct teegate_narrow w)
{
	int r = tg(fd, TEEGATE_NARROW, &w);

	if (!r)
		close(w.lease_fd);
	return r;
}

TEST(a_narrowed_lease_has_the_claims_and_fewer_rights)
{
	struct lease parent = lease_unpinned(), child = lease_narrow(parent.fd, TEEGATE_OP_REPORT);
	struct evidence ev;

	EXPECT_EQ(info_of(child.fd).lease_ops, TEEGATE_OP_REPORT);
	EXPECT(child.id != parent.id);
	ASSERT_EQ(report_get(child.fd, 0, "narrow", 6, &ev), 0);
	expect_bound(&ev, "narrow", 6, CLAIMS, strlen(CLAIMS));
	EXPECT_EQ(report_try_raw(parent.fd), 0);
	EXPECT_EQ(report_try_raw(child.fd), -EPERM);
}

TEST(narrowing_never_changes_the_parent)
{
	struct lease parent = lease_unpinned();
	struct teegate_get_info before = info_of(parent.fd), after;

	lease_narrow(parent.fd, TEEGATE_OP_REPORT);
	after = info_of(parent.fd);
	EXPECT_MEM(&after, &before, sizeof(after));
	EXPECT_EQ(report_try_raw(parent.fd), 0);
}

TEST(narrowing_to_more_rights_is_EPERM)
{
	struct lease parent = lease_unpinned(), child = lease_narrow(parent.fd, TEEGATE_OP_REPORT);

	EXPECT_EQ(narrow_to(parent.fd, narrow_wish(BOTH)), 0);
	EXPECT_EQ(narrow_to(child.fd, narrow_wish(TEEGATE_OP_REPORT)), 0);
	EXPECT_EQ(narrow_to(child.fd, narrow_wish(BOTH)), -EPERM);
	EXPECT_EQ(narrow_to(child.fd, narrow_wish(TEEGATE_OP_RAW_REPORT)), -EPERM);
}

TEST(narrowing_to_more_waiting_requests_is_EPERM)
{
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);
	struct teegate_narrow n = narrow_wish(BOTH);
	struct lease parent;

	wish.max_pending = 3;
	parent = lease_make(wish);
	n.max_pending = 3;
	EXPECT_EQ(narrow_to(parent.fd, n), 0);
	n.max_pending = 4;
	EXPECT_EQ(narrow_to(parent.fd, n), -EPERM);
}

struct cgroup_scene {
	const char *outer, *inner, *beside;
	struct lease lease;		/* pinned to outer */
	struct lease inner_lease;	/* narrowed to inner */
	struct gate gate;
};

static struct teegate_narrow narrow_to_cgroup(const char *cgroup)
{
	struct teegate_narrow w = narrow_wish(BOTH);

	w.flags = TEEGATE_NARROW_PIN_CGROUP;
	w.cgroup_fd = cgroup_open(cgroup);
	return w;
}

static struct cgroup_scene make_cgroup_scene(void)
{
	struct cgroup_scene s = { .gate = gate_make() };

	s.outer = cgroup_make(NULL, "outer");
	s.inner = cgroup_make(s.outer, "inner");
	s.beside = cgroup_make(NULL, "beside");
	s.lease = lease_in_cgroup(s.outer);
	return s;
}

static void narrow_from_inside(void *arg)
{
	struct cgroup_scene *s = arg;
	struct teegate_narrow w;

	cgroup_enter(s->outer);
	EXPECT_EQ(narrow_to(s->lease.fd, narrow_to_cgroup(s->outer)), 0);
	EXPECT_EQ(narrow_to(s->lease.fd, narrow_to_cgroup(s->beside)), -EPERM);
	/* Nobody can be pinned to the root, whatever the parent allows. */
	EXPECT_EQ(narrow_to(s->lease.fd, narrow_to_cgroup(cgroup_root())), -EINVAL);
	w = narrow_to_cgroup(s->inner);
	ASSERT_EQ(tg(s->lease.fd, TEEGATE_NARROW, &w), 0);
	EXPECT_EQ(report_try(s->lease.fd), 0);
	EXPECT_EQ(report_try(w.lease_fd), -EPERM);
	cgroup_enter(s->inner);
	EXPECT_EQ(report_try(w.lease_fd), 0);
	EXPECT_EQ(narrow_to(w.lease_fd, narrow_to_cgroup(s->outer)), -EPERM);
}

TEST(narrowing_to_a_cgroup_outside_the_pin_is_EPERM)
{
	struct cgroup_scene s = make_cgroup_scene();

	in_child(narrow_from_inside, &s);
}

static void narrow_as_uid(void *arg)
{
	int fd = *(int *)arg;
	struct teegate_narrow w = narrow_wish(BOTH);

	become_user(USER_UID);
	EXPECT_EQ(narrow_to(fd, w), 0);
	w.flags = TEEGATE_NARROW_PIN_UID;
	w.uid = USER_UID;
	EXPECT_EQ(narrow_to(fd, w), 0);
	w.uid = USER_UID + 1;
	EXPECT_EQ(narrow_to(fd, w), -EPERM);
	w.uid = 0;
	EXPECT_EQ(narrow_to(fd, w), -EPERM);
}

static struct lease lease_for_uid(unsigned int uid)
{
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);

	wish.flags |= TEEGATE_LEASE_PIN_UID;
	wish.uid = uid;
	return lease_make(wish);
}

TEST(narrowing_to_another_uid_is_EPERM)
{
	struct lease l = lease_for_uid(USER_UID);

	in_child(narrow_as_uid, &l.fd);
}

static void ask_as_user(void *arg)
{
	become_user(USER_UID);
	EXPECT_EQ(report_try(*(int *)arg), 0);
}

TEST(narrowing_may_add_a_uid)
{
	struct lease parent = lease_unpinned();
	struct teegate_narrow w = narrow_wish(BOTH);

	w.flags = TEEGATE_NARROW_PIN_UID;
	w.uid = USER_UID;
	ASSERT_EQ(tg(parent.fd, TEEGATE_NARROW, &w), 0);
	EXPECT_EQ(report_try(parent.fd), 0);
	EXPECT_EQ(report_try(w.lease_fd), -EPERM);
	in_child(ask_as_user, &w.lease_fd);
}

TEST(too_many_children_are_EDQUOT_until_one_is_closed)
{
	struct lease parent = lease_unpinned();
	struct teegate_narrow w;
	int r, n = 0, last = -1;

	do {
		w = narrow_wish(BOTH);
		r = tg(parent.fd, TEEGATE_NARROW, &w);
		if (!r)
			last = w.lease_fd;
	} while (!r && ++n < 900);
	EXPECT_EQ(r, -EDQUOT);
	EXPECT(n > 0);
	EXPECT_EQ(report_try(last), 0);
	close(last);
	EXPECT_EQ(narrow_to(parent.fd, narrow_wish(BOTH)), 0);
	EXPECT_EQ(report_try(parent.fd), 0);
}

/* Else a lease multiplies through its grandchildren. */
TEST(grandchildren_count_as_well)
{
	struct lease parent = lease_unpinned();
	int r = 0, n = 0, fd = parent.fd;

	while (!r && ++n < 900) {
		struct teegate_narrow w = narrow_wish(BOTH);

		r = tg(fd, TEEGATE_NARROW, &w);
		if (!r)
			fd = w.lease_fd;
	}
	EXPECT_EQ(r, -EDQUOT);
	EXPECT_EQ(report_try(fd), 0);
}

TEST(a_child_never_outlives_its_parent)
{
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);
	struct teegate_narrow longer = narrow_wish(BOTH), shorter = narrow_wish(BOTH);
	struct teegate_narrow same = narrow_wish(BOTH);
	struct lease parent;

	wish.lifetime_ms = 1000000;
	parent = lease_make(wish);
	longer.lifetime_ms = UINT64_MAX;
	shorter.lifetime_ms = 500000;
	ASSERT_EQ(tg(parent.fd, TEEGATE_NARROW, &same), 0);
	ASSERT_EQ(tg(parent.fd, TEEGATE_NARROW, &longer), 0);
	ASSERT_EQ(tg(parent.fd, TEEGATE_NARROW, &shorter), 0);
	EXPECT(info_of(same.lease_fd).lease_expires_ms > 500000);
	EXPECT(info_of(same.lease_fd).lease_expires_ms <= 1000000);
	EXPECT(info_of(longer.lease_fd).lease_expires_ms > 500000);
	EXPECT(info_of(longer.lease_fd).lease_expires_ms <= 1000000);
	EXPECT(info_of(shorter.lease_fd).lease_expires_ms <= 500000);
}

TEST(a_child_lives_on_when_its_parent_is_closed)
{
	struct lease parent = lease_unpinned(), child = lease_narrow(parent.fd, BOTH);
	struct lease grandchild = lease_narrow(child.fd, BOTH);

	close(parent.fd);
	EXPECT_EQ(report_try(child.fd), 0);
	close(child.fd);
	EXPECT_EQ(report_try(grandchild.fd), 0);
}

/* ---- bounds ---- */

static void limit_files(unsigned long n)
{
	struct rlimit r = { n, n };

	ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &r), 0);
}

TEST(no_room_for_a_descriptor_is_EMFILE_and_no_lease)
{
	struct lease last = lease_unpinned();
	int session = session_open();

	limit_files((unsigned long)count_open_fds() + 3);
	EXPECT_EQ(create_on(session), 0);
	limit_files((unsigned long)session + 1);
	EXPECT_EQ(create_on(session), -EMFILE);
	EXPECT_EQ(narrow_to(last.fd, narrow_wish(BOTH)), -EMFILE);
	/* Ids are given in a row: this would be one of those two. */
	EXPECT_EQ(lease_revoke(session, last.id + 2), -ENOENT);
	EXPECT_EQ(lease_revoke(session, last.id + 3), -ENOENT);
	EXPECT_EQ(lease_revoke(session, last.id), 0);
}

TEST(leases_are_bounded_until_one_is_closed)
{
	int session = session_open(), last = -1, r, n = 0;

	limit_files(20000);
	do {
		struct teegate_create_lease w = lease_wish(BOTH, CLAIMS);

		r = tg(session, TEEGATE_CREATE_LEASE, &w);
		if (!r)
			last = w.lease_fd;
	} while (!r && ++n < 15000);
	EXPECT_EQ(r, -ENFILE);
	EXPECT_EQ(report_try(last), 0);
	close(last);
	EXPECT_EQ(create_on(session), 0);
}

/* ---- revoking ---- */

static void expect_gone(int fd)
{
	struct teegate_get_info info = { .size = sizeof(info) };

	EXPECT_EQ(report_try(fd), -ESTALE);
	EXPECT_EQ(report_try_raw(fd), -ESTALE);
	EXPECT_EQ(narrow_to(fd, narrow_wish(BOTH)), -ESTALE);
	EXPECT_EQ(tg(fd, TEEGATE_GET_INFO, &info), -ESTALE);
}

TEST(a_lease_revokes_itself_by_0)
{
	struct lease l = lease_unpinned(), other = lease_unpinned();

	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	expect_gone(l.fd);
	EXPECT_EQ(report_try(other.fd), 0);
}

TEST(a_lease_revokes_itself_by_its_id)
{
	struct lease l = lease_unpinned();

	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(lease_revoke(l.fd, l.id), 0);
	expect_gone(l.fd);
}

TEST(a_revoked_child_leaves_its_parent_alone)
{
	struct lease parent = lease_unpinned();
	struct lease one = lease_narrow(parent.fd, BOTH), two = lease_narrow(parent.fd, BOTH);

	EXPECT_EQ(report_try(one.fd), 0);
	EXPECT_EQ(lease_revoke(parent.fd, one.id), 0);
	expect_gone(one.fd);
	EXPECT_EQ(report_try(two.fd), 0);
	EXPECT_EQ(report_try(parent.fd), 0);
}

TEST(a_lease_revokes_its_grandchild)
{
	struct lease parent = lease_unpinned(), child = lease_narrow(parent.fd, BOTH);
	struct lease grandchild = lease_narrow(child.fd, BOTH);

	EXPECT_EQ(report_try(grandchild.fd), 0);
	EXPECT_EQ(lease_revoke(parent.fd, grandchild.id), 0);
	expect_gone(grandchild.fd);
	EXPECT_EQ(report_try(child.fd), 0);
}

TEST(revoking_reaches_all_descendants)
{
	struct lease parent = lease_unpinned(), child = lease_narrow(parent.fd, BOTH);
	struct lease grandchild = lease_narrow(child.fd, BOTH);

	close(child.fd);
	EXPECT_EQ(report_try(grandchild.fd), 0);
	EXPECT_EQ(lease_revoke(parent.fd, 0), 0);
	expect_gone(parent.fd);
	expect_gone(grandchild.fd);
}

TEST(a_session_revokes_any_lease_by_id)
{
	struct lease parent = lease_unpinned(), child = lease_narrow(parent.fd, BOTH);
	int session = session_open();

	EXPECT_EQ(report_try(child.fd), 0);
	EXPECT_EQ(lease_revoke(session, child.id), 0);
	expect_gone(child.fd);
	EXPECT_EQ(report_try(parent.fd), 0);
	EXPECT_EQ(lease_revoke(session, parent.id), 0);
	expect_gone(parent.fd);
}

TEST(a_lease_cannot_revoke_its_parent_its_sibling_or_a_stranger)
{
	struct lease parent = lease_unpinned(), stranger = lease_unpinned();
	struct lease one = lease_narrow(parent.fd, BOTH), two = lease_narrow(parent.fd, BOTH);

	EXPECT_EQ(lease_revoke(one.fd, parent.id), -EPERM);
	EXPECT_EQ(lease_revoke(one.fd, two.id), -EPERM);
	EXPECT_EQ(lease_revoke(one.fd, stranger.id), -EPERM);
	EXPECT_EQ(report_try(parent.fd), 0);
	EXPECT_EQ(report_try(two.fd), 0);
	EXPECT_EQ(report_try(stranger.fd), 0);
	EXPECT_EQ(lease_revoke(one.fd, one.id), 0);
}

/* The answer must not tell which leases of others exist. */
TEST(a_lease_learns_nothing_about_ids_that_are_not_its_own)
{
	struct lease l = lease_unpinned(), stranger = lease_unpinned();

	EXPECT_EQ(lease_revoke(l.fd, stranger.id), -EPERM);
	EXPECT_EQ(lease_revoke(l.fd, stranger.id + 1000000), -EPERM);
	EXPECT_EQ(lease_revoke(l.fd, UINT64_MAX), -EPERM);
}

TEST(a_lease_that_does_not_exist_any_more_is_ENOENT)
{
	int session = session_open();
	struct lease l = lease_unpinned();

	EXPECT_EQ(lease_revoke(session, UINT64_MAX), -ENOENT);
	EXPECT_EQ(lease_revoke(session, 0), -ENOENT);
	close(l.fd);
	EXPECT_EQ(lease_revoke(session, l.id), -ENOENT);
	l = lease_unpinned();
	EXPECT_EQ(lease_revoke(session, l.id), 0);
}

TEST(an_id_is_never_used_again)
{
	struct lease first = lease_unpinned(), second;

	close(first.fd);
	for (unsigned int i = 0; i < 20; i++) {
		second = lease_unpinned();
		EXPECT(second.id != first.id && second.id != 0);
		close(second.fd);
	}
}

/* ---- poll ---- */

static short poll_now(int fd, int timeout)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, timeout) == 1 ? p.revents : 0;
}

static void expect_hangup(void *arg)
{
	const struct lease *l = arg;

	EXPECT(poll_now(l->fd, -1) & POLLHUP);
}

/* True once the process sleeps, as far as anyone can tell from outside. */
static bool sleeps(pid_t pid)
{
	char path[32], line[256] = "", *state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	ASSERT(f);
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	state = strrchr(line, ')');
	return state && state[2] == 'S';
}

TEST(poll_wakes_with_HUP_when_the_lease_is_revoked)
{
	struct lease l = lease_unpinned();
	pid_t pid;

	EXPECT_EQ(poll_now(l.fd, 0) & POLLHUP, 0);
	pid = child_start(expect_hangup, &l);
	WAIT_UNTIL(sleeps(pid));
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	child_ok(pid);
	EXPECT(poll_now(l.fd, 0) & POLLHUP);
}

TEST(poll_of_a_child_wakes_when_its_parent_is_revoked)
{
	struct lease parent = lease_unpinned(), child = lease_narrow(parent.fd, BOTH);
	pid_t pid = child_start(expect_hangup, &child);

	WAIT_UNTIL(sleeps(pid));
	EXPECT_EQ(lease_revoke(parent.fd, 0), 0);
	child_ok(pid);
}

TEST(poll_wakes_with_HUP_when_the_lease_expires_and_then_it_is_ESTALE)
{
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);
	struct lease l, child;

	EXPECT_EQ(report_try(lease_unpinned().fd), 0);
	wish.lifetime_ms = 5000;
	l = lease_make(wish);
	child = lease_narrow(l.fd, BOTH);
	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(report_try(child.fd), 0);
	EXPECT_EQ(poll_now(l.fd, 0) & POLLHUP, 0);
	EXPECT(poll_now(l.fd, -1) & POLLHUP);
	EXPECT(poll_now(child.fd, -1) & POLLHUP);
	expect_gone(l.fd);
	expect_gone(child.fd);
}

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
	struct cgroup_scene s = make_cgroup_scene();

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
	struct cgroup_scene s = make_cgroup_scene();

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
	struct cgroup_scene s = make_cgroup_scene();

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
	struct cgroup_scene s = make_cgroup_scene();
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
	struct cgroup_scene s = make_cgroup_scene();

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
	struct cgroup_scene s = make_cgroup_scene();

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
	struct smuggling m = { .s = make_cgroup_scene() };
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
	struct cgroup_scene s = make_cgroup_scene();

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

/* ---- a lease that goes while its request is under way ---- */

static void expect_untouched(const struct evidence *ev)
{
	static uint8_t poison[sizeof(ev->report)];

	memset(poison, 0xa5, sizeof(poison));
	EXPECT_MEM(ev->report, poison, sizeof(ev->report));
	EXPECT_MEM(ev->claims, poison, sizeof(ev->claims));
}

TEST(revoked_while_the_request_is_in_firmware_is_ESTALE)
{
	struct lease l = lease_unpinned(), other = lease_unpinned();
	struct asker *a;

	EXPECT_EQ(report_try(l.fd), 0);
	fw_hold();
	a = ask_start(l.fd, 0);
	fw_wait_held();
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	fw_release();
	EXPECT_EQ(ask_result(a), -ESTALE);
	expect_untouched(&a->ev);
	EXPECT_EQ(report_try(other.fd), 0);
}

TEST(parent_revoked_while_the_request_is_in_firmware_is_ESTALE)
{
	struct lease parent = lease_unpinned(), child = lease_narrow(parent.fd, BOTH);
	struct asker *a;

	EXPECT_EQ(report_try(child.fd), 0);
	fw_hold();
	a = ask_start(child.fd, 0);
	fw_wait_held();
	EXPECT_EQ(lease_revoke(parent.fd, 0), 0);
	fw_release();
	EXPECT_EQ(ask_result(a), -ESTALE);
	expect_untouched(&a->ev);
}

TEST(expired_while_the_request_is_in_firmware_is_ESTALE)
{
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);
	struct lease other = lease_unpinned(), l;
	struct asker *a;

	/* The module pauses after a slow exchange: not at the cost of our time. */
	EXPECT_EQ(report_try(other.fd), 0);
	wish.lifetime_ms = 8000;
	l = lease_make(wish);
	EXPECT_EQ(report_try(l.fd), 0);
	fw_hold();
	a = ask_start(l.fd, 0);
	fw_wait_held();
	EXPECT(poll_now(l.fd, -1) & POLLHUP);
	fw_release();
	EXPECT_EQ(ask_result(a), -ESTALE);
	expect_untouched(&a->ev);
}

static void ask_and_be_moved(void *arg)
{
	struct cgroup_scene *s = arg;
	struct asker *a;

	cgroup_enter(s->outer);
	EXPECT_EQ(report_try(s->lease.fd), 0);
	fw_hold();
	a = ask_start(s->lease.fd, 0);
	fw_wait_held();
	cgroup_enter(s->beside);
	fw_release();
	EXPECT_EQ(ask_result(a), -EPERM);
	expect_untouched(&a->ev);
	cgroup_enter(s->outer);
	EXPECT_EQ(report_try(s->lease.fd), 0);
}

TEST(moved_out_while_the_request_is_in_firmware_is_EPERM)
{
	struct cgroup_scene s = make_cgroup_scene();

	in_child(ask_and_be_moved, &s);
}

/* The caller hears of it at once, not when firmware is done with somebody else. */
TEST(revoked_while_the_request_waits_is_ESTALE_at_once)
{
	struct lease front = lease_unpinned(), l = lease_unpinned();
	struct asker *first, *waiting;
	unsigned int before;

	fw_hold();
	first = ask_start(front.fd, 0);
	fw_wait_held();
	before = info_now().queued;
	waiting = ask_start(l.fd, 0);
	WAIT_UNTIL(info_now().queued == before + 1);
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	EXPECT_EQ(ask_result(waiting), -ESTALE);
	fw_release();
	EXPECT_EQ(ask_result(first), 0);
	EXPECT_EQ(info_now().queued, 0);
}

TEST(a_lease_closed_while_its_request_is_in_firmware_harms_nobody)
{
	struct lease l = lease_unpinned(), other = lease_unpinned();
	struct asker *a;

	fw_hold();
	a = ask_start(l.fd, 0);
	fw_wait_held();
	close(l.fd);
	fw_release();
	EXPECT_EQ(ask_result(a), 0);
	EXPECT_EQ(report_try(other.fd), 0);
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
	tap_setup = fw_settle;
	return tap_main(argc, argv);
}
