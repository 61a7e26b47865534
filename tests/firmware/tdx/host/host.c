// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tdx-host: the host of a software TD, with its quoting enclave. For tests only.
 *
 *	tdx-host --key host.key --memory MIB [--record FILE] -- QEMU ARGUMENT...
 *
 * It owns the memory of the guest, starts QEMU on it as its child, and lives and dies with it; its
 * exit status is QEMU's. What the guest's firmware (teegate_softtdx.ko) asks for, it finds in the
 * mailbox; the answer goes straight into the buffer of whoever asked, whenever it is done, as on a
 * real host. Four signers work at once, further requests wait in line.
 *
 * The guest has no way to wake this process, so one thread looks into the mailbox: every 30 us
 * while there is traffic and every millisecond otherwise.
 *
 * With --record each answered request leaves a line: ns of CLOCK_MONOTONIC when it was seen, when a
 * signer began, when the answer was written, and the status.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "../mailbox.h"

#define NAP_BUSY_NS		30000
#define NAP_IDLE_NS		1000000
#define BUSY_FOR_NS		200000000ull

/* The machine has RAM from 0 up to its memory hole without a gap. */
#define MEMORY_MAX_MIB		3072

#define QUOTE_SUCCESS		0ull
#define QUOTE_ERROR		0x8000000000000000ull

struct quote_buffer {
	uint64_t version;
	uint64_t status;
	uint32_t in_len;
	uint32_t out_len;
	uint8_t data[];
};

/* One request, by slot. Its signer owns it, then, if it is held, the poller. */
struct job {
	struct tdx_slot request;
	struct tdx_quote_times times;
	uint32_t releases;
	enum { NOT_HELD, HELD, RELEASED } held;		/* the answer is ready */
	bool counts;		/* its time is that of a signer */
	uint64_t status;
	uint32_t out_len;
	size_t len;
	uint8_t answer[QUOTE_MAX];
};

static struct {
	uint8_t *memory;
	size_t memory_len;
	struct tdx_mailbox *mailbox;
	struct enclave *enclave;
	FILE *record;
	struct job jobs[TDX_SLOTS];

	pthread_mutex_t lock;	/* over all below, and the host's words in the mailbox */
	pthread_cond_t more;
	unsigned int queue[TDX_SLOTS];
	size_t queue_start, queued;
	uint8_t mac_key[MAC_KEY_LEN];
} host = { .lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER };

