// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Takes the collateral apart. Its form is judged here; whether Intel signed any of it, in
 * tdx-crl.c, tdx-tcb.c and tdx-qe.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "json.h"
#include "tdx-collateral.h"

static bool is_hex(struct tee_bytes text)
{
	const char *digits = text.data;

	return text.len && strspn(digits, "0123456789abcdefABCDEF") == text.len;
}

/* malloc()ed, and never longer than the text. */
static int decode_base64(struct tee_bytes text, uint8_t *ret, size_t *ret_len)
{
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	int len = 0, rest = 0, r = -EBADMSG;

	if (!ctx)
		return -ENOMEM;
	EVP_DecodeInit(ctx);
	if (EVP_DecodeUpdate(ctx, ret, &len, text.data, (int)text.len) >= 0 &&
	    EVP_DecodeFinal(ctx, ret + len, &rest) == 1 && len + rest > 0) {
		*ret_len = (size_t)(len + rest);
		r = 0;
	}
	EVP_ENCODE_CTX_free(ctx);
	return r;
}

/* A revocation list comes as DER in hexadecimal, as Intel's service gives it, in base64, or as PEM. */
static int decode_list(struct tee_bytes text, struct tee_bytes *ret)
{
	uint8_t *copy = malloc(text.len + 1);
	size_t len = text.len;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	if (text.len > 10 && !memcmp(text.data, "-----BEGIN", 10))
		memcpy(copy, text.data, text.len);
	else if (is_hex(text))
		r = hex_decode(text.data, text.len, copy, len = text.len / 2) ? 0 : -EBADMSG;
	else
		r = decode_base64(text, copy, &len);
	if (r < 0) {
		free(copy);
		return r;
	}
	*ret = (struct tee_bytes){ copy, len };
	return 0;
}

static int read_list(struct json_object *json, const char *name, struct tee_bytes *ret)
{
	struct tee_bytes text;

	return json_text(json, name, &text) ? decode_list(text, ret) : -EBADMSG;
}

/* Returns 0, -ENOMEM, or -EBADMSG with the name of the member that is missing or unreadable. */
static int read_members(struct tdx_collateral *c, const char **ret_name)
{
	const struct {
		const char *name;
		struct tee_bytes *to;
	} texts[] = {
		{ "pck_crl_issuer_chain", &c->pck_crl_chain },
		{ "tcb_info_issuer_chain", &c->tcb_info.chain },
		{ "tcb_info", &c->tcb_info.text },
		{ "qe_identity_issuer_chain", &c->qe_identity.chain },
		{ "qe_identity", &c->qe_identity.text },
	};
	int r;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		*ret_name = texts[i].name;
		if (!json_text(c->json, texts[i].name, texts[i].to))
			return -EBADMSG;
	}
	*ret_name = "tcb_info_signature";
	if (!json_hex(c->json, *ret_name, c->tcb_info.signature, TDX_SIGNATURE_SIZE))
		return -EBADMSG;
	*ret_name = "qe_identity_signature";
	if (!json_hex(c->json, *ret_name, c->qe_identity.signature, TDX_SIGNATURE_SIZE))
		return -EBADMSG;
	*ret_name = "root_ca_crl";
	r = read_list(c->json, *ret_name, &c->root_crl);
	if (r < 0)
		return r;
	*ret_name = "pck_crl";
	return read_list(c->json, *ret_name, &c->pck_crl);
}

int tdx_collateral_open(struct tee_bytes input, struct tdx_collateral *ret, tee_verdict *v)
{
	const char *name;
	int r;

	*ret = (struct tdx_collateral){ .json = NULL };
	if (!input.len) {
		verdict_skip(v, TDX_COLLATERAL, "no collateral was given");
		return 0;
	}
	r = json_open(input, &ret->json);
	if (r == -EBADMSG) {
		verdict_fail(v, TDX_COLLATERAL, "the collateral is not one JSON object");
		return 0;
	}
	if (!r)
		r = read_members(ret, &name);
	if (r == -EBADMSG) {
		verdict_fail(v, TDX_COLLATERAL, "the collateral has no readable %s", name);
		return 0;
	}
	if (r < 0)
		return r;
	verdict_pass(v, TDX_COLLATERAL, NEEDS_NOTHING, "the collateral is complete");
	return 1;
}

void tdx_collateral_done(struct tdx_collateral *c)
{
	json_object_put(c->json);
	free((void *)(uintptr_t)c->root_crl.data);
	free((void *)(uintptr_t)c->pck_crl.data);
	*c = (struct tdx_collateral){ .json = NULL };
}
