// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quotes: TDG.VP.VMCALL<GetQuote> (Intel 348552, Guest-Host-Communication Interface 1.5, 3.3) with
 * buffers of our own beside the stock driver's one.
 *
 * DOC: whose buffer
 *
 * A buffer is shared with the host for good: to change that takes long, and a host may write to it
 * whenever it likes anyway. What the host writes is copied once and looked at afterwards. While its
 * status says IN_FLIGHT the buffer must not be used for anything else, or a late answer would land
 * there. One that nobody waits for any more is in quarantine: it is looked at now and then, and
 * free again when the host has answered after all. Only when all are there is a request refused.
 * When the module goes, what is still in flight is left behind: never private memory again, never
 * anybody else's.
 *
 * Nothing secret is ever in a buffer: a TDREPORT goes in, and the host makes a quote of it.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/set_memory.h>
#include <linux/string.h>
#include <asm/barrier.h>
#include <asm/tdx.h>

#include "tdx.h"

struct tg_quote_buffer {
	__le64 version;
	__le64 status;
	__le32 in_len;
	__le32 out_len;
	u8 data[];
};

#define QUOTE_MAX	(TG_TDX_QUOTE_BUFFER_SIZE - sizeof(struct tg_quote_buffer))

#define CALL_VERSION	1

/* Of the call, and of the buffer. Any other is an error. */
#define STATUS_SUCCESS	0ULL
#define STATUS_RETRY	1ULL
#define STATUS_IN_FLIGHT (~0ULL)

#define BACK_OFF_FIRST	((u64)NSEC_PER_MSEC)
#define BACK_OFF_MAX	(64 * (u64)NSEC_PER_MSEC)

/* How often to look at what nobody waits for. */
#define QUARANTINE_LOOK	(100 * (u64)NSEC_PER_MSEC)

static u64 status_of(const struct tg_tdx_slot *slot)
{
	return le64_to_cpu(READ_ONCE(slot->buffer->status));
}

unsigned int tg_tdx_slots_in(const struct tg_tdx *tdx, enum tg_slot_state state)
{
	unsigned int i, n = 0;

	for (i = 0; i < TG_TDX_QUOTE_BUFFERS; i++)
		n += tdx->slots[i].state == state;
	return n;
}

static struct tg_tdx_slot *find_free(struct tg_tdx *tdx)
{
	unsigned int i;

	for (i = 0; i < TG_TDX_QUOTE_BUFFERS; i++)
		if (tdx->slots[i].state == TG_SLOT_FREE)
			return &tdx->slots[i];
	return NULL;
}

/* What the host has answered after all. */
static void reclaim(struct tg_tdx *tdx, struct tg_tdx_slot *slot, u64 now)
{
	if (status_of(slot) == STATUS_IN_FLIGHT)
		return;
	tg_pace_learn(&tdx->pace, now - slot->asked_at, false);
	slot->state = TG_SLOT_FREE;
}

/* Returns when to look again, U64_MAX when there is nothing to look at. */
u64 tg_tdx_slots_tend(struct tg_tdx *tdx)
{
	u64 now = ktime_get_ns(), again = U64_MAX;
	struct tg_tdx_slot *slot;

	for (slot = tdx->slots; slot < tdx->slots + TG_TDX_QUOTE_BUFFERS; slot++) {
		if (slot->state != TG_SLOT_QUARANTINED)
			continue;
		if (slot->look_at <= now) {
			slot->look_at = now + QUARANTINE_LOOK;
			reclaim(tdx, slot, now);
		}
		if (slot->state == TG_SLOT_QUARANTINED)
			again = min(again, slot->look_at);
	}
	return again;
}

static void reclaim_all(struct tg_tdx *tdx)
{
	struct tg_tdx_slot *slot;

	for (slot = tdx->slots; slot < tdx->slots + TG_TDX_QUOTE_BUFFERS; slot++)
		if (slot->state == TG_SLOT_QUARANTINED)
			reclaim(tdx, slot, ktime_get_ns());
}

