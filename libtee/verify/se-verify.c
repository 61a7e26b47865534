// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Judges one answer of the Ultravisor: the request in it is the verifier's own, and the measurement
 * over image, guest, data and request is what the verifier computes himself.
 *
 * The measurement is a MAC, not a signature. Its key was made by the verifier and sent to the
 * Ultravisor in the request, so this convinces the maker of the request and nobody else: he could
 * have made the answer, too.
 */
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "exchange.h"
#include "se-verify.h"
#include "x509.h"

#define SECRET_STORE_SIZE	64
#define FIRMWARE_SIZE		320

#define OWN(id) ((id) - CHECK_OWN)

const struct provider_checks se_checks = {
	.names = {
		[OWN(SE_PARTS)] = "answer.format",
		[OWN(SE_CHALLENGE_FORMAT)] = "challenge.format",
		[OWN(SE_CHALLENGE_VERSION)] = "challenge.version",
		[OWN(SE_CHALLENGE_FLAGS)] = "challenge.flags",
		[OWN(SE_CHALLENGE_ARPK)] = "challenge.arpk",
		[OWN(SE_CHALLENGE_REQUEST)] = "challenge.request",
		[OWN(SE_HEADER_FORMAT)] = "header.format",
		[OWN(SE_MEASUREMENT_SIZE)] = "measurement.size",
		[OWN(SE_ADDITIONAL)] = "additional.format",
		[OWN(SE_ATTEST_HOST)] = "additional.attestation_host",
		[OWN(SE_IMAGE_HOST)] = "additional.image_host",
		[OWN(SE_HOST_KEYS)] = "host_keys",
		[OWN(SE_CONFIG_UID)] = "config_uid",
		[OWN(SE_HEADER_FLAGS)] = "header.flags",
		[OWN(SE_POLICY_DUMP)] = "policy.dump",
		[OWN(SE_POLICY_ENCRYPTION)] = "policy.encryption",
	},
	.report = SET(SE_PARTS) | SET(SE_CHALLENGE_FORMAT) | SET(SE_CHALLENGE_VERSION) |
		  SET(SE_CHALLENGE_FLAGS) | SET(SE_CHALLENGE_ARPK) | SET(SE_CHALLENGE_REQUEST) |
		  SET(SE_HEADER_FORMAT) | SET(SE_MEASUREMENT_SIZE) | SET(CHECK_MEASUREMENT),
	.optional = SET(SE_CHALLENGE_REQUEST),
};

/* Opens the request: *ret_open tells whether @ret was set. */
static int check_arpk(OSSL_LIB_CTX *lib, const struct se_arcb *arcb, struct tee_bytes arpk,
		      struct se_secret *ret, bool *ret_open, tee_verdict *v)
{
	int r;

	*ret_open = false;
	if (!arpk.len) {
		verdict_fail(v, SE_CHALLENGE_ARPK, "no ARPK was given: only who has the secret of "
			     "the request can verify the answer");
		return 0;
	}
	r = se_arcb_open(lib, arcb, arpk.data, ret);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		verdict_fail(v, SE_CHALLENGE_ARPK,
			     "the request does not open under the given ARPK: it is not yours, or "
			     "not as you made it");
		return 0;
	}
	*ret_open = true;
	verdict_pass(v, SE_CHALLENGE_ARPK, SET(SE_CHALLENGE_FORMAT) | SET(SE_CHALLENGE_VERSION) |
		     SET(SE_CHALLENGE_FLAGS), "the request was made with the given ARPK");
	return 0;
}

/* What the caller sent: a bare request, or the exchange file that has it. */
static bool find_request(struct tee_bytes given, struct ev_bytes *ret)
{
	struct exchange ex;

	*ret = (struct ev_bytes){ given.data, given.len };
	if (!exchange_claimed(given.data, given.len))
		return true;
	if (exchange_parse(given.data, given.len, &ex, NULL) < 0)
		return false;
	*ret = ex.challenge;
	return true;
}

static void check_request(const struct ev_bytes *challenge, struct tee_bytes given, tee_verdict *v)
{
	struct ev_bytes wanted;

	if (!given.len)
		verdict_skip(v, SE_CHALLENGE_REQUEST, "the request itself was not given: if its "
			     "ARPK was used for others, too, this may answer one of those, an old "
			     "one perhaps");
	else if (!find_request(given, &wanted))
		verdict_fail(v, SE_CHALLENGE_REQUEST,
			     "what was given as the request is a malformed exchange file");
	else if (wanted.len != challenge->len ||
		 memcmp(wanted.data, challenge->data, wanted.len))
		verdict_fail(v, SE_CHALLENGE_REQUEST,
			     "this answers another request than the given one");
	else
		verdict_pass(v, SE_CHALLENGE_REQUEST,
			     SET(SE_CHALLENGE_FORMAT) | SET(SE_CHALLENGE_ARPK),
			     "this answers the given request");
}

