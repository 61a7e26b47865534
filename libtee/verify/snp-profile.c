// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What AMD's certificates look like (AMD 57230), and refusing what looks otherwise. The profile is
 * stricter than X.509 needs: everything a real ARK, ASK, ASVK, VCEK or VLEK has in common is
 * demanded, so that a certificate made for another purpose by the same keys does not pass.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "snp-chain.h"
#include "x509.h"

#define CA_KEY_BITS 4096

static const struct {
	int nid;
	const char *value;	/* NULL: any */
} amd_name[] = {
	{ NID_organizationalUnitName, "Engineering" },
	{ NID_countryName, "US" },
	{ NID_localityName, "Santa Clara" },
	{ NID_stateOrProvinceName, "CA" },
	{ NID_organizationName, "Advanced Micro Devices" },
	{ NID_commonName, NULL },
};

#define NAME_ENTRIES ((int)(sizeof(amd_name) / sizeof(amd_name[0])))

static bool name_is_amd(const X509_NAME *name)
{
	if (X509_NAME_entry_count(name) != NAME_ENTRIES)
		return false;
	for (int i = 0; i < NAME_ENTRIES; i++) {
		int at = X509_NAME_get_index_by_NID(name, amd_name[i].nid, -1);
		const X509_NAME_ENTRY *entry = at < 0 ? NULL : X509_NAME_get_entry(name, at);

		if (!entry || (amd_name[i].value &&
			       !asn1_string_is(X509_NAME_ENTRY_get_data(entry), amd_name[i].value)))
			return false;
	}
	return true;
}

enum snp_product snp_named_product(const X509 *cert, const char *prefix)
{
	char name[32];

	for (enum snp_product product = SNP_MILAN; product <= SNP_TURIN; product++) {
		snprintf(name, sizeof(name), "%s%s", prefix, snp_product_name(product));
		if (cert_common_name_is(cert, name))
			return product;
	}
	return SNP_PRODUCT_UNKNOWN;
}

enum snp_product snp_ask_product(const X509 *cert)
{
	enum snp_product product = snp_named_product(cert, "SEV-");

	return product ? product : snp_named_product(cert, "SEV-VLEK-");
}

static bool name_is_ca(const X509 *cert, bool is_root)
{
	return name_is_amd(X509_get_subject_name(cert)) &&
	       (is_root ? snp_named_product(cert, "ARK-") : snp_ask_product(cert));
}

static const char *check_ca_extensions(const X509 *cert)
{
	static const int understood[] = {
		NID_basic_constraints, NID_key_usage, NID_subject_key_identifier,
		NID_authority_key_identifier, NID_crl_distribution_points,
	};

	for (int i = 0; i < X509_get_ext_count(cert); i++) {
		X509_EXTENSION *ext = X509_get_ext(cert, i);
		const ASN1_OBJECT *object = X509_EXTENSION_get_object(ext);
		bool known = false;

		if (X509_get_ext_by_OBJ(cert, object, i) >= 0)
			return "an extension occurs twice";
		for (size_t k = 0; k < sizeof(understood) / sizeof(understood[0]); k++)
			known |= OBJ_obj2nid(object) == understood[k];
		if (!known && X509_EXTENSION_get_critical(ext))
			return "an unknown critical extension";
	}
	return NULL;
}

const char *snp_ca_profile(X509 *cert, bool is_root)
{
	const char *why = check_ca_extensions(cert);
	uint32_t flags;
	long pathlen;

	if (why)
		return why;
	if (X509_get_version(cert) != X509_VERSION_3)
		return "not an X.509 version 3 certificate";
	if (!name_is_ca(cert, is_root))
		return "its subject is not one of AMD's names";
	if (!cert_key_is_rsa(cert, CA_KEY_BITS))
		return "its key is not RSA with 4096 bits";
	flags = X509_get_extension_flags(cert);
	pathlen = X509_get_pathlen(cert);
	if (flags & EXFLAG_INVALID)
		return "an extension is malformed";
	if (!(flags & EXFLAG_CA) || !cert_marks_critical(cert, NID_basic_constraints))
		return "it is not marked as a certificate authority";
	if (is_root ? pathlen == 0 : pathlen != 0)
		return "its path length is not AMD's";
	if (!cert_marks_critical(cert, NID_key_usage) ||
	    !(X509_get_key_usage(cert) & KU_KEY_CERT_SIGN))
		return "its key must not sign certificates";
	return NULL;
}

const char *snp_leaf_profile(X509 *cert, struct snp_leaf *ret_info)
{
	const char *why = snp_leaf_parse(cert, ret_info);

	if (why)
		return why;
	if (X509_get_version(cert) != X509_VERSION_3)
		return "not an X.509 version 3 certificate";
	if (!name_is_amd(X509_get_subject_name(cert)))
		return "its subject is not one of AMD's names";
	if (!cert_key_is_on(cert, NID_secp384r1))
		return "its key is not on the named curve P-384";
	if (X509_get_extension_flags(cert) & EXFLAG_INVALID)
		return "an extension is malformed";
	return NULL;
}

const char *snp_why_not_issued(X509 *cert, X509 *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);
	const X509_ALGOR *algorithm = NULL;

	X509_get0_signature(NULL, &algorithm, cert);
	if (!algorithm_is_pss_sha384(algorithm))
		return "its signature is not RSASSA-PSS with SHA-384 and a salt of 48 bytes";
	if (!key || !cert_key_is_rsa(issuer, CA_KEY_BITS))
		return "its issuer's key is not RSA with 4096 bits";
	if (X509_verify(cert, key) != 1) {
		errors_forget();
		return "its signature does not fit";
	}
	if (X509_check_issued(issuer, cert) != X509_V_OK)
		return "it names another issuer";
	return NULL;
}
