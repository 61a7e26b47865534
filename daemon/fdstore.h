/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the service manager keeps for us while we do not run, be it that we were restarted or killed:
 * descriptors, by name. Without a service manager nothing is kept, and nothing fails.
 */
#ifndef TEEGATED_FDSTORE_H
#define TEEGATED_FDSTORE_H

#include <stddef.h>

/*
 * Names are KIND.ID, at most 255 bytes. fdstore_push() - 1: it was handed over; 0: there is no service
 * manager. The descriptor stays the caller's.
 */
int fdstore_push(const char *kind, const char *id, int fd);
void fdstore_remove(const char *kind, const char *id);

/* fdstore_id() - the ID in @name if it is of that kind, else NULL. */
const char *fdstore_id(const char *name, const char *kind);

/* fdstore_seal() - a file in memory with this text, which nobody can change any more. */
int fdstore_seal(const char *text, int *ret_fd);
/* fdstore_unseal() - what is in one: text with a NUL behind it. -EBADMSG when it is none of ours. */
int fdstore_unseal(int fd, char **ret);

#endif
