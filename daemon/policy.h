/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy: which workloads there are, how to recognise them, and what each may do. A loaded policy
 * never changes; whoever looks at it holds a reference, so a reload does not touch requests that
 * are under way. Deny is the default: what no rule grants, nobody gets.
 */
#ifndef TEEGATED_POLICY_H
#define TEEGATED_POLICY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/teegate.h>

#include "facts.h"

#define POLICY_NAME_MAX		128
#define POLICY_LIST_MAX		32	/* entries of one list in one file */
#define POLICY_RULES_MAX	1024

/* Those that keys come of. */
#define OPERATIONS_KEYS		(TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL)

/* No lease carries this one: the daemon's own half of "secrets". */
#define OPERATION_SECRETS	(UINT64_C(1) << 62)

struct uid_range {
	uid_t first, last;
};

/* Texts that belong to the list. */
struct texts {
	char *list[POLICY_LIST_MAX];
	size_t n;
};

struct digests {
	struct digest list[POLICY_LIST_MAX];
	size_t n;
};

/* What a key or a sealed blob is tied to beside name and guest: the image, nothing, who signed the image. */
enum seal_scope { SEAL_MEASUREMENT, SEAL_IMAGE_ID, SEAL_SIGNER };

/*
 * Where the roots of its keys may come from, and how old they may be.
 * @sources: bits 1 << enum teegate_root_source
 * @said: as @sources, what the file names; 0 when it names none
 * @measured: the administrator says that the launch measurement covers kernel and initrd
 * @has_svn: an SVN is asked for, so keys depend on it
 * @se_secret: with @has_se_secret, the id of the retrievable secret that is the root
 */
struct roots {
	uint32_t sources, said;
	bool measured;
	bool has_svn, has_se_secret;
	uint32_t svn_floor;
	uint64_t tcb_floor;
	uint8_t se_secret[32];
};

/* Bounds of what one workload may use; 0: the default of whoever keeps the account. */
struct quota {
	uint32_t connections;
	uint32_t requests;	/* under way at a time */
	uint32_t leases;
	uint32_t rate_per_minute, rate_burst;
	uint32_t bytes;		/* of calls, in a minute */
};

/* PIN_DEFAULT: when the rule matched by it */
enum pin { PIN_DEFAULT, PIN_NO, PIN_YES };

/* What a lease is pinned to beside the cgroup. Claims of these stand only with the pin. */
struct pins {
	bool uid, label, exe;
};

/*
 * One file with its drop-ins. Strings belong to the rule.
 * @path: the main file, for messages
 * @units, ... @exes: [Match]; an empty list asks for nothing
 * @voucher: on whose word @images and @signers match; the initial root's unless the file says
 *	another's
 * @operations: TEEGATE_OP_*, OPERATION_SECRETS
 * @key_labels: what the workload may call its keys: labels, or with a last "*" beginnings of labels; empty:
 *	anything
 * @roots: of its keys
 * @has_vmpl: what is granted is so only to a guest kernel at @vmpl
 * @pin_uid, ...: what the file says of each pin; @pins: what comes of it
 * @max_pending: 0 for the module's default
 * @extend_events, @extend_bytes: how much it may extend registers with, in all
 */
struct rule {
	char *path;
	struct texts units, cgroups, signers, labels;
	struct uid_range ranges[POLICY_LIST_MAX];
	size_t n_ranges;
	struct digests images, exes;
	struct voucher voucher;

	uint64_t operations;
	bool trust_privileged;
	bool sgx_enclave, sgx_provision;
	bool unmodified_programs;
	struct texts key_labels;
	enum seal_scope seal_scope;
	struct roots roots;
	bool has_vmpl;
	uint8_t vmpl;
	uint32_t extend_events, extend_bytes;

	enum pin pin_uid, pin_label, pin_exe;
	struct pins pins;
	struct quota quota;
	char name[POLICY_NAME_MAX + 1];
	uint64_t lifetime_ms;
	uint32_t max_pending;
};

struct policy {
	atomic_uint refs;
	struct rule **rules;
	size_t n_rules;
	unsigned int errors;	/* files that are broken and grant nothing */
};

/* Told of each thing wrong, as "FILE:LINE: what": LINE is 0 when it is about the whole file. */
typedef void (*policy_complain_t)(const char *file, unsigned int line, const char *what,
				  void *userdata);

