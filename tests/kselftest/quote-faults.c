// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TDX: what each fault of host or module comes to, as a table that runs. Every case asks once in
 * peace, has the fault happen, and asks again: none of them costs more than the request that met
 * it. What a hung host does to others is in quote.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "stock.h"

struct fault {
	const char *text;	/* name and options */
	uint32_t flags;		/* of the request */
	uint32_t timeout_ms;
	int result;
	uint64_t fw_status;
	uint64_t fw_status_old;	/* if not 0: where the kernel tells less (6.12) */
};

static struct evidence ev;

static void expect_nothing_came_out(void)
{
	static struct evidence untouched;

	memset(&untouched, 0xa5, sizeof(untouched));
	EXPECT_MEM(ev.report, untouched.report, sizeof(ev.report));
	EXPECT_MEM(ev.aux, untouched.aux, sizeof(ev.aux));
	EXPECT_MEM(ev.claims, untouched.claims, sizeof(ev.claims));
}

static void name_of(const struct fault *f, char name[32])
{
	snprintf(name, 32, "%s", f->text);
	name[strcspn(name, " ")] = 0;
}

static void expect_next_one(const struct lease *l)
{
	fw_reset();
	WAIT_UNTIL(info_of(l->fd).in_flight == 0);
	EXPECT_EQ(info_of(l->fd).state, TEEGATE_STATE_UP);
	ASSERT_EQ(report_get(l->fd, 0, "next", 4, &ev), 0);
	expect_bound(&ev, "next", 4, CLAIMS, strlen(CLAIMS));
	ASSERT_EQ(report_get(l->fd, TEEGATE_REPORT_LOCAL, "next", 4, &ev), 0);
	expect_bound(&ev, "next", 4, CLAIMS, strlen(CLAIMS));
}

static uint64_t fw_status_here(const struct fault *f)
{
	return f->fw_status_old && !stock_extends() ? f->fw_status_old : f->fw_status;
}

static void expect_fault(const struct fault *f)
{
	struct lease l = lease_unpinned();
	uint64_t hits, errors;
	char name[32];

	name_of(f, name);
	ASSERT_EQ(report_get(l.fd, f->flags, "before", 6, &ev), 0);
	hits = fw_hits(name);
	errors = info_of(l.fd).errors;
	fw_fault(f->text);
	EXPECT_EQ(report_once_met(l.fd, f->flags, f->timeout_ms, name, &ev), f->result);
	EXPECT(fw_hits(name) > hits);
	EXPECT_EQ(ev.r.fw_status, fw_status_here(f));
	/* Whoever gives up first, caller or worker: the request failed below, or nobody knows. */
	if (f->result != -ETIMEDOUT)
		EXPECT_EQ(info_of(l.fd).errors, errors + (f->result ? 1 : 0));
	if (f->result)
		expect_nothing_came_out();
	else
		expect_bound(&ev, "fault", 5, CLAIMS, strlen(CLAIMS));
	expect_next_one(&l);
}

/* The last number is what another kernel says, see struct fault. */
#define FAULT(_case, ...) FAULT_OLD(_case, __VA_ARGS__, 0)
#define FAULT_OLD(_case, ...)							\
	TEST(_case)								\
	{									\
		static const struct fault f = { __VA_ARGS__ };			\
										\
		expect_fault(&f);						\
	}

/* GHCI 1.5, table of GetQuote status codes, and TDVMCALL status codes. */
#define QUOTE_ERROR		0x8000000000000000
#define QUOTE_UNAVAILABLE	0x8000000000000001
#define INVALID_OPERAND		0x8000000000000000

/* TDX module ABI: classes of completion status; the operand is what the kernel keeps for itself. */
#define OPERAND_INVALID		0xc000010000000000
#define OPERAND_BUSY		0x8000020000000000
#define TDCALL_ERROR		0x8000000000000000

#define LOCAL TEEGATE_REPORT_LOCAL

/* ---- the host is slow or busy ---- */

FAULT(a_host_that_takes_a_second_is_waited_for,
	"delay arg=1000000", 0, 30000, 0, 0)
FAULT(a_host_that_says_RETRY_is_asked_again,
	"retry count=3", 0, 30000, 0, 0)
FAULT(a_host_that_says_RETRY_for_ever_is_ETIMEDOUT,
	"retry count=1000000", 0, 1000, -ETIMEDOUT, 0)
/* As the status of the buffer, after the host had taken it. */
FAULT(a_host_that_says_RETRY_late_is_asked_again,
	"error arg=1 count=3", 0, 30000, 0, 0)
FAULT(a_host_that_says_RETRY_late_for_ever_is_ETIMEDOUT,
	"error arg=1 count=1000000", 0, 1000, -ETIMEDOUT, 0)
FAULT(a_host_that_never_answers_in_time_is_ETIMEDOUT,
	"hold", 0, 1000, -ETIMEDOUT, 0)

/* ---- the host refuses ---- */

FAULT(a_quote_that_the_host_refuses_is_EREMOTEIO,
	"error", 0, 30000, -EREMOTEIO, QUOTE_ERROR)
FAULT(a_quoting_service_that_is_not_there_is_EREMOTEIO,
	"unavailable", 0, 30000, -EREMOTEIO, QUOTE_UNAVAILABLE)
