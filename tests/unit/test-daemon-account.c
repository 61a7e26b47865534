// SPDX-License-Identifier: GPL-2.0-or-later
/* Accounts of workloads and the rate of journal lines: daemon/account.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "account.h"

static struct account *get(struct accounts *accounts, int i)
{
	char name[32];

	snprintf(name, sizeof(name), "unit-%d.service", i);
	return accounts_get(accounts, name);
}

static void an_account_in_use_is_never_given_away(void **state)
{
	struct accounts *accounts = calloc(1, sizeof(*accounts));
	struct account *busy;

	(void)state;
	assert_non_null(accounts);
	busy = get(accounts, 0);
	busy->connections = 1;
	for (int i = 1; i < 3 * ACCOUNTS_MAX; i++)
		assert_ptr_not_equal(get(accounts, i), busy);
	assert_ptr_equal(get(accounts, 0), busy);
	assert_int_equal(busy->connections, 1);
	free(accounts);
}

static void when_all_are_in_use_there_is_none(void **state)
{
	struct accounts *accounts = calloc(1, sizeof(*accounts));

	(void)state;
	assert_non_null(accounts);
	for (int i = 0; i < ACCOUNTS_MAX; i++)
		get(accounts, i)->requests = 1;
	assert_null(get(accounts, ACCOUNTS_MAX));
	get(accounts, 5)->requests = 0;
	assert_non_null(get(accounts, ACCOUNTS_MAX));
	free(accounts);
}

static void each_name_is_found_again_whatever_was_forgotten(void **state)
{
	struct accounts *accounts = calloc(1, sizeof(*accounts));

	(void)state;
	assert_non_null(accounts);
	for (int i = 0; i < 2 * ACCOUNTS_MAX; i++)
		get(accounts, i)->turn = (uint64_t)i + 1;
	for (int i = ACCOUNTS_MAX; i < 2 * ACCOUNTS_MAX; i++)
		assert_int_equal(get(accounts, i)->turn, i + 1);
	assert_int_equal(get(accounts, 0)->turn, 0);		/* that one was idle longest */
	assert_int_equal(get(accounts, ACCOUNTS_MAX)->turn, 0);	/* and made room for it */
	assert_int_equal(get(accounts, 2 * ACCOUNTS_MAX - 1)->turn, 2 * ACCOUNTS_MAX);
	free(accounts);
}

static void containers_of_root_have_accounts_of_their_own(void **state)
{
	struct registration box = { .id = (char *)"c1", .voucher = { .root = true } };
	struct peer peer = { .place = { .account = "podman.service" } };
	char name[ACCOUNT_NAME_MAX + 1];

	(void)state;
	account_name(&peer, name);
	assert_string_equal(name, "podman.service");
	peer.registration = &box;
	account_name(&peer, name);
	assert_string_equal(name, "container:c1");
	/* A user could register any number of names. */
	box.voucher = (struct voucher){ .uid = 1000 };
	account_name(&peer, name);
	assert_string_equal(name, "podman.service");
}

static void the_journal_gets_so_many_lines_and_the_number_of_the_rest(void **state)
{
	struct accounts *accounts = calloc(1, sizeof(*accounts));
	unsigned int suppressed, written = 0;
	struct account *account;
	uint64_t now = 1000000;

	(void)state;
	assert_non_null(accounts);
	account = get(accounts, 1);
	for (int i = 0; i < 1000; i++)
		written += account_may_audit(account, now, &suppressed) ? 1 : 0;
	assert_in_range(written, 10, 50);
	assert_true(account_may_audit(account, now + 2000, &suppressed));
	assert_int_equal(suppressed, 1000 - written);
	assert_true(account_may_audit(account, now + 2000, &suppressed));
	assert_int_equal(suppressed, 0);
	assert_false(account_may_audit(account, now + 2000, &suppressed));
	/* A neighbour is not silenced by it. */
	assert_true(account_may_audit(get(accounts, 2), now + 2000, &suppressed));
	/* Nor does who asks again before a second is over lose what is left of it. */
	written = 0;
	for (int i = 1; i <= 1000; i++)
		written += account_may_audit(account, now + 2000 + 700 * (uint64_t)i, &suppressed) ? 1 : 0;
	assert_int_equal(written, 700);
	free(accounts);
}

static void quotas_of_the_rule_count_and_defaults_fill_the_rest(void **state)
{
	struct rule rule = { .quota = { .connections = 3, .rate_per_minute = 10, .rate_burst = 2 } };
	struct limits some = limits_of(&rule), none = limits_of(NULL);

	(void)state;
	assert_int_equal(some.connections, 3);
	assert_int_equal(some.rate_per_minute, 10);
	assert_int_equal(some.rate_burst, 2);
	assert_int_equal(some.requests, none.requests);
	assert_int_equal(some.bytes, none.bytes);
	assert_true(none.connections > 0 && none.requests > 0 && none.leases > 0 && none.bytes > 0 &&
		    none.rate_per_minute > 0 && none.rate_burst > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_in_use_is_never_given_away),
		cmocka_unit_test(when_all_are_in_use_there_is_none),
		cmocka_unit_test(each_name_is_found_again_whatever_was_forgotten),
		cmocka_unit_test(containers_of_root_have_accounts_of_their_own),
		cmocka_unit_test(quotas_of_the_rule_count_and_defaults_fill_the_rest),
		cmocka_unit_test(the_journal_gets_so_many_lines_and_the_number_of_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
