// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The event log that firmware left in memory, when it is not what it should be: whoever wrote it
 * may have been the host of old. A report then has a log that replays to its registers, or none,
 * and the kernel reads nothing behind the end of it. What a good one is used for: extend-log.c.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "modules.h"
#include "registers.h"
#include "tee.h"

/* TCG PC Client Platform Firmware Profile, 10.2: the first event, with one algorithm in it. */
#define HEADER		65
#define HEADER_TYPE	4
#define HEADER_SIZE	28	/* of what follows */
#define SIGNATURE	32
#define ALG_COUNT	56
#define ALG_ID		60
#define ALG_SIZE	62

/* 10.4: the events behind it, with one digest each. */
#define EVENT		66
#define EVENT_TYPE	4
#define DIGESTS		8
#define DIGEST_ALG	12
#define DIGEST		14
#define DATA_SIZE	62

#define ALG_SHA256	0x000b
#define ALG_SHA384	0x000c

static uint8_t genuine[FW_EVENT_LOG_SIZE], area[FW_EVENT_LOG_SIZE];
static struct evidence ev;

static void put16(size_t at, uint32_t value)
{
	area[at] = (uint8_t)value;
	area[at + 1] = (uint8_t)(value >> 8);
}

static void put32(size_t at, uint32_t value)
{
	put16(at, value);
	put16(at + 2, value >> 16);
}

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* What is in the area is there for a module that has just been loaded, and a report of it. */
static void ask_with_that_log(void)
{
	struct lease l;

	fw_event_log_write(area);
	module_unload(OUR_MODULE);
	module_load_alone(OUR_MODULE);
	l = lease_unpinned();
	ASSERT_EQ(report_get(l.fd, TEEGATE_REPORT_AUX, "ccel", 4, &ev), 0);
	expect_bound(&ev, "ccel", 4, CLAIMS, strlen(CLAIMS));
	close(l.fd);
}

static void expect_genuine_again(void)
{
	memcpy(area, genuine, sizeof(area));
	ask_with_that_log();
	EXPECT(expect_log(&ev) >= 1);
	EXPECT_MEM(ev.aux, genuine, ev.r.aux_len);
}

/* Of registers as firmware left them, or the log would not fit anyway. */
static void begin(void)
{
	everything_anew();
	expect_genuine_again();
}

static void expect_left_out(const char *what)
{
	static unsigned int n;
	char mark[48];

	snprintf(mark, sizeof(mark), "kselftest mark %d.%u", getpid(), n++);
	klog_mark(mark);
	ask_with_that_log();
	if (!EXPECT_EQ(ev.r.aux_len, 0) || !EXPECT(klog_says(mark, "makes no sense")))
		tap_note("that was: %s", what);
	EXPECT(strstr((char *)info_now().reason, "no event log"));
	memcpy(area, genuine, sizeof(area));
}

/* ---- the header ---- */

TEST_LIMIT(a_log_without_a_good_header_is_left_out, 300)
{
	static const struct {
		const char *what;
		size_t at;
		uint32_t value;
	} bad[] = {
		{ "another type", HEADER_TYPE, 4 },
		{ "another signature", SIGNATURE, 0x63657054 },
		{ "no algorithm", ALG_COUNT, 0 },
		{ "more algorithms than there is room for", ALG_COUNT, 2 },
		{ "four thousand million algorithms", ALG_COUNT, UINT32_MAX },
		{ "a product of 4 GiB", ALG_COUNT, 0x40000001 },
		{ "no size", HEADER_SIZE, 0 },
		{ "too small for itself", HEADER_SIZE, 27 },
		{ "too small for its algorithm", HEADER_SIZE, 31 },
		{ "larger than the area", HEADER_SIZE, FW_EVENT_LOG_SIZE },
		{ "4 GiB", HEADER_SIZE, UINT32_MAX },
	};

	begin();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put32(bad[i].at, bad[i].value);
		expect_left_out(bad[i].what);
	}
	memset(area, 0, sizeof(area));
	expect_left_out("zeroes");
	memset(area, 0xff, sizeof(area));
	expect_left_out("ones");
	expect_genuine_again();
}

/* Events of ours have a digest of SHA-384, which could not be told in such a log. */
TEST_LIMIT(a_log_that_knows_no_SHA384_is_left_out, 200)
{
	begin();
	put16(ALG_ID, ALG_SHA256);
	memset(area + HEADER, 0xff, sizeof(area) - HEADER);
	expect_left_out("SHA-256 alone, and no event");
	put16(ALG_SIZE, 32);
	memset(area + HEADER, 0xff, sizeof(area) - HEADER);
	expect_left_out("SHA-384 of 32 bytes, and no event");
	expect_genuine_again();
}

/* ---- the events ---- */

