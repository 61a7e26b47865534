/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The refusals that every reader of deterministic CBOR owes, tried on any good item at each place
 * in it. Each function first shows that the item itself is accepted.
 */
#ifndef REFUSALS_H
#define REFUSALS_H

#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* 0 or a negative errno; a sentence on failure. */
typedef int (*reader)(const uint8_t *data, size_t len, const char **ret_why);

/*
 * What a file of tests says of its format.
 * @full: an item with every part, malloc()ed
 * @maps: how many maps that has, so that none is forgotten
 * @again: decodes, encodes, and gives what came out, malloc()ed; -EBADMSG when that is refused
 */
struct format {
	reader read;
	void (*full)(uint8_t **ret, size_t *ret_len);
	size_t maps;
	int (*again)(const uint8_t *data, size_t len, uint8_t **ret, size_t *ret_len);
	uint32_t seed;
};

extern const struct format format;

void refuse_cut_off_anywhere_(void **state);
void refuse_trailing_bytes_(void **state);
void refuse_longer_spelling_(void **state);
void refuse_indefinite_lengths_(void **state);
void refuse_hostile_lengths_(void **state);
void refuse_deep_nesting_(void **state);
void refuse_too_many_parts_(void **state);
void refuse_other_types_(void **state);
void refuse_unsorted_keys_(void **state);
void refuse_duplicate_keys_(void **state);
void refuse_negative_keys_(void **state);
void refuse_text_keys_(void **state);
void accept_unknown_positive_keys_(void **state);
void any_accepted_mutation_has_one_meaning(void **state);

/* For the table of tests; refuse_too_many_parts_() is for formats with room for so many. */
#define REFUSALS \
	cmocka_unit_test(refuse_cut_off_anywhere_), \
	cmocka_unit_test(refuse_trailing_bytes_), \
	cmocka_unit_test(refuse_longer_spelling_), \
	cmocka_unit_test(refuse_indefinite_lengths_), \
	cmocka_unit_test(refuse_hostile_lengths_), \
	cmocka_unit_test(refuse_deep_nesting_), \
	cmocka_unit_test(refuse_other_types_), \
	cmocka_unit_test(refuse_unsorted_keys_), \
	cmocka_unit_test(refuse_duplicate_keys_), \
	cmocka_unit_test(refuse_negative_keys_), \
	cmocka_unit_test(refuse_text_keys_), \
	cmocka_unit_test(accept_unknown_positive_keys_), \
	cmocka_unit_test(any_accepted_mutation_has_one_meaning)

#endif
