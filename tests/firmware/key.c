// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSG_KEY_REQ: keys derived from the chip (AMD 56860).
 *
 * AMD does not publish its derivation; this one is a single HMAC-SHA-384 under the chosen root
 * secret over everything that was selected, cut to 32 bytes, so that a change of anything selected
 * is another key and a change of anything else is not. A TCB above the committed one gives what
 * hardware gives: success, and a key of zeros.
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/string.h>

#include "softfw.h"

#define ROOT_VMRK		BIT(0)
#define ROOT_KEY_SEL_SHIFT	1
#define ROOT_KEY_SEL_MASK	0x3
#define ROOT_KNOWN		0x7

#define FIELD_POLICY		BIT_ULL(0)
#define FIELD_IMAGE_ID		BIT_ULL(1)
#define FIELD_FAMILY_ID		BIT_ULL(2)
#define FIELD_MEASUREMENT	BIT_ULL(3)
#define FIELD_GUEST_SVN		BIT_ULL(4)
#define FIELD_TCB_VERSION	BIT_ULL(5)
#define FIELD_MIT_VECTOR	BIT_ULL(6)	/* message version 2 */
#define FIELDS_V1		GENMASK_ULL(5, 0)
#define FIELDS_V2		GENMASK_ULL(6, 0)

struct key_req {
	__le32 root_key_select;
	__le32 pad;
	__le64 guest_field_select;
	__le32 vmpl;
	__le32 guest_svn;
	u8 tcb_version[8];
	__le64 launch_mit_vector;	/* message version 2 */
} __packed;

#define KEY_REQ_LEN_V1		offsetof(struct key_req, launch_mit_vector)
#define KEY_REQ_LEN_V2		sizeof(struct key_req)

struct key_rsp {
	__le32 status;
	u8 pad[28];
	u8 key[SOFTFW_KEY_LEN];
} __packed;

/* What goes into the HMAC; what was not selected stays zero, and the selection itself is in. */
struct key_input {
	char label[16];
	__le32 root_key_select;
	__le32 vmpl;
	__le64 guest_field_select;
	__le64 policy;
	u8 image_id[16];
	u8 family_id[16];
	u8 measurement[48];
	__le32 guest_svn;
	u8 tcb_version[8];
	__le64 launch_mit_vector;
} __packed;

static u32 key_sel(const struct key_req *req)
{
	return (le32_to_cpu(req->root_key_select) >> ROOT_KEY_SEL_SHIFT) & ROOT_KEY_SEL_MASK;
}

static const u8 *choose_root(const struct key_req *req)
{
	bool vlek = le32_to_cpu(softfw_chip->flags) & SOFTFW_CHIP_VLEK;

	if (le32_to_cpu(req->root_key_select) & ROOT_VMRK)
		return softfw_chip->root_vmrk;
	switch (key_sel(req)) {
	case 0:
		return vlek ? softfw_chip->root_vlek : softfw_chip->root_vcek;
	case 1:
		return softfw_chip->root_vcek;
	default:
		return vlek ? softfw_chip->root_vlek : NULL;
	}
}

/* Copies the request into one of the larger size, if it is one. */
static bool read_request(u8 msg_version, const u8 *data, size_t len, struct key_req *ret_req)
{
	size_t expected = msg_version >= 2 ? KEY_REQ_LEN_V2 : KEY_REQ_LEN_V1;

	if (!msg_version || len != expected)
		return false;
	memset(ret_req, 0, sizeof(*ret_req));
	memcpy(ret_req, data, len);
	return true;
}

static u32 check_request(u32 vmpl, u8 msg_version, const struct key_req *req)
{
	u64 known = msg_version >= 2 ? FIELDS_V2 : FIELDS_V1;
	u32 asked = le32_to_cpu(req->vmpl);

	if (le32_to_cpu(req->root_key_select) & ~ROOT_KNOWN || req->pad ||
	    le64_to_cpu(req->guest_field_select) & ~known || key_sel(req) > 2 ||
	    asked < vmpl || asked >= SOFTFW_VMPCKS ||
	    le32_to_cpu(req->guest_svn) > le32_to_cpu(softfw_chip->guest_svn))
		return SOFTFW_INVALID_PARAM;
	return choose_root(req) ? SOFTFW_OK : SOFTFW_INVALID_KEY;
}

static bool tcb_is_committed(const struct key_req *req)
{
	size_t i;

	for (i = 0; i < sizeof(req->tcb_version); i++)
		if (req->tcb_version[i] > softfw_chip->committed_tcb[i])
			return false;
	return true;
}

static void select_input(const struct key_req *req, struct key_input *in)
{
	const struct softfw_chip *chip = softfw_chip;
	u64 fields = le64_to_cpu(req->guest_field_select);

	in->root_key_select = req->root_key_select;
	in->vmpl = req->vmpl;
	in->guest_field_select = req->guest_field_select;
	if (fields & FIELD_POLICY)
		in->policy = chip->policy;
	if (fields & FIELD_IMAGE_ID)
		memcpy(in->image_id, chip->image_id, sizeof(in->image_id));
	if (fields & FIELD_FAMILY_ID)
		memcpy(in->family_id, chip->family_id, sizeof(in->family_id));
	if (fields & FIELD_MEASUREMENT)
		memcpy(in->measurement, chip->measurement, sizeof(in->measurement));
	if (fields & FIELD_GUEST_SVN)
		in->guest_svn = req->guest_svn;
	if (fields & FIELD_TCB_VERSION)
		memcpy(in->tcb_version, req->tcb_version, sizeof(in->tcb_version));
	if (fields & FIELD_MIT_VECTOR)
		in->launch_mit_vector = req->launch_mit_vector;
}

static void derive(const struct key_req *req, u8 key[SOFTFW_KEY_LEN])
{
	struct key_input in = { .label = "softfw key v1" };
	u8 out[SOFTFW_HASH_LEN];

	select_input(req, &in);
	softfw_hmac_sha384(choose_root(req), SOFTFW_KEY_LEN, &in, sizeof(in), out);
	memcpy(key, out, SOFTFW_KEY_LEN);
	memzero_explicit(out, sizeof(out));
}

size_t softfw_key(u32 vmpl, u8 msg_version, const u8 *data, size_t len, u8 *out)
{
	struct key_rsp *rsp = (struct key_rsp *)out;
	struct key_req req;
	u32 status = SOFTFW_INVALID_PARAM;
	u64 arg;

	if (read_request(msg_version, data, len, &req))
		status = check_request(vmpl, msg_version, &req);
	rsp->status = cpu_to_le32(status);
	if (!status && tcb_is_committed(&req) && !softfw_fault(SOFTFW_FAULT_ZERO_KEY, &arg))
		derive(&req, rsp->key);
	return sizeof(*rsp);
}
