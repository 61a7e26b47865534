// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reader for deterministic CBOR: libcbor's streaming decoder one head at a time, and our own rules
 * on top. libcbor's tree decoder is not used at all: it allocates by the counts that the input
 * claims, and it forgets how a number was spelt, which is exactly what has to be judged.
 */
#include <errno.h>
#include <string.h>

#include <cbor.h>

#include "cbor-in.h"

#define HEAD_MAX 9	/* initial byte and an eight byte argument */

/* What the callbacks saw; -1: something that this format does not use. */
struct seen {
	int type;
	uint64_t value;
	const uint8_t *data;
};

static void see(void *context, int type, uint64_t value, const uint8_t *data)
{
	struct seen *seen = context;

	seen->type = type;
	seen->value = value;
	seen->data = data;
}

/* libcbor 0.10 counts in uint64_t, 0.8 in size_t. */
#if CBOR_MAJOR_VERSION > 0 || CBOR_MINOR_VERSION >= 10
typedef uint64_t cbor_count;
#else
typedef size_t cbor_count;
#endif

/* libcbor has a callback for each width; which one it was is judged by spelling the head anew. */
#define SEE_VALUE(name, c_type, type)			\
	static void name(void *context, c_type value)	\
	{						\
		see(context, type, value, NULL);	\
	}

SEE_VALUE(see_uint8, uint8_t, IN_UINT)
SEE_VALUE(see_uint16, uint16_t, IN_UINT)
SEE_VALUE(see_uint32, uint32_t, IN_UINT)
SEE_VALUE(see_uint64, uint64_t, IN_UINT)
SEE_VALUE(see_neg8, uint8_t, IN_NEGATIVE)
SEE_VALUE(see_neg16, uint16_t, IN_NEGATIVE)
SEE_VALUE(see_neg32, uint32_t, IN_NEGATIVE)
SEE_VALUE(see_neg64, uint64_t, IN_NEGATIVE)
SEE_VALUE(see_array, cbor_count, IN_ARRAY)
SEE_VALUE(see_map, cbor_count, IN_MAP)
SEE_VALUE(see_bool, bool, IN_BOOL)

static void see_bytes(void *context, cbor_data data, cbor_count len)
{
	see(context, IN_BYTES, len, data);
}

static void see_text(void *context, cbor_data data, cbor_count len)
{
	see(context, IN_TEXT, len, data);
}

static void see_null(void *context)
{
	see(context, IN_NULL, 0, NULL);
}

/* Everything that this format does not use. */
static void see_other(void *context)
{
	see(context, -1, 0, NULL);
}

static void see_tag(void *context, uint64_t value)
{
	(void)value;
	see_other(context);
}

static void see_float(void *context, float value)
{
	(void)value;
	see_other(context);
}

static void see_double(void *context, double value)
{
	(void)value;
	see_other(context);
}

static const struct cbor_callbacks callbacks = {
	.uint8 = see_uint8,
	.uint16 = see_uint16,
	.uint32 = see_uint32,
	.uint64 = see_uint64,
	.negint8 = see_neg8,
	.negint16 = see_neg16,
	.negint32 = see_neg32,
	.negint64 = see_neg64,
	.byte_string_start = see_other,
	.byte_string = see_bytes,
	.string = see_text,
	.string_start = see_other,
	.indef_array_start = see_other,
	.array_start = see_array,
	.indef_map_start = see_other,
	.map_start = see_map,
	.tag = see_tag,
	.float2 = see_float,
	.float4 = see_float,
	.float8 = see_double,
	.undefined = see_other,
	.null = see_null,
	.boolean = see_bool,
	.indef_break = see_other,
};

void in_init(struct in *in, const void *buf, size_t len)
{
	*in = (struct in) { .next = buf, .left = len };
}

int in_fail(struct in *in, const char *why)
{
	in->why = why;
	return -EBADMSG;
}

/* The one spelling that deterministic encoding has for this head. */
static size_t spell_head(const struct in_item *item, uint8_t head[static HEAD_MAX])
{
	switch (item->type) {
	case IN_UINT:
		return cbor_encode_uint(item->value, head, HEAD_MAX);
	case IN_NEGATIVE:
		return cbor_encode_negint(item->value, head, HEAD_MAX);
	case IN_BYTES:
		return cbor_encode_bytestring_start((size_t)item->value, head, HEAD_MAX);
	case IN_TEXT:
		return cbor_encode_string_start((size_t)item->value, head, HEAD_MAX);
	case IN_ARRAY:
		return cbor_encode_array_start((size_t)item->value, head, HEAD_MAX);
	case IN_MAP:
		return cbor_encode_map_start((size_t)item->value, head, HEAD_MAX);
	case IN_BOOL:
		return cbor_encode_bool(item->value != 0, head, HEAD_MAX);
	case IN_NULL:
		return cbor_encode_null(head, HEAD_MAX);
	}
	return 0;
}

/* Length of the UTF-8 sequence at @s, or 0: overlong, surrogate, beyond Unicode, or cut off. */
static size_t utf8_sequence(const uint8_t *s, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = s[0];
	size_t n;

	if (c < 0x80)
		return 1;
	if (c >= 0xc0 && c < 0xe0)
		n = 2;
	else if (c >= 0xe0 && c < 0xf0)
		n = 3;
	else if (c >= 0xf0 && c < 0xf8)
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;

	c &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return n;
}

