// SPDX-License-Identifier: LGPL-2.1-or-later
/* See ecdsa.h. */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>

#include "ecdsa.h"
#include "x509.h"

#define SCALAR_SIZE	32
#define SHA256_SIZE	32

EVP_PKEY *p256_key(OSSL_LIB_CTX *lib, const uint8_t *xy)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(lib, "EC", NULL);
	char group[] = SN_X9_62_prime256v1;
	uint8_t point[1 + 2 * SCALAR_SIZE] = { 0x04 };
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = NULL;

	memcpy(point + 1, xy, 2 * SCALAR_SIZE);
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
		EVP_PKEY_free(key);
		key = NULL;
		errors_forget();
	}
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* OpenSSL wants r and s in DER. */
static int signature_to_der(const uint8_t *signature, uint8_t **ret)
{
	BIGNUM *r = BN_bin2bn(signature, SCALAR_SIZE, NULL);
	BIGNUM *s = BN_bin2bn(signature + SCALAR_SIZE, SCALAR_SIZE, NULL);
	ECDSA_SIG *both = ECDSA_SIG_new();
	int len = -1;

	if (r && s && both && ECDSA_SIG_set0(both, r, s)) {
		r = s = NULL;
		len = i2d_ECDSA_SIG(both, ret);
	}
	ECDSA_SIG_free(both);
	BN_free(r);
	BN_free(s);
	return len;
}

bool p256_signature_fits(OSSL_LIB_CTX *lib, EVP_PKEY *key, const uint8_t *signature,
			 const void *data, size_t len)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t *der = NULL;
	int der_len = signature_to_der(signature, &der);
	bool fits;

	fits = md && der_len > 0 && key &&
	       EVP_DigestVerifyInit_ex(md, NULL, "SHA256", lib, NULL, key, NULL) == 1 &&
	       EVP_DigestVerify(md, der, (size_t)der_len, data, len) == 1;
	if (!fits)
		errors_forget();
	OPENSSL_free(der);
	EVP_MD_CTX_free(md);
	return fits;
}

bool sha256_is(OSSL_LIB_CTX *lib, const void *a, size_t a_len, const void *b, size_t b_len,
	       const uint8_t *wanted)
{
	EVP_MD *sha256 = EVP_MD_fetch(lib, "SHA256", NULL);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t digest[SHA256_SIZE];
	bool same;

	same = sha256 && md && EVP_DigestInit_ex2(md, sha256, NULL) &&
	       EVP_DigestUpdate(md, a, a_len) && EVP_DigestUpdate(md, b, b_len) &&
	       EVP_DigestFinal_ex(md, digest, NULL) && !memcmp(digest, wanted, sizeof(digest));
	EVP_MD_CTX_free(md);
	EVP_MD_free(sha256);
	return same;
}
