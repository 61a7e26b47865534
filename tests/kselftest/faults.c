// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What each fault of firmware or host comes to: doc/faults.md as a table that runs. Every case
 * asks once in peace, has the fault happen, and asks again. A fault that costs the channel is
 * followed by loading everything anew, which is what restarting the guest would do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "modules.h"
#include "stock.h"

struct outcome {
	int result;		/* of the request that meets the fault */
	uint64_t fw_status;
	bool lost;		/* the channel, for good */
};

struct fault {
	const char *name;
	const char *options;
	uint32_t flags;		/* of the request */
	struct outcome driver, direct;
};

static struct evidence ev;

static void need_channel(void)
{
	if (module_loaded(OUR_MODULE) && info_now().state == TEEGATE_STATE_UP)
		return;
	everything_anew();
}

static void expect_nothing_came_out(void)
{
	static struct evidence untouched;

	memset(&untouched, 0xa5, sizeof(untouched));
	EXPECT_MEM(ev.report, untouched.report, sizeof(ev.report));
	EXPECT_MEM(ev.aux, untouched.aux, sizeof(ev.aux));
	EXPECT_MEM(ev.claims, untouched.claims, sizeof(ev.claims));
}

static void expect_lost(struct lease *l)
{
	struct teegate_get_info i = info_of(l->fd);
	struct lease another = lease_unpinned();
	uint64_t requests = fw_stat("requests");

	EXPECT_EQ(i.state, TEEGATE_STATE_LOST);
	EXPECT_EQ(i.firmware_ops & ~KEY_OPS, 0);	/* but for an installed root */
	EXPECT(strstr((char *)i.reason, "restart"));
	EXPECT_EQ(report_try(l->fd), -ENOKEY);
	EXPECT_EQ(report_try_raw(l->fd), -ENOKEY);
	EXPECT_EQ(report_try(another.fd), -ENOKEY);
	/* Terminal: nobody tries again behind our back. */
	EXPECT_EQ(fw_stat("requests"), requests);
	close(another.fd);
}

static void expect_recovered(struct lease *l)
{
	EXPECT_EQ(info_of(l->fd).state, TEEGATE_STATE_UP);
	ASSERT_EQ(report_get(l->fd, 0, "next", 4, &ev), 0);
	expect_bound(&ev, "next", 4, CLAIMS, strlen(CLAIMS));
	ASSERT_EQ(report_get(l->fd, TEEGATE_REPORT_AUX, "next", 4, &ev), 0);
}

static struct outcome outcome_here(const struct fault *f)
{
	return info_now().transport == TEEGATE_TRANSPORT_DIRECT ? f->direct : f->driver;
}

static void expect_fault(const struct fault *f)
{
	struct outcome want;
	uint64_t hits, errors;
	struct lease l;
	char text[64];

	need_channel();
	want = outcome_here(f);
	l = lease_unpinned();
	ASSERT_EQ(report_get(l.fd, f->flags, "before", 6, &ev), 0);
	hits = fw_hits(f->name);
	errors = info_of(l.fd).errors;
	snprintf(text, sizeof(text), "%s %s", f->name, f->options);
	fw_fault(text);
	EXPECT_EQ(report_get(l.fd, f->flags, "fault", 5, &ev), want.result);
	fw_fault("none");
	EXPECT(fw_hits(f->name) > hits);
	EXPECT_EQ(ev.r.fw_status, want.fw_status);
	EXPECT_EQ(info_of(l.fd).errors, errors + (want.result ? 1 : 0));
	if (want.result) {
		expect_nothing_came_out();
	} else {
		expect_bound(&ev, "fault", 5, CLAIMS, strlen(CLAIMS));
		EXPECT_EQ(ev.r.aux_len > 0, f->flags == TEEGATE_REPORT_AUX);
	}
	if (!want.lost) {
		expect_recovered(&l);
		return;
	}
	expect_lost(&l);
	close(l.fd);
	everything_anew();
}

#define GOOD			{ 0, 0, false }
#define NONSENSE		{ -EPROTO, 0, false }
#define NONSENSE_LOST		{ -EPROTO, 0, true }
#define LOST			{ -ENOKEY, 0, true }
#define REFUSED(s)		{ -EREMOTEIO, s, false }
#define REFUSED_LOST(s)		{ -EREMOTEIO, s, true }

#define FAULT_LIMIT(_case, _seconds, ...)					\
	TEST_LIMIT(_case, _seconds)						\
	{									\
		static const struct fault f = { __VA_ARGS__ };			\
										\
		expect_fault(&f);						\
	}
#define FAULT(_case, ...) FAULT_LIMIT(_case, 120, __VA_ARGS__)

#define VMM(code) ((uint64_t)(code) << 32)

/* ---- the host ---- */

FAULT(a_host_that_is_busy_for_seconds_is_waited_for,
	"busy", "count=2", 0, GOOD, GOOD)
FAULT(a_host_that_is_busy_for_seconds_is_waited_for_with_certificates,
	"busy", "count=2", TEEGATE_REPORT_AUX, GOOD, GOOD)
