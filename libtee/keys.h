/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files about keys share: one request, on its way to a lease that may make it. */
#ifndef TEE_KEYS_H
#define TEE_KEYS_H

#include <linux/teegate.h>

#include "context.h"

struct tee_key_call {
	uint64_t op;	/* TEEGATE_OP_DERIVE_KEY or TEEGATE_OP_SEAL */
	bool unseal;	/* of the two that the latter allows */
	unsigned int timeout_ms;	/* what is left; @arg gets it when it is made */
	union {
		struct teegate_derive_key derive;
		struct teegate_seal seal;
		struct teegate_unseal unseal;
	} arg;
};

/* keys-kernel.c: makes @call on a lease. */
int tee_kernel_keys(tee_ctx *ctx, int fd, struct tee_key_call *call);
/* 0, or -ENOTTY or -ENODATA with words: does the module know keys, and is there a root? */
int tee_kernel_can_keys(tee_ctx *ctx, const struct tee_info *info, uint64_t op);
/* -EOPNOTSUPP with words, for transports that hold evidence and nothing else. */
int tee_fake_keys(tee_ctx *ctx, struct tee_key_call *call);

/* blob.c: tee_blob_inspect() for this library. */
int tee_blob_look(const void *blob, size_t len, struct tee_blob_info *ret);

#endif
