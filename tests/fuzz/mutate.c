// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What libFuzzer does to an input, in small: bits, bytes, numbers at the edges of their range, pieces that
 * are taken out, doubled, or brought from another input. Without its coverage, so nothing is learned from
 * one input for the next.
 */
#include <string.h>

#include "mutate.h"

#define CHANGES_MAX	4
#define PIECE_MAX	64

/* SplitMix64. */
static uint64_t next(struct chance *chance)
{
	uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

size_t chance_below(struct chance *chance, size_t n)
{
	return n > 0 ? (size_t)(next(chance) % n) : 0;
}

/* At most so long as most fields are, and as there is. */
static size_t piece(struct chance *chance, size_t most)
{
	most = most < PIECE_MAX ? most : PIECE_MAX;
	return most > 0 ? 1 + chance_below(chance, most) : 0;
}

static void insert(struct input *input, size_t room, size_t at, const uint8_t *from, size_t len)
{
	uint8_t copy[PIECE_MAX];

	if (len == 0 || len > room - input->len)
		return;
	memcpy(copy, from, len);	/* it may be a piece of the input */
	memmove(input->data + at + len, input->data + at, input->len - at);
	memcpy(input->data + at, copy, len);
	input->len += len;
}

static void take_out(struct input *input, size_t at, size_t len)
{
	memmove(input->data + at, input->data + at + len, input->len - at - len);
	input->len -= len;
}

/* In lengths and counts, all of what matters is there. */
static void set_number(struct chance *chance, struct input *input, size_t at)
{
	static const uint8_t edges[][4] = {
		{ 0, 0, 0, 0 }, { 0xff, 0xff, 0xff, 0xff }, { 0x7f, 0xff, 0xff, 0xff }, { 0xff, 0xff, 0xff, 0x7f },
		{ 0x80, 0, 0, 0 }, { 0, 0, 0, 0x80 }, { 1, 0, 0, 0 }, { 0, 0, 0, 1 },
	};
	size_t len = (size_t)1 << chance_below(chance, 3);

	if (len <= input->len - at)
		memcpy(input->data + at, edges[chance_below(chance, sizeof(edges) / sizeof(edges[0]))], len);
}

/* In text: what begins, ends or escapes something there. */
static void set_mark(struct chance *chance, struct input *input, size_t at)
{
	static const char marks[] = "\"\\{}[]:,=#/*.\n\t -0919au%";

	input->data[at] = (uint8_t)marks[chance_below(chance, sizeof(marks))];	/* or NUL */
}

/* @at: in the input, which is not empty */
static void change(struct chance *chance, struct input *input, size_t at, size_t room,
		   const struct input *other)
{
	size_t from = chance_below(chance, other->len), to = chance_below(chance, input->len + 1);

	switch (chance_below(chance, 8)) {
	case 0:
		input->data[at] ^= (uint8_t)(1u << chance_below(chance, 8));
		break;
	case 1:
		input->data[at] = (uint8_t)next(chance);
		break;
	case 2:
		set_number(chance, input, at);
		break;
	case 3:
		set_mark(chance, input, at);
		break;
	case 4:
		take_out(input, at, piece(chance, input->len - at));
		break;
	case 5:
		insert(input, room, to, input->data + at, piece(chance, input->len - at));
		break;
	case 6:
		insert(input, room, to, other->data + from, piece(chance, other->len - from));
		break;
	default:
		input->len = chance_below(chance, 4) ? input->len : at;	/* cut off, but not often */
		break;
	}
}

void mutate(struct chance *chance, struct input *input, size_t room, const struct input *other)
{
	for (size_t n = 1 + chance_below(chance, CHANGES_MAX); n > 0 && input->len > 0; n--)
		change(chance, input, chance_below(chance, input->len), room, other);
}
