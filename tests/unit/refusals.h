/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The refusals that every reader of deterministic CBOR owes, tried on any good item at each place
 * in it. Each function first shows that the item itself is accepted.
 */
#ifndef REFUSALS_H
#define REFUSALS_H

#include <stddef.h>
#include <stdint.h>

/* 0 or a negative errno; a sentence on failure. */
typedef int (*reader)(const uint8_t *data, size_t len, const char **ret_why);

/* @maps: how many maps the item has, so that none is forgotten. */
void refuse_cut_off_anywhere(reader read, const uint8_t *item, size_t len);
void refuse_trailing_bytes(reader read, const uint8_t *item, size_t len);
void refuse_longer_spelling(reader read, const uint8_t *item, size_t len);
void refuse_indefinite_lengths(reader read, const uint8_t *item, size_t len);
void refuse_hostile_lengths(reader read, const uint8_t *item, size_t len);
void refuse_unsorted_keys(reader read, const uint8_t *item, size_t len, size_t maps);
void refuse_duplicate_keys(reader read, const uint8_t *item, size_t len, size_t maps);
void refuse_negative_keys(reader read, const uint8_t *item, size_t len, size_t maps);
void refuse_text_keys(reader read, const uint8_t *item, size_t len, size_t maps);
void refuse_deep_nesting(reader read, const uint8_t *item, size_t len);
void refuse_too_many_parts(reader read, const uint8_t *item, size_t len);
void refuse_other_types(reader read, const uint8_t *item, size_t len);
void accept_unknown_positive_keys(reader read, const uint8_t *item, size_t len, size_t maps);

#endif
