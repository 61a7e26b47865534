/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The header of a Secure Execution image: what the verifier knows the guest by. It comes from the
 * caller, who made the image or trusts who did; evidence never has one. Layout: s390-tools,
 * rust/pvimg/src/pv_utils/se_hdr/hdr_v1.rs; all numbers are big-endian.
 */
#ifndef TEE_VERIFY_SE_HEADER_H
#define TEE_VERIFY_SE_HEADER_H

#include "se-arcb.h"

#define SE_DIGEST_SIZE	64

/* Points into what the caller gave. */
struct se_header {
	const uint8_t *digests;		/* of pages, addresses and tweaks: three times 64 bytes */
	const uint8_t *tag;		/* SE_GCM_TAG_SIZE bytes */
	uint64_t flags;			/* plaintext control flags */
	uint64_t pages;
	struct se_slots slots;
};

/*
 * Finds the header in @image, a header or a whole image, and records the checks of it. False when
 * there is none to go on with.
 */
bool se_header_check(struct tee_bytes image, struct se_header *ret, tee_verdict *v);
/* What the flags in it say, after the measurement: the caller's file says it of this very guest. */
void se_header_policy(const struct se_header *header, tee_verdict *v);
void se_header_facts(const struct se_header *header, tee_verdict *v);
/* "PREFIX.host_key.1"... */
void se_slots_facts(const struct se_slots *slots, const char *prefix, tee_verdict *v);

#endif
