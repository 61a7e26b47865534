// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A lease is judged by the policy of now, not by the one under which its connection came: the
 * policy may have changed while a thread was making it.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "journal.h"
#include "ledger.h"
#include "server.h"
#include "util.h"

#define RETRY_USEC	(1000 * 1000)

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct server *server = userdata;

	(void)source;
	(void)usec;
	leases_retry(server->leases);
	return 0;
}

/* Once for all that fail until then. */
static void try_again(struct server *server, uint64_t id, int error)
{
	int enabled;

	if (sd_event_source_get_enabled(server->retry, &enabled) != 0)
		return;
	journal_say(LOG_ERR, "lease %llu is not revoked yet, and maybe others: %s", (unsigned long long)id,
		    strerror(-error));
	if (sd_event_source_set_time_relative(server->retry, RETRY_USEC) >= 0)
		sd_event_source_set_enabled(server->retry, SD_EVENT_ONESHOT);
}

static int on_revoke(uint64_t id, void *userdata)
{
	struct server *server = userdata;
	int r = device_revoke(server->device, id);

	if (r < 0 && !lease_is_gone(r))
		try_again(server, id, r);
	return r;
}

static void on_ended(const struct lease *lease, void *userdata)
{
	(void)userdata;
	watch_ended(lease);
}

/* Of what cannot be judged nothing could be taken back either. It is in the table only to be revoked. */
static void give_up(struct server *server, const struct lease *lease, int error)
{
	struct lease nameless = *lease;
	int r;

	journal_say(LOG_ERR, "lease %llu is revoked: teegated cannot tell any more to whom it was granted: %s",
		    (unsigned long long)lease->id, strerror(-error));
	nameless.rule = nameless.facts.unit = nameless.facts.cgroup = nameless.grant.name = "";
	r = leases_add(server->leases, &nameless);
	if (r >= 0)
		r = leases_revoke(server->leases, lease->id, CAUSE_POLICY);
	else
		r = device_revoke(server->device, lease->id);
	if (r < 0 && !lease_is_gone(r))
		journal_say(LOG_ERR, "lease %llu: %s", (unsigned long long)lease->id, strerror(-r));
}

/* One lease at a time: on_adopted() is next. */
static bool on_adopt(const struct bytes *bytes, struct lease *lease, void *userdata)
{
	struct server *server = userdata;
	int r;

	server->note.lease = *lease;
	r = note_parse(bytes, &server->note);
	if (r == -ENOMSG)
		journal_say(LOG_NOTICE, "lease %llu has a note that teegated did not write",
			    (unsigned long long)lease->id);
	else if (r < 0)
		give_up(server, lease, r);
	if (r < 0)
		return false;
	*lease = server->note.lease;
	return true;
}

static void on_refused(const struct lease *lease, int error, void *userdata)
{
	give_up(userdata, lease, error);
}

static void on_adopted(struct lease *lease, void *userdata)
{
	struct server *server = userdata;

	(void)lease;
	note_done(&server->note);
}

static bool on_own(uint64_t id, void *userdata)
{
	struct server *server = userdata;

	return jobs_had_lease(server->jobs, id);
}

static bool has_ended(const struct registration *registration, void *userdata)
{
	const struct server *server = userdata;

	return !registrar_knows(server->registrar, registration);
}

/* Also the first time: policy may have changed, and containers ended, while nobody was here. */
static void on_settled(void *userdata)
{
	struct server *server = userdata;

	leases_revoke_ended(server->leases, has_ended, server);
	ledger_policy_changed(server);
}

static int make_timer(struct server *server)
{
	int r = sd_event_add_time_relative(server->event, &server->retry, CLOCK_MONOTONIC, 0, 0, on_retry,
					   server);

	return r < 0 ? r : sd_event_source_set_enabled(server->retry, SD_EVENT_OFF);
}

int ledger_start(struct server *server)
{
	static const struct lease_hooks lease_hooks = { on_revoke, on_ended };
	static const struct watch_hooks watch_hooks = {
		.adopt = on_adopt, .refused = on_refused, .adopted = on_adopted, .own = on_own,
		.settled = on_settled,
	};
	int r;

	r = make_timer(server);
	if (r >= 0)
		r = leases_new(&lease_hooks, server, &server->leases);
	if (r < 0)
		return r;
	return watch_new(server->event, server->leases, &watch_hooks, server, &server->watch);
}

void ledger_stop(struct server *server)
{
	server->watch = watch_free(server->watch);
	server->leases = leases_free(server->leases);
	server->retry = sd_event_source_disable_unref(server->retry);
}

int ledger_record(struct server *server, const struct lease *lease, const char **ret_why)
{
	const char *why = policy_withdraws(server->policy, &lease->grant, &lease->facts);
	int r;

	if (why) {
		*ret_why = why;
		return -EACCES;
	}
	r = leases_add(server->leases, lease);
	if (r == -EEXIST)	/* found in the kernel before we were told of it */
		return 0;
	if (r < 0) {
		journal_say(LOG_ERR, "lease %llu cannot be remembered: %s", (unsigned long long)lease->id,
			    strerror(-r));
		return r;
	}
	watch_granted(server->watch, lease);
	return 0;
}

int ledger_policy_changed(struct server *server)
{
	return leases_reconsider(server->leases, server->policy);
}
