// SPDX-License-Identifier: GPL-2.0-only
/*
 * RETR_ATTEST: opens the verifier's request (ARCB) and measures this guest under the key in it.
 *
 * Formats: linux asm/uv.h (struct uv_cb_attest), s390-tools rust/pv/src/uvattest (the ARCB, what a
 * measurement is of, in which order additional data comes) and their texts for return codes. The
 * hash of the secret store is ours, because IBM has not published how theirs is made; and firmware
 * state is 320 bytes of uv.bin.
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/string.h>

#include "softuv.h"

struct attest_block {
	struct softuv_header header;
	u64 reserved08[2];
	u64 arcb_addr;
	u64 continuation;
	u8 reserved28[6];
	u16 user_len;
	u8 user[256];
	u32 reserved130[3];
	u32 measurement_len;
	u64 measurement_addr;
	u8 config_uid[SOFTUV_UID_LEN];
	u32 reserved158;
	u32 additional_len;
	u64 additional_addr;
	u64 reserved168[4];
};

static_assert(sizeof(struct attest_block) == 0x188);

/* Between the header and the key slots. */
struct arcb_fields {
	struct softuv_request_header header;
	u64 flags;
	u32 algorithm;
	u32 reserved3c;
	u8 maker[SOFTUV_PUBLIC_LEN];
};

static_assert(sizeof(struct arcb_fields) == 224);

#define ALGORITHM_HMAC_SHA512	1
#define KEY_LEN			64
#define NONCE_LEN		16

/* Bits are numbered from the left. */
#define FLAG(n)			BIT_ULL(63 - (n))
#define FLAG_NONCE		FLAG(1)
#define FLAG_IMAGE_PHKH		FLAG(2)
#define FLAG_ATTEST_PHKH	FLAG(3)
#define FLAG_SECRETS		FLAG(4)
#define FLAG_FIRMWARE		FLAG(5)

enum attest_rc {
	RC_CONTINUATION		= 0x0101,
	RC_USER_LEN		= 0x0102,
	RC_ARCB_ACCESS		= 0x0103,
	RC_MEASUREMENT_ACCESS	= 0x0104,
	RC_ADDITIONAL_ACCESS	= 0x0105,
	RC_VERSION		= 0x0106,
	RC_LENGTH		= 0x0107,
	RC_SLOTS		= 0x0108,
	RC_SEALED_LEN		= 0x0109,
	RC_FLAGS		= 0x010a,
	RC_ALGORITHM		= 0x010b,
	RC_DECRYPT		= 0x010c,
	RC_MEASUREMENT_SMALL	= 0x010d,
	RC_ADDITIONAL_SMALL	= 0x010e,
};

static const struct softuv_request_codes codes = {
	.access = RC_ARCB_ACCESS,
	.version = RC_VERSION,
	.length = RC_LENGTH,
	.slots = RC_SLOTS,
	.sealed = RC_SEALED_LEN,
};

/* What an answer can have at most. */
struct additional {
	u32 len;
	u8 bytes[2 * SOFTUV_PHKH_LEN + SOFTUV_SHA512_LEN + SOFTUV_FW_STATE_LEN];
};

static u16 check_arcb(const struct softuv_request *request)
{
	const struct arcb_fields *fields = (const void *)request->bytes;
	u32 sealed_len = KEY_LEN + (fields->flags & FLAG_NONCE ? NONCE_LEN : 0);

	if (memchr_inv(fields->header.magic, 0, sizeof(fields->header.magic)))
		return RC_VERSION;
	if (fields->header.sealed_len != sealed_len)
		return RC_SEALED_LEN;
	if (request->len != sizeof(*fields) + SOFTUV_SLOT_LEN * fields->header.slots + sealed_len +
			    SOFTUV_TAG_LEN)
		return RC_LENGTH;
	if (fields->flags & ~softuv_platform.attestation_flags)
		return RC_FLAGS;
	return fields->algorithm == ALGORITHM_HMAC_SHA512 ? SOFTUV_RC_EXECUTED : RC_ALGORITHM;
}

static u8 *append(struct additional *additional, const void *data, u32 len)
{
	u8 *to = additional->bytes + additional->len;

	memcpy(to, data, len);
	additional->len += len;
	return to;
}

static void gather(struct additional *additional, u64 flags)
{
	u8 hash[SOFTUV_SHA512_LEN];
	u64 arg;
	u8 *at;

	additional->len = 0;
	if (flags & FLAG_IMAGE_PHKH)
		append(additional, softuv_platform.image_phkh, SOFTUV_PHKH_LEN);
	if (flags & FLAG_ATTEST_PHKH) {
		at = append(additional, softuv_phkh, SOFTUV_PHKH_LEN);
		if (softfw_fault(SOFTUV_FAULT_FOREIGN_HOST, &arg))
			memset(at, arg, SOFTUV_PHKH_LEN);
	}
	if (flags & FLAG_SECRETS) {
		softuv_secrets_hash(hash);
		append(additional, hash, sizeof(hash));
	}
	if (flags & FLAG_FIRMWARE)
		append(additional, softuv_platform.firmware_state, SOFTUV_FW_STATE_LEN);
}

