// SPDX-License-Identifier: GPL-2.0-only
/*
 * The faults of this firmware, counters and settings: /sys/kernel/debug/teegate-softfw/
 *
 * What happens to TDREPORTs and RTMRs happens here; what happens to quotes is handed to tdx-host
 * with the request. README.md tells what each does. Besides the files of shared/faults.c:
 *
 *	echo 11000 > latency	microseconds that a quote takes at least
 *	cat times		of the last quotes, a line each: number; seen, begun, answered in
 *				ns of the host's clock; status
 *	cat stats
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>

#include "softtdx.h"

/* Below the 21 s of the RCU stall detector and the 20 s of the soft lockup detector. */
#define SPIN_LIMIT_US		15000000

struct softfw_fault_entry softfw_faults[SOFTTDX_FAULTS] = {
	[SOFTTDX_FAULT_REPORT_BUSY]	= { "report-busy" },
	[SOFTTDX_FAULT_REPORT_ERROR]	= { "report-error", TDX_INVALID(TDX_OPERAND_RCX) },
	[SOFTTDX_FAULT_REPORT_SLOW]	= { "report-slow", 1000 },
	[SOFTTDX_FAULT_FORGED_MAC]	= { "forged-mac" },
	[SOFTTDX_FAULT_EXTEND_BUSY]	= { "extend-busy" },
	[SOFTTDX_FAULT_EXTEND_ERROR]	= { "extend-error", TDX_INVALID(TDX_OPERAND_RDX) },
	[SOFTTDX_FAULT_EXTEND_SLOW]	= { "extend-slow", 1000 },
	[SOFTTDX_FAULT_RETRY]		= { "retry" },
	[SOFTTDX_FAULT_VMCALL_ERROR]	= { "vmcall-error", TDVMCALL_INVALID_OPERAND },
	[SOFTTDX_FAULT_DELAY]		= { "delay", 1000 },
	[SOFTTDX_FAULT_LOST]		= { "lost" },
	[SOFTTDX_FAULT_HOLD]		= { "hold" },
	[SOFTTDX_FAULT_ERROR]		= { "error", QUOTE_ERROR },
	[SOFTTDX_FAULT_UNAVAILABLE]	= { "unavailable", QUOTE_UNAVAILABLE },
	[SOFTTDX_FAULT_EMPTY]		= { "empty", 0 },
	[SOFTTDX_FAULT_OVERSIZED]	= { "oversized", U32_MAX },
	[SOFTTDX_FAULT_TRUNCATED]	= { "truncated", 1000 },
	[SOFTTDX_FAULT_FOREIGN_DATA]	= { "foreign-data", 0x5a },
	[SOFTTDX_FAULT_BAD_SIGNATURE]	= { "bad-signature" },
	[SOFTTDX_FAULT_RESTLESS]	= { "restless", 100000 },
};

const size_t softfw_nfaults = ARRAY_SIZE(softfw_faults);

static const char * const counter_names[SOFTTDX_COUNTERS] = {
	[SOFTTDX_COUNT_REPORTS]		= "reports",
	[SOFTTDX_COUNT_EXTENDS]		= "extends",
	[SOFTTDX_COUNT_BUSY]		= "busy",
	[SOFTTDX_COUNT_REFUSED]		= "refused",
	[SOFTTDX_COUNT_QUOTES]		= "quotes",
	[SOFTTDX_COUNT_RETRIES]		= "retries",
	[SOFTTDX_COUNT_BAD_QUOTES]	= "bad-quotes",
	[SOFTTDX_COUNT_BAD_CALLS]	= "bad-calls",
};

static atomic_long_t counters[SOFTTDX_COUNTERS];

void softtdx_count(enum softtdx_counter counter)
{
	atomic_long_inc(&counters[counter]);
}

/*
 * Until the time has passed or a release has come. In the trap nothing can sleep. Interrupts are
 * let in, or whoever sends this CPU one and waits, the releasing process for one, would hang, too.
 */
void softtdx_fault_spin(u64 usec)
{
	u32 before = softtdx_quote_releases();
	u64 start;

	usec = min_t(u64, usec, SPIN_LIMIT_US);
	preempt_disable();
	local_irq_enable();
	start = ktime_get_mono_fast_ns();
	while (ktime_get_mono_fast_ns() - start < usec * NSEC_PER_USEC &&
	       softtdx_quote_releases() == before)
		cpu_relax();
	local_irq_disable();
	preempt_enable();
}

static int stats_show(struct seq_file *seq, void *unused)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counter_names); i++)
		seq_printf(seq, "%s %ld\n", counter_names[i], atomic_long_read(&counters[i]));
	softtdx_quote_stats(seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static int times_show(struct seq_file *seq, void *unused)
{
	softtdx_quote_times(seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(times);

static int latency_get(void *unused, u64 *ret_usec)
{
	*ret_usec = softtdx_quote_latency();
	return 0;
}

static int latency_set(void *unused, u64 usec)
{
	if (usec > U32_MAX)
		return -ERANGE;
	softtdx_quote_set_latency(usec);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(latency_fops, latency_get, latency_set, "%llu\n");

int softtdx_fault_init(void)
{
	struct dentry *dir;
	size_t i;
	int r;

	/* Whatever was counted so far was a self-test. */
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		atomic_long_set(&counters[i], 0);
	dir = softfw_faults_init(softtdx_quote_release);
	debugfs_create_file("stats", 0400, dir, NULL, &stats_fops);
	debugfs_create_file("times", 0400, dir, NULL, &times_fops);
	debugfs_create_file("latency", 0600, dir, NULL, &latency_fops);
	r = softtdx_probe_init(dir);
	if (r)
		softfw_faults_exit();
	return r;
}

void softtdx_fault_exit(void)
{
	softfw_faults_exit();
	softtdx_probe_exit();
}
