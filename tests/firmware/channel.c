// SPDX-License-Identifier: GPL-2.0-only
/*
 * The message channel between guest and firmware (AMD 56860, SNP_GUEST_REQUEST).
 *
 * Per VMPCK there is a 256-bit key, which the guest finds in the secrets page, and a message
 * count. A request must carry the count's successor and its response carries the next; both are
 * AES-256-GCM with the number as nonce and the header as additional data. A request that fails
 * before it is decrypted does not move the count. One page each way.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "softfw.h"

#define MSG_KEY_REQ		3
#define MSG_REPORT_REQ		5

#define MSG_AEAD_AES_256_GCM	1
#define MSG_HDR_VERSION		1

struct message_aad {
	u8 algo;
	u8 header_version;
	__le16 header_size;
	u8 type;
	u8 version;
	__le16 size;
	__le32 pad1;
	u8 vmpck;
	u8 pad2[35];
} __packed;

static_assert(sizeof(struct message_aad) == SOFTFW_AAD_LEN);

struct message_header {
	u8 tag[32];
	__le64 seqno;
	u8 pad[8];
	struct message_aad aad;		/* authenticated with the payload that follows */
} __packed;

static_assert(sizeof(struct message_header) == 96);

/* AMD 56860, secrets page; the operating system's area is the guest's to write. */
struct secrets_page {
	__le32 version;
	__le32 flags;
	__le32 fms;
	u8 pad1[4];
	u8 gosvw[16];
	u8 vmpck[SOFTFW_VMPCKS][SOFTFW_KEY_LEN];
	u8 os_area[96];
	u8 rest[3840];
} __packed;

static_assert(sizeof(struct secrets_page) == PAGE_SIZE);

static struct secrets_page *secrets;

static struct {
	raw_spinlock_t lock;	/* also over the message keys and the buffer */
	u64 count[SOFTFW_VMPCKS];
	bool lost[SOFTFW_VMPCKS];
	u8 buf[SOFTFW_AAD_LEN + SOFTFW_MAX_PAYLOAD + SOFTFW_TAG_LEN];
	u8 rsp[SOFTFW_MAX_PAYLOAD];
} *channel;

static void *guest_page(u64 gpa)
{
	if (!PAGE_ALIGNED(gpa) || !pfn_valid(gpa >> PAGE_SHIFT))
		return NULL;
	return phys_to_virt(gpa);
}

static bool header_is_sane(const struct message_header *header)
{
	return header->aad.algo == MSG_AEAD_AES_256_GCM &&
	       header->aad.header_version == MSG_HDR_VERSION &&
	       le16_to_cpu(header->aad.header_size) == sizeof(*header) &&
	       header->aad.vmpck < SOFTFW_VMPCKS &&
	       le16_to_cpu(header->aad.size) <= SOFTFW_MAX_PAYLOAD;
}

/* Checks and decrypts a request into channel->buf, behind the copy of its header. */
static u32 open_request(const struct message_header *header, const void *page)
{
	unsigned int vmpck = header->aad.vmpck;
	u64 seqno = le64_to_cpu(header->seqno);
	size_t len = le16_to_cpu(header->aad.size);
	u64 unused;

	if (seqno != channel->count[vmpck] + 1) {
		softfw_count(SOFTFW_COUNT_BAD_SEQNO);
		return SOFTFW_INVALID_PARAM;
	}
	if (seqno >= U64_MAX - 1)
		return SOFTFW_AEAD_OFLOW;
	/* Forgotten for good: nothing that the guest sends under this key will decrypt again. */
	if (softfw_fault(SOFTFW_FAULT_LOST_VMPCK, &unused))
		channel->lost[vmpck] = true;
	memcpy(channel->buf, &header->aad, SOFTFW_AAD_LEN);
	memcpy(channel->buf + SOFTFW_AAD_LEN, page + sizeof(*header), len);
	memcpy(channel->buf + SOFTFW_AAD_LEN + len, header->tag, SOFTFW_TAG_LEN);
	if (channel->lost[vmpck] || softfw_gcm_open(vmpck, seqno, channel->buf, len)) {
		softfw_count(SOFTFW_COUNT_BAD_TAG);
		return SOFTFW_BAD_MEASUREMENT;
	}
	return SOFTFW_OK;
}

static void response_header(const struct message_header *request, size_t len,
			    struct message_header *ret_header)
{
	struct message_header header = {
		.seqno = cpu_to_le64(le64_to_cpu(request->seqno) + 1),
		.aad = {
			.algo = MSG_AEAD_AES_256_GCM,
			.header_version = MSG_HDR_VERSION,
			.header_size = cpu_to_le16(sizeof(header)),
			.type = request->aad.type + 1,
			.version = request->aad.version,
			.size = cpu_to_le16(len),
			.vmpck = request->aad.vmpck,
		},
	};
	u64 arg;

