// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys in use: that each input of the derivation counts, that nothing else does, and what callers
 * that are killed, revoked or many at once can do to each other. Roots that were installed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw.h"
#include "keys-kit.h"
#include "modules.h"
#include "tee.h"

#define OWN	"\xa1\x01\x65owner"
#define OTHER	"\xa1\x01\x65other"

static struct derived key, same;
static struct blob blob;

static struct lease lease_of(const char *claims)
{
	return keys_lease(claims, INSTALLED);
}

/* ---- what counts ---- */

struct input {
	unsigned int root;
	uint8_t source;
	const char *claims, *label;
	uint32_t len;
};

static void expect_documented(const struct input *in, const struct derived *k)
{
	const uint8_t params[TEEGATE_ROOT_PARAMS_SIZE] = {
		0, 1, (uint8_t)the_tee()->provider, in->source
	};
	uint8_t root[TEEGATE_ROOT_SIZE], want[TEEGATE_KEY_MAX];

	root_number(in->root, root);
	formula_key(root, 1, in->claims, in->label, params, want, in->len);
	EXPECT_MEM(k->key, want, in->len);
	EXPECT_MEM(k->d.root_params, params, sizeof(params));
}

TEST(each_input_of_a_key_counts)
{
	const struct input inputs[] = {
		{ 1, TEEGATE_ROOT_TPM, OWN, "disk", 32 },
		{ 1, TEEGATE_ROOT_TPM, OTHER, "disk", 32 },
		{ 1, TEEGATE_ROOT_TPM, OWN, "disc", 32 },
		{ 1, TEEGATE_ROOT_TPM, OWN, "disk", 33 },
		{ 1, TEEGATE_ROOT_KEY_BROKER, OWN, "disk", 32 },
		{ 1, TEEGATE_ROOT_LAUNCH_SECRET, OWN, "disk", 32 },
		{ 2, TEEGATE_ROOT_TPM, OWN, "disk", 32 },
		{ 1, TEEGATE_ROOT_TPM, OWN, "disk", 32 },	/* the first one again */
	};
	const unsigned int n = sizeof(inputs) / sizeof(inputs[0]);
	static struct derived seen[sizeof(inputs) / sizeof(inputs[0])];

	for (unsigned int i = 0; i < n; i++) {
		struct lease l;

		roots_none();
		ASSERT_EQ(root_install(inputs[i].root, inputs[i].source, 0, NULL), 0);
		l = lease_of(inputs[i].claims);
		ASSERT_EQ(derive_try(l.fd, inputs[i].label, inputs[i].len, &seen[i]), 0);
		close(l.fd);
		expect_documented(&inputs[i], &seen[i]);
		for (unsigned int j = 0; j < i; j++)
			EXPECT_EQ(!memcmp(seen[j].key, seen[i].key, TEEGATE_KEY_MIN),
				  i == n - 1 && j == 0);
	}
}

TEST(claims_and_label_do_not_run_into_each_other)
{
	root_alone();
	ASSERT_EQ(derive_try(lease_of("ab").fd, "c", 32, &key), 0);
	ASSERT_EQ(derive_try(lease_of("a").fd, "bc", 32, &same), 0);
	EXPECT(memcmp(key.key, same.key, 32));
	ASSERT_EQ(derive_try(lease_of("ab").fd, "c", 32, &same), 0);
	EXPECT_MEM(same.key, key.key, 32);
}

/* Sealed blobs, logon keys, keys for fscrypt: the purpose is the kernel's. */
TEST(a_key_to_the_caller_is_the_key_of_no_other_purpose)
{
	uint8_t root[TEEGATE_ROOT_SIZE], of[5][32];

	root_alone();
	root_number(THE_ROOT, root);
	ASSERT_EQ(derive_try(lease_of(OWN).fd, "disk", 32, &key), 0);
	for (uint8_t purpose = 1; purpose <= 4; purpose++)
		formula_key(root, purpose, OWN, "disk", key.d.root_params, of[purpose], 32);
	EXPECT_MEM(key.key, of[1], 32);
	for (uint8_t purpose = 2; purpose <= 4; purpose++)
		EXPECT(memcmp(key.key, of[purpose], 32));
}

/* ---- what does not ---- */

TEST(runtime_registers_do_not_change_keys)
{
	struct lease extending = lease_for_everything();
	struct lease l;

	root_alone();
	l = lease_of(OWN);
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &key), 0);
	EXPECT_EQ(extend_try(extending.fd, 2, "event", 5), 0);
	EXPECT_EQ(extend_try(extending.fd, 3, "event", 5), 0);
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &same), 0);
	EXPECT_MEM(same.key, key.key, 32);
}