bool in_text_is_valid(const uint8_t *text, size_t len)
{
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		if (text[i] == '\0')
			return false;
		n = utf8_sequence(text + i, len - i);
		if (n == 0)
			return false;
	}
	return true;
}

int in_next(struct in *in, struct in_item *ret)
{
	struct seen seen = { .type = -1 };
	struct cbor_decoder_result result;
	struct in_item item;
	uint8_t head[HEAD_MAX];
	size_t head_len, payload;

	if (in->left == 0)
		return in_fail(in, "it is cut off");
	if (++in->items > IN_ITEMS_MAX)
		return in_fail(in, "it has too many parts");

	result = cbor_stream_decode(in->next, in->left, &callbacks, &seen);
	if (result.status == CBOR_DECODER_NEDATA)
		return in_fail(in, "it is cut off, or claims a length that is not there");
	if (result.status != CBOR_DECODER_FINISHED)
		return in_fail(in, "it is not CBOR");
	if (seen.type < 0)
		return in_fail(in, "it has an indefinite length, a float, a tag or another foreign type");

	item.type = (enum in_type)seen.type;
	item.value = seen.value;
	item.data = seen.data;

	/* Not even the counts of arrays and maps may promise more than the input can hold. */
	if ((item.type == IN_ARRAY || item.type == IN_MAP) && item.value > in->left)
		return in_fail(in, "it is cut off, or claims a length that is not there");

	head_len = spell_head(&item, head);
	payload = item.data ? (size_t)item.value : 0;
	if (head_len == 0 || result.read != head_len + payload ||
	    memcmp(in->next, head, head_len) != 0)
		return in_fail(in, "it is not deterministic: a head is not in its shortest form");
	if (item.type == IN_TEXT && !in_text_is_valid(item.data, payload))
		return in_fail(in, "a text is not UTF-8, or has a NUL in it");

	in->next += result.read;
	in->left -= result.read;
	*ret = item;
	return 0;
}

int in_expect(struct in *in, enum in_type type, struct in_item *ret, const char *why)
{
	struct in_item item;
	int r;

	r = in_next(in, &item);
	if (r < 0)
		return r;
	if (item.type != type)
		return in_fail(in, why);
	*ret = item;
	return 0;
}

/* A key must come after the one before it, byte by byte (RFC 8949 4.2.1). */
static int check_order(struct in *in, struct in_map *map, const uint8_t *key, size_t key_len)
{
	size_t common = key_len < map->key_len ? key_len : map->key_len;
	int c;

	if (map->key) {
		c = memcmp(map->key, key, common);
		if (c == 0 && map->key_len == key_len)
			return in_fail(in, "a map has the same key twice");
		if (c > 0 || (c == 0 && map->key_len > key_len))
			return in_fail(in, "it is not deterministic: the keys of a map are not sorted");
	}
	map->key = key;
	map->key_len = key_len;
	return 0;
}

static int skip(struct in *in, unsigned int depth);

static int skip_pairs(struct in *in, uint64_t pairs, unsigned int depth)
{
	struct in_map map = { .left = pairs };
	const uint8_t *key;
	int r;

	for (; map.left > 0; map.left--) {
		key = in->next;
		r = skip(in, depth);
		if (r < 0)
			return r;
		r = check_order(in, &map, key, (size_t)(in->next - key));
		if (r < 0)
			return r;
		r = skip(in, depth);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Recursion is bounded by IN_DEPTH_MAX, work by IN_ITEMS_MAX. */
static int skip(struct in *in, unsigned int depth)
{
	struct in_item item;
	int r;

	if (depth == 0)
		return in_fail(in, "it is nested too deeply");
	r = in_next(in, &item);
	if (r < 0)
		return r;
	if (item.type == IN_MAP)
		return skip_pairs(in, item.value, depth - 1);
	if (item.type != IN_ARRAY)
		return 0;
	for (uint64_t i = 0; i < item.value; i++) {
		r = skip(in, depth - 1);
		if (r < 0)
			return r;
	}
	return 0;
}

int in_skip(struct in *in)
{
	return skip(in, IN_DEPTH_MAX);
}

int in_end(struct in *in)
{
	return in->left == 0 ? 0 : in_fail(in, "bytes follow after its end");
}

int in_map(struct in *in, struct in_map *ret, const char *why)
{
	struct in_item item;
	int r;

	r = in_expect(in, IN_MAP, &item, why);
	if (r < 0)
		return r;
	*ret = (struct in_map) { .left = item.value };
	return 0;
}

int in_map_key(struct in *in, struct in_map *map, uint64_t *ret_key)
{
	const uint8_t *key = in->next;
	struct in_item item;
	int r;

	if (map->left == 0)
		return 0;
	r = in_next(in, &item);
	if (r < 0)
		return r;
	if (item.type == IN_NEGATIVE)
		return in_fail(in, "a critical (negative) key is unknown to this version");
	if (item.type != IN_UINT)
		return in_fail(in, "a key of a map is not an integer");
	if (item.value == 0)
		return in_fail(in, "a map has the key 0, which this format does not use");
	r = check_order(in, map, key, (size_t)(in->next - key));
	if (r < 0)
		return r;
	map->left--;
	*ret_key = item.value;
	return 1;
}
