// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Request, challenge, attestation, resource (protocol 0.4.0):
 *
 *	POST /kbs/v0/auth	{ version, tee, extra-params }			-> { nonce, extra-params }
 *	POST /kbs/v0/attest	{ runtime-data: { nonce, tee-pubkey }, tee-evidence }	-> { token }
 *	GET  /kbs/v0/resource/REPOSITORY/TYPE/TAG				-> JWE for tee-pubkey
 *
 * with a cookie that ties them together. The evidence carries the hash of the runtime data and of the
 * (empty) evidence of further devices, so it is fresh, and the key in it is one that was made in this
 * guest. What the JWE holds must be the root, 32 bytes.
 */
#include <errno.h>
#include <jose/b64.h>
#include <jose/jwe.h>
#include <jose/jwk.h>
#include <openssl/evp.h>
#include <string.h>

#include "http.h"
#include "kbs.h"

#define VERSION		"0.4.0"
#define WRAPPING	"ECDH-ES+A256KW"
#define ENCRYPTION	"A256GCM"
#define NONCE_MAX	1024
#define HASH_DEFAULT	"sha384"
#define TOKEN		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

bool kbs_resource_valid(const char *resource)
{
	size_t names = 0;

	for (const char *name = resource;; name++) {
		size_t len = strspn(name, TOKEN);

		if (!len || name[0] == '.' || ++names > 3)
			return false;
		name += len;
		if (!*name)
			return names == 3;
		if (*name != '/')
			return false;
	}
}

/*
 * RFC 8785 sorts members by name, writes no space and escapes as little as JSON allows. For printable
 * ASCII, which all of ours is, that is what these flags do.
 */
int kbs_digest(const json_t *runtime_data, const char *hash, uint8_t ret[64])
{
	static const struct {
		const char *name, *openssl;
		int size;
	} hashes[] = { { "sha256", "SHA256", 32 }, { "sha384", "SHA384", 48 }, { "sha512", "SHA512", 64 } };
	CLEANUP(freep) char *text = NULL;
	json_t *covered = json_deep_copy(runtime_data);

	if (json_object_set_new(covered, "additional-evidence", json_string("")) == 0)
		text = json_dumps(covered, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(covered);
	if (!text)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(hashes); i++)
		if (!strcasecmp(hash, hashes[i].name))
			return EVP_Q_digest(NULL, hashes[i].openssl, NULL, text, strlen(text), ret, NULL) ?
			       hashes[i].size : -ENOMEM;
	return -EPROTO;
}

static bool nonce_valid(const char *nonce)
{
	size_t len = nonce ? strlen(nonce) : 0;

	for (size_t i = 0; i < len; i++)
		if (nonce[i] < 0x20 || nonce[i] > 0x7e)
			return false;
	return len >= 1 && len <= NONCE_MAX;
}

static int ask(struct http *http, const struct kbs_request *request, json_t **ret_challenge,
	       struct complaint *complaint)
{
	json_t *body = json_pack("{s:s, s:s, s:{s:[s, s, s]}}", "version", VERSION, "tee", request->tee,
				 "extra-params", "supported-hash-algorithms", "sha256", "sha384", "sha512");
	int r = body ? http_call(http, "/kbs/v0/auth", body, ret_challenge, complaint) : -ENOMEM;

	json_decref(body);
	return r;
}

/* The key that the root comes encrypted for; it exists as long as this process. */
static json_t *make_key(void)
{
	json_t *key = json_pack("{s:s, s:s}", "kty", "EC", "crv", "P-256");

	if (!key || !jose_jwk_gen(NULL, key) || json_object_set_new(key, "alg", json_string(WRAPPING)) < 0) {
		json_decref(key);
		return NULL;
	}
	return key;
}

static json_t *make_runtime_data(const json_t *key, const char *nonce)
{
	return json_pack("{s:s, s:{s:s, s:s, s:s, s:O, s:O}}", "nonce", nonce, "tee-pubkey", "kty", "EC",
			 "crv", "P-256", "alg", WRAPPING, "x", json_object_get(key, "x"), "y",
			 json_object_get(key, "y"));
}

