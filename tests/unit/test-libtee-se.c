// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libtee on IBM Secure Execution, with the module played by fake-module.c: challenges and what comes
 * back beside the measurement, exchange files, and what is said of each failure.
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

#define ARCB_SIZE	400

static uint8_t arcb[TEE_CHALLENGE_MAX + 1];

/* A request of @len bytes in so far as anybody in the guest looks at it: with its length in it. */
static struct tee_report_request ask_with(size_t len)
{
	memset(arcb, 0xa5, sizeof(arcb));
	arcb[12] = (uint8_t)(len >> 24);
	arcb[13] = (uint8_t)(len >> 16);
	arcb[14] = (uint8_t)(len >> 8);
	arcb[15] = (uint8_t)len;
	return (struct tee_report_request) {
		.size = sizeof(struct tee_report_request),
		.user_data = "nonce",
		.user_data_len = 5,
		.challenge = arcb,
		.challenge_len = len,
	};
}

static tee_evidence *evidence_for(tee_ctx *ctx, const struct tee_report_request *request)
{
	tee_evidence *ev = NULL;

	if (tee_ask_report(ctx, request, &ev) < 0)
		fail_msg("%s", tee_last_error(ctx));
	return ev;
}

typedef int accessor(const tee_evidence *, const uint8_t **, size_t *);

static void assert_part(const tee_evidence *ev, accessor *get, const void *expected, size_t len)
{
	const uint8_t *data;
	size_t got;

	assert_int_equal(get(ev, &data, &got), 0);
	assert_int_equal(got, len);
	assert_memory_equal(data, expected, len);
}

static void assert_no_part(const tee_evidence *ev, accessor *get)
{
	const uint8_t *data;
	size_t len;

	assert_int_equal(get(ev, &data, &len), -ENODATA);
}

static void answer_has_all_that_the_measurement_covers(void **state)
{
	struct tee_report_request request = ask_with(ARCB_SIZE);
	uint8_t config_uid[16], report_data[64], aux[100];
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = evidence_for(ctx, &request);
	const uint8_t *data;
	const char *name;
	size_t len;

	(void)state;
	memset(config_uid, 0xc0, sizeof(config_uid));
	memset(report_data, 0xda, sizeof(report_data));
	memcpy(report_data + 48, "teegate/bound/v1", 16);
	memset(aux, 0xce, sizeof(aux));
	assert_int_equal(tee_evidence_get_provider(ev, &name), 0);
	assert_string_equal(name, "se");
	assert_int_equal(tee_evidence_get_report(ev, &data, &len), 0);
	assert_int_equal(len, 64);
	assert_part(ev, tee_evidence_get_challenge, arcb, ARCB_SIZE);
	assert_part(ev, tee_evidence_get_config_uid, config_uid, sizeof(config_uid));
	assert_part(ev, tee_evidence_get_report_data, report_data, sizeof(report_data));
	assert_part(ev, tee_evidence_get_user_data, "nonce", 5);
	/* Nobody asked for it, and nobody could check the measurement without. */
	assert_part(ev, tee_evidence_get_aux, aux, sizeof(aux));
	assert_int_equal(fake_module.report.flags, TEEGATE_REPORT_AUX);
	assert_int_equal(fake_module.report.aux_len, 32768);
	assert_int_equal(fake_module.report.challenge_len, ARCB_SIZE);
	assert_memory_equal(fake_module.challenge, arcb, sizeof(fake_module.challenge));
	assert_no_part(ev, tee_evidence_get_event_log);
	tee_evidence_free(ev);
	tee_close(ctx);
}

static void administrators_answer_carries_the_claims_of_their_lease(void **state)
{
	struct tee_report_request request = ask_with(ARCB_SIZE);
	tee_ctx *ctx = on_device();
	tee_evidence *ev;
	const uint8_t *data;
	size_t len;

	(void)state;
	ev = evidence_for(ctx, &request);
	assert_int_equal(fake_module.lease.ops, TEEGATE_OP_REPORT);
	assert_int_equal(tee_evidence_get_claims(ev, &data, &len), 0);
	assert_int_equal(len, fake_module.lease.claims_len);
	assert_memory_equal(data, fake_module.lease_claims, len);
	tee_evidence_free(ev);
	request.flags = TEE_REPORT_RAW;
	tee_evidence_free(evidence_for(ctx, &request));
	assert_int_equal(fake_module.lease.ops, TEEGATE_OP_RAW_REPORT);
	tee_close(ctx);
}

