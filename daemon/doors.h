/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands open for one process. Walks through file systems of its choosing, so it may hang.
 */
#ifndef TEEGATED_DOORS_H
#define TEEGATED_DOORS_H

#include "exposure.h"

/* doors_look() - examines the process whose /proc directory is @proc_fd. */
void doors_look(int proc_fd, struct exposure *ret);

#endif
