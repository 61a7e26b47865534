// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reports: what a bound one says, what a raw one may not say, how long one waits and how many may.
 * Signatures are checked by the verifier's own tests; here only what the kernel is answerable for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "scene.h"
#include "sha384.h"
#include "stock.h"
#include "tee.h"

static struct evidence ev, ev2;

/* ---- the ruler itself ---- */

static void expect_sha384(const char *text, const char *want)
{
	char hex[2 * SHA384_SIZE + 1];
	uint8_t d[SHA384_SIZE];

	sha384(text, strlen(text), d);
	for (unsigned int i = 0; i < SHA384_SIZE; i++)
		sprintf(hex + 2 * i, "%02x", d[i]);
	EXPECT(!strcmp(hex, want));
}

/* FIPS 180-4 examples. */
TEST(the_sha384_of_these_tests_is_sha384)
{
	expect_sha384("", "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
		      "274edebfe76f65fbd51ad2f14898b95b");
	expect_sha384("abc", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		      "8086072ba1e7cc2358baeca134c825a7");
	expect_sha384("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
		      "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
		      "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712"
		      "fcc7c71a557e2db966c3e9fa91746039");
}

/* ---- bound reports ---- */

TEST(a_bound_report_is_over_claims_blind_and_user_data)
{
	static const uint32_t lengths[] = { 0, 1, 3, 31, 32, 63, 64 };
	struct lease l = lease_unpinned();
	uint8_t data[64];

	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + 1);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		ASSERT_EQ(report_get(l.fd, 0, data, lengths[i], &ev), 0);
		expect_bound(&ev, data, lengths[i], CLAIMS, strlen(CLAIMS));
	}
}

static struct lease lease_with_claims(const uint8_t *claims, uint32_t len)
{
	struct teegate_create_lease wish = lease_wish(BOTH, NULL);

	wish.claims = (uintptr_t)claims;
	wish.claims_len = len;
	return lease_make(wish);
}

TEST(claims_of_any_length_are_bound_and_returned)
{
	static const uint32_t lengths[] = { 1, 2, 127, 128, 129, 4095, 4096 };
	static uint8_t claims[TEEGATE_CLAIMS_MAX];

	for (size_t i = 0; i < sizeof(claims); i++)
		claims[i] = (uint8_t)(i * 13 + i / 256);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct lease l = lease_with_claims(claims, lengths[i]);

		ASSERT_EQ(report_get(l.fd, 0, "claims", 6, &ev), 0);
		expect_bound(&ev, "claims", 6, claims, lengths[i]);
	}
}

/* The kernel keeps its own copy. */
TEST(claims_cannot_be_changed_after_the_lease_was_made)
{
	uint8_t claims[] = "made by the daemon", copy[sizeof(claims)];
	struct lease l = lease_with_claims(claims, sizeof(claims));

	memcpy(copy, claims, sizeof(claims));
	memset(claims, 'x', sizeof(claims));
	ASSERT_EQ(report_get(l.fd, 0, "c", 1, &ev), 0);
	expect_bound(&ev, "c", 1, copy, sizeof(copy));
}

TEST(two_reports_over_the_same_data_have_different_blinds)
{
	struct lease l = lease_unpinned();

	ASSERT_EQ(report_get(l.fd, 0, "same", 4, &ev), 0);
	ASSERT_EQ(report_get(l.fd, 0, "same", 4, &ev2), 0);
	EXPECT(memcmp(ev.r.blind, ev2.r.blind, sizeof(ev.r.blind)));
	EXPECT(memcmp(report_data_of(&ev), report_data_of(&ev2), SHA384_SIZE));
	expect_bound(&ev, "same", 4, CLAIMS, strlen(CLAIMS));
	expect_bound(&ev2, "same", 4, CLAIMS, strlen(CLAIMS));
}

