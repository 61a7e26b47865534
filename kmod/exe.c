// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pin to an executable: the calling process was started from this file.
 *
 * DOC: what the kernel knows, and who may make it forget
 *
 * A process carries the file that execve opened for it, in its address space (mm->exe_file), until
 * it executes something else. Forks and threads have the same; an ioctl is done by one task from
 * beginning to end, so the program cannot change under it.
 *
 * That file is not cut in stone. prctl(PR_SET_MM, PR_SET_MM_MAP) lets whoever has CAP_SYS_ADMIN or
 * CAP_CHECKPOINT_RESTORE in his own user namespace put another one there, which may be anything
 * that can be executed; PR_SET_MM_EXE_FILE does so with CAP_SYS_RESOURCE. Where users may make user
 * namespaces, that is everybody, and one who shares the address space (CLONE_VM) can do it for one
 * who has no capability at all. So capabilities of the caller now do not tell what was done before.
 *
 * What tells is the file itself. execve opens it with a flag that no system call can ask for
 * (__FMODE_EXEC; it stays in f_flags), and prctl takes a descriptor that somebody opened. The one
 * way to get hold of a descriptor with that flag is AT_EXECFD of binfmt_misc, which since 6.7 user
 * namespaces can have of their own; this is left, and the uapi header says so.
 *
 * Besides, whoever could rewrite at this very moment is refused: it costs nothing, and a process
 * with CAP_SYS_ADMIN in the initial namespace could have a report of anything anyway.
 *
 * Nobody may write to the file as long as a pin holds it, as if it were running: what was looked at
 * when the lease was made is what runs.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm_types.h>
#include <linux/mount.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/user_namespace.h>

#include "exe.h"

/* Whoever could not execute a file may not keep writers out of it either. */
static bool may_execute(struct file *file)
{
	const struct vfsmount *mnt = file->f_path.mnt;

	return !(mnt->mnt_flags & MNT_NOEXEC) && !(mnt->mnt_sb->s_iflags & SB_I_NOEXEC) &&
	       !file_permission(file, MAY_EXEC);
}

/**
 * tg_exe_from_fd - pin to the file behind a descriptor of the caller
 * @fd: open for reading
 * @ret_exe: for tg_exe_put(); untouched on failure
 *
 * Return: 0, -EBADF, -EINVAL for what is no regular file, -EACCES for what the caller could not
 * execute, -ETXTBSY when it is open for writing.
 */
int tg_exe_from_fd(int fd, struct file **ret_exe)
{
	struct file *file = fget(fd);
	int err = 0;

	if (!file)
		return -EBADF;
	if (!(file->f_mode & FMODE_READ))
		err = -EBADF;
	else if (!S_ISREG(file_inode(file)->i_mode))
		err = -EINVAL;
	else if (!may_execute(file))
		err = -EACCES;
	else
		err = deny_write_access(file);
	if (err)
		fput(file);
	else
		*ret_exe = file;
	return err;
}

/* It cannot fail: @exe keeps writers out already. */
struct file *tg_exe_get(struct file *exe)
{
	WARN_ON_ONCE(deny_write_access(exe));
	return get_file(exe);
}

void tg_exe_put(struct file *exe)
{
	if (!exe)
		return;
	allow_write_access(exe);
	fput(exe);
}

bool tg_exe_equal(const struct file *a, const struct file *b)
{
	return file_inode(a) == file_inode(b);
}

/* Permitted is enough: it is effective as soon as the task likes. */
static bool may_rewrite(const struct cred *cred)
{
	return cred->user_ns != &init_user_ns ||
	       cap_raised(cred->cap_permitted, CAP_SYS_ADMIN) ||
	       cap_raised(cred->cap_permitted, CAP_SYS_RESOURCE) ||
	       cap_raised(cred->cap_permitted, CAP_CHECKPOINT_RESTORE);
}

static bool opened_by_execve(const struct file *file)
{
	return file->f_flags & __FMODE_EXEC;
}

/* 0 or -EPERM. */
int tg_exe_check_current(const struct file *exe)
{
	struct mm_struct *mm = current->mm;
	struct file *file;
	bool same;

	if (!mm || may_rewrite(current_cred()))
		return -EPERM;
	rcu_read_lock();
	file = tg_get_file_rcu(&mm->exe_file);
	rcu_read_unlock();
	if (!file)
		return -EPERM;
	same = tg_exe_equal(file, exe) && opened_by_execve(file);
	fput(file);
	return same ? 0 : -EPERM;
}
