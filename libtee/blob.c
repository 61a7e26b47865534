// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The header of a sealed blob, which is there for everybody to read (doc/keys.md). The module judges
 * each blob anew, and says the same of one that is none; here it is read so that people and programs
 * can tell what they have.
 */
#include <errno.h>
#include <string.h>

#include "keys.h"

#define INFO_SIZE_MIN	sizeof(struct tee_blob_info)	/* sizeof() in 0.4, the first */

static const uint8_t magic[8] = "TEEGATE";

/* The blob, in the bytes that it travels in: big-endian, and nothing is aligned. */
struct header {
	uint8_t magic[8];
	uint8_t version[2];
	uint8_t header_len[2];	/* of all of this and the label */
	uint8_t params[TEE_ROOT_PARAMS_SIZE];
	uint8_t root_id[TEE_ROOT_ID_SIZE];
	uint8_t claims[4];
	uint8_t salt[32];
	uint8_t label_len[2];
	uint8_t label[];
};

#define VERSION		1
#define TAG_SIZE	16

_Static_assert(sizeof(struct header) + TAG_SIZE == TEEGATE_BLOB_OVERHEAD, "as the module's blobs");
_Static_assert(TEE_BLOB_MAX == TEEGATE_BLOB_OVERHEAD_MAX + TEEGATE_SEAL_DATA_MAX,
	       "room for the largest blob");

static uint32_t get16(const uint8_t *from)
{
	return (uint32_t)from[0] << 8 | from[1];
}

static uint32_t get32(const uint8_t *from)
{
	return get16(from) << 16 | get16(from + 2);
}

static int check_header(const struct header *h, size_t len)
{
	size_t label_len, header_len;

	/* The beginning of a blob was cut off; anything else was never one. */
	if (len == 0 || memcmp(h->magic, magic, len < sizeof(magic) ? len : sizeof(magic)) != 0)
		return -EILSEQ;
	if (len < sizeof(*h) + TAG_SIZE)
		return -EMSGSIZE;
	/* What a later version looks like beyond its number, nobody knows yet. */
	if (get16(h->version) != VERSION)
		return -EPROTONOSUPPORT;
	label_len = get16(h->label_len);
	header_len = get16(h->header_len);
	if (label_len > TEE_KEY_LABEL_MAX || header_len != sizeof(*h) + label_len)
		return -EMSGSIZE;
	if (len < header_len + TAG_SIZE || len > header_len + TEE_SEAL_DATA_MAX + TAG_SIZE)
		return -EMSGSIZE;
	return 0;
}

int tee_blob_look(const void *blob, size_t len, struct tee_blob_info *ret)
{
	const struct header *h = blob;
	int r;

	r = check_header(h, len);
	if (r < 0)
		return r;
	*ret = (struct tee_blob_info) {
		.size = sizeof(*ret),
		.version = get16(h->version),
		.provider = h->params[2],
		.root_source = h->params[3],
		.claims = get32(h->claims),
		.label = h->label,
		.label_len = get16(h->label_len),
		.data_len = len - get16(h->header_len) - TAG_SIZE,
	};
	memcpy(ret->params.root_params, h->params, sizeof(h->params));
	memcpy(ret->params.root_id, h->root_id, sizeof(h->root_id));
	return 0;
}

TEE_PUBLIC int tee_blob_inspect(const void *blob, size_t blob_len, struct tee_blob_info *ret_info)
{
	struct tee_blob_info info;
	size_t size, known;
	int r;

	if (!blob || !ret_info)
		return -EINVAL;
	size = ret_info->size;
	if (size < INFO_SIZE_MIN)
		return -EINVAL;
	r = tee_blob_look(blob, blob_len, &info);
	if (r < 0)
		return r;
	/* The caller may be newer than this library. */
	known = size < sizeof(info) ? size : sizeof(info);
	memcpy(ret_info, &info, known);
	memset((char *)ret_info + known, 0, size - known);
	ret_info->size = size;
	return 0;
}
