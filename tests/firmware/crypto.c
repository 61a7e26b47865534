// SPDX-License-Identifier: GPL-2.0-only
/*
 * HMAC-SHA-384 and AES-256-GCM for a caller that has interrupts off; SHA-384 is shared/sha384.c.
 *
 * Kernels with lib/crypto calls for GCM are asked there: those are good in any context. Older ones
 * have it behind the crypto API only, where the usual pick may use vector registers and end with
 * local_bh_enable(), which must not run with interrupts off; so the generic drivers are asked for
 * by name, synchronous and with everything allocated beforehand. Known answers are checked
 * before the first use. A message is processed in place as header part (48 bytes), text, tag.
 */
#include <crypto/aead.h>
#include <crypto/sha2.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#ifdef SOFTFW_LIB_AES_GCM
#include <crypto/aes-gcm.h>
#endif

#include "softfw.h"

/* One more than there are VMPCKs, for the known answer. */
#define GCM_SLOTS	(SOFTFW_VMPCKS + 1)
#define GCM_TEST_SLOT	SOFTFW_VMPCKS
#define GCM_IV_LEN	12

/* RFC 2104. @len is small here: at most SOFTFW_HMAC_MAX. */
#define SOFTFW_HMAC_MAX	256

void softfw_hmac_sha384(const u8 *key, size_t key_len, const void *data, size_t len,
			u8 out[SOFTFW_HASH_LEN])
{
	u8 inner[SHA384_BLOCK_SIZE + SOFTFW_HMAC_MAX];
	u8 outer[SHA384_BLOCK_SIZE + SOFTFW_HASH_LEN];
	int i;

	if (WARN_ON_ONCE(key_len > SHA384_BLOCK_SIZE || len > SOFTFW_HMAC_MAX)) {
		memset(out, 0, SOFTFW_HASH_LEN);
		return;
	}
	for (i = 0; i < SHA384_BLOCK_SIZE; i++) {
		u8 byte = i < key_len ? key[i] : 0;

		inner[i] = byte ^ 0x36;
		outer[i] = byte ^ 0x5c;
	}
	memcpy(inner + SHA384_BLOCK_SIZE, data, len);
	softfw_sha384(inner, SHA384_BLOCK_SIZE + len, outer + SHA384_BLOCK_SIZE);
	softfw_sha384(outer, sizeof(outer), out);
	memzero_explicit(inner, sizeof(inner));
	memzero_explicit(outer, sizeof(outer));
}

#ifdef SOFTFW_LIB_AES_GCM

static struct aes_gcm_key *gcm_keys;

static int gcm_init(void)
{
	gcm_keys = kcalloc(GCM_SLOTS, sizeof(*gcm_keys), GFP_KERNEL);
	return gcm_keys ? 0 : -ENOMEM;
}

static void gcm_exit(void)
{
	kfree_sensitive(gcm_keys);
	gcm_keys = NULL;
}

int softfw_gcm_setkey(unsigned int slot, const u8 key[SOFTFW_KEY_LEN])
{
	return aes_gcm_preparekey(&gcm_keys[slot], key, SOFTFW_KEY_LEN, SOFTFW_TAG_LEN);
}

static int gcm_crypt(unsigned int slot, bool seal, const u8 *iv, u8 *msg, size_t len)
{
	u8 *text = msg + SOFTFW_AAD_LEN;

	if (!seal)
		return aes_gcm_decrypt(text, text, len, text + len, msg, SOFTFW_AAD_LEN, iv,
				       &gcm_keys[slot]);
	aes_gcm_encrypt(text, text, len, text + len, msg, SOFTFW_AAD_LEN, iv, &gcm_keys[slot]);
	return 0;
}

#else

static struct {
	struct crypto_aead *tfm;
	struct aead_request *req;
} gcm[GCM_SLOTS];

static int gcm_slot_init(unsigned int slot)
{
	struct crypto_aead *tfm;

	tfm = crypto_alloc_aead("gcm_base(ctr(aes-generic),ghash-generic)", 0, CRYPTO_ALG_ASYNC);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	gcm[slot].tfm = tfm;
	gcm[slot].req = aead_request_alloc(tfm, GFP_KERNEL);
	if (!gcm[slot].req)
		return -ENOMEM;
	return crypto_aead_setauthsize(tfm, SOFTFW_TAG_LEN);
}

static void gcm_exit(void)
{
	unsigned int slot;

	for (slot = 0; slot < GCM_SLOTS; slot++) {
		if (gcm[slot].req)
			aead_request_free(gcm[slot].req);
		if (gcm[slot].tfm)
			crypto_free_aead(gcm[slot].tfm);
	}
	memset(gcm, 0, sizeof(gcm));
}

static int gcm_init(void)
{
	unsigned int slot;
	int r;

	for (slot = 0; slot < GCM_SLOTS; slot++) {
		r = gcm_slot_init(slot);
		if (r) {
			gcm_exit();
			return r;
		}
	}
	return 0;
}

