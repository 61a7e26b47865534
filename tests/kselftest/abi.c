// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What <linux/teegate.h> says about every ioctl, part one: numbers, sizes, flags, reserved fields
 * and values. Built twice, the second time for 32 bits: both must see the same. What the operations
 * mean is tested elsewhere.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>

#include "commands.h"
#include "keys-kit.h"
#include "tee.h"

/* ---- sizes ---- */

static void check_small_sizes(const struct command *c, int fd)
{
	/* Programs of before a structure grew, and any in between. */
	for (uint32_t size = c->first; size <= c->size; size += 4)
		EXPECT_EQ(ask_with_size(c, fd, size), good_in(c, size));
	EXPECT_EQ(ask_with_size(c, fd, 0), -EINVAL);
	EXPECT_EQ(ask_with_size(c, fd, 1), -EINVAL);
	if (c->first > 8)
		EXPECT_EQ(ask_with_size(c, fd, 8), -EINVAL);
	EXPECT_EQ(ask_with_size(c, fd, c->first - 8), -EINVAL);
	EXPECT_EQ(ask_with_size(c, fd, c->first - 1), -EINVAL);
}

TEST(a_size_below_the_first_published_one_is_refused)
{
	for_each_command(check_small_sizes);
}

static void check_zero_tail(const struct command *c, int fd)
{
	EXPECT_EQ(ask_with_size(c, fd, c->size + 1), good(c));
	EXPECT_EQ(ask_with_size(c, fd, c->size + 8), good(c));
	EXPECT_EQ(ask_with_size(c, fd, PAGE), good(c));
}

TEST(a_larger_size_with_a_zero_tail_is_accepted)
{
	for_each_command(check_zero_tail);
}

static void check_tail_byte(const struct command *c, int fd, uint32_t size, uint32_t at)
{
	fill(c, &req);
	req.head.size = size;
	req.bytes[at] = 1;
	EXPECT_EQ(tg(fd, c->nr, &req), -E2BIG);
}

static void check_tail(const struct command *c, int fd)
{
	EXPECT_EQ(ask_with_size(c, fd, PAGE), good(c));
	check_tail_byte(c, fd, c->size + 1, c->size);
	check_tail_byte(c, fd, c->size + 8, c->size + 7);
	check_tail_byte(c, fd, PAGE, PAGE - 1);
	check_tail_byte(c, fd, PAGE, c->size);
}

TEST(a_tail_that_is_not_zero_is_E2BIG)
{
	for_each_command(check_tail);
}

static void check_huge_sizes(const struct command *c, int fd)
{
	EXPECT_EQ(ask_with_size(c, fd, PAGE), good(c));
	EXPECT_EQ(ask_with_size(c, fd, PAGE + 1), -E2BIG);
	EXPECT_EQ(ask_with_size(c, fd, 2 * PAGE), -E2BIG);
	EXPECT_EQ(ask_with_size(c, fd, 0x7fffffff), -E2BIG);
	EXPECT_EQ(ask_with_size(c, fd, 0x80000000), -E2BIG);
	EXPECT_EQ(ask_with_size(c, fd, 0xffffffff), -E2BIG);
}

TEST(a_size_above_a_page_is_E2BIG)
{
	for_each_command(check_huge_sizes);
}

/* ---- flags, reserved fields, values ---- */

static void check_flags(const struct command *c, int fd)
{
	EXPECT_EQ(ask_with_size(c, fd, c->size), good(c));
	for (unsigned int bit = 0; bit < 32; bit++) {
		if (c->flags & 1U << bit)
			continue;
		fill(c, &req);
		req.head.flags |= 1U << bit;
		EXPECT_EQ(tg(fd, c->nr, &req), -EINVAL);
	}
}

TEST(each_unknown_flag_is_EINVAL)
{
	for_each_command(check_flags);
}

static char claims_max[TEEGATE_CLAIMS_MAX + 1];

