// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What <linux/teegate.h> says about every ioctl, part three: what is written back and what is not,
 * what GET_INFO says. Built twice, the second time for 32 bits: both must see the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "commands.h"
#include "keys-kit.h"
#include "stock.h"
#include "tee.h"

/* ---- what is written ---- */

static void check_canary(const struct command *c, int fd)
{
	static uint8_t room[3 * PAGE], after[2 * PAGE];

	for (uint32_t size = c->first; size <= PAGE;
	     size = size < c->size ? c->size : size * 2 + 1) {
		fill(c, &req);
		req.head.size = size;
		memset(room, 0xc3, sizeof(room));
		memset(after, 0xc3, sizeof(after));
		memcpy(room, &req, size);
		if (!EXPECT_EQ(tg(fd, c->nr, room), good_in(c, size)))
			continue;
		memcpy(&req, room, c->first);
		if (!good_in(c, size))
			clean(c, &req);
		EXPECT_MEM(room + size, after, sizeof(after));
		if (size <= c->size)
			continue;
		memset(after, 0, size - c->size);
		EXPECT_MEM(room + c->size, after, size - c->size);
	}
}

TEST(nothing_beyond_the_callers_size_is_written)
{
	for_each_command(check_canary);
}

static void check_canary_on_failure(const struct command *c, int fd)
{
	static uint8_t room[2 * PAGE], after[PAGE];

	memset(room, 0xc3, sizeof(room));
	memset(after, 0xc3, sizeof(after));
	fill(c, &req);
	req.head.flags = 1U << 31;
	memcpy(room, &req, c->size);
	EXPECT_EQ(tg(fd, c->nr, room), -EINVAL);
	EXPECT_MEM(room + c->size, after, sizeof(after));
	for (uint32_t size = 8; size < c->first; size += 8) {
		memset(room, 0xc3, sizeof(room));
		fill(c, &req);
		req.head.size = size;
		memcpy(room, &req, size);
		EXPECT_EQ(tg(fd, c->nr, room), -EINVAL);
		EXPECT_MEM(room + size, after, sizeof(after));
	}
}

TEST(nothing_beyond_the_callers_size_is_written_on_failure)
{
	for_each_command(check_canary_on_failure);
}

/* The same question with two different kinds of rubbish in all outputs gives the same answer. */
TEST(get_info_sets_every_output)
{
	struct teegate_get_info a, b;
	size_t n;

	make_scene();
	for (unsigned int i = 0; i < 2; i++) {
		int fd = i ? scene.lease.fd : scene.session;

		memset(&a, 0xaa, sizeof(a));
		memset(&b, 0x55, sizeof(b));
		a.size = b.size = sizeof(a);
		a.flags = b.flags = 0;
		EXPECT_EQ(tg(fd, TEEGATE_GET_INFO, &a), 0);
		EXPECT_EQ(tg(fd, TEEGATE_GET_INFO, &b), 0);
		EXPECT_MEM(&a, &b, sizeof(a));
		EXPECT_EQ(a.size, sizeof(a));
		EXPECT_EQ(a.reserved, 0);
		EXPECT_EQ(a.reserved2, 0);
		EXPECT_EQ(a.reserved3, 0);
		EXPECT_EQ(a.retry_after_ms, 0);
		EXPECT(a.roots & 1U << a.root_active);
		n = strnlen((char *)a.reason, sizeof(a.reason));
		ASSERT(n < sizeof(a.reason));
		for (; n < sizeof(a.reason); n++)
			EXPECT_EQ(a.reason[n], 0);
	}
}

TEST(rubbish_in_outputs_changes_nothing)
{
	struct teegate_create_lease c;
	struct teegate_narrow n;

	make_scene();
	c = lease_wish(TEEGATE_OP_REPORT, CLAIMS);
	c.lease_fd = 0x55555555;
	c.lease_id = 0xaaaaaaaaaaaaaaaa;
	ASSERT_EQ(tg(scene.session, TEEGATE_CREATE_LEASE, &c), 0);
	EXPECT_EQ(info_of(c.lease_fd).lease_id, c.lease_id);
	n = narrow_wish(TEEGATE_OP_REPORT);
	n.lease_fd = 0x55555555;
	n.lease_id = 0xaaaaaaaaaaaaaaaa;
	ASSERT_EQ(tg(c.lease_fd, TEEGATE_NARROW, &n), 0);
	EXPECT_EQ(info_of(n.lease_fd).lease_id, n.lease_id);
	EXPECT_EQ(REPORT(0, (r->leaf_index = r->tree_size = r->provider = r->vmpl = 77,
			     r->fw_status = 77, memset(r->blind, 77, 32))), 0);
	expect_bound(&scene.ev, "abi", 3, CLAIMS, strlen(CLAIMS));
	EXPECT_EQ(scene.ev.r.vmpl, info_of(scene.session).vmpl);
}

