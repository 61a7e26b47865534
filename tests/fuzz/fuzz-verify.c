// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold for any bytes that a relying party is handed: no crash, no read outside of them,
 * nothing unprintable in the verdict, and never a good one unless the real report of tests/vectors
 * is in them. The first byte chooses what the rest pretends to be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "snp-table.h"
#include "tee-verify.h"

#define MUST(x) do { if (!(x)) abort(); } while (0)
#define REPORT_SIZE 1184

struct file {
	uint8_t data[8192];
	size_t len;
};

static struct file root, leaf, report;

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

static void check_verdict(tee_verdict *v, const uint8_t *data, size_t len)
{
	const char *name, *text;

	for (size_t i = 0; !tee_verdict_get(v, i, &name, NULL, &text); i++)
		check_text(text);
	for (size_t i = 0; !tee_verdict_fact(v, i, &name, &text); i++)
		check_text(text);
	MUST(!tee_verdict_ok(v) == !!tee_verdict_first_failure(v));
	MUST(!tee_verdict_ok(v) || memmem(data, len, report.data, REPORT_SIZE));
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
	}
	if (!len)
		return 0;
	kind = *data++ % 5;
	len--;
	params.root = (struct tee_bytes){ root.data, root.len };
	params.leaf = (struct tee_bytes){ leaf.data, leaf.len };
	if (kind == 0) {
		MUST(!tee_verify(data, len, &params, &v));
		check_verdict(v, data, len);
	} else if (kind == 1) {
		MUST(!tee_verify_snp_report(data, len, &params, &v));
		check_verdict(v, data, len);
	} else if (kind == 2) {
		check_table(data, len);
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
