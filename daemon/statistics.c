// SPDX-License-Identifier: GPL-2.0-or-later
/* See statistics.h. Names of fields are those of io.teegate.Broker.varlink. */
#include <errno.h>
#include <string.h>

#include <linux/teegate.h>

#include "json.h"
#include "statistics.h"
#include "util.h"

/* Puts a number of the kernel's, if it said any. */
static int put_number(sd_json_variant **object, const char *name, const struct record *record,
		      enum teegate_attr attr)
{
	if (!record || !record_has(record, attr))
		return 0;
	return sd_json_variant_set_field_unsigned(object, name, record->number[attr]);
}

struct column {
	const char *name;
	enum teegate_attr attr;
};

static int put_numbers(sd_json_variant **object, const struct record *record, const struct column *columns,
		       size_t n)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++)
		r = put_number(object, columns[i].name, record, columns[i].attr);
	return r;
}

static int put_operations(sd_json_variant **object, uint64_t set)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *operations = operations_json(set);

	return operations ? sd_json_variant_set_field(object, "operations", operations) : -ENOMEM;
}

static int put_pins(sd_json_variant **object, uint32_t flags)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *pins = NULL;
	const struct {
		bool pinned;
		const char *name;
	} list[] = {
		{ !(flags & TEEGATE_LEASE_UNPINNED), "cgroup" },
		{ flags & TEEGATE_LEASE_PIN_UID, "uid" },
		{ flags & TEEGATE_LEASE_PIN_LABEL, "label" },
		{ flags & TEEGATE_LEASE_PIN_EXE, "executable" },
	};
	int r = sd_json_variant_new_array(&pins, NULL, 0);

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(list); i++)
		if (list[i].pinned)
			r = sd_json_variant_append_arrayb(&pins, SD_JSON_BUILD_STRING(list[i].name));
	return r < 0 ? r : sd_json_variant_set_field(object, "pins", pins);
}

static int put_names(sd_json_variant **object, const struct lease *lease)
{
	const struct registration *registration = lease->facts.registration;
	const struct {
		const char *name, *text;
	} texts[] = {
		{ "workload", lease->grant.name }, { "rule", lease->rule }, { "unit", lease->facts.unit },
		{ "cgroup", lease->facts.cgroup }, { "label", lease->facts.label },
		{ "container", registration ? registration->id : NULL },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(texts); i++)
		r = json_put_text(object, texts[i].name, texts[i].text);
	return r < 0 ? r : sd_json_variant_set_field_unsigned(object, "uid", lease->facts.uid);
}

static const char *lease_state(const struct record *record, const struct lease *lease)
{
	bool gone = record && record->number[TEEGATE_A_ERRNO] != 0;

	return gone || (lease && lease->cause) ? "ended" : "live";
}

static int fill_lease(sd_json_variant **object, uint64_t id, const struct record *record,
		      const struct lease *lease)
{
	static const struct column columns[] = {
		{ "parent", TEEGATE_A_PARENT_ID }, { "workloadNumber", TEEGATE_A_WORKLOAD },
		{ "cgroupId", TEEGATE_A_CGROUP_ID }, { "abi", TEEGATE_A_ABI },
		{ "expiresMs", TEEGATE_A_EXPIRES_MS }, { "maxPending", TEEGATE_A_MAX_PENDING },
		{ "pending", TEEGATE_A_PENDING }, { "ratePerMinute", TEEGATE_A_RATE_PER_MINUTE },
	};
	int r;

	r = sd_json_variant_set_field_unsigned(object, "leaseId", id);
	if (r >= 0)
		r = sd_json_variant_set_field_string(object, "state", lease_state(record, lease));
	if (r >= 0)
		r = put_operations(object, record ? record->number[TEEGATE_A_OPS] : lease->grant.operations);
	if (r >= 0 && record)
		r = put_pins(object, (uint32_t)record->number[TEEGATE_A_FLAGS]);
	if (r >= 0)
		r = put_numbers(object, record, columns, ARRAY_SIZE(columns));
	return r >= 0 && lease ? put_names(object, lease) : r;
}

sd_json_variant *lease_json(uint64_t id, const struct record *record, const struct lease *lease)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *object = NULL;

	return fill_lease(&object, id, record, lease) < 0 ? NULL : take_pointer(&object);
}

struct listing {
	struct server *server;
	sd_json_variant *array;
	int error;
};

static void append(struct listing *listing, sd_json_variant *object, int error)
{
	if (error >= 0)
		error = sd_json_variant_append_array(&listing->array, object);
	if (error < 0 && listing->error >= 0)
		listing->error = error;
}

