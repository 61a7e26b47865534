// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Judges one TDX quote: form, chain, signatures, TCB, and then what it says. As for SEV-SNP, the
 * contents are compared even when a signature is bad, but a match then counts for nothing.
 *
 * Who vouches for whom: Intel's root for the PCK certificate of this very processor package; that
 * key for the quoting enclave; the enclave, in its report_data, for the attestation key; and that
 * key for header and body of the quote.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "bytes.h"
#include "ecdsa.h"
#include "tdx-tcb.h"
#include "tdx-verify.h"

#define OWN(id) ((id) - CHECK_OWN)

const struct provider_checks tdx_checks = {
	.names = {
		[OWN(TDX_QUOTE_VERSION)] = "quote.version",
		[OWN(TDX_QUOTE_FORMAT)] = "quote.format",
		[OWN(TDX_QUOTE_HEADER)] = "quote.header",
		[OWN(TDX_QUOTE_TAIL)] = "quote.tail",
		[OWN(TDX_REPORT_HASHES)] = "tdreport.hashes",
		[OWN(TDX_REPORT_MAC)] = "tdreport.mac",
		[OWN(TDX_COLLATERAL)] = "collateral",
		[OWN(TDX_ROOT)] = "chain.root",
		[OWN(TDX_ROOT_PROFILE)] = "chain.root.profile",
		[OWN(TDX_ROOT_VALIDITY)] = "chain.root.validity",
		[OWN(TDX_CRL_ROOT)] = "crl.root",
		[OWN(TDX_CA)] = "chain.pck_ca",
		[OWN(TDX_CA_PROFILE)] = "chain.pck_ca.profile",
		[OWN(TDX_CA_VALIDITY)] = "chain.pck_ca.validity",
		[OWN(TDX_CRL_PCK)] = "crl.pck",
		[OWN(TDX_LEAF)] = "chain.leaf",
		[OWN(TDX_LEAF_PROFILE)] = "chain.leaf.profile",
		[OWN(TDX_LEAF_VALIDITY)] = "chain.leaf.validity",
		[OWN(TDX_QE_SIGNATURE)] = "qe.signature",
		[OWN(TDX_QE_KEY)] = "qe.report_data",
		[OWN(TDX_SIGNATURE)] = "signature",
		[OWN(TDX_TCB_SIGNER)] = "tcb_info.signer",
		[OWN(TDX_TCB_SIGNATURE)] = "tcb_info.signature",
		[OWN(TDX_TCB_FORMAT)] = "tcb_info.format",
		[OWN(TDX_TCB_VALIDITY)] = "tcb_info.validity",
		[OWN(TDX_TCB_PLATFORM)] = "tcb_info.platform",
		[OWN(TDX_MODULE)] = "tdx_module",
		[OWN(TDX_QE_ID_SIGNER)] = "qe_identity.signer",
		[OWN(TDX_QE_ID_SIGNATURE)] = "qe_identity.signature",
		[OWN(TDX_QE_ID_FORMAT)] = "qe_identity.format",
		[OWN(TDX_QE_ID_VALIDITY)] = "qe_identity.validity",
		[OWN(TDX_QE_IDENTITY)] = "qe_identity",
		[OWN(TDX_TCB_STATUS)] = "tcb.status",
		[OWN(TDX_DEBUG)] = "policy.debug",
		[OWN(TDX_MIGRATION)] = "policy.migration",
		[OWN(TDX_ATTRIBUTES)] = "td.attributes",
		[OWN(TDX_SEPT_VE)] = "td.sept_ve_disable",
		[OWN(TDX_XFAM)] = "td.xfam",
		[OWN(TDX_RTMR0)] = "rtmr0",
		[OWN(TDX_RTMR1)] = "rtmr1",
		[OWN(TDX_RTMR2)] = "rtmr2",
		[OWN(TDX_RTMR3)] = "rtmr3",
		[OWN(TDX_LOG_FORMAT)] = "event_log.format",
		[OWN(TDX_LOG_REPLAY)] = "event_log.replay",
		[OWN(TDX_LOG_EVENTS)] = "event_log.events",
	},
	.report = SET(TDX_QUOTE_VERSION) | SET(TDX_QUOTE_FORMAT) | SET(TDX_QUOTE_HEADER) |
		  SET(TDX_SIGNATURE),
	.optional = SET(TDX_CRL_ROOT) | SET(TDX_CRL_PCK),
};

