// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finds the three certificates and judges them one after the other, top down. The trust anchor
 * comes from the caller alone. The others come from the caller, else from the table that the host
 * handed to the guest: it does not matter who brings them, the signatures decide.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "snp-chain.h"
#include "x509.h"

/* AMD hands out ASK and ARK in one file; the anchor is the one that names itself as issuer. */
static X509 *pick_root(STACK_OF(X509) *certs)
{
	X509 *root = NULL;

	if (sk_X509_num(certs) == 1)
		return sk_X509_value(certs, 0);
	for (int i = 0; i < sk_X509_num(certs); i++) {
		if (!cert_self_issued(sk_X509_value(certs, i)))
			continue;
		if (root)
			return NULL;
		root = sk_X509_value(certs, i);
	}
	return root;
}

static X509 *hold(X509 *cert)
{
	if (cert)
		X509_up_ref(cert);
	return cert;
}

static int check_root(struct snp_chain *c, STACK_OF(X509) *given, int64_t now, tee_verdict *v)
{
	const char *why;
	char *name;

	c->root = given ? hold(pick_root(given)) : NULL;
	if (!c->root) {
		verdict_fail(v, CHECK_ROOT,
			     "the trust anchor is not exactly one intact self-signed certificate");
		return 0;
	}
	name = common_name_text(X509_get_subject_name(c->root));
	if (!name)
		return -ENOMEM;
	root_facts(c->lib, c->root, name, v);
	why = snp_why_not_issued(c->root, c->root);
	if (why)
		verdict_fail(v, CHECK_ROOT, "the trust anchor is not self-signed: %s", why);
	else
		verdict_pass(v, CHECK_ROOT, NEEDS_NOTHING, "the trust anchor is %s", name);
	free(name);
	why = snp_ca_profile(c->root, true);
	if (why)
		verdict_fail(v, CHECK_ROOT_PROFILE, "the trust anchor is not AMD's kind: %s", why);
	else
		verdict_pass(v, CHECK_ROOT_PROFILE, SET(CHECK_ROOT),
			     "the trust anchor has the form of an ARK");
	validity_check(v, CHECK_ROOT_VALIDITY, CHECK_ROOT, "trust anchor", c->root, now);
	return 0;
}

/*
 * Of several candidates the one that really signed the leaf, else one that the leaf names, so
 * that the verdict speaks about the certificate that the caller meant.
 */
static X509 *pick_ask(STACK_OF(X509) *certs, X509 *root, X509 *leaf)
{
	X509 *named = NULL, *any = NULL;

	for (int i = 0; i < sk_X509_num(certs); i++) {
		X509 *cert = sk_X509_value(certs, i);

		if (cert_self_issued(cert) || (root && certs_equal(cert, root)))
			continue;
		any = any ? any : cert;
		if (!leaf || X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(leaf)))
			continue;
		named = named ? named : cert;
		if (!snp_why_not_issued(leaf, cert))
			return cert;
	}
	return named ? named : any;
}

static void find_ask(struct snp_chain *c, STACK_OF(X509) *intermediates, STACK_OF(X509) *roots,
		     bool given)
{
	struct tee_bytes table = c->table.certs[TABLE_ASK];

	c->ask_given = given;
	if (given) {
		c->ask = intermediates ? hold(pick_ask(intermediates, c->root, c->leaf)) : NULL;
		return;
	}
	c->ask = table.len ? cert_from_der(c->lib, table.data, table.len) : NULL;
	if (!table.len && roots) {
		c->ask = hold(pick_ask(roots, c->root, c->leaf));
		c->ask_given = c->ask;
	}
}

static void check_ask(struct snp_chain *c, const struct tee_verify_params *params, tee_verdict *v)
{
	const char *why;

	if (!c->ask && c->ask_given)
		verdict_fail(v, CHECK_ASK, "there is no intact ASK among the given certificates");
	else if (!c->ask && c->table.certs[TABLE_ASK].len)
		verdict_fail(v, CHECK_ASK, "the ASK of the evidence is not an intact certificate");
	else if (!c->ask)
		verdict_fail(v, CHECK_ASK, "there is no ASK, neither given nor in the evidence");
	snp_crl_check(c->lib, params->crl, c->root, c->ask, params->time, v);
	if (!c->ask || !c->root)
		return;
	why = snp_why_not_issued(c->ask, c->root);
	if (why)
		verdict_fail(v, CHECK_ASK, "the ASK is not issued by the trust anchor: %s", why);
	else
		verdict_pass(v, CHECK_ASK, NEEDS_ROOT | SET(CHECK_CRL),
			     "the ASK (%s) is issued by the trust anchor",
			     c->ask_given ? "given" : "from the evidence");
	why = snp_ca_profile(c->ask, false);
	if (why)
		verdict_fail(v, CHECK_ASK_PROFILE, "the ASK is not AMD's kind: %s", why);
	else
		verdict_pass(v, CHECK_ASK_PROFILE, SET(CHECK_ASK),
			     "the ASK has the form of an ASK or ASVK");
	validity_check(v, CHECK_ASK_VALIDITY, CHECK_ASK, "ASK", c->ask, params->time);
}