/* The caller may write rubbish where the kernel puts the blind. */
TEST(a_caller_cannot_choose_the_blind)
{
	struct lease l = lease_unpinned();
	uint8_t wanted[TEEGATE_BLIND_SIZE];

	memset(wanted, 0x77, sizeof(wanted));
	report_wish(&ev, 0, "b", 1);
	memcpy(ev.r.blind, wanted, sizeof(wanted));
	ASSERT_EQ(tg(l.fd, TEEGATE_GET_REPORT, &ev.r), 0);
	EXPECT(memcmp(ev.r.blind, wanted, sizeof(wanted)));
	expect_bound(&ev, "b", 1, CLAIMS, strlen(CLAIMS));
}

static uint32_t word_at(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

TEST(the_report_names_the_vmpl_that_was_asked_for)
{
	struct lease l = lease_unpinned();

	ASSERT_EQ(report_get(l.fd, 0, "v", 1, &ev), 0);
	EXPECT_EQ(word_at(ev.report + 0x30), ev.r.vmpl);
	EXPECT_EQ(ev.r.vmpl, info_of(l.fd).vmpl);
}

TEST(a_bound_report_needs_its_right)
{
	struct lease both = lease_unpinned();
	struct lease raw = lease_make(lease_wish(TEEGATE_OP_RAW_REPORT, CLAIMS));

	EXPECT_EQ(report_try(both.fd), 0);
	EXPECT_EQ(report_try(raw.fd), -EPERM);
	EXPECT_EQ(report_try_raw(raw.fd), 0);
}

/* ---- raw reports ---- */

TEST(a_raw_report_carries_the_callers_bytes_and_zeroes)
{
	static const uint8_t no_blind[TEEGATE_BLIND_SIZE];
	struct lease l = lease_unpinned();
	uint8_t data[64], want[64];

	memset(data, 0x5c, sizeof(data));
	for (uint32_t len = 0; len <= 64; len += 8) {
		memset(want, 0, sizeof(want));
		memcpy(want, data, len);
		ASSERT_EQ(report_get(l.fd, TEEGATE_REPORT_RAW, data, len, &ev), 0);
		EXPECT_MEM(report_data_of(&ev), want, sizeof(want));
		EXPECT_EQ(ev.r.tree_size, 0);
		EXPECT_EQ(ev.r.claims_len, 0);
		EXPECT_EQ(ev.r.path_len, 0);
		EXPECT_MEM(ev.r.blind, no_blind, sizeof(no_blind));
	}
}

TEST(a_raw_report_needs_its_right)
{
	struct lease both = lease_unpinned();
	struct lease bound = lease_make(lease_wish(TEEGATE_OP_REPORT, CLAIMS));

	EXPECT_EQ(report_try_raw(both.fd), 0);
	EXPECT_EQ(report_try_raw(bound.fd), -EPERM);
	EXPECT_EQ(report_try(bound.fd), 0);
}

static int raw_with(int fd, uint32_t at, const char *text, uint32_t len)
{
	uint8_t data[256];

	memset(data, 0x21, sizeof(data));
	memcpy(data + at, text, strlen(text));
	return report_get(fd, TEEGATE_REPORT_RAW, data, len, &ev);
}

TEST(raw_bytes_cannot_claim_to_be_bound_whatever_their_length)
{
	struct lease l = lease_unpinned();

	for (uint32_t len = 56; len <= 64; len++) {
		EXPECT_EQ(raw_with(l.fd, 48, "teegate.", len), 0);
		EXPECT_EQ(raw_with(l.fd, 48, "teegate/", len), -EPERM);
		EXPECT_EQ(raw_with(l.fd, 48, "teegate/bound/v1", len), -EPERM);
		EXPECT_EQ(raw_with(l.fd, 48, "teegate/bound/v2", len), -EPERM);
		EXPECT_EQ(raw_with(l.fd, 48, "teegate/xxxxxxxx", len), -EPERM);
	}
	/* Shorter: the mark is cut off, what firmware sees is zeroes. */
	for (uint32_t len = 48; len < 56; len++)
		EXPECT_EQ(raw_with(l.fd, 48, "teegate/", len), 0);
	EXPECT_EQ(raw_with(l.fd, 47, "teegate/", 64), 0);
	EXPECT_EQ(raw_with(l.fd, 49, "teegate/", 64), 0);
	EXPECT_EQ(raw_with(l.fd, 0, "teegate/bound/v1", 64), 0);
	EXPECT_EQ(raw_with(l.fd, 48, "Teegate/", 64), 0);
	for (uint32_t len = 65; len <= the_tee()->raw_max; len += len < 68 ? 1 : 47) {
		EXPECT_EQ(raw_with(l.fd, 48, "teegate.", len), 0);
		EXPECT_EQ(raw_with(l.fd, 48, "teegate/", len), -EPERM);
		EXPECT_EQ(raw_with(l.fd, 48, "teegate/bound/v1", len), -EPERM);
	}
}

TEST(a_refused_raw_report_never_reaches_firmware)
{
	struct lease l = lease_unpinned();
	struct teegate_get_info before = info_of(l.fd), after;

	EXPECT_EQ(raw_with(l.fd, 48, "teegate/", 64), -EPERM);
	after = info_of(l.fd);
	EXPECT_EQ(after.reports, before.reports);
	EXPECT_EQ(after.errors, before.errors);
	EXPECT_EQ(raw_with(l.fd, 48, "teegate.", 64), 0);
	EXPECT_EQ(info_of(l.fd).reports, before.reports + 1);
}

/* ---- what not every TEE has ---- */

TEST(a_local_report_is_EOPNOTSUPP_where_there_is_none)
{
	struct lease l = lease_unpinned();

	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(report_try_local(l.fd), -EOPNOTSUPP);
	EXPECT_EQ(report_get(l.fd, TEEGATE_REPORT_LOCAL | TEEGATE_REPORT_RAW, "raw", 3, &ev),
		  -EOPNOTSUPP);
}

/* ---- certificates ---- */

/* Entries of 16 bytes GUID, offset, length; a zero entry ends them. */
static unsigned int count_certificates(const uint8_t *table, uint32_t len)
{
	static const uint8_t end[24];
	unsigned int n = 0;
	uint32_t at = 0;

	for (; at + 24 <= len && memcmp(table + at, end, 24); at += 24, n++) {
		uint32_t offset = word_at(table + at + 16), size = word_at(table + at + 20);

		EXPECT(offset >= at + 48 && size && (uint64_t)offset + size <= len);
		if (offset < len)
			EXPECT_EQ(table[offset], 0x30);	/* a DER sequence */
	}
	EXPECT(at + 24 <= len);
	return n;
}

TEST(auxiliary_data_is_the_hosts_certificate_table)
{
	static uint8_t stock[16384];
	struct lease l = lease_unpinned();
	int fd = stock_open();

	ASSERT_EQ(report_get(l.fd, TEEGATE_REPORT_AUX, "aux", 3, &ev), 0);
	expect_bound(&ev, "aux", 3, CLAIMS, strlen(CLAIMS));
	EXPECT(count_certificates(ev.aux, ev.r.aux_len) >= 2);
	ASSERT(fd >= 0 && ev.r.aux_len <= sizeof(stock));
	ASSERT_EQ(stock_certificates(fd, stock, sizeof(stock)), 0);
	EXPECT_MEM(ev.aux, stock, ev.r.aux_len);
	for (size_t i = ev.r.aux_len; i < sizeof(stock); i++) {
		if (!EXPECT_EQ(stock[i], 0))
			break;
	}
}

TEST(auxiliary_data_comes_only_when_asked_for)
{
	struct lease l = lease_unpinned();

	ASSERT_EQ(report_get(l.fd, 0, "aux", 3, &ev), 0);
	EXPECT_EQ(ev.r.aux_len, 0);
	EXPECT_EQ(ev.aux[0], 0xa5);
	ASSERT_EQ(report_get(l.fd, TEEGATE_REPORT_RAW | TEEGATE_REPORT_AUX, "aux", 3, &ev), 0);
	EXPECT(count_certificates(ev.aux, ev.r.aux_len) >= 2);
}

/* ---- deadlines ---- */

static int report_within(int fd, uint32_t ms)
{
	report_wish(&ev, 0, "within", 6);
	ev.r.timeout_ms = ms;
	return tg(fd, TEEGATE_GET_REPORT, &ev.r);
}

TEST(a_deadline_that_passes_in_firmware_is_ETIMEDOUT_and_the_next_request_is_good)
{
	struct lease l = lease_unpinned();
	struct evidence untouched;

	EXPECT_EQ(report_within(l.fd, 30000), 0);
	fw_hold();
	EXPECT_EQ(report_within(l.fd, 300), -ETIMEDOUT);
	memset(&untouched, 0xa5, sizeof(untouched));
	EXPECT_MEM(ev.report, untouched.report, sizeof(ev.report));
	EXPECT_MEM(ev.claims, untouched.claims, sizeof(ev.claims));
	fw_release();
	ASSERT_EQ(report_get(l.fd, 0, "next", 4, &ev), 0);
	expect_bound(&ev, "next", 4, CLAIMS, strlen(CLAIMS));
	EXPECT_EQ(info_of(l.fd).state, TEEGATE_STATE_UP);
}

TEST(a_deadline_that_passes_in_the_queue_is_ETIMEDOUT_at_once)
{
	struct lease l = lease_unpinned();
	struct busy_scene s = busy_scene_make();

	EXPECT_EQ(report_within(l.fd, 300), -ETIMEDOUT);
	EXPECT_EQ(info_of(l.fd).queued, s.queued);
	busy_scene_end(&s);
	EXPECT_EQ(report_within(l.fd, 30000), 0);
	EXPECT_EQ(info_of(l.fd).queued, 0);
}

/* ---- bounds of the queue ---- */

static struct lease lease_with_room_for(uint32_t max_pending)
{
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);

	wish.max_pending = max_pending;
	return lease_make(wish);
}

