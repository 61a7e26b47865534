// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink: dumps of leases, workloads and the TEE, and the messages of events. Everything
 * is read here and nothing changed; what events there are, and how often, is notify.c's.
 *
 * DOC: who may
 *
 * The family is in the initial network namespace only. Flags of the operations and of the group
 * make netlink ask for capabilities in the initial user namespace, of the task and of whoever
 * opened the socket; here the pid namespace is looked at as well, as for a session. A user
 * namespace with a network namespace of its own finds no family there, and joins what nobody sends
 * to.
 *
 * DOC: dumps
 *
 * A dump is made a page or so at a time, whenever the reader comes for more, and there is no lock
 * in between. Leases and workloads have numbers that only rise and are not used again: so the
 * number that was told last is all there is to remember, and what comes and goes meanwhile does not
 * move the others. A lease is held while it is told. No more memory is used than for that page.
 *
 * DOC: generated code
 *
 * Policy and table of operations are made from doc/netlink/teegate.yaml, and the table knows no
 * start callback, nor flags of groups; these are added here.
 */
#include <linux/capability.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <net/genetlink.h>
#include <net/netlink.h>

#include "abi.h"
#include "compat/genl.h"
#include "genl-gen.h"
#include "genl.h"
#include "ioctl.h"
#include "keys/keys.h"
#include "label.h"
#include "lease.h"
#include "notify.h"
#include "queue.h"

/* Kernels that cannot keep others out of a group get none: there are dumps, and no events. */
#ifdef GENL_MCAST_CAP_SYS_ADMIN
static const struct genl_multicast_group groups[] = {
	[TEEGATE_NLGRP_EVENTS] = {
		.name = TEEGATE_GENL_GROUP_EVENTS,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
};

#define N_GROUPS	ARRAY_SIZE(groups)
#else
#define groups		NULL
#define N_GROUPS	0
#endif

static struct genl_ops ops[ARRAY_SIZE(teegate_nl_ops)] __ro_after_init;

static struct genl_family family __ro_after_init = {
	.name = TEEGATE_GENL_NAME,
	.version = TEEGATE_GENL_VERSION,
	.module = THIS_MODULE,
	.policy = teegate_nl_policy,
	.maxattr = ARRAY_SIZE(teegate_nl_policy) - 1,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = N_GROUPS,
};

static int put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, TEEGATE_A_PAD);
}

/* 0 is not told. */
static int put_some(struct sk_buff *skb, int attr, u64 value)
{
	return value ? put_u64(skb, attr, value) : 0;
}

static int put_some_u32(struct sk_buff *skb, int attr, u32 value)
{
	return value ? nla_put_u32(skb, attr, value) : 0;
}

/* ---- leases ---- */

static u32 flags_of(const struct tg_pin *pin)
{
	return (pin->cgroup ? 0 : TEEGATE_LEASE_UNPINNED) |
	       (pin->has_uid ? TEEGATE_LEASE_PIN_UID : 0) |
	       (pin->label ? TEEGATE_LEASE_PIN_LABEL : 0) |
	       (pin->exe ? TEEGATE_LEASE_PIN_EXE : 0);
}

static int put_label(struct sk_buff *skb, const struct tg_label *label)
{
	u32 len;
	const char *text = tg_label_text(label, &len);

	return nla_put(skb, TEEGATE_A_LABEL, len, text);
}

static int put_pin(struct sk_buff *skb, const struct tg_pin *pin)
{
	int err = nla_put_u32(skb, TEEGATE_A_FLAGS, flags_of(pin));

	if (!err && pin->cgroup)
		err = put_u64(skb, TEEGATE_A_CGROUP_ID, cgroup_id(pin->cgroup));
	if (!err && pin->has_uid)
		err = nla_put_u32(skb, TEEGATE_A_UID, from_kuid(&init_user_ns, pin->uid));
	if (!err && pin->label)
		err = put_label(skb, pin->label);
	return err;
}

