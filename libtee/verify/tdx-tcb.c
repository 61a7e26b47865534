// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * TCB info: which versions of processor, microcode, PCE and TDX module Intel calls up to date. The
 * level that counts is the first in the list that the platform reaches in every component; the TDX
 * module has levels of its own. Source: Intel provisioning certification service API version 4,
 * "TCB info", and Intel's quote verification library where that leaves a choice.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "tdx-tcb.h"

#define TCB_INFO_VERSION	3
#define MODULE_ID_SIZE		16

static const struct signed_checks checks = {
	.signer = TDX_TCB_SIGNER,
	.signature = TDX_TCB_SIGNATURE,
	.format = TDX_TCB_FORMAT,
	.validity = TDX_TCB_VALIDITY,
	.what = "TCB info",
};

/* What TEE_TCB_SVN says: from module 1.5 on byte 1 names the module's line, byte 0 its SVN. */
static unsigned int module_svn(const struct td_body *body)
{
	return body->tee_tcb_svn[0];
}

static unsigned int module_line(const struct td_body *body)
{
	return body->tee_tcb_svn[1];
}

struct tcb_level {
	uint64_t sgx[TDX_SVN_COUNT], tdx[TDX_SVN_COUNT], pce_svn;
	unsigned int status;
};

static bool read_components(struct json_object *tcb, const char *name, uint64_t *ret)
{
	struct json_object *list = json_list(tcb, name);

	if (!list || json_object_array_length(list) != TDX_SVN_COUNT)
		return false;
	for (size_t i = 0; i < TDX_SVN_COUNT; i++)
		if (!json_number(json_object_array_get_idx(list, i), "svn", UINT16_MAX, &ret[i]))
			return false;
	return true;
}

static bool read_level(struct json_object *json, struct tcb_level *ret)
{
	struct json_object *tcb = json_map(json, "tcb");

	return tcb && read_components(tcb, "sgxtcbcomponents", ret->sgx) &&
	       read_components(tcb, "tdxtcbcomponents", ret->tdx) &&
	       json_number(tcb, "pcesvn", UINT16_MAX, &ret->pce_svn) &&
	       tdx_level_status(json, &ret->status);
}

/* The first two TDX components are the module's; where it has levels of its own those count. */
static bool reaches(const struct pck_info *pck, const struct td_body *body,
		    const struct tcb_level *level)
{
	for (size_t i = 0; i < TDX_SVN_COUNT; i++)
		if (pck->components[i] < level->sgx[i])
			return false;
	for (size_t i = module_line(body) ? 2 : 0; i < TDX_SVN_COUNT; i++)
		if (body->tee_tcb_svn[i] < level->tdx[i])
			return false;
	return pck->pce_svn >= level->pce_svn;
}

/* 1 with the level, 0 when the platform reaches none, -EBADMSG. */
static int find_level(struct json_object *info, const struct pck_info *pck,
		      const struct td_body *body, unsigned int *ret_status,
		      struct json_object **ret_level)
{
	struct json_object *levels = json_list(info, "tcbLevels");
	bool found = false;

	if (!levels || !json_object_array_length(levels))
		return -EBADMSG;
	for (size_t i = 0; i < json_object_array_length(levels); i++) {
		struct json_object *json = json_object_array_get_idx(levels, i);
		struct tcb_level level;

		if (!read_level(json, &level))
			return -EBADMSG;
		if (found || !reaches(pck, body, &level))
			continue;
		found = true;
		*ret_status = level.status;
		*ret_level = json;
	}
	return found;
}

struct module_identity {
	uint8_t mr_signer[TDX_HASH_SIZE], attributes[8], mask[8];
};

static bool read_identity(struct json_object *json, struct module_identity *ret)
{
	return json_hex(json, "mrsigner", ret->mr_signer, sizeof(ret->mr_signer)) &&
	       json_hex(json, "attributes", ret->attributes, sizeof(ret->attributes)) &&
	       json_hex(json, "attributesMask", ret->mask, sizeof(ret->mask));
}

static bool fits_identity(const struct td_body *body, const struct module_identity *identity)
{
	if (memcmp(body->mr_signer_seam, identity->mr_signer, TDX_HASH_SIZE))
		return false;
	for (size_t i = 0; i < sizeof(identity->mask); i++)
		if ((body->seam_attributes[i] & identity->mask[i]) != identity->attributes[i])
			return false;
	return true;
}

/* The entry for the module's line, or NULL. */
static struct json_object *find_line(struct json_object *info, unsigned int line)
{
	struct json_object *list = json_list(info, "tdxModuleIdentities");
	char wanted[MODULE_ID_SIZE];
	struct tee_bytes id;

	snprintf(wanted, sizeof(wanted), "TDX_%02x", line);
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);

		if (json_text(entry, "id", &id) && id.len == strlen(wanted) &&
		    !strcasecmp(id.data, wanted))
			return entry;
	}
	return NULL;
}

