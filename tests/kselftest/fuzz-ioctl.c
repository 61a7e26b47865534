// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random ioctls: right requests with a few things wrong, and rubbish. Nothing but the errnos of
 * <linux/teegate.h> ever comes back, nothing is written where nothing may be, and afterwards
 * reports work. The kernel's log is the runner's to read.
 *
 *	fuzz-ioctl			the seed that every run uses
 *	TG_SEED=N TG_ROUNDS=N fuzz-ioctl
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "tee.h"

#define PAGE 4096u
#define SEED 20261123
#define ROUNDS 10000

/* ---- chance, the same for every libc ---- */

static uint64_t chance_state;

static uint32_t chance(void)
{
	chance_state += 0x9e3779b97f4a7c15;
	uint64_t z = chance_state;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)(z >> 32);
}

static uint32_t below(uint32_t n)
{
	return chance() % n;
}

static bool one_in(uint32_t n)
{
	return below(n) == 0;
}

static uint64_t number(void)
{
	static const uint64_t special[] = {
		0, 1, 2, 3, 4, 7, 8, 16, 48, 63, 64, 65, 128, 240, 1183, 1184, 4095, 4096, 4097,
		65536, 0x7fffffff, 0x80000000, 0xfffffff7, 0xffffffff, 0x100000000,
		0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
	};

	if (one_in(4))
		return (uint64_t)chance() << 32 | chance();
	return special[below(sizeof(special) / sizeof(special[0]))];
}

/* ---- memory: a page to use, with a page that nobody may touch on either side ---- */

static uint8_t *arena, *scratch;

