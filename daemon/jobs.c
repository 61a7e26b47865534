// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A bounded queue, a fixed number of threads, an eventfd back to the main loop.
 *
 * The queue is fair: a job's turn is the one after the last turn of its account, or the one that is
 * being served now if that is later, and jobs are done by turns. So who asks much waits for himself.
 *
 * Cancelling revokes the lease that the job waits with: the module then ends its request at once,
 * where a signal would not get the thread out of a killable sleep.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "jobs.h"
#include "util.h"

#define STOP_MS		5000
#define OWN_LEASES	256

struct jobs {
	struct device *device;
	int event_fd;
	pthread_mutex_t lock;
	pthread_cond_t work, idle;
	struct job *waiting;		/* by turn, and of one turn as they came */
	uint64_t turn;			/* of the last one that was begun */
	struct job *running[JOBS_THREADS];
	struct job *finished, **finished_end;
	unsigned int n;			/* not yet collected */
	uint64_t own[OWN_LEASES];	/* ids, a ring: the last ones that we made for ourselves */
	unsigned int n_own;
	unsigned int alive;		/* threads */
	bool stop;
	pthread_t threads[JOBS_THREADS];
	unsigned int n_threads;
};

static void push(struct job ***end, struct job *job)
{
	job->next = NULL;
	**end = job;
	*end = &job->next;
}

static struct job *pop(struct job **first, struct job ***end)
{
	struct job *job = *first;

	if (!job)
		return NULL;
	*first = job->next;
	if (!*first)
		*end = first;
	return job;
}

static void insert(struct job **list, struct job *job)
{
	while (*list && (*list)->turn <= job->turn)
		list = &(*list)->next;
	job->next = *list;
	*list = job;
}

static unsigned int running_of(const struct jobs *jobs, const struct account *account)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < JOBS_THREADS; i++)
		n += jobs->running[i] && jobs->running[i]->account == account ? 1 : 0;
	return n;
}

/* Some threads are always left for others, however long requests hang in firmware. */
static struct job *next_job(struct jobs *jobs)
{
	struct job **at = &jobs->waiting, *job;

	while (*at && !jobs->stop && running_of(jobs, (*at)->account) >= JOBS_ACCOUNT_THREADS)
		at = &(*at)->next;
	job = *at;
	if (!job)
		return NULL;
	*at = job->next;
	if (job->turn > jobs->turn)
		jobs->turn = job->turn;
	return job;
}

static void wake_main_loop(struct jobs *jobs)
{
	uint64_t one = 1;

	/* Fails only when the counter is full, and then the main loop is awake. */
	if (write(jobs->event_fd, &one, sizeof(one)) < 0)
		return;
}

/* With the lock held, as the next one. */
static void note_own(struct jobs *jobs, uint64_t lease_id)
{
	jobs->own[jobs->n_own++ % OWN_LEASES] = lease_id;
}

static unsigned int note_running(struct jobs *jobs, struct job *job)
{
	unsigned int slot = 0;

	while (jobs->running[slot])	/* there is one for each thread */
		slot++;
	jobs->running[slot] = job;
	return slot;
}

static void *thread_main(void *userdata)
{
	struct jobs *jobs = userdata;
	unsigned int slot;
	struct job *job;

	pthread_mutex_lock(&jobs->lock);
	for (;;) {
		while (!(job = next_job(jobs)) && !jobs->stop)
			pthread_cond_wait(&jobs->work, &jobs->lock);
		if (!job)
			break;
		slot = note_running(jobs, job);
		pthread_mutex_unlock(&jobs->lock);
		work(jobs, jobs->device, job);
		pthread_mutex_lock(&jobs->lock);
		jobs->running[slot] = NULL;
		push(&jobs->finished_end, job);
		/* One that waited because of this one may go on. */
		pthread_cond_signal(&jobs->work);
		wake_main_loop(jobs);
	}
	jobs->alive--;
	pthread_cond_signal(&jobs->idle);
	pthread_mutex_unlock(&jobs->lock);
	return NULL;
}

static int start_threads(struct jobs *jobs)
{
	pthread_attr_t attr;
	int r;

	r = pthread_attr_init(&attr);
	if (r)
		return -r;
	pthread_attr_setstacksize(&attr, 512 * 1024);
	for (; !r && jobs->n_threads < JOBS_THREADS; jobs->n_threads += !r)
		r = pthread_create(&jobs->threads[jobs->n_threads], &attr, thread_main, jobs);
	pthread_attr_destroy(&attr);
	pthread_mutex_lock(&jobs->lock);
	jobs->alive += jobs->n_threads;
	pthread_mutex_unlock(&jobs->lock);
	return -r;
}

int jobs_new(struct device *device, struct jobs **ret)
{
	struct jobs *jobs = calloc(1, sizeof(*jobs));
	pthread_condattr_t attr;
	int r;

	if (!jobs)
		return -ENOMEM;
	jobs->device = device;
	jobs->finished_end = &jobs->finished;
	pthread_mutex_init(&jobs->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&jobs->work, &attr);
	pthread_cond_init(&jobs->idle, &attr);
	pthread_condattr_destroy(&attr);
	jobs->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = jobs->event_fd < 0 ? -errno : start_threads(jobs);
	if (r < 0) {
		jobs_free(jobs);
		return r;
	}
	*ret = jobs;
	return 0;
}

