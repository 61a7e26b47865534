/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What udev loads this module for, by architecture: the machine, or a device on it, has a TEE.
 * Included by main.c alone.
 */
#ifndef _TG_AUTOLOAD_H
#define _TG_AUTOLOAD_H

#include <linux/mod_devicetable.h>
#include <linux/module.h>

#ifdef CONFIG_X86
#include <asm/cpu_device_id.h>

/* The device of sev-guest, or the CPU of a TD. */
MODULE_ALIAS("platform:sev-guest");
static const struct x86_cpu_id tg_cpus[] __maybe_unused = {
	X86_MATCH_FEATURE(X86_FEATURE_TDX_GUEST, NULL),
	{}
};
MODULE_DEVICE_TABLE(x86cpu, tg_cpus);
#endif

#ifdef CONFIG_S390
#include <linux/cpufeature.h>

/* The facility of the Ultravisor, as uvdevice. */
static const struct cpu_feature tg_cpus[] __maybe_unused = {
	{ .feature = cpu_feature(S390_CPU_FEATURE_UV) },
	{}
};
MODULE_DEVICE_TABLE(cpu, tg_cpus);
#endif

#endif
