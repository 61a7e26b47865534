/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libtee: evidence from the TEE of this guest, through one door.
 *
 * One API over three transports: a file descriptor of the kernel module (/dev/teegate for the
 * administrator, a lease for everybody else), the socket of the broker teegated, and a fake for
 * the tests of your program. Judging evidence is not its business: see tee-verify.h.
 *
 * DOC: rules
 *
 * Functions return 0, or a negative errno that means what it means in <linux/teegate.h>. Outputs
 * named ret_* are written on success only. Arguments that are not said to be optional must not be
 * NULL; -EINVAL otherwise.
 *
 * There is no global state and no logging. A context may be used from several threads at once and
 * by both sides of a fork(); closing it is for one thread, when all others are done. An evidence
 * object never changes and may be read from anywhere. No call waits longer than its deadline. The
 * library starts no threads, installs no handlers and leaves no descriptor open across exec().
 */
#ifndef TEE_H
#define TEE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TEE_USER_DATA_MAX	64	/* bytes, the REPORTDATA of every TEE */
#define TEE_RAW_DATA_MAX	256	/* bytes of a raw report of IBM Secure Execution */
#define TEE_CHALLENGE_MAX	(1u << 20)	/* bytes of one attestation request (ARCB) */
#define TEE_SECRET_MAX		(1u << 20)	/* bytes of one add-secret request */
#define TEE_CLAIMS_MAX		4096	/* bytes */
#define TEE_EVENT_MAX		1024	/* bytes of one event, tee_extend() */
#define TEE_DIGEST_SIZE		48	/* bytes, SHA-384 */
#define TEE_KEY_LABEL_MAX	255	/* bytes of the label of a key or a blob */
#define TEE_KEY_MIN		16	/* bytes of a derived key, */
#define TEE_KEY_MAX		64	/* and at most */
#define TEE_SEAL_DATA_MAX	65536	/* bytes of data in one sealed blob */
/* Bytes of one sealed blob: header, longest label, data and tag. */
#define TEE_BLOB_MAX		(TEE_SEAL_DATA_MAX + 162 + TEE_KEY_LABEL_MAX + 16)
#define TEE_ROOT_SIZE		32	/* bytes of a root */
#define TEE_ROOT_ID_SIZE	16	/* bytes of its name */
#define TEE_ROOT_PARAMS_SIZE	96	/* bytes that say how a root comes from its source */
/* Bytes of one serialised evidence item: the largest challenge, and what comes beside it. */
#define TEE_EVIDENCE_MAX	((1u << 20) + (1u << 17))
#define TEE_BROKER_SOCKET	"/run/teegate/broker.sock"
#define TEE_EVIDENCE_MEDIA_TYPE	"application/vnd.teegate.evidence+cbor"

typedef struct tee_ctx tee_ctx;
typedef struct tee_evidence tee_evidence;

/**
 * tee_open() - find a way to the TEE.
 * @target: where to, or NULL to choose the first that is there of: the lease in $TEE_LEASE_FD (not
 *	for set-user-ID programs, and only when the descriptor really is a lease), /dev/teegate, and
 *	the broker at TEE_BROKER_SOCKET. Otherwise one of
 *	"fd:N"		a lease; the context keeps its own duplicate, the caller keeps N
 *	"device:PATH"	the administrator's device; each report gets a lease with claims made by
 *			this library: uid and cgroup of the process, and taint. Keys have the uid
 *			in their sealing claims, and come from installed roots only
 *	"measured-boot:PATH" as "device:", and you assert that kernel and initrd are in the launch
 *			measurement: then keys may come from the firmware's root, too. PATH is
 *			optional. Since 0.4
 *	"broker:PATH"	the socket of teegated; PATH is absolute, and optional
 *	"fake:"		no TEE; evidence that is made up and says so: of SEV-SNP, or of Secure
 *			Execution when it answers a challenge
 *	"fake:FILE"	no TEE; every report is answered with the evidence in FILE
 * @ret_ctx: the context, closed with tee_close()
 *
 * Blocks for as long as connecting to a local socket takes, and asks no firmware: that a way is
 * there does not mean that the TEE works, see tee_get_info().
 *
 * -ENODEV: none of the ways exists, or not the one that was named
 * -EACCES, -EPERM: there is one, but not for this process
 * -EINVAL: @target is not understood
 * -EBADF: "fd:N" is not a lease
 * -EOPNOTSUPP: "broker:", and this build has no such transport
 * -EBADMSG, -E2BIG, -ENOENT or another errno of open(2) and read(2): "fake:FILE" cannot be used
 * -EMFILE, -ENFILE, -ENOMEM
 *
 * There is no context then; tee_last_error(NULL) says what was tried.
 */
