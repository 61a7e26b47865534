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

#define AB16	"abababababababab"
#define ABAB	AB16 AB16 AB16 AB16

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

static struct read make_pinned(const struct peer *peer, const struct pins *pins, uint64_t taint,
			       const char *doors)
{
	struct read read;
	size_t len;

	assert_int_equal(claims_make(peer, &rule, pins, taint, doors, &read.bytes, &len), 0);
	assert_int_equal(ev_claims_decode(read.bytes, len, &read.claims, NULL), 0);
	return read;
}

static struct read make(const struct peer *peer, bool with_uid, uint64_t taint, const char *doors)
{
	const struct pins pins = { .uid = with_uid };

	return make_pinned(peer, &pins, taint, doors);
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

static void label_and_executable_stand_only_with_their_pins(void **state)
{
	struct peer peer = a_peer();

	(void)state;
	strcpy(peer.label, "payments_t");
	assert_true(digest_parse("sha256:" ABAB, strlen("sha256:" ABAB), &peer.exe));
	for (int i = 0; i < 4; i++) {
		const struct pins pins = { .label = i & 1, .exe = i & 2 };
		struct read read = make_pinned(&peer, &pins, 0, "");
		const struct ev_claims *c = &read.claims;

		assert_int_equal(c->label.len, i & 1 ? strlen("payments_t") : 0);
		assert_int_equal(c->exe.value.len, i & 2 ? 32 : 0);
		assert_int_equal(c->voucher[8] != NULL, i & 1);
		assert_int_equal(c->voucher[9] != NULL, (i & 2) != 0);
		if (i & 1)
			assert_memory_equal(c->label.data, "payments_t", c->label.len);
		if (i & 1)
			assert_string_equal(c->voucher[8], "kernel");
		if (i & 2)
			assert_string_equal(c->exe.alg, "sha256");
		if (i & 2)
			assert_int_equal(c->exe.value.data[31], 0xab);
		if (i & 2)
			assert_string_equal(c->voucher[9], "kernel");
		done(&read);
	}
}

static void what_there_is_no_fact_for_is_not_claimed_by_a_pin(void **state)
{
	const struct pins pins = { true, true, true };
	struct peer peer = a_peer();
	struct read read = make_pinned(&peer, &pins, 0, "");

	(void)state;
	assert_true(read.claims.has_uid);
	assert_null(read.claims.label.data);
	assert_null(read.claims.voucher[8]);
	assert_null(read.claims.exe.alg);
	assert_null(read.claims.voucher[9]);
	done(&read);
}

/* The same container, told of by two: the claims are the same, the vouchers are not. */
static void a_runtime_is_named_by_its_authority(void **state)
{
	static const struct {
		struct voucher voucher;
		const char *text;
	} examples[] = {
		{ { .root = true }, "runtime:root" },
		{ { .uid = 1000 }, "runtime:uid:1000" },
		{ { .uid = 0 }, "runtime:uid:0" },	/* would be a mistake of ours: never root's */
	};
	char id[] = "0123abcd", pod[] = "pod-7", long_id[258];
	struct registration registration = { .id = id, .pod = pod };
	struct peer peer = a_peer();

	(void)state;
	peer.has_instance = true;
	peer.registration = &registration;
	assert_true(digest_parse("sha256:" ABAB, strlen("sha256:" ABAB), &registration.image));
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct read read;

		registration.voucher = examples[i].voucher;
		read = make(&peer, false, 0, "");
		assert_memory_equal(read.claims.instance.data, id, read.claims.instance.len);
		assert_int_equal(read.claims.instance.len, strlen(id));
		assert_int_equal(read.claims.pod.len, strlen(pod));
		assert_string_equal(read.claims.image.alg, "sha256");
		for (int key = 2; key <= 5; key++)
			if (key == 4)
				assert_null(read.claims.voucher[key]);
			else
				assert_string_equal(read.claims.voucher[key], examples[i].text);
		assert_null(read.claims.config.alg);
		assert_string_equal(read.claims.voucher[7], "kernel");
		done(&read);
	}
	/* Too long for a claim: then the unit's instance stands, on its own voucher. */
	memset(long_id, 'x', sizeof(long_id) - 1);
	long_id[sizeof(long_id) - 1] = '\0';
	registration.id = long_id;
	struct read read = make(&peer, false, 0, "");

	assert_int_equal(read.claims.instance.len, 16);
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
		{ TEEGATE_TAINT_DEVELOPMENT_ROOT, "", "development root of keys" },
		{ 1ULL << 40, "", "taint that teegated does not know" },
		{ TEEGATE_TAINT_SOFTWARE_FIRMWARE | 1ULL << 41, "x",
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
		cmocka_unit_test(label_and_executable_stand_only_with_their_pins),
		cmocka_unit_test(what_there_is_no_fact_for_is_not_claimed_by_a_pin),
		cmocka_unit_test(a_runtime_is_named_by_its_authority),
		cmocka_unit_test(a_cgroup_over_256_bytes_is_left_out),
		cmocka_unit_test(a_verifier_hears_what_is_not_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
