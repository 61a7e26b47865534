// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The event log of a TD: as firmware left it, then what EXTEND did. Whoever gets one can replay it
 * to the registers in the very report that it came with; when that cannot be, there is none. Never
 * a wrong one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "modules.h"
#include "registers.h"
#include "stock.h"
#include "tee.h"

static const char event[] = "an event";

#define EVENT event, (uint32_t)strlen(event)

static struct evidence ev;

/* ---- what firmware logged ---- */

TEST_LIMIT(the_log_of_firmware_replays_to_the_registers, 200)
{
	struct lease l;

	everything_anew();
	l = lease_unpinned();
	EXPECT(log_now(l.fd, &ev) >= 1);
	expect_bound(&ev, "log", 3, CLAIMS, strlen(CLAIMS));
	ASSERT_EQ(report_get(l.fd, TEEGATE_REPORT_AUX | TEEGATE_REPORT_LOCAL, "log", 3, &ev), 0);
	expect_log(&ev);
	ASSERT_EQ(report_get(l.fd, TEEGATE_REPORT_AUX | TEEGATE_REPORT_RAW, "log", 3, &ev), 0);
	expect_log(&ev);
}

TEST_LIMIT(the_log_comes_only_when_asked_for, 200)
{
	struct lease l;

	need_log();
	l = lease_unpinned();
	ASSERT_EQ(report_get(l.fd, 0, "log", 3, &ev), 0);
	EXPECT_EQ(ev.r.aux_len, 0);
	EXPECT_EQ(ev.aux[0], 0xa5);
	EXPECT(log_now(l.fd, &ev) >= 1);
}

/* ---- what EXTEND added ---- */

/* The newest event of the log is this one. */
static void expect_last_event(const struct evidence *with, uint32_t index, const char *claims,
			      const void *data, uint32_t len)
{
	struct event_log log = log_open(with->aux, with->r.aux_len);
	uint8_t bytes[16 + SHA384_SIZE + 4 + 1024], digest[SHA384_SIZE];
	size_t n = event_bytes(claims, (uint32_t)strlen(claims), data, len, bytes);
	struct event e = { 0 };

	while (log_next(&log, &e))
		;
	ASSERT(!log.bad && e.len == n);
	event_digest(claims, (uint32_t)strlen(claims), data, len, digest);
	EXPECT_EQ(e.rtmr, index);
	EXPECT_MEM(e.data, bytes, n);
	EXPECT_MEM(e.digest, digest, sizeof(digest));
}

TEST_LIMIT(each_event_is_in_the_log_with_the_bytes_of_its_digest, 200)
{
	static const uint32_t lengths[] = { 1, 64, 1024 };
	uint8_t data[TEEGATE_EVENT_MAX];
	struct lease l;
	int before;

	need_log();
	l = lease_for_everything();
	memset(data, 0x77, sizeof(data));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		before = log_now(l.fd, &ev);
		ASSERT_EQ(extend_try(l.fd, 2 + i % 2, data, lengths[i]), 0);
		EXPECT_EQ(log_now(l.fd, &ev), before + 1);
		expect_last_event(&ev, 2 + i % 2, CLAIMS, data, lengths[i]);
	}
}

static void extend_some(void *arg)
{
	struct lease *l = arg;
	char text[32];

	for (unsigned int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "%d says %u", getpid(), i);
		if (!EXPECT_EQ(extend_try(l->fd, 2 + i % 2, text, (uint32_t)strlen(text)), 0))
			return;
	}
}

#define TASKS 5

static unsigned int logs_while(struct lease *l, const struct gate *done)
{
	unsigned int n = 0;

	while (!gate_is_open(*done)) {
		ASSERT_EQ(report_get(l->fd, TEEGATE_REPORT_AUX, "log", 3, &ev), 0);
		if (!ev.r.aux_len)
			continue;
		expect_log(&ev);
		n++;
	}
	return n;
}

struct watcher {
	struct lease *lease;
	struct gate done;
};

