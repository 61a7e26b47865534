// SPDX-License-Identifier: GPL-2.0-only
/*
 * uvc by hand: /sys/kernel/debug/teegate-softfw/uvc
 *
 * The stock driver passes no malformed control block, and older ones know no RETR_SECRET. So a test
 * may execute the instruction itself. It writes "CMD LEN [AT VALUE]" for a block with this header
 * and nothing else but 8 bytes at that offset, or "retrieve INDEX ROOM", and reads condition code,
 * rc and rrc from the same open file, and what was retrieved in hex.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/uv.h>

#include "softuv.h"

#define BLOCK_MAX	0x400
#define ROOM_MAX	8192

struct probe {
	struct mutex lock;	/* over all that follows */
	int cc;
	u16 rc;
	u16 rrc;
	unsigned int room;
	u8 retrieved[ROOM_MAX];
};

/* As struct uv_cb_retr_secr of newer kernels. */
struct retrieve_block {
	struct softuv_header header;
	u64 reserved08[2];
	u16 index;
	u16 reserved1a;
	u32 len;
	u64 addr;
	u64 reserved28[4];
};

static void call(struct probe *probe, struct softuv_header *header)
{
	probe->cc = __uv_call(0, (unsigned long)header);
	probe->rc = header->rc;
	probe->rrc = header->rrc;
}

static int retrieve(struct probe *probe, const char *text)
{
	struct retrieve_block block = {
		.header = { .len = sizeof(block), .cmd = SOFTUV_CMD_RETR_SECRET },
		.addr = (unsigned long)probe->retrieved,
	};

	if (sscanf(text, "%hu %u", &block.index, &block.len) != 2 || block.len > ROOM_MAX)
		return -EINVAL;
	call(probe, &block.header);
	probe->room = probe->rc == SOFTUV_RC_EXECUTED ? block.len : 0;
	return 0;
}

static int bare(struct probe *probe, const char *text)
{
	struct softuv_header *header;
	u16 cmd, len, at;
	s64 value;
	int n;

	n = sscanf(text, "%hi %hi %hi %lli", &cmd, &len, &at, &value);
	if ((n != 2 && n != 4) || len > BLOCK_MAX)
		return -EINVAL;
	if (n == 4 && at > BLOCK_MAX - sizeof(value))
		return -EINVAL;
	header = kzalloc(BLOCK_MAX, GFP_KERNEL);
	if (!header)
		return -ENOMEM;
	if (n == 4)
		memcpy((u8 *)header + at, &value, sizeof(value));
	header->cmd = cmd;
	header->len = len;
	call(probe, header);
	kfree(header);
	return 0;
}

static int uvc_show(struct seq_file *seq, void *unused)
{
	struct probe *probe = seq->private;
	unsigned int i;

	mutex_lock(&probe->lock);
	seq_printf(seq, "%d %#06x %#06x ", probe->cc, probe->rc, probe->rrc);
	for (i = 0; i < probe->room; i++)
		seq_printf(seq, "%02x", probe->retrieved[i]);
	seq_putc(seq, '\n');
	mutex_unlock(&probe->lock);
	return 0;
}

static int uvc_open(struct inode *inode, struct file *file)
{
	struct probe *probe = kzalloc(sizeof(*probe), GFP_KERNEL);
	int r;

	if (!probe)
		return -ENOMEM;
	mutex_init(&probe->lock);
	r = single_open(file, uvc_show, probe);
	if (r)
		kfree(probe);
	return r;
}

static int uvc_release(struct inode *inode, struct file *file)
{
	struct seq_file *seq = file->private_data;

	kfree_sensitive(seq->private);
	return single_release(inode, file);
}

static ssize_t uvc_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct seq_file *seq = file->private_data;
	struct probe *probe = seq->private;
	static const char retrieve_word[] = "retrieve ";
	char *text;
	int r;

	if (len > 64)
		return -EINVAL;
	text = memdup_user_nul(buf, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	mutex_lock(&probe->lock);
	probe->room = 0;
	if (strstarts(text, retrieve_word))
		r = retrieve(probe, text + strlen(retrieve_word));
	else
		r = bare(probe, text);
	mutex_unlock(&probe->lock);
	kfree(text);
	return r ?: len;
}

static const struct file_operations uvc_fops = {
	.owner = THIS_MODULE,
	.open = uvc_open,
	.read = seq_read,
	.write = uvc_write,
	.llseek = seq_lseek,
	.release = uvc_release,
};

void softuv_probe_init(struct dentry *dir)
{
	debugfs_create_file("uvc", 0600, dir, NULL, &uvc_fops);
}
