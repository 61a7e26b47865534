// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel's events mean: daemon/watch.c. The test plays the kernel, the policy's note and
 * whoever is told.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#include <linux/teegate.h>

#include "events.h"
#include "journal.h"
#include "subscribers.h"
#include "util.h"
#include "watch.h"

#define OWN	900	/* ids from here on are of leases that teegated made for itself */

static const struct netlink_handlers *kernel;
static void *kernel_userdata;
static struct record listed[4];
static unsigned int n_listed, settled;
static int dump_result;
static char told[1024];

int __wrap_netlink_new(sd_event *event, const struct netlink_handlers *handlers, void *userdata,
		       struct netlink **ret);
struct netlink *__wrap_netlink_free(struct netlink *netlink);
int __wrap_netlink_dump(struct netlink *netlink, enum teegate_cmd cmd,
			void (*entry)(const struct record *record, void *userdata), void *userdata);
void __wrap_events_emit(const struct event *event);
void __real_events_emit(const struct event *event);
void __wrap_journal_event(int priority, const char *message_id, const char *text, sd_json_variant *fields);
void __wrap_subscribers_tell(sd_json_variant *event);

/* What came out of the last event. */
static struct {
	int priority;
	char message_id[33], text[256];
	sd_json_variant *record, *item;		/* the fields in the journal; what subscribers get */
} seen;

int __wrap_netlink_new(sd_event *event, const struct netlink_handlers *handlers, void *userdata,
		       struct netlink **ret)
{
	assert_non_null(event);
	kernel = handlers;
	kernel_userdata = userdata;
	*ret = NULL;
	return 0;
}

struct netlink *__wrap_netlink_free(struct netlink *netlink)
{
	assert_null(netlink);
	return NULL;
}

int __wrap_netlink_dump(struct netlink *netlink, enum teegate_cmd cmd,
			void (*entry)(const struct record *record, void *userdata), void *userdata)
{
	assert_null(netlink);
	assert_int_equal(cmd, TEEGATE_CMD_GET_LEASES);
	for (unsigned int i = 0; i < n_listed; i++)
		entry(&listed[i], userdata);
	return dump_result;
}

/* "lease-used 5 payments policy, " */
void __wrap_events_emit(const struct event *event)
{
	text_add(told, sizeof(told), "%s %llu %s%s%s, ", event_name(event->kind), (unsigned long long)event->lease,
		 event->workload ?: "-", event->cause ? " " : "", event->cause ?: "");
	__real_events_emit(event);
}

static void keep(sd_json_variant **to, sd_json_variant *object)
{
	sd_json_variant_unref(*to);
	*to = sd_json_variant_ref(object);
}

void __wrap_journal_event(int priority, const char *message_id, const char *text, sd_json_variant *fields)
{
	seen.priority = priority;
	(void)snprintf(seen.message_id, sizeof(seen.message_id), "%s", message_id);
	(void)snprintf(seen.text, sizeof(seen.text), "%s", text);
	keep(&seen.record, fields);
}

void __wrap_subscribers_tell(sd_json_variant *event)
{
	keep(&seen.item, event);
}

static int on_revoke(uint64_t id, void *userdata)
{
	(void)id;
	(void)userdata;
	return 0;
}

static void on_ended(const struct lease *lease, void *userdata)
{
	(void)userdata;
	watch_ended(lease);
}

static struct lease payments(uint64_t id)
{
	return (struct lease){
		.id = id, .workload = 50, .rule = "payments.conf",
		.facts = { .unit = "payments.service", .cgroup = "/p", .uid = 1000 },
		.grant = { .name = "payments", .operations = TEEGATE_OP_REPORT },
	};
}

static bool on_adopt(const struct bytes *note, struct lease *lease, void *userdata)
{
	struct lease known = payments(lease->id);

	(void)userdata;
	if (note->len != 4 || memcmp(note->data, "ours", 4))
		return false;
	*lease = known;
	return true;
}

static bool on_own(uint64_t id, void *userdata)
{
	(void)userdata;
	return id >= OWN;
}

static void on_settled(void *userdata)
{
	(void)userdata;
	settled++;
}

struct world {
	sd_event *loop;
	struct leases *leases;
	struct watch *watch;
};

