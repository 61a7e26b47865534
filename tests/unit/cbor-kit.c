// SPDX-License-Identifier: GPL-2.0-or-later
/* CBOR that can be spelt wrongly on purpose; see cbor-kit.h. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cbor-kit.h"

void kit_add(struct kit_buf *buf, const void *data, size_t len)
{
	if (len == 0)
		return;
	if (buf->len + len > buf->size) {
		buf->size = 2 * (buf->len + len);
		buf->data = realloc(buf->data, buf->size);
		assert(buf->data);
	}
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
}

void kit_done(struct kit_buf *buf)
{
	free(buf->data);
	*buf = (struct kit_buf) { 0 };
}

static int shortest(uint64_t value)
{
	if (value < 24)
		return 0;
	if (value <= UINT8_MAX)
		return 1;
	if (value <= UINT16_MAX)
		return 2;
	return value <= UINT32_MAX ? 4 : 8;
}

void kit_head(struct kit_buf *buf, enum kit_major major, uint64_t value, int width)
{
	static const uint8_t info[] = { [1] = 24, [2] = 25, [4] = 26, [8] = 27 };
	uint8_t bytes[9];

	if (width < 0)
		width = shortest(value);
	bytes[0] = (uint8_t)(major << 5 | (width == 0 ? value : info[width]));
	for (int i = 0; i < width; i++)
		bytes[1 + i] = (uint8_t)(value >> (8 * (width - 1 - i)));
	kit_add(buf, bytes, 1 + (size_t)width);
}

static struct kit_node *new_node(enum kit_major major, uint64_t value)
{
	struct kit_node *node = calloc(1, sizeof(*node));

	assert(node);
	node->major = major;
	node->value = value;
	return node;
}

struct kit_node *kit_number(enum kit_major major, uint64_t value)
{
	return new_node(major, value);
}

static struct kit_node *new_string(enum kit_major major, const void *data, size_t len)
{
	struct kit_node *node = new_node(major, len);

	node->data = malloc(len + 1);
	assert(node->data);
	memcpy(node->data, data, len);
	return node;
}

struct kit_node *kit_string(enum kit_major major, const char *text)
{
	return new_string(major, text, strlen(text));
}

struct kit_node *kit_array(void)
{
	return new_node(KIT_ARRAY, 0);
}

void kit_insert(struct kit_node *parent, size_t at, struct kit_node *child)
{
	parent->children =
		realloc(parent->children, (parent->count + 1) * sizeof(struct kit_node *));
	assert(parent->children && at <= parent->count);
	memmove(parent->children + at + 1, parent->children + at,
		(parent->count - at) * sizeof(struct kit_node *));
	parent->children[at] = child;
	parent->count++;
}

struct kit_node *kit_free(struct kit_node *node)
{
	if (!node)
		return NULL;
	for (size_t i = 0; i < node->count; i++)
		kit_free(node->children[i]);
	free(node->children);
	free(node->data);
	free(node);
	return NULL;
}

struct kit_node *kit_copy(const struct kit_node *node)
{
	struct kit_node *copy;

	copy = node->data ? new_string(node->major, node->data, (size_t)node->value)
			  : new_node(node->major, node->value);
	for (size_t i = 0; i < node->count; i++)
		kit_insert(copy, i, kit_copy(node->children[i]));
	return copy;
}

static struct kit_node *parse(const uint8_t **p, const uint8_t *end)
{
	uint8_t first = *(*p)++;
	size_t width = (first & 31) < 24 ? 0 : (size_t)1 << ((first & 31) - 24);
	enum kit_major major = first >> 5;
	uint64_t value = width ? 0 : first & 31;
	struct kit_node *node;
	size_t children = 0;

	assert((first & 31) < 28 && major != KIT_TAG);
	for (size_t i = 0; i < width; i++)
		value = value << 8 | *(*p)++;
	if (major == KIT_BYTES || major == KIT_TEXT) {
		assert(value <= (uint64_t)(end - *p));
		node = new_string(major, *p, (size_t)value);
		*p += value;
		return node;
	}
	node = new_node(major, value);
	if (major == KIT_ARRAY || major == KIT_MAP)
		children = (size_t)value * (major == KIT_MAP ? 2 : 1);
	for (size_t i = 0; i < children; i++)
		kit_insert(node, i, parse(p, end));
	return node;
}

struct kit_node *kit_parse(const uint8_t *data, size_t len)
{
	const uint8_t *end = data + len;
	struct kit_node *node = parse(&data, end);

	assert(data == end);
	return node;
}

static bool is_container(const struct kit_node *node)
{
	return node->major == KIT_ARRAY || node->major == KIT_MAP;
}

/* Does @twist change the spelling of this head at all? */
static bool applies(const struct kit_node *node, enum kit_twist twist)
{
	static const int width[] = {
		[KIT_WIDER_1] = 1, [KIT_WIDER_2] = 2, [KIT_WIDER_4] = 4, [KIT_WIDER_8] = 8
	};

	if (twist >= KIT_WIDER_1 && twist <= KIT_WIDER_8)
		return node->major <= KIT_MAP && width[twist] > shortest(node->value);
	return is_container(node) || node->data;
}

static void write_head(const struct kit_node *node, enum kit_twist twist, struct kit_buf *ret)
{
	static const int width[] = {
		[KIT_WIDER_1] = 1, [KIT_WIDER_2] = 2, [KIT_WIDER_4] = 4, [KIT_WIDER_8] = 8
	};
	uint8_t indefinite = (uint8_t)(node->major << 5 | 31);

	switch (twist) {
	case KIT_INDEFINITE:
		kit_add(ret, &indefinite, 1);
		if (node->data)	/* one chunk */
			kit_head(ret, node->major, node->value, -1);
		break;
	case KIT_HUGE:
		kit_head(ret, node->major, UINT64_MAX, 8);
		break;
	case KIT_HUGE_32:
		kit_head(ret, node->major, UINT32_MAX, 4);
		break;
	case KIT_ONE_MORE:
		kit_head(ret, node->major, node->value + 1, -1);
		break;
	default:
		kit_head(ret, node->major, node->value, twist == KIT_AS_IS ? -1 : width[twist]);
	}
}

static void write_node(const struct kit_node *node, size_t *n, enum kit_twist twist,
		       struct kit_buf *ret, bool *done)
{
	bool here = *n == 0 && applies(node, twist);

	write_head(node, here ? twist : KIT_AS_IS, ret);
	*done |= here;
	*n -= 1;	/* wraps after the one: it is not met again */
	if (node->data)
		kit_add(ret, node->data, (size_t)node->value);
	for (size_t i = 0; i < node->count; i++)
		write_node(node->children[i], n, twist, ret, done);
	if (here && twist == KIT_INDEFINITE)
		kit_add(ret, "\xff", 1);
}

bool kit_write(const struct kit_node *node, size_t n, enum kit_twist twist, struct kit_buf *ret)
{
	bool done = n == SIZE_MAX;

	write_node(node, &n, twist, ret, &done);
	return done;
}

size_t kit_count_heads(const struct kit_node *node)
{
	size_t n = 1;

	for (size_t i = 0; i < node->count; i++)
		n += kit_count_heads(node->children[i]);
	return n;
}

static struct kit_node *nth_map(struct kit_node *node, size_t *n)
{
	struct kit_node *found = NULL;

	if (node->major == KIT_MAP && (*n)-- == 0)
		return node;
	for (size_t i = 0; i < node->count && !found; i++)
		found = nth_map(node->children[i], n);
	return found;
}

struct kit_node *kit_nth_map(struct kit_node *node, size_t n)
{
	return nth_map(node, &n);
}
