/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The leases that teegated answers for: which there are, to whom each was granted and by which
 * rule. The kernel owns them and enforces them; this table is what lets an administrator find one,
 * a container that stops lose its own, and a policy that grows narrower take back what it had
 * granted.
 *
 * Children that a workload narrowed from its lease are not here: the kernel revokes them with it,
 * and keeps the parent for as long as there are any.
 *
 * Main loop only.
 */
#ifndef TEEGATED_LEASES_H
#define TEEGATED_LEASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts.h"
#include "peer.h"
#include "policy.h"

#define LEASES_MAX	4096	/* as the module's */

/* Why teegated ended a lease. */
enum lease_cause {
	CAUSE_NONE,		/* it did not: the holder closed it, or it expired */
	CAUSE_ADMINISTRATOR,
	CAUSE_POLICY,		/* policy does not grant it any more */
	CAUSE_CONTAINER,	/* its container stopped */
	CAUSE_CGROUP,		/* its cgroup was removed */
};

/* lease_cause_name() - one word for programs, empty for CAUSE_NONE. */
const char *lease_cause_name(enum lease_cause cause);

/*
 * @workload: the number by which the kernel knows the workload, that is the id of its cgroup
 * @rule: path of the policy file that granted it
 * @facts, @grant: what it was granted on, and what; all that they point to belongs to the lease
 * @cause: set once teegated has asked the kernel to end it; it is no longer counted then
 * @why: with @cause, in words; static text, never NULL
 * @failed: the kernel could not be asked, and is to be asked again
 */
struct lease {
	uint64_t id;
	uint64_t workload;
	const char *rule;
	struct facts facts;
	struct grant grant;
	enum lease_cause cause;
	const char *why;
	bool failed;
};

/*
 * lease_of() - a lease with @operations that @rule grants to @peer, as leases_add() and notes want
 * it. Everything is borrowed from the two; @id is the caller's to set, and of @grant the flags.
 */
struct lease lease_of(const struct peer *peer, const struct rule *rule, uint64_t operations);

/*
 * @revoke: ends a lease in the kernel; 0, or a negative errno: -ENOENT when it is gone already,
 *	-ENODEV or -ENXIO when the module is; with any other it stays in the table, as failed
 * @ended: a lease leaves the table and no event of the kernel will say so
 */
struct lease_hooks {
	int (*revoke)(uint64_t id, void *userdata);
	void (*ended)(const struct lease *lease, void *userdata);
};

/* lease_is_gone() - is that what @error of a revocation means: the lease, or the whole module, is gone? */
bool lease_is_gone(int error);

struct leases;

int leases_new(const struct lease_hooks *hooks, void *userdata, struct leases **ret);
struct leases *leases_free(struct leases *leases);

/*
 * leases_set_live() - does the kernel report what becomes of leases? Then one that was revoked
 * stays in the table, with its cause, until the kernel's event names it; else it leaves at once.
 */
void leases_set_live(struct leases *leases, bool live);

/*
 * leases_add() - a lease was granted, or found again after a restart. The table copies what @lease
 * points to; @cause and @why are not looked at. -EEXIST, -ENOSPC, -ENOMEM; the caller then has to
 * revoke it in the kernel, since nobody else could.
 */
int leases_add(struct leases *leases, const struct lease *lease);

/* leases_remove() - it is gone in the kernel. No hook is called. */
void leases_remove(struct leases *leases, uint64_t id);

const struct lease *leases_find(const struct leases *leases, uint64_t id);
/* leases_of_workload() - any of that workload, for its name; NULL when there is none. */
const struct lease *leases_of_workload(const struct leases *leases, uint64_t workload);
/* leases_next() - the one with the lowest id above @id; NULL at the end. Survives removals. */
const struct lease *leases_next(const struct leases *leases, uint64_t id);

/* Those that still count, of one workload and in all. */
unsigned int leases_count(const struct leases *leases, uint64_t workload);
unsigned int leases_total(const struct leases *leases);

/*
 * leases_revoke() - ends one. -ENOENT when it is not in the table; another errno when the kernel could
 * not be asked: then it stays there until leases_retry() has done it.
 * The others end all that fit, and return how many that were, or why one of them failed.
 */
int leases_revoke(struct leases *leases, uint64_t id, enum lease_cause cause);
int leases_revoke_workload(struct leases *leases, uint64_t workload, enum lease_cause cause);
/* leases_revoke_name() - of workloads that policy gives that name. */
int leases_revoke_name(struct leases *leases, const char *name, enum lease_cause cause);
/* leases_revoke_container() - of containers that were registered under that id. */
int leases_revoke_container(struct leases *leases, const char *id, enum lease_cause cause);
/* leases_revoke_ended() - of containers whose registration has ended, as @ended says. */
int leases_revoke_ended(struct leases *leases,
			bool (*ended)(const struct registration *registration, void *userdata),
			void *userdata);
/* leases_reconsider() - ends (CAUSE_POLICY) those that @policy no longer grants. */
int leases_reconsider(struct leases *leases, const struct policy *policy);

/* leases_failed() - so many are still to be revoked; leases_retry() - tries that again. */
unsigned int leases_failed(const struct leases *leases);
void leases_retry(struct leases *leases);

#endif
