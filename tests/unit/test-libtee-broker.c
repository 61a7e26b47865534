// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libtee through the broker. The broker here is a thread that reads one call and sends the bytes
 * that the test wants, so that it can also say what teegated never would; the leases that it hands
 * out lead to fake-module.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "context.h"
#include "fake-module.h"
#include "libtee-kit.h"

#define GOOD_LEASE                                                                                 \
	"{\"parameters\":{\"leaseFd\":0,\"leaseId\":7,\"operations\":[\"report\"],\"expiresMs\":0}}"

static char dir[] = "/tmp/test-libtee-broker.XXXXXX";
static struct sockaddr_un address = { .sun_family = AF_UNIX };

/* What the broker does with each call, and what it was asked. */
static struct {
	int listener;
	pthread_t thread;
	_Atomic(const char *) answer;	/* NULL: hangs up */
	atomic_int hang_ups;		/* so many times before it answers */
	atomic_bool send_fd, silent;
	atomic_uint calls, accepted, closed;
	char asked[4096];
} broker;

static void send_answer(int fd, const char *text, bool with_fd)
{
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)text, strlen(text) + 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	int passed = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct cmsghdr *c;

	if (with_fd) {
		message.msg_control = control.buffer;
		message.msg_controllen = sizeof(control.buffer);
		c = CMSG_FIRSTHDR(&message);
		*c = (struct cmsghdr) { .cmsg_level = SOL_SOCKET,
					.cmsg_type = SCM_RIGHTS,
					.cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(c), &passed, sizeof(int));
	}
	(void)sendmsg(fd, &message, MSG_NOSIGNAL);
	close(passed);
}

/* One call ends with a NUL. An end of file without one is tee_open() having a look. */
static bool read_call(int fd)
{
	char text[sizeof(broker.asked)];
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, text + len, sizeof(text) - len);
		if (n <= 0)
			return false;
		len += (size_t)n;
	} while (text[len - 1] != '\0' && len < sizeof(text));
	memcpy(broker.asked, text, len);
	return true;
}

static void *serve(void *unused)
{
	const char *answer;
	char byte;
	int fd;

	(void)unused;
	while ((fd = accept4(broker.listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		broker.accepted++;
		if (read_call(fd)) {
			broker.calls++;
			answer = broker.answer;
			if (broker.hang_ups > 0)
				broker.hang_ups--;
			else if (broker.silent)
				(void)!read(fd, &byte, 1); /* until the client has had enough */
			else if (answer)
				send_answer(fd, answer, broker.send_fd);
		}
		close(fd);
		broker.closed++;
	}
	return NULL;
}

static int start(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", dir);
	broker.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(broker.listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(broker.listener, 64) < 0)
		return -1;
	return pthread_create(&broker.thread, NULL, serve, NULL);
}

static int stop(void **state)
{
	(void)state;
	shutdown(broker.listener, SHUT_RDWR);
	pthread_join(broker.thread, NULL);
	close(broker.listener);
	unlink(address.sun_path);
	return rmdir(dir);
}

static int setup(void **state)
{
	fake_module_reset(state);
	fake_module_make_lease();
	broker.answer = GOOD_LEASE;
	broker.send_fd = true;
	broker.silent = false;
	broker.calls = 0;
	broker.hang_ups = 0;
	return 0;
}

static tee_ctx *on_broker(void)
{
	char target[160];
	tee_ctx *ctx;

	(void)snprintf(target, sizeof(target), "broker:%s", address.sun_path);
	if (tee_open_with(&fake_module_sys, target, &ctx) < 0)
		fail_msg("%s", tee_last_error(NULL));
	return ctx;
}

static void get_one(tee_ctx *ctx, unsigned int flags)
{
	tee_evidence *ev;

	if (tee_get_report(ctx, "n", 1, flags, 0, &ev) < 0)
		fail_msg("%s", tee_last_error(ctx));
	tee_evidence_free(ev);
}

static void lease_is_acquired_once_and_kept(void **state)
{
	tee_ctx *ctx = on_broker();

	(void)state;
	for (int i = 0; i < 5; i++)
		get_one(ctx, 0);
	assert_int_equal(broker.calls, 1);
	assert_int_equal(fake_module.reports, 5);
	assert_non_null(strstr(broker.asked, "io.teegate.Broker.AcquireLease"));
	assert_non_null(strstr(broker.asked, "\"report\""));
	assert_true(fcntl(fake_module.report_fd, F_GETFD) & FD_CLOEXEC);
	tee_close(ctx);
	assert_int_equal(fcntl(fake_module.report_fd, F_GETFD), -1);
}

static void raw_reports_use_a_lease_of_their_own(void **state)
{
	tee_ctx *ctx = on_broker();
	int bound;

	(void)state;
	get_one(ctx, 0);
	bound = fake_module.report_fd;
	get_one(ctx, TEE_REPORT_RAW);
	assert_int_not_equal(fake_module.report_fd, bound);
	assert_non_null(strstr(broker.asked, "\"raw\""));
	assert_null(strstr(broker.asked, "\"report\""));
	assert_int_equal(broker.calls, 2);
	tee_close(ctx);
}

static void ended_lease_is_replaced_once(void **state)
{
	tee_ctx *ctx = on_broker();
	tee_evidence *ev = NULL;
	int fd;

	(void)state;
	get_one(ctx, 0);
	fd = fake_module.report_fd;
	fake_module.report_error = -ESTALE;
	fake_module.report_errors = 1;
	get_one(ctx, 0);
	assert_int_equal(broker.calls, 2);
	assert_int_equal(fake_module.report_fd, fd);	/* replaced in place */

	fake_module.reports = 0;
	fake_module.report_errors = UINT32_MAX;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -ESTALE);
	assert_int_equal(broker.calls, 3);
	assert_int_equal(fake_module.reports, 2);
	assert_null(ev);
	tee_close(ctx);
}

static void fresh_lease_that_is_stale_is_not_replaced(void **state)
{
	tee_ctx *ctx = on_broker();
	tee_evidence *ev = NULL;

	(void)state;
	fake_module.report_error = -ESTALE;
	fake_module.report_errors = UINT32_MAX;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -ESTALE);
	assert_int_equal(broker.calls, 1);
	assert_null(ev);
	tee_close(ctx);
}

