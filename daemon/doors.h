/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands open for one process. Walks through file systems of its choosing, so it may hang.
 */
#ifndef TEEGATED_DOORS_H
#define TEEGATED_DOORS_H

#include "exposure.h"

/* What was seen so far; for a process that looks once and ends. NULL: out of memory. */
struct doors *doors_new(void);
/* doors_look() - examines the process whose /proc directory is @proc_fd. */
void doors_look(struct doors *doors, int proc_fd, struct exposure *ret);

#endif
