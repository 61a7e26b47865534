// SPDX-License-Identifier: GPL-2.0-or-later
/* Which calls of a container are told to a supervisor, by its profile: hook/listener.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "listener.h"

#define RULE(names, action)	"{\"names\":[" names "],\"action\":\"SCMP_ACT_" action "\"}"
#define NOTIFY(names)		RULE(names, "NOTIFY")
#define BY_DEFAULT(action)	"\"defaultAction\":\"SCMP_ACT_" action "\""
#define PROFILE(action, rules)	"{\"a\":1,\"linux\":{\"b\":2,\"seccomp\":{" BY_DEFAULT(action) rules "}}}"
#define RULES(list)		",\"syscalls\":[" list "]"
#define ADDED			",\"flags\":[\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],\"listenerPath\":\"" \
				LISTENER_SOCKET "\""
#define ALL			"\"open\",\"openat\",\"openat2\""

static void assert_becomes(const char *text, const char *expected)
{
	char *got = NULL;

	assert_int_equal(listener_add(text, &got), 0);
	assert_string_equal(got, expected);
	free(got);
}

static void assert_refused(const char *text, int error)
{
	char *got = NULL;

	assert_int_equal(listener_add(text, &got), error);
	assert_null(got);
}

static void what_was_allowed_is_told_and_nothing_else_changes(void **state)
{
	(void)state;
	assert_becomes(PROFILE("ERRNO", RULES(RULE("\"read\"," ALL ",\"close\"", "ALLOW") "," RULE("\"bpf\"", "KILL"))),
		       PROFILE("ERRNO", RULES("{\"action\":\"SCMP_ACT_ALLOW\",\"names\":[\"read\",\"close\"]}" "," RULE("\"bpf\"", "KILL") "," NOTIFY(ALL))
			       ADDED));
	/* What was not allowed still is not. */
	assert_becomes(PROFILE("ERRNO", RULES(RULE("\"openat\"", "ALLOW"))),
		       PROFILE("ERRNO", RULES(NOTIFY("\"openat\"")) ADDED));
	assert_becomes(PROFILE("ALLOW", ""), PROFILE("ALLOW", RULES(NOTIFY(ALL)) ADDED));
}

static void without_a_profile_only_these_calls_are_filtered(void **state)
{
	(void)state;
	assert_becomes("{\"linux\":{}}", "{\"linux\":{\"seccomp\":{" BY_DEFAULT("ALLOW") RULES(NOTIFY(ALL)) ADDED "}}}");
}

static void it_is_done_once(void **state)
{
	const char *done = PROFILE("ALLOW", RULES(NOTIFY(ALL)) ADDED);

	(void)state;
	assert_becomes(done, done);
}

/* A listener lets calls go on: what a profile keeps from a container would be given to it. */
static void a_profile_that_restricts_these_calls_is_not_touched(void **state)
{
	(void)state;
	assert_refused(PROFILE("ALLOW", RULES(RULE("\"openat\"", "ERRNO"))), -EPERM);
	assert_refused(PROFILE("ERRNO", RULES("{\"names\":[\"open\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":1}]}")),
		       -EPERM);
	assert_refused(PROFILE("ERRNO", RULES(RULE("\"read\"", "ALLOW"))), -EPERM);
	assert_refused(PROFILE("ALLOW", ",\"listenerPath\":\"/run/other.sock\""), -EEXIST);
}

static void what_is_no_configuration_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "[]", "{}", "{\"linux\":1}", "{\"linux\":{\"seccomp\":1}}", "{\"linux\":{\"seccomp\":{}}}",
		PROFILE("ALLOW", RULES("1")),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i], -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_allowed_is_told_and_nothing_else_changes),
		cmocka_unit_test(without_a_profile_only_these_calls_are_filtered),
		cmocka_unit_test(it_is_done_once),
		cmocka_unit_test(a_profile_that_restricts_these_calls_is_not_touched),
		cmocka_unit_test(what_is_no_configuration_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
