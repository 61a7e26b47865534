// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whom to examine, and how long.
 *
 * A lease belongs to a cgroup and all that is below it, so every process there is examined, not only
 * the one that asked: it may have hidden from itself what its neighbour holds. It is no fence against a
 * workload that is set on hiding a device, for that one can forge without asking us; it keeps an
 * honest workload from being taken for more than it is.
 *
 * To look means to walk through file systems that the client may have made, and a FUSE server need
 * never answer. So a child does it, and is killed when it takes too long. Signals do not get a
 * thread out of such a wait; SIGKILL does, mostly: who waits for a request that a FUSE server has read, or
 * for a dead NFS server, may stay. Nobody waits for those; whoever asks next looks whether they have
 * ended, and as long as one has not, its workload is not examined again. The child runs this program anew (exposure_child()): what
 * is forked from one of several threads may meet locks that nobody is there to open.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "doors.h"
#include "exposure.h"
#include "sandbox.h"
#include "util.h"

#define LOOK_MS		10000
#define END_MS		1000
#define STUCK_MAX	64
#define STUCK_RESERVE	16	/* more than there are threads */
#define MEMBERS_MAX	1024
#define CGROUPS_MAX	1024
#define DEPTH_MAX	32

static void unknown(struct exposure *ret, const char *text)
{
	*ret = (struct exposure){ .verdict = EXPOSURE_UNKNOWN };
	snprintf(ret->text, sizeof(ret->text), "teegated could not look at the client: %s", text);
}

/* Through the client's cgroup and those below it. */
struct walk {
	struct doors *doors;
	const struct peer *peer;
	unsigned int members, cgroups;
	struct exposure *result;	/* the walk goes on as long as it says "none" */
};

static bool goes_on(const struct walk *walk)
{
	return walk->result->verdict == EXPOSURE_NONE;
}

/* A neighbour that is gone, or moves away, while we look is none any more. */
static void look_at_member(struct walk *walk, pid_t pid)
{
	CLEANUP(closep) int pidfd = -1, proc_fd = -1;
	struct exposure result;
	int r;

	r = peer_open_member(walk->peer, pid, &pidfd, &proc_fd);
	if (r == -ESRCH || r == -EXDEV)
		return;
	if (r < 0) {
		unknown(walk->result, strerror(-r));
		return;
	}
	doors_look(walk->doors, proc_fd, &result);
	if (result.verdict == EXPOSURE_NONE || peer_pidfd_alive(pidfd) < 0)
		return;
	walk->result->verdict = result.verdict;
	snprintf(walk->result->text, sizeof(walk->result->text), "process %d of its cgroup: %.400s",
		 (int)pid, result.text);
}

/* ENODEV: the cgroup is removed, so it was empty. */
static bool has_no_list(int error)
{
	return error == ENOENT || error == ENODEV;
}

/*
 * A threaded cgroup gives no list (EOPNOTSUPP), and needs none: its processes stand in the list of
 * its domain, which is the client's own cgroup or one of those below it.
 */
static void look_at_members(struct walk *walk, int cgroup_fd)
{
	CLEANUP(fclosep) FILE *file = peer_open_members(cgroup_fd);
	int pid;

	if (!file) {
		if (!has_no_list(errno))
			unknown(walk->result, strerror(errno));
		return;
	}
	while (goes_on(walk) && (errno = 0, fscanf(file, "%d", &pid)) == 1) {
		if (++walk->members > MEMBERS_MAX)
			unknown(walk->result, "there are too many processes in its cgroup");
		else if (pid != walk->peer->pid)
			look_at_member(walk, pid);
	}
	if (!goes_on(walk) || (feof(file) && !ferror(file)))
		return;
	if (!ferror(file) || !(errno == EOPNOTSUPP || has_no_list(errno)))
		unknown(walk->result, "the list of processes in its cgroup cannot be read");
}

static void look_below(struct walk *walk, int cgroup_fd, unsigned int depth);

static void look_at_child(struct walk *walk, int parent_fd, const char *name, unsigned int depth)
{
	CLEANUP(closep) int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && !has_no_list(errno))
		unknown(walk->result, strerror(errno));
	else if (fd >= 0)
		look_below(walk, fd, depth);
}

