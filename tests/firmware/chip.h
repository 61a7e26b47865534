/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The simulated chip, as tests/pki/make-chip writes it to chip.bin.
 *
 * One packed little-endian structure; the generator packs the same fields in the same order. It
 * holds the private keys of the chip's test certificates, so it is made anew for every run and
 * belongs in no repository. TCB versions are kept in the order of the wire: eight bytes.
 */
#ifndef SOFTFW_CHIP_H
#define SOFTFW_CHIP_H

#include <linux/build_bug.h>
#include <linux/types.h>

#define SOFTFW_CHIP_MAGIC	"TGCHIP01"
#define SOFTFW_CHIP_FORMAT	1

#define SOFTFW_CHIP_VLEK		0x1	/* a VLEK is loaded and signs by default */
#define SOFTFW_CHIP_AUTHOR_KEY		0x2
#define SOFTFW_CHIP_MASK_CHIP_ID	0x4
#define SOFTFW_CHIP_MASK_CHIP_KEY	0x8	/* reports are not signed */

enum softfw_product {
	SOFTFW_MILAN,
	SOFTFW_GENOA,
	SOFTFW_TURIN,
};

struct softfw_signing_key {
	u8 d[48];		/* big-endian */
	u8 xy[96];
} __packed;

struct softfw_chip {
	char magic[8];
	__le32 format;
	__le32 size;		/* of the whole structure */
	u8 product;
	u8 report_version;	/* 2, 3 or 5 */
	u8 cpuid[3];		/* family (combined), model, stepping */
	u8 pad[3];
	__le32 flags;
	__le32 guest_svn;
	__le64 policy;
	u8 family_id[16];
	u8 image_id[16];
	u8 current_tcb[8];
	u8 committed_tcb[8];
	u8 reported_tcb[8];
	u8 launch_tcb[8];
	__le64 platform_info;
	__le64 launch_mit_vector;
	__le64 current_mit_vector;
	u8 current_fw[4];	/* build, minor, major, 0 */
	u8 committed_fw[4];
	u8 measurement[48];
	u8 host_data[32];
	u8 id_key_digest[48];
	u8 author_key_digest[48];
	u8 report_id[32];
	u8 report_id_ma[32];
	u8 chip_id[64];
	struct softfw_signing_key vcek;
	struct softfw_signing_key vlek;
	u8 root_vcek[32];	/* the secrets that key derivation starts from */
	u8 root_vlek[32];
	u8 root_vmrk[32];
} __packed;

static_assert(sizeof(struct softfw_chip) == 824);

#endif
