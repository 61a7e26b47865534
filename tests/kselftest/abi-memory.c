// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What <linux/teegate.h> says about every ioctl, part two: pointers, where they may point and where
 * not. Built twice, the second time for 32 bits: both must see the same.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "commands.h"

/* ---- pointers ---- */

#define ROOM (32 * PAGE)

/* Some pages to use, and after them one that nobody may touch. */
static uint8_t *edge_of_memory(int prot)
{
	uint8_t *p = mmap(NULL, ROOM + PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(p != MAP_FAILED);
	ASSERT_EQ(mprotect(p + ROOM, PAGE, PROT_NONE), 0);
	return p + ROOM;
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
	if (EXPECT_EQ(tg(fd, c->nr, edge - c->size), good(c))) {
		memcpy(&req, edge - c->size, c->size);
		clean(c, &req);
	}
	for (size_t i = 0; i < N_BAD; i++) {
		if (sizeof(long) == 8 || bad_addresses[i] < 16)
			EXPECT_EQ(tg(fd, c->nr, (void *)(uintptr_t)bad_addresses[i]), -EFAULT);
	}
	EXPECT_EQ(tg(fd, c->nr, (void *)-16L), -EFAULT);
	munmap(edge - ROOM, ROOM + PAGE);
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
	if (EXPECT_EQ(tg(fd, c->nr, edge - c->size - 8), good(c))) {
		memcpy(&req, edge - c->size - 8, c->size);
		clean(c, &req);
	}
	fill(c, &req);
	req.head.size = c->size + 8;
	memcpy(edge - c->size, &req, c->size);
	EXPECT_EQ(tg(fd, c->nr, edge - c->size), -EFAULT);
	munmap(edge - ROOM, ROOM + PAGE);
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
	mprotect(edge - ROOM, ROOM, PROT_READ);
	before = count_open_fds();
	r = tg(fd, c->nr, edge - c->size);
	if (r || c->nr != TEEGATE_REVOKE)
		EXPECT_EQ(r, good(c) ? good(c) : -EFAULT);
	EXPECT_EQ(count_open_fds(), before);
	munmap(edge - ROOM, ROOM + PAGE);
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
		ASSERT(n > 1 && n <= ROOM);
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
	static uint8_t copy[ROOM];
	uint8_t *edge = edge_of_memory(PROT_READ), *p = edge - ROOM;

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

TEST(an_event_must_be_in_memory)
{
	uint8_t *edge = edge_of_memory(PROT_READ | PROT_WRITE);

	make_scene();
	EXPECT_EQ(EXTEND((x->event = (uintptr_t)(edge - 16), x->event_len = 16)), 0);
	EXPECT_EQ(EXTEND((x->event = (uintptr_t)(edge - 15), x->event_len = 16)), -EFAULT);
	for (size_t i = 0; i < N_BAD; i++)
		EXPECT_EQ(EXTEND(x->event = bad_addresses[i]), -EFAULT);
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
		if (!EXPECT_EQ(tg(fd, c->nr, room + off), good(c)))
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

	make_scene();
	for (unsigned int off = 1; off < 8; off += 2) {
		char data[] = "xxxxxxxxabi";

		memmove(data + off, "abi", 3);
		EXPECT_EQ(REPORT(0, (r->user_data = (uintptr_t)data + off,
				     r->report += off, r->claims += off)), 0);
		memmove(ev->report, ev->report + off, ev->r.report_len);
		memmove(ev->claims, ev->claims + off, strlen(CLAIMS));
		expect_bound(ev, "abi", 3, CLAIMS, strlen(CLAIMS));
	}
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
