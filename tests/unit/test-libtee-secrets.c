// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libtee and the store of secrets of IBM Secure Execution, with the module played by fake-module.c:
 * who gets to it, what is handed on, and what is said of each failure.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake-module.h"
#include "libtee-kit.h"

static void request_for_a_secret_is_handed_on_once(void **state)
{
	static const uint8_t longest[TEE_SECRET_MAX + 1];
	tee_ctx *ctx = on_device();

	(void)state;
	assert_int_equal(tee_add_secret(ctx, "request", 7, 1500), 0);
	assert_int_equal(fake_module.adds, 1);
	assert_int_equal(fake_module.add.request_len, 7);
	assert_int_equal(fake_module.add.flags, 0);
	assert_int_equal(fake_module.add.timeout_ms, 1500);
	assert_memory_equal(fake_module.secret_request, "request", 7);
	/* Whatever the module says. */
	fake_module.secret_error = -ETIMEDOUT;
	assert_int_equal(tee_add_secret(ctx, "request", 7, 0), -ETIMEDOUT);
	assert_int_equal(fake_module.adds, 2);
	assert_int_equal(tee_add_secret(ctx, "", 0, 0), -EINVAL);
	assert_int_equal(tee_add_secret(ctx, NULL, 7, 0), -EINVAL);
	assert_int_equal(tee_add_secret(ctx, longest, TEE_SECRET_MAX + 1, 0), -EINVAL);
	assert_int_equal(tee_add_secret(NULL, "request", 7, 0), -EINVAL);
	assert_int_equal(tee_add_secret(ctx, "request", 7, 600001), -EINVAL);
	assert_int_equal(fake_module.adds, 2);
	tee_close(ctx);
}

static void list_has_the_names_of_all_secrets(void **state)
{
	struct tee_secret *secrets = NULL;
	tee_ctx *ctx = on_device();
	size_t count = 99;
	uint8_t id[32];

	(void)state;
	assert_int_equal(tee_list_secrets(ctx, 0, &secrets, &count), 0);
	assert_int_equal(count, 0);
	assert_non_null(secrets);
	free(secrets);

	fake_module.secrets = 200;	/* more than there is room for at first */
	assert_int_equal(tee_list_secrets(ctx, 0, &secrets, &count), 0);
	assert_int_equal(count, 200);
	memset(id, 199, sizeof(id));
	assert_int_equal(secrets[199].index, 199);
	assert_int_equal(secrets[199].type, 2);
	assert_int_equal(secrets[199].length, 32);
	assert_memory_equal(secrets[199].id, id, sizeof(id));
	free(secrets);
	assert_int_equal(fake_module.lists, 3);
	tee_close(ctx);
}

static void list_that_keeps_growing_ends(void **state)
{
	struct tee_secret *secrets = NULL;
	tee_ctx *ctx = on_device();
	size_t count;

	(void)state;
	fake_module.secrets_grow = 100;
	assert_int_equal(tee_list_secrets(ctx, 0, &secrets, &count), -ENOSPC);
	assert_int_equal(fake_module.lists, 3);
	/* A count that no store can have is believed from nobody. */
	fake_module.secrets = 70000;
	assert_int_equal(tee_list_secrets(ctx, 0, &secrets, &count), -EPROTO);
	assert_int_equal(fake_module.lists, 4);
	assert_null(secrets);
	tee_close(ctx);
}

static void nobody_locks_by_mistake(void **state)
{
	tee_ctx *ctx = on_device();

	(void)state;
	assert_int_equal(tee_lock_secrets(ctx, 0, 0), -EINVAL);
	assert_said(ctx, "cannot be undone");
	assert_int_equal(tee_lock_secrets(ctx, TEE_LOCK_IRREVERSIBLE | 2, 0), -EINVAL);
	assert_int_equal(tee_lock_secrets(NULL, TEE_LOCK_IRREVERSIBLE, 0), -EINVAL);
	assert_int_equal(fake_module.locks, 0);
	assert_int_equal(tee_lock_secrets(ctx, TEE_LOCK_IRREVERSIBLE, 0), 0);
	assert_int_equal(fake_module.locks, 1);
	assert_int_equal(fake_module.lock.flags, TEEGATE_LOCK_IRREVERSIBLE);
	tee_close(ctx);
}