static int attest(struct http *http, const struct kbs_request *request, const json_t *runtime_data,
		  const json_t *challenge, struct complaint *complaint)
{
	const json_t *chosen = json_object_get(json_object_get(challenge, "extra-params"),
					       "selected-hash-algorithm");
	json_t *evidence = NULL, *body, *reply = NULL;
	uint8_t digest[64];
	int r;

	r = kbs_digest(runtime_data, chosen && json_is_string(chosen) ? json_string_value(chosen) :
		       HASH_DEFAULT, digest);
	if (r == -EPROTO)
		return fail(complaint, r, "%s: wants a hash that is unknown", request->url);
	if (r >= 0)
		r = request->evidence(request->userdata, digest, (size_t)r, &evidence, complaint);
	if (r < 0)
		return r;
	body = json_pack("{s:O, s:{s:o, s:s}}", "runtime-data", runtime_data, "tee-evidence",
			 "primary_evidence", evidence, "additional_evidence", "");
	r = body ? http_call(http, "/kbs/v0/attest", body, &reply, complaint) : -ENOMEM;
	json_decref(body);
	json_decref(reply);	/* a token for other services */
	return r;
}

/* Only what we asked for: nothing that the library would also do, such as decompress. */
static bool header_valid(const json_t *jwe)
{
	json_t *header = jose_b64_dec_load(json_object_get(jwe, "protected"));
	const char *alg = NULL, *enc = NULL;
	bool good;

	good = header && json_unpack(header, "{s:s, s:s}", "alg", &alg, "enc", &enc) == 0 &&
	       !strcmp(alg, WRAPPING) && !strcmp(enc, ENCRYPTION) && !json_object_get(header, "zip") &&
	       !json_object_get(jwe, "unprotected") && !json_object_get(jwe, "recipients");
	json_decref(header);
	return good;
}

static int open_jwe(const json_t *jwe, const json_t *key, struct secret *secret, struct complaint *complaint)
{
	void *data;
	size_t len = 0;
	int r;

	if (!header_valid(jwe))
		return fail(complaint, -EPROTO, "the resource is not encrypted by " WRAPPING " and " ENCRYPTION);
	data = jose_jwe_dec(NULL, jwe, NULL, key, &len);
	if (!data)
		return fail(complaint, -EPROTO, "the resource was not encrypted for us, or was changed");
	r = secret_take(secret, data, len);
	explicit_bzero(data, len);
	free(data);
	return r < 0 ? fail(complaint, r, "the resource is no root: it must be %d random bytes",
			    TEEGATE_ROOT_SIZE) : 0;
}

static int get_resource(struct http *http, const struct kbs_request *request, const json_t *key,
			struct secret *secret, struct complaint *complaint)
{
	CLEANUP(freep) char *path = NULL;
	json_t *jwe = NULL;
	int r;

	if (asprintf(&path, "/kbs/v0/resource/%s", request->resource) < 0)
		return -ENOMEM;
	r = http_call(http, path, NULL, &jwe, complaint);
	if (r >= 0)
		r = open_jwe(jwe, key, secret, complaint);
	json_decref(jwe);
	return r;
}

static int converse(struct http *http, const struct kbs_request *request, const json_t *key,
		    struct secret *secret, struct complaint *complaint)
{
	json_t *challenge = NULL, *runtime_data = NULL;
	const char *nonce;
	int r;

	r = ask(http, request, &challenge, complaint);
	if (r < 0)
		return r;
	nonce = json_string_value(json_object_get(challenge, "nonce"));
	if (!nonce_valid(nonce))
		r = fail(complaint, -EPROTO, "%s: the challenge has no nonce that can be used", request->url);
	else
		runtime_data = make_runtime_data(key, nonce);
	if (r >= 0)
		r = runtime_data ? attest(http, request, runtime_data, challenge, complaint) : -ENOMEM;
	if (r >= 0)
		r = get_resource(http, request, key, secret, complaint);
	json_decref(runtime_data);
	json_decref(challenge);
	return r;
}

int kbs_get_root(const struct kbs_request *request, struct secret *secret, struct complaint *complaint)
{
	CLEANUP(http_freep) struct http *http = NULL;
	json_t *key;
	int r;

	r = http_new(request->url, request->ca, &http, complaint);
	if (r < 0)
		return r;
	key = make_key();
	r = key ? converse(http, request, key, secret, complaint) : -ENOMEM;
	json_decref(key);
	return r;
}
