// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libtee on TDX, with the module played by fake-module.c: quotes, TDREPORTs, event logs, runtime
 * measurement, what is said of each failure, and modules that are older than all of this.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake-module.h"
#include "libtee-kit.h"

#define QUOTE_V4_DATA	(48 + 520)
#define QUOTE_V5_DATA	(48 + 6 + 520)

static void quote_and_event_log_are_in_the_evidence(void **state)
{
	tee_ctx *ctx = on_lease();
	const uint8_t *data;
	tee_evidence *ev;
	const char *name;
	size_t len;

	(void)state;
	for (unsigned int version = 4; version <= 5; version++) {
		fake_module.quote_version = version;
		assert_int_equal(tee_get_report(ctx, "n", 1, TEE_REPORT_AUX, 0, &ev), 0);
		assert_int_equal(tee_evidence_get_provider(ev, &name), 0);
		assert_string_equal(name, "tdx");
		assert_int_equal(tee_evidence_get_report(ev, &data, &len), 0);
		assert_int_equal(len, 5006);
		assert_int_equal(data[0], version);
		assert_int_equal(tee_evidence_get_event_log(ev, &data, &len), 0);
		assert_int_equal(len, 100);
		assert_int_equal(data[99], 0xce);
		/* key 4 is for certificates */
		assert_int_equal(tee_evidence_get_aux(ev, &data, &len), -ENODATA);
		tee_evidence_free(ev);
	}
	tee_close(ctx);
}

static void event_log_is_absent_when_not_asked_for_and_on_snp(void **state)
{
	tee_ctx *ctx = on_lease();
	const uint8_t *data;
	tee_evidence *ev;
	size_t len;

	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), 0);
	assert_int_equal(tee_evidence_get_event_log(ev, &data, &len), -ENODATA);
	assert_int_equal(tee_evidence_get_event_log(NULL, &data, &len), -EINVAL);
	assert_int_equal(tee_evidence_get_event_log(ev, NULL, &len), -EINVAL);
	tee_evidence_free(ev);
	tee_close(ctx);

	fake_module_reset(state);
	ctx = on_lease();
	assert_int_equal(tee_get_report(ctx, "n", 1, TEE_REPORT_AUX, 0, &ev), 0);
	assert_int_equal(tee_evidence_get_event_log(ev, &data, &len), -ENODATA);
	assert_int_equal(tee_evidence_get_aux(ev, &data, &len), 0);
	tee_evidence_free(ev);
	tee_close(ctx);
}

static void spoil_no_log(struct teegate_get_report *arg)
{
	arg->aux_len = 0;
}

static void log_that_does_not_replay_is_absent_and_no_failure(void **state)
{
	tee_ctx *ctx = on_lease();
	const uint8_t *data;
	tee_evidence *ev;
	size_t len;

	(void)state;
	fake_module.spoil = spoil_no_log;
	assert_int_equal(tee_get_report(ctx, "n", 1, TEE_REPORT_AUX, 0, &ev), 0);
	assert_int_equal(tee_evidence_get_event_log(ev, &data, &len), -ENODATA);
	tee_evidence_free(ev);
	tee_close(ctx);
}

static void evidence_with_a_log_survives_the_wire(void **state)
{
	tee_ctx *ctx = on_lease();
	tee_evidence *ev, *back;
	const uint8_t *data;
	uint8_t *item;
	size_t len;

	(void)state;
	assert_int_equal(tee_get_report(ctx, "n", 1, TEE_REPORT_AUX, 0, &ev), 0);
	assert_int_equal(tee_evidence_serialize(ev, &item, &len), 0);
	assert_int_equal(tee_evidence_parse(item, len, &back), 0);
	assert_int_equal(tee_evidence_get_event_log(back, &data, &len), 0);
	assert_int_equal(len, 100);
	tee_evidence_free(back);
	tee_evidence_free(ev);
	free(item);
	tee_close(ctx);
}