FAULT_LIMIT(a_host_that_is_busy_for_more_than_a_minute_costs_the_channel, 300,
	"busy", "count=1000", 0, LOST, LOST)
FAULT(an_error_of_the_host_is_EREMOTEIO_and_costs_the_channel,
	"vmm-error", "arg=0xff", 0, REFUSED_LOST(VMM(0xff)), REFUSED_LOST(VMM(0xff)))
FAULT(an_error_of_the_host_and_certificates_is_EREMOTEIO_and_costs_the_channel,
	"vmm-error", "arg=0xff", TEEGATE_REPORT_AUX, REFUSED_LOST(VMM(0xff)), REFUSED_LOST(VMM(0xff)))
/* The kernel below counts the message and keeps its key; firmware refuses what comes next. */
FAULT(INVALID_LEN_without_a_buffer_is_EREMOTEIO_and_costs_the_channel,
	"invalid-len", "count=1", 0, REFUSED_LOST(VMM(1)), REFUSED_LOST(VMM(1)))
FAULT(INVALID_LEN_for_what_was_given_is_EPROTO,
	"invalid-len", "arg=4", TEEGATE_REPORT_AUX, NONSENSE, NONSENSE)
FAULT(INVALID_LEN_for_more_is_answered_with_more_where_the_kernel_allows,
	"invalid-len", "arg=5", TEEGATE_REPORT_AUX, REFUSED(VMM(1)), GOOD)
FAULT(INVALID_LEN_for_too_much_is_EREMOTEIO,
	"invalid-len", "arg=1000", TEEGATE_REPORT_AUX, REFUSED(VMM(1)), REFUSED(VMM(1)))
/* The kinds of bad-certs, see tests/firmware/README.md. */
FAULT(a_certificate_that_ends_behind_the_table_is_EPROTO,
	"bad-certs", "arg=1", TEEGATE_REPORT_AUX, NONSENSE, NONSENSE)
FAULT(a_certificate_whose_end_wraps_around_is_EPROTO,
	"bad-certs", "arg=2", TEEGATE_REPORT_AUX, NONSENSE, NONSENSE)
FAULT(a_certificate_table_without_an_end_is_EPROTO,
	"bad-certs", "arg=3", TEEGATE_REPORT_AUX, NONSENSE, NONSENSE)
FAULT(a_slow_host_is_waited_for,
	"delay", "count=1 arg=300000", 0, GOOD, GOOD)

/* ---- firmware ---- */

FAULT(an_error_of_firmware_is_EREMOTEIO_and_costs_the_channel,
	"fw-error", "arg=0x16", 0, REFUSED_LOST(0x16), REFUSED_LOST(0x16))
FAULT(an_error_of_firmware_and_certificates_is_EREMOTEIO_and_costs_the_channel,
	"fw-error", "arg=0x16", TEEGATE_REPORT_AUX, REFUSED_LOST(0x16), REFUSED_LOST(0x16))
FAULT(a_key_that_firmware_forgot_is_EREMOTEIO_and_costs_the_channel,
	"lost-vmpck", "count=1", 0, REFUSED_LOST(0x0b), REFUSED_LOST(0x0b))
FAULT(a_response_with_a_status_is_EREMOTEIO,
	"rsp-status", "arg=0x16", 0, REFUSED(0x16), REFUSED(0x16))
FAULT(a_response_with_a_status_and_certificates_is_EREMOTEIO,
	"rsp-status", "arg=0x16", TEEGATE_REPORT_AUX, REFUSED(0x16), REFUSED(0x16))

/* ---- answers that are not what was asked for ---- */

FAULT(a_report_over_other_data_is_EPROTO,
	"foreign-data", "count=1", 0, NONSENSE, NONSENSE)
FAULT(a_report_that_says_it_is_larger_than_it_can_be_is_EPROTO,
	"report-size", "arg=0x10000", 0, NONSENSE, NONSENSE)
FAULT(a_report_that_says_it_is_smaller_is_EPROTO,
	"report-size", "arg=1183", 0, NONSENSE, NONSENSE)
FAULT(a_report_of_4_GiB_is_EPROTO,
	"report-size", "arg=0xffffffff", 0, NONSENSE, NONSENSE)
FAULT(a_flipped_tag_is_EPROTO_and_costs_the_channel,
	"bad-tag", "count=1", 0, NONSENSE_LOST, NONSENSE_LOST)
FAULT(a_flipped_tag_and_certificates_is_EPROTO_and_costs_the_channel,
	"bad-tag", "count=1", TEEGATE_REPORT_AUX, NONSENSE_LOST, NONSENSE_LOST)
FAULT(a_wrong_sequence_number_is_EPROTO_and_costs_the_channel,
	"bad-seqno", "count=1", 0, NONSENSE_LOST, NONSENSE_LOST)
FAULT(a_wrong_message_type_is_EPROTO_and_costs_the_channel,
	"bad-type", "count=1", 0, NONSENSE_LOST, NONSENSE_LOST)
