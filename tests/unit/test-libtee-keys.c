// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libtee and keys, with the module played by fake-module.c: what is handed on, on which lease, what
 * of an answer is believed, and what is said of each failure.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake-module.h"
#include "libtee-kit.h"

/* A blob of the right form, which the module of these tests opens whatever is in it. */
static uint8_t *make_blob(const char *label, size_t data_len, size_t *ret_len)
{
	static const uint8_t data[TEE_SEAL_DATA_MAX];
	uint8_t *blob;
	tee_ctx *ctx;

	assert_int_equal(tee_open("fake:", &ctx), 0);
	assert_int_equal(tee_seal(ctx, label, strlen(label), data, data_len, 0, &blob, ret_len), 0);
	tee_close(ctx);
	return blob;
}

static void key_is_asked_for_as_the_caller_says(void **state)
{
	struct tee_key_params used;
	uint8_t key[32], expected[32], id[TEE_ROOT_ID_SIZE];
	tee_ctx *ctx = on_lease();

	(void)state;
	fake_module.root_id = 0x1d;
	assert_int_equal(tee_derive_key(ctx, "disk", 4, NULL, 1500, key, sizeof(key), &used), 0);
	assert_int_equal(fake_module.derives, 1);
	assert_int_equal(fake_module.derive.size, sizeof(struct teegate_derive_key));
	assert_int_equal(fake_module.derive.flags, 0);
	assert_int_equal(fake_module.derive.target, TEEGATE_KEY_TO_CALLER);
	assert_int_equal(fake_module.derive.key_len, 32);
	assert_int_equal(fake_module.derive.timeout_ms, 1500);
	assert_int_equal(fake_module.derive.label_len, 4);
	assert_int_equal(fake_module.derive.description_len, 0);
	assert_int_equal(fake_module.derive.keyring, 0);
	assert_memory_equal(fake_module.label, "disk", 4);
	memset(expected, KEY_BYTE, sizeof(expected));
	assert_memory_equal(key, expected, sizeof(key));
	memset(id, 0x1d, sizeof(id));
	assert_memory_equal(used.root_id, id, sizeof(id));
	assert_int_equal(used.root_params[95], 0x0f);
	/* Neither a label nor a place for the parameters is needed. */
	assert_int_equal(tee_derive_key(ctx, NULL, 0, NULL, 0, key, TEE_KEY_MAX / 2, NULL), 0);
	assert_int_equal(fake_module.derive.label_len, 0);
	tee_close(ctx);
}

static void key_under_earlier_parameters_is_of_that_root_or_none(void **state)
{
	struct tee_key_params params, used;
	uint8_t key[16] = { 0 }, zero[16] = { 0 };
	tee_ctx *ctx = on_lease();

	(void)state;
	fake_module.root_id = 0x1d;
	memset(&params, 0x0e, sizeof(params));
	memset(params.root_id, 0x1d, sizeof(params.root_id));
	assert_int_equal(tee_derive_key(ctx, "l", 1, &params, 0, key, sizeof(key), &used), 0);
	assert_int_equal(fake_module.derive.flags, TEEGATE_KEY_PARAMS);
	assert_memory_equal(fake_module.derive.root_params, params.root_params, TEE_ROOT_PARAMS_SIZE);
	assert_memory_equal(&used, &params, sizeof(used));

	memset(key, 0, sizeof(key));
	params.root_id[15] ^= 1;
	assert_int_equal(tee_derive_key(ctx, "l", 1, &params, 0, key, sizeof(key), NULL), -ENXIO);
	assert_said(ctx, "another one than the key was derived from");
	assert_memory_equal(key, zero, sizeof(key));
	/* Who does not say which root, takes any. */
	memset(params.root_id, 0, sizeof(params.root_id));
	assert_int_equal(tee_derive_key(ctx, "l", 1, &params, 0, key, sizeof(key), NULL), 0);
	tee_close(ctx);
}

