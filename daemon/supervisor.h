/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers the notifications of one container, until nobody is left in it. */
#ifndef TEEGATED_SUPERVISOR_H
#define TEEGATED_SUPERVISOR_H

#include <systemd/sd-event.h>

#include "notify.h"
#include "peer.h"

#define SUPERVISOR_OPENINGS_MAX	8	/* that teegated is asked about at a time; further ones are EBUSY */

struct supervisor;

/*
 * supervisor_new() - takes @notify and @container. Only processes in the cgroup of @container, or below
 * it, are given anything. @broker: path of teegated's socket for those that speak for others. The event
 * loop ends when nobody is left.
 */
int supervisor_new(sd_event *event, struct notify *notify, struct peer *container, const char *broker,
		   struct supervisor **ret);
struct supervisor *supervisor_free(struct supervisor *supervisor);

/* For tests. supervisor_errno() - what open() shall say to teegated's error @error_id, "" for none. */
int supervisor_errno(const char *error_id, const char *failed_errno);

#endif
