/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A token bucket: so much at once, and so much in a minute. Whoever is refused hears when to come back.
 */
#ifndef TEEGATED_BUCKET_H
#define TEEGATED_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* All zero is a full one. @level: what is left, in 60000ths; below 0 a debt. */
struct bucket {
	uint64_t filled_ms;
	int64_t level;
};

/* bucket_take() - takes @n, or nothing and says in how many milliseconds there will be as many. */
bool bucket_take(struct bucket *bucket, uint32_t per_minute, uint32_t burst, uint32_t n, uint64_t now,
		 uint32_t *ret_retry_ms);

/* bucket_charge() - takes @n in any case. */
void bucket_charge(struct bucket *bucket, uint32_t per_minute, uint32_t burst, uint32_t n, uint64_t now);

/* bucket_wait_ms() - until something is in it again; 0: there is. */
uint32_t bucket_wait_ms(struct bucket *bucket, uint32_t per_minute, uint32_t burst, uint64_t now);

#endif
