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

#define POLICY_NAME_MAX		128
#define POLICY_UNITS_MAX	32	/* per file, as the next one */
#define POLICY_RANGES_MAX	32
#define POLICY_RULES_MAX	1024

struct uid_range {
	uid_t first, last;
};

/*
 * One file with its drop-ins. Strings belong to the rule.
 * @path: the main file, for messages
 * @operations: TEEGATE_OP_*
 * @max_pending: 0 for the module's default
 * @extend_events, @extend_bytes: how much it may extend registers with, in all
 */
struct rule {
	char *path;
	char *units[POLICY_UNITS_MAX];
	size_t n_units;
	struct uid_range ranges[POLICY_RANGES_MAX];
	size_t n_ranges;
	uint64_t operations;
	bool trust_privileged;
	char name[POLICY_NAME_MAX + 1];
	uint64_t lifetime_ms;
	uint32_t max_pending;
	uint32_t extend_events, extend_bytes;
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
 * policy_match() - the one rule that names this peer. @unit is empty when there is none.
 * 0 and the rule; -ENOENT: no rule; -ENOTUNIQ: two, which is as good as none: @ret and @ret_other
 * then name them, for the message.
 */
int policy_match(const struct policy *policy, const char *unit, uid_t uid, const struct rule **ret,
		 const struct rule **ret_other);

/* policy_near() - for messages: a rule that names this unit, but not this user; or NULL. */
const struct rule *policy_near(const struct policy *policy, const char *unit);

/* Operations by name, as in files and on the wire. 0: there is no such operation. */
uint64_t operation_by_name(const char *name, size_t len);
/* The names of @operations, separated by spaces, into @text. */
const char *operation_names(uint64_t operations, char *text, size_t size);

#endif
