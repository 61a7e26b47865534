// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IBM Secure Execution: the secrets that the Ultravisor keeps for the guest. Who may add, list and
 * lock them, what the list says, and what each fault comes to. A store that was filled or locked
 * is that until the guest restarts; here the software Ultravisor is loaded anew instead, before
 * each case that needs an empty one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "modules.h"
#include "scene.h"
#include "se.h"

#define RC(rc) ((uint64_t)(rc) << 16)

#define TYPE_ASSOCIATION 2
#define TYPE_PLAIN 3
#define CAPACITY 100	/* of the software Ultravisor's store */
#define MANY 95		/* more than there are in a page of the Ultravisor's */

static struct teegate_secret list[CAPACITY + 1];

/* The number of secrets, or a negative errno; they are in list. */
static int list_up_to(int session, uint32_t room)
{
	struct teegate_list_secrets a = {
		.size = sizeof(a),
		.secrets = (uintptr_t)list,
		.count = room,
	};
	int r;

	memset(list, 0xa5, sizeof(list));
	r = tg(session, TEEGATE_LIST_SECRETS, &a);
	return r ? r : (int)a.count;
}

static int list_now(int session)
{
	return list_up_to(session, CAPACITY);
}

static int add(int session, const char *name, uint64_t *ret_status)
{
	return se_add_secret(session, se_file(name), ret_status);
}

static void expect_added(int session, const char *name)
{
	uint64_t status = 1;

	ASSERT_EQ(add(session, name, &status), 0);
	EXPECT_EQ(status, 0);
}

static int fresh_session(void)
{
	int session;

	everything_anew();
	session = session_open();
	ASSERT_EQ(list_now(session), 0);
	return session;
}

static const struct teegate_secret *listed(const char *name, int n)
{
	char file[32];

	snprintf(file, sizeof(file), "%s.id", name);
	ASSERT_EQ(se_file(file)->len, sizeof(list[0].id));
	for (int i = 0; i < n; i++) {
		if (!memcmp(list[i].id, se_file(file)->bytes, sizeof(list[i].id)))
			return &list[i];
	}
	return NULL;
}

/* ---- who may ---- */

static void expect_ENOTTY(int fd)
{
	struct teegate_list_secrets l = { .size = sizeof(l) };
	uint64_t status;

	EXPECT_EQ(add(fd, "short", &status), -ENOTTY);
	EXPECT_EQ(se_lock_secrets(fd, &status), -ENOTTY);
	EXPECT_EQ(tg(fd, TEEGATE_LIST_SECRETS, &l), -ENOTTY);
}

TEST(a_lease_has_no_operations_on_secrets)
{
	int session = fresh_session();
	struct lease l = lease_for_everything();
	uint64_t status;

	expect_ENOTTY(l.fd);
	expect_ENOTTY(lease_narrow(l.fd, BOTH).fd);
	EXPECT_EQ(fw_stat("added"), 0);
	EXPECT_EQ(fw_stat("locked"), 0);
	expect_added(session, "short");
	EXPECT_EQ(se_lock_secrets(session, &status), 0);
}

TEST(no_lease_can_be_made_that_has)
{
	static const uint64_t ops[] = {
		TEEGATE_OP_ADD_SECRET, TEEGATE_OP_LIST_SECRETS, TEEGATE_OP_LOCK_SECRETS,
		SECRET_OPS,
	};
	struct lease l = lease_unpinned();
	int session = session_open();

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		struct teegate_create_lease w = lease_wish(BOTH | ops[i], CLAIMS);

		EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &w), -EINVAL);
		EXPECT_EQ(narrow_to(l.fd, narrow_wish(BOTH | ops[i])), -EINVAL);
		EXPECT_EQ(narrow_to(l.fd, narrow_wish(ops[i])), -EINVAL);
	}
	EXPECT_EQ(create_on(session), 0);
	EXPECT_EQ(narrow_to(l.fd, narrow_wish(BOTH)), 0);
}

