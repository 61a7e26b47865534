// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The evidence item: what travels from a workload to its verifier. Grammar: doc/evidence.cddl.
 *
 * The form is judged here, never the truth: whether the report is genuine and the binding holds is
 * for libtee-verify. Decoding and encoding share one function for the ranges of the format, so
 * that neither side takes what the other would not make.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cbor-in.h"
#include "cbor-out.h"
#include "evidence.h"

#define FORMAT		1
/* A challenge of Secure Execution alone may have 1 MiB. */
#define ITEM_MAX	((1u << 20) + (1u << 17))
#define USER_DATA_MAX	64
#define CLAIMS_MAX	4096
#define BLIND_SIZE	32
#define HASH_SIZE	48
#define PATH_MAX_HASHES	8	/* of a tree of 256 leaves */
#define TREE_MAX	256
#define SE_CHALLENGE_MAX	(1u << 20)
#define SE_CONFIG_UID_SIZE	16
#define SE_USER_DATA_MAX	256

enum evidence_key {
	EVIDENCE_FORMAT = 1,
	EVIDENCE_PROVIDER = 2,
	EVIDENCE_REPORT = 3,
	EVIDENCE_AUX = 4,
	EVIDENCE_BINDING = 5,
	EVIDENCE_EVENT_LOG = 6,
	EVIDENCE_DETAILS = 7,
};

enum se_key {
	SE_CHALLENGE = 1,
	SE_CONFIG_UID = 2,
	SE_USER_DATA = 3,
};

enum binding_key {
	BINDING_CLAIMS = 1,
	BINDING_USER_DATA = 2,
	BINDING_LEAF_INDEX = 3,
	BINDING_TREE_SIZE = 4,
	BINDING_PATH = 5,
	BINDING_BLIND = 6,
};

static const char *const providers[] = { "sev-snp", "tdx", "se" };

/* One allocation for all that a decoded item points to. */
struct storage {
	uint8_t path[PATH_MAX_HASHES * HASH_SIZE];
	uint8_t item[];
};

static const char *provider_known(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++)
		if (strlen(providers[i]) == len && memcmp(providers[i], name, len) == 0)
			return providers[i];
	return NULL;
}

/* An optional string is absent or has bytes: "nothing" has one spelling. */
static bool optional_ok(const struct ev_bytes *bytes)
{
	return bytes->data ? bytes->len > 0 : bytes->len == 0;
}

/* Why the binding is out of range, or NULL. */
static const char *judge_binding(const struct ev_binding *b)
{
	if (!b->claims.data || b->claims.len < 1 || b->claims.len > CLAIMS_MAX)
		return "the claims are missing, empty or over 4096 bytes";
	if (!b->user_data.data || b->user_data.len > USER_DATA_MAX)
		return "the user data is missing or over 64 bytes";
	if (!b->blind.data || b->blind.len != BLIND_SIZE)
		return "the blind is missing or not of 32 bytes";
	if (b->tree_size < 1 || b->tree_size > TREE_MAX)
		return "the tree size is not within 1 and 256";
	if (b->leaf_index >= b->tree_size)
		return "the leaf index lies outside of the tree";
	if (b->path_count > PATH_MAX_HASHES || (b->path_count > 0 && !b->path))
		return "the inclusion proof is longer than 8 hashes";
	return NULL;
}

/* Why the item is out of range, or NULL. */
static const char *judge(const struct evidence *ev)
{
	if (!ev->provider || !provider_known(ev->provider, strlen(ev->provider)))
		return "the provider is missing or none of sev-snp, tdx, se";
	if (!ev->report.data || ev->report.len == 0)
		return "the vendor report is missing or empty";
	if (!optional_ok(&ev->aux) || !optional_ok(&ev->event_log) || !optional_ok(&ev->details))
		return "an optional part is there but empty";
	return ev->bound ? judge_binding(&ev->binding) : NULL;
}

