/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A writer for deterministic CBOR: a growing buffer with a sticky error, so that callers write a
 * whole item and ask once. Heads are spelt by libcbor in their shortest form; the order of map
 * keys is the caller's duty (ours are literal, and rise).
 */
#ifndef TEE_COMMON_CBOR_OUT_H
#define TEE_COMMON_CBOR_OUT_H

#include <stddef.h>
#include <stdint.h>

struct out {
	uint8_t *buf;
	size_t len;
	size_t size;
	int error;	/* 0, -ENOMEM */
};

void out_uint(struct out *out, uint64_t value);
void out_bytes(struct out *out, const void *data, size_t len);
void out_text(struct out *out, const char *text);
void out_array(struct out *out, size_t count);
void out_map(struct out *out, size_t pairs);
/* Something that is CBOR already. */
void out_raw(struct out *out, const void *data, size_t len);

/* Hands over the buffer (malloc()), or frees it and returns the error. */
int out_finish(struct out *out, uint8_t **ret, size_t *ret_len);

#endif