int tee_open(const char *target, tee_ctx **ret_ctx);

/**
 * tee_close() - release a context and its descriptors.
 * @ctx: may be NULL; no other thread may be using it
 *
 * Evidence that was got through it stays valid. Does not block. Returns NULL.
 */
tee_ctx *tee_close(tee_ctx *ctx);

enum tee_provider {
	TEE_PROVIDER_NONE = 0,
	TEE_PROVIDER_SEV_SNP = 1,
	TEE_PROVIDER_TDX = 2,
	TEE_PROVIDER_SE = 3,
};

/* What is known of the TEE. Grows at its end only. Numbers that a transport does not know are 0. */
struct tee_info {
	size_t size;		/* in: sizeof(struct tee_info) */
	uint32_t provider;	/* enum tee_provider */
	uint32_t transport;	/* enum teegate_transport of <linux/teegate.h> */
	uint32_t state;		/* enum teegate_state */
	uint32_t vmpl;		/* of reports (SEV-SNP) */
	uint64_t module_ops;	/* TEEGATE_OP_* that the module implements, */
	uint64_t firmware_ops;	/* that the TEE can do now, */
	uint64_t lease_ops;	/* and that this caller may ask for; 0 on /dev/teegate, which makes
				   leases */
	uint64_t taint;		/* TEEGATE_TAINT_* */
	uint64_t lease_id;	/* 0: none */
	uint64_t lease_expires_ms;	/* milliseconds from now, 0: never */
	uint64_t reports;	/* answered well since the module was loaded */
	uint64_t errors;	/* failed below the module */
	uint32_t queued;	/* waiting now, */
	uint32_t queue_max;	/* of so many places */
	char reason[128];	/* what is wrong and what to do, empty when all is well */
	char workload[256];	/* broker only: the workload it takes the caller for, else empty */
	/* Since 0.2. Quote buffers (TDX), 0 elsewhere: */
	uint32_t in_flight;	/* with the host now, those given up on included, */
	uint32_t quarantined;	/* given up on: the host has not returned them yet, */
	uint32_t in_flight_max;	/* that there are */
	uint32_t reserved;	/* 0 */
	/* Since 0.4. Roots of keys: */
	uint32_t root_active;	/* enum tee_root_source of the one that new keys come from, 0: none */
	uint32_t roots;		/* 1 << enum tee_root_source of all that there are */
	uint8_t root_id[TEE_ROOT_ID_SIZE];	/* of an active one that was installed, else 0 */
};

/**
 * tee_get_info() - ask the kernel module or the broker what there is.
 * @ctx: the context
 * @ret_info: its @size is set by the caller; what a newer library knows beyond that is left out,
 *	what an older one does not know is zero
 *
 * Immediate on a descriptor; at most 30 seconds through the broker, which systemd may have to start
 * first. Needs no right.
 *
 * -EPERM: the lease is pinned to another cgroup or user, or the broker does not know this workload
 * -ESTALE: the lease is revoked or expired
 * -ENODEV: the broker is gone
 * -EAGAIN, -ETIMEDOUT, -EPROTO: the broker is busy or being restarted, silent, or is none
 * -EINVAL: @size is too small
 * -ENOMEM
 */
int tee_get_info(tee_ctx *ctx, struct tee_info *ret_info);

/* @user_data goes into report_data as it is; needs the right to. */
#define TEE_REPORT_RAW		(1u << 0)
/*
 * Fetch what goes with it: the certificate table of the host (SEV-SNP), the event log (TDX). The
 * additional data of Secure Execution is covered by the measurement, so it always comes along.
 */
#define TEE_REPORT_AUX		(1u << 1)
/*
 * TDX: a TDREPORT, which only the CPU that made it can check, instead of a quote. Bound as a quote
 * is: anyone may have it quoted.
 */
#define TEE_REPORT_LOCAL	(1u << 2)