TEST(more_waiting_requests_than_the_lease_allows_are_EDQUOT)
{
	struct lease l = lease_with_room_for(2);
	struct busy_scene s = busy_scene_make();
	struct asker *a = ask_start(l.fd, 0), *b = ask_start(l.fd, 0);

	WAIT_UNTIL(info_of(s.other.fd).queued == s.queued + 2);
	EXPECT_EQ(report_try(l.fd), -EDQUOT);
	busy_scene_end(&s);
	EXPECT_EQ(ask_result(a), 0);
	EXPECT_EQ(ask_result(b), 0);
	EXPECT_EQ(report_try(l.fd), 0);
}

TEST(narrowed_leases_share_the_room_of_their_parent)
{
	struct lease l = lease_with_room_for(2), child = lease_narrow(l.fd, BOTH);
	struct lease sibling = lease_narrow(l.fd, BOTH);
	struct busy_scene s = busy_scene_make();
	struct asker *a = ask_start(l.fd, 0), *b = ask_start(child.fd, 0);

	WAIT_UNTIL(info_of(s.other.fd).queued == s.queued + 2);
	EXPECT_EQ(report_try(l.fd), -EDQUOT);
	EXPECT_EQ(report_try(child.fd), -EDQUOT);
	EXPECT_EQ(report_try(sibling.fd), -EDQUOT);
	busy_scene_end(&s);
	EXPECT_EQ(ask_result(a), 0);
	EXPECT_EQ(ask_result(b), 0);
	EXPECT_EQ(report_try(sibling.fd), 0);
}

