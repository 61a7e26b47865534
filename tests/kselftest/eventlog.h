/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event log of a TD, read as a relying party would: TCG's crypto agile format, with the
 * measurement registers of the Confidential Computing Event Log (UEFI 2.10, 38.4.1), replayed to
 * runtime registers. Calls nothing of the project.
 */
#ifndef EVENTLOG_H
#define EVENTLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sha384.h"

#define RTMRS 4

struct event {
	uint32_t rtmr;
	uint32_t type;
	uint8_t digest[SHA384_SIZE];
	const uint8_t *data;
	uint32_t len;
};

struct event_log {
	const uint8_t *at, *end;
	bool bad;	/* not in the format */
};

/* Reads the header; the first event comes next. */
struct event_log log_open(const uint8_t *bytes, size_t len);
/* False at the end, or when the log is bad. */
bool log_next(struct event_log *log, struct event *ret_event);
/* What the registers hold after these events; returns how many there are, -1 for a bad log. */
int log_replay(const uint8_t *bytes, size_t len, uint8_t rtmr[RTMRS][SHA384_SIZE]);

/* The formula of <linux/teegate.h> for what an event of a lease with these claims extends with. */
void event_digest(const void *claims, uint32_t claims_len, const void *event, uint32_t len,
		  uint8_t digest[SHA384_SIZE]);
/* The bytes that this is the hash of, which the log is to hold. Returns their number. */
size_t event_bytes(const void *claims, uint32_t claims_len, const void *event, uint32_t len,
		   uint8_t bytes[16 + SHA384_SIZE + 4 + 1024]);

#endif
