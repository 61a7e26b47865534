// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDG.VP.VMCALL<GetQuote>: the guest's side of the mailbox.
 *
 * As a real host this returns at once: it marks the buffer as in flight and leaves it to tdx-host,
 * which writes quote, length and status into it whenever it is done. With all slots in use the
 * guest is told to retry, as by QEMU. Operands are judged as QEMU does.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "mailbox.h"
#include "softtdx.h"

#define QUOTE_VERSION		1
#define QUOTE_SIZE_MAX		SZ_128K
#define HELLO_MS		10000

struct quote_buffer {
	u64 version;
	u64 status;
	u32 in_len;
	u32 out_len;
	u8 data[];
};

static_assert(sizeof(struct tdx_mailbox) <= TDX_MAILBOX_SIZE);
static_assert(offsetof(struct tdx_mailbox, times) == 4096);

static struct tdx_mailbox *mailbox;

static u64 refuse(u64 status)
{
	softtdx_count(SOFTTDX_COUNT_BAD_QUOTES);
	return status;
}

static u64 check_buffer(u64 gpa, u64 size, struct quote_buffer **ret_buf)
{
	struct quote_buffer *buf, header;

	if (!size)
		return TDVMCALL_INVALID_OPERAND;
	if (!PAGE_ALIGNED(gpa) || !PAGE_ALIGNED(size))
		return TDVMCALL_ALIGN_ERROR;
	buf = size > QUOTE_SIZE_MAX ? NULL : softtdx_guest_memory(gpa, size);
	if (!buf)
		return TDVMCALL_INVALID_OPERAND;
	/* Read once: what is checked is what is used. */
	memcpy(&header, buf, sizeof(header));
	if (header.version != QUOTE_VERSION || header.in_len > size - sizeof(header))
		return TDVMCALL_INVALID_OPERAND;
	*ret_buf = buf;
	return TDVMCALL_SUCCESS;
}

/*
 * Looks first: an emulator with one processor runs cmpxchg as a load and a store, and one that
 * fails stores what it has loaded. That would undo what the host writes in between, and it writes
 * to every slot that is not free.
 */
static struct tdx_slot *claim_slot(void)
{
	int i;

	for (i = 0; i < TDX_SLOTS; i++)
		if (READ_ONCE(mailbox->slots[i].state) == TDX_SLOT_FREE &&
		    cmpxchg(&mailbox->slots[i].state, TDX_SLOT_FREE, TDX_SLOT_CLAIMED) ==
			    TDX_SLOT_FREE)
			return &mailbox->slots[i];
	return NULL;
}

static const struct {
	enum softtdx_fault fault;
	enum tdx_host_fault host;
} host_faults[] = {
	{ SOFTTDX_FAULT_LOST,		TDX_HOST_LOSE },
	{ SOFTTDX_FAULT_HOLD,		TDX_HOST_HOLD },
	{ SOFTTDX_FAULT_ERROR,		TDX_HOST_STATUS },
	{ SOFTTDX_FAULT_UNAVAILABLE,	TDX_HOST_STATUS },
	{ SOFTTDX_FAULT_EMPTY,		TDX_HOST_TRUNCATE },
	{ SOFTTDX_FAULT_OVERSIZED,	TDX_HOST_OUT_LEN },
	{ SOFTTDX_FAULT_TRUNCATED,	TDX_HOST_TRUNCATE },
	{ SOFTTDX_FAULT_FOREIGN_DATA,	TDX_HOST_FOREIGN_DATA },
	{ SOFTTDX_FAULT_BAD_SIGNATURE,	TDX_HOST_BAD_SIGNATURE },
	{ SOFTTDX_FAULT_RESTLESS,	TDX_HOST_RESTLESS },
	{ SOFTTDX_FAULT_DELAY,		TDX_HOST_DELAY },
};

/* One fault a request: the first that strikes. */
static u32 choose_fault(u64 *ret_arg)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(host_faults); i++)
		if (softfw_fault(host_faults[i].fault, ret_arg))
			return host_faults[i].host;
	*ret_arg = 0;
	return TDX_HOST_GOOD;
}

