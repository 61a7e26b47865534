// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Keys and sealed blobs: the public calls. Arguments are checked here, a transport brings the call to
 * a descriptor that may do it (keys-kernel.c), and what comes back is measured before it is used.
 *
 * Secrets are in the caller's memory and in buffers of these calls, which are wiped before they are
 * given back, also on failure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"

static uint64_t pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int check_label(tee_ctx *ctx, const void *label, size_t len)
{
	if (!label && len > 0)
		return tee_fail(ctx, -EINVAL, "The label has a length but no address.");
	if (len > TEE_KEY_LABEL_MAX)
		return tee_fail(ctx, -EINVAL, "A label has at most %d bytes.", TEE_KEY_LABEL_MAX);
	return 0;
}

static bool is_zero(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i])
			return false;
	return true;
}

/* One derivation, to wherever @call->arg.derive says. */
static int derive(tee_ctx *ctx, struct tee_key_call *call, const struct tee_key_params *params,
		  struct tee_key_params *ret_params)
{
	struct teegate_derive_key *arg = &call->arg.derive;
	struct tee_key_params used;
	int r;

	if (params) {
		arg->flags |= TEEGATE_KEY_PARAMS;
		memcpy(arg->root_params, params->root_params, sizeof(arg->root_params));
	}
	r = ctx->transport->keys(ctx, call);
	if (r < 0)
		return r;
	memcpy(used.root_params, arg->root_params, sizeof(used.root_params));
	memcpy(used.root_id, arg->root_id, sizeof(used.root_id));
	if (params && !is_zero(params->root_id, sizeof(params->root_id)) &&
	    memcmp(params->root_id, used.root_id, sizeof(used.root_id)) != 0)
		return tee_fail(ctx, -ENXIO,
				"The root that is here is another one than the key was derived from at first.");
	if (ret_params)
		*ret_params = used;
	return 0;
}

static int check_key_len(tee_ctx *ctx, size_t len)
{
	if (len < TEE_KEY_MIN || len > TEE_KEY_MAX)
		return tee_fail(ctx, -EINVAL, "A key has %d to %d bytes.", TEE_KEY_MIN, TEE_KEY_MAX);
	return 0;
}

TEE_PUBLIC int tee_derive_key(tee_ctx *ctx, const void *label, size_t label_len,
			      const struct tee_key_params *params, unsigned int timeout_ms,
			      void *ret_key, size_t key_len, struct tee_key_params *ret_params)
{
	struct tee_key_call call = { .op = TEEGATE_OP_DERIVE_KEY, .timeout_ms = timeout_ms };
	uint8_t key[TEE_KEY_MAX] = { 0 };
	int r;

	if (!ctx || !ret_key)
		return -EINVAL;
	r = check_label(ctx, label, label_len);
	if (r == 0)
		r = check_key_len(ctx, key_len);
	if (r == 0)
		r = tee_check_timeout(ctx, timeout_ms);
	if (r < 0)
		return r;
	call.arg.derive = (struct teegate_derive_key) {
		.size = sizeof(call.arg.derive),
		.label = pointer(label),
		.label_len = (uint32_t)label_len,
		.key = pointer(key),
		.key_len = (uint32_t)key_len,
		.target = TEEGATE_KEY_TO_CALLER,
	};
	r = derive(ctx, &call, params, ret_params);
	if (r == 0)
		memcpy(ret_key, key, key_len);
	explicit_bzero(key, sizeof(key));
	return r;
}

static bool is_word(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] >= 0x7f)
			return false;
	return len >= 1 && len <= TEEGATE_KEY_DESCRIPTION_MAX;
}

/* As the kernel takes structures: what a newer caller may mean by bytes that we lack must be zero. */
static int check_keyring_request(tee_ctx *ctx, const struct tee_keyring_request *q)
{
	const uint8_t *bytes = (const uint8_t *)q;
	int r;

	if (q->size < sizeof(*q))
		return tee_fail(ctx, -EINVAL,
				"tee_keyring_request.size must be set to sizeof(struct tee_keyring_request).");
	if (!is_zero(bytes + sizeof(*q), q->size - sizeof(*q)))
		return tee_fail(ctx, -E2BIG,
				"The request asks for something that this library is too old for.");
	if (!q->description || !is_word(q->description))
		return tee_fail(ctx, -EINVAL,
				"The description of a key has 1 to %d printable characters without blanks.",
				TEEGATE_KEY_DESCRIPTION_MAX);
	if (q->type != TEE_KEY_LOGON && q->type != TEE_KEY_FSCRYPT)
		return tee_fail(ctx, -EINVAL, "There is no kind %u of keys.", q->type);
	if (q->keyring != TEE_KEYRING_PROCESS && q->keyring != TEE_KEYRING_SESSION)
		return tee_fail(ctx, -EINVAL,
				"A key goes into the keyring of the process or of the session.");
	if (q->reserved != 0)
		return tee_fail(ctx, -EINVAL, "tee_keyring_request.reserved must be 0.");
	r = check_label(ctx, q->label, q->label_len);
	if (r == 0)
		r = check_key_len(ctx, q->key_len);
	return r < 0 ? r : tee_check_timeout(ctx, q->timeout_ms);
}

