// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Clients of a varlink service, for measuring it.
 *
 *	broker calls SOCKET METHOD PARAMETERS COUNT PAUSE_US	one client, on one connection; prints
 *				how long each call took, in nanoseconds. The first one, which pays for the
 *				connection, is not counted
 *	broker crowd COUNT	as root: that many workloads, a cgroup and a process each, with one
 *				connection each to teegated. Prints COUNT once all have had an answer,
 *				and leaves at the end of stdin
 *	broker flood		AcquireLease on 16 connections, without a pause, until the end of stdin;
 *				prints "begun" once there were as many answers as connections, and at
 *				the end how many calls were granted, how many were answered by Busy, and
 *				for how many nanoseconds it went on
 *
 * Any other answer than these ends it with status 1, and so does a service that hangs up. A lease comes
 * with one descriptor, and nothing else with any; what is echoed has to be what was sent.
 */
#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#define BROKER		"/run/teegate/broker.sock"
#define CGROUPS		"/sys/fs/cgroup/bench.slice"
#define NOBODY		65534
#define ANSWER_MAX	65536
#define FLOOD		16	/* as many as a workload may have unless policy says more */

enum verdict { GRANTED, BUSY, OTHER };

/* @len: with the NUL that ends a message. */
struct call {
	const char *text;
	size_t len;
	struct json_object *parameters;
	bool gives_fd, echoes;
};

static char answer[ANSWER_MAX];

