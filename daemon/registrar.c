// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a registration to what follows from it.
 *
 * It is kept by the service manager before its runtime hears that it was taken, and what comes back from
 * there after a restart is asked of the kernel again: the same cgroup, by number, with the process in it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <syslog.h>

#include "cgroup.h"
#include "events.h"
#include "fdstore.h"
#include "journal.h"
#include "kept.h"
#include "registrar.h"
#include "runtime.h"
#include "server.h"
#include "util.h"
#include "wsocket.h"

#define KIND_REGISTRATION	"registration"
#define KIND_SOCKET		"socket"

struct registrar {
	struct server *server;
	struct registry *registry;
	int workloads_fd;	/* directory of their sockets, or -1 */
	char *run_dir;
	unsigned int restored, dropped;
};

static void on_ended(const struct entry *entry, const char *why, void *userdata)
{
	const struct registration *registration = entry->registration;
	struct registrar *registrar = userdata;
	char by[VOUCHER_TEXT_MAX], reason[256] = "";

	text_add(reason, sizeof(reason), "registered by %s: %s", voucher_text(&registration->voucher, by), why);
	events_emit(EVENT(EVENT_UNREGISTERED, .container = registration->id, .cgroup = registration->cgroup,
			  .number = registration->cgroup_id, .reason = reason));
	fdstore_remove(KIND_REGISTRATION, registration->id);
	if (entry->with_socket) {
		fdstore_remove(KIND_SOCKET, registration->id);
		wsocket_remove(registrar->workloads_fd, registration->id);
	}
	server_unlisten(registrar->server, registration);
	leases_revoke_container(registrar->server->leases, registration->id, CAUSE_CONTAINER);
}

int registrar_new(struct server *server, struct registrar **ret)
{
	static const struct registry_hooks hooks = { .ended = on_ended };
	struct registrar *registrar = calloc(1, sizeof(*registrar));
	int r;

	if (!registrar)
		return -ENOMEM;
	registrar->server = server;
	registrar->workloads_fd = -1;
	r = registry_new(server->event, server->cgroups_fd, &hooks, registrar, &registrar->registry);
	if (r < 0) {
		registrar_free(registrar);
		return r;
	}
	*ret = registrar;
	return 0;
}

struct registrar *registrar_free(struct registrar *registrar)
{
	if (!registrar)
		return NULL;
	registry_free(registrar->registry);
	closep(&registrar->workloads_fd);
	free(registrar->run_dir);
	free(registrar);
	return NULL;
}

int registrar_set_run_dir(struct registrar *registrar, const char *run_dir)
{
	int fd;

	registrar->run_dir = strdup(run_dir);
	if (!registrar->run_dir)
		return -ENOMEM;
	fd = wsocket_open(run_dir);
	if (fd < 0)
		return fd;
	registrar->workloads_fd = fd;
	return 0;
}

struct registry *registrar_registry(const struct registrar *registrar)
{
	return registrar->registry;
}

int registrar_find(const struct registrar *registrar, int cgroup_fd, struct registration **ret)
{
	struct entry *entry;
	int r = registry_find(registrar->registry, cgroup_fd, &entry);

	if (r > 0)
		*ret = registration_ref(entry->registration);
	return r;
}

bool registrar_has(const struct registrar *registrar, const struct registration *registration)
{
	return registry_has(registrar->registry, registration);
}

bool registrar_knows(const struct registrar *registrar, const struct registration *registration)
{
	const struct entry *entry = registry_by_id(registrar->registry, registration->id);
	const struct voucher *by = &registration->voucher, *now;

	if (!entry)
		return false;
	now = &entry->registration->voucher;
	return now->root == by->root && (by->root ? entry->registration->cgroup_id == registration->cgroup_id :
						    now->uid == by->uid);
}

static int keep(const struct entry *entry)
{
	CLEANUP(freep) char *text = NULL;
	CLEANUP(closep) int fd = -1;
	int r;

	r = kept_make(entry, &text);
	if (r >= 0)
		r = fdstore_seal(text, &fd);
	return r < 0 ? r : fdstore_push(KIND_REGISTRATION, entry->registration->id, fd);
}

