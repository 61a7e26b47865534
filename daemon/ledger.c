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

static int on_revoke(uint64_t id, void *userdata)
{
	struct server *server = userdata;

	return device_revoke(server->device, id);
}

static void on_ended(const struct lease *lease, void *userdata)
{
	(void)userdata;
	watch_ended(lease);
}

/* One lease at a time: on_adopted() is next. */
static bool on_adopt(const struct bytes *bytes, struct lease *lease, void *userdata)
{
	struct server *server = userdata;
	int r;

	server->note.lease = *lease;
	r = note_parse(bytes, &server->note);
	if (r < 0) {
		journal_say(LOG_NOTICE, "lease %llu has a note that teegated did not write",
			    (unsigned long long)lease->id);
		return false;
	}
	*lease = server->note.lease;
	return true;
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

/* Also the first time: policy may have changed while nobody was here. */
static void on_settled(void *userdata)
{
	ledger_policy_changed(userdata);
}

int ledger_start(struct server *server)
{
	static const struct lease_hooks lease_hooks = { on_revoke, on_ended };
	static const struct watch_hooks watch_hooks = {
		.adopt = on_adopt, .adopted = on_adopted, .own = on_own, .settled = on_settled,
	};
	int r;

	r = leases_new(&lease_hooks, server, &server->leases);
	if (r < 0)
		return r;
	return watch_new(server->event, server->leases, &watch_hooks, server, &server->watch);
}

void ledger_stop(struct server *server)
{
	server->watch = watch_free(server->watch);
	server->leases = leases_free(server->leases);
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

unsigned int ledger_policy_changed(struct server *server)
{
	return leases_reconsider(server->leases, server->policy);
}