/**
 * tee_get_report() - ask for evidence, bound to this workload unless TEE_REPORT_RAW.
 * @ctx: the context
 * @user_data: what the evidence shall carry, such as a verifier's nonce or the hash of a key; may
 *	be NULL when @user_data_len is 0
 * @user_data_len: 0..TEE_USER_DATA_MAX bytes. A raw report pads them to 64 with zeros, and must not
 *	have "teegate/" at bytes 48..55, which marks bound ones
 * @flags: TEE_REPORT_*
 * @timeout_ms: deadline in milliseconds, at most 600000; 0 for the module's default (75 seconds,
 *	more than a throttling host needs)
 * @ret_evidence: freed with tee_evidence_free()
 *
 * Blocks until the firmware has answered, the deadline has passed, or the process is killed; other
 * signals do not end the wait. Through the broker, a lease is acquired by the first call (at most
 * 30 seconds of the deadline), kept, and acquired anew once when it has ended.
 *
 * -EPERM: not in this lease, pinned to another cgroup or user, or the broker's policy says no
 * -ESTALE: the lease is revoked or expired
 * -EOPNOTSUPP: this TEE cannot
 * -ENODEV: no TEE, or its driver is not there (yet); or the broker is gone
 * -ENOKEY: the channel to the firmware is lost until the guest restarts
 * -EAGAIN, -EDQUOT: too many requests wait, of all or of this lease; TDX, -EAGAIN: the host holds
 *	all buffers and does not answer; or the broker hung up, as when it is restarted
 * -ETIMEDOUT: the deadline has passed
 * -EREMOTEIO: the firmware or the host refused; its code is in the text
 * -EPROTO: module or broker answered something that is not evidence for what was asked
 * -ENOSPC: the auxiliary data kept growing between three tries
 * -EINVAL: @user_data_len, @flags or @timeout_ms out of range; or this is Secure Execution, which
 *	answers challenges only: see tee_ask_report()
 * -EINTR: the process is being killed
 * -ENOMEM
 */
int tee_get_report(tee_ctx *ctx, const void *user_data, size_t user_data_len, unsigned int flags,
		   unsigned int timeout_ms, tee_evidence **ret_evidence);

/* What tee_ask_report() is asked for. Grows at its end only; what is not used is zero. */
struct tee_report_request {
	size_t size;		/* sizeof(struct tee_report_request) */
	unsigned int flags;	/* TEE_REPORT_* */
	unsigned int timeout_ms;	/* as for tee_get_report() */
	const void *user_data;	/* what the evidence shall carry, may be NULL */
	size_t user_data_len;	/* 0..TEE_USER_DATA_MAX; raw on Secure Execution, where nothing is
				   padded: 0..TEE_RAW_DATA_MAX */
	const void *challenge;	/* the verifier's request, as it came; NULL elsewhere than on Secure
				   Execution */
	size_t challenge_len;	/* 1..TEE_CHALLENGE_MAX, 0 without one */
};

/**
 * tee_ask_report() - ask for evidence, which may answer a challenge. Since 0.3.
 * @ctx: the context
 * @request: its @size is set by the caller; what an older caller did not know is zero
 * @ret_evidence: freed with tee_evidence_free()
 *
 * What tee_get_report() does, and what it cannot say: IBM Secure Execution attests only in answer
 * to a request (ARCB) that a verifier made for this host. Such evidence convinces nobody but the
 * maker of that request, because only they know the key that the measurement was made with: it
 * cannot be shown to a third party. The request itself is no secret and may come over any channel.
 *
 * The errors of tee_get_report(), and
 * -EINVAL: a challenge where there is no Secure Execution, or none where there is; a length or
 *	@size out of range
 * -E2BIG: @request has bytes set that this library does not know
 * -EREMOTEIO: also: the Ultravisor refused the challenge, such as one made for another host
 */
int tee_ask_report(tee_ctx *ctx, const struct tee_report_request *request,
		   tee_evidence **ret_evidence);

