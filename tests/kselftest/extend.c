// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * EXTEND: who may add an event to a runtime register, how much, and what the register then says.
 * That the log always replays to the registers is the business of extend-log.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "eventlog.h"
#include "fw.h"
#include "kit.h"
#include "registers.h"
#include "scene.h"
#include "stock.h"
#include "tee.h"

static const char event[] = "an event";

#define EVENT event, (uint32_t)strlen(event)

/* ---- where it cannot be done ---- */

TEST(without_a_way_to_extend_it_is_EOPNOTSUPP_and_GET_INFO_says_so)
{
	struct lease l = lease_for_everything();
	struct teegate_get_info i = info_of(l.fd);

	EXPECT(i.module_ops & TEEGATE_OP_EXTEND);
	EXPECT(!(i.firmware_ops & TEEGATE_OP_EXTEND));
	/* Where another kernel would help. */
	if (tee_is("tdx"))
		EXPECT(strstr((char *)i.reason, "EXTEND does not, it needs Linux 6.16"));
	EXPECT_EQ(extend_try(l.fd, 2, EVENT), -EOPNOTSUPP);
	EXPECT_EQ(extend_try(l.fd, 3, EVENT), -EOPNOTSUPP);
	EXPECT_EQ(report_try(l.fd), 0);
}

/* ---- what a register says ---- */

TEST(an_event_goes_into_its_register_and_no_other)
{
	struct lease l = lease_for_everything();
	struct registers before, after;
	uint8_t digest[SHA384_SIZE];

	for (uint32_t index = 2; index <= 3; index++) {
		struct teegate_extend x = extend_wish(index, EVENT);

		before = registers_now(l.fd);
		ASSERT_EQ(tg(l.fd, TEEGATE_EXTEND, &x), 0);
		EXPECT_EQ(x.fw_status, 0);
		event_digest(CLAIMS, (uint32_t)strlen(CLAIMS), EVENT, digest);
		EXPECT_MEM(x.digest, digest, sizeof(digest));
		register_extend(&before, index, digest);
		after = registers_now(l.fd);
		EXPECT_MEM(&after, &before, sizeof(after));
	}
}

TEST(events_of_any_length_are_in_the_digest)
{
	static const uint32_t lengths[] = { 1, 2, 63, 64, 127, 128, 1023, 1024 };
	struct lease l = lease_for_everything();
	struct registers before, after;
	uint8_t bytes[TEEGATE_EVENT_MAX], digest[SHA384_SIZE];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 11 + i / 256);
	before = registers_now(l.fd);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		ASSERT_EQ(extend_try(l.fd, 2, bytes, lengths[i]), 0);
		event_digest(CLAIMS, (uint32_t)strlen(CLAIMS), bytes, lengths[i], digest);
		register_extend(&before, 2, digest);
	}
	after = registers_now(l.fd);
	EXPECT_MEM(&after, &before, sizeof(after));
}

static struct lease lease_with_bounds(const char *claims, uint32_t events, uint32_t bytes)
{
	struct teegate_create_lease wish = lease_wish(BOTH | TEEGATE_OP_EXTEND, claims);

	wish.extend_max = events;
	wish.extend_bytes_max = bytes;
	return lease_make(wish);
}

/* Or else one workload could log in the name of another. */
TEST(the_digest_is_over_the_claims_of_the_lease)
{
	struct lease one = lease_with_bounds("one", 9, 999), two = lease_with_bounds("two", 9, 999);
	struct teegate_extend x = extend_wish(3, EVENT), y = extend_wish(3, EVENT);
	uint8_t digest[SHA384_SIZE];

	ASSERT_EQ(tg(one.fd, TEEGATE_EXTEND, &x), 0);
	ASSERT_EQ(tg(two.fd, TEEGATE_EXTEND, &y), 0);
	event_digest("one", 3, EVENT, digest);
	EXPECT_MEM(x.digest, digest, sizeof(digest));
	event_digest("two", 3, EVENT, digest);
	EXPECT_MEM(y.digest, digest, sizeof(digest));
}

/* The driver keeps the register's value: an extend that it does not know of makes it wrong. */
TEST(the_stock_driver_shows_the_register_as_it_is)
{
	struct lease l = lease_for_everything();
	struct registers now;
	uint8_t shown[SHA384_SIZE];

	for (uint32_t index = 2; index <= 3; index++) {
		ASSERT_EQ(stock_register(index, shown), 0);
		ASSERT_EQ(extend_try(l.fd, index, EVENT), 0);
		ASSERT_EQ(stock_register(index, shown), 0);
		now = registers_now(l.fd);
		EXPECT_MEM(shown, now.rtmr[index], sizeof(shown));
	}
}

/* ---- who may ---- */

static void expect_unchanged_by(const struct registers *before, int fd)
{
	struct registers after = registers_now(fd);

	EXPECT_MEM(&after, before, sizeof(after));
}

TEST(extending_needs_its_right)
{
	struct lease l = lease_unpinned(), may = lease_for_everything();
	struct lease child = lease_narrow(may.fd, BOTH);
	struct registers before = registers_now(l.fd);

	EXPECT_EQ(extend_try(l.fd, 3, EVENT), -EPERM);
	EXPECT_EQ(extend_try(child.fd, 3, EVENT), -EPERM);
	EXPECT_EQ(extend_try(l.fd, 1, EVENT), -EPERM);
	expect_unchanged_by(&before, l.fd);
	EXPECT_EQ(extend_try(may.fd, 3, EVENT), 0);
}

