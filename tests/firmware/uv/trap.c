// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the instruction is answered.
 *
 * A machine without an Ultravisor, and every emulated one, knows no uvc: it raises an operation
 * exception. A die notifier sees that first, does what the Ultravisor would do, and sets the
 * condition code; the instruction has been stepped over already. So everything above it, the
 * distribution's uvdevice driver included, is the real thing.
 */
#include <linux/kdebug.h>
#include <linux/uaccess.h>
#include <asm/ptrace.h>
#include <asm/uv.h>

#include "softuv.h"

/* uvc R1, R2: R2 has the address of the control block. */
#define UVC_INSN		0xb9a40000
#define UVC_MASK		0xffffff00
#define UVC_LEN			4
#define PGM_OPERATION		1
#define PSW_CC_SHIFT		44

#define CMD_OF_NOBODY		0xfffe

static unsigned long trapped;

static const struct command {
	u16 cmd;
	enum softuv_fault rc_fault;
	u16 (*run)(struct softuv_header *header);
} commands[] = {
	{ SOFTUV_CMD_RETR_ATTEST, SOFTUV_FAULT_ATTEST_RC, softuv_attest },
	{ SOFTUV_CMD_ADD_SECRET, SOFTUV_FAULT_ADD_RC, softuv_add_secret },
	{ SOFTUV_CMD_LIST_SECRETS, SOFTUV_FAULT_LIST_RC, softuv_list_secrets },
	{ SOFTUV_CMD_LOCK_SECRETS, SOFTUV_FAULT_LOCK_RC, softuv_lock_secrets },
	{ SOFTUV_CMD_RETR_SECRET, SOFTUV_FAULT_RETR_RC, softuv_retrieve_secret },
};

static int finish(struct softuv_header *header, u16 rc, u16 rrc)
{
	header->rc = rc;
	header->rrc = rrc;
	if (rc == SOFTUV_RC_EXECUTED)
		return SOFTUV_CC_OK;
	if (rc != SOFTUV_RC_MORE_DATA)
		softuv_count(SOFTUV_COUNT_REFUSED);
	return SOFTUV_CC_ERROR;
}

/* Comes back until it is done; the caller is to call again with the same block. */
static int unfinished(void)
{
	u64 arg;

	if (softfw_fault(SOFTUV_FAULT_HANG, &arg))
		softuv_fault_hang();
	if (softuv_fault_hanging() || softfw_fault(SOFTUV_FAULT_BUSY, &arg))
		return SOFTUV_CC_BUSY;
	return softfw_fault(SOFTUV_FAULT_PARTIAL, &arg) ? SOFTUV_CC_PARTIAL : SOFTUV_CC_OK;
}

static int run(const struct command *command, struct softuv_header *header)
{
	int cc = unfinished();
	u64 arg;

	if (cc != SOFTUV_CC_OK) {
		softuv_count(SOFTUV_COUNT_BUSY);
		return cc;
	}
	if (softfw_fault(SOFTUV_FAULT_DELAY, &arg))
		softuv_fault_spin(arg);
	softuv_fault_spin(softuv_latency());
	if (softfw_fault(SOFTUV_FAULT_RC, &arg) || softfw_fault(command->rc_fault, &arg))
		cc = finish(header, arg >> 16, arg);
	else
		cc = finish(header, command->run(header), 0);
	return softfw_fault(SOFTUV_FAULT_WRONG_CC, &arg) ? SOFTUV_CC_ERROR - cc : cc;
}

static int uvc(struct softuv_header *header)
{
	size_t i;

	softuv_count(SOFTUV_COUNT_CALLS);
	switch (header->cmd) {
	case SOFTUV_CMD_QUI:
		return finish(header, softuv_query(header), 0);
	case SOFTUV_CMD_SHARE:
	case SOFTUV_CMD_UNSHARE:
		softuv_count(SOFTUV_COUNT_SHARED);
		return finish(header, SOFTUV_RC_EXECUTED, 0);
	}
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].cmd == header->cmd && softuv_offers(header->cmd))
			return run(&commands[i], header);
	return finish(header, SOFTUV_RC_INV_CMD, 0);
}

static int on_die(struct notifier_block *nb, unsigned long event, void *data)
{
	struct die_args *args = data;
	struct pt_regs *regs = args->regs;
	unsigned long cc;
	u32 insn;

	if (event != DIE_BPT || user_mode(regs) || (regs->int_code & 0x7f) != PGM_OPERATION ||
	    regs->int_code >> 16 != UVC_LEN)
		return NOTIFY_DONE;
	/* The exception suppresses the instruction, but the address is already behind it. */
	if (copy_from_kernel_nofault(&insn, (void *)(regs->psw.addr - UVC_LEN), sizeof(insn)) ||
	    (insn & UVC_MASK) != UVC_INSN)
		return NOTIFY_DONE;
	WRITE_ONCE(trapped, trapped + 1);
	cc = uvc((struct softuv_header *)regs->gprs[insn & 15]);
	regs->psw.mask = (regs->psw.mask & ~PSW_MASK_CC) | cc << PSW_CC_SHIFT;
	return NOTIFY_STOP;
}

static struct notifier_block die_nb = {
	.notifier_call = on_die,
	.priority = INT_MAX,
};

/* Asks for a command that does not exist. An Ultravisor would refuse it, but not through us. */
static bool uvc_traps(void)
{
	struct softuv_header block = { .len = sizeof(block), .cmd = CMD_OF_NOBODY };
	unsigned long before = READ_ONCE(trapped);
	int cc = __uv_call(0, (unsigned long)&block);

	return READ_ONCE(trapped) != before && cc == SOFTUV_CC_ERROR &&
	       block.rc == SOFTUV_RC_INV_CMD;
}

int softuv_trap_init(void)
{
	int r;

	r = register_die_notifier(&die_nb);
	if (r)
		return r;
	if (uvc_traps())
		return 0;
	pr_err("uvc does not trap here\n");
	unregister_die_notifier(&die_nb);
	return -ENODEV;
}

void softuv_trap_exit(void)
{
	unregister_die_notifier(&die_nb);
}