static void check_measurement_size(const struct ev_bytes *measurement, tee_verdict *v)
{
	if (measurement->len != SE_HMAC_SIZE)
		verdict_fail(v, SE_MEASUREMENT_SIZE,
			     "the measurement has %zu bytes, HMAC-SHA512 has %d",
			     measurement->len, SE_HMAC_SIZE);
	else
		verdict_pass(v, SE_MEASUREMENT_SIZE, NEEDS_NOTHING, "the measurement has %d bytes",
			     SE_HMAC_SIZE);
}

static bool mac_update(EVP_MAC_CTX *ctx, const struct ev_bytes *bytes)
{
	return !bytes->len || EVP_MAC_update(ctx, bytes->data, bytes->len) == 1;
}

/* Everything that the Ultravisor measures, in its order. */
static bool mac_items(EVP_MAC_CTX *ctx, const struct se_header *header,
		      const struct se_secret *secret, const struct se_answer *answer)
{
	size_t user_len = answer->user_data.len, additional_len = answer->additional.len;
	const uint8_t lengths[8] = {
		(uint8_t)(user_len >> 8), (uint8_t)user_len, 0, 0,
		(uint8_t)(additional_len >> 24), (uint8_t)(additional_len >> 16),
		(uint8_t)(additional_len >> 8), (uint8_t)additional_len,
	};

	return EVP_MAC_update(ctx, header->digests, 3 * SE_DIGEST_SIZE) == 1 &&
	       EVP_MAC_update(ctx, header->tag, SE_GCM_TAG_SIZE) == 1 &&
	       mac_update(ctx, &answer->config_uid) &&
	       EVP_MAC_update(ctx, lengths, sizeof(lengths)) == 1 &&
	       mac_update(ctx, &answer->user_data) &&
	       mac_update(ctx, &(struct ev_bytes){ secret->nonce, secret->nonce_len }) &&
	       mac_update(ctx, &answer->additional);
}

int se_measure(OSSL_LIB_CTX *lib, const struct se_header *header, const struct se_secret *secret,
	       const struct se_answer *answer, uint8_t *ret)
{
	EVP_MAC *hmac = EVP_MAC_fetch(lib, "HMAC", NULL);
	EVP_MAC_CTX *ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
	char digest[] = "SHA512";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	size_t len = 0;
	bool good;

	good = ctx && EVP_MAC_init(ctx, secret->key, sizeof(secret->key), params) == 1 &&
	       mac_items(ctx, header, secret, answer) &&
	       EVP_MAC_final(ctx, ret, &len, SE_HMAC_SIZE) == 1;
	EVP_MAC_CTX_free(ctx);
	EVP_MAC_free(hmac);
	return good && len == SE_HMAC_SIZE ? 0 : -ENOMEM;
}

static int measure_and_compare(OSSL_LIB_CTX *lib, const struct se_header *header,
			       const struct se_secret *secret, const struct se_answer *answer,
			       enum se_mac *ret)
{
	uint8_t mac[SE_HMAC_SIZE];
	int r;

	if (answer->measurement.len != sizeof(mac))
		return 0;
	r = se_measure(lib, header, secret, answer, mac);
	if (!r)
		*ret = CRYPTO_memcmp(mac, answer->measurement.data, sizeof(mac)) ? SE_MAC_WRONG :
										   SE_MAC_FITS;
	/* It is what would make a forged answer good. */
	OPENSSL_cleanse(mac, sizeof(mac));
	return r;
}

void se_measurement_record(enum se_mac mac, tee_verdict *v)
{
	const check_set needs = SET(SE_PARTS) | SET(SE_CHALLENGE_ARPK) | SET(SE_HEADER_FORMAT) |
				SET(SE_MEASUREMENT_SIZE);

	if (mac == SE_MAC_FITS)
		verdict_pass(v, CHECK_MEASUREMENT, needs, "the measurement is that of the given "
			     "image, with this data and this request");
	else if (mac == SE_MAC_WRONG)
		verdict_fail(v, CHECK_MEASUREMENT, "the measurement is not that of the given image "
			     "with this configuration UID, user data and additional data");
}

static const uint8_t *take(const struct ev_bytes *from, size_t *at, size_t len)
{
	const uint8_t *part = from->data ? from->data + *at : NULL;

	if (!part || len > from->len - *at)
		return NULL;
	*at += len;
	return part;
}

/* In the order of the flags. Returns false when something that was asked for is missing. */
static bool split_additional(const struct ev_bytes *data, uint64_t flags, struct se_additional *ret,
			     size_t *ret_used)
{
	const struct {
		uint64_t flag;
		size_t size;
		const uint8_t **part;
	} parts[] = {
		{ SE_FLAG_IMAGE_PHKH, SE_PHKH_SIZE, &ret->image_phkh },
		{ SE_FLAG_ATTEST_PHKH, SE_PHKH_SIZE, &ret->attest_phkh },
		{ SE_FLAG_SECRET_STORE, SECRET_STORE_SIZE, &ret->secret_store },
		{ SE_FLAG_FIRMWARE, FIRMWARE_SIZE, &ret->firmware },
	};

	*ret_used = 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!(flags & parts[i].flag))
			continue;
		*parts[i].part = take(data, ret_used, parts[i].size);
		if (!*parts[i].part)
			return false;
	}
	return true;
}

