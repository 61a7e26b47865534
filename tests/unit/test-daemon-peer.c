// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of a client whom the kernel does not name: daemon/peer.c, with the kernel's answers about the
 * socket played here. Those who can be named are examined in tests/unit/daemon-*.py.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "peer.h"
#include "util.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD	77
#endif

#define SOCKET	77
#define USER	10001

static int error;	/* of SO_PEERPIDFD; 0: a pidfd of ourselves */

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len);

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	const struct ucred cred = { .pid = getpid(), .uid = USER };
	int pidfd;

	assert_int_equal(level, SOL_SOCKET);
	if (name == SO_PEERCRED) {
		assert_int_equal(fd, SOCKET);
		assert_int_equal(*len, sizeof(cred));
		memcpy(value, &cred, sizeof(cred));
		return 0;
	}
	errno = name == SO_PEERPIDFD ? error : ENOPROTOOPT;	/* sockets have no label */
	if (errno)
		return -1;
	pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	assert_true(pidfd >= 0);
	memcpy(value, &pidfd, sizeof(pidfd));
	return 0;
}

static struct peer *identify(int with)
{
	CLEANUP(closep) int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct peer *peer;

	error = with;
	assert_int_equal(peer_identify(SOCKET, root_fd, &peer), 0);
	assert_int_equal(peer->uid, USER);	/* known in any case */
	return peer;
}

static void reaped_unavailable_and_unsupported_are_told_apart(void **state)
{
	static const struct {
		int error;
		const char *why;
	} cases[] = {
		{ ESRCH, "the process that connected has exited" },
		{ EINVAL, "the process that connected has exited" },
		{ ENODATA, "its socket has no other end that the kernel could name" },
		{ ENOPROTOOPT, "the kernel is too old to tell which process connected" },
		{ EIO, "teegated could not look at it: Input/output error" },
	};
	struct peer *peer;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		peer = identify(cases[i].error);
		assert_string_equal(peer->nameless, cases[i].why);
		assert_string_equal(peer->place.account, "(nameless)");
		assert_int_equal(peer->pid, 0);
		assert_int_equal(peer->pidfd < 0, 1);
		peer_unref(peer);
	}
	/* Whom the kernel names is looked at, whatever comes of that here. */
	peer = identify(0);
	assert_int_equal(peer->pid, getpid());
	assert_true(peer->pidfd >= 0 && peer->proc_fd >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_not_equal(peer->nameless, cases[i].why);
	peer_unref(peer);
}

/* What a client holds must not decide whether there is a next one. */
static void out_of_descriptors_is_no_word_about_the_client(void **state)
{
	struct peer *peer;

	(void)state;
	error = EMFILE;
	assert_int_equal(peer_identify(SOCKET, -1, &peer), -EMFILE);
	peer = identify(ESRCH);
	assert_true(*peer->nameless);
	peer_unref(peer);
}

static void only_a_kernel_that_is_too_old_is_unsupported(void **state)
{
	(void)state;
	error = 0;
	assert_int_equal(peer_supported(), 0);
	error = ENOPROTOOPT;
	assert_int_equal(peer_supported(), -EOPNOTSUPP);
	error = EPERM;
	assert_int_equal(peer_supported(), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reaped_unavailable_and_unsupported_are_told_apart),
		cmocka_unit_test(out_of_descriptors_is_no_word_about_the_client),
		cmocka_unit_test(only_a_kernel_that_is_too_old_is_unsupported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