TEST(get_report_leaves_the_inputs_as_they_were)
{
	struct teegate_get_report before, *after = &scene.ev.r;

	make_scene();
	report_wish(&scene.ev, TEEGATE_REPORT_AUX, "abi", 3);
	scene.ev.r.timeout_ms = 60000;
	before = scene.ev.r;
	ASSERT_EQ(tg(scene.lease.fd, TEEGATE_GET_REPORT, after), 0);
	EXPECT_EQ(after->size, before.size);
	EXPECT_EQ(after->flags, before.flags);
	EXPECT_EQ(after->user_data, before.user_data);
	EXPECT_EQ(after->user_data_len, before.user_data_len);
	EXPECT_EQ(after->timeout_ms, before.timeout_ms);
	EXPECT_EQ(after->report, before.report);
	EXPECT_EQ(after->aux, before.aux);
	EXPECT_EQ(after->claims, before.claims);
	EXPECT_EQ(after->path, before.path);
}

static void expect_poison(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!EXPECT_EQ(p[i], 0xa5))
			return;
	}
}

TEST(buffers_are_written_up_to_their_length_and_no_further)
{
	struct evidence *ev = &scene.ev;

	make_scene();
	ASSERT_EQ(report_get(scene.lease.fd, TEEGATE_REPORT_AUX, "abi", 3, ev), 0);
	EXPECT(ev->r.report_len < sizeof(ev->report) && ev->r.aux_len < sizeof(ev->aux));
	expect_poison(ev->report + ev->r.report_len, sizeof(ev->report) - ev->r.report_len);
	expect_poison(ev->aux + ev->r.aux_len, sizeof(ev->aux) - ev->r.aux_len);
	expect_poison(ev->claims + ev->r.claims_len, sizeof(ev->claims) - ev->r.claims_len);
	expect_poison(ev->path, sizeof(ev->path));
	/* As they are in every report but one of 64 bytes of HMAC. */
	EXPECT(tee_is("se") || memchr(ev->report, 0, ev->r.report_len));
}

/* ---- buffers that are too small ---- */

static void expect_no_space(uint32_t report, uint32_t aux, uint32_t claims,
			    const struct teegate_get_report *need)
{
	struct evidence *ev = &scene.ev;

	report_wish(ev, TEEGATE_REPORT_AUX, "abi", 3);
	ev->r.report_len = report;
	ev->r.aux_len = aux;
	ev->r.claims_len = claims;
	EXPECT_EQ(tg(scene.lease.fd, TEEGATE_GET_REPORT, &ev->r), -ENOSPC);
	/* Before firmware was asked nobody knows better than the maximum. */
	if (ev->r.report_len != need->report_len)
		EXPECT_EQ(ev->r.report_len, info_of(scene.session).report_size_max);
	if (ev->r.aux_len != need->aux_len)
		EXPECT_EQ(ev->r.aux_len, info_of(scene.session).aux_size_max);
	EXPECT_EQ(ev->r.claims_len, need->claims_len);
	EXPECT_EQ(ev->r.path_len, need->path_len);
	expect_poison(ev->report, sizeof(ev->report));
	expect_poison(ev->aux, sizeof(ev->aux));
	expect_poison(ev->claims, sizeof(ev->claims));
}

TEST(a_small_buffer_is_ENOSPC_with_all_lengths_written_back)
{
	struct teegate_get_report need;

	make_scene();
	ASSERT_EQ(report_get(scene.lease.fd, TEEGATE_REPORT_AUX, "abi", 3, &scene.ev), 0);
	need = scene.ev.r;
	ASSERT(need.report_len && need.aux_len && need.claims_len);
	expect_no_space(need.report_len - 1, need.aux_len, need.claims_len, &need);
	expect_no_space(need.report_len, need.aux_len - 1, need.claims_len, &need);
	expect_no_space(need.report_len, need.aux_len, need.claims_len - 1, &need);
	expect_no_space(0, need.aux_len, need.claims_len, &need);
	expect_no_space(need.report_len, 0, need.claims_len, &need);
	expect_no_space(need.report_len, need.aux_len, 0, &need);
	expect_no_space(0, 0, 0, &need);
	report_wish(&scene.ev, TEEGATE_REPORT_AUX, "abi", 3);
	scene.ev.r.report_len = need.report_len;
	scene.ev.r.aux_len = need.aux_len;
	scene.ev.r.claims_len = need.claims_len;
	scene.ev.r.path_len = 0;
	EXPECT_EQ(tg(scene.lease.fd, TEEGATE_GET_REPORT, &scene.ev.r), 0);
}

