// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The Ultravisor's answer as it arrives, in an evidence item or in an exchange file of s390-tools,
 * with what is said about its user data: who asked, or the caller's own bytes.
 *
 * User data are up to 256 bytes of any length here, and measured as they are: nothing is padded.
 * Those of a bound report are the 64 bytes that report_data is elsewhere, of a single requester.
 */
#include <string.h>

#include "binding.h"
#include "exchange.h"
#include "se-verify.h"

#define REPORT_DATA_SIZE	64
#define TAG_END			56	/* what binding_tag_claimed() looks at */

static bool claims_to_be_bound(const struct ev_bytes *user_data)
{
	return user_data->len >= TAG_END && binding_tag_claimed(user_data->data);
}

static void check_nonce(const struct ev_bytes *user_data, const struct tee_verify_params *p,
			tee_verdict *v)
{
	if (!p->nonce)
		verdict_skip(v, CHECK_NONCE, "no expected data was given");
	else if (p->nonce_len != user_data->len ||
		 (p->nonce_len && memcmp(p->nonce, user_data->data, p->nonce_len)))
		verdict_fail(v, CHECK_NONCE, "the user data is not the expected data");
	else
		verdict_pass(v, CHECK_NONCE, NEEDS_REPORT, "the user data is the expected data");
}

static void check_unbound(const struct ev_bytes *user_data, const struct tee_verify_params *p,
			  tee_verdict *v)
{
	check_nonce(user_data, p, v);
	if (p->workload)
		verdict_fail(v, CHECK_WORKLOAD, "nothing here names a workload");
	if (p->image_digest)
		verdict_fail(v, CHECK_IMAGE, "nothing here names an image");
}

static void check_raw(const struct ev_bytes *user_data, const struct tee_verify_params *p,
		      tee_verdict *v)
{
	if (claims_to_be_bound(user_data))
		verdict_fail(v, CHECK_EVIDENCE_BOUND,
			     "a report that is marked as bound comes without its binding record");
	else if (!(p->flags & TEE_VERIFY_ALLOW_RAW))
		verdict_fail(v, CHECK_EVIDENCE_BOUND,
			     "raw evidence: nothing says who asked, and raw evidence was not "
			     "allowed");
	else
		verdict_warn(v, CHECK_EVIDENCE_BOUND, "raw evidence: nothing says who asked");
	check_unbound(user_data, p, v);
}

static int check_bound(OSSL_LIB_CTX *lib, const struct ev_binding *binding,
		       const struct ev_bytes *user_data, const struct tee_verify_params *p,
		       tee_verdict *v)
{
	int r;

	verdict_pass(v, CHECK_EVIDENCE_BOUND, NEEDS_NOTHING, "the evidence has a binding record");
	if (user_data->len != REPORT_DATA_SIZE) {
		verdict_fail(v, CHECK_BINDING_TAG,
			     "the Ultravisor got %zu bytes of user data, a bound report has %d",
			     user_data->len, REPORT_DATA_SIZE);
		return 0;
	}
	if (binding->tree_size > 1) {
		verdict_fail(v, CHECK_BINDING_PROOF, "a tree of %llu requesters: one request has "
			     "one answer, which nobody shares",
			     (unsigned long long)binding->tree_size);
		return 0;
	}
	r = binding_check(lib, binding, user_data->data, v);
	return r < 0 ? r : claims_check(binding, p, v);
}

static bool read_parts(const struct evidence *ev, struct se_answer *ret, tee_verdict *v)
{
	const char *why = NULL;
	struct ev_se parts;

	if (ev_se_decode(&ev->details, &parts, &why) < 0) {
		verdict_fail(v, SE_PARTS,
			     "the evidence lacks what goes with a measurement: %s", why);
		return false;
	}
	*ret = (struct se_answer){
		.challenge = parts.challenge,
		.measurement = ev->report,
		.additional = ev->aux,
		.user_data = parts.user_data,
		.config_uid = parts.config_uid,
	};
	verdict_pass(v, SE_PARTS, NEEDS_NOTHING,
		     "request, configuration UID and user data come with the measurement");
	return true;
}

int se_judge_evidence(OSSL_LIB_CTX *lib, const struct evidence *ev,
		      const struct tee_verify_params *params, tee_verdict *v)
{
	struct se_answer answer;
	enum se_mac mac;
	int r;

	if (!read_parts(ev, &answer, v))
		return 0;
	r = se_verify(lib, &answer, params, &mac, v);
	if (r < 0)
		return r;
	if (ev->bound)
		r = check_bound(lib, &ev->binding, &answer.user_data, params, v);
	else
		check_raw(&answer.user_data, params, v);
	se_measurement_record(mac, v);
	return r;
}

static bool read_exchange(const uint8_t *data, size_t len, struct se_answer *ret, tee_verdict *v)
{
	const char *why = NULL;
	struct exchange ex;

	if (exchange_parse(data, len, &ex, &why) < 0) {
		verdict_fail(v, SE_PARTS, "this is not an exchange file: %s", why);
		return false;
	}
	if (!ex.measurement.data) {
		verdict_fail(v, SE_PARTS, "this is a request, which nobody has answered yet");
		return false;
	}
	*ret = (struct se_answer){
		.challenge = ex.challenge,
		.measurement = ex.measurement,
		.additional = ex.additional,
		.user_data = ex.user_data,
		.config_uid = ex.config_uid,
	};
	verdict_pass(v, SE_PARTS, NEEDS_NOTHING, "the exchange file is well-formed, and answered");
	return true;
}

int se_judge_exchange(OSSL_LIB_CTX *lib, const uint8_t *data, size_t len,
		      const struct tee_verify_params *params, tee_verdict *v)
{
	struct se_answer answer;
	enum se_mac mac;
	int r;

	if (!read_exchange(data, len, &answer, v))
		return 0;
	r = se_verify(lib, &answer, params, &mac, v);
	if (r < 0)
		return r;
	if (claims_to_be_bound(&answer.user_data))
		verdict_warn(v, CHECK_BINDING_TAG, "the user data is that of a bound report; who "
			     "asked is only in the evidence item");
	check_unbound(&answer.user_data, params, v);
	se_measurement_record(mac, v);
	return 0;
}