static int put_quota(struct sk_buff *skb, const struct tg_quota *quota)
{
	return put_some_u32(skb, TEEGATE_A_RATE_PER_MINUTE, quota->per_minute) ?:
	       put_some_u32(skb, TEEGATE_A_RATE_BURST, quota->burst);
}

static int put_expiry(struct sk_buff *skb, u64 expires)
{
	u64 now = ktime_get_boottime_ns();
	u64 left = expires > now ? expires - now : 0;

	if (expires == U64_MAX)
		return 0;
	return put_u64(skb, TEEGATE_A_EXPIRES_MS, div_u64(left, NSEC_PER_MSEC));
}

/* What a lease is; not what it was given to carry. */
static int put_lease(struct sk_buff *skb, const struct tg_lease *lease)
{
	const struct tg_terms *terms = &lease->terms;

	return put_u64(skb, TEEGATE_A_LEASE_ID, lease->id) ?:
	       put_some(skb, TEEGATE_A_PARENT_ID, lease->parent ? lease->parent->id : 0) ?:
	       put_u64(skb, TEEGATE_A_WORKLOAD, terms->workload) ?:
	       put_u64(skb, TEEGATE_A_OPS, terms->ops) ?:
	       nla_put_u32(skb, TEEGATE_A_ABI, tg_abi_number(terms->abi)) ?:
	       put_pin(skb, &terms->pin) ?:
	       put_expiry(skb, terms->expires) ?:
	       nla_put_u32(skb, TEEGATE_A_MAX_PENDING, terms->max_pending) ?:
	       put_quota(skb, &terms->quota);
}

static int put_lease_fully(struct sk_buff *skb, const struct tg_lease *lease)
{
	const struct tg_claims *claims = lease->terms.claims;
	const struct tg_note *note = lease->terms.note;
	bool gone = tg_lease_gone(lease) || tg_pin_is_gone(&lease->terms.pin);
	int err;

	err = put_lease(skb, lease) ?:
	      nla_put_u32(skb, TEEGATE_A_PENDING, READ_ONCE(lease->pending)) ?:
	      put_some_u32(skb, TEEGATE_A_ERRNO, gone ? ESTALE : 0);
	if (!err && claims)
		err = nla_put(skb, TEEGATE_A_CLAIMS, claims->len, claims->bytes);
	if (!err && note)
		err = nla_put(skb, TEEGATE_A_NOTE, note->len, note->bytes);
	return err;
}

/* ---- workloads and the TEE ---- */

static int put_workload(struct sk_buff *skb, const struct tg_workload_view *w)
{
	const struct tg_workload_stats *stats = &w->stats;

	return put_u64(skb, TEEGATE_A_WORKLOAD, w->number) ?:
	       put_some(skb, TEEGATE_A_LEASE_ID, w->number ? 0 : w->first_lease) ?:
	       nla_put_u32(skb, TEEGATE_A_LEASES, w->leases) ?:
	       nla_put_u32(skb, TEEGATE_A_MAX_PENDING, w->quota.max_pending) ?:
	       put_quota(skb, &w->quota) ?:
	       put_u64(skb, TEEGATE_A_REQUESTS, stats->requests) ?:
	       put_u64(skb, TEEGATE_A_ANSWERED, stats->answered) ?:
	       put_u64(skb, TEEGATE_A_REFUSED, stats->refused) ?:
	       nla_put_u32(skb, TEEGATE_A_PENDING, w->pending) ?:
	       put_u64(skb, TEEGATE_A_WAIT_NS, stats->wait_ns) ?:
	       put_u64(skb, TEEGATE_A_WAIT_MAX_NS, stats->wait_max_ns);
}

static int put_state(struct sk_buff *skb, struct tg_backend *be)
{
	char reason[TEEGATE_REASON_SIZE];
	u32 state;

	spin_lock(&be->state_lock);
	state = be->state;
	strscpy(reason, be->reason, sizeof(reason));
	spin_unlock(&be->state_lock);
	return nla_put_u32(skb, TEEGATE_A_PROVIDER, be->ops->provider) ?:
	       nla_put_u32(skb, TEEGATE_A_STATE, state) ?:
	       (*reason ? nla_put_string(skb, TEEGATE_A_REASON, reason) : 0);
}

