// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the quote says about the guest, against what every TD must be and what the caller expects.
 * Bits: Intel TDX Module ABI specification, ATTRIBUTES and XFAM.
 */
#include <string.h>

#include "bytes.h"
#include "tdx-verify.h"

#define ATTRIBUTE_DEBUG		(UINT64_C(1) << 0)
#define ATTRIBUTES_TUD		UINT64_C(0xff)	/* each of them puts the TD under debug or profiling */
#define ATTRIBUTE_SEPT_VE	(UINT64_C(1) << 28)
#define ATTRIBUTE_MIGRATABLE	(UINT64_C(1) << 29)
/* Known: the above, ICSSD 16, LASS 27, PKS 30, KL 31, TPA 62, PERFMON 63. */
#define ATTRIBUTES_KNOWN	(ATTRIBUTES_TUD | ATTRIBUTE_SEPT_VE | ATTRIBUTE_MIGRATABLE | \
				 UINT64_C(1) << 16 | UINT64_C(1) << 27 | UINT64_C(3) << 30 | \
				 UINT64_C(3) << 62)
/* x87 and SSE always; beyond these bits the TDX module lets a TD have nothing. */
#define XFAM_ALWAYS		UINT64_C(0x3)
#define XFAM_POSSIBLE		UINT64_C(0x6dbe7)

static void check_debug(uint64_t attributes, unsigned int flags, tee_verdict *v)
{
	const char *what = attributes & ATTRIBUTE_DEBUG ? "debug" : "profile";

	if (!(attributes & ATTRIBUTES_TUD))
		verdict_pass(v, TDX_DEBUG, NEEDS_REPORT, "the host cannot debug the guest");
	else if (flags & TEE_VERIFY_ALLOW_DEBUG)
		verdict_warn(v, TDX_DEBUG,
			     "the host may %s the guest: do not trust it with secrets", what);
	else
		verdict_fail(v, TDX_DEBUG,
			     "the host may %s the guest, and debugging was not allowed", what);
}

static void check_migration(const struct td_body *body, tee_verdict *v)
{
	bool bound = body->mr_service_td && !bytes_are_zero(body->mr_service_td, TDX_HASH_SIZE);

	if (bound || body->attributes & ATTRIBUTE_MIGRATABLE)
		verdict_warn(v, TDX_MIGRATION,
			     "the guest may be migrated by a service TD, which was not judged");
	else
		verdict_pass(v, TDX_MIGRATION, NEEDS_REPORT, "no service TD is bound to the guest");
}

static void check_attributes(uint64_t attributes, const struct tee_verify_params *p, tee_verdict *v)
{
	uint64_t mask = p->td_attributes_mask;

	if ((attributes & mask) != (p->td_attributes & mask))
		verdict_fail(v, TDX_ATTRIBUTES, "ATTRIBUTES are 0x%016llx, expected 0x%016llx under "
			     "0x%016llx", (unsigned long long)attributes,
			     (unsigned long long)p->td_attributes, (unsigned long long)mask);
	else if (attributes & ~ATTRIBUTES_KNOWN & ~mask)
		verdict_fail(v, TDX_ATTRIBUTES, "unknown bits are set in ATTRIBUTES, 0x%016llx",
			     (unsigned long long)attributes);
	else
		verdict_pass(v, TDX_ATTRIBUTES, NEEDS_REPORT, "ATTRIBUTES are %s",
			     mask ? "as expected" : "well-formed; no expected ones were given");
	if (attributes & ATTRIBUTE_SEPT_VE)
		verdict_pass(v, TDX_SEPT_VE, NEEDS_REPORT, "SEPT_VE_DISABLE is set");
	else
		verdict_warn(v, TDX_SEPT_VE, "SEPT_VE_DISABLE is not set: the host can make the guest "
			     "take an exception at any memory access");
}

static void check_xfam(uint64_t xfam, const struct tee_verify_params *p, tee_verdict *v)
{
	uint64_t mask = p->xfam_mask;

	if ((xfam & mask) != (p->xfam & mask))
		verdict_fail(v, TDX_XFAM, "XFAM is 0x%016llx, expected 0x%016llx under 0x%016llx",
			     (unsigned long long)xfam, (unsigned long long)p->xfam,
			     (unsigned long long)mask);
	else if (~xfam & XFAM_ALWAYS & ~mask)
		verdict_fail(v, TDX_XFAM, "XFAM 0x%016llx lacks x87 or SSE, which every TD has",
			     (unsigned long long)xfam);
	else if (xfam & ~XFAM_POSSIBLE & ~mask)
		verdict_fail(v, TDX_XFAM, "XFAM 0x%016llx has bits that no TD can have",
			     (unsigned long long)xfam);
	else
		verdict_pass(v, TDX_XFAM, NEEDS_REPORT, "XFAM is %s",
			     mask ? "as expected" : "well-formed; no expected one was given");
}

static void check_hash(const uint8_t *said, struct tee_bytes expected, enum check_id id,
		       const char *what, tee_verdict *v)
{
	if (!expected.len)
		verdict_skip(v, id, "no expected %s was given", what);
	else if (memcmp(expected.data, said, TDX_HASH_SIZE))
		verdict_fail(v, id, "%s is another than expected", what);
	else
		verdict_pass(v, id, NEEDS_REPORT, "%s is the expected one", what);
}

void tdx_policy_check(const struct td_body *body, const struct tee_verify_params *params,
		      tee_verdict *v)
{
	static const char *const names[] = { "RTMR0", "RTMR1", "RTMR2", "RTMR3" };

	check_debug(body->attributes, params->flags, v);
	check_migration(body, v);
	check_attributes(body->attributes, params, v);
	check_xfam(body->xfam, params, v);
	check_hash(body->mr_td, params->measurement, CHECK_MEASUREMENT, "MRTD", v);
	for (unsigned int i = 0; i < TDX_RTMR_COUNT; i++)
		check_hash(body->rtmr[i], params->rtmr[i], (enum check_id)(TDX_RTMR0 + i), names[i],
			   v);
}
