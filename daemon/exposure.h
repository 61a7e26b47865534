/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Could a client reach the TEE beside the broker? Then it could forge what the broker would vouch
 * for, and gets nothing.
 */
#ifndef TEEGATED_EXPOSURE_H
#define TEEGATED_EXPOSURE_H

#include "peer.h"

enum exposure_verdict {
	EXPOSURE_UNKNOWN,	/* could not look: as bad as open */
	EXPOSURE_NONE,
	EXPOSURE_OPEN,
};

/* @text: what is open and what to change, or why it could not be seen; empty when none. */
struct exposure {
	enum exposure_verdict verdict;
	char text[480];
};

/*
 * exposure_look() - examines @peer and whoever is in its cgroup or below, for these share its lease.
 * Blocks for at most some seconds, so not for the main loop. Never fails: see @verdict.
 */
void exposure_look(const struct peer *peer, struct exposure *ret);

/*
 * exposure_child() - main() of the child that looks, and does not return. The program that calls
 * exposure_look() has to call this before anything else, when its own name is EXPOSURE_CHILD.
 */
#define EXPOSURE_CHILD	"teegated-look"
void exposure_child(int argc, char **argv) __attribute__((noreturn));

#endif