TEST(the_registers_of_firmware_are_refused_to_everybody)
{
	struct lease l = lease_for_everything();
	struct registers before = registers_now(l.fd);

	EXPECT_EQ(extend_try(l.fd, 0, EVENT), -EINVAL);
	EXPECT_EQ(extend_try(l.fd, 1, EVENT), -EINVAL);
	EXPECT_EQ(extend_try(l.fd, 4, EVENT), -EINVAL);
	expect_unchanged_by(&before, l.fd);
	EXPECT_EQ(extend_try(l.fd, 2, EVENT), 0);
}

static void extend_in_cgroups(void *arg)
{
	struct cgroup_scene *s = arg;

	cgroup_enter(s->beside);
	EXPECT_EQ(extend_try(s->lease.fd, 3, EVENT), -EPERM);
	cgroup_enter(s->outer);
	EXPECT_EQ(extend_try(s->lease.fd, 3, EVENT), 0);
}

TEST(the_cgroup_pin_holds_for_EXTEND)
{
	struct teegate_create_lease wish = lease_wish(BOTH | TEEGATE_OP_EXTEND, CLAIMS);
	struct cgroup_scene s = cgroup_scene_make();

	wish.extend_max = 1;
	wish.extend_bytes_max = 100;
	wish.flags = 0;
	wish.cgroup_fd = cgroup_open(s.outer);
	s.lease = lease_make(wish);
	/* There is one event in the lease: the refused one was not charged. */
	in_child(extend_in_cgroups, &s);
}

TEST(a_revoked_lease_extends_nothing)
{
	struct lease l = lease_for_everything(), other = lease_unpinned();
	struct registers before;

	EXPECT_EQ(extend_try(l.fd, 3, EVENT), 0);
	before = registers_now(other.fd);
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	EXPECT_EQ(extend_try(l.fd, 3, EVENT), -ESTALE);
	expect_unchanged_by(&before, other.fd);
}

/* ---- how much ---- */

TEST(events_above_the_bound_are_EDQUOT)
{
	struct lease l = lease_with_bounds(CLAIMS, 3, 1000), other = lease_for_everything();
	struct registers before;

	for (unsigned int i = 0; i < 3; i++)
		EXPECT_EQ(extend_try(l.fd, 2 + i % 2, EVENT), 0);
	before = registers_now(l.fd);
	EXPECT_EQ(extend_try(l.fd, 2, EVENT), -EDQUOT);
	EXPECT_EQ(extend_try(l.fd, 3, EVENT), -EDQUOT);
	expect_unchanged_by(&before, l.fd);
	/* Reports are not events, and others have bounds of their own. */
	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(extend_try(other.fd, 3, EVENT), 0);
}

TEST(bytes_of_events_above_the_bound_are_EDQUOT)
{
	struct lease l = lease_with_bounds(CLAIMS, 1000, 10);

	EXPECT_EQ(extend_try(l.fd, 3, "1234567", 7), 0);
	EXPECT_EQ(extend_try(l.fd, 3, "1234", 4), -EDQUOT);
	EXPECT_EQ(extend_try(l.fd, 3, "123", 3), 0);
	EXPECT_EQ(extend_try(l.fd, 3, "1", 1), -EDQUOT);
}

TEST(narrowed_leases_share_the_bounds_of_their_parent)
{
	struct lease l = lease_with_bounds(CLAIMS, 3, 1000);
	struct lease child = lease_narrow(l.fd, BOTH | TEEGATE_OP_EXTEND);
	struct lease sibling = lease_narrow(l.fd, BOTH | TEEGATE_OP_EXTEND);
	struct lease grandchild = lease_narrow(child.fd, TEEGATE_OP_EXTEND);

	EXPECT_EQ(extend_try(child.fd, 3, EVENT), 0);
	EXPECT_EQ(extend_try(grandchild.fd, 3, EVENT), 0);
	close(child.fd);
	close(grandchild.fd);
	EXPECT_EQ(extend_try(l.fd, 3, EVENT), 0);
	EXPECT_EQ(extend_try(sibling.fd, 3, EVENT), -EDQUOT);
	EXPECT_EQ(extend_try(l.fd, 3, EVENT), -EDQUOT);
	sibling = lease_narrow(l.fd, TEEGATE_OP_EXTEND);
	EXPECT_EQ(extend_try(sibling.fd, 3, EVENT), -EDQUOT);
}

TEST(narrowed_leases_share_the_bytes_of_their_parent)
{
	struct lease l = lease_with_bounds(CLAIMS, 1000, 10);
	struct lease child = lease_narrow(l.fd, TEEGATE_OP_EXTEND);

	EXPECT_EQ(extend_try(child.fd, 3, "1234567", 7), 0);
	EXPECT_EQ(extend_try(l.fd, 3, "1234", 4), -EDQUOT);
	EXPECT_EQ(extend_try(l.fd, 3, "123", 3), 0);
}

/* A mistake costs no event. (Nor does a TEE that refuses: extend-faults.c.) */
TEST(what_did_not_happen_is_not_charged)
{
	struct lease l = lease_with_bounds(CLAIMS, 1, 1000);
	struct teegate_extend x = extend_wish(3, EVENT);

	EXPECT_EQ(extend_try(l.fd, 0, EVENT), -EINVAL);
	EXPECT_EQ(extend_try(l.fd, 3, event, 0), -EINVAL);
	EXPECT_EQ(extend_try(l.fd, 3, (void *)8, 8), -EFAULT);
	x.flags = 1;
	EXPECT_EQ(tg(l.fd, TEEGATE_EXTEND, &x), -EINVAL);
	EXPECT_EQ(extend_try(l.fd, 3, EVENT), 0);
	EXPECT_EQ(extend_try(l.fd, 3, EVENT), -EDQUOT);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
