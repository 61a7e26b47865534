// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Callers that are killed at every stage of a report. Whatever happens to them, the next caller is
 * served, nothing stays behind in the queue and the key lives.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "scene.h"
#include "stock.h"

#define PAGE 4096

static struct evidence ev;

/* The next one is served, with a report of its own. */
static void expect_served(void)
{
	struct lease l = lease_unpinned();

	ASSERT_EQ(report_get(l.fd, 0, "served", 6, &ev), 0);
	expect_bound(&ev, "served", 6, CLAIMS, strlen(CLAIMS));
	close(l.fd);
}

static void expect_nothing_left(void)
{
	uint8_t data[64] = "after";
	int stock = stock_open();

	/* What a killed caller asked for may still be answered while others are served. */
	WAIT_UNTIL(info_now().queued == 0);
	EXPECT_EQ(info_now().state, TEEGATE_STATE_UP);
	ASSERT(stock >= 0);
	EXPECT_EQ(stock_report(stock, data), 0);
	close(stock);
}

static void ask_for_ever(void *arg)
{
	struct lease *l = arg;

	while (report_try(l->fd) == 0)
		;
	EXPECT(!"a report failed");
}

static void expect_killed(pid_t pid)
{
	int status = child_kill(pid);

	EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- in the queue ---- */

TEST_LIMIT(killed_while_its_request_waits, 200)
{
	struct lease l = lease_unpinned();
	struct busy_scene s = busy_scene_make();

	for (unsigned int i = 0; i < 20; i++) {
		pid_t pid = child_start(ask_for_ever, &l);

		WAIT_UNTIL(info_of(l.fd).queued == s.queued + 1);
		expect_killed(pid);
		EXPECT_EQ(info_of(l.fd).queued, s.queued);
	}
	busy_scene_end(&s);
	expect_served();
	expect_nothing_left();
}

/* ---- in firmware ---- */

TEST_LIMIT(killed_while_its_request_is_in_firmware, 200)
{
	struct lease l = lease_unpinned();

	for (unsigned int i = 0; i < 4; i++) {
		pid_t pid;

		fw_hold();
		pid = child_start(ask_for_ever, &l);
		fw_wait_held();
		/* At once, though firmware is not done. */
		expect_killed(pid);
		fw_release();
		expect_served();
	}
	expect_nothing_left();
}

/* The request outlives the caller, and with it the last descriptor of the lease. */
TEST_LIMIT(killed_with_the_only_descriptor_of_its_lease, 200)
{
	struct lease l = lease_unpinned();
	int session = session_open();
	pid_t pid;

	fw_hold();
	pid = child_start(ask_for_ever, &l);
	close(l.fd);
	fw_wait_held();
	expect_killed(pid);
	fw_release();
	expect_served();
	WAIT_UNTIL(lease_revoke(session, l.id) == -ENOENT);
	expect_nothing_left();
}

/* ---- while user memory is copied ---- */

/* A page whose first use by anyone, the kernel included, is told to us and does not end. */
static void *page_without_end(int *ret_uffd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	ASSERT(p != MAP_FAILED && uffd >= 0);
	ASSERT_EQ(ioctl(uffd, UFFDIO_API, &api), 0);
	reg.range.start = (uintptr_t)p;
	reg.range.len = PAGE;
	ASSERT_EQ(ioctl(uffd, UFFDIO_REGISTER, &reg), 0);
	*ret_uffd = uffd;
	return p;
}

enum stage { STRUCT_IN, USER_DATA_IN, REPORT_OUT, CLAIMS_OUT, STAGES };

struct copy_scene {
	struct lease lease;
	enum stage stage;
	struct gate copying;
};

static void *tell_of_fault(void *arg)
{
	struct copy_scene *s = ((void **)arg)[0];
	int uffd = *(int *)((void **)arg)[1];
	struct uffd_msg msg;

	ASSERT_EQ(read(uffd, &msg, sizeof(msg)), sizeof(msg));
	ASSERT_EQ(msg.event, UFFD_EVENT_PAGEFAULT);
	gate_open(s->copying);
	return NULL;
}

static void ask_and_get_stuck(void *arg)
{
	struct copy_scene *s = arg;
	struct teegate_get_report *r = &ev.r;
	void *page, *to_thread[2];
	pthread_t thread;
	int uffd;

	page = page_without_end(&uffd);
	to_thread[0] = s;
	to_thread[1] = &uffd;
	ASSERT_EQ(pthread_create(&thread, NULL, tell_of_fault, to_thread), 0);
	report_wish(&ev, 0, "stuck", 5);
	if (s->stage == STRUCT_IN)
		r = page;
	else if (s->stage == USER_DATA_IN)
		r->user_data = (uintptr_t)page;
	else if (s->stage == REPORT_OUT)
		r->report = (uintptr_t)page;
	else
		r->claims = (uintptr_t)page;
	EXPECT_EQ(tg(s->lease.fd, TEEGATE_GET_REPORT, r), 12345);
}

TEST_LIMIT(killed_while_the_kernel_copies_its_memory, 300)
{
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0)
		SKIP("this kernel has no userfaultfd");
	close(uffd);
	for (unsigned int i = 0; i < 5 * STAGES; i++) {
		struct copy_scene s = { lease_unpinned(), i % STAGES, gate_make() };
		pid_t pid = child_start(ask_and_get_stuck, &s);

		gate_wait(s.copying);
		/* One that hangs in its own memory hinders nobody. */
		expect_served();
		EXPECT_EQ(info_now().queued, 0);
		expect_killed(pid);
		expect_served();
		close(s.lease.fd);
		close(s.copying.fd);
	}
	expect_nothing_left();
}

/* ---- anywhere ---- */

/* Times are the stimulus here: whatever stage they hit, the result must be the same. */
TEST_LIMIT(killed_a_hundred_times_at_any_point, 500)
{
	struct lease l = lease_unpinned();

	srandom(1);
	fw_slow();
	for (unsigned int i = 0; i < 100; i++) {
		pid_t a = child_start(ask_for_ever, &l), b = child_start(ask_for_ever, &l);

		wait_random(40000);
		expect_killed(a);
		expect_served();
		expect_killed(b);
		expect_served();
	}
	expect_nothing_left();
}

/* The stock driver's users share the channel with our killed ones. */
TEST_LIMIT(killed_while_another_process_uses_the_stock_driver, 300)
{
	struct lease l = lease_unpinned();
	int stock = stock_open();
	uint8_t data[64];

	srandom(2);
	ASSERT(stock >= 0);
	fw_slow();
	for (unsigned int i = 0; i < 30; i++) {
		pid_t pid = child_start(ask_for_ever, &l);

		memset(data, (int)i, sizeof(data));
		EXPECT_EQ(stock_report(stock, data), 0);
		wait_random(20000);
		expect_killed(pid);
		EXPECT_EQ(stock_report(stock, data), 0);
	}
	expect_served();
	expect_nothing_left();
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
