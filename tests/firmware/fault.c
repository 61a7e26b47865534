// SPDX-License-Identifier: GPL-2.0-only
/*
 * The faults of this firmware and counters: /sys/kernel/debug/teegate-softfw/
 *
 * How they are armed is in shared/faults.c, what each does in README.md. Besides the files there:
 *
 *	cat stats
 *	echo 0 > device		takes the driver's device away, 1 gives it back (main.c)
 *
 * Delays and hangs spin inside the trap, where nothing can sleep. So both end by themselves after
 * hang_limit_ms at the latest, and only another CPU can release a hang before that. Interrupts are
 * let in meanwhile, or whoever sends this CPU an interrupt and waits, the releasing process for
 * one, would hang as well.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>

#include "softfw.h"

/* Below the 21 s of the RCU stall detector and the 20 s of the soft lockup detector. */
#define HANG_LIMIT_MAX_MS	15000

static unsigned int hang_limit_ms = 5000;
module_param(hang_limit_ms, uint, 0644);
MODULE_PARM_DESC(hang_limit_ms, "longest delay or hang, at most 15000 (default 5000)");

struct softfw_fault_entry softfw_faults[SOFTFW_FAULTS] = {
	[SOFTFW_FAULT_DELAY]		= { "delay", 1000 },
	[SOFTFW_FAULT_HANG]		= { "hang" },
	[SOFTFW_FAULT_BUSY]		= { "busy" },
	[SOFTFW_FAULT_VMM_ERROR]	= { "vmm-error", 0xff },
	[SOFTFW_FAULT_FW_ERROR]		= { "fw-error", SOFTFW_INVALID_PARAM },
	[SOFTFW_FAULT_INVALID_LEN]	= { "invalid-len" },
	[SOFTFW_FAULT_BAD_CERTS]	= { "bad-certs", SOFTFW_CERTS_TOO_LONG },
	[SOFTFW_FAULT_LOST_VMPCK]	= { "lost-vmpck" },
	[SOFTFW_FAULT_RSP_STATUS]	= { "rsp-status", SOFTFW_INVALID_PARAM },
	[SOFTFW_FAULT_FOREIGN_DATA]	= { "foreign-data", 0x5a },
	[SOFTFW_FAULT_REPORT_SIZE]	= { "report-size", 0x10000 },
	[SOFTFW_FAULT_BAD_SIGNATURE]	= { "bad-signature" },
	[SOFTFW_FAULT_ZERO_KEY]		= { "zero-key" },
	[SOFTFW_FAULT_MSG_SIZE]		= { "msg-size", 0xffff },
	[SOFTFW_FAULT_BAD_TYPE]		= { "bad-type", 0x7f },
	[SOFTFW_FAULT_BAD_SEQNO]	= { "bad-seqno", 2 },
	[SOFTFW_FAULT_BAD_TAG]		= { "bad-tag" },
};

const size_t softfw_nfaults = ARRAY_SIZE(softfw_faults);

static const char * const counter_names[SOFTFW_COUNTERS] = {
	[SOFTFW_COUNT_REQUESTS]		= "requests",
	[SOFTFW_COUNT_EXTENDED]		= "extended",
	[SOFTFW_COUNT_ANSWERED]		= "answered",
	[SOFTFW_COUNT_ERRORS]		= "errors",
	[SOFTFW_COUNT_REPORTS]		= "reports",
	[SOFTFW_COUNT_KEYS]		= "keys",
	[SOFTFW_COUNT_REFUSED]		= "refused",
	[SOFTFW_COUNT_BAD_SEQNO]	= "bad-seqno",
	[SOFTFW_COUNT_BAD_TAG]		= "bad-tag",
	[SOFTFW_COUNT_BAD_EXITS]	= "bad-exits",
};

static atomic_long_t counters[SOFTFW_COUNTERS];
static atomic_t hanging;
static atomic_t releases;

void softfw_count(enum softfw_counter counter)
{
	atomic_long_inc(&counters[counter]);
}

static u64 limit_us(void)
{
	return (u64)min_t(unsigned int, READ_ONCE(hang_limit_ms), HANG_LIMIT_MAX_MS) * 1000;
}

/* Until the time has passed or, unless @releases_before is NULL, a release has come. */
static void spin(u64 usec, const int *releases_before)
{
	u64 start;

	preempt_disable();
	local_irq_enable();
	start = ktime_get_mono_fast_ns();
	while (ktime_get_mono_fast_ns() - start < usec * NSEC_PER_USEC) {
		if (releases_before && atomic_read(&releases) != *releases_before)
			break;
		cpu_relax();
	}
	local_irq_disable();
	preempt_enable();
}

void softfw_fault_delay(u64 usec)
{
	spin(min(usec, limit_us()), NULL);
}

void softfw_fault_hang(void)
{
	int before = atomic_read(&releases);

	atomic_inc(&hanging);
	spin(limit_us(), &before);
	atomic_dec(&hanging);
}

static int stats_show(struct seq_file *seq, void *unused)
{
	unsigned long inlined;
	unsigned int pooled;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counter_names); i++)
		seq_printf(seq, "%s %ld\n", counter_names[i], atomic_long_read(&counters[i]));
	softfw_sign_stats(&pooled, &inlined);
	seq_printf(seq, "hanging %d\nnonces-pooled %u\nnonces-inline %lu\n", atomic_read(&hanging),
		   pooled, inlined);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static void release(void)
{
	atomic_inc(&releases);
}

struct dentry *softfw_fault_init(void)
{
	struct dentry *dir;
	size_t i;

	/* Whatever was counted so far was a self-test. */
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		atomic_long_set(&counters[i], 0);
	dir = softfw_faults_init(release);
	debugfs_create_file("stats", 0400, dir, NULL, &stats_fops);
	return dir;
}

void softfw_fault_exit(void)
{
	softfw_faults_exit();
}
