// SPDX-License-Identifier: GPL-2.0-or-later
/* Runtime registers, see registers.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "modules.h"
#include "registers.h"

/* TDX module ABI: TDINFO holds the RTMRs from 208; see tee.c for where that stands. */
#define TDREPORT_RTMRS	(512 + 208)
#define BODY_DATA	520
#define BODY_RTMRS	(120 + 208)

struct registers registers_of(const struct evidence *ev)
{
	const uint8_t *data = report_data_of(ev), *at = data - BODY_DATA + BODY_RTMRS;
	struct registers r;

	if (ev->r.flags & TEEGATE_REPORT_LOCAL)
		at = ev->report + TDREPORT_RTMRS;
	memcpy(&r, at, sizeof(r));
	return r;
}

struct registers registers_now(int fd)
{
	struct evidence *ev = malloc(sizeof(*ev));
	struct registers r;

	ASSERT(ev);
	ASSERT_EQ(report_get(fd, TEEGATE_REPORT_LOCAL, "now", 3, ev), 0);
	r = registers_of(ev);
	free(ev);
	return r;
}

void register_extend(struct registers *r, uint32_t index, const uint8_t digest[SHA384_SIZE])
{
	uint8_t both[2 * SHA384_SIZE];

	memcpy(both, r->rtmr[index], SHA384_SIZE);
	memcpy(both + SHA384_SIZE, digest, SHA384_SIZE);
	sha384(both, sizeof(both), r->rtmr[index]);
}

int expect_log(const struct evidence *ev)
{
	struct registers want = registers_of(ev), got;
	int n = log_replay(ev->aux, ev->r.aux_len, got.rtmr);

	EXPECT(n > 0);
	EXPECT_MEM(&got, &want, sizeof(got));
	return n;
}

int log_now(int fd, struct evidence *ev)
{
	ASSERT_EQ(report_get(fd, TEEGATE_REPORT_AUX, "log", 3, ev), 0);
	return expect_log(ev);
}

void need_log(void)
{
	struct evidence *ev = malloc(sizeof(*ev));
	struct lease l;
	bool there;

	ASSERT(ev);
	if (module_loaded(OUR_MODULE)) {
		l = lease_unpinned();
		there = report_get(l.fd, TEEGATE_REPORT_AUX, "log", 3, ev) == 0 &&
			ev->r.aux_len > 0;
		close(l.fd);
		if (there)
			goto out;
	}
	everything_anew();
out:
	free(ev);
}
