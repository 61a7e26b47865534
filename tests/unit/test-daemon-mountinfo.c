// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of /proc/PID/mountinfo, and what they expose: daemon/mountinfo.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mountinfo.h"

static struct mount parse(char *buf, size_t size, const char *line)
{
	struct mount mount;

	snprintf(buf, size, "%s", line);
	assert_int_equal(mount_parse(buf, &mount), 0);
	return mount;
}

static void a_line_comes_apart(void **state)
{
	char buf[256];
	struct mount m;

	(void)state;
	m = parse(buf, sizeof(buf), "36 35 0:5 /sev-guest /dev/sev-guest rw,nosuid master:1 shared:2 - devtmpfs udev rw,mode=755");
	assert_string_equal(m.root, "/sev-guest");
	assert_string_equal(m.point, "/dev/sev-guest");
	assert_string_equal(m.fstype, "devtmpfs");
	assert_string_equal(m.super, "rw,mode=755");
	m = parse(buf, sizeof(buf), "36 35 0:5 / /a ro - tmpfs - rw");
	assert_string_equal(m.point, "/a");
	assert_string_equal(m.fstype, "tmpfs");
}

static void a_mount_point_cannot_look_like_other_fields(void **state)
{
	char buf[256];
	struct mount m;

	(void)state;
	m = parse(buf, sizeof(buf), "36 35 0:5 /\\040-\\040devtmpfs /x\\040y\\012\\134z rw - ext4 /dev/a\\040b rw");
	assert_string_equal(m.root, "/ - devtmpfs");
	assert_string_equal(m.point, "/x y\n\\z");
	assert_string_equal(m.fstype, "ext4");
	m = parse(buf, sizeof(buf), "36 35 0:5 /a\\ /b\\9 rw - ext4 x rw");
	assert_string_equal(m.root, "/a\\");
	assert_string_equal(m.point, "/b\\9");
}

static void a_short_line_is_refused(void **state)
{
	static const char line[] = "36 35 0:5 / /a rw shared:1 - tmpfs src rw";
	char buf[sizeof(line)];
	struct mount mount;

	(void)state;
	for (size_t len = 0; len < sizeof(line) - 3; len++) {
		memcpy(buf, line, len);
		buf[len] = '\0';
		assert_int_equal(mount_parse(buf, &mount), -EBADMSG);
	}
	memcpy(buf, line, sizeof(line));
	assert_int_equal(mount_parse(buf, &mount), 0);
}

static void stock_devices_are_known_by_the_root_of_the_mount(void **state)
{
	static const struct {
		const char *root, *device;
	} examples[] = {
		{ "/sev-guest", "sev-guest" }, { "/tdx_guest", "tdx_guest" }, { "/uv", "uv" },
		{ "/teegate", "teegate" }, { "/containers/storage/uv", "uv" },
		{ "/", NULL }, { "/null", NULL }, { "/uv2", NULL }, { "/uv/lib", NULL }, { "/Sev-guest", NULL },
	};
	char buf[256], line[256];

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct mount m;

		snprintf(line, sizeof(line), "1 2 0:5 %s /dev/innocent rw - devtmpfs udev rw", examples[i].root);
		m = parse(buf, sizeof(buf), line);
		if (examples[i].device)
			assert_string_equal(mount_stock_device(&m), examples[i].device);
		else
			assert_null(mount_stock_device(&m));
	}
}

static void read_only_is_a_whole_option(void **state)
{
	static const struct {
		const char *options, *super;
		bool read_only;
	} examples[] = {
		{ "rw,relatime", "rw", false }, { "ro,relatime", "rw", true }, { "nosuid,ro", "rw", true },
		{ "rw", "ro", true }, { "rw,errors=ro", "rw", false }, { "rw,road", "rw,pro", false },
	};
	char buf[256], line[256];

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct mount m;

		snprintf(line, sizeof(line), "1 2 0:5 / /c %s - configfs configfs %s", examples[i].options,
			 examples[i].super);
		m = parse(buf, sizeof(buf), line);
		assert_int_equal(mount_read_only(&m), examples[i].read_only);
	}
}

static void a_mount_leads_to_what_is_below_its_root(void **state)
{
	static const struct {
		const char *root, *rest;
	} examples[] = {
		{ "/", "tsm/report" }, { "/tsm", "report" }, { "/tsm/report", "" },
		{ "/tsm/report/item", "" }, { "/tsm/report/item/inblob", "" },
		{ "/ts", NULL }, { "/tsm/rep", NULL }, { "/tsm/reports", NULL }, { "/other", NULL },
		{ "/tsm/other", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct mount m = { .root = (char *)(uintptr_t)examples[i].root };
		const char *rest = mount_leads_to(&m, "/tsm/report");

		if (examples[i].rest && rest)
			assert_string_equal(rest, examples[i].rest);
		else if (examples[i].rest != rest)
			fail_msg("%s: %s", examples[i].root, rest ? rest : "nowhere");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_comes_apart),
		cmocka_unit_test(a_mount_point_cannot_look_like_other_fields),
		cmocka_unit_test(a_short_line_is_refused),
		cmocka_unit_test(stock_devices_are_known_by_the_root_of_the_mount),
		cmocka_unit_test(read_only_is_a_whole_option),
		cmocka_unit_test(a_mount_leads_to_what_is_below_its_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