static int put_buffers(struct sk_buff *skb, const struct tg_backend *be)
{
	return nla_put_u32(skb, TEEGATE_A_IN_FLIGHT, READ_ONCE(be->in_flight)) ?:
	       nla_put_u32(skb, TEEGATE_A_IN_FLIGHT_MAX, be->in_flight_max) ?:
	       nla_put_u32(skb, TEEGATE_A_QUARANTINED, READ_ONCE(be->quarantined));
}

static int put_queue(struct sk_buff *skb, struct tg_queue *q)
{
	struct tg_queue_stats stats;

	tg_queue_get_stats(q, &stats);
	return nla_put_u32(skb, TEEGATE_A_QUEUED, stats.pending) ?:
	       nla_put_u32(skb, TEEGATE_A_QUEUE_MAX, TG_QUEUE_MAX) ?:
	       put_u64(skb, TEEGATE_A_REPORTS, stats.reports) ?:
	       put_u64(skb, TEEGATE_A_ERRORS, stats.errors);
}

static int put_backend(struct sk_buff *skb, struct tg_queue *q)
{
	struct tg_backend *be = &q->be;

	return put_u64(skb, TEEGATE_A_SEQ, tg_notify_last_seq()) ?:
	       put_state(skb, be) ?:
	       nla_put_u32(skb, TEEGATE_A_TRANSPORT, be->ops->transport) ?:
	       put_u64(skb, TEEGATE_A_TAINT, tg_guest_taint(be)) ?:
	       put_u64(skb, TEEGATE_A_OPS, tg_guest_ops(be)) ?:
	       put_buffers(skb, be) ?:
	       put_queue(skb, q);
}

/* ---- dumps ---- */

/* The longest message, with claims, note and label, has to fit into one buffer. */
#define DUMP_BUFFER	8192

static const struct nlattr *workload_wanted(struct netlink_callback *cb)
{
	struct nlattr **attrs = tg_dump_attrs(cb);

	return attrs ? attrs[TEEGATE_A_WORKLOAD] : NULL;
}

static bool is_wanted(const struct nlattr *wanted, u64 workload)
{
	return !wanted || nla_get_u64(wanted) == workload;
}

static u8 command_of(const struct netlink_callback *cb)
{
	const struct genlmsghdr *head = nlmsg_data(cb->nlh);

	return head->cmd;
}

int teegate_nl_dump_start(struct netlink_callback *cb)
{
	if (!tg_current_is_admin() || !netlink_capable(cb->skb, CAP_SYS_ADMIN))
		return -EPERM;
	if (command_of(cb) == TEEGATE_CMD_GET_BACKENDS && workload_wanted(cb))
		return -EINVAL;
	cb->min_dump_alloc = DUMP_BUFFER;
	return 0;
}

static void *message_begin(struct sk_buff *skb, struct netlink_callback *cb)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
			   NLM_F_MULTI, command_of(cb));
}

static int message_end(struct sk_buff *skb, void *head, int err)
{
	if (err)
		genlmsg_cancel(skb, head);
	else
		genlmsg_end(skb, head);
	return err;
}

/* What was put already is a good answer, and the rest comes with the next one. */
static int dumped(const struct sk_buff *skb, int err)
{
	return skb->len ?: err;
}

static int dump_lease(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct tg_lease *lease)
{
	void *head = message_begin(skb, cb);

	return head ? message_end(skb, head, put_lease_fully(skb, lease)) : -EMSGSIZE;
}

int teegate_nl_get_leases_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct nlattr *wanted = workload_wanted(cb);
	struct tg_lease *lease;
	int err = 0;

	while (!err) {
		lease = tg_lease_next(cb->args[0]);
		if (!lease)
			break;
		if (is_wanted(wanted, lease->terms.workload))
			err = dump_lease(skb, cb, lease);
		if (!err)
			cb->args[0] = lease->id;
		tg_lease_put(lease);
		cond_resched();
	}
	return dumped(skb, err);
}

