// SPDX-License-Identifier: GPL-2.0-or-later
/* Which leases there are, and what ends them: daemon/leases.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "leases.h"

/* What the hooks were told, as text: "revoke 3 ended 3 policy". */
static char told[512];
static int revoke_result;

static int on_revoke(uint64_t id, void *userdata)
{
	snprintf(told + strlen(told), sizeof(told) - strlen(told), "revoke %llu ", (unsigned long long)id);
	assert_ptr_equal(userdata, told);
	return revoke_result;
}

static void on_ended(const struct lease *lease, void *userdata)
{
	snprintf(told + strlen(told), sizeof(told) - strlen(told), "ended %llu %s ",
		 (unsigned long long)lease->id, lease_cause_name(lease->cause));
	assert_ptr_equal(userdata, told);
}

static const struct lease_hooks hooks = { on_revoke, on_ended };

static struct registration container = { .id = (char *)"c0ffee" };

static struct lease payments(uint64_t id)
{
	return (struct lease){
		.id = id, .workload = 50, .rule = "payments.conf",
		.facts = { .unit = "payments.service", .cgroup = "/payments.service", .uid = 1000 },
		.grant = { .name = "payments", .operations = TEEGATE_OP_REPORT },
	};
}

static struct lease billing(uint64_t id)
{
	return (struct lease){
		.id = id, .workload = 70, .rule = "billing.conf",
		.facts = { .unit = "", .cgroup = "/pod", .label = "confined", .registration = &container },
		.grant = { .name = "billing", .operations = TEEGATE_OP_REPORT },
	};
}

static void add(struct leases *leases, struct lease lease)
{
	assert_int_equal(leases_add(leases, &lease), 0);
}

static struct leases *three(void)
{
	struct leases *leases;

	*told = '\0';
	revoke_result = 0;
	atomic_init(&container.refs, 1);
	assert_int_equal(leases_new(&hooks, told, &leases), 0);
	add(leases, billing(7));
	add(leases, payments(5));
	add(leases, payments(6));
	return leases;
}

static void assert_told(const char *text)
{
	assert_string_equal(told, text);
	*told = '\0';
}

static void each_is_found_by_its_number_and_in_order(void **state)
{
	struct lease again = payments(6);
	struct leases *leases = three();
	uint64_t id = 0;

	(void)state;
	for (uint64_t expected = 5; expected <= 7; expected++) {
		const struct lease *lease = leases_next(leases, id);

		assert_int_equal(lease->id, expected);
		assert_ptr_equal(leases_find(leases, expected), lease);
		id = lease->id;
	}
	assert_null(leases_next(leases, id));
	assert_null(leases_next(leases, UINT64_MAX));
	assert_null(leases_find(leases, 4));
	assert_int_equal(leases_add(leases, &again), -EEXIST);
	assert_int_equal(leases_total(leases), 3);
	assert_int_equal(leases_of_workload(leases, 50)->id, 5);
	assert_null(leases_of_workload(leases, 51));
	leases_free(leases);
}

static void the_table_keeps_its_own_copies(void **state)
{
	struct digest exe = { .alg = "sha256", .value = { 1 }, .len = 32 };
	char text[] = "payments.service";
	struct lease lease = payments(8);
	struct leases *leases = three();

	(void)state;
	lease.facts.unit = lease.facts.cgroup = lease.facts.label = lease.grant.name = lease.rule = text;
	lease.facts.exe = &exe;
	add(leases, lease);
	memset(text, 'x', sizeof(text) - 1);
	exe.value[0] = 2;
	lease = *leases_find(leases, 8);
	assert_string_equal(lease.facts.unit, "payments.service");
	assert_string_equal(lease.facts.cgroup, "payments.service");
	assert_string_equal(lease.facts.label, "payments.service");
	assert_string_equal(lease.grant.name, "payments.service");
	assert_string_equal(lease.rule, "payments.service");
	assert_int_equal(lease.facts.exe->value[0], 1);
	assert_null(leases_find(leases, 5)->facts.exe);
	assert_null(leases_find(leases, 5)->facts.label);
	assert_int_equal(atomic_load(&container.refs), 2);
	leases_free(leases);
	assert_int_equal(atomic_load(&container.refs), 1);
}

