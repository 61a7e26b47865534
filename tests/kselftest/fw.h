/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests' view of the software firmware (tests/firmware/): faults on request, counters, and a
 * request held below the module for as long as a test likes. Everything that knows the firmware's
 * files is in fw.c.
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
 * The next request stays below the module until fw_release(). The host says BUSY, and the stock
 * code asks again every two seconds, sleeping in between: so the CPU is free, unlike with a hang.
 * After a minute it gives up and wipes its key: release earlier.
 */
void fw_hold(void);
/* The one that is held and those after it are answered, so many in all, and the next is held. */
void fw_hold_after(unsigned int answers);
/* Returns once a request is held. */
void fw_wait_held(void);
void fw_release(void);

/* The platform device that the stock driver is bound to: takes it away, gives it back. */
void fw_device(bool there);

/* Each request takes long enough for other processes to see that it has been answered. */
void fw_slow(void);

#endif
