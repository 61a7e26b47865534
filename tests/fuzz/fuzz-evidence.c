// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold for any bytes that pretend to be evidence, claims, details of Secure Execution or
 * an exchange file: no crash, no read outside of them, and whatever is accepted has one spelling.
 * The first byte chooses which reader: e, c, s or x.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "exchange.h"
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

static void check_inside(const struct ev_bytes *part, const uint8_t *data, size_t len)
{
	MUST(!part->data || (part->data >= data && part->len <= len &&
			     part->data + part->len <= data + len));
}

static void try_se(const uint8_t *data, size_t len)
{
	struct ev_bytes details = { data, len };
	struct ev_se se;
	uint8_t *again;
	size_t len_again;
	const char *why = NULL;

	if (ev_se_decode(&details, &se, &why) < 0) {
		MUST(why);
		return;
	}
	check_inside(&se.challenge, data, len);
	check_inside(&se.config_uid, data, len);
	check_inside(&se.user_data, data, len);
	MUST(ev_se_encode(&se, &again, &len_again) == 0);
	check_spelling(data, len, again, len_again);
	free(again);
}

/* Byte for byte, unless an empty part has a place, which the format ignores. */
static void try_exchange(const uint8_t *data, size_t len)
{
	struct exchange ex, same;
	uint8_t *again;
	size_t len_again;
	const char *why = NULL;

	if (exchange_parse(data, len, &ex, &why) < 0) {
		MUST(why);
		return;
	}
	MUST(len <= EXCHANGE_MAX);
	check_inside(&ex.challenge, data, len);
	check_inside(&ex.measurement, data, len);
	check_inside(&ex.additional, data, len);
	check_inside(&ex.user_data, data, len);
	check_inside(&ex.config_uid, data, len);
	MUST(exchange_build(&ex, &again, &len_again) == 0);
	MUST(len_again == len && memcmp(data, again, 24) == 0);
	MUST(memcmp(data + 64, again + 64, len - 64) == 0);
	MUST(exchange_parse(again, len_again, &same, NULL) == 0);
	MUST(same.measurement_size == ex.measurement_size);
	MUST(same.additional_size == ex.additional_size);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] == 'c')
		try_claims(data + 1, len - 1);
	else if (data[0] == 's')
		try_se(data + 1, len - 1);
	else if (data[0] == 'x')
		try_exchange(data + 1, len - 1);
	else
		try_evidence(data + 1, len - 1);
	return 0;
}
