// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pin to an LSM label: SELinux, AppArmor, Smack. Which of them, and what its labels mean, is of
 * no interest here: they are text, and the text of the calling task is the one of the pin, or not.
 *
 * DOC: what is compared
 *
 * The text that the kernel gives for the task now (what /proc/PID/attr/current says to a reader in
 * the initial namespaces, without the end of the line), byte for byte. AppArmor adds the mode of
 * its profile in some places and not in others, " (enforce)" and the like, and an administrator has
 * the text from one of those; so such an end is no part of the label, on either side.
 *
 * It is asked for anew each time, because a task may change its label: by executing something, or,
 * where policy lets it, just so.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <uapi/linux/teegate.h>

#include "compat/lsm.h"
#include "label.h"

struct tg_label {
	refcount_t ref;
	u32 len;
	char text[TEEGATE_LABEL_MAX];
};

static const char *const modes[] = {
	" (enforce)", " (complain)", " (kill)", " (unconfined)", " (user)", " (mixed)",
};

static u32 length_without_mode(const char *text, u32 len)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		size_t n = strlen(modes[i]);

		if (len > n && !memcmp(text + len - n, modes[i], n))
			return len - n;
	}
	return len;
}

/* No LSM, or one that gives tasks no label: a pin to one would refuse everybody. */
static int check_that_there_are_labels(void)
{
	struct tg_context ctx = {};
	int err = tg_context_of_current(&ctx);
	u32 len;

	if (err)
		return err == -ENOMEM ? err : -EOPNOTSUPP;
	len = tg_context_len(&ctx);
	tg_context_release(&ctx);
	return len ? 0 : -EOPNOTSUPP;
}

static int fill_label(struct tg_label *label, u64 uaddr, u32 len)
{
	if (copy_from_user(label->text, u64_to_user_ptr(uaddr), len))
		return -EFAULT;
	if (memchr(label->text, 0, len))
		return -EINVAL;
	label->len = length_without_mode(label->text, len);
	return check_that_there_are_labels();
}

/**
 * tg_label_from_user - a label out of the caller's memory
 * @uaddr: where it is
 * @len: bytes of it
 * @ret_label: for tg_label_put(); untouched on failure
 *
 * Return: 0, -EINVAL, -EFAULT, -ENOMEM, -EOPNOTSUPP where tasks have no labels.
 */
int tg_label_from_user(u64 uaddr, u32 len, struct tg_label **ret_label)
{
	struct tg_label *label;
	int err;

	if (!len || len > TEEGATE_LABEL_MAX)
		return -EINVAL;
	label = kzalloc(sizeof(*label), GFP_KERNEL_ACCOUNT);
	if (!label)
		return -ENOMEM;
	refcount_set(&label->ref, 1);
	err = fill_label(label, uaddr, len);
	if (err)
		kfree(label);
	else
		*ret_label = label;
	return err;
}

struct tg_label *tg_label_get(struct tg_label *label)
{
	refcount_inc(&label->ref);
	return label;
}

void tg_label_put(struct tg_label *label)
{
	if (label && refcount_dec_and_test(&label->ref))
		kfree(label);
}

bool tg_label_equal(const struct tg_label *a, const struct tg_label *b)
{
	return a->len == b->len && !memcmp(a->text, b->text, a->len);
}

const char *tg_label_text(const struct tg_label *label, u32 *ret_len)
{
	*ret_len = label->len;
	return label->text;
}

/* Some LSMs count the NUL at the end, others do not. */
static bool is_label(const struct tg_label *label, const struct tg_context *ctx)
{
	const char *text = tg_context_text(ctx);
	u32 len = text ? strnlen(text, tg_context_len(ctx)) : 0;

	return len && length_without_mode(text, len) == label->len &&
	       !memcmp(text, label->text, label->len);
}

/* 0 or -EPERM; whatever keeps us from knowing is a refusal, too. */
int tg_label_check_current(const struct tg_label *label)
{
	struct tg_context ctx = {};
	bool same;

	if (tg_context_of_current(&ctx))
		return -EPERM;
	same = is_label(label, &ctx);
	tg_context_release(&ctx);
	return same ? 0 : -EPERM;
}