static void check_module_identity(struct json_object *entry, const struct td_body *body,
				  tee_verdict *v)
{
	struct module_identity identity;

	if (!entry)
		verdict_fail(v, TDX_MODULE, "the TCB info knows no TDX module of line %u",
			     module_line(body));
	else if (!read_identity(entry, &identity))
		verdict_fail(v, TDX_TCB_FORMAT, "the identity of the TDX module is malformed");
	else if (!fits_identity(body, &identity))
		verdict_fail(v, TDX_MODULE,
			     "MRSIGNERSEAM or SEAMATTRIBUTES is not that of Intel's TDX module");
	else
		verdict_pass(v, TDX_MODULE, NEEDS_REPORT | SET(TDX_TCB_SIGNATURE) |
			     SET(TDX_TCB_VALIDITY) | SET(TDX_TCB_PLATFORM),
			     "the TDX module is Intel's, line %u, SVN %u", module_line(body),
			     module_svn(body));
}

static void check_module(struct json_object *info, const struct td_body *body,
			 struct tcb_verdict *ret, tee_verdict *v)
{
	struct json_object *entry, *levels, *level;
	int r;

	if (!module_line(body)) {
		ret->module = TCB_UP_TO_DATE;	/* judged by components 0 and 1 of the level */
		check_module_identity(json_map(info, "tdxModule"), body, v);
		return;
	}
	entry = find_line(info, module_line(body));
	check_module_identity(entry, body, v);
	levels = entry ? json_list(entry, "tcbLevels") : NULL;
	r = levels ? tdx_svn_level(levels, module_svn(body), &ret->module, &level) : 0;
	if (entry && (!levels || r < 0))
		verdict_fail(v, TDX_TCB_FORMAT, "the levels of the TDX module are malformed");
	else if (!r)
		ret->module = TCB_UNKNOWN;
}

static void check_platform(struct json_object *info, const struct tdx_chain *c, tee_verdict *v)
{
	uint8_t fmspc[6], pce_id[2];
	uint64_t type;

	if (!json_hex(info, "fmspc", fmspc, sizeof(fmspc)) ||
	    !json_hex(info, "pceId", pce_id, sizeof(pce_id)) ||
	    !json_number(info, "tcbType", UINT16_MAX, &type) || type)
		verdict_fail(v, TDX_TCB_FORMAT, "the TCB info names no platform, or its TCB type is unknown");
	else if (memcmp(fmspc, c->pck.fmspc, sizeof(fmspc)))
		verdict_fail(v, TDX_TCB_PLATFORM,
			     "the TCB info is for another FMSPC than the PCK certificate");
	else if (memcmp(pce_id, c->pck.pce_id, sizeof(pce_id)))
		verdict_fail(v, TDX_TCB_PLATFORM,
			     "the TCB info is for another PCEID than the PCK certificate");
	else
		verdict_pass(v, TDX_TCB_PLATFORM, TDX_NEEDS_LEAF | SET(TDX_TCB_SIGNATURE),
			     "the TCB info is for the platform of the PCK certificate");
}

static void text_fact(tee_verdict *v, const char *name, struct json_object *json, const char *member)
{
	struct tee_bytes text;

	if (json_text(json, member, &text))
		verdict_fact_text(v, name, text.data, text.len);
}

static void level_facts(struct json_object *level, tee_verdict *v)
{
	struct json_object *list = json_list(level, "advisoryIDs");

	text_fact(v, "tcb.date", level, "tcbDate");
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *id = json_object_array_get_idx(list, i);
		char name[40];

		snprintf(name, sizeof(name), "tcb.advisory.%zu", i);
		if (json_object_is_type(id, json_type_string))
			verdict_fact_text(v, name, json_object_get_string(id),
					  (size_t)json_object_get_string_len(id));
	}
}

static void check_level(struct json_object *info, const struct tdx_chain *c,
			const struct td_body *body, struct tcb_verdict *ret, tee_verdict *v)
{
	struct json_object *level;
	int r = find_level(info, &c->pck, body, &ret->platform, &level);

	if (r < 0) {
		verdict_fail(v, TDX_TCB_FORMAT, "the levels of the TCB info are malformed");
		return;
	}
	if (!r)
		ret->platform = TCB_UNKNOWN;
	else
		level_facts(level, v);
	verdict_pass(v, TDX_TCB_FORMAT, SET(TDX_TCB_SIGNATURE), "the TCB info is well-formed");
}

void tdx_tcb_info_check(const struct tdx_chain *chain, const struct tdx_collateral *collateral,
			const struct td_body *body, int64_t now, struct tcb_verdict *ret,
			tee_verdict *v)
{
	struct json_object *info;
	uint64_t number;

	info = tdx_signed_open(chain, &collateral->tcb_info, &checks, "TDX", TCB_INFO_VERSION, now,
			       v);
	if (info && chain->has_pck) {
		if (json_number(info, "tcbEvaluationDataNumber", UINT32_MAX, &number))
			verdict_fact(v, "tcb.evaluation_number", "%llu", (unsigned long long)number);
		text_fact(v, "tcb.next_update", info, "nextUpdate");
		check_platform(info, chain, v);
		check_module(info, body, ret, v);
		check_level(info, chain, body, ret, v);
	}
	json_object_put(info);
}
