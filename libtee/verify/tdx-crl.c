// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Intel's revocation lists: one of the root about the CAs and signing certificates below it, one of
 * each PCK CA about the PCK certificates. Both have a number and an authority key identifier.
 */
#include <openssl/x509v3.h>

#include "tdx-chain.h"
#include "x509.h"

static bool names_key_of(const X509_CRL *crl, X509 *issuer)
{
	const ASN1_OCTET_STRING *wanted = X509_get0_subject_key_id(issuer);
	AUTHORITY_KEYID *said = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, NULL, NULL);
	bool same = said && said->keyid && wanted && !ASN1_OCTET_STRING_cmp(said->keyid, wanted);

	AUTHORITY_KEYID_free(said);
	return same;
}

static bool has_number(const X509_CRL *crl)
{
	ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	bool there = number;

	ASN1_INTEGER_free(number);
	return there;
}

static const char *why_not_signed_by(X509_CRL *crl, X509 *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	const X509_ALGOR *algorithm = NULL;

	X509_CRL_get0_signature(crl, NULL, &algorithm);
	if (!algorithm_is(algorithm, NID_ecdsa_with_SHA256))
		return "its signature is not ECDSA with SHA-256";
	if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)))
		return "it names another issuer";
	if (!key || X509_CRL_verify(crl, key) != 1) {
		errors_forget();
		return "its signature does not fit its issuer";
	}
	if (!names_key_of(crl, issuer))
		return "its authority key identifier is missing or of another key";
	if (!has_number(crl))
		return "it has no number";
	if (crl_has_critical_extension(crl))
		return "it has an unknown critical extension";
	return NULL;
}

static bool in_date(const X509_CRL *crl, int64_t now, enum check_id id, const char *what,
		    tee_verdict *v)
{
	const ASN1_TIME *start = X509_CRL_get0_lastUpdate(crl);
	const ASN1_TIME *end = X509_CRL_get0_nextUpdate(crl);
	char text[TIME_TEXT_SIZE];

	switch (time_inside(start, end, now)) {
	case TIME_INSIDE:
		return true;
	case TIME_BEFORE:
		verdict_fail(v, id, "the revocation list of the %s is not valid before %s", what,
			     time_text(start, text));
		break;
	case TIME_AFTER:
		verdict_fail(v, id, "the revocation list of the %s is out of date since %s", what,
			     time_text(end, text));
		break;
	case TIME_UNREADABLE:
		verdict_fail(v, id, "the revocation list of the %s has no readable dates", what);
	}
	return false;
}

X509_CRL *tdx_crl_check(OSSL_LIB_CTX *lib, struct tee_bytes der, X509 *issuer, X509 *cert,
			int64_t now, enum check_id id, check_set needs, const char *what,
			tee_verdict *v)
{
	X509_CRL *crl = crl_load(lib, der);
	const char *why = crl ? why_not_signed_by(crl, issuer) : NULL;
	X509_REVOKED *entry;

	if (!crl) {
		verdict_fail(v, id, "the revocation list of the %s is not one, or damaged", what);
		return NULL;
	}
	if (why)
		verdict_fail(v, id, "the revocation list of the %s is not usable: %s", what, why);
	if (why || !in_date(crl, now, id, what, v)) {
		X509_CRL_free(crl);
		return NULL;
	}
	if (X509_CRL_get0_by_cert(crl, &entry, cert))
		verdict_fail(v, id, "the %s has revoked the certificate below it", what);
	else
		verdict_pass(v, id, needs, "the list of the %s is in date and does not revoke the "
			     "certificate below it", what);
	return crl;
}
