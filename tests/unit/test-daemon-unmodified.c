// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a supervisor is given, what a program opens, and what is answered: daemon/handover.c, opening.c,
 * notify.c. The program is a child of this test with a filter of its own, and the kernel is the real one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "handover.h"
#include "notify.h"
#include "opening.h"
#include "supervisor.h"
#include "util.h"

#define GOOD	"{\"ociVersion\":\"1.0.2\",\"fds\":[\"x\",\"seccompFd\"],\"pid\":42,\"state\":{\"id\":\"c1\",\"pid\":41}}"

/* ---- the message of a runtime ---- */

static void a_state_names_process_container_and_descriptor(void **state)
{
	struct handover h;

	(void)state;
	assert_int_equal(handover_parse(GOOD, &h), 0);
	assert_int_equal(h.pid, 42);
	assert_string_equal(h.id, "c1");
	assert_int_equal(h.fd_index, 1);
}

static void a_state_without_one_of_them_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "{", "[]", "{}", GOOD "x",
		"{\"fds\":[\"seccompFd\"]}", "{\"fds\":[\"seccompFd\"],\"pid\":0}",
		"{\"fds\":[\"seccompFd\"],\"pid\":-1}", "{\"fds\":[\"seccompFd\"],\"pid\":\"1\"}",
		"{\"fds\":[\"seccompFd\"],\"pid\":2147483648}", "{\"fds\":\"seccompFd\",\"pid\":1}",
		"{\"fds\":[\"other\"],\"pid\":1}", "{\"pid\":1}",
	};
	struct handover h = { .pid = 7 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(handover_parse(bad[i], &h), -EBADMSG);
	assert_int_equal(h.pid, 7);
	assert_int_equal(handover_parse("{\"fds\":[\"seccompFd\"],\"pid\":1}", &h), 0);
}

static void send_with(int fd, const char *text, const int *fds, size_t n)
{
	char control[CMSG_SPACE(sizeof(int) * 4)] = { 0 };
	struct iovec iov = { (char *)text, strlen(text) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (n > 0) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
	}
	assert_int_equal(sendmsg(fd, &message, 0), iov.iov_len);
}

/* It need not wait for the end of the stream: that may never come. */
static void a_message_in_pieces_is_taken_once_it_is_whole(void **state)
{
	int pair[2], gifts[2] = { eventfd(0, 0), eventfd(7, 0) }, fd = -1;
	struct handover h;
	uint64_t value;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	send_with(pair[0], "{\"fds\":[\"x\",", gifts, 2);
	send_with(pair[0], "\"seccompFd\"],\"pid\":42}", NULL, 0);
	assert_int_equal(handover_receive(pair[1], &h, &fd), 0);
	assert_int_equal(read(fd, &value, sizeof(value)), sizeof(value));
	assert_int_equal(value, 7);
	close(fd);
	/* And one that ends before is none. */
	send_with(pair[0], "{\"fds\":[\"x\",", gifts, 2);
	shutdown(pair[0], SHUT_WR);
	assert_int_equal(handover_receive(pair[1], &h, &fd), -EBADMSG);
	assert_int_equal(handover_receive(pair[1], &h, &fd), -ENODATA);
	for (int i = 0; i < 2; i++) {
		close(pair[i]);
		close(gifts[i]);
	}
}

/* ---- what a program wants ---- */

static void only_the_names_of_the_drivers_are_devices(void **state)
{
	static const char *const other[] = {
		"/dev/uvx", "/dev/u", "/dev/", "/dev", "", "dev/uv", "uv", "//dev/uv", "/dev/uv/", "/dev/tdx-guest",
		"/dev/sev-guest2", "/etc/passwd",
	};

	(void)state;
	assert_string_equal(opening_device("/dev/sev-guest", 15), "sev-guest");
	assert_string_equal(opening_device("/dev/tdx_guest", 15), "tdx_guest");
	assert_string_equal(opening_device("/dev/uv\0rest", 12), "uv");
	assert_null(opening_device("/dev/sev-guest", 14));	/* its end was not read */
	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		assert_null(opening_device(other[i], strlen(other[i]) + 1));
}

static void flags_that_no_device_meets_are_refused_as_the_kernel_would(void **state)
{
	static const struct { uint64_t flags; int error; } bad[] = {
		{ O_PATH, EPERM }, { O_PATH | O_CLOEXEC, EPERM }, { O_DIRECTORY, ENOTDIR }, { O_TMPFILE | O_RDWR, ENOTDIR },
		{ O_CREAT | O_EXCL, EEXIST },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(opening_judge("uv", bad[i].flags).verdict, OPENING_REFUSED);
		assert_int_equal(opening_judge("uv", bad[i].flags).error, bad[i].error);
	}
	assert_int_equal(opening_judge("uv", O_RDWR | O_CREAT).verdict, OPENING_DEVICE);
	assert_false(opening_judge("uv", O_RDWR).close_on_exec);
	assert_true(opening_judge("uv", O_RDWR | O_CLOEXEC).close_on_exec);
}

