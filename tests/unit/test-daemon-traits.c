// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Label and executable of a process, from a folder that plays /proc/PID, and with the kernel's answer
 * about a socket played here: daemon/traits.c. Digests need a file system: tests/e2e/policy.sh.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "traits.h"
#include "util.h"

static struct {
	char top[64];
	int fd;
	const char *peersec;		/* NULL: sockets have no label */
	size_t peersec_len;
} fake;

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len);

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	assert_int_equal(fd, 77);
	assert_int_equal(level, SOL_SOCKET);
	assert_int_equal(name, SO_PEERSEC);
	if (!fake.peersec) {
		errno = ENOPROTOOPT;
		return -1;
	}
	if (fake.peersec_len > *len) {
		errno = ERANGE;
		return -1;
	}
	memcpy(value, fake.peersec, fake.peersec_len);
	*len = (socklen_t)fake.peersec_len;
	return 0;
}

static void put(const char *name, const void *data, size_t len)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", fake.top, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static int make(void **state)
{
	char path[128];

	(void)state;
	memset(&fake, 0, sizeof(fake));
	strcpy(fake.top, "/tmp/teegate-traits.XXXXXX");
	assert_non_null(mkdtemp(fake.top));
	snprintf(path, sizeof(path), "%s/attr", fake.top);
	assert_int_equal(mkdir(path, 0700), 0);
	fake.fd = open(fake.top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fake.fd >= 0);
	return 0;
}

static int unmake(void **state)
{
	char command[128];

	(void)state;
	close(fake.fd);
	snprintf(command, sizeof(command), "rm -rf %s", fake.top);
	return system(command);
}

#define TEXT(text)	text, sizeof(text) - 1

/* As each LSM shows it, and as the kernel compares it. */
static const struct {
	const char *shown;
	size_t len;
	const char *label;
} labels[] = {
	{ TEXT("unconfined\n"), "unconfined" },
	{ TEXT("lab-payments (enforce)\n"), "lab-payments" },
	{ TEXT("a b (complain)\n"), "a b" },
	{ TEXT("x//&y (mixed)\n"), "x//&y" },
	{ TEXT("x (enforce) (enforce)\n"), "x (enforce)" },
	{ TEXT("x (enforced)\n"), "x (enforced)" },
	{ TEXT(" (enforce)\n"), " (enforce)" },
	{ TEXT("system_u:system_r:payments_t:s0:c1,c2\0"), "system_u:system_r:payments_t:s0:c1,c2" },
	{ TEXT("with\0nul\n"), "" },
	{ TEXT("\n"), "" },
	{ TEXT(""), "" },
};

static void a_label_is_what_the_kernel_compares(void **state)
{
	char label[LABEL_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		put("attr/current", labels[i].shown, labels[i].len);
		traits_label(fake.fd, -1, label);
		assert_string_equal(label, labels[i].label);
		assert_int_equal(traits_label_is(fake.fd, labels[i].label), *labels[i].label != '\0');
	}
}

static void a_label_that_cannot_be_pinned_is_none(void **state)
{
	char text[LABEL_MAX + 64], label[LABEL_MAX + 1];

	(void)state;
	memset(text, 'l', sizeof(text));
	for (size_t len = LABEL_MAX - 1; len <= sizeof(text); len++) {
		put("attr/current", text, len);
		traits_label(fake.fd, -1, label);
		assert_int_equal(strlen(label), len <= LABEL_MAX ? len : 0);
	}
}

static void without_an_lsm_there_is_none(void **state)
{
	char label[LABEL_MAX + 1] = "left";

	(void)state;
	traits_label(fake.fd, 77, label);
	assert_string_equal(label, "");
	assert_false(traits_label_is(fake.fd, ""));
}

static void what_was_another_at_connect_has_none(void **state)
{
	static const struct {
		const char *then;
		size_t len;
		const char *label;
	} examples[] = {
		{ TEXT("payments_t\0"), "payments_t" },
		{ TEXT("payments_t"), "payments_t" },
		{ TEXT("payments_t (enforce)"), "payments_t" },
		{ TEXT("other_t\0"), "" },
		{ TEXT("payments_t2"), "" },
		{ TEXT(""), "" },
	};
	char label[LABEL_MAX + 1];

	(void)state;
	put("attr/current", TEXT("payments_t (enforce)\n"));
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		fake.peersec = examples[i].then;
		fake.peersec_len = examples[i].len;
		traits_label(fake.fd, 77, label);
		assert_string_equal(label, examples[i].label);
	}
	fake.peersec = NULL;
	traits_label(fake.fd, 77, label);
	assert_string_equal(label, "payments_t");
}

static void a_file_without_verity_has_no_digest(void **state)
{
	struct digest digest = { .len = 0 };
	int fd = -1;

	(void)state;
	put("exe", TEXT("#!/bin/true"));
	assert_int_equal(traits_exe(fake.fd, &digest, &fd), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(digest.len, 0);
}

static void it_is_the_same_executable_only_if_it_is_the_same_file(void **state)
{
	char path[128], copy[128];
	int fd;

	(void)state;
	put("exe", TEXT("#!/bin/true"));
	snprintf(path, sizeof(path), "%s/exe", fake.top);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(traits_exe_is(fake.fd, fd));
	assert_false(traits_exe_is(fake.fd, -1));
	put("copy", TEXT("#!/bin/true"));
	snprintf(copy, sizeof(copy), "%s/copy", fake.top);
	assert_int_equal(rename(copy, path), 0);
	assert_false(traits_exe_is(fake.fd, fd));
	assert_int_equal(unlink(path), 0);
	assert_false(traits_exe_is(fake.fd, fd));
	close(fd);
}

/* It must not wait for whoever would write to it. */
static void a_fifo_is_only_named(void **state)
{
	struct digest digest = { .len = 0 };
	char path[128];
	int fd = -1;

	(void)state;
	snprintf(path, sizeof(path), "%s/exe", fake.top);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(traits_exe(fake.fd, &digest, &fd), 0);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_label_is_what_the_kernel_compares, make, unmake),
		cmocka_unit_test_setup_teardown(a_label_that_cannot_be_pinned_is_none, make, unmake),
		cmocka_unit_test_setup_teardown(without_an_lsm_there_is_none, make, unmake),
		cmocka_unit_test_setup_teardown(what_was_another_at_connect_has_none, make, unmake),
		cmocka_unit_test_setup_teardown(a_file_without_verity_has_no_digest, make, unmake),
		cmocka_unit_test_setup_teardown(it_is_the_same_executable_only_if_it_is_the_same_file, make,
						unmake),
		cmocka_unit_test_setup_teardown(a_fifo_is_only_named, make, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
