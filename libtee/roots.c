// SPDX-License-Identifier: LGPL-2.1-or-later
/* The administrator's part of keys: installing roots and having them forgotten, on a session only. */
#include <errno.h>
#include <string.h>

#include <linux/teegate.h>

#include "context.h"
#include "keys.h"

/* 0, or a failure with words: @ctx is the administrator's, of a module that has keys. */
static int check(tee_ctx *ctx)
{
	struct tee_info info;
	int r;

	if (!ctx->transport->is_session)
		return tee_fail(ctx, -EPERM,
				"Roots are the administrator's: open device:" TEEGATE_DEVICE ".");
	r = tee_kernel_info(ctx, ctx->fd, &info);
	return r < 0 ? r : tee_kernel_can_keys(ctx, &info, TEEGATE_OP_SEAL);
}

static int fail_set(tee_ctx *ctx, int error)
{
	switch (error) {
	case -EEXIST:
		return tee_fail(ctx, error,
				"There is a root already, which stays until the guest restarts; or this one is there for old blobs; or roots have been wiped, and the module has to be loaded anew.");
	case -ENOSPC:
		return tee_fail(ctx, error, "There are too many roots for old blobs already.");
	default:
		return tee_kernel_fail(ctx, ctx->fd, error, "Installing a root", 0);
	}
}

TEE_PUBLIC int tee_set_root(tee_ctx *ctx, unsigned int source, const uint8_t root[TEE_ROOT_SIZE],
			    unsigned int flags, uint8_t ret_root_id[TEE_ROOT_ID_SIZE])
{
	struct teegate_set_root arg = {
		.size = sizeof(arg),
		.flags = flags & TEE_ROOT_UNSEAL_ONLY ? TEEGATE_ROOT_UNSEAL_ONLY : 0,
		.root = (uint64_t)(uintptr_t)root,
		.root_len = TEE_ROOT_SIZE,
		.source = source,
	};
	int r;

	if (!ctx || !root)
		return -EINVAL;
	if (source < TEE_ROOT_TPM || source > TEE_ROOT_DEVELOPMENT)
		return tee_fail(ctx, -EINVAL, "Roots of source %u are not installed.", source);
	if (flags & ~TEE_ROOT_UNSEAL_ONLY)
		return tee_fail(ctx, -EINVAL, "Unknown flags 0x%x.", flags);
	r = check(ctx);
	if (r < 0)
		return r;
	r = ctx->sys->ioctl(ctx->fd, TEEGATE_SET_ROOT, &arg);
	if (r < 0)
		return fail_set(ctx, r);
	if (ret_root_id)
		memcpy(ret_root_id, arg.root_id, sizeof(arg.root_id));
	return 0;
}

TEE_PUBLIC int tee_wipe_roots(tee_ctx *ctx, unsigned int flags)
{
	struct teegate_wipe_roots arg = {
		.size = sizeof(arg),
		.flags = flags & TEE_WIPE_INSTALLED ? TEEGATE_WIPE_INSTALLED : 0,
	};
	int r;

	if (!ctx)
		return -EINVAL;
	if (flags & ~TEE_WIPE_INSTALLED)
		return tee_fail(ctx, -EINVAL, "Unknown flags 0x%x.", flags);
	r = check(ctx);
	if (r < 0)
		return r;
	r = ctx->sys->ioctl(ctx->fd, TEEGATE_WIPE_ROOTS, &arg);
	return r < 0 ? tee_kernel_fail(ctx, ctx->fd, r, "Wiping roots", 0) : 0;
}
