// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ECDSA takes of the curve P-384: numbers modulo its two primes, and the X coordinate of a sum
 * of two products.
 *
 * The kernel has a library for that, made for what it verifies, a few signatures in a day. Here it
 * is every report, and then, under emulation, most of what a report costs is arithmetic. So
 * numbers are multiplied as Montgomery does it: that takes a fifth of the time. Of the kernel are
 * the numbers of the curve. Time depends on the scalar: this is for tests, where nothing is
 * secret.
 */
#include <linux/string.h>
#include <crypto/ecc_curve.h>
#include <crypto/ecdh.h>

#include "p384.h"

/* A number and how it is used as a modulus; its numbers in Montgomery form are times 2^384. */
struct modulus {
	u64 m[P384_DIGITS];
	u64 square[P384_DIGITS];	/* of 2^384 */
	u64 factor;			/* -1 / m modulo 2^64 */
};

/* X / Z^2, Y / Z^3, in Montgomery form; infinity is Z = 0. */
struct point {
	u64 x[P384_DIGITS], y[P384_DIGITS], z[P384_DIGITS];
};

static struct modulus prime, order;
static const u64 one[P384_DIGITS] = { 1 };
static u64 mont_one[P384_DIGITS], curve_b[P384_DIGITS];

static void copy(u64 *r, const u64 *a)
{
	memcpy(r, a, P384_DIGITS * sizeof(*r));
}

static bool is_zero(const u64 *a)
{
	return !memchr_inv(a, 0, P384_DIGITS * sizeof(*a));
}

static bool is_below(const u64 *a, const u64 *b)
{
	int i = P384_DIGITS - 1;

	while (i && a[i] == b[i])
		i--;
	return a[i] < b[i];
}

/* Return what is carried, or borrowed. */
static u64 plus(u64 *r, const u64 *a, const u64 *b)
{
	unsigned __int128 sum = 0;
	int i;

	for (i = 0; i < P384_DIGITS; i++) {
		sum += (unsigned __int128)a[i] + b[i];
		r[i] = (u64)sum;
		sum >>= 64;
	}
	return (u64)sum;
}

static u64 minus(u64 *r, const u64 *a, const u64 *b)
{
	unsigned __int128 difference;
	u64 borrow = 0;
	int i;

	for (i = 0; i < P384_DIGITS; i++) {
		difference = (unsigned __int128)a[i] - b[i] - borrow;
		r[i] = (u64)difference;
		borrow = (u64)(difference >> 64) & 1;
	}
	return borrow;
}

static void reduce(u64 *r, u64 carry, const struct modulus *mod)
{
	if (carry || !is_below(r, mod->m))
		minus(r, r, mod->m);
}

static void mod_add(u64 *r, const u64 *a, const u64 *b, const struct modulus *mod)
{
	reduce(r, plus(r, a, b), mod);
}

static void mod_sub(u64 *r, const u64 *a, const u64 *b, const struct modulus *mod)
{
	if (minus(r, a, b))
		plus(r, r, mod->m);
}

/* a * b / 2^384 */
static void mod_mul(u64 *r, const u64 *a, const u64 *b, const struct modulus *mod)
{
	u64 t[P384_DIGITS + 2] = {}, carry, q;
	unsigned __int128 sum;
	int i, j;

	for (i = 0; i < P384_DIGITS; i++) {
		carry = 0;
		for (j = 0; j < P384_DIGITS; j++) {
			sum = (unsigned __int128)a[j] * b[i] + t[j] + carry;
			t[j] = (u64)sum;
			carry = (u64)(sum >> 64);
		}
		sum = (unsigned __int128)t[P384_DIGITS] + carry;
		t[P384_DIGITS] = (u64)sum;
		t[P384_DIGITS + 1] = (u64)(sum >> 64);
		/* So many times the modulus make the lowest digit zero, and it goes. */
		q = t[0] * mod->factor;
		carry = (u64)(((unsigned __int128)q * mod->m[0] + t[0]) >> 64);
		for (j = 1; j < P384_DIGITS; j++) {
			sum = (unsigned __int128)q * mod->m[j] + t[j] + carry;
			t[j - 1] = (u64)sum;
			carry = (u64)(sum >> 64);
		}
		sum = (unsigned __int128)t[P384_DIGITS] + carry;
		t[P384_DIGITS - 1] = (u64)sum;
		t[P384_DIGITS] = t[P384_DIGITS + 1] + (u64)(sum >> 64);
	}
	reduce(t, t[P384_DIGITS], mod);
	copy(r, t);
}

