// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a caller trusts and expects: whether it can be used at all, and whether what came is of a
 * kind that could meet it.
 */
#include <errno.h>
#include <string.h>

#include "params.h"
#include "se-verify.h"
#include "snp-verify.h"
#include "tdx-tcb.h"

#define KNOWN_FLAGS	(TEE_VERIFY_ALLOW_DEBUG | TEE_VERIFY_ALLOW_RAW)

#define HASH_SIZE	48

static bool span_usable(struct tee_bytes span)
{
	return span.data || !span.len;
}

/* Absent, or of that size. */
static bool size_usable(struct tee_bytes span, size_t size)
{
	return span_usable(span) && (!span.len || span.len == size);
}

static int check_tdx_params(const struct tee_verify_params *p)
{
	if (!span_usable(p->collateral))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(p->rtmr) / sizeof(p->rtmr[0]); i++)
		if (!size_usable(p->rtmr[i], HASH_SIZE))
			return -EINVAL;
	if (p->td_attributes & ~p->td_attributes_mask || p->xfam & ~p->xfam_mask)
		return -EINVAL;
	return tcb_list_usable(p->tcb_status) ? 0 : -EINVAL;
}

static int check_se_params(const struct tee_verify_params *p)
{
	if (!size_usable(p->arpk, SE_ARPK_SIZE) || !size_usable(p->config_uid, SE_CONFIG_UID_SIZE))
		return -EINVAL;
	if (!span_usable(p->se_header) || !span_usable(p->challenge) || !span_usable(p->host_keys))
		return -EINVAL;
	return 0;
}

static int check_params(const struct tee_verify_params *p, size_t nonce_max)
{
	int r;

	if (p->flags & ~KNOWN_FLAGS)
		return -EINVAL;
	if (!span_usable(p->root) || (!p->root.len && !p->arpk.len) || p->time <= 0)
		return -EINVAL;
	if (!span_usable(p->intermediates) || !span_usable(p->leaf) || !span_usable(p->crl) ||
	    !size_usable(p->measurement, HASH_SIZE) || !size_usable(p->min_tcb, SNP_TCB_SIZE))
		return -EINVAL;
	if ((p->nonce_len && !p->nonce) || p->nonce_len > nonce_max)
		return -EINVAL;
	if (p->vmpl < -1 || p->vmpl > 3)
		return -EINVAL;
	if ((p->image_voucher && !p->image_digest) || (p->image_digest && !strchr(p->image_digest, ':')))
		return -EINVAL;
	if (p->product && !snp_product_from_name(p->product, strlen(p->product)))
		return -EINVAL;
	r = check_tdx_params(p);
	return r < 0 ? r : check_se_params(p);
}

int params_copy(const struct tee_verify_params *params, size_t nonce_max,
		struct tee_verify_params *ret)
{
	size_t size = params ? params->size : 0;

	if (size < TEE_VERIFY_PARAMS_SIZE_0)
		return -EINVAL;
	for (size_t i = sizeof(*ret); i < size; i++)
		if (((const uint8_t *)params)[i])
			return -EINVAL;
	*ret = (struct tee_verify_params){ .size = 0 };
	memcpy(ret, params, size < sizeof(*ret) ? size : sizeof(*ret));
	return check_params(ret, nonce_max);
}

static bool expects_snp(const struct tee_verify_params *p)
{
	return p->min_tcb.len || p->min_guest_svn || p->product || p->vmpl > 0;
}

static bool expects_tdx(const struct tee_verify_params *p)
{
	bool rtmr = p->rtmr[0].len || p->rtmr[1].len || p->rtmr[2].len || p->rtmr[3].len;

	return rtmr || p->td_attributes_mask || p->xfam_mask;
}

static bool expects_se(const struct tee_verify_params *p)
{
	return p->arpk.len || p->se_header.len || p->challenge.len || p->config_uid.len ||
	       p->host_keys.len;
}

/* NULL, or which expectation an SEV-SNP report cannot meet. */
static const char *why_not_snp(const struct tee_verify_params *p)
{
	if (!p->root.len)
		return "no trust anchor was given: an SEV-SNP report needs AMD's ARK";
	if (expects_tdx(p))
		return "runtime registers, TD attributes or XFAM were expected, which an SEV-SNP "
		       "report does not have";
	if (p->collateral.len)
		return "collateral was given, which is for TDX quotes";
	if (expects_se(p))
		return "an ARPK, a header of an image, a request, a configuration UID or host keys "
		       "were given, which are for Secure Execution";
	return NULL;
}

static const char *why_not_tdx(const struct tee_verify_params *p)
{
	if (!p->root.len)
		return "no trust anchor was given: a TDX quote needs Intel's SGX root";
	if (expects_snp(p))
		return "a minimum TCB, a guest SVN, a product or a VMPL was expected, which a TDX "
		       "quote does not have";
	if (p->crl.len)
		return "a revocation list was given; those for TDX come in the collateral";
	if (expects_se(p))
		return "an ARPK, a header of an image, a request, a configuration UID or host keys "
		       "were given, which are for Secure Execution";
	return NULL;
}

/* A missing ARPK and a missing header are said by the checks that need them. */
static const char *why_not_se(const struct tee_verify_params *p)
{
	if (expects_snp(p) || expects_tdx(p))
		return "something was expected which only SEV-SNP or TDX has";
	if (p->collateral.len || p->crl.len)
		return "collateral or a revocation list was given: nothing is signed in Secure "
		       "Execution";
	if (p->measurement.len)
		return "a launch digest was expected; Secure Execution is compared with the header "
		       "of the image";
	return NULL;
}

void params_check_provider(enum provider provider, const struct tee_verify_params *p,
			   tee_verdict *v)
{
	const char *why = provider == PROVIDER_SE ? why_not_se(p) :
			  provider == PROVIDER_TDX ? why_not_tdx(p) : why_not_snp(p);

	if (why)
		verdict_fail(v, CHECK_EVIDENCE_PROVIDER, "%s", why);
}