/**
 * tee_extend() - add an event to a runtime measurement register, for good. Since 0.2.
 * @ctx: the context
 * @index: 2 or 3 (TDX RTMR); 0 and 1 belong to firmware
 * @event: opaque; ends up in the event log that everybody sees
 * @event_len: 1..TEE_EVENT_MAX bytes
 * @timeout_ms: as for tee_get_report()
 * @ret_digest: optional, what the register was extended with (it covers the claims of the caller's
 *	lease, too; <linux/teegate.h> has the formula)
 *
 * Blocks as tee_get_report() does. Cannot be undone, and after -ETIMEDOUT, -EINTR and -ESTALE it
 * may have happened; it is never tried twice. Through the broker, each call acquires a lease for
 * this one event.
 *
 * -EPERM: not in this lease (it is in none by default), or the broker's policy says no
 * -EDQUOT: the events or bytes that the lease or the policy allows are used up
 * -ENOSPC: the event log of the guest is full
 * -EOPNOTSUPP: this TEE, this kernel or its module cannot
 * -EINVAL: @index, @event_len or @timeout_ms out of range
 * and the errors of tee_get_report() but for those about buffers
 */
int tee_extend(tee_ctx *ctx, unsigned int index, const void *event, size_t event_len,
	       unsigned int timeout_ms, uint8_t ret_digest[TEE_DIGEST_SIZE]);

/*
 * DOC: secrets of IBM Secure Execution, since 0.3
 *
 * The Ultravisor keeps a store of secrets for each guest, until it ends. They come from outside in
 * requests that are encrypted for the host's key and that this library does not look into. All that
 * concerns the store is the administrator's: it takes a context on /dev/teegate, and no lease and
 * no broker ever grants it.
 *
 * These functions block as tee_get_report() does; @timeout_ms is the same. Their errors are
 *
 * -EPERM: the context is not one on /dev/teegate
 * -EOPNOTSUPP: not Secure Execution, or this firmware has no store of secrets
 * -ENOTTY: the kernel module is older than that
 * -EREMOTEIO: the Ultravisor refused; its code is in the text
 * -ENODEV, -EAGAIN, -ETIMEDOUT, -EPROTO, -EINTR, -EINVAL, -ENOMEM: as for tee_get_report()
 */

/**
 * tee_add_secret() - give the Ultravisor a secret to keep. Since 0.3.
 * @ctx: the context
 * @request: the add-secret request, as its maker (such as `pvsecret create`) wrote it
 * @request_len: 1..TEE_SECRET_MAX bytes
 * @timeout_ms: deadline
 *
 * After -ETIMEDOUT and -EINTR it may have happened; it is never tried twice. tee_list_secrets()
 * tells. There is no way to take a secret out again.
 *
 * -ENOSPC: also: the store is full
 * -EAGAIN: also: a dump of the guest is being made
 */
int tee_add_secret(tee_ctx *ctx, const void *request, size_t request_len, unsigned int timeout_ms);

/* One secret of the store: what it is called, never what it is. */
struct tee_secret {
	uint32_t index;		/* its place in the store */
	uint32_t type;		/* as the Ultravisor numbers them: 1 null, 2 association, ... */
	uint32_t length;	/* bytes of the secret, 0 where it has none */
	uint32_t reserved;	/* 0 */
	uint8_t id[32];		/* the name that its maker gave it */
};

/**
 * tee_list_secrets() - what is in the store. Since 0.3.
 * @ctx: the context
 * @timeout_ms: deadline
 * @ret_secrets: an array, freed with free(); not NULL when it is empty
 * @ret_count: its elements
 *
 * -ENOSPC: also: the list kept growing between three tries
 */
int tee_list_secrets(tee_ctx *ctx, unsigned int timeout_ms, struct tee_secret **ret_secrets,
		     size_t *ret_count);

/* What tee_lock_secrets() has to be told, so that nobody locks by a mistaken zero. */
#define TEE_LOCK_IRREVERSIBLE	(1u << 0)

/**
 * tee_lock_secrets() - close the store for good: nothing can be added until the guest ends. Since
 * 0.3.
 * @ctx: the context
 * @flags: TEE_LOCK_IRREVERSIBLE, or -EINVAL
 * @timeout_ms: deadline
 *
 * Cannot be undone. After -ETIMEDOUT and -EINTR it may have happened.
 */
int tee_lock_secrets(tee_ctx *ctx, unsigned int flags, unsigned int timeout_ms);

