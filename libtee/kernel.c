// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The ioctls of the kernel module that leases take. Used by every transport that holds a descriptor
 * of the module, the broker's included: it hands out leases, not reports.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/teegate.h>

#include "context.h"

#define TIMEOUT_DEFAULT_MS	75000	/* for a module that names none */
#define TRIES			3	/* what comes with a report may grow between two tries */

int tee_kernel_ask_info(tee_ctx *ctx, int fd, struct teegate_get_info *ret)
{
	struct teegate_get_info info = { .size = sizeof(info) };
	int r;

	r = ctx->sys->ioctl(fd, TEEGATE_GET_INFO, &info);
	if (r < 0)
		return r;
	info.reason[sizeof(info.reason) - 1] = '\0';
	*ret = info;
	return 0;
}

int tee_kernel_info(tee_ctx *ctx, int fd, struct tee_info *ret)
{
	struct teegate_get_info info;
	int r;

	r = tee_kernel_ask_info(ctx, fd, &info);
	if (r < 0)
		return tee_kernel_fail(ctx, fd, r, "Asking the kernel module what there is", 0);

	*ret = (struct tee_info) {
		.provider = info.provider,
		.transport = info.transport,
		.state = info.state,
		.vmpl = info.vmpl,
		.module_ops = info.module_ops,
		.firmware_ops = info.firmware_ops,
		.lease_ops = info.lease_ops,
		.taint = info.taint,
		.lease_id = info.lease_id,
		.lease_expires_ms = info.lease_expires_ms,
		.reports = info.reports,
		.errors = info.errors,
		.queued = info.queued,
		.queue_max = info.queue_max,
		.in_flight = info.in_flight,
		.quarantined = info.quarantined,
		.in_flight_max = info.in_flight_max,
		.root_active = info.root_active,
		.roots = info.roots,
	};
	memcpy(ret->reason, info.reason, sizeof(ret->reason));
	memcpy(ret->root_id, info.root_id, sizeof(ret->root_id));
	return 0;
}

bool tee_kernel_is_lease(tee_ctx *ctx, int fd)
{
	struct teegate_get_info info;
	int r;

	if (ctx->sys->is_lease(fd) < 0)
		return false;
	r = tee_kernel_ask_info(ctx, fd, &info);
	/* One that is revoked or pinned elsewhere is a lease still; its use will say so. */
	return r == -ESTALE || r == -EPERM || (r == 0 && info.lease_id != 0);
}

static int buffers_fit(struct tee_buffers *b, uint32_t report_size, uint32_t aux_size)
{
	uint8_t *memory;

	/* Larger than any evidence may be: the module is not what we think it is. */
	if (report_size > TEE_EVIDENCE_MAX || aux_size > TEE_EVIDENCE_MAX)
		return -EPROTO;
	memory = realloc(b->memory, (size_t)report_size + aux_size + 1);
	if (!memory)
		return -ENOMEM;
	b->memory = memory;
	b->report_size = report_size;
	b->aux_size = aux_size;
	return 0;
}

static uint64_t pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static void prepare(struct teegate_get_report *arg, const struct tee_request *request,
		    struct tee_buffers *b)
{
	bool raw = request->flags & TEE_REPORT_RAW, aux = request->flags & TEE_REPORT_AUX;

	*arg = (struct teegate_get_report) {
		.size = sizeof(*arg),
		.flags = (raw ? TEEGATE_REPORT_RAW : 0) | (aux ? TEEGATE_REPORT_AUX : 0) |
			 (request->flags & TEE_REPORT_LOCAL ? TEEGATE_REPORT_LOCAL : 0),
		.user_data = pointer(request->user_data),
		.user_data_len = (uint32_t)request->user_data_len,
		.report = pointer(b->memory),
		.report_len = b->report_size,
	};
	if (aux) {
		arg->aux = pointer(b->memory + b->report_size);
		arg->aux_len = b->aux_size;
	}
	if (!raw) {
		arg->claims = pointer(b->claims);
		arg->claims_len = sizeof(b->claims);
		arg->path = pointer(b->path);
		arg->path_len = sizeof(b->path);
	}
	if (request->challenge_len > 0) {
		arg->challenge = pointer(request->challenge);
		arg->challenge_len = (uint32_t)request->challenge_len;
	}
}

/* One request, tried again with more room while the module asks for it and time is left. */
static int ask_report(tee_ctx *ctx, int fd, const struct tee_request *request,
		      unsigned int timeout_ms, struct tee_buffers *b, struct teegate_get_report *arg)
{
	uint64_t deadline = tee_now_ms() + timeout_ms, now;
	int r = -ENOSPC;

	for (unsigned int i = 0; i < TRIES; i++) {
		now = tee_now_ms();
		if (now >= deadline)
			return -ETIMEDOUT;
		prepare(arg, request, b);
		arg->timeout_ms = (uint32_t)(deadline - now);
		r = ctx->sys->ioctl(fd, TEEGATE_GET_REPORT, arg);
		if (r != -ENOSPC)
			return r;
		r = buffers_fit(b,
				arg->report_len > b->report_size ? arg->report_len : b->report_size,
				arg->aux_len > b->aux_size ? arg->aux_len : b->aux_size);
		if (r < 0)
			return r;
	}
	return -ENOSPC;
}

