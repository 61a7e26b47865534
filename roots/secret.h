/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the root of keys is while it is on its way from a source into the kernel: one locked page that
 * no core dump, no child and no swap gets, in a process that nobody may look into.
 */
#ifndef TEEGATE_ROOTS_SECRET_H
#define TEEGATE_ROOTS_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include <linux/teegate.h>

struct secret {
	uint8_t root[TEEGATE_ROOT_SIZE];
};

/* NULL with errno when the page cannot be had or locked. */
struct secret *secret_new(void);
struct secret *secret_free(struct secret *secret);
void secret_freep(struct secret **secret);

/* secret_take() - from bytes that must be a root: -EBADMSG for another length or for zeroes. */
int secret_take(struct secret *secret, const void *data, size_t len);

/* secret_random() - a new root from the kernel. */
int secret_random(struct secret *secret);

/*
 * secret_harden() - before the first secret: no core dump, no debugger, no swap, and what libraries
 * release is overwritten (small pieces only with GLIBC_TUNABLES= of the unit). A negative errno means that
 * one of it could not be had, so no secret may be.
 */
int secret_harden(void);

/* secret_sweep() - overwrites what calls that have returned left on the stack. */
void secret_sweep(void);

#endif
