// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What only IBM Z has: the facility of the Ultravisor, what the kernel says of Secure Execution, and
 * loading by facility. What the machine is, its own files say, so this looks at images of it, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "doctor.h"

#define FACILITY " 158"		/* Ultravisor calls; the list has a space before and after each */

/* The first line of a file that begins with @begin and holds @part. */
static bool has_line(const struct doctor *d, const char *path, const char *begin, const char *part)
{
	char *whole = doctor_path(d, path), *line = NULL;
	FILE *file = fopen(whole, "re");
	bool found = false;
	size_t size = 0;

	while (file && !found && getline(&line, &size, file) >= 0)
		found = !strncmp(line, begin, strlen(begin)) && strstr(line, part);
	if (file)
		fclose(file);
	free(line);
	free(whole);
	return found;
}

bool doctor_is_z(const struct doctor *d)
{
	return has_line(d, "/proc/cpuinfo", "vendor_id", "IBM/S390");
}

static bool has_facility(const struct doctor *d)
{
	return has_line(d, "/proc/cpuinfo", "facilities", FACILITY " ") ||
	       has_line(d, "/proc/cpuinfo", "facilities", FACILITY "\n");
}

static void examine_machine(struct doctor *d)
{
	static const char sysfs[] = "/sys/firmware/uv/prot_virt_guest";
	struct stat st;

	if (!has_facility(d))
		find(d, LEVEL_PROBLEM, "machine.se",
		     "start it as a guest of Secure Execution, on IBM z15, LinuxONE III or later",
		     "this machine does not let its guests call the Ultravisor (facility 158)");
	else if (has_line(d, sysfs, "1", ""))
		find(d, LEVEL_OK, "machine.se", NULL, "a guest of IBM Secure Execution");
	else if (!doctor_stat(d, sysfs, &st))
		find(d, LEVEL_PROBLEM, "machine.se",
		     "start this guest from an image made for Secure Execution (genprotimg)",
		     "the machine has an Ultravisor, but this is no guest of Secure Execution");
	else
		find(d, LEVEL_NOTE, "machine.se", "teegatectl info says what teegate found",
		     "there is an Ultravisor, and the kernel does not say what this guest is to it");
}

static void examine_autoload(struct doctor *d, const char *release)
{
	char *path = format_text("/lib/modules/%s/modules.alias", release);
	struct stat st;

	if (!*release || doctor_stat(d, path, &st) < 0)
		;
	else if (has_line(d, path, "alias cpu:type:", " teegate\n"))
		find(d, LEVEL_OK, "autoload", NULL, "udev loads teegate by the facility of the CPU");
	else
		find(d, LEVEL_NOTE, "autoload",
		     "run depmod -a, or name teegate in a file of /etc/modules-load.d",
		     "nothing loads teegate by itself: modules.alias of Linux %s does not name it",
		     release);
	free(path);
}

void examine_z(struct doctor *d, const char *release)
{
	examine_machine(d);
	examine_autoload(d, release);
}