static void what_is_out_of_range_asks_nobody(void **state)
{
	static const uint8_t large[TEE_SEAL_DATA_MAX + 1];
	uint8_t key[TEE_KEY_MAX + 1], *out;
	tee_ctx *ctx = on_lease();
	size_t len;

	(void)state;
	assert_int_equal(tee_derive_key(ctx, "l", 1, NULL, 0, key, TEE_KEY_MIN - 1, NULL), -EINVAL);
	assert_int_equal(tee_derive_key(ctx, "l", 1, NULL, 0, key, TEE_KEY_MAX + 1, NULL), -EINVAL);
	assert_said(ctx, "16 to 64 bytes");
	assert_int_equal(tee_derive_key(ctx, large, 256, NULL, 0, key, 16, NULL), -EINVAL);
	assert_int_equal(tee_derive_key(ctx, NULL, 1, NULL, 0, key, 16, NULL), -EINVAL);
	assert_int_equal(tee_derive_key(ctx, "l", 1, NULL, 0, NULL, 16, NULL), -EINVAL);
	assert_int_equal(tee_derive_key(ctx, "l", 1, NULL, 600001, key, 16, NULL), -EINVAL);
	assert_int_equal(tee_derive_key(NULL, "l", 1, NULL, 0, key, 16, NULL), -EINVAL);
	assert_int_equal(tee_seal(ctx, "l", 1, large, TEE_SEAL_DATA_MAX + 1, 0, &out, &len), -EMSGSIZE);
	assert_said(ctx, "seal a key, and encrypt with that");
	assert_int_equal(tee_seal(ctx, "l", 1, NULL, 1, 0, &out, &len), -EINVAL);
	assert_int_equal(tee_seal(ctx, large, 256, "d", 1, 0, &out, &len), -EINVAL);
	assert_int_equal(tee_unseal(ctx, NULL, 1, NULL, 0, 0, &out, &len), -EINVAL);
	assert_int_equal(fake_module.derives + fake_module.seals + fake_module.unseals, 0);
	/* The limits themselves are good. */
	assert_int_equal(tee_derive_key(ctx, large, 255, NULL, 600000, key, TEE_KEY_MAX, NULL), 0);
	assert_int_equal(tee_derive_key(ctx, "l", 1, NULL, 0, key, TEE_KEY_MIN, NULL), 0);
	assert_int_equal(tee_seal(ctx, large, 255, large, TEE_SEAL_DATA_MAX, 0, &out, &len), 0);
	assert_int_equal(len, TEE_BLOB_MAX);
	free(out);
	tee_close(ctx);
}

#define KEYRING_REQUEST                                                                            \
	{                                                                                          \
		.size = sizeof(struct tee_keyring_request), .label = "disk", .label_len = 4,       \
		.key_len = 64, .description = "root", .keyring = TEE_KEYRING_SESSION,              \
		.type = TEE_KEY_LOGON, .timeout_ms = 1500,                                         \
	}

static void key_for_a_keyring_is_never_seen(void **state)
{
	struct tee_keyring_request q = KEYRING_REQUEST;
	struct tee_key_params used, params = { 0 };
	tee_ctx *ctx = on_lease();
	int32_t serial = 0;

	(void)state;
	assert_int_equal(tee_derive_to_keyring(ctx, &q, &serial, &used), 0);
	assert_int_equal(serial, 4711);
	assert_int_equal(fake_module.derive.target, TEEGATE_KEY_TO_LOGON);
	assert_int_equal(fake_module.derive.key, 0);
	assert_int_equal(fake_module.derive.key_len, 64);
	assert_int_equal(fake_module.derive.keyring, -3);
	assert_int_equal(fake_module.derive.timeout_ms, 1500);
	assert_string_equal(fake_module.description, "root");
	q.type = TEE_KEY_FSCRYPT;
	q.keyring = TEE_KEYRING_PROCESS;
	assert_int_equal(tee_derive_to_keyring(ctx, &q, NULL, NULL), 0);
	assert_int_equal(fake_module.derive.target, TEEGATE_KEY_TO_FSCRYPT);
	assert_int_equal(fake_module.derive.keyring, -2);
	/* One of another root is there all the same, so that its number is told. */
	serial = 0;
	params.root_id[0] = 1;
	q.params = &params;
	assert_int_equal(tee_derive_to_keyring(ctx, &q, &serial, NULL), -ENXIO);
	assert_int_equal(serial, 4711);
	tee_close(ctx);
}