static void raw_user_data_is_not_padded_and_up_to_256_bytes(void **state)
{
	static const size_t lengths[] = { 0, 1, 64, 65, 256 };
	struct tee_report_request request = ask_with(ARCB_SIZE);
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = NULL;
	uint8_t mine[257];

	(void)state;
	memset(mine, 'm', sizeof(mine));
	request.flags = TEE_REPORT_RAW;
	request.user_data = mine;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		request.user_data_len = lengths[i];
		ev = evidence_for(ctx, &request);
		assert_int_equal(fake_module.report.user_data_len, lengths[i]);
		assert_part(ev, tee_evidence_get_report_data, mine, lengths[i]);
		assert_no_part(ev, tee_evidence_get_claims);
		ev = tee_evidence_free(ev);
	}
	request.user_data_len = 257;
	assert_int_equal(tee_ask_report(ctx, &request, &ev), -EINVAL);
	/* What is bound is hashed, and 64 bytes as everywhere. */
	request.flags = 0;
	request.user_data_len = 65;
	assert_int_equal(tee_ask_report(ctx, &request, &ev), -EINVAL);
	assert_said(ctx, "64");
	assert_null(ev);
	tee_close(ctx);
}

static void without_a_challenge_it_is_not_asked(void **state)
{
	struct tee_report_request request = ask_with(ARCB_SIZE);
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = NULL;

	(void)state;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EINVAL);
	assert_said(ctx, "give its challenge");
	request.challenge = NULL;
	request.challenge_len = 0;
	assert_int_equal(tee_ask_report(ctx, &request, &ev), -EINVAL);
	assert_said(ctx, "give its challenge");
	assert_null(ev);
	assert_int_equal(fake_module.reports, 0);
	tee_close(ctx);
}

static void other_tees_are_given_no_challenge(void **state)
{
	int (*const resets[])(void **) = { fake_module_reset, fake_module_reset_tdx };

	for (size_t i = 0; i < 2; i++) {
		struct tee_report_request request = ask_with(ARCB_SIZE);
		tee_evidence *ev = NULL;
		tee_ctx *ctx;

		resets[i](state);
		ctx = on_lease();
		assert_int_equal(tee_ask_report(ctx, &request, &ev), -EINVAL);
		assert_said(ctx, "A challenge is for IBM Secure Execution");
		assert_int_equal(fake_module.reports, 0);
		/* And without one, it is what tee_get_report() is. */
		request.challenge = NULL;
		request.challenge_len = 0;
		ev = evidence_for(ctx, &request);
		assert_no_part(ev, tee_evidence_get_challenge);
		assert_no_part(ev, tee_evidence_get_config_uid);
		assert_no_part(ev, tee_evidence_get_report_data);
		tee_evidence_free(ev);
		/* A module that never heard of challenges understands it, too. */
		fake_module.first_release = true;
		ev = evidence_for(ctx, &request);
		tee_evidence_free(ev);
		tee_close(ctx);
	}
}

static void without_a_tee_the_module_says_so(void **state)
{
	struct tee_report_request request = ask_with(ARCB_SIZE);
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = NULL;

	(void)state;
	fake_module.info.provider = TEEGATE_PROVIDER_NONE;
	fake_module.report_error = -ENODEV;
	fake_module.report_errors = UINT32_MAX;
	strcpy((char *)fake_module.info.reason, "not a guest of any TEE");
	assert_int_equal(tee_ask_report(ctx, &request, &ev), -ENODEV);
	assert_said(ctx, "not a guest of any TEE");
	request.challenge = NULL;
	request.challenge_len = 0;
	assert_int_equal(tee_ask_report(ctx, &request, &ev), -ENODEV);
	assert_said(ctx, "not a guest of any TEE");
	assert_null(ev);
	tee_close(ctx);
}

