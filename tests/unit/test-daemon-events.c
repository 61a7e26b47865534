// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said of an event, and which devices matter: daemon/events.c, daemon/hotplug.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/teegate.h>

#include "events.h"
#include "hotplug.h"
#include "util.h"

static void assert_field(sd_json_variant *object, const char *name, const char *text)
{
	sd_json_variant *value = sd_json_variant_by_key(object, name);

	assert_non_null(value);
	assert_string_equal(sd_json_variant_string(value), text);
}

static void assert_number(sd_json_variant *object, const char *name, uint64_t number)
{
	sd_json_variant *value = sd_json_variant_by_key(object, name);

	assert_non_null(value);
	assert_true(sd_json_variant_is_unsigned(value) && sd_json_variant_unsigned(value) == number);
}

static void all_that_is_known_is_said(void **state)
{
	const struct event event = {
		.kind = EVENT_DENIED, .count = 3, .lease = 12, .parent = 7, .number = UINT64_MAX,
		.workload = "payments", .rule = "payments.conf", .unit = "payments.service", .cgroup = "/a/b",
		.container = "c0ffee", .label = "confined", .uid = 0, .has_uid = true, .pid = 4711,
		.operations = TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT, .error = EPERM, .fw_status = 5,
		.cause = "policy", .reason = "because", .provider = "tdx", .state = "up", .quarantined = 2,
		.device = "/dev/x", .method = "Extend", .verdict = "NotAllowed", .boot_ns = 99,
	};
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *object = event_json(&event);
	sd_json_variant *operations;

	(void)state;
	assert_non_null(object);
	/* 26 fields are in the interface, and this event has each of them. */
	assert_int_equal(sd_json_variant_elements(object), 2 * 26);
	assert_field(object, "event", "denied");
	assert_field(object, "workload", "payments");
	assert_field(object, "container", "c0ffee");
	assert_field(object, "errno", "EPERM");
	assert_field(object, "verdict", "NotAllowed");
	assert_number(object, "workloadNumber", UINT64_MAX);
	assert_number(object, "uid", 0);
	assert_number(object, "count", 3);
	assert_number(object, "bootNSec", 99);
	operations = sd_json_variant_by_key(object, "operations");
	assert_int_equal(sd_json_variant_elements(operations), 2);
}

static void what_is_not_known_is_left_out(void **state)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *object =
		event_json(EVENT(EVENT_MODULE_UP, .count = 1, .unit = "", .uid = 5));
	char text[128];

	(void)state;
	assert_int_equal(sd_json_variant_elements(object), 2 * 2);	/* event and time */
	assert_string_equal(event_text(EVENT(EVENT_MODULE_UP), text, sizeof(text)), "module-up");
}

/* A cgroup may be called anything; neither a line of the journal nor JSON may come apart. */
static void names_from_elsewhere_cannot_break_out(void **state)
{
	const struct event event = {
		.kind = EVENT_LEASE_REVOKED, .lease = 1, .cgroup = "/a\nMESSAGE=\"x\"\x1b[31m\xff", .reason = "r\r",
	};
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *object = event_json(&event);
	char text[256];

	(void)state;
	assert_non_null(object);
	assert_field(object, "cgroup", "/a?MESSAGE=\"x\"?[31m?");
	assert_string_equal(event_text(&event, text, sizeof(text)),
			    "lease-revoked 1 (cgroup /a?MESSAGE=\"x\"?[31m?): r?");
}

static void every_kind_has_a_name_and_an_id_of_its_own(void **state)
{
	(void)state;
	for (enum event_kind a = 0; a < EVENTS; a++) {
		assert_non_null(event_name(a));
		assert_int_equal(strlen(event_message_id(a)), 32);
		assert_int_equal(strspn(event_message_id(a), "0123456789abcdef"), 32);
		for (enum event_kind b = 0; b < a; b++) {
			assert_string_not_equal(event_name(a), event_name(b));
			assert_string_not_equal(event_message_id(a), event_message_id(b));
		}
	}
}

static void a_text_that_is_too_long_is_cut_and_ends(void **state)
{
	char name[1000], text[64];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	event_text(EVENT(EVENT_UNREGISTERED, .container = name, .cgroup = name, .reason = name), text, sizeof(text));
	assert_int_equal(strlen(text), sizeof(text) - 1);
}

static void devices_that_matter_are_known_by_subsystem_and_name(void **state)
{
	(void)state;
	assert_true(hotplug_matters("misc", "teegate"));
	assert_true(hotplug_matters("misc", "sev-guest"));
	assert_true(hotplug_matters("misc", "tdx_guest"));
	assert_true(hotplug_matters("misc", "uv"));
	assert_true(hotplug_matters("misc", "sgx_enclave"));
	assert_true(hotplug_matters("misc", "sgx_provision"));
	assert_true(hotplug_matters("tpm", "tpm0"));
	assert_true(hotplug_matters("tpmrm", "tpmrm1"));
	assert_false(hotplug_matters("misc", "fuse"));
	assert_false(hotplug_matters("misc", "tpm0"));
	assert_false(hotplug_matters("block", "teegate"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_is_known_is_said),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(names_from_elsewhere_cannot_break_out),
		cmocka_unit_test(every_kind_has_a_name_and_an_id_of_its_own),
		cmocka_unit_test(a_text_that_is_too_long_is_cut_and_ends),
		cmocka_unit_test(devices_that_matter_are_known_by_subsystem_and_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
