// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which personalities there are. Each has a file of its own; this one knows their names only.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <uapi/linux/teegate.h>

#include "abi.h"
#include "queue.h"

static const struct tg_abi *const abis[] = {
	NULL,	/* the native one is the table in ioctl.c */
};

/**
 * tg_abi_find - the personality of a number
 * @abi: enum teegate_abi, as a caller gave it
 * @ret_abi: NULL for the native one; untouched on failure
 *
 * Return: 0, -EINVAL for no such number, -EOPNOTSUPP for one that this module or this TEE has not.
 */
int tg_abi_find(u32 abi, const struct tg_abi **ret_abi)
{
	unsigned int i;

	if (abi > TEEGATE_ABI_UVDEVICE)
		return -EINVAL;
	if (abi == TEEGATE_ABI_NATIVE) {
		*ret_abi = NULL;
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(abis); i++)
		if (abis[i] && abis[i]->abi == abi &&
		    abis[i]->provider == tg_queue.be.ops->provider) {
			*ret_abi = abis[i];
			return 0;
		}
	return -EOPNOTSUPP;
}
