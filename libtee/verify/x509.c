// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading certificates strictly. What OpenSSL parses must encode back to the very bytes it came
 * from, so that no two inputs count as the same certificate.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "x509.h"

static bool encodes_to(const X509 *cert, const uint8_t *der, size_t len)
{
	uint8_t *encoded = NULL;
	int encoded_len = i2d_X509(cert, &encoded);
	bool same = encoded_len >= 0 && (size_t)encoded_len == len && !memcmp(encoded, der, len);

	OPENSSL_free(encoded);
	return same;
}

void errors_forget(void)
{
	ERR_pop_to_mark();
	ERR_set_mark();
}

X509 *cert_from_der(OSSL_LIB_CTX *lib, const uint8_t *der, size_t len)
{
	const uint8_t *at = der;
	X509 *cert;

	if (!len || len > CERT_INPUT_MAX)
		return NULL;
	cert = X509_new_ex(lib, NULL);
	if (!cert)
		return NULL;
	/* On failure d2i frees what it was given and clears the pointer. */
	if (!d2i_X509(&cert, &at, (long)len)) {
		errors_forget();
		return NULL;
	}
	if (at != der + len || !encodes_to(cert, der, len)) {
		X509_free(cert);
		return NULL;
	}
	return cert;
}

static X509_CRL *crl_from_der(OSSL_LIB_CTX *lib, const uint8_t *der, size_t len)
{
	const uint8_t *at = der;
	X509_CRL *crl;

	if (!len || len > CERT_INPUT_MAX)
		return NULL;
	crl = X509_CRL_new_ex(lib, NULL);
	if (!crl || !d2i_X509_CRL(&crl, &at, (long)len))
		return NULL;
	if (at != der + len) {
		X509_CRL_free(crl);
		return NULL;
	}
	return crl;
}

/* The next PEM block of @type; *ret_der is freed with OPENSSL_free(). */
static bool next_pem(BIO *bio, const char *type, uint8_t **ret_der, long *ret_len)
{
	for (;;) {
		char *name = NULL, *header = NULL;
		uint8_t *data = NULL;
		bool wanted;

		if (PEM_read_bio(bio, &name, &header, &data, ret_len) != 1)
			return false;
		wanted = !strcmp(name, type) && !*header;
		OPENSSL_free(name);
		OPENSSL_free(header);
		if (wanted) {
			*ret_der = data;
			return true;
		}
		OPENSSL_free(data);
	}
}

static int push_cert(STACK_OF(X509) *certs, X509 *cert)
{
	if (!cert)
		return -EBADMSG;
	if (sk_X509_num(certs) >= CERT_BUNDLE_MAX) {
		X509_free(cert);
		return -EBADMSG;
	}
	if (!sk_X509_push(certs, cert)) {
		X509_free(cert);
		return -ENOMEM;
	}
	return 0;
}

static int push_pem(OSSL_LIB_CTX *lib, struct tee_bytes input, STACK_OF(X509) *certs)
{
	BIO *bio = BIO_new_mem_buf(input.data, (int)input.len);
	uint8_t *der;
	long len;
	int r = 0;

	if (!bio)
		return -ENOMEM;
	while (!r && next_pem(bio, PEM_STRING_X509, &der, &len)) {
		r = push_cert(certs, cert_from_der(lib, der, (size_t)len));
		OPENSSL_free(der);
	}
	BIO_free(bio);
	return !r && !sk_X509_num(certs) ? -EBADMSG : r;
}

int certs_load(OSSL_LIB_CTX *lib, struct tee_bytes input, STACK_OF(X509) **ret)
{
	STACK_OF(X509) *certs;
	X509 *cert;
	int r;

	if (!input.len || input.len > CERT_INPUT_MAX)
		return -EBADMSG;
	certs = sk_X509_new_null();
	if (!certs)
		return -ENOMEM;
	cert = cert_from_der(lib, input.data, input.len);
	r = cert ? push_cert(certs, cert) : push_pem(lib, input, certs);
	if (r < 0) {
		sk_X509_pop_free(certs, X509_free);
		return r;
	}
	*ret = certs;
	return 0;
}

