// SPDX-License-Identifier: GPL-2.0-only
/*
 * The faults of the Ultravisor, counters and settings: /sys/kernel/debug/teegate-softfw/
 *
 * README.md tells what each fault does. Besides the files of shared/faults.c:
 *
 *	echo 11000 > latency	microseconds that each call takes at least
 *	cat stats
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>

#include "softuv.h"

/* Below the 21 s of the RCU stall detector. */
#define SPIN_LIMIT_US		15000000
#define HANG_LIMIT_MS		60000

/* rc << 16 | rrc; 0x0098 is nobody's. */
#define ANY_RC			0x00980007

static unsigned int hang_limit_ms = 5000;
module_param(hang_limit_ms, uint, 0644);
MODULE_PARM_DESC(hang_limit_ms, "longest hang, at most 60000");

struct softfw_fault_entry softfw_faults[SOFTUV_FAULTS] = {
	[SOFTUV_FAULT_BUSY]		= { "busy" },
	[SOFTUV_FAULT_PARTIAL]		= { "partial" },
	[SOFTUV_FAULT_HANG]		= { "hang" },
	[SOFTUV_FAULT_DELAY]		= { "delay", 1000 },
	[SOFTUV_FAULT_RC]		= { "rc", ANY_RC },
	[SOFTUV_FAULT_ATTEST_RC]	= { "attest-rc", 0x010c0000 },
	[SOFTUV_FAULT_ADD_RC]		= { "add-rc", 0x010c0000 },
	[SOFTUV_FAULT_LIST_RC]		= { "list-rc", ANY_RC },
	[SOFTUV_FAULT_LOCK_RC]		= { "lock-rc", 0x01010000 },
	[SOFTUV_FAULT_RETR_RC]		= { "retr-rc", 0x01110000 },
	[SOFTUV_FAULT_WRONG_CC]		= { "wrong-cc" },
	[SOFTUV_FAULT_NO_ANSWER]	= { "no-answer" },
	[SOFTUV_FAULT_BAD_MEASUREMENT]	= { "bad-measurement", 0 },
	[SOFTUV_FAULT_FOREIGN_IMAGE]	= { "foreign-image", 0x5a },
	[SOFTUV_FAULT_FOREIGN_UID]	= { "foreign-uid", 0x5a },
	[SOFTUV_FAULT_FORGED_UID]	= { "forged-uid", 0x5a },
	[SOFTUV_FAULT_FOREIGN_USER]	= { "foreign-user", 0x5a },
	[SOFTUV_FAULT_FOREIGN_HOST]	= { "foreign-host", 0x5a },
	[SOFTUV_FAULT_BAD_ADDITIONAL]	= { "bad-additional", 0 },
	[SOFTUV_FAULT_MEASUREMENT_LEN]	= { "measurement-len", U32_MAX },
	[SOFTUV_FAULT_ADDITIONAL_LEN]	= { "additional-len", U32_MAX },
	[SOFTUV_FAULT_LIST_STORED]	= { "list-stored", U16_MAX },
	[SOFTUV_FAULT_LIST_TOTAL]	= { "list-total", U16_MAX },
	[SOFTUV_FAULT_LIST_NEXT]	= { "list-next", 0 },
	[SOFTUV_FAULT_SECRET_LEN]	= { "secret-len", U16_MAX },
	[SOFTUV_FAULT_ZERO_SECRET]	= { "zero-secret" },
};

const size_t softfw_nfaults = ARRAY_SIZE(softfw_faults);

static const char * const counter_names[SOFTUV_COUNTERS] = {
	[SOFTUV_COUNT_CALLS]		= "calls",
	[SOFTUV_COUNT_BUSY]		= "busy",
	[SOFTUV_COUNT_REFUSED]		= "refused",
	[SOFTUV_COUNT_ATTESTATIONS]	= "attestations",
	[SOFTUV_COUNT_ADDED]		= "added",
	[SOFTUV_COUNT_LISTED]		= "listed",
	[SOFTUV_COUNT_LOCKED]		= "locked",
	[SOFTUV_COUNT_RETRIEVED]	= "retrieved",
	[SOFTUV_COUNT_SHARED]		= "shared",
};

static atomic_long_t counters[SOFTUV_COUNTERS];
static atomic_t releases;
static u64 hang_until;
static u32 latency_us;

void softuv_count(enum softuv_counter counter)
{
	atomic_long_inc(&counters[counter]);
}

/* Until the time has passed or a release has come; interrupts are as the caller has them. */
void softuv_fault_spin(u64 usec)
{
	u64 start = ktime_get_mono_fast_ns();
	int before = atomic_read(&releases);

	usec = min_t(u64, usec, SPIN_LIMIT_US);
	while (ktime_get_mono_fast_ns() - start < usec * NSEC_PER_USEC &&
	       atomic_read(&releases) == before)
		cpu_relax();
}

/* From now on every call is told that the Ultravisor is busy. */
void softuv_fault_hang(void)
{
	u64 limit = min_t(u64, READ_ONCE(hang_limit_ms), HANG_LIMIT_MS);

	WRITE_ONCE(hang_until, ktime_get_mono_fast_ns() + limit * NSEC_PER_MSEC);
}

bool softuv_fault_hanging(void)
{
	return READ_ONCE(hang_until) > ktime_get_mono_fast_ns();
}

static void release(void)
{
	WRITE_ONCE(hang_until, 0);
	atomic_inc(&releases);
}

u32 softuv_latency(void)
{
	return READ_ONCE(latency_us);
}

static int stats_show(struct seq_file *seq, void *unused)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counter_names); i++)
		seq_printf(seq, "%s %ld\n", counter_names[i], atomic_long_read(&counters[i]));
	seq_printf(seq, "hanging %d\n", softuv_fault_hanging());
	seq_printf(seq, "secrets %u\n", softuv_secrets_count());
	seq_printf(seq, "store-locked %d\n", softuv_secrets_locked());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

void softuv_fault_init(void)
{
	struct dentry *dir;
	size_t i;

	/* Whatever was counted so far was a self-test. */
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		atomic_long_set(&counters[i], 0);
	dir = softfw_faults_init(release);
	debugfs_create_file("stats", 0400, dir, NULL, &stats_fops);
	debugfs_create_u32("latency", 0600, dir, &latency_us);
	softuv_probe_init(dir);
}

void softuv_fault_exit(void)
{
	softfw_faults_exit();
}