/* The same errno as that of a lost channel, which is another matter. */
static void keyring_that_is_not_there_is_no_lost_channel(void **state)
{
	struct tee_keyring_request q = KEYRING_REQUEST;
	tee_ctx *ctx = on_lease();
	uint8_t key[16];

	(void)state;
	fake_module.key_errors = UINT32_MAX;
	fake_module.key_error = -ENOKEY;
	assert_int_equal(tee_derive_to_keyring(ctx, &q, NULL, NULL), -ENOKEY);
	assert_said(ctx, "no such keyring");
	assert_int_equal(tee_derive_key(ctx, "l", 1, NULL, 0, key, sizeof(key), NULL), -ENOKEY);
	assert_said(ctx, "channel to the firmware is lost");
	fake_module.info.state = TEEGATE_STATE_LOST;
	assert_int_equal(tee_derive_to_keyring(ctx, &q, NULL, NULL), -ENOKEY);
	assert_said(ctx, "channel to the firmware is lost");
	tee_close(ctx);
}

static void request_for_a_keyring_is_judged_first(void **state)
{
	struct {
		struct tee_keyring_request q;
		uint8_t later;
	} newer = { .q = KEYRING_REQUEST };
	const struct tee_keyring_request good = KEYRING_REQUEST;
	struct tee_keyring_request q;
	tee_ctx *ctx = on_lease();
	char longest[257];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[256] = '\0';
#define REFUSED(member, value)                                                                     \
	do {                                                                                       \
		q = good;                                                                          \
		q.member = (value);                                                                \
		assert_int_equal(tee_derive_to_keyring(ctx, &q, NULL, NULL), -EINVAL);              \
	} while (0)
	REFUSED(size, sizeof(q) - 1);
	REFUSED(label, NULL);
	REFUSED(label_len, 256);
	REFUSED(key_len, 65);
	REFUSED(description, NULL);
	REFUSED(description, "");
	REFUSED(description, "two words");
	REFUSED(description, longest);
	REFUSED(keyring, -4);
	REFUSED(type, 3);
	REFUSED(type, 0);
	REFUSED(timeout_ms, 600001);
	REFUSED(reserved, 1);
	newer.q.size = sizeof(newer);
	newer.later = 1;
	assert_int_equal(tee_derive_to_keyring(ctx, &newer.q, NULL, NULL), -E2BIG);
	assert_int_equal(fake_module.derives, 0);
	newer.later = 0;
	assert_int_equal(tee_derive_to_keyring(ctx, &newer.q, NULL, NULL), 0);
	longest[255] = '\0';
	q = good;
	q.description = longest;
	assert_int_equal(tee_derive_to_keyring(ctx, &q, NULL, NULL), 0);
	tee_close(ctx);
}

static void data_is_sealed_as_the_caller_says(void **state)
{
	tee_ctx *ctx = on_lease();
	uint8_t *blob = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(tee_seal(ctx, "token", 5, "secret", 6, 1500, &blob, &len), 0);
	assert_int_equal(fake_module.seals, 1);
	assert_int_equal(fake_module.seal.flags, 0);
	assert_int_equal(fake_module.seal.data_len, 6);
	assert_int_equal(fake_module.seal.timeout_ms, 1500);
	assert_memory_equal(fake_module.label, "token", 5);
	assert_memory_equal(fake_module.sealed, "secret", 6);
	assert_int_equal(len, TEEGATE_BLOB_OVERHEAD + 5 + 6);
	free(blob);
	/* Nothing can be sealed, too. */
	assert_int_equal(tee_seal(ctx, NULL, 0, NULL, 0, 0, &blob, &len), 0);
	assert_int_equal(len, TEEGATE_BLOB_OVERHEAD);
	free(blob);
	blob = NULL;
	fake_module.length_off = 256;
	assert_int_equal(tee_seal(ctx, NULL, 0, NULL, 0, 0, &blob, &len), -EPROTO);
	assert_null(blob);
	tee_close(ctx);
}

