// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reads and writes pvattest's exchange files, version 1 (s390-tools,
 * rust/pvattest/src/exchange.rs). All numbers are big-endian:
 *
 *	 0  "pvattest"
 *	 8  version 0x0100
 *	12  size of the file
 *	16  eight zero bytes
 *	24  size and offset of challenge, measurement, additional data, user data, config UID
 *	64  the parts
 *
 * A size without an offset is room that the answer will need. Everybody writes the parts in the
 * order of the table and without gaps, so only that is read: then no two parts can share a byte,
 * and none is hidden between them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"

#define VERSION		0x0100
#define HEADER_SIZE	64
#define TABLE_OFFSET	24
#define ENTRY_SIZE	8
#define CONFIG_UID_SIZE	16

enum part {
	PART_CHALLENGE,
	PART_MEASUREMENT,
	PART_ADDITIONAL,
	PART_USER_DATA,
	PART_CONFIG_UID,
	PART_COUNT,
};

/* What the Ultravisor and the kernel take. */
static const uint32_t size_max[PART_COUNT] = {
	[PART_CHALLENGE]	= 1u << 20,
	[PART_MEASUREMENT]	= 1u << 15,
	[PART_ADDITIONAL]	= 1u << 15,
	[PART_USER_DATA]	= 256,
	[PART_CONFIG_UID]	= CONFIG_UID_SIZE,
};

static const uint8_t magic[8] = "pvattest";	/* no NUL */

_Static_assert(HEADER_SIZE == TABLE_OFFSET + PART_COUNT * ENTRY_SIZE, "the table ends the header");

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_be32(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 24);
	p[1] = (uint8_t)(value >> 16);
	p[2] = (uint8_t)(value >> 8);
	p[3] = (uint8_t)value;
}

static const struct ev_bytes *part_of(const struct exchange *ex, enum part part)
{
	const struct ev_bytes *const parts[PART_COUNT] = {
		[PART_CHALLENGE]	= &ex->challenge,
		[PART_MEASUREMENT]	= &ex->measurement,
		[PART_ADDITIONAL]	= &ex->additional,
		[PART_USER_DATA]	= &ex->user_data,
		[PART_CONFIG_UID]	= &ex->config_uid,
	};

	return parts[part];
}

/* The size that stands in the header for a part without bytes. */
static uint32_t room_for(const struct exchange *ex, enum part part)
{
	if (part == PART_MEASUREMENT)
		return ex->measurement_size;
	return part == PART_ADDITIONAL ? ex->additional_size : 0;
}

static const char *judge_request(const struct exchange *ex)
{
	if (ex->additional.data || ex->user_data.data || ex->config_uid.data)
		return "it has parts of an answer, but no measurement";
	return ex->measurement_size ? NULL : "it leaves no room for a measurement";
}

static const char *judge_answer(const struct exchange *ex)
{
	if (ex->config_uid.len != CONFIG_UID_SIZE)
		return "it is an answer without a configuration UID of 16 bytes";
	if (ex->measurement_size || ex->additional_size)
		return "it is an answer that leaves room for another one";
	return NULL;
}

/* Why this is neither a request nor an answer, or NULL. Reading and writing share it. */
static const char *judge(const struct exchange *ex)
{
	for (unsigned int i = 0; i < PART_COUNT; i++) {
		const struct ev_bytes *bytes = part_of(ex, (enum part)i);

		if (!bytes->data != !bytes->len)
			return "a part is there, but empty";
		if (bytes->len > size_max[i] || room_for(ex, (enum part)i) > size_max[i])
			return "a part is longer than the Ultravisor takes";
	}
	if (!ex->challenge.data)
		return "it has no attestation request";
	return ex->measurement.data ? judge_answer(ex) : judge_request(ex);
}

bool exchange_claimed(const uint8_t *buf, size_t len)
{
	return len >= sizeof(magic) && memcmp(buf, magic, sizeof(magic)) == 0;
}

