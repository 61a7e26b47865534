// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on request: /sys/kernel/debug/teegate-softfw/
 *
 * debugfs, because this is a test's private interface: root only, no promise of stability, and
 * gone with the module. One write arms one fault, so a test can never see half of it:
 *
 *	echo 'busy count=3 skip=1' > fault	from the second occasion on, three times
 *	echo 'delay count=1 arg=250000' > fault
 *	echo none > fault			disarms all
 *	echo > release				ends what hangs or is held
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/parser.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "shared.h"

static DEFINE_RAW_SPINLOCK(fault_lock);
static void (*on_release)(void);
static struct dentry *dir;

bool softfw_fault(unsigned int which, u64 *ret_arg)
{
	struct softfw_fault_entry *fault = &softfw_faults[which];
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

enum option { OPT_COUNT, OPT_SKIP, OPT_ARG, OPT_BAD };

static const match_table_t option_table = {
	{ OPT_COUNT, "count=%s" },
	{ OPT_SKIP, "skip=%s" },
	{ OPT_ARG, "arg=%s" },
	{ OPT_BAD, NULL },
};

static int parse_option(char *word, struct softfw_fault_entry *fault)
{
	substring_t args[MAX_OPT_ARGS];

	switch (match_token(word, option_table, args)) {
	case OPT_COUNT:
		return kstrtouint(args[0].from, 0, &fault->count);
	case OPT_SKIP:
		return kstrtouint(args[0].from, 0, &fault->skip);
	case OPT_ARG:
		return kstrtou64(args[0].from, 0, &fault->arg);
	default:
		return -EINVAL;
	}
}

static struct softfw_fault_entry *find_fault(const char *name)
{
	size_t i;

	for (i = 0; i < softfw_nfaults; i++)
		if (!strcmp(softfw_faults[i].name, name))
			return &softfw_faults[i];
	return NULL;
}

static void disarm_all(void)
{
	unsigned long flags;
	size_t i;

	raw_spin_lock_irqsave(&fault_lock, flags);
	for (i = 0; i < softfw_nfaults; i++)
		softfw_faults[i].count = 0;
	raw_spin_unlock_irqrestore(&fault_lock, flags);
}

static int arm(char *text)
{
	char *name = strsep(&text, " "), *word;
	struct softfw_fault_entry *fault, wanted = { .count = 1 };
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

	for (i = 0; i < softfw_nfaults; i++) {
		struct softfw_fault_entry fault;
		unsigned long flags;

		raw_spin_lock_irqsave(&fault_lock, flags);
		fault = softfw_faults[i];
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
	on_release();
	return len;
}

static const struct file_operations release_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = release_write,
	.llseek = noop_llseek,
};

/* Returns the directory, for further files of the module. */
struct dentry *softfw_faults_init(void (*release)(void))
{
	on_release = release;
	dir = debugfs_create_dir("teegate-softfw", NULL);
	debugfs_create_file("fault", 0600, dir, NULL, &fault_fops);
	debugfs_create_file("release", 0200, dir, NULL, &release_fops);
	return dir;
}

void softfw_faults_exit(void)
{
	debugfs_remove(dir);
}
