/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The claims that stand in a report: what policy and the kernel say about a peer (design 3.5).
 */
#ifndef TEEGATED_CLAIMS_H
#define TEEGATED_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "peer.h"
#include "policy.h"

/*
 * claims_make() - deterministic CBOR. @pins: those of the lease that the claims go into. @taint:
 * TEEGATE_TAINT_*. @doors: what else stands open in this workload, or empty. -ENOMEM; *ret is
 * malloc()ed.
 */
int claims_make(const struct peer *peer, const struct rule *rule, const struct pins *pins,
		uint64_t taint, const char *doors, uint8_t **ret, size_t *ret_len);

#endif
