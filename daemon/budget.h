/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of the runtime measurement each rule has used up. What was extended stays until the guest
 * restarts, so this is counted until then, whatever leases come and go; and per rule, not per client, so
 * that nobody gets more by asking as somebody else. Main loop only.
 */
#ifndef TEEGATED_BUDGET_H
#define TEEGATED_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy.h"

/* What a rule was charged with. @path: its file, which outlives a reload of the same policy. */
struct budget {
	char *path;
	uint32_t events, bytes;
};

/*
 * @fd: where it is written down for a daemon that comes after this one; -1 or, in a table of zeroes, 0:
 *	nowhere
 * @unknown: what was written there cannot be read, so nothing is left to anybody
 */
struct budgets {
	struct budget *list;
	size_t n;
	int fd;
	bool unknown;
};

/* budgets_start() - finds what the daemon before this one left, and goes on there. */
int budgets_start(struct budgets *budgets);
/* For that: budgets_load() - from @fd; -EBADMSG. budgets_save() - to the fd of @budgets. */
int budgets_load(struct budgets *budgets, int fd);
int budgets_save(const struct budgets *budgets);

/* budgets_left() - what @rule may still be charged with. */
void budgets_left(const struct budgets *budgets, const struct rule *rule, uint32_t *ret_events,
		  uint32_t *ret_bytes);
/* budgets_charge() - -EDQUOT when that is more than the rule has left; -ENOMEM and the like. */
int budgets_charge(struct budgets *budgets, const struct rule *rule, uint32_t events, uint32_t bytes);
/* budgets_refund() - nothing was extended after all. */
void budgets_refund(struct budgets *budgets, const struct rule *rule, uint32_t events, uint32_t bytes);
void budgets_done(struct budgets *budgets);

#endif
