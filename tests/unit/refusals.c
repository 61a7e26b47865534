// SPDX-License-Identifier: GPL-2.0-or-later
/* Refusals that every reader of deterministic CBOR owes; see refusals.h. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cbor-kit.h"
#include "refusals.h"

#define UNKNOWN_KEY 1000000	/* sorts after every known one */

static void must_accept(reader read, const uint8_t *data, size_t len)
{
	const char *why = NULL;
	int r;

	r = read(data, len, &why);
	if (r < 0)
		fail_msg("refused with %d (%s) what is good", r, why ? why : "-");
}

static void must_refuse(reader read, const uint8_t *data, size_t len, const char *mention)
{
	const char *why = NULL;
	uint8_t *exact;
	int r;

	/* In memory of exactly this size, so that a sanitizer sees the first byte read too far. */
	exact = malloc(len > 0 ? len : 1);
	assert_non_null(exact);
	if (len > 0)
		memcpy(exact, data, len);
	r = read(exact, len, &why);
	free(exact);
	assert_int_equal(r, -EBADMSG);
	assert_non_null(why);
	if (mention && !strstr(why, mention))
		fail_msg("the reason \"%s\" does not mention \"%s\"", why, mention);
}

static void check_tree(reader read, const struct kit_node *tree, const char *mention)
{
	struct kit_buf buf = { 0 };

	kit_write(tree, SIZE_MAX, KIT_AS_IS, &buf);
	if (mention)
		must_refuse(read, buf.data, buf.len, mention);
	else
		must_accept(read, buf.data, buf.len);
	kit_done(&buf);
}

static void refuse_cut_off_anywhere(reader read, const uint8_t *item, size_t len)
{
	must_accept(read, item, len);
	for (size_t i = 0; i < len; i++)
		must_refuse(read, item, i, NULL);
}

static void refuse_trailing_bytes(reader read, const uint8_t *item, size_t len)
{
	struct kit_buf buf = { 0 };

	must_accept(read, item, len);
	for (unsigned int byte = 0; byte < 256; byte++) {
		uint8_t b = (uint8_t)byte;

		buf.len = 0;
		kit_add(&buf, item, len);
		kit_add(&buf, &b, 1);
		must_refuse(read, buf.data, buf.len, "follow");
	}
	kit_done(&buf);
}

/* Every head in turn; at least @least of them must have been there to twist. */
static void refuse_twist(reader read, const uint8_t *item, size_t len, enum kit_twist twist,
			 const char *mention, size_t least)
{
	struct kit_node *tree = kit_parse(item, len);
	struct kit_buf buf = { 0 };
	size_t done = 0;

	check_tree(read, tree, NULL);
	for (size_t i = 0; i < kit_count_heads(tree); i++) {
		buf.len = 0;
		if (!kit_write(tree, i, twist, &buf))
			continue;
		must_refuse(read, buf.data, buf.len, mention);
		done++;
	}
	assert_in_range(done, least, kit_count_heads(tree));
	kit_done(&buf);
	kit_free(tree);
}

static void refuse_longer_spelling(reader read, const uint8_t *item, size_t len)
{
	refuse_twist(read, item, len, KIT_WIDER_1, "shortest", 10);
	refuse_twist(read, item, len, KIT_WIDER_2, "shortest", 10);
	refuse_twist(read, item, len, KIT_WIDER_4, "shortest", 10);
	refuse_twist(read, item, len, KIT_WIDER_8, "shortest", 10);
}

static void refuse_indefinite_lengths(reader read, const uint8_t *item, size_t len)
{
	refuse_twist(read, item, len, KIT_INDEFINITE, "indefinite", 5);
}

static void refuse_hostile_lengths(reader read, const uint8_t *item, size_t len)
{
	refuse_twist(read, item, len, KIT_HUGE, "not there", 5);
	refuse_twist(read, item, len, KIT_HUGE_32, "not there", 5);
	refuse_twist(read, item, len, KIT_ONE_MORE, NULL, 5);
}

/* Calls @change with a copy of the item and each of its maps in turn. */
static void each_map(reader read, const uint8_t *item, size_t len, size_t maps,
		     void (*change)(struct kit_node *), const char *mention)
{
	struct kit_node *tree = kit_parse(item, len), *copy;

	check_tree(read, tree, NULL);
	for (size_t i = 0; i < maps; i++) {
		copy = kit_copy(tree);
		assert_non_null(kit_nth_map(copy, i));
		change(kit_nth_map(copy, i));
		check_tree(read, copy, mention);
		kit_free(copy);
	}
	assert_null(kit_nth_map(tree, maps));
	kit_free(tree);
}