static void errors_of_the_broker_become_those_of_open(void **state)
{
	static const struct { const char *error, *failed; int code; } list[] = {
		{ "io.teegate.Broker.NotAllowed", NULL, EPERM }, { "io.teegate.Broker.Forgeable", NULL, EPERM },
		{ "io.teegate.Broker.UnknownWorkload", NULL, EPERM }, { "io.teegate.Broker.Busy", NULL, EBUSY },
		{ "io.systemd.Disconnected", NULL, EBUSY }, { "io.teegate.Broker.Failed", "EOPNOTSUPP", ENOENT },
		{ "io.teegate.Broker.Failed", "ENODEV", ENODEV }, { "io.teegate.Broker.Failed", "ENOKEY", EIO },
		{ "io.teegate.Broker.Failed", NULL, EPERM }, { "org.varlink.service.MethodNotFound", NULL, EPERM },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		assert_int_equal(supervisor_errno(list[i].error, list[i].failed), list[i].code);
}

/* ---- with a program that waits ---- */

struct program {
	pid_t pid;
	struct notify *notify;
	int result;	/* of each call that it makes: an int */
};

/* Those that open files, and one that does not. */
static int filter_on(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(filter), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/* @act makes calls and tells each result. */
static struct program start(void (*act)(int out))
{
	struct program program = { .pid = -1 };
	int pair[2], fd;
	struct handover h;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	program.pid = fork();
	assert_true(program.pid >= 0);
	if (program.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fd = filter_on();
		if (fd < 0)
			_exit(1);
		send_with(pair[0], "{\"fds\":[\"seccompFd\"],\"pid\":1}", &fd, 1);
		close(fd);
		act(pair[0]);
		_exit(0);
	}
	close(pair[0]);
	assert_int_equal(handover_receive(pair[1], &h, &fd), 0);
	assert_int_equal(notify_new(fd, &program.notify), 0);
	program.result = pair[1];
	return program;
}

static void tell(int out, long r)
{
	int result = r < 0 ? -errno : (int)r;

	if (write(out, &result, sizeof(result)) != sizeof(result))
		_exit(1);
}

static int told(const struct program *program)
{
	int result;

	assert_int_equal(read(program->result, &result, sizeof(result)), sizeof(result));
	return result;
}

static struct opening next(const struct program *program, struct notification *n)
{
	struct opening opening;

	assert_int_equal(notify_receive(program->notify, n), 1);
	assert_true(notify_valid(program->notify, n->id));
	opening_look(n, &opening);
	return opening;
}

static void end(struct program *program)
{
	int status;

	assert_int_equal(waitpid(program->pid, &status, 0), program->pid);
	assert_int_equal(status, 0);
	notify_free(program->notify);
	close(program->result);
}

/* A path that ends with a page behind which there is none. */
static char *at_the_edge(const char *path)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(pages + 4096, 4096);
	return strcpy(pages + 4096 - strlen(path) - 1, path);
}

static void open_some(int out)
{
	struct open_how how = { .flags = O_RDWR | O_CLOEXEC };
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/dev/sev-guest", O_RDWR);
	uint64_t value;

	tell(out, fd < 0 || read(fd, &value, sizeof(value)) != sizeof(value) ? -1 : (int)value);
	tell(out, syscall(SYS_openat, AT_FDCWD, "/nonexistent", O_RDONLY));
	tell(out, syscall(SYS_openat, AT_FDCWD, at_the_edge("/dev/uv"), O_RDWR));
	tell(out, syscall(SYS_openat2, AT_FDCWD, "/dev/tdx_guest", &how, sizeof(how)));
	how.resolve = RESOLVE_BENEATH;
	tell(out, syscall(SYS_openat2, AT_FDCWD, "/dev/tdx_guest", &how, sizeof(how)));
	tell(out, syscall(SYS_openat, AT_FDCWD, 1L, O_RDONLY));
	tell(out, syscall(SYS_getpgid, 0));
}

static void a_program_is_given_a_descriptor_and_the_rest_goes_on(void **state)
{
	struct program program = start(open_some);
	struct notification n;
	struct opening o;
	int gift = eventfd(23, 0);

	(void)state;
	o = next(&program, &n);
	assert_int_equal(o.verdict, OPENING_DEVICE);
	assert_string_equal(o.device, "sev-guest");
	assert_int_equal(n.tid, program.pid);
	assert_int_equal(notify_give(program.notify, n.id, gift, o.close_on_exec), 0);
	assert_false(notify_valid(program.notify, n.id));
	assert_int_equal(told(&program), 23);

	o = next(&program, &n);
	assert_int_equal(o.verdict, OPENING_OTHER);
	notify_continue(program.notify, n.id);
	assert_int_equal(told(&program), -ENOENT);

	o = next(&program, &n);
	assert_int_equal(o.verdict, OPENING_DEVICE);
	assert_string_equal(o.device, "uv");
	notify_refuse(program.notify, n.id, EPERM);
	assert_int_equal(told(&program), -EPERM);

	o = next(&program, &n);
	assert_int_equal(o.verdict, OPENING_DEVICE);
	assert_true(o.close_on_exec);
	notify_refuse(program.notify, n.id, EBUSY);
	assert_int_equal(told(&program), -EBUSY);

	o = next(&program, &n);
	assert_int_equal(o.verdict, OPENING_REFUSED);
	assert_int_equal(o.error, EXDEV);
	notify_refuse(program.notify, n.id, o.error);
	assert_int_equal(told(&program), -EXDEV);

	/* Nothing to be read there: the kernel says so. */
	o = next(&program, &n);
	assert_int_equal(o.verdict, OPENING_OTHER);
	notify_continue(program.notify, n.id);
	assert_int_equal(told(&program), -EFAULT);

	/* Nothing that is to be told to a supervisor. */
	o = next(&program, &n);
	assert_int_equal(o.verdict, OPENING_REFUSED);
	assert_int_equal(o.error, ENOSYS);
	notify_refuse(program.notify, n.id, o.error);
	assert_int_equal(told(&program), -ENOSYS);
	close(gift);
	end(&program);
}

static void open_twice(int out)
{
	tell(out, syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY) < 0 ? -1 : 0);
	tell(out, syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY));
}

