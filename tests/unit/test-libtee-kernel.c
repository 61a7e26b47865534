// SPDX-License-Identifier: GPL-2.0-or-later
/* libtee over the kernel module's ioctls, with the module played by fake-module.c. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "context.h"
#include "fake-module.h"
#include "libtee-kit.h"

static void bound_report_carries_data_claims_and_blind(void **state)
{
	tee_ctx *ctx = on_lease();
	const uint8_t *data, *path;
	uint32_t index, size;
	tee_evidence *ev;
	const char *name;
	size_t len;

	(void)state;
	assert_int_equal(tee_get_report(ctx, "nonce", 5, TEE_REPORT_AUX, 0, &ev), 0);
	assert_int_equal(tee_evidence_get_provider(ev, &name), 0);
	assert_string_equal(name, "sev-snp");
	assert_int_equal(tee_evidence_get_report(ev, &data, &len), 0);
	assert_int_equal(len, 1184);
	assert_int_equal(tee_evidence_get_aux(ev, &data, &len), 0);
	assert_int_equal(len, 100);
	assert_int_equal(data[99], 0xce);
	assert_int_equal(tee_evidence_get_user_data(ev, &data, &len), 0);
	assert_int_equal(len, 5);
	assert_memory_equal(data, "nonce", 5);
	assert_int_equal(tee_evidence_get_claims(ev, &data, &len), 0);
	assert_memory_equal(data, CLAIMS, sizeof(CLAIMS) - 1);
	assert_int_equal(tee_evidence_get_blind(ev, &data, &len), 0);
	assert_int_equal(len, 32);
	assert_int_equal(data[0], 0xb1);
	assert_int_equal(tee_evidence_get_tree(ev, &index, &size, &path, &len), 0);
	assert_int_equal(index, 0);
	assert_int_equal(size, 1);
	assert_int_equal(len, 0);
	tee_evidence_free(ev);
	tee_close(ctx);
}

static void raw_report_has_no_binding(void **state)
{
	tee_ctx *ctx = on_lease();
	const uint8_t *data;
	tee_evidence *ev;
	uint32_t n;
	size_t len;

	(void)state;
	assert_int_equal(tee_get_report(ctx, "raw", 3, TEE_REPORT_RAW, 0, &ev), 0);
	assert_int_equal(fake_module.report.flags, TEEGATE_REPORT_RAW);
	assert_int_equal(fake_module.report.claims, 0);
	assert_int_equal(fake_module.report.path, 0);
	assert_int_equal(fake_module.report.aux, 0);
	assert_int_equal(tee_evidence_get_claims(ev, &data, &len), -ENODATA);
	assert_int_equal(tee_evidence_get_user_data(ev, &data, &len), -ENODATA);
	assert_int_equal(tee_evidence_get_blind(ev, &data, &len), -ENODATA);
	assert_int_equal(tee_evidence_get_aux(ev, &data, &len), -ENODATA);
	assert_int_equal(tee_evidence_get_tree(ev, &n, &n, &data, &len), -ENODATA);
	assert_int_equal(tee_evidence_get_report(ev, &data, &len), 0);
	tee_evidence_free(ev);
	tee_close(ctx);
}

static void user_data_may_be_empty_or_full_and_no_longer(void **state)
{
	uint8_t data[65] = { 1 };
	tee_ctx *ctx = on_lease();
	const uint8_t *back;
	tee_evidence *ev;
	size_t len;

	(void)state;
	for (size_t i = 0; i <= 64; i += 64) {
		assert_int_equal(tee_get_report(ctx, i > 0 ? data : NULL, i, 0, 0, &ev), 0);
		assert_int_equal(tee_evidence_get_user_data(ev, &back, &len), 0);
		assert_int_equal(len, i);
		tee_evidence_free(ev);
	}
	ev = NULL;
	assert_int_equal(tee_get_report(ctx, data, 65, 0, 0, &ev), -EINVAL);
	assert_said(ctx, "64");
	assert_int_equal(tee_get_report(ctx, NULL, 1, 0, 0, &ev), -EINVAL);
	assert_int_equal(tee_get_report(ctx, data, 1, 8, 0, &ev), -EINVAL);
	assert_said(ctx, "0x8");
	assert_int_equal(tee_get_report(ctx, data, 1, 0, 600001, &ev), -EINVAL);
	assert_null(ev);
	assert_int_equal(fake_module.reports, 2);
	tee_close(ctx);
}

/* Each errno of <linux/teegate.h>, and what the text must tell. */
static const struct {
	int error;
	const char *says;
} errors[] = {
	{ -ENOTTY, "older than this library" },
	{ -EINVAL, "out of its range" },
	{ -E2BIG, "larger than" },
	{ -EFAULT, "address" },
	{ -EPERM, "policy" },
	{ -ESTALE, "Acquire a new one" },
	{ -EOPNOTSUPP, "cannot do" },
	{ -ENODEV, "doctor" },
	{ -ENOKEY, "until this guest restarts" },
	{ -EAGAIN, "2 of 64 places" },
	{ -EDQUOT, "quota" },
	{ -EINTR, "interrupted" },
	{ -ETIMEDOUT, "more time" },
	{ -EREMOTEIO, "firmware code 0x1700000002" },
	{ -EPROTO, "not evidence" },
	{ -ENOMEM, "memory" },
	{ -EBADF, "not a lease" },
	{ -EXFULL, "errno(3)" },
};

