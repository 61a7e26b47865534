// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IBM Secure Execution: challenges, what the Ultravisor is given with them, and calls of which a
 * part is done when something happens to their callers. Each measurement is recomputed (se.h), so
 * "good" means: over just these bytes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "modules.h"
#include "scene.h"
#include "se.h"

#define MIB (1U << 20)

/* Return codes of the Ultravisor as fw_status has them. */
#define RC(rc) ((uint64_t)(rc) << 16)

static struct evidence ev;

static int ask_with(int fd, uint32_t flags, const void *challenge, uint32_t len)
{
	report_wish(&ev, flags, "attest", 6);
	ev.r.challenge = (uintptr_t)challenge;
	ev.r.challenge_len = len;
	return tg(fd, TEEGATE_GET_REPORT, &ev.r);
}

static int ask_with_file(int fd, uint32_t flags, const char *name)
{
	const struct se_file *f = se_file(name);

	return ask_with(fd, flags, f->bytes, (uint32_t)f->len);
}

static void set_length(uint8_t *block, uint32_t len)
{
	for (unsigned int i = 0; i < 4; i++)
		block[12 + i] = (uint8_t)(len >> (24 - 8 * i));
}

/* A challenge of any size that looks like one as far as the kernel looks. */
static uint8_t *rubbish(uint32_t len)
{
	uint8_t *block = calloc(1, len + 1);

	ASSERT(block);
	set_length(block, len);
	return block;
}

static void expect_good(int fd)
{
	ASSERT_EQ(report_get(fd, 0, "good", 4, &ev), 0);
	expect_bound(&ev, "good", 4, CLAIMS, strlen(CLAIMS));
}

/* ---- the challenge ---- */

TEST(a_report_needs_a_challenge)
{
	struct lease l = lease_unpinned();
	const struct se_file *arcb = se_file("arcb");

	expect_good(l.fd);
	EXPECT_EQ(ask_with(l.fd, 0, NULL, 0), -EINVAL);
	EXPECT_EQ(ask_with(l.fd, 0, arcb->bytes, 0), -EINVAL);
	EXPECT_EQ(ask_with(l.fd, TEEGATE_REPORT_RAW, NULL, 0), -EINVAL);
	report_wish(&ev, 0, "r", 1);
	ev.r.reserved3 = 1;
	EXPECT_EQ(tg(l.fd, TEEGATE_GET_REPORT, &ev.r), -EINVAL);
}

/* The Ultravisor believes the length in the block, so it must be the one that was copied. */
TEST(a_challenge_that_says_another_length_never_reaches_firmware)
{
	struct lease l = lease_unpinned();
	const struct se_file *arcb = se_file("arcb");
	static const int off[] = { -1, 1, -64, 64, 0x10000, 0x7fff0000 };
	uint64_t calls = fw_stat("calls");
	uint8_t block[1024];

	ASSERT(arcb->len <= sizeof(block));
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		memcpy(block, arcb->bytes, arcb->len);
		set_length(block, (uint32_t)arcb->len + (uint32_t)off[i]);
		EXPECT_EQ(ask_with(l.fd, 0, block, (uint32_t)arcb->len), -EINVAL);
	}
	memcpy(block, arcb->bytes, arcb->len);
	for (uint32_t len = 1; len < arcb->len; len += len < 64 ? 1 : 37)
		EXPECT_EQ(ask_with(l.fd, 0, block, len), -EINVAL);
	EXPECT_EQ(ask_with(l.fd, 0, block, (uint32_t)arcb->len + 1), -EINVAL);
	EXPECT_EQ(fw_stat("calls"), calls);
	EXPECT_EQ(ask_with(l.fd, 0, block, (uint32_t)arcb->len), 0);
	EXPECT_EQ(fw_stat("calls"), calls + 1);
}

TEST(a_challenge_has_at_most_a_megabyte)
{
	struct lease l = lease_unpinned();

	EXPECT_EQ(ask_with(l.fd, 0, rubbish(MIB), MIB), -EREMOTEIO);
	EXPECT(ev.r.fw_status != 0);
	EXPECT_EQ(ask_with(l.fd, 0, rubbish(MIB + 1), MIB + 1), -EINVAL);
	EXPECT_EQ(ask_with(l.fd, 0, rubbish(MIB), 0x80000000), -EINVAL);
	EXPECT_EQ(ask_with(l.fd, 0, rubbish(MIB), ~0U), -EINVAL);
	expect_good(l.fd);
}

