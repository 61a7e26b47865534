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

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/rcupdate.h>

/* Under RCU: a reference to the file that @f points at now. Older kernels take the file itself. */
static inline struct file *tg_get_file_rcu(struct file __rcu **f)
{
#ifdef TG_HAVE_GET_FILE_RCU_PTR
	return get_file_rcu(f);
#else
	struct file *file = rcu_dereference(*f);

	return file && get_file_rcu(file) ? file : NULL;
#endif
}

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

/*
 * Which TEE the kernel knows itself to be in, where a generic question (cc_platform_has()) does not
 * tell. One of another architecture is none.
 */
#ifdef CONFIG_X86
#define tg_is_tdx_guest()	boot_cpu_has(X86_FEATURE_TDX_GUEST)
#else
#define tg_is_tdx_guest()	false
#endif

#ifdef CONFIG_S390
#include <asm/facility.h>
#include <asm/uv.h>

#define TG_UV_FACILITY	158

/*
 * A machine with an Ultravisor has the facility in its hosts, too; guests can share memory. That is
 * how the kernel tells them apart for itself, in a variable that not every kernel exports.
 */
static inline bool tg_is_se_guest(void)
{
	const unsigned long *calls = uv_info.inst_calls_list;

	return test_facility(TG_UV_FACILITY) &&
	       test_bit_inv(BIT_UVC_CMD_SET_SHARED_ACCESS, calls) &&
	       test_bit_inv(BIT_UVC_CMD_REMOVE_SHARED_ACCESS, calls);
}
#else
#define tg_is_se_guest()	false
#endif

/* Kernels that know no SVSM run at the highest privilege level. */
#if defined(TG_HAVE_SNP) && !defined(TG_HAVE_SNP_VMPL)
#define snp_vmpl 0
#endif

#endif
