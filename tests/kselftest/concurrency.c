// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many callers at once, ours and the stock driver's: every answer is the right one, and the key
 * that all of them share is alive afterwards.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "registers.h"
#include "stock.h"

#define REPORTS 500

static void expect_channel_alive(void)
{
	uint8_t data[64] = "alive";
	struct lease l = lease_unpinned();
	int stock = stock_open();

	EXPECT_EQ(info_now().state, TEEGATE_STATE_UP);
	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(info_now().queued, 0);
	ASSERT(stock >= 0);
	EXPECT_EQ(stock_report(stock, data), 0);
	close(stock);
	close(l.fd);
}

static void our_reports(void *arg)
{
	static struct evidence ev;
	struct lease *l = arg;
	unsigned int good = 0;
	char data[16];

	for (unsigned int i = 0; i < REPORTS; i++) {
		snprintf(data, sizeof(data), "ours %u", i);
		if (!EXPECT_EQ(report_get(l->fd, 0, data, (uint32_t)strlen(data), &ev), 0))
			break;
		expect_bound(&ev, data, (uint32_t)strlen(data), CLAIMS, strlen(CLAIMS));
		good++;
	}
	EXPECT_EQ(good, REPORTS);
}

static void stock_reports(void *arg)
{
	int fd = stock_open();
	unsigned int good = 0;

	(void)arg;
	ASSERT(fd >= 0);
	for (unsigned int i = 0; i < REPORTS; i++) {
		uint8_t data[64];

		memset(data, (int)i, sizeof(data));
		if (!EXPECT_EQ(stock_report(fd, data), 0))
			break;
		good++;
	}
	EXPECT_EQ(good, REPORTS);
}

TEST_LIMIT(five_hundred_of_ours_and_five_hundred_of_the_stock_driver_are_all_good, 400)
{
	struct lease l = lease_unpinned();
	struct teegate_get_info before = info_now();
	pid_t ours = child_start(our_reports, &l), theirs = child_start(stock_reports, NULL);

	child_ok(ours);
	child_ok(theirs);
	EXPECT_EQ(info_now().reports, before.reports + REPORTS);
	EXPECT_EQ(info_now().errors, before.errors);
	expect_channel_alive();
}

/* TDX: as many as the driver's poll once a second allows. */
static void stock_quotes_until(void *arg)
{
	const struct gate *done = arg;
	static uint8_t quote[16384];
	unsigned int good = 0;

	while (!gate_is_open(*done)) {
		uint8_t data[64];

		memset(data, (int)good, sizeof(data));
		if (!EXPECT(stock_quote("beside", data, quote, sizeof(quote)) > 0))
			break;
		good++;
	}
	EXPECT(good > 0);
	tap_note("%u quotes by configfs-tsm meanwhile", good);
}

TEST_LIMIT(five_hundred_quotes_of_ours_and_those_of_the_stock_driver_are_all_good, 600)
{
	struct lease l = lease_unpinned();
	struct teegate_get_info before = info_now();
	struct gate done = gate_make();
	pid_t quotes, tdreports, ours;

	quotes = child_start(stock_quotes_until, &done);
	tdreports = child_start(stock_reports, NULL);
	ours = child_start(our_reports, &l);
	child_ok(ours);
	child_ok(tdreports);
	gate_open(done);
	child_ok(quotes);
	EXPECT_EQ(info_now().reports, before.reports + REPORTS);
	EXPECT_EQ(info_now().errors, before.errors);
	expect_channel_alive();
}

/* The driver's own lock keeps its reports and our events, which go through it, from meeting. */
TEST_LIMIT(events_of_ours_beside_reports_of_the_stock_driver_are_all_good, 400)
{
	static struct evidence ev;
	struct lease l;
	pid_t theirs;
	int before;

	need_log();
	l = lease_for_everything();
	before = log_now(l.fd, &ev);
	theirs = child_start(stock_reports, NULL);
	for (unsigned int i = 0; i < REPORTS; i++) {
		if (!EXPECT_EQ(extend_try(l.fd, 2 + i % 2, &i, sizeof(i)), 0))
			break;
	}
	child_ok(theirs);
	EXPECT_EQ(log_now(l.fd, &ev), before + REPORTS);
	expect_channel_alive();
}

/* ---- nobody gets what another one asked for ---- */

struct workload {
	pthread_t thread;
	struct lease lease;
	char claims[16];
	struct evidence ev;
};

#define WORKLOADS 8
#define EACH 25

static void *work(void *arg)
{
	struct workload *w = arg;
	char data[32];

	for (unsigned int i = 0; i < EACH; i++) {
		snprintf(data, sizeof(data), "%s asks %u", w->claims, i);
		if (!EXPECT_EQ(report_get(w->lease.fd, i % 5 ? 0 : TEEGATE_REPORT_AUX, data,
					  (uint32_t)strlen(data), &w->ev), 0))
			break;
		expect_bound(&w->ev, data, (uint32_t)strlen(data), w->claims,
			     (uint32_t)strlen(w->claims));
	}
	return NULL;
}

static struct workload *workload_start(unsigned int i)
{
	struct workload *w = calloc(1, sizeof(*w));

	ASSERT(w);
	snprintf(w->claims, sizeof(w->claims), "workload %u", i % 100);
	w->lease = lease_make(lease_wish(BOTH, w->claims));
	ASSERT_EQ(pthread_create(&w->thread, NULL, work, w), 0);
	return w;
}

TEST_LIMIT(each_of_many_workloads_gets_reports_with_its_own_claims, 400)
{
	struct workload *w[WORKLOADS];
	unsigned int i;

	for (i = 0; i < WORKLOADS; i++)
		w[i] = workload_start(i);
	for (i = 0; i < WORKLOADS; i++)
		EXPECT_EQ(pthread_join(w[i]->thread, NULL), 0);
	expect_channel_alive();
}

/* ---- leases that come and go under their users ---- */

static void ask_until_stale(void *arg)
{
	struct lease *l = arg;
	int r;

	do
		r = report_try(l->fd);
	while (r == 0);
	EXPECT_EQ(r, -ESTALE);
}

#define ROUNDS 10

TEST_LIMIT(a_lease_that_is_revoked_under_four_users_ends_for_all_of_them, 200)
{
	int session = session_open();

	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct lease l = lease_unpinned();
		uint64_t before = info_of(session).reports;
		pid_t user[4];

		for (unsigned int i = 0; i < 4; i++)
			user[i] = child_start(ask_until_stale, &l);
		WAIT_UNTIL(info_of(session).reports > before + round);
		EXPECT_EQ(lease_revoke(session, l.id), 0);
		for (unsigned int i = 0; i < 4; i++)
			child_ok(user[i]);
		close(l.fd);
	}
	WAIT_UNTIL(info_of(session).queued == 0);
	expect_channel_alive();
}

/* Firmware that hangs takes a processor with it; deadlines are the business of another one. */
TEST_LIMIT(a_caller_of_firmware_that_hangs_gets_ETIMEDOUT_and_the_next_one_a_report, 120)
{
	struct lease l = lease_unpinned();
	static struct evidence ev;
	uint64_t hits;

	EXPECT_EQ(report_try(l.fd), 0);
	hits = fw_hits("hang");
	fw_fault("hang count=1");
	report_wish(&ev, 0, "hang", 4);
	ev.r.timeout_ms = 2000;
	EXPECT_EQ(tg(l.fd, TEEGATE_GET_REPORT, &ev.r), -ETIMEDOUT);
	EXPECT_EQ(fw_hits("hang"), hits + 1);
	fw_reset();
	expect_channel_alive();
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