static void requests_may_grow_but_not_unnoticed(void **state)
{
	struct {
		struct tee_report_request request;
		uint8_t tail[8];
	} newer = { .request = ask_with(ARCB_SIZE) };
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = NULL;

	(void)state;
	newer.request.size = sizeof(newer);
	ev = evidence_for(ctx, &newer.request);
	ev = tee_evidence_free(ev);
	newer.tail[7] = 1;
	assert_int_equal(tee_ask_report(ctx, &newer.request, &ev), -E2BIG);
	assert_said(ctx, "too old");
	newer.request.size = sizeof(newer.request) - 1;
	assert_int_equal(tee_ask_report(ctx, &newer.request, &ev), -EINVAL);
	assert_said(ctx, "size");
	newer.request.size = 0;
	assert_int_equal(tee_ask_report(ctx, &newer.request, &ev), -EINVAL);
	assert_int_equal(tee_ask_report(ctx, NULL, &ev), -EINVAL);
	assert_int_equal(tee_ask_report(NULL, &newer.request, &ev), -EINVAL);
	assert_int_equal(tee_ask_report(ctx, &newer.request, NULL), -EINVAL);
	assert_null(ev);
	assert_int_equal(fake_module.reports, 1);
	tee_close(ctx);
}

static void challenges_out_of_range_are_refused_here(void **state)
{
	struct tee_report_request request = ask_with(TEE_CHALLENGE_MAX + 1);
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = NULL;

	(void)state;
	assert_int_equal(tee_ask_report(ctx, &request, &ev), -EINVAL);
	assert_said(ctx, "at most 1048576 bytes");
	request.challenge_len = 0;
	assert_int_equal(tee_ask_report(ctx, &request, &ev), -EINVAL);
	assert_said(ctx, "empty");
	request = ask_with(ARCB_SIZE);
	request.challenge = NULL;
	assert_int_equal(tee_ask_report(ctx, &request, &ev), -EINVAL);
	assert_said(ctx, "no address");
	assert_int_equal(fake_module.reports, 0);
	tee_close(ctx);
}

static void challenge_that_was_cut_off_is_called_so(void **state)
{
	struct tee_report_request request = ask_with(ARCB_SIZE);
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = NULL;

	(void)state;
	request.challenge_len--;
	assert_int_equal(tee_ask_report(ctx, &request, &ev), -EINVAL);
	assert_said(ctx, "cut off");
	assert_null(ev);
	tee_close(ctx);
}

static void largest_challenge_survives_the_wire(void **state)
{
	struct tee_report_request request = ask_with(TEE_CHALLENGE_MAX);
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = evidence_for(ctx, &request), *back;
	uint8_t *item;
	size_t len;

	(void)state;
	assert_int_equal(tee_evidence_serialize(ev, &item, &len), 0);
	assert_in_range(len, TEE_CHALLENGE_MAX, TEE_EVIDENCE_MAX);
	tee_evidence_free(ev);
	assert_int_equal(tee_evidence_parse(item, len, &back), 0);
	free(item);
	assert_part(back, tee_evidence_get_challenge, arcb, TEE_CHALLENGE_MAX);
	tee_evidence_free(back);
	tee_close(ctx);
}

static void spoil_tag(struct teegate_get_report *arg)
{
	arg->report_data[63] ^= 1;
}

static void spoil_length(struct teegate_get_report *arg)
{
	arg->report_len--;
}

static void spoil_provider(struct teegate_get_report *arg)
{
	arg->provider = TEEGATE_PROVIDER_TDX;
}

static void spoil_aux(struct teegate_get_report *arg)
{
	arg->aux_len = 32769;
}

static void spoil_sharing(struct teegate_get_report *arg)
{
	arg->tree_size = 2;
}

static void answers_to_something_else_are_refused(void **state)
{
	static const struct {
		void (*spoil)(struct teegate_get_report *arg);
		unsigned int flags;
	} cases[] = {
		{ spoil_tag, 0 },
		{ spoil_sharing, 0 },
		{ spoil_length, 0 },
		{ spoil_provider, 0 },
		{ spoil_aux, 0 },
		{ spoil_length, TEE_REPORT_RAW },
		{ spoil_provider, TEE_REPORT_RAW },
		{ spoil_aux, TEE_REPORT_RAW },
	};
	struct tee_report_request request = ask_with(ARCB_SIZE);
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		request.flags = cases[i].flags;
		fake_module.spoil = NULL;
		ev = tee_evidence_free(evidence_for(ctx, &request));
		fake_module.spoil = cases[i].spoil;
		if (tee_ask_report(ctx, &request, &ev) != -EPROTO)
			fail_msg("number %zu was taken", i);
		assert_null(ev);
	}
	tee_close(ctx);
}

