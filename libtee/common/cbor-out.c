// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writer for deterministic CBOR; see cbor-out.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cbor.h>

#include "cbor-out.h"

#define HEAD_MAX 9

static uint8_t *reserve(struct out *out, size_t len)
{
	size_t size = out->size;
	uint8_t *buf;

	if (out->error < 0)
		return NULL;
	if (len <= size - out->len)
		return out->buf + out->len;
	if (len > SIZE_MAX / 2 - size) {
		out->error = -ENOMEM;
		return NULL;
	}
	size = 2 * size + len;
	buf = realloc(out->buf, size);
	if (!buf) {
		out->error = -ENOMEM;
		return NULL;
	}
	out->buf = buf;
	out->size = size;
	return buf + out->len;
}

static void head(struct out *out, size_t (*encode)(size_t, unsigned char *, size_t), size_t count)
{
	uint8_t *p = reserve(out, HEAD_MAX);

	if (p)
		out->len += encode(count, p, HEAD_MAX);
}

void out_raw(struct out *out, const void *data, size_t len)
{
	uint8_t *p;

	if (len == 0)
		return;
	p = reserve(out, len);
	if (!p)
		return;
	memcpy(p, data, len);
	out->len += len;
}

void out_uint(struct out *out, uint64_t value)
{
	uint8_t *p = reserve(out, HEAD_MAX);

	if (p)
		out->len += cbor_encode_uint(value, p, HEAD_MAX);
}

void out_bytes(struct out *out, const void *data, size_t len)
{
	head(out, cbor_encode_bytestring_start, len);
	out_raw(out, data, len);
}

void out_text(struct out *out, const char *text)
{
	size_t len = strlen(text);

	head(out, cbor_encode_string_start, len);
	out_raw(out, text, len);
}

void out_array(struct out *out, size_t count)
{
	head(out, cbor_encode_array_start, count);
}

void out_map(struct out *out, size_t pairs)
{
	head(out, cbor_encode_map_start, pairs);
}

int out_finish(struct out *out, uint8_t **ret, size_t *ret_len)
{
	if (out->error < 0) {
		free(out->buf);
		*out = (struct out) { .error = out->error };
		return out->error;
	}
	*ret = out->buf;
	*ret_len = out->len;
	*out = (struct out) { 0 };
	return 0;
}