static void blob_is_opened_whole(void **state)
{
	tee_ctx *ctx = on_lease();
	size_t len, data_len = 0;
	uint8_t *blob = make_blob("token", 6, &len), *data = NULL, expected[6];

	(void)state;
	assert_int_equal(tee_unseal(ctx, blob, len, NULL, 0, 1500, &data, &data_len), 0);
	assert_int_equal(fake_module.unseals, 1);
	assert_int_equal(fake_module.unseal.blob, (uint64_t)(uintptr_t)blob);
	assert_int_equal(fake_module.unseal.blob_len, len);
	assert_int_equal(fake_module.unseal.data_len, 6);
	assert_int_equal(fake_module.unseal.timeout_ms, 1500);
	assert_int_equal(data_len, 6);
	memset(expected, DATA_BYTE, sizeof(expected));
	assert_memory_equal(data, expected, sizeof(expected));
	free(data);
	free(blob);

	blob = make_blob("", 0, &len);
	assert_int_equal(tee_unseal(ctx, blob, len, "", 0, 0, &data, &data_len), 0);
	assert_int_equal(data_len, 0);
	assert_non_null(data);
	free(data);
	/* A length that cannot be is no length to read. */
	data = NULL;
	fake_module.length_off = 1;
	assert_int_equal(tee_unseal(ctx, blob, len, NULL, 0, 0, &data, &data_len), -EPROTO);
	assert_null(data);
	free(blob);
	tee_close(ctx);
}

static void blob_of_another_label_is_not_opened(void **state)
{
	tee_ctx *ctx = on_lease();
	size_t len, data_len;
	uint8_t *blob = make_blob("token", 6, &len), *data;

	(void)state;
	assert_int_equal(tee_unseal(ctx, blob, len, "disk", 4, 0, &data, &data_len), -EBADMSG);
	assert_said(ctx, "under another label");
	assert_int_equal(tee_unseal(ctx, blob, len, "toke", 4, 0, &data, &data_len), -EBADMSG);
	assert_int_equal(tee_unseal(ctx, blob, len, "", 0, 0, &data, &data_len), -EBADMSG);
	assert_int_equal(fake_module.unseals, 0);
	assert_int_equal(tee_unseal(ctx, blob, len, "token", 5, 0, &data, &data_len), 0);
	free(data);
	free(blob);
	tee_close(ctx);
}

static void header_that_is_none_has_an_error_of_its_own(void **state)
{
	static const struct {
		size_t at;
		uint8_t flip;
		int error;
		const char *words;
	} cases[] = {
		{ 0, 1, -EILSEQ, "not a sealed blob" },
		{ 7, 1, -EILSEQ, "not a sealed blob" },
		{ 9, 2, -EPROTONOSUPPORT, "of a later version" },
		{ 11, 1, -EMSGSIZE, "its lengths are not" },
		{ 161, 1, -EMSGSIZE, "its lengths are not" },
	};
	struct tee_blob_info info = { .size = sizeof(info) };
	tee_ctx *ctx = on_lease();
	size_t len, data_len;
	uint8_t *blob = make_blob("token", 6, &len), *data;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		blob[cases[i].at] ^= cases[i].flip;
		assert_int_equal(tee_blob_inspect(blob, len, &info), cases[i].error);
		assert_int_equal(tee_unseal(ctx, blob, len, NULL, 0, 0, &data, &data_len), cases[i].error);
		assert_said(ctx, cases[i].words);
		blob[cases[i].at] ^= cases[i].flip;
	}
	assert_int_equal(tee_blob_inspect(blob, 0, &info), -EILSEQ);
	/* Cut off anywhere before the data: not one of these has a whole header and a tag. */
	for (size_t i = 1; i < TEEGATE_BLOB_OVERHEAD + 5; i++)
		assert_int_equal(tee_blob_inspect(blob, i, &info), -EMSGSIZE);
	assert_int_equal(tee_unseal(ctx, blob, 100, NULL, 0, 0, &data, &data_len), -EMSGSIZE);
	assert_said(ctx, "cut off");
	assert_int_equal(fake_module.unseals, 0);
	assert_int_equal(tee_unseal(ctx, blob, len, NULL, 0, 0, &data, &data_len), 0);
	free(data);
	free(blob);
	tee_close(ctx);
}

