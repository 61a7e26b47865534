// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arena: pages of the kernel that also have user addresses, so that a kernel thread can call a
 * driver which copies from and to its caller.
 *
 * DOC: whose address space
 *
 * A module cannot make an address space, but it is loaded by a process that has one. We keep that
 * one after the process has gone (mmget), with a mapping of our pages in it, and a kernel thread
 * enters it for the length of one call. Once the loader has ended nobody else runs there, and all
 * else that it had mapped is unmapped. While it lives it sees what passes through the arena and can
 * change it: that is reports, with which whoever loads modules is trusted. Keys wait until it has
 * ended (tg_arena_is_ours).
 *
 * The mapping is of page frames: it is never swapped, and neither the OOM reaper nor fork, core
 * dumps or get_user_pages() follow it. What remains of the loader is an empty mm and the reference
 * of that mm to its executable file.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "arena.h"

#define TRIM_FIRST	(HZ / 2)
#define TRIM_LATEST	(64 * HZ)

struct tg_arena {
	struct mm_struct *mm;
	struct file *file;
	void *pages;
	size_t size;
	unsigned long user;
	unsigned long trim_delay;
	struct delayed_work trim;
	struct work_struct unmap;
};

static int arena_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct tg_arena *arena = file->private_data;

	if (vma->vm_pgoff || vma->vm_end - vma->vm_start != arena->size)
		return -EINVAL;
	vm_flags_set(vma, VM_IO | VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY);
	return remap_pfn_range(vma, vma->vm_start, PHYS_PFN(virt_to_phys(arena->pages)),
			       arena->size, vma->vm_page_prot);
}

/* No owner: the mapping lives as long as the module does and must not keep it from leaving. */
static const struct file_operations arena_fops = {
	.mmap = arena_mmap,
};

void *tg_arena_kernel(struct tg_arena *arena)
{
	return arena->pages;
}

unsigned long tg_arena_user(struct tg_arena *arena)
{
	return arena->user;
}

/* Has everybody left that address space but for us? Nobody comes back then. */
bool tg_arena_is_ours(struct tg_arena *arena)
{
	return atomic_read(&arena->mm->mm_users) == 1;
}

void tg_arena_enter(struct tg_arena *arena)
{
	kthread_use_mm(arena->mm);
}

void tg_arena_leave(struct tg_arena *arena)
{
	kthread_unuse_mm(arena->mm);
	memzero_explicit(arena->pages, arena->size);
}

/* The last user of the mm but for us has left when the count is ours alone; it cannot come back. */
static void arena_trim(struct work_struct *work)
{
	struct tg_arena *arena = container_of(work, struct tg_arena, trim.work);
	unsigned long end = arena->user + arena->size;

	if (!tg_arena_is_ours(arena)) {
		arena->trim_delay = min_t(unsigned long, 2 * arena->trim_delay, TRIM_LATEST);
		schedule_delayed_work(&arena->trim, arena->trim_delay);
		return;
	}

	kthread_use_mm(arena->mm);
	if (vm_munmap(0, arena->user) || vm_munmap(end, TASK_SIZE - end))
		pr_notice("some memory of the process that loaded the module stays in use\n");
	kthread_unuse_mm(arena->mm);
}

static void arena_unmap(struct work_struct *work)
{
	struct tg_arena *arena = container_of(work, struct tg_arena, unmap);

	kthread_use_mm(arena->mm);
	vm_munmap(arena->user, arena->size);
	kthread_unuse_mm(arena->mm);
}

static void arena_free(struct tg_arena *arena)
{
	memzero_explicit(arena->pages, arena->size);
	/*
	 * Each mapping holds the file, also one that the loader moved elsewhere while it lived.
	 * Pages that are still mapped somewhere are better lost than used for something else.
	 */
	if (file_count(arena->file) == 1)
		free_pages_exact(arena->pages, arena->size);
	else
		pr_warn("the process that loaded the module keeps %zu bytes\n",
			arena->size);
	fput(arena->file);
	mmput(arena->mm);
	kfree(arena);
}

void tg_arena_destroy(struct tg_arena *arena)
{
	cancel_delayed_work_sync(&arena->trim);
	/* Only a kernel thread can go into an mm that is not its own. */
	schedule_work(&arena->unmap);
	flush_work(&arena->unmap);
	arena_free(arena);
}

static int arena_map(struct tg_arena *arena)
{
	unsigned long user;

	arena->file = anon_inode_getfile("[teegate-arena]", &arena_fops, arena, O_RDWR);
	if (IS_ERR(arena->file))
		return PTR_ERR(arena->file);

	user = vm_mmap(arena->file, 0, arena->size, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	/*
	 * From here on the file needs no operation, and a mapping that outlives us must not lead
	 * back into a module that has gone.
	 */
	arena->file->private_data = NULL;
	arena->file->f_op = &generic_ro_fops;
	if (IS_ERR_VALUE(user)) {
		fput(arena->file);
		return (int)user;
	}
	arena->user = user;
	return 0;
}

/* In the process that loads the module. */
struct tg_arena *tg_arena_create(size_t size)
{
	struct tg_arena *arena;
	int ret;

	if (!current->mm || is_global_init(current)) {
		pr_err("cannot be loaded by %s itself: use modprobe, udev or systemd-modules-load\n",
		       current->mm ? "process 1" : "the kernel");
		return ERR_PTR(-EINVAL);
	}

	arena = kzalloc(sizeof(*arena), GFP_KERNEL);
	if (!arena)
		return ERR_PTR(-ENOMEM);
	arena->size = PAGE_ALIGN(size);
	arena->trim_delay = TRIM_FIRST;
	INIT_DELAYED_WORK(&arena->trim, arena_trim);
	INIT_WORK(&arena->unmap, arena_unmap);

	ret = -ENOMEM;
	arena->pages = alloc_pages_exact(arena->size, GFP_KERNEL | __GFP_ZERO);
	if (!arena->pages)
		goto free_arena;
	ret = arena_map(arena);
	if (ret)
		goto free_pages;

	arena->mm = current->mm;
	mmget(arena->mm);
	schedule_delayed_work(&arena->trim, arena->trim_delay);
	return arena;

free_pages:
	free_pages_exact(arena->pages, arena->size);
free_arena:
	kfree(arena);
	return ERR_PTR(ret);
}
