/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IBM Secure Execution: the challenges and requests that make-se-scene made, and what a measurement
 * has to be. That is recomputed here, from keys that the Ultravisor and nobody else in the guest
 * can open; so an answer that passes is over just these bytes.
 */
#ifndef SE_H
#define SE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kit.h"

#define SE_MEASUREMENT_SIZE 64
/* Of a challenge that demands all: hashes of two keys, of the store, and the firmware's state. */
#define SE_ADDITIONAL_SIZE (32 + 32 + 64 + 0x140)

struct se_file {
	size_t len;
	uint8_t *bytes;
};

/* By its name in the scene; the case ends if it is not there. Stays for ever. */
const struct se_file *se_file(const char *name);

bool se_measured(const uint8_t *measurement, const void *user_data, size_t len,
		 const uint8_t config_uid[16], const uint8_t *additional, size_t additional_len);

/* For the table of TEEs: the challenge of a wish, and what its answer is over. */
void se_challenge(struct teegate_get_report *r);
const uint8_t *se_report_data(const struct evidence *ev);

/* The administrator's; 0 or a negative errno, and what firmware said. */
int se_add_secret(int fd, const struct se_file *request, uint64_t *ret_status);
int se_lock_secrets(int fd, uint64_t *ret_status);

#endif
