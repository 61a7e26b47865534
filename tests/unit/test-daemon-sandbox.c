// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the daemon's own filter takes away, and what it leaves: daemon/sandbox.c. Each attempt is made
 * twice by a child of this test, before and after the filter is applied: what fails afterwards did
 * not fail before, or for another reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/teegate.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox.h"
#include "util.h"

/* 0, or the errno of the attempt. */
typedef int (*attempt_t)(void);

static int outcome(long r)
{
	return r < 0 ? errno : 0;
}

static int internet_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return fd < 0 ? errno : close(fd);
}

static int netlink_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);

	return fd < 0 ? errno : close(fd);
}

static int unix_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	return fd < 0 ? errno : close(fd);
}

static int foreign_ioctl(void)
{
	int flags = 0, fd = open("/proc/self/status", O_RDONLY), r;

	r = outcome(ioctl(fd, FIGETBSZ, &flags));
	close(fd);
	return r;
}

/* Of the module, which is not here: anything but EPERM got through. */
static int own_ioctl(void)
{
	struct teegate_get_info info = { .size = sizeof(info) };
	int fd = open("/proc/self/status", O_RDONLY), r;

	r = outcome(ioctl(fd, TEEGATE_GET_INFO, &info)) == ENOTTY ? 0 : errno;
	close(fd);
	return r;
}

static int executable_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : munmap(p, 4096);
}

static int made_executable(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int r = outcome(mprotect(p, 4096, PROT_READ | PROT_EXEC));

	munmap(p, 4096);
	return r;
}

static int plain_memory(void)
{
	void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : munmap(p, 1 << 20);
}

/* A signal of no effect, to itself. */
static int signal_other_than_kill(void)
{
	return outcome(kill(getpid(), SIGCONT));
}

static int namespaces(void)
{
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUTS | SIGCHLD, NULL, NULL, NULL, 0);

	if (child == 0)
		_exit(0);
	return child < 0 ? errno : outcome(waitpid(child, NULL, 0));
}

static int unshare_nothing(void)
{
	return outcome(unshare(0));
}

static int bpf_probe(void)
{
	/* A command that does not exist: EINVAL where it is asked at all. */
	return outcome(syscall(SYS_bpf, 0x7fffffff, NULL, 0)) == EPERM ? EPERM : 0;
}

static int personality_query(void)
{
	return outcome(syscall(SYS_personality, 0xffffffff));
}

static int keyring(void)
{
	/* KEYCTL_GET_KEYRING_ID of the session, which need not exist. */
	return outcome(syscall(SYS_keyctl, 0, -3, 0)) == EPERM ? EPERM : 0;
}

static int mount_nothing(void)
{
	return outcome(syscall(SYS_mount, "none", "/nonexistent", "none", 0, NULL)) == ENOENT ? 0 : errno;
}

static int io_uring(void)
{
	long fd = syscall(SYS_io_uring_setup, 0, NULL);

	return errno == EPERM && fd < 0 ? EPERM : 0;
}

static int read_a_file(void)
{
	char byte;
	int fd = open("/proc/self/status", O_RDONLY);
	int r = fd < 0 || read(fd, &byte, 1) != 1 ? errno : 0;

	close(fd);
	return r;
}

static int wake_the_loop(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	return fd < 0 ? errno : close(fd);
}

static void *nothing(void *userdata)
{
	return userdata;
}

static int a_thread(void)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, nothing, NULL);

	return r ?: pthread_join(thread, NULL);
}

static const struct {
	const char *what;
	attempt_t attempt;
	bool allowed;
	bool may_fail_before;	/* where tests run without the privilege that it takes */
} attempts[] = {
	{ "an internet socket", internet_socket, false, false },
	{ "a netlink socket", netlink_socket, false, false },
	{ "a socket for the journal", unix_socket, true, false },
	{ "an ioctl of somebody else", foreign_ioctl, false, false },
	{ "an ioctl of the module", own_ioctl, true, false },
	{ "writable and executable memory", executable_memory, false, false },
	{ "memory made executable", made_executable, false, false },
	{ "memory", plain_memory, true, false },
	{ "a signal other than KILL", signal_other_than_kill, false, false },
	{ "a child in another namespace", namespaces, false, true },
	{ "unshare()", unshare_nothing, false, false },
	{ "bpf()", bpf_probe, false, true },
	{ "personality()", personality_query, false, false },
	{ "keyctl()", keyring, false, true },
	{ "mount()", mount_nothing, false, true },
	{ "io_uring_setup()", io_uring, false, true },
	{ "a file", read_a_file, true, false },
	{ "an eventfd", wake_the_loop, true, false },
	{ "a thread", a_thread, true, false },
};

