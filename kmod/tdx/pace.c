// SPDX-License-Identifier: GPL-2.0-only
/*
 * When to look whether the host has answered. GetQuote has an interrupt for that which no kernel
 * sets up, so one has to look; the stock driver does once a second, and a host needs milliseconds.
 *
 * DOC: how often
 *
 * Hosts are steady: most answers take what the last ones took. So most of that time is slept away,
 * and then it is looked at in steps of some tens of microseconds, which grow with the time that the
 * answer is late. A steady host's answer is noticed almost at once, after a handful of looks; one
 * that is suddenly slow costs ever fewer of them, and is noticed within an eighth of its delay; one
 * that is suddenly fast is noticed late at first, until the estimate has followed.
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>

#include "tdx.h"

/* Not before this part of the usual time. */
#define EARLY_NUM	15
#define EARLY_DEN	16
/* A host that was slow may be fast the next time: never sleep longer in one go. */
#define EARLY_MAX	(16 * (u64)NSEC_PER_MSEC)

#define STEP_PART	8	/* of how late it is */
#define STEP_MIN	(30 * (u64)NSEC_PER_USEC)
#define STEP_MAX	(4 * (u64)NSEC_PER_MSEC)

#define LATENCY_MAX	(2 * (u64)NSEC_PER_SEC)
#define PATIENCE_MIN	((u64)NSEC_PER_SEC)
#define PATIENCE_FACTOR	8

u64 tg_pace_next(const struct tg_pace *pace, u64 asked_at, u64 now)
{
	u64 early = min(pace->latency_ns * EARLY_NUM / EARLY_DEN, EARLY_MAX);
	u64 passed = now - asked_at;

	if (passed < early)
		return asked_at + early;
	return now + clamp((passed - early) / STEP_PART, STEP_MIN, STEP_MAX);
}

/*
 * A quarter of what is new, and no more than it could have grown to: one odd answer does not spoil
 * what many have taught. An answer that was there at the first look may have come long before.
 */
void tg_pace_learn(struct tg_pace *pace, u64 took, bool at_first_look)
{
	u64 known = pace->latency_ns;

	if (!known) {
		pace->latency_ns = min(took, LATENCY_MAX);
		return;
	}
	if (at_first_look)
		took = min(took, known * 3 / 4);
	took = min3(took, 2 * known + STEP_MIN, LATENCY_MAX);
	pace->latency_ns = (3 * known + took) / 4;
}

/* How long until a host seems to be stuck, rather than slow. */
u64 tg_pace_patience(const struct tg_pace *pace)
{
	return max(PATIENCE_MIN, PATIENCE_FACTOR * pace->latency_ns);
}
