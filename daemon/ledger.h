/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's leases: what it grants is written down here, and here policy, the kernel and the
 * table of leases meet.
 */
#ifndef TEEGATED_LEDGER_H
#define TEEGATED_LEDGER_H

#include "leases.h"

struct server;

/* ledger_start() - sets leases and watch of @server. Call ledger_stop() in any case. */
int ledger_start(struct server *server);
void ledger_stop(struct server *server);

/*
 * ledger_record() - a lease that the kernel has made is about to be handed over. Negative: do not,
 * and revoke it. -EACCES: policy has changed meanwhile, and *@ret_why says how.
 */
int ledger_record(struct server *server, const struct lease *lease, const char **ret_why);

/* ledger_policy_changed() - ends what the policy of @server does not grant any more. As leases_reconsider(). */
int ledger_policy_changed(struct server *server);

#endif
