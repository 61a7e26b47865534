// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the instruction is answered.
 *
 * Emulated processors know no vmgexit: it raises #UD. A die notifier sees that first, does what
 * hypervisor and firmware would do with the GHCB of this CPU, and steps over the instruction. So
 * everything above the instruction, the distribution's sev-guest driver included, is the real
 * thing. Where the instruction does not trap (a hypervisor took it for VMMCALL) init says so.
 */
#include <linux/kdebug.h>
#include <linux/smp.h>
#include <linux/uaccess.h>
#include <asm/sev-common.h>
#include <asm/svm.h>
#include <asm/traps.h>

#include "softfw.h"

/* Answers in SW_EXITINFO1. */
#define GHCB_ANSWER_OK		0
#define GHCB_ANSWER_ERROR	2	/* and the reason in SW_EXITINFO2 */

static const u8 vmgexit_insn[] = { 0xf3, 0x0f, 0x01, 0xd9 };

static void answer(struct ghcb *ghcb, u64 info_1, u64 info_2)
{
	ghcb_set_sw_exit_info_1(ghcb, info_1);
	ghcb_set_sw_exit_info_2(ghcb, info_2);
}

static void answer_guest_request(struct ghcb *ghcb, bool extended)
{
	u64 data = ghcb_get_rax_if_valid(ghcb);
	u64 npages = ghcb_get_rbx_if_valid(ghcb);
	u64 info_2;

	info_2 = softfw_guest_request(extended, ghcb_get_sw_exit_info_1_if_valid(ghcb),
				      ghcb_get_sw_exit_info_2_if_valid(ghcb), data, &npages);
	if (extended)
		ghcb_set_rbx(ghcb, npages);
	answer(ghcb, GHCB_ANSWER_OK, info_2);
}

static void vmgexit(struct ghcb *ghcb)
{
	switch (ghcb_get_sw_exit_code_if_valid(ghcb)) {
	case SVM_VMGEXIT_GUEST_REQUEST:
		answer_guest_request(ghcb, false);
		break;
	case SVM_VMGEXIT_EXT_GUEST_REQUEST:
		answer_guest_request(ghcb, true);
		break;
	default:
		softfw_count(SOFTFW_COUNT_BAD_EXITS);
		answer(ghcb, GHCB_ANSWER_ERROR, GHCB_ERR_INVALID_EVENT);
	}
}

static int on_die(struct notifier_block *nb, unsigned long event, void *data)
{
	struct die_args *args = data;
	u8 insn[sizeof(vmgexit_insn)];

	if (event != DIE_TRAP || args->trapnr != X86_TRAP_UD || user_mode(args->regs))
		return NOTIFY_DONE;
	if (copy_from_kernel_nofault(insn, (void *)args->regs->ip, sizeof(insn)) ||
	    memcmp(insn, vmgexit_insn, sizeof(insn)))
		return NOTIFY_DONE;
	vmgexit(softfw_ghcb(smp_processor_id()));
	args->regs->ip += sizeof(vmgexit_insn);
	return NOTIFY_STOP;
}

static struct notifier_block die_nb = {
	.notifier_call = on_die,
	.priority = INT_MAX,
};

/* Asks for an event that does not exist: only our own answer says so. */
static bool vmgexit_traps(void)
{
	struct ghcb *ghcb;
	bool traps;

	preempt_disable();
	ghcb = softfw_ghcb(smp_processor_id());
	ghcb_set_sw_exit_code(ghcb, SVM_VMGEXIT_UNSUPPORTED_EVENT);
	asm volatile("rep; vmmcall" : : "a" (-1) : "memory");
	traps = ghcb->save.sw_exit_info_1 == GHCB_ANSWER_ERROR &&
		ghcb->save.sw_exit_info_2 == GHCB_ERR_INVALID_EVENT;
	memset(ghcb, 0, sizeof(*ghcb));
	preempt_enable();
	return traps;
}

int softfw_trap_init(void)
{
	int r;

	r = register_die_notifier(&die_nb);
	if (r)
		return r;
	if (vmgexit_traps())
		return 0;
	pr_err("vmgexit does not trap here: this needs an emulated processor (qemu -accel tcg)\n");
	unregister_die_notifier(&die_nb);
	return -ENODEV;
}

void softfw_trap_exit(void)
{
	unregister_die_notifier(&die_nb);
}
