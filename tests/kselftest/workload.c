// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Workloads: what leases of one number share, that nobody is kept waiting by those who want much,
 * and the rate.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "nl.h"
#include "scene.h"
#include "tee.h"

/* Numbers of this process alone. */
static uint64_t number(unsigned int i)
{
	return (uint64_t)getpid() << 32 | i;
}

static struct teegate_create_lease wish_of(uint64_t workload, uint32_t max_pending)
{
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);

	wish.workload = workload;
	wish.max_pending = max_pending;
	return wish;
}

static struct lease lease_of(uint64_t workload, uint32_t max_pending)
{
	return lease_make(wish_of(workload, max_pending));
}

static struct lease lease_with_rate(uint64_t workload, uint32_t per_minute, uint32_t burst)
{
	struct teegate_create_lease wish = wish_of(workload, 0);

	wish.rate_per_minute = per_minute;
	wish.rate_burst = burst;
	return lease_make(wish);
}

/* ---- room ---- */

TEST(leases_of_one_number_share_the_room_of_one_workload)
{
	struct lease l = lease_of(number(1), 2), same = lease_of(number(1), 2);
	struct lease other = lease_of(number(2), 2);
	struct busy_scene s = busy_scene_make();
	struct asker *a = ask_start(l.fd, 0), *b = ask_start(same.fd, 0), *c;

	WAIT_UNTIL(info_of(s.other.fd).queued == s.queued + 2);
	EXPECT_EQ(report_try(l.fd), -EDQUOT);
	EXPECT_EQ(report_try(same.fd), -EDQUOT);
	EXPECT_EQ(report_try(lease_narrow(same.fd, BOTH).fd), -EDQUOT);
	EXPECT_EQ(report_try(lease_of(number(1), 2).fd), -EDQUOT);
	c = ask_start(other.fd, 0);
	WAIT_UNTIL(info_of(s.other.fd).queued == s.queued + 3);
	busy_scene_end(&s);
	EXPECT_EQ(ask_result(a), 0);
	EXPECT_EQ(ask_result(b), 0);
	EXPECT_EQ(ask_result(c), 0);
	EXPECT_EQ(report_try(same.fd), 0);
}

TEST(leases_without_a_number_share_nothing)
{
	struct lease l = lease_of(0, 1), other = lease_of(0, 1);
	struct busy_scene s = busy_scene_make();
	struct asker *a = ask_start(l.fd, 0), *b;

	WAIT_UNTIL(info_of(s.other.fd).queued == s.queued + 1);
	EXPECT_EQ(report_try(l.fd), -EDQUOT);
	b = ask_start(other.fd, 0);
	WAIT_UNTIL(info_of(s.other.fd).queued == s.queued + 2);
	busy_scene_end(&s);
	EXPECT_EQ(ask_result(a), 0);
	EXPECT_EQ(ask_result(b), 0);
}

/* However many leases it has, and whatever they say. */
TEST_LIMIT(one_workload_cannot_fill_more_than_half_of_the_queue, 400)
{
	struct busy_scene s = busy_scene_make();
	unsigned int half = info_of(s.other.fd).queue_max / 2;
	struct asker **a = calloc(half, sizeof(*a)), *other;
	struct lease l[4], late = lease_unpinned();

	ASSERT(a);
	for (unsigned int i = 0; i < 4; i++)
		l[i] = lease_of(number(1), 2 * half);
	for (unsigned int i = 0; i < half; i++)
		a[i] = ask_start(l[i % 4].fd, 0);
	WAIT_UNTIL(info_of(late.fd).queued == s.queued + half);
	for (unsigned int i = 0; i < 4; i++)
		EXPECT_EQ(report_try(l[i].fd), -EDQUOT);
	other = ask_start(late.fd, 0);
	WAIT_UNTIL(info_of(late.fd).queued == s.queued + half + 1);
	busy_scene_end(&s);
	EXPECT_EQ(ask_result(other), 0);
	for (unsigned int i = 0; i < half; i++)
		EXPECT_EQ(ask_result(a[i]), 0);
}

/* ---- turns ---- */

#define FLOODERS 3
#define LEASES 4
#define EACH 3		/* requests of each lease */

/*
 * Some workloads fill their lanes from several leases each, while all slots are busy; then a polite
 * one asks once. What is under way and one request of each workload may come before it, by the
 * header's word: so many are let through, and its own, and the rest held until it has its answer.
 */