/*
 * As many threads as the queue has room, each on a lease with a little room of its own. Even then
 * whoever has nothing in the queue gets one request in, and no more than that.
 */
TEST_LIMIT(a_full_queue_is_EAGAIN_except_for_a_first_request_and_empties_again, 400)
{
	struct busy_scene s = busy_scene_make();
	struct teegate_get_info info = info_of(s.other.fd);
	unsigned int room = info.queue_max - info.queued, good = 0;
	struct asker **a = calloc(room, sizeof(*a));
	struct lease l = { -1, 0 }, late = lease_unpinned();
	struct asker *first;

	ASSERT(a && room > 0 && room < 10000);
	for (unsigned int i = 0; i < room; i++) {
		if (i % 8 == 0)
			l = lease_with_room_for(8);
		a[i] = ask_start(l.fd, 0);
	}
	WAIT_UNTIL(info_of(s.other.fd).queued == info.queue_max);
	EXPECT_EQ(report_try(s.other.fd), -EAGAIN);
	first = ask_start(late.fd, 0);
	WAIT_UNTIL(info_of(s.other.fd).queued == info.queue_max + 1);
	EXPECT_EQ(report_try(late.fd), -EAGAIN);
	EXPECT_EQ(report_try(s.other.fd), -EAGAIN);
	busy_scene_end(&s);
	EXPECT_EQ(ask_result(first), 0);
	for (unsigned int i = 0; i < room; i++)
		good += ask_result(a[i]) == 0;
	EXPECT_EQ(good, room);
	EXPECT_EQ(info_of(late.fd).queued, 0);
	EXPECT_EQ(report_try(late.fd), 0);
}

