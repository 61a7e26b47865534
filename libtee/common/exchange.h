/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file in which s390-tools' pvattest carries an attestation request to a guest of IBM Secure
 * Execution, and its answer back: labelled parts, no signature. Plain data in, bytes out, and back;
 * what the parts mean is for others.
 */
#ifndef TEE_COMMON_EXCHANGE_H
#define TEE_COMMON_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence.h"

/* No file whose parts have legal sizes is longer. */
#define EXCHANGE_MAX	((1u << 20) + (1u << 17))

/* A request has a challenge and nothing else; an answer has measurement and config UID, too. */
struct exchange {
	struct ev_bytes challenge;	/* the attestation request control block (ARCB) */
	struct ev_bytes measurement;
	struct ev_bytes additional;
	struct ev_bytes user_data;
	struct ev_bytes config_uid;
	/* Of a request: how long the answer's parts will be. 0 in an answer. */
	uint32_t measurement_size;
	uint32_t additional_size;
};

/* True for what begins as such a file does, good or bad. */
bool exchange_claimed(const uint8_t *buf, size_t len);
/*
 * *ret points into @buf. 0 or -EBADMSG; @ret_why (may be NULL) then gets a static sentence. What is
 * accepted and has no empty part, exchange_build() gives back byte for byte.
 */
int exchange_parse(const uint8_t *buf, size_t len, struct exchange *ret, const char **ret_why);
/* 0, -ENOMEM, -EINVAL (neither a request nor an answer). *ret is malloc()ed. */
int exchange_build(const struct exchange *ex, uint8_t **ret, size_t *ret_len);

#endif
