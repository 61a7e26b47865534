// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the kernel believe that it runs as an SEV-SNP guest, and takes it back on unload.
 *
 * The kernel decides that in early boot and then seals it, in variables that are not exported and
 * partly read-only (shared/symbols.c reaches them); the values they had are kept. Only what the
 * sev-guest driver asks for is changed: the SNP bit alone is set in sev_status, so that no code
 * takes memory or registers for encrypted.
 */
#include <linux/cc_platform.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <asm/coco.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/svm.h>
#ifdef SOFTFW_CPUID_API
#include <asm/cpuid/api.h>
#endif

#include "softfw.h"

#define SEV_STATUS_SNP		BIT_ULL(2)
#define SEV_CFG_GHCBS_READY	BIT_ULL(1)
#define MSR_SEV_STATUS		0xc0010131
#define CPUID_SEV_LEAF		0x8000001f

/* A GHCB is the first page of the kernel's per-CPU SEV-ES data; the rest of it must exist too. */
#define RUNTIME_ORDER		2

static struct ghcb * __percpu *kernel_runtime;
static DEFINE_PER_CPU(struct ghcb *, our_runtime);
static DEFINE_PER_CPU(struct ghcb *, saved_runtime);

struct patch {
	const char *symbol;
	size_t size;
	bool required;
	bool set_bits;		/* or replace the value */
	u64 value;
	void *addr;
	u64 saved;
	bool applied;
};

static struct patch patches[] = {
	{ "sev_status", sizeof(u64), true, true, SEV_STATUS_SNP },
	{ "cc_vendor", sizeof(enum cc_vendor), true, false, CC_VENDOR_AMD },
	{ "sev_cfg", sizeof(u64), false, true, SEV_CFG_GHCBS_READY },
#ifndef SOFTFW_SECRETS_IN_PDATA
	{ "sev_secrets_pa", sizeof(u64), true, false, 0 },
#endif
};

int softfw_patch_init(void)
{
	return softfw_symbols_init();
}

static u64 patch_read(const struct patch *patch)
{
	u64 value = 0;

	memcpy(&value, patch->addr, patch->size);
	return value;
}

static int patch_write(const struct patch *patch, u64 value)
{
	return softfw_overwrite(patch->addr, &value, patch->size);
}

static bool cpu_says_sev(void)
{
	u32 low, high;

	if (cpuid_eax(0x80000000) < CPUID_SEV_LEAF || !(cpuid_eax(CPUID_SEV_LEAF) & 0x1f))
		return false;
	return !rdmsr_safe(MSR_SEV_STATUS, &low, &high) && low;
}

/* Names what makes this machine one that must not be lied to, or NULL. */
const char *softfw_patch_present(void)
{
	void *status = softfw_symbol("sev_status");

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return "this is no virtual machine";
	if (softfw_cpuid_says_tdx() || boot_cpu_has(X86_FEATURE_TDX_GUEST))
		return "this is a TDX guest";
	if (cpu_says_sev())
		return "this is an SEV guest";
	if (status && *(u64 *)status)
		return "the kernel has found SEV active";
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT) || cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) ||
	    cc_platform_has(CC_ATTR_GUEST_STATE_ENCRYPT))
		return "the kernel runs with encrypted memory";
	return NULL;
}

struct ghcb *softfw_ghcb(int cpu)
{
	return per_cpu(our_runtime, cpu);
}

static void runtime_undo(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct ghcb *ours = per_cpu(our_runtime, cpu);

		if (!ours)
			continue;
		*per_cpu_ptr(kernel_runtime, cpu) = per_cpu(saved_runtime, cpu);
		per_cpu(our_runtime, cpu) = NULL;
		free_pages((unsigned long)ours, RUNTIME_ORDER);
	}
}

static int runtime_apply(void)
{
	int cpu;

	kernel_runtime = (struct ghcb * __percpu *)(unsigned long)softfw_symbol("runtime_data");
	if (!kernel_runtime)
		return -ENOENT;
	for_each_possible_cpu(cpu) {
		void *ours = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, RUNTIME_ORDER);

		if (!ours)
			return -ENOMEM;
		per_cpu(saved_runtime, cpu) = *per_cpu_ptr(kernel_runtime, cpu);
		per_cpu(our_runtime, cpu) = ours;
		*per_cpu_ptr(kernel_runtime, cpu) = ours;
	}
	return 0;
}

static int patch_apply(struct patch *patch)
{
	int r;

	patch->addr = softfw_symbol(patch->symbol);
	if (!patch->addr) {
		if (!patch->required)
			return 0;
		pr_err("this kernel has no %s\n", patch->symbol);
		return -ENOENT;
	}
	patch->saved = patch_read(patch);
	r = patch_write(patch, patch->set_bits ? patch->saved | patch->value : patch->value);
	patch->applied = !r;
	return r;
}

int softfw_patch_apply(phys_addr_t secrets_pa)
{
	size_t i;
	int r;

#ifndef SOFTFW_SECRETS_IN_PDATA
	patches[ARRAY_SIZE(patches) - 1].value = secrets_pa;
#endif
	r = runtime_apply();
	for (i = 0; i < ARRAY_SIZE(patches) && !r; i++)
		r = patch_apply(&patches[i]);
	if (r)
		softfw_patch_undo();
	return r;
}

void softfw_patch_undo(void)
{
	size_t i = ARRAY_SIZE(patches);

	while (i--) {
		if (!patches[i].applied)
			continue;
		if (patch_write(&patches[i], patches[i].saved))
			pr_err("cannot restore %s; reboot\n", patches[i].symbol);
		patches[i].applied = false;
	}
	runtime_undo();
}
