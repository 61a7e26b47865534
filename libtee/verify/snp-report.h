/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The SEV-SNP attestation report as numbers and spans (AMD 56860, ATTESTATION_REPORT), and the
 * checks of its form that need no certificate.
 */
#ifndef TEE_VERIFY_SNP_REPORT_H
#define TEE_VERIFY_SNP_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "verdict.h"

#define NEEDS_ROOT	(SET(CHECK_ROOT) | SET(CHECK_ROOT_PROFILE) | SET(CHECK_ROOT_VALIDITY))
#define NEEDS_ASK	(NEEDS_ROOT | SET(CHECK_CRL) | SET(CHECK_ASK) | SET(CHECK_ASK_PROFILE) | \
			 SET(CHECK_ASK_VALIDITY))
#define NEEDS_LEAF	(NEEDS_ASK | SET(CHECK_LEAF) | SET(CHECK_LEAF_PROFILE) | \
			 SET(CHECK_LEAF_VALIDITY) | SET(CHECK_LEAF_KEY) | SET(CHECK_CHAIN_PRODUCT))

#define SNP_REPORT_SIZE		0x4a0
#define SNP_SIGNED_SIZE		0x2a0
#define SNP_REPORT_DATA_OFFSET	0x50
#define SNP_REPORT_DATA_SIZE	64
#define SNP_MEASUREMENT_SIZE	48
#define SNP_CHIP_ID_SIZE	64
#define SNP_TCB_SIZE		8
#define SNP_SIGNATURE_R		0x2a0
#define SNP_SIGNATURE_S		0x2e8
#define SNP_SCALAR_SIZE		48	/* of P-384; the fields are 72 bytes wide */

#define SNP_POLICY_SMT		(UINT64_C(1) << 16)
#define SNP_POLICY_RESERVED_ONE	(UINT64_C(1) << 17)
#define SNP_POLICY_MIGRATE_MA	(UINT64_C(1) << 18)
#define SNP_POLICY_DEBUG	(UINT64_C(1) << 19)
#define SNP_POLICY_UNKNOWN	(~UINT64_C(0) << 26)

enum snp_product { SNP_PRODUCT_UNKNOWN, SNP_MILAN, SNP_GENOA, SNP_TURIN };

enum snp_signing_key { SNP_KEY_VCEK = 0, SNP_KEY_VLEK = 1, SNP_KEY_NONE = 7 };

struct snp_report {
	const uint8_t *raw;	/* SNP_REPORT_SIZE bytes */
	uint32_t version;
	uint32_t guest_svn;
	uint64_t policy;
	uint32_t vmpl;
	uint32_t signature_algo;
	uint64_t platform_info;
	uint32_t key_flags;
	bool author_key_en;
	bool mask_chip_key;
	unsigned int signing_key;
	const uint8_t *report_data;
	const uint8_t *measurement;
	const uint8_t *author_key_digest;
	const uint8_t *chip_id;
	const uint8_t *current_tcb, *committed_tcb, *reported_tcb, *launch_tcb;
	const uint8_t *current_version, *committed_version;	/* build, minor, major */
	unsigned int family, model, stepping;			/* 0 before version 3 */
};

/* @raw must hold SNP_REPORT_SIZE bytes and outlive @ret. */
void snp_report_parse(const uint8_t *raw, struct snp_report *ret);
bool snp_report_version_known(const struct snp_report *r);
/* Version, reserved bytes, algorithm, signing key. */
void snp_report_check_form(const struct snp_report *r, tee_verdict *v);
void snp_report_facts(const struct snp_report *r, tee_verdict *v);

/* What family and model say; UNKNOWN before version 3. */
enum snp_product snp_report_product(const struct snp_report *r);
/* "Milan", "Genoa", "Turin"; UNKNOWN for anything else. */
enum snp_product snp_product_from_name(const char *name, size_t len);
const char *snp_product_name(enum snp_product product);

/* True when the bytes of TCB_VERSION that the product does not use are zero. */
bool snp_tcb_well_formed(enum snp_product product, const uint8_t *tcb);
/* Each component of @a at most that of @b. Components are single bytes on every product. */
bool snp_tcb_not_above(const uint8_t *a, const uint8_t *b);
/* "04000000000018db (boot loader 4, TEE 0, SNP 24, microcode 219)" into @buf. */
#define SNP_TCB_TEXT_SIZE 96
const char *snp_tcb_text(enum snp_product product, const uint8_t *tcb, char *buf);
void snp_tcb_facts(const struct snp_report *r, enum snp_product product, tee_verdict *v);


#endif
