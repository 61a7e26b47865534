/* SPDX-License-Identifier: GPL-2.0-only */
/* MSG_KEY_REQ of SEV-SNP (AMD 56860), as far as the parameters of a root go; and MSG_KEY_RSP. */
#ifndef _TG_KEYS_SNP_H
#define _TG_KEYS_SNP_H

#include <linux/bits.h>
#include <linux/types.h>
#include <uapi/linux/teegate_keys.h>

/* GUEST_FIELD_SELECT */
#define TG_SNP_FIELD_POLICY		BIT_ULL(0)
#define TG_SNP_FIELD_MEASUREMENT	BIT_ULL(3)
#define TG_SNP_FIELD_SVN		BIT_ULL(4)
#define TG_SNP_FIELD_TCB		BIT_ULL(5)
#define TG_SNP_FIELDS_ALL		GENMASK_ULL(5, 0)	/* of message version 1 */
#define TG_SNP_FIELDS_LEAST		(TG_SNP_FIELD_POLICY | TG_SNP_FIELD_MEASUREMENT)

/* ROOT_KEY_SELECT: not the VMRK (bit 0), and of the chip's keys the VCEK (bits 2:1). */
#define TG_SNP_ROOT_VCEK		BIT(1)

#define TG_SNP_KEY_MSG_VERSION		1

/* As the stock driver hands it out. */
struct tg_snp_key_rsp {
	__le32 status;
	u8 reserved[28];
	u8 key[TEEGATE_ROOT_SIZE];
} __packed;

#endif
