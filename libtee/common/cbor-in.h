/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A reader for deterministic CBOR (RFC 8949 4.2.1) that never allocates. Input is hostile: every
 * length is compared with the bytes that are really there before anything else happens.
 *
 * It reads the subset that doc/evidence.cddl uses: integers, strings, arrays, maps, booleans and
 * null. Floats, tags, undefined and indefinite lengths have no place there and are refused.
 */
#ifndef TEE_COMMON_CBOR_IN_H
#define TEE_COMMON_CBOR_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IN_DEPTH_MAX	8	/* arrays and maps in one another; ours need 3 */
#define IN_ITEMS_MAX	4096	/* data items in one input */

enum in_type {
	IN_UINT,
	IN_NEGATIVE,	/* -1 - value */
	IN_BYTES,
	IN_TEXT,
	IN_ARRAY,	/* value: elements */
	IN_MAP,		/* value: pairs */
	IN_BOOL,
	IN_NULL,
};

struct in_item {
	enum in_type type;
	uint64_t value;		/* number, length of a string, or count */
	const uint8_t *data;	/* strings: points into the input */
};

struct in {
	const uint8_t *next;
	size_t left;
	size_t items;		/* read so far */
	const char *why;	/* static sentence on what is wrong */
};

/* Where a walk through a map stands. */
struct in_map {
	uint64_t left;		/* pairs */
	const uint8_t *key;	/* encoding of the last key, NULL before the first */
	size_t key_len;
};

void in_init(struct in *in, const void *buf, size_t len);

/* All return 0 or -EBADMSG with in->why set. */
int in_fail(struct in *in, const char *why);
/* The next head, and the payload of a string; the elements of an array or map follow. */
int in_next(struct in *in, struct in_item *ret);
int in_expect(struct in *in, enum in_type type, struct in_item *ret, const char *why);
/* The next item with all that is in it, whatever it is. */
int in_skip(struct in *in);
int in_end(struct in *in);
/* UTF-8 without NUL? */
bool in_text_is_valid(const uint8_t *text, size_t len);

int in_map(struct in *in, struct in_map *ret, const char *why);
/*
 * The next key: 1 and *@ret_key, or 0 after the last pair. Keys must be integers in strictly
 * rising order of their encodings, which excludes duplicates. A negative key is refused here: we
 * know none, and unknown ones are critical. So is 0, which is neither. The value is the caller's to
 * read or skip.
 */
int in_map_key(struct in *in, struct in_map *map, uint64_t *ret_key);

#endif
