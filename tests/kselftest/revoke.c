// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The end of a lease: whom revoking reaches and whom not, how poll() tells, and what becomes of a
 * request that is under way when its lease goes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "scene.h"

/* ---- revoking ---- */

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
	wish.lifetime_ms = 8000;
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
	wish.lifetime_ms = 12000;
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
	struct cgroup_scene s = cgroup_scene_make();

	in_child(ask_and_be_moved, &s);
}

/* The caller hears of it at once, not when firmware is done with somebody else. */
TEST(revoked_while_the_request_waits_is_ESTALE_at_once)
{
	struct lease l = lease_unpinned();
	struct busy_scene s = busy_scene_make();
	struct asker *waiting = ask_start(l.fd, 0);

	WAIT_UNTIL(info_now().queued == s.queued + 1);
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	EXPECT_EQ(ask_result(waiting), -ESTALE);
	busy_scene_end(&s);
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

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
