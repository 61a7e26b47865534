/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Intel writes about the processor into the PCK certificate, beside the key. */
#ifndef TEE_VERIFY_TDX_PCK_H
#define TEE_VERIFY_TDX_PCK_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/x509.h>

#include "tdx-quote.h"

struct pck_info {
	uint8_t ppid[16];
	uint8_t components[TDX_SVN_COUNT];
	uint16_t pce_svn;
	uint8_t cpu_svn[TDX_SVN_COUNT];
	uint8_t pce_id[2];
	uint8_t fmspc[6];
	uint8_t sgx_type;		/* 0 standard, 1 scalable, 2 scalable with integrity */
	bool is_platform;		/* issued to a platform with several packages */
	uint8_t platform_instance[16];
};

/* NULL, or what is wrong with the SGX extension of @cert. */
const char *pck_info_parse(const X509 *cert, struct pck_info *ret);
/* The object identifier of the extension itself. */
#define PCK_EXTENSION_OID "1.2.840.113741.1.13.1"

#endif
