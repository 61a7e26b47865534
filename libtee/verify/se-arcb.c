// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Takes an ARCB apart and opens it. Whoever made it encrypted the measurement key with a secret of
 * his own (the ARPK), and authenticated all of it: an ARCB that opens is one that he made, to the
 * last byte. The host keys in it are only compared, never used.
 */
#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "bytes.h"
#include "se-arcb.h"
#include "x509.h"

#define VERSION			0x0100
#define ALGORITHM_HMAC_SHA512	1

/* Where things are. */
#define AT_VERSION		8
#define AT_LENGTH		12
#define AT_IV			16
#define AT_SLOT_COUNT		39
#define AT_SECRET_LEN		44
#define AT_FLAGS		48
#define AT_ALGORITHM		56
#define AT_SLOTS		224	/* after the maker's public key, two numbers of 80 bytes */

bool se_slots_have(const struct se_slots *slots, const uint8_t *phkh)
{
	for (size_t i = 0; i < slots->count; i++)
		if (!memcmp(se_slot_phkh(slots, i), phkh, SE_PHKH_SIZE))
			return true;
	return false;
}

static bool reserved_is_zero(const uint8_t *arcb)
{
	return bytes_are_zero(arcb, 8) && bytes_are_zero(arcb + 28, 11) &&
	       bytes_are_zero(arcb + 40, 4) && bytes_are_zero(arcb + 60, 4);
}

/* NULL, or what is wrong. Every length follows from two small numbers, and must add up. */
static const char *read_arcb(const struct ev_bytes *arcb, struct se_arcb *ret)
{
	const uint8_t *raw = arcb->data;
	size_t slots, secret_len;

	if (arcb->len < AT_SLOTS)
		return "it is cut off";
	slots = raw[AT_SLOT_COUNT];
	secret_len = be32(raw + AT_SECRET_LEN);
	if (be32(raw + AT_LENGTH) != arcb->len)
		return "the length in it is not its own";
	if (!slots)
		return "it is for no host key";
	if (secret_len != SE_MEASUREMENT_KEY_SIZE &&
	    secret_len != SE_MEASUREMENT_KEY_SIZE + SE_NONCE_SIZE)
		return "its encrypted part is not a key of 64 bytes with or without a nonce of 16";
	if (arcb->len != AT_SLOTS + slots * SE_SLOT_SIZE + secret_len + SE_GCM_TAG_SIZE)
		return "its parts do not add up to its length";
	if (!reserved_is_zero(raw))
		return "bytes that are reserved are not zero";
	*ret = (struct se_arcb){
		.raw = raw,
		.aad_len = AT_SLOTS + slots * SE_SLOT_SIZE,
		.flags = be64(raw + AT_FLAGS),
		.slots = { raw + AT_SLOTS, slots },
		.secret_len = secret_len,
	};
	return NULL;
}

static void check_version(const uint8_t *raw, tee_verdict *v)
{
	uint32_t version = be32(raw + AT_VERSION), algorithm = be32(raw + AT_ALGORITHM);

	if (version != VERSION)
		verdict_fail(v, SE_CHALLENGE_VERSION,
			     "the request has version 0x%x; 0x100 is understood", version);
	else if (algorithm != ALGORITHM_HMAC_SHA512)
		verdict_fail(v, SE_CHALLENGE_VERSION,
			     "the request wants measurement algorithm %u, not 1 (HMAC-SHA512)",
			     algorithm);
	else
		verdict_pass(v, SE_CHALLENGE_VERSION, SET(SE_CHALLENGE_FORMAT),
			     "a request of version 1, to be measured with HMAC-SHA512");
}

static void check_flags(const struct se_arcb *arcb, tee_verdict *v)
{
	bool nonce = arcb->secret_len > SE_MEASUREMENT_KEY_SIZE;

	if (arcb->flags & ~SE_FLAGS_KNOWN)
		verdict_fail(v, SE_CHALLENGE_FLAGS, "the request asks for what is unknown here, "
			     "flags 0x%016llx", (unsigned long long)arcb->flags);
	else if (!(arcb->flags & SE_FLAG_NONCE) != !nonce)
		verdict_fail(v, SE_CHALLENGE_FLAGS,
			     "the request %s a nonce, and its flags say otherwise",
			     nonce ? "has" : "lacks");
	else
		verdict_pass(v, SE_CHALLENGE_FLAGS, SET(SE_CHALLENGE_FORMAT),
			     "all that the request asks for is known");
}

bool se_arcb_parse(const struct ev_bytes *arcb, struct se_arcb *ret, tee_verdict *v)
{
	const char *why = read_arcb(arcb, ret);

	if (why) {
		verdict_fail(v, SE_CHALLENGE_FORMAT, "the request is malformed: %s", why);
		return false;
	}
	verdict_pass(v, SE_CHALLENGE_FORMAT, NEEDS_NOTHING,
		     "all lengths in the request are exact; it is for %zu host key%s",
		     ret->slots.count, ret->slots.count == 1 ? "" : "s");
	check_version(ret->raw, v);
	check_flags(ret, v);
	return true;
}

/* 1 when the tag fits, 0 when it does not, -ENOMEM. */
static int decrypt(OSSL_LIB_CTX *lib, const struct se_arcb *arcb, const uint8_t *arpk, uint8_t *ret)
{
	EVP_CIPHER *aes = EVP_CIPHER_fetch(lib, "AES-256-GCM", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	const uint8_t *secret = arcb->raw + arcb->aad_len;
	uint8_t tag[SE_GCM_TAG_SIZE];
	int len, r;
	bool good;

	memcpy(tag, secret + arcb->secret_len, sizeof(tag));
	good = aes && ctx &&
	       EVP_DecryptInit_ex2(ctx, aes, arpk, arcb->raw + AT_IV, NULL) == 1 &&
	       EVP_DecryptUpdate(ctx, NULL, &len, arcb->raw, (int)arcb->aad_len) == 1 &&
	       EVP_DecryptUpdate(ctx, ret, &len, secret, (int)arcb->secret_len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) == 1;
	r = good ? EVP_DecryptFinal_ex(ctx, ret + len, &len) == 1 : -ENOMEM;
	if (r <= 0)
		errors_forget();
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(aes);
	return r;
}

int se_arcb_open(OSSL_LIB_CTX *lib, const struct se_arcb *arcb, const uint8_t *arpk,
		 struct se_secret *ret)
{
	uint8_t plain[SE_MEASUREMENT_KEY_SIZE + SE_NONCE_SIZE];
	int r = decrypt(lib, arcb, arpk, plain);

	if (r > 0) {
		memcpy(ret->key, plain, SE_MEASUREMENT_KEY_SIZE);
		memcpy(ret->nonce, plain + SE_MEASUREMENT_KEY_SIZE, SE_NONCE_SIZE);
		ret->nonce_len = arcb->secret_len - SE_MEASUREMENT_KEY_SIZE;
	}
	OPENSSL_cleanse(plain, sizeof(plain));
	return r < 0 ? r : r ? 0 : -EBADMSG;
}
