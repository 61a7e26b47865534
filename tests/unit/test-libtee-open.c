// SPDX-License-Identifier: GPL-2.0-or-later
/* How libtee finds its way to the TEE, and whom it does not believe; errors and threads. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "context.h"
#include "fake-module.h"
#include "libtee-kit.h"

static char dir[] = "/tmp/test-libtee-open.XXXXXX";

static int setup(void **state)
{
	unsetenv("TEE_LEASE_FD");
	return fake_module_reset(state);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static const char *in_dir(const char *name)
{
	static char path[100];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int open_fd(const struct tee_sys *sys, int fd, tee_ctx **ret)
{
	char target[32];

	(void)snprintf(target, sizeof(target), "fd:%d", fd);
	return tee_open_with(sys, target, ret);
}

static void put_in_environment(int fd)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", fd);
	setenv("TEE_LEASE_FD", text, 1);
}

/* Things that are no lease, in the hope that libtee takes one for it. */
static size_t impostors(int *fds)
{
	int pipes[2], sockets[2];
	const char *name;
	size_t n = 0;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	fds[n++] = pipes[0];
	fds[n++] = pipes[1];
	fds[n++] = sockets[0];
	fds[n++] = sockets[1];
	fds[n++] = open("/dev/null", O_RDWR | O_CLOEXEC);
	fds[n++] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	fds[n++] = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	fds[n++] = open("/", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	/* A file that has the very name. */
	name = in_dir("anon_inode:[teegate]");
	fds[n++] = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	unlink(name);
	fds[n++] = eventfd(0, EFD_CLOEXEC);	/* "anon_inode:[eventfd]" */
	fds[n++] = memfd_create("anon_inode:[teegate]", MFD_CLOEXEC);
	for (size_t i = 0; i < n; i++)
		assert_int_not_equal(fds[i], -1);
	return n;
}

static void what_is_no_lease_is_not_taken_for_one(void **state)
{
	int fds[16];
	size_t n = impostors(fds);
	tee_ctx *ctx = NULL;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		/* Seen by its name, before it is asked anything, */
		assert_int_equal(tee_sys_linux.is_lease(fds[i]), -EBADF);
		if (open_fd(&tee_sys_linux, fds[i], &ctx) != -EBADF)
			fail_msg("impostor %zu was taken", i);
		assert_null(ctx);
		assert_said(NULL, "not a lease");
		assert_int_not_equal(fcntl(fds[i], F_GETFD), -1);	/* and left open */
		close(fds[i]);
	}
	assert_int_equal(open_fd(&tee_sys_linux, 987, &ctx), -EBADF);

	/* The same call takes a lease. */
	fake_module.info.lease_id = 1;
	fds[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(open_fd(&fake_module_sys, fds[0], &ctx), 0);
	tee_close(ctx);
	assert_int_not_equal(fcntl(fds[0], F_GETFD), -1);
	close(fds[0]);
}

static void impostors_in_the_environment_are_passed_over(void **state)
{
	struct stat theirs, ours;
	int fds[16];
	size_t n = impostors(fds);
	tee_ctx *ctx = NULL;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		put_in_environment(fds[i]);
		/* Whatever this machine has, it is not that descriptor. */
		assert_int_equal(fstat(fds[i], &theirs), 0);
		if (tee_open_with(&tee_sys_linux, NULL, &ctx) == 0) {
			assert_true(fstat(ctx->fd, &ours) < 0 || ours.st_ino != theirs.st_ino ||
				    ours.st_dev != theirs.st_dev);
			ctx = tee_close(ctx);
		} else {
			assert_said(NULL, "not a lease");
		}
		close(fds[i]);
	}
}