static int begin(void **state)
{
	static const struct lease_hooks lease_hooks = { on_revoke, on_ended };
	static const struct watch_hooks watch_hooks = {
		.adopt = on_adopt, .own = on_own, .settled = on_settled,
	};
	struct world *world = calloc(1, sizeof(*world));

	n_listed = settled = 0;
	dump_result = 0;
	*told = '\0';
	*state = world;
	if (sd_event_new(&world->loop) < 0 || leases_new(&lease_hooks, NULL, &world->leases) < 0 ||
	    watch_new(world->loop, world->leases, &watch_hooks, NULL, &world->watch) < 0)
		return -1;
	kernel->up(kernel_userdata);
	*told = '\0';
	return 0;
}

static int end(void **state)
{
	struct world *world = *state;

	watch_free(world->watch);
	leases_free(world->leases);
	sd_event_unref(world->loop);
	seen.record = sd_json_variant_unref(seen.record);
	seen.item = sd_json_variant_unref(seen.item);
	free(world);
	return 0;
}

static void assert_told(const char *text)
{
	assert_string_equal(told, text);
	*told = '\0';
}

static void set(struct record *record, enum teegate_attr attr, uint64_t number)
{
	record->has |= UINT64_C(1) << attr;
	record->number[attr] = number;
}

/* An event of the kernel; zeroes are left out of the message. */
static void happens(enum teegate_event what, uint64_t lease, uint64_t workload, int error, uint64_t parent)
{
	struct record record = { 0 };

	set(&record, TEEGATE_A_EVENT, what);
	set(&record, TEEGATE_A_LEASE_ID, lease);
	if (workload)
		set(&record, TEEGATE_A_WORKLOAD, workload);
	if (error)
		set(&record, TEEGATE_A_ERRNO, (uint64_t)error);
	if (parent)
		set(&record, TEEGATE_A_PARENT_ID, parent);
	kernel->event(&record, kernel_userdata);
}

static void grant(struct world *world, uint64_t id)
{
	struct lease lease = payments(id);

	assert_int_equal(leases_add(world->leases, &lease), 0);
	watch_granted(world->watch, &lease);
}

static void list_lease(uint64_t id, const char *note, int error)
{
	struct record *record = &listed[n_listed++];

	*record = (struct record){ 0 };
	set(record, TEEGATE_A_LEASE_ID, id);
	set(record, TEEGATE_A_WORKLOAD, 50);
	if (error)
		set(record, TEEGATE_A_ERRNO, (uint64_t)error);
	record->bytes[TEEGATE_A_NOTE] = (struct bytes){ (const uint8_t *)note, strlen(note) };
}

static void a_new_lease_is_told_once_and_with_its_names(void **state)
{
	struct world *world = *state;

	happens(TEEGATE_EVENT_LEASE_CREATED, 5, 50, 0, 0);	/* before we know whose it is */
	assert_told("");
	grant(world, 5);
	assert_told("lease-created 5 payments, ");
	grant(world, 6);
	happens(TEEGATE_EVENT_LEASE_CREATED, 6, 50, 0, 0);	/* after it */
	assert_told("lease-created 6 payments, ");
}

static void what_nobody_claims_is_told_without_names_and_in_order(void **state)
{
	struct world *world = *state;

	happens(TEEGATE_EVENT_LEASE_CREATED, 7, 0, 0, 0);
	happens(TEEGATE_EVENT_LEASE_USED, 7, 0, 0, 0);
	assert_told("lease-created 7 -, lease-used 7 -, ");
	happens(TEEGATE_EVENT_LEASE_CREATED, 8, 0, 0, 0);
	assert_told("");
	for (int i = 0; i < 30 && !*told; i++)
		sd_event_run(world->loop, 100 * 1000);
	assert_told("lease-created 8 -, ");
}

static void leases_for_requests_of_our_own_are_not_spoken_of(void **state)
{
	(void)state;
	happens(TEEGATE_EVENT_LEASE_CREATED, OWN, 50, 0, 0);
	happens(TEEGATE_EVENT_LEASE_USED, OWN, 50, 0, 0);
	happens(TEEGATE_EVENT_LEASE_CLOSED, OWN, 50, 0, 0);
	assert_told("");
}

