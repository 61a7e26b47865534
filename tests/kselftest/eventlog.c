// SPDX-License-Identifier: GPL-2.0-or-later
/* Event logs, see eventlog.h. */
#include <string.h>

#include "eventlog.h"

/* TCG PC Client Platform Firmware Profile, 10.2: TCG_PCClientPCREvent, then TCG_PCR_EVENT2. */
#define EV_NO_ACTION	3
#define ALG_SHA384	0x000c
#define SHA1_SIZE	20

static const uint8_t *take(struct event_log *log, size_t n)
{
	const uint8_t *p = log->at;

	if (log->bad || (size_t)(log->end - p) < n) {
		log->bad = true;
		return NULL;
	}
	log->at += n;
	return p;
}

static uint32_t take_number(struct event_log *log, unsigned int bytes)
{
	const uint8_t *p = take(log, bytes);
	uint32_t v = 0;

	while (p && bytes--)
		v = v << 8 | p[bytes];
	return v;
}

/* An event of the old format, whose data lists the algorithms; there must be just ours. */
struct event_log log_open(const uint8_t *bytes, size_t len)
{
	struct event_log log = { bytes, bytes + len, false };
	const uint8_t *id;
	uint32_t n;

	take_number(&log, 4);
	if (take_number(&log, 4) != EV_NO_ACTION)
		log.bad = true;
	take(&log, SHA1_SIZE);
	n = take_number(&log, 4);
	id = take(&log, n);
	if (!id || n < 16 || memcmp(id, "Spec ID Event03", 16))
		log.bad = true;
	return log;
}

bool log_next(struct event_log *log, struct event *ret_event)
{
	struct event e = { 0 };
	const uint8_t *digest;
	uint32_t mr;

	if (log->bad || log->at == log->end)
		return false;
	mr = take_number(log, 4);
	e.type = take_number(log, 4);
	if (take_number(log, 4) != 1 || take_number(log, 2) != ALG_SHA384 || mr < 1 || mr > RTMRS)
		log->bad = true;
	e.rtmr = mr - 1;
	digest = take(log, SHA384_SIZE);
	e.len = take_number(log, 4);
	e.data = take(log, e.len);
	if (log->bad)
		return false;
	memcpy(e.digest, digest, SHA384_SIZE);
	*ret_event = e;
	return true;
}

int log_replay(const uint8_t *bytes, size_t len, uint8_t rtmr[RTMRS][SHA384_SIZE])
{
	struct event_log log = log_open(bytes, len);
	uint8_t both[2 * SHA384_SIZE];
	struct event e;
	int n = 0;

	memset(rtmr, 0, RTMRS * SHA384_SIZE);
	for (; log_next(&log, &e); n++) {
		if (e.type == EV_NO_ACTION)
			continue;
		memcpy(both, rtmr[e.rtmr], SHA384_SIZE);
		memcpy(both + SHA384_SIZE, e.digest, SHA384_SIZE);
		sha384(both, sizeof(both), rtmr[e.rtmr]);
	}
	return log.bad ? -1 : n;
}

size_t event_bytes(const void *claims, uint32_t claims_len, const void *event, uint32_t len,
		   uint8_t bytes[16 + SHA384_SIZE + 4 + 1024])
{
	uint8_t *p = bytes;

	memcpy(p, "teegate/event/v1", 16);
	p += 16;
	sha384(claims, claims_len, p);
	p += SHA384_SIZE;
	for (int shift = 24; shift >= 0; shift -= 8)
		*p++ = (uint8_t)(len >> shift);
	memcpy(p, event, len);
	return (size_t)(p - bytes) + len;
}

void event_digest(const void *claims, uint32_t claims_len, const void *event, uint32_t len,
		  uint8_t digest[SHA384_SIZE])
{
	uint8_t bytes[16 + SHA384_SIZE + 4 + 1024];

	sha384(bytes, event_bytes(claims, claims_len, event, len, bytes), digest);
}
