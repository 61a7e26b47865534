/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The event log of a TD: what firmware, loader, kernel and teegate extended into the runtime
 * registers, in the order they did (TCG PC Client Platform Firmware Profile, crypto agile log;
 * register numbers as in ACPI's CCEL: 0 is MRTD, 1 to 4 are RTMR0 to RTMR3).
 */
#ifndef TEE_VERIFY_TDX_LOG_H
#define TEE_VERIFY_TDX_LOG_H

#include <openssl/types.h>

#include "tdx-quote.h"
#include "verdict.h"

/* Replays @log, which may be empty, and compares with @body. 0 or -ENOMEM. */
int tdx_log_check(OSSL_LIB_CTX *lib, struct tee_bytes log, const struct td_body *body,
		  tee_verdict *v);

#endif
