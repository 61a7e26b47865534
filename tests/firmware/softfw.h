/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the software firmware know of each other.
 *
 *	trap.c		#UD on vmgexit: finds the GHCB, plays the hypervisor's side of the exit
 *	channel.c	the message channel: sequence numbers, AES-256-GCM, dispatch by message type
 *	report.c	MSG_REPORT_REQ		key.c	MSG_KEY_REQ
 *	sign.c		ECDSA P-384		crypto.c HMAC, AES-256-GCM
 *	fault.c		faults on request and counters, in debugfs
 *	chip.c		chip.bin and certs.bin
 *	patch.c		makes the kernel believe that it is an SNP guest, and takes it back
 *	shared/		what the software firmwares of all vendors have in common
 *
 * Everything between the trap and its return runs with interrupts off (delays let them in).
 */
#ifndef SOFTFW_H
#define SOFTFW_H

#include <linux/types.h>

#include "chip.h"
#include "shared/shared.h"

#undef pr_fmt
#define pr_fmt(fmt) "teegate_softfw: " fmt

#define SOFTFW_VMPCKS		4
#define SOFTFW_KEY_LEN		32
#define SOFTFW_TAG_LEN		16
#define SOFTFW_REPORT_LEN	1184
#define SOFTFW_MAX_PAYLOAD	4000	/* of a message page, less its header */

/* Status of a response (first word of the payload), and firmware errors in SW_EXITINFO2 31:0. */
#define SOFTFW_OK			0x00
#define SOFTFW_BAD_MEASUREMENT		0x0b
#define SOFTFW_INVALID_PARAM		0x16
#define SOFTFW_AEAD_OFLOW		0x1d
#define SOFTFW_INVALID_KEY		0x27

/* Hypervisor errors in SW_EXITINFO2 63:32. */
#define SOFTFW_VMM_ERROR(code)		((u64)(code) << 32)
#define SOFTFW_VMM_INVALID_LEN		SOFTFW_VMM_ERROR(1)
#define SOFTFW_VMM_BUSY			SOFTFW_VMM_ERROR(2)

/* chip.c */
extern struct softfw_chip *softfw_chip;
extern u8 *softfw_certs;
extern size_t softfw_certs_len;

int softfw_chip_load(void);
void softfw_chip_unload(void);

/* patch.c */
int softfw_patch_init(void);
const char *softfw_patch_present(void);
int softfw_patch_apply(phys_addr_t secrets_pa);
void softfw_patch_undo(void);
struct ghcb *softfw_ghcb(int cpu);

/* trap.c */
int softfw_trap_init(void);
void softfw_trap_exit(void);

/* channel.c */
int softfw_channel_init(phys_addr_t secrets_pa);
void softfw_channel_exit(void);
u64 softfw_guest_request(bool extended, u64 req_gpa, u64 resp_gpa, u64 data_gpa, u64 *npages);

/*
 * report.c, key.c: answer a decrypted request. @vmpl is the caller's, that of the VMPCK it used.
 * The response is built in @rsp, which holds SOFTFW_MAX_PAYLOAD zero bytes; returns its length.
 */
size_t softfw_report(u32 vmpl, u8 msg_version, const u8 *req, size_t req_len, u8 *rsp);
size_t softfw_key(u32 vmpl, u8 msg_version, const u8 *req, size_t req_len, u8 *rsp);

/* fault.c: a fault is asked for where it would act, which is what counts as one occasion. */
enum softfw_fault {
	SOFTFW_FAULT_DELAY,
	SOFTFW_FAULT_HANG,
	SOFTFW_FAULT_BUSY,
	SOFTFW_FAULT_VMM_ERROR,
	SOFTFW_FAULT_FW_ERROR,
	SOFTFW_FAULT_INVALID_LEN,
	SOFTFW_FAULT_BAD_CERTS,
	SOFTFW_FAULT_LOST_VMPCK,
	SOFTFW_FAULT_RSP_STATUS,
	SOFTFW_FAULT_FOREIGN_DATA,
	SOFTFW_FAULT_REPORT_SIZE,
	SOFTFW_FAULT_BAD_SIGNATURE,
	SOFTFW_FAULT_ZERO_KEY,
	SOFTFW_FAULT_MSG_SIZE,
	SOFTFW_FAULT_BAD_TYPE,
	SOFTFW_FAULT_BAD_SEQNO,
	SOFTFW_FAULT_BAD_TAG,
	SOFTFW_FAULTS
};

/* What bad-certs makes of the certificate table. */
enum softfw_certs {
	SOFTFW_CERTS_NONE,	/* zeroes: no certificates, as honest hosts without any */
	SOFTFW_CERTS_TOO_LONG,	/* the first one ends one byte behind the buffer */
	SOFTFW_CERTS_WRAPS,	/* its offset and length wrap around in 32 bits */
	SOFTFW_CERTS_ENDLESS,	/* entries up to the end of the buffer */
};

enum softfw_counter {
	SOFTFW_COUNT_REQUESTS,		/* guest requests that reached us */
	SOFTFW_COUNT_EXTENDED,		/* of these, extended ones */
	SOFTFW_COUNT_ANSWERED,		/* got a response message */
	SOFTFW_COUNT_ERRORS,		/* got an error instead */
	SOFTFW_COUNT_REPORTS,
	SOFTFW_COUNT_KEYS,
	SOFTFW_COUNT_REFUSED,		/* responses with a status other than 0 */
	SOFTFW_COUNT_BAD_SEQNO,		/* requests out of step */
	SOFTFW_COUNT_BAD_TAG,		/* requests that do not decrypt */
	SOFTFW_COUNT_BAD_EXITS,		/* exits that are no guest request */
	SOFTFW_COUNTERS
};

struct dentry *softfw_fault_init(void);
void softfw_fault_exit(void);
void softfw_fault_delay(u64 usec);
void softfw_fault_hang(void);
void softfw_count(enum softfw_counter counter);

/* sign.c */
enum softfw_signer {
	SOFTFW_SIGN_VCEK = 0,	/* as in the SIGNING_KEY field of a report */
	SOFTFW_SIGN_VLEK = 1,
	SOFTFW_SIGN_NONE = 7,
};

int softfw_sign_init(void);
void softfw_sign_exit(void);
void softfw_sign(enum softfw_signer signer, const u8 *data, size_t len, u8 r_le[48], u8 s_le[48]);
void softfw_sign_refill(void);
void softfw_sign_stats(unsigned int *pooled, unsigned long *inlined);

/* crypto.c */
int softfw_crypto_init(void);
void softfw_crypto_exit(void);
void softfw_hmac_sha384(const u8 *key, size_t key_len, const void *data, size_t len,
			u8 out[SOFTFW_HASH_LEN]);
int softfw_gcm_setkey(unsigned int slot, const u8 key[SOFTFW_KEY_LEN]);
int softfw_gcm_seal(unsigned int slot, u64 seqno, u8 *msg, size_t len);
int softfw_gcm_open(unsigned int slot, u64 seqno, u8 *msg, size_t len);

#define SOFTFW_AAD_LEN	48	/* the authenticated part of a message header */

#endif