static void longer_than_any_blob_is_none(void **state)
{
	struct tee_blob_info info = { .size = sizeof(info) };
	size_t len;
	uint8_t *blob = make_blob("token", TEE_SEAL_DATA_MAX, &len), *longer;

	(void)state;
	assert_int_equal(tee_blob_inspect(blob, len, &info), 0);
	assert_int_equal(info.data_len, TEE_SEAL_DATA_MAX);
	longer = realloc(blob, len + 1);
	assert_non_null(longer);
	longer[len] = 0;
	assert_int_equal(tee_blob_inspect(longer, len + 1, &info), -EMSGSIZE);
	free(longer);
}

static void inspector_tells_what_the_header_says(void **state)
{
	struct tee_blob_info info = { .size = sizeof(info) }, before;
	size_t len;
	uint8_t *blob = make_blob("token", 6, &len);

	(void)state;
	blob[127] = 0x4a;	/* claims 1, 3 and 6 */
	assert_int_equal(tee_blob_inspect(blob, len, &info), 0);
	assert_int_equal(info.size, sizeof(info));
	assert_int_equal(info.version, 1);
	assert_int_equal(info.provider, TEE_PROVIDER_SEV_SNP);
	assert_int_equal(info.root_source, TEE_ROOT_DEVELOPMENT);
	assert_int_equal(info.claims, 1 << 1 | 1 << 3 | 1 << 6);
	assert_int_equal(info.label_len, 5);
	assert_ptr_equal(info.label, blob + 162);
	assert_int_equal(info.data_len, 6);
	assert_memory_equal(info.params.root_params, blob + 12, TEE_ROOT_PARAMS_SIZE);
	assert_memory_equal(info.params.root_id, blob + 108, TEE_ROOT_ID_SIZE);
	/* Nothing is written when it is none, or when nobody says how large the answer may be. */
	before = info;
	assert_int_equal(tee_blob_inspect("TEEGATF", 8, &info), -EILSEQ);
	assert_memory_equal(&info, &before, sizeof(info));
	info.size = sizeof(info) - 1;
	assert_int_equal(tee_blob_inspect(blob, len, &info), -EINVAL);
	assert_int_equal(tee_blob_inspect(NULL, len, &info), -EINVAL);
	assert_int_equal(tee_blob_inspect(blob, len, NULL), -EINVAL);
	free(blob);
}

/* Each call gets a lease of its own, which speaks for this process, and nothing is left open. */
static void administrator_gets_keys_of_their_uid_from_installed_roots(void **state)
{
	uint8_t key[16], expected[] = { 0xa1, 6, 0 };
	tee_ctx *ctx = on_device();
	int fds, after;

	(void)state;
	if (geteuid() != 0 || getuid() != 0)
		skip();		/* another uid has another encoding */
	fds = dup(0);
	close(fds);
	assert_int_equal(tee_derive_key(ctx, "l", 1, NULL, 0, key, sizeof(key), NULL), 0);
	assert_int_equal(fake_module.leases, 1);
	assert_int_equal(fake_module.lease.ops, TEEGATE_OP_DERIVE_KEY);
	assert_int_equal(fake_module.lease.claims_len, 0);
	assert_int_equal(fake_module.lease.sealing_claims_len, sizeof(expected));
	assert_memory_equal(fake_module.sealing_claims, expected, sizeof(expected));
	assert_int_equal(fake_module.lease.sealing_bitmap, 1 << 6);
	assert_int_equal(fake_module.lease.root_sources, 0x78);
	assert_int_equal(fake_module.lease.snp_field_select, 0);
	assert_int_equal(fake_module.lease.key_labels_len, 0);
	after = dup(0);
	close(after);
	assert_int_equal(after, fds);
	tee_close(ctx);

	/* The firmware's root takes their word. */
	assert_int_equal(tee_open_with(&fake_module_sys, "measured-boot:", &ctx), 0);
	assert_int_equal(tee_derive_key(ctx, "l", 1, NULL, 0, key, sizeof(key), NULL), 0);
	assert_int_equal(fake_module.lease.root_sources, 0x7a);
	assert_int_equal(fake_module.lease.snp_field_select, 0x29);
	tee_close(ctx);
}