static void session_is_no_lease(void **state)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	tee_ctx *ctx = NULL;

	(void)state;
	fake_module.info.lease_id = 0;
	assert_int_equal(open_fd(&fake_module_sys, fd, &ctx), -EBADF);
	fake_module.info.lease_id = 1;
	fake_module.not_a_lease = fd;
	assert_int_equal(open_fd(&fake_module_sys, fd, &ctx), -EBADF);
	fake_module.not_a_lease = 0;
	fake_module.info_error = -ENOTTY;
	assert_int_equal(open_fd(&fake_module_sys, fd, &ctx), -EBADF);
	assert_null(ctx);
	/* One that is revoked is a lease; using it says what is the matter. */
	fake_module.info_error = -ESTALE;
	assert_int_equal(open_fd(&fake_module_sys, fd, &ctx), 0);
	tee_close(ctx);
	close(fd);
}

static void lease_in_the_environment_comes_first(void **state)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	tee_ctx *ctx;

	(void)state;
	fake_module.info.lease_id = 1;
	put_in_environment(fd);
	assert_int_equal(tee_open_with(&fake_module_sys, NULL, &ctx), 0);
	assert_int_equal(fake_module.opens, 0);	/* the device was not even tried */
	assert_int_not_equal(ctx->fd, fd);	/* its own duplicate, */
	assert_true(fcntl(ctx->fd, F_GETFD) & FD_CLOEXEC);	/* for no child program */
	close(fd);
	tee_close(ctx);
}

static void junk_in_the_environment_is_passed_over(void **state)
{
	static const char *const junk[] = {
		"",	      " 3",    "+3",   "-1", "3 ", "3x", "0x3", "99999999999999999999",
		"2147483648", "three", "\xff",
	};
	tee_ctx *ctx;

	(void)state;
	fake_module.info.lease_id = 1;	/* every descriptor would pass */
	fake_module.open_error = -EACCES;
	for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
		setenv("TEE_LEASE_FD", junk[i], 1);
		if (tee_open_with(&fake_module_sys, NULL, &ctx) == 0)
			fail_msg("\"%s\" led somewhere", junk[i]);
	}
}

static void device_comes_before_the_broker(void **state)
{
	tee_ctx *ctx;

	(void)state;
	assert_int_equal(tee_open_with(&fake_module_sys, NULL, &ctx), 0);
	assert_int_not_equal(ctx->fd, -1);
	assert_null(ctx->path);
	tee_close(ctx);
}

static void the_nearest_miss_names_the_error(void **state)
{
	tee_ctx *ctx = NULL;

	(void)state;
	fake_module.open_error = -ENOENT;
	assert_int_equal(tee_open_with(&fake_module_sys, NULL, &ctx), -ENODEV);
	assert_said(NULL, "TEE_LEASE_FD");
	assert_said(NULL, "/dev/teegate");
	assert_said(NULL, "/run/teegate/broker.sock");
	fake_module.open_error = -EACCES;
	assert_int_equal(tee_open_with(&fake_module_sys, NULL, &ctx), -EACCES);
	fake_module.open_error = -EPERM;
	assert_int_equal(tee_open_with(&fake_module_sys, NULL, &ctx), -EPERM);
	assert_null(ctx);
}

static void targets_that_are_not_understood_are_einval(void **state)
{
	static const char *const bad[] = { "",	    "fd",	    "fd:",   "fd:x",   "fd:-1",
					   "fd: 3", "/dev/teegate", "FAKE:", "lease:3" };
	tee_ctx *ctx = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tee_open_with(&fake_module_sys, bad[i], &ctx), -EINVAL);
	assert_int_equal(tee_open(NULL, NULL), -EINVAL);
	assert_null(ctx);
}

static void device_must_be_one_and_answer(void **state)
{
	char target[160];
	tee_ctx *ctx = NULL;

	(void)state;
	/* A FIFO would hold open() up, if it were let. */
	assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
	(void)snprintf(target, sizeof(target), "device:%s", in_dir("fifo"));
	assert_int_equal(tee_open(target, &ctx), -ENODEV);
	assert_int_equal(tee_sys_linux.open(in_dir("fifo")), -ENODEV);
	unlink(in_dir("fifo"));
	assert_int_equal(tee_open(target, &ctx), -ENODEV);
	assert_int_equal(tee_open("device:/dev/null", &ctx), -ENODEV);
	assert_said(NULL, "does not answer as teegate");
	assert_null(ctx);
	/* The same, answered well. */
	assert_int_equal(tee_open_with(&fake_module_sys, "device:/dev/null", &ctx), 0);
	tee_close(ctx);
}

