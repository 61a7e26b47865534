/* SPDX-License-Identifier: GPL-2.0-only */
/* What of generic netlink has changed. Included by genl.c alone. */
#ifndef _TG_COMPAT_GENL_H
#define _TG_COMPAT_GENL_H

#include <net/genetlink.h>

/* The attributes of the request for a dump, maybe NULL. */
static inline struct nlattr **tg_dump_attrs(struct netlink_callback *cb)
{
#ifdef TG_HAVE_GENL_INFO_DUMP
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

#endif