static void every_errno_of_a_report_passes_with_advice(void **state)
{
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fake_module.report_error = errors[i].error;
		fake_module.report_errors = 1;
		fake_module.fw_status = errors[i].error == -EREMOTEIO ? 0x1700000002 : 0;
		assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), errors[i].error);
		assert_said(ctx, errors[i].says);
		assert_said(ctx, "Asking for a report");
		assert_null(ev);
	}
	/* and the context is none the worse */
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), 0);
	tee_evidence_free(ev);
	tee_close(ctx);
}

static void eagain_tells_the_queue_from_a_loader_that_still_lives(void **state)
{
	tee_ctx *ctx = on_lease();
	tee_evidence *ev;

	(void)state;
	fake_module.info.queued = 0;
	fake_module.report_error = -EAGAIN;
	fake_module.report_errors = 2;
	fake_module.info.transport = TEEGATE_TRANSPORT_DIRECT;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EAGAIN);
	assert_said(ctx, "0 of 64 places");
	fake_module.info.transport = TEEGATE_TRANSPORT_DRIVER;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EAGAIN);
	assert_said(ctx, "has not ended");
	tee_close(ctx);
}

static void every_errno_of_info_passes_with_advice(void **state)
{
	struct tee_info info = { .size = sizeof(info), .reports = 99 };
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].error == -EREMOTEIO || errors[i].error == -EAGAIN)
			continue;	/* GET_INFO knows neither firmware nor queue */
		fake_module.info_error = errors[i].error;
		assert_int_equal(tee_get_info(ctx, &info), errors[i].error);
		assert_said(ctx, errors[i].says);
		assert_int_equal(info.reports, 99);
		assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), errors[i].error);
	}
	assert_int_equal(fake_module.reports, 0);
	tee_close(ctx);
}

static void reason_of_the_module_is_told(void **state)
{
	static const int explained[] = { -ENODEV, -ENOKEY,    -EREMOTEIO,
					 -EPROTO, -ETIMEDOUT, -EOPNOTSUPP };
	tee_ctx *ctx = on_lease();
	tee_evidence *ev;

	(void)state;
	memcpy(fake_module.info.reason, "sev-guest is not bound: load it", 32);
	fake_module.report_errors = UINT32_MAX;
	for (size_t i = 0; i < sizeof(explained) / sizeof(explained[0]); i++) {
		fake_module.report_error = explained[i];
		assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), explained[i]);
		assert_said(ctx, "sev-guest is not bound: load it");
	}
	fake_module.report_error = -EPERM;	/* not the module's fault */
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EPERM);
	assert_null(strstr(tee_last_error(ctx), "sev-guest"));
	/* A reason without its NUL must not run on. */
	memset(fake_module.info.reason, 'r', sizeof(fake_module.info.reason));
	fake_module.report_error = -ENOKEY;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -ENOKEY);
	assert_said(ctx, "rrrrrr");
	tee_close(ctx);
}

static void small_buffers_grow_as_the_module_says(void **state)
{
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = NULL;
	const uint8_t *data;
	size_t len;

	(void)state;
	fake_module.need_report = 5000;
	fake_module.need_aux = 40000;
	assert_int_equal(tee_get_report(ctx, "n", 1, TEE_REPORT_AUX, 0, &ev), 0);
	assert_int_equal(fake_module.reports, 2);
	assert_int_equal(fake_module.report.report_len, 5000);
	assert_int_equal(fake_module.report.aux_len, 40000);
	assert_int_equal(tee_evidence_get_aux(ev, &data, &len), 0);
	assert_int_equal(data[0], 0xce);
	tee_evidence_free(ev);
	tee_close(ctx);
}

