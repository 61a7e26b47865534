// SPDX-License-Identifier: GPL-2.0-or-later
/* From a cgroup path to the system unit, with names that a workload chose: daemon/place.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "place.h"

struct example {
	const char *path;
	enum place_kind kind;
	const char *unit;
	const char *unit_path;	/* the beginning of path that must be root's, but for the last */
	const char *account;
};

static void assert_example(const struct example *e)
{
	struct place place;

	assert_int_equal(place_parse(e->path, &place), 0);
	assert_int_equal(place.kind, e->kind);
	assert_string_equal(place.unit, e->unit);
	assert_string_equal(place.account, e->account);
	assert_int_equal(place.unit_path_len, strlen(e->unit_path));
	assert_memory_equal(e->path, e->unit_path, strlen(e->unit_path));
}

#define ASSERT_ALL(examples) \
	for (size_t i = 0; i < sizeof(examples) / sizeof((examples)[0]); i++) \
		assert_example(&(examples)[i])

static void a_unit_is_the_first_directory_that_is_no_slice(void **state)
{
	static const struct example examples[] = {
		{ "/system.slice/payments.service", PLACE_UNIT, "payments.service",
		  "/system.slice/payments.service", "payments.service" },
		{ "/system.slice/payments.service/libpod-payload-1", PLACE_UNIT, "payments.service",
		  "/system.slice/payments.service", "payments.service" },
		{ "/system.slice/system-pay.slice/pay@1.service", PLACE_UNIT, "pay@1.service",
		  "/system.slice/system-pay.slice/pay@1.service", "pay@1.service" },
		{ "/machine.slice/libpod-ab.scope/container", PLACE_UNIT, "libpod-ab.scope",
		  "/machine.slice/libpod-ab.scope", "libpod-ab.scope" },
		{ "/top.service", PLACE_UNIT, "top.service", "/top.service", "top.service" },
	};

	(void)state;
	ASSERT_ALL(examples);
}

static void names_that_a_workload_chose_mean_nothing(void **state)
{
	static const struct example examples[] = {
		{ "/system.slice/evil.service/payments.service", PLACE_UNIT, "evil.service",
		  "/system.slice/evil.service", "evil.service" },
		{ "/system.slice/evil.service/system.slice/payments.service", PLACE_UNIT, "evil.service",
		  "/system.slice/evil.service", "evil.service" },
		{ "/user.slice/user-1000.slice/user@1000.service/app.slice/payments.service", PLACE_UNIT,
		  "user@1000.service", "/user.slice/user-1000.slice/user@1000.service", "user-1000.slice" },
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-1.scope", PLACE_UNIT,
		  "user@1000.service", "/user.slice/user-1000.slice/user@1000.service", "user-1000.slice" },
		{ "/kubepods/system.slice/payments.service", PLACE_FOREIGN, "", "/kubepods", "kubepods" },
		{ "/system.slice/pay\\x2dments.service", PLACE_UNIT, "pay\\x2dments.service",
		  "/system.slice/pay\\x2dments.service", "pay\\x2dments.service" },
		{ "/system.slice/payments.service.d", PLACE_FOREIGN, "", "/system.slice/payments.service.d",
		  "payments.service.d" },
		{ "/system.slice/ payments.service", PLACE_UNIT, " payments.service",
		  "/system.slice/ payments.service", " payments.service" },
		{ "/system.slice/.service/payments.service", PLACE_FOREIGN, "", "/system.slice/.service",
		  ".service" },
		{ "/.slice/payments.service", PLACE_FOREIGN, "", "/.slice", ".slice" },
	};

	(void)state;
	ASSERT_ALL(examples);
}

static void an_escaped_name_is_the_unit_without_the_underscore(void **state)
{
	static const struct example examples[] = {
		{ "/system.slice/_cgroup.service", PLACE_UNIT, "cgroup.service", "/system.slice/_cgroup.service",
		  "cgroup.service" },
		{ "/system.slice/__.service", PLACE_UNIT, "_.service", "/system.slice/__.service", "_.service" },
		{ "/_", PLACE_FOREIGN, "", "/_", "_" },
	};

	(void)state;
	ASSERT_ALL(examples);
}

static void a_shared_place_is_no_workload(void **state)
{
	static const struct example examples[] = {
		{ "/", PLACE_ROOT, "", "", "-.slice" },
		{ "/system.slice", PLACE_SLICE, "", "", "system.slice" },
		{ "/user.slice/user-1000.slice", PLACE_SLICE, "", "", "user-1000.slice" },
		{ "/user.slice/user-1000.slice/session-3.scope", PLACE_SESSION, "",
		  "/user.slice/user-1000.slice/session-3.scope", "user-1000.slice" },
		{ "/user.slice/user-1000.slice/session-3.scope/payments.service", PLACE_SESSION, "",
		  "/user.slice/user-1000.slice/session-3.scope", "user-1000.slice" },
		{ "/init.scope", PLACE_SESSION, "", "/init.scope", "init.scope" },
	};

	(void)state;
	ASSERT_ALL(examples);
}

static void what_is_no_living_cgroup_of_ours_is_refused(void **state)
{
	static const char *const paths[] = {
		"", "system.slice", "//", "/system.slice/", "/system.slice//a.service", "/../a.service",
		"/system.slice/../a.service", "/./a.service", "/system.slice/a.service (deleted)",
		"/system.slice/a.service (deleted)/b",
		"/a\nb.service",
	};
	struct place place = { .unit_path_len = 77 };
	char name[PLACE_NAME_MAX + 3] = "/";

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(place_parse(paths[i], &place), -EINVAL);
	memset(name + 1, 'a', PLACE_NAME_MAX + 1);
	assert_int_equal(place_parse(name, &place), -EINVAL);
	assert_int_equal(place.unit_path_len, 77);
	name[PLACE_NAME_MAX + 1] = '\0';
	assert_int_equal(place_parse(name, &place), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unit_is_the_first_directory_that_is_no_slice),
		cmocka_unit_test(names_that_a_workload_chose_mean_nothing),
		cmocka_unit_test(an_escaped_name_is_the_unit_without_the_underscore),
		cmocka_unit_test(a_shared_place_is_no_workload),
		cmocka_unit_test(what_is_no_living_cgroup_of_ours_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