static bool bit_of(const u64 *a, int bit)
{
	return a[bit / 64] >> (bit % 64) & 1;
}

/* a^(m - 2), both in Montgomery form. */
static void mod_invert(u64 *r, const u64 *a, const struct modulus *mod)
{
	static const u64 two[P384_DIGITS] = { 2 };
	u64 power[P384_DIGITS], exponent[P384_DIGITS];
	int bit;

	minus(exponent, mod->m, two);
	copy(power, a);
	for (bit = P384_DIGITS * 64 - 2; bit >= 0; bit--) {
		mod_mul(power, power, power, mod);
		if (bit_of(exponent, bit))
			mod_mul(power, power, a, mod);
	}
	copy(r, power);
}

static void modulus_init(struct modulus *mod, const u64 *m)
{
	int i;

	copy(mod->m, m);
	/* Newton: each turn doubles the bits that are right, of which an odd number has three. */
	mod->factor = m[0];
	for (i = 0; i < 5; i++)
		mod->factor *= 2 - m[0] * mod->factor;
	mod->factor = -mod->factor;
	copy(mod->square, one);
	for (i = 0; i < 2 * P384_DIGITS * 64; i++)
		mod_add(mod->square, mod->square, mod->square, mod);
}

/* dbl-2001-b of the Explicit-Formulas Database, for a = -3. */
static void point_double(struct point *p)
{
	u64 delta[P384_DIGITS], gamma[P384_DIGITS], beta[P384_DIGITS], alpha[P384_DIGITS];
	u64 t[P384_DIGITS];

	mod_mul(delta, p->z, p->z, &prime);
	mod_mul(gamma, p->y, p->y, &prime);
	mod_mul(beta, p->x, gamma, &prime);
	mod_sub(alpha, p->x, delta, &prime);
	mod_add(t, p->x, delta, &prime);
	mod_mul(alpha, alpha, t, &prime);
	mod_add(t, alpha, alpha, &prime);
	mod_add(alpha, alpha, t, &prime);
	/* z = (y + z)^2 - gamma - delta, before y and x change */
	mod_add(t, p->y, p->z, &prime);
	mod_mul(t, t, t, &prime);
	mod_sub(t, t, gamma, &prime);
	mod_sub(p->z, t, delta, &prime);
	/* x = alpha^2 - 8 beta */
	mod_add(beta, beta, beta, &prime);
	mod_add(beta, beta, beta, &prime);
	mod_add(t, beta, beta, &prime);
	mod_mul(p->x, alpha, alpha, &prime);
	mod_sub(p->x, p->x, t, &prime);
	/* y = alpha (4 beta - x) - 8 gamma^2 */
	mod_sub(t, beta, p->x, &prime);
	mod_mul(p->y, alpha, t, &prime);
	mod_add(gamma, gamma, gamma, &prime);
	mod_mul(gamma, gamma, gamma, &prime);
	mod_add(gamma, gamma, gamma, &prime);
	mod_sub(p->y, p->y, gamma, &prime);
}

/* p += (x, y), with Z = 1: madd-2004-hmv, and the cases that it does not cover. */
static void point_add(struct point *p, const u64 *x, const u64 *y)
{
	u64 s[P384_DIGITS], h[P384_DIGITS], hh[P384_DIGITS], v[P384_DIGITS];

	if (is_zero(p->z)) {
		copy(p->x, x);
		copy(p->y, y);
		copy(p->z, mont_one);
		return;
	}
	mod_mul(hh, p->z, p->z, &prime);
	mod_mul(h, x, hh, &prime);
	mod_mul(s, y, hh, &prime);
	mod_mul(s, s, p->z, &prime);
	mod_sub(h, h, p->x, &prime);
	mod_sub(s, s, p->y, &prime);
	if (is_zero(h)) {
		if (is_zero(s))
			point_double(p);
		else
			memset(p, 0, sizeof(*p));
		return;
	}
	mod_mul(hh, h, h, &prime);
	mod_mul(v, p->x, hh, &prime);
	mod_mul(hh, hh, h, &prime);
	mod_mul(p->z, p->z, h, &prime);
	/* x = s^2 - h^3 - 2 v */
	mod_mul(p->x, s, s, &prime);
	mod_sub(p->x, p->x, hh, &prime);
	mod_sub(p->x, p->x, v, &prime);
	mod_sub(p->x, p->x, v, &prime);
	/* y = s (v - x) - y h^3 */
	mod_sub(v, v, p->x, &prime);
	mod_mul(v, v, s, &prime);
	mod_mul(hh, hh, p->y, &prime);
	mod_sub(p->y, v, hh, &prime);
}

