/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CBOR for tests, written apart from libtee and libcbor: a tree that can also be spelt wrongly, in
 * each of the ways that a deterministic reader has to refuse. Items are small and well-formed.
 */
#ifndef CBOR_KIT_H
#define CBOR_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kit_major {
	KIT_UINT,
	KIT_NEGATIVE,
	KIT_BYTES,
	KIT_TEXT,
	KIT_ARRAY,
	KIT_MAP,
	KIT_TAG,
	KIT_OTHER
};

struct kit_node {
	enum kit_major major;
	uint64_t value;			/* number, length or count (of pairs in a map) */
	uint8_t *data;			/* of strings */
	struct kit_node **children;	/* of a map: key, value, key, value... */
	size_t count;
};

struct kit_buf {
	uint8_t *data;
	size_t len, size;
};

void kit_add(struct kit_buf *buf, const void *data, size_t len);
/* A head with an argument of @width bytes (0: in the initial byte; -1: the shortest). */
void kit_head(struct kit_buf *buf, enum kit_major major, uint64_t value, int width);
void kit_done(struct kit_buf *buf);

struct kit_node *kit_parse(const uint8_t *data, size_t len);
struct kit_node *kit_number(enum kit_major major, uint64_t value);
struct kit_node *kit_string(enum kit_major major, const char *text);
struct kit_node *kit_array(void);
struct kit_node *kit_free(struct kit_node *node);
struct kit_node *kit_copy(const struct kit_node *node);
/* The value of @parent, which tells how many there are, is the caller's to raise. */
void kit_insert(struct kit_node *parent, size_t at, struct kit_node *child);

/* What to do to the n-th head (in the order of the bytes) while writing. */
enum kit_twist {
	KIT_AS_IS,
	KIT_WIDER_1,
	KIT_WIDER_2,
	KIT_WIDER_4,
	KIT_WIDER_8,
	KIT_INDEFINITE,
	KIT_HUGE,
	KIT_HUGE_32,
	KIT_ONE_MORE
};
/* false: the twist does not apply to that head. @n == SIZE_MAX: none. */
bool kit_write(const struct kit_node *node, size_t n, enum kit_twist twist, struct kit_buf *ret);
size_t kit_count_heads(const struct kit_node *node);
/* The n-th map in the order of the bytes, or NULL. */
struct kit_node *kit_nth_map(struct kit_node *node, size_t n);

#endif
