/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of teegatectl policy. */
#ifndef TEEGATECTL_CMD_POLICY_H
#define TEEGATECTL_CMD_POLICY_H

#include <stdbool.h>

#include "peer.h"
#include "policy.h"

/* REGISTERED_UNKNOWN: teegated does not run, or did not answer */
enum registered { REGISTERED, REGISTERED_NOT, REGISTERED_UNKNOWN };

/* Asks teegated, and on REGISTERED sets @peer->registration. */
enum registered policy_find_registration(const char *socket, struct peer *peer);

/*
 * Says who @peer is, as teegated would see it, which rule names it and what that grants; else,
 * which rules are near and why they do not. STATUS_OK when exactly one rule names it, else
 * STATUS_REFUSED.
 */
int policy_explain(const struct policy *policy, const struct peer *peer, enum registered registered,
		   bool json);

#endif
