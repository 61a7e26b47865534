// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of all commands, see commands.h. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "keys-kit.h"
#include "se.h"
#include "tee.h"

struct abi_scene scene;
union request req __attribute__((aligned(16)));

static void fill_info(union request *q)
{
	(void)q;
}

static void fill_report(union request *q)
{
	report_wish(&scene.ev, 0, "abi", 3);
	q->report = scene.ev.r;
}

static void fill_derive(union request *q)
{
	static struct derived k;

	derive_wish(&k, "abi", 32);
	q->derive = k.d;
}

static struct blob sealed;

static void fill_seal(union request *q)
{
	static const char text[] = "abi";

	q->seal.label = q->seal.data = (uintptr_t)text;
	q->seal.label_len = q->seal.data_len = 3;
	q->seal.blob = (uintptr_t)sealed.bytes;
	q->seal.blob_len = sizeof(sealed.bytes);
}

static void fill_unseal(union request *q)
{
	static char text[8];

	ASSERT_EQ(seal_try(scene.lease.fd, "abi", "abi", 3, &sealed), 0);
	q->unseal.blob = (uintptr_t)sealed.bytes;
	q->unseal.blob_len = sealed.len;
	q->unseal.data = (uintptr_t)text;
	q->unseal.data_len = sizeof(text);
}

/* One that is as good as the first, which make_scene() installed. */
static void fill_set_root(union request *q)
{
	static uint8_t root[TEEGATE_ROOT_SIZE];

	root_number(1, root);
	q->set_root.root = (uintptr_t)root;
	q->set_root.root_len = sizeof(root);
	q->set_root.source = TEEGATE_ROOT_TPM;
}

static void fill_wipe_roots(union request *q)
{
	(void)q;
}

static void fill_extend(union request *q)
{
	q->extend = extend_wish(3, "abi", 3);
}

static void fill_create(union request *q)
{
	q->create = lease_wish(TEEGATE_OP_REPORT, CLAIMS);
}

static void fill_narrow(union request *q)
{
	q->narrow = narrow_wish(TEEGATE_OP_REPORT);
}

/* A child of the lease, made to be revoked; there is one at a time. */
static void fill_revoke(union request *q)
{
	static struct lease child = { -1, 0 };

	close(child.fd);
	child = lease_narrow(scene.lease.fd, TEEGATE_OP_REPORT);
	q->revoke.lease_id = child.id;
}

/* Of the right form, and nothing that firmware would accept: stores have an end. */
static void fill_add(union request *q)
{
	static const uint8_t block[64] = { [15] = sizeof(block) };

	q->add.request = (uintptr_t)block;
	q->add.request_len = sizeof(block);
}

static void fill_list(union request *q)
{
	static struct teegate_secret room[256];

	q->list.secrets = (uintptr_t)room;
	q->list.count = 256;
}

static void fill_lock(union request *q)
{
	q->lock.flags = TEEGATE_LOCK_IRREVERSIBLE;
}

/* Sizes are in numbers: a structure that changes must not pass unnoticed. */
const struct command commands[] = {
	{ "GET_INFO", TEEGATE_GET_INFO, 240, 288, 0, true, true, fill_info },
	{ "GET_REPORT", TEEGATE_GET_REPORT, 128, 224,
	  TEEGATE_REPORT_RAW | TEEGATE_REPORT_AUX | TEEGATE_REPORT_LOCAL, false, true,
	  fill_report },
	{ "DERIVE_KEY", TEEGATE_DERIVE_KEY, 184, 184, TEEGATE_KEY_PARAMS, false, true, fill_derive },
	{ "SEAL", TEEGATE_SEAL, 64, 64, 0, false, true, fill_seal },
	{ "UNSEAL", TEEGATE_UNSEAL, 48, 48, 0, false, true, fill_unseal },
	{ "EXTEND", TEEGATE_EXTEND, 88, 88, 0, false, true, fill_extend },
	{ "CREATE_LEASE", TEEGATE_CREATE_LEASE, 64, 216,
	  TEEGATE_LEASE_UNPINNED | TEEGATE_LEASE_PIN_UID | TEEGATE_LEASE_PIN_LABEL |
	  TEEGATE_LEASE_PIN_EXE, true, false, fill_create },
	{ "NARROW", TEEGATE_NARROW, 48, 64, TEEGATE_NARROW_PIN_CGROUP |
	  TEEGATE_NARROW_PIN_UID | TEEGATE_NARROW_PIN_LABEL | TEEGATE_NARROW_PIN_EXE, false, true, fill_narrow },
	{ "REVOKE", TEEGATE_REVOKE, 16, 16, 0, true, true, fill_revoke },
	{ "SET_ROOT", TEEGATE_SET_ROOT, 40, 40, TEEGATE_ROOT_UNSEAL_ONLY, true, false,
	  fill_set_root },
	{ "WIPE_ROOTS", TEEGATE_WIPE_ROOTS, 8, 8, TEEGATE_WIPE_INSTALLED, true, false,
	  fill_wipe_roots },
	{ "ADD_SECRET", TEEGATE_ADD_SECRET, 32, 32, 0, true, false, fill_add },
	{ "LIST_SECRETS", TEEGATE_LIST_SECRETS, 32, 32, 0, true, false, fill_list },
	{ "LOCK_SECRETS", TEEGATE_LOCK_SECRETS, 24, 24, TEEGATE_LOCK_IRREVERSIBLE, true, false,
	  fill_lock },
};