X509_CRL *crl_load(OSSL_LIB_CTX *lib, struct tee_bytes input)
{
	X509_CRL *crl;
	uint8_t *der;
	long len;
	BIO *bio;

	if (!input.len || input.len > CERT_INPUT_MAX)
		return NULL;
	crl = crl_from_der(lib, input.data, input.len);
	if (crl)
		return crl;
	bio = BIO_new_mem_buf(input.data, (int)input.len);
	if (bio && next_pem(bio, PEM_STRING_X509_CRL, &der, &len)) {
		crl = crl_from_der(lib, der, (size_t)len);
		OPENSSL_free(der);
	}
	BIO_free(bio);
	return crl;
}

bool certs_equal(const X509 *a, const X509 *b)
{
	uint8_t *der_a = NULL, *der_b = NULL;
	int len_a = i2d_X509(a, &der_a), len_b = i2d_X509(b, &der_b);
	bool equal = len_a > 0 && len_a == len_b && !memcmp(der_a, der_b, (size_t)len_a);

	OPENSSL_free(der_a);
	OPENSSL_free(der_b);
	return equal;
}

bool cert_self_issued(const X509 *cert)
{
	return !X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert));
}

bool cert_marks_critical(const X509 *cert, int nid)
{
	int at = X509_get_ext_by_NID(cert, nid, -1);

	return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(cert, at));
}

bool crl_has_critical_extension(X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *revoked = X509_CRL_get_REVOKED(crl);

	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++)
		if (X509_EXTENSION_get_critical(X509_CRL_get_ext(crl, i)))
			return true;
	for (int i = 0; i < sk_X509_REVOKED_num(revoked); i++) {
		const X509_REVOKED *entry = sk_X509_REVOKED_value(revoked, i);

		for (int k = 0; k < X509_REVOKED_get_ext_count(entry); k++)
			if (X509_EXTENSION_get_critical(X509_REVOKED_get_ext(entry, k)))
				return true;
	}
	return false;
}

bool asn1_string_is(const ASN1_STRING *string, const char *wanted)
{
	uint8_t *utf8 = NULL;
	int len = ASN1_STRING_to_UTF8(&utf8, string);
	bool same;

	if (len < 0)
		return false;
	same = (size_t)len == strlen(wanted) && !memcmp(utf8, wanted, (size_t)len);
	OPENSSL_free(utf8);
	return same;
}

bool cert_common_name_is(const X509 *cert, const char *wanted)
{
	const X509_NAME *name = X509_get_subject_name(cert);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);

	return at >= 0 &&
	       asn1_string_is(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)), wanted);
}

bool algorithm_is(const X509_ALGOR *alg, int nid)
{
	const ASN1_OBJECT *object = NULL;

	if (!alg)
		return false;
	X509_ALGOR_get0(&object, NULL, NULL, alg);
	return OBJ_obj2nid(object) == nid;
}

static bool mgf1_uses_sha384(const X509_ALGOR *mgf)
{
	const void *parameter = NULL;
	X509_ALGOR *hash;
	int type = V_ASN1_UNDEF;
	bool good;

	if (!algorithm_is(mgf, NID_mgf1))
		return false;
	X509_ALGOR_get0(NULL, &type, &parameter, mgf);
	if (type != V_ASN1_SEQUENCE)
		return false;
	hash = ASN1_item_unpack(parameter, ASN1_ITEM_rptr(X509_ALGOR));
	good = algorithm_is(hash, NID_sha384);
	X509_ALGOR_free(hash);
	return good;
}

static bool integer_is(const ASN1_INTEGER *integer, int64_t wanted)
{
	int64_t value;

	return integer && ASN1_INTEGER_get_int64(&value, integer) && value == wanted;
}

