// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * AMD's revocation list: signed by the ARK, about the ASK or ASVK. VCEKs and VLEKs are not listed
 * by serial number (they all have 0); they fall with their ASK or with their TCB.
 */
#include <openssl/x509v3.h>

#include "snp-chain.h"
#include "x509.h"

static const char *why_not_signed_by(X509_CRL *crl, X509 *root)
{
	EVP_PKEY *key = X509_get0_pubkey(root);
	const X509_ALGOR *algorithm = NULL;

	X509_CRL_get0_signature(crl, NULL, &algorithm);
	if (!algorithm_is_pss_sha384(algorithm))
		return "its signature is not RSASSA-PSS with SHA-384 and a salt of 48 bytes";
	if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(root)))
		return "it names another issuer than the trust anchor";
	if (!(X509_get_key_usage(root) & KU_CRL_SIGN))
		return "the trust anchor must not sign revocation lists";
	if (!key || X509_CRL_verify(crl, key) != 1)
		return "its signature does not fit the trust anchor";
	if (crl_has_critical_extension(crl))
		return "it has an unknown critical extension";
	return NULL;
}

static bool check_dates(const X509_CRL *crl, int64_t now, tee_verdict *v)
{
	const ASN1_TIME *start = X509_CRL_get0_lastUpdate(crl);
	const ASN1_TIME *end = X509_CRL_get0_nextUpdate(crl);
	char text[TIME_TEXT_SIZE];

	switch (time_inside(start, end, now)) {
	case TIME_INSIDE:
		return true;
	case TIME_BEFORE:
		verdict_fail(v, CHECK_CRL, "the revocation list is not valid before %s",
			     time_text(start, text));
		break;
	case TIME_AFTER:
		verdict_fail(v, CHECK_CRL, "the revocation list is out of date since %s",
			     time_text(end, text));
		break;
	case TIME_UNREADABLE:
		verdict_fail(v, CHECK_CRL, "the revocation list has no readable dates");
	}
	return false;
}

static void check_revoked(X509_CRL *crl, X509 *root, X509 *ask, tee_verdict *v)
{
	X509_REVOKED *entry = NULL;

	if (X509_CRL_get0_by_cert(crl, &entry, ask))
		verdict_fail(v, CHECK_CRL, "the ASK is revoked");
	else if (X509_CRL_get0_by_cert(crl, &entry, root))
		verdict_fail(v, CHECK_CRL, "the trust anchor is revoked by its own list");
	else
		verdict_pass(v, CHECK_CRL, NEEDS_ROOT,
			     "the ASK is not on the revocation list of the trust anchor");
}

void snp_crl_check(OSSL_LIB_CTX *lib, struct tee_bytes input, X509 *root, X509 *ask, int64_t now,
		   tee_verdict *v)
{
	const char *why;
	X509_CRL *crl;

	if (!input.len) {
		verdict_skip(v, CHECK_CRL, "no revocation list was given");
		return;
	}
	if (!root || !ask)
		return;		/* not reached; their own checks have failed */
	crl = crl_load(lib, input);
	if (!crl) {
		verdict_fail(v, CHECK_CRL, "the revocation list is not one, or damaged");
		return;
	}
	why = why_not_signed_by(crl, root);
	if (why)
		verdict_fail(v, CHECK_CRL, "the revocation list is not usable: %s", why);
	else if (check_dates(crl, now, v))
		check_revoked(crl, root, ask, v);
	X509_CRL_free(crl);
}
