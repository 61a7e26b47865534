// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generic netlink: who may listen and dump, what a dump says while leases come and go, which events
 * there are, in which order, and that nobody can flood those who listen.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "nl.h"
#include "scene.h"
#include "tee.h"

static struct nl_message m;

/* ---- what a dump of leases says ---- */

struct lease_seen {
	uint64_t id;
	void (*check)(const struct nl_message *m, void *arg);
	void *arg;
	unsigned int times;
	uint64_t last;
};

static void see_lease(const struct nl_message *msg, void *arg)
{
	struct lease_seen *s = arg;
	uint64_t id = nl_number(msg, TEEGATE_A_LEASE_ID);

	EXPECT(id > s->last);
	s->last = id;
	if (id != s->id)
		return;
	s->times++;
	if (s->check)
		s->check(msg, s->arg);
}

static unsigned int times_in_dump(struct nl *nl, uint64_t id,
				  void (*check)(const struct nl_message *m, void *arg), void *arg)
{
	struct lease_seen s = { .id = id, .check = check, .arg = arg };

	ASSERT(nl_dump(nl, TEEGATE_CMD_GET_LEASES, see_lease, &s) >= 0);
	return s.times;
}

struct full_lease {
	struct teegate_create_lease wish;
	const char *cgroup;
	uint8_t note[TEEGATE_NOTE_MAX];
	uint8_t claims[TEEGATE_CLAIMS_MAX];
};

static void check_full_lease(const struct nl_message *msg, void *arg)
{
	const struct full_lease *f = arg;
	struct stat st;

	ASSERT_EQ(stat(f->cgroup, &st), 0);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_WORKLOAD), f->wish.workload);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_OPS), BOTH);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_ABI), TEEGATE_ABI_NATIVE);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_FLAGS), TEEGATE_LEASE_PIN_UID);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_UID), USER_UID);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_CGROUP_ID), st.st_ino);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_MAX_PENDING), 7);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_RATE_PER_MINUTE), 100);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_RATE_BURST), 5);
	EXPECT(nl_number(msg, TEEGATE_A_EXPIRES_MS) <= 3600000);
	EXPECT(nl_number(msg, TEEGATE_A_EXPIRES_MS) > 3000000);
	EXPECT(nl_is(msg, TEEGATE_A_CLAIMS, f->claims, sizeof(f->claims)));
	EXPECT(nl_is(msg, TEEGATE_A_NOTE, f->note, sizeof(f->note)));
	EXPECT(!nl_has(msg, TEEGATE_A_PARENT_ID));
	EXPECT(!nl_has(msg, TEEGATE_A_ERRNO));
	EXPECT(!nl_has(msg, TEEGATE_A_LABEL));
}

static void check_plain_lease(const struct nl_message *msg, void *arg)
{
	(void)arg;
	EXPECT_EQ(nl_number(msg, TEEGATE_A_WORKLOAD), 0);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_FLAGS), TEEGATE_LEASE_UNPINNED);
	EXPECT(nl_is(msg, TEEGATE_A_CLAIMS, CLAIMS, strlen(CLAIMS)));
	EXPECT(!nl_has(msg, TEEGATE_A_NOTE));
	EXPECT(!nl_has(msg, TEEGATE_A_UID));
	EXPECT(!nl_has(msg, TEEGATE_A_CGROUP_ID));
	EXPECT(!nl_has(msg, TEEGATE_A_EXPIRES_MS));
	EXPECT(!nl_has(msg, TEEGATE_A_RATE_PER_MINUTE));
}

TEST(a_dump_of_leases_says_what_they_are_with_note_and_claims)
{
	static struct full_lease f = { .wish = { .size = sizeof(f.wish) } };
	struct lease full, plain = lease_unpinned();
	struct nl nl = nl_open();

	memset(f.note, 0x11, sizeof(f.note));
	memset(f.claims, 0x22, sizeof(f.claims));
	f.cgroup = cgroup_make(NULL, "full");
	f.wish.flags = TEEGATE_LEASE_PIN_UID;
	f.wish.ops = BOTH;
	f.wish.claims = (uintptr_t)f.claims;
	f.wish.claims_len = sizeof(f.claims);
	f.wish.cgroup_fd = cgroup_open(f.cgroup);
	f.wish.uid = USER_UID;
	f.wish.max_pending = 7;
	f.wish.lifetime_ms = 3600000;
	f.wish.workload = 0xfedcba9876543210;
	f.wish.rate_per_minute = 100;
	f.wish.rate_burst = 5;
	f.wish.note = (uintptr_t)f.note;
	f.wish.note_len = sizeof(f.note);
	full = lease_make(f.wish);
	EXPECT_EQ(times_in_dump(&nl, full.id, check_full_lease, &f), 1);
	EXPECT_EQ(times_in_dump(&nl, plain.id, check_plain_lease, NULL), 1);
	close(full.fd);
	EXPECT_EQ(times_in_dump(&nl, full.id, NULL, NULL), 0);
}