static void broker_that_is_not_there_is_enodev(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char target[160];
	tee_ctx *ctx = NULL;
	int fd, r;

	(void)state;
	r = tee_open("broker:/nonexistent/socket", &ctx);
	if (r == -EOPNOTSUPP) {
		assert_said(NULL, "without sd-varlink");
		skip();
	}
	assert_int_equal(r, -ENODEV);
	assert_int_equal(tee_open("broker:relative", &ctx), -EINVAL);
	/* A socket that nobody listens on any more. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_dir("dead.sock"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	(void)snprintf(target, sizeof(target), "broker:%s", address.sun_path);
	assert_int_equal(tee_open(target, &ctx), -ENODEV);
	unlink(address.sun_path);
	assert_null(ctx);
}

static void fake_makes_up_evidence_that_says_so(void **state)
{
	struct tee_info info = { .size = sizeof(info) };
	struct ev_claims claims;
	const uint8_t *data;
	tee_evidence *ev;
	tee_ctx *ctx;
	size_t len;

	(void)state;
	assert_int_equal(tee_open("fake:", &ctx), 0);
	assert_int_equal(tee_get_info(ctx, &info), 0);
	assert_int_equal(info.taint, TEEGATE_TAINT_SOFTWARE_FIRMWARE);
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), 0);
	assert_int_equal(tee_evidence_get_claims(ev, &data, &len), 0);
	assert_int_equal(ev_claims_decode(data, len, &claims, NULL), 0);
	assert_non_null(strstr(claims.taint, "no TEE"));
	ev_claims_done(&claims);
	assert_int_equal(tee_evidence_get_user_data(ev, &data, &len), 0);
	assert_memory_equal(data, "n", 1);
	tee_evidence_free(ev);
	assert_int_equal(tee_get_report(ctx, NULL, 0, TEE_REPORT_RAW, 0, &ev), 0);
	tee_evidence_free(ev);
	tee_close(ctx);
}

static void write_file(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void fake_answers_with_a_file(void **state)
{
	uint8_t *item, *again;
	size_t len, len_again;
	tee_evidence *ev;
	char target[160];
	tee_ctx *ctx;

	(void)state;
	assert_int_equal(tee_open("fake:", &ctx), 0);
	assert_int_equal(tee_get_report(ctx, "first", 5, 0, 0, &ev), 0);
	assert_int_equal(tee_evidence_serialize(ev, &item, &len), 0);
	tee_evidence_free(ev);
	tee_close(ctx);

	(void)snprintf(target, sizeof(target), "fake:%s", in_dir("evidence.cbor"));
	write_file(in_dir("evidence.cbor"), item, len);
	assert_int_equal(tee_open(target, &ctx), 0);
	assert_int_equal(tee_get_report(ctx, "second", 6, 0, 0, &ev), 0);
	assert_int_equal(tee_evidence_serialize(ev, &again, &len_again), 0);
	assert_int_equal(len, len_again);
	assert_memory_equal(item, again, len);
	tee_evidence_free(ev);
	free(again);
	/* It is bound, and cannot stand for a raw one. */
	assert_int_equal(tee_get_report(ctx, "x", 1, TEE_REPORT_RAW, 0, &ev), -EPROTO);
	assert_said(ctx, "other kind");
	tee_close(ctx);

	ctx = NULL;
	write_file(in_dir("evidence.cbor"), item, len - 1);
	assert_int_equal(tee_open(target, &ctx), -EBADMSG);
	assert_said(NULL, "cut off");
	write_file(in_dir("evidence.cbor"), "", 0);
	assert_int_equal(tee_open(target, &ctx), -EBADMSG);
	assert_int_equal(truncate(in_dir("evidence.cbor"), TEE_EVIDENCE_MAX + 1), 0);
	assert_int_equal(tee_open(target, &ctx), -E2BIG);
	unlink(in_dir("evidence.cbor"));
	assert_int_equal(tee_open(target, &ctx), -ENOENT);
	assert_int_equal(tee_open("fake:/", &ctx), -EINVAL);
	assert_null(ctx);
	free(item);
}

