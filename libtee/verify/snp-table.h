/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The certificate table that the host hands to the guest beside an extended report: GUIDs,
 * offsets and lengths chosen by the host (AMD 56421, SNP_GET_EXT_REPORT). Everything in it is
 * hearsay until the chain says otherwise.
 */
#ifndef TEE_VERIFY_SNP_TABLE_H
#define TEE_VERIFY_SNP_TABLE_H

#include "tee-verify.h"

enum snp_table_slot { TABLE_VCEK, TABLE_VLEK, TABLE_ASK, TABLE_ARK, TABLE_SLOTS };

struct snp_table {
	struct tee_bytes certs[TABLE_SLOTS];	/* empty: not in the table */
	unsigned int entries;			/* also those of unknown kind */
};

/* Returns NULL, or a sentence about what is wrong; then *ret is empty. @table must outlive *ret. */
const char *snp_table_parse(struct tee_bytes table, struct snp_table *ret);
const char *snp_table_slot_name(enum snp_table_slot slot);

#endif