struct child_wanted {
	uint64_t parent, workload;
};

static void check_child(const struct nl_message *msg, void *arg)
{
	const struct child_wanted *want = arg;

	EXPECT_EQ(nl_number(msg, TEEGATE_A_PARENT_ID), want->parent);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_WORKLOAD), want->workload);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_OPS), TEEGATE_OP_REPORT);
	EXPECT(!nl_has(msg, TEEGATE_A_NOTE));
}

static void check_gone(const struct nl_message *msg, void *arg)
{
	(void)arg;
	EXPECT_EQ(nl_number(msg, TEEGATE_A_ERRNO), ESTALE);
}

TEST(a_dump_knows_parents_and_what_is_revoked_and_leaves_the_note_out_of_children)
{
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);
	struct child_wanted want = { .workload = 77 };
	struct nl nl = nl_open();
	struct lease l, child;

	wish.workload = 77;
	wish.note = (uintptr_t)"note";
	wish.note_len = 4;
	l = lease_make(wish);
	child = lease_narrow(l.fd, TEEGATE_OP_REPORT);
	want.parent = l.id;
	EXPECT_EQ(times_in_dump(&nl, child.id, check_child, &want), 1);
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	EXPECT_EQ(times_in_dump(&nl, child.id, check_gone, NULL), 1);
	EXPECT_EQ(times_in_dump(&nl, l.id, check_gone, NULL), 1);
}

static void see_backend(const struct nl_message *msg, void *arg)
{
	struct teegate_get_info i = info_now();

	(void)arg;
	EXPECT_EQ(nl_number(msg, TEEGATE_A_PROVIDER), the_tee()->provider);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_TRANSPORT), i.transport);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_STATE), TEEGATE_STATE_UP);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_TAINT), i.taint);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_OPS), i.firmware_ops);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_REPORTS), i.reports);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_ERRORS), i.errors);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_QUEUED), 0);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_QUEUE_MAX), i.queue_max);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_IN_FLIGHT_MAX), i.in_flight_max);
	EXPECT_EQ(nl_number(msg, TEEGATE_A_QUARANTINED), i.quarantined);
	EXPECT(nl_has(msg, TEEGATE_A_SEQ));
}

TEST(a_dump_of_backends_says_what_GET_INFO_says)
{
	struct nl nl = nl_open();

	EXPECT_EQ(nl_dump(&nl, TEEGATE_CMD_GET_BACKENDS, see_backend, NULL), 1);
}

/* ---- who may ---- */

static void no_capability(unsigned int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	ASSERT_EQ(syscall(SYS_capget, &head, data), 0);
	data[cap / 32].effective &= ~(1U << cap % 32);
	data[cap / 32].permitted &= ~(1U << cap % 32);
	ASSERT_EQ(syscall(SYS_capset, &head, data), 0);
}

/* With a socket of its own, and with one that root has opened. */
static void expect_no_dumps(void *arg)
{
	struct nl own = nl_open(), *roots = arg;

	for (uint8_t cmd = TEEGATE_CMD_GET_LEASES; cmd <= TEEGATE_CMD_GET_WORKLOADS; cmd++) {
		EXPECT_EQ(nl_dump(&own, cmd, NULL, NULL), -EPERM);
		EXPECT_EQ(nl_dump(roots, cmd, NULL, NULL), -EPERM);
	}
	EXPECT_EQ(nl_join(&own), -EPERM);
}

static void user_dumps(void *arg)
{
	become_user(USER_UID);
	expect_no_dumps(arg);
}

static void net_admin_dumps(void *arg)
{
	no_capability(CAP_SYS_ADMIN);
	expect_no_dumps(arg);
}

