/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may look at and end what belongs to others.
 */
#ifndef TEEGATED_ADMINISTRATOR_H
#define TEEGATED_ADMINISTRATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "peer.h"

/*
 * peer_is_administrator() - is this, now, root of the system itself? Not root of a container,
 * whether that has a user namespace of its own or not. False: @why says what it lacks.
 */
bool peer_is_administrator(const struct peer *peer, char *why, size_t size);

#endif