static void make_memory(void)
{
	arena = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	scratch = mmap(NULL, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT(arena != MAP_FAILED && scratch != MAP_FAILED);
	ASSERT_EQ(mprotect(arena, PAGE, PROT_NONE), 0);
	ASSERT_EQ(mprotect(arena + 2 * PAGE, PAGE, PROT_NONE), 0);
	arena += PAGE;
}

/* Somewhere that may be good, bad, half good or shared with another pointer. */
static uint64_t address(void)
{
	switch (below(6)) {
	case 0:
		return number();
	case 1:
		return (uintptr_t)(arena + PAGE - below(200));
	case 2:
		return (uintptr_t)(arena - below(200));
	case 3:
		return 0;
	default:
		return (uintptr_t)(scratch + below(16 * PAGE));
	}
}

/* ---- requests ---- */

#define POOL 16

struct pool {
	int session;
	int lease[POOL];
};

static struct pool pool;

union request {
	struct {
		uint32_t size, flags;
	} head;
	struct teegate_get_info info;
	struct teegate_get_report report;
	struct teegate_extend extend;
	struct teegate_create_lease create;
	struct teegate_narrow narrow;
	struct teegate_revoke revoke;
	struct teegate_derive_key derive;
	struct teegate_seal seal;
	struct teegate_unseal unseal;
	struct teegate_set_root set_root;
	struct teegate_wipe_roots wipe_roots;
	struct teegate_add_secret add;
	struct teegate_list_secrets list;
	struct teegate_lock_secrets lock;
	uint8_t bytes[PAGE];
	uint64_t words[PAGE / 8];
};

static uint32_t fill_report(union request *q)
{
	q->report = (struct teegate_get_report) {
		.flags = below(8),
		.user_data = (uintptr_t)scratch,
		.user_data_len = below(66),
		.timeout_ms = one_in(3) ? below(20) : 0,
		.report = (uintptr_t)(scratch + PAGE),
		.report_len = 3 * PAGE,
	};
	if (q->report.flags & TEEGATE_REPORT_AUX) {
		q->report.aux = (uintptr_t)(scratch + 8 * PAGE);
		q->report.aux_len = 16 * PAGE;
	}
	if (!(q->report.flags & TEEGATE_REPORT_RAW)) {
		q->report.claims = (uintptr_t)(scratch + 6 * PAGE);
		q->report.claims_len = PAGE;
	}
	if (tee_found() && tee_found()->challenge)
		tee_found()->challenge(&q->report);
	return sizeof(q->report);
}

/* Half of them with a length of their own that is right: of rubbish nevertheless. */
static uint32_t fill_add(union request *q)
{
	uint8_t *block = scratch + 30 * PAGE;

	q->add.request = (uintptr_t)block;
	q->add.request_len = 64 + below(64);
	block[15] = (uint8_t)(q->add.request_len - one_in(2));
	return sizeof(q->add);
}

static uint32_t fill_list(union request *q)
{
	q->list.secrets = (uintptr_t)(scratch + below(20 * PAGE));
	q->list.count = below(100);
	return sizeof(q->list);
}

/* Budgets of the leases are small, or else the log of this guest would soon be full. */
static uint32_t fill_extend(union request *q)
{
	q->extend = extend_wish(below(5), scratch, below(70));
	q->extend.timeout_ms = one_in(3) ? below(20) : 0;
	return sizeof(q->extend);
}

static uint32_t fill_create(union request *q)
{
	q->create = lease_wish(1 + below(31), CLAIMS);
	if (q->create.ops & (TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL)) {
		q->create.sealing_claims = (uintptr_t)CLAIMS;
		q->create.sealing_claims_len = 1 + below(sizeof(CLAIMS) - 1);
		q->create.root_sources = 1 + below(128);
		if (q->create.root_sources & 1U << TEEGATE_ROOT_FIRMWARE)
			q->create.snp_field_select = 9 | below(64);
	}
	if (q->create.ops & TEEGATE_OP_EXTEND) {
		q->create.extend_max = 1 + below(2);
		q->create.extend_bytes_max = 1 + below(100);
	}
	q->create.max_pending = below(5);
	q->create.workload = below(4);
	q->create.rate_per_minute = below(2) ? 1 + below(TEEGATE_RATE_MAX) : 0;
	q->create.rate_burst = q->create.rate_per_minute ? 1 + below(3) : 0;
	q->create.note = (uintptr_t)CLAIMS;
	q->create.note_len = below(sizeof(CLAIMS));
	if (!q->create.note_len)
		q->create.note = 0;
	return sizeof(q->create);
}

/* Roots are installed, but no round wipes them: then there would be no keys any more. */
static unsigned int fill_keys(union request *q)
{
	switch (below(4)) {
	case 0:
		q->derive.label = (uintptr_t)scratch;
		q->derive.label_len = below(260);
		q->derive.key = (uintptr_t)(scratch + PAGE);
		q->derive.key_len = 15 + below(51);
		q->head.size = sizeof(q->derive);
		return TEEGATE_DERIVE_KEY;
	case 1:
		q->seal.label = (uintptr_t)scratch;
		q->seal.label_len = below(260);
		q->seal.data = (uintptr_t)scratch;
		q->seal.data_len = below(PAGE);
		q->seal.blob = (uintptr_t)(scratch + 20 * PAGE);
		q->seal.blob_len = 2 * PAGE;
		q->head.size = sizeof(q->seal);
		return TEEGATE_SEAL;
	case 2:
		q->unseal.blob = (uintptr_t)(scratch + 20 * PAGE);
		q->unseal.blob_len = below(2 * PAGE);
		q->unseal.data = (uintptr_t)scratch;
		q->unseal.data_len = PAGE;
		q->head.size = sizeof(q->unseal);
		return TEEGATE_UNSEAL;
	default:
		q->set_root.root = (uintptr_t)scratch;
		q->set_root.root_len = TEEGATE_ROOT_SIZE;
		q->set_root.source = TEEGATE_ROOT_TPM + below(3);
		q->set_root.flags = one_in(2);
		q->head.size = sizeof(q->set_root);
		return TEEGATE_SET_ROOT;
	}
}

static uint32_t fill_narrow(union request *q)
{
	q->narrow = narrow_wish(1 + below(31));
	return sizeof(q->narrow);
}

/* A command number, with a request that would be right for it. */
static unsigned int fill(union request *q)
{
	uint32_t size = 0;
	unsigned int cmd;

	memset(q, 0, sizeof(*q));
	switch (below(18)) {
	case 0:
		cmd = _IO(TEEGATE_IOC_TYPE, below(256));
		break;
	case 1:
		cmd = chance();
		/* Not those that the kernel answers for any file: FIONBIO, FIOCLEX and the like. */
		if (cmd >> 8 == 0x54 || _IOC_TYPE(cmd) != TEEGATE_IOC_TYPE)
			cmd = _IOC(chance() & 3, TEEGATE_IOC_TYPE, chance() & 255, below(4096));
		break;
	case 2:
	case 3:
		cmd = TEEGATE_GET_INFO;
		size = sizeof(q->info);
		break;
	case 4:
	case 5:
		cmd = TEEGATE_CREATE_LEASE;
		size = fill_create(q);
		break;
	case 6:
	case 7:
		cmd = TEEGATE_NARROW;
		size = fill_narrow(q);
		break;
	case 8:
		cmd = TEEGATE_REVOKE;
		size = sizeof(q->revoke);
		q->revoke.lease_id = one_in(2) ? below(2000) : 0;
		break;
	case 9:
		cmd = TEEGATE_EXTEND;
		size = fill_extend(q);
		break;
	case 10:
		cmd = TEEGATE_ADD_SECRET;
		size = fill_add(q);
		break;
	case 11:
		cmd = TEEGATE_LIST_SECRETS;
		size = fill_list(q);
		break;
	case 12:
		cmd = TEEGATE_LOCK_SECRETS;
		size = sizeof(q->lock);
		q->lock.flags = below(2);
		break;
	case 16:
	case 17:
		return fill_keys(q);
	default:
		cmd = TEEGATE_GET_REPORT;
		size = fill_report(q);
	}
	q->head.size = size;
	return cmd;
}

static void spoil(union request *q)
{
	unsigned int n = below(4);

	while (n--) {
		switch (below(5)) {
		case 0:
			q->head.size = (uint32_t)number();
			break;
		case 1:
			q->head.flags ^= 1U << below(32);
			break;
		case 2:
			q->words[1 + below(20)] = number();
			break;
		case 3:
			q->words[1 + below(20)] = address();
			break;
		default:
			q->bytes[8 + below(300)] ^= (uint8_t)(1 + below(255));
		}
	}
}

static int a_file(void)
{
	int fd = pool.lease[below(POOL)];

	return fd < 0 || one_in(3) ? pool.session : fd;
}

/* Leases come and go; whatever was made must be usable as a descriptor of ours. */
static void keep(int fd)
{
	unsigned int slot = below(POOL);

	if (!EXPECT(fd > 2))
		return;
	if (pool.lease[slot] >= 0)
		close(pool.lease[slot]);
	pool.lease[slot] = fd;
}

static bool documented(int r)
{
	static const int known[] = {
		0, ENOTTY, EINVAL, E2BIG, EFAULT, EPERM, ESTALE, EOPNOTSUPP, ENODEV, ENOKEY, EAGAIN,
		EDQUOT, ENOSPC, EINTR, ETIMEDOUT, EREMOTEIO, EPROTO, ENOMEM, ENODATA,
		EKEYREJECTED, EILSEQ, EPROTONOSUPPORT, EXDEV, EMSGSIZE, ENXIO, EBADMSG, EEXIST,
		ENOENT, EBADF, ENFILE, EMFILE,	/* said by single commands */
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (r == -known[i])
			return true;
	}
	return false;
}

static void one_round(uint64_t *seen)
{
	union request q, *where = &q;
	unsigned int cmd = fill(&q);
	int r;

	if (!one_in(3))
		spoil(&q);
	if (one_in(8)) {
		/* The structure itself at the edge of memory. */
		uint32_t n = below(300);

		where = (union request *)(arena + PAGE - n);
		memcpy(where, &q, n);
	} else if (one_in(50)) {
		where = (union request *)(uintptr_t)address();
	}
	r = tg(a_file(), cmd, where);
	if (!documented(r)) {
		char text[32];

		tap_fail(__FILE__, __LINE__, "command 0x%x: %s", cmd, tap_errno(r, text));
	}
	seen[r == 0]++;
	if (r || where != &q)
		return;
	if (cmd == TEEGATE_CREATE_LEASE)
		keep(q.create.lease_fd);
	else if (cmd == TEEGATE_NARROW)
		keep(q.narrow.lease_fd);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

/* Descriptors made where the structure could not be found again. */
static void close_strays(void)
{
	for (int fd = 3; fd < 1024; fd++) {
		bool ours = fd == pool.session;

		for (unsigned int i = 0; i < POOL; i++)
			ours |= fd == pool.lease[i];
		if (!ours)
			close(fd);
	}
}

static void run(uint64_t seed, uint64_t rounds)
{
	uint64_t seen[2] = { 0 };

	tap_note("seed %llu, %llu rounds", (unsigned long long)seed, (unsigned long long)rounds);
	chance_state = seed;
	make_memory();
	pool.session = session_open();
	for (unsigned int i = 0; i < POOL; i++)
		pool.lease[i] = i % 4 ? -1 : lease_unpinned().fd;
	for (uint64_t i = 0; i < rounds && !tap_failed(); i++) {
		one_round(seen);
		if (i % 500 == 499) {
			close_strays();
			pool.lease[below(POOL)] = lease_unpinned().fd;
		}
	}
	tap_note("%llu good, %llu refused", (unsigned long long)seen[1],
		 (unsigned long long)seen[0]);
	/* Or else the requests were so wrong that nothing was tried. */
	EXPECT(seen[1] * 20 > rounds);
	EXPECT(seen[0] * 20 > rounds);
}

TEST_LIMIT(random_ioctls_return_documented_errnos_only, 600)
{
	struct lease l;

	run(from_environment("TG_SEED", SEED), from_environment("TG_ROUNDS", ROUNDS));
	WAIT_UNTIL(info_now().queued == 0);
	l = lease_unpinned();
	EXPECT_EQ(info_of(l.fd).state, TEEGATE_STATE_UP);
	EXPECT_EQ(report_try(l.fd), 0);
}

static void fuzz_with_seed(void *arg)
{
	run(*(uint64_t *)arg, from_environment("TG_ROUNDS", ROUNDS) / 4);
}

/* The same from several processes that revoke each other's leases. */
TEST_LIMIT(random_ioctls_of_four_processes_at_once, 600)
{
	uint64_t seed[4];
	pid_t pid[4];

	for (unsigned int i = 0; i < 4; i++) {
		seed[i] = from_environment("TG_SEED", SEED) + 1 + i;
		pid[i] = child_start(fuzz_with_seed, &seed[i]);
	}
	for (unsigned int i = 0; i < 4; i++)
		child_ok(pid[i]);
	WAIT_UNTIL(info_now().queued == 0);
	EXPECT_EQ(info_now().state, TEEGATE_STATE_UP);
	EXPECT_EQ(report_try(lease_unpinned().fd), 0);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
