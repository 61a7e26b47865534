// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whom to examine, and how long.
 *
 * A lease belongs to a cgroup, so every process in the client's cgroup is examined, not only the
 * one that asked: it may have hidden from itself what its neighbour holds. It is no fence against a
 * workload that is set on hiding a device, for that one can forge without asking us; it keeps an
 * honest workload from being taken for more than it is.
 *
 * To look means to walk through file systems that the client may have made, and a FUSE server need
 * never answer. So a child does it, and is killed when it takes too long. Signals do not get a
 * thread out of such a wait; SIGKILL does.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "doors.h"
#include "exposure.h"
#include "util.h"

#define LOOK_MS		10000
#define MEMBERS_MAX	1024

static void unknown(struct exposure *ret, const char *text)
{
	*ret = (struct exposure){ .verdict = EXPOSURE_UNKNOWN };
	snprintf(ret->text, sizeof(ret->text), "teegated could not look at the client: %s", text);
}

/* A neighbour that is gone, or moves away, while we look is none any more. */
static void look_at_member(struct doors *doors, const struct peer *peer, pid_t pid,
			   struct exposure *ret)
{
	CLEANUP(closep) int pidfd = -1, proc_fd = -1;
	struct exposure result;
	int r;

	r = peer_open_member(peer, pid, &pidfd, &proc_fd);
	if (r == -ESRCH || r == -EXDEV)
		return;
	if (r < 0) {
		unknown(ret, strerror(-r));
		return;
	}
	doors_look(doors, proc_fd, &result);
	if (result.verdict == EXPOSURE_NONE || peer_pidfd_alive(pidfd) < 0)
		return;
	ret->verdict = result.verdict;
	snprintf(ret->text, sizeof(ret->text), "process %d of its cgroup: %.400s", (int)pid, result.text);
}

static void look_at_members(struct doors *doors, const struct peer *peer, struct exposure *ret)
{
	CLEANUP(fclosep) FILE *file = peer_open_members(peer);
	int n = 0, pid;

	if (!file) {
		unknown(ret, strerror(errno));
		return;
	}
	while (ret->verdict == EXPOSURE_NONE && fscanf(file, "%d", &pid) == 1) {
		if (++n > MEMBERS_MAX)
			unknown(ret, "there are too many processes in its cgroup");
		else if (pid != peer->pid)
			look_at_member(doors, peer, pid, ret);
	}
	if (ferror(file) || !feof(file))
		if (ret->verdict == EXPOSURE_NONE)
			unknown(ret, "the list of processes in its cgroup cannot be read");
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Above all leases and connections of others, which must end when teegated ends them. */
static void close_others(int *keep, size_t n)
{
	unsigned int next = STDERR_FILENO + 1;

	qsort(keep, n, sizeof(*keep), compare_fds);
	for (size_t i = 0; i < n; i++) {
		unsigned int fd = (unsigned int)keep[i];

		if (fd > next)
			close_range(next, fd - 1, 0);
		if (fd >= next)
			next = fd + 1;
	}
	close_range(next, UINT_MAX, 0);
}

static void look_in_child(const struct peer *peer, int pipe_fd)
{
	int keep[] = { pipe_fd, peer->pidfd, peer->proc_fd, peer->cgroup_fd };
	struct doors *doors = doors_new();
	struct exposure result;

	close_others(keep, ARRAY_SIZE(keep));
	if (!doors)
		_exit(1);
	doors_look(doors, peer->proc_fd, &result);
	if (result.verdict == EXPOSURE_NONE)
		look_at_members(doors, peer, &result);
	if (peer_pidfd_alive(peer->pidfd) < 0)
		unknown(&result, "the process that connected has exited");
	/* Less than PIPE_BUF: all or nothing. */
	_exit(write(pipe_fd, &result, sizeof(result)) == sizeof(result) ? 0 : 1);
}

static void collect(int pipe_fd, struct exposure *ret)
{
	struct pollfd pollfd = { .fd = pipe_fd, .events = POLLIN };
	uint64_t deadline = now_ms() + LOOK_MS, now;
	struct exposure result;
	int n;

	do {
		now = now_ms();
		n = now < deadline ? poll(&pollfd, 1, (int)(deadline - now)) : 0;
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		unknown(ret, "there is too much of it, or one of its file systems does not answer");
	else if (n < 0 || read(pipe_fd, &result, sizeof(result)) != sizeof(result))
		unknown(ret, "the examination ended early");
	else
		*ret = result;
	text_sanitize(ret->text);	/* it may hold the name of a mount point */
}

void exposure_look(const struct peer *peer, struct exposure *ret)
{
	pid_t parent = getpid(), child;
	int pipe_fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		unknown(ret, strerror(errno));
		return;
	}
	child = fork();
	if (child == 0) {
		/* The parent is a worker thread; when teegated dies, nobody waits for the result. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
			_exit(1);
		look_in_child(peer, pipe_fds[1]);
	}
	close(pipe_fds[1]);
	if (child < 0) {
		unknown(ret, strerror(errno));
	} else {
		collect(pipe_fds[0], ret);
		kill(child, SIGKILL);
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close(pipe_fds[0]);
}
