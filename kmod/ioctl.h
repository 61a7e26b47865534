/* SPDX-License-Identifier: GPL-2.0-only */
/* What both kinds of file share: one table of operations and one way through it. */
#ifndef _TG_IOCTL_H
#define _TG_IOCTL_H

#include <linux/types.h>
#include <uapi/linux/teegate.h>

struct file;
struct tg_lease;

/* The argument of any ioctl, in kernel memory. */
union tg_arg {
	struct teegate_get_info get_info;
	struct teegate_get_report get_report;
	struct teegate_derive_key derive_key;
	struct teegate_seal seal;
	struct teegate_unseal unseal;
	struct teegate_extend extend;
	struct teegate_create_lease create_lease;
	struct teegate_narrow narrow;
	struct teegate_revoke revoke;
	struct teegate_set_root set_root;
	struct teegate_wipe_roots wipe_roots;
	struct teegate_add_secret add_secret;
	struct teegate_list_secrets list_secrets;
	struct teegate_lock_secrets lock_secrets;
};

/* One ioctl on its way. */
struct tg_call {
	struct tg_lease *lease;	/* NULL on a session */
	u64 needs;		/* TEEGATE_OP_* that were checked, to be checked again at the end */
	bool queued;		/* a request of it was in the queue, whatever came of that */
	struct file *new_file;	/* appears in the caller's table as new_fd if all else goes well */
	int new_fd;
};

long tg_ioctl_session(unsigned int cmd, void __user *uarg);
long tg_ioctl_lease(struct tg_lease *lease, unsigned int cmd, void __user *uarg);

/* The operations. An error writes the argument back, too. */
int tg_op_get_info(struct tg_call *call, union tg_arg *arg);		/* info.c */
int tg_op_get_report(struct tg_call *call, union tg_arg *arg);		/* report.c */
u64 tg_get_report_needs(const union tg_arg *arg);
int tg_op_derive_key(struct tg_call *call, union tg_arg *arg);		/* keys/derive.c */
u64 tg_derive_key_needs(const union tg_arg *arg);
int tg_op_seal(struct tg_call *call, union tg_arg *arg);		/* keys/seal.c */
int tg_op_unseal(struct tg_call *call, union tg_arg *arg);
u64 tg_seal_needs(const union tg_arg *arg);
int tg_op_extend(struct tg_call *call, union tg_arg *arg);		/* extend.c */
u64 tg_extend_needs(const union tg_arg *arg);
int tg_op_create_lease(struct tg_call *call, union tg_arg *arg);	/* session.c */
int tg_op_narrow(struct tg_call *call, union tg_arg *arg);		/* lease_fd.c */
int tg_op_revoke(struct tg_call *call, union tg_arg *arg);		/* lease_fd.c */
int tg_op_set_root(struct tg_call *call, union tg_arg *arg);		/* keys/installed.c */
int tg_op_wipe_roots(struct tg_call *call, union tg_arg *arg);
int tg_op_add_secret(struct tg_call *call, union tg_arg *arg);		/* secrets.c */
int tg_op_list_secrets(struct tg_call *call, union tg_arg *arg);
int tg_op_lock_secrets(struct tg_call *call, union tg_arg *arg);

/* session.c */
bool tg_current_is_admin(void);
int tg_session_register(void);
void tg_session_unregister(void);

/* lease_fd.c */
int tg_call_add_lease(struct tg_call *call, struct tg_lease *lease);

#endif