void softuv_measure(const u8 key[64], const struct softuv_measured *m, u8 out[SOFTUV_SHA512_LEN])
{
	struct {
		u16 user_len;
		u16 reserved;
		u32 additional_len;
	} lengths = { m->user_len, 0, m->additional_len };
	struct softuv_piece pieces[] = {
		{},
		{ m->tags, sizeof(*m->tags) },
		{ m->config_uid, SOFTUV_UID_LEN },
		{ &lengths, sizeof(lengths) },
		{ m->user, m->user_len },
		{ m->nonce, m->nonce_len },
		{ m->additional, m->additional_len },
	};

	softuv_hmac_sha512(key, pieces, ARRAY_SIZE(pieces), out);
}

/* A measurement of what this is not: under the right key, so only knowing better helps. */
static void lie(struct softuv_measured *m, struct softuv_tags *tags, u8 uid[SOFTUV_UID_LEN],
		u8 user[256])
{
	u64 arg;

	*tags = softuv_platform.tags;
	if (softfw_fault(SOFTUV_FAULT_FOREIGN_IMAGE, &arg))
		memset(tags->pld, arg, sizeof(tags->pld));
	if (softfw_fault(SOFTUV_FAULT_FOREIGN_UID, &arg))
		memset(uid, arg, SOFTUV_UID_LEN);
	if (softfw_fault(SOFTUV_FAULT_FOREIGN_USER, &arg))
		memset(user, arg, m->user_len);
}

/* An answer that was changed on its way to the verifier. */
static void spoil(struct attest_block *block, u8 *measurement, u8 *additional)
{
	u64 arg;

	if (softfw_fault(SOFTUV_FAULT_BAD_MEASUREMENT, &arg))
		measurement[arg % SOFTUV_SHA512_LEN] ^= 1;
	if (block->additional_len && softfw_fault(SOFTUV_FAULT_BAD_ADDITIONAL, &arg))
		additional[arg % block->additional_len] ^= 1;
	if (softfw_fault(SOFTUV_FAULT_FORGED_UID, &arg))
		memset(block->config_uid, arg, sizeof(block->config_uid));
	if (softfw_fault(SOFTUV_FAULT_MEASUREMENT_LEN, &arg))
		block->measurement_len = arg;
	if (softfw_fault(SOFTUV_FAULT_ADDITIONAL_LEN, &arg))
		block->additional_len = arg;
}

static void answer(struct attest_block *block, const struct softuv_request *request,
		   const struct additional *additional)
{
	u8 *measurement = (u8 *)(uintptr_t)block->measurement_addr;
	u8 *bytes = (u8 *)(uintptr_t)block->additional_addr;
	u32 nonce_len = request->header->sealed_len - KEY_LEN;
	u8 uid[SOFTUV_UID_LEN], user[sizeof(block->user)];
	struct softuv_tags tags;
	struct softuv_measured measured = {
		.tags = &tags,
		.config_uid = uid,
		.user = user,
		.user_len = block->user_len,
		.nonce = request->sealed + KEY_LEN,
		.nonce_len = nonce_len,
		.additional = additional->bytes,
		.additional_len = additional->len,
	};

	memcpy(uid, softuv_platform.config_uid, sizeof(uid));
	memcpy(user, block->user, sizeof(user));
	lie(&measured, &tags, uid, user);
	softuv_measure(request->sealed, &measured, measurement);
	memcpy(bytes, additional->bytes, additional->len);
	memcpy(block->config_uid, uid, sizeof(uid));
	block->measurement_len = SOFTUV_SHA512_LEN;
	block->additional_len = additional->len;
	spoil(block, measurement, bytes);
}

static u16 check_room(const struct attest_block *block, u32 additional_len)
{
	if (block->measurement_len < SOFTUV_SHA512_LEN)
		return RC_MEASUREMENT_SMALL;
	if (!softuv_readable(block->measurement_addr, SOFTUV_SHA512_LEN))
		return RC_MEASUREMENT_ACCESS;
	if (block->additional_len < additional_len)
		return RC_ADDITIONAL_SMALL;
	if (!softuv_readable(block->additional_addr, additional_len))
		return RC_ADDITIONAL_ACCESS;
	return SOFTUV_RC_EXECUTED;
}

static u16 attest(struct attest_block *block, struct softuv_request *request)
{
	const struct arcb_fields *fields = (const void *)request->bytes;
	struct additional additional;
	u64 arg;
	u16 rc;

	rc = check_arcb(request);
	if (rc != SOFTUV_RC_EXECUTED)
		return rc;
	if (!softuv_request_open(request, softuv_platform.host_scalar, softuv_phkh))
		return RC_DECRYPT;
	gather(&additional, fields->flags);
	rc = check_room(block, additional.len);
	if (rc != SOFTUV_RC_EXECUTED)
		return rc;
	softuv_count(SOFTUV_COUNT_ATTESTATIONS);
	if (!softfw_fault(SOFTUV_FAULT_NO_ANSWER, &arg))
		answer(block, request, &additional);
	return SOFTUV_RC_EXECUTED;
}

u16 softuv_attest(struct softuv_header *header)
{
	struct attest_block *block = (struct attest_block *)header;
	struct softuv_request request;
	u16 rc;

	if (header->len != sizeof(*block))
		return SOFTUV_RC_INV_LEN;
	if (block->continuation)
		return RC_CONTINUATION;
	if (block->user_len > sizeof(block->user))
		return RC_USER_LEN;
	rc = softuv_request_get(block->arcb_addr, offsetof(struct arcb_fields, maker), &codes,
				&request);
	if (rc != SOFTUV_RC_EXECUTED)
		return rc;
	rc = attest(block, &request);
	softuv_request_put(&request);
	return rc;
}
