// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event log: what firmware logged, then what EXTEND does, and a replay of both. It is a
 * statement about registers, so it is given out only beside a report whose registers it explains;
 * what else somebody put into them (root may, through the stock driver) is not guessed.
 *
 * DOC: format
 *
 * TCG PC Client Platform Firmware Profile, 10.2 and 10.4, as the CC event log of UEFI has it
 * (UEFI 2.10, 38.4): one event in the old format that lists the hash algorithms ("Spec ID
 * Event03"), then events in the new one, little-endian and without padding. Register n of the log
 * is RTMR n - 1; 0 is the measurement of the TD itself and has no event that extends it.
 *
 * DOC: whose words
 *
 * The log of firmware lay in memory that firmware and the host of old had at hand. It is walked
 * once, on a private copy, never behind its end, and anything odd in it makes us do without it:
 * what a verifier would refuse must not cost the evidence that it comes with.
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../binding.h"
#include "tdx.h"

#define ALG_SHA384	0x000c
#define EV_NO_ACTION	3
#define EV_IPL		13	/* whose data have no form of TCG */
#define ALGS_MAX	8

/* The first event: TCG_PCClientPCREvent with a TCG_EfiSpecIdEvent in it. */
struct spec_id {
	__le32 index;
	__le32 type;
	u8 digest[20];
	__le32 size;		/* of what follows */
	u8 signature[16];
	__le32 platform_class;
	u8 version_minor;
	u8 version_major;
	u8 errata;
	u8 uintn_size;
	__le32 algs;		/* then so many of struct alg, then a byte and as many as it says */
} __packed;

struct alg {
	__le16 id;
	__le16 size;
} __packed;

static const u8 spec_id_signature[16] = "Spec ID Event03";

/* How many digests follow, then each of them with its algorithm, then the event with its size. */
struct event_head {
	__le32 index;
	__le32 type;
	__le32 digests;
} __packed;

/* What we write ourselves. */
struct own_header {
	struct spec_id id;
	struct alg alg;
	u8 vendor_size;
} __packed;

struct own_event {
	struct event_head head;
	__le16 alg;
	u8 digest[TEEGATE_HASH_SIZE];
	__le32 size;
	u8 bytes[];
} __packed;

static_assert(sizeof(struct own_header) == 65 && sizeof(struct own_event) == 66);

/* ---- reading ---- */

struct reader {
	const u8 *at;
	size_t left;
	struct alg algs[ALGS_MAX];
	u32 algs_used;
};

/* NULL when there is not so much left. */
static const void *take(struct reader *r, size_t n)
{
	const u8 *at = r->at;

	if (n > r->left)
		return NULL;
	r->at += n;
	r->left -= n;
	return at;
}

static int digest_size(const struct reader *r, u16 id)
{
	u32 i;

	for (i = 0; i < r->algs_used; i++)
		if (le16_to_cpu(r->algs[i].id) == id)
			return le16_to_cpu(r->algs[i].size);
	return -EPROTO;
}

/* It has to list the one algorithm that ours will be in. */
static int read_header(struct reader *r)
{
	const struct spec_id *id = take(r, sizeof(*id));
	const struct alg *algs;
	u32 n, size;

	if (!id || le32_to_cpu(id->type) != EV_NO_ACTION ||
	    memcmp(id->signature, spec_id_signature, sizeof(spec_id_signature)))
		return -EPROTO;
	n = le32_to_cpu(id->algs);
	size = le32_to_cpu(id->size);
	if (!n || n > ALGS_MAX || size < sizeof(*id) - offsetof(struct spec_id, signature))
		return -EPROTO;
	size -= sizeof(*id) - offsetof(struct spec_id, signature);
	algs = take(r, size);
	if (!algs || size < n * sizeof(*algs))
		return -EPROTO;
	memcpy(r->algs, algs, n * sizeof(*algs));
	r->algs_used = n;
	return digest_size(r, ALG_SHA384) == TEEGATE_HASH_SIZE ? 0 : -EPROTO;
}

/* The SHA-384 digest of an event, NULL if it has none. */
static int read_digests(struct reader *r, u32 n, const u8 **ret_sha384)
{
	const u8 *digest, *id;
	int size;

	*ret_sha384 = NULL;
	for (; n; n--) {
		id = take(r, sizeof(__le16));
		if (!id)
			return -EPROTO;
		size = digest_size(r, get_unaligned_le16(id));
		digest = size < 0 ? NULL : take(r, size);
		if (!digest)
			return -EPROTO;
		if (get_unaligned_le16(id) != ALG_SHA384)
			continue;
		if (*ret_sha384)
			return -EPROTO;
		*ret_sha384 = digest;
	}
	return 0;
}

/* Firmware fills what it did not use with ones or with zeroes. */
static bool at_end(const struct reader *r)
{
	const struct event_head *head = (const void *)r->at;

	if (r->left < sizeof(*head))
		return true;
	return head->index == cpu_to_le32(U32_MAX) || !memchr_inv(head, 0, sizeof(*head));
}

static int extended(const u8 *value, const u8 *digest, u8 out[TEEGATE_HASH_SIZE])
{
	u8 both[2 * TEEGATE_HASH_SIZE];

	memcpy(both, value, TEEGATE_HASH_SIZE);
	memcpy(both + TEEGATE_HASH_SIZE, digest, TEEGATE_HASH_SIZE);
	return tg_hash(both, sizeof(both), out);
}

static int read_event(struct reader *r, tg_rtmrs rtmr)
{
	const struct event_head *head = take(r, sizeof(*head));
	const u8 *sha384, *size;
	u32 index, n;

	if (!head)
		return -EPROTO;
	index = le32_to_cpu(head->index);
	n = le32_to_cpu(head->digests);
	if (index > TG_TDX_RTMRS || n > ALGS_MAX || read_digests(r, n, &sha384))
		return -EPROTO;
	size = take(r, sizeof(__le32));
	if (!size || !take(r, get_unaligned_le32(size)))
		return -EPROTO;
	if (le32_to_cpu(head->type) == EV_NO_ACTION)
		return 0;
	if (!index || !sha384)
		return -EPROTO;
	return extended(rtmr[index - 1], sha384, rtmr[index - 1]);
}

/* Replays a log into @rtmr; *ret_len is where it ends. */
static int replay(const u8 *bytes, u32 size, tg_rtmrs rtmr, u32 *ret_len)
{
	struct reader r = { .at = bytes, .left = size };
	int err = read_header(&r);

	while (!err && !at_end(&r))
		err = read_event(&r, rtmr);
	if (err) {
		pr_warn("the event log of firmware makes no sense at byte %zu, and is left out\n",
			size - r.left);
		return err;
	}
	*ret_len = size - r.left;
	return 0;
}

/* ---- writing ---- */

static void put_header(struct tg_tdx_log *log)
{
	struct own_header *h = (struct own_header *)log->bytes;

	memset(h, 0, sizeof(*h));
	h->id.type = cpu_to_le32(EV_NO_ACTION);
	h->id.size = cpu_to_le32(sizeof(*h) - offsetof(struct own_header, id.signature));
	memcpy(h->id.signature, spec_id_signature, sizeof(spec_id_signature));
	h->id.version_major = 2;
	h->id.uintn_size = 2;	/* 64 bits */
	h->id.algs = cpu_to_le32(1);
	h->alg.id = cpu_to_le16(ALG_SHA384);
	h->alg.size = cpu_to_le16(TEEGATE_HASH_SIZE);
	log->len = sizeof(*h);
}

static void put_event(struct tg_tdx_log *log, const struct tg_event *event)
{
	struct own_event *e = (struct own_event *)(log->bytes + log->len);

	e->head.index = cpu_to_le32(event->index + 1);
	e->head.type = cpu_to_le32(EV_IPL);
	e->head.digests = cpu_to_le32(1);
	e->alg = cpu_to_le16(ALG_SHA384);
	memcpy(e->digest, event->digest, sizeof(e->digest));
	e->size = cpu_to_le32(event->len);
	memcpy(e->bytes, event->bytes, event->len);
	log->len += sizeof(*e) + event->len;
}

/*
 * Register and log change together: all that can fail comes before, and what @extend says is that
 * the register has changed or that it has not.
 */
int tg_tdx_log_extend(struct tg_tdx_log *log, const struct tg_event *event,
		      int (*extend)(void *ctx, const struct tg_event *event), void *ctx)
{
	u8 *value = log->rtmr[event->index];
	u8 next[TEEGATE_HASH_SIZE];
	int err;

	if (sizeof(struct own_event) + event->len > log->size - log->len)
		return -ENOSPC;
	err = extended(value, event->digest, next);
	if (err)
		return -ENOMEM;
	err = extend(ctx, event);
	if (err)
		return err;
	memcpy(value, next, sizeof(next));
	put_event(log, event);
	return 0;
}

void tg_tdx_log_mark(const struct tg_tdx_log *log, struct tg_tdx_mark *mark)
{
	mark->len = log->len;
	memcpy(mark->rtmr, log->rtmr, sizeof(mark->rtmr));
}

bool tg_tdx_log_matches(const struct tg_tdx_mark *mark, const u8 *rtmrs)
{
	return !memcmp(mark->rtmr, rtmrs, sizeof(mark->rtmr));
}

static int start(struct tg_tdx_log *log, const u8 *ccel, u32 len, u32 room)
{
	log->size = max_t(u32, len, sizeof(struct own_header)) + room;
	log->bytes = kvmalloc(log->size, GFP_KERNEL);
	if (!log->bytes)
		return -ENOMEM;
	if (!len) {
		put_header(log);
		return 0;
	}
	memcpy(log->bytes, ccel, len);
	log->len = len;
	return 0;
}

/* @room: bytes for events of ours. Without a log of firmware, or with a bad one, ours is all. */
int tg_tdx_log_init(struct tg_tdx_log *log, u32 room)
{
	u8 *area = NULL;
	u32 size = 0, len = 0;
	int err = tg_tdx_ccel_read(&area, &size);

	if (err == -ENOMEM)
		return err;
	memset(log, 0, sizeof(*log));
	if (!err && replay(area, size, log->rtmr, &len)) {
		memset(log->rtmr, 0, sizeof(log->rtmr));
		len = 0;
	}
	err = start(log, area, len, room);
	kvfree(area);
	return err;
}

void tg_tdx_log_exit(struct tg_tdx_log *log)
{
	kvfree(log->bytes);
	log->bytes = NULL;
}
