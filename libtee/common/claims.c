// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The claims about a workload: made by the daemon, hashed by the kernel, read by verifiers.
 * Grammar: doc/evidence.cddl. Decoding judges the bytes that were hashed, so what it accepts has
 * exactly one meaning; whether a claim is true depends on who vouches for it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cbor-in.h"
#include "cbor-out.h"
#include "evidence.h"

#define CLAIMS_MAX	4096	/* bytes, also the kernel's limit */
#define NAME_MAX_BYTES	255
#define BYTES_MAX	256	/* what comes from the kernel or a user */
#define ALG_MAX		32
#define DIGEST_MAX	64
#define VOUCHER_MAX	255
#define TAINT_MAX	1024

enum claim_key {
	CLAIM_WORKLOAD = 1,
	CLAIM_INSTANCE = 2,
	CLAIM_IMAGE = 3,
	CLAIM_CONFIG = 4,
	CLAIM_POD = 5,
	CLAIM_UID = 6,
	CLAIM_CGROUP = 7,
	CLAIM_LABEL = 8,
	CLAIM_EXE = 9,
	CLAIM_VOUCHERS = 10,
	CLAIM_TAINT = 11,
};

#define VOUCHERS (sizeof(((struct ev_claims *)0)->voucher) / sizeof(char *))

/* Texts need a NUL that CBOR does not have: they are copied behind one another. Each text of at
 * least one byte took a head of at least one byte, so the input's length is always enough.
 */
struct storage {
	size_t used;
	char *text;
	uint8_t item[];
};

static int take_text(struct in *in, struct storage *storage, size_t max, const char **ret)
{
	struct in_item item;
	char *text;
	int r;

	r = in_expect(in, IN_TEXT, &item, "a claim that must be a text is not");
	if (r < 0)
		return r;
	if (item.value < 1 || item.value > max)
		return in_fail(in, "a text in the claims is empty or too long");

	text = storage->text + storage->used;
	memcpy(text, item.data, (size_t)item.value);
	text[item.value] = '\0';
	storage->used += (size_t)item.value + 1;
	*ret = text;
	return 0;
}

static int take_bytes(struct in *in, size_t max, struct ev_bytes *ret)
{
	struct in_item item;
	int r;

	r = in_expect(in, IN_BYTES, &item, "a claim that must be a byte string is not");
	if (r < 0)
		return r;
	if (item.value < 1 || item.value > max)
		return in_fail(in, "a byte string in the claims is empty or too long");
	*ret = (struct ev_bytes) { .data = item.data, .len = (size_t)item.value };
	return 0;
}

static int take_uid(struct in *in, struct ev_claims *claims)
{
	struct in_item item;
	int r;

	r = in_expect(in, IN_UINT, &item, "the uid is not a number");
	if (r < 0)
		return r;
	if (item.value > UINT32_MAX)
		return in_fail(in, "the uid does not fit 32 bits");
	claims->has_uid = true;
	claims->uid = item.value;
	return 0;
}

static int take_digest(struct in *in, struct storage *storage, struct ev_digest *ret)
{
	struct in_item item;
	int r;

	r = in_expect(in, IN_ARRAY, &item, "a digest is not an array");
	if (r < 0)
		return r;
	if (item.value != 2)
		return in_fail(in, "a digest is not an algorithm and a value");
	r = take_text(in, storage, ALG_MAX, &ret->alg);
	if (r < 0)
		return r;
	return take_bytes(in, DIGEST_MAX, &ret->value);
}

static int take_vouchers(struct in *in, struct storage *storage, struct ev_claims *claims)
{
	struct in_map map;
	uint64_t key;
	int r;

	r = in_map(in, &map, "the vouchers are not a map");
	if (r < 0)
		return r;
	if (map.left == 0)
		return in_fail(in, "the map of vouchers is there but empty");
	while ((r = in_map_key(in, &map, &key)) > 0) {
		if (key < 1 || key >= VOUCHERS)
			r = in_skip(in);
		else
			r = take_text(in, storage, VOUCHER_MAX, &claims->voucher[key]);
		if (r < 0)
			return r;
	}
	return r;
}

static int take_claim(struct in *in, uint64_t key, struct ev_claims *claims,
		      struct storage *storage)
{
	switch (key) {
	case CLAIM_WORKLOAD:
		return take_text(in, storage, NAME_MAX_BYTES, &claims->workload);
	case CLAIM_INSTANCE:
		return take_bytes(in, BYTES_MAX, &claims->instance);
	case CLAIM_IMAGE:
		return take_digest(in, storage, &claims->image);
	case CLAIM_CONFIG:
		return take_digest(in, storage, &claims->config);
	case CLAIM_POD:
		return take_bytes(in, BYTES_MAX, &claims->pod);
	case CLAIM_UID:
		return take_uid(in, claims);
	case CLAIM_CGROUP:
		return take_bytes(in, BYTES_MAX, &claims->cgroup);
	case CLAIM_LABEL:
		return take_bytes(in, BYTES_MAX, &claims->label);
	case CLAIM_EXE:
		return take_digest(in, storage, &claims->exe);
	case CLAIM_VOUCHERS:
		return take_vouchers(in, storage, claims);
	case CLAIM_TAINT:
		return take_text(in, storage, TAINT_MAX, &claims->taint);
	default:
		return in_skip(in);
	}
}

