/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ECDSA on P-256 with SHA-256 over numbers as Intel lays them out: big-endian, 32 bytes each. */
#ifndef TEE_VERIFY_ECDSA_H
#define TEE_VERIFY_ECDSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

/* x and y to a key; NULL when that is no point of the curve. */
EVP_PKEY *p256_key(OSSL_LIB_CTX *lib, const uint8_t *xy);
/* @signature: r and s. @key may be NULL and may be of another kind: then nothing fits. */
bool p256_signature_fits(OSSL_LIB_CTX *lib, EVP_PKEY *key, const uint8_t *signature,
			 const void *data, size_t len);
bool sha256_is(OSSL_LIB_CTX *lib, const void *a, size_t a_len, const void *b, size_t b_len,
	       const uint8_t *wanted);

#endif