TEST_LIMIT(a_polite_workload_waits_for_what_is_under_way_and_one_turn_of_each_other, 400)
{
	struct lease l[FLOODERS][LEASES], polite = lease_of(number(99), 1);
	struct busy_scene s = busy_scene_make();
	struct asker *a[FLOODERS * LEASES * EACH], *one;
	unsigned int n = 0, slots = the_tee()->slots;

	for (unsigned int i = 0; i < FLOODERS * LEASES; i++)
		l[i / LEASES][i % LEASES] = lease_of(number(i / LEASES), LEASES * EACH);
	for (unsigned int i = 0; i < FLOODERS * LEASES * EACH; i++)
		a[n++] = ask_start(l[i % FLOODERS][i / FLOODERS % LEASES].fd, 0);
	WAIT_UNTIL(info_of(polite.fd).queued == s.queued + n);
	one = ask_start(polite.fd, 0);
	WAIT_UNTIL(info_of(polite.fd).queued == s.queued + n + 1);
	fw_hold_after(slots + FLOODERS + 1);
	WAIT_UNTIL(one->done);
	EXPECT_EQ(ask_result(one), 0);
	/* The others are there still: it was not emptied before. */
	EXPECT(info_of(polite.fd).queued >= n - FLOODERS - slots);
	busy_scene_end(&s);
	for (unsigned int i = 0; i < n; i++)
		EXPECT_EQ(ask_result(a[i]), 0);
}

struct flood {
	struct gate stop;
	uint64_t workload;
};

/* Asks for as long as it may, from two leases at once, and takes whatever it gets. */
static void flood(void *arg)
{
	struct flood *f = arg;
	struct lease l[2] = { lease_of(f->workload, 0), lease_of(f->workload, 0) };
	unsigned int good = 0;

	while (!gate_is_open(f->stop)) {
		struct asker *a[6];
		int r;

		for (unsigned int i = 0; i < 6; i++)
			a[i] = ask_start(l[i % 2].fd, 0);
		for (unsigned int i = 0; i < 6; i++) {
			r = ask_result(a[i]);
			EXPECT(r == 0 || r == -EDQUOT || r == -EAGAIN);
			good += r == 0;
			ask_free(a[i]);
		}
	}
	EXPECT(good > 0);
}

#define POLITE 20

TEST_LIMIT(a_polite_workload_is_never_refused_while_others_flood, 300)
{
	struct lease polite = lease_of(number(99), 1);
	struct flood f[FLOODERS];
	pid_t pid[FLOODERS];
	uint64_t before = info_of(polite.fd).reports;

	for (unsigned int i = 0; i < FLOODERS; i++) {
		f[i] = (struct flood) { gate_make(), number(i) };
		pid[i] = child_start(flood, &f[i]);
	}
	WAIT_UNTIL(info_of(polite.fd).reports > before + FLOODERS);
	for (unsigned int i = 0; i < POLITE; i++)
		EXPECT_EQ(report_try(polite.fd), 0);
	for (unsigned int i = 0; i < FLOODERS; i++)
		gate_open(f[i].stop);
	for (unsigned int i = 0; i < FLOODERS; i++)
		child_ok(pid[i]);
	EXPECT(info_of(polite.fd).reports > before + POLITE + FLOODERS);
}

/* ---- the rate ---- */

TEST(an_empty_bucket_is_EDQUOT_and_says_when_to_come_again)
{
	struct lease l = lease_with_rate(number(1), 10, 3), other = lease_of(number(2), 0);
	uint32_t wait;

	EXPECT_EQ(info_of(l.fd).retry_after_ms, 0);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(report_try(l.fd), -EDQUOT);
	EXPECT_EQ(report_try_raw(l.fd), -EDQUOT);
	wait = info_of(l.fd).retry_after_ms;
	EXPECT(wait > 0 && wait <= 6000);
	EXPECT_EQ(report_try(other.fd), 0);
	EXPECT_EQ(info_of(other.fd).retry_after_ms, 0);
	WAIT_UNTIL(info_of(l.fd).retry_after_ms == 0);
	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(report_try(l.fd), -EDQUOT);
}

TEST(the_rate_is_that_of_the_workload_whatever_lease_asks)
{
	struct lease l = lease_with_rate(number(1), 1, 2), same = lease_with_rate(number(1), 1, 2);
	struct lease child = lease_narrow(l.fd, BOTH);

	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(report_try(child.fd), 0);
	EXPECT_EQ(report_try(l.fd), -EDQUOT);
	EXPECT_EQ(report_try(same.fd), -EDQUOT);
	EXPECT_EQ(report_try(child.fd), -EDQUOT);
	EXPECT_EQ(report_try(lease_with_rate(number(2), 1, 2).fd), 0);
}

TEST(a_new_lease_brings_no_new_tokens_even_when_it_is_the_only_one)
{
	struct lease l = lease_with_rate(number(1), 1, 2);

	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(report_try(l.fd), 0);
	close(l.fd);
	l = lease_with_rate(number(1), 1, 2);
	EXPECT_EQ(report_try(l.fd), -EDQUOT);
	EXPECT(info_of(l.fd).retry_after_ms > 1000);
	close(l.fd);
	l = lease_with_rate(number(2), 1, 2);
	EXPECT_EQ(report_try(l.fd), 0);
}