static void swap_last_pairs(struct kit_node *map)
{
	struct kit_node **c = map->children + map->count - 4, *key = c[0], *value = c[1];

	assert_in_range(map->count, 4, 100);
	c[0] = c[2];
	c[1] = c[3];
	c[2] = key;
	c[3] = value;
}

static void double_last_pair(struct kit_node *map)
{
	struct kit_node *key = map->children[map->count - 2],
			*value = map->children[map->count - 1];

	kit_insert(map, map->count, kit_copy(key));
	kit_insert(map, map->count, kit_copy(value));
	map->value++;
}

static void add_pair(struct kit_node *map, struct kit_node *key, struct kit_node *value)
{
	kit_insert(map, map->count, key);
	kit_insert(map, map->count, value);
	map->value++;
}

static void add_minus_one(struct kit_node *map)
{
	add_pair(map, kit_number(KIT_NEGATIVE, 0), kit_number(KIT_UINT, 1));
}

static void add_very_negative(struct kit_node *map)
{
	add_pair(map, kit_number(KIT_NEGATIVE, UINT64_MAX), kit_number(KIT_UINT, 1));
}

static void add_text_key(struct kit_node *map)
{
	add_pair(map, kit_string(KIT_TEXT, "key"), kit_number(KIT_UINT, 1));
}

static void add_unknown(struct kit_node *map)
{
	struct kit_node *list = kit_array(), *inner = kit_number(KIT_MAP, 1);

	kit_insert(inner, 0, kit_string(KIT_TEXT, "text key"));
	kit_insert(inner, 1, kit_number(KIT_NEGATIVE, 5));
	kit_insert(list, 0, inner);
	kit_insert(list, 1, kit_string(KIT_BYTES, "\xff\xfe"));
	kit_insert(list, 2, kit_number(KIT_OTHER, 21));	/* true */
	kit_insert(list, 3, kit_number(KIT_OTHER, 22));	/* null */
	list->value = 4;
	add_pair(map, kit_number(KIT_UINT, UNKNOWN_KEY), list);
	add_pair(map, kit_number(KIT_UINT, UINT64_MAX), kit_string(KIT_TEXT, ""));
}

static void refuse_unsorted_keys(reader read, const uint8_t *item, size_t len, size_t maps)
{
	each_map(read, item, len, maps, swap_last_pairs, "sorted");
}

static void refuse_duplicate_keys(reader read, const uint8_t *item, size_t len, size_t maps)
{
	each_map(read, item, len, maps, double_last_pair, "twice");
}

static void refuse_negative_keys(reader read, const uint8_t *item, size_t len, size_t maps)
{
	each_map(read, item, len, maps, add_minus_one, "critical");
	each_map(read, item, len, maps, add_very_negative, "critical");
}

static void refuse_text_keys(reader read, const uint8_t *item, size_t len, size_t maps)
{
	each_map(read, item, len, maps, add_text_key, "not an integer");
}

static void accept_unknown_positive_keys(reader read, const uint8_t *item, size_t len, size_t maps)
{
	each_map(read, item, len, maps, add_unknown, NULL);
}

/* @value becomes the value of an unknown key of the outermost map. */
static void with_unknown(reader read, const uint8_t *item, size_t len, struct kit_node *value,
			 const char *mention)
{
	struct kit_node *tree = kit_parse(item, len);

	add_pair(tree, kit_number(KIT_UINT, UNKNOWN_KEY), value);
	check_tree(read, tree, mention);
	kit_free(tree);
}

static struct kit_node *nested(size_t depth)
{
	struct kit_node *node = kit_number(KIT_UINT, 0), *outer;

	while (depth-- > 0) {
		outer = kit_array();
		kit_insert(outer, 0, node);
		outer->value = 1;
		node = outer;
	}
	return node;
}

static struct kit_node *long_list(size_t count)
{
	struct kit_node *list = kit_array();

	for (size_t i = 0; i < count; i++)
		kit_insert(list, i, kit_number(KIT_UINT, 0));
	list->value = count;
	return list;
}

