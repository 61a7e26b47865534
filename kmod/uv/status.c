// SPDX-License-Identifier: GPL-2.0-only
/*
 * Return codes of the Ultravisor. One table, which doc/faults.md has with the meaning of each; a
 * code that is not in it is a refusal like the others, because machines to come will have more of
 * them.
 */
#include <linux/errno.h>
#include <linux/kernel.h>

#include "uv.h"

#define ANY	0

static const struct {
	u16 cmd;
	u16 rc;
	int err;
} codes[] = {
	{ ANY, UVC_RC_EXECUTED, 0 },
	{ ANY, UVC_RC_INV_CMD, -EOPNOTSUPP },
	{ TG_UVC_LIST_SECRETS, TG_UVC_RC_MORE_DATA, 0 },
	{ TG_UVC_ADD_SECRET, 0x010b, -ENOSPC },		/* the store is full */
	{ TG_UVC_ADD_SECRET, 0x010d, -EAGAIN },		/* a dump of the guest is being made */
	{ TG_UVC_RETR_SECRET, 0x0109, -EPROTO },	/* longer than the list said */
};

/**
 * tg_uv_judge - what an answer means
 * @header: of the control block, after the call
 * @cc: its condition code, UVC_CC_OK or UVC_CC_ERROR
 *
 * Return: 0 when it was done, -EPROTO when code and condition contradict each other or there is no
 * code at all, and else the errno of the code.
 */
int tg_uv_judge(const struct uv_cb_header *header, int cc)
{
	const u16 rc = header->rc;
	unsigned int i;

	if (!rc || (rc == UVC_RC_EXECUTED && cc != UVC_CC_OK))
		return -EPROTO;
	for (i = 0; i < ARRAY_SIZE(codes); i++)
		if (codes[i].rc == rc && (codes[i].cmd == ANY || codes[i].cmd == header->cmd))
			return codes[i].err;
	return cc == UVC_CC_OK ? -EPROTO : -EREMOTEIO;
}