/* With a session that it was given, so that it is not the opening that stops it. */
static void try_as_user(void *arg)
{
	int session = *(int *)arg;
	struct teegate_list_secrets l = { .size = sizeof(l) };
	uint64_t status;

	become_user(USER_UID);
	EXPECT_EQ(add(session, "short", &status), -EPERM);
	EXPECT_EQ(se_lock_secrets(session, &status), -EPERM);
	EXPECT_EQ(tg(session, TEEGATE_LIST_SECRETS, &l), -EPERM);
}

TEST(a_process_that_is_not_the_administrator_is_refused)
{
	int session = fresh_session();

	se_file("short");
	in_child(try_as_user, &session);
	EXPECT_EQ(fw_stat("added"), 0);
	EXPECT_EQ(fw_stat("locked"), 0);
	expect_added(session, "short");
	EXPECT_EQ(list_now(session), 1);
}

/* ---- what they do ---- */

TEST(a_secret_that_is_added_is_listed_by_its_id)
{
	int session = fresh_session();
	const struct teegate_secret *s;

	expect_added(session, "short");
	expect_added(session, "association");
	ASSERT_EQ(list_now(session), 2);
	s = listed("short", 2);
	ASSERT(s);
	EXPECT_EQ(s->type, TYPE_PLAIN);
	EXPECT_EQ(s->length, 2 + 16 + 14);
	EXPECT_EQ(s->reserved, 0);
	s = listed("association", 2);
	ASSERT(s);
	EXPECT_EQ(s->type, TYPE_ASSOCIATION);
	EXPECT_EQ(s->length, 32);
	EXPECT(list[0].index != list[1].index);
	EXPECT(!listed("root", 2));
}

TEST(a_list_without_room_is_ENOSPC_with_the_number_that_it_takes)
{
	int session = fresh_session();
	struct teegate_list_secrets a = { .size = sizeof(a) };
	static struct teegate_secret untouched[CAPACITY + 1];

	EXPECT_EQ(tg(session, TEEGATE_LIST_SECRETS, &a), 0);
	EXPECT_EQ(a.count, 0);
	expect_added(session, "short");
	expect_added(session, "association");
	EXPECT_EQ(tg(session, TEEGATE_LIST_SECRETS, &a), -ENOSPC);
	EXPECT_EQ(a.count, 2);
	EXPECT_EQ(list_up_to(session, 1), -ENOSPC);
	memset(untouched, 0xa5, sizeof(untouched));
	EXPECT_MEM(list, untouched, sizeof(list));
	EXPECT_EQ(list_up_to(session, 2), 2);
	EXPECT_MEM(list + 2, untouched, sizeof(list[2]));
	a = (struct teegate_list_secrets) { .size = sizeof(a), .secrets = 8, .count = 2 };
	EXPECT_EQ(tg(session, TEEGATE_LIST_SECRETS, &a), -EFAULT);
}

/* No id is taken twice, so there are as many requests as the store takes. */
static const char *one_of_many(unsigned int i)
{
	static char name[32];

	snprintf(name, sizeof(name), "many-%u", i);
	return name;
}

static void add_many(int session, unsigned int n)
{
	for (unsigned int i = 1; i <= n; i++)
		expect_added(session, one_of_many(i));
}

TEST_LIMIT(a_list_of_several_pages_is_one_list, 300)
{
	int session = fresh_session();

	add_many(session, MANY);
	expect_added(session, "root");
	ASSERT_EQ(list_now(session), MANY + 1);
	for (int i = 0; i < MANY + 1; i++) {
		EXPECT(list[i].length > 0);
		for (int k = 0; k < i; k++)
			EXPECT(list[i].index != list[k].index &&
			       memcmp(list[i].id, list[k].id, sizeof(list[i].id)));
	}
	EXPECT(listed("root", MANY + 1));
}

TEST_LIMIT(a_full_store_is_ENOSPC, 300)
{
	int session = fresh_session();
	uint64_t status;

	add_many(session, CAPACITY);
	EXPECT_EQ(add(session, "short", &status), -ENOSPC);
	EXPECT_EQ(status, RC(0x010b));
	EXPECT_EQ(list_now(session), CAPACITY);
}

