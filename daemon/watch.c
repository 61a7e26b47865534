// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the kernel's numbers to events with names.
 *
 * The kernel speaks of a new lease before the thread that made it has told us to whom it belongs.
 * So such an event is held back for a moment: until the lease is granted, and the event gets its
 * names, or until it turns out to be somebody else's. Leases that teegated makes for its own
 * requests are not spoken of; the decision about the request was.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <linux/teegate.h>

#include "device.h"
#include "events.h"
#include "journal.h"
#include "util.h"
#include "watch.h"

#define HELD_MAX	64
#define HELD_MS		1000

struct held {
	struct record record;
	uint64_t until_ms;
};

struct watch {
	struct netlink *netlink;
	struct leases *leases;
	const struct watch_hooks *hooks;
	void *userdata;
	sd_event_source *timer;
	struct held held[HELD_MAX];	/* the oldest first */
	unsigned int n_held;
};

/* What the record says by itself. @reason: room for a text that the record does not end. */
static struct event event_of(const struct record *record, enum event_kind kind,
			     char reason[TEEGATE_REASON_SIZE])
{
	const uint64_t *number = record->number;
	struct event event = {
		.kind = kind,
		.count = (uint32_t)number[TEEGATE_A_COUNT],
		.lease = number[TEEGATE_A_LEASE_ID],
		.parent = number[TEEGATE_A_PARENT_ID],
		.number = number[TEEGATE_A_WORKLOAD],
		.uid = (uid_t)number[TEEGATE_A_UID],
		.has_uid = record_has(record, TEEGATE_A_UID),
		.operations = number[TEEGATE_A_OPS] | number[TEEGATE_A_OP],
		.error = (int)number[TEEGATE_A_ERRNO],
		.fw_status = number[TEEGATE_A_FW_STATUS],
		.quarantined = (uint32_t)number[TEEGATE_A_QUARANTINED],
		.boot_ns = number[TEEGATE_A_TIME_NS],
	};

	snprintf(reason, TEEGATE_REASON_SIZE, "%.*s", (int)record->bytes[TEEGATE_A_REASON].len,
		 record->bytes[TEEGATE_A_REASON].data ? (const char *)record->bytes[TEEGATE_A_REASON].data : "");
	event.reason = reason;
	if (record_has(record, TEEGATE_A_PROVIDER))
		event.provider = provider_name((uint32_t)number[TEEGATE_A_PROVIDER]);
	if (record_has(record, TEEGATE_A_STATE))
		event.state = state_name((uint32_t)number[TEEGATE_A_STATE]);
	return event;
}

static void add_names(struct event *event, const struct lease *lease)
{
	const struct facts *facts = &lease->facts;

	event->number = lease->workload;
	event->workload = lease->grant.name;
	event->rule = lease->rule;
	event->unit = facts->unit;
	event->cgroup = facts->cgroup;
	event->label = facts->label;
	event->container = facts->registration ? facts->registration->id : NULL;
	if (!event->has_uid && event->kind != EVENT_DENIED) {
		event->uid = facts->uid;
		event->has_uid = true;
	}
}

/* The lease itself, else the one it was narrowed from, else another one of that workload. */
static const struct lease *relative(const struct leases *leases, const struct event *event)
{
	const struct lease *lease = NULL;

	if (event->lease)
		lease = leases_find(leases, event->lease);
	if (!lease && event->parent)
		lease = leases_find(leases, event->parent);
	if (!lease && event->number)
		lease = leases_of_workload(leases, event->number);
	return lease;
}

static void emit(struct watch *watch, const struct record *record, enum event_kind kind)
{
	char reason[TEEGATE_REASON_SIZE];
	struct event event = event_of(record, kind, reason);
	const struct lease *lease = relative(watch->leases, &event);

	if (lease)
		add_names(&event, lease);
	events_emit(&event);
}

