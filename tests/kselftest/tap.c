// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The runner behind tap.h.
 *
 * Each case runs in a process that leads its own group, so that whatever it leaves behind is killed
 * with it, and what it does to itself (namespaces, user ids, cgroups, open files) cannot reach the
 * next case. A case that does not end within its limit is a failure.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static struct tap_case *first, **last = &first;
static volatile bool failed;

void (*tap_setup)(void);

void tap_add(struct tap_case *c)
{
	*last = c;
	last = &c->next;
}

bool tap_failed(void)
{
	return failed;
}

unsigned int tap_slow(void)
{
	const char *text = getenv("TAP_SLOW");
	unsigned long n = text ? strtoul(text, NULL, 10) : 1;

	return n > 0 && n < 100 ? (unsigned int)n : 1;
}

/* One write() per line, so that the lines of several processes do not mix. */
static void say(const char *format, va_list ap)
{
	char line[512];
	int n = vsnprintf(line, sizeof(line) - 1, format, ap);
	size_t len = n < 0 ? 0 : (size_t)n;

	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	if (write(STDOUT_FILENO, line, len) < 0)
		abort();
}

static void sayf(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void sayf(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(format, ap);
	va_end(ap);
}

void tap_note(const char *format, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	sayf("# %s", text);
}

void tap_fail(const char *file, int line, const char *format, ...)
{
	char text[400];
	va_list ap;

	failed = true;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	sayf("# %s:%d: %s", file, line, text);
}

void tap_end(void)
{
	_exit(failed ? 1 : 0);
}

void tap_skip(const char *why)
{
	tap_note("skip: %s", why);
	_exit(failed ? 1 : TAP_SKIP);
}

const char *tap_errno(long long v, char buf[32])
{
	const char *name = v < 0 && v > -4096 ? strerrorname_np((int)-v) : NULL;

	if (name)
		snprintf(buf, 32, "-%s", name);
	else
		snprintf(buf, 32, "%lld", v);
	return buf;
}

bool tap_cmp_mem(const char *file, int line, const char *what, const void *got, const void *want,
		 size_t n)
{
	const unsigned char *g = got, *w = want;

	for (size_t i = 0; i < n; i++) {
		if (g[i] == w[i])
			continue;
		tap_fail(file, line, "%s: byte %zu of %zu is 0x%02x, want 0x%02x", what, i, n, g[i],
			 w[i]);
		return false;
	}
	return true;
}

pid_t child_start(void (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();

	if (pid < 0) {
		tap_fail(__FILE__, __LINE__, "fork: %s", strerror(errno));
		tap_end();
	}
	if (pid)
		return pid;
	failed = false;
	fn(arg);
	tap_end();
}

bool child_ok_at(const char *file, int line, pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid) {
		tap_fail(file, line, "waitpid: %s", strerror(errno));
		return false;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFSIGNALED(status))
		tap_fail(file, line, "helper process: signal %d", WTERMSIG(status));
	else
		tap_fail(file, line, "helper process: status %d", WEXITSTATUS(status));
	return false;
}

int child_kill(pid_t pid)
{
	int status = -1;

	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		tap_fail(__FILE__, __LINE__, "waitpid: %s", strerror(errno));
	return status;
}

static void run_in_child(const struct tap_case *c)
{
	setpgid(0, 0);
	/* Whoever stops us must not leave a case behind that holds the module. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	failed = false;
	signal(SIGPIPE, SIG_IGN);
	if (tap_setup)
		tap_setup();
	c->run();
	tap_end();
}

/*
 * Waits for the case without timers of its own: SIGCHLD is blocked, so sigtimedwait() returns at
 * once when the case ends, and otherwise at the limit.
 */
static int wait_for_case(pid_t pid, unsigned int seconds, bool *late)
{
	struct timespec limit = { .tv_sec = (time_t)seconds };
	sigset_t chld;
	int status;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	*late = false;
	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (sigtimedwait(&chld, NULL, &limit) < 0 && errno == EAGAIN && !*late) {
			*late = true;
			kill(-pid, SIGKILL);
		}
	}
	/* Helpers that the case left behind. */
	kill(-pid, SIGKILL);
	return status;
}

/* On a kernel whose allocations fail on purpose it is the cases that are to meet that, not us. */
static pid_t fork_at_last(void)
{
	pid_t pid;

	for (unsigned int i = 0; i < 10000; i++) {
		pid = fork();
		if (pid >= 0 || (errno != ENOMEM && errno != EAGAIN))
			break;
	}
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	return pid;
}

/* For whoever wonders where time goes; no case is judged by it. */
struct times {
	long ms;	/* on the wall */
	long worked;	/* and how many hundredths of a second processors have worked, for anybody */
};

static struct times times_now(void)
{
	long user = 0, nice = 0, kernel = 0, irq = 0, softirq = 0;
	FILE *f = fopen("/proc/stat", "re");
	struct timespec t;

	if (f) {
		if (fscanf(f, "cpu %ld %ld %ld %*d %*d %ld %ld", &user, &nice, &kernel, &irq, &softirq) < 5)
			user = 0;
		fclose(f);
	}
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct times) { t.tv_sec * 1000 + t.tv_nsec / 1000000,
				user + nice + kernel + irq + softirq };
}