static int dump_workload(struct sk_buff *skb, struct netlink_callback *cb,
			 const struct tg_workload_view *w)
{
	void *head = message_begin(skb, cb);

	return head ? message_end(skb, head, put_workload(skb, w)) : -EMSGSIZE;
}

int teegate_nl_get_workloads_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct nlattr *wanted = workload_wanted(cb);
	struct tg_workload_view w;
	int err = 0;

	while (!err && tg_workload_view_next(cb->args[0], &w)) {
		if (is_wanted(wanted, w.number))
			err = dump_workload(skb, cb, &w);
		if (!err)
			cb->args[0] = w.serial;
		cond_resched();
	}
	return dumped(skb, err);
}

int teegate_nl_get_backends_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	void *head;
	int err;

	if (cb->args[0])
		return 0;
	head = message_begin(skb, cb);
	err = head ? message_end(skb, head, put_backend(skb, &tg_queue)) : -EMSGSIZE;
	cb->args[0] = 1;
	return dumped(skb, err);
}

/* ---- events ---- */

static int put_about_backend(struct sk_buff *skb, const struct tg_notice *n)
{
	u32 quarantined = READ_ONCE(n->be->quarantined);

	return put_state(skb, n->be) ?:
	       (n->event == TEEGATE_EVENT_QUARANTINED || n->event == TEEGATE_EVENT_RECOVERED ?
		nla_put_u32(skb, TEEGATE_A_QUARANTINED, quarantined) : 0);
}

static int put_about_lease(struct sk_buff *skb, const struct tg_notice *n)
{
	if (n->lease)
		return put_lease(skb, n->lease);
	return put_u64(skb, TEEGATE_A_LEASE_ID, n->lease_id) ?:
	       put_u64(skb, TEEGATE_A_WORKLOAD, n->workload) ?:
	       put_some_u32(skb, TEEGATE_A_ERRNO, n->err) ?:
	       put_some(skb, TEEGATE_A_OP, n->op) ?:
	       (n->event == TEEGATE_EVENT_DENIED ?
		nla_put_u32(skb, TEEGATE_A_UID, n->uid) : 0);
}

static int put_notice(struct sk_buff *skb, const struct tg_notice *n, u64 seq)
{
	return nla_put_u32(skb, TEEGATE_A_EVENT, n->event) ?:
	       put_u64(skb, TEEGATE_A_SEQ, seq) ?:
	       put_u64(skb, TEEGATE_A_TIME_NS, n->time_ns) ?:
	       (n->count > 1 ? nla_put_u32(skb, TEEGATE_A_COUNT, n->count) : 0) ?:
	       (n->be ? put_about_backend(skb, n) : put_about_lease(skb, n));
}

/* A message that there is no memory for is a number that is missing. */
void tg_genl_send(const struct tg_notice *n, u64 seq)
{
	struct sk_buff *skb;
	void *head;

	if (!N_GROUPS || !genl_has_listeners(&family, &init_net, TEEGATE_NLGRP_EVENTS))
		return;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	head = genlmsg_put(skb, 0, 0, &family, 0, TEEGATE_CMD_EVENT);
	if (!head || message_end(skb, head, put_notice(skb, n, seq)))
		nlmsg_free(skb);
	else
		genlmsg_multicast(&family, skb, 0, TEEGATE_NLGRP_EVENTS, GFP_KERNEL);
}

int __init tg_genl_register(void)
{
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		ops[i].cmd = teegate_nl_ops[i].cmd;
		ops[i].flags = teegate_nl_ops[i].flags;
		ops[i].dumpit = teegate_nl_ops[i].dumpit;
		ops[i].start = teegate_nl_dump_start;
	}
	err = genl_register_family(&family);
	if (!err)
		tg_notify_start();
	return err;
}

void tg_genl_unregister(void)
{
	tg_notify_stop();
	genl_unregister_family(&family);
}
