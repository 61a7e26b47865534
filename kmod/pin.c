// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pins: a file descriptor travels, by SCM_RIGHTS, by fork, by ptrace. What a pin adds is that a
 * lease is useless to a task that is not the workload, whoever gave it the descriptor.
 *
 * DOC: why the cgroup, and which
 *
 * Of all that the kernel knows about a task, its place in the cgroup v2 tree is what a container
 * manager sets, what every descendant inherits and what the workload cannot change by itself: to
 * move a task one must be able to write cgroup.procs of the common ancestor. It is compared by
 * pointer, not by path, so neither a cgroup namespace nor a cgroup made later under an old name
 * can stand in for it.
 *
 * Inside the subtree this pin tells nobody apart: nested containers, tasks that joined and tracers
 * of the workload share the lease. The pins to a user, to the label of an LSM (label.c) and to an
 * executable (exe.c) do, each as far as its file says. All that are set must match.
 */
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "exe.h"
#include "label.h"
#include "pin.h"

#ifndef CONFIG_CGROUPS
#error "teegate needs CONFIG_CGROUPS: without it every task is under every cgroup"
#endif

/* Nobody can enter it any more, and a new cgroup of the same name is another one. */
static bool cgroup_removed(const struct cgroup *cgrp)
{
	return !(READ_ONCE(cgrp->self.flags) & CSS_ONLINE);
}

/*
 * The root holds every task of a host that runs cgroup v1 or nothing at all, so it pins nothing.
 * A threaded cgroup holds threads of a process that lives in another one: no workload is there.
 */
static int cgroup_usable(struct cgroup *cgrp, const struct tg_pin *within)
{
	if (!cgroup_parent(cgrp) || READ_ONCE(cgrp->dom_cgrp) != cgrp)
		return -EINVAL;
	if (within && within->cgroup && !cgroup_is_descendant(cgrp, within->cgroup))
		return -EPERM;
	return 0;
}

/**
 * tg_pin_cgroup - pin to the cgroup v2 directory behind a descriptor of the caller
 * @pin: gets a reference to the cgroup
 * @fd: any descriptor of the directory, O_PATH too
 * @within: NULL, or the pin that must not be exceeded
 */
int tg_pin_cgroup(struct tg_pin *pin, int fd, const struct tg_pin *within)
{
	struct cgroup *cgrp = cgroup_get_from_fd(fd);
	int err;

	if (IS_ERR(cgrp))	/* ENOENT: it was one, and is removed */
		return PTR_ERR(cgrp) == -ENOENT ? -ESTALE : PTR_ERR(cgrp);
	err = cgroup_usable(cgrp, within);
	if (err) {
		cgroup_put(cgrp);
		return err;
	}
	pin->cgroup = cgrp;
	return 0;
}

int tg_pin_uid(struct tg_pin *pin, u32 uid, const struct tg_pin *within)
{
	kuid_t kuid = make_kuid(&init_user_ns, uid);

	if (!uid_valid(kuid))
		return -EINVAL;
	if (within && within->has_uid && !uid_eq(within->uid, kuid))
		return -EPERM;
	pin->uid = kuid;
	pin->has_uid = true;
	return 0;
}

int tg_pin_label(struct tg_pin *pin, u64 uaddr, u32 len, const struct tg_pin *within)
{
	struct tg_label *label;
	int err = tg_label_from_user(uaddr, len, &label);

	if (err)
		return err;
	if (within && within->label && !tg_label_equal(within->label, label)) {
		tg_label_put(label);
		return -EPERM;
	}
	pin->label = label;
	return 0;
}

int tg_pin_exe(struct tg_pin *pin, int fd, const struct tg_pin *within)
{
	struct file *exe;
	int err = tg_exe_from_fd(fd, &exe);

	if (err)
		return err;
	if (within && within->exe && !tg_exe_equal(within->exe, exe)) {
		tg_exe_put(exe);
		return -EPERM;
	}
	pin->exe = exe;
	return 0;
}

/* Fills what @pin leaves open from @from: a narrowed lease is never wider than its parent. */
void tg_pin_inherit(struct tg_pin *pin, const struct tg_pin *from)
{
	if (!pin->cgroup && from->cgroup) {
		cgroup_get(from->cgroup);
		pin->cgroup = from->cgroup;
	}
	if (!pin->has_uid) {
		pin->uid = from->uid;
		pin->has_uid = from->has_uid;
	}
	if (!pin->label && from->label)
		pin->label = tg_label_get(from->label);
	if (!pin->exe && from->exe)
		pin->exe = tg_exe_get(from->exe);
}

void tg_pin_release(struct tg_pin *pin)
{
	if (pin->cgroup)
		cgroup_put(pin->cgroup);
	tg_label_put(pin->label);
	tg_exe_put(pin->exe);
	memset(pin, 0, sizeof(*pin));
}

/* The cgroup was removed: nobody will match any more. */
bool tg_pin_is_gone(const struct tg_pin *pin)
{
	return pin->cgroup && cgroup_removed(pin->cgroup);
}

/*
 * The domain cgroup is compared, because a thread may sit in a threaded cgroup below (or, under
 * the root, beside) the one where its process lives, and the process is the workload.
 */
static int cgroup_check_current(struct cgroup *pinned)
{
	bool inside;

	if (cgroup_removed(pinned))
		return -ESTALE;
	rcu_read_lock();
	inside = cgroup_is_descendant(READ_ONCE(task_dfl_cgroup(current)->dom_cgrp), pinned);
	rcu_read_unlock();
	return inside ? 0 : -EPERM;
}

static int uid_check_current(kuid_t uid)
{
	return uid_eq(current_uid(), uid) && uid_eq(current_euid(), uid) ? 0 : -EPERM;
}

/* 0, -EPERM when the calling task is somebody else, -ESTALE when the cgroup is gone. */
int tg_pin_check_current(const struct tg_pin *pin)
{
	int err = pin->cgroup ? cgroup_check_current(pin->cgroup) : 0;

	if (!err && pin->has_uid)
		err = uid_check_current(pin->uid);
	if (!err && pin->label)
		err = tg_label_check_current(pin->label);
	if (!err && pin->exe)
		err = tg_exe_check_current(pin->exe);
	return err;
}
