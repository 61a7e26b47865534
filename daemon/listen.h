/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What teegated listens on from its start: sockets that the service manager holds, or its own; and what
 * the manager kept for it while it did not run.
 */
#ifndef TEEGATED_LISTEN_H
#define TEEGATED_LISTEN_H

#include "server.h"

#define LISTEN_RUN_DIR	"/run/teegate"

/*
 * listen_start() - sockets and registrations that the service manager passes; if there is no socket among
 * them, makes its own. @run_dir, @socket: NULL for the default; with @socket only, containers cannot be
 * registered.
 */
int listen_start(struct server *server, const char *run_dir, const char *socket);

int listen_set_nonblocking(int fd);

#endif
