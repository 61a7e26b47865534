/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What ties claims and caller's data to a report: design "teegate/bound/v1", see doc/evidence.md.
 */
#ifndef TEE_VERIFY_BINDING_H
#define TEE_VERIFY_BINDING_H

#include <openssl/types.h>

#include "evidence.h"
#include "verdict.h"

/* True when bytes 48..55 are the prefix that only bound reports may carry. */
bool binding_tag_claimed(const uint8_t *report_data);
/* Recomputes report_data (64 bytes) from the record. Returns 0, or -ENOMEM. */
int binding_check(OSSL_LIB_CTX *lib, const struct ev_binding *b, const uint8_t *report_data,
		  tee_verdict *v);
/* Reads the claims, after binding_check(), and compares what the caller expects. 0 or -ENOMEM. */
int claims_check(const struct ev_binding *b, const struct tee_verify_params *params,
		 tee_verdict *v);

#endif
