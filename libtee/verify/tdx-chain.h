/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From Intel's SGX root certificate to the keys that signed: PCK CA and PCK certificate for the
 * quote, the TCB signing certificate for the collateral, and both revocation lists.
 */
#ifndef TEE_VERIFY_TDX_CHAIN_H
#define TEE_VERIFY_TDX_CHAIN_H

#include <openssl/x509.h>

#include "tdx-collateral.h"
#include "tdx-pck.h"
#include "verdict.h"

#define TDX_NEEDS_ROOT	(SET(TDX_ROOT) | SET(TDX_ROOT_PROFILE) | SET(TDX_ROOT_VALIDITY))
#define TDX_NEEDS_CA	(TDX_NEEDS_ROOT | SET(TDX_CRL_ROOT) | SET(TDX_CA) | SET(TDX_CA_PROFILE) | \
			 SET(TDX_CA_VALIDITY))
#define TDX_NEEDS_LEAF	(TDX_NEEDS_CA | SET(TDX_CRL_PCK) | SET(TDX_LEAF) | \
			 SET(TDX_LEAF_PROFILE) | SET(TDX_LEAF_VALIDITY))

struct tdx_chain {
	OSSL_LIB_CTX *lib;
	X509 *root, *ca, *leaf;		/* NULL: none, or unusable */
	X509_CRL *root_crl;		/* of the root and in date, else NULL */
	struct pck_info pck;
	bool has_pck;			/* the SGX extension of the leaf is readable */
};

/*
 * @chain: PCK certificate and issuers as in the quote. @collateral: NULL without. Returns 0 or
 * -ENOMEM; what is wrong is in the verdict. tdx_chain_done() in any case.
 */
int tdx_chain_check(struct tdx_chain *ret, OSSL_LIB_CTX *lib, struct tee_bytes chain,
		    const struct tdx_collateral *collateral, const struct tee_verify_params *params,
		    tee_verdict *v);
void tdx_chain_done(struct tdx_chain *chain);
/*
 * The certificate that signs TCB info or QE identity, out of its issuer chain and judged as @id.
 * NULL when there is none; then the check has failed.
 */
X509 *tdx_signer_check(const struct tdx_chain *chain, struct tee_bytes pem, int64_t now,
		       enum check_id id, const char *what, tee_verdict *v);

/* Parts of the above, in files of their own. */

/* tdx-crl.c: is @cert revoked by the list @der of @issuer? Returns the list if it is usable. */
X509_CRL *tdx_crl_check(OSSL_LIB_CTX *lib, struct tee_bytes der, X509 *issuer, X509 *cert,
			int64_t now, enum check_id id, check_set needs, const char *what,
			tee_verdict *v);

/* tdx-profile.c: NULL, or what Intel would not have issued. */
enum intel_kind { INTEL_ROOT, INTEL_PCK_CA, INTEL_PCK, INTEL_TCB_SIGNING };
const char *intel_profile(X509 *cert, enum intel_kind kind);
/* By its common name alone. */
bool intel_named(const X509 *cert, enum intel_kind kind);
/* NULL, or why @cert is not issued by @issuer: names, key identifiers, algorithm, signature. */
const char *intel_why_not_issued(X509 *cert, X509 *issuer);

#endif