TEST(a_challenge_for_many_hosts_is_answered)
{
	struct lease l = lease_unpinned();

	ASSERT(se_file("arcb-large")->len > 16384);
	ASSERT_EQ(ask_with_file(l.fd, 0, "arcb-large"), 0);
	expect_bound(&ev, "attest", 6, CLAIMS, strlen(CLAIMS));
}

TEST(a_challenge_for_another_host_is_EREMOTEIO)
{
	struct lease l = lease_unpinned();

	EXPECT_EQ(ask_with_file(l.fd, 0, "arcb-foreign"), -EREMOTEIO);
	EXPECT_EQ(ev.r.fw_status, RC(0x010c));
	expect_good(l.fd);
}

TEST(a_challenge_with_any_flipped_byte_is_EREMOTEIO)
{
	const struct se_file *arcb = se_file("arcb");
	struct lease l = lease_unpinned();
	uint8_t block[1024];

	for (size_t at = 0; at < arcb->len; at += at < 64 ? 1 : 23) {
		if (at >= 12 && at < 16)	/* its length: see above */
			continue;
		memcpy(block, arcb->bytes, arcb->len);
		block[at] ^= 0x10;
		if (!EXPECT_EQ(ask_with(l.fd, 0, block, (uint32_t)arcb->len), -EREMOTEIO))
			tap_note("that was byte %zu", at);
		EXPECT(ev.r.fw_status >> 16 != 1 && ev.r.fw_status);
	}
	EXPECT_EQ(ask_with(l.fd, 0, arcb->bytes, (uint32_t)arcb->len), 0);
}

#define PAGE 4096

TEST(a_challenge_must_be_in_memory)
{
	const struct se_file *arcb = se_file("arcb");
	struct lease l = lease_unpinned();
	uint8_t *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	uint8_t *edge = p + PAGE;

	ASSERT(p != MAP_FAILED && arcb->len < PAGE);
	ASSERT_EQ(mprotect(edge, PAGE, PROT_NONE), 0);
	memcpy(edge - arcb->len, arcb->bytes, arcb->len);
	EXPECT_EQ(ask_with(l.fd, 0, edge - arcb->len, (uint32_t)arcb->len), 0);
	EXPECT_EQ(ask_with(l.fd, 0, edge - arcb->len + 1, (uint32_t)arcb->len), -EFAULT);
	EXPECT_EQ(ask_with(l.fd, 0, edge, (uint32_t)arcb->len), -EFAULT);
	EXPECT_EQ(ask_with(l.fd, 0, NULL, (uint32_t)arcb->len), -EFAULT);
	EXPECT_EQ(ask_with(l.fd, 0, (void *)-16L, (uint32_t)arcb->len), -EFAULT);
	for (unsigned int off = 1; off < 8; off += 2) {
		memmove(p + off, arcb->bytes, arcb->len);
		EXPECT_EQ(ask_with(l.fd, 0, p + off, (uint32_t)arcb->len), 0);
	}
}

/* ---- what is measured ---- */

TEST(additional_data_is_what_the_challenge_demands_and_no_more)
{
	struct lease l = lease_unpinned();

	ASSERT_EQ(ask_with_file(l.fd, TEEGATE_REPORT_AUX, "arcb-full"), 0);
	EXPECT_EQ(ev.r.aux_len, SE_ADDITIONAL_SIZE);
	expect_bound(&ev, "attest", 6, CLAIMS, strlen(CLAIMS));
	ASSERT_EQ(ask_with_file(l.fd, TEEGATE_REPORT_AUX, "arcb"), 0);
	EXPECT_EQ(ev.r.aux_len, 0);
	expect_bound(&ev, "attest", 6, CLAIMS, strlen(CLAIMS));
}

/* Fetched nevertheless: the Ultravisor would refuse to measure without room for it. */
TEST(additional_data_that_nobody_asked_for_does_not_come_out)
{
	struct lease l = lease_unpinned();

	ASSERT_EQ(ask_with_file(l.fd, 0, "arcb-full"), 0);
	EXPECT_EQ(ev.r.aux_len, 0);
	EXPECT_EQ(ev.aux[0], 0xa5);
}

