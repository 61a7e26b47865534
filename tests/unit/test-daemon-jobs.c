// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose turn it is: daemon/jobs.c, with the work of a job played here. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "jobs.h"
#include "util.h"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t change;
	unsigned int tickets;	/* so many may end; a job waits in its thread for one */
	unsigned int begun, done;
	struct account *order[256];
	unsigned int waiting[4], running[4], most[4];	/* of each account */
} play = { .lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER };

static struct account accounts[4];

void __wrap_work(struct jobs *jobs, struct device *device, struct job *job);

void __wrap_work(struct jobs *jobs, struct device *device, struct job *job)
{
	size_t who = (size_t)(job->account - accounts);

	(void)jobs;
	(void)device;
	pthread_mutex_lock(&play.lock);
	play.order[play.begun++] = job->account;
	play.waiting[who]--;
	if (++play.running[who] > play.most[who])
		play.most[who] = play.running[who];
	pthread_cond_broadcast(&play.change);
	while (play.tickets == 0)
		pthread_cond_wait(&play.change, &play.lock);
	play.tickets--;
	play.running[who]--;
	pthread_cond_broadcast(&play.change);
	pthread_mutex_unlock(&play.lock);
}

static void on_done(struct job *job)
{
	job->account->requests--;
	play.done++;
	free(job);
}

static int setup(void **state)
{
	struct jobs *jobs;

	play.tickets = play.begun = play.done = 0;
	for (int i = 0; i < 4; i++) {
		play.waiting[i] = play.running[i] = play.most[i] = 0;
		accounts[i] = (struct account){ 0 };
	}
	if (jobs_new(NULL, &jobs) < 0)
		return -1;
	*state = jobs;
	return 0;
}

static int submit(struct jobs *jobs, int who)
{
	struct job *job = calloc(1, sizeof(*job));
	int r;

	assert_non_null(job);
	job->account = &accounts[who];
	job->done = on_done;
	pthread_mutex_lock(&play.lock);	/* so that it does not begin before it is said to wait */
	r = jobs_submit(jobs, job);
	if (r < 0) {
		free(job);
	} else {
		accounts[who].requests++;
		play.waiting[who]++;
	}
	pthread_mutex_unlock(&play.lock);
	return r;
}

static void wait_until_begun(unsigned int n)
{
	pthread_mutex_lock(&play.lock);
	while (play.begun < n)
		pthread_cond_wait(&play.change, &play.lock);
	pthread_mutex_unlock(&play.lock);
}

/* Is there a thread for one of those that wait? They may all have to wait for others of their account. */
static bool one_may_begin(void)
{
	unsigned int running = 0;
	bool may = false;

	for (int i = 0; i < 4; i++) {
		running += play.running[i];
		may |= play.waiting[i] > 0 && play.running[i] < JOBS_ACCOUNT_THREADS;
	}
	return may && running < JOBS_THREADS;
}

static void finish_one(void)
{
	pthread_mutex_lock(&play.lock);
	play.tickets++;
	pthread_cond_broadcast(&play.change);
	while (play.tickets > 0 || one_may_begin())
		pthread_cond_wait(&play.change, &play.lock);
	pthread_mutex_unlock(&play.lock);
}

/* One after the other, so that each thread that becomes free has taken the next one before. */
static void finish_all(struct jobs *jobs, unsigned int n)
{
	struct pollfd pollfd = { .fd = jobs_fd(jobs), .events = POLLIN };

	for (unsigned int i = 0; i < n; i++)
		finish_one();
	while (play.done < n) {
		assert_int_equal(poll(&pollfd, 1, 60000), 1);
		jobs_collect(jobs);
	}
	assert_true(jobs_free(jobs));
}

static void a_flood_leaves_threads_for_others(void **state)
{
	struct jobs *jobs = *state;

	for (int i = 0; i < 40; i++)
		assert_int_equal(submit(jobs, 0), 0);
	wait_until_begun(JOBS_ACCOUNT_THREADS);
	/* The neighbour is begun although forty are before it, and none of them has ended. */
	assert_int_equal(submit(jobs, 1), 0);
	wait_until_begun(JOBS_ACCOUNT_THREADS + 1);
	assert_ptr_equal(play.order[JOBS_ACCOUNT_THREADS], &accounts[1]);
	finish_all(jobs, 41);
	assert_int_equal(play.most[0], JOBS_ACCOUNT_THREADS);
}

static void accounts_take_turns(void **state)
{
	struct jobs *jobs = *state;
	unsigned int n, before = 0;

	/* All threads are busy; then two flood, and at last one asks politely. */
	for (int i = 0; i < JOBS_THREADS; i++)
		submit(jobs, i % 3);
	wait_until_begun(JOBS_THREADS);
	for (int i = 0; i < 20; i++) {
		submit(jobs, 0);
		submit(jobs, 1);
	}
	assert_int_equal(submit(jobs, 3), 0);
	finish_all(jobs, JOBS_THREADS + 41);
	for (n = JOBS_THREADS; play.order[n] != &accounts[3]; n++)
		before++;
	assert_in_range(before, 0, 2);	/* one of each other */
}

static void turns_go_on_whoever_comes_later(void **state)
{
	struct jobs *jobs = *state;
	unsigned int last = 0;

	for (int i = 0; i < JOBS_THREADS; i++)
		submit(jobs, 1 + i % 3);
	wait_until_begun(JOBS_THREADS);
	/* Fewer than the threads of an account, so that only its turns decide. */
	for (int i = 0; i < 3; i++)
		submit(jobs, 0);
	for (int i = 0; i < 30; i++)
		submit(jobs, 1);
	finish_all(jobs, JOBS_THREADS + 33);
	for (unsigned int n = JOBS_THREADS; n < JOBS_THREADS + 33; n++)
		last = play.order[n] == &accounts[0] ? n - JOBS_THREADS : last;
	assert_in_range(last, 2, 2 * 3);
}

static void a_full_queue_still_has_one_place_for_each(void **state)
{
	struct jobs *jobs = *state;
	unsigned int n = 0;

	while (submit(jobs, 0) == 0)
		n++;
	assert_int_equal(n, JOBS_MAX);
	assert_int_equal(submit(jobs, 1), 0);
	assert_int_equal(submit(jobs, 1), -EBUSY);
	finish_all(jobs, n + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_flood_leaves_threads_for_others, setup),
		cmocka_unit_test_setup(accounts_take_turns, setup),
		cmocka_unit_test_setup(turns_go_on_whoever_comes_later, setup),
		cmocka_unit_test_setup(a_full_queue_still_has_one_place_for_each, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
