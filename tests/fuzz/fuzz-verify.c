// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold for any bytes that a relying party is handed: no crash, no read outside of them,
 * nothing unprintable in the verdict, and never a good one unless the real report or quote of
 * tests/vectors is in them, or the one answer of Secure Execution that was made here. The first
 * byte chooses what the rest pretends to be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "fuzz.h"
#include "se-verify.h"
#include "snp-table.h"
#include "tdx-log.h"
#include "tdx-verify.h"
#include "tee-verify.h"

#define MUST(x) do { if (!(x)) abort(); } while (0)
#define REPORT_SIZE 1184
#define QUOTE_SIGNED 632	/* header and body, version 4 */

struct file {
	uint8_t data[32768];
	size_t len;
};

static struct file root, leaf, report, intel_root, quote, collateral;
/* Secure Execution: s390-tools' request and header, answered once by ourselves. */
static struct file arcb, header, host_key;
static uint8_t arpk[SE_ARPK_SIZE], measurement[SE_HMAC_SIZE];
static const uint8_t config_uid[SE_CONFIG_UID_SIZE] = "fuzzed guest";
static uint8_t additional[2 * SE_PHKH_SIZE];

static void load(const char *name, struct file *ret)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", VECTORS, name);
	file = fopen(path, "rb");
	MUST(file);
	ret->len = fread(ret->data, 1, sizeof(ret->data), file);
	fclose(file);
	MUST(ret->len > 0 && ret->len < sizeof(ret->data));
}

static void check_text(const char *text)
{
	for (; *text; text++)
		MUST(*text >= 0x20 && *text < 0x7f);
}

/* What was judged, or a part of it that is enough to know it by. */
static bool is_genuine(const uint8_t *data, size_t len)
{
	return memmem(data, len, report.data, REPORT_SIZE) ||
	       memmem(data, len, quote.data, QUOTE_SIGNED) ||
	       memmem(data, len, measurement, SE_HMAC_SIZE);
}

static void check_verdict(tee_verdict *v, const uint8_t *data, size_t len)
{
	const char *name, *text;

	for (size_t i = 0; !tee_verdict_get(v, i, &name, NULL, &text); i++)
		check_text(text);
	for (size_t i = 0; !tee_verdict_fact(v, i, &name, &text); i++)
		check_text(text);
	MUST(!tee_verdict_ok(v) == !!tee_verdict_first_failure(v));
	MUST(!tee_verdict_ok(v) || is_genuine(data, len));
	tee_verdict_free(v);
}

static void check_table(const uint8_t *data, size_t len)
{
	struct tee_bytes bytes = { data, len };
	struct snp_table table;

	if (snp_table_parse(bytes, &table))
		return;
	for (size_t i = 0; i < TABLE_SLOTS; i++) {
		const uint8_t *cert = table.certs[i].data;

		MUST(!cert || (cert >= data && table.certs[i].len <= len &&
			       cert + table.certs[i].len <= data + len));
	}
}

/* Whatever is no real collateral leaves the real quote without a good verdict. */
static void check_collateral(const uint8_t *data, size_t len, struct tee_verify_params *params)
{
	static const char name[] = "\"tcb_info_signature\": \"";
	const uint8_t *signature = memmem(collateral.data, collateral.len, name, sizeof(name) - 1);
	tee_verdict *v = NULL;

	MUST(signature);
	params->collateral = (struct tee_bytes){ data, len };
	params->time = 1751328000;	/* 2025-07-01 */
	MUST(!tee_verify_tdx_quote(quote.data, quote.len, params, &v));
	MUST(!len || !tee_verdict_ok(v) ||
	     memmem(data, len, signature + sizeof(name) - 1, 128));
	check_verdict(v, quote.data, quote.len);
}

/* No log replays to the registers of the real quote: it came without one. */
static void check_log(const uint8_t *data, size_t len)
{
	tee_verdict *v = verdict_new(&tdx_checks);
	struct tee_bytes log = { data, len };
	enum tee_check_result result;
	struct tdx_quote parsed;
	const char *name;

	MUST(v && tdx_quote_parse(quote.data, quote.len, &parsed, v));
	MUST(!tdx_log_check(NULL, log, &parsed.body, v));
	for (size_t i = 0; !tee_verdict_get(v, i, &name, &result, NULL); i++)
		MUST(strcmp(name, "event_log.replay") || result != TEE_CHECK_PASSED);
	MUST(!len || tee_verdict_first_failure(v));
	check_verdict(v, quote.data, quote.len);
}

static void check_tdx(uint8_t kind, const uint8_t *data, size_t len)
{
	struct tee_verify_params params = {
		.size = sizeof(params),
		.root = { intel_root.data, intel_root.len },
		.time = 1750000000,
	};
	tee_verdict *v = NULL;

	if (kind == 5) {
		MUST(!tee_verify_tdx_quote(data, len, &params, &v));
		check_verdict(v, data, len);
	} else if (kind == 6) {
		check_collateral(data, len, &params);
	} else {
		check_log(data, len);
	}
}

