/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One message of the kernel's family "teegate", read: an event, or an entry of a dump. From bytes
 * to values and nothing else, so that it can be fuzzed.
 */
#ifndef TEEGATED_RECORD_H
#define TEEGATED_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/teegate_netlink.h>

struct bytes {
	const uint8_t *data;
	size_t len;
};

/*
 * By attribute. Numbers are 0 and bytes are empty where the message has none; bytes point into the
 * message. A text (REASON) has no NUL in it.
 */
struct record {
	uint64_t has;
	uint64_t number[TEEGATE_A_MAX + 1];
	struct bytes bytes[TEEGATE_A_MAX + 1];
};

/*
 * record_parse() - reads @len bytes of attributes, aligned as a netlink message is. 0, or -EBADMSG
 * when one that we know has not the length that it should have; then @ret says nothing. Those that
 * a newer module knows are passed over.
 */
int record_parse(const void *attributes, size_t len, struct record *ret);

static inline bool record_has(const struct record *record, enum teegate_attr attr)
{
	return record->has & (UINT64_C(1) << attr);
}

#endif
