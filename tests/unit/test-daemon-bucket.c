// SPDX-License-Identifier: GPL-2.0-or-later
/* Token buckets: daemon/bucket.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bucket.h"

static const uint64_t start = 5000000;

static void so_many_at_once_and_then_at_the_rate(void **state)
{
	struct bucket bucket = { 0 };
	uint32_t retry = 0;
	int granted = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		granted += bucket_take(&bucket, 60, 10, 1, start, &retry) ? 1 : 0;
	assert_int_equal(granted, 10);
	/* A minute later only the burst is there again, not all that the minute would have given. */
	for (int i = 0; i < 100; i++)
		granted += bucket_take(&bucket, 60, 10, 1, start + 60000, &retry) ? 1 : 0;
	assert_int_equal(granted, 20);
	/* In ten minutes of asking all the time: ten minutes' worth. */
	for (uint64_t t = start + 60000; t < start + 660000; t += 10)
		granted += bucket_take(&bucket, 60, 10, 1, t, &retry) ? 1 : 0;
	assert_in_range(granted, 20 + 599, 20 + 600);
}

static void the_hint_is_exact(void **state)
{
	static const uint32_t rates[] = { 1, 7, 60, 1200, 600000 };

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct bucket bucket = { 0 };
		uint32_t retry = 0;

		assert_true(bucket_take(&bucket, rates[i], 3, 3, start, &retry));
		assert_false(bucket_take(&bucket, rates[i], 3, 1, start, &retry));
		assert_int_equal(retry, (60000 + rates[i] - 1) / rates[i]);
		if (retry > 1)
			assert_false(bucket_take(&bucket, rates[i], 3, 1, start + retry - 1, &retry));
		assert_true(bucket_take(&bucket, rates[i], 3, 1, start + (60000 + rates[i] - 1) / rates[i],
					&retry));
	}
}

static void a_debt_is_paid_before_anything_else(void **state)
{
	struct bucket bucket = { 0 };
	uint32_t retry = 0;

	(void)state;
	assert_int_equal(bucket_wait_ms(&bucket, 1000, 1000, start), 0);
	bucket_charge(&bucket, 1000, 1000, 3000, start);
	assert_int_equal(bucket_wait_ms(&bucket, 1000, 1000, start), 120001);
	assert_true(bucket_wait_ms(&bucket, 1000, 1000, start + 119999) > 0);
	assert_int_equal(bucket_wait_ms(&bucket, 1000, 1000, start + 120001), 0);
	assert_false(bucket_take(&bucket, 1000, 1000, 1, start + 120001, &retry));
}

static void nothing_overflows(void **state)
{
	struct bucket bucket = { 0 };
	uint32_t retry = 0;

	(void)state;
	assert_true(bucket_take(&bucket, UINT32_MAX, UINT32_MAX, UINT32_MAX, start, &retry));
	assert_false(bucket_take(&bucket, UINT32_MAX, UINT32_MAX, UINT32_MAX, start, &retry));
	assert_true(bucket_take(&bucket, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT64_MAX, &retry));
	bucket = (struct bucket){ 0 };
	assert_true(bucket_take(&bucket, 1, UINT32_MAX, UINT32_MAX, start, &retry));
	assert_false(bucket_take(&bucket, 1, UINT32_MAX, UINT32_MAX, start, &retry));
	assert_int_equal(retry, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_at_once_and_then_at_the_rate),
		cmocka_unit_test(the_hint_is_exact),
		cmocka_unit_test(a_debt_is_paid_before_anything_else),
		cmocka_unit_test(nothing_overflows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
