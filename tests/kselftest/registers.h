/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The runtime registers of a TD, as a quote shows them, and its event log. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include "eventlog.h"
#include "kit.h"

struct registers {
	uint8_t rtmr[RTMRS][SHA384_SIZE];
};

/* Those in a quote or TDREPORT. */
struct registers registers_of(const struct evidence *ev);
/* Those of now, asked for by that lease. */
struct registers registers_now(int fd);
/* What becomes of one by such an event. */
void register_extend(struct registers *r, uint32_t index, const uint8_t digest[SHA384_SIZE]);

/* There is a log with the report, and it replays to its registers. Returns its events. */
int expect_log(const struct evidence *ev);
/* A log beside a quote that was just asked for, all of it in *ev; the same expectation. */
int log_now(int fd, struct evidence *ev);
/* Loads everything anew when there is no log any more. */
void need_log(void);

#endif