static void find_leaf(struct snp_chain *c, STACK_OF(X509) *given, bool was_given, bool vlek)
{
	struct tee_bytes table = c->table.certs[vlek ? TABLE_VLEK : TABLE_VCEK];

	c->leaf_given = was_given;
	if (was_given)
		c->leaf = given && sk_X509_num(given) == 1 ? hold(sk_X509_value(given, 0)) : NULL;
	else if (table.len)
		c->leaf = cert_from_der(c->lib, table.data, table.len);
}

static void check_leaf_key(const struct snp_chain *c, bool vlek, tee_verdict *v)
{
	const char *kind = vlek ? "VLEK" : "VCEK";
	const struct snp_leaf *info = &c->leaf_info;
	char asvk[32];

	snprintf(asvk, sizeof(asvk), "SEV-VLEK-%s", snp_product_name(c->product));
	if (!cert_common_name_is(c->leaf, vlek ? "SEV-VLEK" : "SEV-VCEK"))
		verdict_fail(v, CHECK_LEAF_KEY,
			     "the report says that a %s signed it, the certificate is none", kind);
	else if (vlek ? info->hwid_len || !info->has_csp_id : !info->hwid_len || info->has_csp_id)
		verdict_fail(v, CHECK_LEAF_KEY, "the certificate does not identify a %s as AMD does",
			     vlek ? "VLEK by its cloud provider" : "VCEK by its chip");
	else if (c->ask && cert_common_name_is(c->ask, asvk) != vlek)
		verdict_fail(v, CHECK_LEAF_KEY, "a %s is not issued by this kind of ASK", kind);
	else
		verdict_pass(v, CHECK_LEAF_KEY, SET(CHECK_REPORT_SIGNING_KEY) | SET(CHECK_LEAF),
			     "the certificate is a %s, as the report says", kind);
}

static void check_chain_product(const struct snp_chain *c, tee_verdict *v)
{
	enum snp_product root = snp_named_product(c->root, "ARK-");
	enum snp_product ask = snp_ask_product(c->ask);

	if (root == c->product && ask == c->product && root != SNP_PRODUCT_UNKNOWN)
		verdict_pass(v, CHECK_CHAIN_PRODUCT, NEEDS_ROOT | SET(CHECK_LEAF),
			     "all certificates are for %s", snp_product_name(root));
	else
		verdict_fail(v, CHECK_CHAIN_PRODUCT,
			     "ARK for %s, ASK for %s, leaf certificate for %s",
			     snp_product_name(root), snp_product_name(ask),
			     snp_product_name(c->product));
}

static void leaf_facts(const struct snp_chain *c, tee_verdict *v)
{
	char text[TIME_TEXT_SIZE];

	verdict_fact(v, "leaf.product", "%s", c->leaf_info.product_name);
	verdict_fact(v, "leaf.not_after", "%s", time_text(X509_get0_notAfter(c->leaf), text));
	if (c->leaf_info.hwid_len)
		verdict_fact_hex(v, "leaf.hwid", c->leaf_info.hwid, c->leaf_info.hwid_len);
	if (c->leaf_info.has_csp_id)
		verdict_fact(v, "leaf.csp_id", "%s", c->leaf_info.csp_id);
}

static void check_leaf(struct snp_chain *c, bool vlek, int64_t now, tee_verdict *v)
{
	const char *kind = vlek ? "VLEK" : "VCEK";
	const char *profile, *why;

	if (!c->leaf) {
		if (c->leaf_given || c->table.certs[vlek ? TABLE_VLEK : TABLE_VCEK].len)
			verdict_fail(v, CHECK_LEAF, "the %s is not one intact certificate", kind);
		else
			verdict_fail(v, CHECK_LEAF,
				     "there is no %s, neither given nor in the evidence", kind);
		return;
	}
	profile = snp_leaf_profile(c->leaf, &c->leaf_info);
	c->product = c->leaf_info.product;
	leaf_facts(c, v);
	why = c->ask ? snp_why_not_issued(c->leaf, c->ask) : NULL;
	if (why)
		verdict_fail(v, CHECK_LEAF, "the %s is not issued by the ASK: %s", kind, why);
	else if (c->ask)
		verdict_pass(v, CHECK_LEAF, NEEDS_ASK, "the %s (%s) is issued by the ASK", kind,
			     c->leaf_given ? "given" : "from the evidence");
	if (profile)
		verdict_fail(v, CHECK_LEAF_PROFILE, "the %s is not AMD's kind: %s", kind, profile);
	else
		verdict_pass(v, CHECK_LEAF_PROFILE, SET(CHECK_LEAF),
			     "the certificate has the form of a %s", kind);
	validity_check(v, CHECK_LEAF_VALIDITY, CHECK_LEAF, kind, c->leaf, now);
	check_leaf_key(c, vlek, v);
	if (c->ask && c->root)
		check_chain_product(c, v);
}

