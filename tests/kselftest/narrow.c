// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A narrowed lease: the claims of its parent, no more rights than it, no longer life, and not
 * without bound in number.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "scene.h"

/* ---- what a child keeps and what it may ask for ---- */

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

static struct teegate_narrow narrow_to_cgroup(const char *cgroup)
{
	struct teegate_narrow w = narrow_wish(BOTH);

	w.flags = TEEGATE_NARROW_PIN_CGROUP;
	w.cgroup_fd = cgroup_open(cgroup);
	return w;
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
	struct cgroup_scene s = cgroup_scene_make();

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

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
