/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What teegate-root asks of the kernel module. Negative errno as in <linux/teegate.h>. */
#ifndef TEEGATE_ROOTS_MODULE_H
#define TEEGATE_ROOTS_MODULE_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/teegate.h>

#include "secret.h"

int module_open(const char *path);
int module_info(int fd, struct teegate_get_info *ret);

/* module_set_root() - one ioctl, so the root is there as a whole or not at all. */
int module_set_root(int fd, const struct secret *secret, uint32_t source, bool unseal_only,
		    uint8_t ret_id[TEEGATE_ROOT_ID_SIZE]);

/* root_id() - the name that the kernel will give to a root; the formula is in doc/keys.md. */
int root_id(const struct secret *secret, uint8_t ret_id[TEEGATE_ROOT_ID_SIZE]);

#endif
