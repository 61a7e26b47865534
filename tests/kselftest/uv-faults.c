// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IBM Secure Execution: what each fault of the Ultravisor comes to, as a table that runs. Every
 * case asks once in peace, has the fault happen, and asks again: none of them costs more than the
 * request that met it. doc/faults.md has the same table for people.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "modules.h"
#include "se.h"
#include "tee.h"

struct fault {
	const char *text;	/* name and options */
	uint32_t flags;		/* of the request */
	uint32_t timeout_ms;
	int result;
	uint64_t fw_status;
};

static struct evidence ev;

#define RC(rc, rrc) ((uint64_t)(rc) << 16 | (rrc))
#define AUX TEEGATE_REPORT_AUX

static void expect_nothing_came_out(void)
{
	static struct evidence untouched;

	memset(&untouched, 0xa5, sizeof(untouched));
	EXPECT_MEM(ev.report, untouched.report, sizeof(ev.report));
	EXPECT_MEM(ev.aux, untouched.aux, sizeof(ev.aux));
	EXPECT_MEM(ev.claims, untouched.claims, sizeof(ev.claims));
}

static void expect_good(int fd, uint32_t flags, const char *data)
{
	ASSERT_EQ(report_get(fd, flags, data, (uint32_t)strlen(data), &ev), 0);
	expect_bound(&ev, data, (uint32_t)strlen(data), CLAIMS, strlen(CLAIMS));
}

static void expect_next_one(const struct lease *l)
{
	fw_reset();
	WAIT_UNTIL(info_of(l->fd).queued == 0);
	EXPECT_EQ(info_of(l->fd).state, TEEGATE_STATE_UP);
	EXPECT_EQ(info_of(l->fd).reason[0], 0);
	expect_good(l->fd, 0, "next");
	expect_good(l->fd, AUX, "next");
}

/* Asks with the fault armed; true if it has happened and the answer is as the table says. */
static bool meet(const struct lease *l, const struct fault *f)
{
	char name[32];
	uint64_t hits;

	snprintf(name, sizeof(name), "%s", f->text);
	name[strcspn(name, " ")] = 0;
	expect_good(l->fd, f->flags, "before");
	hits = fw_hits(name);
	fw_fault(f->text);
	return EXPECT_EQ(report_once_met(l->fd, f->flags, f->timeout_ms, name, &ev), f->result) &&
	       EXPECT_EQ(ev.r.fw_status, f->fw_status) && EXPECT(fw_hits(name) > hits);
}

static void expect_fault(const struct fault *f)
{
	struct lease l = lease_unpinned();

	if (meet(&l, f)) {
		if (f->result)
			expect_nothing_came_out();
		else
			expect_bound(&ev, "fault", 5, CLAIMS, strlen(CLAIMS));
	}
	expect_next_one(&l);
}

/* Not the kernel's to judge. Whoever has the key of the challenge finds it, as we do. */
static void expect_passed_on(const char *text, uint32_t flags)
{
	const struct fault f = { text, flags, 30000, 0, 0 };
	struct lease l = lease_unpinned();

	if (meet(&l, &f))
		EXPECT(!se_report_data(&ev));
	expect_next_one(&l);
}

#define FAULT(_name, ...)				\
	TEST(_name)					\
	{						\
		const struct fault f = { __VA_ARGS__ };	\
							\
		expect_fault(&f);			\
	}

#define PASSED_ON(_name, ...)				\
	TEST(_name)					\
	{						\
		expect_passed_on(__VA_ARGS__);		\
	}

/* ---- it has other things to do ---- */

FAULT(an_Ultravisor_that_is_slow_is_waited_for,
	"delay arg=300000", 0, 30000, 0, 0)
FAULT(an_Ultravisor_that_is_busy_is_asked_again,
	"busy count=20", 0, 30000, 0, 0)