static void codes_of_the_ultravisor_are_told_in_words(void **state)
{
	struct tee_report_request request = ask_with(ARCB_SIZE);
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = NULL;

	(void)state;
	fake_module.report_error = -EREMOTEIO;
	fake_module.report_errors = UINT32_MAX;
	fake_module.fw_status = 0x010c0007;
	assert_int_equal(tee_ask_report(ctx, &request, &ev), -EREMOTEIO);
	assert_said(ctx, "made for another host");
	assert_said(ctx, "0x10c0007");
	fake_module.fw_status = 0x7fff0000;	/* of a later Ultravisor */
	assert_int_equal(tee_ask_report(ctx, &request, &ev), -EREMOTEIO);
	assert_said(ctx, "0x7fff0000)");
	tee_close(ctx);
}

static void fake_answers_a_challenge_and_says_what_it_is(void **state)
{
	struct tee_report_request request = ask_with(ARCB_SIZE);
	static const uint8_t zero[64];
	struct ev_claims claims;
	tee_evidence *ev = NULL;
	const uint8_t *data;
	tee_ctx *ctx;
	size_t len;

	(void)state;
	assert_int_equal(tee_open("fake:", &ctx), 0);
	ev = evidence_for(ctx, &request);
	assert_part(ev, tee_evidence_get_challenge, arcb, ARCB_SIZE);
	assert_part(ev, tee_evidence_get_report, zero, 64);
	assert_int_equal(tee_evidence_get_report_data(ev, &data, &len), 0);
	assert_memory_equal(data + 48, "teegate/bound/v1", 16);
	assert_int_equal(tee_evidence_get_claims(ev, &data, &len), 0);
	assert_int_equal(ev_claims_decode(data, len, &claims, NULL), 0);
	assert_non_null(strstr(claims.taint, "made up"));
	ev_claims_done(&claims);
	tee_evidence_free(ev);
	request.flags = TEE_REPORT_RAW;
	ev = evidence_for(ctx, &request);
	assert_part(ev, tee_evidence_get_report_data, "nonce", 5);
	tee_evidence_free(ev);
	tee_close(ctx);
}

/* A file of tests/vectors/se; freed by the caller. */
static uint8_t *vector(const char *name, size_t *ret_len)
{
	uint8_t *data = malloc(4096);
	char path[4096];
	FILE *file;

	assert_non_null(data);
	(void)snprintf(path, sizeof(path), "%s/../vectors/se/%s", getenv("TEST_SOURCE_DIR"), name);
	file = fopen(path, "re");
	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	*ret_len = fread(data, 1, 4096, file);
	fclose(file);
	return data;
}

static void exchange_files_of_others_come_back_byte_for_byte(void **state)
{
	static const char *const names[] = {
		"pvattest-exchange-full_resp.bin",
		"pvattest-exchange-add_resp.bin",
		"pvattest-exchange-min_resp.bin",
		"pvattest-exchange-user_resp.bin",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint8_t *file, *item, *back;
		size_t len, item_len, back_len;
		tee_evidence *ev, *again;

		file = vector(names[i], &len);
		assert_int_equal(tee_evidence_from_exchange(file, len, &ev), 0);
		assert_no_part(ev, tee_evidence_get_claims);
		/* By way of our own format, too. */
		assert_int_equal(tee_evidence_serialize(ev, &item, &item_len), 0);
		assert_int_equal(tee_evidence_parse(item, item_len, &again), 0);
		assert_int_equal(tee_evidence_to_exchange(again, &back, &back_len), 0);
		assert_int_equal(back_len, len);
		assert_memory_equal(back, file, len);
		tee_evidence_free(again);
		tee_evidence_free(ev);
		free(file);
		free(item);
		free(back);
	}
}

static void request_in_a_file_is_found_and_is_no_evidence(void **state)
{
	tee_evidence *ev = NULL;
	const uint8_t *challenge;
	size_t len, challenge_len;
	uint8_t *file;

	(void)state;
	file = vector("pvattest-exchange-full_req.bin", &len);
	assert_int_equal(tee_exchange_get_challenge(file, len, &challenge, &challenge_len), 0);
	assert_int_equal(challenge_len, len - 64);
	assert_ptr_equal(challenge, file + 64);
	assert_int_equal(tee_evidence_from_exchange(file, len, &ev), -ENODATA);
	assert_null(ev);
	/* Of an answer it is found, too. */
	free(file);
	file = vector("pvattest-exchange-full_resp.bin", &len);
	assert_int_equal(tee_exchange_get_challenge(file, len, &challenge, &challenge_len), 0);
	assert_ptr_equal(challenge, file + 64);
	free(file);
}

