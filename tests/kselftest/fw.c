// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of the software firmware's files, see fw.h and tests/firmware/README.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"

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
	fw_device(true);
}

void fw_settle(void)
{
	fw_reset();
	if (access(TEEGATE_DEVICE, F_OK) == 0)
		WAIT_UNTIL(info_now().queued == 0);
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

void fw_hold(void)
{
	hits_before = fw_hits("busy");
	fw_fault("busy count=25");
}

void fw_hold_after(unsigned int answers)
{
	char text[64];

	snprintf(text, sizeof(text), "busy skip=%u count=25", answers);
	fw_fault(text);
}

void fw_wait_held(void)
{
	WAIT_UNTIL(fw_hits("busy") > hits_before);
}

void fw_release(void)
{
	fw_fault("none");
}

void fw_device(bool there)
{
	ASSERT_EQ(write_text(DIR "device", there ? "1" : "0"), 0);
}

void fw_slow(void)
{
	fw_fault("delay count=1000000 arg=5000");
}
