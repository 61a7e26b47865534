// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Takes a TDX quote apart. Every length in it must be exact: what does not nest as the quoting
 * library writes it is refused, so that no byte of the signature data is left unread. Nothing here
 * says that the quote is genuine; that is tdx-verify.c.
 */
#include <string.h>

#include "bytes.h"
#include "tdx-quote.h"

#define HEADER_SIZE		48
#define BODY_10_SIZE		584
#define BODY_15_SIZE		648
#define DESCRIPTOR_SIZE		6	/* version 5: type and size of the body */
#define BODY_TYPE_TD10		2
#define BODY_TYPE_TD15		3
#define KEY_TYPE_P256		2
#define TEE_TYPE_TDX		0x81
#define CERT_TYPE_CHAIN		5
#define CERT_TYPE_QE_REPORT	6
#define TD_INFO_SIZE		400

/* An SEV-SNP report of the same version has zeros where the key type is, whatever its SVN. */
bool looks_like_tdx_quote(const uint8_t *data, size_t len)
{
	return len >= HEADER_SIZE && (le16(data) == 4 || le16(data) == 5) && le16(data + 2) &&
	       le32(data + 4) == TEE_TYPE_TDX;
}

bool looks_like_tdreport(const uint8_t *data, size_t len)
{
	return len == TDREPORT_SIZE && data[0] == TEE_TYPE_TDX && data[1] == 0 && data[3] == 0;
}

/* The 400 bytes that a quote and a TDREPORT have in the same order. */
static void parse_td_info(const uint8_t *info, struct td_body *ret)
{
	ret->td_info = info;
	ret->attributes = le64(info);
	ret->xfam = le64(info + 8);
	ret->mr_td = info + 16;
	ret->mr_config_id = info + 64;
	ret->mr_owner = info + 112;
	ret->mr_owner_config = info + 160;
	for (size_t i = 0; i < TDX_RTMR_COUNT; i++)
		ret->rtmr[i] = info + 208 + i * TDX_HASH_SIZE;
}

static void parse_body(const uint8_t *body, bool td15, struct td_body *ret)
{
	*ret = (struct td_body){
		.td15 = td15,
		.tee_tcb_svn = body,
		.mr_seam = body + 16,
		.mr_signer_seam = body + 64,
		.seam_attributes = body + 112,
		.report_data = body + 120 + TD_INFO_SIZE,
		.tee_tcb_svn2 = td15 ? body + BODY_10_SIZE : NULL,
		.mr_service_td = td15 ? body + BODY_10_SIZE + 16 : NULL,
	};
	parse_td_info(body + 120, ret);
}

void tdreport_parse(const uint8_t *data, struct td_body *ret)
{
	const uint8_t *tcb = data + 256, *info = data + 512;

	*ret = (struct td_body){
		.tee_tcb_svn = tcb + 8,
		.mr_seam = tcb + 24,
		.mr_signer_seam = tcb + 72,
		.seam_attributes = tcb + 120,
		.report_data = data + 128,
	};
	parse_td_info(info, ret);
}

void qe_report_parse(const uint8_t *raw, struct qe_report *ret)
{
	*ret = (struct qe_report){
		.misc_select = le32(raw + 16),
		.attributes = raw + 48,
		.mr_signer = raw + 128,
		.isv_prod_id = le16(raw + 256),
		.isv_svn = le16(raw + 258),
		.report_data = raw + 320,
	};
}

/* A cursor that never leaves the data; once it would have, everything fails. */
struct cursor {
	const uint8_t *at;
	size_t left;
	bool short_of;
};

static const uint8_t *take(struct cursor *c, size_t len)
{
	const uint8_t *at = c->at;

	if (c->short_of || len > c->left) {
		c->short_of = true;
		return NULL;
	}
	c->at += len;
	c->left -= len;
	return at;
}

static size_t take_le(struct cursor *c, size_t size)
{
	const uint8_t *p = take(c, size);

	if (!p)
		return 0;
	return size == 2 ? le16(p) : le32(p);
}

