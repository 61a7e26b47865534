// SPDX-License-Identifier: GPL-2.0-only
/*
 * The secret store of the guest: ADD, LIST, LOCK and RETR_SECRET.
 *
 * Formats: linux asm/uv.h and s390-tools rust/pv/src/uvsecret (asrcb.rs, guest_secret.rs),
 * rust/pv_core/src/uvdevice (secret_list.rs, and secret.rs for the return codes). Kept are null
 * secrets, which only change the store's hash, association secrets, which no guest can read, and
 * plain text, which it can; protected keys would need hardware to be of use. All requests carry the
 * same extension secret as the first one did. RETR_SECRET is here on every kernel, also where the
 * stock driver has no call for it.
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "softuv.h"

#define ADD_MAGIC	"asrcbM"
#define ID_LEN		32
#define EXTENSION_LEN	32
#define ASSOCIATION_LEN	32
#define PLAIN_MAX	8192
#define STORE_MAX	256

#define FLAG_DISABLE_DUMP	BIT_ULL(63)

enum secret_type {
	TYPE_NULL = 1,
	TYPE_ASSOCIATION = 2,
	TYPE_PLAIN = 3,
};

/* Between the header and the key slots. */
struct asrcb_fields {
	struct softuv_request_header header;
	u64 flags;
	struct softuv_tags tags;
	u8 config_uid[SOFTUV_UID_LEN];
	u8 reserved[0x100];
	u8 user[0x200];
	u8 maker[SOFTUV_PUBLIC_LEN];
};

static_assert(offsetof(struct asrcb_fields, maker) == 48 + 0x3e8);

/* Behind the key slots: null secrets have no id. */
struct secret_fields {
	u16 reserved;
	u16 type;
	u32 len;
	u64 reserved8;
	u8 id[ID_LEN];
};

#define NULL_FIELDS_LEN	offsetof(struct secret_fields, id)

struct address_block {
	struct softuv_header header;
	u64 reserved08[2];
	u8 reserved18[6];
	u16 start;
	u64 addr;
	u64 reserved28[4];
};

static_assert(sizeof(struct address_block) == 0x48);

struct retrieve_block {
	struct softuv_header header;
	u64 reserved08[2];
	u16 index;
	u16 reserved1a;
	u32 len;
	u64 addr;
	u64 reserved28[4];
};

static_assert(sizeof(struct retrieve_block) == 0x48);

#define LOCK_BLOCK_LEN	0x40

struct list_item {
	u16 index;
	u16 type;
	u32 len;
	u64 reserved;
	u8 id[ID_LEN];
};

struct list_page {
	u16 stored;
	u16 total;
	u16 next;
	u16 reserved06;
	u64 reserved08;
	struct list_item items[85];
};

static_assert(sizeof(struct list_page) == 4096);

enum secret_rc {
	RC_NOT_ALLOWED		= 0x0101,
	RC_LOCKED		= 0x0102,
	RC_REQUEST_ACCESS	= 0x0103,
	RC_VERSION		= 0x0104,
	RC_REQUEST_LEN		= 0x0105,
	RC_SLOTS		= 0x0106,
	RC_FLAGS		= 0x0107,
	RC_DECRYPT		= 0x0108,
	RC_TYPE			= 0x0109,
	RC_SECRET_LEN		= 0x010a,
	RC_FULL			= 0x010b,
	RC_UNABLE		= 0x010c,
};

enum retrieve_rc {
	RC_RETR_ACCESS		= 0x0102,
	RC_RETR_SMALL		= 0x0109,
	RC_RETR_EMPTY		= 0x010f,
	RC_RETR_INDEX		= 0x0110,
	RC_RETR_NOT		= 0x0111,
};

/* LIST has one code of its own. */
#define RC_LIST_ACCESS		0x0102

static const struct softuv_request_codes codes = {
	.access = RC_REQUEST_ACCESS,
	.version = RC_VERSION,
	.length = RC_REQUEST_LEN,
	.slots = RC_SLOTS,
	.sealed = RC_REQUEST_LEN,
};