TEST(locking_asks_for_the_flag_that_says_it_cannot_be_undone)
{
	struct teegate_lock_secrets a = { .size = sizeof(a) };
	int session = fresh_session();

	EXPECT_EQ(tg(session, TEEGATE_LOCK_SECRETS, &a), -EINVAL);
	EXPECT_EQ(fw_stat("locked"), 0);
	expect_added(session, "short");
	a.flags = TEEGATE_LOCK_IRREVERSIBLE;
	EXPECT_EQ(tg(session, TEEGATE_LOCK_SECRETS, &a), 0);
	EXPECT_EQ(fw_stat("locked"), 1);
}

TEST(a_locked_store_takes_nothing_and_still_has_what_it_had)
{
	int session = fresh_session();
	uint64_t status = 1;

	expect_added(session, "short");
	EXPECT_EQ(se_lock_secrets(session, &status), 0);
	EXPECT_EQ(status, 0);
	EXPECT_EQ(add(session, "association", &status), -EREMOTEIO);
	EXPECT_EQ(status, RC(0x0102));
	EXPECT_EQ(se_lock_secrets(session, &status), -EREMOTEIO);
	EXPECT_EQ(status, RC(0x0102));
	ASSERT_EQ(list_now(session), 1);
	EXPECT(listed("short", 1));
}

/* ---- what is wrong with a request ---- */

TEST(the_same_secret_again_is_EREMOTEIO)
{
	int session = fresh_session();
	uint64_t status;

	expect_added(session, "short");
	EXPECT_EQ(add(session, "short", &status), -EREMOTEIO);
	EXPECT(status >> 16 != 1 && status);
	EXPECT_EQ(list_now(session), 1);
	expect_added(session, "association");
}

static int add_bytes(int session, const uint8_t *bytes, size_t len, uint64_t *ret_status)
{
	const struct se_file file = { len, (uint8_t *)bytes };

	return se_add_secret(session, &file, ret_status);
}

TEST(a_request_with_a_flipped_byte_is_EREMOTEIO)
{
	const struct se_file *good = se_file("short");
	int session = fresh_session();
	uint8_t *bytes = malloc(good->len);
	uint64_t status;

	ASSERT(bytes);
	for (size_t at = 16; at < good->len; at += 41) {
		memcpy(bytes, good->bytes, good->len);
		bytes[at] ^= 1;
		EXPECT_EQ(add_bytes(session, bytes, good->len, &status), -EREMOTEIO);
		EXPECT(status >> 16 != 1 && status);
	}
	EXPECT_EQ(list_now(session), 0);
	expect_added(session, "short");
}

TEST(a_request_that_says_another_length_never_reaches_firmware)
{
	const struct se_file *good = se_file("short");
	int session = fresh_session();
	uint8_t *bytes = malloc(good->len + 1);
	uint64_t status, calls = fw_stat("calls");

	ASSERT(bytes);
	memcpy(bytes, good->bytes, good->len);
	bytes[good->len] = 0;
	EXPECT_EQ(add_bytes(session, bytes, good->len - 1, &status), -EINVAL);
	EXPECT_EQ(add_bytes(session, bytes, good->len + 1, &status), -EINVAL);
	EXPECT_EQ(add_bytes(session, bytes, 12, &status), -EINVAL);
	bytes[14]++;
	EXPECT_EQ(add_bytes(session, bytes, good->len, &status), -EINVAL);
	EXPECT_EQ(add_bytes(session, (void *)8, 64, &status), -EFAULT);
	EXPECT_EQ(fw_stat("calls"), calls);
	expect_added(session, "short");
}

/* ---- faults ---- */

struct fault {
	const char *text;
	int result;
	uint64_t fw_status;
};

static uint64_t hits_of(const char *text)
{
	char name[32];

	snprintf(name, sizeof(name), "%s", text);
	name[strcspn(name, " ")] = 0;
	return fw_hits(name);
}

