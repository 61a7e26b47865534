// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctl framework: the table of operations, and the one path that every ioctl of both kinds of
 * file takes. Operations themselves see checked structures in kernel memory, and no user pointer
 * but those inside them.
 *
 * DOC: the path of an ioctl
 *
 * 1. The table says whether the command exists on this kind of file: ENOTTY.
 * 2. May this task use this file at all? On a session the administrator, where the table says so;
 *    on a lease whoever its pins name. Before anything of the caller's memory is looked at.
 * 3. The structure is fetched by the rules of the uapi header. Its size is read once.
 * 4. The lease allows the operation: EPERM.
 * 5. The operation runs.
 * 6. The structure is written back, no further than the caller's size, also after an error.
 * 7. A new file becomes visible, as the very last step: what was installed cannot be taken back,
 *    because another thread may have it already.
 *
 * DOC: growing a structure
 *
 * Members are added at the end; the table keeps the first published size. What an old caller does
 * not give reads as zero, so zero must mean what the kernel did before.
 */
#include <linux/build_bug.h>
#include <linux/file.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>

#include "ioctl.h"
#include "lease.h"
#include "notify.h"

#define ON_SESSION	BIT(0)
#define ON_LEASE	BIT(1)
#define ADMIN		BIT(2)	/* on a session, the administrator only */

struct tg_op {
	unsigned int cmd;
	unsigned int where;	/* ON_*, ADMIN */
	u32 first_size;		/* as first published */
	u32 size;		/* as this module knows it */
	u32 flags;		/* all that are known */
	u64 (*needs)(const union tg_arg *arg);	/* TEEGATE_OP_* wanted; NULL: none */
	int (*run)(struct tg_call *call, union tg_arg *arg);
};

#define SIZES(type, first)	.first_size = (first), .size = sizeof(struct type)

static const struct tg_op tg_ops[] = {
	{
		.cmd = TEEGATE_GET_INFO,
		.where = ON_SESSION | ON_LEASE,
		SIZES(teegate_get_info, 240),
		.run = tg_op_get_info,
	}, {
		.cmd = TEEGATE_GET_REPORT,
		.where = ON_LEASE,
		SIZES(teegate_get_report, 128),
		.flags = TEEGATE_REPORT_RAW | TEEGATE_REPORT_AUX | TEEGATE_REPORT_LOCAL,
		.needs = tg_get_report_needs,
		.run = tg_op_get_report,
	}, {
		.cmd = TEEGATE_DERIVE_KEY,
		.where = ON_LEASE,
		SIZES(teegate_derive_key, 184),
		.flags = TEEGATE_KEY_PARAMS,
		.needs = tg_derive_key_needs,
		.run = tg_op_derive_key,
	}, {
		.cmd = TEEGATE_SEAL,
		.where = ON_LEASE,
		SIZES(teegate_seal, 64),
		.needs = tg_seal_needs,
		.run = tg_op_seal,
	}, {
		.cmd = TEEGATE_UNSEAL,
		.where = ON_LEASE,
		SIZES(teegate_unseal, 48),
		.needs = tg_seal_needs,
		.run = tg_op_unseal,
	}, {
		.cmd = TEEGATE_EXTEND,
		.where = ON_LEASE,
		SIZES(teegate_extend, 88),
		.needs = tg_extend_needs,
		.run = tg_op_extend,
	}, {
		.cmd = TEEGATE_CREATE_LEASE,
		.where = ON_SESSION | ADMIN,
		SIZES(teegate_create_lease, 64),
		.flags = TEEGATE_LEASE_UNPINNED | TEEGATE_LEASE_PIN_UID | TEEGATE_LEASE_PIN_LABEL |
			 TEEGATE_LEASE_PIN_EXE,
		.run = tg_op_create_lease,
	}, {
		.cmd = TEEGATE_NARROW,
		.where = ON_LEASE,
		SIZES(teegate_narrow, 48),
		.flags = TEEGATE_NARROW_PIN_CGROUP | TEEGATE_NARROW_PIN_UID |
			 TEEGATE_NARROW_PIN_LABEL | TEEGATE_NARROW_PIN_EXE,
		.run = tg_op_narrow,
	}, {
		.cmd = TEEGATE_REVOKE,
		.where = ON_SESSION | ON_LEASE | ADMIN,
		SIZES(teegate_revoke, 16),
		.run = tg_op_revoke,
	}, {
		.cmd = TEEGATE_SET_ROOT,
		.where = ON_SESSION | ADMIN,
		SIZES(teegate_set_root, 40),
		.flags = TEEGATE_ROOT_UNSEAL_ONLY,
		.run = tg_op_set_root,
	}, {
		.cmd = TEEGATE_WIPE_ROOTS,
		.where = ON_SESSION | ADMIN,
		SIZES(teegate_wipe_roots, 8),
		.flags = TEEGATE_WIPE_INSTALLED,
		.run = tg_op_wipe_roots,
	}, {
		.cmd = TEEGATE_ADD_SECRET,
		.where = ON_SESSION | ADMIN,
		SIZES(teegate_add_secret, 32),
		.run = tg_op_add_secret,
	}, {
		.cmd = TEEGATE_LIST_SECRETS,
		.where = ON_SESSION | ADMIN,
		SIZES(teegate_list_secrets, 32),
		.run = tg_op_list_secrets,
	}, {
		.cmd = TEEGATE_LOCK_SECRETS,
		.where = ON_SESSION | ADMIN,
		SIZES(teegate_lock_secrets, 24),
		.flags = TEEGATE_LOCK_IRREVERSIBLE,
		.run = tg_op_lock_secrets,
	},
};

