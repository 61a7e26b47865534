/* SPDX-License-Identifier: GPL-2.0-only */
/* Which tasks may use a lease: the pins, and nothing about leases themselves. */
#ifndef _TG_PIN_H
#define _TG_PIN_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct cgroup;
struct file;
struct tg_label;

/* Without a member set, nobody is refused. Never changes once the lease is made. */
struct tg_pin {
	struct cgroup *cgroup;	/* subtree of the task's domain cgroup; we hold a reference */
	kuid_t uid;		/* real and effective */
	bool has_uid;
	struct tg_label *label;	/* label.c */
	struct file *exe;	/* exe.c */
};

int tg_pin_cgroup(struct tg_pin *pin, int fd, const struct tg_pin *within);
int tg_pin_uid(struct tg_pin *pin, u32 uid, const struct tg_pin *within);
int tg_pin_label(struct tg_pin *pin, u64 uaddr, u32 len, const struct tg_pin *within);
int tg_pin_exe(struct tg_pin *pin, int fd, const struct tg_pin *within);
void tg_pin_inherit(struct tg_pin *pin, const struct tg_pin *from);
void tg_pin_release(struct tg_pin *pin);
bool tg_pin_is_gone(const struct tg_pin *pin);
int tg_pin_check_current(const struct tg_pin *pin);

#endif
