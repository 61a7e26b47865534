/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel module as libtee sees it, without a kernel: answers ioctls as a good SEV-SNP module
 * would, and otherwise as the test says. What was asked is kept for the test to look at.
 */
#ifndef FAKE_MODULE_H
#define FAKE_MODULE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <linux/teegate.h>

#include "context.h"

struct fake_module {
	/* What it does. */
	int open_error;			/* of opening the device */
	int info_error;			/* of GET_INFO */
	int lease_error;		/* of CREATE_LEASE */
	int report_error;		/* of GET_REPORT, */
	unsigned int report_errors;	/* so many times, then it answers; UINT_MAX: always */
	uint64_t fw_status;
	struct teegate_get_info info;	/* as GET_INFO answers; lease_id as it is */
	uint32_t need_report, need_aux;	/* ENOSPC below these */
	unsigned int delay_ms;		/* before GET_REPORT answers */
	uint8_t claims[TEEGATE_CLAIMS_MAX];
	uint32_t claims_len;		/* 0: those that CREATE_LEASE was given */
	int not_a_lease;		/* descriptor whose name is another's, 0: none */
	void (*spoil)(struct teegate_get_report *arg);	/* last hand on an answer */

	/* What it saw. */
	atomic_uint opens, infos, leases, reports;
	struct teegate_create_lease lease;
	uint8_t lease_claims[TEEGATE_CLAIMS_MAX];
	struct teegate_get_report report;	/* the latest, as it came in */
	int report_fd;
};

extern struct fake_module fake_module;
extern const struct tee_sys fake_module_sys;

/* All is well. For a test's setup; returns 0. */
int fake_module_reset(void **state);

#endif