static void other_errors_do_not_ask_the_broker_again(void **state)
{
	static const int errors[] = { -EPERM, -ENOKEY, -EAGAIN, -ETIMEDOUT, -ENODEV, -EPROTO };
	tee_ctx *ctx = on_broker();
	tee_evidence *ev = NULL;

	(void)state;
	get_one(ctx, 0);
	fake_module.report_errors = UINT32_MAX;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_module.report_error = errors[i];
		assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), errors[i]);
	}
	assert_int_equal(broker.calls, 1);
	tee_close(ctx);
}

static void refusals_of_the_broker_pass_with_its_words(void **state)
{
	static const struct {
		const char *answer;
		int error;
		const char *says, *says_too;
	} cases[] = {
		{ "{\"error\":\"io.teegate.Broker.NotAllowed\",\"parameters\":{\"workload\":\"unit x.service, uid 1000\","
		  "\"reason\":\"no policy\",\"rule\":\"[Match] Unit=x.service\"}}",
		  -EPERM, "unit x.service, uid 1000", "[Match] Unit=x.service" },
		{ "{\"error\":\"io.teegate.Broker.UnknownWorkload\",\"parameters\":{\"reason\":\"it moved\"}}",
		  -EPERM, "it moved", "" },
		{ "{\"error\":\"io.teegate.Broker.Forgeable\",\"parameters\":{\"reason\":\"/dev/sev-guest\"}}",
		  -EPERM, "/dev/sev-guest", "forge" },
		{ "{\"error\":\"io.teegate.Broker.Busy\",\"parameters\":{\"retryAfterMs\":250}}",
		  -EAGAIN, "250 ms", "" },
		{ "{\"error\":\"io.teegate.Broker.Failed\",\"parameters\":{\"errno\":\"ENOKEY\",\"reason\":\"wiped\"}}",
		  -ENOKEY, "wiped", "restarts" },
		{ "{\"error\":\"io.teegate.Broker.Failed\",\"parameters\":{\"errno\":\"ENONSENSE\",\"reason\":\"?\"}}",
		  -EPROTO, "?", "" },
		{ "{\"error\":\"io.teegate.Broker.Failed\",\"parameters\":{}}", -EPROTO, "", "" },
		{ "{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{\"method\":\"x\"}}",
		  -EPROTO, "MethodNotFound", "" },
		{ "{\"parameters\":{}}", -EPROTO, "no descriptor", "" },
		{ "{\"parameters\":{\"leaseFd\":1}}", -EPROTO, "no descriptor", "" },
		{ "{\"parameters\":{\"leaseFd\":-1}}", -EPROTO, "no descriptor", "" },
		{ "{\"parameters\":{\"leaseFd\":4294967296}}", -EPROTO, "no descriptor", "" },
		{ "{\"parameters\":{\"leaseFd\":\"0\"}}", -EPROTO, "no descriptor", "" },
	};
	tee_ctx *ctx = on_broker();
	tee_evidence *ev = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		broker.answer = cases[i].answer;
		assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), cases[i].error);
		assert_said(ctx, cases[i].says);
		assert_said(ctx, cases[i].says_too);
	}
	assert_int_equal(fake_module.reports, 0);
	broker.answer = GOOD_LEASE;
	get_one(ctx, 0);
	tee_close(ctx);
}