static void reports_of_the_administrator_have_no_key_terms(void **state)
{
	static const struct teegate_create_lease none;
	tee_evidence *evidence;
	tee_ctx *ctx = on_device();

	(void)state;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &evidence), 0);
	tee_evidence_free(evidence);
	assert_memory_equal((uint8_t *)&fake_module.lease +
				    offsetof(struct teegate_create_lease, sealing_claims),
			    (const uint8_t *)&none +
				    offsetof(struct teegate_create_lease, sealing_claims),
			    sizeof(none) - offsetof(struct teegate_create_lease, sealing_claims));
	tee_close(ctx);
}

static void each_failure_has_its_words(void **state)
{
	static const struct {
		int error;
		const char *words;
	} cases[] = {
		{ -EPERM, "Operations= and KeyLabels=" },
		{ -EKEYREJECTED, "weaker than policy allows" },
		{ -EILSEQ, "not a sealed blob" },
		{ -EPROTONOSUPPORT, "later version" },
		{ -EMSGSIZE, "cut off" },
		{ -EXDEV, "another kind of TEE" },
		{ -ENXIO, "another root than those that are here" },
		{ -EBADMSG, "does not open" },
		{ -EEXIST, "none is ever overwritten" },
		{ -EDQUOT, "quota is used up" },
		{ -ESTALE, "revoked or expired" },
	};
	tee_ctx *ctx = on_lease();
	size_t len, data_len;
	uint8_t *blob = make_blob("token", 6, &len), *data = NULL, key[16];

	(void)state;
	fake_module.key_errors = UINT32_MAX;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_module.key_error = cases[i].error;
		assert_int_equal(tee_unseal(ctx, blob, len, NULL, 0, 0, &data, &data_len),
				 cases[i].error);
		assert_said(ctx, "Unsealing: ");
		assert_said(ctx, cases[i].words);
		assert_null(data);
		assert_string_not_equal(tee_strerror(cases[i].error), tee_strerror(-9999));
	}
	fake_module.key_error = -EREMOTEIO;
	fake_module.fw_status = 0x16;
	assert_int_equal(tee_derive_key(ctx, "l", 1, NULL, 0, key, sizeof(key), NULL), -EREMOTEIO);
	assert_said(ctx, "Deriving a key: The firmware refused");
	assert_said(ctx, "firmware code 0x16");
	fake_module.key_errors = 0;
	assert_int_equal(tee_unseal(ctx, blob, len, NULL, 0, 0, &data, &data_len), 0);
	free(data);
	free(blob);
	tee_close(ctx);
}

static void expect_no_root(tee_ctx *ctx, const char *words)
{
	uint8_t *blob = NULL;
	size_t len;

	fake_module.key_errors = UINT32_MAX;
	fake_module.key_error = -ENODATA;
	assert_int_equal(tee_seal(ctx, "l", 1, "d", 1, 0, &blob, &len), -ENODATA);
	assert_said(ctx, words);
}

static void without_a_root_it_is_said_how_to_get_one(void **state)
{
	tee_ctx *ctx = on_lease();

	expect_no_root(ctx, "Sealing: there is no root for keys that this lease may use. ");
	assert_said(ctx, "FirmwareRoot=measured-boot");
	assert_said(ctx, "TPM 2.0, an SEV launch secret, a key broker");
	assert_said(ctx, "/etc/teegate/roots.conf");
	fake_module.info.roots = 1 << TEEGATE_ROOT_TPM;
	expect_no_root(ctx, "may use (there are others)");
	tee_close(ctx);

	/* What another machine has is no help. */
	fake_module_reset_tdx(state);
	ctx = on_lease();
	expect_no_root(ctx, "Roots come from: a TPM 2.0,");
	tee_close(ctx);
	fake_module_reset_se(state);
	ctx = on_lease();
	expect_no_root(ctx, "a retrievable secret of the Ultravisor");
	tee_close(ctx);
}