static unsigned int default_timeout(const struct teegate_get_info *info)
{
	return info->timeout_default_ms > 0 ? info->timeout_default_ms : TIMEOUT_DEFAULT_MS;
}

/* What the request lacks or has too much of for this TEE. */
static int check_provider(tee_ctx *ctx, int fd, const struct teegate_get_info *info,
			  const struct tee_request *request)
{
	bool se = info->provider == TEEGATE_PROVIDER_SE;

	/* Without a TEE that is what is wrong, and not the challenge. */
	if (info->provider == TEEGATE_PROVIDER_NONE)
		return request->challenge_len > 0
			? tee_kernel_fail(ctx, fd, -ENODEV, "Asking for a report", 0) : 0;
	if (se && request->challenge_len == 0)
		return tee_fail(ctx, -EINVAL,
				"IBM Secure Execution only answers the request of a verifier: give its challenge.");
	if (!se && request->challenge_len > 0)
		return tee_fail(ctx, -EINVAL,
				"A challenge is for IBM Secure Execution; this TEE takes the verifier's nonce as user data.");
	if (!se && request->user_data_len > TEE_USER_DATA_MAX)
		return tee_fail(ctx, -EINVAL, "User data of this TEE has at most %d bytes.",
				TEE_USER_DATA_MAX);
	return 0;
}

static int get_report(tee_ctx *ctx, int fd, const struct teegate_get_info *info,
		      const struct tee_request *request, struct teegate_get_report *arg,
		      uint8_t **ret, size_t *ret_len)
{
	struct tee_buffers *b;
	int r;

	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	r = buffers_fit(b, info->report_size_max,
			request->flags & TEE_REPORT_AUX ? info->aux_size_max : 0);
	if (r == 0)
		r = ask_report(ctx, fd, request,
			       request->timeout_ms > 0 ? request->timeout_ms
						       : default_timeout(info),
			       b, arg);
	if (r == 0)
		r = tee_item_from_answer(request, arg, b, ret, ret_len);
	free(b->memory);
	free(b);
	return r;
}

int tee_kernel_report(tee_ctx *ctx, int fd, const struct tee_request *request, uint8_t **ret,
		      size_t *ret_len)
{
	struct teegate_get_report arg = { 0 };
	struct tee_request wanted = *request;
	struct teegate_get_info info;
	int r;

	r = tee_kernel_ask_info(ctx, fd, &info);
	/* Both came with one version; an older module only says that it does not know the flag. */
	if (r == 0 && (request->flags & TEE_REPORT_LOCAL) && !(info.module_ops & TEEGATE_OP_EXTEND))
		r = -ENOTTY;
	if (r < 0)
		return tee_kernel_fail(ctx, fd, r, "Asking for a report", 0);
	r = check_provider(ctx, fd, &info, request);
	if (r < 0)
		return r;
	/* The measurement covers the additional data: without it nobody can check it. */
	if (info.provider == TEEGATE_PROVIDER_SE)
		wanted.flags |= TEE_REPORT_AUX;
	r = get_report(ctx, fd, &info, &wanted, &arg, ret, ret_len);
	if (r == -EINVAL && request->challenge_len > 0)
		return tee_fail(ctx, r,
				"The challenge is no attestation request (ARCB), or one that was cut off: the length in it is not its own.");
	return r < 0 ? tee_kernel_fail(ctx, fd, r, "Asking for a report", arg.fw_status) : 0;
}

int tee_kernel_can_extend(tee_ctx *ctx, const struct tee_info *info)
{
	if (!(info->module_ops & TEEGATE_OP_EXTEND))
		return tee_fail(ctx, -EOPNOTSUPP,
				"The kernel module teegate is older than runtime measurement. Update it.");
	if (info->state == TEEGATE_STATE_UP && !(info->firmware_ops & TEEGATE_OP_EXTEND))
		return tee_fail(ctx, -EOPNOTSUPP,
				"There are no registers to extend: that takes TDX, and a kernel that lets modules do it (tdx_mcall_extend_rtmr, Linux 6.16 or later).");
	return 0;
}

static int fail_extend(tee_ctx *ctx, int fd, int error, uint64_t fw_status)
{
	switch (error) {
	case -ENOSPC:
		return tee_fail(ctx, error,
				"The event log of this guest is full. Nothing can be extended until it restarts.");
	case -EDQUOT:
		return tee_fail(ctx, error,
				"The events or bytes that this lease may extend are used up. Acquire another, or ask the administrator for more.");
	default:
		return tee_kernel_fail(ctx, fd, error, "Extending a register", fw_status);
	}
}

/* Asks once only: a register that may have changed must not change again for the same event. */
int tee_kernel_extend(tee_ctx *ctx, int fd, const struct tee_event *event, uint8_t *ret_digest)
{
	struct teegate_extend arg = {
		.size = sizeof(arg),
		.index = event->index,
		.event = pointer(event->data),
		.event_len = (uint32_t)event->len,
		.timeout_ms = event->timeout_ms,
	};
	struct tee_info info;
	int r;

	r = tee_kernel_info(ctx, fd, &info);
	if (r == 0)
		r = tee_kernel_can_extend(ctx, &info);
	if (r < 0)
		return r;
	r = ctx->sys->ioctl(fd, TEEGATE_EXTEND, &arg);
	if (r < 0)
		return fail_extend(ctx, fd, r, arg.fw_status);
	memcpy(ret_digest, arg.digest, sizeof(arg.digest));
	return 0;
}
