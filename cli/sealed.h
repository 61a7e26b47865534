/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that `teegatectl seal` makes. Up to TEE_SEAL_DATA_MAX bytes of data are a sealed blob as
 * libtee makes it. More are a *sealed file*: a blob with a key in it, and the data under that key.
 *
 *	"TEEGATEF" || u16 version = 1 || u16 zero || u32 length of the blob || blob ||
 *	AES-256-GCM( key, nonce 0, data, additional data = all before ) || tag (16)
 *	blob = sealed "teegate/data-key/v1" (19 bytes) || key (32 bytes)
 *
 * Integers are big-endian. The key is random and for this one message, so that nonce 0 is never used
 * twice, and the message is whole: there are no pieces that could be left out, repeated or put in
 * another order, and nothing is given out before the tag was right. The blob of a sealed file is not
 * one of data, nor the other way round: the text before the key says so, and what begins with it is
 * not sealed as data.
 */
#ifndef TEEGATECTL_SEALED_H
#define TEEGATECTL_SEALED_H

#include <tee.h>

#include "cli.h"
#include "secret.h"

/* Where the blob is in what was read, and how much data goes with it. */
struct sealed {
	struct tee_blob_info info;	/* of the blob; info.data_len is that of a key in a sealed file */
	bool is_file;
	const uint8_t *blob;
	size_t blob_len;
	const uint8_t *payload;		/* of a sealed file: ciphertext, then the tag */
	size_t payload_len;
	size_t data_len;
};

/* A label as it was given, len 0 and data NULL: any. */
struct label {
	const char *text;
	size_t len;
};

/* "-" is standard input. 0, or an exit status after complaining. *ret points into @ret_file. */
int sealed_read(const char *path, struct buffer *ret_file, struct sealed *ret);
/* The same of what is in memory; @name is what to call it. */
int sealed_look(const char *name, const struct buffer *file, struct sealed *ret);
int sealed_make(tee_ctx *ctx, const struct label *label, unsigned int timeout_ms,
		const struct secret *data, struct buffer *ret);
int sealed_open(tee_ctx *ctx, const struct label *label, unsigned int timeout_ms,
		const struct sealed *sealed, struct secret *ret);
/* tee_open(), and a word about fake:. 0, or an exit status after complaining. */
int open_for_keys(const char *target, tee_ctx **ret);
/* Says what libtee says of a failure with keys; returns the exit status. */
int complain_key(tee_ctx *ctx, int error);

#endif
