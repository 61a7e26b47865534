/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fuzz-connection plays: the kernel's words about clients and containers, and the module.
 *
 * Clients of the broker are payments.service; those of the registrar, the supervisor of unmodified
 * programs, which is a runtime, too. The process that a descriptor names is legacy.service.
 */
#ifndef CONNECTION_KIT_H
#define CONNECTION_KIT_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "server.h"

#define MUST(x) do { if (!(x)) abort(); } while (0)

struct address {
	struct sockaddr_un name;
	socklen_t len;
};

/*
 * kit_start() - a server with a socket for each endpoint. Once only.
 * kit_clean() - takes away what an input has left that is to be left: leases, registrations, accounts
 * kit_as_root() - whether all clients are root from now on
 */
struct server *kit_start(struct address addresses[ENDPOINTS]);
void kit_clean(struct server *server);
void kit_as_root(bool root);

#endif
