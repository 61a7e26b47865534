// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel's messages say: daemon/record.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <linux/teegate.h>

#include "record.h"

static struct nl_msg *message;

static int begin(void **state)
{
	(void)state;
	message = nlmsg_alloc_size(8192);
	return message && nlmsg_put(message, 0, 0, 16, 0, 0) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	nlmsg_free(message);
	return 0;
}

static void put(int attr, size_t len, const void *data)
{
	assert_int_equal(nla_put(message, attr, (int)len, data), 0);
}

static int parse(struct record *ret)
{
	return record_parse(nlmsg_data(nlmsg_hdr(message)), (size_t)nlmsg_datalen(nlmsg_hdr(message)), ret);
}

static void an_event_is_read_in_full(void **state)
{
	uint32_t event = TEEGATE_EVENT_DENIED, error = EPERM, uid = 1000, count = 7;
	uint64_t seq = 12, lease = UINT64_MAX, op = TEEGATE_OP_RAW_REPORT;
	struct record record;

	(void)state;
	put(TEEGATE_A_EVENT, 4, &event);
	put(TEEGATE_A_SEQ, 8, &seq);
	put(TEEGATE_A_LEASE_ID, 8, &lease);
	put(TEEGATE_A_ERRNO, 4, &error);
	put(TEEGATE_A_OP, 8, &op);
	put(TEEGATE_A_UID, 4, &uid);
	put(TEEGATE_A_COUNT, 4, &count);
	assert_int_equal(parse(&record), 0);
	assert_int_equal(record.number[TEEGATE_A_EVENT], TEEGATE_EVENT_DENIED);
	assert_int_equal(record.number[TEEGATE_A_SEQ], 12);
	assert_true(record.number[TEEGATE_A_LEASE_ID] == UINT64_MAX);
	assert_int_equal(record.number[TEEGATE_A_ERRNO], EPERM);
	assert_int_equal(record.number[TEEGATE_A_OP], TEEGATE_OP_RAW_REPORT);
	assert_int_equal(record.number[TEEGATE_A_UID], 1000);
	assert_int_equal(record.number[TEEGATE_A_COUNT], 7);
	assert_true(record_has(&record, TEEGATE_A_UID));
	assert_false(record_has(&record, TEEGATE_A_WORKLOAD));
	assert_int_equal(record.number[TEEGATE_A_WORKLOAD], 0);
}

static void texts_and_bytes_are_what_was_put_there(void **state)
{
	static const uint8_t note[] = { 0, 1, 2 };
	struct record record;

	(void)state;
	put(TEEGATE_A_REASON, 5, "gone");
	put(TEEGATE_A_NOTE, sizeof(note), note);
	assert_int_equal(parse(&record), 0);
	assert_int_equal(record.bytes[TEEGATE_A_REASON].len, 4);
	assert_memory_equal(record.bytes[TEEGATE_A_REASON].data, "gone", 4);
	assert_int_equal(record.bytes[TEEGATE_A_NOTE].len, sizeof(note));
	assert_memory_equal(record.bytes[TEEGATE_A_NOTE].data, note, sizeof(note));
	assert_int_equal(record.bytes[TEEGATE_A_LABEL].len, 0);
}

/* Each attribute that we know, with every length from nothing to one byte more than it may have. */
static void an_attribute_of_another_length_is_refused(void **state)
{
	static const size_t most[TEEGATE_A_MAX + 1] = {
		[TEEGATE_A_LABEL] = TEEGATE_LABEL_MAX,
		[TEEGATE_A_CLAIMS] = TEEGATE_CLAIMS_MAX,
		[TEEGATE_A_NOTE] = TEEGATE_NOTE_MAX,
		[TEEGATE_A_REASON] = TEEGATE_REASON_SIZE,
	};
	static const uint8_t zeroes[TEEGATE_CLAIMS_MAX + 1];
	struct record record;
	unsigned int accepted;

	(void)state;
	for (int attr = TEEGATE_A_EVENT; attr <= TEEGATE_A_MAX; attr++) {
		size_t len = most[attr] ? most[attr] : 8;

		accepted = 0;
		for (size_t try = 0; try <= len + 1; try++) {
			end(NULL);
			begin(NULL);
			put(attr, try, zeroes);
			accepted += parse(&record) >= 0;
		}
		/* Numbers have one length; texts end with their NUL; bytes have any up to the most. */
		if (!most[attr])
			assert_int_equal(accepted, 1);
		else if (attr == TEEGATE_A_REASON)
			assert_int_equal(accepted, len);
		else
			assert_int_equal(accepted, len + 1);
	}
}

static void a_text_without_an_end_is_refused(void **state)
{
	struct record record;

	(void)state;
	put(TEEGATE_A_REASON, 4, "gone");
	assert_int_equal(parse(&record), -EBADMSG);
}

static void what_a_newer_module_adds_is_passed_over(void **state)
{
	uint64_t lease = 3;
	struct record record;

	(void)state;
	put(TEEGATE_A_MAX + 1, 3, "new");
	put(TEEGATE_A_LEASE_ID, 8, &lease);
	assert_int_equal(parse(&record), 0);
	assert_int_equal(record.number[TEEGATE_A_LEASE_ID], 3);
	assert_true(record.has == UINT64_C(1) << TEEGATE_A_LEASE_ID);
}

static void a_message_of_nothing_has_nothing(void **state)
{
	struct record record;

	(void)state;
	assert_int_equal(parse(&record), 0);
	assert_true(record.has == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_event_is_read_in_full, begin, end),
		cmocka_unit_test_setup_teardown(texts_and_bytes_are_what_was_put_there, begin, end),
		cmocka_unit_test_setup_teardown(an_attribute_of_another_length_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(a_text_without_an_end_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(what_a_newer_module_adds_is_passed_over, begin, end),
		cmocka_unit_test_setup_teardown(a_message_of_nothing_has_nothing, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
