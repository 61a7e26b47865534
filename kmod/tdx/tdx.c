// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel TDX: the backend for kernels that export GetQuote (6.7 and newer). TDREPORTs and quotes by
 * the functions of the kernel, beside the stock driver and never through it, because that one looks
 * for an answer once a second and has one buffer for everybody.
 *
 * DOC: TDREPORT and quote
 *
 * A TDREPORT is bound exactly as a quote is: whoever gets hold of one can have it quoted, by this
 * host or by any process that may speak to it. A local report therefore grants nothing that a quote
 * does not.
 */
#include <linux/errno.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/shared/tdx.h>

#include "notify.h"
#include "tdx.h"

/* Bytes of events that workloads may log until the guest restarts. */
#ifdef TG_HAVE_TDX_EXTEND
#define LOG_ROOM	SZ_256K
#define EXTEND_OPS	TEEGATE_OP_EXTEND
#define HAVE_EXTEND	true
#else
#define LOG_ROOM	0
#define EXTEND_OPS	0
#define HAVE_EXTEND	false
#endif

static const char all_well[] = "";
static const char no_buffer[] =
	"the host keeps all quote buffers and does not answer: is its quoting service up?";
static const char some_lost[] =
	"the host has not answered some requests and keeps their buffers; others are served";
static const char no_log[] =
	"reports carry no event log: firmware's is damaged, or others extended its registers";
static const char no_extend[] =
	"reports work; EXTEND does not, it needs Linux 6.16 or newer";

/* The worst first: there is room for one sentence. */
static const char *reason(const struct tg_tdx *tdx, unsigned int quarantined)
{
	if (quarantined == TG_TDX_QUOTE_BUFFERS)
		return no_buffer;
	if (quarantined)
		return some_lost;
	if (tdx->log_left_out)
		return no_log;
	return HAVE_EXTEND ? all_well : no_extend;
}

static void show(struct tg_backend *be)
{
	struct tg_tdx *tdx = be->priv;
	unsigned int quarantined = tg_tdx_slots_in(tdx, TG_SLOT_QUARANTINED);
	unsigned int before = be->quarantined;
	const char *why = reason(tdx, quarantined);

	WRITE_ONCE(be->quarantined, quarantined);
	WRITE_ONCE(be->in_flight, quarantined + tg_tdx_slots_in(tdx, TG_SLOT_WITH_HOST));
	be->patience_ns = tg_pace_patience(&tdx->pace);
	if (quarantined != before)
		tg_notify_backend(be, quarantined > before ? TEEGATE_EVENT_QUARANTINED :
							     TEEGATE_EVENT_RECOVERED);
	if (why == tdx->reason)
		return;
	tdx->reason = why;
	tg_backend_set_state(be, TEEGATE_STATE_UP, "%s", why);
	if (quarantined)
		pr_notice_ratelimited("%s\n", why);
}

int tg_tdx_add_log(struct tg_tdx *tdx, const struct tg_tdx_mark *mark, const u8 *rtmrs,
		   struct tg_answer *ans)
{
	bool matches = tg_tdx_log_matches(mark, rtmrs);

	if (!matches)
		pr_info_once("no event log in reports: it does not replay to the runtime registers\n");
	tdx->log_left_out = !matches;
	return ans->wants_aux && matches ? tg_answer_put_aux(ans, tdx->log.bytes, mark->len) : 0;
}

static int ask_local(struct tg_tdx *tdx, struct tg_exchange *x)
{
	struct tg_tdx_scratch *scratch = tdx->scratch;
	struct tg_answer *ans = &x->answer;
	struct tg_tdx_mark mark;
	const u8 *rtmrs;
	int err;

	err = tg_tdx_make_tdreport(scratch, x->report_data.bytes, &rtmrs, &ans->fw_status);
	if (!err)
		err = tg_answer_put_report(ans, scratch->report, sizeof(scratch->report));
	tg_tdx_log_mark(&tdx->log, &mark);
	if (!err)
		err = tg_tdx_add_log(tdx, &mark, rtmrs, ans);
	memzero_explicit(scratch, sizeof(*scratch));
	return err;
}

struct extending {
	struct tg_tdx *tdx;
	u64 *ret_status;
};

static int extend(void *ctx, const struct tg_event *event)
{
	struct extending *e = ctx;

	return tg_tdx_rtmr_extend(&e->tdx->rtmr, event, e->ret_status);
}

static int ask_extend(struct tg_tdx *tdx, struct tg_exchange *x)
{
	struct extending e = { .tdx = tdx, .ret_status = &x->answer.fw_status };

	return tg_tdx_log_extend(&tdx->log, x->event, extend, &e);
}

