/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the trust anchor of the caller to the key that signed the report: ARK, ASK or ASVK, VCEK
 * or VLEK, and the revocation list.
 */
#ifndef TEE_VERIFY_SNP_CHAIN_H
#define TEE_VERIFY_SNP_CHAIN_H

#include <openssl/x509.h>

#include "snp-leaf.h"
#include "snp-report.h"
#include "snp-table.h"
#include "verdict.h"

struct snp_chain {
	OSSL_LIB_CTX *lib;
	X509 *root, *ask, *leaf;	/* NULL: none, or unusable */
	struct snp_leaf leaf_info;	/* meaningful when @leaf is set */
	enum snp_product product;	/* of the leaf; UNKNOWN without one */
	struct snp_table table;
	bool has_table;			/* and it is well-formed */
	bool ask_given, leaf_given;	/* by the caller, not taken from the table */
};

/*
 * Finds and judges the chain for a report signed by a VCEK or VLEK (@vlek). @table may be empty.
 * Returns 0, or -ENOMEM; what is wrong with the certificates is in the verdict.
 */
int snp_chain_check(struct snp_chain *ret, OSSL_LIB_CTX *lib, struct tee_bytes table, bool vlek,
		    const struct tee_verify_params *params, tee_verdict *v);
void snp_chain_done(struct snp_chain *chain);

/* Parts of the above, in files of their own. */

/* snp-crl.c: is @ask revoked by a list of @root? Either may be NULL. */
void snp_crl_check(OSSL_LIB_CTX *lib, struct tee_bytes crl, X509 *root, X509 *ask, int64_t now,
		   tee_verdict *v);
/* snp-profile.c: NULL, or what AMD would not have issued. */
const char *snp_ca_profile(X509 *cert, bool is_root);
const char *snp_leaf_profile(X509 *cert, struct snp_leaf *ret_info);
/* "Milan" in the common name "ARK-Milan", given the prefix "ARK-"; UNKNOWN for any other name. */
enum snp_product snp_named_product(const X509 *cert, const char *prefix);
/* The same for "SEV-" and "SEV-VLEK-". */
enum snp_product snp_ask_product(const X509 *cert);
/* NULL, or why @cert is not issued by @issuer: names, key identifiers, algorithm, signature. */
const char *snp_why_not_issued(X509 *cert, X509 *issuer);

#endif
