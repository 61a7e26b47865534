// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the kernel believe that it runs in a TD, and takes it back on unload.
 *
 * All that drivers ask for is the CPU feature X86_FEATURE_TDX_GUEST, which is the kernel's own
 * invention and has no CPUID bit. It is set where the kernel keeps features: for all processors
 * (what x86_match_cpu(), the uevents of processors and modules that are loaded from now on see),
 * for each, and among those that a processor has although it does not say so, or the next one that
 * comes up would take it away. What the kernel itself has already decided by it (cc_platform_has(),
 * patched code) stays as it was: nothing takes memory for encrypted.
 */
#include <linux/bitops.h>
#include <linux/cc_platform.h>
#include <linux/cpu.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>

#include "softtdx.h"

#define FEATURE_WORD	(X86_FEATURE_TDX_GUEST / 32)
#define FEATURE_BIT	BIT(X86_FEATURE_TDX_GUEST % 32)

static u32 *forced_caps;

int softtdx_patch_init(void)
{
	return softfw_symbols_init();
}

/* Names what makes this machine one that must not be lied to, or NULL. */
const char *softtdx_patch_present(void)
{
	const u64 *sev_status = softfw_symbol("sev_status");

	if (!IS_ENABLED(CONFIG_INTEL_TDX_GUEST))
		return "this kernel was built without TDX guest support";
	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return "this is no virtual machine";
	if (softfw_cpuid_says_tdx() || boot_cpu_has(X86_FEATURE_TDX_GUEST))
		return "this is a TDX guest";
	if (sev_status && *sev_status)
		return "this is an SEV guest, or plays one";
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT) || cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) ||
	    cc_platform_has(CC_ATTR_GUEST_STATE_ENCRYPT))
		return "the kernel runs with encrypted memory";
	return NULL;
}

static int set_feature(u32 *caps, bool there)
{
	u32 word = caps[FEATURE_WORD];

	word = there ? word | FEATURE_BIT : word & ~FEATURE_BIT;
	return softfw_overwrite(&caps[FEATURE_WORD], &word, sizeof(word));
}

static void set_feature_of_cpus(bool there)
{
	int cpu;

	cpus_read_lock();
	for_each_possible_cpu(cpu) {
		unsigned long *caps = (unsigned long *)cpu_data(cpu).x86_capability;

		if (there)
			set_bit(X86_FEATURE_TDX_GUEST, caps);
		else
			clear_bit(X86_FEATURE_TDX_GUEST, caps);
	}
	cpus_read_unlock();
}

int softtdx_patch_apply(void)
{
	int r;

	forced_caps = softfw_symbol("cpu_caps_set");
	if (!forced_caps) {
		pr_err("this kernel has no cpu_caps_set\n");
		return -ENOENT;
	}
	r = set_feature(forced_caps, true);
	if (r)
		return r;
	r = set_feature(boot_cpu_data.x86_capability, true);
	if (r) {
		set_feature(forced_caps, false);
		return r;
	}
	set_feature_of_cpus(true);
	return 0;
}

void softtdx_patch_undo(void)
{
	set_feature_of_cpus(false);
	if (set_feature(boot_cpu_data.x86_capability, false) || set_feature(forced_caps, false))
		pr_err("cannot take the TDX feature back; reboot\n");
}