static void on_workload(const struct record *record, void *userdata)
{
	static const struct column columns[] = {
		{ "workloadNumber", TEEGATE_A_WORKLOAD }, { "leaseId", TEEGATE_A_LEASE_ID },
		{ "leases", TEEGATE_A_LEASES }, { "maxPending", TEEGATE_A_MAX_PENDING },
		{ "ratePerMinute", TEEGATE_A_RATE_PER_MINUTE }, { "rateBurst", TEEGATE_A_RATE_BURST },
		{ "requests", TEEGATE_A_REQUESTS }, { "answered", TEEGATE_A_ANSWERED },
		{ "refused", TEEGATE_A_REFUSED }, { "pending", TEEGATE_A_PENDING },
		{ "waitNSec", TEEGATE_A_WAIT_NS }, { "waitMaxNSec", TEEGATE_A_WAIT_MAX_NS },
	};
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	uint64_t number = record->number[TEEGATE_A_WORKLOAD];
	struct listing *listing = userdata;
	const struct lease *lease = NULL;
	int r;

	if (number)
		lease = leases_of_workload(listing->server->leases, number);
	r = put_numbers(&object, record, columns, ARRAY_SIZE(columns));
	if (r >= 0 && lease)
		r = put_names(&object, lease);
	append(listing, object, r);
}

static void on_backend(const struct record *record, void *userdata)
{
	static const struct column columns[] = {
		{ "queued", TEEGATE_A_QUEUED }, { "queueMax", TEEGATE_A_QUEUE_MAX },
		{ "reports", TEEGATE_A_REPORTS }, { "errors", TEEGATE_A_ERRORS },
		{ "inFlight", TEEGATE_A_IN_FLIGHT }, { "inFlightMax", TEEGATE_A_IN_FLIGHT_MAX },
		{ "quarantined", TEEGATE_A_QUARANTINED },
	};
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	struct listing *listing = userdata;
	char reason[TEEGATE_REASON_SIZE] = "";
	int r;

	if (record->bytes[TEEGATE_A_REASON].len > 0)
		snprintf(reason, sizeof(reason), "%.*s", (int)record->bytes[TEEGATE_A_REASON].len,
			 (const char *)record->bytes[TEEGATE_A_REASON].data);
	r = json_put_text(&object, "provider", provider_name((uint32_t)record->number[TEEGATE_A_PROVIDER]));
	if (r >= 0)
		r = json_put_text(&object, "transport", transport_name((uint32_t)record->number[TEEGATE_A_TRANSPORT]));
	if (r >= 0)
		r = json_put_text(&object, "state", state_name((uint32_t)record->number[TEEGATE_A_STATE]));
	if (r >= 0)
		r = json_put_text(&object, "reason", reason);
	if (r >= 0)
		r = put_numbers(&object, record, columns, ARRAY_SIZE(columns));
	append(listing, object, r);
}

static int list(struct server *server, enum teegate_cmd cmd,
		void (*entry)(const struct record *record, void *userdata), sd_json_variant **ret)
{
	struct netlink *netlink = watch_netlink(server->watch);
	struct listing listing = { .server = server };
	int r = -EAGAIN;

	for (int tries = 0; tries < NETLINK_DUMP_TRIES && r == -EAGAIN; tries++) {
		listing.array = sd_json_variant_unref(listing.array);
		r = sd_json_variant_new_array(&listing.array, NULL, 0);
		if (r >= 0 && netlink_is_up(netlink))
			r = netlink_dump(netlink, cmd, entry, &listing);
	}
	if (r >= 0)
		r = listing.error;
	if (r < 0)
		sd_json_variant_unref(listing.array);
	else
		*ret = listing.array;
	return r;
}

static int list_accounts(struct server *server, sd_json_variant **ret)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *array = NULL;
	int r = sd_json_variant_new_array(&array, NULL, 0);

	for (const struct account *a = server->accounts.list;
	     r >= 0 && a < server->accounts.list + ACCOUNTS_MAX; a++)
		if (a->connections > 0 || a->requests > 0)
			r = sd_json_variant_append_arraybo(&array,
				SD_JSON_BUILD_PAIR_STRING("name", a->name),
				SD_JSON_BUILD_PAIR_UNSIGNED("connections", a->connections),
				SD_JSON_BUILD_PAIR_UNSIGNED("requests", a->requests));
	if (r >= 0)
		*ret = take_pointer(&array);
	return r;
}

int statistics_json(struct server *server, sd_json_variant **ret)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *workloads = NULL, *backends = NULL, *accounts = NULL;
	int r;

	r = list(server, TEEGATE_CMD_GET_WORKLOADS, on_workload, &workloads);
	if (r >= 0)
		r = list(server, TEEGATE_CMD_GET_BACKENDS, on_backend, &backends);
	if (r >= 0)
		r = list_accounts(server, &accounts);
	if (r < 0)
		return r;
	return sd_json_buildo(ret,
		SD_JSON_BUILD_PAIR_BOOLEAN("kernelEvents", netlink_is_up(watch_netlink(server->watch))),
		SD_JSON_BUILD_PAIR_UNSIGNED("leases", leases_total(server->leases)),
		SD_JSON_BUILD_PAIR_UNSIGNED("connections", server->n_conns),
		SD_JSON_BUILD_PAIR_VARIANT("workloads", workloads),
		SD_JSON_BUILD_PAIR_VARIANT("backends", backends),
		SD_JSON_BUILD_PAIR_VARIANT("accounts", accounts));
}
