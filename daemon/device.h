/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel module, as the administrator sees it: sessions on /dev/teegate, and what is asked of
 * them. All functions may be called from any thread.
 */
#ifndef TEEGATED_DEVICE_H
#define TEEGATED_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/teegate.h>

#include "policy.h"

struct device;

int device_new(const char *path, struct device **ret);
struct device *device_free(struct device *device);
void device_freep(struct device **device);

/*
 * device_info() - the state of the TEE. Never fails: without a module the state is ABSENT and
 * @reason says what to do.
 */
void device_info(struct device *device, struct teegate_get_info *ret);

/* device_probe() - can it be opened? 0, or why not: a negative errno. */
int device_probe(struct device *device);

/*
 * What keys of a lease come from. @labels: patterns, each ended by a NUL, one after the other; @roots: where
 * from, of the rule.
 */
struct key_terms {
	const uint8_t *claims;
	size_t claims_len;
	uint32_t bitmap;
	char labels[TEEGATE_KEY_LABELS_MAX];
	size_t labels_len;
	const struct roots *roots;
};

/*
 * What a lease is to allow. @cgroup_fd: -1 for a lease without a pin, which must not leave the
 * daemon. @label: NULL for no pin to it; @exe_fd: -1 likewise. @workload: its number, 0 for one of its
 * own. @rate_per_minute: 0 for no limit. @note: what the kernel is to keep for us. @keys: with operations
 * that keys come of, else NULL.
 */
struct lease_request {
	uint64_t operations;
	const uint8_t *claims;
	size_t claims_len;
	int cgroup_fd;
	bool pin_uid;
	uid_t uid;
	const char *label;
	int exe_fd;
	uint64_t workload;
	uint32_t max_pending;
	uint32_t rate_per_minute, rate_burst;
	uint64_t lifetime_ms;
	uint32_t abi;			/* enum teegate_abi */
	const uint8_t *note;
	size_t note_len;
	uint32_t extend_events, extend_bytes;	/* with TEEGATE_OP_EXTEND, else 0 */
	const struct key_terms *keys;
};

int device_create_lease(struct device *device, const struct lease_request *request, int *ret_fd,
			uint64_t *ret_id);
/*
 * device_revoke() - ends a lease and what waits for it. Never blocks. -ENOENT: it had expired or died
 * before, which is as good. Main loop only.
 */
int device_revoke(struct device *device, uint64_t lease_id);

/* One report; buffers belong to it. */
struct report {
	uint8_t *data, *aux, *claims, *path;
	struct teegate_get_report io;	/* lengths, blind, tree and fw_status */
};

/* What a report is asked for with. @challenge: NULL for none. */
struct report_request {
	uint32_t flags;			/* TEEGATE_REPORT_* */
	const uint8_t *user_data;
	size_t user_data_len;
	const uint8_t *challenge;
	size_t challenge_len;
	uint32_t timeout_ms;
};

/*
 * device_report() - asks for a report on @lease_fd and waits for it. On failure io.fw_status of
 * @ret is valid all the same. Call report_done() in any case.
 */
int device_report(int lease_fd, const struct teegate_get_info *info,
		  const struct report_request *request, struct report *ret);
void report_done(struct report *report);

/*
 * device_extend() - extends a register by way of @lease_fd, once. @io is filled in by the caller but for
 * its size; afterwards it has digest and, also on failure, fw_status.
 */
int device_extend(int lease_fd, struct teegate_extend *io);

/*
 * device_derive_key(), device_seal(), device_unseal() - of a lease. @io is filled in by the caller but for its
 * size; afterwards it has what the module says, and, also on failure, fw_status.
 */
int device_derive_key(int lease_fd, struct teegate_derive_key *io);
int device_seal(int lease_fd, struct teegate_seal *io);
int device_unseal(int lease_fd, struct teegate_unseal *io);

/* device_retry_ms() - after -EDQUOT: when may the workload of this lease ask again? 0: unknown. */
uint32_t device_retry_ms(int lease_fd);

/* device_advice() - what to do about an errno of the module, never NULL. */
const char *device_advice(int error);

const char *provider_name(uint32_t provider);
const char *transport_name(uint32_t transport);
const char *state_name(uint32_t state);

#endif
