// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the kernel believe that it is a Secure Execution guest, and takes it back on unload.
 *
 * Drivers ask for facility 158, for the calls that are installed (uv_info, which the kernel has
 * from QUI at boot) and for prot_virt_guest. Nothing is encrypted, pages are shared in name only,
 * and what the kernel has decided at boot (bounce buffers, /sys/firmware/uv) stays as it was. As
 * everything that tests the facility by a patched branch is patched when it is loaded, this module
 * has to be loaded first.
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <asm/facility.h>
#include <asm/setup.h>
#include <asm/uv.h>

#include "softuv.h"

#define FACILITY_UV	158

/* Bits of inst_calls_list, numbered from the left. */
#define BIT_QUI		0
#define BIT_SHARE	8
#define BIT_UNSHARE	9
#define BIT_RETR_ATTEST	28
#define BIT_ADD_SECRET	29
#define BIT_LIST	30
#define BIT_LOCK	31
#define BIT_RETR_SECRET	33

static bool attestation = true;
module_param(attestation, bool, 0444);
MODULE_PARM_DESC(attestation, "N: a machine that does not offer it");

static const u8 calls[] = {
	BIT_QUI, BIT_SHARE, BIT_UNSHARE, BIT_RETR_ATTEST, BIT_ADD_SECRET, BIT_LIST, BIT_LOCK,
	BIT_RETR_SECRET,
};

/* Versions and types of secret are numbered from the left, too: version 1; 1, 2 and 3. */
#define VERSIONS	BIT(62)
#define ADD_FLAGS	BIT(63)
#define SECRET_TYPES	GENMASK(62, 60)

struct query_block {
	struct softuv_header header;
	u64 reserved08;
	unsigned long inst_calls_list[4];
	u8 host_only[0xe0 - 0x30];
	u64 supp_att_req_hdr_ver;
	u64 supp_att_pflags;
	u64 reservedf0;
	u64 supp_add_secret_req_ver;
	u64 supp_add_secret_pcf;
	u64 supp_secret_types;
	u16 max_assoc_secrets;
	u16 max_retr_secrets;
	u8 reserved114[0x120 - 0x114];
};

static_assert(sizeof(struct query_block) == 0x120);

static struct uv_info info_before;

/* Names what makes this machine one that must not be lied to, or NULL. */
const char *softuv_patch_present(void)
{
	if (!MACHINE_IS_KVM && !MACHINE_IS_VM)
		return "this is no virtual machine";
	if (test_facility(FACILITY_UV))
		return "this machine has an Ultravisor";
	return NULL;
}

static void install_calls(unsigned long list[4])
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (attestation || calls[i] != BIT_RETR_ATTEST)
			list[calls[i] / 64] |= BIT(63 - calls[i] % 64);
}

bool softuv_offers(u16 cmd)
{
	return attestation || cmd != SOFTUV_CMD_RETR_ATTEST;
}

/* QUI: as much of it as there is room for. */
u16 softuv_query(struct softuv_header *header)
{
	struct query_block block = {
		.supp_att_req_hdr_ver = VERSIONS,
		.supp_att_pflags = softuv_platform.attestation_flags,
		.supp_add_secret_req_ver = VERSIONS,
		.supp_add_secret_pcf = ADD_FLAGS,
		.supp_secret_types = SECRET_TYPES,
		.max_assoc_secrets = softuv_platform.max_secrets,
		.max_retr_secrets = softuv_platform.max_retrievable,
	};
	size_t len = min_t(size_t, header->len, sizeof(block));

	if (len < sizeof(*header))
		return SOFTUV_RC_INV_LEN;
	install_calls(block.inst_calls_list);
	memcpy(header + 1, &block.reserved08, len - sizeof(*header));
	return len < sizeof(block) ? SOFTUV_RC_MORE_DATA : SOFTUV_RC_EXECUTED;
}

void softuv_patch_apply(void)
{
	info_before = uv_info;
	install_calls(uv_info.inst_calls_list);
	uv_info.supp_att_req_hdr_ver = VERSIONS;
	uv_info.supp_att_pflags = softuv_platform.attestation_flags;
#ifdef SOFTUV_INFO_SECRETS
	uv_info.supp_add_secret_req_ver = VERSIONS;
	uv_info.supp_add_secret_pcf = ADD_FLAGS;
	uv_info.supp_secret_types = SECRET_TYPES;
#endif
#ifdef SOFTUV_INFO_MAX_SECRETS
	uv_info.max_secrets = softuv_platform.max_secrets;
#endif
#ifdef SOFTUV_INFO_MAX_RETR
	uv_info.max_assoc_secrets = softuv_platform.max_secrets;
	uv_info.max_retr_secrets = softuv_platform.max_retrievable;
#endif
#ifdef SOFTUV_PROT_VIRT_GUEST
	prot_virt_guest = 1;
#endif
	__set_facility(FACILITY_UV, stfle_fac_list);
}

void softuv_patch_undo(void)
{
	__clear_facility(FACILITY_UV, stfle_fac_list);
#ifdef SOFTUV_PROT_VIRT_GUEST
	prot_virt_guest = 0;
#endif
	uv_info = info_before;
}