static void check_qe_signature(const struct tdx_quote *q, const struct tdx_chain *c, tee_verdict *v)
{
	if (!c->leaf)
		return;
	if (p256_signature_fits(c->lib, X509_get0_pubkey(c->leaf), q->qe_signature, q->qe_report,
				QE_REPORT_SIZE))
		verdict_pass(v, TDX_QE_SIGNATURE, TDX_NEEDS_LEAF | SET(TDX_QUOTE_FORMAT),
			     "the report of the quoting enclave is signed by the PCK");
	else
		verdict_fail(v, TDX_QE_SIGNATURE,
			     "the signature of the quoting enclave's report does not fit the PCK");
}

static void check_qe_key(const struct tdx_quote *q, OSSL_LIB_CTX *lib, tee_verdict *v)
{
	const uint8_t *report_data = q->qe_report + 320;

	if (!sha256_is(lib, q->key, TDX_KEY_SIZE, q->auth_data.data, q->auth_data.len, report_data) ||
	    !bytes_are_zero(report_data + 32, 32))
		verdict_fail(v, TDX_QE_KEY, "the quoting enclave does not vouch for this attestation "
			     "key: its report_data is not the hash of it");
	else
		verdict_pass(v, TDX_QE_KEY, SET(TDX_QE_SIGNATURE),
			     "the quoting enclave vouches for the attestation key");
}

static void check_signature(const struct tdx_quote *q, OSSL_LIB_CTX *lib, tee_verdict *v)
{
	EVP_PKEY *key = p256_key(lib, q->key);

	if (p256_signature_fits(lib, key, q->signature, q->raw, q->signed_len))
		verdict_pass(v, TDX_SIGNATURE, SET(TDX_QE_KEY) | SET(TDX_QE_SIGNATURE),
			     "the quote is signed by the attestation key");
	else
		verdict_fail(v, TDX_SIGNATURE,
			     "the signature of the quote does not fit the attestation key");
	EVP_PKEY_free(key);
}

static void status_facts(const struct tcb_verdict *tcb, unsigned int whole, tee_verdict *v)
{
	verdict_fact(v, "tcb.status", "%s", tcb_status_name(whole));
	verdict_fact(v, "tcb.platform_status", "%s", tcb_status_name(tcb->platform));
	verdict_fact(v, "tcb.module_status", "%s", tcb_status_name(tcb->module));
	verdict_fact(v, "tcb.qe_status", "%s", tcb_status_name(tcb->qe));
}

static void check_status(const struct tcb_verdict *tcb, const char *accepted, tee_verdict *v)
{
	const check_set needs = NEEDS_REPORT | TDX_COLLATERAL_CHECKS;
	unsigned int whole = tcb_converge(tcb_converge(tcb->platform, tcb->module), tcb->qe);
	const char *name = tcb_status_name(whole);

	if (whole == TCB_NOT_JUDGED)
		return;		/* what is missing has failed already */
	status_facts(tcb, whole, v);
	if (whole == TCB_UNKNOWN)
		verdict_fail(v, TDX_TCB_STATUS, "the TCB level of the platform is unknown to Intel: "
			     "platform %s, TDX module %s, quoting enclave %s",
			     tcb_status_name(tcb->platform), tcb_status_name(tcb->module),
			     tcb_status_name(tcb->qe));
	else if (whole == TCB_UP_TO_DATE)
		verdict_pass(v, TDX_TCB_STATUS, needs, "TCB status %s", name);
	else if (whole != TCB_REVOKED && tcb_list_has(accepted, whole))
		verdict_warn(v, TDX_TCB_STATUS, "TCB status %s, which was accepted", name);
	else
		verdict_fail(v, TDX_TCB_STATUS, "TCB status %s: platform %s, TDX module %s, quoting "
			     "enclave %s", name, tcb_status_name(tcb->platform),
			     tcb_status_name(tcb->module), tcb_status_name(tcb->qe));
}