/*
 * DOC: keys
 *
 * A key is derived from a root that the workload never sees, from the sealing claims of its lease,
 * and from a label that it chooses (doc/keys.md has the formulas). The same workload gets the same
 * key under the same label when it is started again, and nobody else does. Data that is sealed opens
 * for the same workload only; the kernel does both and shows no key for it.
 *
 * Errors of all functions of this section, besides those of tee_get_report() for a lease, the queue
 * and the firmware:
 *
 * -ENODATA: there is no root of a source that the lease may use; the text says how to get one
 * -EPERM: also: the lease does not allow that label
 * -EKEYREJECTED: the parameters of the root are weaker than the lease allows, or others
 * -EOPNOTSUPP: this TEE has no keys, nor has fake:FILE
 * -ENOTTY: the kernel module is older than that
 */

/* Where a root comes from. */
enum tee_root_source {
	TEE_ROOT_NONE = 0,
	TEE_ROOT_FIRMWARE = 1,		/* SEV-SNP: MSG_KEY_REQ */
	TEE_ROOT_RETRIEVABLE = 2,	/* Secure Execution: a retrievable secret */
	TEE_ROOT_TPM = 3,		/* from here on installed by the administrator: TPM 2.0, */
	TEE_ROOT_LAUNCH_SECRET = 4,	/* SEV launch secret, */
	TEE_ROOT_KEY_BROKER = 5,	/* key broker, */
	TEE_ROOT_DEVELOPMENT = 6,	/* a file; taints all evidence */
};

/*
 * Which root a key comes from, and how. Not secret. Keep it beside what the key is for, and the key
 * can be derived again after an update of the TEE has changed today's parameters.
 */
struct tee_key_params {
	uint8_t root_params[TEE_ROOT_PARAMS_SIZE];	/* as in the header of a blob */
	uint8_t root_id[TEE_ROOT_ID_SIZE];	/* in: all zero means any */
};

/**
 * tee_derive_key() - a key of this workload. Since 0.4.
 * @ctx: the context
 * @label: what the key is for; part of it, not secret. May be NULL when @label_len is 0
 * @label_len: 0..TEE_KEY_LABEL_MAX bytes
 * @params: from an earlier call, or NULL for the active root with today's parameters
 * @timeout_ms: deadline
 * @ret_key: the key. Wipe it with explicit_bzero(3) after use
 * @key_len: TEE_KEY_MIN..TEE_KEY_MAX bytes; part of the key: a shorter one is no beginning of it
 * @ret_params: where it came from, may be NULL
 *
 * Never the key of a blob or of a keyring: each purpose has keys of its own.
 *
 * -ENXIO: the root is another one than @params names
 */
int tee_derive_key(tee_ctx *ctx, const void *label, size_t label_len,
		   const struct tee_key_params *params, unsigned int timeout_ms, void *ret_key,
		   size_t key_len, struct tee_key_params *ret_params);

/* Kinds of keys that the kernel keeps. */
#define TEE_KEY_LOGON		1	/* "logon", for dm-crypt */
#define TEE_KEY_FSCRYPT		2	/* "fscrypt-provisioning", for FS_IOC_ADD_ENCRYPTION_KEY */

/* Where it keeps them, by the numbers of <linux/keyctl.h>. */
#define TEE_KEYRING_PROCESS	(-2)
#define TEE_KEYRING_SESSION	(-3)

/* What tee_derive_to_keyring() is asked for. Grows at its end only; what is not used is zero. */
struct tee_keyring_request {
	size_t size;		/* sizeof(struct tee_keyring_request) */
	const void *label;	/* these four as for tee_derive_key() */
	size_t label_len;
	const struct tee_key_params *params;
	size_t key_len;
	const char *description;	/* 1 to 255 printable characters without blanks; in the
					   keyring "teegate:" comes in front of it */
	int keyring;		/* TEE_KEYRING_* */
	unsigned int type;	/* TEE_KEY_* */
	unsigned int timeout_ms;
	unsigned int reserved;	/* 0 */
};

/**
 * tee_derive_to_keyring() - a key that the kernel keeps and uses, and user space never sees. Since
 * 0.4.
 * @ctx: the context
 * @request: which key, and where to
 * @ret_serial: its serial number, may be NULL
 * @ret_params: where it came from, may be NULL
 *
 * -EEXIST: there is such a key in the keyring; it is never overwritten
 * -ENXIO: the root is another one than @request->params names; the key is in the keyring then, and
 *	@ret_serial is written so that it can be revoked
 * -EDQUOT: also: the quota of keys of this user
 */
