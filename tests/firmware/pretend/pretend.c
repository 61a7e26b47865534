// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the kernel say that its guest is of a kind that teegate has no backend for, until unload.
 * For tests only, of what teegate says then; there is no firmware behind it, so nothing but the
 * kind may be asked for while it is loaded.
 *
 *	insmod teegate_pretend.ko kind=sev|sev-es|tdx
 */
#include <linux/cc_platform.h>
#include <linux/module.h>
#include <linux/string.h>
#include <asm/coco.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>

#include "../shared/shared.h"

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

/* MSR SEV_STATUS (AMD APM volume 2, 15.34.10) as the kernel keeps it. */
#define SEV_STATUS_SEV		BIT_ULL(0)
#define SEV_STATUS_SEV_ES	BIT_ULL(1)

static const struct kind {
	const char *name;
	u64 sev_status;
	u32 feature;	/* of the processor, 0: none */
} kinds[] = {
	{ "sev", SEV_STATUS_SEV, 0 },
	{ "sev-es", SEV_STATUS_SEV | SEV_STATUS_SEV_ES, 0 },
	{ "tdx", 0, X86_FEATURE_TDX_GUEST },
};

static char *kind = "";
module_param(kind, charp, 0444);
MODULE_PARM_DESC(kind, "sev, sev-es or tdx");

static const struct kind *pretended;
static enum cc_vendor old_vendor;

static int set_sev(u64 status, enum cc_vendor vendor)
{
	void *status_at = softfw_symbol("sev_status"), *vendor_at = softfw_symbol("cc_vendor");

	if (!status_at || !vendor_at)
		return -ENOENT;
	old_vendor = *(enum cc_vendor *)vendor_at;
	return softfw_overwrite(vendor_at, &vendor, sizeof(vendor)) ?:
	       softfw_overwrite(status_at, &status, sizeof(status));
}

static int set_feature(u32 feature, bool there)
{
	u32 *word_at = (u32 *)&boot_cpu_data.x86_capability[feature / 32];
	u32 word = there ? *word_at | BIT(feature % 32) : *word_at & ~BIT(feature % 32);

	return softfw_overwrite(word_at, &word, sizeof(word));
}

static bool is_something_already(void)
{
	return !boot_cpu_has(X86_FEATURE_HYPERVISOR) || softfw_cpuid_says_tdx() ||
	       boot_cpu_has(X86_FEATURE_TDX_GUEST) || cc_platform_has(CC_ATTR_MEM_ENCRYPT) ||
	       cc_platform_has(CC_ATTR_GUEST_SEV_SNP) ||
	       cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT) ||
	       cc_platform_has(CC_ATTR_GUEST_STATE_ENCRYPT);
}

static const struct kind *find_kind(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, kind))
			return &kinds[i];
	return NULL;
}

static int __init pretend_init(void)
{
	int err = softfw_symbols_init();

	if (err)
		return err;
	pretended = find_kind();
	if (!pretended)
		return -EINVAL;
	if (is_something_already()) {
		pr_err("refusing to load: this machine is, or may be, a confidential guest\n");
		return -ENODEV;
	}
	add_taint(TAINT_TEST, LOCKDEP_STILL_OK);
	return pretended->feature ? set_feature(pretended->feature, true) :
				    set_sev(pretended->sev_status, CC_VENDOR_AMD);
}

static void __exit pretend_exit(void)
{
	if (pretended->feature)
		set_feature(pretended->feature, false);
	else
		set_sev(0, old_vendor);
}

module_init(pretend_init);
module_exit(pretend_exit);

MODULE_DESCRIPTION("Pretends that a guest is confidential, for tests only");
MODULE_LICENSE("GPL");
