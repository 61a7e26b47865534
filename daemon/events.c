// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An event is made into JSON once. The journal's fields are those of the JSON object under another
 * spelling, so both always say the same.
 *
 * There is one list of subscribers for the whole process: whatever happens anywhere is told by
 * events_emit(), which nobody has to carry a pointer to.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "events.h"
#include "journal.h"
#include "json.h"
#include "policy.h"
#include "subscribers.h"
#include "teegate-messages.h"
#include "util.h"

static const struct {
	const char *name, *message_id;
	int priority;
} kinds[EVENTS] = {
	[EVENT_DECISION] = { "decision", TEEGATE_MESSAGE_DECISION_STR, LOG_INFO },
	[EVENT_SUPPRESSED] = { "suppressed", TEEGATE_MESSAGE_SUPPRESSED_STR, LOG_WARNING },
	[EVENT_LEASE_CREATED] = { "lease-created", TEEGATE_MESSAGE_LEASE_CREATED_STR, LOG_INFO },
	[EVENT_LEASE_USED] = { "lease-used", TEEGATE_MESSAGE_LEASE_USED_STR, LOG_INFO },
	[EVENT_LEASE_REVOKED] = { "lease-revoked", TEEGATE_MESSAGE_LEASE_REVOKED_STR, LOG_NOTICE },
	[EVENT_LEASE_EXPIRED] = { "lease-expired", TEEGATE_MESSAGE_LEASE_EXPIRED_STR, LOG_INFO },
	[EVENT_LEASE_CLOSED] = { "lease-closed", TEEGATE_MESSAGE_LEASE_CLOSED_STR, LOG_INFO },
	[EVENT_LEASE_ADOPTED] = { "lease-adopted", TEEGATE_MESSAGE_LEASE_ADOPTED_STR, LOG_INFO },
	[EVENT_DENIED] = { "denied", TEEGATE_MESSAGE_DENIED_STR, LOG_WARNING },
	[EVENT_BACKEND] = { "backend", TEEGATE_MESSAGE_BACKEND_STR, LOG_NOTICE },
	[EVENT_THROTTLED] = { "throttled", TEEGATE_MESSAGE_THROTTLED_STR, LOG_WARNING },
	[EVENT_KEY_WIPED] = { "key-wiped", TEEGATE_MESSAGE_KEY_WIPED_STR, LOG_CRIT },
	[EVENT_QUARANTINED] = { "quarantined", TEEGATE_MESSAGE_QUARANTINED_STR, LOG_WARNING },
	[EVENT_RECOVERED] = { "recovered", TEEGATE_MESSAGE_RECOVERED_STR, LOG_NOTICE },
	[EVENT_MODULE_UP] = { "module-up", TEEGATE_MESSAGE_MODULE_UP_STR, LOG_INFO },
	[EVENT_MODULE_DOWN] = { "module-down", TEEGATE_MESSAGE_MODULE_DOWN_STR, LOG_WARNING },
	[EVENT_EVENTS_LOST] = { "events-lost", TEEGATE_MESSAGE_EVENTS_LOST_STR, LOG_WARNING },
	[EVENT_DEVICE_ADDED] = { "device-added", TEEGATE_MESSAGE_DEVICE_ADDED_STR, LOG_NOTICE },
	[EVENT_DEVICE_REMOVED] = { "device-removed", TEEGATE_MESSAGE_DEVICE_REMOVED_STR, LOG_NOTICE },
	[EVENT_POLICY_LOADED] = { "policy-loaded", TEEGATE_MESSAGE_POLICY_LOADED_STR, LOG_INFO },
	[EVENT_POLICY_REFUSED] = { "policy-refused", TEEGATE_MESSAGE_POLICY_REFUSED_STR, LOG_ERR },
	[EVENT_UNREGISTERED] = { "unregistered", TEEGATE_MESSAGE_UNREGISTERED_STR, LOG_INFO },
};

const char *event_name(enum event_kind kind)
{
	return kinds[kind].name;
}

const char *event_message_id(enum event_kind kind)
{
	return kinds[kind].message_id;
}

/* Refusals stand out. */
static int priority_of(const struct event *event)
{
	if (event->kind == EVENT_DECISION && strcmp(event->verdict, "granted"))
		return LOG_WARNING;
	return kinds[event->kind].priority;
}

static int put_number(sd_json_variant **object, const char *name, uint64_t number)
{
	return number ? sd_json_variant_set_field_unsigned(object, name, number) : 0;
}

static int put_operations(sd_json_variant **object, uint64_t operations)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *array = NULL;

	if (!operations)
		return 0;
	array = operations_json(operations);
	return array ? sd_json_variant_set_field(object, "operations", array) : -ENOMEM;
}

