// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The library context of OpenSSL that all verifications use. To make one, and to find its algorithms
 * anew, would cost more than all else of a verification, so it is made once and kept. It holds algorithms
 * only, nothing of what was verified.
 *
 * It is never freed: another thread may verify while one ends the program, and what OpenSSL would call
 * at the end may be unloaded by then. So this library stays where it was loaded (-z nodelete).
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/evp.h>

#include "context.h"

static bool has_digest(OSSL_LIB_CTX *lib, const char *name)
{
	EVP_MD *md = EVP_MD_fetch(lib, name, NULL);
	const bool has = md;

	EVP_MD_free(md);
	return has;
}

static bool has_cipher(OSSL_LIB_CTX *lib, const char *name)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(lib, name, NULL);
	const bool has = cipher;

	EVP_CIPHER_free(cipher);
	return has;
}

static bool has_mac(OSSL_LIB_CTX *lib, const char *name)
{
	EVP_MAC *mac = EVP_MAC_fetch(lib, name, NULL);
	const bool has = mac;

	EVP_MAC_free(mac);
	return has;
}

/* What reads its keys, and what it can do with them. */
static bool has_key_type(OSSL_LIB_CTX *lib, const char *name, const char *signature)
{
	OSSL_DECODER *decoder = OSSL_DECODER_fetch(lib, name, "input=der");
	EVP_KEYMGMT *keys = EVP_KEYMGMT_fetch(lib, name, NULL);
	EVP_SIGNATURE *signs = EVP_SIGNATURE_fetch(lib, signature, NULL);
	const bool all = decoder && keys && signs;

	OSSL_DECODER_free(decoder);
	EVP_KEYMGMT_free(keys);
	EVP_SIGNATURE_free(signs);
	return all;
}

/*
 * Is everything there that verifying takes? OpenSSL looks for the algorithms of a kind once, and for
 * one that memory lacked for then it does not look again: such a context is not to be kept.
 */
static bool is_whole(OSSL_LIB_CTX *lib)
{
	return has_digest(lib, "SHA256") && has_digest(lib, "SHA384") && has_digest(lib, "SHA512") &&
	       has_cipher(lib, "AES-256-GCM") && has_mac(lib, "HMAC") &&
	       has_key_type(lib, "RSA", "RSA") && has_key_type(lib, "EC", "ECDSA");
}

static _Atomic(OSSL_LIB_CTX *) kept_context;

OSSL_LIB_CTX *verify_context(void)
{
	OSSL_LIB_CTX *kept = atomic_load(&kept_context), *made;

	if (kept)
		return kept;
	made = OSSL_LIB_CTX_new();
	if (made && is_whole(made) && atomic_compare_exchange_strong(&kept_context, &kept, made))
		return made;
	OSSL_LIB_CTX_free(made);
	return kept;
}
