/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Token buckets, without tokens.
 *
 * DOC: how it works
 *
 * Tokens are not counted, so there is nothing to refill and nothing to overflow. One moment is kept
 * instead: when the bucket would be full again if nobody took anything. Each token that is taken
 * moves it by the interval between two of them; there is none while that moment is farther off than
 * all tokens but one take. All numbers are bounded by TEEGATE_RATE_MAX minutes, which are two
 * years. Times are ktime_get_ns().
 */
#ifndef _TG_BUCKET_H
#define _TG_BUCKET_H

#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include <linux/types.h>

struct tg_bucket {
	u64 interval_ns;	/* 0: no limit */
	u64 slack_ns;		/* what all tokens but one take */
	u64 full_at;
};

/* What was taken under other terms is never worth more than a whole bucket under these. */
static inline void tg_bucket_set(struct tg_bucket *b, u32 per_minute, u32 burst, u64 now)
{
	const u64 minute = 60 * (u64)NSEC_PER_SEC;

	b->interval_ns = per_minute ? div_u64(minute + per_minute - 1, per_minute) : 0;
	b->slack_ns = per_minute ? (burst - 1) * b->interval_ns : 0;
	b->full_at = min(b->full_at, now + b->slack_ns + b->interval_ns);
}

/* Nanoseconds until there is a token, 0 if there is one. */
static inline u64 tg_bucket_wait(const struct tg_bucket *b, u64 now)
{
	u64 debt = b->full_at > now ? b->full_at - now : 0;

	return b->interval_ns && debt > b->slack_ns ? debt - b->slack_ns : 0;
}

static inline void tg_bucket_take(struct tg_bucket *b, u64 now)
{
	if (b->interval_ns)
		b->full_at = max(b->full_at, now) + b->interval_ns;
}

/* It has nothing to remember. */
static inline bool tg_bucket_is_full(const struct tg_bucket *b, u64 now)
{
	return !b->interval_ns || b->full_at <= now;
}

#endif
