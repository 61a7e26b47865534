// SPDX-License-Identifier: GPL-2.0-only
/*
 * One operation on the curve P-521: the X coordinate of scalar times point, which is what ECDH is.
 *
 * The kernel's own elliptic curves allocate memory, and not all kernels have this curve; the trap
 * needs it without sleeping. Numbers modulo 2^521 - 1 are nine limbs of 58 bits, and products are
 * folded back by 2^522 = 2. Time depends on the scalar: this is for tests, where nothing is secret.
 */
#include <linux/string.h>

#include "softuv.h"

#define LIMBS		9
#define LIMB_BITS	58
#define LIMB_MASK	((1ULL << LIMB_BITS) - 1)
#define TOP_BITS	57
#define TOP_MASK	((1ULL << TOP_BITS) - 1)
#define SCALAR_BITS	521

/* Limbs are below 2^59 between operations, which is not unique; fe_store() makes it so. */
struct fe {
	u64 limb[LIMBS];
};

/* X / Z^2, Y / Z^3; infinity is Z = 0. */
struct point {
	struct fe x, y, z;
};

/* SEC 2, secp521r1. */
static const struct fe curve_b = { {
	0x3451fd46b503f00, 0x0f7e20f4b0d3c7b, 0x00bd3bb1bf07357, 0x147b1fa4dec594b,
	0x18ef109e1561939, 0x26cc57cee2d2264, 0x0540eea2da725b9, 0x2687e4a688682da,
	0x051953eb9618e1c,
} };

static void carry(struct fe *r, unsigned __int128 sum[LIMBS])
{
	unsigned __int128 over;
	int i;

	for (i = 0; i < LIMBS - 1; i++) {
		sum[i + 1] += sum[i] >> LIMB_BITS;
		r->limb[i] = (u64)sum[i] & LIMB_MASK;
	}
	r->limb[LIMBS - 1] = (u64)sum[LIMBS - 1] & TOP_MASK;
	over = (sum[LIMBS - 1] >> TOP_BITS) + r->limb[0];
	r->limb[0] = (u64)over & LIMB_MASK;
	r->limb[1] += over >> LIMB_BITS;
}

static void fe_add(struct fe *r, const struct fe *a, const struct fe *b)
{
	unsigned __int128 sum[LIMBS];
	int i;

	for (i = 0; i < LIMBS; i++)
		sum[i] = a->limb[i] + b->limb[i];
	carry(r, sum);
}

/* Four times the modulus keeps each limb positive. */
static void fe_sub(struct fe *r, const struct fe *a, const struct fe *b)
{
	unsigned __int128 sum[LIMBS];
	int i;

	for (i = 0; i < LIMBS; i++)
		sum[i] = a->limb[i] + 4 * (i < LIMBS - 1 ? LIMB_MASK : TOP_MASK) - b->limb[i];
	carry(r, sum);
}

static void fe_mul(struct fe *r, const struct fe *a, const struct fe *b)
{
	unsigned __int128 sum[LIMBS] = {};
	int i, j;

	for (i = 0; i < LIMBS; i++) {
		for (j = 0; j < LIMBS - i; j++)
			sum[i + j] += (unsigned __int128)a->limb[i] * b->limb[j];
		for (; j < LIMBS; j++)
			sum[i + j - LIMBS] += (unsigned __int128)(2 * a->limb[i]) * b->limb[j];
	}
	carry(r, sum);
}

static void fe_double(struct fe *r, const struct fe *a)
{
	fe_add(r, a, a);
}

/* a^(p - 2): of the exponent 2^521 - 3 only bit 1 is clear. */
static void fe_invert(struct fe *r, const struct fe *a)
{
	struct fe power = *a;
	int bit;

	for (bit = SCALAR_BITS - 2; bit >= 0; bit--) {
		fe_mul(&power, &power, &power);
		if (bit != 1)
			fe_mul(&power, &power, a);
	}
	*r = power;
}

/* The one form: below the modulus. */
static void fe_reduce(struct fe *a)
{
	unsigned __int128 sum[LIMBS];
	bool whole = true;
	int i, turn;

	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < LIMBS; i++)
			sum[i] = a->limb[i];
		carry(a, sum);
	}
	for (i = 0; i < LIMBS; i++)
		whole &= a->limb[i] == (i < LIMBS - 1 ? LIMB_MASK : TOP_MASK);
	if (whole)
		memset(a, 0, sizeof(*a));
}

static bool fe_is_zero(const struct fe *a)
{
	struct fe reduced = *a;

	fe_reduce(&reduced);
	return !memchr_inv(&reduced, 0, sizeof(reduced));
}

/* 80 bytes, big-endian; false when not below the modulus. */
static bool fe_load(struct fe *r, const u8 bytes[SOFTUV_COORDINATE_LEN])
{
	struct fe reduced;
	int i, bit, at;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < SOFTUV_COORDINATE_LEN * 8; i++) {
		bit = bytes[SOFTUV_COORDINATE_LEN - 1 - i / 8] >> (i % 8) & 1;
		at = i / LIMB_BITS;
		if (bit && i >= SCALAR_BITS)
			return false;
		if (bit)
			r->limb[at] |= 1ULL << (i % LIMB_BITS);
	}
	reduced = *r;
	fe_reduce(&reduced);
	return !memcmp(&reduced, r, sizeof(reduced));
}