static void check_additional(const struct ev_bytes *data, uint64_t flags,
			     struct se_additional *ret, tee_verdict *v)
{
	size_t used;

	*ret = (struct se_additional){ .image_phkh = NULL };
	if (!split_additional(data, flags, ret, &used))
		verdict_fail(v, SE_ADDITIONAL, "%zu bytes of additional data are less than the "
			     "request asks for", data->len);
	else if (used != data->len)
		verdict_fail(v, SE_ADDITIONAL, "%zu bytes of additional data, but the request asks "
			     "for %zu", data->len, used);
	else
		verdict_pass(v, SE_ADDITIONAL, NEEDS_REPORT,
			     "the additional data are what the request asks for, %zu bytes", used);
}

static void check_config_uid(const struct ev_bytes *uid, struct tee_bytes expected, tee_verdict *v)
{
	if (!expected.len)
		verdict_skip(v, SE_CONFIG_UID, "no expected configuration UID was given");
	else if (memcmp(uid->data, expected.data, SE_CONFIG_UID_SIZE))
		verdict_fail(v, SE_CONFIG_UID,
			     "another configuration UID than expected: this is another guest");
	else
		verdict_pass(v, SE_CONFIG_UID, NEEDS_REPORT,
			     "the configuration UID is the expected one");
}

static void answer_facts(const struct se_answer *answer, tee_verdict *v)
{
	verdict_fact_hex(v, "report.measurement", answer->measurement.data,
			 answer->measurement.len);
	verdict_fact_hex(v, "report.report_data", answer->user_data.data, answer->user_data.len);
	verdict_fact_hex(v, "report.config_uid", answer->config_uid.data, answer->config_uid.len);
}

static void additional_facts(const struct se_additional *additional, tee_verdict *v)
{
	const struct {
		const char *name;
		const uint8_t *data;
		size_t len;
	} facts[] = {
		{ "report.image_host_key", additional->image_phkh, SE_PHKH_SIZE },
		{ "report.attestation_host_key", additional->attest_phkh, SE_PHKH_SIZE },
		{ "report.secret_store_hash", additional->secret_store, SECRET_STORE_SIZE },
		{ "report.firmware_state", additional->firmware, FIRMWARE_SIZE },
	};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (facts[i].data)
			verdict_fact_hex(v, facts[i].name, facts[i].data, facts[i].len);
}

static void arcb_facts(const struct se_arcb *arcb, tee_verdict *v)
{
	verdict_fact(v, "challenge.flags", "0x%016llx", (unsigned long long)arcb->flags);
	se_slots_facts(&arcb->slots, "challenge", v);
}

/* Everything that is wrong with one part of it alone. @header may be NULL. */
static int judge_parts(OSSL_LIB_CTX *lib, const struct se_answer *answer,
		       const struct se_arcb *arcb, const struct se_header *header,
		       const struct tee_verify_params *params, tee_verdict *v)
{
	struct se_additional additional;

	check_additional(&answer->additional, arcb->flags, &additional, v);
	additional_facts(&additional, v);
	check_config_uid(&answer->config_uid, params->config_uid, v);
	if (header) {
		se_header_policy(header, v);
		se_header_facts(header, v);
	}
	return se_hosts_check(lib, arcb, header, &additional, params->host_keys, v);
}

int se_verify(OSSL_LIB_CTX *lib, const struct se_answer *answer,
	      const struct tee_verify_params *params, enum se_mac *ret_mac, tee_verdict *v)
{
	struct se_header header;
	struct se_secret secret = { .nonce_len = 0 };
	struct se_arcb arcb;
	bool open, found;
	int r;

	*ret_mac = SE_MAC_UNKNOWN;
	answer_facts(answer, v);
	if (!se_arcb_parse(&answer->challenge, &arcb, v))
		return 0;
	arcb_facts(&arcb, v);
	r = check_arpk(lib, &arcb, params->arpk, &secret, &open, v);
	if (r < 0)
		return r;
	check_request(&answer->challenge, params->challenge, v);
	found = se_header_check(params->se_header, &header, v);
	check_measurement_size(&answer->measurement, v);
	if (open && found)
		r = measure_and_compare(lib, &header, &secret, answer, ret_mac);
	OPENSSL_cleanse(&secret, sizeof(secret));
	if (r < 0)
		return r;
	if (*ret_mac == SE_MAC_FITS)
		se_measurement_record(*ret_mac, v);
	return judge_parts(lib, answer, &arcb, found ? &header : NULL, params, v);
}
