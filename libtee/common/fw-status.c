// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Codes of TDX. The call to the host and the quote buffer have a status each, from one table (Intel
 * GHCI 1.5, TDG.VP.VMCALL<GetQuote>); a TDCALL answers with a class in its upper half and details,
 * such as which operand, in the lower one (Intel TDX module ABI, completion status codes).
 */
#include <stddef.h>

#include "fw-status.h"

#define PROVIDER_TDX	2	/* frozen in <linux/teegate.h>, which this file does without */

struct code {
	uint64_t code;
	const char *text;
};

static const struct code quote_codes[] = {
	{ 0x8000000000000000, "an error without particulars; of a quote, the host's quoting service has the reason" },
	{ 0x8000000000000001, "the host offers no quoting service; its operator has to start one" },
	{ 0x8000000000000003, "this host does not know the call; its operator has to enable quotes" },
	{ 0xffffffffffffffff, "the host still works on it" },
};

static const struct code tdcall_classes[] = {
	{ 0x80000200, "TDX_OPERAND_BUSY: the TDX module was busy with the registers; try again" },
	{ 0xc0000100, "TDX_OPERAND_INVALID: the TDX module refused an operand" },
	{ 0xc0000101, "TDX_OPERAND_ADDR_RANGE_ERROR: the TDX module refused an address" },
};

static const char *find(const struct code *codes, size_t count, uint64_t code)
{
	for (size_t i = 0; i < count; i++)
		if (codes[i].code == code)
			return codes[i].text;
	return NULL;
}

#define FIND(codes, code) find(codes, sizeof(codes) / sizeof((codes)[0]), code)

const char *fw_status_text(uint32_t provider, uint64_t status)
{
	const char *text;

	if (provider != PROVIDER_TDX)
		return NULL;
	text = FIND(quote_codes, status);
	return text ? text : FIND(tdcall_classes, status >> 32);
}
