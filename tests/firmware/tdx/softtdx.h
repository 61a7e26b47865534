/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the software TDX firmware know of each other.
 *
 *	trap.c		#UD on tdcall: takes the registers apart, dispatches by leaf
 *	report.c	TDG.MR.REPORT, TDG.MR.RTMR.EXTEND and the lock between them
 *	quote.c		TDG.VP.VMCALL<GetQuote>: hands the request to tdx-host
 *	fault.c		faults on request and counters, in debugfs
 *	probe.c		tdcall by hand, for tests of it, and the event log
 *	patch.c		makes the kernel believe that it is a TD, and takes it back
 *
 * Everything between the trap and its return runs with interrupts off (delays let them in).
 */
#ifndef SOFTTDX_H
#define SOFTTDX_H

#include <linux/types.h>

#include "../shared/shared.h"

#undef pr_fmt
#define pr_fmt(fmt) "teegate_softtdx: " fmt

#define TDREPORT_LEN		1024
#define TDREPORT_DATA_LEN	64

/* Completion status of TDCALL (Intel 348551, TDX module ABI; operand ids from its source). */
#define TDX_OK			0ULL
#define TDX_INVALID(operand)	(0xc000010000000000ULL | (operand))
#define TDX_BUSY(operand)	(0x8000020000000000ULL | (operand))

enum tdx_operand {
	TDX_OPERAND_RAX = 0,
	TDX_OPERAND_RCX = 1,
	TDX_OPERAND_RDX = 2,
	TDX_OPERAND_R8 = 8,
	TDX_OPERAND_RTMR = 168,		/* the lock over RTMRs */
};

/* Status of TDVMCALL, in R10 (GHCI 1.5, 3.1), and of a quote buffer (GHCI 1.5, 3.3). */
#define TDVMCALL_SUCCESS		0ULL
#define TDVMCALL_RETRY			1ULL
#define TDVMCALL_INVALID_OPERAND	0x8000000000000000ULL
#define TDVMCALL_ALIGN_ERROR		0x8000000000000002ULL
#define TDVMCALL_UNSUPPORTED		0x8000000000000003ULL

#define QUOTE_SUCCESS			0ULL
#define QUOTE_IN_FLIGHT			(~0ULL)
#define QUOTE_ERROR			0x8000000000000000ULL
#define QUOTE_UNAVAILABLE		0x8000000000000001ULL

/* patch.c */
int softtdx_patch_init(void);
const char *softtdx_patch_present(void);
int softtdx_patch_apply(void);
void softtdx_patch_undo(void);

/* trap.c */
int softtdx_trap_init(void);
void softtdx_trap_exit(void);

/* report.c */
int softtdx_report_init(const u8 mac_key[32]);
void softtdx_report_exit(void);
u64 softtdx_report(u64 report_gpa, u64 data_gpa, u64 subtype);
u64 softtdx_extend(u64 data_gpa, u64 index);
void *softtdx_guest_memory(u64 gpa, u64 size);

/* quote.c */
struct seq_file;
int softtdx_quote_init(phys_addr_t mailbox_pa, const u8 mac_key[32]);
void softtdx_quote_exit(void);
u64 softtdx_get_quote(u64 gpa, u64 size);
void softtdx_quote_release(void);
u32 softtdx_quote_releases(void);
u32 softtdx_quote_latency(void);
void softtdx_quote_set_latency(u32 usec);
unsigned int softtdx_quote_in_flight(void);
void softtdx_quote_stats(struct seq_file *seq);
void softtdx_quote_times(struct seq_file *seq);
u8 *softtdx_event_log(void);

/* fault.c: a fault is asked for where it would act, which is what counts as one occasion. */
enum softtdx_fault {
	SOFTTDX_FAULT_REPORT_BUSY,
	SOFTTDX_FAULT_REPORT_ERROR,
	SOFTTDX_FAULT_REPORT_SLOW,
	SOFTTDX_FAULT_FORGED_MAC,
	SOFTTDX_FAULT_EXTEND_BUSY,
	SOFTTDX_FAULT_EXTEND_ERROR,
	SOFTTDX_FAULT_EXTEND_SLOW,
	SOFTTDX_FAULT_RETRY,
	SOFTTDX_FAULT_VMCALL_ERROR,
	SOFTTDX_FAULT_DELAY,
	SOFTTDX_FAULT_LOST,
	SOFTTDX_FAULT_HOLD,
	SOFTTDX_FAULT_ERROR,
	SOFTTDX_FAULT_UNAVAILABLE,
	SOFTTDX_FAULT_EMPTY,
	SOFTTDX_FAULT_OVERSIZED,
	SOFTTDX_FAULT_TRUNCATED,
	SOFTTDX_FAULT_FOREIGN_DATA,
	SOFTTDX_FAULT_BAD_SIGNATURE,
	SOFTTDX_FAULT_RESTLESS,
	SOFTTDX_FAULTS
};

enum softtdx_counter {
	SOFTTDX_COUNT_REPORTS,		/* TDREPORTs made */
	SOFTTDX_COUNT_EXTENDS,		/* RTMRs extended */
	SOFTTDX_COUNT_BUSY,		/* REPORT or EXTEND that lost the RTMR lock */
	SOFTTDX_COUNT_REFUSED,		/* invalid operands */
	SOFTTDX_COUNT_QUOTES,		/* GetQuote requests that the host has been given */
	SOFTTDX_COUNT_RETRIES,		/* GetQuote requests that were told RETRY */
	SOFTTDX_COUNT_BAD_QUOTES,	/* GetQuote requests that were told anything else */
	SOFTTDX_COUNT_BAD_CALLS,	/* leaves and subfunctions that are not here */
	SOFTTDX_COUNTERS
};

int softtdx_fault_init(void);
void softtdx_fault_exit(void);
void softtdx_fault_spin(u64 usec);
void softtdx_count(enum softtdx_counter counter);

/* probe.c */
int softtdx_probe_init(struct dentry *dir);
void softtdx_probe_exit(void);

#endif