FAULT(an_Ultravisor_that_is_busy_for_ever_is_ETIMEDOUT,
	"busy count=100000000", 0, 500, -ETIMEDOUT, 0)
FAULT(a_call_that_is_partly_done_is_carried_on,
	"partial count=20", AUX, 30000, 0, 0)
FAULT(a_call_that_is_never_done_is_ETIMEDOUT,
	"partial count=100000000", 0, 500, -ETIMEDOUT, 0)
FAULT(an_Ultravisor_that_hangs_is_ETIMEDOUT,
	"hang", 0, 500, -ETIMEDOUT, 0)

/* ---- it refuses ---- */

/* Those of attestation, and some that nobody knows yet; the reason is passed on with them. */
TEST(each_return_code_is_EREMOTEIO_with_its_reason)
{
	static const uint32_t codes[] = {
		0x0003, 0x0005, 0x0007, 0x0098, 0x0101, 0x0102, 0x0103, 0x0104, 0x0105, 0x0106,
		0x0107, 0x0108, 0x0109, 0x010a, 0x010b, 0x010c, 0x010d, 0x010e, 0x010f, 0x0200,
		0x8000, 0xffff,
	};
	struct lease l = lease_unpinned();
	char text[64];

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		uint32_t rrc = (uint32_t)i * 0x111;
		struct fault f = { text, 0, 30000, -EREMOTEIO, RC(codes[i], rrc) };

		snprintf(text, sizeof(text), "attest-rc arg=0x%x", codes[i] << 16 | rrc);
		if (!meet(&l, &f))
			tap_note("that was 0x%04x", codes[i]);
		expect_nothing_came_out();
	}
	expect_next_one(&l);
}

/* It was announced. From then on it is not, and everything else goes on. */
TEST(a_call_that_the_Ultravisor_does_not_know_is_EOPNOTSUPP_from_then_on)
{
	struct lease l = lease_unpinned();
	const struct fault f = { "attest-rc arg=0x00020000", 0, 30000, -EOPNOTSUPP, RC(2, 0) };
	struct teegate_get_info i;
	uint64_t calls;

	meet(&l, &f);
	fw_reset();
	i = info_of(l.fd);
	EXPECT_EQ(i.state, TEEGATE_STATE_UP);
	EXPECT_EQ(i.firmware_ops, SECRET_OPS | KEY_OPS);
	EXPECT(i.reason[0]);
	calls = fw_stat("calls");
	EXPECT_EQ(report_try(l.fd), -EOPNOTSUPP);
	EXPECT_EQ(report_try_raw(l.fd), -EOPNOTSUPP);
	EXPECT_EQ(fw_stat("calls"), calls);
	close(l.fd);
	module_unload(OUR_MODULE);
	module_load(OUR_MODULE);
	l = lease_unpinned();
	expect_next_one(&l);
}

/* ---- it answers nonsense ---- */

FAULT(no_return_code_is_EPROTO,
	"attest-rc arg=0", 0, 30000, -EPROTO, 0)
FAULT(a_condition_that_contradicts_the_code_is_EPROTO,
	"wrong-cc", 0, 30000, -EPROTO, 0)
FAULT(a_code_of_another_call_is_EREMOTEIO,
	"attest-rc arg=0x01000000", 0, 30000, -EREMOTEIO, RC(0x0100, 0))
FAULT(done_without_an_answer_is_EPROTO,
	"no-answer", 0, 30000, -EPROTO, 0)
FAULT(done_without_an_answer_and_additional_data_is_EPROTO,
	"no-answer", AUX, 30000, -EPROTO, 0)
FAULT(a_measurement_larger_than_its_buffer_is_EPROTO,
	"measurement-len", 0, 30000, -EPROTO, 0)
FAULT(a_measurement_of_65_bytes_is_EPROTO,
	"measurement-len arg=65", 0, 30000, -EPROTO, 0)