static void fe_store(u8 bytes[SOFTUV_SHARED_LEN], const struct fe *a)
{
	struct fe reduced = *a;
	int i;

	fe_reduce(&reduced);
	memset(bytes, 0, SOFTUV_SHARED_LEN);
	for (i = 0; i < SCALAR_BITS; i++)
		if (reduced.limb[i / LIMB_BITS] >> (i % LIMB_BITS) & 1)
			bytes[SOFTUV_SHARED_LEN - 1 - i / 8] |= 1 << (i % 8);
}

/* y^2 = x^3 - 3x + b */
static bool on_curve(const struct fe *x, const struct fe *y)
{
	struct fe left, right, three;

	fe_mul(&left, y, y);
	fe_mul(&right, x, x);
	fe_mul(&right, &right, x);
	fe_double(&three, x);
	fe_add(&three, &three, x);
	fe_sub(&right, &right, &three);
	fe_add(&right, &right, &curve_b);
	fe_sub(&left, &left, &right);
	return fe_is_zero(&left);
}

/* dbl-2001-b of the Explicit-Formulas Database, for a = -3. */
static void point_double(struct point *p)
{
	struct fe delta, gamma, beta, alpha, t, x;

	fe_mul(&delta, &p->z, &p->z);
	fe_mul(&gamma, &p->y, &p->y);
	fe_mul(&beta, &p->x, &gamma);
	fe_sub(&alpha, &p->x, &delta);
	fe_add(&t, &p->x, &delta);
	fe_mul(&alpha, &alpha, &t);
	fe_double(&t, &alpha);
	fe_add(&alpha, &alpha, &t);
	/* z = (y + z)^2 - gamma - delta, before y and x change */
	fe_add(&t, &p->y, &p->z);
	fe_mul(&t, &t, &t);
	fe_sub(&t, &t, &gamma);
	fe_sub(&p->z, &t, &delta);
	/* x = alpha^2 - 8 beta */
	fe_double(&beta, &beta);
	fe_double(&beta, &beta);
	fe_double(&t, &beta);
	fe_mul(&x, &alpha, &alpha);
	fe_sub(&p->x, &x, &t);
	/* y = alpha (4 beta - x) - 8 gamma^2 */
	fe_sub(&t, &beta, &p->x);
	fe_mul(&p->y, &alpha, &t);
	fe_double(&gamma, &gamma);
	fe_mul(&gamma, &gamma, &gamma);
	fe_double(&gamma, &gamma);
	fe_sub(&p->y, &p->y, &gamma);
}

/* p += (x, y), with Z = 1: madd-2004-hmv, and the cases that it does not cover. */
static void point_add(struct point *p, const struct fe *x, const struct fe *y)
{
	struct fe zz, u, s, h, hh, hhh, v;

	if (fe_is_zero(&p->z)) {
		p->x = *x;
		p->y = *y;
		p->z = (struct fe){ { 1 } };
		return;
	}
	fe_mul(&zz, &p->z, &p->z);
	fe_mul(&u, x, &zz);
	fe_mul(&s, y, &zz);
	fe_mul(&s, &s, &p->z);
	fe_sub(&h, &u, &p->x);
	fe_sub(&s, &s, &p->y);
	if (fe_is_zero(&h)) {
		if (fe_is_zero(&s))
			point_double(p);
		else
			memset(p, 0, sizeof(*p));
		return;
	}
	fe_mul(&hh, &h, &h);
	fe_mul(&hhh, &hh, &h);
	fe_mul(&v, &p->x, &hh);
	fe_mul(&p->z, &p->z, &h);
	/* x = s^2 - hhh - 2 v */
	fe_mul(&p->x, &s, &s);
	fe_sub(&p->x, &p->x, &hhh);
	fe_sub(&p->x, &p->x, &v);
	fe_sub(&p->x, &p->x, &v);
	/* y = s (v - x) - y hhh */
	fe_sub(&v, &v, &p->x);
	fe_mul(&v, &v, &s);
	fe_mul(&hhh, &hhh, &p->y);
	fe_sub(&p->y, &v, &hhh);
}

/* False when (x, y) is no point, or the product is none. */
bool softuv_ecdh(const u8 scalar[SOFTUV_COORDINATE_LEN], const u8 public_key[SOFTUV_PUBLIC_LEN],
		 u8 ret_shared[SOFTUV_SHARED_LEN])
{
	struct point p = {};
	struct fe x, y, inverse;
	int bit;

	if (!fe_load(&x, public_key) || !fe_load(&y, public_key + SOFTUV_COORDINATE_LEN) ||
	    !on_curve(&x, &y))
		return false;
	for (bit = SCALAR_BITS - 1; bit >= 0; bit--) {
		point_double(&p);
		if (scalar[SOFTUV_COORDINATE_LEN - 1 - bit / 8] >> (bit % 8) & 1)
			point_add(&p, &x, &y);
	}
	if (fe_is_zero(&p.z))
		return false;
	fe_invert(&inverse, &p.z);
	fe_mul(&inverse, &inverse, &inverse);
	fe_mul(&x, &p.x, &inverse);
	fe_store(ret_shared, &x);
	memzero_explicit(&p, sizeof(p));
	memzero_explicit(&x, sizeof(x));
	return true;
}