/* The same number means something else of another call, and of a list nobody has said what. */
static void codes_of_the_ultravisor_are_told_in_words_of_their_call(void **state)
{
	struct tee_secret *secrets;
	tee_ctx *ctx = on_device();
	size_t count;

	(void)state;
	fake_module.secret_error = -EREMOTEIO;
	fake_module.fw_status = 0x01020000;
	assert_int_equal(tee_add_secret(ctx, "request", 7, 0), -EREMOTEIO);
	assert_said(ctx, "the store of secrets is locked");
	assert_int_equal(tee_lock_secrets(ctx, TEE_LOCK_IRREVERSIBLE, 0), -EREMOTEIO);
	assert_said(ctx, "the store of secrets is locked");
	assert_int_equal(tee_list_secrets(ctx, 0, &secrets, &count), -EREMOTEIO);
	assert_said(ctx, "Listing the secrets: The firmware refused");
	assert_said(ctx, "(firmware code 0x1020000)");	/* and no words */
	fake_module.fw_status = 0x010e0000;
	assert_int_equal(tee_add_secret(ctx, "request", 7, 0), -EREMOTEIO);
	assert_said(ctx, "Adding a secret: The firmware refused");
	assert_said(ctx, "(firmware code 0x10e0000)");
	fake_module.secret_error = -ENOSPC;
	fake_module.fw_status = 0x010b0000;
	assert_int_equal(tee_add_secret(ctx, "request", 7, 0), -ENOSPC);
	assert_said(ctx, "the store of secrets is full");
	tee_close(ctx);
}

static void all_refuse(tee_ctx *ctx, int error, const char *words)
{
	struct tee_secret *secrets;
	size_t count;

	assert_int_equal(tee_add_secret(ctx, "request", 7, 0), error);
	assert_said(ctx, words);
	assert_int_equal(tee_list_secrets(ctx, 0, &secrets, &count), error);
	assert_said(ctx, words);
	assert_int_equal(tee_lock_secrets(ctx, TEE_LOCK_IRREVERSIBLE, 0), error);
	assert_said(ctx, words);
	assert_int_equal(fake_module.adds + fake_module.lists + fake_module.locks, 0);
}

static void secrets_are_for_the_administrator_only(void **state)
{
	tee_ctx *ctx = on_lease();

	(void)state;
	all_refuse(ctx, -EPERM, "the administrator's");
	tee_close(ctx);
	assert_int_equal(tee_open("fake:", &ctx), 0);
	all_refuse(ctx, -EPERM, "the administrator's");
	tee_close(ctx);
}

static void without_a_store_nothing_is_asked(void **state)
{
	tee_ctx *ctx = on_device();

	fake_module.info.firmware_ops = TEEGATE_OP_REPORT;
	all_refuse(ctx, -EOPNOTSUPP, "does not offer that");
	fake_module.first_release = true;
	all_refuse(ctx, -ENOTTY, "older than this library");
	fake_module_reset_tdx(state);
	all_refuse(ctx, -EOPNOTSUPP, "Only IBM Secure Execution");
	tee_close(ctx);
}

#define T(name) cmocka_unit_test_setup(name, fake_module_reset_se)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(request_for_a_secret_is_handed_on_once),
		T(list_has_the_names_of_all_secrets),
		T(list_that_keeps_growing_ends),
		T(nobody_locks_by_mistake),
		T(codes_of_the_ultravisor_are_told_in_words_of_their_call),
		T(secrets_are_for_the_administrator_only),
		T(without_a_store_nothing_is_asked),
	};

	return cmocka_run_group_tests_name("secrets of Secure Execution", tests, NULL, NULL);
}