static void local_report_is_a_tdreport(void **state)
{
	tee_ctx *ctx = on_lease();
	const uint8_t *data;
	tee_evidence *ev;
	size_t len;

	(void)state;
	assert_int_equal(tee_get_report(ctx, "n", 1, TEE_REPORT_LOCAL, 0, &ev), 0);
	assert_int_equal(fake_module.report.flags, TEEGATE_REPORT_LOCAL);
	assert_int_equal(tee_evidence_get_report(ev, &data, &len), 0);
	assert_int_equal(len, 1024);
	assert_int_equal(data[0], 0x81);
	assert_int_equal(tee_evidence_get_claims(ev, &data, &len), 0);	/* bound like a quote */
	tee_evidence_free(ev);
	assert_int_equal(tee_get_report(ctx, "n", 1, TEE_REPORT_LOCAL | TEE_REPORT_RAW, 0, &ev), 0);
	assert_int_equal(fake_module.report.flags, TEEGATE_REPORT_LOCAL | TEEGATE_REPORT_RAW);
	tee_evidence_free(ev);
	tee_close(ctx);
}

static void buffers_are_as_large_as_the_module_says(void **state)
{
	tee_ctx *ctx = on_lease();
	tee_evidence *ev;

	(void)state;
	assert_int_equal(tee_get_report(ctx, "n", 1, TEE_REPORT_AUX, 0, &ev), 0);
	assert_int_equal(fake_module.reports, 1);
	assert_int_equal(fake_module.report.report_len, 131072);
	assert_int_equal(fake_module.report.aux_len, 262144);
	tee_evidence_free(ev);
	tee_close(ctx);
}

static uint8_t *answered(const struct teegate_get_report *arg)
{
	return (uint8_t *)(uintptr_t)arg->report;
}

static void spoil_tag(struct teegate_get_report *arg) { answered(arg)[QUOTE_V4_DATA + 63] ^= 1; }
static void spoil_tag_v5(struct teegate_get_report *arg) { answered(arg)[QUOTE_V5_DATA + 63] ^= 1; }
static void spoil_data(struct teegate_get_report *arg) { answered(arg)[QUOTE_V4_DATA] ^= 1; }
static void spoil_body_type(struct teegate_get_report *arg) { answered(arg)[48] = 4; }
static void spoil_tee_type(struct teegate_get_report *arg) { answered(arg)[4] = 0; }
static void spoil_tee_type_high(struct teegate_get_report *arg) { answered(arg)[7] = 1; }
static void spoil_empty(struct teegate_get_report *arg) { arg->report_len = 0; }
static void spoil_header_only(struct teegate_get_report *arg) { arg->report_len = 48; }
static void spoil_short(struct teegate_get_report *arg) { arg->report_len = QUOTE_V4_DATA + 63; }
static void spoil_short_v5(struct teegate_get_report *arg) { arg->report_len = QUOTE_V5_DATA + 63; }
static void spoil_oversized(struct teegate_get_report *arg) { arg->report_len = 131073; }
static void spoil_local_tag(struct teegate_get_report *arg) { answered(arg)[0x80 + 63] ^= 1; }
static void spoil_local_type(struct teegate_get_report *arg) { answered(arg)[0] = 0; }
static void spoil_local_short(struct teegate_get_report *arg) { arg->report_len = 1023; }
static void spoil_log(struct teegate_get_report *arg) { arg->aux_len = 262145; }

static void spoil_local_is_quote(struct teegate_get_report *arg)
{
	memset(answered(arg), 0, QUOTE_V4_DATA + 64);
	answered(arg)[0] = 4;
	answered(arg)[4] = 0x81;
	memcpy(answered(arg) + QUOTE_V4_DATA + 48, "teegate/bound/v1", 16);
	arg->report_len = 5006;
}

static void quotes_that_are_none_or_foreign_are_eproto(void **state)
{
	static const struct spoilt cases[] = {
		{ spoil_tag, 0, 4 },
		{ spoil_tag_v5, 0, 5 },
		{ spoil_data, TEE_REPORT_RAW, 4 },
		{ spoil_tag, TEE_REPORT_RAW, 4 },
		{ spoil_body_type, 0, 5 },
		{ spoil_tee_type, 0, 4 },
		{ spoil_tee_type_high, 0, 4 },
		{ spoil_empty, 0, 4 },
		{ spoil_header_only, 0, 4 },
		{ spoil_short, 0, 4 },
		{ spoil_short_v5, 0, 5 },
		{ spoil_oversized, 0, 4 },
		{ spoil_log, TEE_REPORT_AUX, 4 },
		{ spoil_local_tag, TEE_REPORT_LOCAL, 4 },
		{ spoil_local_type, TEE_REPORT_LOCAL, 4 },
		{ spoil_local_short, TEE_REPORT_LOCAL, 4 },
		{ spoil_local_is_quote, TEE_REPORT_LOCAL, 4 },
	};
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = NULL;

	(void)state;
	assert_eproto(ctx, cases, sizeof(cases) / sizeof(cases[0]));
	fake_module.quote_version = 6;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EPROTO);
	tee_close(ctx);
}