/* All in this cgroup, then those below. */
static void look_below(struct walk *walk, int cgroup_fd, unsigned int depth)
{
	struct dirent *entry;
	DIR *dir;
	int fd;

	if (++walk->cgroups > CGROUPS_MAX || depth > DEPTH_MAX) {
		unknown(walk->result, "there are too many cgroups below its own");
		return;
	}
	look_at_members(walk, cgroup_fd);
	/* Not a duplicate: that would share its place in the directory with others who read it. */
	fd = openat(cgroup_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (!has_no_list(errno))
			unknown(walk->result, strerror(errno));
		closep(&fd);
		return;
	}
	/* Any other name that begins with a dot is a cgroup like all. */
	while (goes_on(walk) && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			look_at_child(walk, fd, entry->d_name, depth + 1);
	closedir(dir);
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Above all leases and connections of others, which must end when teegated ends them. */
static void close_others(int keep[3])
{
	unsigned int next = STDERR_FILENO + 1;

	qsort(keep, 3, sizeof(*keep), compare_fds);
	for (size_t i = 0; i < 3; i++) {
		unsigned int fd = (unsigned int)keep[i];

		if (fd > next)
			close_range(next, fd - 1, 0);
		if (fd >= next)
			next = fd + 1;
	}
	close_range(next, UINT_MAX, 0);
}

/* What the child is told, after its name. */
enum { PARENT = 1, PID, PIDFD, PROC_FD, CGROUP_FD, CGROUP, N_ARGS };

void exposure_child(int argc, char **argv)
{
	struct exposure result;
	struct doors *doors;
	struct peer peer;

	/* When teegated dies, nobody waits for the result. */
	if (argc != N_ARGS || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != atoi(argv[PARENT]))
		_exit(EXIT_FAILURE);
	peer = (struct peer){
		.pid = atoi(argv[PID]),
		.pidfd = atoi(argv[PIDFD]),
		.proc_fd = atoi(argv[PROC_FD]),
		.cgroup_fd = atoi(argv[CGROUP_FD]),
		.cgroup = argv[CGROUP],
	};
	close_others((int[]){ peer.pidfd, peer.proc_fd, peer.cgroup_fd });
	if (sandbox_enter(SANDBOX_LOOK) < 0 || sandbox_lock(SANDBOX_LOOK) < 0)
		_exit(EXIT_FAILURE);
	doors = doors_new();
	if (!doors)
		_exit(EXIT_FAILURE);
	doors_look(doors, peer.proc_fd, &result);
	if (result.verdict == EXPOSURE_NONE)
		look_below(&(struct walk){ .doors = doors, .peer = &peer, .result = &result },
			   peer.cgroup_fd, 0);
	if (peer_pidfd_alive(peer.pidfd) < 0)
		unknown(&result, "the process that connected has exited");
	/* Less than PIPE_BUF: all or nothing. */
	_exit(write(STDOUT_FILENO, &result, sizeof(result)) == sizeof(result) ? EXIT_SUCCESS :
									      EXIT_FAILURE);
}

/* To the same number: only then the child has it at all. */
static int hand_down(posix_spawn_file_actions_t *actions, const struct peer *peer)
{
	const int fds[] = { peer->pidfd, peer->proc_fd, peer->cgroup_fd };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fds); i++)
		r = posix_spawn_file_actions_adddup2(actions, fds[i], fds[i]);
	return r;
}

/* 0, or an errno. */
static int start_child(const struct peer *peer, int pipe_fd, pid_t *ret_child)
{
	char numbers[CGROUP][16], *argv[N_ARGS + 1] = { (char *)EXPOSURE_CHILD };
	const int values[CGROUP] = {
		[PARENT] = getpid(), [PID] = peer->pid, [PIDFD] = peer->pidfd,
		[PROC_FD] = peer->proc_fd, [CGROUP_FD] = peer->cgroup_fd,
	};
	posix_spawn_file_actions_t actions;
	int r;

	for (size_t i = PARENT; i < CGROUP; i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "%d", values[i]);
		argv[i] = numbers[i];
	}
	argv[CGROUP] = peer->cgroup;
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return r;
	r = posix_spawn_file_actions_adddup2(&actions, pipe_fd, STDOUT_FILENO);
	if (r == 0)
		r = hand_down(&actions, peer);
	if (r == 0)
		r = posix_spawn(ret_child, "/proc/self/exe", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return r;
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

/* ---- children that even SIGKILL did not end yet ---- */

static struct {
	pthread_mutex_t lock;
	struct stuck {
		pid_t child;		/* 0: none */
		uint64_t workload;
	} list[STUCK_MAX];
} stuck = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool has_ended(pid_t child)
{
	pid_t r;

	do
		r = waitpid(child, NULL, WNOHANG);
	while (r < 0 && errno == EINTR);
	return r != 0;
}

/* True: one of that workload still hangs, or so many others do that there is no place for one more. */
static bool is_stuck(uint64_t workload)
{
	bool found = false;
	unsigned int n = 0;

	pthread_mutex_lock(&stuck.lock);
	for (unsigned int i = 0; i < STUCK_MAX; i++) {
		struct stuck *s = &stuck.list[i];

		if (s->child && has_ended(s->child))
			s->child = 0;
		n += s->child ? 1 : 0;
		found |= s->child && s->workload == workload;
	}
	pthread_mutex_unlock(&stuck.lock);
	return found || n > STUCK_MAX - STUCK_RESERVE;
}

static bool note_stuck(pid_t child, uint64_t workload)
{
	bool noted = false;

	pthread_mutex_lock(&stuck.lock);
	for (unsigned int i = 0; i < STUCK_MAX && !noted; i++) {
		if (stuck.list[i].child)
			continue;
		stuck.list[i] = (struct stuck){ child, workload };
		noted = true;
	}
	pthread_mutex_unlock(&stuck.lock);
	return noted;
}

static void end_child(pid_t child, uint64_t workload)
{
	const struct timespec pause = { .tv_nsec = 1000 * 1000 };

	kill(child, SIGKILL);
	for (int i = 0; i < END_MS; i++) {
		if (has_ended(child))
			return;
		nanosleep(&pause, NULL);
	}
	/* There is a place for each thread that may be here; should there be none, a thread is lost for a while. */
	if (!note_stuck(child, workload))
		waitpid(child, NULL, 0);
}

void exposure_look(const struct peer *peer, struct exposure *ret)
{
	uint64_t workload = peer_workload(peer);
	int pipe_fds[2], r;
	pid_t child;

	if (is_stuck(workload)) {
		unknown(ret, "one of its file systems does not answer, and has not for a while");
		return;
	}
	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		unknown(ret, strerror(errno));
		return;
	}
	r = start_child(peer, pipe_fds[1], &child);
	close(pipe_fds[1]);
	if (r != 0) {
		unknown(ret, strerror(r));
	} else {
		collect(pipe_fds[0], ret);
		end_child(child, workload);
	}
	close(pipe_fds[0]);
}
