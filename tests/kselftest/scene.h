/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenes that several programs about leases set, and questions to a lease of which only the result
 * counts.
 */
#ifndef SCENE_H
#define SCENE_H

#include "kit.h"

#define MAX_SLOTS 4	/* of any struct tee */

/* Two cgroups beside each other, the first with one inside it. */
struct cgroup_scene {
	const char *outer, *inner, *beside;
	struct lease lease;		/* pinned to outer */
	struct lease inner_lease;	/* for the case's own use */
	struct gate gate;		/* likewise */
};

struct cgroup_scene cgroup_scene_make(void);

/* All that works below the queue is busy with requests of somebody else. */
struct busy_scene {
	struct lease other;
	struct asker *held[MAX_SLOTS];
	unsigned int queued;		/* so many requests, those included */
};

struct busy_scene busy_scene_make(void);
/* Lets them be answered. */
void busy_scene_end(struct busy_scene *s);

struct lease lease_for_uid(unsigned int uid);

/* 0 or negative errno; what was made is closed. */
int create_on(int session);
int narrow_to(int fd, struct teegate_narrow wish);
/* What poll() says within so many milliseconds, -1 for as long as it takes. */
short poll_now(int fd, int timeout);

/* The lease is revoked or expired, whatever one asks it for. */
void expect_gone(int fd);

#endif