static int decode_bytes(struct in *in, struct ev_bytes *ret)
{
	struct in_item item;
	int r;

	r = in_expect(in, IN_BYTES, &item, "a part that must be a byte string is not");
	if (r < 0)
		return r;
	*ret = (struct ev_bytes) { .data = item.data, .len = (size_t)item.value };
	return 0;
}

static int decode_uint(struct in *in, uint64_t *ret)
{
	struct in_item item;
	int r;

	r = in_expect(in, IN_UINT, &item, "a part that must be a number is not");
	if (r < 0)
		return r;
	*ret = item.value;
	return 0;
}

static int decode_format(struct in *in)
{
	uint64_t format;
	int r;

	r = decode_uint(in, &format);
	if (r < 0)
		return r;
	return format == FORMAT ? 0 : in_fail(in, "its format is not 1; a newer reader is needed");
}

static int decode_provider(struct in *in, const char **ret)
{
	struct in_item item;
	int r;

	r = in_expect(in, IN_TEXT, &item, "the provider is not a text");
	if (r < 0)
		return r;
	*ret = provider_known((const char *)item.data, (size_t)item.value);
	return *ret ? 0 : in_fail(in, "the provider is none of sev-snp, tdx, se");
}

static int decode_path(struct in *in, struct ev_binding *binding, uint8_t *storage)
{
	struct in_item list, hash;
	int r;

	r = in_expect(in, IN_ARRAY, &list, "the inclusion proof is not an array");
	if (r < 0)
		return r;
	if (list.value > PATH_MAX_HASHES)
		return in_fail(in, "the inclusion proof is longer than 8 hashes");

	binding->path = storage;
	binding->path_count = (size_t)list.value;
	for (size_t i = 0; i < list.value; i++) {
		r = in_expect(in, IN_BYTES, &hash,
			      "a hash of the inclusion proof is not a byte string");
		if (r < 0)
			return r;
		if (hash.value != HASH_SIZE)
			return in_fail(in, "a hash of the inclusion proof does not have 48 bytes");
		memcpy(storage + i * HASH_SIZE, hash.data, HASH_SIZE);
	}
	return 0;
}

static int decode_binding_value(struct in *in, uint64_t key, struct ev_binding *binding,
				uint8_t *path)
{
	switch (key) {
	case BINDING_CLAIMS:
		return decode_bytes(in, &binding->claims);
	case BINDING_USER_DATA:
		return decode_bytes(in, &binding->user_data);
	case BINDING_LEAF_INDEX:
		return decode_uint(in, &binding->leaf_index);
	case BINDING_TREE_SIZE:
		return decode_uint(in, &binding->tree_size);
	case BINDING_PATH:
		return decode_path(in, binding, path);
	case BINDING_BLIND:
		return decode_bytes(in, &binding->blind);
	default:
		return in_skip(in);
	}
}