FAULT(a_measurement_of_63_bytes_is_EPROTO,
	"measurement-len arg=63", 0, 30000, -EPROTO, 0)
FAULT(an_empty_measurement_is_EPROTO,
	"measurement-len arg=0", 0, 30000, -EPROTO, 0)
FAULT(additional_data_larger_than_its_buffer_is_EPROTO,
	"additional-len", AUX, 30000, -EPROTO, 0)
FAULT(additional_data_that_is_one_byte_larger_is_EPROTO,
	"additional-len arg=449", AUX, 30000, -EPROTO, 0)
FAULT(additional_data_that_is_one_byte_short_is_EPROTO,
	"additional-len arg=447", AUX, 30000, -EPROTO, 0)
FAULT(additional_data_that_is_missing_is_EPROTO,
	"additional-len arg=0", AUX, 30000, -EPROTO, 0)
FAULT(additional_data_that_nobody_demanded_is_EPROTO,
	"additional-len arg=1", 0, 30000, -EPROTO, 0)

/* The other way round: refused, and the condition says that it was done. */
TEST(a_refusal_that_looks_done_is_EPROTO)
{
	const struct fault f = { "wrong-cc", 0, 30000, -EPROTO, 0 };
	struct lease l = lease_unpinned();
	uint64_t hits = fw_hits("attest-rc");

	fw_fault("attest-rc skip=1");
	meet(&l, &f);
	EXPECT_EQ(fw_hits("attest-rc"), hits + 1);
	expect_nothing_came_out();
	expect_next_one(&l);
}

/* ---- it offers less ---- */

/* The stock driver of some kernels does not load then, and is not needed. */
TEST(a_machine_without_attestation_says_so)
{
	struct teegate_get_info i;
	struct lease l;
	uint64_t calls;

	module_unload(OUR_MODULE);
	module_unload(the_tee()->driver);
	module_unload(the_tee()->firmware);
	module_load_with(the_tee()->firmware, "attestation=0");
	module_load(OUR_MODULE);
	i = info_now();
	EXPECT_EQ(i.state, TEEGATE_STATE_UP);
	EXPECT_EQ(i.firmware_ops, SECRET_OPS | KEY_OPS);
	EXPECT(strstr((const char *)i.reason, "does not offer attestation"));
	l = lease_unpinned();
	calls = fw_stat("calls");
	EXPECT_EQ(report_try(l.fd), -EOPNOTSUPP);
	EXPECT_EQ(report_try_raw(l.fd), -EOPNOTSUPP);
	EXPECT_EQ(fw_stat("calls"), calls);
	close(l.fd);
	everything_anew();
	l = lease_unpinned();
	expect_next_one(&l);
}

/* ---- it measures something else ---- */

PASSED_ON(a_wrong_measurement_is_passed_on, "bad-measurement", 0)
PASSED_ON(a_measurement_of_another_image_is_passed_on, "foreign-image", 0)
PASSED_ON(a_measurement_over_other_data_is_passed_on, "foreign-user", 0)
PASSED_ON(a_forged_configuration_uid_is_passed_on, "forged-uid", 0)
PASSED_ON(wrong_additional_data_is_passed_on, "bad-additional", AUX)

/* Measured and told alike: only who knows the right one sees that it is another. */
TEST(the_uid_of_another_configuration_is_passed_on)
{
	struct lease l = lease_unpinned();
	uint8_t foreign[TEEGATE_CONFIG_UID_SIZE];
	const struct fault f = { "foreign-uid", 0, 30000, 0, 0 };

	memset(foreign, 0x5a, sizeof(foreign));
	meet(&l, &f);
	EXPECT_MEM(ev.r.config_uid, foreign, sizeof(foreign));
	expect_bound(&ev, "fault", 5, CLAIMS, strlen(CLAIMS));
	expect_next_one(&l);
	EXPECT(memcmp(ev.r.config_uid, foreign, sizeof(foreign)));
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
