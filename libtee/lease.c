// SPDX-License-Identifier: LGPL-2.1-or-later
/* A lease that somebody handed to this process: "fd:N", or $TEE_LEASE_FD. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "keys.h"

static int lease_info(tee_ctx *ctx, struct tee_info *ret)
{
	return tee_kernel_info(ctx, ctx->fd, ret);
}

static int lease_report(tee_ctx *ctx, const struct tee_request *request, uint8_t **ret,
			size_t *ret_len)
{
	return tee_kernel_report(ctx, ctx->fd, request, ret, ret_len);
}

static int lease_extend(tee_ctx *ctx, const struct tee_event *event, uint8_t *ret_digest)
{
	return tee_kernel_extend(ctx, ctx->fd, event, ret_digest);
}

static int lease_keys(tee_ctx *ctx, struct tee_key_call *call)
{
	return tee_kernel_keys(ctx, ctx->fd, call);
}

static const struct tee_transport lease_transport = {
	.get_info = lease_info,
	.get_report = lease_report,
	.extend = lease_extend,
	.keys = lease_keys,
};

/* Digits only: strtol() would take blanks and signs, too. */
static int parse_fd(const char *number)
{
	long fd;

	if (*number == '\0' || strlen(number) > 9 || strspn(number, "0123456789") != strlen(number))
		return -EINVAL;
	fd = strtol(number, NULL, 10);
	return (int)fd;
}

int tee_open_fd(tee_ctx *ctx, const char *number)
{
	int fd = parse_fd(number);

	if (fd < 0)
		return tee_fail(NULL, fd, "\"%s\" is not the number of a descriptor.", number);
	if (!tee_kernel_is_lease(ctx, fd))
		return tee_fail(NULL, -EBADF, "Descriptor %d is not a lease of teegate.", fd);
	ctx->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (ctx->fd < 0)
		return tee_fail(NULL, -errno, "Descriptor %d cannot be duplicated: %s", fd,
				strerror(errno));
	/* It may have been closed and opened as something else in between. */
	if (!tee_kernel_is_lease(ctx, ctx->fd))
		return tee_fail(NULL, -EBADF, "Descriptor %d changed while it was looked at.", fd);
	ctx->transport = &lease_transport;
	return 0;
}

int tee_open_env(tee_ctx *ctx)
{
	/* Not in a set-user-ID program: its caller must not choose who the program speaks as. */
	const char *number = secure_getenv("TEE_LEASE_FD");

	return number ? tee_open_fd(ctx, number)
		      : tee_fail(NULL, -ENOENT, "$TEE_LEASE_FD is not set.");
}