static void skip_collateral_checks(tee_verdict *v)
{
	for (unsigned int id = CHECK_OWN; id < CHECK_OWN_END; id++)
		if (TDX_COLLATERAL_CHECKS & SET(id))
			verdict_skip(v, (enum check_id)id, "no collateral was given");
	verdict_warn(v, TDX_TCB_STATUS, "without collateral nobody knows whether the platform is "
		     "up to date, or revoked");
}

static void check_tcb(const struct tdx_quote *q, const struct tdx_chain *c,
		      const struct tdx_collateral *collateral,
		      const struct tee_verify_params *params, tee_verdict *v)
{
	struct tcb_verdict tcb = { TCB_NOT_JUDGED, TCB_NOT_JUDGED, TCB_NOT_JUDGED };
	struct qe_report qe;

	if (!collateral) {
		if (!params->collateral.len)
			skip_collateral_checks(v);
		return;
	}
	qe_report_parse(q->qe_report, &qe);
	tdx_tcb_info_check(c, collateral, &q->body, params->time, &tcb, v);
	tdx_qe_identity_check(c, collateral, &qe, params->time, &tcb, v);
	check_status(&tcb, params->tcb_status, v);
}

static int judge(const struct tdx_quote *q, OSSL_LIB_CTX *lib,
		 const struct tdx_collateral *collateral, const struct tee_verify_params *params,
		 tee_verdict *v)
{
	struct tdx_chain chain;
	int r;

	r = tdx_chain_check(&chain, lib, q->chain, collateral, params, v);
	if (!r) {
		check_qe_signature(q, &chain, v);
		check_qe_key(q, lib, v);
		check_signature(q, lib, v);
		check_tcb(q, &chain, collateral, params, v);
		tdx_policy_check(&q->body, params, v);
	}
	tdx_chain_done(&chain);
	return r;
}

int tdx_verify(OSSL_LIB_CTX *lib, const uint8_t *data, size_t len,
	       const struct tee_verify_params *params, struct td_body *ret_body, tee_verdict *v)
{
	struct tdx_collateral collateral;
	struct tdx_quote quote;
	int r;

	*ret_body = (struct td_body){ .report_data = NULL };
	if (!tdx_quote_parse(data, len, &quote, v))
		return 0;
	tdx_quote_facts(&quote, v);
	*ret_body = quote.body;
	r = tdx_collateral_open(params->collateral, &collateral, v);
	if (r >= 0)
		r = judge(&quote, lib, r ? &collateral : NULL, params, v);
	tdx_collateral_done(&collateral);
	return r;
}

static bool sha384_is(OSSL_LIB_CTX *lib, const uint8_t *data, size_t len, const uint8_t *wanted)
{
	EVP_MD *sha384 = EVP_MD_fetch(lib, "SHA384", NULL);
	uint8_t digest[TDX_HASH_SIZE];
	bool same;

	same = sha384 && EVP_Digest(data, len, digest, NULL, sha384, NULL) == 1 &&
	       !memcmp(digest, wanted, sizeof(digest));
	EVP_MD_free(sha384);
	return same;
}

/* TEE_TCB_INFO is 239 bytes at 256, TDINFO 512 bytes at 512. */
const char *tdreport_why_inconsistent(OSSL_LIB_CTX *lib, const uint8_t *data)
{
	if (!sha384_is(lib, data + 256, 239, data + 0x20))
		return "TEE_TCB_INFO_HASH is not the hash of TEE_TCB_INFO";
	if (!sha384_is(lib, data + 512, 512, data + 0x50))
		return "TEE_INFO_HASH is not the hash of TDINFO";
	return NULL;
}

void tdreport_refuse(OSSL_LIB_CTX *lib, const uint8_t *data, tee_verdict *v)
{
	const char *why = tdreport_why_inconsistent(lib, data);
	struct td_body body;

	tdreport_parse(data, &body);
	td_body_facts(&body, v);
	if (why)
		verdict_fail(v, TDX_REPORT_HASHES, "the TDREPORT contradicts itself: %s", why);
	else
		verdict_pass(v, TDX_REPORT_HASHES, NEEDS_NOTHING,
			     "both hashes in the TDREPORT are those of its parts");
	verdict_fail(v, TDX_REPORT_MAC, "this is a TDREPORT: only the CPU it was made on can check "
		     "its MAC. Ask the guest for a quote");
}
