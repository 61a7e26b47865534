/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the configuration into the kernel, and what there is to say about it. */
#ifndef TEEGATE_ROOTS_INSTALL_H
#define TEEGATE_ROOTS_INSTALL_H

#include <stdio.h>

#include "config.h"

#define CONFIG_PATH	"/etc/teegate/roots.conf"

/* Exit statuses. */
enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,	/* a root could not be had or installed */
	STATUS_USAGE = 2,
	STATUS_CONFIG = 78,	/* EX_CONFIG: no root is configured, or not in a way that can be meant */
};

/*
 * install() - brings all roots into the kernel, the active one first. What is there already is left
 * as it is. One that fails does not keep the others out, so that old data opens while a new source
 * is out of reach; the status tells.
 */
int install(const struct config *config, const char *device);

/* enrol() - makes a root and has its source keep it. @import: a file to take it from instead. */
int enrol(const struct root *root, const char *import, bool force);

int status(const char *device);

/* Which sources there are, and what to write where. */
void print_sources(FILE *to);

/* One line on stderr, with the priority of <syslog.h> in front when that is the journal. */
void say(int priority, const char *format, ...) PRINTF(2, 3);

#endif
