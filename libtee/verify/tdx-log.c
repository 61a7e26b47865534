// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Replays an event log. It comes from the guest and nobody signed it: only that its digests, extended
 * one after the other, give the registers in the signed quote makes it true. What an event's data say
 * is true where its digest is that of the data, which is checked for the events of teegate.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "bytes.h"
#include "tdx-log.h"

#define EV_NO_ACTION		3
#define EV_IPL			13
#define ALG_SHA384		0x000c
#define SHA1_SIZE		20
#define ALGORITHMS_MAX		16
#define FIRST_RTMR		1	/* in the log's numbering */
#define EVENT_FACTS_MAX		256

/* Design of TEEGATE_EXTEND: tag, SHA-384 of the claims, length (big-endian), event. */
static const uint8_t event_tag[16] = "teegate/event/v1";	/* no NUL */
#define CLAIMS_HASH_AT		sizeof(event_tag)
#define EVENT_LEN_AT		(CLAIMS_HASH_AT + TDX_HASH_SIZE)
#define EVENT_AT		(EVENT_LEN_AT + 4)

struct reader {
	const uint8_t *at;
	size_t left;
};

struct algorithm {
	uint16_t id, size;
};

struct log {
	EVP_MD *sha384;
	struct reader in;
	struct algorithm algorithms[ALGORITHMS_MAX];
	size_t algorithm_count;
	uint8_t rtmr[TDX_RTMR_COUNT][TDX_HASH_SIZE];
	size_t events, teegate_events;
	const char *bad_event;		/* what is wrong with one of teegate's */
	bool no_memory;
};

struct event {
	uint32_t index, type;
	const uint8_t *digest;		/* SHA-384, NULL: none */
	struct tee_bytes data;
};

static const uint8_t *take(struct reader *in, size_t len)
{
	const uint8_t *at = in->at;

	if (len > in->left)
		return NULL;
	in->at += len;
	in->left -= len;
	return at;
}

static bool take16(struct reader *in, uint16_t *ret)
{
	const uint8_t *p = take(in, 2);

	if (p)
		*ret = le16(p);
	return p;
}

static bool take32(struct reader *in, uint32_t *ret)
{
	const uint8_t *p = take(in, 4);

	if (p)
		*ret = le32(p);
	return p;
}

static bool hash(struct log *log, const void *a, size_t a_len, const void *b, size_t b_len,
		 uint8_t *ret)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool good;

	good = md && EVP_DigestInit_ex2(md, log->sha384, NULL) && EVP_DigestUpdate(md, a, a_len) &&
	       EVP_DigestUpdate(md, b, b_len) && EVP_DigestFinal_ex(md, ret, NULL);
	EVP_MD_CTX_free(md);
	log->no_memory |= !good;
	return good;
}

/* The list of digests that every later event has, out of the Spec ID event. */
static const char *read_algorithms(struct log *log, struct reader data)
{
	const uint8_t *head = take(&data, 24);
	uint32_t count;

	if (!head || memcmp(head, "Spec ID Event03", 16) || !take32(&data, &count))
		return "it does not begin with a Spec ID event of version 03";
	if (!count || count > ALGORITHMS_MAX)
		return "its Spec ID event lists no or too many algorithms";
	for (size_t i = 0; i < count; i++)
		if (!take16(&data, &log->algorithms[i].id) ||
		    !take16(&data, &log->algorithms[i].size))
			return "its Spec ID event is cut off";
	log->algorithm_count = count;
	return NULL;
}

/* The first event has the old form, with one SHA-1 digest. */
static const char *read_head(struct log *log)
{
	struct reader data;
	uint32_t index, type, size;

	if (!take32(&log->in, &index) || !take32(&log->in, &type) || !take(&log->in, SHA1_SIZE) ||
	    !take32(&log->in, &size) || type != EV_NO_ACTION)
		return "it does not begin with a Spec ID event";
	data.at = take(&log->in, size);
	data.left = size;
	return data.at ? read_algorithms(log, data) : "its Spec ID event is cut off";
}

static const uint8_t *take_digest(struct log *log, uint16_t *ret_id)
{
	if (!take16(&log->in, ret_id))
		return NULL;
	for (size_t i = 0; i < log->algorithm_count; i++)
		if (log->algorithms[i].id == *ret_id)
			return take(&log->in, log->algorithms[i].size);
	return NULL;
}

static const char *read_event(struct log *log, struct event *ret)
{
	uint32_t digests, size;

	*ret = (struct event){ .digest = NULL };
	if (!take32(&log->in, &ret->index) || !take32(&log->in, &ret->type) ||
	    !take32(&log->in, &digests) || digests > ALGORITHMS_MAX)
		return "an event is cut off or has too many digests";
	for (uint32_t i = 0; i < digests; i++) {
		size_t left = log->in.left;
		uint16_t id;
		const uint8_t *digest = take_digest(log, &id);

		if (!digest)
			return "an event has a digest that the Spec ID event does not list";
		if (id != ALG_SHA384)
			continue;
		if (ret->digest || left - log->in.left != 2 + TDX_HASH_SIZE)
			return "an event has two SHA-384 digests, or one of another length";
		ret->digest = digest;
	}
	if (!take32(&log->in, &size))
		return "an event is cut off";
	ret->data.data = take(&log->in, size);
	ret->data.len = size;
	return ret->data.data ? NULL : "the data of an event are cut off";
}