/* Returns the status of the TDVMCALL. Interrupts are off. */
u64 softtdx_get_quote(u64 gpa, u64 size)
{
	struct quote_buffer *buf;
	struct tdx_slot *slot;
	u64 status, arg;
	u32 releases;

	status = check_buffer(gpa, size, &buf);
	if (status)
		return refuse(status);
	if (softfw_fault(SOFTTDX_FAULT_VMCALL_ERROR, &arg))
		return refuse(arg);
	slot = softfw_fault(SOFTTDX_FAULT_RETRY, &arg) ? NULL : claim_slot();
	if (!slot) {
		softtdx_count(SOFTTDX_COUNT_RETRIES);
		return TDVMCALL_RETRY;
	}
	slot->gpa = gpa;
	slot->size = size;
	/* A release that comes after the hit was counted is for this one, even if not taken yet. */
	releases = softtdx_quote_releases();
	slot->fault = choose_fault(&slot->fault_arg);
	if (slot->fault == TDX_HOST_HOLD)
		slot->fault_arg = releases;
	WRITE_ONCE(buf->status, QUOTE_IN_FLIGHT);
	/* The host takes what it sees posted: all of the above must be there. */
	smp_store_release(&slot->state, TDX_SLOT_POSTED);
	softtdx_count(SOFTTDX_COUNT_QUOTES);
	return TDVMCALL_SUCCESS;
}

void softtdx_quote_release(void)
{
	WRITE_ONCE(mailbox->releases, mailbox->releases + 1);
}

/* How many there have been. */
u32 softtdx_quote_releases(void)
{
	return READ_ONCE(mailbox->releases);
}

u32 softtdx_quote_latency(void)
{
	return READ_ONCE(mailbox->latency_us);
}

void softtdx_quote_set_latency(u32 usec)
{
	WRITE_ONCE(mailbox->latency_us, usec);
}

unsigned int softtdx_quote_in_flight(void)
{
	unsigned int i, used = 0;

	for (i = 0; i < TDX_SLOTS; i++)
		used += READ_ONCE(mailbox->slots[i].state) != TDX_SLOT_FREE;
	return used;
}

void softtdx_quote_stats(struct seq_file *seq)
{
	seq_printf(seq, "host-in-flight %u\nhost-held %u\nhost-waiting %u\n",
		   softtdx_quote_in_flight(), READ_ONCE(mailbox->held),
		   READ_ONCE(mailbox->waiting));
	seq_printf(seq, "host-quotes %llu\nhost-refused %llu\n", READ_ONCE(mailbox->quotes),
		   READ_ONCE(mailbox->refused));
	seq_printf(seq, "host-answered %llu\nhost-service-ns %llu\n", READ_ONCE(mailbox->answered),
		   READ_ONCE(mailbox->service_ns));
}

/* The last ones, oldest first. */
void softtdx_quote_times(struct seq_file *seq)
{
	u64 end = READ_ONCE(mailbox->answered), i = end > TDX_TIMES ? end - TDX_TIMES : 0;

	for (; i < end; i++) {
		const struct tdx_quote_times *times = &mailbox->times[i % TDX_TIMES];

		seq_printf(seq, "%llu %llu %llu %llu %#llx\n", i, times->seen_ns, times->begun_ns,
			   times->written_ns, times->status);
	}
}

/* Gives the key to tdx-host, which wipes it here and says that it has heard. */
static int say_hello(const u8 mac_key[32])
{
	u32 hello = mailbox->hello + 1;
	int ms;

	if (READ_ONCE(mailbox->magic) != TDX_MAILBOX_MAGIC)
		return -ENODEV;
	memcpy(mailbox->mac_key, mac_key, sizeof(mailbox->mac_key));
	/* Pairs with the host's acquire: the key is there. */
	smp_store_release(&mailbox->hello, hello);
	for (ms = 0; ms < HELLO_MS; ms++) {
		/* Pairs with the host's release: the key is wiped. */
		if (smp_load_acquire(&mailbox->heard) == hello)
			return 0;
		usleep_range(1000, 1100);
	}
	memzero_explicit(mailbox->mac_key, sizeof(mailbox->mac_key));
	return -ENODEV;
}

/* What firmware left behind the mailbox. */
u8 *softtdx_event_log(void)
{
	return (u8 *)mailbox + TDX_MAILBOX_SIZE;
}

int softtdx_quote_init(phys_addr_t mailbox_pa, const u8 mac_key[32])
{
	int r;

	mailbox = memremap(mailbox_pa, TDX_MAILBOX_SIZE + TDX_LOG_SIZE, MEMREMAP_WB);
	if (!mailbox)
		return -ENOMEM;
	r = say_hello(mac_key);
	if (r) {
		pr_err("no tdx-host answers at %pa\n", &mailbox_pa);
		memunmap(mailbox);
	}
	return r;
}

void softtdx_quote_exit(void)
{
	memunmap(mailbox);
}