static void watch_logs(void *arg)
{
	struct watcher *w = arg;

	tap_note("%u logs while others extended", logs_while(w->lease, &w->done));
}

TEST_LIMIT(the_log_replays_after_a_thousand_extends_of_several_tasks, 900)
{
	struct watcher w;
	struct lease l;
	pid_t pid[TASKS], watcher;
	int before;

	everything_anew();
	l = lease_for_everything();
	before = log_now(l.fd, &ev);
	w = (struct watcher) { &l, gate_make() };
	for (unsigned int i = 0; i < TASKS; i++)
		pid[i] = child_start(extend_some, &l);
	/* Meanwhile a report has a log that replays, or none. */
	watcher = child_start(watch_logs, &w);
	for (unsigned int i = 0; i < TASKS; i++)
		child_ok(pid[i]);
	gate_open(w.done);
	child_ok(watcher);
	EXPECT_EQ(log_now(l.fd, &ev), before + TASKS * 200);
}

static void extend_for_ever(void *arg)
{
	struct lease *l = arg;

	while (extend_try(l->fd, 3, "k", 1) == 0)
		;
	EXPECT(!"an extend failed");
}

static void kill_extenders(unsigned int times)
{
	struct lease l;

	everything_anew();
	l = lease_for_everything();
	for (unsigned int i = 0; i < times; i++) {
		pid_t pid = child_start(extend_for_ever, &l);

		wait_random(5000);
		child_kill(pid);
	}
	WAIT_UNTIL(info_now().queued == 0);
	log_now(l.fd, &ev);
	EXPECT_EQ(extend_try(l.fd, 3, EVENT), 0);
	log_now(l.fd, &ev);
	close(l.fd);
}

/*
 * Log and register change together or not at all, whenever the caller dies. A log has room for some two
 * thousand events, which a fast machine has made before the last of a hundred callers has died.
 */
TEST_LIMIT(the_log_replays_after_a_hundred_killed_callers, 600)
{
	srandom(3);
	for (unsigned int i = 0; i < 5; i++)
		kill_extenders(20);
}

/*
 * The TDX module has one lock over its registers and tells the loser to come again. The stock
 * driver warns when that happens to it, so it must not be there.
 */
TEST_LIMIT(a_lost_race_for_the_register_lock_is_run_again, 200)
{
	struct lease l;
	uint64_t busy;

	need_log();
	l = lease_for_everything();
	module_unload(the_tee()->driver);
	busy = fw_stat("busy");
	fw_fault("extend-busy count=5");
	EXPECT_EQ(extend_try(l.fd, 3, EVENT), 0);
	fw_fault("report-busy count=5");
	EXPECT_EQ(report_try_local(l.fd), 0);
	EXPECT(fw_stat("busy") >= busy + 10);
	log_now(l.fd, &ev);
	module_load(the_tee()->driver);
}

/* With the driver or without it, and whichever comes first: there is one register and one log. */
TEST_LIMIT(the_log_replays_whether_the_driver_is_there_or_not, 200)
{
	uint8_t shown[SHA384_SIZE];
	struct registers now;
	struct lease l;
	int before;

	need_log();
	l = lease_for_everything();
	before = log_now(l.fd, &ev);
	for (unsigned int i = 0; i < 3; i++) {
		EXPECT_EQ(extend_try(l.fd, 3, EVENT), 0);
		module_unload(the_tee()->driver);
		EXPECT_EQ(extend_try(l.fd, 3, EVENT), 0);
		module_load(the_tee()->driver);
		now = registers_now(l.fd);
		ASSERT_EQ(stock_register(3, shown), 0);
		EXPECT_MEM(shown, now.rtmr[3], sizeof(shown));
	}
	EXPECT_EQ(log_now(l.fd, &ev), before + 6);
}

#define RELOADS 10
#define EVENTS_MAX 1000		/* there is room for more in the log */

struct extender {
	struct lease *lease;
	struct gate done;
	int result[2];		/* a pipe: how many events there were */
};

