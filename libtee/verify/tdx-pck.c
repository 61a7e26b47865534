// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reads the SGX extension of a PCK certificate. Source: Intel SGX PCK Certificate and Certificate
 * Revocation List Profile Specification, 1.3.5.
 *
 * It is a SEQUENCE of pairs of object identifier and value. A processor CA writes five of them, a
 * platform CA seven; any other number is refused, as Intel's own verifier does. The DER is taken
 * apart by OpenSSL, level by level.
 */
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include "tdx-pck.h"

#define TCB_ENTRIES	18	/* sixteen components, PCESVN, CPUSVN */
#define OID_SIZE	64

typedef STACK_OF(ASN1_TYPE) sequence;

static void sequence_free(sequence *seq)
{
	sk_ASN1_TYPE_pop_free(seq, ASN1_TYPE_free);
}

/* All of @der is one SEQUENCE, or NULL. */
static sequence *sequence_open(const uint8_t *der, int len)
{
	const uint8_t *at = der;
	sequence *seq = d2i_ASN1_SEQUENCE_ANY(NULL, &at, len);

	if (seq && at != der + len) {
		sequence_free(seq);
		return NULL;
	}
	return seq;
}

static sequence *sequence_of(const ASN1_TYPE *item)
{
	if (!item || item->type != V_ASN1_SEQUENCE)
		return NULL;
	return sequence_open(ASN1_STRING_get0_data(item->value.sequence),
			     ASN1_STRING_length(item->value.sequence));
}

static bool read_octets(const ASN1_TYPE *value, uint8_t *ret, int len)
{
	if (value->type != V_ASN1_OCTET_STRING ||
	    ASN1_STRING_length(value->value.octet_string) != len)
		return false;
	memcpy(ret, ASN1_STRING_get0_data(value->value.octet_string), (size_t)len);
	return true;
}

static bool read_integer(const ASN1_TYPE *value, uint64_t max, uint64_t *ret)
{
	return value->type == V_ASN1_INTEGER &&
	       ASN1_INTEGER_get_uint64(ret, value->value.integer) && *ret <= max;
}

static bool read_sgx_type(const ASN1_TYPE *value, uint8_t *ret)
{
	int64_t number;

	if (value->type != V_ASN1_ENUMERATED ||
	    !ASN1_ENUMERATED_get_int64(&number, value->value.enumerated) || number < 0 || number > 2)
		return false;
	*ret = (uint8_t)number;
	return true;
}

/* Every bit of @seen is a number that has been there; a second time is false. */
static bool first_time(uint32_t *seen, unsigned int number)
{
	uint32_t bit = UINT32_C(1) << number;
	bool first = !(*seen & bit);

	*seen |= bit;
	return first;
}

/*
 * @item is SEQUENCE { OID, value }. Returns the last arc of the OID when it is @prefix with one
 * more arc, else 0; *ret_value lives as long as *ret_pair.
 */
static unsigned int read_pair(const ASN1_TYPE *item, const char *prefix, sequence **ret_pair,
			      const ASN1_TYPE **ret_value)
{
	size_t prefix_len = strlen(prefix);
	unsigned int arc = 0;
	char oid[OID_SIZE];
	ASN1_TYPE *name;

	*ret_pair = sequence_of(item);
	if (!*ret_pair || sk_ASN1_TYPE_num(*ret_pair) != 2)
		return 0;
	name = sk_ASN1_TYPE_value(*ret_pair, 0);
	*ret_value = sk_ASN1_TYPE_value(*ret_pair, 1);
	if (name->type != V_ASN1_OBJECT ||
	    OBJ_obj2txt(oid, sizeof(oid), name->value.object, 1) >= (int)sizeof(oid))
		return 0;
	if (strncmp(oid, prefix, prefix_len) || oid[prefix_len] != '.')
		return 0;
	for (const char *p = oid + prefix_len + 1; *p; p++) {
		if (*p < '0' || *p > '9' || arc > 99)
			return 0;
		arc = 10 * arc + (unsigned int)(*p - '0');
	}
	return arc;
}