/* What a child writes: for each attempt its errno. */
static void try_all(int fd)
{
	int results[ARRAY_SIZE(attempts)];

	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++)
		results[i] = attempts[i].attempt();
	if (write(fd, results, sizeof(results)) != sizeof(results))
		_exit(1);
}

static pid_t start(int *ret_fd)
{
	int fds[2];
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		close(fds[0]);
	else
		close(fds[1]);
	*ret_fd = fds[child == 0];
	return child;
}

static void finish(pid_t child, int fd, void *results, size_t size)
{
	int status;

	assert_int_equal(read(fd, results, size), size);
	close(fd);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void what_is_not_in_the_table_fails_and_what_is_goes_on(void **state)
{
	int before[ARRAY_SIZE(attempts)], after[ARRAY_SIZE(attempts)], fd;
	pid_t child;

	(void)state;
	child = start(&fd);
	if (child == 0) {
		try_all(fd);
		if (sandbox_lock(SANDBOX_DAEMON) < 0)
			_exit(2);
		try_all(fd);
		_exit(0);
	}
	assert_int_equal(read(fd, before, sizeof(before)), sizeof(before));
	finish(child, fd, after, sizeof(after));
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
		if (before[i] != 0 && !attempts[i].may_fail_before)
			fail_msg("%s failed without the filter: %s", attempts[i].what, strerror(before[i]));
		if (attempts[i].allowed && after[i] != 0)
			fail_msg("%s should go on: %s", attempts[i].what, strerror(after[i]));
		if (!attempts[i].allowed && after[i] != EPERM)
			fail_msg("%s should be EPERM: %s", attempts[i].what, strerror(after[i]));
	}
}

static pthread_barrier_t barrier;
static int of_the_thread;

static void *wait_and_try(void *userdata)
{
	pthread_barrier_wait(&barrier);
	of_the_thread = internet_socket();
	return userdata;
}

static void it_covers_threads_that_were_there_before(void **state)
{
	int results[2] = { 0 }, fd;
	pid_t child;

	(void)state;
	child = start(&fd);
	if (child == 0) {
		pthread_t thread;

		pthread_barrier_init(&barrier, NULL, 2);
		results[0] = internet_socket();
		if (pthread_create(&thread, NULL, wait_and_try, NULL) || sandbox_lock(SANDBOX_DAEMON) < 0)
			_exit(2);
		pthread_barrier_wait(&barrier);
		pthread_join(thread, NULL);
		results[1] = of_the_thread;
		_exit(write(fd, results, sizeof(results)) != sizeof(results));
	}
	finish(child, fd, results, sizeof(results));
	assert_int_equal(results[0], 0);
	assert_int_equal(results[1], EPERM);
}

/* As exposure.c does: this program anew, as a child that adds a filter of its own. */
static void a_child_may_still_be_started(void **state)
{
	char *argv[] = { (char *)"child", NULL }, *environment[] = { NULL };
	int results[1] = { 0 }, fd;
	pid_t child;

	(void)state;
	child = start(&fd);
	if (child == 0) {
		int status = -1;
		pid_t grandchild;

		if (sandbox_enter(SANDBOX_DAEMON) < 0 || sandbox_lock(SANDBOX_DAEMON) < 0)
			_exit(2);
		if (posix_spawn(&grandchild, "/proc/self/exe", NULL, NULL, argv, environment) ||
		    waitpid(grandchild, &status, 0) != grandchild)
			_exit(3);
		results[0] = status;
		_exit(write(fd, results, sizeof(results)) != sizeof(results));
	}
	finish(child, fd, results, sizeof(results));
	assert_true(WIFEXITED(results[0]));
	assert_int_equal(WEXITSTATUS(results[0]), 42);
}

/* 42: the child of the daemon reads files and makes no sockets, not even those of the daemon. */
static int be_a_child(void)
{
	if (sandbox_enter(SANDBOX_LOOK) < 0)
		return 1;
	if (unix_socket() != 0)
		return 2;
	if (sandbox_lock(SANDBOX_LOOK) < 0)
		return 3;
	if (unix_socket() != EPERM)
		return 4;
	return read_a_file() == 0 ? 42 : 5;
}