static void refuse_deep_nesting(reader read, const uint8_t *item, size_t len)
{
	with_unknown(read, item, len, nested(7), NULL);
	with_unknown(read, item, len, nested(8), "deep");
	with_unknown(read, item, len, nested(2000), "deep");
}

static void refuse_too_many_parts(reader read, const uint8_t *item, size_t len)
{
	with_unknown(read, item, len, long_list(3000), NULL);
	with_unknown(read, item, len, long_list(4096), "parts");
}

static void refuse_other_types(reader read, const uint8_t *item, size_t len)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
	} others[] = {
		{ "half float", "\xf9\x3c\x00", 3 },
		{ "float", "\xfa\x47\xc3\x50\x00", 5 },
		{ "double", "\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a", 9 },
		{ "undefined", "\xf7", 1 },
		{ "tag", "\xc1\x01", 2 },
		{ "break", "\xff", 1 },
		{ "simple value", "\xf0", 1 },
		{ "simple value in two bytes", "\xf8\xff", 2 },
		{ "reserved additional information", "\x1c", 1 },
		{ "reserved additional information of a string", "\x5d", 1 },
		{ "text with a NUL", "\x63" "a\0b", 4 },
		{ "text that is not UTF-8", "\x62\xc3\x28", 3 },
		{ "map with unsorted keys", "\xa2\x02\x00\x01\x00", 5 },
		{ "map with a key twice", "\xa2\x02\x00\x02\x00", 5 },
		{ "map with a long number", "\xa1\x18\x02\x00", 4 },
	};
	struct kit_buf buf = { 0 };

	must_accept(read, item, len);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		buf.len = 0;
		kit_add(&buf, item, len);
		assert_in_range(buf.data[0], 0xa0, 0xb6);
		buf.data[0]++;	/* one pair more */
		kit_head(&buf, KIT_UINT, UNKNOWN_KEY, -1);
		kit_add(&buf, others[i].bytes, others[i].len);
		must_refuse(read, buf.data, buf.len, NULL);
	}
	kit_done(&buf);
}

/* Some bytes are changed; whatever is still taken must mean one thing, spelt in one way. */
void any_accepted_mutation_has_one_meaning(void **state)
{
	size_t len, len_first, len_second, accepted = 0;
	uint8_t *item, *mutated, *first, *second;
	uint32_t random = format.seed;

	(void)state;
	format.full(&item, &len);
	mutated = malloc(len);
	assert_non_null(mutated);
	for (size_t i = 0; i < 200000; i++) {
		memcpy(mutated, item, len);
		for (unsigned int j = 0; j <= i % 3; j++) {
			random = random * 1664525u + 1013904223u;
			mutated[(random >> 8) % len] = (uint8_t)(random >> 24);
		}
		if (format.again(mutated, len, &first, &len_first) < 0)
			continue;
		accepted++;
		assert_int_equal(format.again(first, len_first, &second, &len_second), 0);
		assert_int_equal(len_first, len_second);
		assert_memory_equal(first, second, len_first);
		free(first);
		free(second);
	}
	/* Flips inside of strings are accepted, flips of the structure are not: both must have been
	 * met. */
	assert_in_range(accepted, 1000, 199000);
	free(mutated);
	free(item);
}

#define WITH_FULL(name, ...)                                                                       \
	void name##_(void **state)                                                                 \
	{                                                                                          \
		uint8_t *item;                                                                     \
		size_t len;                                                                        \
												   \
		(void)state;                                                                       \
		format.full(&item, &len);                                                          \
		name(format.read, item, len, ##__VA_ARGS__);                                       \
		free(item);                                                                        \
	}

WITH_FULL(refuse_cut_off_anywhere)
WITH_FULL(refuse_trailing_bytes)
WITH_FULL(refuse_longer_spelling)
WITH_FULL(refuse_indefinite_lengths)
WITH_FULL(refuse_hostile_lengths)
WITH_FULL(refuse_deep_nesting)
WITH_FULL(refuse_too_many_parts)
WITH_FULL(refuse_other_types)
WITH_FULL(refuse_unsorted_keys, format.maps)
WITH_FULL(refuse_duplicate_keys, format.maps)
WITH_FULL(refuse_negative_keys, format.maps)
WITH_FULL(refuse_text_keys, format.maps)
WITH_FULL(accept_unknown_positive_keys, format.maps)