static void parse_is_the_inverse_of_serialize(void **state)
{
	uint8_t *item, *again;
	size_t len, len_again;
	tee_evidence *ev;
	tee_ctx *ctx;

	(void)state;
	assert_int_equal(tee_open("fake:", &ctx), 0);
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), 0);
	assert_int_equal(tee_evidence_serialize(ev, &item, &len), 0);
	ev = tee_evidence_free(ev);
	assert_null(ev);
	assert_int_equal(tee_evidence_parse(item, len, &ev), 0);
	assert_int_equal(tee_evidence_serialize(ev, &again, &len_again), 0);
	assert_int_equal(len, len_again);
	assert_memory_equal(item, again, len);
	ev = tee_evidence_free(ev);
	assert_int_equal(tee_evidence_parse(item, len - 1, &ev), -EBADMSG);
	assert_int_equal(tee_evidence_parse(NULL, 0, &ev), -EBADMSG);
	assert_int_equal(tee_evidence_parse(NULL, 1, &ev), -EINVAL);
	assert_int_equal(tee_evidence_parse(item, TEE_EVIDENCE_MAX + 1, &ev), -E2BIG);
	assert_null(ev);
	free(item);
	free(again);
	tee_close(ctx);
}

static void null_is_an_error_and_no_crash(void **state)
{
	const uint8_t *data;
	tee_evidence *ev;
	const char *name;
	uint32_t n;
	size_t len;

	(void)state;
	assert_null(tee_close(NULL));
	assert_null(tee_evidence_free(NULL));
	assert_int_equal(tee_get_info(NULL, NULL), -EINVAL);
	assert_int_equal(tee_get_report(NULL, NULL, 0, 0, 0, &ev), -EINVAL);
	assert_int_equal(tee_evidence_get_provider(NULL, &name), -EINVAL);
	assert_int_equal(tee_evidence_get_report(NULL, &data, &len), -EINVAL);
	assert_int_equal(tee_evidence_get_aux(NULL, &data, &len), -EINVAL);
	assert_int_equal(tee_evidence_get_claims(NULL, &data, &len), -EINVAL);
	assert_int_equal(tee_evidence_get_user_data(NULL, &data, &len), -EINVAL);
	assert_int_equal(tee_evidence_get_blind(NULL, &data, &len), -EINVAL);
	assert_int_equal(tee_evidence_get_tree(NULL, &n, &n, &data, &len), -EINVAL);
	assert_int_equal(tee_evidence_serialize(NULL, NULL, NULL), -EINVAL);
}

