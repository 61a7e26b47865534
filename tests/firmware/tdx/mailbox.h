/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest's half of the software TDX firmware and tdx-host say to each other.
 *
 * A few pages of guest memory outside of System RAM, which tdx-host sees because it holds the
 * memory. The guest never waits here: it posts a quote request in a free slot, and all that it
 * learns of it afterwards is what the host writes into the requester's buffer. Nobody polls but
 * tdx-host. Both sides are little-endian x86.
 */
#ifndef SOFTTDX_MAILBOX_H
#define SOFTTDX_MAILBOX_H

#include <linux/types.h>

#define TDX_MAILBOX_GPA		0x1f000000
#define TDX_MAILBOX_MAGIC	0x31424d5844544754	/* "TGTDXMB1" */

/* As many as QEMU takes before it says RETRY; and as many as a quoting enclave does at once. */
#define TDX_SLOTS		16
#define TDX_SIGNERS		4

enum tdx_slot_state {
	TDX_SLOT_FREE,		/* the guest may claim it */
	TDX_SLOT_CLAIMED,	/* the guest fills it in */
	TDX_SLOT_POSTED,	/* the host may take it */
	TDX_SLOT_TAKEN,		/* the host frees it when the buffer has its answer */
};

/* What the host shall do wrong with one request. */
enum tdx_host_fault {
	TDX_HOST_GOOD,
	TDX_HOST_DELAY,		/* arg: microseconds more */
	TDX_HOST_LOSE,		/* never answer, and forget it */
	TDX_HOST_HOLD,		/* answer at the next release */
	TDX_HOST_STATUS,	/* arg: this status, and no quote */
	TDX_HOST_OUT_LEN,	/* arg: success, but this out_len */
	TDX_HOST_TRUNCATE,	/* arg: success, but only so many bytes of the quote */
	TDX_HOST_FOREIGN_DATA,	/* arg: a good quote, but report_data is that byte 64 times */
	TDX_HOST_BAD_SIGNATURE,
	TDX_HOST_RESTLESS,	/* arg: microseconds of changing out_len and data after success */
};

struct tdx_slot {
	__u32 state;
	__u32 fault;
	__u64 fault_arg;
	__u64 gpa;
	__u64 size;
};

/* CLOCK_MONOTONIC of the host. What a signer needs is written - begun. */
struct tdx_quote_times {
	__u64 seen_ns;
	__u64 begun_ns;
	__u64 written_ns;
	__u64 status;
};

#define TDX_TIMES		896

struct tdx_mailbox {
	__u64 magic;		/* host: there is one */
	__u32 hello;		/* guest: one more, and a new key */
	__u32 heard;		/* host: equal to it when it has taken the key */
	__u8 mac_key[32];	/* guest: of TDREPORTs; host: wiped */
	__u32 latency_us;	/* guest: the least that a quote takes */
	__u32 releases;		/* guest: one more answers all that is held */
	__u32 held;		/* host */
	__u32 waiting;		/* host: taken and not yet begun */
	__u64 quotes;		/* host: good ones */
	__u64 refused;		/* host: TDREPORTs that it did not sign */
	__u64 answered;		/* host: all, which is the number of times[] written */
	__u64 service_ns;	/* host: sum of written - begun over these */
	__u8 pad[128 - 96];
	struct tdx_slot slots[TDX_SLOTS];
	__u8 rest[4096 - 128 - 32 * TDX_SLOTS];
	struct tdx_quote_times times[TDX_TIMES];
};

#define TDX_MAILBOX_SIZE	0x8000	/* behind it lies the event log of firmware: */
#define TDX_LOG_SIZE		0x8000

#endif
