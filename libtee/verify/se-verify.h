/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The verification of one answer of the Ultravisor of IBM Secure Execution. */
#ifndef TEE_VERIFY_SE_VERIFY_H
#define TEE_VERIFY_SE_VERIFY_H

#include <openssl/types.h>

#include "se-header.h"

#define SE_HMAC_SIZE		64	/* HMAC-SHA512 */
#define SE_CONFIG_UID_SIZE	16

/* What the checks of this provider are called. */
extern const struct provider_checks se_checks;

/* Made of every answer. */
#define SE_REQUIRED	(SET(SE_PARTS) | SET(SE_CHALLENGE_FORMAT) | SET(SE_CHALLENGE_VERSION) | \
			 SET(SE_CHALLENGE_FLAGS) | SET(SE_CHALLENGE_ARPK) | \
			 SET(SE_HEADER_FORMAT) | SET(SE_MEASUREMENT_SIZE) | SET(SE_ADDITIONAL) | \
			 SET(SE_HEADER_FLAGS) | SET(SE_POLICY_DUMP) | SET(SE_POLICY_ENCRYPTION) | \
			 SET(CHECK_MEASUREMENT))
/* All that is made here. */
#define SE_CHECKS	(SE_REQUIRED | SET(SE_CHALLENGE_REQUEST) | SET(SE_ATTEST_HOST) | \
			 SET(SE_IMAGE_HOST) | SET(SE_HOST_KEYS) | SET(SE_CONFIG_UID))

/* All that came back from the guest; absent: data is NULL. */
struct se_answer {
	struct ev_bytes challenge;
	struct ev_bytes measurement;
	struct ev_bytes additional;
	struct ev_bytes user_data;
	struct ev_bytes config_uid;
};

/* The additional data in its parts, each NULL unless the request asked for it. */
struct se_additional {
	const uint8_t *image_phkh, *attest_phkh;	/* SE_PHKH_SIZE bytes */
	const uint8_t *secret_store;			/* 64 bytes */
	const uint8_t *firmware;			/* 320 bytes */
};

enum se_mac { SE_MAC_UNKNOWN, SE_MAC_FITS, SE_MAC_WRONG };

/*
 * Judges @answer. Nothing in it but the MAC over all of it tells which part of it is wrong, so when
 * that does not fit, *ret_mac says so and it is recorded later, by se_measurement_record(): then
 * whatever else can be named as wrong is named first. Returns 0 or -ENOMEM.
 */
int se_verify(OSSL_LIB_CTX *lib, const struct se_answer *answer,
	      const struct tee_verify_params *params, enum se_mac *ret_mac, tee_verdict *v);
void se_measurement_record(enum se_mac mac, tee_verdict *v);
/* The HMAC-SHA512 over image, guest, data and request, SE_HMAC_SIZE bytes. 0 or -ENOMEM. */
int se_measure(OSSL_LIB_CTX *lib, const struct se_header *header, const struct se_secret *secret,
	       const struct se_answer *answer, uint8_t *ret);

/*
 * se-evidence.c: an answer with all that came beside it, from an evidence item or from an exchange
 * file. 0 or -ENOMEM.
 */
int se_judge_evidence(OSSL_LIB_CTX *lib, const struct evidence *ev,
		      const struct tee_verify_params *params, tee_verdict *v);
int se_judge_exchange(OSSL_LIB_CTX *lib, const uint8_t *data, size_t len,
		      const struct tee_verify_params *params, tee_verdict *v);

/* se-hosts.c: the machines that may have answered. 0 or -ENOMEM. */
int se_hosts_check(OSSL_LIB_CTX *lib, const struct se_arcb *arcb, const struct se_header *header,
		   const struct se_additional *additional, struct tee_bytes host_keys,
		   tee_verdict *v);

#endif
