/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the administrator reads: one structured line per decision, and the daemon's own state. Never
 * the data of a request.
 */
#ifndef TEEGATED_JOURNAL_H
#define TEEGATED_JOURNAL_H

#include <stdint.h>
#include <systemd/sd-json.h>

#include "account.h"
#include "peer.h"
#include "policy.h"
#include "util.h"

/* journal_open() - to the journal when stderr leads there, else to stderr. */
void journal_open(void);

void journal_say(int priority, const char *format, ...) PRINTF(2, 3);

/* @method: what was asked; @verdict: "granted" or the error's name; @rule, @detail may be NULL. */
struct decision {
	const char *method;
	const char *verdict;
	const struct peer *peer;
	const struct rule *rule;
	const char *detail;
};

/*
 * journal_event() - one record with the fields of a JSON object, each as TEEGATE_NAME=. Use
 * events_emit(), which tells subscribers, too.
 */
void journal_event(int priority, const char *message_id, const char *text, sd_json_variant *fields);

/*
 * journal_decision() - an event, unless this account has filled the journal enough lately; then it
 * is counted, and the number is told soon (audit.h).
 */
void journal_decision(struct account *account, const struct decision *decision);

/* The peer in words, for messages: unit, uid and cgroup, printable. */
const char *describe_peer(const struct peer *peer, char *text, size_t size);

#endif