static void broker_that_talks_nonsense_or_hangs_up_is_an_error(void **state)
{
	static const char *const answers[] = { NULL, "", "{", "[]", "null", "{\"parameters\":[]}",
					       "{}}" };
	tee_ctx *ctx = on_broker();
	tee_evidence *ev = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		int r;

		broker.answer = answers[i];
		r = tee_get_report(ctx, "n", 1, 0, 0, &ev);
		if (r != -EPROTO && r != -EAGAIN)
			fail_msg("number %zu gave %d", i, r);
		assert_said(ctx, address.sun_path);
	}
	assert_null(ev);
	broker.answer = NULL;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EAGAIN);
	tee_close(ctx);
}

static void broker_that_is_restarted_is_asked_again(void **state)
{
	tee_ctx *ctx = on_broker();
	struct tee_info info = { .size = sizeof(info) };

	(void)state;
	broker.hang_ups = 3;
	get_one(ctx, 0);
	assert_int_equal(broker.calls, 4);
	broker.answer = "{\"parameters\":{\"info\":{\"provider\":\"tdx\"}}}";
	broker.hang_ups = 2;
	assert_int_equal(tee_get_info(ctx, &info), 0);
	assert_int_equal(broker.calls, 7);
	tee_close(ctx);
}

static void broker_that_hangs_up_for_ever_is_one_to_try_later(void **state)
{
	tee_ctx *ctx = on_broker();
	tee_evidence *ev = NULL;
	uint8_t digest[48];

	(void)state;
	broker.hang_ups = 1000;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EAGAIN);
	assert_said(ctx, "restarted");
	assert_int_equal(broker.calls, 5);
	/* A lease that takes its part of a budget is asked for once. */
	broker.calls = 0;
	assert_int_equal(tee_extend(ctx, 2, "event", 5, 0, digest), -EAGAIN);
	assert_int_equal(broker.calls, 1);
	tee_close(ctx);
}

static void descriptor_that_is_no_lease_is_refused(void **state)
{
	tee_ctx *ctx = on_broker();
	tee_evidence *ev = NULL;

	(void)state;
	broker.send_fd = false;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EPROTO);
	broker.send_fd = true;
	fake_module.info.lease_id = 0;	/* a session, or anything else */
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EPROTO);
	assert_said(ctx, "not a lease");
	assert_int_equal(fake_module.reports, 0);
	ctx->sys = &tee_sys_linux;	/* which sees /dev/null for what it is */
	fake_module.info.lease_id = 7;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EPROTO);
	assert_said(ctx, "not a lease");
	tee_close(ctx);
}