/* ---- turns ---- */

#define FLOOD 15

/*
 * One lease fills its room while all slots are busy, then another asks once. First come, first
 * served would answer it last. By turns it is among the first that leave the queue: so the busy
 * ones are answered and one more than there are slots, and the next are held until we have looked.
 */
static void answer_the_first(struct asker *late)
{
	fw_hold_after(2 * the_tee()->slots + 1);
	WAIT_UNTIL(late->done);
}

TEST(a_lease_that_floods_does_not_starve_another)
{
	struct lease flood = lease_with_room_for(FLOOD), late = lease_unpinned();
	struct busy_scene s = busy_scene_make();
	struct asker *a[FLOOD], *one;

	for (unsigned int i = 0; i < FLOOD; i++)
		a[i] = ask_start(flood.fd, 0);
	WAIT_UNTIL(info_of(late.fd).queued == s.queued + FLOOD);
	one = ask_start(late.fd, 0);
	WAIT_UNTIL(info_of(late.fd).queued == s.queued + FLOOD + 1);
	answer_the_first(one);
	EXPECT(info_of(late.fd).queued >= FLOOD - the_tee()->slots);
	busy_scene_end(&s);
	EXPECT_EQ(ask_result(one), 0);
	for (unsigned int i = 0; i < FLOOD; i++)
		EXPECT_EQ(ask_result(a[i]), 0);
}

/* Narrowing buys no turns: all narrowed leases of one workload together have one. */
TEST(narrowed_leases_share_the_turn_of_their_parent)
{
	struct lease top = lease_with_room_for(FLOOD), late = lease_unpinned();
	const unsigned int children = 3 * the_tee()->slots;
	struct busy_scene s = busy_scene_make();
	struct asker *a[3 * MAX_SLOTS], *one;

	for (unsigned int i = 0; i < children; i++)
		a[i] = ask_start(lease_narrow(top.fd, BOTH).fd, 0);
	WAIT_UNTIL(info_of(late.fd).queued == s.queued + children);
	one = ask_start(late.fd, 0);
	WAIT_UNTIL(info_of(late.fd).queued == s.queued + children + 1);
	answer_the_first(one);
	busy_scene_end(&s);
	EXPECT_EQ(ask_result(one), 0);
	for (unsigned int i = 0; i < children; i++)
		EXPECT_EQ(ask_result(a[i]), 0);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
