/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a cgroup path says about who is in it. Pure text; whether the directories on the way really
 * belong to root is asked in peer.c.
 */
#ifndef TEEGATED_PLACE_H
#define TEEGATED_PLACE_H

#include <stddef.h>

#define PLACE_NAME_MAX	255

enum place_kind {
	PLACE_ROOT,	/* the root cgroup: no place of its own */
	PLACE_SLICE,	/* directly in a slice, beside others */
	PLACE_SESSION,	/* a login session or PID 1's own scope: shared, and not a workload */
	PLACE_UNIT,	/* in a system unit (service or scope) or below it */
	PLACE_FOREIGN,	/* a tree that systemd did not make, such as /kubepods */
};

/*
 * @unit: PLACE_UNIT: the name of the system unit, else empty
 * @unit_path_len: PLACE_UNIT: so many bytes of the path name the unit's own directory. PLACE_FOREIGN:
 *	the same for the first directory of that tree
 * @account: whom this peer is charged to, never empty: something that only root can make more of
 */
struct place {
	enum place_kind kind;
	char unit[PLACE_NAME_MAX + 1];
	size_t unit_path_len;
	char account[PLACE_NAME_MAX + 1];
};

/*
 * place_parse() - reads the path of a cgroup, as /proc/PID/cgroup shows it in the initial cgroup
 * namespace. -EINVAL: not the path of a living cgroup inside this namespace.
 */
int place_parse(const char *path, struct place *ret);

#endif
