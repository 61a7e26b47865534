/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the TEEs that these tests run on, as one table a TEE, so that the cases
 * need not ask. A case that makes sense on one TEE only says so in the file "cases" instead.
 */
#ifndef TEE_H
#define TEE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evidence;
struct teegate_get_report;

struct tee {
	const char *name;
	uint32_t provider;	/* enum teegate_provider */

	/* Modules: the software firmware and the stock driver, as /sys/module and modprobe say. */
	const char *firmware;
	const char *driver;
	const char *device;	/* of the stock driver */
	const char *modalias;	/* by this file of sysfs udev sees that there is this TEE */

	/* Where report_data stands in a report of that many bytes; NULL if it is none. */
	const uint8_t *(*report_data)(const uint8_t *report, uint32_t len);
	/* Instead of it, where a report is no more than a measurement of them (SE). */
	const uint8_t *(*measured_data)(const struct evidence *ev);
	/* Adds the challenge to a wish (SE); NULL where there are none. */
	void (*challenge)(struct teegate_get_report *r);
	/* Bytes of a raw report. */
	uint32_t raw_max;
	/* A report of the stock driver over user_data; see stock.h. */
	int (*stock_report)(int fd, const uint8_t user_data[64]);

	/* How many requests firmware or host works on at once; the others wait in the queue. */
	unsigned int slots;
	unsigned int buffers;	/* in_flight_max of GET_INFO */
	/* Faults that keep requests below the module until told, and that make each of them slow. */
	const char *hold, *slow;
	unsigned int hold_count;
	bool hold_asks_again;	/* the request is repeated until it is not held any more */
	/* Number in the firmware's statistics of the requests that it has seen. */
	const char *requests;
	/* The firmware can take the driver's device away. */
	bool has_device;
};

/* Looks which TEE this guest has, before a case can unload the modules that tell. */
void tee_look(void);
/* That one; the case ends when there is none. */
const struct tee *the_tee(void);
/* Is it the one of that name? */
bool tee_is(const char *name);
/* That one, or NULL. */
const struct tee *tee_found(void);

#endif