static struct se_answer genuine_answer(void)
{
	return (struct se_answer){
		.challenge = { arcb.data, arcb.len },
		.measurement = { measurement, sizeof(measurement) },
		.additional = { additional, sizeof(additional) },
		.user_data = { (const uint8_t *)"hello", 5 },
		.config_uid = { config_uid, sizeof(config_uid) },
	};
}

/* As an Ultravisor would that has the host key; its parts are where the formats have them. */
static void answer_once(void)
{
	tee_verdict *v = verdict_new(&se_checks);
	struct se_answer answer = genuine_answer();
	struct se_header head;
	struct se_secret secret;
	struct se_arcb parsed;

	load("se/pv-arcb.bin", &arcb);
	load("se/pv-secure_guest.hdr", &header);
	load("se/pv-keys-host.pem.crt", &host_key);
	memset(arpk, 0x17, sizeof(arpk));
	answer = genuine_answer();
	MUST(v && se_arcb_parse(&answer.challenge, &parsed, v));
	MUST(se_header_check((struct tee_bytes){ header.data, header.len }, &head, v));
	MUST(!se_arcb_open(NULL, &parsed, arpk, &secret));
	memcpy(additional, se_slot_phkh(&head.slots, 0), SE_PHKH_SIZE);
	memcpy(additional + SE_PHKH_SIZE, se_slot_phkh(&parsed.slots, 0), SE_PHKH_SIZE);
	MUST(!se_measure(NULL, &head, &secret, &answer, measurement));
	tee_verdict_free(v);
}

/* The genuine answer with one thing that the caller brings replaced by anything. */
static void check_brought(uint8_t kind, const uint8_t *data, size_t len,
			  struct tee_verify_params *params)
{
	struct se_answer answer = genuine_answer();
	struct exchange ex = {
		.challenge = answer.challenge,
		.measurement = answer.measurement,
		.additional = answer.additional,
		.user_data = answer.user_data,
		.config_uid = answer.config_uid,
	};
	struct tee_bytes brought = { data, len };
	tee_verdict *v = NULL;
	uint8_t *file;
	size_t file_len;

	if (kind == 9)
		params->se_header = brought;
	else if (kind == 10)
		params->host_keys = brought;
	else
		params->challenge = brought;
	MUST(!exchange_build(&ex, &file, &file_len));
	MUST(!tee_verify_se_exchange(file, file_len, params, &v));
	if (kind == 9)	/* what is measured of a header must be in it */
		MUST(!tee_verdict_ok(v) ||
		     memmem(data, len, header.data + 224, 3 * SE_DIGEST_SIZE));
	if (kind == 11)
		MUST(!tee_verdict_ok(v) || !len || memmem(data, len, arcb.data, arcb.len));
	check_verdict(v, file, file_len);
	free(file);
}

static void check_se(uint8_t kind, const uint8_t *data, size_t len,
		     struct tee_verify_params *params)
{
	tee_verdict *v = NULL;

	if (kind > 8) {
		check_brought(kind, data, len, params);
		return;
	}
	MUST(!tee_verify_se_exchange(data, len, params, &v));
	check_verdict(v, data, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tee_verify_params params = {
		.size = sizeof(params),
		.flags = TEE_VERIFY_ALLOW_RAW,
		.time = 1750000000,
	};
	tee_verdict *v = NULL;
	uint8_t kind;

	if (!root.len) {
		load("roots/snp/milan_ask_ark.pem", &root);
		load("snp/milan-v3/vcek.der", &leaf);
		load("snp/milan-v3/report.bin", &report);
		load("roots/tdx/intel_sgx_root.pem", &intel_root);
		load("tdx/emr-v4/quote.bin", &quote);
		load("tdx/emr-v4/collateral.json", &collateral);
		answer_once();
	}
	if (!len)
		return 0;
	kind = *data++ % 12;
	len--;
	params.root = (struct tee_bytes){ root.data, root.len };
	params.leaf = (struct tee_bytes){ leaf.data, leaf.len };
	params.arpk = (struct tee_bytes){ arpk, sizeof(arpk) };
	params.se_header = (struct tee_bytes){ header.data, header.len };
	if (kind == 0) {
		MUST(!tee_verify(data, len, &params, &v));
		check_verdict(v, data, len);
	} else if (kind == 1) {
		MUST(!tee_verify_snp_report(data, len, &params, &v));
		check_verdict(v, data, len);
	} else if (kind == 2) {
		check_table(data, len);
	} else if (kind >= 8) {
		check_se(kind, data, len, &params);
	} else if (kind >= 5) {
		check_tdx(kind, data, len);
	} else if (len) {
		if (kind == 3)
			params.leaf = (struct tee_bytes){ data, len };
		else
			params.crl = (struct tee_bytes){ data, len };
		MUST(!tee_verify_snp_report(report.data, REPORT_SIZE, &params, &v));
		check_verdict(v, report.data, REPORT_SIZE);
	}
	return 0;
}