static void say_if_long(const char *name, struct times start)
{
	struct times end = times_now();
	long ms = end.ms - start.ms, worked = end.worked - start.worked;

	if (ms >= 5000 || worked >= 200)
		sayf("# %s took %ld s, %ld s of processors", name, ms / 1000, worked / 100);
}

static bool run_case(const struct tap_case *c, unsigned int n)
{
	const struct times start = times_now();
	sigset_t chld, old;
	int status;
	pid_t pid;
	bool late;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &old);
	pid = fork_at_last();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		run_in_child(c);
	}
	setpgid(pid, pid);
	status = wait_for_case(pid, c->seconds * tap_slow(), &late);
	sigprocmask(SIG_SETMASK, &old, NULL);
	say_if_long(c->name, start);
	if (late) {
		sayf("not ok %u %s # not done after %u s", n, c->name, c->seconds * tap_slow());
	} else if (WIFSIGNALED(status)) {
		sayf("not ok %u %s # signal %d", n, c->name, WTERMSIG(status));
	} else if (WEXITSTATUS(status) == TAP_SKIP) {
		sayf("ok %u %s # SKIP", n, c->name);
		return true;
	} else {
		sayf("%s %u %s", WEXITSTATUS(status) ? "not ok" : "ok", n, c->name);
		return WEXITSTATUS(status) == 0;
	}
	return false;
}

static bool chosen(const struct tap_case *c, int argc, char **argv)
{
	if (argc < 2)
		return true;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], c->name))
			return true;
	}
	return false;
}

static void usage(const char *me)
{
	printf("usage: %s [--list] [CASE...]\n", me);
}

int tap_main(int argc, char **argv)
{
	unsigned int n = 0, good = 0, plan = 0;
	struct tap_case *c;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && argv[1][0] == '-') {
		if (strcmp(argv[1], "--list")) {
			usage(argv[0]);
			return strcmp(argv[1], "--help") ? 2 : 0;
		}
		for (c = first; c; c = c->next)
			printf("%s\n", c->name);
		return 0;
	}
	for (c = first; c; c = c->next)
		plan += chosen(c, argc, argv);
	if (!plan || (argc > 1 && plan != (unsigned int)argc - 1)) {
		fprintf(stderr, "%s: no such case; --list shows them\n", argv[0]);
		return 2;
	}
	printf("TAP version 13\n1..%u\n", plan);
	fflush(stdout);
	for (c = first; c; c = c->next) {
		if (chosen(c, argc, argv))
			good += run_case(c, ++n);
	}
	return good == plan ? 0 : 1;
}
