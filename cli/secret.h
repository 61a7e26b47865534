/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that holds secrets: pages of its own, which no core dump and no child has, which do not go to
 * swap as far as the limit of this user for locked memory allows, and which are wiped when they are
 * given back.
 */
#ifndef TEEGATECTL_SECRET_H
#define TEEGATECTL_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one command takes at most. */
#define SECRET_MAX	(256u << 20)

struct secret {
	uint8_t *data;	/* never NULL once it is made */
	size_t len, size;
};

/* First in a command that handles secrets: no core dump, and no other process may look inside. */
void secret_begin(void);
/* Room for @len bytes, zeroed; ends the program when there is no memory. */
void secret_make(struct secret *ret, size_t len);
void secret_free(struct secret *secret);
#define _cleanup_secret_ __attribute__((cleanup(secret_free)))

/* "-" is standard input. 0, or a negative errno after complaining. Nothing is buffered elsewhere. */
int secret_read(const char *path, struct secret *ret);
/* NULL or "-" is standard output; a file is for its owner only. 0, or -errno after complaining. */
int secret_write(const char *path, const struct secret *secret);
/* Nothing in it that a terminal would take for more than text. */
bool secret_is_text(const struct secret *secret);

#endif
