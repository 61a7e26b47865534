/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Intel publishes about a platform, as one JSON object: revocation lists, TCB info, QE identity
 * and the certificates behind them (the members that provisioning services name alike).
 */
#ifndef TEE_VERIFY_TDX_COLLATERAL_H
#define TEE_VERIFY_TDX_COLLATERAL_H

#include <json-c/json.h>

#include "tdx-quote.h"
#include "verdict.h"

/* A text that was signed, byte for byte, and by whom. */
struct signed_text {
	struct tee_bytes text, chain;
	uint8_t signature[TDX_SIGNATURE_SIZE];
};

struct tdx_collateral {
	struct json_object *json;	/* the spans below point into it */
	struct tee_bytes pck_crl_chain;
	struct tee_bytes root_crl, pck_crl;	/* DER or PEM, malloc()ed */
	struct signed_text tcb_info, qe_identity;
};

/*
 * Records TDX_COLLATERAL. Returns 1 when @ret can be used, 0 when not (no collateral, or not this),
 * -ENOMEM. tdx_collateral_done() in any case.
 */
int tdx_collateral_open(struct tee_bytes input, struct tdx_collateral *ret, tee_verdict *v);
void tdx_collateral_done(struct tdx_collateral *collateral);

#endif
