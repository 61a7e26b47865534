// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's variables that are not exported, or that it has sealed: found by kallsyms, written
 * through an alias mapping.
 */
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/processor.h>
#ifdef SOFTFW_CPUID_API
#include <asm/cpuid/api.h>
#endif

#include "shared.h"

#define CPUID_TDX_LEAF		0x21
#define ENDBR64			0xfa1e0ff3

static unsigned long (*lookup_name)(const char *name);

int softfw_symbols_init(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	u8 *addr;
	int r;

	r = register_kprobe(&probe);
	if (r)
		return r;
	addr = (u8 *)probe.addr;
	unregister_kprobe(&probe);
	/* A kprobe sits behind the landing pad of indirect branches; a call has to begin at it. */
	if (*(u32 *)(addr - sizeof(u32)) == ENDBR64)
		addr -= sizeof(u32);
	lookup_name = (void *)addr;
	return 0;
}

void *softfw_symbol(const char *name)
{
	return (void *)lookup_name(name);
}

/* @addr .. @addr + @size must not leave its page. */
int softfw_overwrite(void *addr, const void *value, size_t size)
{
	struct page *page = pfn_to_page(__pa(addr) >> PAGE_SHIFT);
	void *alias;

	alias = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	if (!alias)
		return -ENOMEM;
	memcpy(alias + offset_in_page(addr), value, size);
	vunmap(alias);
	return 0;
}

bool softfw_cpuid_says_tdx(void)
{
	u32 eax, ebx, ecx, edx;

	if (cpuid_eax(0) < CPUID_TDX_LEAF)
		return false;
	cpuid_count(CPUID_TDX_LEAF, 0, &eax, &ebx, &ecx, &edx);
	/* "IntelTDX    " in EBX, EDX, ECX */
	return ebx == 0x65746e49 && edx == 0x5844546c && ecx == 0x20202020;
}