/* Without padding, or bytes of the kernel's stack would travel with the structure. */
static_assert(sizeof(struct teegate_get_info) == 288);
static_assert(sizeof(struct teegate_get_report) == 224);
static_assert(sizeof(struct teegate_derive_key) == 184);
static_assert(sizeof(struct teegate_seal) == 64);
static_assert(sizeof(struct teegate_unseal) == 48);
static_assert(sizeof(struct teegate_extend) == 88);
static_assert(sizeof(struct teegate_create_lease) == 216);
static_assert(sizeof(struct teegate_narrow) == 64);
static_assert(sizeof(struct teegate_revoke) == 16);
static_assert(sizeof(struct teegate_set_root) == 40);
static_assert(sizeof(struct teegate_wipe_roots) == 8);
static_assert(sizeof(struct teegate_add_secret) == 32);
static_assert(sizeof(struct teegate_list_secrets) == 32);
static_assert(sizeof(struct teegate_secret) == 48);
static_assert(sizeof(struct teegate_lock_secrets) == 24);

/* What every structure begins with. */
struct head {
	u32 size;
	u32 flags;
};

static const struct tg_op *find_op(unsigned int cmd, unsigned int where)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tg_ops); i++)
		if (tg_ops[i].cmd == cmd)
			return tg_ops[i].where & where ? &tg_ops[i] : NULL;
	return NULL;
}

static int check_user_of_file(const struct tg_call *call, const struct tg_op *op)
{
	if (call->lease)
		return tg_lease_check(call->lease, 0);
	return op->where & ADMIN && !tg_current_is_admin() ? -EPERM : 0;
}

static int fetch(const struct tg_op *op, void __user *uarg, union tg_arg *arg)
{
	struct head *head = (struct head *)arg;
	u32 size;
	int err;

	if (copy_from_user(&size, uarg, sizeof(size)))
		return -EFAULT;
	if (size > PAGE_SIZE)
		return -E2BIG;
	if (size < op->first_size)
		return -EINVAL;
	err = copy_struct_from_user(arg, op->size, uarg, size);
	if (err)
		return err;
	head->size = size;	/* the one that was checked */
	return head->flags & ~op->flags ? -EINVAL : 0;
}

static int write_back(const struct tg_op *op, void __user *uarg, const union tg_arg *arg)
{
	const struct head *head = (const struct head *)arg;

	return copy_to_user(uarg, arg, min(head->size, op->size)) ? -EFAULT : 0;
}

static void settle_new_file(struct tg_call *call, int err)
{
	if (!call->new_file)
		return;
	if (!err) {
		fd_install(call->new_fd, call->new_file);
		return;
	}
	put_unused_fd(call->new_fd);
	fput(call->new_file);
}

static int run(struct tg_call *call, const struct tg_op *op, void __user *uarg)
{
	union tg_arg arg;
	int err, err_back;

	err = fetch(op, uarg, &arg);
	if (err)
		return err;
	if (op->needs) {
		call->needs = op->needs(&arg);
		err = tg_lease_check(call->lease, call->needs);
		if (err)
			return err;
	}
	err = op->run(call, &arg);
	err_back = write_back(op, uarg, &arg);
	err = err ?: err_back;
	settle_new_file(call, err);
	return err;
}

static long dispatch(struct tg_call *call, unsigned int where, unsigned int cmd, void __user *uarg)
{
	const struct tg_op *op = find_op(cmd, where);
	int err;

	if (!op)
		return -ENOTTY;
	err = check_user_of_file(call, op);
	return err ?: run(call, op, uarg);
}

long tg_ioctl_session(unsigned int cmd, void __user *uarg)
{
	struct tg_call call = {};

	return dispatch(&call, ON_SESSION, cmd, uarg);
}

long tg_ioctl_lease(struct tg_lease *lease, unsigned int cmd, void __user *uarg)
{
	struct tg_call call = { .lease = lease };
	long err = dispatch(&call, ON_LEASE, cmd, uarg);

	if (err)
		tg_notify_denied(&call, err);
	return err;
}
