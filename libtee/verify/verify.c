// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The public entry points of libtee-verify: judge the parameters, then the evidence.
 *
 * OpenSSL is used in a library context of our own, so that neither its configuration file nor the
 * program around us changes what counts as a good signature, and we change nothing for the
 * program. The error queue of the thread is left as it was found.
 */
#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "binding.h"
#include "evidence.h"
#include "public.h"
#include "snp-verify.h"
#include "verdict.h"

#define KNOWN_FLAGS	(TEE_VERIFY_ALLOW_DEBUG | TEE_VERIFY_ALLOW_RAW)

#define COMMON_CHECKS	(SNP_CHECKS | SET(CHECK_NONCE))
#define BOUND_CHECKS	(SET(CHECK_EVIDENCE_BOUND) | NEEDS_BINDING | SET(CHECK_CLAIMS_FORMAT) | \
			 SET(CHECK_CLAIMS_TAINT) | SET(CHECK_WORKLOAD))

static bool span_usable(struct tee_bytes span)
{
	return span.data || !span.len;
}

static int check_params(const struct tee_verify_params *p)
{
	if (!p || p->size < sizeof(*p) || (p->flags & ~KNOWN_FLAGS))
		return -EINVAL;
	/* A larger structure of a newer caller is fine as long as it asks for nothing new. */
	for (size_t i = sizeof(*p); i < p->size; i++)
		if (((const uint8_t *)p)[i])
			return -EINVAL;
	if (!p->root.data || !p->root.len || p->time <= 0)
		return -EINVAL;
	if (!span_usable(p->intermediates) || !span_usable(p->leaf) || !span_usable(p->crl) ||
	    !span_usable(p->measurement) || !span_usable(p->min_tcb))
		return -EINVAL;
	if ((p->nonce_len && !p->nonce) || p->nonce_len > SNP_REPORT_DATA_SIZE)
		return -EINVAL;
	if (p->measurement.len && p->measurement.len != SNP_MEASUREMENT_SIZE)
		return -EINVAL;
	if (p->min_tcb.len && p->min_tcb.len != SNP_TCB_SIZE)
		return -EINVAL;
	if (p->vmpl < -1 || p->vmpl > 3)
		return -EINVAL;
	if (p->product && !snp_product_from_name(p->product, strlen(p->product)))
		return -EINVAL;
	return 0;
}

/* Data that went into report_data as it is, zero-padded. */
static void check_raw_nonce(const uint8_t *report_data, const struct tee_verify_params *p,
			    tee_verdict *v)
{
	uint8_t padded[SNP_REPORT_DATA_SIZE] = { 0 };

	if (!p->nonce) {
		verdict_skip(v, CHECK_NONCE, "no expected data was given");
		return;
	}
	memcpy(padded, p->nonce, p->nonce_len);
	if (memcmp(padded, report_data, sizeof(padded)))
		verdict_fail(v, CHECK_NONCE, "report_data is not the expected data");
	else
		verdict_pass(v, CHECK_NONCE, NEEDS_REPORT, "report_data is the expected data");
}

static void skip_workload(const struct tee_verify_params *p, tee_verdict *v)
{
	if (p->workload)
		verdict_fail(v, CHECK_WORKLOAD, "nothing here names a workload");
}

static bool check_size(size_t len, tee_verdict *v)
{
	if (len != SNP_REPORT_SIZE) {
		verdict_fail(v, CHECK_REPORT_SIZE, "the report has %zu bytes, an SEV-SNP report has %d",
			     len, SNP_REPORT_SIZE);
		return false;
	}
	verdict_pass(v, CHECK_REPORT_SIZE, NEEDS_NOTHING, "the report has %d bytes", SNP_REPORT_SIZE);
	return true;
}

static int verify_report(OSSL_LIB_CTX *lib, const uint8_t *report, size_t len,
			 const struct tee_verify_params *p, tee_verdict *v)
{
	struct tee_bytes no_table = { NULL, 0 };
	const uint8_t *report_data;
	int r = 0;

	verdict_fact(v, "provider", "sev-snp");
	if (check_size(len, v)) {
		report_data = report + SNP_REPORT_DATA_OFFSET;
		r = snp_verify(lib, report, no_table, p, v);
		if (binding_tag_claimed(report_data))
			verdict_warn(v, CHECK_BINDING_TAG,
				     "report_data is that of a bound report; who asked is only in the evidence item");
		check_raw_nonce(report_data, p, v);
		skip_workload(p, v);
	}
	return r < 0 ? r : verdict_finish(v, COMMON_CHECKS, SNP_REQUIRED | SET(CHECK_REPORT_SIZE));
}

static bool looks_like_tdx(const uint8_t *report, size_t len)
{
	static const uint8_t v4[8] = { 4, 0, 2, 0, 0x81, 0, 0, 0 };
	static const uint8_t v5[8] = { 5, 0, 2, 0, 0x81, 0, 0, 0 };

	return len >= sizeof(v4) && (!memcmp(report, v4, sizeof(v4)) ||
				     !memcmp(report, v5, sizeof(v5)));
}