	if (softfw_fault(SOFTFW_FAULT_BAD_TYPE, &arg))
		header.aad.type = arg;
	if (softfw_fault(SOFTFW_FAULT_BAD_SEQNO, &arg))
		header.seqno = cpu_to_le64(le64_to_cpu(header.seqno) + arg);
	if (softfw_fault(SOFTFW_FAULT_MSG_SIZE, &arg))
		header.aad.size = cpu_to_le16(arg);
	*ret_header = header;
}

static void seal_response(const struct message_header *request, size_t len, void *page)
{
	struct message_header header;
	u64 arg;

	response_header(request, len, &header);
	memcpy(channel->buf, &header.aad, SOFTFW_AAD_LEN);
	memcpy(channel->buf + SOFTFW_AAD_LEN, channel->rsp, len);
	memzero_explicit(channel->rsp, len);
	WARN_ON_ONCE(softfw_gcm_seal(request->aad.vmpck, le64_to_cpu(header.seqno), channel->buf,
				     len));
	memcpy(header.tag, channel->buf + SOFTFW_AAD_LEN + len, SOFTFW_TAG_LEN);
	if (softfw_fault(SOFTFW_FAULT_BAD_TAG, &arg))
		header.tag[0] ^= 1;

	memset(page, 0, PAGE_SIZE);
	memcpy(page, &header, sizeof(header));
	memcpy(page + sizeof(header), channel->buf + SOFTFW_AAD_LEN, len);
}

/* Builds the response in channel->rsp; 0 for a message that this firmware does not know. */
static size_t dispatch(const struct message_header *header)
{
	const u8 *req = channel->buf + SOFTFW_AAD_LEN;
	size_t len = le16_to_cpu(header->aad.size);
	u8 vmpl = header->aad.vmpck;

	memset(channel->rsp, 0, sizeof(channel->rsp));
	switch (header->aad.type) {
	case MSG_KEY_REQ:
		softfw_count(SOFTFW_COUNT_KEYS);
		return softfw_key(vmpl, header->aad.version, req, len, channel->rsp);
	case MSG_REPORT_REQ:
		softfw_count(SOFTFW_COUNT_REPORTS);
		return softfw_report(vmpl, header->aad.version, req, len, channel->rsp);
	default:
		return 0;
	}
}

/* One SNP_GUEST_REQUEST; returns the firmware's error. */
static u32 exchange(const void *req_page, void *rsp_page)
{
	struct message_header header;
	size_t len;
	u32 status;
	u64 arg;

	/* Read once: what is checked is what is used. */
	memcpy(&header, req_page, sizeof(header));
	if (!header_is_sane(&header))
		return SOFTFW_INVALID_PARAM;
	status = open_request(&header, req_page);
	if (status)
		return status;
	len = dispatch(&header);
	if (!len)
		return SOFTFW_INVALID_PARAM;
	if (softfw_fault(SOFTFW_FAULT_RSP_STATUS, &arg)) {
		__le32 word = cpu_to_le32(arg);

		memset(channel->rsp, 0, len);
		memcpy(channel->rsp, &word, sizeof(word));
	}
	if (memchr_inv(channel->rsp, 0, sizeof(__le32)))
		softfw_count(SOFTFW_COUNT_REFUSED);
	seal_response(&header, len, rsp_page);
	channel->count[header.aad.vmpck] += 2;
	return SOFTFW_OK;
}

static u64 certs_npages(void)
{
	return DIV_ROUND_UP(softfw_certs_len, PAGE_SIZE);
}

static bool give_certs(u64 gpa, u64 npages)
{
	u64 needed = certs_npages(), i;

	for (i = 0; i < needed; i++) {
		void *page = guest_page(gpa + i * PAGE_SIZE);
		size_t len = min_t(size_t, softfw_certs_len - i * PAGE_SIZE, PAGE_SIZE);

		if (!page)
			return false;
		memcpy(page, softfw_certs + i * PAGE_SIZE, len);
		memset(page + len, 0, PAGE_SIZE - len);
	}
	return true;
}

/* An entry of the certificate table (GHCB specification, extended guest request). */
struct cert_entry {
	u8 guid[16];
	__le32 offset;
	__le32 length;
} __packed;

/* A byte of a table that has no end: entries with a name, and bodies without a byte. */
static u8 endless(u64 at)
{
	return at % sizeof(struct cert_entry) < sizeof_field(struct cert_entry, guid) ? 0xff : 0;
}

