// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IBM Secure Execution: the root of keys is the secret of 32 bytes that the lease names by its id.
 * How it is fetched, and each fault of that, is tested by root.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "keys-kit.h"
#include "modules.h"
#include "se.h"
#include "tee.h"

static struct derived a, b;
static struct blob blob;

static struct lease lease_of_secret(const char *file)
{
	struct teegate_create_lease w = keys_wish(SEALING_CLAIMS, SOURCE(RETRIEVABLE));

	memcpy(w.se_secret_id, se_file(file)->bytes, sizeof(w.se_secret_id));
	return lease_make(w);
}

static void add(const char *name)
{
	int session = session_open();
	uint64_t status;

	ASSERT_EQ(se_add_secret(session, se_file(name), &status), 0);
	close(session);
}

static void expect_key_of_secret(const struct derived *k)
{
	uint8_t id[TEEGATE_ROOT_ID_SIZE], key[32];
	uint8_t params[TEEGATE_ROOT_PARAMS_SIZE] = { 0, 1, TEEGATE_PROVIDER_SE,
						     TEEGATE_ROOT_RETRIEVABLE };

	memcpy(params + 4, se_file("root.id")->bytes, 32);
	EXPECT_MEM(k->d.root_params, params, sizeof(params));
	formula_root_id(se_file("root.content")->bytes, id);
	EXPECT_MEM(k->d.root_id, id, sizeof(id));
	formula_key(se_file("root.content")->bytes, 1, SEALING_CLAIMS, "x", params, key, 32);
	EXPECT_MEM(k->key, key, 32);
}

TEST(a_key_comes_from_the_secret_that_the_lease_names)
{
	struct lease l, other;

	everything_anew();
	l = lease_of_secret("root.id");
	other = lease_of_secret("short.id");
	EXPECT_EQ(info_of(l.fd).root_active, TEEGATE_ROOT_RETRIEVABLE);
	EXPECT_EQ(derive_try(l.fd, "x", 32, &a), -ENODATA);
	add("root");
	ASSERT_EQ(derive_try(l.fd, "x", 32, &a), 0);
	expect_key_of_secret(&a);
	ASSERT_EQ(derive_again(l.fd, "x", 32, a.d.root_params, &b), 0);
	EXPECT_MEM(b.key, a.key, 32);
	EXPECT_EQ(derive_try(other.fd, "x", 32, &b), -ENODATA);
	EXPECT_EQ(derive_again(other.fd, "x", 32, a.d.root_params, &b), -EKEYREJECTED);
}

TEST(the_Ultravisor_is_asked_once_for_a_root_until_it_is_wiped)
{
	struct lease l;
	uint64_t calls;

	everything_anew();
	add("root");
	l = lease_of_secret("root.id");
	ASSERT_EQ(seal_try(l.fd, "x", "text", 4, &blob), 0);
	calls = fw_stat("calls");
	EXPECT_EQ(unseal_any(l.fd, &blob), 0);
	EXPECT_EQ(derive_try(l.fd, "x", 32, &a), 0);
	EXPECT_EQ(fw_stat("calls"), calls);
	EXPECT_EQ(roots_wipe(0), 0);
	EXPECT_EQ(unseal_any(l.fd, &blob), 0);
	EXPECT(fw_stat("calls") > calls);
}

TEST(a_root_that_the_Ultravisor_does_not_give_is_an_error)
{
	struct lease l;

	everything_anew();
	add("root");
	l = lease_of_secret("root.id");
	fw_fault("zero-secret count=1");
	EXPECT_EQ(derive_try(l.fd, "x", 32, &a), -EPROTO);
	EXPECT_EQ(a.key[0], 0xa5);
	EXPECT_EQ(derive_try(l.fd, "x", 32, &a), 0);
	expect_key_of_secret(&a);
	EXPECT_EQ(roots_wipe(0), 0);
	fw_fault("retr-rc");
	EXPECT_EQ(derive_try(l.fd, "x", 32, &a), -EREMOTEIO);
	EXPECT_EQ(a.d.fw_status, 0x01110000);
	fw_reset();
	EXPECT_EQ(derive_try(l.fd, "x", 32, &a), 0);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
