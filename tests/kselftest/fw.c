// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of the software firmware's files, see fw.h and tests/firmware/README.md. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "tee.h"

#define DEBUGFS	"/sys/kernel/debug"
#define DIR	DEBUGFS "/teegate-softfw/"

static uint64_t hits_before;

void fw_fault(const char *text)
{
	ASSERT_EQ(write_text(DIR "fault", text), 0);
}

void fw_reset(void)
{
	if (access(DIR, F_OK))
		mount("debugfs", DEBUGFS, "debugfs", 0, NULL);
	if (access(DIR, F_OK))
		return;		/* not loaded: a test of modules goes on */
	fw_fault("none");
	write_text(DIR "release", "1");
	if (the_tee()->has_device)
		fw_device(true);
}

void fw_settle(void)
{
	struct teegate_get_info i;

	fw_reset();
	if (access(TEEGATE_DEVICE, F_OK))
		return;
	WAIT_UNTIL((i = info_now(), i.queued == 0 && i.in_flight == 0));
}

/* The number after "key" in the line of file that begins with name. */
static uint64_t number_of(const char *file, const char *name, const char *key)
{
	char line[256];
	const char *at;
	FILE *f = fopen(file, "re");

	ASSERT(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, strlen(name)) || line[strlen(name)] != ' ')
			continue;
		at = strstr(line + strlen(name), key);
		ASSERT(at);
		fclose(f);
		return strtoull(at + strlen(key), NULL, 0);
	}
	tap_fail(__FILE__, __LINE__, "no %s in %s", name, file);
	tap_end();
}

uint64_t fw_hits(const char *fault)
{
	return number_of(DIR "fault", fault, "hits=");
}

uint64_t fw_stat(const char *name)
{
	return number_of(DIR "stats", name, " ");
}

static void arm_hold(unsigned int skip)
{
	char text[64];

	snprintf(text, sizeof(text), "%s skip=%u count=%u", the_tee()->hold, skip, the_tee()->hold_count);
	fw_fault(text);
}

void fw_hold(void)
{
	hits_before = fw_hits(the_tee()->hold);
	arm_hold(0);
}

/* A held request asks again (SEV-SNP), or is in the firmware's hands and asks no more (TDX). */
void fw_hold_after(unsigned int answers)
{
	arm_hold(the_tee()->hold_asks_again ? answers : answers - the_tee()->slots);
	if (!the_tee()->hold_asks_again)
		write_text(DIR "release", "1");
}

void fw_wait_held_n(unsigned int n)
{
	WAIT_UNTIL(fw_hits(the_tee()->hold) >= hits_before + n);
}

void fw_wait_held(void)
{
	fw_wait_held_n(1);
}

void fw_release(void)
{
	fw_fault("none");
	write_text(DIR "release", "1");
}

void fw_device(bool there)
{
	ASSERT_EQ(write_text(DIR "device", there ? "1" : "0"), 0);
}

void fw_slow(void)
{
	fw_fault(the_tee()->slow);
}

static int event_log_open(int mode)
{
	int fd = open(DIR "ccel", mode | O_CLOEXEC);

	ASSERT(fd >= 0);
	return fd;
}

void fw_event_log_read(uint8_t bytes[FW_EVENT_LOG_SIZE])
{
	int fd = event_log_open(O_RDONLY);

	ASSERT_EQ(read(fd, bytes, FW_EVENT_LOG_SIZE), FW_EVENT_LOG_SIZE);
	close(fd);
}

void fw_event_log_write(const uint8_t bytes[FW_EVENT_LOG_SIZE])
{
	int fd = event_log_open(O_WRONLY);

	ASSERT_EQ(write(fd, bytes, FW_EVENT_LOG_SIZE), FW_EVENT_LOG_SIZE);
	close(fd);
}

unsigned int fw_quotes_since(uint64_t host_answered, struct fw_quote *quote, unsigned int max)
{
	FILE *f = fopen(DIR "times", "re");
	unsigned long long number, begun;
	unsigned int n = 0;
	char line[256];

	ASSERT(f);
	while (n < max && fgets(line, sizeof(line), f)) {
		unsigned long long seen, answered;

		if (sscanf(line, "%llu %llu %llu %llu", &number, &seen, &begun, &answered) != 4)
			continue;
		if (number >= host_answered)
			quote[n++] = (struct fw_quote) { seen, answered };
	}
	fclose(f);
	return n;
}
