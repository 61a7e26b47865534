/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Refusals: what the client is told, what would have to be different, and the same for the journal.
 * Each function returns what a method returns after it has answered.
 */
#ifndef TEEGATED_REFUSE_H
#define TEEGATED_REFUSE_H

#include <stdint.h>

#include "server.h"

#define RETRY_MS	500	/* where nothing tells how long it will take */

/* audit_decision() - tells the journal, also of what is granted. @detail may be NULL. */
void audit_decision(struct conn *conn, const char *method, const char *verdict, const char *detail);
/* method_of() - what the client called. */
const char *method_of(const struct job *job);

int refuse_unknown(struct conn *conn, const char *method, const char *reason);
int refuse_forgeable(struct conn *conn, const char *method, const char *reason);
/* @retry_ms: 0 when nobody knows. */
int refuse_busy(struct conn *conn, const char *method, const char *detail, uint32_t retry_ms);
/* @rule: what would have to stand in policy. */
int refuse_by_policy(struct conn *conn, const char *method, const char *reason, const char *rule);
int refuse_no_rule(struct conn *conn, const char *method, uint64_t operations);
int refuse_operations(struct conn *conn, const char *method, uint64_t missing);
int refuse_budget(struct conn *conn, const struct job *job);
int refuse_failed(struct conn *conn, const char *method, const struct job *job);
/* refuse_errno() - Failed, where there is no job. */
int refuse_errno(struct conn *conn, const char *method, int error, const char *reason);

#endif
