/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/teegate/roots.conf: which roots this guest has, and which of them is the active one. */
#ifndef TEEGATE_ROOTS_CONFIG_H
#define TEEGATE_ROOTS_CONFIG_H

#include "source.h"

/* One active root and as many to unseal with as the kernel takes. */
#define ROOTS_MAX	17

struct config {
	struct root roots[ROOTS_MAX];	/* the active one first, if there is one */
	size_t n;
};

/*
 * config_read() - what is wrong is said in @complaint with file and line. -ENOENT: there is no such
 * file; -EINVAL; -EPERM: others than root may write it; -EIO; -ENOMEM. An empty file has no roots.
 */
int config_read(const char *path, struct config *ret, struct complaint *complaint);
void config_done(struct config *config);

const struct root *config_find(const struct config *config, const char *name);

#endif
