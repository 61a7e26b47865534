/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the software Ultravisor know of each other.
 *
 *	trap.c		operation exception on uvc: takes the operands apart, dispatches by command
 *	attest.c	RETR_ATTEST: the request opened, the measurement made
 *	secret.c	ADD, LIST, LOCK and RETR_SECRET, and the store behind them
 *	request.c	what both kinds of request have in common: key slots, the sealed part
 *	platform.c	uv.bin: who this host and this guest are
 *	p521.c		ECDH
 *	crypto.c	AES-256-GCM, SHA-256, SHA-512, HMAC
 *	selftest.c	the known answers, before anything is answered
 *	fault.c		faults on request and counters, in debugfs
 *	probe.c		uvc by hand, for tests of it
 *	patch.c		what QUI says; makes the kernel believe it, and takes it back
 *
 * Everything between the trap and its return is called without being able to sleep. The structures
 * here are the architecture's, in the order of the wire, which is this machine's own.
 */
#ifndef SOFTUV_H
#define SOFTUV_H

#include <linux/bits.h>
#include <linux/types.h>

#include "../shared/shared.h"

#undef pr_fmt
#define pr_fmt(fmt) "teegate_softuv: " fmt

#define SOFTUV_COORDINATE_LEN	80
#define SOFTUV_PUBLIC_LEN	(2 * SOFTUV_COORDINATE_LEN)
#define SOFTUV_SHARED_LEN	66
#define SOFTUV_KEY_LEN		32
#define SOFTUV_TAG_LEN		16
#define SOFTUV_IV_LEN		12
#define SOFTUV_PHKH_LEN		32
#define SOFTUV_SHA256_LEN	32
#define SOFTUV_SHA512_LEN	64
#define SOFTUV_UID_LEN		16
#define SOFTUV_FW_STATE_LEN	0x140

/* Condition codes of uvc. */
enum softuv_cc {
	SOFTUV_CC_OK,
	SOFTUV_CC_ERROR,
	SOFTUV_CC_BUSY,
	SOFTUV_CC_PARTIAL,
};

/* Commands and the bits that say that they are there; older kernels do not name all of them. */
#define SOFTUV_CMD_QUI			0x0001
#define SOFTUV_CMD_SHARE		0x1000
#define SOFTUV_CMD_UNSHARE		0x1001
#define SOFTUV_CMD_RETR_ATTEST		0x1020
#define SOFTUV_CMD_ADD_SECRET		0x1031
#define SOFTUV_CMD_LIST_SECRETS		0x1033
#define SOFTUV_CMD_LOCK_SECRETS		0x1034
#define SOFTUV_CMD_RETR_SECRET		0x1035

/* Return codes that all commands have; those of one command are beside it. */
#define SOFTUV_RC_EXECUTED		0x0001
#define SOFTUV_RC_INV_CMD		0x0002
#define SOFTUV_RC_INV_LEN		0x0005
#define SOFTUV_RC_MORE_DATA		0x0100

struct softuv_header {
	u16 len;
	u16 cmd;
	u16 rc;
	u16 rrc;
};

/* platform.c: uv.bin as tests/pki/make-se writes it, big-endian as this machine is. */
struct softuv_tags {
	u8 pld[64];
	u8 ald[64];
	u8 tld[64];
	u8 tag[16];
};

struct softuv_platform {
	char magic[8];
	u32 version;
	u32 size;
	u8 config_uid[SOFTUV_UID_LEN];
	struct softuv_tags tags;
	u8 communication_key[SOFTUV_KEY_LEN];
	u64 attestation_flags;
	u32 reserved;
	u16 max_secrets;
	u16 max_retrievable;
	u8 firmware_state[SOFTUV_FW_STATE_LEN];
	u8 host_scalar[SOFTUV_COORDINATE_LEN];
	u8 host_public[SOFTUV_PUBLIC_LEN];
	u8 image_phkh[SOFTUV_PHKH_LEN];
};

extern struct softuv_platform softuv_platform;
extern u8 softuv_phkh[SOFTUV_PHKH_LEN];		/* SHA-256 of host_public */

int softuv_platform_load(void);
void softuv_platform_wipe(void);

/* p521.c */
bool softuv_ecdh(const u8 scalar[SOFTUV_COORDINATE_LEN], const u8 public_key[SOFTUV_PUBLIC_LEN],
		 u8 ret_shared[SOFTUV_SHARED_LEN]);

/* crypto.c */
int softuv_crypto_init(void);
void softuv_crypto_exit(void);
void softuv_sha256(const void *data, size_t len, u8 out[SOFTUV_SHA256_LEN]);
void softuv_sha512(const void *a, size_t a_len, const void *b, size_t b_len,
		   u8 out[SOFTUV_SHA512_LEN]);

struct softuv_piece {
	const void *data;
	size_t len;
};

/* The first piece is left free for the key. */
void softuv_hmac_sha512(const u8 key[64], struct softuv_piece *pieces, size_t count,
			u8 out[SOFTUV_SHA512_LEN]);
/* Opens @text in place; its @text_len bytes are followed by the tag. */
bool softuv_gcm_open(const u8 key[SOFTUV_KEY_LEN], const u8 iv[SOFTUV_IV_LEN], const u8 *aad,
		     size_t aad_len, u8 *text, size_t text_len);