/* With the lock held, which keeps the job from finishing and its lease from another's hands. */
static void cancel(struct jobs *jobs, struct job *job)
{
	job->cancelled = true;
	if (job->running_lease)
		device_revoke(jobs->device, job->running_lease);
}

static bool wait_for_threads(struct jobs *jobs)
{
	uint64_t end = now_ms() + STOP_MS;
	struct timespec until = { (time_t)(end / 1000), (long)(end % 1000) * 1000000 };
	int r = 0;

	while (r == 0 && jobs->alive > 0)
		r = pthread_cond_timedwait(&jobs->idle, &jobs->lock, &until);
	return jobs->alive == 0;
}

bool jobs_free(struct jobs *jobs)
{
	bool ended;

	if (!jobs)
		return true;
	pthread_mutex_lock(&jobs->lock);
	jobs->stop = true;
	for (struct job *job = jobs->waiting; job; job = job->next)
		cancel(jobs, job);
	for (unsigned int i = 0; i < JOBS_THREADS; i++)
		if (jobs->running[i])
			cancel(jobs, jobs->running[i]);
	pthread_cond_broadcast(&jobs->work);
	ended = wait_for_threads(jobs);
	pthread_mutex_unlock(&jobs->lock);
	if (!ended)
		return false;
	for (unsigned int i = 0; i < jobs->n_threads; i++)
		pthread_join(jobs->threads[i], NULL);
	jobs_collect(jobs);
	closep(&jobs->event_fd);
	pthread_cond_destroy(&jobs->work);
	pthread_cond_destroy(&jobs->idle);
	pthread_mutex_destroy(&jobs->lock);
	free(jobs);
	return true;
}

int jobs_fd(const struct jobs *jobs)
{
	return jobs->event_fd;
}

void jobs_collect(struct jobs *jobs)
{
	uint64_t count;
	struct job *job;

	if (read(jobs->event_fd, &count, sizeof(count)) < 0)
		count = 0;
	for (;;) {
		pthread_mutex_lock(&jobs->lock);
		job = pop(&jobs->finished, &jobs->finished_end);
		if (job)
			jobs->n--;
		if (job && job->cancelled && job->lease_id)
			note_own(jobs, job->lease_id);
		pthread_mutex_unlock(&jobs->lock);
		if (!job)
			return;
		job->done(job);
	}
}

int jobs_submit(struct jobs *jobs, struct job *job)
{
	struct account *account = job->account;
	int r = 0;

	job->submitted_ms = now_ms();
	pthread_mutex_lock(&jobs->lock);
	if ((jobs->n >= JOBS_MAX && account->requests > 0) || jobs->stop) {
		r = -EBUSY;
	} else {
		job->turn = account->turn >= jobs->turn ? account->turn + 1 : jobs->turn;
		account->turn = job->turn;
		insert(&jobs->waiting, job);
		jobs->n++;
		pthread_cond_signal(&jobs->work);
	}
	pthread_mutex_unlock(&jobs->lock);
	return r;
}

void jobs_cancel(struct jobs *jobs, struct job *job)
{
	pthread_mutex_lock(&jobs->lock);
	cancel(jobs, job);
	pthread_mutex_unlock(&jobs->lock);
}

bool job_set_lease(struct jobs *jobs, struct job *job, uint64_t lease_id)
{
	bool wanted;

	pthread_mutex_lock(&jobs->lock);
	job->running_lease = lease_id;
	if (lease_id)
		note_own(jobs, lease_id);
	wanted = !job->cancelled;
	pthread_mutex_unlock(&jobs->lock);
	return wanted;
}

void jobs_forget_lease(struct jobs *jobs, uint64_t lease_id)
{
	pthread_mutex_lock(&jobs->lock);
	note_own(jobs, lease_id);
	pthread_mutex_unlock(&jobs->lock);
}

bool jobs_had_lease(struct jobs *jobs, uint64_t lease_id)
{
	bool found = false;

	pthread_mutex_lock(&jobs->lock);
	for (unsigned int i = 0; !found && i < OWN_LEASES; i++)
		found = jobs->own[i] == lease_id;
	pthread_mutex_unlock(&jobs->lock);
	return found;
}

bool job_make_secret(struct job *job, size_t room)
{
	job->secret = calloc(1, room ? room : 1);
	job->secret_room = job->secret ? room : 0;
	return job->secret;
}

struct job *job_new(enum job_kind kind, struct peer *peer, struct policy *policy,
		    const struct rule *rule)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->kind = kind;
	job->peer = peer_ref(peer);
	job->policy = policy_ref(policy);
	job->rule = rule;
	job->lease_fd = -1;
	return job;
}

void job_free(struct job *job)
{
	if (!job)
		return;
	closep(&job->lease_fd);
	if (job->secret)
		explicit_bzero(job->secret, job->secret_room);
	free(job->secret);
	free(job->evidence);
	free(job->challenge);
	peer_unref(job->peer);
	policy_unref(job->policy);
	free(job);
}
