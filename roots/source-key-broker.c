// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A root that a key broker releases to this guest once its evidence convinced it; how they talk is in
 * kbs.c, and what the evidence proves in teegate-roots.conf(5). There are two kinds of it:
 *
 * bound:  { "teegate": base64 of an evidence item }, for brokers that verify with libtee-verify. The
 *	   digest of the protocol is the user data of a bound report, which names this process, too.
 * native: what Trustee's own verifier of that TEE takes: the digest, padded with zeros, is report_data
 *	   itself. So nothing says who in the guest asked.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <tee.h>

#include "kbs.h"
#include "source.h"

static int check(const struct root *root, struct complaint *complaint)
{
	const char *evidence = setting(root, SETTING_EVIDENCE, "bound");

	if (strncmp(setting(root, SETTING_URL, ""), "https://", 8))
		return fail(complaint, -EINVAL, "Url= must begin with https://");
	if (!kbs_resource_valid(setting(root, SETTING_RESOURCE, "")))
		return fail(complaint, -EINVAL, "Resource=%s: must be REPOSITORY/TYPE/TAG",
			    setting(root, SETTING_RESOURCE, ""));
	if (setting(root, SETTING_CA, "/")[0] != '/')
		return fail(complaint, -EINVAL, "CertificateAuthority= must be an absolute path");
	if (strcmp(evidence, "bound") && strcmp(evidence, "native"))
		return fail(complaint, -EINVAL, "Evidence=%s: must be bound or native", evidence);
	return 0;
}

static json_t *base64(const void *data, size_t len)
{
	CLEANUP(freep) char *text = malloc(4 * ((len + 2) / 3) + 1);

	if (!text || len > INT32_MAX / 2)
		return NULL;
	EVP_EncodeBlock((unsigned char *)text, data, (int)len);
	return json_string(text);
}

static int as_item(const tee_evidence *evidence, json_t **ret)
{
	uint8_t *item;
	size_t len;
	int r = tee_evidence_serialize(evidence, &item, &len);

	if (r < 0)
		return r;
	*ret = json_pack("{s:o}", "teegate", base64(item, len));
	free(item);
	return *ret ? 0 : -ENOMEM;
}

/* "cc_eventlog" is optional there, and covered by the quote only through registers. */
static int as_tdx(const tee_evidence *evidence, json_t **ret)
{
	const uint8_t *quote;
	size_t len;
	int r = tee_evidence_get_report(evidence, &quote, &len);

	if (r < 0)
		return r;
	*ret = json_pack("{s:o, s:n}", "quote", base64(quote, len), "cc_eventlog");
	return *ret ? 0 : -ENOMEM;
}

struct attester {
	tee_ctx *tee;
	bool native;
};

static int get_evidence(void *userdata, const uint8_t *digest, size_t len, json_t **ret,
			struct complaint *complaint)
{
	const struct attester *attester = userdata;
	tee_evidence *evidence;
	int r;

	r = tee_get_report(attester->tee, digest, len, attester->native ? TEE_REPORT_RAW : TEE_REPORT_AUX, 0,
			   &evidence);
	if (r < 0)
		return fail(complaint, r, "no evidence: %s", tee_last_error(attester->tee));
	r = attester->native ? as_tdx(evidence, ret) : as_item(evidence, ret);
	tee_evidence_free(evidence);
	return r < 0 ? fail(complaint, r, "no evidence: %s", tee_strerror(r)) : 0;
}

/* What the protocol calls this TEE, and can it be attested as it is wanted? */
static int name_tee(struct attester *attester, const char **ret, struct complaint *complaint)
{
	struct tee_info info = { .size = sizeof(info) };
	int r = tee_get_info(attester->tee, &info);

	if (r < 0)
		return fail(complaint, r, "no evidence: %s", tee_last_error(attester->tee));
	switch (info.provider) {
	case TEE_PROVIDER_SEV_SNP:
		*ret = "snp";
		break;
	case TEE_PROVIDER_TDX:
		*ret = "tdx";
		return 0;
	default:
		return fail(complaint, -EOPNOTSUPP, "this TEE cannot attest to a key broker by itself");
	}
	if (attester->native)
		return fail(complaint, -EOPNOTSUPP, "Evidence=native is for TDX only");
	return 0;
}

static int fetch(const struct root *root, struct secret *secret, struct complaint *complaint)
{
	struct attester attester = { .native = !strcmp(setting(root, SETTING_EVIDENCE, "bound"), "native") };
	struct kbs_request request = {
		.url = root->values[SETTING_URL],
		.ca = setting(root, SETTING_CA, NULL),
		.resource = root->values[SETTING_RESOURCE],
		.evidence = get_evidence,
		.userdata = &attester,
	};
	int r;

	/* Not the broker: it starts after the unit that runs this, and would wait for it. */
	r = tee_open(setting(root, SETTING_TEE, "device:" TEEGATE_DEVICE), &attester.tee);
	if (r < 0)
		return fail(complaint, r, "no evidence: %s", tee_last_error(NULL));
	r = name_tee(&attester, &request.tee, complaint);
	if (r >= 0)
		r = kbs_get_root(&request, secret, complaint);
	tee_close(attester.tee);
	return r;
}

const struct source source_key_broker = {
	.name = "key-broker",
	.number = TEEGATE_ROOT_KEY_BROKER,
	.title = "key broker",
	.how = "Url=https://kbs.example.com\nResource=default/teegate/root\n",
	.takes = 1 << SETTING_URL | 1 << SETTING_RESOURCE | 1 << SETTING_CA | 1 << SETTING_EVIDENCE |
		 1 << SETTING_TEE,
	.needs = 1 << SETTING_URL | 1 << SETTING_RESOURCE,
	.check = check,
	.fetch = fetch,
};
