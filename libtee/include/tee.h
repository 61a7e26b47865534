/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libtee: evidence from the TEE of this guest, through one door.
 *
 * One API over three transports: a file descriptor of the kernel module (/dev/teegate for the
 * administrator, a lease for everybody else), the socket of the broker teegated, and a fake for
 * the tests of your program. There is no global state; a context may be used from several threads
 * at once. Functions return 0 or a positive result, or a negative errno; the meaning of each errno
 * is the same as in <linux/teegate.h>, and tee_last_error() says in words what to do. Outputs named
 * ret_* are written only on success. Every blocking call has a deadline.
 */
#ifndef TEE_H
#define TEE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TEE_USER_DATA_MAX	64	/* bytes, the REPORTDATA of every TEE */
#define TEE_CLAIMS_MAX		4096	/* bytes */
#define TEE_EVIDENCE_MAX	(1u << 20)	/* bytes of one serialised evidence item */
#define TEE_BROKER_SOCKET	"/run/teegate/broker.sock"
#define TEE_EVIDENCE_MEDIA_TYPE	"application/vnd.teegate.evidence+cbor"

typedef struct tee_ctx tee_ctx;
typedef struct tee_evidence tee_evidence;

/*
 * tee_open() - find a way to the TEE.
 * @target: NULL to choose: the descriptor in $TEE_LEASE_FD (read with secure_getenv(), and only when
 *	it really is a lease), then /dev/teegate, then the broker at TEE_BROKER_SOCKET. Or one of
 *	"fd:N" (a lease; the context keeps its own duplicate), "device:PATH", "broker:PATH", "fake:" or "fake:FILE" (answers with the
 *	evidence in FILE)
 *
 * Does not block for longer than connecting to a local socket takes. -ENODEV: none of the ways
 * exists; -EACCES or -EPERM: there is one, but not for this process; -EINVAL: @target not understood; -EBADF: the
 * descriptor is not a lease; -EOPNOTSUPP: this build has no such transport; -ENOMEM. On failure there is no context, so the text is at tee_strerror().
 */
int tee_open(const char *target, tee_ctx **ret_ctx);
/* tee_close() - releases the context; NULL is allowed. Always returns NULL. */
tee_ctx *tee_close(tee_ctx *ctx);

enum tee_provider { TEE_PROVIDER_NONE = 0, TEE_PROVIDER_SEV_SNP = 1, TEE_PROVIDER_TDX = 2, TEE_PROVIDER_SE = 3 };

/* What is known of the TEE. @size is set by the caller to sizeof(struct tee_info); grows at its end. */
struct tee_info {
	size_t size;
	uint32_t provider;	/* enum tee_provider */
	uint32_t transport;	/* enum teegate_transport of <linux/teegate.h> */
	uint32_t state;		/* enum teegate_state */
	uint32_t vmpl;
	uint64_t module_ops, firmware_ops, lease_ops;	/* TEEGATE_OP_* */
	uint64_t taint;		/* TEEGATE_TAINT_* */
	uint64_t lease_id, lease_expires_ms;
	uint64_t reports, errors;
	uint32_t queued, queue_max;
	char reason[128];	/* what is wrong and what to do, empty when all is well */
	char workload[256];	/* broker only: the workload it takes the caller for, else empty */
};

/* tee_get_info() - asks the kernel or the broker. -EPERM, -ESTALE, -ENODEV, -EPROTO, -ETIMEDOUT (5 s). */
int tee_get_info(tee_ctx *ctx, struct tee_info *ret_info);

#define TEE_REPORT_RAW	(1u << 0)	/* @user_data goes into report_data as it is; needs the right to */
#define TEE_REPORT_AUX	(1u << 1)	/* fetch the certificate table of the host, too */

/*
 * tee_get_report() - asks for evidence, bound to this workload unless TEE_REPORT_RAW.
 * @user_data, @user_data_len: 0..TEE_USER_DATA_MAX bytes that the evidence will carry, such as a nonce
 * @flags: TEE_REPORT_*
 * @timeout_ms: deadline, 0 for the module's default (75 s)
 * @ret_evidence: the evidence; free it with tee_evidence_free()
 *
 * Errors as TEEGATE_GET_REPORT, and -EPROTO when the broker or module answered something that is
 * not evidence for what was asked.
 */
int tee_get_report(tee_ctx *ctx, const void *user_data, size_t user_data_len, unsigned int flags,
		   unsigned int timeout_ms, tee_evidence **ret_evidence);

/* tee_last_error() - text for the last failure of this context in this thread, never NULL, valid until the next call. */
const char *tee_last_error(tee_ctx *ctx);
/* tee_strerror() - text for a negative errno of this library, never NULL, static. */
const char *tee_strerror(int error);

/* tee_evidence_free() - NULL is allowed. Always returns NULL. */
tee_evidence *tee_evidence_free(tee_evidence *evidence);

/*
 * Accessors. The bytes belong to the evidence and live as long as it does. -ENODATA: the evidence
 * has none (a raw report has no binding; a host may give no auxiliary data).
 */
int tee_evidence_get_provider(const tee_evidence *evidence, const char **ret_name);
int tee_evidence_get_report(const tee_evidence *evidence, const uint8_t **ret_data, size_t *ret_len);
int tee_evidence_get_aux(const tee_evidence *evidence, const uint8_t **ret_data, size_t *ret_len);
int tee_evidence_get_claims(const tee_evidence *evidence, const uint8_t **ret_data, size_t *ret_len);
int tee_evidence_get_user_data(const tee_evidence *evidence, const uint8_t **ret_data, size_t *ret_len);
int tee_evidence_get_blind(const tee_evidence *evidence, const uint8_t **ret_data, size_t *ret_len);
int tee_evidence_get_tree(const tee_evidence *evidence, uint32_t *ret_leaf_index, uint32_t *ret_tree_size,
			  const uint8_t **ret_path, size_t *ret_path_len);

/*
 * tee_evidence_serialize() - one deterministic CBOR item (doc/evidence.cddl).
 * @ret_data: freed with free(). -ENOMEM.
 */
int tee_evidence_serialize(const tee_evidence *evidence, uint8_t **ret_data, size_t *ret_len);
/*
 * tee_evidence_parse() - the inverse; accepts nothing that serialize would not have written, but for
 * unknown positive map keys. -EBADMSG: not such an item (truncated, trailing bytes, not
 * deterministic, duplicate or critical unknown keys); -E2BIG: over TEE_EVIDENCE_MAX; -ENOMEM.
 * Proves nothing: verification is libtee-verify's.
 */
int tee_evidence_parse(const void *data, size_t len, tee_evidence **ret_evidence);

#ifdef __cplusplus
}
#endif
#endif
