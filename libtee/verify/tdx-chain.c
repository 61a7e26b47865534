// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finds Intel's certificates and judges them top down. The trust anchor comes from the caller alone;
 * where a chain brings its own root, that must be the very same certificate. The others are found by
 * what they are, not by where they stand.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#include "tdx-chain.h"
#include "x509.h"

static X509 *hold(X509 *cert)
{
	if (cert)
		X509_up_ref(cert);
	return cert;
}

static void free_certs(STACK_OF(X509) *certs)
{
	sk_X509_pop_free(certs, X509_free);
}

/* Certificates in DER, one after the other, as Intel's sample quote has them. */
static int load_der_row(OSSL_LIB_CTX *lib, struct tee_bytes input, STACK_OF(X509) **ret)
{
	const uint8_t *at = input.data, *end = at + input.len;
	STACK_OF(X509) *certs = sk_X509_new_null();

	while (certs && at < end && sk_X509_num(certs) < CERT_BUNDLE_MAX) {
		const uint8_t *start = at;
		X509 *probe = d2i_X509(NULL, &at, end - at);
		X509 *cert = probe ? cert_from_der(lib, start, (size_t)(at - start)) : NULL;

		X509_free(probe);
		if (!cert || !sk_X509_push(certs, cert)) {
			X509_free(cert);
			break;
		}
	}
	errors_forget();
	if (!certs)
		return -ENOMEM;
	if (at != end) {
		free_certs(certs);
		return -EBADMSG;
	}
	*ret = certs;
	return 0;
}

static bool is_space(uint8_t c)
{
	return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

/* White space and, in quotes, NULs at the end; otherwise the same bytes. */
static bool same_but_space(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	size_t i = 0, k = 0;

	while (a_len > 0 && !a[a_len - 1])
		a_len--;
	for (;;) {
		while (i < a_len && is_space(a[i]))
			i++;
		while (k < b_len && is_space(b[k]))
			k++;
		if (i == a_len || k == b_len)
			return i == a_len && k == b_len;
		if (a[i++] != b[k++])
			return false;
	}
}

/* Nothing stands between or in the blocks that is not certificate: each byte counts. */
static bool is_all_certificates(struct tee_bytes input, STACK_OF(X509) *certs)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool same = bio;
	char *text;
	long len;

	for (int i = 0; same && i < sk_X509_num(certs); i++)
		same = PEM_write_bio_X509(bio, sk_X509_value(certs, i));
	if (same) {
		len = BIO_get_mem_data(bio, &text);
		same = same_but_space(input.data, input.len, (const uint8_t *)text, (size_t)len);
	}
	BIO_free(bio);
	return same;
}

/* 0, -EBADMSG, -ENOMEM. */
static int load_chain(OSSL_LIB_CTX *lib, struct tee_bytes input, STACK_OF(X509) **ret)
{
	int r;

	if (!input.len || input.len > CERT_INPUT_MAX)
		return -EBADMSG;
	if (((const uint8_t *)input.data)[0] == 0x30)
		return load_der_row(lib, input, ret);
	r = certs_load(lib, input, ret);
	if (!r && !is_all_certificates(input, *ret)) {
		free_certs(*ret);
		*ret = NULL;
		return -EBADMSG;
	}
	return r;
}

static X509 *find(STACK_OF(X509) *certs, enum intel_kind kind)
{
	for (int i = 0; i < sk_X509_num(certs); i++)
		if (intel_named(sk_X509_value(certs, i), kind))
			return sk_X509_value(certs, i);
	return NULL;
}

/* A root in the chain is the anchor, byte for byte: no other is followed, even with the same key. */
static const char *why_not_under(STACK_OF(X509) *certs, const X509 *root)
{
	for (int i = 0; i < sk_X509_num(certs); i++)
		if (intel_named(sk_X509_value(certs, i), INTEL_ROOT) &&
		    !certs_equal(sk_X509_value(certs, i), root))
			return "it ends in another root than the trust anchor";
	return NULL;
}