static void growing_ends(void **state)
{
	tee_ctx *ctx = on_lease();
	tee_evidence *ev = NULL;

	(void)state;
	fake_module.report_error = -ENOSPC;	/* and never says how much */
	fake_module.report_errors = UINT32_MAX;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -ENOSPC);
	assert_int_equal(fake_module.reports, 3);

	fake_module.report_errors = 0;
	fake_module.need_aux = UINT32_MAX;
	assert_int_equal(tee_get_report(ctx, "n", 1, TEE_REPORT_AUX, 0, &ev), -EPROTO);
	fake_module.need_aux = 0;
	fake_module.info.report_size_max = UINT32_MAX;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EPROTO);
	assert_null(ev);
	tee_close(ctx);
}

static void deadline_goes_to_the_module_and_covers_all_tries(void **state)
{
	tee_ctx *ctx = on_lease();
	tee_evidence *ev;

	(void)state;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), 0);
	assert_in_range(fake_module.report.timeout_ms, 45000, 75000);
	tee_evidence_free(ev);
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 30000, &ev), 0);
	assert_in_range(fake_module.report.timeout_ms, 1, 30000);
	tee_evidence_free(ev);
	fake_module.info.timeout_default_ms = 0;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), 0);
	assert_in_range(fake_module.report.timeout_ms, 45000, 75000);
	tee_evidence_free(ev);

	fake_module.reports = 0;
	fake_module.need_aux = 40000;
	fake_module.delay_ms = 3000;
	assert_int_equal(tee_get_report(ctx, "n", 1, TEE_REPORT_AUX, 2900, &ev), -ETIMEDOUT);
	assert_int_equal(fake_module.reports, 1);
	tee_close(ctx);
}

static void spoil_tag(struct teegate_get_report *arg)
{
	((uint8_t *)(uintptr_t)arg->report)[0x50 + 63] ^= 1;
}

static void spoil_data(struct teegate_get_report *arg)
{
	((uint8_t *)(uintptr_t)arg->report)[0x50 + 40] ^= 1;
}

static void spoil_length(struct teegate_get_report *arg) { arg->report_len = 1183; }
static void spoil_length_zero(struct teegate_get_report *arg) { arg->report_len = 0; }
static void spoil_length_huge(struct teegate_get_report *arg) { arg->report_len = UINT32_MAX; }
static void spoil_aux(struct teegate_get_report *arg) { arg->aux_len = 16385; }
static void spoil_claims(struct teegate_get_report *arg) { arg->claims_len = 4097; }
static void spoil_claims_none(struct teegate_get_report *arg) { arg->claims_len = 0; }
static void spoil_path(struct teegate_get_report *arg) { arg->path_len = 47; }
static void spoil_path_long(struct teegate_get_report *arg) { arg->path_len = 9 * 48; }
static void spoil_tree(struct teegate_get_report *arg) { arg->tree_size = 0; }
static void spoil_tree_large(struct teegate_get_report *arg) { arg->tree_size = 257; }
static void spoil_leaf(struct teegate_get_report *arg) { arg->leaf_index = 1; }
static void spoil_provider(struct teegate_get_report *arg) { arg->provider = 0; }
static void spoil_provider_se(struct teegate_get_report *arg)
{
	arg->provider = TEEGATE_PROVIDER_SE;
	arg->report_len = 64;
	memcpy(arg->report_data + TEEGATE_HASH_SIZE, "teegate/bound/v1", 16);
}

static void spoil_provider_new(struct teegate_get_report *arg) { arg->provider = 4; }

static void answers_that_are_not_evidence_are_eproto(void **state)
{
	static const struct spoilt cases[] = {
		{ spoil_tag, 0, 0 },
		{ spoil_length, 0, 0 },
		{ spoil_length_zero, 0, 0 },
		{ spoil_length_huge, 0, 0 },
		{ spoil_claims, 0, 0 },
		{ spoil_claims_none, 0, 0 },
		{ spoil_path, 0, 0 },
		{ spoil_path_long, 0, 0 },
		{ spoil_tree, 0, 0 },
		{ spoil_tree_large, 0, 0 },
		{ spoil_leaf, 0, 0 },
		{ spoil_provider, 0, 0 },
		{ spoil_provider_new, 0, 0 },
		{ spoil_provider_se, 0, 0 },	/* which answers challenges only */
		{ spoil_aux, TEE_REPORT_AUX, 0 },
		{ spoil_data, TEE_REPORT_RAW, 0 },
		{ spoil_tag, TEE_REPORT_RAW, 0 },
		{ spoil_length, TEE_REPORT_RAW, 0 },
	};
	tee_ctx *ctx = on_lease();

	(void)state;
	assert_eproto(ctx, cases, sizeof(cases) / sizeof(cases[0]));
	tee_close(ctx);
}

