/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Could a client reach the TEE beside the broker? Then it could forge what the broker would vouch
 * for, and gets nothing.
 */
#ifndef TEEGATED_EXPOSURE_H
#define TEEGATED_EXPOSURE_H

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
 * exposure_look() - examines the process behind @proc_fd (its /proc directory) that @pidfd holds.
 * Blocks for at most some seconds, so not for the main loop. Never fails: see @verdict.
 */
void exposure_look(int proc_fd, int pidfd, struct exposure *ret);

#endif
