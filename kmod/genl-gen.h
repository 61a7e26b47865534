/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	doc/netlink/teegate.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_TEEGATE_GEN_H
#define _LINUX_TEEGATE_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/teegate_netlink.h>

/* Global operation policy for teegate */
extern const struct nla_policy teegate_nl_policy[TEEGATE_A_WORKLOAD + 1];

/* Ops table for teegate */
extern const struct genl_small_ops teegate_nl_ops[3];

int teegate_nl_dump_start(struct netlink_callback *cb);

int teegate_nl_get_leases_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int teegate_nl_get_backends_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);
int teegate_nl_get_workloads_dumpit(struct sk_buff *skb,
				    struct netlink_callback *cb);

enum {
	TEEGATE_NLGRP_EVENTS,
};

#endif /* _LINUX_TEEGATE_GEN_H */
