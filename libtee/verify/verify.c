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
#include "context.h"
#include "evidence.h"
#include "params.h"
#include "public.h"
#include "se-verify.h"
#include "snp-verify.h"
#include "tdx-log.h"
#include "tdx-verify.h"
#include "verdict.h"

#define REPORT_DATA_SIZE	64	/* of every provider */
#define RAW_DATA_MAX		256	/* of Secure Execution */

#define COMMON_CHECKS	(SNP_CHECKS | SET(CHECK_NONCE))
#define BOUND_CHECKS	(SET(CHECK_EVIDENCE_BOUND) | NEEDS_BINDING | SET(CHECK_CLAIMS_FORMAT) | \
			 SET(CHECK_CLAIMS_TAINT) | SET(CHECK_WORKLOAD) | SET(CHECK_IMAGE))

_Static_assert(SNP_REPORT_DATA_SIZE == REPORT_DATA_SIZE &&
	       TDX_REPORT_DATA_SIZE == REPORT_DATA_SIZE, "report_data is as long everywhere");

/* Data that went into report_data as it is, zero-padded. */
static void check_raw_nonce(const uint8_t *report_data, const struct tee_verify_params *p,
			    tee_verdict *v)
{
	uint8_t padded[REPORT_DATA_SIZE] = { 0 };

	if (!p->nonce) {
		verdict_skip(v, CHECK_NONCE, "no expected data was given");
		return;
	}
	if (p->nonce_len <= sizeof(padded))
		memcpy(padded, p->nonce, p->nonce_len);
	if (p->nonce_len > sizeof(padded) || memcmp(padded, report_data, sizeof(padded)))
		verdict_fail(v, CHECK_NONCE, "report_data is not the expected data");
	else
		verdict_pass(v, CHECK_NONCE, NEEDS_REPORT, "report_data is the expected data");
}

