/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the common half of the SEV-SNP backend (snp.c) and the way to the firmware of this
 * kernel: driver.c before 6.14, direct.c since. Exactly one of the two is built.
 */
#ifndef _TG_SNP_H
#define _TG_SNP_H

#include <linux/sizes.h>
#include <linux/types.h>
#include <uapi/linux/sev-guest.h>

#include "../backend.h"

/* ATTESTATION_REPORT, versions 2 to 5 (AMD 56860). */
#define TG_SNP_REPORT_SIZE	1184

#ifdef TG_SNP_DIRECT
#define TG_SNP_TRANSPORT	TEEGATE_TRANSPORT_DIRECT
#define TG_SNP_CERTS_MAX	SZ_64K
#else
#define TG_SNP_TRANSPORT	TEEGATE_TRANSPORT_DRIVER
#define TG_SNP_CERTS_MAX	SZ_16K	/* the stock driver refuses more */
#endif

/* Every host seen so far has room for its certificates in this; what is asked for first. */
#define TG_SNP_CERTS_FIRST	SZ_16K

/**
 * struct tg_snp_exchange - one message to the firmware and its answer
 * @wants_key: for a key and not for a report
 * @key_req: what to ask then
 * @key_resp: where the decrypted answer goes then
 * @req: what to ask, private memory
 * @resp: where the decrypted answer goes
 * @certs: where the host's certificate table goes, NULL to ask for the report alone
 * @certs_len: in, bytes at @certs, whole pages; out with -ENOSPC, bytes that the host wants
 * @exitinfo2: out, SW_EXITINFO2 of the request; TG_SNP_NO_FW_CALL or 0 when there was none
 */
struct tg_snp_exchange {
	bool wants_key;
	struct snp_derived_key_req key_req;
	struct snp_derived_key_resp key_resp;
	struct snp_report_req req;
	struct snp_report_resp resp;
	u8 *certs;
	u64 certs_len;
	u64 exitinfo2;
};

/* What the driver writes before it knows better, see snp_guest_ioctl(). */
#define TG_SNP_NO_FW_CALL	0xff

int tg_snp_transport_init(struct tg_backend *be);
void tg_snp_transport_exit(struct tg_backend *be);
void tg_snp_transport_attach(struct tg_backend *be);

/*
 * 0, -ENOSPC (the certificate table needs @certs_len bytes; the exchange itself went well), or why
 * there is no answer, in the words of the code below: -ENOTTY the key is wiped, -EIO refused, see
 * exitinfo2, -EBADMSG undecipherable, -ETIMEDOUT busy for too long, -EAGAIN a key cannot pass yet,
 * or anything else.
 */
int tg_snp_transport_exchange(struct tg_backend *be, struct tg_snp_exchange *x);

/* Is the key still there? Asks nobody but the kernel. */
bool tg_snp_transport_key_alive(struct tg_backend *be);

/* ---- key.c ---- */

void tg_snp_fill_key_req(struct snp_derived_key_req *req, const u8 *root_params);
int tg_snp_take_key(const struct snp_derived_key_resp *resp, struct tg_answer *ans);

void tg_snp_set_up(struct tg_backend *be);
void tg_snp_set_lost(struct tg_backend *be);

#endif
