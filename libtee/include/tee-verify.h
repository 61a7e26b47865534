/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libtee-verify: the relying party's half. Needs OpenSSL, no TEE and no Linux.
 *
 * A verifier hands in the evidence as it came over the wire, says what it trusts and what it
 * expects, and gets a verdict: a list of checks, each passed, failed or not made, with a sentence. What no reference
 * value was given for is reported as *not checked*, never as passed.
 */
#ifndef TEE_VERIFY_H
#define TEE_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tee_verdict tee_verdict;

struct tee_bytes {
	const void *data;
	size_t len;
};

#define TEE_VERIFY_ALLOW_DEBUG	(1u << 0)	/* accept a guest whose policy allows debugging */
#define TEE_VERIFY_ALLOW_RAW	(1u << 1)	/* accept evidence without a binding record; nothing says who asked */

/*
 * What is trusted and expected. @size = sizeof(struct tee_verify_params), everything else may be
 * zero but the time and a trust anchor: @root or, for Secure Execution, @arpk with @se_header. What
 * is given of one TEE refuses evidence of the others, so that nothing expected is passed over.
 * Buffers stay the caller's and are not kept.
 */
struct tee_verify_params {
	size_t size;
	unsigned int flags;		/* TEE_VERIFY_* */
	struct tee_bytes root;		/* trust anchor, PEM or DER: ARK (AMD's bundle of ASK and ARK will do), or Intel's SGX root */
	struct tee_bytes intermediates;	/* ASK or ASVK (PEM bundle or DER); empty: taken from the evidence */
	struct tee_bytes leaf;		/* VCEK or VLEK, PEM or DER; empty: taken from the evidence */
	struct tee_bytes crl;		/* DER or PEM, signed by @root; empty: revocation not checked */
	int64_t time;			/* seconds since 1970 for validity, required (no hidden clock) */
	const void *nonce;		/* expected user_data; NULL: not checked */
	size_t nonce_len;
	const char *workload;		/* expected claim 1; NULL: not checked */
	struct tee_bytes measurement;	/* 48 bytes; empty: not checked */
	struct tee_bytes min_tcb;	/* 8 bytes, TCB_VERSION layout of the product, component-wise minimum of REPORTED_TCB; empty: not checked */
	int vmpl;			/* expected VMPL, 0..3, or -1: any (then said to be not checked) */
	uint32_t min_guest_svn;		/* 0: not checked */
	const char *product;		/* "Milan", "Genoa", "Turin"; NULL: taken from the report or certificate, chain decides */

	/*
	 * Intel TDX. A caller whose structure ends before here gets none of it. @root is Intel's
	 * SGX root certificate, @measurement the MRTD; the PCK chain is always the one in the quote.
	 */
	struct tee_bytes collateral;	/* JSON object, see doc/verify-checks.md; empty: TCB and revocation unknown */
	const char *tcb_status;		/* accepted beside "UpToDate", separated by commas: "SWHardeningNeeded",
					   "ConfigurationNeeded"...; never "Revoked". NULL: none */
	struct tee_bytes rtmr[4];	/* 48 bytes each; empty: not checked */
	/* Of the bits in the mask (value & mask) is demanded, of the others what every TD has. */
	uint64_t td_attributes, td_attributes_mask;
	uint64_t xfam, xfam_mask;

	/*
	 * IBM Secure Execution. @root is not needed, nothing here is signed: the trust anchor is @arpk,
	 * the secret of the attestation request that the caller has made, and the reference value for
	 * the guest is @se_header, not @measurement.
	 */
	struct tee_bytes arpk;		/* 32 bytes: what s390-tools call the attestation request protection key */
	struct tee_bytes se_header;	/* header of the guest's image, or the image */
	struct tee_bytes challenge;	/* the very request, an ARCB or an exchange file; empty: not checked */
	struct tee_bytes config_uid;	/* 16 bytes; empty: not checked */
	struct tee_bytes host_keys;	/* certificates of the machines that may answer, PEM or one in DER, taken
					   as they are; empty: not checked */

	/*
	 * The image that the workload runs, of any TEE: claim 3, which is worth as much as who vouches
	 * for it. A container that a user runs for himself has a digest on that user's word only.
	 */
	const char *image_digest;	/* "sha256:" and lower-case hex; NULL: not checked */
	const char *image_voucher;	/* who may vouch for it beside "runtime:root"; NULL: nobody */
};

/* What the first version had; a structure that is shorter is refused. */
#define TEE_VERIFY_PARAMS_SIZE_0	offsetof(struct tee_verify_params, collateral)

enum tee_check_result { TEE_CHECK_PASSED = 0, TEE_CHECK_FAILED = 1, TEE_CHECK_NOT_MADE = 2, TEE_CHECK_WARNING = 3 };

/*
 * tee_verify() - judges one evidence item (CBOR, see doc/evidence.cddl).
 *
 * Returns 0 whenever a verdict could be formed, good or bad: ask tee_verdict_ok(). -EINVAL: the
 * parameters are unusable (tee_verdict is not made); -ENOMEM. Does not block, touches no network and no clock.
 */
int tee_verify(const void *evidence, size_t len, const struct tee_verify_params *params,
	       tee_verdict **ret_verdict);
/*
 * tee_verify_snp_report() - the same for a bare 1184-byte SNP report with its certificates in
 * @params: layout, chain and signature; binding checks are not made, nonce is compared with report_data.
 */
int tee_verify_snp_report(const void *report, size_t len, const struct tee_verify_params *params,
			  tee_verdict **ret_verdict);

/*
 * tee_verify_tdx_quote() - the same for a bare TDX quote, version 4 or 5; what follows after its
 * signature data is not looked at.
 */
int tee_verify_tdx_quote(const void *quote, size_t len, const struct tee_verify_params *params,
			 tee_verdict **ret_verdict);

/*
 * tee_verify_se_exchange() - the same for an answer of Secure Execution in an exchange file of
 * s390-tools' pvattest. @nonce is compared with its user data, of which there may be 256 bytes.
 */
int tee_verify_se_exchange(const void *exchange, size_t len, const struct tee_verify_params *params,
			   tee_verdict **ret_verdict);

tee_verdict *tee_verdict_free(tee_verdict *verdict);
/* 1 when no check failed, else 0. */
int tee_verdict_ok(const tee_verdict *verdict);
size_t tee_verdict_count(const tee_verdict *verdict);
/*
 * The checks in the order they were made. @ret_name is a stable identifier ("signature",
 * "binding.root", "chain.ask", ...; doc/verify-checks.md), @ret_text a sentence. -ERANGE past the end.
 */
int tee_verdict_get(const tee_verdict *verdict, size_t index, const char **ret_name,
		    enum tee_check_result *ret_result, const char **ret_text);
/* Name of the first failed check, or NULL. */
const char *tee_verdict_first_failure(const tee_verdict *verdict);

/*
 * Facts read from the evidence, verified or not (look at the verdict first). Text for showing:
 * index 0.. until -ERANGE. Names are stable: "provider", "report.version", "report.measurement",
 * "claims.workload", "claims.uid", "claims.taint", ...
 */
int tee_verdict_fact(const tee_verdict *verdict, size_t index, const char **ret_name, const char **ret_value);

#ifdef __cplusplus
}
#endif
#endif