FAULT(an_oversized_message_is_EPROTO_and_costs_the_channel,
	"msg-size", "count=1", 0, NONSENSE_LOST, NONSENSE_LOST)
/* Not the kernel's to judge: a verifier finds it. */
FAULT(a_bad_signature_is_passed_on,
	"bad-signature", "count=1", 0, GOOD, GOOD)

/* ---- others ---- */

/* A host without certificates says so by an empty table: that is no fault and no length. */
TEST(a_host_without_certificates_gives_none)
{
	uint64_t hits;
	struct lease l;

	need_channel();
	l = lease_unpinned();
	hits = fw_hits("bad-certs");
	ASSERT_EQ(report_get(l.fd, TEEGATE_REPORT_AUX, "some", 4, &ev), 0);
	EXPECT(ev.r.aux_len > 0);
	fw_fault("bad-certs arg=0");
	ASSERT_EQ(report_get(l.fd, TEEGATE_REPORT_AUX, "none", 4, &ev), 0);
	expect_bound(&ev, "none", 4, CLAIMS, strlen(CLAIMS));
	EXPECT_EQ(ev.r.aux_len, 0);
	EXPECT_EQ(ev.aux[0], 0xa5);
	EXPECT_EQ(fw_hits("bad-certs"), hits + 1);
	close(l.fd);
}

/* What was queued behind the request that cost the channel ends with it. */
TEST_LIMIT(requests_behind_a_lost_channel_are_ENOKEY_at_once, 120)
{
	struct lease l, other;
	struct asker *first, *second;

	need_channel();
	l = lease_unpinned();
	other = lease_unpinned();
	fw_hold();
	first = ask_start(l.fd, 0);
	fw_wait_held();
	second = ask_start(other.fd, 0);
	WAIT_UNTIL(info_of(l.fd).queued == 2);
	fw_fault("fw-error arg=0x16");
	fw_fault("busy count=0");
	EXPECT_EQ(ask_result(first), -EREMOTEIO);
	EXPECT_EQ(ask_result(second), -ENOKEY);
	EXPECT_EQ(info_of(l.fd).queued, 0);
	close(l.fd);
	close(other.fd);
	everything_anew();
}

/*
 * The kernel below asks again without a buffer and counts two messages, neither of which firmware
 * saw. That looks like an honest answer until the next request is refused.
 */
TEST_LIMIT(INVALID_LEN_twice_is_EPROTO_and_the_next_request_finds_the_channel_lost, 120)
{
	struct lease l;

	need_channel();
	l = lease_unpinned();
	EXPECT_EQ(report_get(l.fd, TEEGATE_REPORT_AUX, "before", 6, &ev), 0);
	fw_fault("invalid-len count=3");
	EXPECT_EQ(report_get(l.fd, TEEGATE_REPORT_AUX, "fault", 5, &ev), -EPROTO);
	EXPECT_EQ(ev.r.fw_status, 0);
	expect_nothing_came_out();
	EXPECT_EQ(info_of(l.fd).state, TEEGATE_STATE_UP);
	fw_fault("none");
	EXPECT_EQ(report_get(l.fd, 0, "next", 4, &ev), -EREMOTEIO);
	EXPECT_EQ(ev.r.fw_status, 0x16);
	expect_lost(&l);
	close(l.fd);
	everything_anew();
}

/* A key that somebody else lost is our loss, too. */
TEST_LIMIT(a_channel_lost_by_the_stock_driver_is_ENOKEY_for_us, 120)
{
	uint8_t data[64] = "stock";
	struct lease l;
	int stock;

	need_channel();
	l = lease_unpinned();
	stock = stock_open();
	ASSERT(stock >= 0);
	EXPECT_EQ(stock_report(stock, data), 0);
	EXPECT_EQ(report_try(l.fd), 0);
	fw_fault("bad-tag count=1");
	EXPECT(stock_report(stock, data) < 0);
	close(stock);
	EXPECT(report_try(l.fd) < 0);
	expect_lost(&l);
	close(l.fd);
	everything_anew();
}

/*
 * Nobody asks us, and we know it nevertheless. The way to know it is no request: firmware hears
 * nothing, and a good key stays good.
 */
TEST_LIMIT(a_channel_that_others_lost_shows_without_a_request, 120)
{
	uint8_t data[64] = "stock";
	uint64_t requests;
	struct lease l;
	int stock;

	need_channel();
	l = lease_unpinned();
	requests = fw_stat("requests");
	sleep(7);		/* longer than the module waits between two looks */
	EXPECT_EQ(fw_stat("requests"), requests);
	EXPECT_EQ(info_of(l.fd).state, TEEGATE_STATE_UP);
	EXPECT_EQ(report_try(l.fd), 0);
	stock = stock_open();
	ASSERT(stock >= 0);
	fw_fault("bad-tag count=1");
	EXPECT(stock_report(stock, data) < 0);
	close(stock);
	WAIT_UNTIL(info_of(l.fd).state == TEEGATE_STATE_LOST);
	expect_lost(&l);
	close(l.fd);
	everything_anew();
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