static void skip_workload(const struct tee_verify_params *p, tee_verdict *v)
{
	if (p->workload)
		verdict_fail(v, CHECK_WORKLOAD, "nothing here names a workload");
	if (p->image_digest)
		verdict_fail(v, CHECK_IMAGE, "nothing here names an image");
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

/* What can be said of report_data when there is no evidence item around the report. */
static void check_bare(const uint8_t *report_data, const struct tee_verify_params *p,
		       tee_verdict *v)
{
	if (binding_tag_claimed(report_data))
		verdict_warn(v, CHECK_BINDING_TAG,
			     "report_data is that of a bound report; who asked is only in the evidence item");
	check_raw_nonce(report_data, p, v);
	skip_workload(p, v);
}

static int verify_report(OSSL_LIB_CTX *lib, const uint8_t *report, size_t len,
			 const struct tee_verify_params *p, tee_verdict *v)
{
	struct tee_bytes no_table = { NULL, 0 };
	int r = 0;

	verdict_fact(v, "provider", "sev-snp");
	params_check_provider(PROVIDER_SNP, p, v);
	if (check_size(len, v)) {
		r = snp_verify(lib, report, no_table, p, v);
		check_bare(report + SNP_REPORT_DATA_OFFSET, p, v);
	}
	return r < 0 ? r : verdict_finish(v, COMMON_CHECKS, SNP_REQUIRED | SET(CHECK_REPORT_SIZE));
}

static check_set tdx_required(const struct tee_verify_params *p)
{
	return p->collateral.len ? TDX_REQUIRED | TDX_COLLATERAL_CHECKS : TDX_REQUIRED;
}

static int verify_quote(OSSL_LIB_CTX *lib, const uint8_t *quote, size_t len,
			const struct tee_verify_params *p, tee_verdict *v)
{
	struct td_body body;
	int r;

	verdict_set_provider(v, &tdx_checks);
	verdict_fact(v, "provider", "tdx");
	params_check_provider(PROVIDER_TDX, p, v);
	if (looks_like_tdreport(quote, len)) {
		tdreport_refuse(lib, quote, v);
		return verdict_finish(v, NEEDS_NOTHING, SET(TDX_REPORT_MAC));
	}
	r = tdx_verify(lib, quote, len, p, &body, v);
	if (r < 0)
		return r;
	if (body.report_data)
		check_bare(body.report_data, p, v);
	return verdict_finish(v, TDX_CHECKS | SET(CHECK_NONCE), tdx_required(p));
}

static int verify_exchange(OSSL_LIB_CTX *lib, const uint8_t *exchange, size_t len,
			   const struct tee_verify_params *p, tee_verdict *v)
{
	int r;

	verdict_set_provider(v, &se_checks);
	verdict_fact(v, "provider", "se");
	params_check_provider(PROVIDER_SE, p, v);
	r = se_judge_exchange(lib, exchange, len, p, v);
	return r < 0 ? r : verdict_finish(v, SE_CHECKS | SET(CHECK_NONCE), SE_REQUIRED);
}

static const struct {
	const char *name, *title;
	const struct provider_checks *checks;
	check_set expected;
} providers[] = {
	[PROVIDER_SNP] = { "sev-snp", "SEV-SNP", &snp_checks, COMMON_CHECKS },
	[PROVIDER_TDX] = { "tdx", "TDX", &tdx_checks, TDX_CHECKS | TDX_LOG_CHECKS | SET(CHECK_NONCE) },
	[PROVIDER_SE] = { "se", "Secure Execution", &se_checks, SE_CHECKS | SET(CHECK_NONCE) },
};

/*
 * The report itself says whose it is. That of Secure Execution is a bare MAC: it is known by what
 * must come with it, and cannot be mistaken for one of the others.
 */
static bool find_provider(const struct evidence *ev, enum provider *ret)
{
	struct ev_se parts;

	if (looks_like_tdx_quote(ev->report.data, ev->report.len) ||
	    looks_like_tdreport(ev->report.data, ev->report.len))
		*ret = PROVIDER_TDX;
	else if (ev->report.len == SNP_REPORT_SIZE)
		*ret = PROVIDER_SNP;
	else if (!strcmp(ev->provider, "se") || !ev_se_decode(&ev->details, &parts, NULL))
		*ret = PROVIDER_SE;
	else
		return false;
	return true;
}

/* The label around the report is only compared. */
static bool check_provider(const struct evidence *ev, const struct tee_verify_params *p,
			   enum provider *ret, tee_verdict *v)
{
	const char *title;

	if (!find_provider(ev, ret)) {
		verdict_fail(v, CHECK_EVIDENCE_PROVIDER, "the report (%zu bytes) is of no known kind",
			     ev->report.len);
		return false;
	}
	title = providers[*ret].title;
	verdict_fact(v, "provider", "%s", providers[*ret].name);
	params_check_provider(*ret, p, v);
	if (strcmp(ev->provider, providers[*ret].name))
		verdict_warn(v, CHECK_EVIDENCE_PROVIDER,
			     "the report is from %s, the label of the evidence says otherwise", title);
	else
		verdict_pass(v, CHECK_EVIDENCE_PROVIDER, NEEDS_NOTHING, "the report is from %s", title);
	verdict_set_provider(v, providers[*ret].checks);
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

static int judge_snp(OSSL_LIB_CTX *lib, const struct evidence *ev,
		     const struct tee_verify_params *p, const uint8_t **ret_report_data,
		     tee_verdict *v)
{
	struct tee_bytes table = { ev->aux.data, ev->aux.len };

	*ret_report_data = ev->report.data + SNP_REPORT_DATA_OFFSET;
	return snp_verify(lib, ev->report.data, table, p, v);
}

/* Leaves *ret_report_data NULL when there is no quote to say anything about. */
static int judge_tdx(OSSL_LIB_CTX *lib, const struct evidence *ev,
		     const struct tee_verify_params *p, const uint8_t **ret_report_data,
		     tee_verdict *v)
{
	struct tee_bytes log = { ev->event_log.data, ev->event_log.len };
	struct td_body body;
	int r;

	if (looks_like_tdreport(ev->report.data, ev->report.len)) {
		tdreport_refuse(lib, ev->report.data, v);
		return 0;
	}
	r = tdx_verify(lib, ev->report.data, ev->report.len, p, &body, v);
	if (r < 0 || !body.report_data)
		return r;
	*ret_report_data = body.report_data;
	return tdx_log_check(lib, log, &body, v);
}

static int judge_evidence(OSSL_LIB_CTX *lib, const struct evidence *ev, enum provider provider,
			  const struct tee_verify_params *p, tee_verdict *v)
{
	const uint8_t *report_data = NULL;
	int r;

	if (provider == PROVIDER_SE)
		return se_judge_evidence(lib, ev, p, v);
	r = provider == PROVIDER_TDX ? judge_tdx(lib, ev, p, &report_data, v) :
				       judge_snp(lib, ev, p, &report_data, v);
	if (r < 0 || !report_data)
		return r;
	if (!ev->bound) {
		check_raw(report_data, p, v);
		return 0;
	}
	verdict_pass(v, CHECK_EVIDENCE_BOUND, NEEDS_NOTHING, "the evidence has a binding record");
	r = binding_check(lib, &ev->binding, report_data, v);
	return r < 0 ? r : claims_check(&ev->binding, p, v);
}

static check_set required_of(enum provider provider, const struct tee_verify_params *p)
{
	if (provider == PROVIDER_SE)
		return SE_REQUIRED;
	return provider == PROVIDER_TDX ? tdx_required(p) : SNP_REQUIRED;
}

static int verify_evidence(OSSL_LIB_CTX *lib, const uint8_t *data, size_t len,
			   const struct tee_verify_params *p, tee_verdict *v)
{
	enum provider provider = PROVIDER_SNP;
	const char *why = "not understood";
	check_set expected, required;
	struct evidence ev;
	bool bound;
	int r;

	r = ev_decode(data, len, &ev, &why);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		verdict_fail(v, CHECK_EVIDENCE_FORMAT, "this is not an evidence item: %s",
			     r == -E2BIG ? "too large" : why);
		return verdict_finish(v, COMMON_CHECKS | BOUND_CHECKS, SNP_REQUIRED);
	}
	verdict_pass(v, CHECK_EVIDENCE_FORMAT, NEEDS_NOTHING, "the evidence is well-formed");
	bound = ev.bound;
	if (check_provider(&ev, p, &provider, v))
		r = judge_evidence(lib, &ev, provider, p, v);
	ev_done(&ev);
	if (r < 0)
		return r;
	expected = providers[provider].expected;
	required = required_of(provider, p) | SET(CHECK_EVIDENCE_FORMAT) |
		   SET(CHECK_EVIDENCE_PROVIDER) | SET(CHECK_EVIDENCE_BOUND);
	if (bound)
		required |= NEEDS_BINDING | SET(CHECK_CLAIMS_FORMAT) | SET(CHECK_CLAIMS_TAINT);
	return verdict_finish(v, expected | (bound ? BOUND_CHECKS : 0), required);
}

typedef int (*verify_fn)(OSSL_LIB_CTX *lib, const uint8_t *data, size_t len,
			 const struct tee_verify_params *params, tee_verdict *v);

/* Everything around one verification that does not depend on what is verified. */
static int run(verify_fn verify, size_t nonce_max, const void *data, size_t len,
	       const struct tee_verify_params *params, tee_verdict **ret)
{
	struct tee_verify_params known;
	OSSL_LIB_CTX *lib;
	tee_verdict *v;
	int r;

	if ((!data && len) || !ret)
		return -EINVAL;
	r = params_copy(params, nonce_max, &known);
	if (r < 0)
		return r;
	v = verdict_new(&snp_checks);
	if (!v)
		return -ENOMEM;
	ERR_set_mark();
	lib = verify_context();
	r = lib ? verify(lib, data ? data : "", len, &known, v) : -ENOMEM;
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
	return run(verify_evidence, RAW_DATA_MAX, evidence, len, params, ret_verdict);
}

TEE_PUBLIC int tee_verify_snp_report(const void *report, size_t len,
				     const struct tee_verify_params *params,
				     tee_verdict **ret_verdict)
{
	return run(verify_report, REPORT_DATA_SIZE, report, len, params, ret_verdict);
}

TEE_PUBLIC int tee_verify_tdx_quote(const void *quote, size_t len,
				    const struct tee_verify_params *params,
				    tee_verdict **ret_verdict)
{
	return run(verify_quote, REPORT_DATA_SIZE, quote, len, params, ret_verdict);
}

TEE_PUBLIC int tee_verify_se_exchange(const void *exchange, size_t len,
				      const struct tee_verify_params *params,
				      tee_verdict **ret_verdict)
{
	return run(verify_exchange, RAW_DATA_MAX, exchange, len, params, ret_verdict);
}