TEST(a_module_that_was_loaded_anew_has_no_root_and_with_it_the_same_keys)
{
	struct lease l;

	root_alone();
	l = lease_of(OWN);
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &key), 0);
	ASSERT_EQ(seal_try(l.fd, "disk", "data", 4, &blob), 0);
	EXPECT_EQ(module_try_unload(OUR_MODULE), -EAGAIN);
	close(l.fd);
	roots_none();
	EXPECT_EQ(info_now().roots & INSTALLED, 0);
	l = lease_of(OWN);
	EXPECT_EQ(derive_try(l.fd, "disk", 32, &same), -ENODATA);
	EXPECT_EQ(unseal_any(l.fd, &blob), -ENODATA);
	root_alone();
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &same), 0);
	EXPECT_MEM(same.key, key.key, 32);
	EXPECT_EQ(unseal_any(l.fd, &blob), 0);
}

/* ---- who may ---- */

static void expect_poison(const struct derived *k)
{
	for (unsigned int i = 0; i < sizeof(k->key); i++)
		EXPECT_EQ(k->key[i], 0xa5);
}

TEST(a_revoked_lease_or_another_user_gets_no_key)
{
	struct teegate_create_lease wish = keys_wish(OWN, INSTALLED);
	struct lease l, users;

	root_alone();
	l = lease_of(OWN);
	wish.flags |= TEEGATE_LEASE_PIN_UID;
	wish.uid = USER_UID;
	users = lease_make(wish);
	EXPECT_EQ(derive_try(users.fd, "disk", 32, &key), -EPERM);
	expect_poison(&key);
	EXPECT_EQ(seal_try(users.fd, "disk", "data", 4, &blob), -EPERM);
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &key), 0);
	ASSERT_EQ(seal_try(l.fd, "disk", "data", 4, &blob), 0);
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	EXPECT_EQ(derive_try(l.fd, "disk", 32, &key), -ESTALE);
	expect_poison(&key);
	EXPECT_EQ(unseal_any(l.fd, &blob), -ESTALE);
}

static void set_as_user(void *arg)
{
	struct teegate_wipe_roots wipe = { .size = sizeof(wipe), .flags = TEEGATE_WIPE_INSTALLED };
	struct teegate_set_root wish = {
		.size = sizeof(wish),
		.root = (uintptr_t)"a root of 32 bytes of a stranger",
		.root_len = TEEGATE_ROOT_SIZE,
		.source = TEEGATE_ROOT_TPM,
		.flags = TEEGATE_ROOT_UNSEAL_ONLY,
	};

	become_user(USER_UID);
	EXPECT_EQ(tg(*(int *)arg, TEEGATE_SET_ROOT, &wish), -EPERM);
	EXPECT_EQ(tg(*(int *)arg, TEEGATE_WIPE_ROOTS, &wipe), -EPERM);
}

TEST(roots_are_the_business_of_an_administrator_on_a_session)
{
	struct teegate_set_root wish = { .size = sizeof(wish) };
	struct teegate_wipe_roots wipe = { .size = sizeof(wipe) };
	struct lease l;
	int session;

	root_alone();
	session = session_open();
	l = lease_of(OWN);
	in_child(set_as_user, &session);
	EXPECT_EQ(info_now().roots & INSTALLED, SOURCE(TPM));
	EXPECT_EQ(tg(l.fd, TEEGATE_SET_ROOT, &wish), -ENOTTY);
	EXPECT_EQ(tg(l.fd, TEEGATE_WIPE_ROOTS, &wipe), -ENOTTY);
	EXPECT_EQ(root_install(2, TEEGATE_ROOT_TPM, TEEGATE_ROOT_UNSEAL_ONLY, NULL), 0);
	EXPECT_EQ(tg(session, TEEGATE_WIPE_ROOTS, &wipe), 0);
	close(session);
}

