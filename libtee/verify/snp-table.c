// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Takes the host's certificate table apart. An entry is a GUID (16 bytes in the order in which it
 * is printed), a 32-bit offset from the start of the table and a 32-bit length; an entry
 * of zeros ends the list.
 */
#include <string.h>

#include "bytes.h"
#include "snp-table.h"

#define ENTRY_SIZE	24
#define ENTRIES_MAX	64

static const struct {
	uint8_t guid[16];
	const char *name;
} slots[TABLE_SLOTS] = {
	[TABLE_VCEK] = { { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
			   0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd }, "VCEK" },
	[TABLE_VLEK] = { { 0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e,
			   0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8, 0xa1 }, "VLEK" },
	[TABLE_ASK]  = { { 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4,
			   0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82 }, "ASK" },
	[TABLE_ARK]  = { { 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52,
			   0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae }, "ARK" },
};

const char *snp_table_slot_name(enum snp_table_slot slot)
{
	return slots[slot].name;
}

static const char *take_entry(struct tee_bytes table, size_t header_end, const uint8_t *entry,
			      struct snp_table *ret)
{
	size_t offset = le32(entry + 16), len = le32(entry + 20);

	if (offset < header_end || offset > table.len || len > table.len - offset)
		return "an entry points outside the table";
	ret->entries++;
	for (unsigned int i = 0; i < TABLE_SLOTS; i++) {
		if (memcmp(entry, slots[i].guid, sizeof(slots[i].guid)))
			continue;
		if (!len)
			return "an entry is empty";
		if (ret->certs[i].data)
			return "the same kind of certificate occurs twice";
		ret->certs[i].data = (const uint8_t *)table.data + offset;
		ret->certs[i].len = len;
	}
	return NULL;
}

static bool find_end(struct tee_bytes table, size_t *ret_count)
{
	static const uint8_t zero[ENTRY_SIZE];

	for (size_t i = 0; i <= ENTRIES_MAX && (i + 1) * ENTRY_SIZE <= table.len; i++) {
		if (memcmp((const uint8_t *)table.data + i * ENTRY_SIZE, zero, sizeof(zero)))
			continue;
		*ret_count = i;
		return true;
	}
	return false;
}

const char *snp_table_parse(struct tee_bytes table, struct snp_table *ret)
{
	const uint8_t *entries = table.data;
	const char *why = NULL;
	size_t count;

	*ret = (struct snp_table){ .entries = 0 };
	if (!find_end(table, &count))
		return "the list of entries has no end";
	for (size_t i = 0; i < count && !why; i++)
		why = take_entry(table, (count + 1) * ENTRY_SIZE, entries + i * ENTRY_SIZE, ret);
	if (why)
		*ret = (struct snp_table){ .entries = 0 };
	return why;
}
