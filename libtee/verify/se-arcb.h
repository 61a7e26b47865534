/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The attestation request control block (ARCB) of IBM Secure Execution: what a verifier sends to a
 * guest, and what comes back with the answer. Layout: s390-tools, rust/pv/src/uvattest/arcb.rs and
 * rust/pv/src/req.rs; all numbers are big-endian, bits of the flags are counted from the left.
 */
#ifndef TEE_VERIFY_SE_ARCB_H
#define TEE_VERIFY_SE_ARCB_H

#include <openssl/types.h>

#include "evidence.h"
#include "verdict.h"

#define SE_ARPK_SIZE		32
#define SE_PHKH_SIZE		32	/* SHA-256 of a host's public key */
#define SE_SLOT_SIZE		80	/* that, a wrapped key and its tag */
#define SE_GCM_TAG_SIZE		16
#define SE_GCM_IV_SIZE		12
#define SE_MEASUREMENT_KEY_SIZE	64
#define SE_NONCE_SIZE		16

/* Bit n from the left: what the request asks for. */
#define SE_FLAG(n)		(UINT64_C(1) << (63 - (n)))
#define SE_FLAG_NONCE		SE_FLAG(1)
#define SE_FLAG_IMAGE_PHKH	SE_FLAG(2)
#define SE_FLAG_ATTEST_PHKH	SE_FLAG(3)
#define SE_FLAG_SECRET_STORE	SE_FLAG(4)
#define SE_FLAG_FIRMWARE	SE_FLAG(5)
#define SE_FLAGS_KNOWN		(SE_FLAG_NONCE | SE_FLAG_IMAGE_PHKH | SE_FLAG_ATTEST_PHKH | \
				 SE_FLAG_SECRET_STORE | SE_FLAG_FIRMWARE)

/* Who can open an ARCB or start an image: one slot for each host key. */
struct se_slots {
	const uint8_t *first;
	size_t count;
};

static inline const uint8_t *se_slot_phkh(const struct se_slots *slots, size_t i)
{
	return slots->first + i * SE_SLOT_SIZE;
}

bool se_slots_have(const struct se_slots *slots, const uint8_t *phkh);

/* Points into the ARCB. */
struct se_arcb {
	const uint8_t *raw;
	size_t aad_len;			/* everything before the ciphertext */
	uint64_t flags;
	struct se_slots slots;
	size_t secret_len;		/* of the ciphertext, which the tag follows */
};

/* What only the maker of the ARCB and the Ultravisor know: to be wiped. */
struct se_secret {
	uint8_t key[SE_MEASUREMENT_KEY_SIZE];
	uint8_t nonce[SE_NONCE_SIZE];
	size_t nonce_len;		/* 0 or 16 */
};

/*
 * Takes the ARCB apart and records the checks of its form. False when there is nothing to go on
 * with; then *ret is not to be used.
 */
bool se_arcb_parse(const struct ev_bytes *arcb, struct se_arcb *ret, tee_verdict *v);
/* 0, -EBADMSG when @arpk (32 bytes) is not what it was made with, -ENOMEM. */
int se_arcb_open(OSSL_LIB_CTX *lib, const struct se_arcb *arcb, const uint8_t *arpk,
		 struct se_secret *ret);

#endif