static void without_a_supervisor_nothing_opens(void **state)
{
	struct program program = start(open_twice);
	struct notification n;

	(void)state;
	assert_int_equal(next(&program, &n).verdict, OPENING_OTHER);
	notify_continue(program.notify, n.id);
	assert_int_equal(told(&program), 0);
	program.notify = notify_free(program.notify);
	assert_int_equal(told(&program), -ENOSYS);
	end(&program);
}

static void open_once(int out)
{
	tell(out, syscall(SYS_openat, AT_FDCWD, "/dev/uv", O_RDWR));
}

static void who_is_killed_meanwhile_is_not_valid_any_more(void **state)
{
	struct program program = start(open_once);
	int gift = eventfd(0, 0), status;
	struct notification n;

	(void)state;
	assert_int_equal(next(&program, &n).verdict, OPENING_DEVICE);
	assert_int_equal(kill(program.pid, SIGKILL), 0);
	assert_int_equal(waitpid(program.pid, &status, 0), program.pid);
	assert_false(notify_valid(program.notify, n.id));
	assert_int_equal(notify_give(program.notify, n.id, gift, false), 0);
	notify_free(program.notify);
	close(program.result);
	close(gift);
}

/* What answers ioctls as it likes is not to be asked. */
static void any_other_descriptor_is_refused(void **state)
{
	struct notify *notify = NULL;

	(void)state;
	assert_int_equal(notify_new(eventfd(0, 0), &notify), -EBADF);
	assert_int_equal(notify_new(open("/dev/null", O_RDWR), &notify), -EBADF);
	assert_int_equal(notify_new(socket(AF_UNIX, SOCK_STREAM, 0), &notify), -EBADF);
	assert_null(notify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_names_process_container_and_descriptor),
		cmocka_unit_test(a_state_without_one_of_them_is_refused),
		cmocka_unit_test(a_message_in_pieces_is_taken_once_it_is_whole),
		cmocka_unit_test(only_the_names_of_the_drivers_are_devices),
		cmocka_unit_test(flags_that_no_device_meets_are_refused_as_the_kernel_would),
		cmocka_unit_test(errors_of_the_broker_become_those_of_open),
		cmocka_unit_test(a_program_is_given_a_descriptor_and_the_rest_goes_on),
		cmocka_unit_test(without_a_supervisor_nothing_opens),
		cmocka_unit_test(who_is_killed_meanwhile_is_not_valid_any_more),
		cmocka_unit_test(any_other_descriptor_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