/* The measurement covers how many there are. */
TEST(raw_bytes_are_passed_on_as_they_are_and_not_padded)
{
	struct lease l = lease_unpinned();
	uint8_t data[256];

	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 11 + 3);
	for (uint32_t len = 0; len <= sizeof(data); len += len < 72 ? 9 : 23) {
		ASSERT_EQ(report_get(l.fd, TEEGATE_REPORT_RAW, data, len, &ev), 0);
		EXPECT_MEM(report_data_of(&ev), data, len);
	}
	ASSERT_EQ(report_get(l.fd, TEEGATE_REPORT_RAW, data, 256, &ev), 0);
	EXPECT_MEM(report_data_of(&ev), data, 256);
}

TEST(a_raw_report_has_no_report_data)
{
	static const uint8_t none[REPORT_DATA_SIZE];
	struct lease l = lease_unpinned();

	ASSERT_EQ(report_get(l.fd, TEEGATE_REPORT_RAW, "raw", 3, &ev), 0);
	EXPECT_MEM(ev.r.report_data, none, sizeof(none));
	ASSERT_EQ(report_get(l.fd, 0, "raw", 3, &ev), 0);
	EXPECT(memcmp(ev.r.report_data, none, sizeof(none)));
}

/* ---- how much may wait ---- */

static struct asker *ask_with_block(int fd, const uint8_t *block, uint32_t len)
{
	struct asker *a = malloc(sizeof(*a));

	ASSERT(a);
	*a = (struct asker) { .fd = fd };
	report_wish(&a->ev, 0, "ask", 3);
	a->ev.r.challenge = (uintptr_t)block;
	a->ev.r.challenge_len = len;
	asker_run(a);
	return a;
}

static struct asker *ask_with_megabyte(int fd)
{
	return ask_with_block(fd, rubbish(MIB), MIB);
}

#define OF_ONE 4	/* megabytes of a lease with its relatives */
#define OF_ALL 32

TEST(challenges_of_a_lease_are_bounded)
{
	struct lease l = lease_unpinned(), child, other = lease_unpinned();
	struct busy_scene s = busy_scene_make();
	struct asker *a[OF_ONE];

	child = lease_narrow(l.fd, BOTH);
	for (unsigned int i = 0; i < OF_ONE; i++)
		a[i] = ask_with_megabyte(i % 2 ? child.fd : l.fd);
	WAIT_UNTIL(info_of(other.fd).queued == s.queued + OF_ONE);
	EXPECT_EQ(report_try(l.fd), -EDQUOT);
	EXPECT_EQ(report_try(child.fd), -EDQUOT);
	busy_scene_end(&s);
	for (unsigned int i = 0; i < OF_ONE; i++)
		EXPECT_EQ(ask_result(a[i]), -EREMOTEIO);
	EXPECT_EQ(report_try(other.fd), 0);
	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(report_try(child.fd), 0);
}

TEST(all_challenges_together_are_bounded)
{
	struct lease l[OF_ALL / OF_ONE], late = lease_unpinned();
	struct busy_scene s = busy_scene_make();
	struct asker *a[OF_ALL];
	unsigned int n = 0;

	for (unsigned int i = 0; i < OF_ALL / OF_ONE; i++)
		l[i] = lease_unpinned();
	for (; n < OF_ALL; n++)
		a[n] = ask_with_megabyte(l[n / OF_ONE].fd);
	WAIT_UNTIL(info_of(late.fd).queued == s.queued + n);
	EXPECT_EQ(ask_with(late.fd, 0, rubbish(MIB), MIB), -EAGAIN);
	busy_scene_end(&s);
	for (unsigned int i = 0; i < n; i++)
		EXPECT_EQ(ask_result(a[i]), -EREMOTEIO);
	EXPECT_EQ(ask_with(late.fd, 0, rubbish(MIB), MIB), -EREMOTEIO);
	expect_good(late.fd);
}

#define ALWAYS 16384	/* bytes of the only challenge of a workload */

