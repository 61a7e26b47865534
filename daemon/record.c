// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table says what each attribute holds; libnl checks lengths by it. The kernel is trusted, but
 * a module of another release may speak differently, and a wrong guess must not become a fact.
 */
#include <errno.h>
#include <string.h>

#include <netlink/attr.h>

#include <linux/teegate.h>

#include "record.h"

_Static_assert(TEEGATE_A_MAX < 64, "struct record has a bit for each attribute");

#define U32	{ .type = NLA_U32, .minlen = 4, .maxlen = 4 }
#define U64	{ .type = NLA_U64, .minlen = 8, .maxlen = 8 }
#define BYTES(max)	{ .type = NLA_UNSPEC, .maxlen = (max) }
#define TEXT(max)	{ .type = NLA_STRING, .minlen = 1, .maxlen = (max) }

static const struct nla_policy policy[TEEGATE_A_MAX + 1] = {
	[TEEGATE_A_EVENT] = U32,
	[TEEGATE_A_SEQ] = U64,
	[TEEGATE_A_TIME_NS] = U64,
	[TEEGATE_A_COUNT] = U32,
	[TEEGATE_A_LEASE_ID] = U64,
	[TEEGATE_A_PARENT_ID] = U64,
	[TEEGATE_A_WORKLOAD] = U64,
	[TEEGATE_A_OPS] = U64,
	[TEEGATE_A_ABI] = U32,
	[TEEGATE_A_FLAGS] = U32,
	[TEEGATE_A_CGROUP_ID] = U64,
	[TEEGATE_A_UID] = U32,
	[TEEGATE_A_LABEL] = BYTES(TEEGATE_LABEL_MAX),
	[TEEGATE_A_EXPIRES_MS] = U64,
	[TEEGATE_A_MAX_PENDING] = U32,
	[TEEGATE_A_RATE_PER_MINUTE] = U32,
	[TEEGATE_A_RATE_BURST] = U32,
	[TEEGATE_A_CLAIMS] = BYTES(TEEGATE_CLAIMS_MAX),
	[TEEGATE_A_NOTE] = BYTES(TEEGATE_NOTE_MAX),
	[TEEGATE_A_REQUESTS] = U64,
	[TEEGATE_A_ANSWERED] = U64,
	[TEEGATE_A_REFUSED] = U64,
	[TEEGATE_A_PENDING] = U32,
	[TEEGATE_A_WAIT_NS] = U64,
	[TEEGATE_A_WAIT_MAX_NS] = U64,
	[TEEGATE_A_LEASES] = U32,
	[TEEGATE_A_PROVIDER] = U32,
	[TEEGATE_A_TRANSPORT] = U32,
	[TEEGATE_A_STATE] = U32,
	[TEEGATE_A_REASON] = TEXT(TEEGATE_REASON_SIZE),
	[TEEGATE_A_TAINT] = U64,
	[TEEGATE_A_QUEUED] = U32,
	[TEEGATE_A_QUEUE_MAX] = U32,
	[TEEGATE_A_REPORTS] = U64,
	[TEEGATE_A_ERRORS] = U64,
	[TEEGATE_A_IN_FLIGHT] = U32,
	[TEEGATE_A_IN_FLIGHT_MAX] = U32,
	[TEEGATE_A_QUARANTINED] = U32,
	[TEEGATE_A_ERRNO] = U32,
	[TEEGATE_A_OP] = U64,
	[TEEGATE_A_FW_STATUS] = U64,
};

static void read_attribute(const struct nlattr *attribute, enum teegate_attr attr, struct record *record)
{
	record->has |= UINT64_C(1) << attr;
	switch (policy[attr].type) {
	case NLA_U32:
		record->number[attr] = nla_get_u32(attribute);
		break;
	case NLA_U64:
		record->number[attr] = nla_get_u64(attribute);
		break;
	case NLA_STRING:
		record->bytes[attr].data = nla_data(attribute);
		record->bytes[attr].len = strnlen(nla_data(attribute), (size_t)nla_len(attribute));
		break;
	default:
		record->bytes[attr].data = nla_data(attribute);
		record->bytes[attr].len = (size_t)nla_len(attribute);
	}
}

int record_parse(const void *attributes, size_t len, struct record *ret)
{
	struct nlattr *found[TEEGATE_A_MAX + 1];

	if (len > INT32_MAX)
		return -EBADMSG;
	/* libnl only reads, but says otherwise. */
	if (nla_parse(found, TEEGATE_A_MAX, (struct nlattr *)(uintptr_t)attributes, (int)len, policy) < 0)
		return -EBADMSG;
	memset(ret, 0, sizeof(*ret));
	for (enum teegate_attr attr = TEEGATE_A_PAD + 1; attr <= TEEGATE_A_MAX; attr++)
		if (found[attr])
			read_attribute(found[attr], attr, ret);
	return 0;
}