static uint64_t now_realtime_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int put_who(sd_json_variant **object, const struct event *e)
{
	const struct {
		const char *name, *text;
	} texts[] = {
		{ "workload", e->workload }, { "rule", e->rule }, { "unit", e->unit },
		{ "cgroup", e->cgroup }, { "container", e->container }, { "label", e->label },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(texts); i++)
		r = json_put_text(object, texts[i].name, texts[i].text);
	if (r >= 0)
		r = put_number(object, "workloadNumber", e->number);
	if (r >= 0 && e->has_uid)
		r = sd_json_variant_set_field_unsigned(object, "uid", e->uid);
	if (r >= 0)
		r = put_number(object, "pid", (uint64_t)e->pid);
	return r;
}

static int put_what(sd_json_variant **object, const struct event *e)
{
	const struct {
		const char *name, *text;
	} texts[] = {
		{ "method", e->method }, { "verdict", e->verdict }, { "cause", e->cause },
		{ "reason", e->reason }, { "provider", e->provider }, { "state", e->state },
		{ "device", e->device }, { "errno", e->error ? strerrorname_np(e->error) : NULL },
	};
	int r;

	r = put_number(object, "lease", e->lease);
	if (r >= 0)
		r = put_number(object, "parent", e->parent);
	if (r >= 0)
		r = put_operations(object, e->operations);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(texts); i++)
		r = json_put_text(object, texts[i].name, texts[i].text);
	if (r >= 0)
		r = put_number(object, "firmwareStatus", e->fw_status);
	if (r >= 0)
		r = put_number(object, "quarantined", e->quarantined);
	return r;
}

sd_json_variant *event_json(const struct event *event)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	int r;

	r = sd_json_variant_set_field_string(&object, "event", event_name(event->kind));
	if (r >= 0)
		r = sd_json_variant_set_field_unsigned(&object, "timestampUSec", now_realtime_usec());
	if (r >= 0)
		r = put_number(&object, "bootNSec", event->boot_ns);
	if (r >= 0 && event->count != 1)
		r = put_number(&object, "count", event->count);
	if (r >= 0)
		r = put_who(&object, event);
	if (r >= 0)
		r = put_what(&object, event);
	return r < 0 ? NULL : take_pointer(&object);
}

static void say_subject(const struct event *e, char *text, size_t size)
{
	if (e->method)
		text_add(text, size, "%s: %s", e->method, e->verdict);
	else
		text_add(text, size, "%s", event_name(e->kind));
	if (e->lease)
		text_add(text, size, " %llu", (unsigned long long)e->lease);
	if (e->parent)
		text_add(text, size, " (narrowed from %llu)", (unsigned long long)e->parent);
	if (e->provider)
		text_add(text, size, " %s", e->provider);
	if (e->state)
		text_add(text, size, " is %s", e->state);
	if (e->device)
		text_add(text, size, " %s", e->device);
	if (e->workload && *e->workload)
		text_add(text, size, " \"%s\"", e->workload);
}

static void say_who(const struct event *e, char *text, size_t size)
{
	char who[512] = "";

	if (e->unit && *e->unit)
		text_add(who, sizeof(who), "unit %s, ", e->unit);
	if (e->container && *e->container)
		text_add(who, sizeof(who), "container %s, ", e->container);
	if (e->has_uid)
		text_add(who, sizeof(who), "uid %u, ", e->uid);
	if (e->cgroup && *e->cgroup)
		text_add(who, sizeof(who), "cgroup %s, ", e->cgroup);
	if (*who)
		text_add(text, size, " (%.*s)", (int)strlen(who) - 2, who);
}

const char *event_text(const struct event *e, char *text, size_t size)
{
	char names[128];

	text[0] = '\0';
	say_subject(e, text, size);
	say_who(e, text, size);
	if (e->operations)
		text_add(text, size, " for \"%s\"", operation_names(e->operations, names, sizeof(names)));
	if (e->rule && *e->rule)
		text_add(text, size, " by %s", e->rule);
	if (e->error)
		text_add(text, size, ": %s", strerrorname_np(e->error) ?: "unknown error");
	if (e->cause && *e->cause)
		text_add(text, size, ": %s", e->cause);
	if (e->reason && *e->reason)
		text_add(text, size, ": %s", e->reason);
	if (e->count > 1)
		text_add(text, size, " (%u times)", e->count);
	return text_sanitize(text);
}

void events_emit(const struct event *event)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *object = event_json(event);
	char text[1536];

	event_text(event, text, sizeof(text));
	journal_event(priority_of(event), event_message_id(event->kind), text, object);
	subscribers_tell(object);
}