/* The broker is no data path: a challenge of any length takes the lease. */
static void challenge_goes_to_the_module_and_not_to_the_broker(void **state)
{
	static uint8_t arcb[100000] = { [13] = 1, [14] = 0x86, [15] = 0xa0 };
	const struct tee_report_request request = {
		.size = sizeof(request),
		.challenge = arcb,
		.challenge_len = sizeof(arcb),
	};
	tee_evidence *ev = NULL;
	const uint8_t *data;
	tee_ctx *ctx;
	size_t len;

	fake_module_reset_se(state);
	fake_module_make_lease();
	ctx = on_broker();
	/* Once more on a new lease, with the same challenge. */
	fake_module.report_error = -ESTALE;
	for (unsigned int ends = 0; ends < 2; ends++) {
		fake_module.report_errors = ends;
		assert_int_equal(tee_ask_report(ctx, &request, &ev), 0);
		assert_int_equal(fake_module.report.challenge_len, sizeof(arcb));
		assert_int_equal(tee_evidence_get_challenge(ev, &data, &len), 0);
		assert_int_equal(len, sizeof(arcb));
		ev = tee_evidence_free(ev);
		assert_non_null(strstr(broker.asked, "AcquireLease"));
		assert_null(strstr(broker.asked, "challenge"));
	}
	assert_int_equal(broker.calls, 2);
	assert_int_equal(fake_module.reports, 3);
	/* And the store of secrets is behind no lease. */
	assert_int_equal(tee_add_secret(ctx, "request", 7, 0), -EPERM);
	assert_int_equal(fake_module.adds, 0);
	assert_int_equal(broker.calls, 2);
	tee_close(ctx);
}

static void silent_broker_meets_the_deadline(void **state)
{
	struct timespec before, after;
	tee_ctx *ctx = on_broker();
	tee_evidence *ev = NULL;

	(void)state;
	broker.silent = true;
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &before), 0);
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 300, &ev), -ETIMEDOUT);
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &after), 0);
	assert_in_range((after.tv_sec - before.tv_sec) * 1000 +
				(after.tv_nsec - before.tv_nsec) / 1000000,
			250, 20000);
	assert_said(ctx, "in time");
	tee_close(ctx);
}

static void info_comes_from_the_broker(void **state)
{
	struct tee_info info = { .size = sizeof(info), .vmpl = 99 };
	tee_ctx *ctx = on_broker();

	(void)state;
	broker.answer =
		"{\"parameters\":{\"info\":{\"provider\":\"sev-snp\",\"transport\":\"direct\",\"state\":\"lost\","
		"\"reason\":\"wiped\",\"vmpl\":2,\"operations\":[\"report\",\"raw\",\"seal\",\"later\"],\"softwareFirmware\":true,"
		"\"workload\":\"payments\",\"allowed\":[\"report\"]}}}";
	assert_int_equal(tee_get_info(ctx, &info), 0);
	assert_non_null(strstr(broker.asked, "io.teegate.Broker.GetInfo"));
	assert_int_equal(info.provider, TEE_PROVIDER_SEV_SNP);
	assert_int_equal(info.transport, TEEGATE_TRANSPORT_DIRECT);
	assert_int_equal(info.state, TEEGATE_STATE_LOST);
	assert_int_equal(info.vmpl, 2);
	assert_int_equal(info.module_ops, TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT | TEEGATE_OP_SEAL);
	assert_int_equal(info.firmware_ops, TEEGATE_OP_SEAL);
	assert_int_equal(info.lease_ops, TEEGATE_OP_REPORT);
	assert_int_equal(info.taint, TEEGATE_TAINT_SOFTWARE_FIRMWARE);
	assert_string_equal(info.reason, "wiped");
	assert_string_equal(info.workload, "payments");

	info.vmpl = 99;
	broker.answer = "{\"parameters\":{}}";
	assert_int_equal(tee_get_info(ctx, &info), -EPROTO);
	assert_int_equal(info.vmpl, 99);
	/* Unknown names are no index out of range, long ones no overflow. */
	broker.answer =
		"{\"parameters\":{\"info\":{\"provider\":\"cca\",\"state\":7,\"operations\":7,\"reason\":"
		"\"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
		"0123456789012345678901234567890123456789012345678901234567890123456789\"}}}";
	assert_int_equal(tee_get_info(ctx, &info), 0);
	assert_int_equal(info.provider, 0);
	assert_int_equal(info.state, 0);
	assert_int_equal(strlen(info.reason), sizeof(info.reason) - 1);
	tee_close(ctx);
}

static void info_of_tdx_tells_buffers_and_extend(void **state)
{
	struct tee_info info = { .size = sizeof(info) };
	tee_ctx *ctx = on_broker();

	(void)state;
	broker.answer =
		"{\"parameters\":{\"info\":{\"provider\":\"tdx\",\"transport\":\"direct\",\"state\":\"up\","
		"\"operations\":[\"report\",\"extend\",\"local\"],\"softwareFirmware\":false,\"allowed\":"
		"[\"extend\"],\"inFlight\":3,\"quarantined\":2,\"inFlightMax\":4}}}";
	assert_int_equal(tee_get_info(ctx, &info), 0);
	assert_int_equal(info.provider, TEE_PROVIDER_TDX);
	assert_int_equal(info.firmware_ops, TEEGATE_OP_REPORT | TEEGATE_OP_EXTEND);
	assert_int_equal(info.lease_ops, TEEGATE_OP_EXTEND);
	assert_int_equal(info.in_flight, 3);
	assert_int_equal(info.quarantined, 2);
	assert_int_equal(info.in_flight_max, 4);
	tee_close(ctx);
}