TEST(create_lease_refuses_values_out_of_range)
{
	make_scene();
	memset(claims_max, 'c', sizeof(claims_max));
	EXPECT_EQ(CREATE(0), 0);
	EXPECT_EQ(CREATE(w->reserved = 1), -EINVAL);
	EXPECT_EQ(CREATE(w->ops = 0), -EINVAL);
	EXPECT_EQ(CREATE(w->reserved2 = 1), -EINVAL);
	EXPECT_EQ(CREATE(w->reserved3 = 1), -EINVAL);
	EXPECT_EQ(CREATE(w->ops |= 1ULL << 63), -EINVAL);
	EXPECT_EQ(CREATE(w->ops |= TEEGATE_OP_ADD_SECRET), -EINVAL);
	EXPECT_EQ(CREATE(w->ops |= TEEGATE_OP_LIST_SECRETS), -EINVAL);
	EXPECT_EQ(CREATE(w->ops |= TEEGATE_OP_LOCK_SECRETS), -EINVAL);
	EXPECT_EQ(CREATE(w->claims_len = 0), -EINVAL);
	EXPECT_EQ(CREATE((w->claims = w->claims_len = 0, w->ops = TEEGATE_OP_RAW_REPORT)), 0);
	EXPECT_EQ(CREATE((w->claims = (uintptr_t)claims_max, w->claims_len = 4096)), 0);
	EXPECT_EQ(CREATE((w->claims = (uintptr_t)claims_max, w->claims_len = 4097)), -EINVAL);
	EXPECT_EQ(CREATE((w->claims = (uintptr_t)claims_max, w->claims_len = ~0U)), -EINVAL);
	EXPECT_EQ(CREATE(w->uid = 1), -EINVAL);
	EXPECT_EQ(CREATE((w->flags |= TEEGATE_LEASE_PIN_UID, w->uid = 1)), 0);
	EXPECT_EQ(CREATE((w->flags |= TEEGATE_LEASE_PIN_UID, w->uid = ~0U)), -EINVAL);
	EXPECT_EQ(CREATE(w->flags = 0), -EBADF);
	EXPECT_EQ(CREATE((w->flags = 0, w->cgroup_fd = scene.session)), -EBADF);
	EXPECT_EQ(CREATE(w->cgroup_fd = 0), -EINVAL);
}

#define KEYS(change)								\
	CREATE((*w = keys_wish(SEALING_CLAIMS, SOURCE(TPM)), change))
#define SNP_KEYS(change)							\
	CREATE((*w = keys_wish(SEALING_CLAIMS, SOURCE(FIRMWARE)), change))
#define SE_KEYS(change)								\
	CREATE((*w = keys_wish(SEALING_CLAIMS, SOURCE(RETRIEVABLE)), change))

/* What is about keys is for leases with keys, and then all of it has to fit. */
TEST(create_lease_wants_terms_of_keys_just_when_it_allows_them)
{
	static char labels[TEEGATE_KEY_LABELS_MAX + 1], long_label[TEEGATE_KEY_LABEL_MAX + 3];

	make_scene();
	memset(claims_max, 'c', sizeof(claims_max));
	memset(long_label, 'l', sizeof(long_label));
	EXPECT_EQ(CREATE(w->ops |= TEEGATE_OP_DERIVE_KEY), -EINVAL);
	EXPECT_EQ(CREATE(w->ops |= TEEGATE_OP_SEAL), -EINVAL);
	EXPECT_EQ(KEYS(0), 0);
	EXPECT_EQ(KEYS(w->ops = TEEGATE_OP_DERIVE_KEY), 0);
	EXPECT_EQ(KEYS(w->ops = TEEGATE_OP_SEAL), 0);
	EXPECT_EQ(KEYS(w->ops = TEEGATE_OP_RAW_REPORT), -EINVAL);
	EXPECT_EQ(CREATE(w->sealing_bitmap = 1), -EINVAL);
	EXPECT_EQ(CREATE(w->root_sources = SOURCE(TPM)), -EINVAL);
	EXPECT_EQ(CREATE(w->se_secret_id[31] = 1), -EINVAL);
	EXPECT_EQ(KEYS(w->sealing_claims_len = 0), -EINVAL);
	EXPECT_EQ(KEYS((w->sealing_claims = (uintptr_t)claims_max, w->sealing_claims_len = 4096)), 0);
	EXPECT_EQ(KEYS((w->sealing_claims = (uintptr_t)claims_max, w->sealing_claims_len = 4097)),
		  -EINVAL);
	EXPECT_EQ(KEYS(w->sealing_claims = 0), -EFAULT);
	EXPECT_EQ(KEYS(w->reserved4 = 1), -EINVAL);
	EXPECT_EQ(KEYS(w->root_sources = 0), -EINVAL);
	EXPECT_EQ(KEYS(w->root_sources |= 1), -EINVAL);
	EXPECT_EQ(KEYS(w->root_sources |= 1U << 7), -EINVAL);
	EXPECT_EQ(KEYS((w->key_labels = (uintptr_t)"a\0b*", w->key_labels_len = 5)), 0);
	EXPECT_EQ(KEYS((w->key_labels = (uintptr_t)"a\0b*", w->key_labels_len = 4)), -EINVAL);
	EXPECT_EQ(KEYS(w->key_labels = (uintptr_t)"a"), -EINVAL);
	EXPECT_EQ(KEYS((w->key_labels = (uintptr_t)labels, w->key_labels_len = 1024)), 0);
	EXPECT_EQ(KEYS((w->key_labels = (uintptr_t)labels, w->key_labels_len = 1025)), -EINVAL);
	EXPECT_EQ(KEYS(w->key_labels_len = 1), -EFAULT);
	long_label[TEEGATE_KEY_LABEL_MAX + 1] = 0;
	EXPECT_EQ(KEYS((w->key_labels = (uintptr_t)long_label, w->key_labels_len = 257)), 0);
	long_label[TEEGATE_KEY_LABEL_MAX + 1] = 'l';
	long_label[TEEGATE_KEY_LABEL_MAX + 2] = 0;
	EXPECT_EQ(KEYS((w->key_labels = (uintptr_t)long_label, w->key_labels_len = 258)), -EINVAL);
}

