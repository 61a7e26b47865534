// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Codes of TDX. The call to the host and the quote buffer have a status each, from one table (Intel
 * GHCI 1.5, TDG.VP.VMCALL<GetQuote>); a TDCALL answers with a class in its upper half and details,
 * such as which operand, in the lower one (Intel TDX module ABI, completion status codes).
 *
 * Codes of the Ultravisor of IBM Z: the reason code of one of its calls, and below it 16 bits that
 * only IBM can read. What a reason means depends on the call (s390-tools, rust/pv_core); a table for
 * those about the store of secrets stands beside the one for attestation.
 */
#include <stddef.h>

#include "fw-status.h"

/* Frozen in <linux/teegate.h>, which this file does without. */
#define PROVIDER_TDX	2
#define PROVIDER_SE	3

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

static const struct code attestation_codes[] = {
	{ 0x0002, "this Ultravisor does not know the call" },
	{ 0x0102, "the user data is too long" },
	{ 0x0106, "the version of the challenge is not known" },
	{ 0x0107, "the length in the challenge is wrong" },
	{ 0x0108, "the number of host keys in the challenge is wrong" },
	{ 0x0109, "the size of the encrypted part of the challenge is wrong" },
	{ 0x010a, "the challenge demands additional data that this Ultravisor does not have" },
	{ 0x010b, "the measurement algorithm of the challenge is not known" },
	{ 0x010c, "the challenge cannot be opened: it was made for another host, or changed on its way" },
};

static const struct code secret_codes[] = {
	{ 0x0002, "this Ultravisor does not know the call" },
	{ 0x0101, "this guest may not change its store of secrets" },
	{ 0x0102, "the store of secrets is locked" },
	{ 0x0104, "the version of the request is not known" },
	{ 0x0105, "the length of the request is wrong" },
	{ 0x0106, "the number of host keys in the request is wrong" },
	{ 0x0107, "the request has flags that are not known" },
	{ 0x0108, "the request cannot be opened: it was made for another host or guest, or changed on its way" },
	{ 0x0109, "the type of the secret is not known" },
	{ 0x010a, "the secret has a wrong length for its type" },
	{ 0x010b, "the store of secrets is full" },
	{ 0x010c, "the secret cannot be added" },
	{ 0x010d, "a dump of this guest is being made; try again later" },
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

	if (provider == PROVIDER_SE)
		return FIND(attestation_codes, status >> 16);
	if (provider != PROVIDER_TDX)
		return NULL;
	text = FIND(quote_codes, status);
	return text ? text : FIND(tdcall_classes, status >> 32);
}

const char *fw_status_secret_text(uint64_t status)
{
	return FIND(secret_codes, status >> 16);
}
