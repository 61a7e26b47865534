// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Through teegated: ask for a lease, then use it like any other. The broker is no data path; it
 * is asked again only when its lease has ended.
 *
 * Each question has a connection of its own. The broker knows a client by who connected, so a kept
 * connection would speak for who this process was, not for who it is; and a connection is no thing
 * that threads and children after a fork could share.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/teegate.h>
#include <systemd/sd-json.h>
#include <systemd/sd-varlink.h>

#include "context.h"
#include "keys.h"

#define BROKER		"io.teegate.Broker."
/*
 * The broker answers from memory, the firmware is not its to wait for; but a first call may have to
 * wait for systemd to start it.
 */
#define ANSWER_MS	30000
/* How often to ask a broker that hangs up, after pauses that double from the next one on. */
#define ASK_TRIES	5
#define PAUSE_USEC	25000

#define cleanup(f) __attribute__((cleanup(f)))

/* Names in the interface, by the bit of their operation. */
static const char *const operation_names[OPERATIONS] = { "report", "raw", "extend", "key", "seal" };
static const char *const provider_names[] = { "none", "sev-snp", "tdx", "se" };
static const char *const transport_names[] = { "none", "driver", "direct" };
static const char *const state_names[] = { "absent", "waiting", "up", "lost", "dead" };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint32_t index_of(const char *const names[], size_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (name && strcmp(names[i], name) == 0)
			return i;
	return 0;
}

/* A member's text, or "". */
static const char *text_of(sd_json_variant *object, const char *key)
{
	sd_json_variant *v = sd_json_variant_by_key(object, key);

	return v && sd_json_variant_is_string(v) ? sd_json_variant_string(v) : "";
}

static int64_t number_of(sd_json_variant *object, const char *key, int64_t otherwise)
{
	sd_json_variant *v = sd_json_variant_by_key(object, key);

	return v && sd_json_variant_is_integer(v) ? sd_json_variant_integer(v) : otherwise;
}

static uint64_t operations_of(sd_json_variant *object, const char *key)
{
	sd_json_variant *v = sd_json_variant_by_key(object, key), *element;
	uint64_t ops = 0;

	if (!v || !sd_json_variant_is_array(v))
		return 0;
	for (size_t i = 0; i < sd_json_variant_elements(v); i++) {
		element = sd_json_variant_by_index(v, i);
		for (size_t j = 0; j < COUNT(operation_names); j++)
			if (sd_json_variant_is_string(element) &&
			    strcmp(sd_json_variant_string(element), operation_names[j]) == 0)
				ops |= 1ull << j;
	}
	return ops;
}

/* "ENOKEY" -> -ENOKEY */
static int errno_of(const char *name)
{
	const char *known;

	for (int i = 1; i < 134; i++) {
		known = strerrorname_np(i);
		if (known && strcmp(known, name) == 0)
			return -i;
	}
	return -EPROTO;
}

static int fail_connection(const tee_ctx *ctx, int error, const char *path)
{
	if (error == -ENOENT || error == -ECONNREFUSED || error == -ENOTDIR)
		return tee_fail(
			ctx, -ENODEV,
			"No broker listens on %s; is teegated.socket started, or the socket mounted?",
			path);
	if (error == -EINVAL)
		return tee_fail(ctx, error, "\"%s\" is no absolute path of a socket.", path);
	return tee_fail(ctx, error, "%s: %s.", path, strerror(-error));
}

/* The broker said no: its own words, for they name the workload and the missing policy. */
static int fail_refused(tee_ctx *ctx, const char *id, sd_json_variant *reply)
{
	const char *reason = text_of(reply, "reason");
	int error;

	if (strcmp(id, BROKER "NotAllowed") == 0)
		return tee_fail(
			ctx, -EPERM,
			"The broker takes this process for %s and refuses: %s. What would have to exist: %s",
			text_of(reply, "workload"), reason, text_of(reply, "rule"));
	if (strcmp(id, BROKER "UnknownWorkload") == 0)
		return tee_fail(ctx, -EPERM, "The broker cannot tell which workload this is: %s",
				reason);
	if (strcmp(id, BROKER "Forgeable") == 0)
		return tee_fail(
			ctx, -EPERM,
			"The broker refuses, because this workload could forge its evidence: %s",
			reason);
	if (strcmp(id, BROKER "Busy") == 0)
		return tee_fail(
			ctx, -EAGAIN,
			"The broker has too many requests of this workload. Try again in %lld ms.",
			(long long)number_of(reply, "retryAfterMs", 1000));
	if (strcmp(id, BROKER "Failed") == 0) {
		error = errno_of(text_of(reply, "errno"));
		return tee_fail(ctx, error, "The broker: %s %s", tee_strerror(error), reason);
	}
	return tee_fail(ctx, -EPROTO, "%s answered %s: it is not a broker that this library knows.",
			ctx->path, id);
}

