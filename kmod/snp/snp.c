// SPDX-License-Identifier: GPL-2.0-only
/*
 * AMD SEV-SNP, what both ways to the firmware have in common: the request, the judgement of what
 * comes back, and what each failure means for the caller and for the channel. No message is
 * encrypted here and no sequence number counted: that stays in the kernel's own code, which shares
 * the one channel of the guest with us.
 *
 * DOC: the channel can be lost
 *
 * Firmware takes messages in sequence, under a key (VMPCK) that the guest has from its secrets
 * page. After nearly any failure the kernel cannot know whether its message was consumed, and
 * wipes the key rather than ever use one number for two messages. Nothing but a restart of the
 * guest brings it back. So no request is repeated here after a failure, with one exception: when
 * the host wants a larger buffer for its certificates, the kernel completes the exchange without
 * them and the channel stays in step.
 */
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/msr-index.h>
#include <asm/sev.h>

#include "notify.h"
#include "snp.h"

/* MSG_REPORT_RSP (AMD 56860): this header, then the report. */
struct msg_report_rsp {
	__le32 status;
	__le32 report_size;
	u8 reserved[24];
	u8 report[TG_SNP_REPORT_SIZE];
} __packed;

static_assert(sizeof(struct msg_report_rsp) <= sizeof(struct snp_report_resp));
static_assert(sizeof_field(struct snp_report_req, user_data) == TG_REPORT_DATA_SIZE);

#define REPORT_DATA_OFFSET	0x50

/* An entry of the certificate table (GHCB specification, extended guest request). */
struct cert_entry {
	u8 guid[16];
	__le32 offset;
	__le32 length;
} __packed;

struct tg_snp {
	struct tg_snp_exchange x;
	unsigned long resume_at;	/* jiffies */
	bool pause;
	bool slow;			/* the last one was */
	u64 look_at;			/* ktime_get_ns(): is the key still there? */
};

static struct tg_snp *snp;	/* the guest has one channel */

/*
 * An exchange that took this long was throttled by the host, and the code below waited. Waiting
 * once more before the next one keeps a busy queue from driving it into its limit of a minute,
 * where the key is wiped. This protects the channel; fairness among workloads is the queue's.
 */
#define SLOW_EXCHANGE	HZ
#define SLOW_PAUSE	(2 * HZ)

static void pace_before(struct tg_snp *s)
{
	long left;

	for (left = s->resume_at - jiffies; s->pause && left > 0; left = s->resume_at - jiffies) {
		if (kthread_should_stop())
			break;
		schedule_timeout_interruptible(left);
	}
	s->pause = false;
}

static void pace_after(struct tg_backend *be, struct tg_snp *s, unsigned long began)
{
	bool was_slow = s->slow;

	s->slow = time_after_eq(jiffies, began + SLOW_EXCHANGE);
	s->pause = s->slow;
	s->resume_at = jiffies + SLOW_PAUSE;
	if (s->slow)
		tg_notify_backend(be, TEEGATE_EVENT_THROTTLED);
	else if (was_slow)
		tg_notify_backend(be, TEEGATE_EVENT_RECOVERED);
}

void tg_snp_set_up(struct tg_backend *be)
{
	tg_backend_set_state(be, TEEGATE_STATE_UP, "%s", "");
}

void tg_snp_set_lost(struct tg_backend *be)
{
	tg_backend_set_state(be, TEEGATE_STATE_LOST,
			     "the key to the SNP firmware was wiped after a failed exchange: restart this guest (kernel log: VMPCK)");
}

static bool fw_answered(u64 exitinfo2)
{
	/* SEV_RET_NO_FW_CALL is -1, in 32 or in 64 bits. */
	return exitinfo2 && exitinfo2 != TG_SNP_NO_FW_CALL && (u32)exitinfo2 != U32_MAX;
}

/*
 * Is the channel gone after a failed exchange? The code below has wiped the key by now, or has not:
 * look, do not guess. In one case it has not and should have: a host that calls a request without
 * a buffer too short has given nothing to firmware, but the message was counted, and firmware
 * refuses all that comes after it.
 */
static bool channel_lost(struct tg_backend *be, int err)
{
	const struct tg_snp_exchange *x = &snp->x;

	if (err == -EIO && !x->certs &&
	    x->exitinfo2 == SNP_GUEST_VMM_ERR(SNP_GUEST_VMM_ERR_INVALID_LEN))
		return true;
	return !tg_snp_transport_key_alive(be);
}

