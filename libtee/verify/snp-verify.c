// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Judges one SEV-SNP report: form, chain, signature, and then what it says. The contents are
 * compared even when the signature is bad, because a mismatch is worth knowing, but a match then
 * counts for nothing (verdict_pass()).
 */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include "snp-chain.h"
#include "snp-verify.h"

#define OWN(id) ((id) - CHECK_OWN)

const struct provider_checks snp_checks = {
	.names = {
		[OWN(CHECK_REPORT_SIZE)] = "report.size",
		[OWN(CHECK_REPORT_VERSION)] = "report.version",
		[OWN(CHECK_REPORT_RESERVED)] = "report.reserved",
		[OWN(CHECK_REPORT_ALGORITHM)] = "report.algorithm",
		[OWN(CHECK_REPORT_SIGNING_KEY)] = "report.signing_key",
		[OWN(CHECK_CERTS_TABLE)] = "certs.table",
		[OWN(CHECK_ROOT)] = "chain.root",
		[OWN(CHECK_ROOT_PROFILE)] = "chain.root.profile",
		[OWN(CHECK_ROOT_VALIDITY)] = "chain.root.validity",
		[OWN(CHECK_CRL)] = "crl",
		[OWN(CHECK_ASK)] = "chain.ask",
		[OWN(CHECK_ASK_PROFILE)] = "chain.ask.profile",
		[OWN(CHECK_ASK_VALIDITY)] = "chain.ask.validity",
		[OWN(CHECK_LEAF)] = "chain.leaf",
		[OWN(CHECK_LEAF_PROFILE)] = "chain.leaf.profile",
		[OWN(CHECK_LEAF_VALIDITY)] = "chain.leaf.validity",
		[OWN(CHECK_LEAF_KEY)] = "chain.leaf.key",
		[OWN(CHECK_CHAIN_PRODUCT)] = "chain.product",
		[OWN(CHECK_SIGNATURE)] = "signature",
		[OWN(CHECK_REPORT_PRODUCT)] = "report.product",
		[OWN(CHECK_TCB_FORMAT)] = "tcb.format",
		[OWN(CHECK_TCB_ORDER)] = "tcb.order",
		[OWN(CHECK_TCB_CERTIFICATE)] = "tcb.certificate",
		[OWN(CHECK_CHIP_ID)] = "chip_id",
		[OWN(CHECK_POLICY)] = "policy",
		[OWN(CHECK_POLICY_DEBUG)] = "policy.debug",
		[OWN(CHECK_POLICY_MIGRATION)] = "policy.migration",
		[OWN(CHECK_AUTHOR_KEY)] = "author_key",
		[OWN(CHECK_VMPL)] = "vmpl",
	},
	.report = SET(CHECK_REPORT_VERSION) | SET(CHECK_REPORT_RESERVED) | SET(CHECK_SIGNATURE),
	.optional = SET(CHECK_CRL),
};

/* The report has r and s as little-endian numbers; OpenSSL wants them in DER. */
static int signature_to_der(const uint8_t *report, uint8_t **ret)
{
	BIGNUM *r = BN_lebin2bn(report + SNP_SIGNATURE_R, SNP_SCALAR_SIZE, NULL);
	BIGNUM *s = BN_lebin2bn(report + SNP_SIGNATURE_S, SNP_SCALAR_SIZE, NULL);
	ECDSA_SIG *signature = ECDSA_SIG_new();
	int len = -1;

	if (r && s && signature && ECDSA_SIG_set0(signature, r, s)) {
		r = s = NULL;
		len = i2d_ECDSA_SIG(signature, ret);
	}
	ECDSA_SIG_free(signature);
	BN_free(r);
	BN_free(s);
	return len;
}

static bool signature_fits(OSSL_LIB_CTX *lib, const uint8_t *report, EVP_PKEY *key)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t *der = NULL;
	int len = signature_to_der(report, &der);
	bool fits;

	fits = md && len > 0 && key &&
	       EVP_DigestVerifyInit_ex(md, NULL, "SHA384", lib, NULL, key, NULL) == 1 &&
	       EVP_DigestVerify(md, der, (size_t)len, report, SNP_SIGNED_SIZE) == 1;
	OPENSSL_free(der);
	EVP_MD_CTX_free(md);
	return fits;
}