TEST(each_fault_of_add_is_told_and_the_next_one_is_added)
{
	static const struct fault faults[] = {
		{ "add-rc arg=0x01010003", -EREMOTEIO, RC(0x0101) | 3 },
		{ "add-rc arg=0x01040000", -EREMOTEIO, RC(0x0104) },
		{ "add-rc arg=0x010b0001", -ENOSPC, RC(0x010b) | 1 },
		{ "add-rc arg=0x010d0000", -EAGAIN, RC(0x010d) },
		{ "add-rc arg=0", -EPROTO, 0 },
		{ "rc arg=0x00980007", -EREMOTEIO, RC(0x0098) | 7 },
		{ "busy count=30", 0, 0 },
		{ "partial count=30", 0, 0 },
	};
	int session = fresh_session();
	unsigned int n = 0;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		uint64_t status = 1, hits = hits_of(faults[i].text);

		fw_fault(faults[i].text);
		if (!EXPECT_EQ(add(session, one_of_many(n + 1), &status), faults[i].result) ||
		    !EXPECT_EQ(status, faults[i].fw_status))
			tap_note("that was %s", faults[i].text);
		EXPECT(hits_of(faults[i].text) > hits);
		fw_reset();
		n += !faults[i].result;
		EXPECT_EQ(list_now(session), n);
		expect_added(session, one_of_many(++n));
	}
	EXPECT_EQ(info_of(session).state, TEEGATE_STATE_UP);
}

TEST(each_fault_of_the_list_is_told_and_the_next_one_is_right)
{
	static const struct fault faults[] = {
		{ "list-rc arg=0x01030002", -EREMOTEIO, RC(0x0103) | 2 },
		{ "list-rc arg=0", -EPROTO, 0 },
		{ "list-stored", -EPROTO, 0 },
		{ "list-stored arg=86", -EPROTO, 0 },
		{ "list-total arg=0", -EPROTO, 0 },
		{ "wrong-cc", -EPROTO, 0 },
		/* More to come, and nothing that comes: it would never end. */
		{ "list-next arg=0 count=1000000", -EPROTO, 0 },
		{ "busy count=30", 1, 0 },
		{ "partial count=30", 1, 0 },
	};
	int session = fresh_session();

	expect_added(session, "short");
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct teegate_list_secrets a = {
			.size = sizeof(a), .secrets = (uintptr_t)list, .count = CAPACITY,
		};
		uint64_t hits = hits_of(faults[i].text);
		int r;

		fw_fault(faults[i].text);
		r = tg(session, TEEGATE_LIST_SECRETS, &a);
		if (!EXPECT_EQ(r ? r : (int)a.count, faults[i].result) ||
		    !EXPECT_EQ(a.fw_status, faults[i].fw_status))
			tap_note("that was %s", faults[i].text);
		EXPECT(hits_of(faults[i].text) > hits);
		fw_reset();
		EXPECT_EQ(list_now(session), 1);
	}
	EXPECT_EQ(info_of(session).state, TEEGATE_STATE_UP);
}

TEST(each_fault_of_locking_is_told_and_the_next_one_locks)
{
	int session = fresh_session();
	uint64_t status;

	fw_fault("lock-rc arg=0x01010004");
	EXPECT_EQ(se_lock_secrets(session, &status), -EREMOTEIO);
	EXPECT_EQ(status, RC(0x0101) | 4);
	fw_fault("lock-rc arg=0");
	EXPECT_EQ(se_lock_secrets(session, &status), -EPROTO);
	expect_added(session, "short");
	fw_fault("busy count=30");
	EXPECT_EQ(se_lock_secrets(session, &status), 0);
}

static int result_of(int session, const char *fault, uint64_t *ret_status)
{
	struct teegate_list_secrets a = { .size = sizeof(a) };
	int r;

	if (!strcmp(fault, "add-rc"))
		return add(session, "short", ret_status);
	if (!strcmp(fault, "lock-rc"))
		return se_lock_secrets(session, ret_status);
	r = tg(session, TEEGATE_LIST_SECRETS, &a);
	*ret_status = a.fw_status;
	return r;
}

/* What a code means depends on the call: that of a full store is one of add alone. */
static int errno_of(const char *fault, uint32_t rc)
{
	if (!strcmp(fault, "add-rc") && rc == 0x010b)
		return -ENOSPC;
	if (!strcmp(fault, "add-rc") && rc == 0x010d)
		return -EAGAIN;
	/* More to come after an empty page. */
	return !strcmp(fault, "list-rc") && rc == 0x0100 ? -EPROTO : -EREMOTEIO;
}

