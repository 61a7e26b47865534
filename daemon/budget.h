/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of the runtime measurement each rule has used up. What was extended stays until the guest
 * restarts, so this is counted for as long as the daemon runs, whatever leases come and go; and per
 * rule, not per client, so that nobody gets more by asking as somebody else. Main loop only.
 */
#ifndef TEEGATED_BUDGET_H
#define TEEGATED_BUDGET_H

#include <stddef.h>
#include <stdint.h>

#include "policy.h"

/* What a rule was charged with. @path: its file, which outlives a reload of the same policy. */
struct budget {
	char *path;
	uint32_t events, bytes;
};

struct budgets {
	struct budget *list;
	size_t n;
};

/* budgets_left() - what @rule may still be charged with. */
void budgets_left(const struct budgets *budgets, const struct rule *rule, uint32_t *ret_events,
		  uint32_t *ret_bytes);
/* budgets_charge() - -EDQUOT when that is more than the rule has left; -ENOMEM. */
int budgets_charge(struct budgets *budgets, const struct rule *rule, uint32_t events, uint32_t bytes);
/* budgets_refund() - nothing was extended after all. */
void budgets_refund(struct budgets *budgets, const struct rule *rule, uint32_t events, uint32_t bytes);
void budgets_done(struct budgets *budgets);

#endif
