// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * QE identity: whether the enclave that made the quote is Intel's quoting enclave, by its own report.
 * MRENCLAVE is not compared; Intel identifies the enclave by its signer, product and version.
 */
#include <string.h>

#include "json.h"
#include "tdx-tcb.h"

#define QE_IDENTITY_VERSION	2

static const struct signed_checks checks = {
	.signer = TDX_QE_ID_SIGNER,
	.signature = TDX_QE_ID_SIGNATURE,
	.format = TDX_QE_ID_FORMAT,
	.validity = TDX_QE_ID_VALIDITY,
	.what = "QE identity",
};

struct qe_identity {
	uint8_t misc_select[4], misc_mask[4];
	uint8_t attributes[16], attributes_mask[16];
	uint8_t mr_signer[32];
	uint64_t isv_prod_id;
	struct json_object *levels;
};

static bool read_identity(struct json_object *json, struct qe_identity *ret)
{
	ret->levels = json_list(json, "tcbLevels");
	return ret->levels &&
	       json_hex(json, "miscselect", ret->misc_select, sizeof(ret->misc_select)) &&
	       json_hex(json, "miscselectMask", ret->misc_mask, sizeof(ret->misc_mask)) &&
	       json_hex(json, "attributes", ret->attributes, sizeof(ret->attributes)) &&
	       json_hex(json, "attributesMask", ret->attributes_mask,
			sizeof(ret->attributes_mask)) &&
	       json_hex(json, "mrsigner", ret->mr_signer, sizeof(ret->mr_signer)) &&
	       json_number(json, "isvprodid", UINT16_MAX, &ret->isv_prod_id);
}

/* MISCSELECT stands in the identity as the number's bytes in memory. */
static bool masked_equal(const uint8_t *value, const uint8_t *mask, const uint8_t *wanted,
			 size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((value[i] & mask[i]) != wanted[i])
			return false;
	return true;
}

static const char *why_not_this_enclave(const struct qe_report *r, const struct qe_identity *id)
{
	const uint8_t misc[4] = {
		(uint8_t)r->misc_select, (uint8_t)(r->misc_select >> 8),
		(uint8_t)(r->misc_select >> 16), (uint8_t)(r->misc_select >> 24),
	};

	if (memcmp(r->mr_signer, id->mr_signer, sizeof(id->mr_signer)))
		return "MRSIGNER is not Intel's";
	if (r->isv_prod_id != id->isv_prod_id)
		return "ISVPRODID is not that of the TD quoting enclave";
	if (!masked_equal(r->attributes, id->attributes_mask, id->attributes,
			  sizeof(id->attributes)))
		return "ATTRIBUTES are not those of the TD quoting enclave";
	if (!masked_equal(misc, id->misc_mask, id->misc_select, sizeof(misc)))
		return "MISCSELECT is not that of the TD quoting enclave";
	return NULL;
}

static void check_enclave(struct json_object *json, const struct qe_report *report,
			  struct tcb_verdict *ret, tee_verdict *v)
{
	struct qe_identity identity;
	struct json_object *level;
	const char *why;
	int r;

	r = read_identity(json, &identity) ?
		tdx_svn_level(identity.levels, report->isv_svn, &ret->qe, &level) : -1;
	if (r < 0) {
		verdict_fail(v, TDX_QE_ID_FORMAT, "the QE identity is malformed");
		return;
	}
	verdict_pass(v, TDX_QE_ID_FORMAT, SET(TDX_QE_ID_SIGNATURE), "the QE identity is well-formed");
	if (!r)
		ret->qe = TCB_UNKNOWN;
	why = why_not_this_enclave(report, &identity);
	if (why)
		verdict_fail(v, TDX_QE_IDENTITY, "the quote is not from Intel's quoting enclave: %s",
			     why);
	else
		verdict_pass(v, TDX_QE_IDENTITY, TDX_NEEDS_LEAF | SET(TDX_QE_SIGNATURE) |
			     SET(TDX_QE_ID_SIGNATURE) | SET(TDX_QE_ID_VALIDITY),
			     "the quote is from Intel's TD quoting enclave, SVN %u", report->isv_svn);
}

void tdx_qe_identity_check(const struct tdx_chain *chain, const struct tdx_collateral *collateral,
			   const struct qe_report *report, int64_t now, struct tcb_verdict *ret,
			   tee_verdict *v)
{
	struct json_object *json;

	json = tdx_signed_open(chain, &collateral->qe_identity, &checks, "TD_QE",
			       QE_IDENTITY_VERSION, now, v);
	if (json)
		check_enclave(json, report, ret, v);
	json_object_put(json);
}
