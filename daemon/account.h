/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each workload uses of the daemon. Charged per unit (or user slice), not per uid: containers
 * share uids, and the names here are such that only root can make more of them.
 */
#ifndef TEEGATED_ACCOUNT_H
#define TEEGATED_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "place.h"

#define CONNECTIONS_MAX			512	/* in all */
#define CONNECTIONS_STRANGERS_MAX	256	/* of peers that no rule names */
#define CONNECTIONS_ACCOUNT_MAX		16
#define REQUESTS_ACCOUNT_MAX		4	/* of one account, waiting or running */
#define ACCOUNTS_MAX			(2 * CONNECTIONS_MAX)

struct account {
	char name[PLACE_NAME_MAX + 1];
	unsigned int connections;
	unsigned int requests;
	uint64_t last_used;
	unsigned int audit_tokens;
	uint64_t audit_refilled_ms;
	unsigned int audit_suppressed;
};

/* @audit_suppressed: of accounts that were forgotten before anybody was told */
struct accounts {
	struct account list[ACCOUNTS_MAX];
	uint64_t clock;
	unsigned int audit_suppressed;
};

/* accounts_get() - the account of that name, made if need be. NULL when all are in use. */
struct account *accounts_get(struct accounts *accounts, const char *name);

/*
 * account_may_audit() - one line more in the journal for this account? @ret_suppressed: how many
 * were not written since the last one that was.
 */
bool account_may_audit(struct account *account, uint64_t now, unsigned int *ret_suppressed);

#endif