const unsigned int n_commands = sizeof(commands) / sizeof(commands[0]);

_Static_assert(sizeof(struct teegate_get_info) == 288, "GET_INFO has no padding");
_Static_assert(sizeof(struct teegate_get_report) == 224, "GET_REPORT has no padding");
_Static_assert(sizeof(struct teegate_derive_key) == 184, "DERIVE_KEY has no padding");
_Static_assert(sizeof(struct teegate_seal) == 64, "SEAL has no padding");
_Static_assert(sizeof(struct teegate_unseal) == 48, "UNSEAL has no padding");
_Static_assert(sizeof(struct teegate_set_root) == 40, "SET_ROOT has no padding");
_Static_assert(sizeof(struct teegate_wipe_roots) == 8, "WIPE_ROOTS has no padding");
_Static_assert(sizeof(struct teegate_extend) == 88, "EXTEND has no padding");
_Static_assert(sizeof(struct teegate_create_lease) == 216, "CREATE_LEASE has no padding");
_Static_assert(sizeof(struct teegate_narrow) == 64, "NARROW has no padding");
_Static_assert(sizeof(struct teegate_revoke) == 16, "REVOKE has no padding");
_Static_assert(sizeof(struct teegate_add_secret) == 32, "ADD_SECRET has no padding");
_Static_assert(sizeof(struct teegate_list_secrets) == 32, "LIST_SECRETS has no padding");
_Static_assert(sizeof(struct teegate_secret) == 48, "a secret has no padding");
_Static_assert(sizeof(struct teegate_lock_secrets) == 24, "LOCK_SECRETS has no padding");

/*
 * A store that is locked from the start stays as it is, whatever is asked; and so does a root that is
 * installed, here or by an earlier case.
 */
void make_scene(void)
{
	int r = root_install(1, TEEGATE_ROOT_TPM, 0, NULL);
	uint64_t status;

	ASSERT(r == 0 || r == -EEXIST);
	scene.session = session_open();
	scene.lease = lease_for_everything();
	if (info_of(scene.session).firmware_ops & TEEGATE_OP_LOCK_SECRETS)
		se_lock_secrets(scene.session, &status);
}

void fill(const struct command *c, union request *q)
{
	memset(q, 0, sizeof(*q));
	c->fill(q);
	q->head.size = c->size;
}

int good(const struct command *c)
{
	const uint64_t ops = info_of(scene.session).firmware_ops;

	switch (c->nr) {
	case TEEGATE_SET_ROOT:
		return -EEXIST;
	case TEEGATE_EXTEND:
		return ops & TEEGATE_OP_EXTEND ? 0 : -EOPNOTSUPP;
	case TEEGATE_ADD_SECRET:
	case TEEGATE_LOCK_SECRETS:
		return ops & TEEGATE_OP_LOCK_SECRETS ? -EREMOTEIO : -EOPNOTSUPP;
	case TEEGATE_LIST_SECRETS:
		return ops & TEEGATE_OP_LIST_SECRETS ? 0 : -EOPNOTSUPP;
	}
	return 0;
}

/* A program of before there were challenges has none. */
int good_in(const struct command *c, uint32_t size)
{
	const uint32_t needed = offsetof(struct teegate_get_report, reserved3);

	if (c->nr == TEEGATE_GET_REPORT && the_tee()->challenge && size < needed)
		return -EINVAL;
	return good(c);
}

void clean(const struct command *c, const union request *q)
{
	if (c->nr == TEEGATE_CREATE_LEASE)
		EXPECT_EQ(close(q->create.lease_fd), 0);
	else if (c->nr == TEEGATE_NARROW)
		EXPECT_EQ(close(q->narrow.lease_fd), 0);
}

int ask_with_size(const struct command *c, int fd, uint32_t size)
{
	int r;

	fill(c, &req);
	req.head.size = size;
	r = tg(fd, c->nr, &req);
	if (!r)
		clean(c, &req);
	return r;
}

void for_each_command(void (*check)(const struct command *c, int fd))
{
	make_scene();
	for (unsigned int i = 0; i < n_commands; i++) {
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

int try_create(struct teegate_create_lease *w)
{
	int r = tg(scene.session, TEEGATE_CREATE_LEASE, w);

	if (!r)
		close(w->lease_fd);
	return r;
}

int try_narrow(struct teegate_narrow *w)
{
	int r = tg(scene.lease.fd, TEEGATE_NARROW, w);

	if (!r)
		close(w->lease_fd);
	return r;
}

int report_with_data(uint32_t flags, const void *data, uint32_t len)
{
	return report_get(scene.lease.fd, flags, data, len, &scene.ev);
}
