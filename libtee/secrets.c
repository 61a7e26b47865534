// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The store of secrets of IBM Secure Execution: the public calls and their ioctls, in one file
 * because only a session on /dev/teegate reaches it. Nothing here looks into a secret; requests are
 * encrypted for the Ultravisor.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/teegate.h>

#include "context.h"
#include "fw-status.h"

#define SECRETS_FIRST	64	/* room in the first try, */
#define SECRETS_MAX	65536	/* and at most: the Ultravisor counts in 16 bits */
#define TRIES		3	/* another administrator may add between two */

static uint64_t pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* 0, or a failure with words: @ctx is the administrator's, and its TEE has @op. */
static int check(tee_ctx *ctx, uint64_t op, unsigned int timeout_ms)
{
	struct tee_info info;
	int r;

	r = tee_check_timeout(ctx, timeout_ms);
	if (r < 0)
		return r;
	if (!ctx->transport->is_session)
		return tee_fail(ctx, -EPERM,
				"The store of secrets is the administrator's: open device:" TEEGATE_DEVICE ".");
	r = tee_kernel_info(ctx, ctx->fd, &info);
	if (r < 0)
		return r;
	if (info.provider != TEEGATE_PROVIDER_SE && info.provider != TEEGATE_PROVIDER_NONE)
		return tee_fail(ctx, -EOPNOTSUPP, "Only IBM Secure Execution has a store of secrets.");
	if (!(info.module_ops & op))
		return tee_fail(ctx, -ENOTTY, "%s", tee_strerror(-ENOTTY));
	if (info.state == TEEGATE_STATE_UP && !(info.firmware_ops & op))
		return tee_fail(ctx, -EOPNOTSUPP,
				"The Ultravisor of this machine does not offer that to its guests.");
	return 0;
}

/* Never in the words for a report: the Ultravisor's reasons are other ones here. */
static int fail_list(tee_ctx *ctx, int error, const char *what, uint64_t fw_status)
{
	if (!fw_status)
		return tee_kernel_fail(ctx, ctx->fd, error, what, 0);
	return tee_fail(ctx, error, "%s: %s (firmware code 0x%llx)", what, tee_strerror(error),
			(unsigned long long)fw_status);
}

static int fail_change(tee_ctx *ctx, int error, const char *what, uint64_t fw_status)
{
	const char *words = fw_status_secret_text(fw_status);

	if (!words)
		return fail_list(ctx, error, what, fw_status);
	return tee_fail(ctx, error, "%s: %s (firmware code 0x%llx).", what, words,
			(unsigned long long)fw_status);
}

TEE_PUBLIC int tee_add_secret(tee_ctx *ctx, const void *request, size_t request_len,
			      unsigned int timeout_ms)
{
	struct teegate_add_secret arg = {
		.size = sizeof(arg),
		.request = pointer(request),
		.timeout_ms = timeout_ms,
	};
	int r;

	if (!ctx)
		return -EINVAL;
	if (!request || request_len < 1 || request_len > TEE_SECRET_MAX)
		return tee_fail(ctx, -EINVAL, "An add-secret request has 1 to %u bytes.",
				TEE_SECRET_MAX);
	arg.request_len = (uint32_t)request_len;
	r = check(ctx, TEEGATE_OP_ADD_SECRET, timeout_ms);
	if (r < 0)
		return r;
	/* Once: what may have been added must not be added again. */
	r = ctx->sys->ioctl(ctx->fd, TEEGATE_ADD_SECRET, &arg);
	return r < 0 ? fail_change(ctx, r, "Adding a secret", arg.fw_status) : 0;
}

/* One list, asked for again with more room while there is more and time is left. */
static int ask_list(tee_ctx *ctx, unsigned int timeout_ms, struct teegate_secret **ret,
		    struct teegate_list_secrets *arg)
{
	uint64_t deadline = tee_now_ms() + timeout_ms, now;
	struct teegate_secret *list = NULL, *larger;
	uint32_t room = SECRETS_FIRST;
	int r = -ENOSPC;

	for (unsigned int i = 0; i < TRIES && r == -ENOSPC; i++) {
		now = tee_now_ms();
		larger = realloc(list, room * sizeof(*list));
		if (!larger)
			r = -ENOMEM;
		else if (timeout_ms > 0 && now >= deadline)
			r = -ETIMEDOUT;
		list = larger ? larger : list;
		if (r != -ENOSPC)
			break;
		*arg = (struct teegate_list_secrets) {
			.size = sizeof(*arg),
			.secrets = pointer(list),
			.count = room,
			.timeout_ms = timeout_ms > 0 ? (uint32_t)(deadline - now) : 0,
		};
		r = ctx->sys->ioctl(ctx->fd, TEEGATE_LIST_SECRETS, arg);
		if ((r == 0 && arg->count > room) || (r == -ENOSPC && arg->count > SECRETS_MAX))
			r = -EPROTO;
		room = arg->count > room ? arg->count : room;
	}
	if (r < 0) {
		free(list);
		return r;
	}
	*ret = list;
	return 0;
}

static void copy_secret(struct tee_secret *to, const struct teegate_secret *from)
{
	*to = (struct tee_secret) {
		.index = from->index,
		.type = from->type,
		.length = from->length,
	};
	memcpy(to->id, from->id, sizeof(to->id));
}

TEE_PUBLIC int tee_list_secrets(tee_ctx *ctx, unsigned int timeout_ms,
				struct tee_secret **ret_secrets, size_t *ret_count)
{
	struct teegate_list_secrets arg = { 0 };
	struct teegate_secret *list;
	struct tee_secret *secrets;
	int r;

	if (!ctx || !ret_secrets || !ret_count)
		return -EINVAL;
	r = check(ctx, TEEGATE_OP_LIST_SECRETS, timeout_ms);
	if (r < 0)
		return r;
	r = ask_list(ctx, timeout_ms, &list, &arg);
	if (r < 0)
		return fail_list(ctx, r, "Listing the secrets", arg.fw_status);
	secrets = calloc((size_t)arg.count + 1, sizeof(*secrets));
	for (uint32_t i = 0; secrets && i < arg.count; i++)
		copy_secret(&secrets[i], &list[i]);
	free(list);
	if (!secrets)
		return tee_fail(ctx, -ENOMEM, "%s", tee_strerror(-ENOMEM));
	*ret_secrets = secrets;
	*ret_count = arg.count;
	return 0;
}

TEE_PUBLIC int tee_lock_secrets(tee_ctx *ctx, unsigned int flags, unsigned int timeout_ms)
{
	struct teegate_lock_secrets arg = {
		.size = sizeof(arg),
		.flags = TEEGATE_LOCK_IRREVERSIBLE,
		.timeout_ms = timeout_ms,
	};
	int r;

	if (!ctx)
		return -EINVAL;
	if (flags != TEE_LOCK_IRREVERSIBLE)
		return tee_fail(ctx, -EINVAL,
				"Locking the store of secrets cannot be undone: TEE_LOCK_IRREVERSIBLE says that you know.");
	r = check(ctx, TEEGATE_OP_LOCK_SECRETS, timeout_ms);
	if (r < 0)
		return r;
	r = ctx->sys->ioctl(ctx->fd, TEEGATE_LOCK_SECRETS, &arg);
	return r < 0 ? fail_change(ctx, r, "Locking the store of secrets", arg.fw_status) : 0;
}