static void sys_admin_dumps(void *arg)
{
	struct nl own = nl_open();

	(void)arg;
	no_capability(CAP_NET_ADMIN);
	EXPECT_EQ(nl_dump(&own, TEEGATE_CMD_GET_LEASES, NULL, NULL), -EPERM);
}

/* All capabilities, in a user namespace of its own. */
static void become_root_of_a_namespace(int more)
{
	char map[32];

	become_user(USER_UID);
	ASSERT_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
	ASSERT_EQ(unshare(CLONE_NEWUSER | more), 0);
	snprintf(map, sizeof(map), "0 %u 1", USER_UID);
	ASSERT_EQ(write_text("/proc/self/uid_map", map), 0);
	EXPECT_EQ(getuid(), 0);
}

static void namespace_root_dumps(void *arg)
{
	become_root_of_a_namespace(0);
	expect_no_dumps(arg);
}

static void in_another_pid_namespace(void *arg)
{
	struct nl own = nl_open();

	(void)arg;
	EXPECT_EQ(nl_dump(&own, TEEGATE_CMD_GET_LEASES, NULL, NULL), -EPERM);
}

static void leave_pid_namespace(void *arg)
{
	ASSERT_EQ(unshare(CLONE_NEWPID), 0);
	in_child(in_another_pid_namespace, arg);
}

TEST(dumps_and_events_are_for_administrators_alone)
{
	struct lease l = lease_unpinned();
	struct nl nl = nl_open();

	EXPECT_EQ(nl_join(&nl), 0);
	nl_close(&nl);
	nl = nl_open();
	in_child(user_dumps, &nl);
	in_child(net_admin_dumps, &nl);
	in_child(sys_admin_dumps, &nl);
	in_child(namespace_root_dumps, &nl);
	in_child(leave_pid_namespace, &nl);
	EXPECT(nl_dump(&nl, TEEGATE_CMD_GET_LEASES, NULL, NULL) > 0);
	EXPECT_EQ(nl_dump(&nl, TEEGATE_CMD_GET_BACKENDS, NULL, NULL), 1);
	EXPECT(nl_dump(&nl, TEEGATE_CMD_GET_WORKLOADS, NULL, NULL) > 0);
	close(l.fd);
}

struct outsider {
	uint32_t group;
	struct gate joined, told;
};

/* There is no family; and the group's number, known from elsewhere, is worth nothing there. */
static void listen_in_another_network(void *arg)
{
	struct outsider *o = arg;
	struct nl own;

	become_root_of_a_namespace(CLONE_NEWNET);
	own = nl_open();
	EXPECT_EQ(own.family, 0);
	own.group = o->group;
	nl_join(&own);
	gate_open(o->joined);
	gate_wait(o->told);
	EXPECT(!nl_event(&own, &m, 200));
}

TEST(a_network_namespace_of_ones_own_has_no_family_and_hears_nothing)
{
	struct nl nl = nl_open();
	struct outsider o = { nl.group, gate_make(), gate_make() };
	pid_t pid;

	ASSERT(nl.family && nl.group);
	ASSERT_EQ(nl_join(&nl), 0);
	pid = child_start(listen_in_another_network, &o);
	gate_wait(o.joined);
	lease_unpinned();
	EXPECT(nl_event(&nl, &m, 5000));
	gate_open(o.told);
	child_ok(pid);
}

/* ---- requests that are wrong ---- */

TEST(requests_with_other_attributes_are_EINVAL)
{
	struct nl nl = nl_open();
	const uint64_t number = 1;
	struct nl_request q;

	for (uint16_t type = 1; type <= TEEGATE_A_MAX + 3; type++) {
		q = nl_dump_request(TEEGATE_CMD_GET_LEASES);
		nl_add(&q, type, &number, 8);
		if (type == TEEGATE_A_WORKLOAD)
			EXPECT_EQ(nl_ask(&nl, &q, NULL, NULL), 0);
		else
			EXPECT_EQ(nl_ask(&nl, &q, NULL, NULL), -EINVAL);
	}
	for (uint16_t len = 0; len <= 12; len++) {
		static const uint8_t zeroes[12];

		if (len == 8)
			continue;
		q = nl_dump_request(TEEGATE_CMD_GET_WORKLOADS);
		nl_add(&q, TEEGATE_A_WORKLOAD, zeroes, len);
		EXPECT(nl_ask(&nl, &q, NULL, NULL) < 0);
	}
	q = nl_dump_request(TEEGATE_CMD_GET_BACKENDS);
	nl_add(&q, TEEGATE_A_WORKLOAD, &number, 8);
	EXPECT_EQ(nl_ask(&nl, &q, NULL, NULL), -EINVAL);
}