/* Beside a root each certificate is one of these kinds, and no name is there twice. */
static const char *why_not_a_chain(STACK_OF(X509) *certs, const enum intel_kind *kinds,
				   size_t count)
{
	for (int i = 0; i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);
		bool wanted = intel_named(cert, INTEL_ROOT);

		for (size_t k = 0; k < count && !wanted; k++)
			wanted = intel_named(cert, kinds[k]);
		if (!wanted)
			return "it holds a certificate that does not belong there";
		for (int k = 0; k < i; k++)
			if (!X509_NAME_cmp(X509_get_subject_name(cert),
					   X509_get_subject_name(sk_X509_value(certs, k))))
				return "it holds two certificates of one name";
	}
	return NULL;
}

static int check_root(struct tdx_chain *c, const struct tee_verify_params *params,
		      STACK_OF(X509) *quoted, tee_verdict *v)
{
	STACK_OF(X509) *given = NULL;
	const char *why;
	char *name;
	int r;

	r = certs_load(c->lib, params->root, &given);
	if (r == -ENOMEM)
		return r;
	if (!r && sk_X509_num(given) == 1)
		c->root = hold(sk_X509_value(given, 0));
	free_certs(given);
	if (!c->root) {
		verdict_fail(v, TDX_ROOT, "the trust anchor is not exactly one intact certificate");
		return 0;
	}
	name = common_name_text(X509_get_subject_name(c->root));
	if (!name)
		return -ENOMEM;
	root_facts(c->lib, c->root, name, v);
	why = intel_why_not_issued(c->root, c->root);
	if (why)
		verdict_fail(v, TDX_ROOT, "the trust anchor is not self-signed: %s", why);
	else if ((why = why_not_under(quoted, c->root)))
		verdict_fail(v, TDX_ROOT, "the certificate chain of the quote: %s", why);
	else
		verdict_pass(v, TDX_ROOT, NEEDS_NOTHING, "the trust anchor is %s", name);
	free(name);
	why = intel_profile(c->root, INTEL_ROOT);
	if (why)
		verdict_fail(v, TDX_ROOT_PROFILE, "the trust anchor is not Intel's kind: %s", why);
	else
		verdict_pass(v, TDX_ROOT_PROFILE, SET(TDX_ROOT),
			     "the trust anchor has the form of Intel's SGX root");
	validity_check(v, TDX_ROOT_VALIDITY, TDX_ROOT, "trust anchor", c->root, params->time);
	return 0;
}

static void check_ca(struct tdx_chain *c, const struct tdx_collateral *collateral, int64_t now,
		     tee_verdict *v)
{
	const char *why;

	if (!c->root)
		return;
	if (!c->ca) {
		verdict_fail(v, TDX_CA, "there is no PCK CA certificate in the quote");
		return;
	}
	if (collateral)
		c->root_crl = tdx_crl_check(c->lib, collateral->root_crl, c->root, c->ca, now,
					    TDX_CRL_ROOT, TDX_NEEDS_ROOT, "root", v);
	else
		verdict_skip(v, TDX_CRL_ROOT, "no usable collateral was given");
	why = intel_why_not_issued(c->ca, c->root);
	if (why)
		verdict_fail(v, TDX_CA, "the PCK CA is not issued by the trust anchor: %s", why);
	else
		verdict_pass(v, TDX_CA, TDX_NEEDS_ROOT | SET(TDX_CRL_ROOT),
			     "the PCK CA is issued by the trust anchor");
	why = intel_profile(c->ca, INTEL_PCK_CA);
	if (why)
		verdict_fail(v, TDX_CA_PROFILE, "the PCK CA is not Intel's kind: %s", why);
	else
		verdict_pass(v, TDX_CA_PROFILE, SET(TDX_CA), "the PCK CA has the form of one");
	validity_check(v, TDX_CA_VALIDITY, TDX_CA, "PCK CA", c->ca, now);
}

