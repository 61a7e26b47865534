// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The public calls on a context: choose a way to the TEE, check arguments, and judge whatever came
 * back by the same decoder that judges strangers' evidence.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/teegate.h>

#include "context.h"

#define INFO_SIZE_MIN	offsetof(struct tee_info, in_flight)	/* sizeof() in 0.1 */
#define REQUEST_SIZE_MIN sizeof(struct tee_report_request)	/* sizeof() in 0.3, the first */

TEE_PUBLIC tee_ctx *tee_close(tee_ctx *ctx)
{
	if (!ctx)
		return NULL;
	if (ctx->fd >= 0)
		close(ctx->fd);
	for (size_t i = 0; i < OPERATIONS; i++)
		if (ctx->lease[i] >= 0)
			close(ctx->lease[i]);
	free(ctx->path);
	free(ctx->item);
	free(ctx);
	return NULL;
}

static tee_ctx *new_context(const struct tee_sys *sys)
{
	/* A number, not the address: that may come again, with another thread's old text on it. */
	static atomic_uint_least64_t next_serial = 1;
	tee_ctx *ctx;

	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return NULL;
	ctx->sys = sys;
	ctx->serial = atomic_fetch_add(&next_serial, 1);
	ctx->fd = -1;
	for (size_t i = 0; i < OPERATIONS; i++)
		ctx->lease[i] = -1;
	return ctx;
}

static int open_env(tee_ctx *ctx, const char *unused)
{
	(void)unused;
	return tee_open_env(ctx);
}

/* One way: all or nothing. */
static int try_way(const struct tee_sys *sys, int (*way)(tee_ctx *, const char *),
		   const char *argument, tee_ctx **ret_ctx)
{
	tee_ctx *ctx = new_context(sys);
	int r;

	if (!ctx)
		return tee_fail(NULL, -ENOMEM, "%s", tee_strerror(-ENOMEM));
	r = way(ctx, argument);
	if (r < 0) {
		tee_close(ctx);
		return r;
	}
	*ret_ctx = ctx;
	return 0;
}

static bool exists_but_not_for_us(int error)
{
	return error == -EACCES || error == -EPERM;
}

/*
 * The failure of the last way that was tried is of little use when an earlier one was nearly open:
 * "permission denied" tells more than "not there".
 */
static int choose(const struct tee_sys *sys, tee_ctx **ret_ctx)
{
	static const struct {
		int (*way)(tee_ctx *, const char *);
		const char *argument;
	} ways[] = {
		{ open_env, NULL },
		{ tee_open_device, TEEGATE_DEVICE },
		{ tee_open_broker, TEE_BROKER_SOCKET },
	};
	char texts[768] = "";
	int error = -ENODEV, r;
	size_t used = 0;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		r = try_way(sys, ways[i].way, ways[i].argument, ret_ctx);
		if (r >= 0 || r == -ENOMEM)
			return r;
		if (exists_but_not_for_us(r) && !exists_but_not_for_us(error))
			error = r;
		(void)snprintf(texts + used, sizeof(texts) - used, "%s%s", i > 0 ? " " : "",
			       tee_last_error(NULL));
		used += strlen(texts + used);
	}
	return tee_fail(NULL, error, "No way to the TEE: %s", texts);
}

int tee_open_with(const struct tee_sys *sys, const char *target, tee_ctx **ret_ctx)
{
	static const struct {
		const char *prefix;
		int (*way)(tee_ctx *, const char *);
	} ways[] = {
		{ "fd:", tee_open_fd },
		{ "device:", tee_open_device },
		{ "measured-boot:", tee_open_measured_boot },
		{ "broker:", tee_open_broker },
		{ "fake:", tee_open_fake },
	};

	if (!ret_ctx)
		return -EINVAL;
	if (!target)
		return choose(sys, ret_ctx);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		size_t len = strlen(ways[i].prefix);

		if (strncmp(target, ways[i].prefix, len) == 0)
			return try_way(sys, ways[i].way, target + len, ret_ctx);
	}
	return tee_fail(NULL, -EINVAL,
			"\"%.200s\" is not fd:N, device:PATH, measured-boot:PATH, broker:PATH, fake: or fake:FILE.",
			target);
}

TEE_PUBLIC int tee_open(const char *target, tee_ctx **ret_ctx)
{
	return tee_open_with(&tee_sys_linux, target, ret_ctx);
}

TEE_PUBLIC int tee_get_info(tee_ctx *ctx, struct tee_info *ret_info)
{
	struct tee_info info = { 0 };
	size_t size, known;
	int r;

	if (!ctx || !ret_info)
		return -EINVAL;
	size = ret_info->size;
	if (size < INFO_SIZE_MIN)
		return tee_fail(ctx, -EINVAL,
				"tee_info.size must be set to sizeof(struct tee_info).");

	r = ctx->transport->get_info(ctx, &info);
	if (r < 0)
		return r;
	/* The caller may be older or newer than this library. */
	known = size < sizeof(info) ? size : sizeof(info);
	memcpy(ret_info, &info, known);
	memset((char *)ret_info + known, 0, size - known);
	ret_info->size = size;
	return 0;
}

int tee_check_timeout(tee_ctx *ctx, unsigned int timeout_ms)
{
	if (timeout_ms > TEEGATE_TIMEOUT_MAX_MS)
		return tee_fail(ctx, -EINVAL, "The deadline is over %d ms.",
				TEEGATE_TIMEOUT_MAX_MS);
	return 0;
}

