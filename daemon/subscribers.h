/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Administrators who wait for events. Each has a queue of bounded length; whoever does not read is
 * cut off, with an error that says how much was lost.
 */
#ifndef TEEGATED_SUBSCRIBERS_H
#define TEEGATED_SUBSCRIBERS_H

#include <systemd/sd-event.h>
#include <systemd/sd-json.h>

#define SUBSCRIBERS_MAX		16
#define SUBSCRIBER_QUEUE_MAX	256	/* events that wait for one subscriber */

struct conn;
struct subscriber;

/* subscribers_start() - until then there are none. */
int subscribers_start(sd_event *loop);
/* subscribers_stop() - when no connection is left. */
void subscribers_stop(void);

/* subscribers_tell() - an event, as JSON. NULL: there was no memory to say what happened. */
void subscribers_tell(sd_json_variant *event);

/* subscriber_new() - @conn gets what happens from now on. -EBUSY: there are too many. */
int subscriber_new(struct conn *conn, struct subscriber **ret);
/* NULL is allowed; always returns NULL */
struct subscriber *subscriber_free(struct subscriber *subscriber);
/* subscriber_go_on() - its connection may have become writable. */
void subscriber_go_on(struct subscriber *subscriber);

#endif
