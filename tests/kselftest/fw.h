/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests' view of the software firmware (tests/firmware/): faults on request, counters, and
 * requests held below the module for as long as a test likes. Everything that knows the firmware's
 * files is in fw.c, and what differs between the firmwares in tee.c.
 */
#ifndef FW_H
#define FW_H

#include <stdbool.h>
#include <stdint.h>

/* Takes every fault back, lets everything go. */
void fw_reset(void);
/* The same, and waits until nothing of an earlier case is under way: what a case begins with. */
void fw_settle(void);
/* Arms a fault as the firmware's manual says, such as "bad-tag count=1". */
void fw_fault(const char *text);
/* How often this fault has happened since the firmware was loaded. */
uint64_t fw_hits(const char *fault);
/* A number of the firmware's statistics. */
uint64_t fw_stat(const char *name);

/*
 * The next requests stay below the module until fw_release(). No longer than half a minute: then
 * the stock driver of SEV-SNP gives up and wipes its key.
 */
void fw_hold(void);
/* Those that are held and those after them are answered, so many in all; the next are held. */
void fw_hold_after(unsigned int answers);
/* Returns once a request, or so many of them, are held. */
void fw_wait_held(void);
void fw_wait_held_n(unsigned int n);
void fw_release(void);

/* The platform device that the stock driver is bound to: takes it away, gives it back. */
void fw_device(bool there);

/* Each request takes long enough for other processes to see that it has been answered. */
void fw_slow(void);

/* TDX: the memory with the event log of firmware, all of it. */
#define FW_EVENT_LOG_SIZE 0x8000
void fw_event_log_read(uint8_t bytes[FW_EVENT_LOG_SIZE]);
void fw_event_log_write(const uint8_t bytes[FW_EVENT_LOG_SIZE]);

/* TDX: when the host had a quote, in nanoseconds of its clock. */
struct fw_quote {
	uint64_t seen, answered;
};

/* Those that it has answered since its statistic "host-answered" was that; at most max of them. */
unsigned int fw_quotes_since(uint64_t host_answered, struct fw_quote *quote, unsigned int max);

#endif
