// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ListLeases, Revoke, Subscribe, Statistics and Reload. Each asks first whether the caller is an
 * administrator, each time, and every answer to that is in the audit trail.
 *
 * What there is, is the kernel's to say; the names come from the table of leases. Without a kernel
 * that tells, the table is all there is.
 */
#include <errno.h>
#include <string.h>

#include "admin.h"
#include "administrator.h"
#include "audit.h"
#include "events.h"
#include "idl.h"
#include "json.h"
#include "members.h"
#include "server.h"
#include "statistics.h"
#include "subscribers.h"
#include "util.h"

#define PAGE_LEASES	512	/* in one answer of ListLeases */

static void audit(struct conn *conn, const char *method, const char *verdict, const char *detail)
{
	const struct decision decision = {
		.method = method, .verdict = verdict, .peer = conn->peer, .detail = detail,
	};

	if (!strcmp(verdict, "granted"))
		audit_tell(&decision);
	else
		journal_decision(conn->account, &decision);
}

/* 1: go on. Anything else: answered, return it. */
static int admit(struct conn *conn, const char *method, sd_varlink_method_flags_t flags)
{
	char why[256];

	if (flags & SD_VARLINK_METHOD_ONEWAY)	/* nobody to answer */
		return 0;
	if (peer_is_administrator(conn->peer, why, sizeof(why)))
		return 1;
	audit(conn, method, "NotAdministrator", why);
	return sd_varlink_errorbo(conn->link, BROKER_INTERFACE ".NotAdministrator",
				  SD_JSON_BUILD_PAIR_STRING("reason", why));
}

/* False: it is there, and no number from 0 up. */
static bool read_number(sd_json_variant *value, uint64_t *ret)
{
	if (!value)
		return true;
	if (!sd_json_variant_is_unsigned(value))
		return false;
	*ret = sd_json_variant_unsigned(value);
	return true;
}

/* ---- ListLeases ---- */

struct wanted {
	uint64_t id, after;
	const char *workload, *container;
};

struct page {
	const struct leases *leases;
	struct wanted wanted;
	sd_json_variant *list;
	unsigned int n;
	uint64_t last, next;	/* @next: the page is full, and the list goes on after this id */
	int error;
};

static bool is_wanted(const struct page *page, uint64_t id, const struct lease *lease)
{
	const struct wanted *wanted = &page->wanted;
	const struct registration *registration = lease ? lease->facts.registration : NULL;
	const char *container = registration ? registration->id : NULL;

	if (id <= wanted->after || (wanted->id && wanted->id != id))
		return false;
	if (wanted->workload && (!lease || strcmp(lease->grant.name, wanted->workload)))
		return false;
	return !wanted->container || (container && !strcmp(container, wanted->container));
}

static void add_to_page(struct page *page, uint64_t id, const struct record *record,
			const struct lease *lease)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *entry = NULL;

	if (page->error < 0 || page->next || !is_wanted(page, id, lease))
		return;
	if (page->n == PAGE_LEASES) {
		page->next = page->last;
		return;
	}
	entry = lease_json(id, record, lease);
	page->error = entry ? sd_json_variant_append_array(&page->list, entry) : -ENOMEM;
	page->last = id;
	page->n++;
}

/* Of one that was narrowed, the table has only the parent; all of a workload have one name. */
static void on_listed(const struct record *record, void *userdata)
{
	uint64_t id = record->number[TEEGATE_A_LEASE_ID];
	struct page *page = userdata;
	const struct lease *lease = leases_find(page->leases, id);

	if (!lease && record_has(record, TEEGATE_A_PARENT_ID) && record->number[TEEGATE_A_WORKLOAD])
		lease = leases_of_workload(page->leases, record->number[TEEGATE_A_WORKLOAD]);
	add_to_page(page, id, record, lease);
}

static int fill_page(struct server *server, struct page *page)
{
	struct netlink *netlink = watch_netlink(server->watch);
	const struct lease *lease;
	int r = -EAGAIN;

	if (!netlink_is_up(netlink)) {
		for (uint64_t id = 0; (lease = leases_next(page->leases, id)); id = lease->id)
			add_to_page(page, lease->id, NULL, lease);
		return page->error;
	}
	for (int tries = 0; tries < NETLINK_DUMP_TRIES && r == -EAGAIN; tries++) {
		page->list = sd_json_variant_unref(page->list);
		page->n = 0;
		page->last = page->next = 0;
		r = netlink_dump(netlink, TEEGATE_CMD_GET_LEASES, on_listed, page);
	}
	return r < 0 ? r : page->error;
}

static int on_list_leases(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
			  void *userdata)
{
	struct conn *conn = userdata;
	struct page page = { .leases = conn->server->leases };
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *list = NULL;
	int r;

	r = admit(conn, "ListLeases", flags);
	if (r <= 0)
		return r;
	if (!read_number(parameter_of(parameters, "leaseId"), &page.wanted.id))
		return sd_varlink_error_invalid_parameter_name(link, "leaseId");
	if (!read_number(parameter_of(parameters, "after"), &page.wanted.after))
		return sd_varlink_error_invalid_parameter_name(link, "after");
	page.wanted.workload = member_text(parameters, "workload");
	page.wanted.container = member_text(parameters, "container");
	r = fill_page(conn->server, &page);
	list = page.list;
	if (r >= 0 && !list)
		r = sd_json_variant_new_array(&list, NULL, 0);
	if (r < 0)
		return r;
	return sd_varlink_replybo(link, SD_JSON_BUILD_PAIR_VARIANT("leases", list),
				  SD_JSON_BUILD_PAIR_CONDITION(page.next != 0, "next",
							       SD_JSON_BUILD_UNSIGNED(page.next)));
}