/* The ARK in the table is never trusted, but another one than the anchor means a mix-up. */
static const char *judge_table_entry(const struct snp_chain *c, enum snp_table_slot slot, bool vlek,
				     X509 *cert, bool *ret_unused)
{
	X509 *used = NULL, *issuer = NULL;

	switch (slot) {
	case TABLE_ARK:
		return certs_equal(cert, c->root) ? NULL : "its ARK is not the trust anchor";
	case TABLE_ASK:
		used = c->ask;
		issuer = c->root;
		break;
	default:
		if ((slot == TABLE_VLEK) != vlek)
			return NULL;
		used = c->leaf;
		issuer = c->ask;
	}
	if (!used || !issuer || certs_equal(cert, used))
		return NULL;
	*ret_unused = true;
	return snp_why_not_issued(cert, issuer) ? "a certificate in it is not of this chain" : NULL;
}

static void check_table(const struct snp_chain *c, bool vlek, tee_verdict *v)
{
	const char *why = NULL;
	bool unused = false;

	for (unsigned int i = 0; i < TABLE_SLOTS && !why; i++) {
		struct tee_bytes der = c->table.certs[i];
		X509 *cert = der.len ? cert_from_der(c->lib, der.data, der.len) : NULL;

		if (der.len && !cert)
			why = "an entry is not one intact DER certificate";
		else if (cert && c->root)
			why = judge_table_entry(c, i, vlek, cert, &unused);
		X509_free(cert);
	}
	if (why)
		verdict_fail(v, CHECK_CERTS_TABLE, "certificate table of the evidence: %s", why);
	else if (unused)
		verdict_warn(v, CHECK_CERTS_TABLE,
			     "the evidence carries other certificates of this chain than those given; the given ones were used");
	else
		verdict_pass(v, CHECK_CERTS_TABLE, NEEDS_NOTHING,
			     "the certificate table of the evidence is well-formed (%u entries)",
			     c->table.entries);
}

static void read_table(struct snp_chain *c, struct tee_bytes table, tee_verdict *v)
{
	const char *why;

	if (!table.len)
		return;
	why = snp_table_parse(table, &c->table);
	c->has_table = !why;
	if (why)
		verdict_fail(v, CHECK_CERTS_TABLE, "certificate table of the evidence: %s", why);
}

/* Leaves *ret NULL for what is no certificate; only lack of memory is an error here. */
static int load(OSSL_LIB_CTX *lib, struct tee_bytes input, STACK_OF(X509) **ret)
{
	int r = input.len ? certs_load(lib, input, ret) : 0;

	return r == -ENOMEM ? r : 0;
}

static void free_certs(STACK_OF(X509) *certs)
{
	sk_X509_pop_free(certs, X509_free);
}

int snp_chain_check(struct snp_chain *ret, OSSL_LIB_CTX *lib, struct tee_bytes table, bool vlek,
		    const struct tee_verify_params *params, tee_verdict *v)
{
	STACK_OF(X509) *roots = NULL, *intermediates = NULL, *leaves = NULL;
	int r;

	*ret = (struct snp_chain){ .lib = lib };
	r = load(lib, params->root, &roots);
	if (!r)
		r = load(lib, params->intermediates, &intermediates);
	if (!r)
		r = load(lib, params->leaf, &leaves);
	if (!r) {
		read_table(ret, table, v);
		r = check_root(ret, roots, params->time, v);
	}
	if (!r) {
		find_leaf(ret, leaves, params->leaf.len, vlek);
		find_ask(ret, intermediates, roots, params->intermediates.len);
		check_ask(ret, params, v);
		check_leaf(ret, vlek, params->time, v);
		if (ret->has_table)
			check_table(ret, vlek, v);
	}
	free_certs(roots);
	free_certs(intermediates);
	free_certs(leaves);
	return r;
}

void snp_chain_done(struct snp_chain *chain)
{
	X509_free(chain->root);
	X509_free(chain->ask);
	X509_free(chain->leaf);
	chain->root = chain->ask = chain->leaf = NULL;
}
