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
 *				prints how many calls were granted, how many were answered by Busy, and
 *				for how many nanoseconds it went on
 *
 * Any other answer than these ends it with status 1, and so does a service that hangs up.
 */
#include <errno.h>
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

/* Lives as long as we do. @len: with the NUL that ends a message. */
static const char *make_call(const char *method, const char *parameters, size_t *ret_len)
{
	struct json_object *call = json_object_new_object(), *p = json_tokener_parse(parameters);
	const char *text;

	if (!call || !p)
		die("parameters");
	json_object_object_add(call, "method", json_object_new_string(method));
	json_object_object_add(call, "parameters", p);
	text = json_object_to_json_string_ext(call, JSON_C_TO_STRING_PLAIN);
	*ret_len = strlen(text) + 1;
	return text;
}

static void say(int fd, const char *call, size_t len)
{
	if (send(fd, call, len, MSG_NOSIGNAL) != (ssize_t)len)
		die("send");
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
		struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;

		if (n <= 0)
			die(n < 0 ? "recvmsg" : "hung up on");
		if (c && c->cmsg_type == SCM_RIGHTS)
			memcpy(&got, CMSG_DATA(c), sizeof(got));
		used += (size_t)n;
	}
	return got;
}

/* Of what was heard. */
static enum verdict judge(void)
{
	struct json_object *o = json_tokener_parse(answer), *error;
	enum verdict verdict = OTHER;

	if (o && json_object_object_get_ex(o, "error", &error))
		verdict = strcmp(json_object_get_string(error), "io.teegate.Broker.Busy") ? OTHER : BUSY;
	else if (o)
		verdict = GRANTED;
	json_object_put(o);
	return verdict;
}

static void refused(void)
{
	fprintf(stderr, "broker: %s\n", answer);
	exit(1);
}

/* How long it took; what is done with the answer is no part of that. */
static uint64_t ask(int fd, const char *call, size_t len)
{
	uint64_t begun = now_ns(), took;
	int got;

	say(fd, call, len);
	got = hear(fd);
	took = now_ns() - begun;
	if (got >= 0)
		close(got);
	if (judge() != GRANTED)
		refused();
	return took;
}

static void calls(const char *path, const char *method, const char *parameters, long count, long pause_us)
{
	size_t len;
	const char *call = make_call(method, parameters, &len);
	int fd = dial(path);

	ask(fd, call, len);
	for (long i = 0; i < count; i++) {
		if (pause_us)
			usleep((useconds_t)pause_us);
		printf("%llu\n", (unsigned long long)ask(fd, call, len));
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
	size_t len;
	const char *call = make_call("io.teegate.Broker.GetInfo", "{}", &len);

	enter_cgroup(number);
	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		die("setresuid");
	ask(dial(BROKER), call, len);
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

static void count_answer(int fd, unsigned long count[2])
{
	int got = hear(fd);
	enum verdict verdict = judge();

	if (got >= 0)
		close(got);
	if (verdict == OTHER)
		refused();
	count[verdict]++;
}

static bool flood(void)
{
	size_t len;
	const char *call = make_call("io.teegate.Broker.AcquireLease", "{}", &len);
	struct pollfd p[FLOOD + 1] = { [FLOOD] = { .fd = STDIN_FILENO, .events = POLLIN } };
	unsigned long count[] = { [GRANTED] = 0, [BUSY] = 0 };
	uint64_t begun;

	for (int i = 0; i < FLOOD; i++)
		p[i] = (struct pollfd){ .fd = dial(BROKER), .events = POLLIN };
	begun = now_ns();
	for (int i = 0; i < FLOOD; i++)
		say(p[i].fd, call, len);
	while (!p[FLOOD].revents) {
		if (poll(p, FLOOD + 1, -1) < 0)
			die("poll");
		for (int i = 0; i < FLOOD; i++) {
			if (!p[i].revents)
				continue;
			count_answer(p[i].fd, count);
			say(p[i].fd, call, len);
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