static void what_was_closed_is_forgotten_without_a_word(void **state)
{
	struct leases *leases = three();

	(void)state;
	leases_remove(leases, 5);
	leases_remove(leases, 5);
	assert_null(leases_find(leases, 5));
	assert_int_equal(leases_count(leases, 50), 1);
	assert_told("");
	leases_free(leases);
}

static void a_revoked_one_stays_until_the_kernel_says_so(void **state)
{
	struct leases *leases = three();

	(void)state;
	leases_set_live(leases, true);
	assert_int_equal(leases_revoke(leases, 5, CAUSE_ADMINISTRATOR), 0);
	assert_told("revoke 5 ");
	assert_int_equal(leases_find(leases, 5)->cause, CAUSE_ADMINISTRATOR);
	assert_int_equal(leases_count(leases, 50), 1);
	assert_int_equal(leases_total(leases), 2);
	/* Once is enough, and the first cause is the one. */
	assert_int_equal(leases_revoke(leases, 5, CAUSE_POLICY), 0);
	assert_told("");
	assert_int_equal(leases_find(leases, 5)->cause, CAUSE_ADMINISTRATOR);
	leases_free(leases);
}

static void without_events_it_leaves_at_once(void **state)
{
	struct leases *leases = three();

	(void)state;
	assert_int_equal(leases_revoke(leases, 5, CAUSE_CGROUP), 0);
	assert_told("revoke 5 ended 5 cgroup-removed ");
	assert_null(leases_find(leases, 5));
	assert_int_equal(leases_revoke(leases, 5, CAUSE_CGROUP), -ENOENT);
	assert_told("");
	leases_free(leases);
}

static void one_that_the_kernel_lost_already_leaves_at_once(void **state)
{
	struct leases *leases = three();

	(void)state;
	leases_set_live(leases, true);
	revoke_result = -ENOENT;
	assert_int_equal(leases_revoke(leases, 7, CAUSE_CONTAINER), 0);
	assert_told("revoke 7 ended 7 container-stopped ");
	assert_null(leases_find(leases, 7));
	leases_free(leases);
}

static void one_that_could_not_be_revoked_is_kept_and_tried_again(void **state)
{
	struct leases *leases = three();

	(void)state;
	revoke_result = -EMFILE;
	assert_int_equal(leases_revoke(leases, 5, CAUSE_POLICY), -EMFILE);
	assert_told("revoke 5 ");
	assert_int_equal(leases_revoke_name(leases, "payments", CAUSE_ADMINISTRATOR), -EMFILE);
	assert_told("revoke 5 revoke 6 ");	/* one that fails does not save the next */
	assert_int_equal(leases_failed(leases), 2);
	assert_int_equal(leases_count(leases, 50), 0);
	leases_retry(leases);
	assert_told("revoke 5 revoke 6 ");
	assert_int_equal(leases_failed(leases), 2);
	revoke_result = 0;
	leases_retry(leases);
	assert_told("revoke 5 ended 5 policy revoke 6 ended 6 administrator ");
	assert_int_equal(leases_failed(leases), 0);
	leases_retry(leases);
	assert_told("");
	assert_non_null(leases_find(leases, 7));
	leases_free(leases);
}

static void where_there_is_no_module_there_is_no_lease(void **state)
{
	static const int gone[] = { -ENOENT, -ENODEV, -ENXIO };
	struct leases *leases = three();

	(void)state;
	leases_set_live(leases, true);
	for (uint64_t id = 5; id <= 7; id++) {
		revoke_result = gone[id - 5];
		assert_int_equal(leases_revoke(leases, id, CAUSE_POLICY), 0);
		assert_null(leases_find(leases, id));
	}
	assert_int_equal(leases_failed(leases), 0);
	leases_free(leases);
}

static bool ended_is(const struct registration *registration, void *userdata)
{
	return !strcmp(registration->id, userdata);
}

static void leases_end_with_the_registration_that_did_not_come_back(void **state)
{
	char other[] = "beef", id[] = "c0ffee";
	struct leases *leases = three();

	(void)state;
	assert_int_equal(leases_revoke_ended(leases, ended_is, other), 0);
	assert_told("");
	assert_int_equal(leases_revoke_ended(leases, ended_is, id), 1);
	assert_told("revoke 7 ended 7 container-stopped ");
	assert_int_equal(leases_total(leases), 2);
	leases_free(leases);
}

