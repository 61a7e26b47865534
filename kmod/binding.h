/* SPDX-License-Identifier: GPL-2.0-only */
/* The formulas of bound reports: bytes in, bytes out. doc/evidence.md has them for verifiers. */
#ifndef _TG_BINDING_H
#define _TG_BINDING_H

#include <linux/types.h>
#include <uapi/linux/teegate.h>

#include "backend.h"

/* What report_data shall speak for. */
enum tg_subject_kind {
	TG_SUBJECT_ROOT,	/* a tree root, 48 bytes: the report is bound */
	TG_SUBJECT_RAW,		/* 0..64 bytes that a caller chose */
	TG_SUBJECT_RAW_UNPADDED, /* 0..256, for firmware that signs their number, too */
};

struct tg_subject {
	enum tg_subject_kind kind;
	u32 len;
	u8 bytes[TEEGATE_RAW_DATA_MAX];
};

int tg_binding_init(void);
void tg_binding_exit(void);

int tg_hash(const u8 *bytes, size_t len, u8 out[TEEGATE_HASH_SIZE]);
int tg_leaf(const u8 claims_hash[TEEGATE_HASH_SIZE], const u8 blind[TEEGATE_BLIND_SIZE],
	    const u8 *user_data, u32 len, u8 out[TEEGATE_HASH_SIZE]);
int tg_report_data(const struct tg_subject *subject, struct tg_report_data *out);

#endif
