// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reads an SEV-SNP attestation report and judges its form. Layout: AMD 56860 "SEV Secure Nested
 * Paging Firmware ABI", ATTESTATION_REPORT, versions 2 to 5. Nothing here says that the report is
 * genuine; that is snp-verify.c.
 */
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "snp-report.h"

void snp_report_parse(const uint8_t *raw, struct snp_report *ret)
{
	uint32_t flags = le32(raw + 0x48);

	*ret = (struct snp_report){
		.raw = raw,
		.version = le32(raw + 0x00),
		.guest_svn = le32(raw + 0x04),
		.policy = le64(raw + 0x08),
		.vmpl = le32(raw + 0x30),
		.signature_algo = le32(raw + 0x34),
		.current_tcb = raw + 0x38,
		.platform_info = le64(raw + 0x40),
		.key_flags = flags,
		.author_key_en = flags & 1,
		.mask_chip_key = flags & 2,
		.signing_key = flags >> 2 & 7,
		.report_data = raw + SNP_REPORT_DATA_OFFSET,
		.measurement = raw + 0x90,
		.author_key_digest = raw + 0x110,
		.reported_tcb = raw + 0x180,
		.family = raw[0x188],
		.model = raw[0x189],
		.stepping = raw[0x18a],
		.chip_id = raw + 0x1a0,
		.committed_tcb = raw + 0x1e0,
		.current_version = raw + 0x1e8,
		.committed_version = raw + 0x1ec,
		.launch_tcb = raw + 0x1f0,
	};
	if (ret->version < 3)
		ret->family = ret->model = ret->stepping = 0;
}

bool snp_report_version_known(const struct snp_report *r)
{
	return r->version >= 2 && r->version <= 5;
}

/* Ranges that every firmware so far leaves zero, and from which version on they mean something. */
static const struct {
	uint16_t start, end;	/* end is the first byte after */
	uint32_t used_from;	/* UINT32_MAX: in no version */
} reserved_ranges[] = {
	{ 0x04c, 0x050, UINT32_MAX },
	{ 0x188, 0x18b, 3 },		/* CPUID family, model, stepping */
	{ 0x18b, 0x1a0, UINT32_MAX },
	{ 0x1eb, 0x1ec, UINT32_MAX },
	{ 0x1ef, 0x1f0, UINT32_MAX },
	{ 0x1f8, 0x208, 5 },		/* mitigation vectors */
	{ 0x208, 0x2a0, UINT32_MAX },
	{ 0x2d0, 0x2e8, UINT32_MAX },	/* R above 48 bytes */
	{ 0x318, 0x330, UINT32_MAX },	/* S above 48 bytes */
	{ 0x330, 0x4a0, UINT32_MAX },
};

static void check_reserved(const struct snp_report *r, tee_verdict *v)
{
	for (size_t i = 0; i < sizeof(reserved_ranges) / sizeof(reserved_ranges[0]); i++) {
		for (size_t at = reserved_ranges[i].start; at < reserved_ranges[i].end; at++) {
			if (r->version >= reserved_ranges[i].used_from || !r->raw[at])
				continue;
			verdict_fail(v, CHECK_REPORT_RESERVED,
				     "byte 0x%03zx of the report is reserved in version %u but not zero",
				     at, r->version);
			return;
		}
	}
	if (r->key_flags >> 5)
		verdict_fail(v, CHECK_REPORT_RESERVED,
			     "reserved bits of the key flags at 0x048 are set (0x%08x)", r->key_flags);
	else
		verdict_pass(v, CHECK_REPORT_RESERVED, SET(CHECK_REPORT_VERSION),
			     "all reserved bytes are zero");
}

static void check_signing_key(const struct snp_report *r, tee_verdict *v)
{
	switch (r->signing_key) {
	case SNP_KEY_VCEK:
	case SNP_KEY_VLEK:
		verdict_pass(v, CHECK_REPORT_SIGNING_KEY, NEEDS_NOTHING,
			     "the report says that a %s signed it",
			     r->signing_key == SNP_KEY_VLEK ? "VLEK" : "VCEK");
		break;
	case SNP_KEY_NONE:
		verdict_fail(v, CHECK_REPORT_SIGNING_KEY, "the report says that nobody signed it");
		break;
	default:
		verdict_fail(v, CHECK_REPORT_SIGNING_KEY, "unknown signing key %u", r->signing_key);
	}
}

void snp_report_check_form(const struct snp_report *r, tee_verdict *v)
{
	if (snp_report_version_known(r))
		verdict_pass(v, CHECK_REPORT_VERSION, NEEDS_NOTHING, "report version %u",
			     r->version);
	else
		verdict_fail(v, CHECK_REPORT_VERSION,
			     "report version %u; versions 2 to 5 are understood", r->version);
	check_reserved(r, v);
	if (r->signature_algo == 1)
		verdict_pass(v, CHECK_REPORT_ALGORITHM, NEEDS_NOTHING,
			     "ECDSA on P-384 with SHA-384");
	else
		verdict_fail(v, CHECK_REPORT_ALGORITHM,
			     "signature algorithm %u; only 1 (ECDSA P-384 with SHA-384) is understood",
			     r->signature_algo);
	check_signing_key(r, v);
}

static void hex_fact(const struct snp_report *r, tee_verdict *v, const char *name, size_t at,
		     size_t len)
{
	verdict_fact_hex(v, name, r->raw + at, len);
}

static void version_fact(tee_verdict *v, const char *name, const uint8_t *version)
{
	verdict_fact(v, name, "%u.%u.%u", version[2], version[1], version[0]);
}