static const char *judge_header(const uint8_t *buf, size_t len)
{
	if (!exchange_claimed(buf, len))
		return "it does not begin with \"pvattest\"";
	if (len < HEADER_SIZE)
		return "it is shorter than its header";
	if (be32(buf + 8) != VERSION)
		return "its version is not 1.0; a newer reader is needed";
	if (be32(buf + 12) != len)
		return "the size in its header is not its own";
	if (be32(buf + 16) || be32(buf + 20))
		return "bytes that are reserved are not zero";
	return NULL;
}

struct reader {
	const uint8_t *buf;
	size_t len;
	size_t at;	/* where the next part has to begin */
};

/* One entry of the table. Sets *ret_room where there is a size, but no offset. */
static const char *read_part(struct reader *in, enum part part, struct ev_bytes *ret,
			     uint32_t *ret_room)
{
	const uint8_t *entry = in->buf + TABLE_OFFSET + part * ENTRY_SIZE;
	uint32_t size = be32(entry), offset = be32(entry + 4);

	/* The format ignores the place of nothing. */
	if (!size)
		return NULL;
	if (!offset) {
		if (!ret_room)
			return "a part has a size, but no place";
		*ret_room = size;
		return NULL;
	}
	if (offset != in->at)
		return "a part does not begin where the one before it ends";
	if (size > in->len - in->at)
		return "a part does not end within the file";
	*ret = (struct ev_bytes) { .data = in->buf + offset, .len = size };
	in->at += size;
	return NULL;
}

static const char *parse(const uint8_t *buf, size_t len, struct exchange *ex)
{
	struct reader in = { .buf = buf, .len = len, .at = HEADER_SIZE };
	const char *why = judge_header(buf, len);

	if (!why)
		why = read_part(&in, PART_CHALLENGE, &ex->challenge, NULL);
	if (!why)
		why = read_part(&in, PART_MEASUREMENT, &ex->measurement, &ex->measurement_size);
	if (!why)
		why = read_part(&in, PART_ADDITIONAL, &ex->additional, &ex->additional_size);
	if (!why)
		why = read_part(&in, PART_USER_DATA, &ex->user_data, NULL);
	if (!why)
		why = read_part(&in, PART_CONFIG_UID, &ex->config_uid, NULL);
	if (!why && in.at != len)
		why = "bytes are left over after its parts";
	return why ? why : judge(ex);
}

int exchange_parse(const uint8_t *buf, size_t len, struct exchange *ret, const char **ret_why)
{
	struct exchange ex = { 0 };
	const char *why = parse(buf, len, &ex);

	if (why) {
		if (ret_why)
			*ret_why = why;
		return -EBADMSG;
	}
	*ret = ex;
	return 0;
}

int exchange_build(const struct exchange *ex, uint8_t **ret, size_t *ret_len)
{
	size_t len = HEADER_SIZE, at = HEADER_SIZE;
	uint8_t *buf;

	if (judge(ex))
		return -EINVAL;
	for (unsigned int i = 0; i < PART_COUNT; i++)
		len += part_of(ex, (enum part)i)->len;
	buf = calloc(1, len);
	if (!buf)
		return -ENOMEM;

	memcpy(buf, magic, sizeof(magic));
	put_be32(buf + 8, VERSION);
	put_be32(buf + 12, (uint32_t)len);
	for (unsigned int i = 0; i < PART_COUNT; i++) {
		const struct ev_bytes *bytes = part_of(ex, (enum part)i);
		uint8_t *entry = buf + TABLE_OFFSET + i * ENTRY_SIZE;

		put_be32(entry, bytes->data ? (uint32_t)bytes->len : room_for(ex, (enum part)i));
		if (!bytes->data)
			continue;
		put_be32(entry + 4, (uint32_t)at);
		memcpy(buf + at, bytes->data, bytes->len);
		at += bytes->len;
	}
	*ret = buf;
	*ret_len = len;
	return 0;
}