TEST(requests_that_are_no_dumps_and_unknown_commands_are_EOPNOTSUPP)
{
	struct nl nl = nl_open();
	struct nl_request q = nl_dump_request(TEEGATE_CMD_GET_BACKENDS);

	EXPECT_EQ(nl_ask(&nl, &q, NULL, NULL), 1);
	q.flags = 0;
	EXPECT_EQ(nl_ask(&nl, &q, NULL, NULL), -EOPNOTSUPP);
	q = nl_dump_request(TEEGATE_CMD_EVENT);
	EXPECT_EQ(nl_ask(&nl, &q, NULL, NULL), -EOPNOTSUPP);
	q = nl_dump_request(TEEGATE_CMD_MAX + 1);
	EXPECT_EQ(nl_ask(&nl, &q, NULL, NULL), -EOPNOTSUPP);
	q = nl_dump_request(0);
	EXPECT_EQ(nl_ask(&nl, &q, NULL, NULL), -EOPNOTSUPP);
}

static void only_of_workload(const struct nl_message *msg, void *arg)
{
	EXPECT_EQ(nl_number(msg, TEEGATE_A_WORKLOAD), *(uint64_t *)arg);
}

TEST(a_dump_of_one_workload_tells_of_no_other)
{
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);
	struct nl_request q = nl_dump_request(TEEGATE_CMD_GET_LEASES);
	uint64_t workload = 4711;
	struct nl nl = nl_open();

	wish.workload = workload;
	lease_make(wish);
	lease_narrow(lease_make(wish).fd, BOTH);
	lease_unpinned();
	nl_add(&q, TEEGATE_A_WORKLOAD, &workload, 8);
	EXPECT_EQ(nl_ask(&nl, &q, only_of_workload, &workload), 3);
	q.cmd = TEEGATE_CMD_GET_WORKLOADS;
	EXPECT_EQ(nl_ask(&nl, &q, only_of_workload, &workload), 1);
	EXPECT(nl_dump(&nl, TEEGATE_CMD_GET_LEASES, NULL, NULL) > 3);
}

/* ---- dumps while leases come and go ---- */

#define STAYING 60

struct churn {
	struct lease staying[STAYING];
	unsigned int seen[STAYING];
	uint64_t last;
	unsigned int others;
};

static void come_and_go(void *arg)
{
	struct gate *stop = arg;

	while (!gate_is_open(*stop)) {
		struct lease l[8];

		for (unsigned int i = 0; i < 8; i++)
			l[i] = lease_unpinned();
		for (unsigned int i = 0; i < 8; i++) {
			lease_narrow(l[i].fd, BOTH);
			lease_revoke(l[i].fd, 0);
			close(l[i].fd);
		}
		for (int fd = 3; fd < 100; fd++)
			if (fd != stop->fd)
				close(fd);
	}
}

static void see_churn(const struct nl_message *msg, void *arg)
{
	struct churn *c = arg;
	uint64_t id = nl_number(msg, TEEGATE_A_LEASE_ID);
	unsigned int i;

	EXPECT(id > c->last);
	c->last = id;
	for (i = 0; i < STAYING && c->staying[i].id != id; i++)
		;
	if (i < STAYING)
		c->seen[i]++;
	else
		c->others++;
}

/* Claims as long as they may be, so that a dump has many pages. */
static void make_staying(struct churn *c)
{
	static char claims[TEEGATE_CLAIMS_MAX];
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);

	memset(claims, 'c', sizeof(claims));
	wish.claims = (uintptr_t)claims;
	wish.claims_len = sizeof(claims);
	for (unsigned int i = 0; i < STAYING; i++)
		c->staying[i] = lease_make(wish);
}