TEST_LIMIT(a_log_with_an_event_that_cannot_be_is_left_out, 300)
{
	static const struct {
		const char *what;
		size_t at;
		uint32_t value;
	} bad[] = {
		{ "of MRTD, which nothing extends", 0, 0 },
		{ "of a register that there is not", 0, 5 },
		{ "of another one", 0, 0xfffffffe },
		{ "without a digest", DIGESTS, 0 },
		{ "with another digest that is not there", DIGESTS, 2 },
		{ "with more digests than algorithms can be", DIGESTS, 9 },
		{ "with four thousand million digests", DIGESTS, UINT32_MAX },
		{ "larger than the area", DATA_SIZE, FW_EVENT_LOG_SIZE },
		{ "larger than the rest", DATA_SIZE, FW_EVENT_LOG_SIZE - HEADER - EVENT + 1 },
		{ "of 4 GiB", DATA_SIZE, UINT32_MAX },
	};

	begin();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put32(HEADER + bad[i].at, bad[i].value);
		expect_left_out(bad[i].what);
	}
	put16(HEADER + DIGEST_ALG, ALG_SHA256);
	expect_left_out("with a digest that the header does not list");
	put32(HEADER + DIGESTS, 2);
	memcpy(area + HEADER + DIGEST + SHA384_SIZE, genuine + HEADER + DIGEST_ALG,
	       sizeof(area) - HEADER - DIGEST - SHA384_SIZE);
	expect_left_out("with its digest twice");
	/* The area ends in the middle of the next event, once in each part of it. */
	for (uint32_t left = EVENT - 1; left >= 12; left -= 7) {
		put32(HEADER + DATA_SIZE, FW_EVENT_LOG_SIZE - HEADER - EVENT - left);
		memset(area + HEADER + EVENT, 0, sizeof(area) - HEADER - EVENT);
		memcpy(area + sizeof(area) - left, genuine + HEADER, left);
		expect_left_out("with a next one that is cut off");
	}
	expect_genuine_again();
}

/* Well-formed, but not what was measured: nobody guesses. */
TEST_LIMIT(a_log_of_other_registers_is_left_out, 200)
{
	begin();
	area[HEADER + DIGEST] ^= 1;
	ask_with_that_log();
	EXPECT_EQ(ev.r.aux_len, 0);
	memcpy(area, genuine, sizeof(area));
	memset(area + HEADER, 0xff, sizeof(area) - HEADER);
	ask_with_that_log();
	EXPECT_EQ(ev.r.aux_len, 0);
	expect_genuine_again();
}

/* ---- good ones, that look otherwise than firmware's ---- */

static size_t genuine_len(void)
{
	size_t at = HEADER;

	while (get32(genuine + at) != UINT32_MAX)
		at += EVENT + get32(genuine + at + DATA_SIZE);
	return at;
}

TEST_LIMIT(a_log_ends_with_zeroes_or_with_the_area_as_well, 200)
{
	size_t len = genuine_len(), left = FW_EVENT_LOG_SIZE - len;

	begin();
	memset(area + len, 0, left);
	ask_with_that_log();
	EXPECT_EQ(ev.r.aux_len, len);
	expect_log(&ev);
	/* An event that extends nothing, up to the last byte. */
	memcpy(area + len, genuine + HEADER, EVENT);
	put32(len, 1);
	put32(len + EVENT_TYPE, 3);
	put32(len + DATA_SIZE, (uint32_t)(left - EVENT));
	ask_with_that_log();
	EXPECT_EQ(ev.r.aux_len, FW_EVENT_LOG_SIZE);
	expect_log(&ev);
	expect_genuine_again();
}

/* With a digest of SHA-256, too, in front of each of SHA-384. */
TEST_LIMIT(a_log_may_have_other_digests_beside, 200)
{
	size_t from = HEADER, to = HEADER + 4;

	begin();
	put32(HEADER_SIZE, get32(genuine + HEADER_SIZE) + 4);
	put32(ALG_COUNT, 2);
	put16(ALG_ID + 4, ALG_SHA256);
	put16(ALG_SIZE + 4, 32);
	area[HEADER + 3] = 0;
	while (get32(genuine + from) != UINT32_MAX) {
		size_t rest = EVENT - DIGEST_ALG + get32(genuine + from + DATA_SIZE);

		memcpy(area + to, genuine + from, DIGEST_ALG);
		put32(to + DIGESTS, 2);
		put16(to + DIGEST_ALG, ALG_SHA256);
		memset(area + to + DIGEST, 0x77, 32);
		memcpy(area + to + DIGEST + 32, genuine + from + DIGEST_ALG, rest);
		from += DIGEST_ALG + rest;
		to += DIGEST + 32 + rest;
	}
	memset(area + to, 0xff, sizeof(area) - to);
	ask_with_that_log();
	/* The module has replayed it: it says so by giving it. */
	EXPECT_EQ(ev.r.aux_len, to);
	EXPECT_MEM(ev.aux, area, to);
	expect_genuine_again();
}

/* ---- anything ---- */

TEST_LIMIT(a_log_with_random_bytes_in_it_is_right_or_left_out, 600)
{
	unsigned int given = 0;

	begin();
	srandom(4);
	for (unsigned int i = 0; i < 40; i++) {
		memcpy(area, genuine, sizeof(area));
		for (unsigned int n = 0; n <= i % 4; n++)
			area[(size_t)random() % (genuine_len() + 16)] = (uint8_t)random();
		ask_with_that_log();
		if (!ev.r.aux_len)
			continue;
		expect_log(&ev);
		given++;
	}
	tap_note("%u of 40 were given", given);
	expect_genuine_again();
}

/* The log belongs to all programs, so it is as it was when this one ends. */
int main(int argc, char **argv)
{
	bool runs = argc < 2 || argv[1][0] != '-';
	int status;

	if (runs)
		fw_event_log_read(genuine);
	status = kit_main(argc, argv);
	if (runs)
		fw_event_log_write(genuine);
	return status;
}
