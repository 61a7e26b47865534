// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finds and reads the header of a Secure Execution image. Only the measurement tells whether it is
 * that of the guest, and it covers the three digests and the tag: what else is in a header, flags
 * and host keys among it, is as true as the file that the caller has. The tag authenticates all of
 * that, but under a key which only the image's owner and the Ultravisor have.
 */
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "se-header.h"

#define VERSION			0x0100
#define PAGE			4096
#define HEADER_MAX		(2 * PAGE)
#define SEARCH_PAGES		0x15	/* where older images have it */
#define METADATA_OFFSET		0xc000	/* where newer ones say where it is */

/* Where things are. */
#define AT_VERSION		8
#define AT_SIZE			12
#define AT_RESERVED		28
#define AT_SLOT_COUNT		32
#define AT_SECRET_LEN		40
#define AT_PAGES		48
#define AT_FLAGS		56
#define AT_DIGESTS		224
#define AT_SLOTS		(AT_DIGESTS + 3 * SE_DIGEST_SIZE)

/* Plaintext control flags; bit n from the left. Source: rust/pvimg/src/pv_utils/se_hdr/flags.rs */
#define PCF_ALLOW_DUMPING	SE_FLAG(34)
#define PCF_NOT_ENCRYPTED	SE_FLAG(35)
/* Beside them: PCKMO for DEA 56, AES 57, ECC 58, HMAC 59; backup target keys 62. */
#define PCF_KNOWN		(PCF_ALLOW_DUMPING | PCF_NOT_ENCRYPTED | SE_FLAG(56) | \
				 SE_FLAG(57) | SE_FLAG(58) | SE_FLAG(59) | SE_FLAG(62))

static bool has(struct tee_bytes image, uint64_t at, const char *magic)
{
	return at <= image.len && image.len - at >= 8 &&
	       !memcmp((const uint8_t *)image.data + at, magic, 8);
}

/* SIZE_MAX when there is none. */
static size_t find_header(struct tee_bytes image)
{
	if (has(image, METADATA_OFFSET, "SeImgLnx") && image.len - METADATA_OFFSET >= 16) {
		uint64_t at = be64((const uint8_t *)image.data + METADATA_OFFSET + 8);

		return has(image, at, "IBMSecEx") ? (size_t)at : SIZE_MAX;
	}
	for (size_t page = 0; page < SEARCH_PAGES; page++)
		if (has(image, page * PAGE, "IBMSecEx"))
			return page * PAGE;
	return SIZE_MAX;
}

/* NULL, or what is wrong. @left: bytes from the header to the end of the file. */
static const char *read_header(const uint8_t *raw, size_t left, struct se_header *ret)
{
	uint64_t size, slots, secret_len;

	if (left < AT_SLOTS)
		return "it is cut off";
	size = be32(raw + AT_SIZE);
	slots = be64(raw + AT_SLOT_COUNT);
	secret_len = be64(raw + AT_SECRET_LEN);
	if (be32(raw + AT_VERSION) != VERSION)
		return "its version is not 0x100";
	if (size > left)
		return "it is cut off";
	if (size > HEADER_MAX || slots > size || secret_len > size)
		return "it is larger than two pages";
	if (!slots)
		return "it is for no host key";
	if (size != AT_SLOTS + slots * SE_SLOT_SIZE + secret_len + SE_GCM_TAG_SIZE)
		return "its parts do not add up to its size";
	if (!bytes_are_zero(raw + AT_RESERVED, 4))
		return "bytes that are reserved are not zero";
	*ret = (struct se_header){
		.digests = raw + AT_DIGESTS,
		.tag = raw + size - SE_GCM_TAG_SIZE,
		.flags = be64(raw + AT_FLAGS),
		.pages = be64(raw + AT_PAGES),
		.slots = { raw + AT_SLOTS, (size_t)slots },
	};
	return NULL;
}

void se_header_policy(const struct se_header *header, tee_verdict *v)
{
	if (header->flags & PCF_ALLOW_DUMPING)
		verdict_warn(v, SE_POLICY_DUMP, "the image allows dumps of the guest's memory: "
			     "whoever has its customer communication key can read them");
	else
		verdict_pass(v, SE_POLICY_DUMP, NEEDS_REPORT,
			     "the image allows no dump of the guest");
	if (header->flags & PCF_NOT_ENCRYPTED)
		verdict_warn(v, SE_POLICY_ENCRYPTION, "the image is not encrypted: the host can "
			     "read what is in it, so no secret may be");
	else
		verdict_pass(v, SE_POLICY_ENCRYPTION, NEEDS_REPORT, "the image is encrypted");
	if (header->flags & ~PCF_KNOWN)
		verdict_warn(v, SE_HEADER_FLAGS, "the header has flags whose meaning is unknown "
			     "here, 0x%016llx", (unsigned long long)(header->flags & ~PCF_KNOWN));
	else
		verdict_pass(v, SE_HEADER_FLAGS, NEEDS_NOTHING,
			     "all flags in the header are known");
}

bool se_header_check(struct tee_bytes image, struct se_header *ret, tee_verdict *v)
{
	const char *why = "there is none in it";
	size_t at;

	if (!image.len) {
		verdict_fail(v, SE_HEADER_FORMAT,
			     "no header of an image was given: which guest is expected?");
		return false;
	}
	at = find_header(image);
	if (at != SIZE_MAX)
		why = read_header((const uint8_t *)image.data + at, image.len - at, ret);
	if (why) {
		verdict_fail(v, SE_HEADER_FORMAT,
			     "what was given as the header of the image is none: %s", why);
		return false;
	}
	verdict_pass(v, SE_HEADER_FORMAT, NEEDS_NOTHING, "the given header is well-formed");
	return true;
}

void se_slots_facts(const struct se_slots *slots, const char *prefix, tee_verdict *v)
{
	for (size_t i = 0; i < slots->count; i++) {
		char name[48];

		snprintf(name, sizeof(name), "%s.host_key.%zu", prefix, i + 1);
		verdict_fact_hex(v, name, se_slot_phkh(slots, i), SE_PHKH_SIZE);
	}
}

void se_header_facts(const struct se_header *header, tee_verdict *v)
{
	verdict_fact_hex(v, "image.page_list_digest", header->digests, SE_DIGEST_SIZE);
	verdict_fact_hex(v, "image.address_list_digest", header->digests + SE_DIGEST_SIZE,
			 SE_DIGEST_SIZE);
	verdict_fact_hex(v, "image.tweak_list_digest", header->digests + 2 * SE_DIGEST_SIZE,
			 SE_DIGEST_SIZE);
	verdict_fact_hex(v, "image.tag", header->tag, SE_GCM_TAG_SIZE);
	verdict_fact(v, "image.pages", "%llu", (unsigned long long)header->pages);
	verdict_fact(v, "image.flags", "0x%016llx", (unsigned long long)header->flags);
	se_slots_facts(&header->slots, "image", v);
}