struct secret {
	u16 type;
	u32 len;
	u8 id[ID_LEN];
	u8 *bytes;
};

static struct {
	raw_spinlock_t lock;
	struct secret secrets[STORE_MAX];
	unsigned int count;
	unsigned int retrievable;
	bool locked;
	bool any;			/* a request has been accepted */
	u8 extension[EXTENSION_LEN];
	u8 chain[SOFTUV_SHA512_LEN];	/* over the accepted requests */
} store = { .lock = __RAW_SPIN_LOCK_UNLOCKED(store.lock) };

static bool fixed_store;
module_param(fixed_store, bool, 0444);
MODULE_PARM_DESC(fixed_store, "Y: this guest may not change its store");

void softuv_secrets_wipe(void)
{
	while (store.count)
		kfree_sensitive(store.secrets[--store.count].bytes);
	memzero_explicit(store.extension, sizeof(store.extension));
}

void softuv_secrets_hash(u8 out[SOFTUV_SHA512_LEN])
{
	u8 chain[SOFTUV_SHA512_LEN], locked;
	unsigned long flags;

	raw_spin_lock_irqsave(&store.lock, flags);
	memcpy(chain, store.chain, sizeof(chain));
	locked = store.locked;
	raw_spin_unlock_irqrestore(&store.lock, flags);
	softuv_sha512(chain, sizeof(chain), &locked, sizeof(locked), out);
}

unsigned int softuv_secrets_count(void)
{
	return READ_ONCE(store.count);
}

bool softuv_secrets_locked(void)
{
	return READ_ONCE(store.locked);
}

static u16 check_type(const struct secret_fields *fields)
{
	switch (fields->type) {
	case TYPE_NULL:
		return fields->len ? RC_SECRET_LEN : SOFTUV_RC_EXECUTED;
	case TYPE_ASSOCIATION:
		return fields->len == ASSOCIATION_LEN ? SOFTUV_RC_EXECUTED : RC_SECRET_LEN;
	case TYPE_PLAIN:
		return fields->len && fields->len % 16 == 0 && fields->len <= PLAIN_MAX ?
		       SOFTUV_RC_EXECUTED : RC_SECRET_LEN;
	default:
		return RC_TYPE;
	}
}

/* What is in the clear; *ret_fields only where there is room for all of it. */
static u16 check_request(const struct softuv_request *request,
			 const struct secret_fields **ret_fields)
{
	const struct asrcb_fields *clear = (const void *)request->bytes;
	const u8 *at = request->bytes + sizeof(*clear) + SOFTUV_SLOT_LEN * clear->header.slots;
	const struct secret_fields *fields = (const void *)at;
	size_t room = request->sealed - at;
	u16 rc;

	if (memcmp(clear->header.magic, ADD_MAGIC, sizeof(ADD_MAGIC) - 1))
		return RC_VERSION;
	if (clear->flags & ~FLAG_DISABLE_DUMP)
		return RC_FLAGS;
	if (room < NULL_FIELDS_LEN)
		return RC_REQUEST_LEN;
	rc = check_type(fields);
	if (rc != SOFTUV_RC_EXECUTED)
		return rc;
	if (room != (fields->type == TYPE_NULL ? NULL_FIELDS_LEN : sizeof(*fields)) ||
	    clear->header.sealed_len != fields->len + EXTENSION_LEN)
		return RC_REQUEST_LEN;
	*ret_fields = fields;
	return SOFTUV_RC_EXECUTED;
}

/* A request is for one image, and may be for one instance of it. */
static bool meant_for_us(const struct softuv_request *request)
{
	const struct asrcb_fields *clear = (const void *)request->bytes;

	return !memcmp(&clear->tags, &softuv_platform.tags, sizeof(clear->tags)) &&
	       (!memchr_inv(clear->config_uid, 0, sizeof(clear->config_uid)) ||
		!memcmp(clear->config_uid, softuv_platform.config_uid, sizeof(clear->config_uid)));
}