int softfw_gcm_setkey(unsigned int slot, const u8 key[SOFTFW_KEY_LEN])
{
	return crypto_aead_setkey(gcm[slot].tfm, key, SOFTFW_KEY_LEN);
}

static int gcm_crypt(unsigned int slot, bool seal, u8 *iv, u8 *msg, size_t len)
{
	struct aead_request *req = gcm[slot].req;
	struct scatterlist sg;

	sg_init_one(&sg, msg, SOFTFW_AAD_LEN + len + SOFTFW_TAG_LEN);
	aead_request_set_callback(req, 0, NULL, NULL);
	aead_request_set_ad(req, SOFTFW_AAD_LEN);
	aead_request_set_crypt(req, &sg, &sg, seal ? len : len + SOFTFW_TAG_LEN, iv);
	return seal ? crypto_aead_encrypt(req) : crypto_aead_decrypt(req);
}

#endif

/* The nonce is the sequence number, little-endian, and four zero bytes. */
static int gcm_message(unsigned int slot, bool seal, u64 seqno, u8 *msg, size_t len)
{
	__le64 le_seqno = cpu_to_le64(seqno);
	u8 iv[GCM_IV_LEN] = {};

	memcpy(iv, &le_seqno, sizeof(le_seqno));
	return gcm_crypt(slot, seal, iv, msg, len);
}

int softfw_gcm_seal(unsigned int slot, u64 seqno, u8 *msg, size_t len)
{
	return gcm_message(slot, true, seqno, msg, len);
}

int softfw_gcm_open(unsigned int slot, u64 seqno, u8 *msg, size_t len)
{
	return gcm_message(slot, false, seqno, msg, len);
}

/* RFC 4231, test case 2. */
static const u8 kat_hmac[SOFTFW_HASH_LEN] = {
	0xaf, 0x45, 0xd2, 0xe3, 0x76, 0x48, 0x40, 0x31, 0x61, 0x7f, 0x78, 0xd2,
	0xb5, 0x8a, 0x6b, 0x1b, 0x9c, 0x7e, 0xf4, 0x64, 0xf5, 0xa0, 0x1b, 0x47,
	0xe4, 0x2e, 0xc3, 0x73, 0x63, 0x22, 0x44, 0x5e, 0x8e, 0x22, 0x40, 0xca,
	0x5e, 0x69, 0xe2, 0xc7, 0x8b, 0x32, 0x39, 0xec, 0xfa, 0xb2, 0x16, 0x49,
};

static int kat_hmac_sha384(void)
{
	static const char what[] = "what do ya want for nothing?";
	u8 out[SOFTFW_HASH_LEN];

	softfw_hmac_sha384("Jefe", 4, what, strlen(what), out);
	return memcmp(out, kat_hmac, sizeof(out)) ? -EBADMSG : 0;
}

/* Key, nonce, header and text are zero bytes (computed with OpenSSL). */
static const u8 kat_gcm_text[16] = {
	0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e,
	0x07, 0x4e, 0xc5, 0xd3, 0xba, 0xf3, 0x9d, 0x18,
};

static const u8 kat_gcm_tag[SOFTFW_TAG_LEN] = {
	0x52, 0x0e, 0xa8, 0xdd, 0x5f, 0xc8, 0x86, 0x47,
	0x98, 0x1b, 0x11, 0x53, 0x15, 0x10, 0x23, 0xee,
};

static int kat_gcm(void)
{
	static const u8 zero[SOFTFW_KEY_LEN];
	u8 *msg, *text, *tag;
	int r;

	msg = kzalloc(SOFTFW_AAD_LEN + sizeof(kat_gcm_text) + SOFTFW_TAG_LEN, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	text = msg + SOFTFW_AAD_LEN;
	tag = text + sizeof(kat_gcm_text);
	r = softfw_gcm_setkey(GCM_TEST_SLOT, zero);
	if (!r)
		r = softfw_gcm_seal(GCM_TEST_SLOT, 0, msg, sizeof(kat_gcm_text));
	if (!r && (memcmp(text, kat_gcm_text, sizeof(kat_gcm_text)) ||
		   memcmp(tag, kat_gcm_tag, sizeof(kat_gcm_tag))))
		r = -EBADMSG;
	if (!r)
		r = softfw_gcm_open(GCM_TEST_SLOT, 0, msg, sizeof(kat_gcm_text));
	if (!r && memchr_inv(text, 0, sizeof(kat_gcm_text)))
		r = -EBADMSG;
	kfree(msg);
	return r;
}

int softfw_crypto_init(void)
{
	int r;

	r = softfw_sha384_init();
	if (r)
		return r;
	r = gcm_init();
	if (r)
		goto err_hash;
	r = kat_hmac_sha384();
	if (!r)
		r = kat_gcm();
	if (!r)
		return 0;
	gcm_exit();
err_hash:
	softfw_sha384_exit();
	return r;
}

void softfw_crypto_exit(void)
{
	gcm_exit();
	softfw_sha384_exit();
}
