// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The queues of subscribers.
 *
 * An event only joins the queues when it happens. They are emptied by a source of the event loop of
 * its own, because writing to a connection may end it, and whoever tells of an event may be working
 * on that very connection. The link is handed the next event when the socket took the one before,
 * so what a subscriber can make us hold is its queue and one message.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "idl.h"
#include "server.h"
#include "subscribers.h"
#include "util.h"

struct subscriber {
	struct subscriber *next, **back;
	struct conn *conn;
	sd_json_variant *queue[SUBSCRIBER_QUEUE_MAX];
	unsigned int first, n;
	unsigned int lost;	/* since the queue was full: then nothing joins it any more */
};

static struct {
	sd_event_source *pump;
	struct subscriber *list;
	unsigned int n;
	struct subscriber *at;	/* whom the pump works on; NULL when that one was freed meanwhile */
} all;

static void forget_queue(struct subscriber *subscriber)
{
	for (; subscriber->n > 0; subscriber->n--) {
		sd_json_variant_unref(subscriber->queue[subscriber->first]);
		subscriber->first = (subscriber->first + 1) % SUBSCRIBER_QUEUE_MAX;
	}
}

struct subscriber *subscriber_free(struct subscriber *subscriber)
{
	if (!subscriber)
		return NULL;
	if (all.at == subscriber)
		all.at = NULL;
	*subscriber->back = subscriber->next;
	if (subscriber->next)
		subscriber->next->back = subscriber->back;
	all.n--;
	forget_queue(subscriber);
	free(subscriber);
	return NULL;
}

int subscriber_new(struct conn *conn, struct subscriber **ret)
{
	struct subscriber *subscriber;

	if (!all.pump || all.n >= SUBSCRIBERS_MAX)
		return -EBUSY;
	subscriber = calloc(1, sizeof(*subscriber));
	if (!subscriber)
		return -ENOMEM;
	subscriber->conn = conn;
	subscriber->next = all.list;
	if (subscriber->next)
		subscriber->next->back = &subscriber->next;
	subscriber->back = &all.list;
	all.list = subscriber;
	all.n++;
	*ret = subscriber;
	return 0;
}

static void join_queue(struct subscriber *subscriber, sd_json_variant *event)
{
	unsigned int last = (subscriber->first + subscriber->n) % SUBSCRIBER_QUEUE_MAX;

	if (subscriber->lost > 0 || subscriber->n == SUBSCRIBER_QUEUE_MAX || !event) {
		subscriber->lost++;
		return;
	}
	subscriber->queue[last] = sd_json_variant_ref(event);
	subscriber->n++;
}

void subscribers_tell(sd_json_variant *event)
{
	for (struct subscriber *s = all.list; s; s = s->next)
		join_queue(s, event);
	if (all.list)
		sd_event_source_set_enabled(all.pump, SD_EVENT_ONESHOT);
}

void subscriber_go_on(struct subscriber *subscriber)
{
	if (subscriber->n > 0 || subscriber->lost > 0)
		sd_event_source_set_enabled(all.pump, SD_EVENT_ONESHOT);
}

/* The next event, or the end. Negative: the link is broken. */
static int hand_over(struct subscriber *subscriber)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *event = NULL;
	struct conn *conn = subscriber->conn;
	unsigned int lost = subscriber->lost;

	if (subscriber->n > 0) {
		event = subscriber->queue[subscriber->first];
		subscriber->first = (subscriber->first + 1) % SUBSCRIBER_QUEUE_MAX;
		subscriber->n--;
		return sd_varlink_notifybo(conn->link, SD_JSON_BUILD_PAIR_VARIANT("event", event));
	}
	conn->subscriber = subscriber_free(subscriber);
	sd_varlink_errorbo(conn->link, BROKER_INTERFACE ".EventsLost", SD_JSON_BUILD_PAIR_UNSIGNED("lost", lost));
	return 0;
}

static bool may_write(const struct subscriber *subscriber)
{
	int events = sd_varlink_get_events(subscriber->conn->link);

	return events >= 0 && !((uint32_t)events & EPOLLOUT);
}

/* Until the queue is empty, or the socket full, or the connection gone. */
static void drain(struct subscriber *subscriber)
{
	struct conn *conn = subscriber->conn;

	all.at = subscriber;
	while (all.at && (subscriber->n > 0 || subscriber->lost > 0) && may_write(subscriber)) {
		if (hand_over(subscriber) < 0)
			sd_varlink_close(conn->link);
		conn_drive(conn);
	}
	all.at = NULL;
}

static int on_pump(sd_event_source *source, void *userdata)
{
	struct subscriber *next;

	(void)source;
	(void)userdata;
	/* Draining one ends no other. */
	for (struct subscriber *s = all.list; s; s = next) {
		next = s->next;
		drain(s);
	}
	return 0;
}

int subscribers_start(sd_event *loop)
{
	int r;

	r = sd_event_add_defer(loop, &all.pump, on_pump, NULL);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(all.pump, SD_EVENT_OFF);
}

void subscribers_stop(void)
{
	all.pump = sd_event_source_disable_unref(all.pump);
}