static int decode(struct in *in, struct ev_claims *claims, struct storage *storage)
{
	struct in_map map;
	uint64_t key;
	int r;

	r = in_map(in, &map, "the claims are not a map");
	if (r < 0)
		return r;
	while ((r = in_map_key(in, &map, &key)) > 0) {
		r = take_claim(in, key, claims, storage);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : in_end(in);
}

int ev_claims_decode(const uint8_t *buf, size_t len, struct ev_claims *ret, const char **ret_why)
{
	struct ev_claims claims = { 0 };
	struct storage *storage;
	struct in in;
	int r;

	if (len > CLAIMS_MAX)
		return -E2BIG;
	storage = malloc(sizeof(*storage) + 2 * len);
	if (!storage)
		return -ENOMEM;
	storage->used = 0;
	storage->text = (char *)storage->item + len;
	if (len > 0)
		memcpy(storage->item, buf, len);

	in_init(&in, storage->item, len);
	r = decode(&in, &claims, storage);
	if (r < 0) {
		free(storage);
		if (ret_why)
			*ret_why = in.why;
		return r;
	}
	claims.storage = storage;
	*ret = claims;
	return 0;
}

static bool text_ok(const char *text, size_t max)
{
	size_t len;

	if (!text)
		return true;
	len = strlen(text);
	return len >= 1 && len <= max && in_text_is_valid((const uint8_t *)text, len);
}

static bool bytes_ok(const struct ev_bytes *bytes, size_t max)
{
	return bytes->data ? bytes->len >= 1 && bytes->len <= max : bytes->len == 0;
}

static bool digest_ok(const struct ev_digest *digest)
{
	if (!digest->alg)
		return !digest->value.data;
	return digest->value.data && text_ok(digest->alg, ALG_MAX) &&
	       bytes_ok(&digest->value, DIGEST_MAX);
}

static bool claims_ok(const struct ev_claims *c)
{
	if (c->voucher[0] || (c->has_uid && c->uid > UINT32_MAX))
		return false;
	for (size_t i = 1; i < VOUCHERS; i++)
		if (!text_ok(c->voucher[i], VOUCHER_MAX))
			return false;
	return text_ok(c->workload, NAME_MAX_BYTES) && text_ok(c->taint, TAINT_MAX) &&
	       bytes_ok(&c->instance, BYTES_MAX) && bytes_ok(&c->pod, BYTES_MAX) &&
	       bytes_ok(&c->cgroup, BYTES_MAX) && bytes_ok(&c->label, BYTES_MAX) &&
	       digest_ok(&c->image) && digest_ok(&c->config) && digest_ok(&c->exe);
}

static size_t count_vouchers(const struct ev_claims *claims)
{
	size_t n = 0;

	for (size_t i = 1; i < VOUCHERS; i++)
		n += claims->voucher[i] != NULL;
	return n;
}

static size_t count_claims(const struct ev_claims *c)
{
	return (size_t)(c->workload != NULL) + (c->instance.data != NULL) + (c->image.alg != NULL) +
	       (c->config.alg != NULL) + (c->pod.data != NULL) + c->has_uid +
	       (c->cgroup.data != NULL) + (c->label.data != NULL) + (c->exe.alg != NULL) +
	       (count_vouchers(c) > 0) + (c->taint != NULL);
}

static void put_text(struct out *out, enum claim_key key, const char *text)
{
	if (!text)
		return;
	out_uint(out, key);
	out_text(out, text);
}

static void put_bytes(struct out *out, enum claim_key key, const struct ev_bytes *bytes)
{
	if (!bytes->data)
		return;
	out_uint(out, key);
	out_bytes(out, bytes->data, bytes->len);
}

static void put_digest(struct out *out, enum claim_key key, const struct ev_digest *digest)
{
	if (!digest->alg)
		return;
	out_uint(out, key);
	out_array(out, 2);
	out_text(out, digest->alg);
	out_bytes(out, digest->value.data, digest->value.len);
}

static void put_vouchers(struct out *out, const struct ev_claims *claims)
{
	size_t n = count_vouchers(claims);

	if (n == 0)
		return;
	out_uint(out, CLAIM_VOUCHERS);
	out_map(out, n);
	for (size_t i = 1; i < VOUCHERS; i++) {
		if (!claims->voucher[i])
			continue;
		out_uint(out, i);
		out_text(out, claims->voucher[i]);
	}
}

int ev_claims_encode(const struct ev_claims *claims, uint8_t **ret, size_t *ret_len)
{
	struct out out = { 0 };
	uint8_t *buf;
	size_t len;
	int r;

	if (!claims_ok(claims))
		return -EINVAL;

	out_map(&out, count_claims(claims));
	put_text(&out, CLAIM_WORKLOAD, claims->workload);
	put_bytes(&out, CLAIM_INSTANCE, &claims->instance);
	put_digest(&out, CLAIM_IMAGE, &claims->image);
	put_digest(&out, CLAIM_CONFIG, &claims->config);
	put_bytes(&out, CLAIM_POD, &claims->pod);
	if (claims->has_uid) {
		out_uint(&out, CLAIM_UID);
		out_uint(&out, claims->uid);
	}
	put_bytes(&out, CLAIM_CGROUP, &claims->cgroup);
	put_bytes(&out, CLAIM_LABEL, &claims->label);
	put_digest(&out, CLAIM_EXE, &claims->exe);
	put_vouchers(&out, claims);
	put_text(&out, CLAIM_TAINT, claims->taint);

	r = out_finish(&out, &buf, &len);
	if (r < 0)
		return r;
	if (len > CLAIMS_MAX) {
		free(buf);
		return -E2BIG;
	}
	*ret = buf;
	*ret_len = len;
	return 0;
}

void ev_claims_done(struct ev_claims *claims)
{
	free(claims->storage);
	*claims = (struct ev_claims) { 0 };
}
