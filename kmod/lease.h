/* SPDX-License-Identifier: GPL-2.0-only */
/* Leases: who may ask for what, until when. No file and no ioctl here; see lease_fd.c. */
#ifndef _TG_LEASE_H
#define _TG_LEASE_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <uapi/linux/teegate.h>

#include "pin.h"
#include "workload.h"

struct tg_abi;
struct tg_sealing;

/* What this module implements: for leases, and for the administrator alone. */
#define TG_OPS_LEASE		(TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT | \
				 TEEGATE_OP_EXTEND | TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL)
#define TG_OPS_ADMIN		(TEEGATE_OP_ADD_SECRET | TEEGATE_OP_LIST_SECRETS | \
				 TEEGATE_OP_LOCK_SECRETS)
#define TG_OPS_ALL		(TG_OPS_LEASE | TG_OPS_ADMIN)

#define TG_LEASES_MAX		4096	/* made by the administrator */
#define TG_DESCENDANTS_MAX	64	/* narrowed from one lease, grandchildren included */
#define TG_PENDING_DEFAULT	16	/* requests of one lease that wait */

/* What the administrator's daemon says about a workload. Shared by a lease and its descendants. */
struct tg_claims {
	refcount_t ref;
	u32 len;
	u8 hash[TEEGATE_HASH_SIZE];
	u8 bytes[];
};

/* Bytes that are the administrator's business alone. Not shared: a child has none. */
struct tg_note {
	u32 len;
	u8 bytes[];
};

/* What a lease allows. Written before the lease exists, never afterwards. */
struct tg_terms {
	u64 ops;		/* TEEGATE_OP_* */
	u64 expires;		/* ktime_get_boottime_ns(), U64_MAX for never */
	u32 max_pending;	/* requests of this lease, with descendants */
	u32 extend_max;		/* events, with descendants */
	u32 extend_bytes_max;	/* of events, likewise */
	struct tg_pin pin;
	u64 workload;		/* the number of it; of a lease of the administrator's */
	struct tg_quota quota;	/* likewise, for that workload */
	struct tg_note *note;	/* likewise, or NULL */
	struct tg_claims *claims;
	struct tg_sealing *sealing;	/* NULL: no keys */
	const struct tg_abi *abi;	/* NULL: the native one */
};

/* Bits of flags. */
#define TG_LEASE_REVOKED	0	/* see tg_lease_gone() */
#define TG_LEASE_END_TOLD	1	/* that it is over, for whatever reason */

struct tg_lease {
	refcount_t ref;			/* its file, its children, its requests */
	u64 id;
	struct tg_terms terms;
	struct tg_lease *parent;	/* we hold a reference; NULL: made by the administrator */
	struct tg_lease *top;		/* the end of the chain of parents, maybe itself */
	struct tg_workload *workload;	/* that of the top, which holds it */
	unsigned long flags;		/* TG_LEASE_*; none is ever taken back */
	unsigned int descendants;	/* lease_lock */
	wait_queue_head_t wait;		/* poll() */

	/* turns.c, under the lock of the queue: */
	unsigned int pending;		/* requests of this lease and its descendants */
	bool used;			/* there was one */
	u32 extends;			/* events, likewise */
	u32 extend_bytes;
};

int tg_note_from_user(const void __user *bytes, u32 len, struct tg_note **ret_note);
int tg_claims_from_user(const void __user *bytes, u32 len, struct tg_claims **ret_claims);
void tg_terms_release(struct tg_terms *terms);
u64 tg_expiry_after_ms(u64 ms);

struct tg_lease *tg_lease_new(struct tg_terms *terms);
struct tg_lease *tg_lease_narrow(struct tg_lease *parent, struct tg_terms *terms);
struct tg_lease *tg_lease_get(struct tg_lease *lease);
struct tg_lease *tg_lease_find(u64 id);
struct tg_lease *tg_lease_next(u64 after);
void tg_lease_put(struct tg_lease *lease);

bool tg_lease_under(const struct tg_lease *lease, const struct tg_lease *ancestor);
bool tg_lease_expired(const struct tg_lease *lease);
bool tg_lease_gone(const struct tg_lease *lease);
int tg_lease_check(const struct tg_lease *lease, u64 ops);
void tg_lease_revoke(struct tg_lease *lease);

/* In whose name the administrator's own requests wait: allows nothing, and is in no table. */
extern struct tg_lease *tg_admin_lease;

bool tg_leases_exist(void);
int tg_leases_init(void);
void tg_leases_exit(void);

#endif