/* The CA that signed the list and the CA of the quote may differ in their dates, not in the key. */
static const char *why_not_the_ca(const struct tdx_chain *c, struct tee_bytes pem)
{
	static const enum intel_kind kinds[] = { INTEL_PCK_CA };
	STACK_OF(X509) *certs = NULL;
	const char *why;
	X509 *ca;

	if (load_chain(c->lib, pem, &certs) < 0)
		return "the issuer chain of the PCK list is not intact";
	ca = find(certs, INTEL_PCK_CA);
	why = why_not_under(certs, c->root);
	if (!why)
		why = why_not_a_chain(certs, kinds, 1);
	if (!why && !ca)
		why = "there is no PCK CA in the issuer chain of the PCK list";
	if (!why)
		why = intel_why_not_issued(ca, c->root);
	if (!why)
		why = intel_profile(ca, INTEL_PCK_CA);
	if (!why && (X509_NAME_cmp(X509_get_subject_name(ca), X509_get_subject_name(c->ca)) ||
		     EVP_PKEY_eq(X509_get0_pubkey(ca), X509_get0_pubkey(c->ca)) != 1))
		why = "the PCK list is of another CA than the PCK certificate";
	free_certs(certs);
	return why;
}

static void check_pck_list(const struct tdx_chain *c, const struct tdx_collateral *collateral,
			   int64_t now, tee_verdict *v)
{
	const char *why;

	if (!collateral) {
		verdict_skip(v, TDX_CRL_PCK, "no usable collateral was given");
		return;
	}
	if (!c->root || !c->ca)
		return;
	why = why_not_the_ca(c, collateral->pck_crl_chain);
	if (why)
		verdict_fail(v, TDX_CRL_PCK, "the collateral's pck_crl_issuer_chain: %s", why);
	else
		X509_CRL_free(tdx_crl_check(c->lib, collateral->pck_crl, c->ca, c->leaf, now,
					    TDX_CRL_PCK, TDX_NEEDS_CA, "PCK CA", v));
}

static void leaf_facts(const struct tdx_chain *c, tee_verdict *v)
{
	char text[TIME_TEXT_SIZE];

	verdict_fact(v, "leaf.not_after", "%s", time_text(X509_get0_notAfter(c->leaf), text));
	if (!c->has_pck)
		return;
	verdict_fact(v, "leaf.kind", "%s", c->pck.is_platform ? "platform" : "processor");
	verdict_fact_hex(v, "leaf.ppid", c->pck.ppid, sizeof(c->pck.ppid));
	verdict_fact_hex(v, "leaf.fmspc", c->pck.fmspc, sizeof(c->pck.fmspc));
	verdict_fact_hex(v, "leaf.pce_id", c->pck.pce_id, sizeof(c->pck.pce_id));
	verdict_fact(v, "leaf.pce_svn", "%u", c->pck.pce_svn);
	verdict_fact_hex(v, "leaf.cpu_svn", c->pck.cpu_svn, sizeof(c->pck.cpu_svn));
}

static const char *leaf_profile(struct tdx_chain *c)
{
	const char *why = pck_info_parse(c->leaf, &c->pck);
	bool platform_ca;

	c->has_pck = !why;
	if (why)
		return why;
	platform_ca = c->ca && cert_common_name_is(c->ca, "Intel SGX PCK Platform CA");
	if (c->ca && platform_ca != c->pck.is_platform)
		return "its SGX extension is not that of its kind of CA";
	return intel_profile(c->leaf, INTEL_PCK);
}

