/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registrations, as the rest of teegated sees them: taken from runtimes, kept over restarts, given their
 * sockets, and taken away from clients when they end.
 */
#ifndef TEEGATED_REGISTRAR_H
#define TEEGATED_REGISTRAR_H

#include <stdbool.h>
#include <systemd/sd-varlink.h>

#include "registry.h"

struct registrar;
struct server;

int registrar_new(struct server *server, struct registrar **ret);
struct registrar *registrar_free(struct registrar *registrar);

/* registrar_set_run_dir() - where sockets of containers go; without this there are none. */
int registrar_set_run_dir(struct registrar *registrar, const char *run_dir);

/*
 * After a restart, for each descriptor that the service manager kept: first all registrations, then all
 * sockets. False: @name is not of that kind. Takes @fd if it is.
 */
bool registrar_restore(struct registrar *registrar, const char *name, int fd);
bool registrar_restore_socket(struct registrar *registrar, const char *name, int fd);
/* registrar_restored() - that was all. */
void registrar_restored(struct registrar *registrar);

/* registrar_find() - as registry_find(), with a reference for the caller. */
int registrar_find(const struct registrar *registrar, int cgroup_fd, struct registration **ret);
/* registrar_has() - does it still count? */
bool registrar_has(const struct registrar *registrar, const struct registration *registration);

/*
 * registrar_knows() - is there the same registration now, as far as the note of a lease tells: of this id, by
 * the same voucher and, of root's, of the same cgroup?
 */
bool registrar_knows(const struct registrar *registrar, const struct registration *registration);

/* registrar-service.c: the methods of io.teegate.Registrar. */
int registrar_bind(sd_varlink_server *varlink);
/*
 * registrar_take_process() - the process that a call names by `processFd`, the one descriptor that comes with
 * it. -EBADF for anything else; as runtime_process().
 */
struct conn;
int registrar_take_process(struct conn *conn, sd_json_variant *parameters, struct peer **ret);

/*
 * For these. registrar_add() - as registry_add(), and keeps it. With @ret_path, makes a socket for it: a
 * path in @ret_path.
 */
#define REGISTRAR_PATH_SIZE	512
int registrar_add(struct registrar *registrar, struct registration *registration, const char *bundle,
		  const struct peer *container, bool with_socket, char ret_path[REGISTRAR_PATH_SIZE]);
struct registry *registrar_registry(const struct registrar *registrar);

#endif