/* Returns NULL, or what is wrong. */
static const char *read_signature_data(struct cursor data, struct tdx_quote *ret)
{
	struct cursor inner;
	size_t type, len;

	ret->signature = take(&data, TDX_SIGNATURE_SIZE);
	ret->key = take(&data, TDX_KEY_SIZE);
	type = take_le(&data, 2);
	len = take_le(&data, 4);
	if (data.short_of)
		return "the signature data is cut off";
	if (type != CERT_TYPE_QE_REPORT)
		return "its certification data is not a report of the quoting enclave (type 6)";
	if (len != data.left)
		return "the length of the certification data is not what is left";
	inner = data;
	ret->qe_report = take(&inner, QE_REPORT_SIZE);
	ret->qe_signature = take(&inner, TDX_SIGNATURE_SIZE);
	ret->auth_data.len = take_le(&inner, 2);
	ret->auth_data.data = take(&inner, ret->auth_data.len);
	type = take_le(&inner, 2);
	len = take_le(&inner, 4);
	if (inner.short_of)
		return "the certification data is cut off";
	if (type != CERT_TYPE_CHAIN)
		return "it does not hold the PCK certificate chain (type 5)";
	if (len != inner.left)
		return "the length of the certificate chain is not what is left";
	ret->chain = (struct tee_bytes){ inner.at, inner.left };
	return NULL;
}

static const char *read_body(struct cursor *c, struct tdx_quote *ret)
{
	size_t type = BODY_TYPE_TD10, len = BODY_10_SIZE;
	const uint8_t *body;

	if (ret->version == 5) {
		type = take_le(c, 2);
		len = take_le(c, 4);
	}
	if (c->short_of)
		return "it is cut off";
	if (type != BODY_TYPE_TD10 && type != BODY_TYPE_TD15)
		return "its body is not that of a TD (type 2 or 3)";
	if (len != (type == BODY_TYPE_TD15 ? BODY_15_SIZE : BODY_10_SIZE))
		return "its body does not have the size of its type";
	body = take(c, len);
	if (!body)
		return "it is cut off";
	parse_body(body, type == BODY_TYPE_TD15, &ret->body);
	return NULL;
}

static const char *read_quote(const uint8_t *data, size_t len, struct tdx_quote *ret)
{
	struct cursor c = { data, len, false }, signature;
	const char *why;
	size_t size;

	take(&c, HEADER_SIZE);
	why = read_body(&c, ret);
	if (why)
		return why;
	ret->signed_len = (size_t)(c.at - data);
	size = take_le(&c, 4);
	signature.at = take(&c, size);
	if (c.short_of)
		return "it is cut off";
	signature.left = size;
	signature.short_of = false;
	ret->tail = (struct tee_bytes){ c.at, c.left };
	return read_signature_data(signature, ret);
}

/* Source of the vendor's UUID: sgx_quote_4.h of Intel's DCAP; it stands in every real quote. */
static void check_header(const uint8_t *raw, tee_verdict *v)
{
	static const uint8_t intel[16] = {
		0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
		0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07,
	};

	if (le32(raw + 4) != TEE_TYPE_TDX)
		verdict_fail(v, TDX_QUOTE_HEADER, "TEE type 0x%x; TDX is 0x81", le32(raw + 4));
	else if (le16(raw + 2) != KEY_TYPE_P256)
		verdict_fail(v, TDX_QUOTE_HEADER,
			     "attestation key type %u; only 2 (ECDSA P-256) is understood",
			     le16(raw + 2));
	else if (memcmp(raw + 12, intel, sizeof(intel)))
		verdict_fail(v, TDX_QUOTE_HEADER,
			     "the quoting enclave is not from Intel, by its vendor id");
	else
		verdict_pass(v, TDX_QUOTE_HEADER, SET(TDX_QUOTE_VERSION),
			     "a TDX quote by Intel's quoting enclave, ECDSA on P-256");
}