TEST(create_lease_wants_bounds_of_roots_just_when_they_bind)
{
	make_scene();
	EXPECT_EQ(SNP_KEYS(0), 0);
	EXPECT_EQ(SNP_KEYS(w->snp_field_select = SNP_POLICY | SNP_MEASUREMENT), 0);
	EXPECT_EQ(SNP_KEYS(w->snp_field_select &= ~SNP_POLICY), -EINVAL);
	EXPECT_EQ(SNP_KEYS(w->snp_field_select &= ~SNP_MEASUREMENT), -EINVAL);
	EXPECT_EQ(SNP_KEYS(w->snp_field_select |= 1 << 6), -EINVAL);
	EXPECT_EQ(SNP_KEYS((w->snp_tcb_floor = 1, w->snp_svn_floor = 1)), 0);
	EXPECT_EQ(SNP_KEYS((w->snp_tcb_floor = 1, w->snp_field_select &= ~SNP_TCB)), -EINVAL);
	EXPECT_EQ(SNP_KEYS((w->snp_svn_floor = 1, w->snp_field_select &= ~SNP_SVN)), -EINVAL);
	EXPECT_EQ(KEYS(w->snp_field_select = SNP_POLICY | SNP_MEASUREMENT), -EINVAL);
	EXPECT_EQ(KEYS(w->snp_tcb_floor = 1), -EINVAL);
	EXPECT_EQ(KEYS(w->snp_svn_floor = 1), -EINVAL);
	EXPECT_EQ(SE_KEYS(0), -EINVAL);
	EXPECT_EQ(SE_KEYS(w->se_secret_id[0] = 1), 0);
	EXPECT_EQ(KEYS(w->se_secret_id[0] = 1), -EINVAL);
}

TEST(create_lease_refuses_rates_notes_and_workloads_out_of_range)
{
	static char note[TEEGATE_NOTE_MAX + 1];

	make_scene();
	EXPECT_EQ(CREATE(w->workload = UINT64_MAX), 0);
	EXPECT_EQ(CREATE((w->rate_per_minute = 1, w->rate_burst = 1)), 0);
	EXPECT_EQ(CREATE((w->rate_per_minute = TEEGATE_RATE_MAX,
			  w->rate_burst = TEEGATE_RATE_MAX)), 0);
	EXPECT_EQ(CREATE(w->rate_per_minute = 1), -EINVAL);
	EXPECT_EQ(CREATE(w->rate_burst = 1), -EINVAL);
	EXPECT_EQ(CREATE((w->rate_per_minute = TEEGATE_RATE_MAX + 1, w->rate_burst = 1)), -EINVAL);
	EXPECT_EQ(CREATE((w->rate_per_minute = 1, w->rate_burst = TEEGATE_RATE_MAX + 1)), -EINVAL);
	EXPECT_EQ(CREATE((w->note = (uintptr_t)note, w->note_len = TEEGATE_NOTE_MAX)), 0);
	EXPECT_EQ(CREATE((w->note = (uintptr_t)note, w->note_len = TEEGATE_NOTE_MAX + 1)),
		  -EINVAL);
	EXPECT_EQ(CREATE(w->note = (uintptr_t)note), -EINVAL);
	EXPECT_EQ(CREATE(w->note_len = 1), -EFAULT);
	EXPECT_EQ(CREATE(w->abi = TEEGATE_ABI_UVDEVICE + 1), -EINVAL);
}

