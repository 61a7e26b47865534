/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The evidence format (design 3.5, doc/evidence.cddl) for both libraries and the daemon: plain data
 * in, bytes out, and back. Compiled into each of them with hidden visibility; no OpenSSL, no Linux.
 */
#ifndef TEE_COMMON_EVIDENCE_H
#define TEE_COMMON_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ev_bytes {		/* data == NULL: absent; a present empty string has data != NULL */
	const uint8_t *data;
	size_t len;
};

struct ev_binding {
	struct ev_bytes claims;
	struct ev_bytes user_data;
	uint64_t leaf_index;
	uint64_t tree_size;
	const uint8_t *path;	/* path_count hashes of 48 bytes, contiguous */
	size_t path_count;
	struct ev_bytes blind;	/* 32 bytes */
};

struct evidence {
	const char *provider;	/* "sev-snp", "tdx", "se"; NUL-terminated */
	struct ev_bytes report;
	struct ev_bytes aux;
	bool bound;
	struct ev_binding binding;
	struct ev_bytes event_log;
	struct ev_bytes details;	/* encoded map 7, absent for SNP */
	void *storage;		/* what decode() allocated; see ev_done() */
};

/* Deterministic. 0, -ENOMEM, -EINVAL (out of the format's range). *ret is malloc()ed. */
int ev_encode(const struct evidence *ev, uint8_t **ret, size_t *ret_len);
/*
 * Copies what it needs: @buf may go. 0, -EBADMSG, -E2BIG, -ENOMEM. @ret_why (may be NULL) gets a
 * static sentence on -EBADMSG.
 */
int ev_decode(const uint8_t *buf, size_t len, struct evidence *ret, const char **ret_why);
void ev_done(struct evidence *ev);

/* What stands in @details when the provider is "se": all three, always. */
struct ev_se {
	struct ev_bytes challenge;	/* the attestation request control block (ARCB) */
	struct ev_bytes config_uid;	/* 16 bytes */
	struct ev_bytes user_data;	/* 0 to 256 bytes, as the Ultravisor got them */
};
/* *ret points into @details. 0 or -EBADMSG; @ret_why as above, also where there are none. */
int ev_se_decode(const struct ev_bytes *details, struct ev_se *ret, const char **ret_why);
/* As ev_encode(); the outcome is what goes into @details. */
int ev_se_encode(const struct ev_se *se, uint8_t **ret, size_t *ret_len);

/* Claims (map of design 3.5). Absent members are NULL / has_uid false. */
struct ev_digest { const char *alg; struct ev_bytes value; };
struct ev_claims {
	const char *workload;		/* 1 */
	struct ev_bytes instance;	/* 2 */
	struct ev_digest image;		/* 3 */
	struct ev_digest config;	/* 4 */
	struct ev_bytes pod;		/* 5 */
	bool has_uid; uint64_t uid;	/* 6 */
	struct ev_bytes cgroup;		/* 7 */
	struct ev_bytes label;		/* 8 */
	struct ev_digest exe;		/* 9 */
	const char *voucher[12];	/* 10: by claim key, NULL when not vouched for */
	const char *taint;		/* 11 */
	void *storage;
};
/* As ev_encode(), and -E2BIG over 4096 bytes. */
int ev_claims_encode(const struct ev_claims *claims, uint8_t **ret, size_t *ret_len);
int ev_claims_decode(const uint8_t *buf, size_t len, struct ev_claims *ret, const char **ret_why);
void ev_claims_done(struct ev_claims *claims);

#endif
