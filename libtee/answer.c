// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Does a report answer what was asked? Only the 64 bytes of report_data are looked at, at the place
 * where each vendor has them, and the form as far as it takes to find that place. A measurement of
 * Secure Execution has no such place: there the module says what it gave to the Ultravisor. Nothing
 * is verified here: this keeps a module that mixes up its answers from passing for a good one.
 *
 * Numbers in the vendors' structures are little-endian, whatever this machine is.
 */
#include <string.h>

#include <linux/teegate.h>

#include "context.h"

#define REPORT_DATA_SIZE	64
#define BOUND_TAG		"teegate/bound/v1"
#define BOUND_TAG_SIZE		16

/* SEV-SNP ABI specification (AMD 56860), ATTESTATION_REPORT */
#define SNP_REPORT_SIZE		1184
#define SNP_REPORT_DATA		0x50

/* Intel TDX module ABI, TDREPORT_STRUCT: REPORTMACSTRUCT comes first */
#define TDREPORT_SIZE		1024
#define TDREPORT_TYPE		0x81	/* at byte 0; an SGX report has 0 there */
#define TDREPORT_DATA		0x80

/* Intel TDX DCAP quote generation library, rev 0.9, A.3 (version 4) and A.4 (version 5) */
#define QUOTE_HEADER_SIZE	48
#define QUOTE_TEE_TYPE		4	/* offset of a u32 */
#define TEE_TDX			0x81
#define QUOTE_V5_BODY		6	/* u16 type and u32 size stand before the body */
#define BODY_REPORT_DATA	520	/* the same in the bodies of TDX 1.0 and 1.5 */
#define BODY_TD10		2
#define BODY_TD15		3

/* s390-tools, rust/pv: HMAC-SHA512 */
#define SE_MEASUREMENT_SIZE	64

static uint32_t le16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p) | le16(p + 2) << 16;
}

/* Where report_data is in a quote, or NULL. */
static const uint8_t *quote_report_data(const uint8_t *quote, size_t len)
{
	size_t body = QUOTE_HEADER_SIZE;

	if (len < QUOTE_HEADER_SIZE + QUOTE_V5_BODY || le32(quote + QUOTE_TEE_TYPE) != TEE_TDX)
		return NULL;
	switch (le16(quote)) {
	case 4:
		break;
	case 5:
		if (le16(quote + body) != BODY_TD10 && le16(quote + body) != BODY_TD15)
			return NULL;
		body += QUOTE_V5_BODY;
		break;
	default:
		return NULL;
	}
	body += BODY_REPORT_DATA;
	return len >= body + REPORT_DATA_SIZE ? quote + body : NULL;
}

static const uint8_t *find_report_data(uint32_t provider, const uint8_t *report, size_t len,
				       bool local)
{
	switch (provider) {
	case TEEGATE_PROVIDER_SEV_SNP:
		return len == SNP_REPORT_SIZE && !local ? report + SNP_REPORT_DATA : NULL;
	case TEEGATE_PROVIDER_TDX:
		if (!local)
			return quote_report_data(report, len);
		return len == TDREPORT_SIZE && report[0] == TDREPORT_TYPE ? report + TDREPORT_DATA :
									    NULL;
	default:
		return NULL;
	}
}

static bool is_bound(const uint8_t *report_data)
{
	return memcmp(report_data + REPORT_DATA_SIZE - BOUND_TAG_SIZE, BOUND_TAG,
		      BOUND_TAG_SIZE) == 0;
}

/* Raw user data is not in the answer at all, so there is nothing to compare. */
static bool measurement_answers(const struct teegate_get_report *arg,
				const struct tee_request *request)
{
	if (arg->report_len != SE_MEASUREMENT_SIZE)
		return false;
	/* One challenge, one answer: it cannot be shared with other requests. */
	return (request->flags & TEE_REPORT_RAW) ||
	       (arg->tree_size == 1 && is_bound(arg->report_data));
}

bool tee_report_answers(const struct teegate_get_report *arg, const uint8_t *report,
			const struct tee_request *request)
{
	uint8_t expected[REPORT_DATA_SIZE] = { 0 };
	const uint8_t *data;

	/* One TEE answers challenges, and nothing else; the others know none. */
	if ((arg->provider == TEEGATE_PROVIDER_SE) != (request->challenge_len > 0))
		return false;
	if (arg->provider == TEEGATE_PROVIDER_SE)
		return measurement_answers(arg, request);
	data = find_report_data(arg->provider, report, arg->report_len,
				request->flags & TEE_REPORT_LOCAL);
	if (!data || request->user_data_len > sizeof(expected))
		return false;
	if (!(request->flags & TEE_REPORT_RAW))
		return is_bound(data);
	if (request->user_data_len > 0)
		memcpy(expected, request->user_data, request->user_data_len);
	return memcmp(data, expected, sizeof(expected)) == 0;
}