static void a_workload_loses_all_of_its_own_and_nobody_else_any(void **state)
{
	struct leases *leases = three();

	(void)state;
	assert_int_equal(leases_revoke_workload(leases, 50, CAUSE_ADMINISTRATOR), 2);
	assert_told("revoke 5 ended 5 administrator revoke 6 ended 6 administrator ");
	assert_int_equal(leases_revoke_workload(leases, 50, CAUSE_ADMINISTRATOR), 0);
	assert_non_null(leases_find(leases, 7));
	leases_free(leases);
}

static void leases_are_found_by_what_is_known_of_their_holder(void **state)
{
	struct leases *leases = three();

	(void)state;
	assert_int_equal(leases_revoke_container(leases, "c0ff", CAUSE_CONTAINER), 0);
	assert_int_equal(leases_revoke_name(leases, "c0ffee", CAUSE_CONTAINER), 0);
	assert_told("");
	assert_int_equal(leases_revoke_container(leases, "c0ffee", CAUSE_CONTAINER), 1);
	assert_told("revoke 7 ended 7 container-stopped ");
	assert_int_equal(leases_revoke_name(leases, "payments", CAUSE_ADMINISTRATOR), 2);
	leases_free(leases);
}

static void a_narrower_policy_takes_back_what_it_no_longer_grants(void **state)
{
	struct rule rule = {
		.path = (char *)"billing.conf", .labels = { { (char *)"confined" }, 1 },
		.operations = TEEGATE_OP_REPORT, .name = "billing",
	};
	struct rule *rules[] = { &rule };
	struct policy policy = { .rules = rules, .n_rules = 1 };
	struct leases *leases = three();

	(void)state;
	leases_set_live(leases, true);
	assert_int_equal(leases_revoke(leases, 6, CAUSE_ADMINISTRATOR), 0);
	assert_told("revoke 6 ");
	assert_int_equal(leases_reconsider(leases, &policy), 1);
	assert_told("revoke 5 ");
	assert_int_equal(leases_find(leases, 5)->cause, CAUSE_POLICY);
	assert_string_equal(leases_find(leases, 5)->why, "no rule names this workload any more");
	assert_string_equal(leases_find(leases, 6)->why, "an administrator revoked it");
	assert_int_equal(leases_find(leases, 7)->cause, CAUSE_NONE);
	rule.operations = TEEGATE_OP_EXTEND;
	assert_int_equal(leases_reconsider(leases, &policy), 1);
	assert_told("revoke 7 ");
	leases_free(leases);
}

static void the_table_is_bounded_as_the_modules(void **state)
{
	struct lease one_more = payments(LEASES_MAX + 1);
	struct leases *leases;

	(void)state;
	assert_int_equal(leases_new(&hooks, told, &leases), 0);
	for (uint64_t id = 1; id <= LEASES_MAX; id++)
		add(leases, payments(id));
	assert_int_equal(leases_add(leases, &one_more), -ENOSPC);
	leases_remove(leases, 1);
	assert_int_equal(leases_add(leases, &one_more), 0);
	assert_int_equal(leases_count(leases, 50), LEASES_MAX);
	leases_free(leases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_found_by_its_number_and_in_order),
		cmocka_unit_test(the_table_keeps_its_own_copies),
		cmocka_unit_test(what_was_closed_is_forgotten_without_a_word),
		cmocka_unit_test(a_revoked_one_stays_until_the_kernel_says_so),
		cmocka_unit_test(without_events_it_leaves_at_once),
		cmocka_unit_test(one_that_the_kernel_lost_already_leaves_at_once),
		cmocka_unit_test(one_that_could_not_be_revoked_is_kept_and_tried_again),
		cmocka_unit_test(where_there_is_no_module_there_is_no_lease),
		cmocka_unit_test(leases_end_with_the_registration_that_did_not_come_back),
		cmocka_unit_test(a_workload_loses_all_of_its_own_and_nobody_else_any),
		cmocka_unit_test(leases_are_found_by_what_is_known_of_their_holder),
		cmocka_unit_test(a_narrower_policy_takes_back_what_it_no_longer_grants),
		cmocka_unit_test(the_table_is_bounded_as_the_modules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