static void check_signature(const struct snp_report *r, const struct snp_chain *c, tee_verdict *v)
{
	const char *kind = r->signing_key == SNP_KEY_VLEK ? "VLEK" : "VCEK";

	if (!c->leaf)
		return;
	if (signature_fits(c->lib, r->raw, X509_get0_pubkey(c->leaf)))
		verdict_pass(v, CHECK_SIGNATURE,
			     NEEDS_LEAF | SET(CHECK_REPORT_VERSION) | SET(CHECK_REPORT_ALGORITHM) |
			     SET(CHECK_REPORT_SIGNING_KEY),
			     "the report is signed by the %s", kind);
	else
		verdict_fail(v, CHECK_SIGNATURE,
			     "the signature of the report does not fit the key of the %s", kind);
}

static void check_report_product(const struct snp_report *r, const struct snp_chain *c,
				 tee_verdict *v)
{
	enum snp_product said = snp_report_product(r);

	if (r->version < 3)
		verdict_pass(v, CHECK_REPORT_PRODUCT, NEEDS_REPORT,
			     "a version 2 report does not name the processor; the certificates say %s",
			     snp_product_name(c->product));
	else if (said == SNP_PRODUCT_UNKNOWN)
		verdict_fail(v, CHECK_REPORT_PRODUCT,
			     "no known product has family 0x%02x, model 0x%02x", r->family, r->model);
	else if (c->leaf && said != c->product)
		verdict_fail(v, CHECK_REPORT_PRODUCT, "the report is from %s, the certificate for %s",
			     snp_product_name(said), snp_product_name(c->product));
	else
		verdict_pass(v, CHECK_REPORT_PRODUCT, NEEDS_REPORT,
			     "the report is from %s, as the certificates say", snp_product_name(said));
}

static void check_tcb_format(const struct snp_report *r, enum snp_product product, tee_verdict *v)
{
	const struct {
		const char *name;
		const uint8_t *tcb;
	} all[] = {
		{ "REPORTED_TCB", r->reported_tcb }, { "COMMITTED_TCB", r->committed_tcb },
		{ "CURRENT_TCB", r->current_tcb }, { "LAUNCH_TCB", r->launch_tcb },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (snp_tcb_well_formed(product, all[i].tcb))
			continue;
		verdict_fail(v, CHECK_TCB_FORMAT, "%s has bytes that %s does not use", all[i].name,
			     snp_product_name(product));
		return;
	}
	verdict_pass(v, CHECK_TCB_FORMAT, NEEDS_REPORT, "all TCB versions have the form of %s",
		     snp_product_name(product));
}

/* As one number: major, minor, build. */
static uint32_t version_number(const uint8_t *version)
{
	return (uint32_t)version[2] << 16 | (uint32_t)version[1] << 8 | version[0];
}

static void check_tcb_order(const struct snp_report *r, tee_verdict *v)
{
	if (!snp_tcb_not_above(r->reported_tcb, r->committed_tcb))
		verdict_fail(v, CHECK_TCB_ORDER, "REPORTED_TCB is above COMMITTED_TCB");
	else if (!snp_tcb_not_above(r->committed_tcb, r->current_tcb))
		verdict_fail(v, CHECK_TCB_ORDER, "COMMITTED_TCB is above CURRENT_TCB");
	else if (version_number(r->committed_version) > version_number(r->current_version))
		verdict_fail(v, CHECK_TCB_ORDER,
			     "the committed firmware version is above the current one");
	else
		verdict_pass(v, CHECK_TCB_ORDER, NEEDS_REPORT,
			     "REPORTED_TCB <= COMMITTED_TCB <= CURRENT_TCB in every component");
}

static void check_tcb_certificate(const struct snp_report *r, const struct snp_chain *c,
				  tee_verdict *v)
{
	char said[SNP_TCB_TEXT_SIZE], certified[SNP_TCB_TEXT_SIZE];
	uint8_t tcb[SNP_TCB_SIZE];

	if (!c->leaf)
		return;
	snp_leaf_tcb(&c->leaf_info, tcb);
	snp_tcb_text(c->product, r->reported_tcb, said);
	if (memcmp(tcb, r->reported_tcb, sizeof(tcb)))
		verdict_fail(v, CHECK_TCB_CERTIFICATE,
			     "REPORTED_TCB is %s, the certificate is for %s", said,
			     snp_tcb_text(c->product, tcb, certified));
	else
		verdict_pass(v, CHECK_TCB_CERTIFICATE, NEEDS_REPORT,
			     "the certificate is for the REPORTED_TCB, %s", said);
}

