/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verification of one SEV-SNP report, from its size to its measurement. */
#ifndef TEE_VERIFY_SNP_VERIFY_H
#define TEE_VERIFY_SNP_VERIFY_H

#include <openssl/types.h>

#include "snp-report.h"
#include "verdict.h"

/* What the checks of this provider are called. */
extern const struct provider_checks snp_checks;

/* All checks that snp_verify() makes; those without a failure must have been made by its end. */
#define SNP_CHECKS (SET(CHECK_REPORT_VERSION) | SET(CHECK_REPORT_RESERVED) | \
		    SET(CHECK_REPORT_ALGORITHM) | SET(CHECK_REPORT_SIGNING_KEY) | NEEDS_LEAF | \
		    SET(CHECK_SIGNATURE) | SET(CHECK_REPORT_PRODUCT) | SET(CHECK_TCB_FORMAT) | \
		    SET(CHECK_TCB_ORDER) | SET(CHECK_TCB_CERTIFICATE) | SET(CHECK_CHIP_ID) | \
		    SET(CHECK_POLICY) | SET(CHECK_POLICY_DEBUG) | SET(CHECK_POLICY_MIGRATION) | \
		    SET(CHECK_AUTHOR_KEY) | SET(CHECK_VMPL) | SET(CHECK_MEASUREMENT) | \
		    SET(CHECK_MIN_TCB) | SET(CHECK_GUEST_SVN) | SET(CHECK_PRODUCT))
/* Those that may never be left out of a good verdict. */
#define SNP_REQUIRED (NEEDS_LEAF | NEEDS_REPORT | SET(CHECK_REPORT_ALGORITHM) | \
		      SET(CHECK_REPORT_SIGNING_KEY) | SET(CHECK_REPORT_PRODUCT) | \
		      SET(CHECK_TCB_FORMAT) | SET(CHECK_TCB_ORDER) | SET(CHECK_TCB_CERTIFICATE) | \
		      SET(CHECK_POLICY) | SET(CHECK_POLICY_DEBUG) | SET(CHECK_AUTHOR_KEY))

/*
 * @report: SNP_REPORT_SIZE bytes. @table: the certificate table of the evidence, may be empty.
 * Returns 0, or -ENOMEM.
 */
int snp_verify(OSSL_LIB_CTX *lib, const uint8_t *report, struct tee_bytes table,
	       const struct tee_verify_params *params, tee_verdict *v);

#endif