/* request.c */
struct softuv_request_header {
	u8 magic[8];
	u32 version;
	u32 len;
	u8 iv[SOFTUV_IV_LEN];
	u32 reserved1c;
	u8 reserved20[7];
	u8 slots;
	u32 reserved28;
	u32 sealed_len;
};

#define SOFTUV_REQUEST_VERSION	0x100
#define SOFTUV_SLOT_LEN		80
/* 255 key slots and the largest secret. */
#define SOFTUV_REQUEST_MAX	(64 * 1024)

struct softuv_request {
	struct softuv_request_header *header;
	u8 *bytes;		/* a copy: header, ... sealed part (opened in place), tag */
	size_t len;
	size_t slots_at;
	const u8 *maker;	/* whose public key */
	u8 *sealed;		/* header->sealed_len bytes, and the tag */
};

/* Which code each failure has; they differ between kinds of requests. */
struct softuv_request_codes {
	u16 access;
	u16 version;
	u16 length;
	u16 slots;
	u16 sealed;
};

bool softuv_readable(u64 addr, size_t len);
u16 softuv_request_get(u64 addr, size_t key_at, const struct softuv_request_codes *codes,
		       struct softuv_request *ret_request);
bool softuv_request_open(struct softuv_request *request,
			 const u8 scalar[SOFTUV_COORDINATE_LEN], const u8 phkh[SOFTUV_PHKH_LEN]);
void softuv_request_put(struct softuv_request *request);
void softuv_requests_wipe(void);

/* attest.c */
u16 softuv_attest(struct softuv_header *header);

/* What a measurement is of. */
struct softuv_measured {
	const struct softuv_tags *tags;
	const u8 *config_uid;
	const void *user;
	u16 user_len;
	const u8 *nonce;
	size_t nonce_len;
	const void *additional;
	u32 additional_len;
};

void softuv_measure(const u8 key[64], const struct softuv_measured *measured,
		    u8 out[SOFTUV_SHA512_LEN]);

/* secret.c */
void softuv_secrets_wipe(void);
void softuv_secrets_hash(u8 out[SOFTUV_SHA512_LEN]);
unsigned int softuv_secrets_count(void);
bool softuv_secrets_locked(void);
u16 softuv_add_secret(struct softuv_header *header);
u16 softuv_list_secrets(struct softuv_header *header);
u16 softuv_lock_secrets(struct softuv_header *header);
u16 softuv_retrieve_secret(struct softuv_header *header);

/* selftest.c */
int softuv_selftest(void);

/* patch.c */
const char *softuv_patch_present(void);
bool softuv_offers(u16 cmd);
u16 softuv_query(struct softuv_header *header);
void softuv_patch_apply(void);
void softuv_patch_undo(void);

/* trap.c */
int softuv_trap_init(void);
void softuv_trap_exit(void);
int softuv_uvc(struct softuv_header *block);

/* fault.c: a fault is asked for where it would act, which is what counts as one occasion. */
enum softuv_fault {
	SOFTUV_FAULT_BUSY,
	SOFTUV_FAULT_PARTIAL,
	SOFTUV_FAULT_HANG,
	SOFTUV_FAULT_DELAY,
	SOFTUV_FAULT_RC,
	SOFTUV_FAULT_ATTEST_RC,
	SOFTUV_FAULT_ADD_RC,
	SOFTUV_FAULT_LIST_RC,
	SOFTUV_FAULT_LOCK_RC,
	SOFTUV_FAULT_RETR_RC,
	SOFTUV_FAULT_WRONG_CC,
	SOFTUV_FAULT_NO_ANSWER,
	SOFTUV_FAULT_BAD_MEASUREMENT,
	SOFTUV_FAULT_FOREIGN_IMAGE,
	SOFTUV_FAULT_FOREIGN_UID,
	SOFTUV_FAULT_FORGED_UID,
	SOFTUV_FAULT_FOREIGN_USER,
	SOFTUV_FAULT_FOREIGN_HOST,
	SOFTUV_FAULT_BAD_ADDITIONAL,
	SOFTUV_FAULT_MEASUREMENT_LEN,
	SOFTUV_FAULT_ADDITIONAL_LEN,
	SOFTUV_FAULT_LIST_STORED,
	SOFTUV_FAULT_LIST_TOTAL,
	SOFTUV_FAULT_LIST_NEXT,
	SOFTUV_FAULT_SECRET_LEN,
	SOFTUV_FAULT_ZERO_SECRET,
	SOFTUV_FAULTS
};

enum softuv_counter {
	SOFTUV_COUNT_CALLS,		/* uvc in all, busy ones included */
	SOFTUV_COUNT_BUSY,		/* answered with condition code 2 or 3 */
	SOFTUV_COUNT_REFUSED,		/* answered with a return code that is not EXECUTED */
	SOFTUV_COUNT_ATTESTATIONS,	/* measurements made */
	SOFTUV_COUNT_ADDED,
	SOFTUV_COUNT_LISTED,
	SOFTUV_COUNT_LOCKED,
	SOFTUV_COUNT_RETRIEVED,
	SOFTUV_COUNT_SHARED,		/* pages shared and unshared; nothing happens to them */
	SOFTUV_COUNTERS
};

void softuv_fault_init(void);
void softuv_fault_exit(void);
void softuv_fault_spin(u64 usec);
void softuv_fault_hang(void);
bool softuv_fault_hanging(void);
u32 softuv_latency(void);
void softuv_count(enum softuv_counter counter);

/* probe.c */
struct dentry;
void softuv_probe_init(struct dentry *dir);

#endif