static void info_fills_what_the_caller_has_room_for(void **state)
{
	struct { struct tee_info info; char more[16]; } large;
	tee_ctx *ctx = on_lease();

	(void)state;
	memset(&large, 0xaa, sizeof(large));
	large.info.size = sizeof(struct tee_info);
	assert_int_equal(tee_get_info(ctx, &large.info), 0);
	assert_int_equal(large.info.provider, TEE_PROVIDER_SEV_SNP);
	assert_int_equal(large.info.reports, 12);
	assert_int_equal(large.info.errors, 3);
	assert_int_equal(large.info.lease_id, 7);
	assert_int_equal(large.info.queue_max, 64);
	assert_string_equal(large.info.reason, "");
	assert_string_equal(large.info.workload, "");
	assert_int_equal((uint8_t)large.more[0], 0xaa);

	large.info.size = sizeof(large);	/* a newer program */
	assert_int_equal(tee_get_info(ctx, &large.info), 0);
	assert_int_equal(large.info.size, sizeof(large));
	assert_int_equal(large.more[0], 0);
	assert_int_equal(large.more[15], 0);

	large.info.size = 0;
	assert_int_equal(tee_get_info(ctx, &large.info), -EINVAL);
	assert_said(ctx, "size");
	tee_close(ctx);
}

static void administrator_makes_a_lease_for_each_request(void **state)
{
	tee_ctx *ctx = on_device();
	tee_evidence *ev;

	(void)state;
	for (unsigned int i = 1; i <= 2; i++) {
		assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), 0);
		assert_int_equal(fake_module.leases, i);
		assert_int_equal(fake_module.lease.ops, TEEGATE_OP_REPORT);
		/* gone with the request */
		assert_int_equal(fcntl(fake_module.report_fd, F_GETFD), -1);
		assert_int_not_equal(fake_module.lease.lifetime_ms, 0);
		tee_evidence_free(ev);
	}
	assert_int_equal(tee_get_report(ctx, "n", 1, TEE_REPORT_RAW, 0, &ev), 0);
	assert_int_equal(fake_module.lease.ops, TEEGATE_OP_RAW_REPORT);
	assert_int_equal(fake_module.lease.claims_len, 0);
	tee_evidence_free(ev);
	tee_close(ctx);
}

static void administrators_claims_are_what_the_lease_is_pinned_to(void **state)
{
	tee_ctx *ctx = on_device();
	struct ev_claims claims;

	(void)state;
	get_claims(ctx, &claims);
	assert_true(claims.has_uid);
	assert_int_equal(claims.uid, getuid());
	assert_int_equal(fake_module.lease.uid, getuid());
	assert_true(fake_module.lease.flags & TEEGATE_LEASE_PIN_UID);
	assert_string_equal(claims.voucher[6], "kernel");
	assert_null(claims.workload);
	assert_null(claims.taint);
	/* A cgroup is claimed if, and only if, the lease is pinned to it. */
	if (claims.cgroup.data) {
		assert_false(fake_module.lease.flags & TEEGATE_LEASE_UNPINNED);
		assert_int_not_equal(fake_module.lease.cgroup_fd, -1);
		assert_string_equal(claims.voucher[7], "kernel");
	} else {
		assert_true(fake_module.lease.flags & TEEGATE_LEASE_UNPINNED);
		assert_int_equal(fake_module.lease.cgroup_fd, -1);
		assert_null(claims.voucher[7]);
	}
	ev_claims_done(&claims);
	tee_close(ctx);
}

static void claims_name_uid_cgroup_vouchers_and_taint(void **state)
{
	/* {6: 0, 7: '/a.service', 10: {6: "kernel", 7: "kernel"}, 11: "software firmware"} */
	static const uint8_t expected[] =
		"\xa4\x06\x00\x07\x4a/a.service\x0a\xa2\x06\x66kernel\x07\x66kernel\x0b\x71software firmware";
	struct tee_own own = { .pin_uid = true, .uid = 0, .cgroup_fd = 5, .cgroup = "/a.service" };
	struct ev_claims claims;
	uint8_t *bytes;
	size_t len;

	(void)state;
	assert_int_equal(tee_own_claims(&own, TEEGATE_TAINT_SOFTWARE_FIRMWARE, &bytes, &len), 0);
	assert_int_equal(len, sizeof(expected) - 1);
	assert_memory_equal(bytes, expected, len);
	free(bytes);

	/* Nothing known: nothing said. */
	own = (struct tee_own) { .cgroup_fd = -1 };
	assert_int_equal(tee_own_claims(&own, 0, &bytes, &len), 0);
	assert_int_equal(len, 1);
	assert_int_equal(bytes[0], 0xa0);
	free(bytes);

	/* A taint that is newer than this library is no clean bill. */
	assert_int_equal(tee_own_claims(&own, 1ull << 40, &bytes, &len), 0);
	assert_int_equal(ev_claims_decode(bytes, len, &claims, NULL), 0);
	assert_non_null(claims.taint);
	ev_claims_done(&claims);
	free(bytes);

	/* A path over 256 bytes is left out, with its voucher. */
	memset(own.cgroup, 'x', 257);
	own.cgroup[0] = '/';
	own.pin_uid = true;
	assert_int_equal(tee_own_claims(&own, 0, &bytes, &len), 0);
	assert_int_equal(ev_claims_decode(bytes, len, &claims, NULL), 0);
	assert_null(claims.cgroup.data);
	assert_null(claims.voucher[7]);
	assert_true(claims.has_uid);
	ev_claims_done(&claims);
	free(bytes);
}