static void the_end_of_a_lease_has_its_cause_and_leaves_the_table(void **state)
{
	struct world *world = *state;

	for (uint64_t id = 1; id <= 5; id++)
		grant(world, id);
	*told = '\0';
	leases_revoke(world->leases, 1, CAUSE_POLICY);
	assert_told("");	/* the kernel will say so */
	happens(TEEGATE_EVENT_LEASE_REVOKED, 1, 50, 0, 0);
	happens(TEEGATE_EVENT_LEASE_REVOKED, 2, 50, 0, 0);
	happens(TEEGATE_EVENT_LEASE_REVOKED, 3, 50, ENOENT, 0);
	happens(TEEGATE_EVENT_LEASE_REVOKED, 4, 50, ETIME, 0);
	happens(TEEGATE_EVENT_LEASE_CLOSED, 5, 50, 0, 0);
	assert_told("lease-revoked 1 payments policy, lease-revoked 2 payments holder, "
		    "lease-revoked 3 payments cgroup-removed, lease-expired 4 payments, lease-closed 5 payments, ");
	assert_int_equal(leases_total(world->leases), 0);
}

static void a_narrowed_lease_goes_by_the_name_of_its_parent(void **state)
{
	struct world *world = *state;

	grant(world, 5);
	*told = '\0';
	happens(TEEGATE_EVENT_LEASE_CREATED, 6, 0, 0, 5);
	happens(TEEGATE_EVENT_DENIED, 6, 50, EPERM, 0);
	assert_told("lease-created 6 payments, denied 6 payments, ");
	assert_null(leases_find(world->leases, 6));
}

static void after_a_start_leases_are_known_by_their_notes(void **state)
{
	struct world *world = *state;

	list_lease(3, "ours", 0);
	list_lease(4, "somebody's", 0);
	list_lease(5, "ours", ESTALE);		/* over, but still held */
	kernel->lost(kernel_userdata);
	assert_told("events-lost 0 -, lease-adopted 3 payments, ");
	assert_int_equal(leases_total(world->leases), 1);
	assert_string_equal(leases_find(world->leases, 3)->rule, "payments.conf");
	assert_int_equal(settled, 2);
}

static void what_ended_unheard_is_told_from_the_list(void **state)
{
	struct world *world = *state;

	for (uint64_t id = 3; id <= 5; id++)
		grant(world, id);
	*told = '\0';
	leases_revoke(world->leases, 4, CAUSE_ADMINISTRATOR);
	list_lease(3, "ours", 0);
	kernel->lost(kernel_userdata);
	assert_told("events-lost 0 -, lease-revoked 4 payments administrator, lease-closed 5 payments, ");
	assert_int_equal(leases_total(world->leases), 1);
}

/* Half a list is no list: nothing may be taken for gone by it. */
static void a_list_that_failed_ends_nothing(void **state)
{
	struct world *world = *state;

	grant(world, 3);
	*told = '\0';
	dump_result = -EIO;
	kernel->lost(kernel_userdata);
	assert_told("events-lost 0 -, ");
	assert_int_equal(leases_total(world->leases), 1);
	assert_int_equal(settled, 1);
}

static void with_the_module_go_its_leases(void **state)
{
	struct world *world = *state;

	grant(world, 3);
	*told = '\0';
	kernel->down(kernel_userdata);
	assert_told("lease-closed 3 payments, module-down 0 -, ");
	/* Nobody would tell what becomes of the next one. */
	grant(world, 4);
	leases_revoke(world->leases, 4, CAUSE_CONTAINER);
	assert_told("lease-created 4 payments, lease-revoked 4 payments container-stopped, ");
}

static void assert_text(sd_json_variant *object, const char *name, const char *text)
{
	sd_json_variant *value = sd_json_variant_by_key(object, name);

	assert_non_null(value);
	assert_string_equal(sd_json_variant_string(value), text);
}

/* A number of the event's; 0: it has none */
static void assert_number(sd_json_variant *object, const char *name, uint64_t number)
{
	sd_json_variant *value = sd_json_variant_by_key(object, name);

	assert_true((value ? sd_json_variant_unsigned(value) : 0) == number);
}

/* As the module says it of a TEE: put_about_backend() in kmod/genl.c. */
static void happens_to(enum teegate_event what, uint32_t provider, uint32_t state, const char *reason,
		       uint32_t quarantined)
{
	struct record record = { 0 };

	set(&record, TEEGATE_A_EVENT, what);
	set(&record, TEEGATE_A_COUNT, 3);
	set(&record, TEEGATE_A_TIME_NS, 99);
	set(&record, TEEGATE_A_PROVIDER, provider);
	set(&record, TEEGATE_A_STATE, state);
	if (quarantined)
		set(&record, TEEGATE_A_QUARANTINED, quarantined);
	if (*reason) {
		record.has |= UINT64_C(1) << TEEGATE_A_REASON;
		record.bytes[TEEGATE_A_REASON] = (struct bytes){ (const uint8_t *)reason, strlen(reason) };
	}
	kernel->event(&record, kernel_userdata);
}

