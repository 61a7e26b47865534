/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One policy file: from its bytes to a rule. Private to the policy and its tests.
 */
#ifndef TEEGATED_RULE_H
#define TEEGATED_RULE_H

#include <stdio.h>

#include "policy.h"

struct rule *rule_new(const char *path);
struct rule *rule_free(struct rule *rule);
void rule_freep(struct rule **rule);

/*
 * rule_read() - adds what @file says to @rule; a later file changes what an earlier one said. Returns
 * the number of errors, each of which went to @complain; -ENOMEM; -EIO when @file cannot be read.
 */
int rule_read(struct rule *rule, FILE *file, const char *path, policy_complain_t complain,
	      void *userdata);

/* rule_check() - is it complete? Returns the number of errors as rule_read(). */
int rule_check(struct rule *rule, policy_complain_t complain, void *userdata);

#endif