static int tdx_ask(struct tg_backend *be, struct tg_exchange *x)
{
	struct tg_tdx *tdx = be->priv;
	int err = -EOPNOTSUPP;

	switch (x->kind) {
	case TG_ASK_REPORT:
		err = tg_tdx_quote_ask(tdx, x);
		break;
	case TG_ASK_LOCAL:
		err = ask_local(tdx, x);
		break;
	case TG_ASK_EXTEND:
		err = ask_extend(tdx, x);
		break;
	default:
		break;
	}
	show(be);
	return err;
}

static int tdx_poll(struct tg_backend *be, struct tg_exchange *x)
{
	bool was_with_host = x->with_host;
	int err = tg_tdx_quote_poll(be->priv, x);

	/* Not after each of many looks. A host that was busy may have taken the buffer now. */
	if (err != -EINPROGRESS || x->with_host != was_with_host)
		show(be);
	return err;
}

static void tdx_abandon(struct tg_backend *be, struct tg_exchange *x)
{
	tg_tdx_quote_abandon(be->priv, x);
	show(be);
}

static bool tdx_has_room(struct tg_backend *be)
{
	return tg_tdx_slots_has_room(be->priv);
}

static u64 tdx_tend(struct tg_backend *be)
{
	u64 again = tg_tdx_slots_tend(be->priv);

	if (tg_tdx_slots_in(be->priv, TG_SLOT_QUARANTINED) != be->quarantined)
		show(be);
	return again;
}

/*
 * In a TD this leaf is the TDX module's, which no host can change. It tells a processor from a
 * kernel that was made to believe: a software firmware changes variables, not CPUs.
 */
static u64 tdx_taint(void)
{
	u32 eax, sig[3];

	if (cpuid_eax(0) < TDX_CPUID_LEAF_ID)
		return TEEGATE_TAINT_SOFTWARE_FIRMWARE;
	cpuid_count(TDX_CPUID_LEAF_ID, 0, &eax, &sig[0], &sig[2], &sig[1]);
	return memcmp(TDX_IDENT, sig, sizeof(sig)) ? TEEGATE_TAINT_SOFTWARE_FIRMWARE : 0;
}

static void tdx_free(struct tg_tdx *tdx)
{
	tg_tdx_rtmr_exit(&tdx->rtmr);
	tg_tdx_log_exit(&tdx->log);
	kfree_sensitive(tdx->scratch);
	kfree(tdx);
}

/* The worker has given up what was in flight. */
static void tdx_stop(struct tg_backend *be)
{
	struct tg_tdx *tdx = be->priv;

	tg_tdx_slots_exit(tdx);
	tdx_free(tdx);
	be->priv = NULL;
}

/* Firmware wants a TDREPORT at 1 KiB: kmalloc() aligns to that if asked for a power of two. */
static int tdx_alloc(struct tg_tdx *tdx)
{
	tdx->scratch = kzalloc(roundup_pow_of_two(sizeof(*tdx->scratch)), GFP_KERNEL);
	if (!tdx->scratch)
		return -ENOMEM;
	tdx->rtmr.scratch = tdx->scratch;
	return tg_tdx_log_init(&tdx->log, LOG_ROOM) ?: tg_tdx_slots_init(tdx);
}

static int tdx_start(struct tg_backend *be)
{
	struct tg_tdx *tdx = kzalloc(sizeof(*tdx), GFP_KERNEL);
	int err;

	if (!tdx)
		return -ENOMEM;
	err = tdx_alloc(tdx);
	if (err) {
		tdx_free(tdx);
		return err;
	}
	be->priv = tdx;
	be->aux_max = tdx->log.size;
	be->in_flight_max = TG_TDX_QUOTE_BUFFERS;
	show(be);
	return 0;
}

const struct tg_backend_ops tg_tdx_ops = {
	.name = "tdx",
	.provider = TEEGATE_PROVIDER_TDX,
	.transport = TEEGATE_TRANSPORT_DIRECT,
	.firmware_ops = TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT | EXTEND_OPS,
	.report_min = TG_TDX_QUOTE_MIN,
	.report_max = TG_TDX_QUOTE_BUFFER_SIZE - 24,
	.local_size = TDX_REPORT_LEN,
	.makes_buffers = true,
	.taint = tdx_taint,
	.init = tdx_start,
	.exit = tdx_stop,
	.ask = tdx_ask,
	.poll = tdx_poll,
	.abandon = tdx_abandon,
	.has_room = tdx_has_room,
	.tend = tdx_tend,
};
