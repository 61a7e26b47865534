// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reads the AMD extensions of a VCEK or VLEK. Source: AMD 57230 "Versioned Chip Endorsement Key
 * (VCEK) Certificate and KDS Interface Specification", and real certificates of each product.
 *
 * The values are DER (INTEGER, IA5String) but for the hardware id, whose bytes stand in the
 * extension as they are. An extension outside AMD's arc is refused even when it is not critical:
 * AMD writes none, so it would be somebody else's certificate.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "snp-leaf.h"

#define AMD_ARC		"1.3.6.1.4.1.3704.1."
#define AMD_SPL_ARC	AMD_ARC "3."

static bool read_small_integer(const ASN1_OCTET_STRING *value, uint8_t *ret)
{
	const uint8_t *data = ASN1_STRING_get0_data(value), *at = data;
	int len = ASN1_STRING_length(value);
	ASN1_INTEGER *integer = d2i_ASN1_INTEGER(NULL, &at, len);
	uint64_t number;
	bool good;

	good = integer && at == data + len && ASN1_INTEGER_get_uint64(&number, integer) &&
	       number <= UINT8_MAX;
	ASN1_INTEGER_free(integer);
	if (good)
		*ret = (uint8_t)number;
	return good;
}

static bool read_text(const ASN1_OCTET_STRING *value, char *ret, size_t size)
{
	const uint8_t *data = ASN1_STRING_get0_data(value), *at = data;
	int len = ASN1_STRING_length(value);
	ASN1_IA5STRING *text = d2i_ASN1_IA5STRING(NULL, &at, len);
	size_t text_len = text ? (size_t)ASN1_STRING_length(text) : 0;
	bool good = text && at == data + len && text_len > 0 && text_len < size;

	for (size_t i = 0; good && i < text_len; i++) {
		uint8_t c = ASN1_STRING_get0_data(text)[i];

		good = c >= 0x20 && c < 0x7f;
		ret[i] = (char)c;
	}
	ret[good ? text_len : 0] = '\0';
	ASN1_IA5STRING_free(text);
	return good;
}

static const char *read_spl(const char *last_arc, const ASN1_OCTET_STRING *value,
			    struct snp_leaf *leaf)
{
	unsigned int index = (unsigned int)(last_arc[0] - '1');

	if (last_arc[0] < '1' || last_arc[0] > '9' || last_arc[1])
		return NULL;	/* AMD's, not critical, unknown */
	if (!read_small_integer(value, &leaf->spl[index]))
		return "a security patch level is not an integer of one byte";
	leaf->has_spl[index] = true;
	return NULL;
}

/* Siena and Bergamo are cut from Genoa: its ARK and ASK, its TCB layout. */
static enum snp_product product_of_certificate(const char *name)
{
	size_t len = strcspn(name, "-");	/* a stepping may follow: "Milan-B0" */

	if ((len == 5 && !memcmp(name, "Siena", len)) || (len == 7 && !memcmp(name, "Bergamo", len)))
		return SNP_GENOA;
	return snp_product_from_name(name, len);
}

static const char *read_product(const ASN1_OCTET_STRING *value, struct snp_leaf *leaf)
{
	if (!read_text(value, leaf->product_name, sizeof(leaf->product_name)))
		return "the product name is not a short IA5String";
	leaf->product = product_of_certificate(leaf->product_name);
	return NULL;
}

static const char *read_hwid(const ASN1_OCTET_STRING *value, struct snp_leaf *leaf)
{
	int len = ASN1_STRING_length(value);

	if (len != SNP_CHIP_ID_SIZE && len != 8)
		return "the hardware id has neither 64 nor 8 bytes";
	memcpy(leaf->hwid, ASN1_STRING_get0_data(value), (size_t)len);
	leaf->hwid_len = (size_t)len;
	return NULL;
}

static const char *read_amd_extension(const char *oid, const ASN1_OCTET_STRING *value,
				      struct snp_leaf *leaf)
{
	const char *arc = oid + strlen(AMD_ARC);
	uint8_t version;