static int check_challenge(tee_ctx *ctx, const struct tee_request *request)
{
	if (!request->challenge && request->challenge_len > 0)
		return tee_fail(ctx, -EINVAL, "The challenge has a length but no address.");
	if (request->challenge && request->challenge_len == 0)
		return tee_fail(ctx, -EINVAL, "The challenge is empty.");
	if (request->challenge_len > TEE_CHALLENGE_MAX)
		return tee_fail(ctx, -EINVAL, "A challenge has at most %u bytes.",
				TEE_CHALLENGE_MAX);
	return 0;
}

static int check_request(tee_ctx *ctx, const struct tee_request *request)
{
	/* That more than 64 raw bytes take Secure Execution is known only with the module's answer. */
	size_t max = request->flags & TEE_REPORT_RAW && request->challenge ? TEE_RAW_DATA_MAX
									   : TEE_USER_DATA_MAX;
	int r;

	if (request->user_data_len > max)
		return tee_fail(ctx, -EINVAL,
				"User data has at most %zu bytes; hash what is longer.", max);
	if (!request->user_data && request->user_data_len > 0)
		return tee_fail(ctx, -EINVAL, "User data has a length but no address.");
	r = check_challenge(ctx, request);
	if (r < 0)
		return r;
	if (request->flags & ~(TEE_REPORT_RAW | TEE_REPORT_AUX | TEE_REPORT_LOCAL))
		return tee_fail(ctx, -EINVAL, "Unknown flags 0x%x.", request->flags);
	return tee_check_timeout(ctx, request->timeout_ms);
}

static int get_report(tee_ctx *ctx, const struct tee_request *request, tee_evidence **ret_evidence)
{
	bool raw = request->flags & TEE_REPORT_RAW;
	const char *why = "";
	tee_evidence *evidence;
	uint8_t *item;
	size_t len;
	int r;

	r = check_request(ctx, request);
	if (r < 0)
		return r;
	r = ctx->transport->get_report(ctx, request, &item, &len);
	if (r < 0)
		return r;
	r = tee_evidence_from_item(item, len, &evidence, &why);
	free(item);
	if (r == -ENOMEM)
		return tee_fail(ctx, r, "%s", tee_strerror(r));
	if (r < 0)
		return tee_fail(ctx, -EPROTO, "What was answered is not evidence: %s.", why);
	if (tee_evidence_plain(evidence)->bound == raw) {
		tee_evidence_free(evidence);
		return tee_fail(ctx, -EPROTO,
				"A %s report was asked for, and the other kind was answered.",
				raw ? "raw" : "bound");
	}
	*ret_evidence = evidence;
	return 0;
}

TEE_PUBLIC int tee_get_report(tee_ctx *ctx, const void *user_data, size_t user_data_len,
			      unsigned int flags, unsigned int timeout_ms,
			      tee_evidence **ret_evidence)
{
	const struct tee_request request = {
		.user_data = user_data,
		.user_data_len = user_data_len,
		.flags = flags,
		.timeout_ms = timeout_ms,
	};

	if (!ctx || !ret_evidence)
		return -EINVAL;
	return get_report(ctx, &request, ret_evidence);
}

/* As the kernel takes structures: what a newer caller may mean by bytes that we lack must be zero. */
static int check_size(tee_ctx *ctx, const struct tee_report_request *request)
{
	const uint8_t *bytes = (const uint8_t *)request;

	if (request->size < REQUEST_SIZE_MIN)
		return tee_fail(ctx, -EINVAL,
				"tee_report_request.size must be set to sizeof(struct tee_report_request).");
	for (size_t i = sizeof(*request); i < request->size; i++)
		if (bytes[i])
			return tee_fail(ctx, -E2BIG,
					"The request asks for something that this library is too old for.");
	return 0;
}

TEE_PUBLIC int tee_ask_report(tee_ctx *ctx, const struct tee_report_request *asked,
			      tee_evidence **ret_evidence)
{
	struct tee_request request;
	int r;

	if (!ctx || !asked || !ret_evidence)
		return -EINVAL;
	r = check_size(ctx, asked);
	if (r < 0)
		return r;
	request = (struct tee_request) {
		.user_data = asked->user_data,
		.user_data_len = asked->user_data_len,
		.flags = asked->flags,
		.timeout_ms = asked->timeout_ms,
		.challenge = asked->challenge,
		.challenge_len = asked->challenge_len,
	};
	return get_report(ctx, &request, ret_evidence);
}

static int check_event(tee_ctx *ctx, const struct tee_event *event)
{
	if (event->index != 2 && event->index != 3)
		return tee_fail(ctx, -EINVAL,
				"Register %u is not for events: 2 and 3 are, 0 and 1 belong to firmware.",
				event->index);
	if (!event->data || event->len < 1 || event->len > TEE_EVENT_MAX)
		return tee_fail(ctx, -EINVAL, "An event has 1 to %d bytes; hash what is longer.",
				TEE_EVENT_MAX);
	return tee_check_timeout(ctx, event->timeout_ms);
}

TEE_PUBLIC int tee_extend(tee_ctx *ctx, unsigned int index, const void *event, size_t event_len,
			  unsigned int timeout_ms, uint8_t ret_digest[TEE_DIGEST_SIZE])
{
	struct tee_event wanted = { index, event, event_len, timeout_ms };
	uint8_t digest[TEE_DIGEST_SIZE];
	int r;

	if (!ctx)
		return -EINVAL;
	r = check_event(ctx, &wanted);
	if (r < 0)
		return r;
	r = ctx->transport->extend(ctx, &wanted, digest);
	if (r < 0)
		return r;
	if (ret_digest)
		memcpy(ret_digest, digest, sizeof(digest));
	return 0;
}