/* The report itself says whose it is; the label around it is only compared. */
static bool check_provider(const struct evidence *ev, tee_verdict *v)
{
	if (ev->report.len != SNP_REPORT_SIZE) {
		verdict_fail(v, CHECK_EVIDENCE_PROVIDER, "the report (%zu bytes) is %s", ev->report.len,
			     looks_like_tdx(ev->report.data, ev->report.len) ?
			     "a TDX quote; this version judges SEV-SNP only" : "of no known kind");
		return false;
	}
	verdict_fact(v, "provider", "sev-snp");
	if (strcmp(ev->provider, "sev-snp"))
		verdict_warn(v, CHECK_EVIDENCE_PROVIDER,
			     "the report is from SEV-SNP, the label of the evidence says otherwise");
	else
		verdict_pass(v, CHECK_EVIDENCE_PROVIDER, NEEDS_NOTHING, "the report is from SEV-SNP");
	return true;
}

static void check_raw(const uint8_t *report_data, const struct tee_verify_params *p, tee_verdict *v)
{
	if (binding_tag_claimed(report_data))
		verdict_fail(v, CHECK_EVIDENCE_BOUND,
			     "a report that is marked as bound comes without its binding record");
	else if (!(p->flags & TEE_VERIFY_ALLOW_RAW))
		verdict_fail(v, CHECK_EVIDENCE_BOUND,
			     "raw evidence: nothing says who asked, and raw evidence was not allowed");
	else
		verdict_warn(v, CHECK_EVIDENCE_BOUND, "raw evidence: nothing says who asked");
	check_raw_nonce(report_data, p, v);
	skip_workload(p, v);
}

static int judge_evidence(OSSL_LIB_CTX *lib, const struct evidence *ev,
			  const struct tee_verify_params *p, tee_verdict *v)
{
	struct tee_bytes table = { ev->aux.data, ev->aux.len };
	const uint8_t *report_data;
	int r;

	if (!check_provider(ev, v))
		return 0;
	r = snp_verify(lib, ev->report.data, table, p, v);
	if (r < 0)
		return r;
	report_data = ev->report.data + SNP_REPORT_DATA_OFFSET;
	if (!ev->bound) {
		check_raw(report_data, p, v);
		return 0;
	}
	verdict_pass(v, CHECK_EVIDENCE_BOUND, NEEDS_NOTHING, "the evidence has a binding record");
	r = binding_check(lib, &ev->binding, report_data, v);
	return r < 0 ? r : claims_check(&ev->binding, p, v);
}

static int verify_evidence(OSSL_LIB_CTX *lib, const uint8_t *data, size_t len,
			   const struct tee_verify_params *p, tee_verdict *v)
{
	check_set required = SET(CHECK_EVIDENCE_FORMAT) | SET(CHECK_EVIDENCE_PROVIDER) |
			     SET(CHECK_EVIDENCE_BOUND) | SNP_REQUIRED;
	const char *why = "not understood";
	struct evidence ev;
	bool bound;
	int r;

	r = ev_decode(data, len, &ev, &why);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		verdict_fail(v, CHECK_EVIDENCE_FORMAT, "this is not an evidence item: %s",
			     r == -E2BIG ? "too large" : why);
		return verdict_finish(v, COMMON_CHECKS | BOUND_CHECKS, required);
	}
	verdict_pass(v, CHECK_EVIDENCE_FORMAT, NEEDS_NOTHING, "the evidence is well-formed");
	bound = ev.bound;
	r = judge_evidence(lib, &ev, p, v);
	ev_done(&ev);
	if (r < 0)
		return r;
	if (bound)
		required |= NEEDS_BINDING | SET(CHECK_CLAIMS_FORMAT) | SET(CHECK_CLAIMS_TAINT);
	return verdict_finish(v, COMMON_CHECKS | (bound ? BOUND_CHECKS : 0), required);
}

typedef int (*verify_fn)(OSSL_LIB_CTX *lib, const uint8_t *data, size_t len,
			 const struct tee_verify_params *params, tee_verdict *v);

/* Everything around one verification that does not depend on what is verified. */
static int run(verify_fn verify, const void *data, size_t len,
	       const struct tee_verify_params *params, tee_verdict **ret)
{
	OSSL_LIB_CTX *lib;
	tee_verdict *v;
	int r;

	if ((!data && len) || !ret)
		return -EINVAL;
	r = check_params(params);
	if (r < 0)
		return r;
	v = verdict_new(&snp_checks);
	if (!v)
		return -ENOMEM;
	ERR_set_mark();
	lib = OSSL_LIB_CTX_new();
	r = lib ? verify(lib, data ? data : "", len, params, v) : -ENOMEM;
	OSSL_LIB_CTX_free(lib);
	ERR_pop_to_mark();
	if (r < 0) {
		tee_verdict_free(v);
		return r;
	}
	*ret = v;
	return 0;
}

TEE_PUBLIC int tee_verify(const void *evidence, size_t len,
			  const struct tee_verify_params *params, tee_verdict **ret_verdict)
{
	return run(verify_evidence, evidence, len, params, ret_verdict);
}

TEE_PUBLIC int tee_verify_snp_report(const void *report, size_t len,
				     const struct tee_verify_params *params,
				     tee_verdict **ret_verdict)
{
	return run(verify_report, report, len, params, ret_verdict);
}
