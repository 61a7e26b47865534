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
#include <linux/moduleparam.h>
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

static void install_call(unsigned int bit)
{
	uv_info.inst_calls_list[bit / 64] |= 1UL << (63 - bit % 64);
}

void softuv_patch_apply(void)
{
	static const u8 calls[] = {
		BIT_QUI, BIT_SHARE, BIT_UNSHARE, BIT_RETR_ATTEST, BIT_ADD_SECRET, BIT_LIST,
		BIT_LOCK, BIT_RETR_SECRET,
	};
	size_t i;

	info_before = uv_info;
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		install_call(calls[i]);
	/* Version 1, numbered from the left. */
	uv_info.supp_att_req_hdr_ver = 1UL << 62;
	uv_info.supp_att_pflags = softuv_platform.attestation_flags;
#ifdef SOFTUV_INFO_SECRETS
	uv_info.supp_add_secret_req_ver = 1UL << 62;
	uv_info.supp_add_secret_pcf = 1UL << 63;
	uv_info.supp_secret_types = 0x7UL << 60;
#endif
#ifdef SOFTUV_INFO_MAX_SECRETS
	uv_info.max_secrets = softuv_platform.max_secrets;
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
