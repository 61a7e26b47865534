// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In 60000ths of a token, so that a rate per minute is a whole number per millisecond and nothing is
 * lost by looking often. Rate and burst are given each time: a reload of policy may change them.
 */
#include "bucket.h"

#define UNITS		INT64_C(60000)
#define PASSED_MAX_MS	(24 * 3600 * UINT64_C(1000))	/* keeps the product below 2^63 */

static void refill(struct bucket *bucket, uint32_t per_minute, uint32_t burst, uint64_t now)
{
	const int64_t full = burst * UNITS;
	uint64_t passed = now - bucket->filled_ms;

	if (!bucket->filled_ms)
		bucket->level = full;
	else
		bucket->level += (int64_t)((passed < PASSED_MAX_MS ? passed : PASSED_MAX_MS) * per_minute);
	if (bucket->level > full)
		bucket->level = full;
	bucket->filled_ms = now;
}

/* Rounded up, so that who comes back then is not too early. */
static uint32_t wait_for(const struct bucket *bucket, int64_t level, uint32_t per_minute)
{
	int64_t ms = (level - bucket->level + per_minute - 1) / per_minute;

	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

bool bucket_take(struct bucket *bucket, uint32_t per_minute, uint32_t burst, uint32_t n, uint64_t now,
		 uint32_t *ret_retry_ms)
{
	refill(bucket, per_minute, burst, now);
	if (bucket->level < n * UNITS) {
		*ret_retry_ms = wait_for(bucket, n * UNITS, per_minute);
		return false;
	}
	bucket->level -= n * UNITS;
	return true;
}

void bucket_charge(struct bucket *bucket, uint32_t per_minute, uint32_t burst, uint32_t n, uint64_t now)
{
	refill(bucket, per_minute, burst, now);
	bucket->level -= n * UNITS;
}

uint32_t bucket_wait_ms(struct bucket *bucket, uint32_t per_minute, uint32_t burst, uint64_t now)
{
	refill(bucket, per_minute, burst, now);
	return bucket->level > 0 ? 0 : wait_for(bucket, 1, per_minute);
}
