// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdcall by hand: /sys/kernel/debug/teegate-softfw/tdcall and scratch; and the event log, ccel
 *
 * No driver passes bad operands, or has more than one quote in flight. So a test may execute the
 * instruction itself: it writes eight numbers, RAX RCX RDX R8 R10 R11 R12 R13, and reads RAX and
 * R10 back from the same open file. @N is the guest physical address of byte N of some pages that
 * are there for this, and which are the file scratch.
 *
 * The log that firmware left is read by whoever is loaded. A test may put another one there.
 */
#include <linux/debugfs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "mailbox.h"
#include "softtdx.h"

#define SCRATCH_SIZE	SZ_256K
#define REGISTERS	8

/* Memory that is a file. */
struct area {
	u8 *bytes;
	size_t size;
};

static struct area scratch, event_log;

struct result {
	struct mutex lock;	/* over the text, not over the call: two files call at a time */
	char text[64];
	size_t len;
};

static int parse_number(char *word, u64 *ret_value)
{
	bool relative = word[0] == '@';
	int r;

	r = kstrtou64(word + relative, 0, ret_value);
	if (!r && relative)
		*ret_value += virt_to_phys(scratch.bytes);
	return r;
}

static int parse(char *text, u64 regs[REGISTERS])
{
	char *word;
	int n, r;

	for (n = 0; n < REGISTERS; n++) {
		word = strsep(&text, " ");
		if (!word)
			return -EINVAL;
		r = parse_number(word, &regs[n]);
		if (r)
			return r;
	}
	return text ? -EINVAL : 0;
}

static void tdcall(u64 regs[REGISTERS])
{
	register u64 r8 asm("r8") = regs[3];
	register u64 r10 asm("r10") = regs[4];
	register u64 r11 asm("r11") = regs[5];
	register u64 r12 asm("r12") = regs[6];
	register u64 r13 asm("r13") = regs[7];

	asm volatile(".byte 0x66, 0x0f, 0x01, 0xcc"
		     : "+a"(regs[0]), "+c"(regs[1]), "+d"(regs[2]), "+r"(r8), "+r"(r10), "+r"(r11),
		       "+r"(r12), "+r"(r13)
		     : : "memory", "cc");
	regs[4] = r10;
}

static int tdcall_open(struct inode *inode, struct file *file)
{
	struct result *result = kzalloc(sizeof(*result), GFP_KERNEL);

	if (!result)
		return -ENOMEM;
	mutex_init(&result->lock);
	file->private_data = result;
	return stream_open(inode, file);
}

static int tdcall_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t tdcall_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct result *result = file->private_data;
	u64 regs[REGISTERS];
	char *text;
	int r;

	if (len > 256)
		return -EINVAL;
	text = memdup_user_nul(buf, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	r = parse(strim(text), regs);
	kfree(text);
	if (r)
		return r;
	tdcall(regs);
	mutex_lock(&result->lock);
	result->len = scnprintf(result->text, sizeof(result->text), "%#llx %#llx\n", regs[0],
				regs[4]);
	mutex_unlock(&result->lock);
	return len;
}

static ssize_t tdcall_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct result *result = file->private_data;
	loff_t start = 0;
	ssize_t n;

	mutex_lock(&result->lock);
	n = simple_read_from_buffer(buf, len, &start, result->text, result->len);
	result->len = 0;
	mutex_unlock(&result->lock);
	return n;
}

static const struct file_operations tdcall_fops = {
	.owner = THIS_MODULE,
	.open = tdcall_open,
	.read = tdcall_read,
	.write = tdcall_write,
	.release = tdcall_release,
};

static ssize_t area_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	const struct area *area = file->private_data;

	return simple_read_from_buffer(buf, len, pos, area->bytes, area->size);
}

static ssize_t area_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	const struct area *area = file->private_data;

	return simple_write_to_buffer(area->bytes, area->size, pos, buf, len);
}

static const struct file_operations area_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = area_read,
	.write = area_write,
	.llseek = default_llseek,
};

int softtdx_probe_init(struct dentry *dir)
{
	scratch.bytes = alloc_pages_exact(SCRATCH_SIZE, GFP_KERNEL | __GFP_ZERO);
	if (!scratch.bytes)
		return -ENOMEM;
	scratch.size = SCRATCH_SIZE;
	event_log.bytes = softtdx_event_log();
	event_log.size = TDX_LOG_SIZE;
	debugfs_create_file("tdcall", 0600, dir, NULL, &tdcall_fops);
	debugfs_create_file("scratch", 0600, dir, &scratch, &area_fops);
	debugfs_create_file("ccel", 0600, dir, &event_log, &area_fops);
	return 0;
}

/*
 * When the files are gone. What the host still has in flight there it may write to later; so the
 * pages stay its, for good.
 */
void softtdx_probe_exit(void)
{
	if (!softtdx_quote_in_flight())
		free_pages_exact(scratch.bytes, SCRATCH_SIZE);
}
