/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What older kernels lack, in terms of what today's have.
 *
 * Included before every source file by Kbuild, which also looks into the kernel's headers and
 * defines TG_HAVE_*. The rest of the module is written for the newest kernel and asks no version;
 * the only numbers are the bounds below, and dkms.conf has the same ones.
 */
#ifndef _TG_COMPAT_H
#define _TG_COMPAT_H

/* Here, because the first header that prints would define it otherwise. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/version.h>

#if LINUX_VERSION_MAJOR < 6 || LINUX_VERSION_MAJOR > 7 || \
	(LINUX_VERSION_MAJOR == 6 && LINUX_VERSION_PATCHLEVEL < 1)
#error "teegate builds for kernels from 6.1 up to and not including 8.0"
#endif

#include <linux/mm.h>

#ifndef TG_HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

/* The same functions; 6.12 moved them. */
#ifdef TG_HAVE_UNALIGNED_H
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#ifdef CONFIG_X86
#include <asm/msr.h>
#include <asm/processor.h>
#ifdef TG_HAVE_CPUID_API
#include <asm/cpuid/api.h>
#endif

#ifndef TG_HAVE_RDMSRQ
#define rdmsrq_safe(msr, value) rdmsrl_safe(msr, value)
#endif
#endif

/* Kernels that know no SVSM run at the highest privilege level. */
#if defined(TG_HAVE_SNP) && !defined(TG_HAVE_SNP_VMPL)
#define snp_vmpl 0
#endif

#endif
