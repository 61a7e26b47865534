/* SPDX-License-Identifier: GPL-2.0-only */
/* The curve P-384, see p384.c. Numbers are six digits of 64 bits, the least first. */
#ifndef P384_H
#define P384_H

#include <linux/types.h>

#define P384_DIGITS	(384 / 64)

/* In the form that is calculated with. */
struct p384_point {
	u64 x[P384_DIGITS], y[P384_DIGITS];
};

/* First of all, and where the base point is. */
bool p384_init(struct p384_point *ret_base);
/* False if that is no point of the curve. */
bool p384_point(struct p384_point *p, const u64 *x, const u64 *y);
/* 2^times * p */
void p384_double(struct p384_point *p, int times);
/* The X coordinate of a * p + b * q, where both have so many bits, modulo the order. */
void p384_sum(const u64 *a, const struct p384_point *p, const u64 *b, const struct p384_point *q,
	      int bits, u64 *ret_x);

/* Modulo the order of the curve. */
bool p384_is_scalar(const u64 *a);	/* 0 < a < order */
void p384_reduce(u64 *a);
void p384_add(u64 *a, const u64 *b);
void p384_mul(u64 *r, const u64 *a, const u64 *b);
void p384_invert(u64 *r, const u64 *a);

#endif