static void check_chip_id(const struct snp_report *r, const struct snp_chain *c, tee_verdict *v)
{
	size_t len = c->leaf_info.hwid_len;

	if (!c->leaf)
		return;
	if (r->signing_key == SNP_KEY_VLEK)
		verdict_skip(v, CHECK_CHIP_ID, "a VLEK names no chip");
	else if (bytes_are_zero(r->chip_id, SNP_CHIP_ID_SIZE))
		verdict_skip(v, CHECK_CHIP_ID,
			     "the host hides CHIP_ID; the VCEK names the chip nevertheless");
	else if (memcmp(r->chip_id, c->leaf_info.hwid, len) ||
		 !bytes_are_zero(r->chip_id + len, SNP_CHIP_ID_SIZE - len))
		verdict_fail(v, CHECK_CHIP_ID, "CHIP_ID is not the hardware id in the VCEK");
	else
		verdict_pass(v, CHECK_CHIP_ID, NEEDS_REPORT, "CHIP_ID is the hardware id in the VCEK");
}

static void check_policy(const struct snp_report *r, unsigned int flags, tee_verdict *v)
{
	if (!(r->policy & SNP_POLICY_RESERVED_ONE))
		verdict_fail(v, CHECK_POLICY, "bit 17 of the guest policy must be 1");
	else if (r->policy & SNP_POLICY_UNKNOWN)
		verdict_fail(v, CHECK_POLICY, "unknown bits are set in the guest policy 0x%016llx",
			     (unsigned long long)r->policy);
	else
		verdict_pass(v, CHECK_POLICY, NEEDS_REPORT, "the guest policy is well-formed");

	if (!(r->policy & SNP_POLICY_DEBUG))
		verdict_pass(v, CHECK_POLICY_DEBUG, NEEDS_REPORT, "the policy forbids debugging");
	else if (flags & TEE_VERIFY_ALLOW_DEBUG)
		verdict_warn(v, CHECK_POLICY_DEBUG,
			     "the policy lets the host debug the guest: it can read and change everything in it");
	else
		verdict_fail(v, CHECK_POLICY_DEBUG,
			     "the policy lets the host debug the guest, and debugging was not allowed");

	if (r->policy & SNP_POLICY_MIGRATE_MA)
		verdict_warn(v, CHECK_POLICY_MIGRATION,
			     "the policy allows a migration agent, whose own report was not judged");
	else
		verdict_pass(v, CHECK_POLICY_MIGRATION, NEEDS_REPORT,
			     "the policy forbids migration agents");
}

static void check_author_key(const struct snp_report *r, tee_verdict *v)
{
	if (!r->author_key_en && !bytes_are_zero(r->author_key_digest, 48))
		verdict_fail(v, CHECK_AUTHOR_KEY, "there is an author key digest but no author key");
	else
		verdict_pass(v, CHECK_AUTHOR_KEY, NEEDS_REPORT, "%s",
			     r->author_key_en ? "an author key signed the ID key" :
						"there is no author key, and no digest of one");
}

static void check_vmpl(const struct snp_report *r, int expected, tee_verdict *v)
{
	if (r->vmpl > 3)
		verdict_fail(v, CHECK_VMPL, "VMPL 0x%x: the guest did not ask for this report", r->vmpl);
	else if (expected < 0)
		verdict_skip(v, CHECK_VMPL, "VMPL %u; no expected VMPL was given", r->vmpl);
	else if (r->vmpl != (uint32_t)expected)
		verdict_fail(v, CHECK_VMPL, "VMPL %u, expected %d", r->vmpl, expected);
	else
		verdict_pass(v, CHECK_VMPL, NEEDS_REPORT, "VMPL %u as expected", r->vmpl);
}

