// SPDX-License-Identifier: GPL-2.0-only
/*
 * AES-256-GCM, SHA-256, SHA-512 and HMAC-SHA-512 for a caller that cannot sleep.
 *
 * AES and SHA-256 are lib/crypto calls, good in any context. GCM around AES is made here, bit by
 * bit, because the texts are short. SHA-512 is behind the crypto API, where the usual pick uses an
 * instruction of this machine that may not be there; so the generic driver is asked for by name.
 */
#include <crypto/aes.h>
#include <crypto/algapi.h>
#include <crypto/hash.h>
#include <crypto/sha2.h>
#include <linux/string.h>

#include "softuv.h"

#define GCM_BLOCK	16
#define GCM_POLYNOMIAL	0xe100000000000000ULL

static struct crypto_shash *hash_tfm;

int softuv_crypto_init(void)
{
	struct crypto_shash *tfm = crypto_alloc_shash("sha512-generic", 0, 0);

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	hash_tfm = tfm;
	return 0;
}

void softuv_crypto_exit(void)
{
	crypto_free_shash(hash_tfm);
	hash_tfm = NULL;
}

void softuv_sha256(const void *data, size_t len, u8 out[SOFTUV_SHA256_LEN])
{
	sha256(data, len, out);
}

/* The generic driver has nothing that fails; a failure would show in every measurement. */
static void hash_pieces(const struct softuv_piece *pieces, size_t count, u8 out[SOFTUV_SHA512_LEN])
{
	SHASH_DESC_ON_STACK(desc, hash_tfm);
	size_t i;
	int r;

	desc->tfm = hash_tfm;
	r = crypto_shash_init(desc);
	for (i = 0; i < count; i++)
		r = r ?: crypto_shash_update(desc, pieces[i].data, pieces[i].len);
	r = r ?: crypto_shash_final(desc, out);
	if (WARN_ON_ONCE(r))
		memset(out, 0, SOFTUV_SHA512_LEN);
	shash_desc_zero(desc);
}

void softuv_sha512(const void *a, size_t a_len, const void *b, size_t b_len,
		   u8 out[SOFTUV_SHA512_LEN])
{
	struct softuv_piece pieces[] = { { a, a_len }, { b, b_len } };

	hash_pieces(pieces, ARRAY_SIZE(pieces), out);
}

/* RFC 2104; the first of @pieces is left free for the padded key. */
void softuv_hmac_sha512(const u8 key[64], struct softuv_piece *pieces, size_t count,
			u8 out[SOFTUV_SHA512_LEN])
{
	u8 inner[SHA512_BLOCK_SIZE], outer[SHA512_BLOCK_SIZE];
	int i;

	for (i = 0; i < SHA512_BLOCK_SIZE; i++) {
		u8 byte = i < 64 ? key[i] : 0;

		inner[i] = byte ^ 0x36;
		outer[i] = byte ^ 0x5c;
	}
	pieces[0] = (struct softuv_piece){ inner, sizeof(inner) };
	hash_pieces(pieces, count, out);
	softuv_sha512(outer, sizeof(outer), out, SOFTUV_SHA512_LEN, out);
	memzero_explicit(inner, sizeof(inner));
	memzero_explicit(outer, sizeof(outer));
}

/* Big-endian, as this machine is, at any address. */
static u64 get64(const u8 *from)
{
	u64 value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static void xor64(u8 *to, u64 value)
{
	value ^= get64(to);
	memcpy(to, &value, sizeof(value));
}

static void put32(u8 *to, u32 value)
{
	memcpy(to, &value, sizeof(value));
}

/* An element of GF(2^128) as GCM writes it: bit 0 is the leftmost. */
struct block {
	u64 high;
	u64 low;
};

static void gf_multiply(struct block *x, const struct block *h)
{
	struct block product = {}, v = *h;
	int i;

	for (i = 0; i < 128; i++) {
		u64 bit = i < 64 ? x->high >> (63 - i) & 1 : x->low >> (127 - i) & 1;
		u64 carry = v.low & 1;

		product.high ^= v.high & -bit;
		product.low ^= v.low & -bit;
		v.low = v.low >> 1 | v.high << 63;
		v.high = v.high >> 1 ^ (GCM_POLYNOMIAL & -carry);
	}
	*x = product;
}

static void ghash(struct block *x, const struct block *h, const u8 *data, size_t len)
{
	u8 last[GCM_BLOCK];

	for (; len; len -= min_t(size_t, len, GCM_BLOCK), data += GCM_BLOCK) {
		const u8 *from = data;

		if (len < GCM_BLOCK) {
			memset(last, 0, sizeof(last));
			memcpy(last, data, len);
			from = last;
		}
		x->high ^= get64(from);
		x->low ^= get64(from + 8);
		gf_multiply(x, h);
	}
}

static void gcm_tag(const struct crypto_aes_ctx *aes, const u8 counter[GCM_BLOCK], const u8 *aad,
		    size_t aad_len, const u8 *text, size_t text_len, u8 tag[SOFTUV_TAG_LEN])
{
	u8 zero[GCM_BLOCK] = {}, hash_key[GCM_BLOCK];
	struct block h, x = {};

	aes_encrypt(aes, hash_key, zero);
	h.high = get64(hash_key);
	h.low = get64(hash_key + 8);
	ghash(&x, &h, aad, aad_len);
	ghash(&x, &h, text, text_len);
	x.high ^= aad_len * 8;
	x.low ^= text_len * 8;
	gf_multiply(&x, &h);
	aes_encrypt(aes, tag, counter);
	xor64(tag, x.high);
	xor64(tag + 8, x.low);
	memzero_explicit(hash_key, sizeof(hash_key));
}

static void gcm_crypt(const struct crypto_aes_ctx *aes, u8 counter[GCM_BLOCK], u8 *text, size_t len)
{
	u8 stream[GCM_BLOCK];
	u32 n = 1;

	while (len) {
		size_t part = min_t(size_t, len, GCM_BLOCK);

		put32(counter + SOFTUV_IV_LEN, ++n);
		aes_encrypt(aes, stream, counter);
		crypto_xor(text, stream, part);
		text += part;
		len -= part;
	}
	memzero_explicit(stream, sizeof(stream));
}

bool softuv_gcm_open(const u8 key[SOFTUV_KEY_LEN], const u8 iv[SOFTUV_IV_LEN], const u8 *aad,
		     size_t aad_len, u8 *text, size_t text_len)
{
	u8 counter[GCM_BLOCK], tag[SOFTUV_TAG_LEN];
	struct crypto_aes_ctx aes;
	bool good;

	if (aes_expandkey(&aes, key, SOFTUV_KEY_LEN))
		return false;
	memcpy(counter, iv, SOFTUV_IV_LEN);
	put32(counter + SOFTUV_IV_LEN, 1);
	gcm_tag(&aes, counter, aad, aad_len, text, text_len, tag);
	good = !crypto_memneq(tag, text + text_len, SOFTUV_TAG_LEN);
	if (good)
		gcm_crypt(&aes, counter, text, text_len);
	memzero_explicit(&aes, sizeof(aes));
	return good;
}
