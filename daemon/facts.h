/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What policy is told about a client: facts that the kernel shows or that somebody with a name
 * vouches for. Only borrowed: strings belong to the peer, or to whoever remembers a lease.
 */
#ifndef TEEGATED_FACTS_H
#define TEEGATED_FACTS_H

#include "registration.h"

#define LABEL_MAX	255	/* bytes, as a lease can be pinned to */

/*
 * @unit: the system unit, empty when there is none
 * @cgroup: the path; "" when it is not known
 * @cgroup_roots: only so many bytes of it were named by root: every directory above these belongs
 *	to it
 * @label: of the LSM, NULL when there is none
 * @exe: fs-verity digest of the executable, NULL when there is none
 * @registration: NULL when no runtime registered this workload
 */
struct facts {
	const char *unit;
	const char *cgroup;
	size_t cgroup_roots;
	uid_t uid;
	const char *label;
	const struct digest *exe;
	const struct registration *registration;
};

#endif
