/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's family "teegate": events as they happen, dumps when they are asked for. The family
 * comes and goes with the module; whoever uses this need not care, but is told.
 *
 * Main loop only. A dump waits for the kernel, which answers from memory.
 */
#ifndef TEEGATED_NETLINK_H
#define TEEGATED_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-event.h>

#include "record.h"

/*
 * @event: something happened
 * @up: the family has appeared, and events come from now on
 * @lost: some events were lost; only dumps tell the state now
 * @down: the family has disappeared, and all leases with it
 * @trouble: the family is there, but we may not hear it: a negative errno
 */
struct netlink_handlers {
	void (*event)(const struct record *record, void *userdata);
	void (*up)(void *userdata);
	void (*lost)(void *userdata);
	void (*down)(void *userdata);
	void (*trouble)(int error, void *userdata);
};

struct netlink;

/* netlink_new() - begins to listen; handlers are called from the event loop, never from here. */
int netlink_new(sd_event *event, const struct netlink_handlers *handlers, void *userdata,
		struct netlink **ret);
struct netlink *netlink_free(struct netlink *netlink);

bool netlink_is_up(const struct netlink *netlink);

/*
 * netlink_dump() - calls @entry for each message of the dump @cmd. 0, -ENODEV when there is no
 * family, or what went wrong; then the dump may be incomplete. -EAGAIN: things came and went
 * meanwhile; forget what came, and ask again, up to NETLINK_DUMP_TRIES times.
 */
#define NETLINK_DUMP_TRIES	4

int netlink_dump(struct netlink *netlink, enum teegate_cmd cmd,
		 void (*entry)(const struct record *record, void *userdata), void *userdata);

#endif