	if (!strncmp(oid, AMD_SPL_ARC, strlen(AMD_SPL_ARC)))
		return read_spl(oid + strlen(AMD_SPL_ARC), value, leaf);
	if (!strcmp(arc, "1")) {
		if (!read_small_integer(value, &version))
			return "the structure version is not a small integer";
		leaf->struct_version = version;
		leaf->has_struct_version = true;
	} else if (!strcmp(arc, "2")) {
		return read_product(value, leaf);
	} else if (!strcmp(arc, "4")) {
		return read_hwid(value, leaf);
	} else if (!strcmp(arc, "5")) {
		leaf->has_csp_id = true;
		if (!read_text(value, leaf->csp_id, sizeof(leaf->csp_id)))
			return "the cloud provider id is not a short IA5String";
	}
	return NULL;
}

static const char *read_extension(const X509 *cert, int index, struct snp_leaf *leaf)
{
	X509_EXTENSION *ext = X509_get_ext(cert, index);
	const ASN1_OBJECT *object = X509_EXTENSION_get_object(ext);
	char oid[64];
	int len = OBJ_obj2txt(oid, sizeof(oid), object, 1);
	int nid = OBJ_obj2nid(object);

	if (X509_get_ext_by_OBJ(cert, object, index) >= 0)
		return "an extension occurs twice";
	if (len <= 0 || (size_t)len >= sizeof(oid))
		return "an extension has an unreadable name";
	if (!strncmp(oid, AMD_ARC, strlen(AMD_ARC))) {
		if (X509_EXTENSION_get_critical(ext))
			return "an AMD extension is marked critical";
		return read_amd_extension(oid, X509_EXTENSION_get_data(ext), leaf);
	}
	if (nid == NID_authority_key_identifier || nid == NID_subject_key_identifier)
		return NULL;
	return X509_EXTENSION_get_critical(ext) ?
		"an unknown critical extension" : "an extension that AMD does not write";
}

static const char *check_complete(const struct snp_leaf *leaf)
{
	bool turin = leaf->product == SNP_TURIN;

	if (leaf->product == SNP_PRODUCT_UNKNOWN)
		return "no or an unknown product name";
	if (!leaf->has_struct_version || leaf->struct_version > 1)
		return "no or an unknown structure version";
	for (int i = 0; i < SPL_COUNT; i++) {
		bool reserved = i >= SPL_4 && i <= SPL_7;

		if (reserved && leaf->spl[i])
			return "a reserved security patch level is not zero";
		if (!leaf->has_spl[i] && !reserved && (i != SPL_FMC || turin))
			return "a security patch level is missing";
	}
	if (leaf->has_spl[SPL_FMC] && !turin)
		return "an FMC security patch level on a product that has none";
	if (leaf->hwid_len && leaf->hwid_len != (turin ? 8u : SNP_CHIP_ID_SIZE))
		return "a hardware id of the wrong length for the product";
	return NULL;
}

const char *snp_leaf_parse(const X509 *cert, struct snp_leaf *ret)
{
	const char *why = NULL;

	*ret = (struct snp_leaf){ .has_struct_version = false };
	for (int i = 0; i < X509_get_ext_count(cert) && !why; i++)
		why = read_extension(cert, i, ret);
	return why ? why : check_complete(ret);
}

void snp_leaf_tcb(const struct snp_leaf *leaf, uint8_t ret[SNP_TCB_SIZE])
{
	const uint8_t *spl = leaf->spl;

	memset(ret, 0, SNP_TCB_SIZE);
	if (leaf->product == SNP_TURIN) {
		ret[0] = spl[SPL_FMC];
		ret[1] = spl[SPL_BOOT_LOADER];
		ret[2] = spl[SPL_TEE];
		ret[3] = spl[SPL_SNP];
	} else {
		ret[0] = spl[SPL_BOOT_LOADER];
		ret[1] = spl[SPL_TEE];
		ret[6] = spl[SPL_SNP];
	}
	ret[7] = spl[SPL_MICROCODE];
}