/* The call itself failed. */
static int fail_call(tee_ctx *ctx, int error)
{
	switch (error) {
	case -ETIME:
		return tee_fail(
			ctx, -ETIMEDOUT,
			"The broker at %s did not answer in time; look at the journal of teegated.",
			ctx->path);
	case -ENOMEM:
		return tee_fail(ctx, error, "%s", tee_strerror(error));
	default:
		return tee_fail(ctx, -EPROTO,
				"The broker at %s does not speak as a broker does: %s", ctx->path,
				strerror(-error));
	}
}

/* One connection, one question. -ECONNRESET: the broker hung up instead of an answer. */
static int ask_once(tee_ctx *ctx, const char *method, sd_json_variant *parameters,
		    uint64_t timeout_ms, sd_varlink **ret_link, sd_json_variant **ret_reply)
{
	cleanup(sd_varlink_close_unrefp) sd_varlink *link = NULL;
	sd_json_variant *reply = NULL;
	const char *id = NULL;
	int r;

	r = sd_varlink_connect_address(&link, ctx->path);
	if (r < 0)
		return fail_connection(ctx, r, ctx->path);
	r = sd_varlink_set_relative_timeout(link, timeout_ms * 1000);
	if (r >= 0)
		r = sd_varlink_set_allow_fd_passing_input(link, true);
	if (r >= 0)
		r = sd_varlink_call(link, method, parameters, &reply, &id);
	if (r == -EPIPE || r == -ECONNRESET)
		return -ECONNRESET;
	if (r < 0)
		return fail_call(ctx, r);
	if (id)
		return fail_refused(ctx, id, reply);
	*ret_link = link;
	*ret_reply = reply;
	link = NULL;
	return 0;
}

/*
 * A broker that is restarted or killed hangs up, and its socket stays: the next connection waits there
 * until it is back. What we ask changes nothing that lasts, so it may be asked again, but for leases
 * that take their part of a budget: @tries is 1 for these. @ret_reply belongs to @ret_link. @parameters is
 * consumed.
 */
static int ask(tee_ctx *ctx, const char *method, sd_json_variant *parameters,
	       unsigned int timeout_ms, unsigned int tries, sd_varlink **ret_link,
	       sd_json_variant **ret_reply)
{
	cleanup(sd_json_variant_unrefp) sd_json_variant *sent = parameters;
	uint64_t end = tee_now_ms() + timeout_ms, now = tee_now_ms();
	int r = -ECONNRESET;

	for (unsigned int i = 0; r == -ECONNRESET && i < tries && now < end; i++) {
		if (i > 0)
			usleep(PAUSE_USEC << i);
		r = ask_once(ctx, method, sent, end - now, ret_link, ret_reply);
		now = tee_now_ms();
	}
	if (r != -ECONNRESET)
		return r;
	return tee_fail(
		ctx, -EAGAIN,
		"The broker at %s hung up: it is being restarted, or this workload has too many connections. Try again.",
		ctx->path);
}