TEST(the_first_small_challenge_of_a_workload_always_finds_room)
{
	struct lease l[OF_ALL / OF_ONE], polite[2] = { lease_unpinned(), lease_unpinned() };
	struct busy_scene s = busy_scene_make();
	struct asker *a[OF_ALL], *small[2];
	unsigned int n = 0;

	for (unsigned int i = 0; i < OF_ALL / OF_ONE; i++)
		l[i] = lease_unpinned();
	for (; n < OF_ALL; n++)
		a[n] = ask_with_megabyte(l[n / OF_ONE].fd);
	WAIT_UNTIL(info_of(polite[0].fd).queued == s.queued + n);
	EXPECT_EQ(ask_with(polite[0].fd, 0, rubbish(ALWAYS + 1), ALWAYS + 1), -EAGAIN);
	for (unsigned int i = 0; i < 2; i++)
		small[i] = ask_start(polite[i].fd, 0);
	WAIT_UNTIL(info_of(polite[0].fd).queued == s.queued + n + 2);
	EXPECT_EQ(ask_with(polite[0].fd, 0, rubbish(ALWAYS), ALWAYS), -EAGAIN);
	EXPECT_EQ(report_try(l[0].fd), -EDQUOT);
	busy_scene_end(&s);
	for (unsigned int i = 0; i < 2; i++)
		EXPECT_EQ(ask_result(small[i]), 0);
	for (unsigned int i = 0; i < n; i++)
		EXPECT_EQ(ask_result(a[i]), -EREMOTEIO);
	EXPECT_EQ(ask_with(polite[1].fd, 0, rubbish(ALWAYS), ALWAYS), -EREMOTEIO);
	expect_good(polite[1].fd);
}

/* A megabyte whose first use by anyone, the kernel included, is told to @uffd and does not end. */
static uint8_t *megabyte_without_end(int uffd)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(p != MAP_FAILED);
	reg.range.start = (uintptr_t)p;
	reg.range.len = MIB;
	ASSERT_EQ(ioctl(uffd, UFFDIO_REGISTER, &reg), 0);
	return p;
}

/* As many as there is room for, if those counted that never come to an end. */
TEST(who_stalls_over_a_challenge_takes_nothing_from_others)
{
	struct lease l[OF_ALL / OF_ONE], other = lease_unpinned();
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct asker *a[OF_ALL];
	struct uffd_msg msg;

	ASSERT(uffd >= 0);
	ASSERT_EQ(ioctl(uffd, UFFDIO_API, &api), 0);
	for (unsigned int n = 0; n < OF_ALL; n++) {
		if (n % OF_ONE == 0)
			l[n / OF_ONE] = lease_unpinned();
		a[n] = ask_with_block(l[n / OF_ONE].fd, megabyte_without_end(uffd), MIB);
	}
	for (unsigned int n = 0; n < OF_ALL; n++) {
		ASSERT_EQ(read(uffd, &msg, sizeof(msg)), sizeof(msg));
		ASSERT_EQ(msg.event, UFFD_EVENT_PAGEFAULT);
	}
	EXPECT_EQ(ask_with(other.fd, 0, rubbish(MIB), MIB), -EREMOTEIO);
	EXPECT_EQ(ask_with(l[0].fd, 0, rubbish(MIB), MIB), -EREMOTEIO);
	expect_good(other.fd);
	close(uffd);	/* now they find zeroes, which are no challenge */
	for (unsigned int n = 0; n < OF_ALL; n++)
		EXPECT_EQ(ask_result(a[n]), -EINVAL);
	expect_good(l[0].fd);
}

/* In a cgroup of its own, so that nothing else is on the bill. */
struct bill {
	const char *cgroup;
	struct lease lease;
	struct gate ready;
};

static void ask_on_the_bill(void *arg)
{
	struct bill *b = arg;
	uint8_t *block;

	cgroup_enter(b->cgroup);
	block = rubbish(MIB);
	memset(block + 64, 1, MIB - 64);
	report_wish(&ev, 0, "bill", 4);
	ev.r.challenge = (uintptr_t)block;
	ev.r.challenge_len = MIB;
	gate_open(b->ready);
	EXPECT_EQ(tg(b->lease.fd, TEEGATE_GET_REPORT, &ev.r), 12345);
}

/* Of kernel memory alone: what a process of the cgroup maps is not the question. */
static long long kernel_bytes(const char *cgroup)
{
	char path[512], name[64];
	long long n, found = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/memory.stat", cgroup);
	f = fopen(path, "re");
	ASSERT(f);
	while (fscanf(f, "%63s %lld", name, &n) == 2) {
		if (!strcmp(name, "kernel"))
			found = n;
	}
	fclose(f);
	return found;
}

TEST(a_challenge_is_on_the_bill_of_the_callers_memory_cgroup)
{
	struct bill b = { .lease = lease_unpinned(), .ready = gate_make() };
	struct busy_scene s;
	pid_t pid;

	ASSERT_EQ(cgroup_write(cgroup_root(), "cgroup.subtree_control", "+memory"), 0);
	b.cgroup = cgroup_make(NULL, "bill");
	s = busy_scene_make();
	pid = child_start(ask_on_the_bill, &b);
	gate_wait(b.ready);
	WAIT_UNTIL(info_of(b.lease.fd).queued == s.queued + 1);
	WAIT_UNTIL(kernel_bytes(b.cgroup) >= MIB);
	/* And it is freed with the request, not with anything else. */
	child_kill(pid);
	WAIT_UNTIL(info_of(b.lease.fd).queued == s.queued);
	WAIT_UNTIL(kernel_bytes(b.cgroup) < MIB);
	busy_scene_end(&s);
	expect_good(b.lease.fd);
}

