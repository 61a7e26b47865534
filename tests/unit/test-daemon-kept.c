// SPDX-License-Identifier: GPL-2.0-or-later
/* What the service manager keeps of a registration, there and back: daemon/kept.c, daemon/fdstore.c. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "fdstore.h"
#include "kept.h"
#include "util.h"

static struct registration registration = {
	.voucher = { .uid = 10001 },
	.id = (char *)"c1",
	.pod = (char *)"p1",
	.image_name = (char *)"registry/pay \"1\"",
	.image_signer = (char *)"someone",
	.cgroup = (char *)"/system.slice/a.service/c1",
	.cgroup_id = UINT64_C(0x123456789abcdef0),
};

static struct entry entry = {
	.registration = &registration, .bundle = (char *)"/b", .pid = 4242, .with_socket = true,
};

static void everything_comes_back(void **state)
{
	static const char digest[] =
		"sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	CLEANUP(kept_done) struct kept kept = { 0 };
	CLEANUP(freep) char *text = NULL;
	CLEANUP(freep) char *read = NULL;
	CLEANUP(closep) int fd = -1;

	(void)state;
	assert_true(digest_parse(digest, strlen(digest), &registration.image));
	assert_int_equal(kept_make(&entry, &text), 0);
	assert_int_equal(fdstore_seal(text, &fd), 0);
	assert_int_equal(fdstore_unseal(fd, &read), 0);
	assert_string_equal(read, text);
	assert_int_equal(kept_parse(read, &kept), 0);
	assert_int_equal(kept.pid, 4242);
	assert_true(kept.with_socket);
	assert_string_equal(kept.bundle, "/b");
	assert_false(kept.registration->voucher.root);
	assert_int_equal(kept.registration->voucher.uid, 10001);
	assert_string_equal(kept.registration->id, "c1");
	assert_string_equal(kept.registration->pod, "p1");
	assert_string_equal(kept.registration->image_name, registration.image_name);
	assert_string_equal(kept.registration->image_signer, "someone");
	assert_string_equal(kept.registration->cgroup, registration.cgroup);
	assert_true(kept.registration->cgroup_id == registration.cgroup_id);
	assert_true(digest_equal(&kept.registration->image, &registration.image));
	assert_int_equal(kept.registration->config.len, 0);
}

#define GOOD	"\"id\":\"c1\",\"cgroup\":\"/a\",\"cgroupId\":7,\"pid\":1"

static void what_would_be_believed_wrongly_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "[]", "1", "{}", "{" GOOD "}", "{" GOOD ",\"uid\":0}", "{" GOOD ",\"uid\":4294967295}",
		"{" GOOD ",\"uid\":-1}", "{" GOOD ",\"uid\":\"1\"}", "{" GOOD ",\"root\":1}",
		"{" GOOD ",\"root\":true", "{" GOOD ",\"root\":true,\"imageDigest\":\"sha256:00\"}",
		"{\"id\":\"../c\",\"cgroup\":\"/a\",\"cgroupId\":7,\"pid\":1,\"root\":true}",
		"{\"id\":\"c1\",\"cgroup\":\"a\",\"cgroupId\":7,\"pid\":1,\"root\":true}",
		"{\"id\":\"c1\",\"cgroup\":\"/a\",\"cgroupId\":0,\"pid\":1,\"root\":true}",
		"{\"id\":\"c1\",\"cgroup\":\"/a\",\"cgroupId\":7,\"pid\":0,\"root\":true}",
		"{\"id\":\"c1\",\"cgroup\":\"/a\",\"cgroupId\":7,\"pid\":4294967297,\"root\":true}",
	};
	CLEANUP(kept_done) struct kept kept = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(kept_parse(bad[i], &kept), -EBADMSG);
	assert_int_equal(kept_parse("{" GOOD ",\"root\":true}", &kept), 0);
	assert_true(kept.registration->voucher.root);
}

static void what_somebody_may_still_change_is_refused(void **state)
{
	CLEANUP(closep) int open_fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CLEANUP(closep) int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CLEANUP(freep) char *text = NULL;

	(void)state;
	assert_int_equal(write(open_fd, "{}", 2), 2);
	assert_int_equal(fdstore_unseal(open_fd, &text), -EBADMSG);
	assert_int_equal(fcntl(open_fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
	assert_int_equal(fdstore_unseal(open_fd, &text), -EBADMSG);
	assert_int_equal(fcntl(open_fd, F_ADD_SEALS, F_SEAL_SEAL), 0);
	assert_int_equal(fdstore_unseal(open_fd, &text), 0);
	assert_string_equal(text, "{}");
	assert_int_equal(fdstore_unseal(null_fd, &text), -EBADMSG);
}

static void names_tell_what_is_kept(void **state)
{
	(void)state;
	assert_string_equal(fdstore_id("registration.c.1", "registration"), "c.1");
	assert_null(fdstore_id("registrations.c1", "registration"));
	assert_null(fdstore_id("registration", "registration"));
	assert_null(fdstore_id("socket.c1", "registration"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_comes_back),
		cmocka_unit_test(what_would_be_believed_wrongly_is_refused),
		cmocka_unit_test(what_somebody_may_still_change_is_refused),
		cmocka_unit_test(names_tell_what_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