static void set_timer(struct watch *watch)
{
	if (watch->n_held > 0 &&
	    sd_event_source_set_time_relative(watch->timer, (uint64_t)HELD_MS * 1000) >= 0)
		sd_event_source_set_enabled(watch->timer, SD_EVENT_ONESHOT);
}

static struct record take_held(struct watch *watch, unsigned int at)
{
	struct record record = watch->held[at].record;

	watch->n_held--;
	memmove(watch->held + at, watch->held + at + 1, (watch->n_held - at) * sizeof(*watch->held));
	return record;
}

static bool is_own(const struct watch *watch, uint64_t id)
{
	return watch->hooks->own && watch->hooks->own(id, watch->userdata);
}

/* Nobody has claimed it: it is an administrator's, or for a request of ours. */
static void tell_held(struct watch *watch, unsigned int at)
{
	const struct record record = take_held(watch, at);

	if (!is_own(watch, record.number[TEEGATE_A_LEASE_ID]))
		emit(watch, &record, EVENT_LEASE_CREATED);
}

static int find_held(const struct watch *watch, uint64_t id)
{
	for (unsigned int i = 0; i < watch->n_held; i++)
		if (watch->held[i].record.number[TEEGATE_A_LEASE_ID] == id)
			return (int)i;
	return -1;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct watch *watch = userdata;
	uint64_t now = now_ms();

	(void)source;
	(void)usec;
	while (watch->n_held > 0 && watch->held[0].until_ms <= now)
		tell_held(watch, 0);
	set_timer(watch);
	return 0;
}

static void hold(struct watch *watch, const struct record *record)
{
	struct held *held;

	if (watch->n_held == HELD_MAX)
		tell_held(watch, 0);
	held = &watch->held[watch->n_held++];
	held->record = *record;
	/* Bytes belong to the message, which is gone by then; this event has none that we tell. */
	memset(held->record.bytes, 0, sizeof(held->record.bytes));
	held->until_ms = now_ms() + HELD_MS;
	if (watch->n_held == 1)
		set_timer(watch);
}

static void on_created(struct watch *watch, const struct record *record)
{
	uint64_t id = record->number[TEEGATE_A_LEASE_ID];

	if (leases_find(watch->leases, id))	/* told when it was granted */
		return;
	if (record->number[TEEGATE_A_PARENT_ID])
		emit(watch, record, EVENT_LEASE_CREATED);
	else
		hold(watch, record);
}

static void emit_end(struct watch *watch, const struct record *record, enum event_kind kind)
{
	const struct lease *lease = leases_find(watch->leases, record->number[TEEGATE_A_LEASE_ID]);
	bool removed = record->number[TEEGATE_A_ERRNO] == ENOENT;
	char unused[TEEGATE_REASON_SIZE];
	struct event event = event_of(record, kind, unused);

	event.error = 0;
	if (kind == EVENT_LEASE_REVOKED && lease && lease->cause) {
		event.cause = lease_cause_name(lease->cause);
		event.reason = lease->why;
	} else if (kind == EVENT_LEASE_REVOKED) {
		event.cause = removed ? lease_cause_name(CAUSE_CGROUP) : "holder";
		event.reason = removed ? "its cgroup is gone" : "its holder, or an administrator, revoked it";
	}
	lease = relative(watch->leases, &event);
	if (lease)
		add_names(&event, lease);
	events_emit(&event);
}

static void on_end(struct watch *watch, const struct record *record)
{
	enum event_kind kind = EVENT_LEASE_REVOKED;

	if (record->number[TEEGATE_A_EVENT] == TEEGATE_EVENT_LEASE_CLOSED)
		kind = EVENT_LEASE_CLOSED;
	else if (record->number[TEEGATE_A_ERRNO] == ETIME)
		kind = EVENT_LEASE_EXPIRED;
	emit_end(watch, record, kind);
	leases_remove(watch->leases, record->number[TEEGATE_A_LEASE_ID]);
}