/* No policy speaks for the administrator's own leases; the target does. */
static void administrator_is_told_which_target_has_the_root_of_firmware(void **state)
{
	tee_ctx *ctx = on_device(), *boot;
	size_t len, data_len;
	uint8_t *blob = make_blob("token", 6, &len), *data = NULL;

	(void)state;
	assert_int_equal(tee_open_with(&fake_module_sys, "measured-boot:", &boot), 0);
	expect_no_root(ctx, "Roots come from: the firmware's own, for the target measured-boot:");
	assert_null(strstr(tee_last_error(ctx), "policy"));
	expect_no_root(boot, "Roots come from: a TPM 2.0,");
	fake_module.key_error = -EKEYREJECTED;
	assert_int_equal(tee_unseal(ctx, blob, len, NULL, 0, 0, &data, &data_len), -EKEYREJECTED);
	assert_said(ctx, "for the target measured-boot:");
	assert_int_equal(tee_unseal(boot, blob, len, NULL, 0, 0, &data, &data_len), -EKEYREJECTED);
	assert_said(boot, "weaker than policy allows");
	tee_close(boot);
	tee_close(ctx);

	/* Not where firmware has none. */
	fake_module_reset_tdx(state);
	ctx = on_device();
	fake_module.key_errors = UINT32_MAX;
	fake_module.key_error = -EKEYREJECTED;
	assert_int_equal(tee_unseal(ctx, blob, len, NULL, 0, 0, &data, &data_len), -EKEYREJECTED);
	assert_said(ctx, "weaker than policy allows");
	free(blob);
	tee_close(ctx);
}

static void older_module_is_not_asked_for_keys(void **state)
{
	tee_ctx *ctx = on_lease(), *device = on_device();
	uint8_t key[16];

	(void)state;
	fake_module.info.module_ops &= ~(TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL);
	assert_int_equal(tee_derive_key(ctx, "l", 1, NULL, 0, key, sizeof(key), NULL), -ENOTTY);
	assert_said(ctx, "older than sealed keys");
	assert_int_equal(tee_derive_key(device, "l", 1, NULL, 0, key, sizeof(key), NULL), -ENOTTY);
	assert_int_equal(tee_wipe_roots(device, 0), -ENOTTY);
	assert_int_equal(fake_module.leases + fake_module.derives + fake_module.wipes, 0);
	tee_close(ctx);
	tee_close(device);
}

static void root_is_installed_by_the_administrator_only(void **state)
{
	uint8_t root[TEE_ROOT_SIZE], id[TEE_ROOT_ID_SIZE] = { 0 };
	tee_ctx *ctx = on_device(), *lease;

	(void)state;
	memset(root, 0x77, sizeof(root));
	fake_module.root_id = 0x1d;
	assert_int_equal(tee_set_root(ctx, TEE_ROOT_TPM, root, 0, id), 0);
	assert_int_equal(fake_module.set_root.source, TEEGATE_ROOT_TPM);
	assert_int_equal(fake_module.set_root.flags, 0);
	assert_memory_equal(fake_module.root, root, sizeof(root));
	assert_int_equal(id[15], 0x1d);
	assert_int_equal(tee_set_root(ctx, TEE_ROOT_DEVELOPMENT, root, TEE_ROOT_UNSEAL_ONLY, NULL), 0);
	assert_int_equal(fake_module.set_root.flags, TEEGATE_ROOT_UNSEAL_ONLY);
	assert_int_equal(tee_wipe_roots(ctx, 0), 0);
	assert_int_equal(fake_module.wipe.flags, 0);
	assert_int_equal(tee_wipe_roots(ctx, TEE_WIPE_INSTALLED), 0);
	assert_int_equal(fake_module.wipe.flags, TEEGATE_WIPE_INSTALLED);
	fake_module.root_error = -EEXIST;
	assert_int_equal(tee_set_root(ctx, TEE_ROOT_TPM, root, 0, NULL), -EEXIST);
	assert_said(ctx, "There is a root already");
	assert_int_equal(fake_module.set_roots, 3);

	assert_int_equal(tee_set_root(ctx, TEE_ROOT_FIRMWARE, root, 0, NULL), -EINVAL);
	assert_int_equal(tee_set_root(ctx, TEE_ROOT_DEVELOPMENT + 1, root, 0, NULL), -EINVAL);
	assert_int_equal(tee_set_root(ctx, TEE_ROOT_TPM, NULL, 0, NULL), -EINVAL);
	assert_int_equal(tee_set_root(ctx, TEE_ROOT_TPM, root, 2, NULL), -EINVAL);
	assert_int_equal(tee_wipe_roots(ctx, 2), -EINVAL);
	lease = on_lease();
	assert_int_equal(tee_set_root(lease, TEE_ROOT_TPM, root, 0, NULL), -EPERM);
	assert_said(lease, "the administrator's");
	assert_int_equal(tee_wipe_roots(lease, 0), -EPERM);
	assert_int_equal(fake_module.set_roots, 3);
	assert_int_equal(fake_module.wipes, 2);
	tee_close(lease);
	tee_close(ctx);
}

