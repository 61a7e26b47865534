/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys that a policy file may hold. Private to rule.c, which reads the lines.
 */
#ifndef TEEGATED_SETTINGS_H
#define TEEGATED_SETTINGS_H

#include <stdbool.h>
#include <stdio.h>

#include "policy.h"
#include "util.h"

/* One file while it is read. @line: that of the setting, 0 for what is about the whole file. */
struct reading {
	struct rule *rule;
	FILE *file;
	const char *path;
	policy_complain_t complain;
	void *userdata;
	unsigned int line;
	int errors;
	int fatal;
};

/* One error more, in words. */
void reject(struct reading *reading, const char *format, ...) PRINTF(2, 3);

/* settings_apply() - Key=value in [section], or a complaint. */
void settings_apply(struct reading *reading, const char *section, const char *key, const char *value);

/* "[Name]", all of it, for a section that there is. */
bool settings_section_known(const char *line);

/* settings_defaults() - what holds where a file says nothing. */
void settings_defaults(struct rule *rule);

bool settings_name_valid(const char *name);

#endif