bool algorithm_is_pss_sha384(const X509_ALGOR *alg)
{
	const void *parameter = NULL;
	RSA_PSS_PARAMS *pss;
	int type = V_ASN1_UNDEF;
	bool good;

	if (!algorithm_is(alg, NID_rsassaPss))
		return false;
	X509_ALGOR_get0(NULL, &type, &parameter, alg);
	if (type != V_ASN1_SEQUENCE)
		return false;
	pss = ASN1_item_unpack(parameter, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
	if (!pss)
		return false;
	good = algorithm_is(pss->hashAlgorithm, NID_sha384) &&
	       mgf1_uses_sha384(pss->maskGenAlgorithm) && integer_is(pss->saltLength, 48) &&
	       (!pss->trailerField || integer_is(pss->trailerField, 1));
	RSA_PSS_PARAMS_free(pss);
	return good;
}

bool cert_key_is_rsa(X509 *cert, int bits)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);

	return key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) == bits;
}

bool cert_key_is_on(X509 *cert, int curve)
{
	X509_ALGOR *alg = NULL;
	const void *parameter = NULL;
	int type = V_ASN1_UNDEF;

	if (!X509_PUBKEY_get0_param(NULL, NULL, NULL, &alg, X509_get_X509_PUBKEY(cert)))
		return false;
	if (!algorithm_is(alg, NID_X9_62_id_ecPublicKey) || !X509_get0_pubkey(cert))
		return false;
	X509_ALGOR_get0(NULL, &type, &parameter, alg);
	return type == V_ASN1_OBJECT && OBJ_obj2nid(parameter) == curve;
}

enum time_status time_inside(const ASN1_TIME *start, const ASN1_TIME *end, int64_t now)
{
	ASN1_TIME *at = NULL;
	enum time_status status = TIME_UNREADABLE;
	int after_start, before_end;

	if (!start || !end || (int64_t)(time_t)now != now)
		return TIME_UNREADABLE;
	at = ASN1_TIME_set(NULL, (time_t)now);
	if (!at)
		return TIME_UNREADABLE;
	after_start = ASN1_TIME_compare(at, start);
	before_end = ASN1_TIME_compare(at, end);
	if (after_start != -2 && before_end != -2)
		status = after_start < 0 ? TIME_BEFORE : before_end > 0 ? TIME_AFTER : TIME_INSIDE;
	ASN1_TIME_free(at);
	return status;
}

const char *time_text(const ASN1_TIME *time, char *buf)
{
	struct tm tm;

	if (!time || !ASN1_TIME_to_tm(time, &tm))
		snprintf(buf, TIME_TEXT_SIZE, "an unreadable time");
	else if (!strftime(buf, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm))
		buf[0] = '\0';
	return buf;
}

void validity_check(tee_verdict *v, enum check_id id, enum check_id owner, const char *what,
		    const X509 *cert, int64_t now)
{
	const ASN1_TIME *start = X509_get0_notBefore(cert), *end = X509_get0_notAfter(cert);
	char first[TIME_TEXT_SIZE], last[TIME_TEXT_SIZE];

	time_text(start, first);
	time_text(end, last);
	switch (time_inside(start, end, now)) {
	case TIME_INSIDE:
		verdict_pass(v, id, SET(owner), "the %s is valid from %s to %s", what, first,
			     last);
		break;
	case TIME_BEFORE:
		verdict_fail(v, id, "the %s is not valid before %s", what, first);
		break;
	case TIME_AFTER:
		verdict_fail(v, id, "the %s has expired on %s", what, last);
		break;
	case TIME_UNREADABLE:
		verdict_fail(v, id, "the validity of the %s is not readable", what);
	}
}

void root_facts(OSSL_LIB_CTX *lib, const X509 *root, const char *name, tee_verdict *v)
{
	EVP_MD *sha256 = EVP_MD_fetch(lib, "SHA256", NULL);
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned int len;

	verdict_fact(v, "root.name", "%s", name);
	if (sha256 && X509_digest(root, sha256, digest, &len))
		verdict_fact_hex(v, "root.sha256", digest, len);
	EVP_MD_free(sha256);
}

char *common_name_text(const X509_NAME *name)
{
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	const ASN1_STRING *value;

	if (at < 0)
		return text_escape("", 0);
	value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
	return text_escape(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
}
