// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * teegate-supervise: lets unmodified programs of one container open the device of the TEE that they
 * know, and gives them a lease instead. Started by teegate-seccomp.socket for each connection; see
 * teegate-supervise(8).
 *
 * A program of its own for each container: who hangs, dies or is killed here harms no other, and leaves
 * behind a closed descriptor, upon which the kernel refuses what it would have been asked about. It also
 * outlives teegated, so that a restart of that does not stop whoever opens a file.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "handover.h"
#include "journal.h"
#include "runtime.h"
#include "sandbox.h"
#include "supervisor.h"
#include "util.h"

#define DEFAULT_BROKER	"/run/teegate/register.sock"

static void usage(FILE *to)
{
	fputs("Usage: teegate-supervise [--broker=PATH]\n\n"
	      "Answers seccomp notifications of one container: opens of /dev/sev-guest, /dev/tdx_guest and\n"
	      "/dev/uv become leases, if policy says so. Started by teegate-seccomp.socket, see\n"
	      "teegate-supervise(8).\n\n"
	      "  --broker=PATH      of teegated (default " DEFAULT_BROKER ")\n"
	      "  --help, --version\n", to);
}

/*
 * May the user who connected speak for that process? The runtime itself may be gone by now: it connects,
 * and the container's process sends. So its uid is all that is asked for, and that is enough, since what
 * a process is given goes by what teegated finds out about itself.
 */
static int judge(uid_t uid, const struct peer *container, int cgroups_fd)
{
	char reason[RUNTIME_REASON_SIZE];
	int r;

	if (*container->nameless) {
		journal_say(LOG_NOTICE, "process %d is no container: %s", (int)container->pid,
			    container->nameless);
		return -EPERM;
	}
	if (uid == 0)
		return 0;
	r = runtime_user_may_register(uid, container, cgroups_fd, reason);
	if (r == -EPERM)
		journal_say(LOG_NOTICE, "user %u may not speak for that container: %s", uid, reason);
	return r;
}

static int find_container(int socket_fd, const struct handover *handover, struct peer **ret)
{
	CLEANUP(closep) int cgroups_fd = peer_open_cgroups();
	CLEANUP(peer_unrefp) struct peer *container = NULL;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int r;

	if (cgroups_fd < 0)
		return cgroups_fd;
	if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	r = peer_identify_pid(handover->pid, cgroups_fd, &container);
	if (r >= 0)
		r = judge(cred.uid, container, cgroups_fd);
	/* It was the same process in the same cgroup all the while. */
	if (r >= 0)
		r = peer_verify(container);
	if (r < 0)
		return r;
	journal_say(LOG_INFO, "supervising container %s of user %u in %s", handover->id, cred.uid,
		    container->cgroup);
	*ret = take_pointer(&container);
	return 0;
}

static int take_over(int socket_fd, struct notify **ret_notify, struct peer **ret_container)
{
	struct handover handover;
	int fd, r;

	r = handover_receive(socket_fd, &handover, &fd);
	if (r >= 0)
		r = notify_new(fd, ret_notify);
	if (r >= 0)
		r = find_container(socket_fd, &handover, ret_container);
	return r;
}

/* The connection ends here: nothing more is said on it, and the runtime may wait for that. */
static int connected(void)
{
	int n = sd_listen_fds(true);

	if (n != 1 || sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_STREAM, 0) <= 0)
		return -ENOTCONN;
	return SD_LISTEN_FDS_START;
}

static int supervise(struct notify *notify, struct peer *container, const char *broker)
{
	CLEANUP(sd_event_unrefp) sd_event *event = NULL;
	struct supervisor *supervisor;
	int r;

	r = sd_event_new(&event);
	if (r < 0) {
		notify_free(notify);
		peer_unref(container);
		return r;
	}
	r = supervisor_new(event, notify, container, broker, &supervisor);
	if (r < 0)
		return r;
	r = sandbox_lock(SANDBOX_SUPERVISE);
	if (r >= 0)
		r = sd_event_loop(event);
	supervisor_free(supervisor);
	return r;
}

static int run(const char *broker)
{
	struct peer *container = NULL;
	struct notify *notify = NULL;
	int fd, r;

	r = sandbox_enter(SANDBOX_SUPERVISE);
	if (r < 0)
		return r;
	fd = connected();
	if (fd < 0)
		return fd;
	r = take_over(fd, &notify, &container);
	close(fd);
	if (r < 0) {
		notify_free(notify);
		return r == -ENODATA ? 0 : r;	/* a container that did not come to be */
	}
	return supervise(notify, container, broker);
}

int main(int argc, char **argv)
{
	static const struct option list[] = {
		{ "broker", required_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 }
	};
	const char *broker = DEFAULT_BROKER;
	int c, r;

	while ((c = getopt_long(argc, argv, "h", list, NULL)) >= 0) {
		switch (c) {
		case 'b':
			broker = optarg;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case 'v':
			puts("teegate-supervise " TEEGATE_VERSION);
			return EXIT_SUCCESS;
		default:
			return EXIT_FAILURE;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return EXIT_FAILURE;
	}
	journal_open();
	signal(SIGPIPE, SIG_IGN);
	r = run(broker);
	if (r < 0)
		journal_say(LOG_ERR, "not supervising: %s", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