/* The ids are those of doc/events.md: who looks for one of them in a journal finds it for ever. */
static void what_happens_to_the_tee_is_a_record_and_an_item(void **state)
{
	static const struct {
		enum teegate_event what;
		uint32_t provider, state;
		const char *reason;
		uint32_t quarantined;
		const char *name, *message_id, *text;
		int priority;
	} cases[] = {
		{ TEEGATE_EVENT_BACKEND, TEEGATE_PROVIDER_TDX, TEEGATE_STATE_UP, "", 0,
		  "backend", "376b880338994dac9e93093a169d0c05", "backend tdx is up (3 times)", LOG_NOTICE },
		{ TEEGATE_EVENT_THROTTLED, TEEGATE_PROVIDER_SEV_SNP, TEEGATE_STATE_UP, "", 0,
		  "throttled", "ed1b20274d5c4b5abd89f6482ee42a5e", "throttled sev-snp is up (3 times)", LOG_WARNING },
		{ TEEGATE_EVENT_KEY_WIPED, TEEGATE_PROVIDER_SEV_SNP, TEEGATE_STATE_LOST, "the key is wiped", 0,
		  "key-wiped", "e85eb8ed383b4eb690735be3a902dcac",
		  "key-wiped sev-snp is lost: the key is wiped (3 times)", LOG_CRIT },
		{ TEEGATE_EVENT_QUARANTINED, TEEGATE_PROVIDER_TDX, TEEGATE_STATE_UP, "the host is slow", 2,
		  "quarantined", "ce9685309ff3404c9d987e0a1abe432c",
		  "quarantined tdx is up: the host is slow (3 times)", LOG_WARNING },
		{ TEEGATE_EVENT_RECOVERED, TEEGATE_PROVIDER_TDX, TEEGATE_STATE_UP, "", 1,
		  "recovered", "14382f4bec624d1a99cd1e94b9866404", "recovered tdx is up (3 times)", LOG_NOTICE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&seen.message_id, 0, sizeof(seen.message_id));
		happens_to(cases[i].what, cases[i].provider, cases[i].state, cases[i].reason,
			   cases[i].quarantined);
		assert_string_equal(seen.message_id, cases[i].message_id);
		assert_int_equal(seen.priority, cases[i].priority);
		assert_string_equal(seen.text, cases[i].text);
		assert_ptr_equal(seen.record, seen.item);	/* so both say the same */
		assert_text(seen.item, "event", cases[i].name);
		assert_text(seen.item, "provider", cases[i].provider == TEEGATE_PROVIDER_TDX ? "tdx" : "sev-snp");
		assert_text(seen.item, "state", cases[i].state == TEEGATE_STATE_UP ? "up" : "lost");
		assert_true(!*cases[i].reason == !sd_json_variant_by_key(seen.item, "reason"));
		if (*cases[i].reason)
			assert_text(seen.item, "reason", cases[i].reason);
		assert_number(seen.item, "quarantined", cases[i].quarantined);
		assert_number(seen.item, "count", 3);
		assert_number(seen.item, "bootNSec", 99);
		assert_null(sd_json_variant_by_key(seen.item, "workload"));
	}
}

static void what_the_kernel_says_and_nobody_here_knows_is_passed_over(void **state)
{
	(void)state;
	happens(TEEGATE_EVENT_RECOVERED + 1000, 0, 0, 0, 0);
	happens(0, 0, 0, 0, 0);
	assert_told("");
	happens(TEEGATE_EVENT_RECOVERED, 0, 0, 0, 0);
	assert_told("recovered 0 -, ");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_new_lease_is_told_once_and_with_its_names),
		CASE(what_nobody_claims_is_told_without_names_and_in_order),
		CASE(leases_for_requests_of_our_own_are_not_spoken_of),
		CASE(the_end_of_a_lease_has_its_cause_and_leaves_the_table),
		CASE(a_narrowed_lease_goes_by_the_name_of_its_parent),
		CASE(after_a_start_leases_are_known_by_their_notes),
		CASE(what_ended_unheard_is_told_from_the_list),
		CASE(a_list_that_failed_ends_nothing),
		CASE(with_the_module_go_its_leases),
		CASE(what_happens_to_the_tee_is_a_record_and_an_item),
		CASE(what_the_kernel_says_and_nobody_here_knows_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
