// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What <linux/teegate.h> says about every ioctl: sizes, flags, reserved fields, pointers, lengths,
 * what is written back and what is not. Built twice, the second time for 32 bits: both must see
 * the same. What the operations mean is tested elsewhere.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kit.h"

#define PAGE 4096u

/* ---- one table of all commands, with a request that is right ---- */

struct scene {
	int session;
	struct lease lease;
	struct evidence ev;
};

/* Big enough for any request, followed by room for tails. */
union request {
	struct {
		uint32_t size;
		uint32_t flags;
	} head;
	struct teegate_get_info info;
	struct teegate_get_report report;
	struct teegate_create_lease create;
	struct teegate_narrow narrow;
	struct teegate_revoke revoke;
	uint8_t bytes[2 * PAGE];
};

struct command {
	const char *name;
	unsigned int nr;
	uint32_t size;		/* of the first published structure */
	uint32_t flags;		/* that exist */
	bool on_session, on_lease;
	void (*fill)(struct scene *s, union request *q);
};

static void fill_info(struct scene *s, union request *q)
{
	(void)s;
	(void)q;
}

static void fill_report(struct scene *s, union request *q)
{
	report_wish(&s->ev, 0, "abi", 3);
	q->report = s->ev.r;
}

static void fill_create(struct scene *s, union request *q)
{
	(void)s;
	q->create = lease_wish(TEEGATE_OP_REPORT, CLAIMS);
}

static void fill_narrow(struct scene *s, union request *q)
{
	(void)s;
	q->narrow = narrow_wish(TEEGATE_OP_REPORT);
}

/* A child of the lease, made to be revoked; there is one at a time. */
static void fill_revoke(struct scene *s, union request *q)
{
	static struct lease child = { -1, 0 };

	close(child.fd);
	child = lease_narrow(s->lease.fd, TEEGATE_OP_REPORT);
	q->revoke.lease_id = child.id;
}

/* Sizes are those of version 0, in numbers: a structure that changes must not pass unnoticed. */
static const struct command commands[] = {
	{ "GET_INFO", TEEGATE_GET_INFO, 240, 0, true, true, fill_info },
	{ "GET_REPORT", TEEGATE_GET_REPORT, 128, TEEGATE_REPORT_RAW | TEEGATE_REPORT_AUX, false,
	  true, fill_report },
	{ "CREATE_LEASE", TEEGATE_CREATE_LEASE, 64, TEEGATE_LEASE_UNPINNED | TEEGATE_LEASE_PIN_UID,
	  true, false, fill_create },
	{ "NARROW", TEEGATE_NARROW, 48, TEEGATE_NARROW_PIN_CGROUP | TEEGATE_NARROW_PIN_UID, false,
	  true, fill_narrow },
	{ "REVOKE", TEEGATE_REVOKE, 16, 0, true, true, fill_revoke },
};

_Static_assert(sizeof(struct teegate_get_info) == 240, "GET_INFO has no padding");
_Static_assert(sizeof(struct teegate_get_report) == 128, "GET_REPORT has no padding");
_Static_assert(sizeof(struct teegate_create_lease) == 64, "CREATE_LEASE has no padding");
_Static_assert(sizeof(struct teegate_narrow) == 48, "NARROW has no padding");
_Static_assert(sizeof(struct teegate_revoke) == 16, "REVOKE has no padding");

static struct scene scene;
static union request req __attribute__((aligned(16)));

static void make_scene(void)
{
	scene.session = session_open();
	scene.lease = lease_unpinned();
}

static void fill(const struct command *c, union request *q)
{
	memset(q, 0, sizeof(*q));
	c->fill(&scene, q);
	q->head.size = c->size;
}

/* Closes what a successful request made. */
static void clean(const struct command *c, const union request *q)
{
	if (c->nr == TEEGATE_CREATE_LEASE)
		EXPECT_EQ(close(q->create.lease_fd), 0);
	else if (c->nr == TEEGATE_NARROW)
		EXPECT_EQ(close(q->narrow.lease_fd), 0);
}

/* Runs check for each command on each kind of file where it exists. */
static void for_each_command(void (*check)(const struct command *c, int fd))
{
	make_scene();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *c = &commands[i];
		bool before = tap_failed();

		if (c->on_session)
			check(c, scene.session);
		if (c->on_lease)
			check(c, scene.lease.fd);
		if (!before && tap_failed())
			tap_note("that was %s", c->name);
	}
}

/* ---- sizes ---- */

