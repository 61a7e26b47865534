// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Recomputes the root that the kernel put into report_data, from the bytes as they were received:
 * the hashes of the leaf, then the inclusion proof of RFC 9162, 2.1.3.2. A proof must have exactly
 * the length that index and size of the tree demand.
 */
#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

#include "binding.h"

#define HASH_SIZE	48
#define BLIND_SIZE	32
#define USER_DATA_MAX	64
#define CLAIMS_MAX	4096

static const uint8_t bound_tag[16] = "teegate/bound/v1";	/* no NUL */
#define TAG_PREFIX_SIZE	8

struct hash_part {
	const void *data;
	size_t len;
};

static bool hash_parts(OSSL_LIB_CTX *lib, const struct hash_part *parts, size_t count,
		       uint8_t ret[HASH_SIZE])
{
	EVP_MD *sha384 = EVP_MD_fetch(lib, "SHA384", NULL);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool good = sha384 && md && EVP_DigestInit_ex2(md, sha384, NULL);

	for (size_t i = 0; good && i < count; i++)
		good = EVP_DigestUpdate(md, parts[i].data, parts[i].len);
	good = good && EVP_DigestFinal_ex(md, ret, NULL);
	EVP_MD_CTX_free(md);
	EVP_MD_free(sha384);
	return good;
}

static bool hash_leaf(OSSL_LIB_CTX *lib, const struct ev_binding *b, uint8_t ret[HASH_SIZE])
{
	size_t len = b->user_data.len;
	const uint8_t prefix = 0x00;
	const uint8_t be_len[4] = { 0, 0, 0, (uint8_t)len };
	const struct hash_part claims = { b->claims.data, b->claims.len };
	uint8_t claims_hash[HASH_SIZE];
	const struct hash_part parts[] = {
		{ &prefix, 1 },
		{ claims_hash, HASH_SIZE },
		{ b->blind.data, BLIND_SIZE },
		{ be_len, sizeof(be_len) },
		{ b->user_data.data, len },
	};

	_Static_assert(USER_DATA_MAX <= UINT8_MAX, "the length fits the last byte");
	return hash_parts(lib, &claims, 1, claims_hash) &&
	       hash_parts(lib, parts, sizeof(parts) / sizeof(parts[0]), ret);
}

static bool hash_node(OSSL_LIB_CTX *lib, const uint8_t *left, const uint8_t *right,
		      uint8_t ret[HASH_SIZE])
{
	const uint8_t prefix = 0x01;
	const struct hash_part parts[] = {
		{ &prefix, 1 }, { left, HASH_SIZE }, { right, HASH_SIZE },
	};

	return hash_parts(lib, parts, sizeof(parts) / sizeof(parts[0]), ret);
}

enum proof_result { PROOF_GOOD, PROOF_TOO_LONG, PROOF_TOO_SHORT, PROOF_NO_MEMORY };

/* Turns @root from the hash of the leaf into that of the tree. */
static enum proof_result walk_proof(OSSL_LIB_CTX *lib, const struct ev_binding *b,
				    uint8_t root[HASH_SIZE])
{
	uint64_t at = b->leaf_index, last = b->tree_size - 1;

	for (size_t i = 0; i < b->path_count; i++) {
		const uint8_t *other = b->path + i * HASH_SIZE;
		bool is_right = (at & 1) || at == last;

		if (!last)
			return PROOF_TOO_LONG;
		if (!(is_right ? hash_node(lib, other, root, root) :
				 hash_node(lib, root, other, root)))
			return PROOF_NO_MEMORY;
		/* A last node without a sibling moves up unchanged. */
		while (is_right && !(at & 1) && at) {
			at >>= 1;
			last >>= 1;
		}
		at >>= 1;
		last >>= 1;
	}
	return last ? PROOF_TOO_SHORT : PROOF_GOOD;
}

bool binding_tag_claimed(const uint8_t *report_data)
{
	return !memcmp(report_data + HASH_SIZE, bound_tag, TAG_PREFIX_SIZE);
}

static const char *why_malformed(const struct ev_binding *b)
{
	if (!b->claims.data || !b->claims.len || b->claims.len > CLAIMS_MAX)
		return "the claims do not have 1 to 4096 bytes";
	if (!b->user_data.data || b->user_data.len > USER_DATA_MAX)
		return "the caller's data does not have 0 to 64 bytes";
	if (!b->blind.data || b->blind.len != BLIND_SIZE)
		return "the blind does not have 32 bytes";
	if (!b->tree_size || b->leaf_index >= b->tree_size)
		return "the leaf is outside the tree";
	if (b->path_count && !b->path)
		return "the proof is missing";
	return NULL;
}

static void check_tag(const uint8_t *report_data, tee_verdict *v)
{
	if (memcmp(report_data + HASH_SIZE, bound_tag, sizeof(bound_tag)))
		verdict_fail(v, CHECK_BINDING_TAG,
			     "report_data does not end in \"teegate/bound/v1\": this report is not bound");
	else
		verdict_pass(v, CHECK_BINDING_TAG, NEEDS_REPORT, "the report is marked as bound");
}

static void check_root(const uint8_t *root, const uint8_t *report_data, tee_verdict *v)
{
	if (memcmp(root, report_data, HASH_SIZE))
		verdict_fail(v, CHECK_BINDING_ROOT,
			     "report_data is not the hash of these claims, this data and this proof");
	else
		verdict_pass(v, CHECK_BINDING_ROOT,
			     NEEDS_REPORT | SET(CHECK_BINDING_FORMAT) | SET(CHECK_BINDING_PROOF) |
			     SET(CHECK_BINDING_TAG),
			     "report_data is the hash of these claims and this data");
}

int binding_check(OSSL_LIB_CTX *lib, const struct ev_binding *b, const uint8_t *report_data,
		  tee_verdict *v)
{
	const char *why = why_malformed(b);
	uint8_t root[HASH_SIZE];

	check_tag(report_data, v);
	if (why) {
		verdict_fail(v, CHECK_BINDING_FORMAT, "the binding record is malformed: %s", why);
		return 0;
	}
	verdict_pass(v, CHECK_BINDING_FORMAT, NEEDS_NOTHING, "the binding record is well-formed");
	if (!hash_leaf(lib, b, root))
		return -ENOMEM;
	switch (walk_proof(lib, b, root)) {
	case PROOF_NO_MEMORY:
		return -ENOMEM;
	case PROOF_TOO_LONG:
		verdict_fail(v, CHECK_BINDING_PROOF, "the inclusion proof has hashes left over");
		return 0;
	case PROOF_TOO_SHORT:
		verdict_fail(v, CHECK_BINDING_PROOF, "the inclusion proof is too short");
		return 0;
	case PROOF_GOOD:
		verdict_pass(v, CHECK_BINDING_PROOF, NEEDS_NOTHING,
			     "the inclusion proof has the length for leaf %llu of %llu",
			     (unsigned long long)b->leaf_index, (unsigned long long)b->tree_size);
	}
	check_root(root, report_data, v);
	return 0;
}
