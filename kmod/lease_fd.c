// SPDX-License-Identifier: GPL-2.0-only
/*
 * The descriptor of a lease: an anonymous file that knows ioctl and poll. There is nothing to read,
 * write, map or seek, and nothing that io_uring could do to it, so each use passes the checks in
 * ioctl.c as the task that makes it. It cannot be opened anew through /proc either.
 *
 * The file holds the module; a lease without a file does not.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>

#include "abi.h"
#include "ioctl.h"
#include "lease.h"

static long lease_fd_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct tg_lease *lease = file->private_data;

	if (lease->terms.abi)
		return tg_abi_ioctl(lease, cmd, (void __user *)arg);
	return tg_ioctl_lease(lease, cmd, (void __user *)arg);
}

static __poll_t lease_fd_poll(struct file *file, struct poll_table_struct *wait)
{
	struct tg_lease *lease = file->private_data;

	poll_wait(file, &lease->wait, wait);
	return tg_lease_gone(lease) ? EPOLLHUP : 0;
}

static int lease_fd_release(struct inode *inode, struct file *file)
{
	tg_lease_put(file->private_data);
	return 0;
}

static const struct file_operations lease_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = lease_fd_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = lease_fd_poll,
	.release = lease_fd_release,
};

/**
 * tg_call_add_lease - give the caller a descriptor of a lease once the call has succeeded
 * @call: the call
 * @lease: the reference passes to the file, or is dropped on failure
 */
int tg_call_add_lease(struct tg_call *call, struct tg_lease *lease)
{
	struct file *file;
	int fd = get_unused_fd_flags(O_CLOEXEC);

	if (fd < 0) {
		tg_lease_put(lease);
		return fd;
	}
	file = anon_inode_getfile("[teegate]", &lease_fops, lease, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		tg_lease_put(lease);
		return PTR_ERR(file);
	}
	call->new_fd = fd;
	call->new_file = file;
	return 0;
}

static int check_narrow(const struct teegate_narrow *a)
{
	if (!a->ops || a->ops & ~TG_OPS_LEASE)
		return -EINVAL;
	if (!(a->flags & TEEGATE_NARROW_PIN_CGROUP) && a->cgroup_fd != -1)
		return -EINVAL;
	if (!(a->flags & TEEGATE_NARROW_PIN_UID) && a->uid)
		return -EINVAL;
	if (!(a->flags & TEEGATE_NARROW_PIN_LABEL) && (a->label || a->label_len))
		return -EINVAL;
	if (!(a->flags & TEEGATE_NARROW_PIN_EXE) && a->exe_fd)
		return -EINVAL;
	return 0;
}

/* What was taken before an error is in @terms for the caller to release. */
static int terms_from_narrow(const struct teegate_narrow *a, const struct tg_pin *within,
			     struct tg_terms *terms)
{
	int err = 0;

	terms->ops = a->ops;
	terms->max_pending = a->max_pending;
	terms->expires = tg_expiry_after_ms(a->lifetime_ms);
	if (a->flags & TEEGATE_NARROW_PIN_CGROUP)
		err = tg_pin_cgroup(&terms->pin, a->cgroup_fd, within);
	if (!err && a->flags & TEEGATE_NARROW_PIN_UID)
		err = tg_pin_uid(&terms->pin, a->uid, within);
	if (!err && a->flags & TEEGATE_NARROW_PIN_LABEL)
		err = tg_pin_label(&terms->pin, a->label, a->label_len, within);
	if (!err && a->flags & TEEGATE_NARROW_PIN_EXE)
		err = tg_pin_exe(&terms->pin, a->exe_fd, within);
	return err;
}

int tg_op_narrow(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_narrow *a = &arg->narrow;
	struct tg_terms terms = {};
	struct tg_lease *lease;
	int err;

	a->lease_fd = -1;
	a->lease_id = 0;
	err = check_narrow(a);
	if (err)
		return err;
	err = terms_from_narrow(a, &call->lease->terms.pin, &terms);
	if (!err) {
		lease = tg_lease_narrow(call->lease, &terms);
		err = PTR_ERR_OR_ZERO(lease);
	}
	if (err) {
		tg_terms_release(&terms);
		return err;
	}
	err = tg_call_add_lease(call, lease);
	if (err)
		return err;
	a->lease_fd = call->new_fd;
	a->lease_id = lease->id;
	return 0;
}

/* On a lease, an id that does not exist and one of somebody else are not told apart. */
int tg_op_revoke(struct tg_call *call, union tg_arg *arg)
{
	u64 id = arg->revoke.lease_id;
	struct tg_lease *lease;
	int err = 0;

	if (call->lease && !id)
		lease = tg_lease_get(call->lease);
	else
		lease = tg_lease_find(id);
	if (!lease)
		return call->lease ? -EPERM : -ENOENT;
	if (call->lease && !tg_lease_under(lease, call->lease))
		err = -EPERM;
	else
		tg_lease_revoke(lease);
	tg_lease_put(lease);
	return err;
}
