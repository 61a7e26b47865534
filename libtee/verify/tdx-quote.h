/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A TDX quote and a TDREPORT as numbers and spans, and the checks of their form that need no
 * certificate. Layouts: Intel TDX DCAP Quoting Library API, appendix 3 (quote versions 4 and 5);
 * Intel TDX Module ABI specification (TDREPORT_STRUCT, TDINFO).
 */
#ifndef TEE_VERIFY_TDX_QUOTE_H
#define TEE_VERIFY_TDX_QUOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verdict.h"

#define TDREPORT_SIZE		1024
#define TDX_HASH_SIZE		48
#define TDX_SVN_COUNT		16
#define TDX_RTMR_COUNT		4
#define TDX_REPORT_DATA_SIZE	64
#define TDX_SIGNATURE_SIZE	64	/* r and s, big-endian */
#define TDX_KEY_SIZE		64	/* x and y, big-endian */
#define QE_REPORT_SIZE		384

/* What the TDX module says about the guest, from a quote or a TDREPORT. */
struct td_body {
	bool td15;			/* has the fields that TDX module 1.5 added */
	const uint8_t *tee_tcb_svn;	/* 16 bytes */
	const uint8_t *mr_seam, *mr_signer_seam;
	const uint8_t *seam_attributes;	/* 8 bytes */
	const uint8_t *td_info;		/* ATTRIBUTES to RTMR3, 400 bytes */
	uint64_t attributes, xfam;
	const uint8_t *mr_td, *mr_config_id, *mr_owner, *mr_owner_config;
	const uint8_t *rtmr[TDX_RTMR_COUNT];
	const uint8_t *report_data;
	const uint8_t *tee_tcb_svn2, *mr_service_td;	/* NULL unless @td15 */
};

/* Points into the quote, which must outlive it. */
struct tdx_quote {
	const uint8_t *raw;
	unsigned int version;
	size_t signed_len;		/* header, descriptor and body */
	struct td_body body;
	const uint8_t *signature, *key;
	const uint8_t *qe_report, *qe_signature;
	struct tee_bytes auth_data;
	struct tee_bytes chain;		/* PCK certificate and its issuers */
	struct tee_bytes tail;		/* what follows after the signature data */
};

/* What the report of the quoting enclave says (SGX REPORT body). */
struct qe_report {
	uint32_t misc_select;
	const uint8_t *attributes;	/* 16 bytes */
	const uint8_t *mr_signer;	/* 32 bytes */
	uint16_t isv_prod_id, isv_svn;
	const uint8_t *report_data;	/* 64 bytes */
};

bool looks_like_tdx_quote(const uint8_t *data, size_t len);
bool looks_like_tdreport(const uint8_t *data, size_t len);
/*
 * Takes the quote apart and records the checks of its form. False when there is nothing to go on
 * with; then *ret is not to be used.
 */
bool tdx_quote_parse(const uint8_t *data, size_t len, struct tdx_quote *ret, tee_verdict *v);
void qe_report_parse(const uint8_t *raw, struct qe_report *ret);
/* @data: TDREPORT_SIZE bytes. */
void tdreport_parse(const uint8_t *data, struct td_body *ret);
void td_body_facts(const struct td_body *body, tee_verdict *v);
/* Facts of the header and of the quoting enclave. */
void tdx_quote_facts(const struct tdx_quote *quote, tee_verdict *v);

#endif