/* Infinity, which is no scalar's that is used, becomes (0, 0). */
static void to_affine(const struct point *p, struct p384_point *ret)
{
	u64 inverse[P384_DIGITS], square[P384_DIGITS];

	mod_invert(inverse, p->z, &prime);
	mod_mul(square, inverse, inverse, &prime);
	mod_mul(ret->x, p->x, square, &prime);
	mod_mul(square, square, inverse, &prime);
	mod_mul(ret->y, p->y, square, &prime);
}

void p384_sum(const u64 *a, const struct p384_point *p, const u64 *b, const struct p384_point *q,
	      int bits, u64 *ret_x)
{
	struct p384_point affine;
	struct point sum = {};
	int bit;

	for (bit = bits - 1; bit >= 0; bit--) {
		point_double(&sum);
		if (bit_of(a, bit))
			point_add(&sum, p->x, p->y);
		if (bit_of(b, bit))
			point_add(&sum, q->x, q->y);
	}
	to_affine(&sum, &affine);
	mod_mul(ret_x, affine.x, one, &prime);
	/* Less than twice the order, as every number below the prime is. */
	reduce(ret_x, 0, &order);
}

void p384_double(struct p384_point *p, int times)
{
	struct point power;

	copy(power.x, p->x);
	copy(power.y, p->y);
	copy(power.z, mont_one);
	while (times--)
		point_double(&power);
	to_affine(&power, p);
}

/* y^2 = x^3 - 3x + b */
bool p384_point(struct p384_point *p, const u64 *x, const u64 *y)
{
	u64 left[P384_DIGITS], right[P384_DIGITS], t[P384_DIGITS];

	if (!is_below(x, prime.m) || !is_below(y, prime.m))
		return false;
	mod_mul(p->x, x, prime.square, &prime);
	mod_mul(p->y, y, prime.square, &prime);
	mod_mul(left, p->y, p->y, &prime);
	mod_mul(right, p->x, p->x, &prime);
	mod_mul(right, right, p->x, &prime);
	mod_add(t, p->x, p->x, &prime);
	mod_add(t, t, p->x, &prime);
	mod_sub(right, right, t, &prime);
	mod_add(right, right, curve_b, &prime);
	return !memcmp(left, right, sizeof(left));
}

bool p384_is_scalar(const u64 *a)
{
	return !is_zero(a) && is_below(a, order.m);
}

void p384_reduce(u64 *a)
{
	reduce(a, 0, &order);
}

void p384_add(u64 *a, const u64 *b)
{
	mod_add(a, a, b, &order);
}

void p384_mul(u64 *r, const u64 *a, const u64 *b)
{
	u64 form[P384_DIGITS];

	mod_mul(form, b, order.square, &order);
	mod_mul(r, a, form, &order);
}

void p384_invert(u64 *r, const u64 *a)
{
	mod_mul(r, a, order.square, &order);
	mod_invert(r, r, &order);
	mod_mul(r, r, one, &order);
}

bool p384_init(struct p384_point *ret_base)
{
	const struct ecc_curve *curve = ecc_get_curve(ECC_CURVE_NIST_P384);

	if (!curve)
		return false;
	modulus_init(&prime, curve->p);
	modulus_init(&order, curve->n);
	mod_mul(mont_one, one, prime.square, &prime);
	mod_mul(curve_b, curve->b, prime.square, &prime);
	return p384_point(ret_base, curve->g.x, curve->g.y);
}