static void extend_until(void *arg)
{
	struct extender *e = arg;
	unsigned int n = 0;

	while (!gate_is_open(e->done)) {
		if (n < EVENTS_MAX && EXPECT_EQ(extend_try(e->lease->fd, 2 + n % 2, "go", 2), 0))
			n++;
		EXPECT_EQ(report_try(e->lease->fd), 0);
		wait_random(5000);
	}
	ASSERT_EQ(write(e->result[1], &n, sizeof(n)), sizeof(n));
}

/* Each event is in its register once, whoever put it there when the driver came or went. */
TEST_LIMIT(the_log_replays_while_the_driver_comes_and_goes, 400)
{
	struct extender e;
	struct lease l;
	unsigned int n;
	int before;
	pid_t pid;

	everything_anew();
	l = lease_for_everything();
	before = log_now(l.fd, &ev);
	e = (struct extender) { .lease = &l, .done = gate_make() };
	ASSERT_EQ(pipe(e.result), 0);
	pid = child_start(extend_until, &e);
	for (unsigned int i = 0; i < RELOADS; i++) {
		module_unload(the_tee()->driver);
		module_load(the_tee()->driver);
	}
	gate_open(e.done);
	child_ok(pid);
	ASSERT_EQ(read(e.result[0], &n, sizeof(n)), sizeof(n));
	tap_note("%u events", n);
	EXPECT(n > RELOADS);
	EXPECT_EQ(log_now(l.fd, &ev), before + (int)n);
	close(l.fd);
	everything_anew();
}

/* ---- when it cannot be right ---- */

static void expect_no_log(int fd)
{
	ASSERT_EQ(report_get(fd, TEEGATE_REPORT_AUX, "log", 3, &ev), 0);
	EXPECT_EQ(ev.r.aux_len, 0);
	expect_bound(&ev, "log", 3, CLAIMS, strlen(CLAIMS));
}

TEST_LIMIT(a_register_that_the_stock_driver_extended_has_no_log, 200)
{
	uint8_t digest[SHA384_SIZE];
	struct lease l;

	for (unsigned int index = 2; index <= 3; index++) {
		need_log();
		l = lease_for_everything();
		log_now(l.fd, &ev);
		memset(digest, 0x31, sizeof(digest));
		ASSERT_EQ(stock_extend(index, digest), 0);
		expect_no_log(l.fd);
		/* Nor does it come back by itself: what happened in between is unknown for good. */
		EXPECT_EQ(extend_try(l.fd, index, EVENT), 0);
		expect_no_log(l.fd);
		close(l.fd);
	}
	need_log();
}

/* What was logged went with the module, what was extended stayed. */
TEST_LIMIT(after_a_reload_there_is_no_log_of_what_the_old_module_extended, 200)
{
	struct lease l;

	need_log();
	l = lease_for_everything();
	EXPECT_EQ(extend_try(l.fd, 3, EVENT), 0);
	log_now(l.fd, &ev);
	close(l.fd);
	module_unload(OUR_MODULE);
	module_load(OUR_MODULE);
	l = lease_for_everything();
	expect_no_log(l.fd);
	close(l.fd);
	need_log();
}

TEST_LIMIT(a_reload_alone_costs_no_log, 200)
{
	struct lease l;

	everything_anew();
	module_unload(OUR_MODULE);
	module_load(OUR_MODULE);
	l = lease_unpinned();
	log_now(l.fd, &ev);
}

#define MANY 100000

TEST_LIMIT(a_full_log_is_ENOSPC_and_still_right, 600)
{
	static uint8_t data[TEEGATE_EVENT_MAX];
	struct lease l;
	int r, n = 0, before;

	need_log();
	l = lease_for_everything();
	before = log_now(l.fd, &ev);
	do
		r = extend_try(l.fd, 3, data, sizeof(data));
	while (r == 0 && ++n < MANY);
	EXPECT_EQ(r, -ENOSPC);
	EXPECT(n > 0);
	EXPECT_EQ(log_now(l.fd, &ev), before + n);
	tap_note("%d events of %zu bytes", n, sizeof(data));
	close(l.fd);
	everything_anew();
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