static void each_event_has_a_lease_of_its_own(void **state)
{
	uint8_t digest[TEE_DIGEST_SIZE] = { 0 };
	tee_ctx *ctx = on_broker();

	fake_module_reset_tdx(state);
	fake_module_make_lease();
	for (unsigned int i = 1; i <= 2; i++) {
		assert_int_equal(tee_extend(ctx, 3, "event", 5, 60000, digest), 0);
		assert_int_equal(broker.calls, i);
		assert_int_equal(fake_module.extends, i);
		assert_int_equal(digest[47], 0xd1);
		/* charged to the workload as what it is */
		assert_non_null(strstr(broker.asked, "io.teegate.Broker.AcquireLease"));
		assert_non_null(strstr(broker.asked, "[\"extend\"]"));
		assert_non_null(strstr(broker.asked, "\"extendEvents\":1"));
		assert_non_null(strstr(broker.asked, "\"extendBytes\":5"));
		assert_int_equal(fake_module.extend.index, 3);
		assert_in_range(fake_module.extend.timeout_ms, 1, 60000);
		assert_int_equal(fcntl(fake_module.extend_fd, F_GETFD), -1);
	}
	get_one(ctx, 0);
	assert_null(strstr(broker.asked, "extend"));
	tee_close(ctx);
}

static void extend_is_never_tried_twice(void **state)
{
	static const int errors[] = { -ESTALE, -ETIMEDOUT, -EDQUOT };
	tee_ctx *ctx = on_broker();

	fake_module_reset_tdx(state);
	fake_module_make_lease();
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		broker.calls = 0;
		fake_module.extends = 0;
		fake_module.extend_error = errors[i];
		assert_int_equal(tee_extend(ctx, 2, "e", 1, 0, NULL), errors[i]);
		assert_int_equal(broker.calls, 1);
		assert_int_equal(fake_module.extends, 1);
	}
	broker.answer =
		"{\"error\":\"io.teegate.Broker.NotAllowed\",\"parameters\":{\"workload\":\"x\","
		"\"reason\":\"used up\",\"rule\":\"ExtendEvents=\"}}";
	assert_int_equal(tee_extend(ctx, 2, "e", 1, 0, NULL), -EPERM);
	assert_said(ctx, "ExtendEvents=");
	tee_close(ctx);
}

static void *report_often(void *argument)
{
	tee_ctx *ctx = argument;
	tee_evidence *ev;

	for (int i = 0; i < 300; i++) {
		if (tee_get_report(ctx, "n", 1, 0, 0, &ev) < 0)
			return argument;
		tee_evidence_free(ev);
	}
	return NULL;
}