TEE_PUBLIC int tee_derive_to_keyring(tee_ctx *ctx, const struct tee_keyring_request *request,
				     int32_t *ret_serial, struct tee_key_params *ret_params)
{
	struct tee_key_call call = { .op = TEEGATE_OP_DERIVE_KEY };
	int r;

	if (!ctx || !request)
		return -EINVAL;
	r = check_keyring_request(ctx, request);
	if (r < 0)
		return r;
	call.timeout_ms = request->timeout_ms;
	call.arg.derive = (struct teegate_derive_key) {
		.size = sizeof(call.arg.derive),
		.label = pointer(request->label),
		.label_len = (uint32_t)request->label_len,
		.key_len = (uint32_t)request->key_len,
		.target = request->type == TEE_KEY_LOGON ? TEEGATE_KEY_TO_LOGON : TEEGATE_KEY_TO_FSCRYPT,
		.description = pointer(request->description),
		.description_len = (uint32_t)strlen(request->description),
		.keyring = request->keyring,
	};
	r = derive(ctx, &call, request->params, ret_params);
	/* Of a key from another root, too: it is there, and somebody has to take it away. */
	if ((r == 0 || call.arg.derive.key_serial > 0) && ret_serial)
		*ret_serial = call.arg.derive.key_serial;
	return r;
}

TEE_PUBLIC int tee_seal(tee_ctx *ctx, const void *label, size_t label_len, const void *data,
			size_t data_len, unsigned int timeout_ms, uint8_t **ret_blob, size_t *ret_len)
{
	struct tee_key_call call = { .op = TEEGATE_OP_SEAL, .timeout_ms = timeout_ms };
	size_t room = TEE_BLOB_MAX - TEE_SEAL_DATA_MAX + data_len;
	uint8_t *blob;
	int r;

	if (!ctx || !ret_blob || !ret_len || (!data && data_len > 0))
		return -EINVAL;
	r = check_label(ctx, label, label_len);
	if (r == 0)
		r = tee_check_timeout(ctx, timeout_ms);
	if (r < 0)
		return r;
	if (data_len > TEE_SEAL_DATA_MAX)
		return tee_fail(ctx, -EMSGSIZE,
				"One blob holds at most %d bytes: seal a key, and encrypt with that, as teegatectl seal does.",
				TEE_SEAL_DATA_MAX);
	blob = malloc(room);
	if (!blob)
		return tee_fail(ctx, -ENOMEM, "%s", tee_strerror(-ENOMEM));
	call.arg.seal = (struct teegate_seal) {
		.size = sizeof(call.arg.seal),
		.label = pointer(label),
		.label_len = (uint32_t)label_len,
		.data = pointer(data),
		.data_len = (uint32_t)data_len,
		.blob = pointer(blob),
		.blob_len = (uint32_t)room,
	};
	r = ctx->transport->keys(ctx, &call);
	if (r == 0 && call.arg.seal.blob_len > room)
		r = tee_fail(ctx, -EPROTO, "The kernel module made a blob that is longer than its room.");
	if (r < 0) {
		free(blob);
		return r;
	}
	*ret_blob = blob;
	*ret_len = call.arg.seal.blob_len;
	return 0;
}

static const char *header_fault(int error)
{
	switch (error) {
	case -EILSEQ:
		return "This is not a sealed blob.";
	case -EPROTONOSUPPORT:
		return "This blob is of a later version than this library knows. Update it.";
	default:
		return "This blob is cut off, or its lengths are not those of a blob.";
	}
}

static int check_blob(tee_ctx *ctx, const void *blob, size_t blob_len, const void *label,
		      size_t label_len, size_t *ret_data_len)
{
	struct tee_blob_info info;
	int r;

	r = tee_blob_look(blob, blob_len, &info);
	if (r < 0)
		return tee_fail(ctx, r, "%s", header_fault(r));
	if (label && (info.label_len != label_len || memcmp(info.label, label, label_len) != 0))
		return tee_fail(ctx, -EBADMSG,
				"This blob was sealed under another label than the one expected.");
	*ret_data_len = info.data_len;
	return 0;
}

static int unseal(tee_ctx *ctx, struct tee_key_call *call, uint8_t *data, size_t room)
{
	struct teegate_unseal *arg = &call->arg.unseal;
	int r;

	arg->data = pointer(data);
	arg->data_len = (uint32_t)room;
	r = ctx->transport->keys(ctx, call);
	if (r == 0 && arg->data_len != room)
		r = tee_fail(ctx, -EPROTO,
			     "The kernel module opened a blob and found another length than it has.");
	return r;
}

TEE_PUBLIC int tee_unseal(tee_ctx *ctx, const void *blob, size_t blob_len, const void *label,
			  size_t label_len, unsigned int timeout_ms, uint8_t **ret_data,
			  size_t *ret_len)
{
	struct tee_key_call call = { .op = TEEGATE_OP_SEAL, .unseal = true, .timeout_ms = timeout_ms };
	size_t room = 0;
	uint8_t *data;
	int r;

	if (!ctx || !blob || !ret_data || !ret_len)
		return -EINVAL;
	r = check_label(ctx, label, label_len);
	if (r == 0)
		r = tee_check_timeout(ctx, timeout_ms);
	if (r == 0)
		r = check_blob(ctx, blob, blob_len, label, label_len, &room);
	if (r < 0)
		return r;
	data = calloc(1, room + 1);
	if (!data)
		return tee_fail(ctx, -ENOMEM, "%s", tee_strerror(-ENOMEM));
	call.arg.unseal = (struct teegate_unseal) {
		.size = sizeof(call.arg.unseal),
		.blob = pointer(blob),
		.blob_len = (uint32_t)blob_len,
	};
	r = unseal(ctx, &call, data, room);
	if (r < 0) {
		explicit_bzero(data, room);
		free(data);
		return r;
	}
	*ret_data = data;
	*ret_len = room;
	return 0;
}