static void codes_of_the_host_are_told_in_words(void **state)
{
	static const struct {
		uint64_t code;
		const char *says;
	} codes[] = {
		{ 0x8000000000000000, "the host's quoting service has the reason" },
		{ 0x8000000000000003, "does not know the call" },
		{ 0x8000000000000001, "no quoting service" },
		{ 0xffffffffffffffff, "still works on it" },
		{ 0x8000020000000001, "TDX_OPERAND_BUSY" },
		{ 0xc000010000000008, "TDX_OPERAND_INVALID" },
		{ 0xc0000101000000ff, "TDX_OPERAND_ADDR_RANGE_ERROR" },
		{ 0x4711, "(firmware code 0x4711)" },	/* nothing is made up */
	};
	tee_ctx *ctx = on_lease();
	char number[32];
	tee_evidence *ev;

	fake_module.report_error = -EREMOTEIO;
	fake_module.report_errors = UINT32_MAX;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		fake_module.fw_status = codes[i].code;
		assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EREMOTEIO);
		assert_said(ctx, codes[i].says);
		(void)snprintf(number, sizeof(number), "0x%llx", (unsigned long long)codes[i].code);
		assert_said(ctx, number);
	}
	tee_close(ctx);

	/* They are TDX's: the same number of SEV-SNP means something else. */
	fake_module_reset(state);
	ctx = on_lease();
	fake_module.report_error = -EREMOTEIO;
	fake_module.report_errors = UINT32_MAX;
	fake_module.fw_status = 0x8000000000000001;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EREMOTEIO);
	assert_said(ctx, "(firmware code 0x8000000000000001)");
	tee_close(ctx);
}

static void eagain_tells_the_queue_from_lost_buffers(void **state)
{
	tee_ctx *ctx = on_lease();
	tee_evidence *ev;

	(void)state;
	fake_module.report_error = -EAGAIN;
	fake_module.report_errors = UINT32_MAX;
	fake_module.info.in_flight = 4;		/* all at work, one of them in time */
	fake_module.info.quarantined = 3;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EAGAIN);
	assert_said(ctx, "2 of 64 places");
	fake_module.info.quarantined = 4;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EAGAIN);
	assert_said(ctx, "holds all 4 buffers");
	assert_said(ctx, "operator of the host");
	tee_close(ctx);
}

static void info_tells_buffers(void **state)
{
	struct tee_info info = { .size = sizeof(info) };
	tee_ctx *ctx = on_lease();

	(void)state;
	fake_module.info.in_flight = 3;
	fake_module.info.quarantined = 2;
	assert_int_equal(tee_get_info(ctx, &info), 0);
	assert_int_equal(info.provider, TEE_PROVIDER_TDX);
	assert_int_equal(info.in_flight, 3);
	assert_int_equal(info.quarantined, 2);
	assert_int_equal(info.in_flight_max, 4);
	tee_close(ctx);
}

static void programs_of_the_first_release_get_what_they_know(void **state)
{
	struct tee_info info;
	tee_ctx *ctx = on_lease();

	(void)state;
	memset(&info, 0xaa, sizeof(info));
	info.size = offsetof(struct tee_info, in_flight);
	assert_int_equal(tee_get_info(ctx, &info), 0);
	assert_int_equal(info.provider, TEE_PROVIDER_TDX);
	assert_int_equal(info.in_flight, 0xaaaaaaaa);
	info.size--;
	assert_int_equal(tee_get_info(ctx, &info), -EINVAL);
	tee_close(ctx);
}