int tee_derive_to_keyring(tee_ctx *ctx, const struct tee_keyring_request *request,
			  int32_t *ret_serial, struct tee_key_params *ret_params);

/**
 * tee_seal() - encrypt data so that only this workload can open it. Since 0.4.
 * @ctx: the context
 * @label: what the data is; stands in the blob for everybody to read, and cannot be changed there.
 *	May be NULL when @label_len is 0
 * @label_len: 0..TEE_KEY_LABEL_MAX bytes
 * @data: may be NULL when @data_len is 0
 * @data_len: 0..TEE_SEAL_DATA_MAX bytes. Of what is longer, seal a key, and encrypt with that
 * @timeout_ms: deadline
 * @ret_blob: the blob, freed with free(); not secret
 * @ret_len: at most TEE_BLOB_MAX bytes
 *
 * The same data never gives the same blob twice. Nothing tells an old blob from a new one of the
 * same label: whoever keeps it for you may bring an old one back.
 *
 * -EMSGSIZE: @data_len is over TEE_SEAL_DATA_MAX
 */
int tee_seal(tee_ctx *ctx, const void *label, size_t label_len, const void *data, size_t data_len,
	     unsigned int timeout_ms, uint8_t **ret_blob, size_t *ret_len);

/**
 * tee_unseal() - open a blob of this workload. Since 0.4.
 * @ctx: the context
 * @blob, @blob_len: the blob, every byte of it
 * @label, @label_len: what it must have been sealed as, or NULL for anything. Whoever keeps your
 *	blobs can exchange one for another of yours: say what you expect
 * @timeout_ms: deadline
 * @ret_data: the data, freed with free(); wipe it first, explicit_bzero(3). Not NULL when empty
 * @ret_len: its length
 *
 * What is wrong with a header, which is not secret, has errors of its own; everything else is
 * -EBADMSG, and nobody can tell what of it.
 *
 * -EILSEQ: not a sealed blob
 * -EPROTONOSUPPORT: of a later version
 * -EMSGSIZE: cut off, or its lengths are not those of a blob
 * -EXDEV: sealed on another kind of TEE
 * -ENXIO: sealed under another root than those that are here
 * -EBADMSG: damaged, not this workload's, or sealed as something else than @label
 */
int tee_unseal(tee_ctx *ctx, const void *blob, size_t blob_len, const void *label, size_t label_len,
	       unsigned int timeout_ms, uint8_t **ret_data, size_t *ret_len);

/* What the header of a blob says. Grows at its end only. */
struct tee_blob_info {
	size_t size;		/* in: sizeof(struct tee_blob_info) */
	uint32_t version;	/* of the format: 1 */
	uint32_t provider;	/* enum tee_provider: where it was sealed */
	uint32_t root_source;	/* enum tee_root_source */
	uint32_t claims;	/* bit k: key k stands in the sealing claims */
	const uint8_t *label;	/* in the blob, not a copy */
	size_t label_len;
	size_t data_len;	/* bytes of the data in it */
	struct tee_key_params params;
};

/**
 * tee_blob_inspect() - read the header of a sealed blob. Since 0.4.
 * @blob, @blob_len: the blob
 * @ret_info: its @size is set by the caller, as for tee_get_info()
 *
 * Needs no TEE, no right and no context, proves nothing, and leaves no text for tee_last_error().
 *
 * -EILSEQ, -EPROTONOSUPPORT, -EMSGSIZE: as for tee_unseal()
 * -EINVAL: @size is too small
 */
int tee_blob_inspect(const void *blob, size_t blob_len, struct tee_blob_info *ret_info);

/* tee_set_root(): for old blobs only; any number of them, up to the module's limit. */
#define TEE_ROOT_UNSEAL_ONLY	(1u << 0)

/**
 * tee_set_root() - install a root, once per boot. Since 0.4.
 * @ctx: a context on /dev/teegate
 * @source: TEE_ROOT_TPM or one of those after it
 * @root: TEE_ROOT_SIZE bytes; wipe your copy
 * @flags: TEE_ROOT_UNSEAL_ONLY or 0
 * @ret_root_id: its name, which stands in blobs; may be NULL
 *
 * -EPERM: @ctx is not one on /dev/teegate
 * -EEXIST: there is an active root already, or this one is among those for old blobs, or roots that
 *	were installed have been wiped
 * -ENOSPC: too many for old blobs
 */