/* No secret goes over the socket: the broker hands out a lease, and the module does the rest. */
static void keys_and_blobs_use_leases_of_their_own(void **state)
{
	tee_ctx *ctx = on_broker();
	uint8_t key[32], *blob;
	size_t len;
	int fd;

	(void)state;
	get_one(ctx, 0);
	assert_int_equal(tee_derive_key(ctx, "disk", 4, NULL, 60000, key, sizeof(key), NULL), 0);
	assert_non_null(strstr(broker.asked, "AcquireLease"));
	assert_non_null(strstr(broker.asked, "\"operations\":[\"key\"]"));
	assert_null(strstr(broker.asked, "disk"));
	assert_in_range(fake_module.derive.timeout_ms, 1, 60000);
	fd = fake_module.key_fd;
	assert_int_not_equal(fd, fake_module.report_fd);
	assert_int_equal(tee_seal(ctx, "token", 5, "secret", 6, 0, &blob, &len), 0);
	free(blob);
	assert_non_null(strstr(broker.asked, "\"operations\":[\"seal\"]"));
	assert_null(strstr(broker.asked, "token"));
	assert_int_not_equal(fake_module.key_fd, fd);
	assert_int_equal(broker.calls, 3);
	assert_int_equal(tee_derive_key(ctx, "disk", 4, NULL, 0, key, sizeof(key), NULL), 0);
	assert_int_equal(fake_module.key_fd, fd);	/* kept */
	assert_int_equal(broker.calls, 3);
	tee_close(ctx);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void ended_lease_for_keys_is_replaced_once(void **state)
{
	uint8_t key[32], zero[32] = { 0 };
	tee_ctx *ctx = on_broker();

	(void)state;
	assert_int_equal(tee_derive_key(ctx, "l", 1, NULL, 0, key, sizeof(key), NULL), 0);
	fake_module.key_error = -ESTALE;
	fake_module.key_errors = 1;
	assert_int_equal(tee_derive_key(ctx, "l", 1, NULL, 0, key, sizeof(key), NULL), 0);
	assert_int_equal(broker.calls, 2);
	fake_module.key_errors = UINT32_MAX;
	memset(key, 0, sizeof(key));
	assert_int_equal(tee_derive_key(ctx, "l", 1, NULL, 0, key, sizeof(key), NULL), -ESTALE);
	assert_memory_equal(key, zero, sizeof(key));
	assert_int_equal(broker.calls, 3);
	tee_close(ctx);
}

static void threads_share_one_context(void **state)
{
	tee_ctx *ctx = on_broker();
	pthread_t ids[4];
	void *failed;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&ids[i], NULL, report_often, ctx), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(ids[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(fake_module.reports, 1200);
	assert_in_range(broker.calls, 1, 4);	/* they may all have been first */
	tee_close(ctx);
}

/* Those of the broker's connections aside: it is in this process, and may be about to close one. */
static size_t count_descriptors(void)
{
	size_t n = 0;

	for (int i = 0; i < 12000 && broker.accepted != broker.closed; i++)
		usleep(10000);
	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Some requests may meet two ends in a row; nothing else may happen to them. */
static void *report_or_stale(void *argument)
{
	tee_ctx *ctx = argument;
	tee_evidence *ev;
	int r;

	for (int i = 0; i < 100; i++) {
		r = tee_get_report(ctx, "n", 1, 0, 0, &ev);
		if (r == 0)
			tee_evidence_free(ev);
		else if (r != -ESTALE)
			return argument;
	}
	return NULL;
}

static void threads_may_replace_an_ended_lease_together(void **state)
{
	tee_ctx *ctx = on_broker();
	size_t descriptors;
	pthread_t ids[4];
	void *failed;

	(void)state;
	get_one(ctx, 0);
	descriptors = count_descriptors();
	fake_module.report_error = -ESTALE;
	fake_module.report_errors = 60;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&ids[i], NULL, report_or_stale, ctx), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(ids[i], &failed), 0);
		assert_null(failed);
	}
	assert_int_equal(fake_module.report_errors, 0);
	assert_in_range(broker.calls, 31, 61);
	get_one(ctx, 0);
	assert_int_equal(count_descriptors(), descriptors);
	tee_close(ctx);
	assert_int_equal(count_descriptors(), descriptors - 1);
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(lease_is_acquired_once_and_kept),
		T(raw_reports_use_a_lease_of_their_own),
		T(ended_lease_is_replaced_once),
		T(fresh_lease_that_is_stale_is_not_replaced),
		T(other_errors_do_not_ask_the_broker_again),
		T(refusals_of_the_broker_pass_with_its_words),
		T(broker_that_talks_nonsense_or_hangs_up_is_an_error),
		T(broker_that_is_restarted_is_asked_again),
		T(broker_that_hangs_up_for_ever_is_one_to_try_later),
		T(descriptor_that_is_no_lease_is_refused),
		T(challenge_goes_to_the_module_and_not_to_the_broker),
		T(silent_broker_meets_the_deadline),
		T(info_comes_from_the_broker),
		T(info_of_tdx_tells_buffers_and_extend),
		T(each_event_has_a_lease_of_its_own),
		T(extend_is_never_tried_twice),
		T(keys_and_blobs_use_leases_of_their_own),
		T(ended_lease_for_keys_is_replaced_once),
		T(threads_share_one_context),
		T(threads_may_replace_an_ended_lease_together),
	};

	return cmocka_run_group_tests_name("libtee through the broker", tests, start, stop);
}
