/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The verdict under construction: an append-only list of checks and facts.
 *
 * Each check is recorded once. A check that found nothing wrong counts as passed only when all the
 * checks it rests on passed, so a bad signature never leaves a "measurement: passed" behind. This
 * file knows no formats; what the checks mean is in doc/verify-checks.md.
 */
#ifndef TEE_VERIFY_VERDICT_H
#define TEE_VERIFY_VERDICT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tee-verify.h"

/*
 * Identifiers of the checks. Those between CHECK_OWN and CHECK_OWN_END are of the provider: all
 * number theirs from the same start, and the verdict knows which names they have (struct
 * provider_checks). The order is that in which unreached checks are listed.
 */
enum check_id {
	CHECK_EVIDENCE_FORMAT,
	CHECK_EVIDENCE_PROVIDER,
	CHECK_EVIDENCE_BOUND,
	CHECK_OWN,

	/* SEV-SNP */
	CHECK_REPORT_SIZE = CHECK_OWN,
	CHECK_REPORT_VERSION,
	CHECK_REPORT_RESERVED,
	CHECK_REPORT_ALGORITHM,
	CHECK_REPORT_SIGNING_KEY,
	CHECK_CERTS_TABLE,
	CHECK_ROOT,
	CHECK_ROOT_PROFILE,
	CHECK_ROOT_VALIDITY,
	CHECK_CRL,
	CHECK_ASK,
	CHECK_ASK_PROFILE,
	CHECK_ASK_VALIDITY,
	CHECK_LEAF,
	CHECK_LEAF_PROFILE,
	CHECK_LEAF_VALIDITY,
	CHECK_LEAF_KEY,
	CHECK_CHAIN_PRODUCT,
	CHECK_SIGNATURE,
	CHECK_REPORT_PRODUCT,
	CHECK_TCB_FORMAT,
	CHECK_TCB_ORDER,
	CHECK_TCB_CERTIFICATE,
	CHECK_CHIP_ID,
	CHECK_POLICY,
	CHECK_POLICY_DEBUG,
	CHECK_POLICY_MIGRATION,
	CHECK_AUTHOR_KEY,
	CHECK_VMPL,
	CHECK_SNP_END,

	/* TDX */
	TDX_QUOTE_VERSION = CHECK_OWN,
	TDX_QUOTE_FORMAT,
	TDX_QUOTE_HEADER,
	TDX_QUOTE_TAIL,
	TDX_REPORT_HASHES,
	TDX_REPORT_MAC,
	TDX_COLLATERAL,
	TDX_ROOT,
	TDX_ROOT_PROFILE,
	TDX_ROOT_VALIDITY,
	TDX_CRL_ROOT,
	TDX_CA,
	TDX_CA_PROFILE,
	TDX_CA_VALIDITY,
	TDX_CRL_PCK,
	TDX_LEAF,
	TDX_LEAF_PROFILE,
	TDX_LEAF_VALIDITY,
	TDX_QE_SIGNATURE,
	TDX_QE_KEY,
	TDX_SIGNATURE,
	TDX_TCB_SIGNER,
	TDX_TCB_SIGNATURE,
	TDX_TCB_FORMAT,
	TDX_TCB_VALIDITY,
	TDX_TCB_PLATFORM,
	TDX_MODULE,
	TDX_QE_ID_SIGNER,
	TDX_QE_ID_SIGNATURE,
	TDX_QE_ID_FORMAT,
	TDX_QE_ID_VALIDITY,
	TDX_QE_IDENTITY,
	TDX_TCB_STATUS,
	TDX_DEBUG,
	TDX_MIGRATION,
	TDX_ATTRIBUTES,
	TDX_SEPT_VE,
	TDX_XFAM,
	TDX_RTMR0,
	TDX_RTMR1,
	TDX_RTMR2,
	TDX_RTMR3,
	TDX_LOG_FORMAT,
	TDX_LOG_REPLAY,
	TDX_LOG_EVENTS,
	CHECK_OWN_END,

	/* Secure Execution */
	SE_PARTS = CHECK_OWN,
	SE_CHALLENGE_FORMAT,
	SE_CHALLENGE_VERSION,
	SE_CHALLENGE_FLAGS,
	SE_CHALLENGE_ARPK,
	SE_CHALLENGE_REQUEST,
	SE_HEADER_FORMAT,
	SE_MEASUREMENT_SIZE,
	SE_ADDITIONAL,
	SE_ATTEST_HOST,
	SE_IMAGE_HOST,
	SE_HOST_KEYS,
	SE_CONFIG_UID,
	SE_HEADER_FLAGS,
	SE_POLICY_DUMP,
	SE_POLICY_ENCRYPTION,
	CHECK_SE_END,

	CHECK_BINDING_FORMAT = CHECK_OWN_END,
	CHECK_BINDING_PROOF,
	CHECK_BINDING_TAG,
	CHECK_BINDING_ROOT,
	CHECK_CLAIMS_FORMAT,
	CHECK_CLAIMS_TAINT,
	CHECK_NONCE,
	CHECK_WORKLOAD,
	CHECK_IMAGE,
	CHECK_MEASUREMENT,
	CHECK_MIN_TCB,
	CHECK_GUEST_SVN,
	CHECK_PRODUCT,
	CHECK_COUNT,

	/* Stands for what every statement about the contents of this provider's report rests on. */
	CHECK_REPORT = 63,
};

typedef uint64_t check_set;

#define SET(id)		((check_set)1 << (id))

/* How one provider names its own checks, and what they rest on. */
struct provider_checks {
	const char *names[CHECK_OWN_END - CHECK_OWN];
	check_set report;	/* what NEEDS_REPORT means here */
	check_set optional;	/* not made does not hold up what rests on it: revocation lists */
};

#define NEEDS_NOTHING	((check_set)0)
#define NEEDS_REPORT	SET(CHECK_REPORT)
/* What a statement about the claims or the caller's data rests on. */
#define NEEDS_BINDING	(NEEDS_REPORT | SET(CHECK_BINDING_FORMAT) | SET(CHECK_BINDING_PROOF) | \
			 SET(CHECK_BINDING_TAG) | SET(CHECK_BINDING_ROOT))

/* Begins with the names of @checks; another provider's may be set before the first own check. */
tee_verdict *verdict_new(const struct provider_checks *checks);
void verdict_set_provider(tee_verdict *v, const struct provider_checks *checks);

/* Found nothing wrong; passed if everything in @needs is. */
void verdict_pass(tee_verdict *v, enum check_id id, check_set needs, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Found something wrong. */
void verdict_fail(tee_verdict *v, enum check_id id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Nothing to compare with. Others may rest on a skipped CRL, on nothing else that was skipped. */
void verdict_skip(tee_verdict *v, enum check_id id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Not wrong, but the reader must hear of it. */
void verdict_warn(tee_verdict *v, enum check_id id, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void verdict_fact(tee_verdict *v, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void verdict_fact_hex(tee_verdict *v, const char *name, const void *data, size_t len);
/* Bytes of unknown origin: printable ASCII as it is, the rest as \xNN. */
void verdict_fact_text(tee_verdict *v, const char *name, const void *data, size_t len);

/*
 * Closes the list: checks of @expected that were never reached are listed as not made, and without
 * all of @required the verdict is bad whatever else it says. Returns 0, or -ENOMEM when anything
 * since verdict_new() was lost.
 */
int verdict_finish(tee_verdict *v, check_set expected, check_set required);

/* The text form of verdict_fact_text(), malloc()ed; NULL when out of memory. */
char *text_escape(const void *data, size_t len);
char *text_hex(const void *data, size_t len);

#endif
