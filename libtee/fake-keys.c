// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Keys of no TEE, for the tests of programs that use libtee. They protect nothing: a key is a
 * checksum of what was asked for, spread out; a blob has the genuine header, the data in clear, and
 * a checksum for a tag. So the same question has the same answer in each process, a damaged blob
 * does not open, and whoever looks at a blob sees that it is of the source for development.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"

#define HEADER_SIZE	162
#define TAG_SIZE	16
#define SALT_OFFSET	128
#define FAKE_ROOT_ID	"libtee fake root"	/* 16 bytes */

/* FNV-1a, to be continued. It need not be hard to invert: there is nothing to hide. */
static uint64_t checksum(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ bytes[i]) * 0x100000001b3;
	return sum;
}

static void spread(uint64_t sum, uint8_t *to, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum = checksum(sum, &(uint8_t){ (uint8_t)i }, 1);
		to[i] = (uint8_t)(sum >> 56);
	}
}

static const void *at(uint64_t address)
{
	return (const void *)(uintptr_t)address;
}

static void put16(uint8_t *to, size_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

/* Version 1, the TEE that fake: plays, and where no such root can come from by accident. */
static void write_params(uint8_t *params)
{
	memset(params, 0, TEE_ROOT_PARAMS_SIZE);
	put16(params, 1);
	params[2] = TEE_PROVIDER_SEV_SNP;
	params[3] = TEE_ROOT_DEVELOPMENT;
}

static int derive(tee_ctx *ctx, struct teegate_derive_key *arg)
{
	uint8_t params[TEE_ROOT_PARAMS_SIZE];
	uint64_t sum;

	if (arg->target != TEEGATE_KEY_TO_CALLER)
		return tee_fail(ctx, -EOPNOTSUPP, "The made-up TEE puts no keys into keyrings.");
	write_params(params);
	if (arg->flags & TEEGATE_KEY_PARAMS && memcmp(params, arg->root_params, sizeof(params)) != 0)
		return tee_fail(ctx, -EKEYREJECTED, "The made-up TEE has one root, and not with these parameters.");
	memcpy(arg->root_params, params, sizeof(params));
	memcpy(arg->root_id, FAKE_ROOT_ID, sizeof(arg->root_id));
	sum = checksum(arg->key_len, FAKE_ROOT_ID, sizeof(arg->root_id));
	spread(checksum(sum, at(arg->label), arg->label_len), (uint8_t *)(uintptr_t)arg->key, arg->key_len);
	return 0;
}

/* Blobs of the same data differ, as those of a TEE do; of what process and when is enough. */
static void write_salt(tee_ctx *ctx, uint8_t *salt)
{
	static _Atomic uint64_t count;
	char text[96];

	(void)snprintf(text, sizeof(text), "%p %llu %llu", (void *)ctx, (unsigned long long)tee_now_ms(),
		       (unsigned long long)count++);
	spread(checksum(0, text, strlen(text)), salt, 32);
}

static int seal(tee_ctx *ctx, struct teegate_seal *arg)
{
	uint8_t *blob = (uint8_t *)(uintptr_t)arg->blob, *end;

	memset(blob, 0, HEADER_SIZE);
	memcpy(blob, "TEEGATE", 8);
	put16(blob + 8, 1);
	put16(blob + 10, HEADER_SIZE + arg->label_len);
	write_params(blob + 12);
	memcpy(blob + 12 + TEE_ROOT_PARAMS_SIZE, FAKE_ROOT_ID, TEE_ROOT_ID_SIZE);
	write_salt(ctx, blob + SALT_OFFSET);
	put16(blob + HEADER_SIZE - 2, arg->label_len);
	end = blob + HEADER_SIZE;
	if (arg->label_len > 0)
		memcpy(end, at(arg->label), arg->label_len);
	end += arg->label_len;
	if (arg->data_len > 0)
		memcpy(end, at(arg->data), arg->data_len);
	end += arg->data_len;
	spread(checksum(0, blob, (size_t)(end - blob)), end, TAG_SIZE);
	arg->blob_len = (uint32_t)(end + TAG_SIZE - blob);
	return 0;
}

static int unseal(tee_ctx *ctx, struct teegate_unseal *arg)
{
	const uint8_t *blob = at(arg->blob), *end = blob + arg->blob_len - TAG_SIZE;
	struct tee_blob_info info;
	uint8_t tag[TAG_SIZE];
	int r;

	r = tee_blob_look(blob, arg->blob_len, &info);
	if (r < 0)
		return tee_fail(ctx, r, "%s", tee_strerror(r));
	if (info.provider != TEE_PROVIDER_SEV_SNP)
		return tee_fail(ctx, -EXDEV, "%s", tee_strerror(-EXDEV));
	if (memcmp(info.params.root_id, FAKE_ROOT_ID, TEE_ROOT_ID_SIZE) != 0)
		return tee_fail(ctx, -ENXIO, "%s", tee_strerror(-ENXIO));
	spread(checksum(0, blob, (size_t)(end - blob)), tag, sizeof(tag));
	if (memcmp(tag, end, sizeof(tag)) != 0)
		return tee_fail(ctx, -EBADMSG, "This blob does not open: it is damaged.");
	memcpy((uint8_t *)(uintptr_t)arg->data, end - info.data_len, info.data_len);
	arg->data_len = (uint32_t)info.data_len;
	return 0;
}

int tee_fake_keys(tee_ctx *ctx, struct tee_key_call *call)
{
	if (ctx->item)
		return tee_fail(ctx, -EOPNOTSUPP, "A file with evidence has no keys; fake: makes up some.");
	if (call->op == TEEGATE_OP_DERIVE_KEY)
		return derive(ctx, &call->arg.derive);
	return call->unseal ? unseal(ctx, &call->arg.unseal) : seal(ctx, &call->arg.seal);
}
