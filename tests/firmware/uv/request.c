// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all requests to the Ultravisor have in common: a header, fields in the clear, the public key
 * of their maker, a slot for each host that may open them, and a sealed part.
 *
 * Format: s390-tools, rust/pv/src/req.rs. A request is copied before anything in it is believed,
 * since a guest may change it at any time; what cannot be read is an access exception.
 */
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "softuv.h"

/* What a key slot holds behind the hash of the host's key, which names the host. */
#define SLOT_WRAPPED		SOFTUV_PHKH_LEN
#define WRAPPED_LEN		(SOFTUV_KEY_LEN + SOFTUV_TAG_LEN)

static bool copy_in(void *to, u64 addr, size_t len)
{
	return !copy_from_kernel_nofault(to, (const void *)(uintptr_t)addr, len);
}

/* Of each page that @len bytes at @addr touch, one byte. */
bool softuv_readable(u64 addr, size_t len)
{
	u64 end;
	u8 byte;

	if (!len)
		return true;
	if (check_add_overflow(addr, (u64)len - 1, &end))
		return false;
	for (; (addr ^ end) & PAGE_MASK; addr = (addr | ~PAGE_MASK) + 1)
		if (!copy_in(&byte, addr, 1))
			return false;
	return copy_in(&byte, end, 1);
}

static u16 check_header(const struct softuv_request_header *header, size_t fixed_len,
			const struct softuv_request_codes *codes)
{
	u64 least = (u64)fixed_len + SOFTUV_SLOT_LEN * header->slots + header->sealed_len +
		    SOFTUV_TAG_LEN;

	if (header->version != SOFTUV_REQUEST_VERSION)
		return codes->version;
	if (header->len > SOFTUV_REQUEST_MAX)
		return codes->length;
	if (!header->slots)
		return codes->slots;
	if (header->sealed_len > SOFTUV_REQUEST_MAX)
		return codes->sealed;
	return header->len < least ? codes->length : SOFTUV_RC_EXECUTED;
}

/* A copy of the request at @addr, in which everything has its place but nothing is opened yet. */
u16 softuv_request_get(u64 addr, size_t key_at, const struct softuv_request_codes *codes,
		       struct softuv_request *ret_request)
{
	struct softuv_request_header header;
	u8 *bytes;
	u16 rc;

	if (!copy_in(&header, addr, sizeof(header)))
		return codes->access;
	rc = check_header(&header, key_at + SOFTUV_PUBLIC_LEN, codes);
	if (rc != SOFTUV_RC_EXECUTED)
		return rc;
	bytes = kmalloc(header.len, GFP_ATOMIC);
	if (!bytes || !copy_in(bytes, addr, header.len)) {
		kfree(bytes);
		return codes->access;
	}
	/* What has been judged, whatever the guest has made of it since. */
	memcpy(bytes, &header, sizeof(header));
	*ret_request = (struct softuv_request){
		.header = (struct softuv_request_header *)bytes,
		.bytes = bytes,
		.len = header.len,
		.maker = bytes + key_at,
		.slots_at = key_at + SOFTUV_PUBLIC_LEN,
		.sealed = bytes + header.len - SOFTUV_TAG_LEN - header.sealed_len,
	};
	return SOFTUV_RC_EXECUTED;
}

void softuv_request_put(struct softuv_request *request)
{
	kfree_sensitive(request->bytes);
	request->bytes = NULL;
}

static const u8 *find_slot(const struct softuv_request *request, const u8 phkh[SOFTUV_PHKH_LEN])
{
	const u8 *slot = request->bytes + request->slots_at;
	unsigned int i;

	for (i = 0; i < request->header->slots; i++, slot += SOFTUV_SLOT_LEN)
		if (!memcmp(slot, phkh, SOFTUV_PHKH_LEN))
			return slot;
	return NULL;
}

/*
 * What was shared last: requests of one maker come in a row, and to an emulator the curve is more
 * work than all else in a call.
 */
static struct {
	raw_spinlock_t lock;
	bool known;
	u8 scalar[SOFTUV_COORDINATE_LEN];
	u8 maker[SOFTUV_PUBLIC_LEN];
	u8 shared[SOFTUV_SHARED_LEN];
} last = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(last.lock),
};

static bool is_last(const u8 *maker, const u8 scalar[SOFTUV_COORDINATE_LEN])
{
	return last.known && !memcmp(last.maker, maker, SOFTUV_PUBLIC_LEN) &&
	       !memcmp(last.scalar, scalar, SOFTUV_COORDINATE_LEN);
}

/* What the host of this key and @maker share; false when that is no point of the curve. */
static bool share(const u8 *maker, const u8 scalar[SOFTUV_COORDINATE_LEN],
		  u8 ret_shared[SOFTUV_SHARED_LEN])
{
	unsigned long flags;
	bool good;

	raw_spin_lock_irqsave(&last.lock, flags);
	good = is_last(maker, scalar);
	if (good)
		memcpy(ret_shared, last.shared, SOFTUV_SHARED_LEN);
	raw_spin_unlock_irqrestore(&last.lock, flags);
	if (good)
		return true;
	if (!softuv_ecdh(scalar, maker, ret_shared))
		return false;
	raw_spin_lock_irqsave(&last.lock, flags);
	memcpy(last.maker, maker, SOFTUV_PUBLIC_LEN);
	memcpy(last.scalar, scalar, SOFTUV_COORDINATE_LEN);
	memcpy(last.shared, ret_shared, SOFTUV_SHARED_LEN);
	last.known = true;
	raw_spin_unlock_irqrestore(&last.lock, flags);
	return true;
}

/* For when nobody can call any more. */
void softuv_requests_wipe(void)
{
	last.known = false;
	memzero_explicit(last.scalar, sizeof(last.scalar));
	memzero_explicit(last.shared, sizeof(last.shared));
}

/* The request's own key, wrapped under what host and maker share. */
static bool unwrap(const u8 *slot, const u8 *maker, const u8 scalar[SOFTUV_COORDINATE_LEN],
		   u8 ret_wrapped[WRAPPED_LEN])
{
	u8 shared[SOFTUV_SHARED_LEN + sizeof(u32)] = { [SOFTUV_SHARED_LEN + 3] = 1 };
	u8 wrapping_key[SOFTUV_KEY_LEN], iv[SOFTUV_IV_LEN] = {};
	bool good;

	if (!share(maker, scalar, shared))
		return false;
	softuv_sha256(shared, sizeof(shared), wrapping_key);
	memcpy(ret_wrapped, slot + SLOT_WRAPPED, WRAPPED_LEN);
	good = softuv_gcm_open(wrapping_key, iv, NULL, 0, ret_wrapped, SOFTUV_KEY_LEN);
	memzero_explicit(shared, sizeof(shared));
	memzero_explicit(wrapping_key, sizeof(wrapping_key));
	return good;
}

/* Opens the sealed part in place, for the host of this key. */
bool softuv_request_open(struct softuv_request *request, const u8 scalar[SOFTUV_COORDINATE_LEN],
			 const u8 phkh[SOFTUV_PHKH_LEN])
{
	const u8 *slot = find_slot(request, phkh);
	u8 key[WRAPPED_LEN];
	bool good;

	if (!slot || !unwrap(slot, request->maker, scalar, key))
		return false;
	good = softuv_gcm_open(key, request->header->iv, request->bytes,
			       request->sealed - request->bytes, request->sealed,
			       request->header->sealed_len);
	memzero_explicit(key, sizeof(key));
	return good;
}
