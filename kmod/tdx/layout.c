// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is where in a TDREPORT and in a quote: enough to see that an answer is the one to our
 * question. No signature is checked here; that is for whoever relies on the quote.
 *
 * TDREPORT_STRUCT: Intel TDX module ABI specification (348551). Quotes: Intel TDX DCAP quoting
 * library API, A.3 (version 4) and A.4 (version 5).
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "tdx.h"

#define TYPE_TDX		0x81

/* TDREPORT_STRUCT */
#define REPORT_REPORT_DATA	128
#define REPORT_RTMR		720

/* Quote: header, then (since version 5) type and size of the body, body, length of signature */
#define QUOTE_TEE_TYPE		4
#define QUOTE_HEADER		48
#define QUOTE_V5_BODY_HEAD	6
#define BODY_10			2
#define BODY_10_SIZE		584
#define BODY_15			3
#define BODY_15_SIZE		648
#define BODY_RTMR		328
#define BODY_REPORT_DATA	520

static_assert(QUOTE_HEADER + BODY_10_SIZE + sizeof(u32) + 1 == TG_TDX_QUOTE_MIN);

int tg_tdx_check_tdreport(const u8 *report, const u8 *report_data, const u8 **ret_rtmrs)
{
	if (report[0] != TYPE_TDX ||
	    memcmp(report + REPORT_REPORT_DATA, report_data, TG_REPORT_DATA_SIZE))
		return -EPROTO;
	*ret_rtmrs = report + REPORT_RTMR;
	return 0;
}

static u32 v5_body_size(const u8 *head)
{
	u16 type = get_unaligned_le16(head);
	u32 size = get_unaligned_le32(head + sizeof(type));

	if ((type == BODY_10 && size == BODY_10_SIZE) || (type == BODY_15 && size == BODY_15_SIZE))
		return size;
	return 0;
}

/* Where the body begins; 0 when there is none that we know. @quote has TG_TDX_QUOTE_MIN bytes. */
static u32 find_body(const u8 *quote, u32 *ret_size)
{
	switch (get_unaligned_le16(quote)) {
	case 4:
		*ret_size = BODY_10_SIZE;
		return QUOTE_HEADER;
	case 5:
		*ret_size = v5_body_size(quote + QUOTE_HEADER);
		return *ret_size ? QUOTE_HEADER + QUOTE_V5_BODY_HEAD : 0;
	default:
		return 0;
	}
}

/* Hosts pad their quotes with zeroes; what counts is that nothing is missing. */
static bool signature_is_there(const u8 *quote, u32 len, u32 at)
{
	u32 size;

	if (len < at + sizeof(size))
		return false;
	size = get_unaligned_le32(quote + at);
	return size && size <= len - at - sizeof(size);
}

int tg_tdx_check_quote(const u8 *quote, u32 len, const u8 *report_data, const u8 **ret_rtmrs)
{
	u32 at, size;

	if (len < TG_TDX_QUOTE_MIN || get_unaligned_le32(quote + QUOTE_TEE_TYPE) != TYPE_TDX)
		return -EPROTO;
	at = find_body(quote, &size);
	if (!at || !signature_is_there(quote, len, at + size))
		return -EPROTO;
	if (memcmp(quote + at + BODY_REPORT_DATA, report_data, TG_REPORT_DATA_SIZE))
		return -EPROTO;
	*ret_rtmrs = quote + at + BODY_RTMR;
	return 0;
}