static void modules_of_the_first_release_still_work(void **state)
{
	struct tee_info info = { .size = sizeof(info), .in_flight_max = 9 };
	tee_ctx *ctx[2];
	tee_evidence *ev;
	unsigned int i;

	fake_module_reset(state);	/* they knew SEV-SNP only */
	fake_module.first_release = true;
	fake_module.info.in_flight_max = 77;	/* and never said this */
	ctx[0] = on_device();
	ctx[1] = on_lease();
	for (i = 0; i < 2; i++) {
		assert_int_equal(tee_get_info(ctx[i], &info), 0);
		assert_int_equal(info.in_flight_max, 0);
		if (i == 0)
			fake_module.claims_len = 0;
		assert_int_equal(tee_get_report(ctx[i], "n", 1, TEE_REPORT_AUX, 0, &ev), 0);
		tee_evidence_free(ev);
		fake_module.reports = 0;
		assert_int_equal(tee_get_report(ctx[i], "n", 1, TEE_REPORT_LOCAL, 0, &ev), -ENOTTY);
		assert_said(ctx[i], "older than this library");
		assert_int_equal(fake_module.reports, 0);
		assert_int_equal(tee_extend(ctx[i], 2, "e", 1, 0, NULL), -EOPNOTSUPP);
		assert_said(ctx[i], "Update it");
		assert_int_equal(fake_module.extends, 0);
		tee_close(ctx[i]);
		fake_module_make_lease();
	}
}

static void extend_through_a_lease(void **state)
{
	uint8_t digest[TEE_DIGEST_SIZE] = { 0 };
	tee_ctx *ctx = on_lease();

	(void)state;
	assert_int_equal(tee_extend(ctx, 3, "event", 5, 2000, digest), 0);
	assert_int_equal(fake_module.extend.size, sizeof(struct teegate_extend));
	assert_int_equal(fake_module.extend.flags, 0);
	assert_int_equal(fake_module.extend.reserved, 0);
	assert_int_equal(fake_module.extend.index, 3);
	assert_int_equal(fake_module.extend.event_len, 5);
	assert_int_equal(fake_module.extend.timeout_ms, 2000);
	assert_memory_equal(fake_module.event, "event", 5);
	assert_int_equal(digest[0], 0xd1);
	assert_int_equal(digest[47], 0xd1);
	assert_int_equal(tee_extend(ctx, 2, "event", 5, 0, NULL), 0);
	assert_int_equal(fake_module.extend.index, 2);
	assert_int_equal(fake_module.leases, 0);
	tee_close(ctx);
}

static void administrators_extension_has_a_lease_for_this_event_only(void **state)
{
	tee_ctx *ctx = on_device();
	struct ev_claims claims;

	(void)state;
	assert_int_equal(tee_extend(ctx, 2, "event", 5, 0, NULL), 0);
	assert_int_equal(fake_module.leases, 1);
	assert_int_equal(fake_module.lease.ops, TEEGATE_OP_EXTEND);
	assert_int_equal(fake_module.lease.extend_max, 1);
	assert_int_equal(fake_module.lease.extend_bytes_max, 5);
	assert_int_not_equal(fake_module.lease.lifetime_ms, 0);
	assert_true(fake_module.lease.flags & TEEGATE_LEASE_PIN_UID);
	/* The digest covers who it was. */
	assert_int_equal(ev_claims_decode(fake_module.lease_claims, fake_module.lease.claims_len,
					  &claims, NULL), 0);
	assert_true(claims.has_uid);
	ev_claims_done(&claims);
	assert_int_equal(fcntl(fake_module.extend_fd, F_GETFD), -1);
	tee_close(ctx);
}

static void leases_for_reports_carry_no_budget(void **state)
{
	tee_ctx *ctx = on_device();
	tee_evidence *ev;

	(void)state;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), 0);
	assert_int_equal(fake_module.lease.extend_max, 0);
	assert_int_equal(fake_module.lease.extend_bytes_max, 0);
	tee_evidence_free(ev);
	tee_close(ctx);
}

