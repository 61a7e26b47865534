// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults planted on purpose, to show that the debug kernel reports what it is there for. Loading
 * with fault=NAME commits one of them. For guests of `make check-debug` only.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *fault = "nothing";
module_param(fault, charp, 0);

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);

static void use_after_free(void)
{
	char *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return;
	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(p[8], 1);
}

/* Never a deadlock here, with one task: only the order is wrong. */
static void lock_inversion(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void sleep_in_atomic(void)
{
	spin_lock(&spin);
	msleep(20);
	spin_unlock(&spin);
}

/* Many, because a stale pointer on the stack can hide one or two. */
static void leak(void)
{
	for (int i = 0; i < 64; i++)
		if (!kmalloc(128, GFP_KERNEL))
			return;
}

static int __init planted_init(void)
{
	if (!strcmp(fault, "use_after_free"))
		use_after_free();
	else if (!strcmp(fault, "lock_inversion"))
		lock_inversion();
	else if (!strcmp(fault, "sleep_in_atomic"))
		sleep_in_atomic();
	else if (!strcmp(fault, "leak"))
		leak();
	else if (strcmp(fault, "nothing"))
		return -EINVAL;
	return 0;
}

static void __exit planted_exit(void)
{
}

module_init(planted_init);
module_exit(planted_exit);
MODULE_DESCRIPTION("Planted faults for the debug kernel");
MODULE_LICENSE("GPL");
