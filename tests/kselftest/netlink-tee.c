// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events about the TEE: what the host and firmware do to it, and what that says to whoever listens.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "modules.h"
#include "nl.h"
#include "scene.h"
#include "tee.h"

static struct nl_message m;

static struct nl listener(void)
{
	struct nl nl = nl_open();

	ASSERT_EQ(nl_join(&nl), 0);
	return nl;
}

/*
 * What is told, but not asked for: leases are the business of another program; and when the module
 * was loaded just now, GET_INFO may have known that it is up before that was told.
 */
static bool is_beside(enum teegate_event wanted)
{
	if (nl_has(&m, TEEGATE_A_LEASE_ID))
		return true;
	return wanted != TEEGATE_EVENT_BACKEND &&
	       nl_number(&m, TEEGATE_A_EVENT) == TEEGATE_EVENT_BACKEND &&
	       nl_number(&m, TEEGATE_A_STATE) == TEEGATE_STATE_UP;
}

static void expect_event(struct nl *nl, enum teegate_event event)
{
	do
		ASSERT(nl_event(nl, &m, (int)(30000 * tap_slow())));
	while (is_beside(event));
	EXPECT_EQ(nl_number(&m, TEEGATE_A_EVENT), event);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_PROVIDER), the_tee()->provider);
}

static void expect_state(struct nl *nl, enum teegate_state state)
{
	do
		expect_event(nl, TEEGATE_EVENT_BACKEND);
	while (nl_number(&m, TEEGATE_A_STATE) != state);
}

static void need_channel(void)
{
	if (!module_loaded(OUR_MODULE) || info_now().state != TEEGATE_STATE_UP)
		everything_anew();
}

/* The host keeps the driver waiting for seconds, and then does not any more. */
TEST_LIMIT(a_host_that_is_slow_is_told_of_and_so_is_its_recovery, 150)
{
	struct lease l;
	struct nl nl;

	need_channel();
	l = lease_unpinned();
	EXPECT_EQ(report_try(l.fd), 0);
	nl = listener();
	fw_fault("busy count=2");
	EXPECT_EQ(report_try(l.fd), 0);
	expect_event(&nl, TEEGATE_EVENT_THROTTLED);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_STATE), TEEGATE_STATE_UP);
	EXPECT_EQ(report_try(l.fd), 0);
	expect_event(&nl, TEEGATE_EVENT_RECOVERED);
}

TEST_LIMIT(a_key_that_is_wiped_is_told_of_once, 150)
{
	struct lease l;
	struct nl nl;

	need_channel();
	l = lease_unpinned();
	EXPECT_EQ(report_try(l.fd), 0);
	nl = listener();
	fw_fault("bad-tag count=1");
	EXPECT_EQ(report_try(l.fd), -EPROTO);
	fw_reset();
	expect_state(&nl, TEEGATE_STATE_LOST);
	expect_event(&nl, TEEGATE_EVENT_KEY_WIPED);
	EXPECT(nl_has(&m, TEEGATE_A_REASON));
	EXPECT_EQ(report_try(l.fd), -ENOKEY);
	EXPECT(!nl_event(&nl, &m, 200));
	close(l.fd);
	everything_anew();
}

/* On kernels where the module goes through the stock driver. */
TEST_LIMIT(a_device_that_goes_and_comes_is_told_of, 150)
{
	struct nl nl;

	need_channel();
	nl = listener();
	fw_device(false);
	expect_state(&nl, TEEGATE_STATE_WAITING);
	EXPECT(nl_has(&m, TEEGATE_A_REASON));
	module_unload(the_tee()->driver);
	fw_device(true);
	module_load(the_tee()->driver);
	expect_state(&nl, TEEGATE_STATE_UP);
	everything_anew();
}

/* TDX: nobody waits for the buffer any more, and then the host gives it back. */
TEST_LIMIT(a_buffer_that_the_host_keeps_is_told_of_and_so_is_its_return, 150)
{
	struct lease l = lease_unpinned();
	static struct evidence ev;
	struct nl nl;

	EXPECT_EQ(report_try(l.fd), 0);
	nl = listener();
	fw_hold();
	report_wish(&ev, 0, "kept", 4);
	ev.r.timeout_ms = 1500;
	EXPECT_EQ(tg(l.fd, TEEGATE_GET_REPORT, &ev.r), -ETIMEDOUT);
	expect_event(&nl, TEEGATE_EVENT_QUARANTINED);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_QUARANTINED), 1);
	fw_release();
	expect_event(&nl, TEEGATE_EVENT_RECOVERED);
	EXPECT_EQ(nl_number(&m, TEEGATE_A_QUARANTINED), 0);
	EXPECT_EQ(report_try(l.fd), 0);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
