// SPDX-License-Identifier: GPL-2.0-or-later
/* journal_decision(), and the timer that tells what it passed over. */
#include <syslog.h>
#include <time.h>

#include "audit.h"
#include "events.h"
#include "util.h"

#define TELL_USEC	(10 * 1000 * 1000)

static struct {
	sd_event_source *timer;
	struct accounts *accounts;
} audit;

static void tell_suppressed(const char *whose, unsigned int count)
{
	char reason[ACCOUNT_NAME_MAX + 64] = "";

	text_add(reason, sizeof(reason), "decisions about %s were not written one by one", whose);
	events_emit(EVENT(EVENT_SUPPRESSED, .count = count, .unit = whose, .reason = reason));
}

static void tell_all(void)
{
	struct accounts *accounts = audit.accounts;

	for (struct account *a = accounts->list; a < accounts->list + ACCOUNTS_MAX; a++) {
		if (a->audit_suppressed > 0)
			tell_suppressed(a->name, a->audit_suppressed);
		a->audit_suppressed = 0;
	}
	if (accounts->audit_suppressed > 0)
		tell_suppressed("workloads that are gone", accounts->audit_suppressed);
	accounts->audit_suppressed = 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	(void)userdata;
	tell_all();
	return 0;
}

/* One timer for the first that is passed over; those that follow are in its count. */
static void tell_soon(void)
{
	int enabled;

	if (!audit.timer || sd_event_source_get_enabled(audit.timer, &enabled) != 0)
		return;
	if (sd_event_source_set_time_relative(audit.timer, TELL_USEC) >= 0)
		sd_event_source_set_enabled(audit.timer, SD_EVENT_ONESHOT);
}

int audit_start(sd_event *loop, struct accounts *accounts)
{
	int r;

	audit.accounts = accounts;
	r = sd_event_add_time_relative(loop, &audit.timer, CLOCK_MONOTONIC, TELL_USEC, 0, on_timer, NULL);
	return r < 0 ? r : sd_event_source_set_enabled(audit.timer, SD_EVENT_OFF);
}

void audit_stop(void)
{
	if (!audit.timer)
		return;
	tell_all();
	audit.timer = sd_event_source_disable_unref(audit.timer);
}

void audit_tell(const struct decision *decision)
{
	const struct peer *peer = decision->peer;
	const struct rule *rule = decision->rule;

	events_emit(EVENT(EVENT_DECISION,
		.method = decision->method,
		.verdict = decision->verdict,
		.reason = decision->detail,
		.workload = rule ? rule->name : NULL,
		.rule = rule ? rule->path : NULL,
		.unit = peer->place.unit,
		.cgroup = peer->cgroup,
		.container = peer->registration ? peer->registration->id : NULL,
		.label = peer->label,
		.number = peer_workload(peer),
		.uid = peer->uid,
		.has_uid = peer->uid != (uid_t)-1,
		.pid = peer->pid));
}

void journal_decision(struct account *account, const struct decision *decision)
{
	unsigned int suppressed;

	if (!account_may_audit(account, now_ms(), &suppressed)) {
		tell_soon();
		return;
	}
	if (suppressed > 0)
		tell_suppressed(account->name, suppressed);
	audit_tell(decision);
}