static int give_socket(struct registrar *registrar, struct entry *entry, char path[REGISTRAR_PATH_SIZE])
{
	struct registration *registration = entry->registration;
	int fd, r;

	if (registrar->workloads_fd < 0)
		return -EOPNOTSUPP;
	r = wsocket_make(registrar->workloads_fd, registration->id, !registration->voucher.root, &fd);
	if (r < 0)
		return r;
	entry->with_socket = true;
	r = fdstore_push(KIND_SOCKET, registration->id, fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	snprintf(path, REGISTRAR_PATH_SIZE, "%s/" WSOCKET_SUBDIR "/%s/" WSOCKET_NAME, registrar->run_dir,
		 registration->id);
	return server_listen(registrar->server, fd, ENDPOINT_BROKER, registration);
}

int registrar_add(struct registrar *registrar, struct registration *registration, const char *bundle,
		  const struct peer *container, bool with_socket, char ret_path[REGISTRAR_PATH_SIZE])
{
	struct entry *entry;
	int r;

	r = registry_add(registrar->registry, registration, bundle, container, &entry);
	if (r < 0)
		return r;
	if (with_socket)
		r = give_socket(registrar, entry, ret_path);
	if (r >= 0)
		r = keep(entry);
	if (r < 0)
		registry_drop(entry, "it could not be kept");
	return r < 0 ? r : 0;
}

/* ---- after a restart ---- */

static int has_number(uint64_t number, int fd, void *userdata)
{
	const uint64_t *wanted = userdata;

	(void)fd;
	return number == *wanted;
}

/*
 * The process is in the registered cgroup, or below: a container's init may have moved. Sets
 * @ret_cgroup_fd to the registered one.
 */
static int find_again(const struct registrar *registrar, const struct kept *kept,
		      struct peer **ret, int *ret_cgroup_fd)
{
	struct registration *registration = kept->registration;
	int cgroups_fd = registrar->server->cgroups_fd;
	CLEANUP(peer_unrefp) struct peer *process = NULL;
	CLEANUP(closep) int cgroup_fd = -1;
	int pidfd, r;

	cgroup_fd = cgroup_open(cgroups_fd, registration->cgroup);
	if (cgroup_fd < 0)
		return cgroup_fd;
	if (cgroup_number(cgroup_fd) != registration->cgroup_id)
		return -ESTALE;
	pidfd = (int)syscall(SYS_pidfd_open, kept->pid, 0);
	if (pidfd < 0)
		return -errno;
	r = runtime_process(pidfd, cgroups_fd, &process);
	if (r < 0)
		return r;
	if (*process->nameless)
		return -ESRCH;
	r = cgroup_walk_up(process->cgroup_fd, cgroups_fd, has_number, &registration->cgroup_id);
	if (r <= 0)
		return r < 0 ? r : -ESRCH;
	*ret = take_pointer(&process);
	*ret_cgroup_fd = take_fd(&cgroup_fd);
	return 0;
}

static int adopt(struct registrar *registrar, const struct kept *kept)
{
	CLEANUP(peer_unrefp) struct peer *process = NULL;
	CLEANUP(closep) int cgroup_fd = -1;
	struct peer container;
	struct entry *entry;
	int r;

	r = find_again(registrar, kept, &process, &cgroup_fd);
	if (r < 0)
		return r;
	container = (struct peer){
		.pid = process->pid, .pidfd = process->pidfd, .cgroup_fd = cgroup_fd,
	};
	r = registry_add(registrar->registry, kept->registration, kept->bundle, &container, &entry);
	if (r >= 0)
		entry->with_socket = kept->with_socket;
	return r;
}

static int restore(struct registrar *registrar, int fd)
{
	CLEANUP(kept_done) struct kept kept = { 0 };
	CLEANUP(freep) char *text = NULL;
	int r;

	r = fdstore_unseal(fd, &text);
	if (r >= 0)
		r = kept_parse(text, &kept);
	return r < 0 ? r : adopt(registrar, &kept);
}

static const char *restore_reason(int error)
{
	switch (error) {
	case -ESTALE:
	case -ENOENT:
		return "its cgroup is no more";
	case -ESRCH:
		return "its first process has exited";
	case -EBADMSG:
		return "what was kept of it makes no sense";
	default:
		return strerror(-error);
	}
}

bool registrar_restore(struct registrar *registrar, const char *name, int fd)
{
	const char *id = fdstore_id(name, KIND_REGISTRATION);
	CLEANUP(closep) int owned = -1;
	int r;

	if (!id)
		return false;
	owned = fd;
	r = restore(registrar, owned);
	if (r >= 0) {
		registrar->restored++;
		return true;
	}
	registrar->dropped++;
	journal_say(LOG_NOTICE, "container %s was registered before the restart, and is not any more: %s", id,
		    restore_reason(r));
	fdstore_remove(KIND_REGISTRATION, id);
	return true;
}

bool registrar_restore_socket(struct registrar *registrar, const char *name, int fd)
{
	const char *id = fdstore_id(name, KIND_SOCKET);
	struct entry *entry = id ? registry_by_id(registrar->registry, id) : NULL;
	int r;

	if (!id)
		return false;
	if (!entry || !entry->with_socket) {
		fdstore_remove(KIND_SOCKET, id);
		close(fd);
		return true;
	}
	r = server_listen(registrar->server, fd, ENDPOINT_BROKER, entry->registration);
	if (r < 0)
		journal_say(LOG_ERR, "the socket of container %s is lost: %s", id, strerror(-r));
	return true;
}

static bool wanted(const char *id, void *userdata)
{
	const struct registrar *registrar = userdata;
	const struct entry *entry = registry_by_id(registrar->registry, id);

	return entry && entry->with_socket;
}

void registrar_restored(struct registrar *registrar)
{
	if (registrar->restored + registrar->dropped > 0)
		journal_say(LOG_INFO, "%u registered containers found again, %u not", registrar->restored,
			    registrar->dropped);
	if (registrar->workloads_fd >= 0)
		wsocket_sweep(registrar->workloads_fd, wanted, registrar);
}
