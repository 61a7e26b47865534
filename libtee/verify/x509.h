/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Certificates and revocation lists in and out of OpenSSL, and questions about them that are the
 * same for every vendor. All DER is read by OpenSSL; nothing here walks it by hand.
 */
#ifndef TEE_VERIFY_X509_H
#define TEE_VERIFY_X509_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "verdict.h"

#define CERT_BUNDLE_MAX		16	/* certificates */
#define CERT_INPUT_MAX		(1u << 20)	/* bytes */

/*
 * One DER certificate, or PEM blocks of type CERTIFICATE with any text between them. Returns 0,
 * -EBADMSG (none, malformed, not DER, too many), -ENOMEM.
 */
int certs_load(OSSL_LIB_CTX *lib, struct tee_bytes input, STACK_OF(X509) **ret);
/* Exactly one DER certificate, nothing after it; NULL when it is not that. */
X509 *cert_from_der(OSSL_LIB_CTX *lib, const uint8_t *der, size_t len);
/* One DER or PEM revocation list; NULL when it is not that. */
X509_CRL *crl_load(OSSL_LIB_CTX *lib, struct tee_bytes input);

/*
 * Drops the OpenSSL errors since the caller's mark, which a long row of failures would push out of
 * the queue together with what the program had there.
 */
void errors_forget(void);

bool certs_equal(const X509 *a, const X509 *b);
bool cert_self_issued(const X509 *cert);
/* There, and critical. */
bool cert_marks_critical(const X509 *cert, int nid);
/* In the list or in one of its entries. */
bool crl_has_critical_extension(X509_CRL *crl);
bool asn1_string_is(const ASN1_STRING *string, const char *wanted);
/* The subject's. */
bool cert_common_name_is(const X509 *cert, const char *wanted);
/* RSASSA-PSS, SHA-384, MGF1 with SHA-384, salt of 48 bytes, trailer 1. */
bool algorithm_is_pss_sha384(const X509_ALGOR *alg);
bool cert_key_is_rsa(X509 *cert, int bits);
/* On the named curve (NID_secp384r1...), not on one that is described by its parameters. */
bool cert_key_is_on(X509 *cert, int curve);
bool algorithm_is(const X509_ALGOR *alg, int nid);

enum time_status { TIME_INSIDE, TIME_BEFORE, TIME_AFTER, TIME_UNREADABLE };
enum time_status time_inside(const ASN1_TIME *start, const ASN1_TIME *end, int64_t now);
/* "2029-09-24T00:55:28Z" into @buf. */
#define TIME_TEXT_SIZE 32
const char *time_text(const ASN1_TIME *time, char *buf);

/*
 * Records as @id whether @now lies within the dates of @what. @owner: the check that the
 * certificate, and so its dates, are genuine.
 */
void validity_check(tee_verdict *v, enum check_id id, enum check_id owner, const char *what,
		    const X509 *cert, int64_t now);
/* "root.name" and "root.sha256". */
void root_facts(OSSL_LIB_CTX *lib, const X509 *root, const char *name, tee_verdict *v);

/* The common name, escaped and malloc()ed, "" if there is none; NULL when out of memory. */
char *common_name_text(const X509_NAME *name);

#endif
