// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the guest's broker says about the workload that asked. The bytes have been hashed as they
 * came (binding.c) before anything here looks into them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"

#define CLAIM_IMAGE	3

static void bytes_fact(tee_verdict *v, const char *name, struct ev_bytes value)
{
	if (value.data)
		verdict_fact_text(v, name, value.data, value.len);
}

static void text_fact(tee_verdict *v, const char *name, const char *value)
{
	if (value)
		verdict_fact_text(v, name, value, strlen(value));
}

/* "ALG:HEX", nothing unprintable in it; malloc()ed, NULL when there is none or no memory. */
static char *digest_text(const struct ev_digest *digest)
{
	char *alg, *hex, *text = NULL;
	size_t size;

	if (!digest->alg)
		return NULL;
	alg = text_escape(digest->alg, strlen(digest->alg));
	hex = text_hex(digest->value.data, digest->value.len);
	if (alg && hex) {
		size = strlen(alg) + 1 + strlen(hex) + 1;
		text = malloc(size);
		if (text)
			snprintf(text, size, "%s:%s", alg, hex);
	}
	free(alg);
	free(hex);
	return text;
}

static void digest_fact(tee_verdict *v, const char *name, const struct ev_digest *digest)
{
	char *text = digest_text(digest);

	if (digest->alg)
		verdict_fact(v, name, "%s", text ? text : "?");
	free(text);
}

static void voucher_facts(tee_verdict *v, const struct ev_claims *claims)
{
	char name[48];

	for (size_t i = 0; i < sizeof(claims->voucher) / sizeof(claims->voucher[0]); i++) {
		snprintf(name, sizeof(name), "claims.voucher.%zu", i);
		text_fact(v, name, claims->voucher[i]);
	}
}

static void claims_facts(const struct ev_claims *claims, tee_verdict *v)
{
	text_fact(v, "claims.workload", claims->workload);
	if (claims->has_uid)
		verdict_fact(v, "claims.uid", "%llu", (unsigned long long)claims->uid);
	bytes_fact(v, "claims.cgroup", claims->cgroup);
	bytes_fact(v, "claims.instance", claims->instance);
	bytes_fact(v, "claims.pod", claims->pod);
	digest_fact(v, "claims.image", &claims->image);
	digest_fact(v, "claims.configuration", &claims->config);
	bytes_fact(v, "claims.label", claims->label);
	digest_fact(v, "claims.executable", &claims->exe);
	voucher_facts(v, claims);
	text_fact(v, "claims.taint", claims->taint);
}

static void check_taint(const char *taint, tee_verdict *v)
{
	char *text = taint ? text_escape(taint, strlen(taint)) : NULL;

	if (!taint)
		verdict_pass(v, CHECK_CLAIMS_TAINT, NEEDS_BINDING, "the guest reports no taint");
	else
		verdict_warn(v, CHECK_CLAIMS_TAINT, "the guest calls itself tainted: %s",
			     text ? text : "?");
	free(text);
}

static void check_workload(const char *said, const char *expected, tee_verdict *v)
{
	char *shown = said ? text_escape(said, strlen(said)) : NULL;

	if (!expected)
		verdict_skip(v, CHECK_WORKLOAD, "no expected workload was given");
	else if (!said)
		verdict_fail(v, CHECK_WORKLOAD, "the claims name no workload");
	else if (strcmp(said, expected))
		verdict_fail(v, CHECK_WORKLOAD, "the workload is another than expected: %s",
			     shown ? shown : "?");
	else
		verdict_pass(v, CHECK_WORKLOAD, NEEDS_BINDING | SET(CHECK_CLAIMS_FORMAT),
			     "the workload is %s", shown ? shown : "?");
	free(shown);
}

/* The word of the initial root's runtime is enough for everybody. */
static bool vouched(const char *voucher, const char *allowed)
{
	return voucher && (!strcmp(voucher, "runtime:root") || (allowed && !strcmp(voucher, allowed)));
}

static int check_image(const struct ev_claims *claims, const struct tee_verify_params *p, tee_verdict *v)
{
	const char *voucher = claims->voucher[CLAIM_IMAGE];
	char *said = digest_text(&claims->image);
	char *who;

	if (claims->image.alg && !said)
		return -ENOMEM;
	who = voucher ? text_escape(voucher, strlen(voucher)) : NULL;
	if (!p->image_digest)
		verdict_skip(v, CHECK_IMAGE, "no expected image was given");
	else if (!said)
		verdict_fail(v, CHECK_IMAGE, "the claims name no image");
	else if (strcmp(said, p->image_digest))
		verdict_fail(v, CHECK_IMAGE, "the image is another than expected: %s", said);
	else if (!vouched(voucher, p->image_voucher))
		verdict_fail(v, CHECK_IMAGE, "the image is the expected one only on the word of %s, which was not to be trusted",
			     who ? who : "nobody");
	else
		verdict_pass(v, CHECK_IMAGE, NEEDS_BINDING | SET(CHECK_CLAIMS_FORMAT),
			     "the image is the expected one, on the word of %s", who ? who : "?");
	free(said);
	free(who);
	return 0;
}

static void check_nonce(struct ev_bytes data, const struct tee_verify_params *p, tee_verdict *v)
{
	if (!p->nonce)
		verdict_skip(v, CHECK_NONCE, "no expected data was given");
	else if (!data.data || data.len != p->nonce_len || memcmp(data.data, p->nonce, data.len))
		verdict_fail(v, CHECK_NONCE, "the caller's data is not the expected data");
	else
		verdict_pass(v, CHECK_NONCE, NEEDS_BINDING, "the caller's data is the expected data");
}

int claims_check(const struct ev_binding *b, const struct tee_verify_params *params, tee_verdict *v)
{
	struct ev_claims claims;
	const char *why = "not understood";
	int r;

	if (b->user_data.data)
		verdict_fact_hex(v, "user_data", b->user_data.data, b->user_data.len);
	check_nonce(b->user_data, params, v);
	if (!b->claims.data)
		return 0;
	verdict_fact_hex(v, "claims", b->claims.data, b->claims.len);
	r = ev_claims_decode(b->claims.data, b->claims.len, &claims, &why);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		verdict_fail(v, CHECK_CLAIMS_FORMAT, "the claims are malformed: %s", why);
		return 0;
	}
	verdict_pass(v, CHECK_CLAIMS_FORMAT, NEEDS_BINDING, "the claims are well-formed");
	claims_facts(&claims, v);
	check_taint(claims.taint, v);
	check_workload(claims.workload, params->workload, v);
	r = check_image(&claims, params, v);
	ev_claims_done(&claims);
	return r;
}