static bool check_version(const uint8_t *data, size_t len, tee_verdict *v)
{
	unsigned int version = len >= HEADER_SIZE ? le16(data) : 0;

	if (len < HEADER_SIZE)
		verdict_fail(v, TDX_QUOTE_VERSION, "%zu bytes are no quote", len);
	else if (version != 4 && version != 5)
		verdict_fail(v, TDX_QUOTE_VERSION, "quote version %u; 4 and 5 are understood",
			     version);
	else
		verdict_pass(v, TDX_QUOTE_VERSION, NEEDS_NOTHING, "quote version %u", version);
	return len >= HEADER_SIZE && (version == 4 || version == 5);
}

/* Buffers are padded on their way to the guest, and nobody has signed what follows. */
static void check_tail(const struct tdx_quote *quote, tee_verdict *v)
{
	if (!bytes_are_zero(quote->tail.data, quote->tail.len))
		verdict_warn(v, TDX_QUOTE_TAIL,
			     "%zu bytes that are not padding follow after the quote; nobody signed them",
			     quote->tail.len);
	else
		verdict_pass(v, TDX_QUOTE_TAIL, NEEDS_NOTHING, "%zu bytes of padding follow",
			     quote->tail.len);
}

bool tdx_quote_parse(const uint8_t *data, size_t len, struct tdx_quote *ret, tee_verdict *v)
{
	const char *why;

	if (!check_version(data, len, v))
		return false;
	*ret = (struct tdx_quote){ .raw = data, .version = le16(data) };
	check_header(data, v);
	why = read_quote(data, len, ret);
	if (why) {
		verdict_fail(v, TDX_QUOTE_FORMAT, "the quote is malformed: %s", why);
		return false;
	}
	verdict_pass(v, TDX_QUOTE_FORMAT, SET(TDX_QUOTE_VERSION),
		     "all lengths in the quote are exact; its body is that of TDX %s",
		     ret->body.td15 ? "1.5" : "1.0");
	check_tail(ret, v);
	return true;
}

static void hash_fact(tee_verdict *v, const char *name, const uint8_t *hash)
{
	if (hash)
		verdict_fact_hex(v, name, hash, TDX_HASH_SIZE);
}

void td_body_facts(const struct td_body *body, tee_verdict *v)
{
	static const char *const rtmr[] = {
		"report.rtmr0", "report.rtmr1", "report.rtmr2", "report.rtmr3",
	};

	verdict_fact_hex(v, "report.report_data", body->report_data, TDX_REPORT_DATA_SIZE);
	hash_fact(v, "report.measurement", body->mr_td);
	for (size_t i = 0; i < TDX_RTMR_COUNT; i++)
		hash_fact(v, rtmr[i], body->rtmr[i]);
	verdict_fact(v, "report.attributes", "0x%016llx", (unsigned long long)body->attributes);
	verdict_fact(v, "report.xfam", "0x%016llx", (unsigned long long)body->xfam);
	hash_fact(v, "report.mr_config_id", body->mr_config_id);
	hash_fact(v, "report.mr_owner", body->mr_owner);
	hash_fact(v, "report.mr_owner_config", body->mr_owner_config);
	hash_fact(v, "report.mr_service_td", body->mr_service_td);
	verdict_fact_hex(v, "report.tee_tcb_svn", body->tee_tcb_svn, TDX_SVN_COUNT);
	if (body->td15)
		verdict_fact_hex(v, "report.tee_tcb_svn2", body->tee_tcb_svn2, TDX_SVN_COUNT);
	hash_fact(v, "report.mr_seam", body->mr_seam);
	hash_fact(v, "report.mr_signer_seam", body->mr_signer_seam);
	verdict_fact_hex(v, "report.seam_attributes", body->seam_attributes, 8);
}

void tdx_quote_facts(const struct tdx_quote *quote, tee_verdict *v)
{
	struct qe_report qe;

	verdict_fact(v, "report.version", "%u", quote->version);
	verdict_fact_hex(v, "report.quote_user_data", quote->raw + 28, 20);
	td_body_facts(&quote->body, v);
	qe_report_parse(quote->qe_report, &qe);
	verdict_fact(v, "report.qe_isv_svn", "%u", qe.isv_svn);
	verdict_fact_hex(v, "report.qe_mr_signer", qe.mr_signer, 32);
}