/*
 * What a failed exchange means for the caller. A throttled request that ends in a wiped key is the
 * loss of the channel and no timeout; a lack of memory is harmless before the message is sent, and
 * wipes the key after.
 */
static int exchange_failed(struct tg_backend *be, int err, struct tg_answer *ans)
{
	const struct tg_snp_exchange *x = &snp->x;

	if (err == -EIO && tg_backend_state(be) == TEEGATE_STATE_DEAD)
		return -EIO;
	if (err == -ENODEV || err == -EAGAIN)
		return err;
	if (fw_answered(x->exitinfo2))
		ans->fw_status = x->exitinfo2;
	if (channel_lost(be, err))
		tg_snp_set_lost(be);

	switch (err) {
	case -ENOTTY:
		return -ENOKEY;
	case -ENOMEM:
	case -ETIMEDOUT:
		return tg_backend_state(be) == TEEGATE_STATE_LOST ? -ENOKEY : err;
	case -EIO:
		return ans->fw_status ? -EREMOTEIO : -EPROTO;
	default:
		return -EPROTO;
	}
}

/* Copies the report out of the answer if it is one, and the one that was asked for. */
static int take_report(const struct tg_snp_exchange *x, struct tg_answer *ans)
{
	const struct msg_report_rsp *rsp = (const void *)x->resp.data;

	if (rsp->status) {
		ans->fw_status = le32_to_cpu(rsp->status);
		return -EREMOTEIO;
	}
	if (le32_to_cpu(rsp->report_size) != TG_SNP_REPORT_SIZE)
		return -EPROTO;
	if (memcmp(rsp->report + REPORT_DATA_OFFSET, x->req.user_data, TG_REPORT_DATA_SIZE))
		return -EPROTO;

	memcpy(ans->report, rsp->report, TG_SNP_REPORT_SIZE);
	ans->report_len = TG_SNP_REPORT_SIZE;
	return 0;
}

/*
 * How many bytes at @table are a certificate table: entries up to one of zeroes, and the bodies
 * that they point at. 0 when the host has none. The host wrote it, so nothing in it is true, but
 * we hold a private copy by now, so at least it does not change.
 */
static int certs_used(const u8 *table, size_t size)
{
	const struct cert_entry *entry = (const void *)table;
	size_t end = 0, at = 0;

	for (; at + sizeof(*entry) <= size; at += sizeof(*entry), entry++) {
		u64 body_end = (u64)le32_to_cpu(entry->offset) + le32_to_cpu(entry->length);

		if (!memchr_inv(entry, 0, sizeof(*entry)))
			return at ? max(end, at + sizeof(*entry)) : 0;
		if (body_end > size)
			return -EPROTO;
		end = max_t(size_t, end, body_end);
	}
	return -EPROTO;
}

static int exchange_report(struct tg_backend *be, struct tg_answer *ans)
{
	struct tg_snp_exchange *x = &snp->x;
	int ret;

	x->certs = NULL;
	ret = tg_snp_transport_exchange(be, x);
	if (ret)
		return exchange_failed(be, ret, ans);
	return take_report(x, ans);
}

/*
 * Report and certificates come from one exchange, or not at all: between two of them the guest may
 * have been moved to a chip with other certificates. Hence a host that needs more room is asked
 * again for both, once. To want too much is a refusal; to want what it was given is nonsense.
 */
static int exchange_extended(struct tg_backend *be, struct tg_answer *ans)
{
	struct tg_snp_exchange *x = &snp->x;
	int ret;

	x->certs = ans->aux;
	x->certs_len = TG_SNP_CERTS_FIRST;
	ret = tg_snp_transport_exchange(be, x);
	if (ret == -ENOSPC && x->certs_len > TG_SNP_CERTS_FIRST &&
	    x->certs_len <= TG_SNP_CERTS_MAX)
		ret = tg_snp_transport_exchange(be, x);
	if (ret == -ENOSPC) {
		if (x->certs_len <= TG_SNP_CERTS_FIRST)
			return -EPROTO;
		ans->fw_status = x->exitinfo2;
		return -EREMOTEIO;
	}
	if (ret)
		return exchange_failed(be, ret, ans);

	ret = certs_used(ans->aux, x->certs_len);
	if (ret < 0)
		return ret;
	ans->aux_len = ret;
	return take_report(x, ans);
}

