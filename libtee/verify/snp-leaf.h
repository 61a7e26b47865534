/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What AMD writes into the extensions of a VCEK or VLEK (AMD 57230): product, hardware id, and
 * the TCB that the key was derived for.
 */
#ifndef TEE_VERIFY_SNP_LEAF_H
#define TEE_VERIFY_SNP_LEAF_H

#include <openssl/x509.h>

#include "snp-report.h"

/* The order of the last arc of 1.3.6.1.4.1.3704.1.3.N, from 1. */
enum snp_spl {
	SPL_BOOT_LOADER, SPL_TEE, SPL_SNP, SPL_4, SPL_5, SPL_6, SPL_7, SPL_MICROCODE, SPL_FMC,
	SPL_COUNT
};

struct snp_leaf {
	bool has_struct_version;
	unsigned int struct_version;
	char product_name[33];
	enum snp_product product;
	bool has_spl[SPL_COUNT];
	uint8_t spl[SPL_COUNT];
	uint8_t hwid[SNP_CHIP_ID_SIZE];
	size_t hwid_len;		/* 0: none */
	bool has_csp_id;
	char csp_id[129];
};

/*
 * Reads and judges the extensions. Returns NULL, or a sentence about what is wrong; *ret is
 * written in both cases, as far as it was understood.
 */
const char *snp_leaf_parse(const X509 *cert, struct snp_leaf *ret);
/* The TCB_VERSION that the certificate stands for, in the layout of its product. */
void snp_leaf_tcb(const struct snp_leaf *leaf, uint8_t ret[SNP_TCB_SIZE]);

#endif
