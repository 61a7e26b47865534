// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the instruction is answered.
 *
 * Emulated processors know no tdcall: it raises #UD. A die notifier sees that first, does what the
 * TDX module and the host would do, and steps over the instruction. So everything above the
 * instruction, the distribution's tdx-guest driver included, is the real thing.
 */
#include <linux/kdebug.h>
#include <linux/uaccess.h>
#include <asm/traps.h>

#include "softtdx.h"

/* Leaves of TDCALL, and subfunctions of TDVMCALL. */
#define TDG_VP_VMCALL		0
#define TDG_MR_RTMR_EXTEND	2
#define TDG_MR_REPORT		4
#define TDVMCALL_STANDARD	0
#define TDVMCALL_INFO		0x10000
#define TDVMCALL_GET_QUOTE	0x10002

#define LEAF_OF_NOBODY		0xfffe

static const u8 tdcall_insn[] = { 0x66, 0x0f, 0x01, 0xcc };
static unsigned long trapped;

static u64 vmcall(const struct pt_regs *regs)
{
	if (regs->r10 != TDVMCALL_STANDARD) {
		softtdx_count(SOFTTDX_COUNT_BAD_CALLS);
		return TDVMCALL_UNSUPPORTED;
	}
	switch (regs->r11) {
	case TDVMCALL_INFO:
		return TDVMCALL_SUCCESS;
	case TDVMCALL_GET_QUOTE:
		return softtdx_get_quote(regs->r12, regs->r13);
	default:
		softtdx_count(SOFTTDX_COUNT_BAD_CALLS);
		return TDVMCALL_UNSUPPORTED;
	}
}

static void tdcall(struct pt_regs *regs)
{
	switch (regs->ax) {
	case TDG_VP_VMCALL:
		regs->r10 = vmcall(regs);
		regs->ax = TDX_OK;
		break;
	case TDG_MR_RTMR_EXTEND:
		regs->ax = softtdx_extend(regs->cx, regs->dx);
		break;
	case TDG_MR_REPORT:
		regs->ax = softtdx_report(regs->cx, regs->dx, regs->r8);
		break;
	default:
		softtdx_count(SOFTTDX_COUNT_BAD_CALLS);
		regs->ax = TDX_INVALID(TDX_OPERAND_RAX);
	}
}

static int on_die(struct notifier_block *nb, unsigned long event, void *data)
{
	struct die_args *args = data;
	u8 insn[sizeof(tdcall_insn)];

	if (event != DIE_TRAP || args->trapnr != X86_TRAP_UD || user_mode(args->regs))
		return NOTIFY_DONE;
	if (copy_from_kernel_nofault(insn, (void *)args->regs->ip, sizeof(insn)) ||
	    memcmp(insn, tdcall_insn, sizeof(insn)))
		return NOTIFY_DONE;
	WRITE_ONCE(trapped, trapped + 1);
	tdcall(args->regs);
	args->regs->ip += sizeof(tdcall_insn);
	return NOTIFY_STOP;
}

static struct notifier_block die_nb = {
	.notifier_call = on_die,
	.priority = INT_MAX,
};

/* Asks for a leaf that does not exist. A TDX module would refuse it, too, but not through us. */
static bool tdcall_traps(void)
{
	unsigned long before = READ_ONCE(trapped);
	u64 rax = LEAF_OF_NOBODY;

	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcc" : "+a"(rax) : : "memory", "cc");
	return READ_ONCE(trapped) != before && rax == TDX_INVALID(TDX_OPERAND_RAX);
}

int softtdx_trap_init(void)
{
	int r;

	r = register_die_notifier(&die_nb);
	if (r)
		return r;
	if (tdcall_traps())
		return 0;
	pr_err("tdcall does not trap here: this needs an emulated processor (qemu -accel tcg)\n");
	unregister_die_notifier(&die_nb);
	return -ENODEV;
}

void softtdx_trap_exit(void)
{
	unregister_die_notifier(&die_nb);
}