/* An event of a lease that is not in the table. True: it is not worth telling. */
static bool passed_over(struct watch *watch, uint64_t id)
{
	int at;

	if (!id || leases_find(watch->leases, id))
		return false;
	at = find_held(watch, id);
	if (at >= 0)
		tell_held(watch, (unsigned int)at);
	return is_own(watch, id);
}

static void on_event(const struct record *record, void *userdata)
{
	static const enum event_kind kinds[] = {
		[TEEGATE_EVENT_LEASE_USED] = EVENT_LEASE_USED,
		[TEEGATE_EVENT_DENIED] = EVENT_DENIED,
		[TEEGATE_EVENT_BACKEND] = EVENT_BACKEND,
		[TEEGATE_EVENT_THROTTLED] = EVENT_THROTTLED,
		[TEEGATE_EVENT_KEY_WIPED] = EVENT_KEY_WIPED,
		[TEEGATE_EVENT_QUARANTINED] = EVENT_QUARANTINED,
		[TEEGATE_EVENT_RECOVERED] = EVENT_RECOVERED,
	};
	uint64_t what = record->number[TEEGATE_A_EVENT];
	struct watch *watch = userdata;

	if (what == TEEGATE_EVENT_LEASE_CREATED) {
		on_created(watch, record);
		return;
	}
	if (passed_over(watch, record->number[TEEGATE_A_LEASE_ID]))
		return;
	if (what == TEEGATE_EVENT_LEASE_REVOKED || what == TEEGATE_EVENT_LEASE_CLOSED)
		on_end(watch, record);
	else if (what < ARRAY_SIZE(kinds) && kinds[what])
		emit(watch, record, kinds[what]);
}

void watch_granted(struct watch *watch, const struct lease *lease)
{
	int at = find_held(watch, lease->id);
	struct event event = {
		.kind = EVENT_LEASE_CREATED, .lease = lease->id, .operations = lease->grant.operations,
	};

	if (at >= 0)
		event.boot_ns = take_held(watch, (unsigned int)at).number[TEEGATE_A_TIME_NS];
	add_names(&event, lease);
	events_emit(&event);
}

static void tell_end(const struct lease *lease, enum event_kind kind, const char *cause, const char *why)
{
	struct event event = { .kind = kind, .lease = lease->id, .cause = cause, .reason = why };

	add_names(&event, lease);
	events_emit(&event);
}

void watch_ended(const struct lease *lease)
{
	tell_end(lease, EVENT_LEASE_REVOKED, lease_cause_name(lease->cause), lease->why);
}

/* ---- the state, when events alone do not tell it ---- */

struct listing {
	struct watch *watch;
	uint64_t *ids;		/* that live, in rising order */
	size_t n, room;
	bool failed;
};

static void note_id(struct listing *listing, uint64_t id)
{
	uint64_t *ids = listing->ids;

	if (listing->n == listing->room) {
		listing->room = listing->room ? 2 * listing->room : 64;
		ids = reallocarray(ids, listing->room, sizeof(*ids));
		if (!ids) {
			listing->failed = true;
			return;
		}
		listing->ids = ids;
	}
	ids[listing->n++] = id;
}

static void adopt(struct watch *watch, const struct record *record)
{
	struct lease lease = {
		.id = record->number[TEEGATE_A_LEASE_ID],
		.workload = record->number[TEEGATE_A_WORKLOAD],
		.grant.operations = record->number[TEEGATE_A_OPS],
	};
	struct event event = { .kind = EVENT_LEASE_ADOPTED, .lease = lease.id };
	int r;

	if (!watch->hooks->adopt ||
	    !watch->hooks->adopt(&record->bytes[TEEGATE_A_NOTE], &lease, watch->userdata))
		return;
	r = leases_add(watch->leases, &lease);
	if (r >= 0) {
		add_names(&event, &lease);
		events_emit(&event);
	} else if (watch->hooks->refused) {
		watch->hooks->refused(&lease, r, watch->userdata);
	}
	if (watch->hooks->adopted)
		watch->hooks->adopted(&lease, watch->userdata);
}