static void info_tells_which_roots_there_are(void **state)
{
	struct tee_info info = { .size = sizeof(info) };
	tee_ctx *ctx = on_device();

	(void)state;
	fake_module.info.root_active = TEEGATE_ROOT_TPM;
	fake_module.info.roots = 1 << TEEGATE_ROOT_TPM | 1 << TEEGATE_ROOT_FIRMWARE;
	memset(fake_module.info.root_id, 0x1d, sizeof(fake_module.info.root_id));
	assert_int_equal(tee_get_info(ctx, &info), 0);
	assert_int_equal(info.root_active, TEE_ROOT_TPM);
	assert_int_equal(info.roots, 1 << TEE_ROOT_TPM | 1 << TEE_ROOT_FIRMWARE);
	assert_memory_equal(info.root_id, fake_module.info.root_id, sizeof(info.root_id));
	tee_close(ctx);
}

static void taint_of_a_development_root_is_claimed(void **state)
{
	tee_ctx *ctx = on_device();
	struct ev_claims claims;

	(void)state;
	fake_module.info.taint = TEEGATE_TAINT_DEVELOPMENT_ROOT;
	get_claims(ctx, &claims);
	assert_string_equal(claims.taint, "development root");
	ev_claims_done(&claims);
	fake_module.info.taint |= TEEGATE_TAINT_SOFTWARE_FIRMWARE;
	get_claims(ctx, &claims);
	assert_string_equal(claims.taint, "software firmware; development root");
	ev_claims_done(&claims);
	tee_close(ctx);
}

#define T(name) cmocka_unit_test_setup(name, fake_module_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(key_is_asked_for_as_the_caller_says),
		T(key_under_earlier_parameters_is_of_that_root_or_none),
		T(what_is_out_of_range_asks_nobody),
		T(key_for_a_keyring_is_never_seen),
		T(keyring_that_is_not_there_is_no_lost_channel),
		T(request_for_a_keyring_is_judged_first),
		T(data_is_sealed_as_the_caller_says),
		T(blob_is_opened_whole),
		T(blob_of_another_label_is_not_opened),
		T(header_that_is_none_has_an_error_of_its_own),
		T(longer_than_any_blob_is_none),
		T(inspector_tells_what_the_header_says),
		T(administrator_gets_keys_of_their_uid_from_installed_roots),
		T(reports_of_the_administrator_have_no_key_terms),
		T(each_failure_has_its_words),
		T(without_a_root_it_is_said_how_to_get_one),
		T(administrator_is_told_which_target_has_the_root_of_firmware),
		T(older_module_is_not_asked_for_keys),
		T(root_is_installed_by_the_administrator_only),
		T(info_tells_which_roots_there_are),
		T(taint_of_a_development_root_is_claimed),
	};

	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
