// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of fake: behave as those of a TEE do, for programs that are tested with them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libtee-kit.h"

static tee_ctx *open_fake(void)
{
	tee_ctx *ctx;

	assert_int_equal(tee_open("fake:", &ctx), 0);
	return ctx;
}

static void same_question_has_the_same_key(void **state)
{
	tee_ctx *one = open_fake(), *two = open_fake();
	uint8_t a[64], b[64], c[32];
	struct tee_key_params params;

	(void)state;
	assert_int_equal(tee_derive_key(one, "disk", 4, NULL, 0, a, sizeof(a), &params), 0);
	assert_int_equal(tee_derive_key(two, "disk", 4, &params, 0, b, sizeof(b), NULL), 0);
	assert_memory_equal(a, b, sizeof(a));
	/* Another label or length, another key, and no beginning of one. */
	assert_int_equal(tee_derive_key(one, "disc", 4, NULL, 0, b, sizeof(b), NULL), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(tee_derive_key(one, "disk", 4, NULL, 0, c, sizeof(c), NULL), 0);
	assert_memory_not_equal(a, c, sizeof(c));
	params.root_params[95] ^= 1;
	assert_int_equal(tee_derive_key(one, "disk", 4, &params, 0, b, sizeof(b), NULL), -EKEYREJECTED);
	params.root_params[95] ^= 1;
	params.root_id[0] ^= 1;
	assert_int_equal(tee_derive_key(one, "disk", 4, &params, 0, b, sizeof(b), NULL), -ENXIO);
	tee_close(one);
	tee_close(two);
}

static void blob_opens_in_another_context(void **state)
{
	tee_ctx *one = open_fake(), *two = open_fake();
	uint8_t *blob, *again, *data;
	size_t len, len_again, data_len;

	(void)state;
	assert_int_equal(tee_seal(one, "token", 5, "secret", 6, 0, &blob, &len), 0);
	assert_int_equal(tee_unseal(two, blob, len, "token", 5, 0, &data, &data_len), 0);
	assert_int_equal(data_len, 6);
	assert_memory_equal(data, "secret", 6);
	free(data);
	assert_int_equal(tee_seal(one, "token", 5, "secret", 6, 0, &again, &len_again), 0);
	assert_int_equal(len, len_again);
	assert_memory_not_equal(blob, again, len);
	free(again);
	free(blob);
	tee_close(one);
	tee_close(two);
}

static void no_changed_blob_opens(void **state)
{
	tee_ctx *ctx = open_fake();
	uint8_t *blob, *data = NULL;
	size_t len, data_len;
	int r;

	(void)state;
	assert_int_equal(tee_seal(ctx, "token", 5, "secret", 6, 0, &blob, &len), 0);
	for (size_t i = 0; i < len; i++) {
		blob[i] ^= 0x40;
		r = tee_unseal(ctx, blob, len, NULL, 0, 0, &data, &data_len);
		assert_true(r == -EILSEQ || r == -EPROTONOSUPPORT || r == -EXDEV || r == -ENXIO || r == -EMSGSIZE ||
			    r == -EBADMSG);
		assert_null(data);
		blob[i] ^= 0x40;
	}
	for (size_t i = 0; i < len; i++)
		assert_int_not_equal(tee_unseal(ctx, blob, i, NULL, 0, 0, &data, &data_len), 0);
	assert_int_equal(tee_unseal(ctx, blob, len, NULL, 0, 0, &data, &data_len), 0);
	free(data);
	free(blob);
	tee_close(ctx);
}

static void there_is_no_keyring(void **state)
{
	struct tee_keyring_request q = {
		.size = sizeof(q),
		.key_len = 32,
		.description = "d",
		.keyring = TEE_KEYRING_SESSION,
		.type = TEE_KEY_LOGON,
	};
	tee_ctx *ctx = open_fake();

	(void)state;
	assert_int_equal(tee_derive_to_keyring(ctx, &q, NULL, NULL), -EOPNOTSUPP);
	assert_said(ctx, "no keys into keyrings");
	tee_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_question_has_the_same_key),
		cmocka_unit_test(blob_opens_in_another_context),
		cmocka_unit_test(no_changed_blob_opens),
		cmocka_unit_test(there_is_no_keyring),
	};

	return cmocka_run_group_tests_name("keys of fake:", tests, NULL, NULL);
}