static int exchange_key(struct tg_backend *be, const struct tg_exchange *asked,
			struct tg_answer *ans)
{
	struct tg_snp_exchange *x = &snp->x;
	int ret;

	x->wants_key = true;
	tg_snp_fill_key_req(&x->key_req, asked->root_params);
	ret = tg_snp_transport_exchange(be, x);
	if (ret)
		return exchange_failed(be, ret, ans);
	return tg_snp_take_key(&x->key_resp, ans);
}

static int exchange(struct tg_backend *be, struct tg_exchange *asked)
{
	struct tg_answer *ans = &asked->answer;

	if (asked->kind == TG_ASK_ROOT)
		return exchange_key(be, asked, ans);
	return ans->aux ? exchange_extended(be, ans) : exchange_report(be, ans);
}

static int snp_ask(struct tg_backend *be, struct tg_exchange *asked)
{
	struct tg_snp_exchange *x = &snp->x;
	struct tg_answer *ans = &asked->answer;
	unsigned long began;
	int ret;

	if (tg_backend_state(be) == TEEGATE_STATE_LOST)
		return -ENOKEY;

	ans->report_len = 0;
	ans->aux_len = 0;
	ans->fw_status = 0;
	memset(x, 0, sizeof(*x));
	memcpy(x->req.user_data, asked->report_data.bytes, TG_REPORT_DATA_SIZE);
	x->req.vmpl = be->vmpl;

	pace_before(snp);
	began = jiffies;
	ret = exchange(be, asked);
	pace_after(be, snp, began);

	memzero_explicit(x, sizeof(*x));
	return ret;
}

/*
 * The kernel believes in SNP because SEV_STATUS said so at boot. The CPU answers a read of this
 * register itself and a hypervisor cannot intercept it in an SEV guest (AMD64 Architecture
 * Programmer's Manual, volume 2, 15.34.10), so reading it again tells real hardware from a kernel
 * that was made to believe: a software firmware changes variables, not CPUs.
 */
static u64 snp_taint(void)
{
	u64 status;

	if (!rdmsrq_safe(MSR_AMD64_SEV, &status) && status & MSR_AMD64_SEV_SNP_ENABLED)
		return 0;
	return TEEGATE_TAINT_SOFTWARE_FIRMWARE;
}

/*
 * The key is shared with the stock driver, so somebody else's exchange may lose it while nobody
 * asks us. Whoever reads GET_INFO should not be the last to hear. To look costs no call of
 * firmware, and at worst the time for which another user of the channel has it locked.
 */
#define LOOK_AGAIN_NS	(5ULL * NSEC_PER_SEC)

static u64 snp_tend(struct tg_backend *be)
{
	u64 now = ktime_get_ns();

	if (tg_backend_state(be) != TEEGATE_STATE_UP)
		return U64_MAX;
	if (now >= snp->look_at) {
		snp->look_at = now + LOOK_AGAIN_NS;
		if (!tg_snp_transport_key_alive(be))
			tg_snp_set_lost(be);
	}
	return snp->look_at;
}

static void snp_stop(struct tg_backend *be)
{
	tg_snp_transport_exit(be);
	kfree_sensitive(snp);
	snp = NULL;
}

static int snp_start(struct tg_backend *be)
{
	int ret;

	snp = kzalloc(sizeof(*snp), GFP_KERNEL);
	if (!snp)
		return -ENOMEM;

	be->vmpl = snp_vmpl;
	ret = tg_snp_transport_init(be);
	if (ret) {
		kfree(snp);
		snp = NULL;
	}
	return ret;
}

const struct tg_backend_ops tg_snp_ops = {
	.name = "sev-snp",
	.provider = TEEGATE_PROVIDER_SEV_SNP,
	.transport = TG_SNP_TRANSPORT,
	.firmware_ops = TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT | TEEGATE_OP_DERIVE_KEY |
			TEEGATE_OP_SEAL,
	.report_min = TG_SNP_REPORT_SIZE,
	.report_max = TG_SNP_REPORT_SIZE,
	.aux_max = TG_SNP_CERTS_MAX,
	.taint = snp_taint,
	.init = snp_start,
	.exit = snp_stop,
	.attach = tg_snp_transport_attach,
	.ask = snp_ask,
	.tend = snp_tend,
};
