/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keys of a workload come from: the part of its claims that stays the same when it is started again
 * (design 3.6). The kernel hashes these bytes into each key, so they never change for the same facts.
 */
#ifndef TEEGATED_SEALING_H
#define TEEGATED_SEALING_H

#include <stddef.h>
#include <stdint.h>

#include "peer.h"
#include "policy.h"

/*
 * sealing_claims() - deterministic CBOR: { 1: name of the workload, 3: its image, 6: uid }.
 *
 * 3 is [algorithm, digest] with SealScope=measurement, ["signer", name] with SealScope=signer, and has who
 * said so as a third element unless the initial root did; it is absent with SealScope=image-id, and where
 * no runtime registered a container. 6 stands there when policy pins it. Others than these three are
 * never there: instance, configuration, pod and cgroup change with each start, label and executable
 * with each update.
 *
 * @ret_bitmap: bit k for key k. -ENODATA: policy ties keys to what the runtime of this container did not
 * say, and *@ret_why is rule_keyless(); -ENOMEM. *@ret is malloc()ed.
 */
int sealing_claims(const struct peer *peer, const struct rule *rule, uint8_t **ret, size_t *ret_len,
		   uint32_t *ret_bitmap, const char **ret_why);

#endif