static int ask_with_size(const struct command *c, int fd, uint32_t size)
{
	int r;

	fill(c, &req);
	req.head.size = size;
	r = tg(fd, c->nr, &req);
	if (!r)
		clean(c, &req);
	return r;
}

static void check_small_sizes(const struct command *c, int fd)
{
	EXPECT_EQ(ask_with_size(c, fd, c->size), 0);
	EXPECT_EQ(ask_with_size(c, fd, 0), -EINVAL);
	EXPECT_EQ(ask_with_size(c, fd, 1), -EINVAL);
	EXPECT_EQ(ask_with_size(c, fd, 8), -EINVAL);
	EXPECT_EQ(ask_with_size(c, fd, c->size - 8), -EINVAL);
	EXPECT_EQ(ask_with_size(c, fd, c->size - 1), -EINVAL);
}

TEST(a_size_below_the_first_published_one_is_refused)
{
	for_each_command(check_small_sizes);
}

static void check_zero_tail(const struct command *c, int fd)
{
	EXPECT_EQ(ask_with_size(c, fd, c->size + 1), 0);
	EXPECT_EQ(ask_with_size(c, fd, c->size + 8), 0);
	EXPECT_EQ(ask_with_size(c, fd, PAGE), 0);
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
	EXPECT_EQ(ask_with_size(c, fd, PAGE), 0);
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
	EXPECT_EQ(ask_with_size(c, fd, PAGE), 0);
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
	EXPECT_EQ(ask_with_size(c, fd, c->size), 0);
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

static int create(struct teegate_create_lease *w)
{
	int r = tg(scene.session, TEEGATE_CREATE_LEASE, w);

	if (!r)
		close(w->lease_fd);
	return r;
}

static int narrow(struct teegate_narrow *w)
{
	int r = tg(scene.lease.fd, TEEGATE_NARROW, w);

	if (!r)
		close(w->lease_fd);
	return r;
}

/* A good request, changed by an expression over w. */
#define CREATE(change)								\
	({									\
		struct teegate_create_lease _w = lease_wish(TEEGATE_OP_REPORT, CLAIMS), *w = &_w; \
										\
		(void)(change);							\
		create(w);							\
	})
#define NARROW(change)								\
	({									\
		struct teegate_narrow _w = narrow_wish(TEEGATE_OP_REPORT), *w = &_w;	\
										\
		(void)(change);							\
		narrow(w);							\
	})

static char claims_max[TEEGATE_CLAIMS_MAX + 1];

TEST(create_lease_refuses_values_out_of_range)
{
	make_scene();
	memset(claims_max, 'c', sizeof(claims_max));
	EXPECT_EQ(CREATE(0), 0);
	EXPECT_EQ(CREATE(w->reserved = 1), -EINVAL);
	EXPECT_EQ(CREATE(w->ops = 0), -EINVAL);
	EXPECT_EQ(CREATE(w->ops |= 1ULL << 2), -EINVAL);
	EXPECT_EQ(CREATE(w->ops |= 1ULL << 63), -EINVAL);
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

TEST(narrow_refuses_values_out_of_range)
{
	make_scene();
	EXPECT_EQ(NARROW(0), 0);
	EXPECT_EQ(NARROW(w->ops = 0), -EINVAL);
	EXPECT_EQ(NARROW(w->uid = 1), -EINVAL);
	EXPECT_EQ(NARROW(w->cgroup_fd = 0), -EINVAL);
	EXPECT_EQ(NARROW((w->flags = TEEGATE_NARROW_PIN_UID, w->uid = 1)), 0);
	EXPECT_EQ(NARROW((w->flags = TEEGATE_NARROW_PIN_UID, w->uid = ~0U)), -EINVAL);
	EXPECT_EQ(NARROW(w->flags = TEEGATE_NARROW_PIN_CGROUP), -EBADF);
	EXPECT_EQ(NARROW((w->flags = TEEGATE_NARROW_PIN_CGROUP, w->cgroup_fd = scene.session)),
		  -EBADF);
}

/* ---- user data and deadline of a report ---- */

static int report_with_data(uint32_t flags, const void *data, uint32_t len)
{
	return report_get(scene.lease.fd, flags, data, len, &scene.ev);
}

TEST(user_data_is_0_to_64_bytes)
{
	static const uint8_t data[256];

	make_scene();
	for (unsigned int raw = 0; raw < 2; raw++) {
		uint32_t f = raw ? TEEGATE_REPORT_RAW : 0;

		EXPECT_EQ(report_with_data(f, data, 0), 0);
		EXPECT_EQ(report_with_data(f, NULL, 0), 0);
		EXPECT_EQ(report_with_data(f, (void *)-8L, 0), 0);
		EXPECT_EQ(report_with_data(f, data, 1), 0);
		EXPECT_EQ(report_with_data(f, data, 64), 0);
		EXPECT_EQ(report_with_data(f, data, 65), -EINVAL);
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

#define REPORT(_flags, change)							\
	({									\
		struct teegate_get_report *r = &scene.ev.r;			\
										\
		report_wish(&scene.ev, _flags, "abi", 3);			\
		(void)(change);							\
		tg(scene.lease.fd, TEEGATE_GET_REPORT, r);			\
	})

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

/* ---- pointers ---- */

/* Two pages to use, and after them one that nobody may touch. */
static uint8_t *edge_of_memory(int prot)
{
	uint8_t *p = mmap(NULL, 3 * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(p != MAP_FAILED);
	ASSERT_EQ(mprotect(p + 2 * PAGE, PAGE, PROT_NONE), 0);
	return p + 2 * PAGE;
}

/* Addresses that never hold memory of this process. */
static const uint64_t bad_addresses[] = {
	0, 8, 0xffffffffffffff00, 0xffffffff81000000, 0xffff888000000000, 0x8000000000000000,
	0x0000800000000000, 0x00007ffffffff000,
};

#define N_BAD (sizeof(bad_addresses) / sizeof(bad_addresses[0]))

static void check_struct_pointer(const struct command *c, int fd)
{
	uint8_t *edge = edge_of_memory(PROT_READ | PROT_WRITE);

	fill(c, &req);
	EXPECT_EQ(tg(fd, c->nr, edge), -EFAULT);
	for (uint32_t inside = 1; inside < c->size; inside += c->size > 64 ? 7 : 1) {
		memcpy(edge - inside, &req, inside);
		EXPECT_EQ(tg(fd, c->nr, edge - inside), -EFAULT);
	}
	memcpy(edge - c->size, &req, c->size);
	if (EXPECT_EQ(tg(fd, c->nr, edge - c->size), 0)) {
		memcpy(&req, edge - c->size, c->size);
		clean(c, &req);
	}
	for (size_t i = 0; i < N_BAD; i++) {
		if (sizeof(long) == 8 || bad_addresses[i] < 16)
			EXPECT_EQ(tg(fd, c->nr, (void *)(uintptr_t)bad_addresses[i]), -EFAULT);
	}
	EXPECT_EQ(tg(fd, c->nr, (void *)-16L), -EFAULT);
	munmap(edge - 2 * PAGE, 3 * PAGE);
}

TEST(a_structure_that_is_not_in_memory_is_EFAULT)
{
	for_each_command(check_struct_pointer);
}

/* The size says more than there is memory. */
static void check_tail_pointer(const struct command *c, int fd)
{
	uint8_t *edge = edge_of_memory(PROT_READ | PROT_WRITE);

	fill(c, &req);
	req.head.size = c->size + 8;
	memcpy(edge - c->size - 8, &req, c->size + 8);
	if (EXPECT_EQ(tg(fd, c->nr, edge - c->size - 8), 0)) {
		memcpy(&req, edge - c->size - 8, c->size);
		clean(c, &req);
	}
	fill(c, &req);
	req.head.size = c->size + 8;
	memcpy(edge - c->size, &req, c->size);
	EXPECT_EQ(tg(fd, c->nr, edge - c->size), -EFAULT);
	munmap(edge - 2 * PAGE, 3 * PAGE);
}

TEST(a_tail_that_is_not_in_memory_is_EFAULT)
{
	for_each_command(check_tail_pointer);
}

static void check_read_only(const struct command *c, int fd)
{
	uint8_t *edge = edge_of_memory(PROT_READ | PROT_WRITE);
	int before, r;

	fill(c, &req);
	memcpy(edge - c->size, &req, c->size);
	mprotect(edge - 2 * PAGE, 2 * PAGE, PROT_READ);
	before = count_open_fds();
	r = tg(fd, c->nr, edge - c->size);
	if (r || c->nr != TEEGATE_REVOKE)
		EXPECT_EQ(r, -EFAULT);
	EXPECT_EQ(count_open_fds(), before);
	munmap(edge - 2 * PAGE, 3 * PAGE);
}

/* REVOKE has nothing to say and may do without writing; the others leave no descriptor behind. */
TEST(a_read_only_structure_is_EFAULT_and_leaves_no_descriptor)
{
	for_each_command(check_read_only);
}

enum inner { USER_DATA, REPORT_BUF, AUX_BUF, CLAIMS_BUF, INNER };

static __u64 *inner_pointer(struct teegate_get_report *r, enum inner which)
{
	switch (which) {
	case USER_DATA:
		return &r->user_data;
	case REPORT_BUF:
		return &r->report;
	case AUX_BUF:
		return &r->aux;
	default:
		return &r->claims;
	}
}

static int report_with_pointer(enum inner which, uint64_t address)
{
	report_wish(&scene.ev, TEEGATE_REPORT_AUX, "abi", 3);
	*inner_pointer(&scene.ev.r, which) = address;
	return tg(scene.lease.fd, TEEGATE_GET_REPORT, &scene.ev.r);
}

static uint32_t needed(enum inner which)
{
	const struct teegate_get_report *r = &scene.ev.r;

	return which == USER_DATA ? 3 : which == REPORT_BUF ? r->report_len :
	       which == AUX_BUF ? r->aux_len : r->claims_len;
}

TEST(each_buffer_that_is_not_in_memory_is_EFAULT)
{
	uint8_t *edge = edge_of_memory(PROT_READ | PROT_WRITE);

	make_scene();
	for (enum inner which = USER_DATA; which < INNER; which++) {
		uint32_t n;

		ASSERT_EQ(report_with_data(TEEGATE_REPORT_AUX, "abi", 3), 0);
		n = needed(which);
		ASSERT(n > 1 && n <= 2 * PAGE);
		EXPECT_EQ(report_with_pointer(which, (uintptr_t)(edge - n)), 0);
		EXPECT_EQ(report_with_pointer(which, (uintptr_t)(edge - n + 1)), -EFAULT);
		EXPECT_EQ(report_with_pointer(which, (uintptr_t)(edge - 1)), -EFAULT);
		EXPECT_EQ(report_with_pointer(which, (uintptr_t)edge), -EFAULT);
		for (size_t i = 0; i < N_BAD; i++)
			EXPECT_EQ(report_with_pointer(which, bad_addresses[i]), -EFAULT);
	}
	EXPECT_EQ(report_try(scene.lease.fd), 0);
}

TEST(read_only_buffers_are_EFAULT)
{
	static uint8_t copy[2 * PAGE];
	uint8_t *edge = edge_of_memory(PROT_READ), *p = edge - 2 * PAGE;

	make_scene();
	memcpy(copy, p, sizeof(copy));
	for (enum inner which = USER_DATA; which < INNER; which++)
		EXPECT_EQ(report_with_pointer(which, (uintptr_t)p),
			  which == USER_DATA ? 0 : -EFAULT);
	EXPECT_MEM(p, copy, sizeof(copy));
}

TEST(claims_of_a_new_lease_must_be_in_memory)
{
	uint8_t *edge = edge_of_memory(PROT_READ | PROT_WRITE);

	make_scene();
	EXPECT_EQ(CREATE((w->claims = (uintptr_t)(edge - 16), w->claims_len = 16)), 0);
	EXPECT_EQ(CREATE((w->claims = (uintptr_t)(edge - 15), w->claims_len = 16)), -EFAULT);
	for (size_t i = 0; i < N_BAD; i++)
		EXPECT_EQ(CREATE(w->claims = bad_addresses[i]), -EFAULT);
}

/* 32-bit programs have no such addresses: the upper half must not be cut off. */
TEST(the_upper_half_of_a_pointer_counts)
{
	make_scene();
	EXPECT_EQ(REPORT(0, 0), 0);
	EXPECT_EQ(REPORT(0, r->report |= 1ULL << 62), -EFAULT);
	EXPECT_EQ(REPORT(0, r->user_data |= 1ULL << 62), -EFAULT);
	EXPECT_EQ(REPORT(0, r->claims |= 1ULL << 62), -EFAULT);
	EXPECT_EQ(CREATE(w->claims |= 1ULL << 62), -EFAULT);
}

/* ---- alignment ---- */

static void check_unaligned(const struct command *c, int fd)
{
	static uint8_t room[1024] __attribute__((aligned(16)));

	for (unsigned int off = 1; off < 16; off += 2) {
		fill(c, &req);
		memcpy(room + off, &req, c->size);
		if (!EXPECT_EQ(tg(fd, c->nr, room + off), 0))
			continue;
		memcpy(&req, room + off, c->size);
		clean(c, &req);
	}
}

TEST(structures_may_lie_anywhere)
{
	for_each_command(check_unaligned);
}

TEST(buffers_may_lie_anywhere)
{
	struct evidence *ev = &scene.ev;
	static uint8_t copy[SNP_REPORT_SIZE];

	make_scene();
	for (unsigned int off = 1; off < 8; off += 2) {
		char data[] = "xxxxxxxxabi";

		memmove(data + off, "abi", 3);
		EXPECT_EQ(REPORT(0, (r->user_data = (uintptr_t)data + off,
				     r->report += off, r->claims += off)), 0);
		memcpy(copy, ev->report + off, sizeof(copy));
		memcpy(ev->report, copy, sizeof(copy));
		memmove(ev->claims, ev->claims + off, strlen(CLAIMS));
		expect_bound(ev, "abi", 3, CLAIMS, strlen(CLAIMS));
	}
}

/* ---- commands that do not exist ---- */

static bool known(unsigned int nr, bool session)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].nr == nr)
			return session ? commands[i].on_session : commands[i].on_lease;
	}
	return false;
}

static void expect_only_known(int fd, bool session)
{
	for (unsigned int nr = 0; nr < 256; nr++) {
		fill_info(&scene, &req);
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
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *c = &commands[i];
		int there = c->on_session ? scene.session : scene.lease.fd;
		int wrong = c->on_session ? scene.lease.fd : scene.session;

		if (c->on_session && c->on_lease)
			continue;
		fill(c, &req);
		EXPECT_EQ(tg(wrong, c->nr, &req), -ENOTTY);
		EXPECT_EQ(ask_with_size(c, there, c->size), 0);
	}
}

static void check_encoding(const struct command *c, int fd)
{
	unsigned int nr = _IOC_NR(c->nr);

	EXPECT_EQ(ask_with_size(c, fd, c->size), 0);
	fill(c, &req);
	EXPECT_EQ(tg(fd, _IOC(_IOC_READ, TEEGATE_IOC_TYPE, nr, 0), &req), -ENOTTY);
	EXPECT_EQ(tg(fd, _IOC(_IOC_WRITE, TEEGATE_IOC_TYPE, nr, 0), &req), -ENOTTY);
	EXPECT_EQ(tg(fd, _IOC(_IOC_READ | _IOC_WRITE, TEEGATE_IOC_TYPE, nr, c->size), &req),
		  -ENOTTY);
	EXPECT_EQ(tg(fd, _IO(TEEGATE_IOC_TYPE + 1, nr), &req), -ENOTTY);
	EXPECT_EQ(tg(fd, _IO(0, nr), &req), -ENOTTY);
}

TEST(numbers_with_another_type_direction_or_size_are_ENOTTY)
{
	for_each_command(check_encoding);
}

/* ---- what is written ---- */

static void check_canary(const struct command *c, int fd)
{
	static uint8_t room[3 * PAGE], after[2 * PAGE];

	for (uint32_t size = c->size; size <= PAGE; size = size * 2 + 1) {
		fill(c, &req);
		req.head.size = size;
		memset(room, 0xc3, sizeof(room));
		memset(after, 0xc3, sizeof(after));
		memcpy(room, &req, size);
		if (!EXPECT_EQ(tg(fd, c->nr, room), 0))
			continue;
		memcpy(&req, room, c->size);
		clean(c, &req);
		EXPECT_MEM(room + size, after, sizeof(after));
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
	for (uint32_t size = 8; size < c->size; size += 8) {
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
	scene.ev.r.timeout_ms = 5000;
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
	EXPECT(memchr(ev->report, 0, ev->r.report_len));
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
	EXPECT_EQ(ev->r.report_len, need->report_len);
	/* Before firmware was asked nobody knows better than the maximum. */
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

	EXPECT_EQ(i.provider, TEEGATE_PROVIDER_SEV_SNP);
	EXPECT(i.transport == TEEGATE_TRANSPORT_DRIVER || i.transport == TEEGATE_TRANSPORT_DIRECT);
	EXPECT_EQ(i.state, TEEGATE_STATE_UP);
	EXPECT_EQ(i.module_ops, TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT);
	EXPECT_EQ(i.firmware_ops, TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT);
	EXPECT_EQ(i.lease_ops, 0);
	EXPECT_EQ(i.lease_id, 0);
	EXPECT_EQ(i.lease_expires_ms, 0);
	EXPECT_EQ(i.taint, TEEGATE_TAINT_SOFTWARE_FIRMWARE);
	EXPECT_EQ(i.queued, 0);
	EXPECT(i.queue_max > 0);
	EXPECT(i.timeout_default_ms > 0 && i.timeout_default_ms <= TEEGATE_TIMEOUT_MAX_MS);
	EXPECT_EQ(i.reason[0], 0);
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
	EXPECT_EQ(i.provider, TEEGATE_PROVIDER_SEV_SNP);
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
	return tap_main(argc, argv);
}
