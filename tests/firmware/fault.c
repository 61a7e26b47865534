// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on request, and counters: /sys/kernel/debug/teegate-softfw/
 *
 * debugfs, because this is a test's private interface: root only, no promise of stability, and
 * gone with the module. One write arms one fault, so a test can never see half of it:
 *
 *	echo 'busy count=3 skip=1' > fault	from the second occasion on, three times
 *	echo 'delay count=1 arg=250000' > fault
 *	echo none > fault			disarms all
 *	echo > release				ends a hang
 *	echo 0 > device				takes the driver's device away, 1 gives it back
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
#include <linux/parser.h>
#include <linux/preempt.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "softfw.h"

/* Below the 21 s of the RCU stall detector and the 20 s of the soft lockup detector. */
#define HANG_LIMIT_MAX_MS	15000

static unsigned int hang_limit_ms = 5000;
module_param(hang_limit_ms, uint, 0644);
MODULE_PARM_DESC(hang_limit_ms, "longest delay or hang, at most 15000 (default 5000)");

struct fault {
	const char *name;
	u64 default_arg;
	u64 arg;
	unsigned int skip;
	unsigned int count;
	unsigned long hits;
};

static struct fault faults[SOFTFW_FAULTS] = {
	[SOFTFW_FAULT_DELAY]		= { "delay", 1000 },
	[SOFTFW_FAULT_HANG]		= { "hang" },
	[SOFTFW_FAULT_BUSY]		= { "busy" },
	[SOFTFW_FAULT_VMM_ERROR]	= { "vmm-error", 0xff },
	[SOFTFW_FAULT_FW_ERROR]		= { "fw-error", SOFTFW_INVALID_PARAM },
	[SOFTFW_FAULT_INVALID_LEN]	= { "invalid-len" },
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

static DEFINE_RAW_SPINLOCK(fault_lock);
static atomic_long_t counters[SOFTFW_COUNTERS];
static atomic_t hanging;
static atomic_t releases;
static struct dentry *dir;

void softfw_count(enum softfw_counter counter)
{
	atomic_long_inc(&counters[counter]);
}

bool softfw_fault(enum softfw_fault which, u64 *ret_arg)
{
	struct fault *fault = &faults[which];
	unsigned long flags;
	bool hit = false;

	raw_spin_lock_irqsave(&fault_lock, flags);
	if (fault->count && fault->skip) {
		fault->skip--;
	} else if (fault->count) {
		fault->count--;
		fault->hits++;
		*ret_arg = fault->arg;
		hit = true;
	}
	raw_spin_unlock_irqrestore(&fault_lock, flags);
	return hit;
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

enum option { OPT_COUNT, OPT_SKIP, OPT_ARG, OPT_BAD };

static const match_table_t option_table = {
	{ OPT_COUNT, "count=%s" },
	{ OPT_SKIP, "skip=%s" },
	{ OPT_ARG, "arg=%s" },
	{ OPT_BAD, NULL },
};

static int parse_option(char *word, struct fault *fault)
{
	substring_t args[MAX_OPT_ARGS];
	char *value;
	int r;

	switch (match_token(word, option_table, args)) {
	case OPT_COUNT:
		value = args[0].from;
		return kstrtouint(value, 0, &fault->count);
	case OPT_SKIP:
		value = args[0].from;
		return kstrtouint(value, 0, &fault->skip);
	case OPT_ARG:
		value = args[0].from;
		r = kstrtou64(value, 0, &fault->arg);
		return r;
	default:
		return -EINVAL;
	}
}

static struct fault *find_fault(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++)
		if (!strcmp(faults[i].name, name))
			return &faults[i];
	return NULL;
}

static void disarm_all(void)
{
	unsigned long flags;
	size_t i;

	raw_spin_lock_irqsave(&fault_lock, flags);
	for (i = 0; i < ARRAY_SIZE(faults); i++)
		faults[i].count = 0;
	raw_spin_unlock_irqrestore(&fault_lock, flags);
}

static int arm(char *text)
{
	char *name = strsep(&text, " "), *word;
	struct fault *fault, wanted = { .count = 1 };
	unsigned long flags;
	int r;

	if (!strcmp(name, "none")) {
		disarm_all();
		return 0;
	}
	fault = find_fault(name);
	if (!fault)
		return -ENOENT;
	wanted.arg = fault->default_arg;
	while ((word = strsep(&text, " "))) {
		r = *word ? parse_option(word, &wanted) : 0;
		if (r)
			return r;
	}
	raw_spin_lock_irqsave(&fault_lock, flags);
	fault->arg = wanted.arg;
	fault->skip = wanted.skip;
	fault->count = wanted.count;
	raw_spin_unlock_irqrestore(&fault_lock, flags);
	return 0;
}

static ssize_t fault_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	char *text;
	int r;

	if (len > 128)
		return -EINVAL;
	text = memdup_user_nul(buf, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	r = arm(strim(text));
	kfree(text);
	return r ?: len;
}

static int fault_show(struct seq_file *seq, void *unused)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		struct fault fault;
		unsigned long flags;

		raw_spin_lock_irqsave(&fault_lock, flags);
		fault = faults[i];
		raw_spin_unlock_irqrestore(&fault_lock, flags);
		seq_printf(seq, "%s count=%u skip=%u arg=%#llx hits=%lu\n", fault.name, fault.count,
			   fault.skip, fault.count ? fault.arg : fault.default_arg, fault.hits);
	}
	return 0;
}

static int fault_open(struct inode *inode, struct file *file)
{
	return single_open(file, fault_show, NULL);
}

static const struct file_operations fault_fops = {
	.owner = THIS_MODULE,
	.open = fault_open,
	.read = seq_read,
	.write = fault_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static ssize_t release_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	atomic_inc(&releases);
	return len;
}

static const struct file_operations release_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = release_write,
	.llseek = noop_llseek,
};

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

struct dentry *softfw_fault_init(void)
{
	size_t i;

	/* Whatever was counted so far was a self-test. */
	for (i = 0; i < ARRAY_SIZE(counters); i++)
		atomic_long_set(&counters[i], 0);
	dir = debugfs_create_dir("teegate-softfw", NULL);
	debugfs_create_file("fault", 0600, dir, NULL, &fault_fops);
	debugfs_create_file("release", 0200, dir, NULL, &release_fops);
	debugfs_create_file("stats", 0400, dir, NULL, &stats_fops);
	return dir;
}

void softfw_fault_exit(void)
{
	debugfs_remove(dir);
}
