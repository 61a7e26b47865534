// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SHA-384 and SHA-512 after FIPS 180-4, sections 4.1.3, 5.1.2, 5.3 and 6.4. The 80 round constants
 * are computed: they are the first 64 bits of the fractional parts of the cube roots of the first
 * 80 primes, which leaves no table to mistype. The known answers are checked by report.c.
 */
#include <stdlib.h>
#include <string.h>

#include "sha384.h"

#define BLOCK 128

static uint64_t K[80];

/* The largest x with (i * 2^64 + x)^3 < p * 2^192, where i is the whole part of the cube root. */
static uint64_t cube_root_fraction(unsigned int p);

/* Before main(): threads use them later. */
__attribute__((constructor)) static void make_constants(void)
{
	unsigned int found = 0;

	for (unsigned int p = 2; found < 80; p++) {
		unsigned int d = 2;

		while (d * d <= p && p % d)
			d++;
		if (d * d > p)
			K[found++] = cube_root_fraction(p);
	}
}

/* Numbers of eight 32-bit limbs, least significant first: enough for (2^67)^3. */
struct wide {
	uint32_t limb[8];
};

static struct wide multiply(const struct wide *a, const struct wide *b)
{
	struct wide r = { { 0 } };

	for (unsigned int i = 0; i < 8; i++) {
		uint64_t carry = 0;

		for (unsigned int j = 0; i + j < 8; j++) {
			carry += (uint64_t)a->limb[i] * b->limb[j] + r.limb[i + j];
			r.limb[i + j] = (uint32_t)carry;
			carry >>= 32;
		}
	}
	return r;
}

static uint64_t cube_root_fraction(unsigned int p)
{
	struct wide x, cube;
	uint64_t fraction = 0;
	unsigned int whole = 1;

	while ((whole + 1) * (whole + 1) * (whole + 1) <= p)
		whole++;
	for (int bit = 63; bit >= 0; bit--) {
		uint64_t try = fraction | 1ULL << bit;
		uint64_t top;

		x = (struct wide) { { (uint32_t)try, (uint32_t)(try >> 32), whole } };
		cube = multiply(&x, &x);
		cube = multiply(&cube, &x);
		top = (uint64_t)cube.limb[7] << 32 | cube.limb[6];
		if (top < p)
			fraction = try;
	}
	return fraction;
}

static uint64_t rotate(uint64_t x, unsigned int n)
{
	return x >> n | x << (64 - n);
}

static uint64_t big_endian(const uint8_t *p)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void round_all(uint64_t h[8], const uint64_t w[80])
{
	uint64_t v[8];

	memcpy(v, h, sizeof(v));
	for (unsigned int t = 0; t < 80; t++) {
		uint64_t s1 = rotate(v[4], 14) ^ rotate(v[4], 18) ^ rotate(v[4], 41);
		uint64_t s0 = rotate(v[0], 28) ^ rotate(v[0], 34) ^ rotate(v[0], 39);
		uint64_t choose = (v[4] & v[5]) ^ (~v[4] & v[6]);
		uint64_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
		uint64_t t1 = v[7] + s1 + choose + K[t] + w[t];

		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + s0 + majority;
	}
	for (unsigned int i = 0; i < 8; i++)
		h[i] += v[i];
}

static void block(uint64_t h[8], const uint8_t *p)
{
	uint64_t w[80];

	for (unsigned int t = 0; t < 16; t++)
		w[t] = big_endian(p + 8 * t);
	for (unsigned int t = 16; t < 80; t++) {
		uint64_t a = w[t - 15], b = w[t - 2];

		w[t] = w[t - 16] + w[t - 7] + (rotate(a, 1) ^ rotate(a, 8) ^ a >> 7) +
		       (rotate(b, 19) ^ rotate(b, 61) ^ b >> 6);
	}
	round_all(h, w);
}

/* Both are the same but for where they begin and how much of the end they show. */
static void digest_of(uint64_t h[8], const void *data, size_t n, uint8_t *digest, size_t size)
{
	const uint8_t *p = data;
	uint8_t end[2 * BLOCK] = { 0 };
	size_t left = n % BLOCK, pad = left < BLOCK - 16 ? BLOCK : 2 * BLOCK;

	for (size_t i = 0; i + BLOCK <= n; i += BLOCK)
		block(h, p + i);
	if (left)
		memcpy(end, p + n - left, left);
	end[left] = 0x80;
	for (unsigned int i = 0; i < 8; i++)
		end[pad - 1 - i] = (uint8_t)((uint64_t)n * 8 >> 8 * i);
	for (size_t i = 0; i < pad; i += BLOCK)
		block(h, end + i);
	for (unsigned int i = 0; i < size; i++)
		digest[i] = (uint8_t)(h[i / 8] >> (56 - 8 * (i % 8)));
}

void sha384(const void *data, size_t n, uint8_t digest[SHA384_SIZE])
{
	uint64_t h[8] = {
		0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
		0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
	};

	digest_of(h, data, n, digest, SHA384_SIZE);
}

void sha512(const void *data, size_t n, uint8_t digest[SHA512_SIZE])
{
	uint64_t h[8] = {
		0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
		0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
	};

	digest_of(h, data, n, digest, SHA512_SIZE);
}

/* RFC 2104: H(key ^ 0x5c.. || H(key ^ 0x36.. || data)). */
static void hmac(void (*hash)(const void *, size_t, uint8_t *), size_t size, const void *key,
		 size_t key_len, const void *data, size_t n, uint8_t *mac)
{
	uint8_t outer[BLOCK + SHA512_SIZE];
	uint8_t *inner = malloc(BLOCK + n);

	if (!inner)
		abort();
	memset(outer, 0, BLOCK);
	memcpy(outer, key, key_len);
	memcpy(inner, outer, BLOCK);
	for (unsigned int i = 0; i < BLOCK; i++) {
		outer[i] ^= 0x5c;
		inner[i] ^= 0x36;
	}
	memcpy(inner + BLOCK, data, n);
	hash(inner, BLOCK + n, outer + BLOCK);
	hash(outer, BLOCK + size, mac);
	free(inner);
}

void hmac_sha512(const void *key, size_t key_len, const void *data, size_t n,
		 uint8_t mac[SHA512_SIZE])
{
	hmac(sha512, SHA512_SIZE, key, key_len, data, n, mac);
}

void hmac_sha384(const void *key, size_t key_len, const void *data, size_t n,
		 uint8_t mac[SHA384_SIZE])
{
	hmac(sha384, SHA384_SIZE, key, key_len, data, n, mac);
}
