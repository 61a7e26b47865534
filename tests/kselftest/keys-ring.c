// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys of workloads in keyrings of the kernel: whose keyring, what may be done with them, that none
 * is ever replaced; and that such a key is another one than that which the caller can have. What is
 * in a logon key nobody can read, but the kernel computes a MAC with it (AF_ALG).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_alg.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keys-kit.h"
#include "modules.h"
#include "sha384.h"
#include "tee.h"

#ifndef ALG_SET_KEY_BY_KEY_SERIAL
#define ALG_SET_KEY_BY_KEY_SERIAL 7
#endif

/* Of whoever possesses it: view and search. */
#define RIGHTS "09000000"

static struct derived a;

static long keyctl(int op, long x, long y, long z)
{
	long r = syscall(SYS_keyctl, op, x, y, z, 0);

	return r < 0 ? -errno : r;
}

static long add_key(const char *type, const char *description, const void *payload, size_t len,
		    int ring)
{
	long r = syscall(SYS_add_key, type, description, payload, len, ring);

	return r < 0 ? -errno : r;
}

static long search(const char *type, const char *description)
{
	long r = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, type, description, 0);

	return r < 0 ? -errno : r;
}

/* A root, a session keyring of the case's own, and a lease. */
static struct lease scene_make(void)
{
	module_anew();
	ASSERT_EQ(root_install(1, TEEGATE_ROOT_TPM, 0, NULL), 0);
	ASSERT(keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0) > 0);
	return keys_lease(SEALING_CLAIMS, SOURCE(TPM));
}

static void ring_wish(uint32_t target, const char *description)
{
	derive_wish(&a, "disk", 32);
	a.d.key = 0;
	a.d.target = target;
	a.d.description = (uintptr_t)description;
	a.d.description_len = (uint32_t)strlen(description);
	a.d.keyring = KEY_SPEC_SESSION_KEYRING;
}

static int ring_try(int fd, uint32_t target, const char *description)
{
	ring_wish(target, description);
	return tg(fd, TEEGATE_DERIVE_KEY, &a.d);
}

static void expect_described(int serial, const char *type, const char *description)
{
	char text[256] = "", want[256];

	ASSERT(keyctl(KEYCTL_DESCRIBE, serial, (long)text, sizeof(text)) > 0);
	snprintf(want, sizeof(want), "%s;0;0;" RIGHTS ";%s", type, description);
	if (!EXPECT(!strcmp(text, want)))
		tap_note("got %s, want %s", text, want);
}

static void expect_closed(int serial)
{
	char byte;

	EXPECT(keyctl(KEYCTL_READ, serial, (long)&byte, 1) < 0);
	EXPECT_EQ(keyctl(KEYCTL_UPDATE, serial, (long)"x", 1), -EACCES);
	EXPECT_EQ(keyctl(KEYCTL_LINK, serial, KEY_SPEC_PROCESS_KEYRING, 0), -EACCES);
	EXPECT_EQ(keyctl(KEYCTL_SETPERM, serial, 0x3f3f3f3f, 0), -EACCES);
	EXPECT_EQ(keyctl(KEYCTL_CHOWN, serial, USER_UID, -1), -EACCES);
}

TEST(a_key_for_the_kernel_can_be_found_and_nothing_else)
{
	struct lease l = scene_make();
	int serial;

	ASSERT_EQ(ring_try(l.fd, TEEGATE_KEY_TO_LOGON, "disk"), 0);
	serial = a.d.key_serial;
	EXPECT(serial > 0);
	EXPECT_EQ(search("logon", "teegate:disk"), serial);
	expect_described(serial, "logon", "teegate:disk");
	expect_closed(serial);
	ASSERT_EQ(ring_try(l.fd, TEEGATE_KEY_TO_FSCRYPT, "home"), 0);
	EXPECT_EQ(search("fscrypt-provisioning", "teegate:home"), a.d.key_serial);
	expect_described(a.d.key_serial, "fscrypt-provisioning", "teegate:home");
	expect_closed(a.d.key_serial);
	/* It can be thrown away by whoever has the keyring. */
	EXPECT_EQ(keyctl(KEYCTL_UNLINK, serial, KEY_SPEC_SESSION_KEYRING, 0), 0);
	EXPECT(search("logon", "teegate:disk") < 0);
}

TEST(a_key_in_a_keyring_is_never_replaced)
{
	struct lease l = scene_make();
	int serial;

	ASSERT_EQ(ring_try(l.fd, TEEGATE_KEY_TO_LOGON, "disk"), 0);
	serial = a.d.key_serial;
	EXPECT_EQ(ring_try(l.fd, TEEGATE_KEY_TO_LOGON, "disk"), -EEXIST);
	EXPECT_EQ(a.d.key_serial, 0);
	EXPECT_EQ(search("logon", "teegate:disk"), serial);
	EXPECT_EQ(ring_try(l.fd, TEEGATE_KEY_TO_LOGON, "disk2"), 0);
	serial = (int)add_key("logon", "teegate:mine", "mine", 4, KEY_SPEC_SESSION_KEYRING);
	ASSERT(serial > 0);
	EXPECT_EQ(ring_try(l.fd, TEEGATE_KEY_TO_LOGON, "mine"), -EEXIST);
	EXPECT_EQ(search("logon", "teegate:mine"), serial);
	ASSERT_EQ(ring_try(l.fd, TEEGATE_KEY_TO_FSCRYPT, "mine"), 0);
	serial = a.d.key_serial;
	EXPECT_EQ(ring_try(l.fd, TEEGATE_KEY_TO_FSCRYPT, "mine"), -EEXIST);
	EXPECT_EQ(search("fscrypt-provisioning", "teegate:mine"), serial);
	/* Nor is it taken away when nobody could be told its number. */
	ring_wish(TEEGATE_KEY_TO_LOGON, "untold");
	EXPECT_EQ(tg(l.fd, TEEGATE_DERIVE_KEY, read_only(&a.d, sizeof(a.d))), -EFAULT);
	EXPECT(search("logon", "teegate:untold") > 0);
	EXPECT_EQ(ring_try(l.fd, TEEGATE_KEY_TO_LOGON, "untold"), -EEXIST);
}

