/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A registration as a text, for the time when teegated does not run. */
#ifndef TEEGATED_KEPT_H
#define TEEGATED_KEPT_H

#include "registry.h"

/* What comes back. @pid and the path in @registration are hints; the number of the cgroup is not. */
struct kept {
	struct registration *registration;
	char *bundle;
	pid_t pid;
	bool with_socket;
};

/* kept_make() - JSON, malloc()ed. */
int kept_make(const struct entry *entry, char **ret);
/* kept_parse() - -EBADMSG when it is none. */
int kept_parse(const char *text, struct kept *ret);
void kept_done(struct kept *kept);

#endif