static void software_firmware_is_claimed_by_the_administrator_too(void **state)
{
	tee_ctx *ctx = on_device();
	struct ev_claims claims;

	(void)state;
	fake_module.info.taint = TEEGATE_TAINT_SOFTWARE_FIRMWARE;
	get_claims(ctx, &claims);
	assert_string_equal(claims.taint, "software firmware");
	ev_claims_done(&claims);
	tee_close(ctx);
}

static void other_claims_than_those_asked_for_are_eproto(void **state)
{
	tee_ctx *ctx = on_device();
	tee_evidence *ev = NULL;

	(void)state;
	memcpy(fake_module.claims, CLAIMS, sizeof(CLAIMS) - 1);
	fake_module.claims_len = sizeof(CLAIMS) - 1;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EPROTO);
	assert_said(ctx, "other claims");
	assert_null(ev);
	tee_close(ctx);
}

static void failure_to_make_a_lease_is_told(void **state)
{
	tee_ctx *ctx = on_device();
	tee_evidence *ev = NULL;

	(void)state;
	fake_module.lease_error = -EDQUOT;
	assert_int_equal(tee_get_report(ctx, "n", 1, 0, 0, &ev), -EDQUOT);
	assert_said(ctx, "Making a lease");
	assert_int_equal(fake_module.reports, 0);
	assert_null(ev);
	tee_close(ctx);
}

static void own_cgroup_is_the_line_of_version_2(void **state)
{
	static const struct {
		const char *text, *path;
	} cases[] = {
		{ "0::/\n", "/" },
		{ "0::/user.slice/a b\n", "/user.slice/a b" },
		{ "12:cpu:/one\n1:name=systemd:/two\n0::/three\n", "/three" },
		{ "12:cpu:/0::/x\n0::/y", "/y" },
		{ "12:cpu:/one\n", NULL },
		{ "", NULL },
		{ "0::relative\n", NULL },
	};
	char path[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = tee_own_parse_cgroup(cases[i].text, path, sizeof(path));

		assert_int_equal(r, cases[i].path ? 0 : -ENOENT);
		if (cases[i].path)
			assert_string_equal(path, cases[i].path);
	}
	assert_int_equal(tee_own_parse_cgroup("0::/abc\n", path, 4), -ENAMETOOLONG);
	assert_int_equal(tee_own_parse_cgroup("0::/abc\n", path, 5), 0);
}

#define T(name) cmocka_unit_test_setup(name, fake_module_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(bound_report_carries_data_claims_and_blind),
		T(raw_report_has_no_binding),
		T(user_data_may_be_empty_or_full_and_no_longer),
		T(every_errno_of_a_report_passes_with_advice),
		T(every_errno_of_info_passes_with_advice),
		T(reason_of_the_module_is_told),
		T(eagain_tells_the_queue_from_a_loader_that_still_lives),
		T(small_buffers_grow_as_the_module_says),
		T(growing_ends),
		T(deadline_goes_to_the_module_and_covers_all_tries),
		T(answers_that_are_not_evidence_are_eproto),
		T(info_fills_what_the_caller_has_room_for),
		T(administrator_makes_a_lease_for_each_request),
		T(administrators_claims_are_what_the_lease_is_pinned_to),
		T(claims_name_uid_cgroup_vouchers_and_taint),
		T(software_firmware_is_claimed_by_the_administrator_too),
		T(other_claims_than_those_asked_for_are_eproto),
		T(failure_to_make_a_lease_is_told),
		T(own_cgroup_is_the_line_of_version_2),
	};

	return cmocka_run_group_tests_name("libtee over ioctls", tests, NULL, NULL);
}