static int decode_binding(struct in *in, struct ev_binding *binding, uint8_t *path)
{
	bool have_index = false;
	struct in_map map;
	uint64_t key;
	int r;

	r = in_map(in, &map, "the binding record is not a map");
	if (r < 0)
		return r;
	while ((r = in_map_key(in, &map, &key)) > 0) {
		have_index |= key == BINDING_LEAF_INDEX;
		r = decode_binding_value(in, key, binding, path);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	/* 0 is a good index and a proof may be empty, so their absence has to be seen here. */
	if (!have_index || !binding->path)
		return in_fail(in,
			       "the binding record lacks the leaf index or the inclusion proof");
	return 0;
}

/* Kept as it came, once its form is judged: only a provider's own verifier reads on. */
static int decode_details(struct in *in, struct ev_bytes *ret)
{
	const uint8_t *start = in->next;
	struct ev_bytes value;
	struct in_map map;
	uint64_t key;
	int r;

	r = in_map(in, &map, "the provider details are not a map");
	if (r < 0)
		return r;
	while ((r = in_map_key(in, &map, &key)) > 0) {
		r = key >= 1 && key <= 3 ? decode_bytes(in, &value) : in_skip(in);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret = (struct ev_bytes) { .data = start, .len = (size_t)(in->next - start) };
	return 0;
}

static int decode_value(struct in *in, uint64_t key, struct evidence *ev, struct storage *storage)
{
	switch (key) {
	case EVIDENCE_FORMAT:
		return decode_format(in);
	case EVIDENCE_PROVIDER:
		return decode_provider(in, &ev->provider);
	case EVIDENCE_REPORT:
		return decode_bytes(in, &ev->report);
	case EVIDENCE_AUX:
		return decode_bytes(in, &ev->aux);
	case EVIDENCE_BINDING:
		ev->bound = true;
		return decode_binding(in, &ev->binding, storage->path);
	case EVIDENCE_EVENT_LOG:
		return decode_bytes(in, &ev->event_log);
	case EVIDENCE_DETAILS:
		return decode_details(in, &ev->details);
	default:
		return in_skip(in);
	}
}

static int decode(struct in *in, struct evidence *ev, struct storage *storage)
{
	bool have_format = false;
	struct in_map map;
	const char *why;
	uint64_t key;
	int r;

	r = in_map(in, &map, "it is not a map");
	if (r < 0)
		return r;
	while ((r = in_map_key(in, &map, &key)) > 0) {
		/* Nothing of an item may be believed before its format is known; 1 sorts first. */
		if (!have_format && key != EVIDENCE_FORMAT)
			return in_fail(in, "it does not begin with the number of its format");
		have_format = true;
		r = decode_value(in, key, ev, storage);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	r = in_end(in);
	if (r < 0)
		return r;
	why = have_format ? judge(ev) : "it does not begin with the number of its format";
	return why ? in_fail(in, why) : 0;
}

int ev_decode(const uint8_t *buf, size_t len, struct evidence *ret, const char **ret_why)
{
	struct evidence ev = { 0 };
	struct storage *storage;
	struct in in;
	int r;

	if (len > ITEM_MAX)
		return -E2BIG;
	storage = malloc(sizeof(*storage) + len);
	if (!storage)
		return -ENOMEM;
	if (len > 0)
		memcpy(storage->item, buf, len);

	in_init(&in, storage->item, len);
	r = decode(&in, &ev, storage);
	if (r < 0) {
		free(storage);
		if (ret_why)
			*ret_why = in.why;
		return r;
	}
	ev.storage = storage;
	*ret = ev;
	return 0;
}

static void encode_binding(struct out *out, const struct ev_binding *b)
{
	out_map(out, 6);
	out_uint(out, BINDING_CLAIMS);
	out_bytes(out, b->claims.data, b->claims.len);
	out_uint(out, BINDING_USER_DATA);
	out_bytes(out, b->user_data.data, b->user_data.len);
	out_uint(out, BINDING_LEAF_INDEX);
	out_uint(out, b->leaf_index);
	out_uint(out, BINDING_TREE_SIZE);
	out_uint(out, b->tree_size);
	out_uint(out, BINDING_PATH);
	out_array(out, b->path_count);
	for (size_t i = 0; i < b->path_count; i++)
		out_bytes(out, b->path + i * HASH_SIZE, HASH_SIZE);
	out_uint(out, BINDING_BLIND);
	out_bytes(out, b->blind.data, b->blind.len);
}

static void encode_optional(struct out *out, enum evidence_key key, const struct ev_bytes *bytes)
{
	if (!bytes->data)
		return;
	out_uint(out, key);
	out_bytes(out, bytes->data, bytes->len);
}

static bool details_ok(const struct ev_bytes *details)
{
	struct ev_bytes same;
	struct in in;

	if (!details->data)
		return true;
	in_init(&in, details->data, details->len);
	return decode_details(&in, &same) == 0 && in_end(&in) == 0;
}

int ev_encode(const struct evidence *ev, uint8_t **ret, size_t *ret_len)
{
	struct out out = { 0 };
	size_t pairs = 3;
	uint8_t *buf;
	size_t len;
	int r;

	if (judge(ev) || !details_ok(&ev->details))
		return -EINVAL;

	pairs += ev->aux.data ? 1 : 0;
	pairs += ev->bound ? 1 : 0;
	pairs += ev->event_log.data ? 1 : 0;
	pairs += ev->details.data ? 1 : 0;
	out_map(&out, pairs);
	out_uint(&out, EVIDENCE_FORMAT);
	out_uint(&out, FORMAT);
	out_uint(&out, EVIDENCE_PROVIDER);
	out_text(&out, ev->provider);
	out_uint(&out, EVIDENCE_REPORT);
	out_bytes(&out, ev->report.data, ev->report.len);
	encode_optional(&out, EVIDENCE_AUX, &ev->aux);
	if (ev->bound) {
		out_uint(&out, EVIDENCE_BINDING);
		encode_binding(&out, &ev->binding);
	}
	encode_optional(&out, EVIDENCE_EVENT_LOG, &ev->event_log);
	if (ev->details.data) {
		out_uint(&out, EVIDENCE_DETAILS);
		out_raw(&out, ev->details.data, ev->details.len);
	}
	r = out_finish(&out, &buf, &len);
	if (r < 0)
		return r;
	if (len > ITEM_MAX) {
		free(buf);
		return -EINVAL;
	}
	*ret = buf;
	*ret_len = len;
	return 0;
}

void ev_done(struct evidence *ev)
{
	free(ev->storage);
	*ev = (struct evidence) { 0 };
}

/* Why the details are not those of Secure Execution, or NULL. */
static const char *judge_se(const struct ev_se *se)
{
	if (!se->challenge.data || se->challenge.len < 1 || se->challenge.len > SE_CHALLENGE_MAX)
		return "the challenge is missing, empty or over 1048576 bytes";
	if (!se->config_uid.data || se->config_uid.len != SE_CONFIG_UID_SIZE)
		return "the configuration UID is missing or not of 16 bytes";
	if (!se->user_data.data || se->user_data.len > SE_USER_DATA_MAX)
		return "the Ultravisor's user data is missing or over 256 bytes";
	return NULL;
}

static int decode_se_value(struct in *in, uint64_t key, struct ev_se *se)
{
	switch (key) {
	case SE_CHALLENGE:
		return decode_bytes(in, &se->challenge);
	case SE_CONFIG_UID:
		return decode_bytes(in, &se->config_uid);
	case SE_USER_DATA:
		return decode_bytes(in, &se->user_data);
	default:
		return in_skip(in);
	}
}

static int decode_se(struct in *in, struct ev_se *se)
{
	struct in_map map;
	const char *why;
	uint64_t key;
	int r;

	r = in_map(in, &map, "the provider details are not a map");
	if (r < 0)
		return r;
	while ((r = in_map_key(in, &map, &key)) > 0) {
		r = decode_se_value(in, key, se);
		if (r < 0)
			return r;
	}
	if (r == 0)
		r = in_end(in);
	if (r < 0)
		return r;
	why = judge_se(se);
	return why ? in_fail(in, why) : 0;
}

int ev_se_decode(const struct ev_bytes *details, struct ev_se *ret, const char **ret_why)
{
	const char *why = "the provider details are missing";
	struct ev_se se = { 0 };
	struct in in;
	int r = -EBADMSG;

	if (details->data) {
		in_init(&in, details->data, details->len);
		r = decode_se(&in, &se);
		why = in.why;
	}
	if (r < 0) {
		if (ret_why)
			*ret_why = why;
		return r;
	}
	*ret = se;
	return 0;
}

int ev_se_encode(const struct ev_se *se, uint8_t **ret, size_t *ret_len)
{
	struct out out = { 0 };

	if (judge_se(se))
		return -EINVAL;
	out_map(&out, 3);
	out_uint(&out, SE_CHALLENGE);
	out_bytes(&out, se->challenge.data, se->challenge.len);
	out_uint(&out, SE_CONFIG_UID);
	out_bytes(&out, se->config_uid.data, se->config_uid.len);
	out_uint(&out, SE_USER_DATA);
	out_bytes(&out, se->user_data.data, se->user_data.len);
	return out_finish(&out, ret, ret_len);
}