TEST(a_root_that_is_refused_leaves_room_for_a_right_one)
{
	static const uint8_t zeroes[TEEGATE_ROOT_SIZE];
	struct teegate_set_root wish = { .size = sizeof(wish), .source = TEEGATE_ROOT_TPM };
	int session;

	roots_none();
	session = session_open();
	EXPECT_EQ(root_install(1, TEEGATE_ROOT_NONE, 0, NULL), -EINVAL);
	EXPECT_EQ(root_install(1, TEEGATE_ROOT_FIRMWARE, 0, NULL), -EINVAL);
	EXPECT_EQ(root_install(1, TEEGATE_ROOT_RETRIEVABLE, 0, NULL), -EINVAL);
	EXPECT_EQ(root_install(1, TEEGATE_ROOT_DEVELOPMENT + 1, 0, NULL), -EINVAL);
	EXPECT_EQ(root_install(1, TEEGATE_ROOT_TPM, 1U << 1, NULL), -EINVAL);
	wish.root = (uintptr_t)zeroes;
	wish.root_len = TEEGATE_ROOT_SIZE;
	EXPECT_EQ(tg(session, TEEGATE_SET_ROOT, &wish), -EINVAL);
	wish.root = 64;
	EXPECT_EQ(tg(session, TEEGATE_SET_ROOT, &wish), -EFAULT);
	wish.root = (uintptr_t)"a root of 32 bytes of a stranger";
	wish.root_len = TEEGATE_ROOT_SIZE - 1;
	EXPECT_EQ(tg(session, TEEGATE_SET_ROOT, &wish), -EINVAL);
	EXPECT_EQ(info_now().roots & INSTALLED, 0);
	wish.root_len = TEEGATE_ROOT_SIZE;
	EXPECT_EQ(tg(session, TEEGATE_SET_ROOT, &wish), 0);
	close(session);
}

/* ---- many at once ---- */

static void use_for_ever(void *arg)
{
	for (;;) {
		derive_try(*(int *)arg, "disk", 32, &key);
		seal_try(*(int *)arg, "disk", "data", 4, &blob);
		unseal_any(*(int *)arg, &blob);
	}
}

TEST(callers_that_are_killed_harm_nobody)
{
	struct lease l;

	root_alone();
	l = lease_of(OWN);
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &key), 0);
	for (unsigned int i = 0; i < 100; i++) {
		pid_t pid = child_start(use_for_ever, &l.fd);

		wait_random(5000);
		child_kill(pid);
	}
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &same), 0);
	EXPECT_MEM(same.key, key.key, 32);
	EXPECT_EQ(info_of(l.fd).queued, 0);
}

#define EACH 100

static void use_often(void *arg)
{
	const struct derived *want = arg;
	struct lease l = lease_of(OWN);

	for (unsigned int i = 0; i < EACH; i++) {
		ASSERT_EQ(derive_try(l.fd, "disk", 32, &same), 0);
		EXPECT_MEM(same.key, want->key, 32);
		ASSERT_EQ(seal_try(l.fd, "disk", "data", 4, &blob), 0);
		EXPECT_EQ(unseal_any(l.fd, &blob), 0);
	}
}

TEST(keys_blobs_and_reports_at_once_are_all_good)
{
	struct lease reports = lease_unpinned();
	pid_t pid[4];

	root_alone();
	ASSERT_EQ(derive_try(lease_of(OWN).fd, "disk", 32, &key), 0);
	for (unsigned int i = 0; i < 4; i++)
		pid[i] = child_start(use_often, &key);
	for (unsigned int i = 0; i < 10; i++)
		EXPECT_EQ(report_try(reports.fd), 0);
	for (unsigned int i = 0; i < 4; i++)
		child_ok(pid[i]);
}

#define WON 17

static void install(void *arg)
{
	int r;

	gate_wait(*(struct gate *)arg);
	r = root_install((unsigned int)getpid(), TEEGATE_ROOT_TPM, 0, NULL);
	EXPECT(!r || r == -EEXIST);
	if (!r)
		_exit(WON);
}

static bool has_won(pid_t pid)
{
	int status;

	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT(WIFEXITED(status));
	EXPECT(WEXITSTATUS(status) == WON || !WEXITSTATUS(status));
	return WEXITSTATUS(status) == WON;
}

TEST(of_many_that_install_a_root_one_succeeds)
{
	struct gate go = gate_make();
	unsigned int won = 0;
	pid_t pid[8];

	roots_none();
	for (unsigned int i = 0; i < 8; i++)
		pid[i] = child_start(install, &go);
	for (unsigned int i = 0; i < 8; i++)
		gate_open(go);
	for (unsigned int i = 0; i < 8; i++) {
		uint8_t root[TEEGATE_ROOT_SIZE], id[TEEGATE_ROOT_ID_SIZE];

		if (!has_won(pid[i]))
			continue;
		won++;
		root_number((unsigned int)pid[i], root);
		formula_root_id(root, id);
		EXPECT_MEM(info_now().root_id, id, sizeof(id));
	}
	EXPECT_EQ(won, 1);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
