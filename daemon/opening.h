/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program wants to open: is it the device of a TEE, by the name that its driver gives it? */
#ifndef TEEGATED_OPENING_H
#define TEEGATED_OPENING_H

#include <stdbool.h>
#include <stdint.h>

#include "notify.h"

enum opening_verdict {
	OPENING_OTHER,		/* not ours: the kernel may go on with it */
	OPENING_DEVICE,		/* see @device */
	OPENING_REFUSED,	/* the device, but in a way that it cannot be opened; or no way of opening. See @error */
};

/* @device: as in /dev, static */
struct opening {
	enum opening_verdict verdict;
	const char *device;
	bool close_on_exec;
	int error;
};

/*
 * opening_look() - reads the path out of the program's memory, once. Another thread of it may change that
 * meanwhile: what we read is what we answer, and for the rest the kernel reads it again and lets nothing
 * happen that it would not have without us.
 */
void opening_look(const struct notification *notification, struct opening *ret);

/*
 * For tests. opening_device() - which device is that path, of which @len bytes were read? NULL: none.
 * opening_judge() - may the flags of open(2) be met?
 */
const char *opening_device(const char *path, size_t len);
struct opening opening_judge(const char *device, uint64_t flags);

#define OPENING_PATH_SIZE	16	/* so much is read of a path; longer ones are none of ours */

#endif