static void every_errno_has_a_sentence_of_its_own(void **state)
{
	static const int errors[] = {
		EINVAL,	    E2BIG,	EFAULT, EBADF,	EPERM,	EACCES,	 ESTALE,
		EOPNOTSUPP, ENODEV,	ENOKEY, EAGAIN, EDQUOT, ENOSPC,	 EINTR,
		ETIMEDOUT,  EREMOTEIO,	EPROTO, ENOTTY, ENOMEM, EBADMSG, ENODATA,
		ENOENT,	    ECONNREFUSED, EMFILE, ENFILE, EKEYREJECTED, EILSEQ, EPROTONOSUPPORT,
		EMSGSIZE,   EXDEV,	ENXIO,	EEXIST,
	};
	const size_t n = sizeof(errors) / sizeof(errors[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(tee_strerror(-errors[i]), tee_strerror(-errors[j]));
	for (size_t i = 0; i < n; i++)
		assert_string_not_equal(tee_strerror(-errors[i]), tee_strerror(-100000));
	assert_string_equal(tee_strerror(0), tee_strerror(5));
}

/* Texts of threads and contexts do not mix. */
struct thread {
	tee_ctx *shared;
	unsigned int flags;
	bool ok;
};

static void *fail_often(void *argument)
{
	struct thread *thread = argument;
	char expected[16];
	tee_evidence *ev;
	tee_ctx *own;

	(void)snprintf(expected, sizeof(expected), "0x%x", thread->flags);
	thread->ok =
		strcmp(tee_last_error(thread->shared), "") == 0 && tee_open("fake:", &own) == 0;
	for (unsigned int i = 0; i < 2000 && thread->ok; i++) {
		thread->ok =
			tee_get_report(thread->shared, NULL, 0, thread->flags, 0, &ev) == -EINVAL &&
			strstr(tee_last_error(thread->shared), expected) &&
			strcmp(tee_last_error(own), "") == 0;
		if (thread->ok && tee_get_report(thread->shared, "n", 1, 0, 0, &ev) == 0)
			tee_evidence_free(ev);
		else
			thread->ok = false;
	}
	tee_close(own);
	return NULL;
}

static void texts_belong_to_one_context_and_one_thread(void **state)
{
	struct thread threads[4];
	pthread_t ids[4];
	tee_evidence *ev;
	tee_ctx *ctx;

	(void)state;
	assert_int_equal(tee_open("fake:", &ctx), 0);
	assert_int_equal(tee_get_report(ctx, NULL, 0, 0x100, 0, &ev), -EINVAL);
	for (unsigned int i = 0; i < 4; i++) {
		threads[i] = (struct thread) { .shared = ctx, .flags = 0x1000u << i };
		assert_int_equal(pthread_create(&ids[i], NULL, fail_often, &threads[i]), 0);
	}
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(ids[i], NULL), 0);
		assert_true(threads[i].ok);
	}
	assert_said(ctx, "0x100");
	tee_close(ctx);
	/* A new context at the same address has nothing to tell. */
	assert_int_equal(tee_open("fake:", &ctx), 0);
	assert_string_equal(tee_last_error(ctx), "");
	tee_close(ctx);
}

static void child_of_a_fork_may_go_on(void **state)
{
	tee_evidence *ev;
	int status, r;
	tee_ctx *ctx;
	pid_t pid;

	(void)state;
	fake_module.info.lease_id = 0;
	assert_int_equal(tee_open_with(&fake_module_sys, "device:/dev/teegate", &ctx), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		r = tee_get_report(ctx, "child", 5, 0, 0, &ev);
		if (r == 0)
			tee_evidence_free(ev);
		tee_close(ctx);
		_exit(r == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(tee_get_report(ctx, "parent", 6, 0, 0, &ev), 0);
	tee_evidence_free(ev);
	tee_close(ctx);
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_no_lease_is_not_taken_for_one),
		T(impostors_in_the_environment_are_passed_over),
		T(session_is_no_lease),
		T(lease_in_the_environment_comes_first),
		T(junk_in_the_environment_is_passed_over),
		T(device_comes_before_the_broker),
		T(the_nearest_miss_names_the_error),
		T(targets_that_are_not_understood_are_einval),
		T(device_must_be_one_and_answer),
		T(broker_that_is_not_there_is_enodev),
		T(fake_makes_up_evidence_that_says_so),
		T(fake_answers_with_a_file),
		T(parse_is_the_inverse_of_serialize),
		T(null_is_an_error_and_no_crash),
		T(every_errno_has_a_sentence_of_its_own),
		T(texts_belong_to_one_context_and_one_thread),
		T(child_of_a_fork_may_go_on),
	};

	return cmocka_run_group_tests_name("libtee: ways and errors", tests, make_dir, remove_dir);
}