/*
 * policy_load() - reads all rules from @dirs, the first directory taking precedence over the next:
 * a file hides those of the same name further on. A broken file becomes no rule and is counted in
 * @errors. -ENOMEM and the like; never fails because of what a file says.
 */
int policy_load(const char *const *dirs, size_t n_dirs, policy_complain_t complain, void *userdata,
		struct policy **ret);

struct policy *policy_ref(struct policy *policy);
struct policy *policy_unref(struct policy *policy);
void policy_unrefp(struct policy **policy);

/*
 * policy_match() - the one rule that names this client. 0 and the rule; -ENOENT: no rule;
 * -ENOTUNIQ: two, which is as good as none: @ret and @ret_other then name them, for the message.
 */
int policy_match(const struct policy *policy, const struct facts *facts, const struct rule **ret,
		 const struct rule **ret_other);

/* policy_near() - for messages: a rule that names this unit, but not this client; or NULL. */
const struct rule *policy_near(const struct policy *policy, const struct facts *facts);

enum key_state { KEY_NOT_GIVEN, KEY_FITS, KEY_DIFFERS };

/*
 * rule_key() - for messages: the name of one key of [Match], and how @facts meet it. NULL past the
 * end.
 */
const char *rule_key(const struct rule *rule, const struct facts *facts, size_t index,
		     enum key_state *ret_state);

/*
 * rule_differs() - for messages: the first key of [Match] that @facts do not meet, or NULL: it
 * matches.
 */
const char *rule_differs(const struct rule *rule, const struct facts *facts);

/*
 * What was granted once, for whoever keeps leases beyond the policy that they were granted by.
 * Beside it he keeps the facts that it was granted on.
 * @name: the workload's name that stands in the claims
 * @trusted_privileged: although doors stood open
 * @unmodified: as a lease that speaks a stock driver's own ABI
 */
struct grant {
	const char *name;
	uint64_t operations;
	struct pins pins;
	bool trusted_privileged;
	bool unmodified;
	uint64_t lifetime_ms;
	uint32_t max_pending;
	uint32_t rate_per_minute, rate_burst;
	uint32_t extend_events, extend_bytes;	/* of the rule in all; 0 without TEEGATE_OP_EXTEND */
	uint64_t keys;		/* rule_keys(), with OPERATIONS_KEYS; else 0 */
};

/* grant_of() - what @rule grants @operations with; the two flags are the caller's to set. */
struct grant grant_of(const struct rule *rule, uint64_t operations);

/*
 * policy_narrows() - does @policy take anything away that @rule, of the policy before, grants to a
 * client of these @facts? NULL when it does not; else what, for the journal: the connection is to
 * end, since it keeps the policy that it began with.
 */
const char *policy_narrows(const struct policy *policy, const struct rule *rule,
			   const struct facts *facts);

/*
 * policy_withdraws() - does @policy still grant all of @grant to a client of these @facts? NULL
 * when it does; else why not, for the journal: the lease is to be revoked.
 */
const char *policy_withdraws(const struct policy *policy, const struct grant *grant,
			     const struct facts *facts);

/*
 * rule_allows_label() - may a workload of this rule have a key of that label, which it chooses
 * itself?
 */
bool rule_allows_label(const struct rule *rule, const char *label, size_t len);

/* The names of @roots, separated by spaces, into @text. */
const char *root_names(uint32_t sources, char *text, size_t size);
/* 0: there is no such source. */
uint32_t root_by_name(const char *name, size_t len);

/* seal_scope_name() - as in files. */
const char *seal_scope_name(enum seal_scope scope);

/*
 * rule_keys() - a number that differs, but for chance, when anything about the keys of @rule does: labels,
 * scope, roots. Rules are the administrator's, so nobody looks for two of the same number.
 */
uint64_t rule_keys(const struct rule *rule);

/*
 * rule_keyless() - why a client of these @facts can have no key of @rule: its runtime did not say what keys
 * are tied to. NULL: it can.
 */
const char *rule_keyless(const struct rule *rule, const struct facts *facts);

/* Operations by name, as in files and on the wire. 0: there is no such operation. */
uint64_t operation_by_name(const char *name, size_t len);
/* The names of @operations, separated by spaces, into @text. */
const char *operation_names(uint64_t operations, char *text, size_t size);

#endif
