/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel module as libtee sees it, without a kernel: answers ioctls as a good module of SEV-SNP,
 * TDX or Secure Execution would, one of today or of the first release, and otherwise as the test
 * says. What was asked is kept for the test to look at.
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
	unsigned int quote_version;	/* TDX: 4, 5, or one that nobody knows */
	bool first_release;		/* knows no more than the module of 0.1 did */
	int extend_error;		/* of EXTEND */
	int secret_error;		/* of ADD, LIST and LOCK_SECRETS */
	uint32_t secrets;		/* in the store */
	uint32_t secrets_grow;		/* so many more with each list */
	int key_error;			/* of DERIVE_KEY, SEAL and UNSEAL, */
	unsigned int key_errors;	/* so many times, then it answers */
	int root_error;			/* of SET_ROOT and WIPE_ROOTS */
	uint8_t root_id;		/* each byte of it */
	int length_off;			/* added to the length of what was sealed or opened */
	int not_a_lease;		/* descriptor whose name is another's, 0: none */
	void (*spoil)(struct teegate_get_report *arg);	/* last hand on an answer */

	/* What it saw. */
	atomic_uint opens, infos, leases, reports;
	struct teegate_create_lease lease;
	uint8_t lease_claims[TEEGATE_CLAIMS_MAX];
	struct teegate_get_report report;	/* the latest, as it came in */
	int report_fd;
	atomic_uint extends;
	struct teegate_extend extend;	/* the latest */
	uint8_t event[TEEGATE_EVENT_MAX];
	int extend_fd;
	uint8_t challenge[64];		/* the beginning of the latest */
	atomic_uint adds, lists, locks;
	struct teegate_add_secret add;	/* the latest */
	uint8_t secret_request[64];	/* its beginning */
	struct teegate_list_secrets list;
	struct teegate_lock_secrets lock;
	uint8_t sealing_claims[TEEGATE_CLAIMS_MAX];	/* of the latest lease */
	atomic_uint derives, seals, unseals, set_roots, wipes;
	struct teegate_derive_key derive;	/* the latest */
	struct teegate_seal seal;
	struct teegate_unseal unseal;
	uint8_t label[TEEGATE_KEY_LABEL_MAX];
	char description[TEEGATE_KEY_DESCRIPTION_MAX + 1];
	uint8_t sealed[64];			/* the beginning of the latest */
	int key_fd;
	struct teegate_set_root set_root;
	uint8_t root[TEEGATE_ROOT_SIZE];
	struct teegate_wipe_roots wipe;
};

/* What it answers to DERIVE_KEY and UNSEAL, each byte. */
#define KEY_BYTE	0x4b
#define DATA_BYTE	0xda

extern struct fake_module fake_module;
extern const struct tee_sys fake_module_sys;

/* All is well, on SEV-SNP. For a test's setup; returns 0. */
int fake_module_reset(void **state);
/* The same on TDX, with a quote of version 4. */
int fake_module_reset_tdx(void **state);
/* The same on Secure Execution. */
int fake_module_reset_se(void **state);
/* A descriptor of a lease; its claims are CLAIMS. */
#define CLAIMS "\xa1\x01\x61w"
void fake_module_make_lease(void);

#endif