/* What belongs to a pin that nobody asked for. */
TEST(create_lease_and_narrow_refuse_labels_and_files_without_their_flag)
{
	make_scene();
	EXPECT_EQ(CREATE(w->label = (uintptr_t)"label"), -EINVAL);
	EXPECT_EQ(CREATE(w->label_len = 5), -EINVAL);
	EXPECT_EQ(CREATE(w->exe_fd = scene.session), -EINVAL);
	EXPECT_EQ(CREATE((w->flags |= TEEGATE_LEASE_PIN_EXE, w->exe_fd = -1)), -EBADF);
	EXPECT_EQ(CREATE(w->flags |= TEEGATE_LEASE_PIN_LABEL), -EINVAL);
	EXPECT_EQ(NARROW(w->label = (uintptr_t)"label"), -EINVAL);
	EXPECT_EQ(NARROW(w->label_len = 5), -EINVAL);
	EXPECT_EQ(NARROW(w->exe_fd = scene.session), -EINVAL);
	EXPECT_EQ(NARROW((w->flags = TEEGATE_NARROW_PIN_EXE, w->exe_fd = -1)), -EBADF);
	EXPECT_EQ(NARROW(w->flags = TEEGATE_NARROW_PIN_LABEL), -EINVAL);
	EXPECT_EQ(CREATE(0), 0);
	EXPECT_EQ(NARROW(0), 0);
	/* Structures of before there were any. */
	EXPECT_EQ(CREATE(w->size = 72), 0);
	EXPECT_EQ(NARROW(w->size = 48), 0);
}

/* Without bounds there is no right to add events, and without the right there are no bounds. */
TEST(create_lease_wants_bounds_of_events_just_when_it_allows_them)
{
	make_scene();
	EXPECT_EQ(CREATE((w->ops |= TEEGATE_OP_EXTEND, w->extend_max = 1,
			  w->extend_bytes_max = 1)), 0);
	EXPECT_EQ(CREATE((w->ops |= TEEGATE_OP_EXTEND, w->extend_max = 1)), -EINVAL);
	EXPECT_EQ(CREATE((w->ops |= TEEGATE_OP_EXTEND, w->extend_bytes_max = 1)), -EINVAL);
	EXPECT_EQ(CREATE(w->extend_max = 1), -EINVAL);
	EXPECT_EQ(CREATE(w->extend_bytes_max = 1), -EINVAL);
	/* A structure of before there were bounds. */
	EXPECT_EQ(CREATE(w->size = 64), 0);
	EXPECT_EQ(CREATE((w->size = 64, w->ops |= TEEGATE_OP_EXTEND)), -EINVAL);
}

/* Before anybody asks whether this TEE can do it at all. */
TEST(extend_refuses_values_out_of_range)
{
	static char event[TEEGATE_EVENT_MAX + 1];
	const int right = can_extend() ? 0 : -EOPNOTSUPP;

	make_scene();
	EXPECT_EQ(EXTEND(x->index = 2), right);
	EXPECT_EQ(EXTEND(x->index = 3), right);
	EXPECT_EQ(EXTEND(x->index = 0), -EINVAL);
	EXPECT_EQ(EXTEND(x->index = 1), -EINVAL);
	EXPECT_EQ(EXTEND(x->index = 4), -EINVAL);
	EXPECT_EQ(EXTEND(x->index = ~0U), -EINVAL);
	EXPECT_EQ(EXTEND(x->reserved = 1), -EINVAL);
	EXPECT_EQ(EXTEND(x->event_len = 1), right);
	EXPECT_EQ(EXTEND(x->event_len = 0), -EINVAL);
	EXPECT_EQ(EXTEND((x->event = (uintptr_t)event, x->event_len = 1024)), right);
	EXPECT_EQ(EXTEND((x->event = (uintptr_t)event, x->event_len = 1025)), -EINVAL);
	EXPECT_EQ(EXTEND(x->event_len = ~0U), -EINVAL);
	EXPECT_EQ(EXTEND(x->timeout_ms = TEEGATE_TIMEOUT_MAX_MS), right);
	EXPECT_EQ(EXTEND(x->timeout_ms = TEEGATE_TIMEOUT_MAX_MS + 1), -EINVAL);
}

