/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit trail: each decision is an event, but no workload may flood the journal. What is not
 * written is counted, and the count is written within some seconds, also when nothing else follows.
 */
#ifndef TEEGATED_AUDIT_H
#define TEEGATED_AUDIT_H

#include <systemd/sd-event.h>

#include "account.h"
#include "journal.h"

/* audit_start() - until then counts wait for the next decision of their account. */
int audit_start(sd_event *loop, struct accounts *accounts);
/* audit_stop() - tells what is left to tell. */
void audit_stop(void);

/* audit_tell() - what journal_decision() does, but without a limit: for what only administrators do. */
void audit_tell(const struct decision *decision);

#endif
