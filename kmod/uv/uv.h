/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the IBM Secure Execution backend know of each other. Each of them is called by
 * the worker alone, but for tg_uv_check_block(), which has no state; so nothing here has a lock.
 *
 *	uv.c		the operations of the backend, and one call that takes its time
 *	status.c	what each return code means
 *	attest.c	Retrieve Attestation Measurement
 *	secrets.c	Add Secret, List Secrets, Lock Secret Store
 *	root.c		Retrieve Secret, as the root of keys
 *
 * DOC: the Ultravisor and its memory
 *
 * A call names one control block, and that one names buffers; all by their addresses in the kernel,
 * as the stock driver does. The Ultravisor reads and writes them while the instruction runs and at
 * no other time, so memory can be freed whenever no instruction is under way, also after an answer
 * "busy" that nobody will wait for. All of it is private memory of the guest that the host cannot
 * see; still, what the Ultravisor says about lengths is copied once and held against what it was
 * given.
 */
#ifndef _TG_UV_H
#define _TG_UV_H

#include <linux/build_bug.h>
#include <linux/mm.h>
#include <linux/types.h>
#include <asm/uv.h>

#include "../backend.h"

/*
 * Calls and response codes that headers of older kernels do not have: arch/s390/include/asm/uv.h of
 * Linux 6.13.
 */
#define TG_UVC_ADD_SECRET	0x1031
#define TG_UVC_LIST_SECRETS	0x1033
#define TG_UVC_LOCK_SECRETS	0x1034
#define TG_UVC_RETR_SECRET	0x1035

#define TG_UVC_BIT_ADD_SECRET	29
#define TG_UVC_BIT_LIST_SECRETS	30
#define TG_UVC_BIT_LOCK_SECRETS	31

#define TG_UVC_RC_MORE_DATA	0x0100

#define TG_UV_MEASUREMENT_SIZE	64	/* HMAC-SHA512, the only algorithm that there is */
#define TG_UV_ADDITIONAL_MAX	SZ_32K	/* as the stock driver */
#define TG_UV_SECRET_ID_SIZE	sizeof_field(struct teegate_secret, id)
#define TG_UV_ROOT_SIZE		32

/* Add Secret, List Secrets and Lock Secret Store: what they have in common is their length. */
struct tg_uvcb_secret {
	struct uv_cb_header header;
	u64 reserved08[2];
	u8 reserved18[6];
	u16 start_index;	/* List Secrets */
	u64 addr;
	u64 reserved28[4];
} __packed __aligned(8);

/* Lock Secret Store has no address, and is shorter. */
struct tg_uvcb_lock {
	struct uv_cb_header header;
	u64 reserved08[2];
	u64 handle;
	u64 reserved20[4];
} __packed __aligned(8);

struct tg_uvcb_retrieve {
	struct uv_cb_header header;
	u64 reserved08[2];
	u16 index;
	u16 reserved1a;
	u32 size;
	u64 addr;
	u64 reserved28[4];
} __packed __aligned(8);

static_assert(sizeof(struct uv_cb_attest) == 0x188);
static_assert(sizeof(struct tg_uvcb_secret) == 0x48);
static_assert(sizeof(struct tg_uvcb_lock) == 0x40);
static_assert(sizeof(struct tg_uvcb_retrieve) == 0x48);

/* A page of answers to List Secrets. */
struct tg_uv_list_item {
	u16 index;
	u16 type;
	u32 length;
	u64 reserved08;
	u8 id[TG_UV_SECRET_ID_SIZE];
} __packed __aligned(8);

struct tg_uv_list {
	u16 stored;		/* in this page */
	u16 total;
	u16 next_index;
	u16 reserved06;
	u64 reserved08;
	struct tg_uv_list_item items[85];
} __packed __aligned(8);

static_assert(sizeof(struct tg_uv_list) == SZ_4K);

/*
 * An exchange: one call after the other until it has ended. The control block is never changed
 * between two attempts at one call, because one that was partially done goes on where it was.
 */
struct tg_uv_op {
	union {
		struct uv_cb_header header;
		struct uv_cb_attest attest;
		struct tg_uvcb_secret secret;
		struct tg_uvcb_lock lock;
		struct tg_uvcb_retrieve retrieve;
	} cb;
	u64 back_off_ns;

	/* attest.c */
	u8 measurement[TG_UV_MEASUREMENT_SIZE];
	u8 *additional;
	u32 additional_size;
	bool additional_known;	/* we know that it will be exactly so much */

	/* secrets.c and root.c */
	struct tg_uv_list *list;
	u32 listed;		/* items in all pages so far */
	struct teegate_secret *found;
	u32 found_count;
	u32 found_size;		/* bytes of the allocation */
	u8 value[64];
};

static_assert(sizeof(struct tg_uv_op) <= PAGE_SIZE);

/* Returned by tg_uv_kind.end(): there is another call in the control block. */
#define TG_UV_AGAIN	(-EINPROGRESS)

/* What can be asked, by kind. begin() and end() return 0 or what tg_backend_ops.ask() does. */
struct tg_uv_kind {
	u64 op;		/* TEEGATE_OP_* that goes if the Ultravisor does not know the call */
	int (*begin)(struct tg_uv_op *op, struct tg_exchange *x);
	int (*end)(struct tg_uv_op *op, struct tg_exchange *x);
};

extern const struct tg_uv_kind tg_uv_attest;
extern const struct tg_uv_kind tg_uv_add_secret;
extern const struct tg_uv_kind tg_uv_list_secrets;
extern const struct tg_uv_kind tg_uv_lock_secrets;
extern const struct tg_uv_kind tg_uv_root;

/* ---- status.c ---- */

int tg_uv_judge(const struct uv_cb_header *header, int cc);

/* ---- attest.c, secrets.c ---- */

int tg_uv_check_block(enum tg_ask_kind kind, const u8 *bytes, u32 len);
int tg_uv_list_begin(struct tg_uv_op *op);
int tg_uv_list_next(struct tg_uv_op *op, u16 *ret_stored);

#endif