/* Also when nothing will come free by waiting: then a request is to be refused, not kept. */
bool tg_tdx_slots_has_room(struct tg_tdx *tdx)
{
	if (find_free(tdx))
		return true;
	reclaim_all(tdx);
	return find_free(tdx) || tg_tdx_slots_in(tdx, TG_SLOT_QUARANTINED) == TG_TDX_QUOTE_BUFFERS;
}

/* The exchange is over, and the buffer ours again unless the host says otherwise. */
static void let_go(struct tg_tdx_slot *slot, struct tg_exchange *x)
{
	slot->state = status_of(slot) == STATUS_IN_FLIGHT ? TG_SLOT_QUARANTINED : TG_SLOT_FREE;
	slot->look_at = 0;
	x->slot = NULL;
	x->with_host = false;
}

static int back_off(struct tg_tdx_slot *slot, struct tg_exchange *x)
{
	slot->state = TG_SLOT_BACKING_OFF;
	x->with_host = false;
	x->poll_at = ktime_get_ns() + slot->back_off_ns;
	slot->back_off_ns = min(2 * slot->back_off_ns, BACK_OFF_MAX);
	return -EINPROGRESS;
}

/* What the host left behind the TDREPORT from an earlier answer means nothing to anybody. */
static void fill(struct tg_quote_buffer *buffer, const u8 *tdreport)
{
	buffer->version = cpu_to_le64(CALL_VERSION);
	buffer->in_len = cpu_to_le32(TDX_REPORT_LEN);
	buffer->out_len = 0;
	memcpy(buffer->data, tdreport, TDX_REPORT_LEN);
	WRITE_ONCE(buffer->status, cpu_to_le64(STATUS_SUCCESS));
}

static int fill_with_tdreport(struct tg_tdx *tdx, struct tg_tdx_slot *slot, struct tg_exchange *x)
{
	struct tg_tdx_scratch *scratch = tdx->scratch;
	const u8 *rtmrs;
	int err = tg_tdx_make_tdreport(scratch, x->report_data.bytes, &rtmrs, &x->answer.fw_status);

	if (!err) {
		tg_tdx_log_mark(&tdx->log, &slot->mark);
		fill(slot->buffer, scratch->report);
	}
	memzero_explicit(scratch, sizeof(*scratch));
	return err;
}

static int hand_over(struct tg_tdx *tdx, struct tg_tdx_slot *slot, struct tg_exchange *x)
{
	u64 status;
	int err = fill_with_tdreport(tdx, slot, x);

	if (err)
		return err;
	status = tdx_hcall_get_quote((u8 *)slot->buffer, TG_TDX_QUOTE_BUFFER_SIZE);
	if (status == STATUS_RETRY)
		return back_off(slot, x);
	if (status != STATUS_SUCCESS) {
		x->answer.fw_status = status;
		return -EREMOTEIO;
	}
	slot->state = TG_SLOT_WITH_HOST;
	slot->asked_at = ktime_get_ns();
	slot->looks = 0;
	x->with_host = true;
	x->poll_at = tg_pace_next(&tdx->pace, slot->asked_at, slot->asked_at);
	return -EINPROGRESS;
}

static int try_hand_over(struct tg_tdx *tdx, struct tg_tdx_slot *slot, struct tg_exchange *x)
{
	int err = hand_over(tdx, slot, x);

	if (err != -EINPROGRESS)
		let_go(slot, x);
	return err;
}

int tg_tdx_quote_ask(struct tg_tdx *tdx, struct tg_exchange *x)
{
	struct tg_tdx_slot *slot = find_free(tdx);

	if (!slot)
		return -EAGAIN;
	slot->back_off_ns = BACK_OFF_FIRST;
	x->slot = slot;
	return try_hand_over(tdx, slot, x);
}

