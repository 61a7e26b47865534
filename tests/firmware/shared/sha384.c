// SPDX-License-Identifier: GPL-2.0-only
/*
 * SHA-384 for a caller that has interrupts off.
 *
 * Kernels with a lib/crypto call are asked there: it is good in any context. Older ones have it
 * behind the crypto API only, where the usual pick may use vector registers and end with
 * local_bh_enable(), which must not run with interrupts off; so the generic driver is asked for by
 * name. A known answer is checked before the first use.
 */
#include <crypto/hash.h>
#include <crypto/sha2.h>
#include <linux/string.h>

#include "shared.h"

/* FIPS 180-2, appendix D: "abc". */
static const u8 sha384_of_abc[SOFTFW_HASH_LEN] = {
	0xcb, 0x00, 0x75, 0x3f, 0x45, 0xa3, 0x5e, 0x8b, 0xb5, 0xa0, 0x3d, 0x69,
	0x9a, 0xc6, 0x50, 0x07, 0x27, 0x2c, 0x32, 0xab, 0x0e, 0xde, 0xd1, 0x63,
	0x1a, 0x8b, 0x60, 0x5a, 0x43, 0xff, 0x5b, 0xed, 0x80, 0x86, 0x07, 0x2b,
	0xa1, 0xe7, 0xcc, 0x23, 0x58, 0xba, 0xec, 0xa1, 0x34, 0xc8, 0x25, 0xa7,
};

#ifdef SOFTFW_LIB_SHA384

static int tfm_init(void)
{
	return 0;
}

void softfw_sha384_exit(void)
{
}

void softfw_sha384(const void *data, size_t len, u8 out[SOFTFW_HASH_LEN])
{
	sha384(data, len, out);
}

#else

static struct crypto_shash *hash_tfm;

static int tfm_init(void)
{
	struct crypto_shash *tfm = crypto_alloc_shash("sha384-generic", 0, 0);

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	hash_tfm = tfm;
	return 0;
}

void softfw_sha384_exit(void)
{
	crypto_free_shash(hash_tfm);
	hash_tfm = NULL;
}

void softfw_sha384(const void *data, size_t len, u8 out[SOFTFW_HASH_LEN])
{
	SHASH_DESC_ON_STACK(desc, hash_tfm);

	desc->tfm = hash_tfm;
	/* The generic driver has nothing that fails; a failure would show in every signature. */
	if (WARN_ON_ONCE(crypto_shash_digest(desc, data, len, out)))
		memset(out, 0, SOFTFW_HASH_LEN);
}

#endif

int softfw_sha384_init(void)
{
	u8 out[SOFTFW_HASH_LEN];
	int r;

	r = tfm_init();
	if (r)
		return r;
	softfw_sha384("abc", 3, out);
	if (!memcmp(out, sha384_of_abc, sizeof(out)))
		return 0;
	softfw_sha384_exit();
	return -EBADMSG;
}