int tee_set_root(tee_ctx *ctx, unsigned int source, const uint8_t root[TEE_ROOT_SIZE],
		 unsigned int flags, uint8_t ret_root_id[TEE_ROOT_ID_SIZE]);

/* tee_wipe_roots(): installed ones, too; none can be installed until the module is loaded anew. */
#define TEE_WIPE_INSTALLED	(1u << 0)

/**
 * tee_wipe_roots() - have the kernel forget roots that it keeps for speed. Since 0.4.
 * @ctx: a context on /dev/teegate
 * @flags: TEE_WIPE_INSTALLED or 0
 *
 * -EPERM: @ctx is not one on /dev/teegate
 */
int tee_wipe_roots(tee_ctx *ctx, unsigned int flags);

/**
 * tee_last_error() - what went wrong, and what to do about it.
 * @ctx: the context whose call failed in this thread, or NULL for tee_open()
 *
 * Each thread remembers the text of its latest failure and nothing older: the answer is "" when
 * that was another context's. Success forgets nothing, so ask only after a failure. The accessors
 * of evidence, tee_evidence_parse() and the functions for exchange files leave no text. Never NULL; for people, not for programs;
 * valid until the next call of this library in this thread.
 */
const char *tee_last_error(tee_ctx *ctx);

/**
 * tee_strerror() - a sentence for an errno of this library.
 * @error: negative
 *
 * Never NULL; static.
 */
const char *tee_strerror(int error);

/**
 * tee_evidence_free() - release evidence and every byte that its accessors gave out.
 * @evidence: may be NULL
 *
 * Returns NULL.
 */
tee_evidence *tee_evidence_free(tee_evidence *evidence);

/*
 * DOC: accessors
 *
 * They do not block. The bytes belong to the evidence and live as long as it does. None of them is
 * proven by being here: verification is libtee-verify's. -ENODATA: the evidence has no such part.
 */

/* tee_evidence_get_provider() - "sev-snp", "tdx" or "se", as the sender says. */
int tee_evidence_get_provider(const tee_evidence *evidence, const char **ret_name);
/* tee_evidence_get_report() - the vendor's report, quote or measurement. */
int tee_evidence_get_report(const tee_evidence *evidence, const uint8_t **ret_data,
			    size_t *ret_len);
/* tee_evidence_get_aux() - SEV-SNP: the certificate table; Secure Execution: the additional data of
 * the Ultravisor. -ENODATA: not asked for, or there is none. */
int tee_evidence_get_aux(const tee_evidence *evidence, const uint8_t **ret_data, size_t *ret_len);
/* tee_evidence_get_event_log() - TDX: event log of the TCG that replays to the registers in the
 * quote. -ENODATA: not asked for, or there is none that does. Since 0.2. */
int tee_evidence_get_event_log(const tee_evidence *evidence, const uint8_t **ret_data,
			       size_t *ret_len);
/* tee_evidence_get_claims() - encoded claims, 1..TEE_CLAIMS_MAX bytes. -ENODATA: a raw report. */
int tee_evidence_get_claims(const tee_evidence *evidence, const uint8_t **ret_data,
			    size_t *ret_len);
/* tee_evidence_get_user_data() - as it was given, 0..TEE_USER_DATA_MAX bytes. -ENODATA: a raw
 * report. */
int tee_evidence_get_user_data(const tee_evidence *evidence, const uint8_t **ret_data,
			       size_t *ret_len);
/* tee_evidence_get_blind() - the 32 random bytes in the leaf. -ENODATA: a raw report. */
int tee_evidence_get_blind(const tee_evidence *evidence, const uint8_t **ret_data, size_t *ret_len);
/*
 * tee_evidence_get_tree() - where this request stands among those that share the report.
 * @ret_leaf_index: 0..@ret_tree_size - 1
 * @ret_tree_size: 1..256; 1: the report is for this request alone
 * @ret_path, @ret_path_len: inclusion proof from the leaf up, 48 bytes a hash; may be empty
 *
 * -ENODATA: a raw report.
 */
int tee_evidence_get_tree(const tee_evidence *evidence, uint32_t *ret_leaf_index,
			  uint32_t *ret_tree_size, const uint8_t **ret_path, size_t *ret_path_len);

