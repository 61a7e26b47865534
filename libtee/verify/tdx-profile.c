// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What Intel's certificates look like (Intel SGX PCK Certificate and CRL Profile Specification, and
 * real ones), and refusing what looks otherwise: a certificate made for another purpose by the same
 * keys must not pass.
 */
#include <string.h>

#include <openssl/x509v3.h>

#include "tdx-chain.h"
#include "x509.h"

static const struct {
	int nid;
	const char *value;	/* NULL: any */
} intel_name[] = {
	{ NID_commonName, NULL },
	{ NID_organizationName, "Intel Corporation" },
	{ NID_localityName, "Santa Clara" },
	{ NID_stateOrProvinceName, "CA" },
	{ NID_countryName, "US" },
};

#define NAME_ENTRIES ((int)(sizeof(intel_name) / sizeof(intel_name[0])))

static const char *const common_names[][2] = {
	[INTEL_ROOT]		= { "Intel SGX Root CA", NULL },
	[INTEL_PCK_CA]		= { "Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA" },
	[INTEL_PCK]		= { "Intel SGX PCK Certificate", NULL },
	[INTEL_TCB_SIGNING]	= { "Intel SGX TCB Signing", NULL },
};

static bool name_is_intel(const X509_NAME *name)
{
	if (X509_NAME_entry_count(name) != NAME_ENTRIES)
		return false;
	for (int i = 0; i < NAME_ENTRIES; i++) {
		int at = X509_NAME_get_index_by_NID(name, intel_name[i].nid, -1);
		const X509_NAME_ENTRY *entry = at < 0 ? NULL : X509_NAME_get_entry(name, at);

		if (!entry || (intel_name[i].value &&
			       !asn1_string_is(X509_NAME_ENTRY_get_data(entry), intel_name[i].value)))
			return false;
	}
	return true;
}

bool intel_named(const X509 *cert, enum intel_kind kind)
{
	for (int i = 0; i < 2; i++)
		if (common_names[kind][i] && cert_common_name_is(cert, common_names[kind][i]))
			return true;
	return false;
}

static bool is_sgx_extension(const ASN1_OBJECT *object)
{
	char oid[64];
	int len = OBJ_obj2txt(oid, sizeof(oid), object, 1);

	return len > 0 && (size_t)len < sizeof(oid) && !strcmp(oid, PCK_EXTENSION_OID);
}

/* These five, each once; a PCK certificate has the SGX extension beside them. */
static const char *check_extensions(const X509 *cert, bool is_pck)
{
	static const int wanted[] = {
		NID_authority_key_identifier, NID_crl_distribution_points,
		NID_subject_key_identifier, NID_key_usage, NID_basic_constraints,
	};
	const int count = (int)(sizeof(wanted) / sizeof(wanted[0])) + is_pck;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (X509_get_ext_by_NID(cert, wanted[i], -1) < 0)
			return "an extension that Intel writes is missing";
	for (int i = 0; i < X509_get_ext_count(cert); i++) {
		X509_EXTENSION *ext = X509_get_ext(cert, i);
		const ASN1_OBJECT *object = X509_EXTENSION_get_object(ext);

		if (X509_get_ext_by_OBJ(cert, object, i) >= 0)
			return "an extension occurs twice";
		if (is_sgx_extension(object) && X509_EXTENSION_get_critical(ext))
			return "the SGX extension is marked critical";
	}
	if (X509_get_ext_count(cert) != count)
		return "it has an extension that Intel does not write";
	return NULL;
}

static const char *check_use(X509 *cert, enum intel_kind kind)
{
	uint32_t flags = X509_get_extension_flags(cert), usage = X509_get_key_usage(cert);
	bool is_ca = kind == INTEL_ROOT || kind == INTEL_PCK_CA;

	if (flags & EXFLAG_INVALID)
		return "an extension is malformed";
	if (!cert_marks_critical(cert, NID_basic_constraints) ||
	    !cert_marks_critical(cert, NID_key_usage))
		return "basic constraints and key usage are not critical";
	if (!(flags & EXFLAG_CA) == is_ca)
		return is_ca ? "it is not marked as a certificate authority" :
			       "it is marked as a certificate authority";
	if (is_ca && usage != (KU_KEY_CERT_SIGN | KU_CRL_SIGN))
		return "its key is not for signing certificates and lists";
	if (is_ca && X509_get_pathlen(cert) != (kind == INTEL_ROOT ? 1 : 0))
		return "its path length is not Intel's";
	if (!is_ca && usage != (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION))
		return "its key is not for signatures alone";
	return NULL;
}

const char *intel_profile(X509 *cert, enum intel_kind kind)
{
	const char *why = check_extensions(cert, kind == INTEL_PCK);

	if (why)
		return why;
	if (X509_get_version(cert) != X509_VERSION_3)
		return "not an X.509 version 3 certificate";
	if (!name_is_intel(X509_get_subject_name(cert)) || !intel_named(cert, kind))
		return "its subject is not Intel's name for it";
	if (!cert_key_is_on(cert, NID_X9_62_prime256v1))
		return "its key is not on the named curve P-256";
	return check_use(cert, kind);
}

const char *intel_why_not_issued(X509 *cert, X509 *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	const X509_ALGOR *algorithm = NULL;

	X509_get0_signature(NULL, &algorithm, cert);
	if (!algorithm_is(algorithm, NID_ecdsa_with_SHA256))
		return "its signature is not ECDSA with SHA-256";
	if (!key || !cert_key_is_on(issuer, NID_X9_62_prime256v1))
		return "its issuer's key is not on the named curve P-256";
	if (X509_verify(cert, key) != 1) {
		errors_forget();
		return "its signature does not fit";
	}
	if (X509_check_issued(issuer, cert) != X509_V_OK)
		return "it names another issuer";
	return NULL;
}
