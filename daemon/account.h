/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each workload uses of the daemon. Charged per unit (or user slice), or per container that root's
 * runtime registered, not per uid: containers share uids, and the names here are such that only root can
 * make more of them.
 */
#ifndef TEEGATED_ACCOUNT_H
#define TEEGATED_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "bucket.h"
#include "peer.h"
#include "policy.h"

#define CONNECTIONS_MAX			2048	/* in all; see LimitNOFILE= and MemoryMax= of the unit */
#define CONNECTIONS_STRANGERS_MAX	1024	/* of peers that no rule names */
#define ACCOUNTS_MAX			(2 * CONNECTIONS_MAX)
#define ACCOUNT_NAME_MAX		PLACE_NAME_MAX

/*
 * What one workload may use, all its connections together.
 * @requests: waiting or running at a time
 * @leases: that it holds at a time
 * @rate_per_minute, @rate_burst: requests; GetInfo is none, it is answered at once
 * @bytes: of calls in a minute; beyond that they wait in the client's socket
 */
struct limits {
	uint32_t connections, requests, leases;
	uint32_t rate_per_minute, rate_burst;
	uint32_t bytes;
};

/* limits_of() - the rule's quota, and the defaults where it says nothing or there is none. */
struct limits limits_of(const struct rule *rule);

/* @next: of those with the same hash; as in @buckets */
struct account {
	char name[ACCOUNT_NAME_MAX + 1];
	uint32_t next;
	unsigned int connections;
	unsigned int requests;
	struct bucket rate, bytes, audit;
	uint64_t turn;		/* of its last job */
	uint64_t last_used;
	unsigned int audit_suppressed;
};

/*
 * @buckets: places in @list, counted from 1; 0 ends a chain
 * @audit_suppressed: of accounts that were forgotten before anybody was told
 */
struct accounts {
	struct account list[ACCOUNTS_MAX];
	uint32_t buckets[ACCOUNTS_MAX];
	uint64_t clock;
	unsigned int audit_suppressed;
};

/* account_name() - of the account that @peer is charged to. */
void account_name(const struct peer *peer, char name[ACCOUNT_NAME_MAX + 1]);

/* accounts_of() - that account, of a peer whose registration is known. As accounts_get(). */
struct account *accounts_of(struct accounts *accounts, const struct peer *peer);

/* accounts_get() - the account of that name, made if need be. NULL when all are in use. */
struct account *accounts_get(struct accounts *accounts, const char *name);

/*
 * account_may_audit() - one line more in the journal for this account? @ret_suppressed: how many
 * were not written since the last one that was.
 */
bool account_may_audit(struct account *account, uint64_t now, unsigned int *ret_suppressed);

#endif
