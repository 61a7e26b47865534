// SPDX-License-Identifier: GPL-2.0-or-later
/* What workloads may extend in all: daemon/budget.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "budget.h"
#include "util.h"

static struct rule payments = { .path = (char *)"payments.conf", .extend_events = 3, .extend_bytes = 100 };
static struct rule billing = { .path = (char *)"billing.conf", .extend_events = 1, .extend_bytes = 10 };

static void assert_left(const struct budgets *budgets, const struct rule *rule, uint32_t events,
			uint32_t bytes)
{
	uint32_t events_left, bytes_left;

	budgets_left(budgets, rule, &events_left, &bytes_left);
	assert_int_equal(events_left, events);
	assert_int_equal(bytes_left, bytes);
}

static void what_is_used_up_stays_used_up(void **state)
{
	struct budgets budgets = { .list = NULL };

	(void)state;
	assert_left(&budgets, &payments, 3, 100);
	assert_int_equal(budgets_charge(&budgets, &payments, 2, 60), 0);
	assert_left(&budgets, &payments, 1, 40);
	assert_int_equal(budgets_charge(&budgets, &payments, 1, 41), -EDQUOT);
	assert_int_equal(budgets_charge(&budgets, &payments, 2, 1), -EDQUOT);
	assert_left(&budgets, &payments, 1, 40);
	assert_int_equal(budgets_charge(&budgets, &payments, 1, 40), 0);
	assert_int_equal(budgets_charge(&budgets, &payments, 1, 1), -EDQUOT);
	assert_left(&budgets, &payments, 0, 0);
	budgets_done(&budgets);
}

static void no_number_overflows(void **state)
{
	struct rule huge = { .path = (char *)"huge.conf", .extend_events = UINT32_MAX,
			     .extend_bytes = UINT32_MAX };
	struct budgets budgets = { .list = NULL };

	(void)state;
	assert_int_equal(budgets_charge(&budgets, &huge, UINT32_MAX, 1), 0);
	assert_int_equal(budgets_charge(&budgets, &huge, 1, 1), -EDQUOT);
	assert_int_equal(budgets_charge(&budgets, &payments, UINT32_MAX, UINT32_MAX), -EDQUOT);
	budgets_done(&budgets);
}

static void each_rule_has_its_own(void **state)
{
	struct budgets budgets = { .list = NULL };

	(void)state;
	assert_int_equal(budgets_charge(&budgets, &billing, 1, 10), 0);
	assert_int_equal(budgets_charge(&budgets, &billing, 1, 1), -EDQUOT);
	assert_left(&budgets, &payments, 3, 100);
	budgets_done(&budgets);
}

static void what_did_not_happen_comes_back(void **state)
{
	struct budgets budgets = { .list = NULL };

	(void)state;
	assert_int_equal(budgets_charge(&budgets, &payments, 2, 60), 0);
	budgets_refund(&budgets, &payments, 1, 30);
	assert_left(&budgets, &payments, 2, 70);
	budgets_refund(&budgets, &billing, 1, 10);	/* was never charged */
	assert_left(&budgets, &billing, 1, 10);
	budgets_done(&budgets);
}

static void a_reload_neither_gives_back_nor_goes_below_nothing(void **state)
{
	struct rule again = { .path = (char *)"payments.conf", .extend_events = 1, .extend_bytes = 1000 };
	struct budgets budgets = { .list = NULL };

	(void)state;
	assert_int_equal(budgets_charge(&budgets, &payments, 2, 60), 0);
	assert_left(&budgets, &again, 0, 940);
	assert_int_equal(budgets_charge(&budgets, &again, 1, 1), -EDQUOT);
	budgets_done(&budgets);
}

static void a_restart_gives_nothing_back(void **state)
{
	struct budgets budgets = { .list = NULL }, again = { .list = NULL };

	(void)state;
	budgets.fd = memfd_create("budgets", MFD_CLOEXEC);
	assert_true(budgets.fd > 0);
	assert_int_equal(budgets_load(&again, budgets.fd), 0);	/* nothing was charged yet */
	assert_left(&again, &payments, 3, 100);
	assert_int_equal(budgets_charge(&budgets, &payments, 2, 60), 0);
	assert_int_equal(budgets_charge(&budgets, &billing, 1, 10), 0);
	budgets_refund(&budgets, &billing, 1, 10);
	assert_int_equal(budgets_load(&again, budgets.fd), 0);
	assert_left(&again, &payments, 1, 40);
	assert_left(&again, &billing, 1, 10);
	budgets_done(&again);
	budgets_done(&budgets);
}

static void what_cannot_be_read_leaves_nothing(void **state)
{
	static const char *const bad[] = {
		"x", "{}", "[7]", "[{\"rule\":\"r\",\"events\":1}]",
		"[{\"rule\":\"r\",\"events\":1,\"bytes\":4294967296}]",
		"[{\"rule\":\"r\",\"events\":1,\"bytes\":1},{\"rule\":\"r\",\"events\":0,\"bytes\":0}]",
		"[{\"rule\":\"payments.conf\",\"events\":1,\"bytes\":1}",
	};
	struct budgets budgets = { .list = NULL };
	int fd;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		fd = memfd_create("budgets", MFD_CLOEXEC);
		assert_int_equal(write(fd, bad[i], strlen(bad[i])), strlen(bad[i]));
		assert_int_equal(budgets_load(&budgets, fd), -EBADMSG);
		close(fd);
		budgets_done(&budgets);
	}
	assert_int_equal(budgets_charge(&budgets, &payments, 1, 1), 0);
	budgets.unknown = true;
	assert_left(&budgets, &payments, 0, 0);
	assert_int_equal(budgets_charge(&budgets, &payments, 1, 1), -EDQUOT);
	budgets_done(&budgets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_used_up_stays_used_up),
		cmocka_unit_test(no_number_overflows),
		cmocka_unit_test(each_rule_has_its_own),
		cmocka_unit_test(what_did_not_happen_comes_back),
		cmocka_unit_test(a_reload_neither_gives_back_nor_goes_below_nothing),
		cmocka_unit_test(a_restart_gives_nothing_back),
		cmocka_unit_test(what_cannot_be_read_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