FAULT(another_status_of_the_host_is_EREMOTEIO,
	"error arg=0x1234", 0, 30000, -EREMOTEIO, 0x1234)
FAULT(a_host_that_does_not_take_the_request_is_EREMOTEIO,
	"vmcall-error", 0, 30000, -EREMOTEIO, INVALID_OPERAND)
FAULT(a_host_that_does_not_know_the_call_is_EREMOTEIO,
	"vmcall-error arg=0x8000000000000003", 0, 30000, -EREMOTEIO, 0x8000000000000003)
/* The quoting enclave finds that the TDREPORT is not of this platform. */
FAULT(a_forged_TDREPORT_gets_no_quote,
	"forged-mac", 0, 30000, -EREMOTEIO, QUOTE_ERROR)

/* ---- the host answers nonsense ---- */

FAULT(an_empty_quote_is_EPROTO,
	"empty", 0, 30000, -EPROTO, 0)
FAULT(a_quote_that_says_it_is_larger_than_its_buffer_is_EPROTO,
	"oversized", 0, 30000, -EPROTO, 0)
FAULT(a_quote_one_byte_larger_than_its_buffer_is_EPROTO,
	"oversized arg=131049", 0, 30000, -EPROTO, 0)
FAULT(a_quote_that_says_it_is_as_large_as_the_buffer_and_its_header_is_EPROTO,
	"oversized arg=131072", 0, 30000, -EPROTO, 0)
FAULT(a_quote_of_ten_bytes_is_EPROTO,
	"truncated arg=10", 0, 30000, -EPROTO, 0)
FAULT(a_quote_that_ends_in_its_body_is_EPROTO,
	"truncated arg=600", 0, 30000, -EPROTO, 0)
FAULT(a_quote_that_ends_with_its_header_is_EPROTO,
	"empty arg=48", 0, 30000, -EPROTO, 0)
/* In the body of TDX 1.5, or in the signature where the body is that of TDX 1.0. */
FAULT(a_quote_that_ends_where_a_shorter_body_would_is_EPROTO,
	"truncated arg=690", 0, 30000, -EPROTO, 0)
FAULT(a_quote_that_ends_in_its_signature_is_EPROTO,
	"truncated arg=1000", 0, 30000, -EPROTO, 0)
FAULT(a_quote_over_other_data_is_EPROTO,
	"foreign-data", 0, 30000, -EPROTO, 0)
FAULT(a_raw_quote_over_other_data_is_EPROTO,
	"foreign-data", TEEGATE_REPORT_RAW | TEEGATE_REPORT_AUX, 30000, -EPROTO, 0)
/* Not the kernel's to judge: a verifier finds it. */
FAULT(a_bad_signature_is_passed_on,
	"bad-signature", 0, 30000, 0, 0)

/* ---- the TDX module ---- */

FAULT(a_register_lock_that_is_taken_is_waited_for,
	"report-busy count=20", LOCAL, 30000, 0, 0)
FAULT(a_register_lock_that_is_taken_before_a_quote_is_waited_for,
	"report-busy count=20", 0, 30000, 0, 0)
FAULT(a_module_that_takes_its_time_is_waited_for,
	"report-slow arg=200000", LOCAL, 30000, 0, 0)
FAULT(a_module_that_takes_its_time_before_a_quote_is_waited_for,
	"report-slow arg=200000", 0, 30000, 0, 0)
FAULT_OLD(a_register_lock_that_is_never_free_is_EREMOTEIO,
	"report-busy count=100000000", LOCAL, 30000, -EREMOTEIO, OPERAND_BUSY, TDCALL_ERROR)
FAULT(a_TDREPORT_that_the_module_refuses_is_EREMOTEIO,
	"report-error", LOCAL, 30000, -EREMOTEIO, OPERAND_INVALID)
FAULT(a_quote_without_a_TDREPORT_is_EREMOTEIO,
	"report-error", 0, 30000, -EREMOTEIO, OPERAND_INVALID)

/* ---- a host that changes its mind ---- */

/*
 * Length and data change after the host has said that they are final, and go on changing when the
 * buffer is in use again. What was copied once is then judged: whatever passes is what was asked
 * for, and nothing is read where no buffer is. Otherwise it is nonsense, or the host spoiled the
 * next TDREPORT and refuses it.
 */
TEST_LIMIT(a_buffer_that_changes_while_it_is_read_gives_a_right_quote_or_an_error, 300)
{
	struct lease l = lease_unpinned();
	unsigned int good = 0, bad = 0;
	int r;

	for (unsigned int i = 0; i < 30; i++) {
		fw_fault("restless arg=20000");
		r = report_get(l.fd, 0, "restless", 8, &ev);
		if (r == -EPROTO || r == -EREMOTEIO) {
			bad++;
			continue;
		}
		if (!EXPECT_EQ(r, 0))
			break;
		EXPECT(ev.r.report_len <= info_of(l.fd).report_size_max);
		expect_bound(&ev, "restless", 8, CLAIMS, strlen(CLAIMS));
		good++;
	}
	tap_note("%u good, %u bad", good, bad);
	/* Or the last of them would spoil the next one, too. */
	WAIT_UNTIL(fw_stat("host-in-flight") == 0);
	expect_next_one(&l);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
