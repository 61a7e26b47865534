/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the Intel TDX backend know of each other. Each of them is called by the worker
 * alone, or while the module is loaded and unloaded, so nothing here has a lock.
 *
 *	tdx.c		the operations of the backend, and what GET_INFO says about it
 *	quote.c		the buffers that the host works on
 *	pace.c		when to look whether it has answered
 *	tdreport.c	TDG.MR.REPORT
 *	rtmr.c		TDG.MR.RTMR.EXTEND, by the driver where there is one
 *	layout.c	what is where in a TDREPORT and in a quote
 *	log.c		the event log, and what it says the registers hold
 *	ccel.c		the log that firmware left
 */
#ifndef _TG_TDX_H
#define _TG_TDX_H

#include <linux/sizes.h>
#include <linux/types.h>
#include <uapi/linux/tdx-guest.h>

#include "../backend.h"

#define TG_TDX_QUOTE_BUFFERS	4	/* hosts take some more, and share them among guests */
#define TG_TDX_QUOTE_BUFFER_SIZE SZ_128K
#define TG_TDX_RTMRS		4

/* Completion status of TDCALL (Intel 348551), of which the kernel tells only so much. */
#define TG_TDX_OPERAND_INVALID	0xc000010000000000ULL
#define TG_TDX_OPERAND_BUSY	0x8000020000000000ULL
#define TG_TDX_ERROR		0x8000000000000000ULL

typedef u8 tg_rtmrs[TG_TDX_RTMRS][TEEGATE_HASH_SIZE];

/* ---- pace.c ---- */

/* What the host has taught us about its own pace. */
struct tg_pace {
	u64 latency_ns;		/* what an answer took lately; 0: not known yet */
};

u64 tg_pace_next(const struct tg_pace *pace, u64 asked_at, u64 now);
void tg_pace_learn(struct tg_pace *pace, u64 took, bool at_first_look);
u64 tg_pace_patience(const struct tg_pace *pace);

/* ---- log.c, ccel.c ---- */

struct tg_tdx_log {
	u8 *bytes;
	u32 len;
	u32 size;		/* of the allocation: there will never be more */
	tg_rtmrs rtmr;		/* what the registers hold if nobody else extends them */
};

/* The log as it was when a report was made. */
struct tg_tdx_mark {
	u32 len;
	tg_rtmrs rtmr;
};

int tg_tdx_log_init(struct tg_tdx_log *log, u32 room);
void tg_tdx_log_exit(struct tg_tdx_log *log);
void tg_tdx_log_mark(const struct tg_tdx_log *log, struct tg_tdx_mark *mark);
bool tg_tdx_log_matches(const struct tg_tdx_mark *mark, const u8 *rtmrs);
int tg_tdx_log_extend(struct tg_tdx_log *log, const struct tg_event *event,
		      int (*extend)(void *ctx, const struct tg_event *event), void *ctx);

int tg_tdx_ccel_read(u8 **ret_bytes, u32 *ret_len);

/* ---- layout.c ---- */

/* The shortest quote that could pass: header, body, length of the signature, one byte of it. */
#define TG_TDX_QUOTE_MIN	(48 + 584 + 4 + 1)

/* 0 or -EPROTO; @ret_rtmrs: the four registers in it, one after the other. */
int tg_tdx_check_tdreport(const u8 *report, const u8 *report_data, const u8 **ret_rtmrs);
int tg_tdx_check_quote(const u8 *quote, u32 len, const u8 *report_data, const u8 **ret_rtmrs);

/* ---- tdreport.c, rtmr.c: 0, -EPROTO, -ENOMEM, or -EREMOTEIO with *ret_status ---- */

/* Memory that firmware is given by its physical address, hence aligned as it wants it. */
struct tg_tdx_scratch {
	u8 report[TDX_REPORT_LEN];
	u8 input[TDX_REPORTDATA_LEN];
};

int tg_tdx_make_tdreport(struct tg_tdx_scratch *scratch, const u8 *report_data,
			 const u8 **ret_rtmrs, u64 *ret_status);

struct vfsmount;
struct tg_tdx_rtmr {
	struct vfsmount *sysfs;	/* ours alone; NULL until needed */
	struct tg_tdx_scratch *scratch;
};

void tg_tdx_rtmr_exit(struct tg_tdx_rtmr *rtmr);
int tg_tdx_rtmr_extend(struct tg_tdx_rtmr *rtmr, const struct tg_event *event, u64 *ret_status);

/* Repeats a call while it is busy, for as long as that can be an accident. */
int tg_tdx_while_busy(int (*call)(void *ctx), void *ctx);
u64 tg_tdx_status_of(int err);

/* ---- quote.c ---- */

struct tg_tdx;
struct tg_quote_buffer;

enum tg_slot_state {
	TG_SLOT_FREE,
	TG_SLOT_WITH_HOST,
	TG_SLOT_BACKING_OFF,	/* the host said RETRY, and owns nothing */
	TG_SLOT_QUARANTINED,	/* with the host, and nobody waits for it any more */
};

struct tg_tdx_slot {
	enum tg_slot_state state;
	struct tg_quote_buffer *buffer;	/* shared with the host */
	u64 asked_at;
	u64 look_at;			/* when quarantined */
	u64 back_off_ns;
	unsigned int looks;
	struct tg_tdx_mark mark;
};

struct tg_tdx {
	struct tg_tdx_slot slots[TG_TDX_QUOTE_BUFFERS];
	struct tg_pace pace;
	struct tg_tdx_log log;
	struct tg_tdx_rtmr rtmr;
	struct tg_tdx_scratch *scratch;
	bool log_left_out;		/* the last report had other registers */
	const char *reason;		/* as GET_INFO shows it */
};

int tg_tdx_slots_init(struct tg_tdx *tdx);
void tg_tdx_slots_exit(struct tg_tdx *tdx);
unsigned int tg_tdx_slots_in(const struct tg_tdx *tdx, enum tg_slot_state state);
bool tg_tdx_slots_has_room(struct tg_tdx *tdx);
u64 tg_tdx_slots_tend(struct tg_tdx *tdx);
int tg_tdx_quote_ask(struct tg_tdx *tdx, struct tg_exchange *x);
int tg_tdx_quote_poll(struct tg_tdx *tdx, struct tg_exchange *x);
void tg_tdx_quote_abandon(struct tg_tdx *tdx, struct tg_exchange *x);

/* tdx.c: adds the log to an answer that wants it if it is the one of these registers. */
int tg_tdx_add_log(struct tg_tdx *tdx, const struct tg_tdx_mark *mark, const u8 *rtmrs,
		   struct tg_answer *ans);

#endif