TEST(the_newest_lease_sets_the_rate_of_its_workload)
{
	struct lease l = lease_with_rate(number(1), 1, 1), newer;

	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(report_try(l.fd), -EDQUOT);
	newer = lease_of(number(1), 0);
	EXPECT_EQ(report_try(newer.fd), 0);
	EXPECT_EQ(report_try(l.fd), 0);
	newer = lease_with_rate(number(1), TEEGATE_RATE_MAX, TEEGATE_RATE_MAX);
	for (unsigned int i = 0; i < 5; i++)
		EXPECT_EQ(report_try(l.fd), 0);
	newer = lease_with_rate(number(1), 1, TEEGATE_RATE_MAX);
	EXPECT_EQ(report_try(newer.fd), 0);
	newer = lease_with_rate(number(1), 1, 1);
	EXPECT_EQ(report_try(newer.fd), -EDQUOT);
	EXPECT(info_of(newer.fd).retry_after_ms <= 60000);
}

TEST(what_is_refused_for_another_reason_takes_nothing_from_the_rate)
{
	struct teegate_create_lease wish = wish_of(number(1), 0);
	struct lease l;

	wish.ops = TEEGATE_OP_REPORT;
	wish.rate_per_minute = 1;
	wish.rate_burst = 1;
	l = lease_make(wish);
	for (unsigned int i = 0; i < 5; i++)
		EXPECT_EQ(report_try_raw(l.fd), -EPERM);
	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(report_try(l.fd), -EDQUOT);
}

/* ---- statistics ---- */

struct workload_seen {
	uint64_t number;
	unsigned int times;
	uint64_t requests, answered, refused, leases, pending, wait, wait_max;
};

static void see_workload(const struct nl_message *m, void *arg)
{
	struct workload_seen *w = arg;

	if (nl_number(m, TEEGATE_A_WORKLOAD) != w->number)
		return;
	w->times++;
	w->requests = nl_number(m, TEEGATE_A_REQUESTS);
	w->answered = nl_number(m, TEEGATE_A_ANSWERED);
	w->refused = nl_number(m, TEEGATE_A_REFUSED);
	w->leases = nl_number(m, TEEGATE_A_LEASES);
	w->pending = nl_number(m, TEEGATE_A_PENDING);
	w->wait = nl_number(m, TEEGATE_A_WAIT_NS);
	w->wait_max = nl_number(m, TEEGATE_A_WAIT_MAX_NS);
}

TEST(statistics_count_requests_of_all_leases_of_a_workload)
{
	struct workload_seen w = { .number = number(1) };
	struct lease l = lease_of(number(1), 0), same = lease_of(number(1), 0);
	struct lease child = lease_narrow(l.fd, TEEGATE_OP_REPORT);
	struct nl nl = nl_open();

	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(report_try(same.fd), 0);
	EXPECT_EQ(report_try(child.fd), 0);
	EXPECT_EQ(report_try_raw(child.fd), -EPERM);
	ASSERT(nl_dump(&nl, TEEGATE_CMD_GET_WORKLOADS, see_workload, &w) > 0);
	EXPECT_EQ(w.times, 1);
	EXPECT_EQ(w.requests, 3);
	EXPECT_EQ(w.answered, 3);
	EXPECT_EQ(w.refused, 1);
	EXPECT_EQ(w.leases, 2);
	EXPECT_EQ(w.pending, 0);
	EXPECT(w.wait_max > 0 && w.wait >= w.wait_max && w.wait <= 3 * w.wait_max);
	nl_close(&nl);
}

/* It came into the queue, and is no refusal of one that did not. */
TEST(what_was_queued_and_then_refused_is_not_counted_as_refused)
{
	struct workload_seen w = { .number = number(2) };
	struct lease l = lease_of(number(2), 0), child = lease_narrow(l.fd, BOTH);
	struct busy_scene s = busy_scene_make();
	struct nl nl = nl_open();
	struct asker *a = ask_start(child.fd, 0);

	WAIT_UNTIL(info_of(l.fd).queued == s.queued + 1);
	EXPECT_EQ(lease_revoke(child.fd, 0), 0);
	EXPECT_EQ(ask_result(a), -ESTALE);
	busy_scene_end(&s);
	ASSERT(nl_dump(&nl, TEEGATE_CMD_GET_WORKLOADS, see_workload, &w) > 0);
	EXPECT_EQ(w.requests, 1);
	EXPECT_EQ(w.answered, 0);
	EXPECT_EQ(w.refused, 0);
	EXPECT_EQ(report_try(child.fd), -ESTALE);
	ASSERT(nl_dump(&nl, TEEGATE_CMD_GET_WORKLOADS, see_workload, &w) > 0);
	EXPECT_EQ(w.requests, 1);
	EXPECT_EQ(w.refused, 1);
	nl_close(&nl);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