/* The descriptor beside the reply: a lease, or nothing that we touch. */
static int take_lease(tee_ctx *ctx, sd_varlink *link, sd_json_variant *reply)
{
	int64_t index = number_of(reply, "leaseFd", -1);
	int fd = -EPROTO;

	if (index >= 0 && index < 16)
		fd = sd_varlink_take_fd(link, (size_t)index);
	if (fd < 0)
		return tee_fail(ctx, -EPROTO, "The broker at %s sent no descriptor.", ctx->path);
	if (!tee_kernel_is_lease(ctx, fd)) {
		close(fd);
		return tee_fail(
			ctx, -EPROTO,
			"The broker at %s sent a descriptor that is not a lease of teegate.",
			ctx->path);
	}
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

/* @event_bytes: of the one event that the lease is for, 0 when it is for reports. */
static int acquire(tee_ctx *ctx, unsigned int operation, size_t event_bytes,
		   unsigned int timeout_ms)
{
	cleanup(sd_varlink_close_unrefp) sd_varlink *link = NULL;
	sd_json_variant *parameters = NULL, *reply;
	bool extend = event_bytes > 0;
	int r;

	r = sd_json_build(&parameters,
			  SD_JSON_BUILD_OBJECT(
				SD_JSON_BUILD_PAIR("operations",
					SD_JSON_BUILD_ARRAY(
						SD_JSON_BUILD_STRING(operation_names[operation]))),
				SD_JSON_BUILD_PAIR_CONDITION(extend, "extendEvents",
							     SD_JSON_BUILD_UNSIGNED(1)),
				SD_JSON_BUILD_PAIR_CONDITION(extend, "extendBytes",
							     SD_JSON_BUILD_UNSIGNED(event_bytes))));
	if (r < 0)
		return tee_fail(ctx, r, "%s", tee_strerror(r));
	r = ask(ctx, BROKER "AcquireLease", parameters, timeout_ms, extend ? 1 : ASK_TRIES, &link,
		&reply);
	return r < 0 ? r : take_lease(ctx, link, reply);
}

/*
 * Puts @fd where all threads find it and returns the descriptor to use. The number, once set, stays
 * for the life of the context: a successor replaces the file behind it in one step, and a thread
 * that is in an ioctl on the old one is not disturbed. (ThreadSanitizer takes dup3() for a close()
 * that may race; the kernel makes it one step.)
 */
static int install(int *slot, int fd)
{
	int old = -1;

	if (__atomic_compare_exchange_n(slot, &old, fd, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return fd;
	if (dup3(fd, old, O_CLOEXEC) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	close(fd);
	return old;
}

/* What is left of a deadline; 0 stands for the module's default and stays. */
static int time_left(tee_ctx *ctx, unsigned int timeout_ms, uint64_t start, unsigned int *ret)
{
	uint64_t gone = tee_now_ms() - start;

	if (timeout_ms > 0 && gone >= timeout_ms)
		return tee_fail(ctx, -ETIMEDOUT, "%s", tee_strerror(-ETIMEDOUT));
	*ret = timeout_ms > 0 ? timeout_ms - (unsigned int)gone : 0;
	return 0;
}

/* How long the broker may take of what is left. */
static unsigned int answer_time(unsigned int left)
{
	return left > 0 && left < ANSWER_MS ? left : ANSWER_MS;
}

static int renew(tee_ctx *ctx, unsigned int operation, unsigned int timeout_ms, uint64_t start)
{
	unsigned int left = 0;
	int fd, r;

	r = time_left(ctx, timeout_ms, start, &left);
	if (r < 0)
		return r;
	fd = acquire(ctx, operation, 0, answer_time(left));
	if (fd < 0)
		return fd;
	fd = install(&ctx->lease[operation], fd);
	return fd < 0 ? tee_fail(ctx, fd, "Keeping the lease: %s", strerror(-fd)) : fd;
}

/* What is done with a lease; @timeout_ms is what is left of the deadline. */
typedef int (*use_t)(tee_ctx *ctx, int fd, unsigned int timeout_ms, void *argument);

static int use_on(tee_ctx *ctx, int fd, unsigned int timeout_ms, uint64_t start, use_t use,
		  void *argument)
{
	unsigned int left = 0;
	int r;

	r = time_left(ctx, timeout_ms, start, &left);
	return r < 0 ? r : use(ctx, fd, left, argument);
}

static int with_lease(tee_ctx *ctx, unsigned int operation, unsigned int timeout_ms, use_t use,
		      void *argument)
{
	uint64_t start = tee_now_ms();
	bool kept = true;
	int fd, r;

	fd = __atomic_load_n(&ctx->lease[operation], __ATOMIC_ACQUIRE);
	if (fd < 0) {
		kept = false;
		fd = renew(ctx, operation, timeout_ms, start);
		if (fd < 0)
			return fd;
	}
	r = use_on(ctx, fd, timeout_ms, start, use, argument);
	/* Expired, revoked because the policy changed, or of a module that is no more: ask once. */
	if (r != -ESTALE || !kept)
		return r;
	fd = renew(ctx, operation, timeout_ms, start);
	return fd < 0 ? fd : use_on(ctx, fd, timeout_ms, start, use, argument);
}

struct report_use {
	const struct tee_request *request;
	uint8_t **ret;
	size_t *ret_len;
};

static int use_report(tee_ctx *ctx, int fd, unsigned int timeout_ms, void *argument)
{
	const struct report_use *use = argument;
	struct tee_request rest = *use->request;

	rest.timeout_ms = timeout_ms;
	return tee_kernel_report(ctx, fd, &rest, use->ret, use->ret_len);
}

static int broker_report(tee_ctx *ctx, const struct tee_request *request, uint8_t **ret,
			 size_t *ret_len)
{
	struct report_use use = { request, ret, ret_len };

	return with_lease(ctx, request->flags & TEE_REPORT_RAW ? OPERATION_RAW : OPERATION_REPORT,
			  request->timeout_ms, use_report, &use);
}

static int use_keys(tee_ctx *ctx, int fd, unsigned int timeout_ms, void *argument)
{
	struct tee_key_call *call = argument;

	call->timeout_ms = timeout_ms;
	return tee_kernel_keys(ctx, fd, call);
}

/* On a lease, as reports: no key and nothing that is sealed passes through the broker. */
static int broker_keys(tee_ctx *ctx, struct tee_key_call *call)
{
	return with_lease(ctx, call->op == TEEGATE_OP_SEAL ? OPERATION_SEAL : OPERATION_KEY,
			  call->timeout_ms, use_keys, call);
}

/*
 * One lease for one event, charged to the workload as just that, and never asked for twice: when it
 * ends in the middle, nobody knows whether the register has changed.
 */
static int broker_extend(tee_ctx *ctx, const struct tee_event *event, uint8_t *ret_digest)
{
	struct tee_event rest = *event;
	uint64_t start = tee_now_ms();
	int fd, r;

	fd = acquire(ctx, OPERATION_EXTEND, event->len, answer_time(event->timeout_ms));
	if (fd < 0)
		return fd;
	r = time_left(ctx, event->timeout_ms, start, &rest.timeout_ms);
	if (r == 0)
		r = tee_kernel_extend(ctx, fd, &rest, ret_digest);
	close(fd);
	return r;
}

static void copy_text(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from);
}

static int broker_info(tee_ctx *ctx, struct tee_info *ret)
{
	cleanup(sd_varlink_close_unrefp) sd_varlink *link = NULL;
	sd_json_variant *parameters = NULL, *reply, *info, *software;
	int r;

	r = sd_json_build(&parameters, SD_JSON_BUILD_EMPTY_OBJECT);
	if (r < 0)
		return tee_fail(ctx, r, "%s", tee_strerror(r));
	r = ask(ctx, BROKER "GetInfo", parameters, ANSWER_MS, ASK_TRIES, &link, &reply);
	if (r < 0)
		return r;
	info = sd_json_variant_by_key(reply, "info");
	if (!info || !sd_json_variant_is_object(info))
		return tee_fail(ctx, -EPROTO, "The broker at %s answered no info.", ctx->path);

	software = sd_json_variant_by_key(info, "softwareFirmware");
	*ret = (struct tee_info) {
		.provider =
			index_of(provider_names, COUNT(provider_names), text_of(info, "provider")),
		.transport = index_of(transport_names, COUNT(transport_names),
				      text_of(info, "transport")),
		.state = index_of(state_names, COUNT(state_names), text_of(info, "state")),
		.vmpl = (uint32_t)number_of(info, "vmpl", 0),
		.module_ops = operations_of(info, "operations"),
		.lease_ops = operations_of(info, "allowed"),
		.in_flight = (uint32_t)number_of(info, "inFlight", 0),
		.quarantined = (uint32_t)number_of(info, "quarantined", 0),
		.in_flight_max = (uint32_t)number_of(info, "inFlightMax", 0),
	};
	ret->firmware_ops = ret->module_ops;
	/* Keys need no TEE where a root was installed. */
	if (ret->state != TEEGATE_STATE_UP)
		ret->firmware_ops &= TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL;
	if (software && sd_json_variant_is_boolean(software) && sd_json_variant_boolean(software))
		ret->taint = TEEGATE_TAINT_SOFTWARE_FIRMWARE;
	copy_text(ret->reason, sizeof(ret->reason), text_of(info, "reason"));
	copy_text(ret->workload, sizeof(ret->workload), text_of(info, "workload"));
	return 0;
}

static const struct tee_transport broker_transport = {
	.get_info = broker_info,
	.get_report = broker_report,
	.extend = broker_extend,
	.keys = broker_keys,
};

int tee_open_broker(tee_ctx *ctx, const char *path)
{
	cleanup(sd_varlink_close_unrefp) sd_varlink *link = NULL;
	int r;

	if (*path == '\0')
		path = TEE_BROKER_SOCKET;
	ctx->path = strdup(path);
	if (!ctx->path)
		return tee_fail(NULL, -ENOMEM, "%s", tee_strerror(-ENOMEM));
	r = sd_varlink_connect_address(&link, path);
	if (r < 0)
		return fail_connection(NULL, r, path);
	ctx->transport = &broker_transport;
	return 0;
}