TEST_LIMIT(a_lease_that_stays_is_in_each_dump_once_while_others_come_and_go, 300)
{
	static struct churn c;
	struct gate stop = gate_make();
	struct nl nl = nl_open();
	pid_t pid[2];

	make_staying(&c);
	for (unsigned int i = 0; i < 2; i++)
		pid[i] = child_start(come_and_go, &stop);
	for (unsigned int round = 0; round < 20; round++) {
		c.last = 0;
		memset(c.seen, 0, sizeof(c.seen));
		ASSERT(nl_dump(&nl, TEEGATE_CMD_GET_LEASES, see_churn, &c) >= STAYING);
		for (unsigned int i = 0; i < STAYING; i++)
			EXPECT_EQ(c.seen[i], 1);
	}
	EXPECT(c.others > 0);
	gate_open(stop);
	for (unsigned int i = 0; i < 2; i++)
		child_ok(pid[i]);
}

/* ---- events ---- */

static uint64_t last_seq;

/*
 * The next event about leases, if there is one within that time. Those about the TEE are counted,
 * and netlink-tee's business: what an earlier case did to it may end at any moment.
 */
static bool event_within(struct nl *nl, int timeout_ms)
{
	uint64_t seq;

	do {
		if (!nl_event(nl, &m, timeout_ms))
			return false;
		seq = nl_number(&m, TEEGATE_A_SEQ);
		if (last_seq)
			EXPECT_EQ(seq, last_seq + 1);
		last_seq = seq;
		EXPECT(nl_number(&m, TEEGATE_A_TIME_NS) > 0);
	} while (nl_has(&m, TEEGATE_A_PROVIDER));
	return true;
}

static void next_event(struct nl *nl)
{
	ASSERT(event_within(nl, (int)(20000 * tap_slow())));
}

static void expect_event(struct nl *nl, enum teegate_event event, uint64_t lease_id)
{
	next_event(nl);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_EVENT), event);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_LEASE_ID), lease_id);
}

static struct nl listener(void)
{
	struct nl nl = nl_open();

	ASSERT_EQ(nl_join(&nl), 0);
	last_seq = 0;
	return nl;
}

TEST(the_life_of_a_lease_is_told_in_order_and_without_a_gap)
{
	struct nl nl = listener();
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);
	struct lease l;

	wish.workload = 42;
	wish.note = (uintptr_t)"secret";
	wish.note_len = 6;
	l = lease_make(wish);
	expect_event(&nl, TEEGATE_EVENT_LEASE_CREATED, l.id);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_WORKLOAD), 42);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_OPS), BOTH);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_FLAGS), TEEGATE_LEASE_UNPINNED);
	EXPECT(!nl_has(&m, TEEGATE_A_NOTE) && !nl_has(&m, TEEGATE_A_CLAIMS));
	EXPECT_EQ(report_try_raw(l.fd), 0);
	expect_event(&nl, TEEGATE_EVENT_LEASE_USED, l.id);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_OP), TEEGATE_OP_RAW_REPORT);
	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	expect_event(&nl, TEEGATE_EVENT_LEASE_REVOKED, l.id);
	EXPECT(!nl_has(&m, TEEGATE_A_ERRNO));
	close(l.fd);
	expect_event(&nl, TEEGATE_EVENT_LEASE_CLOSED, l.id);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_WORKLOAD), 42);
	EXPECT(!event_within(&nl, 100));
}

TEST(a_refusal_is_told_with_lease_caller_errno_and_operation)
{
	struct lease l = lease_make(lease_wish(TEEGATE_OP_REPORT, CLAIMS));
	struct nl nl = listener();

	EXPECT_EQ(report_try_raw(l.fd), -EPERM);
	expect_event(&nl, TEEGATE_EVENT_DENIED, l.id);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_ERRNO), EPERM);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_OP), TEEGATE_OP_RAW_REPORT);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_UID), 0);
	EXPECT(!nl_has(&m, TEEGATE_A_COUNT));
	EXPECT_EQ(report_try(l.fd), 0);
	expect_event(&nl, TEEGATE_EVENT_LEASE_USED, l.id);
}

TEST(a_lease_that_expires_is_told_of)
{
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);
	struct nl nl = listener();
	struct lease l;

	wish.lifetime_ms = 200;
	l = lease_make(wish);
	expect_event(&nl, TEEGATE_EVENT_LEASE_CREATED, l.id);
	expect_event(&nl, TEEGATE_EVENT_LEASE_REVOKED, l.id);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_ERRNO), ETIME);
	EXPECT_EQ(report_try(l.fd), -ESTALE);
}

