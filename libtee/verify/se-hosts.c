// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which machines may have answered, and which one says it did. A machine is known by the hash of
 * its public host key (PHKH). Whoever has the private key of any slot of the request can answer it
 * and say what he likes, so what the additional data say of hosts is worth what the slots are.
 *
 * The certificates that the caller brings are taken as they are: their issuers, dates and
 * revocation are to be judged before a request is encrypted for them, and not here.
 */
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include "se-verify.h"
#include "x509.h"

#define COORDINATE_SIZE	80	/* padded from 66 */

/* One number of a public key, padded. False: there is no such number in it, or memory ran out. */
static bool write_coordinate(const EVP_PKEY *key, const char *name, uint8_t *to)
{
	BIGNUM *number = NULL;
	bool good = EVP_PKEY_get_bn_param(key, name, &number) &&
		    BN_bn2binpad(number, to, COORDINATE_SIZE) == COORDINATE_SIZE;

	BN_free(number);
	return good;
}

/* 0, -EBADMSG (no host key), -ENOMEM. */
static int hash_host_key(OSSL_LIB_CTX *lib, X509 *cert, uint8_t *ret)
{
	const EVP_PKEY *key = X509_get0_pubkey(cert);
	uint8_t point[2 * COORDINATE_SIZE];
	EVP_MD *sha256;
	bool good;

	if (!cert_key_is_on(cert, NID_secp521r1) ||
	    !write_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, point) ||
	    !write_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, point + COORDINATE_SIZE)) {
		errors_forget();
		return -EBADMSG;
	}
	sha256 = EVP_MD_fetch(lib, "SHA256", NULL);
	good = sha256 && EVP_Digest(point, sizeof(point), ret, NULL, sha256, NULL) == 1;
	EVP_MD_free(sha256);
	return good ? 0 : -ENOMEM;
}

struct hosts {
	uint8_t phkh[CERT_BUNDLE_MAX][SE_PHKH_SIZE];
	size_t count;
};

static int read_certs(OSSL_LIB_CTX *lib, STACK_OF(X509) *certs, struct hosts *ret)
{
	for (int i = 0; i < sk_X509_num(certs); i++) {
		int r = hash_host_key(lib, sk_X509_value(certs, i), ret->phkh[ret->count]);

		if (r < 0)
			return r;
		ret->count++;
	}
	return 0;
}

static int read_hosts(OSSL_LIB_CTX *lib, struct tee_bytes input, struct hosts *ret)
{
	STACK_OF(X509) *certs = NULL;
	int r = certs_load(lib, input, &certs);

	ret->count = 0;
	if (!r) {
		r = read_certs(lib, certs, ret);
		sk_X509_pop_free(certs, X509_free);
	}
	return r;
}

static bool is_host(const struct hosts *hosts, const uint8_t *phkh)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (!memcmp(hosts->phkh[i], phkh, SE_PHKH_SIZE))
			return true;
	return false;
}

/* NULL, or what is not for the hosts that the caller knows. */
static const char *find_stranger(const struct hosts *hosts, const struct se_arcb *arcb,
				 const struct se_additional *additional)
{
	if (additional->attest_phkh && !is_host(hosts, additional->attest_phkh))
		return "a machine answered whose host key was not given";
	if (additional->image_phkh && !is_host(hosts, additional->image_phkh))
		return "the image was started with a host key that was not given";
	for (size_t i = 0; i < arcb->slots.count; i++)
		if (!is_host(hosts, se_slot_phkh(&arcb->slots, i)))
			return "the request can be answered with a host key that was not given";
	return NULL;
}

static int check_known_hosts(OSSL_LIB_CTX *lib, const struct se_arcb *arcb,
			     const struct se_additional *additional, struct tee_bytes input,
			     tee_verdict *v)
{
	struct hosts hosts;
	const char *why;
	int r;

	if (!input.len) {
		verdict_skip(v, SE_HOST_KEYS, "no host keys were given: which machines may answer "
			     "was decided by the maker of the request");
		return 0;
	}
	r = read_hosts(lib, input, &hosts);
	if (r == -ENOMEM)
		return r;
	why = r ? "what was given as host keys is not certificates with keys on P-521" :
		  find_stranger(&hosts, arcb, additional);
	if (why)
		verdict_fail(v, SE_HOST_KEYS, "%s", why);
	else
		verdict_pass(v, SE_HOST_KEYS, NEEDS_REPORT,
			     "only machines whose host keys were given can have answered");
	return 0;
}

static void check_attest_host(const struct se_arcb *arcb, const uint8_t *phkh, tee_verdict *v)
{
	if (!phkh)
		verdict_skip(v, SE_ATTEST_HOST,
			     "the request does not ask for the host key that it was opened with");
	else if (!se_slots_have(&arcb->slots, phkh))
		verdict_fail(v, SE_ATTEST_HOST, "the additional data name a host key which the "
			     "request cannot have been opened with");
	else
		verdict_pass(v, SE_ATTEST_HOST, NEEDS_REPORT | SET(SE_ADDITIONAL),
			     "the request was opened with a host key that it is for");
}

static void check_image_host(const struct se_header *header, const uint8_t *phkh, tee_verdict *v)
{
	if (!phkh)
		verdict_skip(v, SE_IMAGE_HOST,
			     "the request does not ask for the host key that the image was started "
			     "with");
	else if (!header)
		return;
	else if (!se_slots_have(&header->slots, phkh))
		verdict_fail(v, SE_IMAGE_HOST, "the additional data name a host key which the "
			     "given image cannot have been started with");
	else
		verdict_pass(v, SE_IMAGE_HOST, NEEDS_REPORT | SET(SE_ADDITIONAL),
			     "the image was started with a host key that it is for");
}

int se_hosts_check(OSSL_LIB_CTX *lib, const struct se_arcb *arcb, const struct se_header *header,
		   const struct se_additional *additional, struct tee_bytes host_keys,
		   tee_verdict *v)
{
	check_attest_host(arcb, additional->attest_phkh, v);
	check_image_host(header, additional->image_phkh, v);
	return check_known_hosts(lib, arcb, additional, host_keys, v);
}
