// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What clients may cause as often as they like: how little of it reaches those who listen, and how
 * seldom the module looks through all leases for it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "kit.h"
#include "nl.h"
#include "scene.h"

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- events ---- */

static struct lease lease_of(uint64_t workload)
{
	struct teegate_create_lease wish = lease_wish(TEEGATE_OP_REPORT, CLAIMS);

	wish.workload = workload;
	return lease_make(wish);
}

#define ROUNDS 50
#define REFUSALS 10

/* So many refusals of one workload as are told until there is silence. */
static uint64_t refusals_told(struct nl *nl, uint64_t workload, unsigned int *messages)
{
	static struct nl_message m;
	uint64_t count = 0;

	while (nl_event(nl, &m, 1500)) {
		if (nl_number(&m, TEEGATE_A_EVENT) != TEEGATE_EVENT_DENIED ||
		    nl_number(&m, TEEGATE_A_WORKLOAD) != workload)
			continue;
		count += nl_has(&m, TEEGATE_A_COUNT) ? nl_number(&m, TEEGATE_A_COUNT) : 1;
		(*messages)++;
	}
	return count;
}

/* Nothing is lost, and there is no more of it than one lease for all the time would have caused. */
TEST(who_gets_leases_again_and_again_has_one_share_of_events)
{
	const uint64_t workload = 0xf100d;
	unsigned int messages = 0;
	uint64_t begun, took;
	struct nl nl = nl_open();

	ASSERT_EQ(nl_join(&nl), 0);
	begun = now_ms();
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct lease l = lease_of(workload);

		for (unsigned int n = 0; n < REFUSALS; n++)
			EXPECT_EQ(report_try_raw(l.fd), -EPERM);
		close(l.fd);
	}
	took = now_ms() - begun;
	EXPECT_EQ(refusals_told(&nl, workload, &messages), ROUNDS * REFUSALS);
	tap_note("%u messages of %llu ms", messages, (unsigned long long)took);
	EXPECT(messages <= TEEGATE_EVENT_RATE + TEEGATE_EVENT_RATE * (took / 1000 + 2));
}

/* ---- walks through all leases ---- */

#define TRACING	"/sys/kernel/tracing"
#define TRACE	TRACING "/instances/teegate"
#define PAUSE_MS 20	/* between two walks, at least */

static void trace_start(void)
{
	if (access(TRACING "/instances", F_OK))
		ASSERT_EQ(mount("tracefs", TRACING, "tracefs", 0, NULL) ? -errno : 0, 0);
	ASSERT_EQ(mkdir(TRACE, 0700) ? -errno : 0, 0);
	ASSERT_EQ(write_text(TRACE "/events/workqueue/workqueue_execute_start/enable", "1"), 0);
}

/* How often the work item of the reaper has run since trace_start(). */
static unsigned int walks_seen(void)
{
	FILE *f = fopen(TRACE "/trace", "re");
	unsigned int walks = 0;
	char line[512];

	ASSERT(f);
	while (fgets(line, sizeof(line), f))
		walks += strstr(line, "function reaper_run") ? 1 : 0;
	fclose(f);
	return walks;
}

static void trace_end(void)
{
	ASSERT_EQ(rmdir(TRACE) ? -errno : 0, 0);
}

#define TIMES 300

static void expect_few(unsigned int walks, uint64_t ms)
{
	tap_note("%u walks for %u reasons in %llu ms", walks, TIMES, (unsigned long long)ms);
	EXPECT(walks > 0);
	EXPECT(walks <= 3 + ms / PAUSE_MS);
}

/* Any user may have a cgroup subtree of its own; no lease is pinned to these. */
TEST(removing_cgroups_in_a_loop_causes_few_walks)
{
	struct lease l = lease_unpinned();
	uint64_t begun = now_ms();
	unsigned int walks;

	trace_start();
	for (unsigned int i = 0; i < TIMES; i++)
		EXPECT_EQ(rmdir(cgroup_make(NULL, "any")), 0);
	walks = walks_seen();
	expect_few(walks, now_ms() - begun);
	trace_end();
	close(l.fd);
}

TEST(narrowing_to_a_moment_in_a_loop_causes_few_walks)
{
	struct lease l = lease_unpinned();
	struct teegate_narrow wish;
	uint64_t begun = now_ms();
	unsigned int walks;

	trace_start();
	for (unsigned int i = 0; i < TIMES; i++) {
		wish = narrow_wish(TEEGATE_OP_REPORT);
		wish.lifetime_ms = 1;
		EXPECT_EQ(narrow_to(l.fd, wish), 0);
		wait_a_moment();
	}
	walks = walks_seen();
	expect_few(walks, now_ms() - begun);
	trace_end();
	close(l.fd);
}

static void remove_cgroups(void *arg)
{
	struct gate *stop = arg;

	while (!gate_is_open(*stop))
		EXPECT_EQ(rmdir(cgroup_make(NULL, "any")), 0);
}

/* Late by a pause, and by what a busy machine takes, which is much now and then, but not always. */
TEST(the_end_of_a_lease_is_told_in_time_in_a_flood_of_reasons_to_look)
{
	struct gate stop = gate_make();
	pid_t pid = child_start(remove_cgroups, &stop);
	unsigned int late = 0;

	for (unsigned int i = 0; i < 10; i++) {
		struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);
		uint64_t begun = now_ms(), took;
		struct lease l;

		wish.lifetime_ms = 100;
		l = lease_make(wish);
		EXPECT_EQ(poll_now(l.fd, (int)(60000 * tap_slow())), POLLHUP);
		took = now_ms() - begun;
		EXPECT(took >= 100);
		late += took >= 2000 * tap_slow();
		close(l.fd);
	}
	EXPECT(late <= 3);
	gate_open(stop);
	child_ok(pid);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