/* ---- Revoke ---- */

/* Also what is not in the table: an administrator's own, or one that was narrowed. */
static int revoke_one(struct server *server, uint64_t id)
{
	int r = leases_revoke(server->leases, id, CAUSE_ADMINISTRATOR);

	return r == -ENOENT ? device_revoke(server->device, id) : r;
}

/* Those in the table are tried again until it works; whoever asked shall not take it for done. */
static int say_failed(struct conn *conn, int error)
{
	const char *name = strerrorname_np(-error) ?: "EIO";

	audit(conn, "Revoke", "Failed", name);
	return sd_varlink_errorbo(conn->link, BROKER_INTERFACE ".Failed",
				  SD_JSON_BUILD_PAIR_STRING("errno", name),
				  SD_JSON_BUILD_PAIR_STRING("reason",
							    "not all are revoked yet; teegated goes on trying"));
}

static int on_revoke(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		     void *userdata)
{
	sd_json_variant *id_value = parameter_of(parameters, "leaseId");
	const char *workload = member_text(parameters, "workload");
	const char *container = member_text(parameters, "container");
	struct conn *conn = userdata;
	char detail[320] = "";
	uint64_t id = 0;
	int r;

	r = admit(conn, "Revoke", flags);
	if (r <= 0)
		return r;
	if (!read_number(id_value, &id) || (id_value != NULL) + (workload != NULL) + (container != NULL) != 1)
		return sd_varlink_error_invalid_parameter_name(link, "leaseId");
	if (id_value)
		text_add(detail, sizeof(detail), "lease %llu", (unsigned long long)id);
	else
		text_add(detail, sizeof(detail), "%s %s", workload ? "workload" : "container",
			 workload ?: container);
	/* First the word, then the deed: whoever reads the trail finds the reason before the end. */
	audit(conn, "Revoke", "granted", detail);
	if (id_value)
		r = revoke_one(conn->server, id) ?: 1;
	else if (workload)
		r = leases_revoke_name(conn->server->leases, workload, CAUSE_ADMINISTRATOR);
	else
		r = leases_revoke_container(conn->server->leases, container, CAUSE_ADMINISTRATOR);
	if (r == 0 || lease_is_gone(r))
		return sd_varlink_error(link, BROKER_INTERFACE ".NoSuchLease", NULL);
	if (r < 0)
		return say_failed(conn, r);
	return sd_varlink_replybo(link, SD_JSON_BUILD_PAIR_INTEGER("revoked", r));
}

/* ---- Subscribe ---- */

static int on_subscribe(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
			void *userdata)
{
	struct conn *conn = userdata;
	int r;

	(void)parameters;
	r = admit(conn, "Subscribe", flags);
	if (r <= 0)
		return r;
	if (!(flags & SD_VARLINK_METHOD_MORE))
		return sd_varlink_error(link, SD_VARLINK_ERROR_EXPECTED_MORE, NULL);
	r = subscriber_new(conn, &conn->subscriber);
	if (r == -EBUSY) {
		audit(conn, "Subscribe", "Busy", "too many subscribers");
		return sd_varlink_errorbo(link, BROKER_INTERFACE ".Busy",
					  SD_JSON_BUILD_PAIR_INTEGER("retryAfterMs", 1000));
	}
	if (r < 0)
		return r;
	/* The first thing that it hears is this, and so it knows from when on it misses nothing. */
	audit(conn, "Subscribe", "granted", NULL);
	return 0;
}

/* ---- Statistics ---- */

static int on_statistics(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
			 void *userdata)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *statistics = NULL;
	struct conn *conn = userdata;
	int r;

	(void)parameters;
	r = admit(conn, "Statistics", flags);
	if (r <= 0)
		return r;
	r = statistics_json(conn->server, &statistics);
	return r < 0 ? r : sd_varlink_reply(link, statistics);
}

/* ---- Reload ---- */

static int on_reload(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		     void *userdata)
{
	struct conn *conn = userdata;
	struct server *server = conn->server;
	char complaints[4096] = "";
	int r;

	(void)parameters;
	r = admit(conn, "Reload", flags);
	if (r <= 0)
		return r;
	if (!server->reload)
		return sd_varlink_error(link, SD_VARLINK_ERROR_METHOD_NOT_IMPLEMENTED, NULL);
	audit(conn, "Reload", "granted", NULL);
	r = server->reload(server->reload_userdata, complaints, sizeof(complaints));
	if (r < 0)
		return sd_varlink_errorbo(link, BROKER_INTERFACE ".ReloadFailed",
					  SD_JSON_BUILD_PAIR_STRING("reason", text_sanitize_lines(complaints)));
	return sd_varlink_replybo(link, SD_JSON_BUILD_PAIR_UNSIGNED("workloads", server->policy->n_rules));
}

int admin_bind(sd_varlink_server *varlink)
{
	return sd_varlink_server_bind_method_many(varlink,
						  BROKER_INTERFACE ".ListLeases", on_list_leases,
						  BROKER_INTERFACE ".Revoke", on_revoke,
						  BROKER_INTERFACE ".Subscribe", on_subscribe,
						  BROKER_INTERFACE ".Statistics", on_statistics,
						  BROKER_INTERFACE ".Reload", on_reload);
}