TEST(narrow_refuses_values_out_of_range)
{
	make_scene();
	EXPECT_EQ(NARROW(0), 0);
	EXPECT_EQ(NARROW(w->ops = 0), -EINVAL);
	EXPECT_EQ(NARROW(w->ops |= TEEGATE_OP_ADD_SECRET), -EINVAL);
	EXPECT_EQ(NARROW(w->ops |= TEEGATE_OP_LOCK_SECRETS), -EINVAL);
	EXPECT_EQ(NARROW(w->uid = 1), -EINVAL);
	EXPECT_EQ(NARROW(w->cgroup_fd = 0), -EINVAL);
	EXPECT_EQ(NARROW((w->flags = TEEGATE_NARROW_PIN_UID, w->uid = 1)), 0);
	EXPECT_EQ(NARROW((w->flags = TEEGATE_NARROW_PIN_UID, w->uid = ~0U)), -EINVAL);
	EXPECT_EQ(NARROW(w->flags = TEEGATE_NARROW_PIN_CGROUP), -EBADF);
	EXPECT_EQ(NARROW((w->flags = TEEGATE_NARROW_PIN_CGROUP, w->cgroup_fd = scene.session)),
		  -EBADF);
}

/* Before anybody asks whether this TEE can do it at all. */
TEST(operations_on_secrets_refuse_values_out_of_range)
{
	struct teegate_lock_secrets lock = { .size = sizeof(lock) };
	struct teegate_list_secrets list = { .size = sizeof(list), .timeout_ms = 600001 };
	struct teegate_add_secret add = { .size = sizeof(add), .request = (uintptr_t)&add };
	static const uint32_t lengths[] = { 0, TEEGATE_CHALLENGE_MAX + 1, 0x80000000, ~0U };

	make_scene();
	EXPECT_EQ(tg(scene.session, TEEGATE_LOCK_SECRETS, &lock), -EINVAL);
	lock.flags = TEEGATE_LOCK_IRREVERSIBLE;
	lock.reserved = 1;
	EXPECT_EQ(tg(scene.session, TEEGATE_LOCK_SECRETS, &lock), -EINVAL);
	lock.reserved = 0;
	lock.timeout_ms = TEEGATE_TIMEOUT_MAX_MS + 1;
	EXPECT_EQ(tg(scene.session, TEEGATE_LOCK_SECRETS, &lock), -EINVAL);
	EXPECT_EQ(tg(scene.session, TEEGATE_LIST_SECRETS, &list), -EINVAL);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		add.request_len = lengths[i];
		EXPECT_EQ(tg(scene.session, TEEGATE_ADD_SECRET, &add), -EINVAL);
	}
}

/* On a TEE with challenges these are tested in attest.c. */
TEST(a_challenge_where_there_are_none_is_EINVAL)
{
	make_scene();
	EXPECT_EQ(REPORT(0, 0), 0);
	EXPECT_EQ(REPORT(0, r->challenge = r->report), -EINVAL);
	EXPECT_EQ(REPORT(0, r->challenge_len = 1), -EINVAL);
	EXPECT_EQ(REPORT(0, r->reserved3 = 1), -EINVAL);
}

/* ---- user data and deadline of a report ---- */

/* 256 raw ones where firmware takes so many. */
TEST(user_data_is_0_to_64_bytes)
{
	static const uint8_t data[257];

	make_scene();
	for (unsigned int raw = 0; raw < 2; raw++) {
		uint32_t f = raw ? TEEGATE_REPORT_RAW : 0, max = raw ? the_tee()->raw_max : 64;

		EXPECT_EQ(report_with_data(f, data, 0), 0);
		EXPECT_EQ(report_with_data(f, NULL, 0), 0);
		EXPECT_EQ(report_with_data(f, (void *)-8L, 0), 0);
		EXPECT_EQ(report_with_data(f, data, 1), 0);
		EXPECT_EQ(report_with_data(f, data, 64), 0);
		EXPECT_EQ(report_with_data(f, data, max), 0);
		EXPECT_EQ(report_with_data(f, data, max + 1), -EINVAL);
		EXPECT_EQ(report_with_data(f, data, 0x7fffffff), -EINVAL);
		EXPECT_EQ(report_with_data(f, data, 0xffffffff), -EINVAL);
	}
}

static int report_with_timeout(uint32_t ms)
{
	report_wish(&scene.ev, 0, "abi", 3);
	scene.ev.r.timeout_ms = ms;
	return tg(scene.lease.fd, TEEGATE_GET_REPORT, &scene.ev.r);
}

