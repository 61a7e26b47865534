// SPDX-License-Identifier: GPL-2.0-only
/*
 * The session: /dev/teegate, where an administrator makes leases for others. It has no state of
 * its own; leases belong to whoever holds their descriptors, and stay when the session is closed.
 *
 * DOC: who the administrator is
 *
 * The mode of the node stops nobody who may make nodes (CAP_MKNOD is in the default set of many
 * container engines), and a descriptor can be passed on. So the question is asked at open and again
 * at every ioctl, of the task that asks: CAP_SYS_ADMIN in the initial user namespace, which
 * root of a user namespace lacks, and the initial pid namespace, which a privileged container
 * has usually left.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>

#include "abi.h"
#include "ioctl.h"
#include "keys/keys.h"
#include "lease.h"
#include "queue.h"

bool tg_current_is_admin(void)
{
	return task_active_pid_ns(current) == &init_pid_ns && capable(CAP_SYS_ADMIN);
}

/* Events cannot be taken back, so whoever may log any is told how many. */
static bool extend_limits_fit(const struct teegate_create_lease *a)
{
	if (a->ops & TEEGATE_OP_EXTEND)
		return a->extend_max && a->extend_bytes_max;
	return !a->extend_max && !a->extend_bytes_max;
}

static bool rate_fits(const struct teegate_create_lease *a)
{
	if (!a->rate_per_minute)
		return !a->rate_burst;
	return a->rate_per_minute <= TEEGATE_RATE_MAX && a->rate_burst &&
	       a->rate_burst <= TEEGATE_RATE_MAX;
}

/* What belongs to a pin that is not asked for must be zero. */
static int check_pins(const struct teegate_create_lease *a)
{
	if (a->flags & TEEGATE_LEASE_UNPINNED && a->cgroup_fd != -1)
		return -EINVAL;
	if (!(a->flags & TEEGATE_LEASE_PIN_UID) && a->uid)
		return -EINVAL;
	if (!(a->flags & TEEGATE_LEASE_PIN_LABEL) && (a->label || a->label_len))
		return -EINVAL;
	if (!(a->flags & TEEGATE_LEASE_PIN_EXE) && a->exe_fd)
		return -EINVAL;
	return 0;
}

static int check_create(const struct teegate_create_lease *a)
{
	if (!a->ops || a->ops & ~TG_OPS_LEASE || a->reserved || a->reserved2 || a->reserved3)
		return -EINVAL;
	if (a->claims_len > TEEGATE_CLAIMS_MAX || a->max_pending > TG_QUEUE_MAX)
		return -EINVAL;
	if (!a->claims_len && (a->ops & (TEEGATE_OP_REPORT | TEEGATE_OP_EXTEND) || a->claims))
		return -EINVAL;
	if (a->note_len > TEEGATE_NOTE_MAX || (a->note && !a->note_len))
		return -EINVAL;
	if (!extend_limits_fit(a) || !rate_fits(a))
		return -EINVAL;
	return check_pins(a) ?: tg_sealing_check(a);
}

static int take_pins(const struct teegate_create_lease *a, struct tg_pin *pin)
{
	int err = 0;

	if (!(a->flags & TEEGATE_LEASE_UNPINNED))
		err = tg_pin_cgroup(pin, a->cgroup_fd, NULL);
	if (!err && a->flags & TEEGATE_LEASE_PIN_UID)
		err = tg_pin_uid(pin, a->uid, NULL);
	if (!err && a->flags & TEEGATE_LEASE_PIN_LABEL)
		err = tg_pin_label(pin, a->label, a->label_len, NULL);
	if (!err && a->flags & TEEGATE_LEASE_PIN_EXE)
		err = tg_pin_exe(pin, a->exe_fd, NULL);
	return err;
}

/* What was taken before an error is in @terms for the caller to release. */
static int terms_from_create(const struct teegate_create_lease *a, struct tg_terms *terms)
{
	int err = tg_abi_find(a->abi, &terms->abi);

	if (err)
		return err;
	terms->ops = a->ops;
	terms->max_pending = a->max_pending ?: TG_PENDING_DEFAULT;
	terms->expires = tg_expiry_after_ms(a->lifetime_ms);
	terms->extend_max = a->extend_max;
	terms->extend_bytes_max = a->extend_bytes_max;
	terms->workload = a->workload;
	terms->quota.max_pending = terms->max_pending;
	terms->quota.per_minute = a->rate_per_minute;
	terms->quota.burst = a->rate_burst;
	err = take_pins(a, &terms->pin);
	if (!err && a->claims_len)
		err = tg_claims_from_user(u64_to_user_ptr(a->claims), a->claims_len,
					  &terms->claims);
	if (!err)
		err = tg_sealing_from_user(a, &terms->sealing);
	if (!err && a->note_len)
		err = tg_note_from_user(u64_to_user_ptr(a->note), a->note_len, &terms->note);
	return err;
}

int tg_op_create_lease(struct tg_call *call, union tg_arg *arg)
{
	struct teegate_create_lease *a = &arg->create_lease;
	struct tg_terms terms = {};
	struct tg_lease *lease;
	int err;

	a->lease_fd = -1;
	a->lease_id = 0;
	err = check_create(a);
	if (err)
		return err;
	err = terms_from_create(a, &terms);
	if (!err) {
		lease = tg_lease_new(&terms);
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

static int session_open(struct inode *inode, struct file *file)
{
	return tg_current_is_admin() ? 0 : -EPERM;
}

static long session_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return tg_ioctl_session(cmd, (void __user *)arg);
}

static const struct file_operations session_fops = {
	.owner = THIS_MODULE,
	.open = session_open,
	.unlocked_ioctl = session_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice session_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "teegate",
	.mode = 0600,
	.fops = &session_fops,
};

int tg_session_register(void)
{
	return misc_register(&session_device);
}

void tg_session_unregister(void)
{
	misc_deregister(&session_device);
}