static volatile sig_atomic_t child_ended, told_to_end;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = { .tv_sec = (time_t)(ns / 1000000000),
			       .tv_nsec = (long)(ns % 1000000000) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static void nap(long ns)
{
	struct timespec ts = { .tv_nsec = ns };

	nanosleep(&ts, NULL);
}

/* Under the lock. */
static void push(unsigned int slot)
{
	host.queue[(host.queue_start + host.queued++) % TDX_SLOTS] = slot;
	host.mailbox->waiting = (uint32_t)host.queued;
	pthread_cond_signal(&host.more);
}

/* Under the lock, when there is one. */
static unsigned int pop(void)
{
	unsigned int slot = host.queue[host.queue_start];

	host.queue_start = (host.queue_start + 1) % TDX_SLOTS;
	host.mailbox->waiting = (uint32_t)--host.queued;
	return slot;
}

static void free_slot(unsigned int slot)
{
	__atomic_store_n(&host.mailbox->slots[slot].state, TDX_SLOT_FREE, __ATOMIC_RELEASE);
}

/* ---- a signer ---- */

static struct quote_buffer *buffer_of(const struct job *job)
{
	uint64_t gpa = job->request.gpa, size = job->request.size;

	if (gpa > host.memory_len || size > host.memory_len - gpa || size > QUOTE_MAX ||
	    size < sizeof(struct quote_buffer))
		return NULL;
	return (struct quote_buffer *)(host.memory + gpa);
}

static size_t capacity(const struct job *job)
{
	return job->request.size - sizeof(struct quote_buffer);
}

static void fail(struct job *job, uint64_t status)
{
	job->status = status;
	job->len = 0;
	job->out_len = 0;
}

static bool take_report(const struct job *job, uint8_t report[TDREPORT_LEN])
{
	const struct quote_buffer *buf = buffer_of(job);
	uint8_t key[MAC_KEY_LEN];
	bool genuine;

	if (!buf || buf->in_len != TDREPORT_LEN || capacity(job) < TDREPORT_LEN)
		return false;
	memcpy(report, buf->data, TDREPORT_LEN);
	pthread_mutex_lock(&host.lock);
	memcpy(key, host.mac_key, sizeof(key));
	pthread_mutex_unlock(&host.lock);
	genuine = report_is_genuine(report, key) == 1;
	explicit_bzero(key, sizeof(key));
	return genuine;
}

static void refuse(struct job *job)
{
	pthread_mutex_lock(&host.lock);
	host.mailbox->refused++;
	pthread_mutex_unlock(&host.lock);
	fail(job, QUOTE_ERROR);
}

static void quote(struct job *job)
{
	const struct tdx_slot *request = &job->request;
	uint8_t report[TDREPORT_LEN];
	size_t padded;
	int len;

	if (!take_report(job, report)) {
		refuse(job);
		return;
	}
	if (request->fault == TDX_HOST_FOREIGN_DATA)
		memset(report + TDREPORT_DATA, (int)request->fault_arg, TDREPORT_DATA_LEN);
	len = make_quote(host.enclave, report, job->answer);
	if (len < 0 || (size_t)len > capacity(job)) {
		fail(job, QUOTE_ERROR);
		return;
	}
	padded = padded_length(host.enclave, (size_t)len);
	memset(job->answer + len, 0, padded - (size_t)len);
	job->len = padded <= capacity(job) ? padded : (size_t)len;
	job->out_len = (uint32_t)job->len;
	job->status = QUOTE_SUCCESS;
}

/* What was asked to be wrong with the answer. */
static void spoil(struct job *job)
{
	uint64_t arg = job->request.fault_arg;

	switch (job->request.fault) {
	case TDX_HOST_STATUS:
		fail(job, arg);
		break;
	case TDX_HOST_OUT_LEN:
		job->out_len = (uint32_t)arg;
		break;
	case TDX_HOST_TRUNCATE:
		if (arg < job->len)
			job->len = arg;
		job->out_len = (uint32_t)job->len;
		break;
	case TDX_HOST_BAD_SIGNATURE:
		if (job->len)
			spoil_signature(host.enclave, job->answer);
		break;
	}
}

/* A host that goes on writing when it has said that it is done. */
static void keep_writing(const struct job *job, struct quote_buffer *buf)
{
	uint64_t end = now_ns() + job->request.fault_arg * 1000;
	volatile struct quote_buffer *b = buf;

	while (now_ns() < end) {
		b->out_len = UINT32_MAX;
		b->data[48] ^= 0xff;
		b->out_len = job->out_len;
		b->data[48] ^= 0xff;
	}
}

/* Under the lock. */
static void note(struct job *job)
{
	struct tdx_mailbox *mailbox = host.mailbox;

	mailbox->times[mailbox->answered % TDX_TIMES] = job->times;
	if (job->counts)
		mailbox->service_ns += job->times.written_ns - job->times.begun_ns;
	if (job->status == QUOTE_SUCCESS)
		mailbox->quotes++;
	__atomic_store_n(&mailbox->answered, mailbox->answered + 1, __ATOMIC_RELEASE);
	if (host.record)
		fprintf(host.record, "%llu %llu %llu %#llx\n",
			(unsigned long long)job->times.seen_ns,
			(unsigned long long)job->times.begun_ns,
			(unsigned long long)job->times.written_ns, (unsigned long long)job->status);
}

/* The status comes last: with it the buffer is the guest's again. */
static void answer(unsigned int slot)
{
	struct job *job = &host.jobs[slot];
	struct quote_buffer *buf = buffer_of(job);

	if (buf) {
		memcpy(buf->data, job->answer, job->len);
		buf->out_len = job->out_len;
		__atomic_store_n(&buf->status, job->status, __ATOMIC_RELEASE);
	}
	job->times.written_ns = now_ns();
	job->times.status = job->status;
	if (buf && job->request.fault == TDX_HOST_RESTLESS)
		keep_writing(job, buf);
	pthread_mutex_lock(&host.lock);
	note(job);
	pthread_mutex_unlock(&host.lock);
	free_slot(slot);
}

static void hold(struct job *job)
{
	pthread_mutex_lock(&host.lock);
	job->held = HELD;
	job->counts = false;
	host.mailbox->held++;
	pthread_mutex_unlock(&host.lock);
}

static void serve(unsigned int slot, bool was_held)
{
	struct job *job = &host.jobs[slot];
	uint64_t usec = host.mailbox->latency_us;

	if (!was_held) {
		job->times.begun_ns = now_ns();
		quote(job);
		spoil(job);
		if (job->request.fault == TDX_HOST_DELAY)
			usec += job->request.fault_arg;
		sleep_until(job->times.begun_ns + usec * 1000);
		if (job->request.fault == TDX_HOST_HOLD) {
			hold(job);
			return;
		}
	}
	answer(slot);
}

static void *signer(void *unused)
{
	unsigned int slot;
	bool was_held;

	(void)unused;
	prctl(PR_SET_TIMERSLACK, 1000);
	for (;;) {
		pthread_mutex_lock(&host.lock);
		while (!host.queued)
			pthread_cond_wait(&host.more, &host.lock);
		slot = pop();
		was_held = host.jobs[slot].held == RELEASED;
		host.jobs[slot].held = NOT_HELD;
		pthread_mutex_unlock(&host.lock);
		serve(slot, was_held);
	}
	return NULL;
}

/* ---- the mailbox ---- */

/* A firmware was loaded: its TDREPORTs are genuine from now on, and no others. */
static void hear(void)
{
	struct tdx_mailbox *mailbox = host.mailbox;
	uint32_t hello = __atomic_load_n(&mailbox->hello, __ATOMIC_ACQUIRE);

	if (hello == mailbox->heard)
		return;
	pthread_mutex_lock(&host.lock);
	memcpy(host.mac_key, mailbox->mac_key, sizeof(host.mac_key));
	explicit_bzero(mailbox->mac_key, sizeof(mailbox->mac_key));
	pthread_mutex_unlock(&host.lock);
	__atomic_store_n(&mailbox->heard, hello, __ATOMIC_RELEASE);
}

static void take(unsigned int slot)
{
	struct tdx_slot *posted = &host.mailbox->slots[slot];
	struct job *job = &host.jobs[slot];

	job->request = *posted;
	job->times = (struct tdx_quote_times){ .seen_ns = now_ns() };
	job->releases = (uint32_t)job->request.fault_arg;	/* of a held one */
	job->counts = true;
	posted->state = TDX_SLOT_TAKEN;
	if (job->request.fault == TDX_HOST_LOSE) {
		free_slot(slot);
		return;
	}
	pthread_mutex_lock(&host.lock);
	push(slot);
	pthread_mutex_unlock(&host.lock);
}

/* Held answers whose release has come go back in line, to be written. */
static void release(void)
{
	uint32_t releases = __atomic_load_n(&host.mailbox->releases, __ATOMIC_ACQUIRE);
	unsigned int slot;

	pthread_mutex_lock(&host.lock);
	for (slot = 0; slot < TDX_SLOTS && host.mailbox->held; slot++) {
		struct job *job = &host.jobs[slot];

		if (job->held != HELD || job->releases == releases)
			continue;
		job->held = RELEASED;
		host.mailbox->held--;
		push(slot);
	}
	pthread_mutex_unlock(&host.lock);
}

static bool look(void)
{
	bool traffic = false;
	unsigned int slot;

	hear();
	for (slot = 0; slot < TDX_SLOTS; slot++) {
		uint32_t *state = &host.mailbox->slots[slot].state;

		if (__atomic_load_n(state, __ATOMIC_ACQUIRE) != TDX_SLOT_POSTED)
			continue;
		take(slot);
		traffic = true;
	}
	release();
	return traffic;
}

static void poll_until_end(pid_t qemu)
{
	uint64_t last = 0;

	while (!child_ended) {
		if (told_to_end) {
			told_to_end = 0;
			kill(qemu, SIGTERM);
		}
		if (look())
			last = now_ns();
		nap(now_ns() - last < BUSY_FOR_NS ? NAP_BUSY_NS : NAP_IDLE_NS);
	}
}

/* ---- the process ---- */

static void on_signal(int signo)
{
	if (signo == SIGCHLD)
		child_ended = 1;
	else
		told_to_end = 1;
}

static void die(const char *what, int error)
{
	fprintf(stderr, "tdx-host: %s: %s\n", what, strerror(error));
	exit(1);
}

/* Whoever ends us otherwise than by a signal that we pass on ends QEMU as well. */
static pid_t start_qemu(char **command, int fd, unsigned long mib)
{
	char object[160], **argv;
	pid_t parent = getpid(), pid;
	size_t n = 0;

	while (command[n])
		n++;
	argv = calloc(n + 5, sizeof(*argv));
	if (!argv)
		die("memory", ENOMEM);
	memcpy(argv, command, n * sizeof(*argv));
	snprintf(object, sizeof(object),
		 "memory-backend-file,id=teegate-ram,size=%luM,mem-path=/proc/self/fd/%d,share=on",
		 mib, fd);
	argv[n] = (char *)"-object";
	argv[n + 1] = object;
	argv[n + 2] = (char *)"-machine";
	argv[n + 3] = (char *)"memory-backend=teegate-ram";
	pid = fork();
	if (pid < 0)
		die("fork", errno);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	free(argv);
	return pid;
}

static int share_memory(unsigned long mib)
{
	int fd = memfd_create("teegate-td", 0);

	host.memory_len = (size_t)mib << 20;
	if (fd < 0 || ftruncate(fd, (off_t)host.memory_len))
		die("the guest's memory", errno);
	host.memory = mmap(NULL, host.memory_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (host.memory == MAP_FAILED)
		die("the guest's memory", errno);
	host.mailbox = (struct tdx_mailbox *)(host.memory + TDX_MAILBOX_GPA);
	host.mailbox->magic = TDX_MAILBOX_MAGIC;
	return fd;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGCHLD, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

/* Signals are for the main thread, whose naps they end. */
static void start_signers(void)
{
	sigset_t all, before;
	pthread_t thread;
	int i, r;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	for (i = 0; i < TDX_SIGNERS; i++) {
		r = pthread_create(&thread, NULL, signer, NULL);
		if (r)
			die("thread", r);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static int exit_status(pid_t qemu)
{
	int status;

	while (waitpid(qemu, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid", errno);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void usage(void)
{
	fputs("usage: tdx-host --key FILE --memory MIB [--record FILE] -- QEMU ARGUMENT...\n",
	      stderr);
	exit(64);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' },
		{ "memory", required_argument, NULL, 'm' },
		{ "record", required_argument, NULL, 'r' },
		{ },
	};
	const char *key = NULL, *record = NULL;
	unsigned long mib = 0;
	pid_t qemu;
	int c, fd, r;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 'k':
			key = optarg;
			break;
		case 'm':
			mib = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			record = optarg;
			break;
		default:
			usage();
		}
	}
	if (!key || optind == argc || mib <= TDX_MAILBOX_GPA >> 20 || mib > MEMORY_MAX_MIB)
		usage();
	r = enclave_load(key, &host.enclave);
	if (r)
		die(key, -r);
	host.record = record ? fopen(record, "we") : NULL;
	if (record && !host.record)
		die(record, errno);
	prctl(PR_SET_TIMERSLACK, 1000);
	catch_signals();
	fd = share_memory(mib);
	qemu = start_qemu(argv + optind, fd, mib);
	close(fd);
	start_signers();
	poll_until_end(qemu);
	r = exit_status(qemu);
	if (host.record)
		fclose(host.record);
	return r;
}
