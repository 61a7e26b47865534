// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	doc/netlink/teegate.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "genl-gen.h"

#include <uapi/linux/teegate_netlink.h>

/* Global operation policy for teegate */
const struct nla_policy teegate_nl_policy[TEEGATE_A_WORKLOAD + 1] = {
	[TEEGATE_A_WORKLOAD] = { .type = NLA_U64, },
};

/* Ops table for teegate */
const struct genl_small_ops teegate_nl_ops[3] = {
	{
		.cmd	= TEEGATE_CMD_GET_LEASES,
		.dumpit	= teegate_nl_get_leases_dumpit,
		.flags	= GENL_ADMIN_PERM,
	},
	{
		.cmd	= TEEGATE_CMD_GET_BACKENDS,
		.dumpit	= teegate_nl_get_backends_dumpit,
		.flags	= GENL_ADMIN_PERM,
	},
	{
		.cmd	= TEEGATE_CMD_GET_WORKLOADS,
		.dumpit	= teegate_nl_get_workloads_dumpit,
		.flags	= GENL_ADMIN_PERM,
	},
};

static const struct genl_multicast_group teegate_nl_mcgrps[] = {
	[TEEGATE_NLGRP_EVENTS] = { "events", },
};
