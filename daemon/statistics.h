/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What administrators see of leases, workloads, the TEE and the daemon, as JSON. */
#ifndef TEEGATED_STATISTICS_H
#define TEEGATED_STATISTICS_H

#include <systemd/sd-json.h>

#include "leases.h"
#include "record.h"
#include "server.h"

/*
 * lease_json() - one lease, by what the kernel says (@record) and what the table does (@lease);
 * either may be NULL. NULL without memory.
 */
sd_json_variant *lease_json(uint64_t id, const struct record *record, const struct lease *lease);

/* statistics_json() - the answer of the method Statistics. */
int statistics_json(struct server *server, sd_json_variant **ret);

#endif
