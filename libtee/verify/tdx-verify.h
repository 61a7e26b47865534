/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verification of one TDX quote, from its lengths to its measurement. */
#ifndef TEE_VERIFY_TDX_VERIFY_H
#define TEE_VERIFY_TDX_VERIFY_H

#include <openssl/types.h>

#include "tdx-chain.h"
#include "tdx-quote.h"
#include "verdict.h"

/* What the checks of this provider are called. */
extern const struct provider_checks tdx_checks;

/* Made of every quote. */
#define TDX_REQUIRED (SET(TDX_QUOTE_VERSION) | SET(TDX_QUOTE_FORMAT) | SET(TDX_QUOTE_HEADER) | \
		      TDX_NEEDS_LEAF | SET(TDX_QE_SIGNATURE) | SET(TDX_QE_KEY) | \
		      SET(TDX_SIGNATURE) | SET(TDX_TCB_STATUS) | SET(TDX_DEBUG) | \
		      SET(TDX_ATTRIBUTES) | SET(TDX_XFAM))
/* Made when there is collateral. */
#define TDX_COLLATERAL_CHECKS \
		(SET(TDX_TCB_SIGNER) | SET(TDX_TCB_SIGNATURE) | SET(TDX_TCB_FORMAT) | \
		 SET(TDX_TCB_VALIDITY) | SET(TDX_TCB_PLATFORM) | SET(TDX_MODULE) | \
		 SET(TDX_QE_ID_SIGNER) | SET(TDX_QE_ID_SIGNATURE) | SET(TDX_QE_ID_FORMAT) | \
		 SET(TDX_QE_ID_VALIDITY) | SET(TDX_QE_IDENTITY))
/* All that tdx_verify() makes. */
#define TDX_CHECKS (TDX_REQUIRED | TDX_COLLATERAL_CHECKS | SET(TDX_QUOTE_TAIL) | \
		    SET(TDX_COLLATERAL) | SET(TDX_MIGRATION) | SET(TDX_SEPT_VE) | \
		    SET(CHECK_MEASUREMENT) | SET(TDX_RTMR0) | SET(TDX_RTMR1) | SET(TDX_RTMR2) | \
		    SET(TDX_RTMR3))
#define TDX_LOG_CHECKS (SET(TDX_LOG_FORMAT) | SET(TDX_LOG_REPLAY) | SET(TDX_LOG_EVENTS))

/*
 * Judges @data and sets *ret_body, which points into it; *ret_body->report_data is NULL when it is
 * no quote. Returns 0 or -ENOMEM.
 */
int tdx_verify(OSSL_LIB_CTX *lib, const uint8_t *data, size_t len,
	       const struct tee_verify_params *params, struct td_body *ret_body, tee_verdict *v);
/* A TDREPORT is never good here: only the CPU it was made on can check its MAC. */
void tdreport_refuse(OSSL_LIB_CTX *lib, const uint8_t *data, tee_verdict *v);

/* tdx-policy.c */
void tdx_policy_check(const struct td_body *body, const struct tee_verify_params *params,
		      tee_verdict *v);
/* NULL, or which of the hashes in a TDREPORT is wrong. */
const char *tdreport_why_inconsistent(OSSL_LIB_CTX *lib, const uint8_t *data);

#endif
