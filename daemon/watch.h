/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel tells about leases and the TEE, and what it means here: the table of leases
 * follows, and events go out with the names that the kernel does not know.
 *
 * Main loop only.
 */
#ifndef TEEGATED_WATCH_H
#define TEEGATED_WATCH_H

#include "leases.h"
#include "netlink.h"

/*
 * @adopt: the kernel has a lease with this note that the table lacks. True, with what the note says
 *	in @lease, if it is one of ours; what that points to is released by @adopted
 * @refused: there is no room for it in the table
 * @own: teegated made a lease with this id for a request of its own, for GetEvidence say: nobody
 *	wants to hear of it
 * @settled: the table is what the kernel has, after a start or after some events were lost
 */
struct watch_hooks {
	bool (*adopt)(const struct bytes *note, struct lease *lease, void *userdata);
	void (*refused)(const struct lease *lease, int error, void *userdata);
	void (*adopted)(struct lease *lease, void *userdata);
	bool (*own)(uint64_t id, void *userdata);
	void (*settled)(void *userdata);
};

struct watch;

/* watch_new() - any hook may be NULL. @leases stays the caller's. */
int watch_new(sd_event *event, struct leases *leases, const struct watch_hooks *hooks, void *userdata,
	      struct watch **ret);
struct watch *watch_free(struct watch *watch);

/* watch_granted() - a lease was added to the table: tells everybody. */
void watch_granted(struct watch *watch, const struct lease *lease);
/* watch_ended() - one that the kernel will not tell about; see struct lease_hooks. */
void watch_ended(const struct lease *lease);

/* watch_netlink() - for dumps. */
struct netlink *watch_netlink(const struct watch *watch);

#endif
