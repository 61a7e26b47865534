// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The administrator's gate: who may open the device and make or revoke leases, whatever the node's
 * mode and whatever the caller is root of. Each refusal stands beside the same call that works for
 * the one who may. What a lease then allows is tested elsewhere.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "scene.h"

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

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
