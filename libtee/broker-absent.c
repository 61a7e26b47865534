// SPDX-License-Identifier: LGPL-2.1-or-later
/* In place of broker.c where libsystemd is older than 257 and has no sd-varlink. */
#include <errno.h>

#include "context.h"

int tee_open_broker(tee_ctx *ctx, const char *path)
{
	(void)ctx;
	return tee_fail(
		NULL, -EOPNOTSUPP,
		"%s cannot be used: this libtee was built without sd-varlink (libsystemd 257).",
		path);
}