static const char *extend(struct log *log, const struct event *event)
{
	uint8_t *rtmr;

	if (event->type == EV_NO_ACTION)
		return NULL;
	if (event->index < FIRST_RTMR || event->index >= FIRST_RTMR + TDX_RTMR_COUNT)
		return "an event is for a register that cannot be extended";
	if (!event->digest)
		return "an event has no SHA-384 digest";
	rtmr = log->rtmr[event->index - FIRST_RTMR];
	hash(log, rtmr, TDX_HASH_SIZE, event->digest, TDX_HASH_SIZE, rtmr);
	return NULL;
}

static void event_fact(struct log *log, const struct event *event, tee_verdict *v)
{
	const uint8_t *data = event->data.data;
	char *claims = text_hex(data + CLAIMS_HASH_AT, TDX_HASH_SIZE);
	char *text = text_escape(data + EVENT_AT, event->data.len - EVENT_AT);
	char name[40];

	snprintf(name, sizeof(name), "event.%zu", log->teegate_events - 1);
	if (claims && text)
		verdict_fact(v, name, "rtmr%u by claims %s: %s", event->index - FIRST_RTMR, claims,
			     text);
	else
		log->no_memory = true;
	free(claims);
	free(text);
}

/* Events that say they are of teegate have its form, and their digest is that of their data. */
static void check_teegate_event(struct log *log, const struct event *event, tee_verdict *v)
{
	const uint8_t *data = event->data.data;
	uint8_t digest[TDX_HASH_SIZE];

	if (event->type == EV_NO_ACTION || event->data.len < sizeof(event_tag) ||
	    memcmp(data, event_tag, sizeof(event_tag)))
		return;
	log->teegate_events++;
	if (event->type != EV_IPL || event->index < FIRST_RTMR + 2)
		log->bad_event = "is not of type EV_IPL for RTMR2 or RTMR3";
	else if (event->data.len < EVENT_AT ||
		 be32(data + EVENT_LEN_AT) != event->data.len - EVENT_AT)
		log->bad_event = "does not have the length that it says";
	else if (hash(log, data, event->data.len, "", 0, digest) &&
		 memcmp(digest, event->digest, sizeof(digest)))
		log->bad_event = "does not have the digest of its data";
	else if (log->teegate_events <= EVENT_FACTS_MAX)
		event_fact(log, event, v);
}

/* Firmware's area is longer than its log, and filled up with one of these. */
static bool only_filling(const struct reader *in)
{
	for (size_t i = 1; i < in->left; i++)
		if (in->at[i] != in->at[0])
			return false;
	return !in->left || in->at[0] == 0x00 || in->at[0] == 0xff;
}

static const char *replay(struct log *log, tee_verdict *v)
{
	const char *why = read_head(log);
	struct event event;

	while (!why && !only_filling(&log->in)) {
		why = read_event(log, &event);
		if (!why)
			why = extend(log, &event);
		if (!why)
			check_teegate_event(log, &event, v);
		log->events++;
	}
	return why;
}

static void compare(const struct log *log, const struct td_body *body, tee_verdict *v)
{
	for (unsigned int i = 0; i < TDX_RTMR_COUNT; i++) {
		if (!memcmp(log->rtmr[i], body->rtmr[i], TDX_HASH_SIZE))
			continue;
		verdict_fail(v, TDX_LOG_REPLAY, "the event log does not replay to RTMR%u", i);
		return;
	}
	verdict_pass(v, TDX_LOG_REPLAY, NEEDS_REPORT | SET(TDX_LOG_FORMAT),
		     "the %zu events of the log replay to all four runtime registers", log->events);
}

static void judge_events(const struct log *log, tee_verdict *v)
{
	if (log->bad_event)
		verdict_fail(v, TDX_LOG_EVENTS, "an event of teegate %s", log->bad_event);
	else
		verdict_pass(v, TDX_LOG_EVENTS, SET(TDX_LOG_REPLAY),
			     "%zu events are of teegate, and what they say was measured",
			     log->teegate_events);
}

int tdx_log_check(OSSL_LIB_CTX *lib, struct tee_bytes input, const struct td_body *body,
		  tee_verdict *v)
{
	struct log log = { .in = { input.data, input.len } };
	const char *why;

	if (!input.len) {
		verdict_skip(v, TDX_LOG_FORMAT, "there is no event log in the evidence");
		verdict_skip(v, TDX_LOG_REPLAY, "there is no event log in the evidence");
		verdict_skip(v, TDX_LOG_EVENTS, "there is no event log in the evidence");
		return 0;
	}
	log.sha384 = EVP_MD_fetch(lib, "SHA384", NULL);
	if (!log.sha384)
		return -ENOMEM;
	why = replay(&log, v);
	EVP_MD_free(log.sha384);
	if (log.no_memory)
		return -ENOMEM;
	if (why) {
		verdict_fail(v, TDX_LOG_FORMAT, "the event log is malformed: %s", why);
		return 0;
	}
	verdict_fact(v, "event_log.events", "%zu", log.events);
	verdict_pass(v, TDX_LOG_FORMAT, NEEDS_NOTHING, "the event log is well-formed");
	compare(&log, body, v);
	judge_events(&log, v);
	return 0;
}