/* tee_evidence_get_challenge() - Secure Execution: the request that was answered. -ENODATA:
 * elsewhere. Since 0.3. */
int tee_evidence_get_challenge(const tee_evidence *evidence, const uint8_t **ret_data,
			       size_t *ret_len);
/* tee_evidence_get_config_uid() - Secure Execution: the 16 bytes that name this start of the guest.
 * -ENODATA: elsewhere. Since 0.3. */
int tee_evidence_get_config_uid(const tee_evidence *evidence, const uint8_t **ret_data,
				size_t *ret_len);
/* tee_evidence_get_report_data() - Secure Execution: the user data that the Ultravisor was given,
 * 0..TEE_RAW_DATA_MAX bytes; of bound evidence the 64 of the binding. -ENODATA: elsewhere, where it
 * stands in the report itself. Since 0.3. */
int tee_evidence_get_report_data(const tee_evidence *evidence, const uint8_t **ret_data,
				 size_t *ret_len);

/**
 * tee_evidence_serialize() - one deterministic CBOR item (doc/evidence.cddl).
 * @evidence: the evidence
 * @ret_data: the item, freed with free()
 * @ret_len: at most TEE_EVIDENCE_MAX bytes
 *
 * The same evidence gives the same bytes, always. Keys that tee_evidence_parse() did not know are
 * left out. Does not block. -ENOMEM.
 */
int tee_evidence_serialize(const tee_evidence *evidence, uint8_t **ret_data, size_t *ret_len);

/**
 * tee_evidence_parse() - the inverse.
 * @data: the item; copied
 * @len: its length; every byte must belong to it
 * @ret_evidence: freed with tee_evidence_free()
 *
 * Accepts nothing that tee_evidence_serialize() would not have written, but for unknown positive
 * map keys; memory and time are bounded by @len, whatever lengths the input claims. Proves nothing:
 * verification is libtee-verify's. Does not block.
 *
 * -EBADMSG: not such an item: cut off, trailing bytes, not deterministic, a key twice, a critical
 *	(negative) key that is unknown, or out of the format's range
 * -E2BIG: over TEE_EVIDENCE_MAX
 * -ENOMEM
 */
int tee_evidence_parse(const void *data, size_t len, tee_evidence **ret_evidence);

/*
 * DOC: exchange files
 *
 * What s390-tools' pvattest reads and writes: an attestation request of IBM Secure Execution, and
 * once it is answered, also measurement, additional data, user data and configuration UID. Such a
 * file has no place for the binding record, so it cannot say who asked: that takes the evidence
 * item. None of these functions verifies anything, blocks, or leaves a text for tee_last_error().
 */

/**
 * tee_exchange_get_challenge() - the request in an exchange file, for tee_ask_report(). Since 0.3.
 * @data, @len: the file
 * @ret_challenge, @ret_challenge_len: 1..TEE_CHALLENGE_MAX bytes of @data, not a copy
 *
 * -EBADMSG: not an exchange file, or a damaged one
 */
int tee_exchange_get_challenge(const void *data, size_t len, const uint8_t **ret_challenge,
			       size_t *ret_challenge_len);

/**
 * tee_evidence_to_exchange() - evidence of Secure Execution as an exchange file. Since 0.3.
 * @evidence: the evidence
 * @ret_data: the file, freed with free()
 * @ret_len: its length
 *
 * Of bound evidence the user data is the 64 bytes of the binding.
 *
 * -EOPNOTSUPP: evidence of another TEE
 * -EBADMSG: it lacks what key 7 of the item has to hold, or has parts that are longer than any
 *	Ultravisor's
 * -ENOMEM
 */
int tee_evidence_to_exchange(const tee_evidence *evidence, uint8_t **ret_data, size_t *ret_len);

/**
 * tee_evidence_from_exchange() - an answered exchange file as raw evidence. Since 0.3.
 * @data, @len: the file; copied
 * @ret_evidence: freed with tee_evidence_free()
 *
 * -EBADMSG: not an exchange file, or a damaged one
 * -ENODATA: it is a request that nobody has answered
 * -ENOMEM
 */
int tee_evidence_from_exchange(const void *data, size_t len, tee_evidence **ret_evidence);

#ifdef __cplusplus
}
#endif
#endif