/* ---- GET_INFO and the files themselves ---- */

TEST(get_info_on_a_session_describes_the_tee)
{
	struct teegate_get_info i = info_now();

	EXPECT_EQ(i.provider, the_tee()->provider);
	EXPECT(i.transport == TEEGATE_TRANSPORT_DRIVER || i.transport == TEEGATE_TRANSPORT_DIRECT);
	EXPECT_EQ(i.state, TEEGATE_STATE_UP);
	EXPECT_EQ(i.module_ops, BOTH | KEY_OPS | TEEGATE_OP_EXTEND | SECRET_OPS);
	EXPECT_EQ(i.firmware_ops, BOTH | (stock_extends() ? TEEGATE_OP_EXTEND : 0) |
				  (i.root_active ? KEY_OPS : 0) |
				  (tee_is("se") ? SECRET_OPS : 0));
	EXPECT(i.root_active || tee_is("tdx"));
	EXPECT_EQ(i.lease_ops, 0);
	EXPECT_EQ(i.lease_id, 0);
	EXPECT_EQ(i.lease_expires_ms, 0);
	EXPECT_EQ(i.taint, TEEGATE_TAINT_SOFTWARE_FIRMWARE);
	EXPECT_EQ(i.queued, 0);
	EXPECT(i.queue_max > 0);
	EXPECT_EQ(i.in_flight, 0);
	EXPECT_EQ(i.quarantined, 0);
	EXPECT_EQ(i.in_flight_max, the_tee()->buffers);
	EXPECT(i.timeout_default_ms > 0 && i.timeout_default_ms <= TEEGATE_TIMEOUT_MAX_MS);
	/* Something to say when all is well: only a TEE that could extend, if the kernel let it. */
	if (i.provider != TEEGATE_PROVIDER_TDX || stock_extends())
		EXPECT_EQ(i.reason[0], 0);
	else
		EXPECT(strstr((char *)i.reason, "EXTEND"));
}

TEST(get_info_on_a_lease_describes_the_lease)
{
	struct teegate_create_lease w = lease_wish(TEEGATE_OP_RAW_REPORT, NULL);
	struct teegate_get_info i;
	struct lease l;

	w.lifetime_ms = 1000000;
	l = lease_make(w);
	i = info_of(l.fd);
	EXPECT_EQ(i.lease_ops, TEEGATE_OP_RAW_REPORT);
	EXPECT_EQ(i.lease_id, l.id);
	EXPECT(i.lease_id != 0);
	EXPECT(i.lease_expires_ms > 0 && i.lease_expires_ms <= 1000000);
	EXPECT_EQ(i.provider, the_tee()->provider);
	l = lease_unpinned();
	EXPECT_EQ(info_of(l.fd).lease_expires_ms, 0);
}

TEST(get_info_counts_reports)
{
	struct teegate_get_info before, after;

	make_scene();
	before = info_of(scene.session);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_EQ(report_try(scene.lease.fd), 0);
	after = info_of(scene.session);
	EXPECT_EQ(after.reports, before.reports + 3);
	EXPECT_EQ(after.errors, before.errors);
}

TEST(buffers_of_the_announced_sizes_suffice)
{
	struct teegate_get_info i;

	make_scene();
	i = info_of(scene.session);
	ASSERT(i.report_size_max <= sizeof(scene.ev.report));
	ASSERT(i.aux_size_max <= sizeof(scene.ev.aux));
	EXPECT_EQ(REPORT(TEEGATE_REPORT_AUX,
			 (r->report_len = i.report_size_max, r->aux_len = i.aux_size_max)), 0);
	EXPECT(scene.ev.r.aux_len > 0);
}

TEST(a_new_lease_is_close_on_exec)
{
	make_scene();
	EXPECT_EQ(fcntl(scene.lease.fd, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(lease_narrow(scene.lease.fd, TEEGATE_OP_REPORT).fd, F_GETFD), FD_CLOEXEC);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
