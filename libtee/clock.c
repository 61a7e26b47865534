// SPDX-License-Identifier: LGPL-2.1-or-later
/* The clock that deadlines are counted by: nobody sets it, and it stands still in suspend. */
#include <time.h>

#include "context.h"

uint64_t tee_now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}
