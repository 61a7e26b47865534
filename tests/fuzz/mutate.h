/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New inputs from old ones, as a fuzzer makes them, but the same ones for the same seed everywhere. */
#ifndef MUTATE_H
#define MUTATE_H

#include <stddef.h>
#include <stdint.h>

struct input {
	uint8_t *data;
	size_t len;
};

/* A state of the generator; any number will do to begin with. */
struct chance {
	uint64_t state;
};

/* chance_below() - a number from 0 to @n - 1; 0 of none. */
size_t chance_below(struct chance *chance, size_t n);

/*
 * mutate() - changes @input, whose room is @room bytes, in a few places. @other: of which a piece may be
 * taken.
 */
void mutate(struct chance *chance, struct input *input, size_t room, const struct input *other);

#endif