static void check_measurement(const struct snp_report *r, struct tee_bytes expected, tee_verdict *v)
{
	if (!expected.len)
		verdict_skip(v, CHECK_MEASUREMENT, "no expected measurement was given");
	else if (memcmp(expected.data, r->measurement, SNP_MEASUREMENT_SIZE))
		verdict_fail(v, CHECK_MEASUREMENT, "the launch measurement is another than expected");
	else
		verdict_pass(v, CHECK_MEASUREMENT, NEEDS_REPORT,
			     "the launch measurement is the expected one");
}

static void check_min_tcb(const struct snp_report *r, enum snp_product product,
			  struct tee_bytes minimum, tee_verdict *v)
{
	char said[SNP_TCB_TEXT_SIZE], wanted[SNP_TCB_TEXT_SIZE];

	if (!minimum.len) {
		verdict_skip(v, CHECK_MIN_TCB, "no minimum TCB was given");
		return;
	}
	snp_tcb_text(product, r->reported_tcb, said);
	if (!snp_tcb_well_formed(product, minimum.data))
		verdict_fail(v, CHECK_MIN_TCB, "the minimum TCB has bytes that %s does not use",
			     snp_product_name(product));
	else if (!snp_tcb_not_above(minimum.data, r->reported_tcb))
		verdict_fail(v, CHECK_MIN_TCB, "REPORTED_TCB is %s, at least %s is demanded", said,
			     snp_tcb_text(product, minimum.data, wanted));
	else
		verdict_pass(v, CHECK_MIN_TCB, NEEDS_REPORT,
			     "REPORTED_TCB is not below the minimum in any component");
}

static void check_guest_svn(const struct snp_report *r, uint32_t minimum, tee_verdict *v)
{
	if (!minimum)
		verdict_skip(v, CHECK_GUEST_SVN, "no minimum guest SVN was given");
	else if (r->guest_svn < minimum)
		verdict_fail(v, CHECK_GUEST_SVN, "the guest SVN is %u, at least %u is demanded",
			     r->guest_svn, minimum);
	else
		verdict_pass(v, CHECK_GUEST_SVN, NEEDS_REPORT, "the guest SVN is %u", r->guest_svn);
}

static void check_product(enum snp_product product, const char *expected, tee_verdict *v)
{
	if (!expected)
		verdict_skip(v, CHECK_PRODUCT, "no expected product was given; it is %s",
			     snp_product_name(product));
	else if (snp_product_from_name(expected, strlen(expected)) != product)
		verdict_fail(v, CHECK_PRODUCT, "the product is %s, expected %s",
			     snp_product_name(product), expected);
	else
		verdict_pass(v, CHECK_PRODUCT, NEEDS_REPORT, "the product is %s", expected);
}

static void check_contents(const struct snp_report *r, const struct snp_chain *c,
			   const struct tee_verify_params *params, tee_verdict *v)
{
	enum snp_product product = snp_report_product(r);

	if (product == SNP_PRODUCT_UNKNOWN)
		product = c->product;
	snp_tcb_facts(r, product, v);
	check_report_product(r, c, v);
	if (product != SNP_PRODUCT_UNKNOWN)
		check_tcb_format(r, product, v);
	check_tcb_order(r, v);
	check_tcb_certificate(r, c, v);
	check_chip_id(r, c, v);
	check_policy(r, params->flags, v);
	check_author_key(r, v);
	check_vmpl(r, params->vmpl, v);
	check_measurement(r, params->measurement, v);
	check_min_tcb(r, product, params->min_tcb, v);
	check_guest_svn(r, params->min_guest_svn, v);
	check_product(product, params->product, v);
}

int snp_verify(OSSL_LIB_CTX *lib, const uint8_t *raw, struct tee_bytes table,
	       const struct tee_verify_params *params, tee_verdict *v)
{
	struct snp_report report;
	struct snp_chain chain;
	int r;

	snp_report_parse(raw, &report);
	snp_report_facts(&report, v);
	snp_report_check_form(&report, v);
	r = snp_chain_check(&chain, lib, table, report.signing_key == SNP_KEY_VLEK, params, v);
	if (!r) {
		check_signature(&report, &chain, v);
		check_contents(&report, &chain, params, v);
	}
	snp_chain_done(&chain);
	return r;
}