/* All that doc/faults.md has, and some that nobody knows yet. */
TEST(each_return_code_of_each_call_has_its_errno_and_its_reason)
{
	static const char *const calls[] = { "add-rc", "list-rc", "lock-rc" };
	static const uint32_t codes[] = {
		0x0003, 0x0005, 0x0007, 0x0098, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104, 0x0105,
		0x0106, 0x0107, 0x0108, 0x0109, 0x010a, 0x010b, 0x010c, 0x010d, 0x010e, 0x010f,
		0x0110, 0x0111, 0x0200, 0x8000, 0xffff,
	};
	const size_t n = sizeof(codes) / sizeof(codes[0]);
	int session = fresh_session();
	uint64_t status;
	char text[64];

	for (size_t i = 0; i < n * 3; i++) {
		const char *call = calls[i / n];
		uint32_t rc = codes[i % n], rrc = (uint32_t)i * 0x111;
		int want = errno_of(call, rc);

		snprintf(text, sizeof(text), "%s arg=0x%x", call, rc << 16 | rrc);
		fw_fault(text);
		status = 1;
		if (!EXPECT_EQ(result_of(session, call, &status), want) ||
		    !EXPECT_EQ(status, want == -EPROTO ? 0 : RC(rc) | rrc))
			tap_note("that was %s", text);
	}
	EXPECT_EQ(list_now(session), 0);
	expect_added(session, "short");
	EXPECT_EQ(se_lock_secrets(session, &status), 0);
}

/* It was announced. From then on it is not, and the other ones go on. */
TEST(an_operation_that_the_Ultravisor_does_not_know_is_EOPNOTSUPP_from_then_on)
{
	int session = fresh_session();
	uint64_t status;

	fw_fault("lock-rc arg=0x00020000");
	EXPECT_EQ(se_lock_secrets(session, &status), -EOPNOTSUPP);
	EXPECT_EQ(status, RC(0x0002));
	fw_reset();
	EXPECT_EQ(info_of(session).firmware_ops & SECRET_OPS,
		  TEEGATE_OP_ADD_SECRET | TEEGATE_OP_LIST_SECRETS);
	EXPECT_EQ(se_lock_secrets(session, &status), -EOPNOTSUPP);
	expect_added(session, "short");
	EXPECT_EQ(list_now(session), 1);
	close(session);
	module_unload(OUR_MODULE);
	module_load(OUR_MODULE);
	session = session_open();
	EXPECT_EQ(se_lock_secrets(session, &status), 0);
}

/* ---- beside workloads ---- */

static void add_once(void *arg)
{
	uint64_t status;

	EXPECT_EQ(add(*(int *)arg, "short", &status), 12345);
}

TEST(an_administrator_killed_in_the_middle_leaves_a_store_that_works)
{
	int session = fresh_session();
	uint64_t hits = fw_hits("partial");
	struct lease l = lease_unpinned();
	pid_t pid;

	fw_fault("partial count=1000000");
	pid = child_start(add_once, &session);
	WAIT_UNTIL(fw_hits("partial") > hits);
	child_kill(pid);
	fw_reset();
	/* What was begun is carried through. */
	WAIT_UNTIL(info_of(session).queued == 0);
	EXPECT_EQ(list_now(session), 1);
	expect_added(session, "association");
	EXPECT_EQ(report_try(l.fd), 0);
}

TEST(a_workload_that_floods_does_not_keep_the_administrator_waiting)
{
	int session = fresh_session();
	struct lease l = lease_unpinned();
	struct busy_scene s = busy_scene_make();
	struct asker *a[12];

	for (unsigned int i = 0; i < 12; i++)
		a[i] = ask_start(l.fd, 0);
	WAIT_UNTIL(info_of(session).queued == s.queued + 12);
	/* Three more answers, by turns: the one that was held, the flood's first, and ours. */
	fw_hold_after(3);
	EXPECT_EQ(list_now(session), 0);
	EXPECT(info_of(session).queued >= 11);
	busy_scene_end(&s);
	for (unsigned int i = 0; i < 12; i++)
		EXPECT_EQ(ask_result(a[i]), 0);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
