// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest without any TEE, and without any software firmware either: the device is there, says
 * that there is nothing and why, and all but reports works.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kit.h"
#include "modules.h"
#include "scene.h"

static void expect_nothing_there(const struct teegate_get_info *i)
{
	EXPECT_EQ(i->provider, TEEGATE_PROVIDER_NONE);
	EXPECT_EQ(i->transport, TEEGATE_TRANSPORT_NONE);
	EXPECT_EQ(i->state, TEEGATE_STATE_ABSENT);
	EXPECT_EQ(i->firmware_ops, 0);
	EXPECT_EQ(i->taint, 0);
	EXPECT_EQ(i->in_flight_max, 0);
}

TEST(the_device_is_there_and_says_why_nothing_else_is)
{
	struct teegate_get_info i = info_now();

	expect_nothing_there(&i);
	EXPECT(i.module_ops & TEEGATE_OP_REPORT);
	ASSERT(memchr(i.reason, 0, sizeof(i.reason)));
	EXPECT(strlen((char *)i.reason) > 20);
	tap_note("%s", (char *)i.reason);
}

TEST(reports_are_ENODEV_and_leases_work)
{
	struct lease l = lease_for_everything(), child = lease_narrow(l.fd, BOTH);
	struct teegate_get_info i = info_of(l.fd);

	expect_nothing_there(&i);
	EXPECT_EQ(report_try(l.fd), -ENODEV);
	EXPECT_EQ(report_try_raw(child.fd), -ENODEV);
	EXPECT_EQ(report_try_local(child.fd), -ENODEV);
	EXPECT_EQ(extend_try(l.fd, 3, "e", 1), -ENODEV);
	EXPECT_EQ(extend_try(child.fd, 3, "e", 1), -EPERM);
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	expect_gone(child.fd);
}

TEST(the_module_comes_and_goes)
{
	for (unsigned int n = 0; n < 10; n++) {
		struct lease l = lease_unpinned();

		EXPECT_EQ(report_try(l.fd), -ENODEV);
		close(l.fd);
		module_unload(OUR_MODULE);
		EXPECT(access(TEEGATE_DEVICE, F_OK));
		module_load(OUR_MODULE);
	}
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