static u16 may_insert(const struct secret *secret, const u8 *extension)
{
	unsigned int i;

	if (store.locked)
		return RC_LOCKED;
	if (store.any && memcmp(store.extension, extension, EXTENSION_LEN))
		return RC_UNABLE;
	if (secret->type == TYPE_NULL)
		return SOFTUV_RC_EXECUTED;
	if (store.count == min_t(unsigned int, softuv_platform.max_secrets, STORE_MAX) ||
	    (secret->type == TYPE_PLAIN && store.retrievable == softuv_platform.max_retrievable))
		return RC_FULL;
	for (i = 0; i < store.count; i++)
		if (!memcmp(store.secrets[i].id, secret->id, ID_LEN))
			return RC_UNABLE;
	return SOFTUV_RC_EXECUTED;
}

/* @digest is of the request as it came: what was sealed in it has been opened in place since. */
static u16 insert(struct secret *secret, const u8 *extension, const u8 digest[SOFTUV_SHA512_LEN])
{
	unsigned long flags;
	u16 rc;

	raw_spin_lock_irqsave(&store.lock, flags);
	rc = may_insert(secret, extension);
	if (rc == SOFTUV_RC_EXECUTED) {
		softuv_sha512(store.chain, sizeof(store.chain), digest, SOFTUV_SHA512_LEN,
			      store.chain);
		memcpy(store.extension, extension, EXTENSION_LEN);
		store.any = true;
		if (secret->type != TYPE_NULL)
			store.secrets[store.count++] = *secret;
		if (secret->type == TYPE_PLAIN)
			store.retrievable++;
	}
	raw_spin_unlock_irqrestore(&store.lock, flags);
	return rc;
}

static u16 add(struct softuv_request *request)
{
	const struct secret_fields *fields;
	u8 digest[SOFTUV_SHA512_LEN];
	struct secret secret = {};
	u16 rc;

	rc = check_request(request, &fields);
	if (rc != SOFTUV_RC_EXECUTED)
		return rc;
	softuv_sha512(request->bytes, request->len, NULL, 0, digest);
	if (!softuv_request_open(request, softuv_platform.host_scalar, softuv_phkh))
		return RC_DECRYPT;
	if (!meant_for_us(request))
		return RC_UNABLE;
	secret.type = fields->type;
	secret.len = fields->len;
	if (secret.type != TYPE_NULL) {
		memcpy(secret.id, fields->id, ID_LEN);
		secret.bytes = kmemdup(request->sealed, secret.len, GFP_ATOMIC);
		if (!secret.bytes)
			return RC_UNABLE;
	}
	rc = insert(&secret, request->sealed + secret.len, digest);
	if (rc != SOFTUV_RC_EXECUTED)
		kfree_sensitive(secret.bytes);
	return rc;
}

u16 softuv_add_secret(struct softuv_header *header)
{
	const struct address_block *block = (const void *)header;
	struct softuv_request request;
	u16 rc;

	if (header->len != sizeof(*block))
		return SOFTUV_RC_INV_LEN;
	if (fixed_store)
		return RC_NOT_ALLOWED;
	if (softuv_secrets_locked())
		return RC_LOCKED;
	rc = softuv_request_get(block->addr, offsetof(struct asrcb_fields, maker), &codes,
				&request);
	if (rc != SOFTUV_RC_EXECUTED)
		return rc;
	rc = add(&request);
	softuv_request_put(&request);
	if (rc == SOFTUV_RC_EXECUTED)
		softuv_count(SOFTUV_COUNT_ADDED);
	return rc;
}

u16 softuv_lock_secrets(struct softuv_header *header)
{
	unsigned long flags;
	bool before;

	if (header->len != LOCK_BLOCK_LEN)
		return SOFTUV_RC_INV_LEN;
	if (fixed_store)
		return RC_NOT_ALLOWED;
	raw_spin_lock_irqsave(&store.lock, flags);
	before = store.locked;
	WRITE_ONCE(store.locked, true);
	raw_spin_unlock_irqrestore(&store.lock, flags);
	if (before)
		return RC_LOCKED;
	softuv_count(SOFTUV_COUNT_LOCKED);
	return SOFTUV_RC_EXECUTED;
}