static void fill_certs(u64 gpa, u64 npages, bool entries)
{
	u64 i;

	for (i = 0; i < npages * PAGE_SIZE; i++) {
		u8 *page = guest_page(gpa + round_down(i, PAGE_SIZE));

		if (page)
			page[i % PAGE_SIZE] = entries ? endless(i) : 0;
	}
}

/* After give_certs(), so the first page is there. */
static void spoil_certs(u64 gpa, u64 npages, u64 how)
{
	struct cert_entry *first = guest_page(gpa);

	switch (how) {
	case SOFTFW_CERTS_TOO_LONG:
		first->length = cpu_to_le32(npages * PAGE_SIZE - le32_to_cpu(first->offset) + 1);
		break;
	case SOFTFW_CERTS_WRAPS:
		first->offset = cpu_to_le32(U32_MAX);
		first->length = cpu_to_le32(2);
		break;
	default:
		fill_certs(gpa, npages, how == SOFTFW_CERTS_ENDLESS);
	}
}

/* What the hypervisor, or a fault in its place, has to say before firmware is asked. */
static u64 hypervisor_says(bool extended, u64 *npages)
{
	u64 arg;

	if (softfw_fault(SOFTFW_FAULT_DELAY, &arg))
		softfw_fault_delay(arg);
	if (softfw_fault(SOFTFW_FAULT_HANG, &arg))
		softfw_fault_hang();
	if (softfw_fault(SOFTFW_FAULT_BUSY, &arg))
		return SOFTFW_VMM_BUSY;
	if (softfw_fault(SOFTFW_FAULT_VMM_ERROR, &arg))
		return SOFTFW_VMM_ERROR(arg);
	if (softfw_fault(SOFTFW_FAULT_FW_ERROR, &arg))
		return (u32)arg;
	if (softfw_fault(SOFTFW_FAULT_INVALID_LEN, &arg)) {
		*npages = arg ?: certs_npages();
		return SOFTFW_VMM_INVALID_LEN;
	}
	if (extended && *npages < certs_npages()) {
		*npages = certs_npages();
		return SOFTFW_VMM_INVALID_LEN;
	}
	return 0;
}

static u64 serve(bool extended, u64 req_gpa, u64 rsp_gpa, u64 data_gpa, u64 *npages)
{
	void *req = guest_page(req_gpa), *rsp = guest_page(rsp_gpa);
	unsigned long flags;
	u64 info, arg;

	info = hypervisor_says(extended, npages);
	if (info)
		return info;
	if (!req || !rsp || req == rsp)
		return SOFTFW_INVALID_PARAM;
	raw_spin_lock_irqsave(&channel->lock, flags);
	info = exchange(req, rsp);
	raw_spin_unlock_irqrestore(&channel->lock, flags);
	if (info || !extended)
		return info;
	if (!give_certs(data_gpa, *npages))
		return SOFTFW_INVALID_PARAM;
	if (softfw_fault(SOFTFW_FAULT_BAD_CERTS, &arg))
		spoil_certs(data_gpa, *npages, arg);
	return 0;
}

/* Returns SW_EXITINFO2. Interrupts are off. */
u64 softfw_guest_request(bool extended, u64 req_gpa, u64 rsp_gpa, u64 data_gpa, u64 *npages)
{
	u64 info;

	softfw_count(SOFTFW_COUNT_REQUESTS);
	if (extended)
		softfw_count(SOFTFW_COUNT_EXTENDED);
	info = serve(extended, req_gpa, rsp_gpa, data_gpa, npages);
	softfw_count(info ? SOFTFW_COUNT_ERRORS : SOFTFW_COUNT_ANSWERED);
	softfw_sign_refill();
	return info;
}

static int secrets_init(phys_addr_t pa)
{
	unsigned int i;
	int r;

	secrets = memremap(pa, sizeof(*secrets), MEMREMAP_WB);
	if (!secrets)
		return -ENOMEM;
	memset(secrets, 0, sizeof(*secrets));
	secrets->version = cpu_to_le32(3);
	for (i = 0; i < SOFTFW_VMPCKS; i++) {
		get_random_bytes(secrets->vmpck[i], SOFTFW_KEY_LEN);
		r = softfw_gcm_setkey(i, secrets->vmpck[i]);
		if (r) {
			memunmap(secrets);
			return r;
		}
	}
	return 0;
}

int softfw_channel_init(phys_addr_t secrets_pa)
{
	int r;

	channel = kzalloc(sizeof(*channel), GFP_KERNEL);
	if (!channel)
		return -ENOMEM;
	raw_spin_lock_init(&channel->lock);
	r = secrets_init(secrets_pa);
	if (r)
		kfree(channel);
	return r;
}

void softfw_channel_exit(void)
{
	memzero_explicit(secrets, sizeof(*secrets));
	memunmap(secrets);
	kfree_sensitive(channel);
}
