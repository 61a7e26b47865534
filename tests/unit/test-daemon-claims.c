// SPDX-License-Identifier: GPL-2.0-or-later
/* What the daemon claims about a workload, and what it leaves out: daemon/claims.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/teegate.h>

#include "claims.h"
#include "evidence.h"

static char cgroup[600] = "/system.slice/payments.service";
static struct rule rule = { .name = "payments" };

static struct peer a_peer(void)
{
	return (struct peer){ .uid = 10001, .cgroup = cgroup };
}

struct read {
	uint8_t *bytes;
	struct ev_claims claims;
};

static struct read make(const struct peer *peer, bool with_uid, uint64_t taint, const char *doors)
{
	struct read read;
	size_t len;

	assert_int_equal(claims_make(peer, &rule, with_uid, taint, doors, &read.bytes, &len), 0);
	assert_int_equal(ev_claims_decode(read.bytes, len, &read.claims, NULL), 0);
	return read;
}

static void done(struct read *read)
{
	ev_claims_done(&read->claims);
	free(read->bytes);
}

static void each_claim_has_its_voucher_and_the_rest_is_absent(void **state)
{
	struct peer peer = a_peer();
	struct read read = make(&peer, true, 0, "");
	const struct ev_claims *c = &read.claims;

	(void)state;
	assert_string_equal(c->workload, "payments");
	assert_true(c->has_uid);
	assert_int_equal(c->uid, 10001);
	assert_int_equal(c->cgroup.len, strlen(cgroup));
	assert_memory_equal(c->cgroup.data, cgroup, strlen(cgroup));
	assert_string_equal(c->voucher[1], "policy");
	assert_string_equal(c->voucher[6], "kernel");
	assert_string_equal(c->voucher[7], "kernel");
	assert_null(c->instance.data);
	assert_null(c->voucher[2]);
	assert_null(c->image.alg);
	assert_null(c->config.alg);
	assert_null(c->pod.data);
	assert_null(c->label.data);
	assert_null(c->exe.alg);
	assert_null(c->taint);
	done(&read);
}

static void a_uid_stands_only_with_its_pin(void **state)
{
	struct peer peer = a_peer();
	struct read read = make(&peer, false, 0, "");

	(void)state;
	assert_false(read.claims.has_uid);
	assert_null(read.claims.voucher[6]);
	done(&read);
}

static void an_invocation_id_is_vouched_for_by_systemd(void **state)
{
	struct peer peer = a_peer();
	struct read read;

	(void)state;
	peer.has_instance = true;
	memset(peer.instance, 0xab, sizeof(peer.instance));
	read = make(&peer, false, 0, "");
	assert_int_equal(read.claims.instance.len, 16);
	assert_memory_equal(read.claims.instance.data, peer.instance, 16);
	assert_string_equal(read.claims.voucher[2], "systemd");
	done(&read);
}

static void a_cgroup_over_256_bytes_is_left_out(void **state)
{
	struct peer peer = a_peer();

	(void)state;
	for (size_t len = 255; len < 259; len++) {
		struct read read;

		memset(cgroup, 'c', len);
		cgroup[0] = '/';
		cgroup[len] = '\0';
		read = make(&peer, false, 0, "");
		assert_int_equal(read.claims.cgroup.len, len <= 256 ? len : 0);
		assert_int_equal(read.claims.voucher[7] != NULL, len <= 256);
		done(&read);
	}
}

static void a_verifier_hears_what_is_not_clean(void **state)
{
	static const struct {
		uint64_t taint;
		const char *doors, *says;
	} examples[] = {
		{ TEEGATE_TAINT_SOFTWARE_FIRMWARE, "", "software firmware" },
		{ 0, "it has CAP_MKNOD", "privileged workload: it has CAP_MKNOD" },
		{ 1ULL << 40, "", "taint that teegated does not know" },
		{ TEEGATE_TAINT_SOFTWARE_FIRMWARE | 1ULL << 1, "x",
		  "software firmware; taint that teegated does not know; privileged workload: x" },
	};
	struct peer peer = a_peer();

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct read read = make(&peer, false, examples[i].taint, examples[i].doors);

		assert_string_equal(read.claims.taint, examples[i].says);
		done(&read);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_claim_has_its_voucher_and_the_rest_is_absent),
		cmocka_unit_test(a_uid_stands_only_with_its_pin),
		cmocka_unit_test(an_invocation_id_is_vouched_for_by_systemd),
		cmocka_unit_test(a_cgroup_over_256_bytes_is_left_out),
		cmocka_unit_test(a_verifier_hears_what_is_not_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
