// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks: what a caller hands through to firmware, up to a megabyte. Nothing here understands
 * them; what has to be known about their form, the backend looks at (tg_backend_ops.check_block).
 *
 * DOC: who pays
 *
 * The memory is on the bill of the caller's memory cgroup. But not every workload has a limit
 * there; so bytes are counted, too, before they are allocated: for each workload, and in all. The
 * only block of a workload, if it is as small as they usually are, does not count with those of
 * all: neither one workload nor all of them together shall be able to keep another one out. There
 * are as many workloads as leases of an administrator at most, so this is bounded, too.
 *
 * Reading a caller's memory can last for as long as the caller likes, if user space serves its page
 * faults. So pages are faulted in while nothing is counted yet, and copied without faults: what is
 * counted is on its way to firmware, and who stalls keeps nothing from others.
 *
 * What is in a block may be a secret of the caller's, encrypted or not, so it is wiped.
 */
#include <linux/errno.h>
#include <linux/pagemap.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <uapi/linux/teegate.h>

#include "block.h"
#include "lease.h"
#include "workload.h"

#define BYTES_OF_ONE	SZ_4M
#define BYTES_OF_ALL	SZ_32M
#define BYTES_ALWAYS	SZ_16K	/* room for the keys of 200 machines; 64 MiB of 4096 workloads */

/* Pages may go again between the two; not often, unless somebody sees to that. */
#define COPY_TRIES	16

static DEFINE_SPINLOCK(lock);
static size_t bytes_in_all;	/* lock; and so are those of each workload */

static int reserve(struct tg_workload *payer, u32 len, bool *ret_pooled)
{
	int err = 0;
	bool pooled;

	spin_lock(&lock);
	pooled = payer->block_bytes || len > BYTES_ALWAYS;
	if (len > BYTES_OF_ONE - payer->block_bytes)
		err = -EDQUOT;
	else if (pooled && len > BYTES_OF_ALL - bytes_in_all)
		err = -EAGAIN;
	if (!err) {
		payer->block_bytes += len;
		bytes_in_all += pooled ? len : 0;
	}
	spin_unlock(&lock);
	*ret_pooled = pooled;
	return err;
}

static void release(struct tg_workload *payer, u32 len, bool pooled)
{
	spin_lock(&lock);
	payer->block_bytes -= len;
	bytes_in_all -= pooled ? len : 0;
	spin_unlock(&lock);
}

static struct tg_block *block_new(struct tg_workload *payer, u32 len, bool pooled)
{
	struct tg_block *block = kzalloc(sizeof(*block), GFP_KERNEL_ACCOUNT);

	if (!block)
		return NULL;
	block->payer = payer;
	block->pooled = pooled;
	block->len = len;
	block->bytes = kvmalloc(len, GFP_KERNEL_ACCOUNT);
	if (block->bytes)
		return block;
	kfree(block);
	return NULL;
}

static int reserve_block(struct tg_workload *payer, u32 len, struct tg_block **ret_block)
{
	bool pooled;
	int err = reserve(payer, len, &pooled);

	if (err)
		return err;
	*ret_block = block_new(payer, len, pooled);
	if (*ret_block)
		return 0;
	release(payer, len, pooled);
	return -ENOMEM;
}

/* -EFAULT: not all of it is in memory just now. */
static int copy_block(struct tg_workload *payer, const void __user *from, u32 len,
		      struct tg_block **ret_block)
{
	struct tg_block *block;
	int err;

	err = reserve_block(payer, len, &block);
	if (err)
		return err;
	if (copy_from_user_nofault(block->bytes, from, len)) {
		tg_block_free(block);
		return -EFAULT;
	}
	*ret_block = block;
	return 0;
}

/**
 * tg_block_from_user - takes a block out of the caller's memory
 * @lease: who pays for it; must outlive the block
 * @uaddr: where it is
 * @len: bytes of it, at least one
 * @ret_block: for tg_block_free(); untouched on failure
 *
 * Return: 0, -EDQUOT when its workload has too much under way, -EAGAIN when all have (never for
 * its only one, of BYTES_ALWAYS at most),
 * -ENOMEM, -EFAULT. May sleep in page faults of the caller, and holds nothing then.
 */
int tg_block_from_user(struct tg_lease *lease, u64 uaddr, u32 len, struct tg_block **ret_block)
{
	const void __user *from = u64_to_user_ptr(uaddr);
	int err = -EFAULT, try;

	for (try = 0; try < COPY_TRIES && err == -EFAULT; try++) {
		if (fault_in_readable(from, len))
			return -EFAULT;
		err = copy_block(lease->workload, from, len, ret_block);
	}
	return err;
}

/* The same for bytes that the kernel has; no -EFAULT. */
int tg_block_from_kernel(struct tg_lease *lease, const void *bytes, u32 len,
			 struct tg_block **ret_block)
{
	struct tg_block *block;
	int err = reserve_block(lease->workload, len, &block);

	if (err)
		return err;
	memcpy(block->bytes, bytes, len);
	*ret_block = block;
	return 0;
}

/* NULL is fine. */
void tg_block_free(const struct tg_block *block)
{
	if (!block)
		return;
	release(block->payer, block->len, block->pooled);
	kvfree_sensitive(block->bytes, block->len);
	kfree(block);
}
