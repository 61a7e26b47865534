/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of a process, what executing another program may change. Part of identity: only peer.c asks.
 */
#ifndef TEEGATED_TRAITS_H
#define TEEGATED_TRAITS_H

#include <stdbool.h>

#include "facts.h"

/*
 * traits_label() - what the LSM calls the process of @proc_fd; empty when there is none.
 * @socket_fd: what it connected, or -1.
 */
void traits_label(int proc_fd, int socket_fd, char ret[LABEL_MAX + 1]);
/* Is that still its label? No: also when it has none. */
bool traits_label_is(int proc_fd, const char *label);

/*
 * traits_exe() - the fs-verity digest of its executable, and the file. One that cannot be measured
 * is none, with both outputs untouched: nothing depends on it unless a rule asks. -EMFILE or
 * -ENFILE.
 */
int traits_exe(int proc_fd, struct digest *ret, int *ret_fd);
/* Does it still run that file? */
bool traits_exe_is(int proc_fd, int exe_fd);

#endif