/* ---- while a part of the call is done ---- */

static void hold_in_firmware(void)
{
	fw_fault("partial count=1000000");
}

static void wait_in_firmware(uint64_t hits)
{
	WAIT_UNTIL(fw_hits("partial") > hits);
}

static void ask_once(void *arg)
{
	EXPECT_EQ(report_try(((struct lease *)arg)->fd), 12345);
}

TEST(killed_while_a_part_of_its_call_is_done)
{
	struct lease l = lease_unpinned();

	for (unsigned int i = 0; i < 5; i++) {
		uint64_t hits = fw_hits("partial");
		int status;
		pid_t pid;

		hold_in_firmware();
		pid = child_start(ask_once, &l);
		wait_in_firmware(hits);
		status = child_kill(pid);
		EXPECT(WIFSIGNALED(status));
		EXPECT_EQ(info_of(l.fd).queued, 1);
		fw_release();
		expect_good(l.fd);
		WAIT_UNTIL(info_of(l.fd).queued == 0);
	}
}

/* What was begun is carried on with for a while, and not for ever. */
TEST(a_call_that_is_never_done_is_given_up_when_its_caller_has_left)
{
	struct lease l = lease_unpinned();
	uint64_t hits = fw_hits("partial");

	hold_in_firmware();
	report_wish(&ev, 0, "never", 5);
	ev.r.timeout_ms = 1500;
	EXPECT_EQ(tg(l.fd, TEEGATE_GET_REPORT, &ev.r), -ETIMEDOUT);
	wait_in_firmware(hits);
	WAIT_UNTIL(info_of(l.fd).queued == 0);
	fw_release();
	expect_good(l.fd);
}

TEST(revoked_while_a_part_of_its_call_is_done_is_ESTALE)
{
	struct lease l = lease_unpinned(), other = lease_unpinned();
	uint64_t hits = fw_hits("partial");
	struct asker *a;

	hold_in_firmware();
	a = ask_start(l.fd, 0);
	wait_in_firmware(hits);
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	EXPECT_EQ(ask_result(a), -ESTALE);
	fw_release();
	expect_good(other.fd);
	WAIT_UNTIL(info_of(other.fd).queued == 0);
}

/* Four are begun and no more, the fifth has its turn when one of them is done. */
TEST(calls_of_which_a_part_is_done_hold_up_nobody_for_ever)
{
	struct lease l = lease_unpinned(), late = lease_unpinned();
	struct asker *a[6], *one;

	hold_in_firmware();
	for (unsigned int i = 0; i < 6; i++)
		a[i] = ask_start_within(l.fd, 0, 4000);
	WAIT_UNTIL(info_of(late.fd).queued == 6);
	one = ask_start(late.fd, 0);
	for (unsigned int i = 0; i < 6; i++)
		EXPECT_EQ(ask_result(a[i]), -ETIMEDOUT);
	fw_release();
	EXPECT_EQ(ask_result(one), 0);
	WAIT_UNTIL(info_of(late.fd).queued == 0);
	expect_good(late.fd);
}

/* Nobody has the lease any more, and the Ultravisor never comes to an end. */
TEST(unloading_gives_up_a_call_that_is_never_done)
{
	struct lease l = lease_unpinned();
	uint64_t hits = fw_hits("partial");
	pid_t pid;

	hold_in_firmware();
	pid = child_start(ask_once, &l);
	close(l.fd);
	wait_in_firmware(hits);
	child_kill(pid);
	module_unload(OUR_MODULE);
	fw_release();
	module_load(OUR_MODULE);
	l = lease_unpinned();
	expect_good(l.fd);
}

TEST(unloading_does_not_wait_for_a_call_that_was_not_begun)
{
	struct lease l = lease_unpinned();
	pid_t pid;

	fw_hold();
	pid = child_start(ask_once, &l);
	close(l.fd);
	fw_wait_held();
	child_kill(pid);
	module_unload(OUR_MODULE);
	fw_release();
	module_load(OUR_MODULE);
	l = lease_unpinned();
	expect_good(l.fd);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