void snp_report_facts(const struct snp_report *r, tee_verdict *v)
{
	verdict_fact(v, "report.version", "%u", r->version);
	hex_fact(r, v, "report.report_data", SNP_REPORT_DATA_OFFSET,
		 SNP_REPORT_DATA_SIZE);
	hex_fact(r, v, "report.measurement", 0x90, SNP_MEASUREMENT_SIZE);
	hex_fact(r, v, "report.host_data", 0xc0, 32);
	verdict_fact(v, "report.vmpl", "%u", r->vmpl);
	verdict_fact(v, "report.policy", "0x%016llx", (unsigned long long)r->policy);
	verdict_fact(v, "report.guest_svn", "%u", r->guest_svn);
	hex_fact(r, v, "report.family_id", 0x10, 16);
	hex_fact(r, v, "report.image_id", 0x20, 16);
	hex_fact(r, v, "report.id_key_digest", 0xe0, 48);
	hex_fact(r, v, "report.author_key_digest", 0x110, 48);
	hex_fact(r, v, "report.report_id", 0x140, 32);
	hex_fact(r, v, "report.report_id_ma", 0x160, 32);
	verdict_fact(v, "report.platform_info", "0x%016llx", (unsigned long long)r->platform_info);
	verdict_fact(v, "report.signing_key", "%s",
		     r->signing_key == SNP_KEY_VCEK ? "VCEK" :
		     r->signing_key == SNP_KEY_VLEK ? "VLEK" :
		     r->signing_key == SNP_KEY_NONE ? "none" : "unknown");
	hex_fact(r, v, "report.chip_id", 0x1a0, SNP_CHIP_ID_SIZE);
	if (r->version >= 3)
		verdict_fact(v, "report.cpuid", "family 0x%02x model 0x%02x stepping 0x%02x",
			     r->family, r->model, r->stepping);
	version_fact(v, "report.current_firmware", r->current_version);
	version_fact(v, "report.committed_firmware", r->committed_version);
	if (r->version >= 5) {
		hex_fact(r, v, "report.launch_mit_vector", 0x1f8, 8);
		hex_fact(r, v, "report.current_mit_vector", 0x200, 8);
	}
}

void snp_tcb_facts(const struct snp_report *r, enum snp_product product, tee_verdict *v)
{
	char buf[SNP_TCB_TEXT_SIZE];

	verdict_fact(v, "report.product", "%s", snp_product_name(product));
	verdict_fact(v, "report.reported_tcb", "%s", snp_tcb_text(product, r->reported_tcb, buf));
	verdict_fact(v, "report.committed_tcb", "%s", snp_tcb_text(product, r->committed_tcb, buf));
	verdict_fact(v, "report.current_tcb", "%s", snp_tcb_text(product, r->current_tcb, buf));
	verdict_fact(v, "report.launch_tcb", "%s", snp_tcb_text(product, r->launch_tcb, buf));
}

/*
 * Siena and Bergamo (19h, A0h to AFh) are Genoa to AMD's key server. Models: the processor
 * programming references of family 19h and 1Ah.
 */
enum snp_product snp_report_product(const struct snp_report *r)
{
	if (r->version < 3)
		return SNP_PRODUCT_UNKNOWN;
	if (r->family == 0x19 && r->model <= 0x0f)
		return SNP_MILAN;
	if (r->family == 0x19 && ((r->model >= 0x10 && r->model <= 0x1f) ||
				  (r->model >= 0xa0 && r->model <= 0xaf)))
		return SNP_GENOA;
	if (r->family == 0x1a && r->model <= 0x11)
		return SNP_TURIN;
	return SNP_PRODUCT_UNKNOWN;
}

static const char *const product_names[] = {
	[SNP_PRODUCT_UNKNOWN] = "unknown",
	[SNP_MILAN] = "Milan",
	[SNP_GENOA] = "Genoa",
	[SNP_TURIN] = "Turin",
};

const char *snp_product_name(enum snp_product product)
{
	return product_names[product];
}

enum snp_product snp_product_from_name(const char *name, size_t len)
{
	for (enum snp_product product = SNP_MILAN; product <= SNP_TURIN; product++)
		if (strlen(product_names[product]) == len &&
		    !memcmp(product_names[product], name, len))
			return product;
	return SNP_PRODUCT_UNKNOWN;
}

bool snp_tcb_well_formed(enum snp_product product, const uint8_t *tcb)
{
	if (product == SNP_TURIN)
		return bytes_are_zero(tcb + 4, 3);
	return bytes_are_zero(tcb + 2, 4);
}

bool snp_tcb_not_above(const uint8_t *a, const uint8_t *b)
{
	for (size_t i = 0; i < SNP_TCB_SIZE; i++)
		if (a[i] > b[i])
			return false;
	return true;
}

const char *snp_tcb_text(enum snp_product product, const uint8_t *tcb, char *buf)
{
	char hex[2 * SNP_TCB_SIZE + 1];

	for (size_t i = 0; i < SNP_TCB_SIZE; i++)
		snprintf(hex + 2 * i, 3, "%02x", tcb[i]);
	if (product == SNP_TURIN)
		snprintf(buf, SNP_TCB_TEXT_SIZE,
			 "%s (FMC %u, boot loader %u, TEE %u, SNP %u, microcode %u)", hex, tcb[0],
			 tcb[1], tcb[2], tcb[3], tcb[7]);
	else if (product == SNP_PRODUCT_UNKNOWN)
		snprintf(buf, SNP_TCB_TEXT_SIZE, "%s", hex);
	else
		snprintf(buf, SNP_TCB_TEXT_SIZE, "%s (boot loader %u, TEE %u, SNP %u, microcode %u)",
			 hex, tcb[0], tcb[1], tcb[6], tcb[7]);
	return buf;
}
