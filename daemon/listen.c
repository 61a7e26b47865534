// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sockets at the start. The service manager passes those of teegated.socket, known by their paths, and
 * what we gave it to keep, known by names. Registrations come first: sockets of containers need theirs,
 * and a client that waits at the broker's must not be looked at before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>

#include "journal.h"
#include "listen.h"
#include "passed.h"
#include "util.h"

#define BROKER_NAME	"broker.sock"
#define REGISTRAR_NAME	"register.sock"

/* The backlog may be empty again by the time we look: never wait for it. */
int listen_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

/* By the last part of its path; any other name is another way to the broker. */
static int endpoint_of(int fd, enum endpoint *ret)
{
	struct sockaddr_un address = { 0 };
	socklen_t len = sizeof(address) - 1;	/* so that a NUL stays */
	const char *name;

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return -errno;
	name = strrchr(address.sun_path, '/');
	*ret = name && !strcmp(name + 1, REGISTRAR_NAME) ? ENDPOINT_REGISTRAR : ENDPOINT_BROKER;
	return 0;
}

static int listen_activated(struct server *server, int fd)
{
	enum endpoint endpoint = ENDPOINT_BROKER;
	int r;

	r = sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1);
	if (r <= 0)
		return r < 0 ? r : -ENOTSOCK;
	r = listen_set_nonblocking(fd);
	if (r >= 0)
		r = endpoint_of(fd, &endpoint);
	return r < 0 ? r : server_listen(server, fd, endpoint, NULL);
}

static int remove_stale(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	return unlink(path) < 0 ? -errno : 0;
}

/* Everybody may connect: the mode of a socket is no identity. */
static int listen_at(struct server *server, const char *path, enum endpoint endpoint)
{
	CLEANUP(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int r;

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	r = remove_stale(path);
	if (r < 0)
		return r;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0666) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return -errno;
	return server_listen(server, take_fd(&fd), endpoint, NULL);
}

static int listen_in(struct server *server, const char *dir, const char *name, enum endpoint endpoint)
{
	CLEANUP(freep) char *path = NULL;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	return listen_at(server, path, endpoint);
}

static int make_sockets(struct server *server, const char *run_dir, const char *socket)
{
	int r;

	r = socket ? listen_at(server, socket, ENDPOINT_BROKER) :
		     listen_in(server, run_dir, BROKER_NAME, ENDPOINT_BROKER);
	return r < 0 || !run_dir ? r : listen_in(server, run_dir, REGISTRAR_NAME, ENDPOINT_REGISTRAR);
}

static int take_passed(struct server *server, char *const *names, int n)
{
	CLEANUP(freep) bool *taken = calloc((size_t)n + 1, sizeof(*taken));
	int r = 0, n_listening = 0;

	if (!taken)
		return -ENOMEM;
	/* Those without a name were taken by who needs them. */
	for (int i = 0; i < n; i++)
		taken[i] = !names[i] || registrar_restore(server->registrar, names[i], SD_LISTEN_FDS_START + i);
	for (int i = 0; i < n; i++)
		taken[i] = taken[i] ||
			   registrar_restore_socket(server->registrar, names[i], SD_LISTEN_FDS_START + i);
	registrar_restored(server->registrar);
	for (int i = 0; r >= 0 && i < n; i++) {
		if (taken[i])
			continue;
		r = listen_activated(server, SD_LISTEN_FDS_START + i);
		n_listening++;
	}
	return r < 0 ? r : n_listening;
}

/* Without one there are no sockets of single containers, and that is all. */
static void open_run_dir(struct server *server, const char *run_dir)
{
	int r;

	if (mkdir(run_dir, 0755) < 0 && errno != EEXIST)
		r = -errno;
	else
		r = registrar_set_run_dir(server->registrar, run_dir);
	if (r < 0)
		journal_say(LOG_WARNING, "%s: containers get no sockets of their own: %s", run_dir,
			    strerror(-r));
}

int listen_start(struct server *server, const char *run_dir, const char *socket)
{
	char *const *names;
	int n = passed_rest(&names), r;

	if (!run_dir && !socket)
		run_dir = LISTEN_RUN_DIR;
	if (run_dir)
		open_run_dir(server, run_dir);
	r = take_passed(server, names, n);
	return r != 0 ? r : make_sockets(server, run_dir, socket);
}