static void exchange_files_cut_off_anywhere_are_refused(void **state)
{
	const uint8_t *challenge = NULL;
	tee_evidence *ev = NULL;
	size_t len, challenge_len;
	uint8_t *file;

	(void)state;
	file = vector("pvattest-exchange-full_resp.bin", &len);
	for (size_t cut = 0; cut < len; cut++) {
		/* A copy of its own, so that a read past its end is seen. */
		uint8_t *part = malloc(cut + 1);

		memcpy(part, file, cut);
		assert_int_equal(tee_evidence_from_exchange(part, cut, &ev), -EBADMSG);
		assert_int_equal(tee_exchange_get_challenge(part, cut, &challenge, &challenge_len),
				 -EBADMSG);
		free(part);
	}
	assert_null(ev);
	assert_null(challenge);
	assert_int_equal(tee_evidence_from_exchange(NULL, 0, &ev), -EINVAL);
	assert_int_equal(tee_exchange_get_challenge(NULL, 0, &challenge, &challenge_len), -EINVAL);
	free(file);
}

static void bound_evidence_gives_an_exchange_file_with_the_binding(void **state)
{
	struct tee_report_request request = ask_with(ARCB_SIZE);
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = evidence_for(ctx, &request), *back;
	const uint8_t *data;
	uint8_t *file;
	size_t len;

	(void)state;
	assert_int_equal(tee_evidence_to_exchange(ev, &file, &len), 0);
	tee_evidence_free(ev);
	assert_int_equal(tee_evidence_from_exchange(file, len, &back), 0);
	free(file);
	assert_int_equal(tee_evidence_get_report_data(back, &data, &len), 0);
	assert_int_equal(len, 64);
	assert_memory_equal(data + 48, "teegate/bound/v1", 16);
	assert_part(back, tee_evidence_get_challenge, arcb, ARCB_SIZE);
	tee_evidence_free(back);
	tee_close(ctx);
}

static void evidence_that_fits_into_no_exchange_file_is_refused(void **state)
{
	static const uint8_t se[] = "\xa3\x01\x01\x02\x62se\x03\x41m";	/* without key 7 */
	tee_evidence *ev;
	uint8_t *file;
	tee_ctx *ctx;
	size_t len;

	assert_int_equal(tee_evidence_parse(se, sizeof(se) - 1, &ev), 0);
	assert_no_part(ev, tee_evidence_get_challenge);
	assert_int_equal(tee_evidence_to_exchange(ev, &file, &len), -EBADMSG);
	assert_int_equal(tee_evidence_to_exchange(ev, NULL, &len), -EINVAL);
	tee_evidence_free(ev);

	fake_module_reset(state);
	ctx = on_lease();
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), 0);
	assert_int_equal(tee_evidence_to_exchange(ev, &file, &len), -EOPNOTSUPP);
	tee_evidence_free(ev);
	tee_close(ctx);
}

#define T(name) cmocka_unit_test_setup(name, fake_module_reset_se)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(answer_has_all_that_the_measurement_covers),
		T(administrators_answer_carries_the_claims_of_their_lease),
		T(raw_user_data_is_not_padded_and_up_to_256_bytes),
		T(without_a_challenge_it_is_not_asked),
		T(other_tees_are_given_no_challenge),
		T(without_a_tee_the_module_says_so),
		T(requests_may_grow_but_not_unnoticed),
		T(challenges_out_of_range_are_refused_here),
		T(challenge_that_was_cut_off_is_called_so),
		T(largest_challenge_survives_the_wire),
		T(answers_to_something_else_are_refused),
		T(codes_of_the_ultravisor_are_told_in_words),
		T(fake_answers_a_challenge_and_says_what_it_is),
		T(exchange_files_of_others_come_back_byte_for_byte),
		T(request_in_a_file_is_found_and_is_no_evidence),
		T(exchange_files_cut_off_anywhere_are_refused),
		T(bound_evidence_gives_an_exchange_file_with_the_binding),
		T(evidence_that_fits_into_no_exchange_file_is_refused),
	};

	return cmocka_run_group_tests_name("libtee on Secure Execution", tests, NULL, NULL);
}