TEST(a_key_goes_to_the_keyring_of_the_process_or_of_its_session)
{
	struct lease l = scene_make();

	ring_wish(TEEGATE_KEY_TO_LOGON, "disk");
	a.d.keyring = KEY_SPEC_PROCESS_KEYRING;
	ASSERT_EQ(tg(l.fd, TEEGATE_DERIVE_KEY, &a.d), 0);
	EXPECT(search("logon", "teegate:disk") < 0);
	EXPECT_EQ(keyctl(KEYCTL_UNLINK, a.d.key_serial, KEY_SPEC_PROCESS_KEYRING, 0), 0);
	for (int ring = -8; ring <= 1; ring++) {
		int good = ring == KEY_SPEC_PROCESS_KEYRING || ring == KEY_SPEC_SESSION_KEYRING;

		ring_wish(TEEGATE_KEY_TO_LOGON, "other");
		a.d.keyring = ring;
		EXPECT_EQ(tg(l.fd, TEEGATE_DERIVE_KEY, &a.d), good ? 0 : -EINVAL);
	}
}

#define RING(change)								\
	({									\
		struct teegate_derive_key *d = &a.d;				\
										\
		ring_wish(TEEGATE_KEY_TO_LOGON, "refused");			\
		(void)(change);							\
		tg(l.fd, TEEGATE_DERIVE_KEY, d);				\
	})

TEST(descriptions_are_plain_text)
{
	static char longest[TEEGATE_KEY_DESCRIPTION_MAX + 2];
	struct lease l = scene_make();

	memset(longest, 'd', TEEGATE_KEY_DESCRIPTION_MAX);
	EXPECT_EQ(RING((d->description = (uintptr_t)longest, d->description_len = 256)), -EINVAL);
	EXPECT_EQ(RING((d->description = (uintptr_t)longest, d->description_len = 255)), 0);
	EXPECT_EQ(RING(d->description_len = 0), -EINVAL);
	EXPECT_EQ(RING(d->description = 0), -EFAULT);
	EXPECT_EQ(RING(d->description = (uintptr_t)"ref\0sed"), -EINVAL);
	EXPECT_EQ(RING(d->description = (uintptr_t)"ref sed"), -EINVAL);
	EXPECT_EQ(RING(d->description = (uintptr_t)"ref\nsed"), -EINVAL);
	EXPECT_EQ(RING(d->description = (uintptr_t)"ref\xe4sed"), -EINVAL);
	EXPECT_EQ(RING(d->key = (uintptr_t)a.key), -EINVAL);
	EXPECT_EQ(RING(0), 0);
	/* Before anybody looks for a root. */
	EXPECT_EQ(roots_wipe(TEEGATE_WIPE_INSTALLED), 0);
	EXPECT_EQ(RING(0), -ENODATA);
	EXPECT_EQ(RING(d->description = (uintptr_t)"ref sed"), -EINVAL);
	EXPECT_EQ(RING(d->description = 0), -EFAULT);
}

/* HMAC-SHA-384 of "teegate" under the key with this serial number, computed by the kernel. */
static void mac_by_serial(int serial, uint8_t mac[SHA384_SIZE])
{
	struct sockaddr_alg alg = {
		.salg_family = AF_ALG, .salg_type = "hash", .salg_name = "hmac(sha384)",
	};
	int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), op;

	ASSERT(fd >= 0);
	ASSERT_EQ(bind(fd, (struct sockaddr *)&alg, sizeof(alg)) ? -errno : 0, 0);
	ASSERT_EQ(setsockopt(fd, SOL_ALG, ALG_SET_KEY_BY_KEY_SERIAL, &serial, sizeof(serial)) ?
		  -errno : 0, 0);
	op = accept(fd, NULL, NULL);
	ASSERT(op >= 0);
	ASSERT_EQ(write(op, "teegate", 7), 7);
	ASSERT_EQ(read(op, mac, SHA384_SIZE), SHA384_SIZE);
	close(op);
	close(fd);
}

TEST(a_logon_key_is_that_of_the_formulas_and_no_other_one)
{
	uint8_t root[TEEGATE_ROOT_SIZE], key[32], mac[SHA384_SIZE], want[SHA384_SIZE];
	struct lease l = scene_make();

	ASSERT_EQ(ring_try(l.fd, TEEGATE_KEY_TO_LOGON, "disk"), 0);
	mac_by_serial(a.d.key_serial, mac);
	root_number(1, root);
	formula_key(root, 3, SEALING_CLAIMS, "disk", a.d.root_params, key, sizeof(key));
	hmac_sha384(key, sizeof(key), "teegate", 7, want);
	EXPECT_MEM(mac, want, sizeof(mac));
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &a), 0);
	EXPECT(memcmp(a.key, key, sizeof(key)));
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
