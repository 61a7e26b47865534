// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDG.MR.RTMR.EXTEND: a digest into a runtime register.
 *
 * DOC: by whom
 *
 * The stock driver shows the registers in sysfs. It keeps a copy of them that an extension behind
 * its back makes wrong, and it warns if its own call meets ours in the TDX module. So where the
 * driver is, it does the write, under its lock: we write to the same file as root would. Only a
 * kernel without it is called directly. Which of the two is asked for each time, because the driver
 * comes and goes; nothing of it is held in between. (A driver that is being loaded just while we
 * extend directly may warn, and reads the registers anew.)
 *
 * A kernel thread sees no mounted file system on new kernels, hence the mount of our own. Made by
 * the worker, it shows the sysfs of the initial namespaces, whoever loads the module.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/string.h>
#include <asm/tdx.h>

#include "tdx.h"

#ifdef TG_HAVE_TDX_EXTEND

static const char *const files[TG_TDX_RTMRS] = {
	[2] = "devices/virtual/misc/tdx_guest/measurements/rtmr2:sha384",
	[3] = "devices/virtual/misc/tdx_guest/measurements/rtmr3:sha384",
};

/* sysfs is part of the kernel and its type has no owner to give back. */
static struct vfsmount *mount_sysfs(struct tg_tdx_rtmr *rtmr)
{
	struct file_system_type *type = get_fs_type("sysfs");
	struct vfsmount *mnt;

	if (rtmr->sysfs || !type)
		return rtmr->sysfs;
	mnt = kern_mount(type);
	if (IS_ERR(mnt))
		return NULL;
	rtmr->sysfs = mnt;
	return mnt;
}

struct extension {
	struct tg_tdx_rtmr *rtmr;
	const struct tg_event *event;
};

static int write_file(struct vfsmount *mnt, const char *name, const u8 *digest)
{
	struct path root = { .mnt = mnt, .dentry = mnt->mnt_root };
	struct file *file = file_open_root(&root, name, O_WRONLY, 0);
	loff_t pos = 0;
	ssize_t written;

	if (IS_ERR(file))
		return PTR_ERR(file);
	written = kernel_write(file, digest, TEEGATE_HASH_SIZE, &pos);
	fput(file);
	if (written < 0)
		return written;
	return written == TEEGATE_HASH_SIZE ? 0 : -EIO;
}

static int extend_directly(struct extension *e)
{
	u8 *input = e->rtmr->scratch->input;

	memcpy(input, e->event->digest, TEEGATE_HASH_SIZE);
	return tdx_mcall_extend_rtmr(e->event->index, input);
}

/* ENOENT: no driver; ENODEV: it has just gone. Either way the register is as it was. */
static int extend_once(void *ctx)
{
	struct extension *e = ctx;
	struct vfsmount *mnt = mount_sysfs(e->rtmr);
	int err;

	if (!mnt)
		return -ENOMEM;
	err = write_file(mnt, files[e->event->index], e->event->digest);
	return err == -ENOENT || err == -ENODEV ? extend_directly(e) : err;
}

int tg_tdx_rtmr_extend(struct tg_tdx_rtmr *rtmr, const struct tg_event *event, u64 *ret_status)
{
	struct extension e = { .rtmr = rtmr, .event = event };
	int err;

	if (event->index >= TG_TDX_RTMRS || !files[event->index])
		return -EPROTO;
	err = tg_tdx_while_busy(extend_once, &e);
	if (!err || err == -ENOMEM)
		return err;
	*ret_status = tg_tdx_status_of(err);
	return -EREMOTEIO;
}

void tg_tdx_rtmr_exit(struct tg_tdx_rtmr *rtmr)
{
	if (rtmr->sysfs)
		kern_unmount(rtmr->sysfs);
	rtmr->sysfs = NULL;
}

#else

/* Not reached: the operation is not among those of the backend then. */
int tg_tdx_rtmr_extend(struct tg_tdx_rtmr *rtmr, const struct tg_event *event, u64 *ret_status)
{
	return -EPROTO;
}

void tg_tdx_rtmr_exit(struct tg_tdx_rtmr *rtmr)
{
}

#endif