TEST(a_deadline_above_the_maximum_is_EINVAL)
{
	make_scene();
	EXPECT_EQ(report_with_timeout(0), 0);
	EXPECT_EQ(report_with_timeout(TEEGATE_TIMEOUT_MAX_MS), 0);
	EXPECT_EQ(report_with_timeout(TEEGATE_TIMEOUT_MAX_MS + 1), -EINVAL);
	EXPECT_EQ(report_with_timeout(0xffffffff), -EINVAL);
}

TEST(buffers_that_a_request_does_not_have_are_EINVAL)
{
	make_scene();
	EXPECT_EQ(REPORT(0, 0), 0);
	EXPECT_EQ(REPORT(0, r->aux = r->report), -EINVAL);
	EXPECT_EQ(REPORT(TEEGATE_REPORT_AUX, 0), 0);
	EXPECT_EQ(REPORT(TEEGATE_REPORT_RAW, 0), 0);
	EXPECT_EQ(REPORT(TEEGATE_REPORT_RAW, r->claims = r->report), -EINVAL);
	EXPECT_EQ(REPORT(TEEGATE_REPORT_RAW, r->path = r->report), -EINVAL);
}

/* A length may promise more than there is: only what is needed is written. */
TEST(a_buffer_length_of_4_GiB_is_only_a_length)
{
	make_scene();
	EXPECT_EQ(REPORT(0, r->report_len = ~0U), 0);
	expect_bound(&scene.ev, "abi", 3, CLAIMS, strlen(CLAIMS));
	EXPECT_EQ(REPORT(0, r->claims_len = ~0U), 0);
	EXPECT_EQ(REPORT(0, r->path_len = ~0U), 0);
	EXPECT_EQ(REPORT(TEEGATE_REPORT_AUX, r->aux_len = ~0U), 0);
}

/* ---- commands that do not exist ---- */

static bool known(unsigned int nr, bool session)
{
	for (unsigned int i = 0; i < n_commands; i++) {
		if (commands[i].nr == nr)
			return session ? commands[i].on_session : commands[i].on_lease;
	}
	return false;
}

static void expect_only_known(int fd, bool session)
{
	for (unsigned int nr = 0; nr < 256; nr++) {
		memset(&req, 0, sizeof(req));
		req.head.size = sizeof(req.info);
		if (!known(_IO(TEEGATE_IOC_TYPE, nr), session))
			EXPECT_EQ(tg(fd, _IO(TEEGATE_IOC_TYPE, nr), &req), -ENOTTY);
	}
}

TEST(unknown_commands_are_ENOTTY)
{
	make_scene();
	expect_only_known(scene.session, true);
	expect_only_known(scene.lease.fd, false);
	info_of(scene.session);
	info_of(scene.lease.fd);
}

TEST(commands_of_the_other_kind_of_file_are_ENOTTY)
{
	make_scene();
	for (unsigned int i = 0; i < n_commands; i++) {
		const struct command *c = &commands[i];
		int there = c->on_session ? scene.session : scene.lease.fd;
		int wrong = c->on_session ? scene.lease.fd : scene.session;

		if (c->on_session && c->on_lease)
			continue;
		fill(c, &req);
		EXPECT_EQ(tg(wrong, c->nr, &req), -ENOTTY);
		EXPECT_EQ(ask_with_size(c, there, c->size), good(c));
	}
}

static void check_encoding(const struct command *c, int fd)
{
	unsigned int nr = _IOC_NR(c->nr);

	EXPECT_EQ(ask_with_size(c, fd, c->size), good(c));
	fill(c, &req);
	EXPECT_EQ(tg(fd, _IOC(_IOC_READ, TEEGATE_IOC_TYPE, nr, 0), &req), -ENOTTY);
	EXPECT_EQ(tg(fd, _IOC(_IOC_WRITE, TEEGATE_IOC_TYPE, nr, 0), &req), -ENOTTY);
	EXPECT_EQ(tg(fd, _IOC(_IOC_READ | _IOC_WRITE, TEEGATE_IOC_TYPE, nr, c->size), &req),
		  -ENOTTY);
	EXPECT_EQ(tg(fd, _IO(TEEGATE_IOC_TYPE + 1, nr), &req), -ENOTTY);
	if (_IO(0, nr) != FIGETBSZ)	/* the kernel's own, of any file */
		EXPECT_EQ(tg(fd, _IO(0, nr), &req), -ENOTTY);
}

TEST(numbers_with_another_type_direction_or_size_are_ENOTTY)
{
	for_each_command(check_encoding);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
