/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens, told to whoever has to know: a record in the journal, and a message to each
 * administrator who subscribed. doc/events.md is the list for readers.
 *
 * Main loop only.
 */
#ifndef TEEGATED_EVENTS_H
#define TEEGATED_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <systemd/sd-json.h>

enum event_kind {
	EVENT_DECISION,
	EVENT_SUPPRESSED,
	EVENT_LEASE_CREATED,
	EVENT_LEASE_USED,
	EVENT_LEASE_REVOKED,
	EVENT_LEASE_EXPIRED,
	EVENT_LEASE_CLOSED,
	EVENT_LEASE_ADOPTED,
	EVENT_DENIED,
	EVENT_BACKEND,
	EVENT_THROTTLED,
	EVENT_KEY_WIPED,
	EVENT_QUARANTINED,
	EVENT_RECOVERED,
	EVENT_MODULE_UP,
	EVENT_MODULE_DOWN,
	EVENT_EVENTS_LOST,
	EVENT_DEVICE_ADDED,
	EVENT_DEVICE_REMOVED,
	EVENT_POLICY_LOADED,
	EVENT_POLICY_REFUSED,
	EVENT_UNREGISTERED,
	EVENTS
};

/*
 * One event; use EVENT() to make one. What is 0, NULL or empty is left out, and so are a @uid
 * without @has_uid and a count of 1. Texts are borrowed, and may hold anything: what is not
 * printable becomes "?".
 * @workload: its name in policy; @number: by which the kernel knows it
 * @operations: TEEGATE_OP_* that a lease allows, or that somebody asked for
 * @error: positive errno
 * @cause: one word, for programs; @reason: for people
 * @boot_ns: when, by the kernel's CLOCK_BOOTTIME
 */
struct event {
	enum event_kind kind;
	uint32_t count;
	uint64_t lease, parent, number;
	const char *workload, *rule, *unit, *cgroup, *container, *label;
	uid_t uid;
	bool has_uid;
	pid_t pid;
	uint64_t operations;
	int error;
	uint64_t fw_status;
	const char *cause, *reason;
	const char *provider, *state;
	uint32_t quarantined;
	const char *device;
	const char *method, *verdict;
	uint64_t boot_ns;
};

#define EVENT(what, ...)	(&(struct event){ .kind = (what), __VA_ARGS__ })

/* event_name() - as in JSON and TEEGATE_EVENT=: "lease-created". */
const char *event_name(enum event_kind kind);
const char *event_message_id(enum event_kind kind);

/* event_json() - the object that subscribers get; NULL without memory. */
sd_json_variant *event_json(const struct event *event);
/* event_text() - one line for people. */
const char *event_text(const struct event *event, char *text, size_t size);

/* events_emit() - tells everybody. Never fails. */
void events_emit(const struct event *event);

#endif
