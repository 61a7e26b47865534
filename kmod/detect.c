// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which TEE this guest has, and what this module makes of it. The module loads everywhere: a device
 * that says why it can do nothing is of more use than a device that is not there.
 */
#include <linux/cc_platform.h>
#include <linux/kernel.h>

#include "backend.h"

static bool is_snp(void)
{
	return cc_platform_has(CC_ATTR_GUEST_SEV_SNP);
}

static bool is_tdx(void)
{
	return tg_is_tdx_guest();
}

static bool is_se(void)
{
	return tg_is_se_guest();
}

static bool is_sev_es(void)
{
	return cc_platform_has(CC_ATTR_GUEST_STATE_ENCRYPT);
}

static bool is_sev(void)
{
	return cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT);
}

static bool is_any(void)
{
	return true;
}

/*
 * The first that is found counts; SEV-ES is SEV, too, and both look like what SNP and TDX also are.
 * Without a backend, what to do about it.
 */
static const struct detection {
	bool (*is_found)(void);
	const struct tg_backend_ops *ops;
	const char *advice;
} detections[] = {
#ifdef TG_HAVE_SNP
	{ is_snp, &tg_snp_ops },
#else
	{ is_snp, NULL,
	  "AMD SEV-SNP guest, but a kernel without CONFIG_AMD_MEM_ENCRYPT: boot another one" },
#endif
#ifdef TG_HAVE_TDX
	{ is_tdx, &tg_tdx_ops },
#else
	{ is_tdx, NULL,
	  "Intel TDX guest, but this kernel cannot ask for quotes: boot Linux 6.7 or newer" },
#endif
#ifdef TG_HAVE_UV
	{ is_se, &tg_uv_ops },
#else
	{ is_se, NULL,
	  "IBM Secure Execution guest, but a kernel without its guest support: boot another one" },
#endif
	{ is_sev_es, NULL,
	  "AMD SEV-ES guest, and only SEV-SNP has reports: start the guest as SEV-SNP" },
	{ is_sev, NULL,
	  "AMD SEV guest, and only SEV-SNP has reports: start the guest as SEV-SNP" },
	{ is_any, NULL,
	  "no TEE found: not a confidential guest, or of a kind that this module does not know" },
};

/* Never fails: the last one fits all. */
const struct tg_backend_ops *tg_detect(const char **ret_advice)
{
	const struct detection *d = detections;

	while (!d->is_found())
		d++;
	*ret_advice = d->advice;
	return d->ops ?: &tg_none_ops;
}