static void check_leaf(struct tdx_chain *c, STACK_OF(X509) *quoted,
		       const struct tdx_collateral *collateral, int64_t now, tee_verdict *v)
{
	static const enum intel_kind kinds[] = { INTEL_PCK_CA, INTEL_PCK };
	const char *why = why_not_a_chain(quoted, kinds, 2), *profile;

	if (why)
		verdict_fail(v, TDX_LEAF, "the certificate chain of the quote: %s", why);
	if (!c->leaf) {
		verdict_fail(v, TDX_LEAF, "there is no PCK certificate in the quote");
		return;
	}
	profile = leaf_profile(c);
	leaf_facts(c, v);
	check_pck_list(c, collateral, now, v);
	why = c->ca ? intel_why_not_issued(c->leaf, c->ca) : NULL;
	if (why)
		verdict_fail(v, TDX_LEAF, "the PCK certificate is not issued by the PCK CA: %s", why);
	else if (c->ca)
		verdict_pass(v, TDX_LEAF, TDX_NEEDS_CA | SET(TDX_CRL_PCK),
			     "the PCK certificate is issued by the PCK CA");
	if (profile)
		verdict_fail(v, TDX_LEAF_PROFILE, "the PCK certificate is not Intel's kind: %s",
			     profile);
	else
		verdict_pass(v, TDX_LEAF_PROFILE, SET(TDX_LEAF),
			     "the PCK certificate has the form of one, with the SGX extension of a %s",
			     c->pck.is_platform ? "platform" : "processor");
	validity_check(v, TDX_LEAF_VALIDITY, TDX_LEAF, "PCK certificate", c->leaf, now);
}

int tdx_chain_check(struct tdx_chain *ret, OSSL_LIB_CTX *lib, struct tee_bytes chain,
		    const struct tdx_collateral *collateral, const struct tee_verify_params *params,
		    tee_verdict *v)
{
	STACK_OF(X509) *quoted = NULL;
	int r;

	*ret = (struct tdx_chain){ .lib = lib };
	r = load_chain(lib, chain, &quoted);
	if (r == -ENOMEM)
		return r;
	if (!r) {
		ret->ca = hold(find(quoted, INTEL_PCK_CA));
		ret->leaf = hold(find(quoted, INTEL_PCK));
	}
	r = check_root(ret, params, quoted, v);
	if (!r && !quoted) {
		verdict_fail(v, TDX_LEAF,
			     "the certificate chain of the quote is not a row of intact certificates");
	} else if (!r) {
		check_ca(ret, collateral, params->time, v);
		check_leaf(ret, quoted, collateral, params->time, v);
	}
	free_certs(quoted);
	return r;
}

static const char *judge_signer(const struct tdx_chain *c, STACK_OF(X509) *certs, X509 *signer)
{
	static const enum intel_kind kinds[] = { INTEL_TCB_SIGNING };
	const char *why = why_not_under(certs, c->root);
	X509_REVOKED *entry;

	if (!why)
		why = why_not_a_chain(certs, kinds, 1);
	if (!why && !signer)
		why = "there is no TCB signing certificate in it";
	if (!why)
		why = intel_why_not_issued(signer, c->root);
	if (!why)
		why = intel_profile(signer, INTEL_TCB_SIGNING);
	if (!why && c->root_crl && X509_CRL_get0_by_cert(c->root_crl, &entry, signer))
		why = "the root has revoked the TCB signing certificate";
	return why;
}

X509 *tdx_signer_check(const struct tdx_chain *c, struct tee_bytes pem, int64_t now,
		       enum check_id id, const char *what, tee_verdict *v)
{
	STACK_OF(X509) *certs = NULL;
	const char *why = NULL;
	X509 *signer;

	if (!c->root)
		return NULL;
	if (load_chain(c->lib, pem, &certs) < 0) {
		verdict_fail(v, id, "the issuer chain of the %s is not a row of intact certificates",
			     what);
		return NULL;
	}
	signer = hold(find(certs, INTEL_TCB_SIGNING));
	why = judge_signer(c, certs, signer);
	if (!why && time_inside(X509_get0_notBefore(signer), X509_get0_notAfter(signer), now) !=
	    TIME_INSIDE)
		why = "the TCB signing certificate is not valid at this time";
	if (why)
		verdict_fail(v, id, "the issuer chain of the %s: %s", what, why);
	else
		verdict_pass(v, id, TDX_NEEDS_ROOT | SET(TDX_CRL_ROOT),
			     "the key for the %s is issued by the trust anchor", what);
	free_certs(certs);
	return signer;
}

void tdx_chain_done(struct tdx_chain *chain)
{
	X509_free(chain->root);
	X509_free(chain->ca);
	X509_free(chain->leaf);
	X509_CRL_free(chain->root_crl);
	*chain = (struct tdx_chain){ .lib = NULL };
}