static void on_listed(const struct record *record, void *userdata)
{
	uint64_t id = record->number[TEEGATE_A_LEASE_ID];
	struct listing *listing = userdata;

	if (record_has(record, TEEGATE_A_PARENT_ID) || record->number[TEEGATE_A_ERRNO])
		return;
	note_id(listing, id);
	if (!leases_find(listing->watch->leases, id) && record->bytes[TEEGATE_A_NOTE].len > 0)
		adopt(listing->watch, record);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* What is in the table and not in the kernel has ended, and nobody said so. */
static void drop_unlisted(struct watch *watch, const struct listing *listing)
{
	const struct lease *lease;

	for (uint64_t id = 0; (lease = leases_next(watch->leases, id)); ) {
		id = lease->id;
		if (listing->n > 0 && bsearch(&id, listing->ids, listing->n, sizeof(id), compare))
			continue;
		if (lease->cause)
			watch_ended(lease);
		else
			tell_end(lease, EVENT_LEASE_CLOSED, NULL, "it is not in the kernel any more");
		leases_remove(watch->leases, id);
	}
}

static int list(struct watch *watch, struct listing *listing)
{
	int r = -EAGAIN;

	for (int i = 0; i < NETLINK_DUMP_TRIES && r == -EAGAIN; i++) {
		listing->n = 0;
		r = netlink_dump(watch->netlink, TEEGATE_CMD_GET_LEASES, on_listed, listing);
	}
	return r < 0 || !listing->failed ? r : -ENOMEM;
}

static void settle(struct watch *watch)
{
	struct listing listing = { .watch = watch };
	int r = list(watch, &listing);

	if (r >= 0)
		drop_unlisted(watch, &listing);
	else
		journal_say(LOG_ERR, "cannot list the leases of the module: %s", strerror(-r));
	free(listing.ids);
	if (r >= 0 && watch->hooks->settled)
		watch->hooks->settled(watch->userdata);
}

static void on_up(void *userdata)
{
	struct watch *watch = userdata;

	events_emit(EVENT(EVENT_MODULE_UP));
	leases_set_live(watch->leases, true);
	settle(watch);
}

static void on_lost(void *userdata)
{
	events_emit(EVENT(EVENT_EVENTS_LOST, .reason = "the kernel had more events than room for them"));
	settle(userdata);
}

/* A module goes only when nobody holds a lease of it. */
static void on_down(void *userdata)
{
	const struct listing nothing = { NULL, NULL, 0, 0, false };
	struct watch *watch = userdata;

	while (watch->n_held > 0)
		tell_held(watch, 0);
	leases_set_live(watch->leases, false);
	drop_unlisted(watch, &nothing);
	events_emit(EVENT(EVENT_MODULE_DOWN));
}

static void on_trouble(int error, void *userdata)
{
	(void)userdata;
	journal_say(LOG_ERR, "cannot hear the module's events: %s; leases are looked after without them",
		    strerror(-error));
}

int watch_new(sd_event *event, struct leases *leases, const struct watch_hooks *hooks, void *userdata,
	      struct watch **ret)
{
	static const struct netlink_handlers handlers = { on_event, on_up, on_lost, on_down, on_trouble };
	struct watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return -ENOMEM;
	watch->leases = leases;
	watch->hooks = hooks;
	watch->userdata = userdata;
	r = netlink_new(event, &handlers, watch, &watch->netlink);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &watch->timer, CLOCK_MONOTONIC, 0, 0, on_timer, watch);
	if (r >= 0)
		r = sd_event_source_set_enabled(watch->timer, SD_EVENT_OFF);
	if (r < 0) {
		watch_free(watch);
		return r;
	}
	*ret = watch;
	return 0;
}

struct watch *watch_free(struct watch *watch)
{
	if (!watch)
		return NULL;
	sd_event_source_disable_unref(watch->timer);
	netlink_free(watch->netlink);
	free(watch);
	return NULL;
}

struct netlink *watch_netlink(const struct watch *watch)
{
	return watch->netlink;
}
