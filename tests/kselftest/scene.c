// SPDX-License-Identifier: GPL-2.0-or-later
/* Scenes and questions of the programs about leases, see scene.h. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "fw.h"
#include "scene.h"
#include "tee.h"

struct cgroup_scene cgroup_scene_make(void)
{
	struct cgroup_scene s = { .gate = gate_make() };

	s.outer = cgroup_make(NULL, "outer");
	s.inner = cgroup_make(s.outer, "inner");
	s.beside = cgroup_make(NULL, "beside");
	s.lease = lease_in_cgroup(s.outer);
	return s;
}

struct busy_scene busy_scene_make(void)
{
	struct busy_scene s = { .other = lease_unpinned() };

	ASSERT(the_tee()->slots <= MAX_SLOTS);
	fw_hold();
	for (unsigned int i = 0; i < the_tee()->slots; i++)
		s.held[i] = ask_start(s.other.fd, 0);
	fw_wait_held_n(the_tee()->slots);
	s.queued = info_of(s.other.fd).queued;
	return s;
}

void busy_scene_end(struct busy_scene *s)
{
	fw_release();
	for (unsigned int i = 0; i < the_tee()->slots; i++)
		EXPECT_EQ(ask_result(s->held[i]), 0);
}

struct lease lease_for_uid(unsigned int uid)
{
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);

	wish.flags |= TEEGATE_LEASE_PIN_UID;
	wish.uid = uid;
	return lease_make(wish);
}

int create_on(int session)
{
	struct teegate_create_lease w = lease_wish(BOTH, CLAIMS);
	int r = tg(session, TEEGATE_CREATE_LEASE, &w);

	if (!r)
		close(w.lease_fd);
	return r;
}

int narrow_to(int fd, struct teegate_narrow wish)
{
	int r = tg(fd, TEEGATE_NARROW, &wish);

	if (!r)
		close(wish.lease_fd);
	return r;
}

short poll_now(int fd, int timeout)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, timeout) == 1 ? p.revents : 0;
}

void expect_gone(int fd)
{
	struct teegate_get_info info = { .size = sizeof(info) };

	EXPECT_EQ(report_try(fd), -ESTALE);
	EXPECT_EQ(report_try_raw(fd), -ESTALE);
	EXPECT_EQ(narrow_to(fd, narrow_wish(BOTH)), -ESTALE);
	EXPECT_EQ(tg(fd, TEEGATE_GET_INFO, &info), -ESTALE);
}