static void die(const char *what)
{
	fprintf(stderr, "broker: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- one call ---- */

static int dial(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die(path);
	return fd;
}

static void refused(void)
{
	fprintf(stderr, "broker: %s\n", answer);
	exit(1);
}

static bool ends_with(const char *text, const char *end)
{
	const size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

/* What it points to lives as long as we do. */
static struct call make_call(const char *method, const char *parameters)
{
	struct json_object *call = json_object_new_object(), *p = json_tokener_parse(parameters);
	struct call c = {
		.parameters = p,
		.gives_fd = ends_with(method, ".AcquireLease"),
		.echoes = ends_with(method, ".Echo"),
	};

	if (!call || !p)
		die("parameters");
	json_object_object_add(call, "method", json_object_new_string(method));
	json_object_object_add(call, "parameters", p);
	c.text = json_object_to_json_string_ext(call, JSON_C_TO_STRING_PLAIN);
	c.len = strlen(c.text) + 1;
	return c;
}

static void say(int fd, const struct call *c)
{
	if (send(fd, c->text, c->len, MSG_NOSIGNAL) != (ssize_t)c->len)
		die("send");
}

/* The one descriptor that came with this part of an answer, or -1. */
static int descriptor_of(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (m->msg_flags & MSG_CTRUNC) {
		errno = EBADMSG;
		die("more than one descriptor");
	}
	if (!c)
		return -1;
	if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(fd))) {
		errno = EBADMSG;
		die("not one descriptor");
	}
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* One whole answer into the buffer; the descriptor that may come with it, or -1. */
static int hear(int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	size_t used = 0;
	int got = -1;

	while (used == 0 || answer[used - 1]) {
		struct iovec iov = { answer + used, ANSWER_MAX - used };
		struct msghdr m = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = &control, .msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
		int new;

		if (n <= 0)
			die(n < 0 ? "recvmsg" : "hung up on");
		used += (size_t)n;
		new = descriptor_of(&m);
		if (new >= 0 && got >= 0)
			refused();
		got = new >= 0 ? new : got;
	}
	return got;
}

/* Of what was heard, and whether a descriptor came with it. */
static enum verdict judge(const struct call *c, bool with_fd)
{
	struct json_object *o = json_tokener_parse(answer), *error, *parameters;
	enum verdict verdict = OTHER;

	if (o && json_object_object_get_ex(o, "error", &error)) {
		if (!with_fd && !strcmp(json_object_get_string(error), "io.teegate.Broker.Busy"))
			verdict = BUSY;
	} else if (o && json_object_object_get_ex(o, "parameters", &parameters)) {
		if (with_fd == c->gives_fd &&
		    (!c->echoes || json_object_equal(parameters, c->parameters)))
			verdict = GRANTED;
	}
	json_object_put(o);
	return verdict;
}

/* How long it took; what is done with the answer is no part of that. */
static uint64_t ask(int fd, const struct call *c)
{
	uint64_t begun = now_ns(), took;
	int got;

	say(fd, c);
	got = hear(fd);
	took = now_ns() - begun;
	if (got >= 0)
		close(got);
	if (judge(c, got >= 0) != GRANTED)
		refused();
	return took;
}

static void calls(const char *path, const char *method, const char *parameters, long count, long pause_us)
{
	const struct call c = make_call(method, parameters);
	int fd = dial(path);

	ask(fd, &c);
	for (long i = 0; i < count; i++) {
		if (pause_us)
			usleep((useconds_t)pause_us);
		printf("%llu\n", (unsigned long long)ask(fd, &c));
	}
}

/* ---- many workloads ---- */

static void cgroup_path(long number, char path[128])
{
	snprintf(path, 128, CGROUPS "/crowd-%ld.service", number);
}

static void enter_cgroup(long number)
{
	char path[128];
	FILE *file;

	cgroup_path(number, path);
	if (mkdir(path, 0755) < 0)
		die(path);
	strcat(path, "/cgroup.procs");
	file = fopen(path, "we");
	if (!file || fprintf(file, "%d\n", getpid()) < 0 || fclose(file))
		die(path);
}

static void be_one_of_the_crowd(long number, int ready)
{
	const struct call c = make_call("io.teegate.Broker.GetInfo", "{}");

	enter_cgroup(number);
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		die("setresuid");
	ask(dial(BROKER), &c);
	if (write(ready, "x", 1) != 1)
		die("write");
	close(ready);
	for (;;)
		pause();
}

static void until_end_of_stdin(void)
{
	char c;

	while (read(STDIN_FILENO, &c, 1) > 0)
		;
}

static void dismiss(const pid_t *children, long count)
{
	char path[128];

	for (long i = 0; i < count; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
		cgroup_path(i, path);
		rmdir(path);
	}
	rmdir(CGROUPS);
}

static bool crowd(long count)
{
	pid_t *children = calloc((size_t)count, sizeof(*children));
	long answered = 0;
	int ready[2];
	char c;

	if (!children || pipe(ready) < 0 || mkdir(CGROUPS, 0755) < 0)
		die("crowd");
	for (long i = 0; i < count; i++) {
		children[i] = fork();
		if (children[i] < 0)
			die("fork");
		if (!children[i])
			be_one_of_the_crowd(i, ready[1]);
	}
	/* Who fails closes it as well, so this ends. */
	close(ready[1]);
	while (read(ready[0], &c, 1) == 1)
		answered++;
	printf("%ld\n", answered);
	fflush(stdout);
	until_end_of_stdin();
	dismiss(children, count);
	free(children);
	return answered == count;
}

/* ---- one who is not polite ---- */

static void count_answer(int fd, const struct call *c, unsigned long count[2])
{
	int got = hear(fd);
	enum verdict verdict = judge(c, got >= 0);

	if (got >= 0)
		close(got);
	if (verdict == OTHER)
		refused();
	count[verdict]++;
}

static bool flood(void)
{
	const struct call c = make_call("io.teegate.Broker.AcquireLease", "{}");
	struct pollfd p[FLOOD + 1] = { [FLOOD] = { .fd = STDIN_FILENO, .events = POLLIN } };
	unsigned long count[] = { [GRANTED] = 0, [BUSY] = 0 };
	uint64_t begun;

	for (int i = 0; i < FLOOD; i++)
		p[i] = (struct pollfd){ .fd = dial(BROKER), .events = POLLIN };
	begun = now_ns();
	for (int i = 0; i < FLOOD; i++)
		say(p[i].fd, &c);
	while (!p[FLOOD].revents) {
		if (poll(p, FLOOD + 1, -1) < 0)
			die("poll");
		for (int i = 0; i < FLOOD; i++) {
			if (!p[i].revents)
				continue;
			count_answer(p[i].fd, &c, count);
			say(p[i].fd, &c);
			if (count[GRANTED] + count[BUSY] == FLOOD) {
				puts("begun");
				fflush(stdout);
			}
		}
	}
	printf("%lu %lu %llu\n", count[GRANTED], count[BUSY], (unsigned long long)(now_ns() - begun));
	return count[GRANTED] > 0 && count[BUSY] > 0;
}

int main(int argc, char **argv)
{
	if (argc == 7 && !strcmp(argv[1], "calls")) {
		calls(argv[2], argv[3], argv[4], strtol(argv[5], NULL, 10), strtol(argv[6], NULL, 10));
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "crowd"))
		return !crowd(strtol(argv[2], NULL, 10));
	if (argc == 2 && !strcmp(argv[1], "flood"))
		return !flood();
	fprintf(stderr, "broker: see its source\n");
	return 64;
}
