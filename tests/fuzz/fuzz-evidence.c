// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold for any bytes that pretend to be evidence or claims: no crash, no read outside of
 * them, and whatever is accepted has one spelling. The first byte chooses which reader.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "fuzz.h"

#define MUST(x) do { if (!(x)) abort(); } while (0)

/* Dropping unknown keys makes it shorter; otherwise it is the input, to the byte. */
static void check_spelling(const uint8_t *data, size_t len, const uint8_t *again, size_t len_again)
{
	MUST(len_again <= len);
	MUST(len_again < len || memcmp(data, again, len) == 0);
}

static void try_evidence(const uint8_t *data, size_t len)
{
	uint8_t *first, *second;
	size_t len_first, len_second;
	struct evidence ev;
	const char *why = NULL;

	if (ev_decode(data, len, &ev, &why) < 0) {
		MUST(why || len > 9 << 17);
		return;
	}
	MUST(ev_encode(&ev, &first, &len_first) == 0);
	ev_done(&ev);
	check_spelling(data, len, first, len_first);
	MUST(ev_decode(first, len_first, &ev, NULL) == 0);
	MUST(ev_encode(&ev, &second, &len_second) == 0);
	ev_done(&ev);
	MUST(len_first == len_second && memcmp(first, second, len_first) == 0);
	free(first);
	free(second);
}

static void try_claims(const uint8_t *data, size_t len)
{
	uint8_t *first, *second;
	size_t len_first, len_second;
	struct ev_claims claims;
	const char *why = NULL;

	if (ev_claims_decode(data, len, &claims, &why) < 0) {
		MUST(why || len > 4096);
		return;
	}
	MUST(ev_claims_encode(&claims, &first, &len_first) == 0);
	ev_claims_done(&claims);
	check_spelling(data, len, first, len_first);
	MUST(ev_claims_decode(first, len_first, &claims, NULL) == 0);
	MUST(ev_claims_encode(&claims, &second, &len_second) == 0);
	ev_claims_done(&claims);
	MUST(len_first == len_second && memcmp(first, second, len_first) == 0);
	free(first);
	free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] == 'c')
		try_claims(data + 1, len - 1);
	else
		try_evidence(data + 1, len - 1);
	return 0;
}