/* At once: nobody uses the lease, and nothing else happens. */
TEST(a_lease_whose_cgroup_is_removed_is_told_of_at_once)
{
	const char *cgroup = cgroup_make(NULL, "removed"), *other = cgroup_make(NULL, "stays");
	struct lease l = lease_in_cgroup(cgroup), stays = lease_in_cgroup(other);
	struct nl nl = listener(), nl_other = nl_open();

	EXPECT_EQ(rmdir(cgroup), 0);
	expect_event(&nl, TEEGATE_EVENT_LEASE_REVOKED, l.id);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_ERRNO), ENOENT);
	EXPECT(!event_within(&nl, 300));
	EXPECT_EQ(info_now().queued, 0);
	EXPECT_EQ(rmdir(other), 0);
	expect_event(&nl, TEEGATE_EVENT_LEASE_REVOKED, stays.id);
	EXPECT_EQ(times_in_dump(&nl_other, l.id, check_gone, NULL), 1);
}

struct lease_and_count {
	struct lease lease;
	unsigned int count;
};

static void be_refused(void *arg)
{
	struct lease_and_count *c = arg;

	become_user(USER_UID);
	for (unsigned int i = 0; i < c->count; i++)
		EXPECT_EQ(report_try_raw(c->lease.fd), -EPERM);
}

#define FLOOD 2000

/* What a flood comes to: few messages that count all of it; others are heard in between. */
TEST_LIMIT(a_flood_of_refusals_is_merged_and_counted_and_drowns_nobody_else, 200)
{
	struct lease_and_count c = { lease_make(lease_wish(TEEGATE_OP_REPORT, CLAIMS)), FLOOD };
	struct lease other = lease_make(lease_wish(TEEGATE_OP_REPORT, CLAIMS));
	struct nl nl = listener();
	uint64_t refused = 0, begun = 0, ended = 0;
	unsigned int messages = 0, others = 0;

	in_child(be_refused, &c);
	EXPECT_EQ(report_try_raw(other.fd), -EPERM);
	while (refused < FLOOD || !others) {
		next_event(&nl);
		EXPECT_EQ(nl_number(&m, TEEGATE_A_EVENT), TEEGATE_EVENT_DENIED);
		if (nl_number(&m, TEEGATE_A_LEASE_ID) == other.id) {
			others++;
			continue;
		}
		EXPECT_EQ(nl_number(&m, TEEGATE_A_LEASE_ID), c.lease.id);
		EXPECT_EQ(nl_number(&m, TEEGATE_A_UID), USER_UID);
		refused += nl_has(&m, TEEGATE_A_COUNT) ? nl_number(&m, TEEGATE_A_COUNT) : 1;
		ended = nl_number(&m, TEEGATE_A_TIME_NS);
		begun = begun ?: ended;
		messages++;
	}
	EXPECT_EQ(refused, FLOOD);
	EXPECT_EQ(others, 1);
	tap_note("%u messages in %llu ms", messages,
		 (unsigned long long)(ended - begun) / 1000000);
	EXPECT(messages <= 2 * TEEGATE_EVENT_RATE +
			   TEEGATE_EVENT_RATE * (ended - begun) / 1000000000);
	EXPECT(!event_within(&nl, 500));
}

static void narrow_and_close(void *arg)
{
	struct lease *l = arg;

	for (unsigned int i = 0; i < 300; i++)
		close(lease_narrow(l->fd, BOTH).fd);
}

TEST_LIMIT(narrowing_at_will_is_merged_and_an_administrators_leases_are_not, 200)
{
	struct lease l = lease_unpinned(), made[20];
	uint64_t created = 0, closed = 0;
	struct nl nl = listener();
	unsigned int messages = 0;

	in_child(narrow_and_close, &l);
	while (created < 300 || closed < 300) {
		uint64_t n;

		next_event(&nl);
		n = nl_has(&m, TEEGATE_A_COUNT) ? nl_number(&m, TEEGATE_A_COUNT) : 1;
		if (nl_number(&m, TEEGATE_A_EVENT) == TEEGATE_EVENT_LEASE_CREATED)
			created += n;
		else
			closed += n;
		messages++;
	}
	EXPECT_EQ(created, 300);
	EXPECT_EQ(closed, 300);
	EXPECT(messages < 100);
	for (unsigned int i = 0; i < 20; i++)
		made[i] = lease_unpinned();
	for (unsigned int i = 0; i < 20; i++)
		expect_event(&nl, TEEGATE_EVENT_LEASE_CREATED, made[i].id);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
