// SPDX-License-Identifier: GPL-2.0-or-later
/* Children that even SIGKILL does not end: daemon/exposure.c. The test plays the children. */
#include <errno.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "exposure.h"
#include "util.h"

static unsigned int started;
static bool hangs;

int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attr, char *const argv[], char *const env[]);
int __wrap_kill(pid_t pid, int sig);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);

int __wrap_posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attr, char *const argv[], char *const env[])
{
	(void)path;
	(void)actions;
	(void)attr;
	(void)argv;
	(void)env;
	*pid = (pid_t)++started;
	return 0;
}

int __wrap_kill(pid_t pid, int sig)
{
	assert_int_equal(pid, started);
	assert_int_equal(sig, SIGKILL);
	return 0;
}

pid_t __wrap_waitpid(pid_t pid, int *status, int options)
{
	(void)status;
	assert_int_equal(options, WNOHANG);	/* a thread that waits would be lost */
	return hangs ? 0 : pid;
}

static struct exposure look(uint64_t workload)
{
	struct peer peer = { .workload = workload, .cgroup = (char *)"/x" };
	struct exposure exposure;

	exposure_look(&peer, &exposure);
	assert_int_equal(exposure.verdict, EXPOSURE_UNKNOWN);
	return exposure;
}

static void who_made_one_hang_is_not_examined_again_and_others_are(void **state)
{
	(void)state;
	hangs = true;
	look(7);
	assert_int_equal(started, 1);
	assert_non_null(strstr(look(7).text, "does not answer"));
	assert_int_equal(started, 1);
	hangs = false;
	look(7);
	assert_int_equal(started, 2);
	hangs = true;
	look(7);
	look(8);
	assert_int_equal(started, 4);
	hangs = false;
	look(9);
	look(8);
	look(7);
	assert_int_equal(started, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_made_one_hang_is_not_examined_again_and_others_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