static void nobody_may_dump_it_and_capabilities_are_few(void **state)
{
	struct { int dumpable; uint64_t effective; } result;
	unsigned long long effective;
	char line[256];
	pid_t child;
	int fd;

	(void)state;
	assert_int_equal(prctl(PR_GET_DUMPABLE), 1);
	child = start(&fd);
	if (child == 0) {
		FILE *status;

		if (sandbox_enter(SANDBOX_DAEMON) < 0)
			_exit(2);
		status = fopen("/proc/self/status", "re");
		while (status && fgets(line, sizeof(line), status))
			if (sscanf(line, "CapEff: %llx", &effective) == 1)
				result.effective = effective;
		result.dumpable = prctl(PR_GET_DUMPABLE);
		_exit(write(fd, &result, sizeof(result)) != sizeof(result));
	}
	finish(child, fd, &result, sizeof(result));
	assert_int_equal(result.dumpable, 0);
	/* DAC_READ_SEARCH, NET_ADMIN, SYS_PTRACE, SYS_ADMIN, and of these what there was before. */
	assert_int_equal(result.effective & ~(UINT64_C(1) << 2 | UINT64_C(1) << 12 | UINT64_C(1) << 19 |
					      UINT64_C(1) << 21), 0);
}

static int execute(void)
{
	char *argv[] = { (char *)"true", NULL };

	return outcome(execve("/nonexistent", argv, NULL)) == ENOENT ? 0 : errno;
}

/* SECCOMP_IOCTL_NOTIF_RECV of what is no such descriptor: anything but EPERM got through. */
static int notification(void)
{
	char buf[256] = { 0 };
	int fd = open("/proc/self/status", O_RDONLY), r;

	r = outcome(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, buf)) == ENOTTY ? 0 : errno;
	close(fd);
	return r;
}

/* It asks teegated, by a socket; the module's administrator is that. */
static void a_supervisor_answers_programs_and_has_no_say_with_the_module(void **state)
{
	static const struct {
		attempt_t attempt;
		int after;
	} list[] = {
		{ notification, 0 }, { unix_socket, 0 }, { read_a_file, 0 },
		{ own_ioctl, EPERM }, { execute, EPERM }, { internet_socket, EPERM }, { namespaces, EPERM },
	};
	int before[ARRAY_SIZE(list)], after[ARRAY_SIZE(list)], fd;
	pid_t child;

	(void)state;
	child = start(&fd);
	if (child == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(list); i++)
			before[i] = list[i].attempt();
		if (sandbox_enter(SANDBOX_SUPERVISE) < 0 || sandbox_lock(SANDBOX_SUPERVISE) < 0)
			_exit(2);
		for (size_t i = 0; i < ARRAY_SIZE(list); i++)
			after[i] = list[i].attempt();
		_exit(write(fd, before, sizeof(before)) != sizeof(before) ||
		      write(fd, after, sizeof(after)) != sizeof(after));
	}
	assert_int_equal(read(fd, before, sizeof(before)), sizeof(before));
	finish(child, fd, after, sizeof(after));
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		/* Namespaces take root. */
		assert_true(before[i] == 0 || list[i].attempt == namespaces);
		assert_int_equal(after[i], list[i].after);
	}
}

/* And the daemon has none with programs. */
static void only_a_supervisor_answers_programs(void **state)
{
	int results[2], fd;
	pid_t child;

	(void)state;
	child = start(&fd);
	if (child == 0) {
		results[0] = notification();
		if (sandbox_lock(SANDBOX_DAEMON) < 0)
			_exit(2);
		results[1] = notification();
		_exit(write(fd, results, sizeof(results)) != sizeof(results));
	}
	finish(child, fd, results, sizeof(results));
	assert_int_equal(results[0], 0);
	assert_int_equal(results[1], EPERM);
}

static void each_line_says_why(void **state)
{
	const struct sandbox_line *line;
	unsigned int n = 0;

	(void)state;
	for (; (line = sandbox_line(n)); n++) {
		assert_true(strlen(line->reason) > 3);
		assert_true(line->programs != 0);
		/* A child inherits the daemon's filter, so what it needs has to be there. */
		if ((line->programs & SANDBOX_LOOK) && !(line->programs & SANDBOX_DAEMON))
			fail_msg("%s is of no use to a child: the daemon has it not", line->call);
		assert_true(line->arg >= -1 && line->arg < 6);
		assert_int_equal(line->value & ~line->mask, 0);
	}
	assert_true(n > 80);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_in_the_table_fails_and_what_is_goes_on),
		cmocka_unit_test(it_covers_threads_that_were_there_before),
		cmocka_unit_test(a_child_may_still_be_started),
		cmocka_unit_test(nobody_may_dump_it_and_capabilities_are_few),
		cmocka_unit_test(a_supervisor_answers_programs_and_has_no_say_with_the_module),
		cmocka_unit_test(only_a_supervisor_answers_programs),
		cmocka_unit_test(each_line_says_why),
	};

	if (argc == 1 && !strcmp(argv[0], "child"))
		_exit(be_a_child());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