/* From here on the host's words count only as they are in our own copy. */
static int take_quote(struct tg_tdx *tdx, struct tg_tdx_slot *slot, struct tg_exchange *x)
{
	u32 len = le32_to_cpu(READ_ONCE(slot->buffer->out_len));
	struct tg_answer *ans = &x->answer;
	const u8 *rtmrs;
	int err;

	if (len < TG_TDX_QUOTE_MIN || len > QUOTE_MAX)
		return -EPROTO;
	err = tg_answer_put_report(ans, slot->buffer->data, len);
	if (!err)
		err = tg_tdx_check_quote(ans->report, len, x->report_data.bytes, &rtmrs);
	return err ?: tg_tdx_add_log(tdx, &slot->mark, rtmrs, ans);
}

static int conclude(struct tg_tdx *tdx, struct tg_tdx_slot *slot, struct tg_exchange *x,
		    u64 status)
{
	if (status != STATUS_SUCCESS) {
		x->answer.fw_status = status;
		return -EREMOTEIO;
	}
	dma_rmb();	/* the status says that all else is there */
	return take_quote(tdx, slot, x);
}

int tg_tdx_quote_poll(struct tg_tdx *tdx, struct tg_exchange *x)
{
	struct tg_tdx_slot *slot = x->slot;
	u64 now = ktime_get_ns();
	u64 status;
	int err;

	if (slot->state == TG_SLOT_BACKING_OFF)
		return try_hand_over(tdx, slot, x);
	slot->looks++;
	status = status_of(slot);
	if (status == STATUS_IN_FLIGHT) {
		x->poll_at = tg_pace_next(&tdx->pace, slot->asked_at, now);
		return -EINPROGRESS;
	}
	if (status == STATUS_RETRY)
		return back_off(slot, x);
	tg_pace_learn(&tdx->pace, now - slot->asked_at, slot->looks == 1);
	err = conclude(tdx, slot, x, status);
	let_go(slot, x);
	return err;
}

void tg_tdx_quote_abandon(struct tg_tdx *tdx, struct tg_exchange *x)
{
	let_go(x->slot, x);
}

/* ---- the memory ---- */

static int slot_init(struct tg_tdx_slot *slot)
{
	void *pages = alloc_pages_exact(TG_TDX_QUOTE_BUFFER_SIZE, GFP_KERNEL | __GFP_ZERO);

	if (!pages)
		return -ENOMEM;
	if (set_memory_decrypted((unsigned long)pages, TG_TDX_QUOTE_BUFFER_SIZE >> PAGE_SHIFT)) {
		pr_err("%u bytes cannot be shared with the host and are lost\n",
		       TG_TDX_QUOTE_BUFFER_SIZE);
		return -ENOMEM;
	}
	slot->buffer = pages;
	return 0;
}

/* False: the memory stays as it is for good. */
static bool slot_exit(struct tg_tdx_slot *slot)
{
	if (!slot->buffer)
		return true;
	if (status_of(slot) == STATUS_IN_FLIGHT ||
	    set_memory_encrypted((unsigned long)slot->buffer,
				 TG_TDX_QUOTE_BUFFER_SIZE >> PAGE_SHIFT))
		return false;
	free_pages_exact(slot->buffer, TG_TDX_QUOTE_BUFFER_SIZE);
	return true;
}

void tg_tdx_slots_exit(struct tg_tdx *tdx)
{
	unsigned int i, left = 0;

	for (i = 0; i < TG_TDX_QUOTE_BUFFERS; i++)
		left += !slot_exit(&tdx->slots[i]);
	if (left)
		pr_warn("%u quote buffers of %u bytes stay with the host, which has not given them back\n",
			left, TG_TDX_QUOTE_BUFFER_SIZE);
}

int tg_tdx_slots_init(struct tg_tdx *tdx)
{
	unsigned int i;
	int err;

	for (i = 0; i < TG_TDX_QUOTE_BUFFERS; i++) {
		err = slot_init(&tdx->slots[i]);
		if (err) {
			tg_tdx_slots_exit(tdx);
			return err;
		}
	}
	return 0;
}