static u16 list_lies(struct list_page *page, u16 rc)
{
	u64 arg;

	if (softfw_fault(SOFTUV_FAULT_LIST_STORED, &arg))
		page->stored = arg;
	if (softfw_fault(SOFTUV_FAULT_LIST_TOTAL, &arg))
		page->total = arg;
	if (softfw_fault(SOFTUV_FAULT_LIST_NEXT, &arg)) {
		page->next = arg;
		rc = SOFTUV_RC_MORE_DATA;
	}
	return rc;
}

static u16 list(struct list_page *page, unsigned int start)
{
	unsigned int i, end = min_t(unsigned int, store.count, start + ARRAY_SIZE(page->items));

	memset(page, 0, sizeof(*page));
	for (i = start; i < end; i++) {
		const struct secret *secret = &store.secrets[i];
		struct list_item *item = &page->items[page->stored++];

		item->index = i;
		item->type = secret->type;
		item->len = secret->len;
		memcpy(item->id, secret->id, ID_LEN);
	}
	page->total = store.count;
	page->next = end < store.count ? end : 0;
	return end < store.count ? SOFTUV_RC_MORE_DATA : SOFTUV_RC_EXECUTED;
}

u16 softuv_list_secrets(struct softuv_header *header)
{
	const struct address_block *block = (const void *)header;
	struct list_page *page = (struct list_page *)(uintptr_t)block->addr;
	unsigned long flags;
	u64 arg;
	u16 rc;

	if (header->len != sizeof(*block))
		return SOFTUV_RC_INV_LEN;
	if (!PAGE_ALIGNED(block->addr) || !softuv_readable(block->addr, sizeof(*page)))
		return RC_LIST_ACCESS;
	softuv_count(SOFTUV_COUNT_LISTED);
	if (softfw_fault(SOFTUV_FAULT_NO_ANSWER, &arg))
		return SOFTUV_RC_EXECUTED;
	raw_spin_lock_irqsave(&store.lock, flags);
	rc = list(page, block->start);
	raw_spin_unlock_irqrestore(&store.lock, flags);
	return list_lies(page, rc);
}

static u16 retrieve(const struct retrieve_block *block, u8 *to)
{
	const struct secret *secret;
	u64 arg;

	if (!store.count)
		return RC_RETR_EMPTY;
	if (block->index >= store.count)
		return RC_RETR_INDEX;
	secret = &store.secrets[block->index];
	if (secret->type != TYPE_PLAIN)
		return RC_RETR_NOT;
	if (block->len < secret->len)
		return RC_RETR_SMALL;
	if (!softuv_readable(block->addr, secret->len))
		return RC_RETR_ACCESS;
	if (softfw_fault(SOFTUV_FAULT_NO_ANSWER, &arg))
		return SOFTUV_RC_EXECUTED;
	memcpy(to, secret->bytes, secret->len);
	if (softfw_fault(SOFTUV_FAULT_ZERO_SECRET, &arg))
		memset(to, 0, secret->len);
	if (softfw_fault(SOFTUV_FAULT_SECRET_LEN, &arg)) {
		to[0] = arg >> 8;
		to[1] = arg;
	}
	return SOFTUV_RC_EXECUTED;
}

u16 softuv_retrieve_secret(struct softuv_header *header)
{
	const struct retrieve_block *block = (const void *)header;
	unsigned long flags;
	u16 rc;

	if (header->len != sizeof(*block))
		return SOFTUV_RC_INV_LEN;
	raw_spin_lock_irqsave(&store.lock, flags);
	rc = retrieve(block, (u8 *)(uintptr_t)block->addr);
	raw_spin_unlock_irqrestore(&store.lock, flags);
	if (rc == SOFTUV_RC_EXECUTED)
		softuv_count(SOFTUV_COUNT_RETRIEVED);
	return rc;
}