static bool read_tcb_entry(unsigned int arc, const ASN1_TYPE *value, struct pck_info *info)
{
	uint64_t number;

	if (arc >= 1 && arc <= TDX_SVN_COUNT) {
		if (!read_integer(value, UINT8_MAX, &number))
			return false;
		info->components[arc - 1] = (uint8_t)number;
		return true;
	}
	if (arc == 17) {
		if (!read_integer(value, UINT16_MAX, &number))
			return false;
		info->pce_svn = (uint16_t)number;
		return true;
	}
	return arc == 18 && read_octets(value, info->cpu_svn, sizeof(info->cpu_svn));
}

static bool read_tcb(const ASN1_TYPE *item, struct pck_info *info)
{
	sequence *tcb = sequence_of(item);
	bool good = tcb && sk_ASN1_TYPE_num(tcb) == TCB_ENTRIES;
	uint32_t seen = 0;

	for (int i = 0; good && i < TCB_ENTRIES; i++) {
		const ASN1_TYPE *value;
		sequence *pair;
		unsigned int arc = read_pair(sk_ASN1_TYPE_value(tcb, i), PCK_EXTENSION_OID ".2",
					     &pair, &value);

		good = arc >= 1 && arc <= TCB_ENTRIES && first_time(&seen, arc) &&
		       read_tcb_entry(arc, value, info);
		sequence_free(pair);
	}
	sequence_free(tcb);
	return good;
}

static const char *read_entry(unsigned int arc, const ASN1_TYPE *value, struct pck_info *info)
{
	switch (arc) {
	case 1:
		return read_octets(value, info->ppid, 16) ? NULL : "PPID is not 16 bytes";
	case 2:
		return read_tcb(value, info) ? NULL : "TCB is not its eighteen numbers";
	case 3:
		return read_octets(value, info->pce_id, 2) ? NULL : "PCEID is not 2 bytes";
	case 4:
		return read_octets(value, info->fmspc, 6) ? NULL : "FMSPC is not 6 bytes";
	case 5:
		return read_sgx_type(value, &info->sgx_type) ? NULL : "unknown SGX type";
	case 6:
		info->is_platform = true;
		return read_octets(value, info->platform_instance, 16) ?
			NULL : "the platform instance is not 16 bytes";
	case 7:
		/* How the platform is set up: dynamic, keys cached, SMT. Not judged. */
		return value->type == V_ASN1_SEQUENCE ? NULL : "the configuration is no sequence";
	default:
		return "an entry of the SGX extension is unknown";
	}
}

static const char *read_entries(const sequence *entries, struct pck_info *info)
{
	int count = sk_ASN1_TYPE_num(entries);
	const char *why = NULL;
	uint32_t seen = 0;

	if (count != 5 && count != 7)
		return "the SGX extension has neither five nor seven entries";
	for (int i = 0; i < count && !why; i++) {
		const ASN1_TYPE *value;
		sequence *pair;
		unsigned int arc = read_pair(sk_ASN1_TYPE_value(entries, i), PCK_EXTENSION_OID,
					     &pair, &value);

		if (arc < 1 || arc > (unsigned int)count || !first_time(&seen, arc))
			why = "an entry of the SGX extension is unknown or occurs twice";
		else
			why = read_entry(arc, value, info);
		sequence_free(pair);
	}
	return why;
}

static const X509_EXTENSION *find_extension(const X509 *cert)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(PCK_EXTENSION_OID, 1);
	int at = oid ? X509_get_ext_by_OBJ(cert, oid, -1) : -1;

	ASN1_OBJECT_free(oid);
	return at < 0 ? NULL : X509_get_ext(cert, at);
}

const char *pck_info_parse(const X509 *cert, struct pck_info *ret)
{
	const X509_EXTENSION *ext = find_extension(cert);
	const ASN1_OCTET_STRING *data;
	sequence *entries;
	const char *why;

	*ret = (struct pck_info){ .sgx_type = 0 };
	if (!ext)
		return "it has no SGX extension";
	/* OpenSSL 3.0 takes no const here. */
	data = X509_EXTENSION_get_data((X509_EXTENSION *)(uintptr_t)ext);
	entries = sequence_open(ASN1_STRING_get0_data(data), ASN1_STRING_length(data));
	if (!entries)
		return "its SGX extension is no sequence";
	why = read_entries(entries, ret);
	sequence_free(entries);
	return why;
}