static void extend_refuses_what_is_out_of_range(void **state)
{
	uint8_t event[TEE_EVENT_MAX + 1] = { 0 }, digest[TEE_DIGEST_SIZE] = { 7 };
	tee_ctx *ctx = on_lease();

	(void)state;
	assert_int_equal(tee_extend(NULL, 2, event, 1, 0, digest), -EINVAL);
	for (unsigned int index = 0; index <= 4; index++) {
		if (index == 2 || index == 3)
			continue;
		assert_int_equal(tee_extend(ctx, index, event, 1, 0, digest), -EINVAL);
		assert_said(ctx, "2 and 3");
	}
	assert_int_equal(tee_extend(ctx, 2, NULL, 1, 0, digest), -EINVAL);
	assert_int_equal(tee_extend(ctx, 2, event, 0, 0, digest), -EINVAL);
	assert_int_equal(tee_extend(ctx, 2, event, TEE_EVENT_MAX + 1, 0, digest), -EINVAL);
	assert_said(ctx, "1024");
	assert_int_equal(tee_extend(ctx, 2, event, 1, 600001, digest), -EINVAL);
	assert_int_equal(fake_module.extends, 0);
	assert_int_equal(tee_extend(ctx, 2, event, TEE_EVENT_MAX, 0, digest), 0);
	tee_close(ctx);
}

static void failures_of_extend_pass_once_with_advice(void **state)
{
	static const struct {
		int error;
		const char *says;
	} errors[] = {
		{ -EPERM, "policy" },
		{ -EDQUOT, "used up" },
		{ -ENOSPC, "event log of this guest is full" },
		{ -EOPNOTSUPP, "cannot do" },
		{ -ESTALE, "Acquire a new one" },
		{ -ETIMEDOUT, "more time" },
		{ -EREMOTEIO, "TDX_OPERAND_BUSY" },
		{ -EINTR, "interrupted" },
		{ -ENODEV, "doctor" },
	};
	uint8_t digest[TEE_DIGEST_SIZE] = { 7 };
	tee_ctx *ctx = on_lease();

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_module.extends = 0;
		fake_module.extend_error = errors[i].error;
		fake_module.fw_status = errors[i].error == -EREMOTEIO ? 0x8000020000000000 : 0;
		assert_int_equal(tee_extend(ctx, 2, "e", 1, 0, digest), errors[i].error);
		assert_said(ctx, errors[i].says);
		assert_int_equal(digest[0], 7);
		/* It may have happened: nothing is tried again. */
		assert_int_equal(fake_module.extends, 1);
	}
	tee_close(ctx);
}

static void extend_says_what_it_takes_where_there_are_no_registers(void **state)
{
	tee_ctx *ctx[2] = { on_lease(), on_device() };

	(void)state;
	fake_module.info.firmware_ops &= ~TEEGATE_OP_EXTEND;
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(tee_extend(ctx[i], 2, "e", 1, 0, NULL), -EOPNOTSUPP);
		assert_said(ctx[i], "tdx_mcall_extend_rtmr");
		assert_int_equal(fake_module.extends, 0);
		assert_int_equal(fake_module.leases, 0);
		tee_close(ctx[i]);
	}
}

static void made_up_tee_has_no_registers(void **state)
{
	tee_ctx *ctx;

	(void)state;
	assert_int_equal(tee_open_with(&fake_module_sys, "fake:", &ctx), 0);
	assert_int_equal(tee_extend(ctx, 2, "e", 1, 0, NULL), -EOPNOTSUPP);
	assert_said(ctx, "no runtime measurement");
	tee_close(ctx);
}

#define T(name) cmocka_unit_test_setup(name, fake_module_reset_tdx)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(quote_and_event_log_are_in_the_evidence),
		T(event_log_is_absent_when_not_asked_for_and_on_snp),
		T(log_that_does_not_replay_is_absent_and_no_failure),
		T(evidence_with_a_log_survives_the_wire),
		T(local_report_is_a_tdreport),
		T(buffers_are_as_large_as_the_module_says),
		T(quotes_that_are_none_or_foreign_are_eproto),
		T(codes_of_the_host_are_told_in_words),
		T(eagain_tells_the_queue_from_lost_buffers),
		T(info_tells_buffers),
		T(programs_of_the_first_release_get_what_they_know),
		T(modules_of_the_first_release_still_work),
		T(extend_through_a_lease),
		T(administrators_extension_has_a_lease_for_this_event_only),
		T(leases_for_reports_carry_no_budget),
		T(extend_refuses_what_is_out_of_range),
		T(failures_of_extend_pass_once_with_advice),
		T(extend_says_what_it_takes_where_there_are_no_registers),
		T(made_up_tee_has_no_registers),
	};

	return cmocka_run_group_tests_name("libtee on TDX", tests, NULL, NULL);
}
