// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSG_REPORT_REQ: the attestation report (AMD 56860), versions 2, 3 and 5.
 *
 * Every field that describes the chip or the guest comes from chip.bin; from the request come
 * report_data, the VMPL and the choice of the signing key.
 */
#include <linux/build_bug.h>
#include <linux/string.h>

#include "softfw.h"

#define REQ_LEN			96
#define KEY_SEL_AUTO		0
#define KEY_SEL_VCEK		1
#define KEY_SEL_VLEK		2
#define KEY_SEL_MASK		0x3

#define SIGNATURE_ECDSA_P384	1

#define FLAG_AUTHOR_KEY		BIT(0)
#define FLAG_MASK_CHIP_KEY	BIT(1)
#define FLAG_SIGNER_SHIFT	2

struct report_req {
	u8 report_data[64];
	__le32 vmpl;
	__le32 key_sel;
	u8 pad[24];
} __packed;

static_assert(sizeof(struct report_req) == REQ_LEN);

struct report {
	__le32 version;
	__le32 guest_svn;
	__le64 policy;
	u8 family_id[16];
	u8 image_id[16];
	__le32 vmpl;
	__le32 signature_algo;
	u8 current_tcb[8];
	__le64 platform_info;
	__le32 flags;
	u8 pad1[4];
	u8 report_data[64];
	u8 measurement[48];
	u8 host_data[32];
	u8 id_key_digest[48];
	u8 author_key_digest[48];
	u8 report_id[32];
	u8 report_id_ma[32];
	u8 reported_tcb[8];
	u8 cpuid[3];			/* version 3 and later */
	u8 pad2[21];
	u8 chip_id[64];
	u8 committed_tcb[8];
	u8 current_fw[4];
	u8 committed_fw[4];
	u8 launch_tcb[8];
	__le64 launch_mit_vector;	/* version 5 */
	__le64 current_mit_vector;	/* version 5 */
	u8 pad3[152];
	u8 signature_r[72];		/* little-endian, 48 bytes of them used */
	u8 signature_s[72];
	u8 pad4[368];
} __packed;

static_assert(offsetof(struct report, report_data) == 0x50);
static_assert(offsetof(struct report, reported_tcb) == 0x180);
static_assert(offsetof(struct report, chip_id) == 0x1a0);
static_assert(offsetof(struct report, launch_tcb) == 0x1f0);
static_assert(offsetof(struct report, signature_r) == 0x2a0);
static_assert(sizeof(struct report) == SOFTFW_REPORT_LEN);

struct report_rsp {
	__le32 status;
	__le32 report_size;
	u8 pad[24];
	struct report report;
} __packed;

static_assert(sizeof(struct report_rsp) <= SOFTFW_MAX_PAYLOAD);

static bool chip_has(u32 flag)
{
	return le32_to_cpu(softfw_chip->flags) & flag;
}

static u32 choose_signer(u32 key_sel, enum softfw_signer *ret_signer)
{
	bool vlek = chip_has(SOFTFW_CHIP_VLEK);

	if (key_sel == KEY_SEL_VLEK && !vlek)
		return SOFTFW_INVALID_KEY;
	if (key_sel > KEY_SEL_VLEK)
		return SOFTFW_INVALID_PARAM;
	*ret_signer = vlek && key_sel != KEY_SEL_VCEK ? SOFTFW_SIGN_VLEK : SOFTFW_SIGN_VCEK;
	return SOFTFW_OK;
}

static u32 check_request(u32 vmpl, u8 msg_version, const struct report_req *req, size_t len,
			 enum softfw_signer *ret_signer)
{
	u32 asked;

	if (!msg_version || len != sizeof(*req))
		return SOFTFW_INVALID_PARAM;
	asked = le32_to_cpu(req->vmpl);
	if (asked < vmpl || asked >= SOFTFW_VMPCKS || le32_to_cpu(req->key_sel) & ~KEY_SEL_MASK ||
	    memchr_inv(req->pad, 0, sizeof(req->pad)))
		return SOFTFW_INVALID_PARAM;
	return choose_signer(le32_to_cpu(req->key_sel), ret_signer);
}

static void fill_guest(struct report *report)
{
	const struct softfw_chip *chip = softfw_chip;

	report->guest_svn = chip->guest_svn;
	report->policy = chip->policy;
	memcpy(report->family_id, chip->family_id, sizeof(report->family_id));
	memcpy(report->image_id, chip->image_id, sizeof(report->image_id));
	memcpy(report->measurement, chip->measurement, sizeof(report->measurement));
	memcpy(report->host_data, chip->host_data, sizeof(report->host_data));
	memcpy(report->id_key_digest, chip->id_key_digest, sizeof(report->id_key_digest));
	memcpy(report->author_key_digest, chip->author_key_digest,
	       sizeof(report->author_key_digest));
	memcpy(report->report_id, chip->report_id, sizeof(report->report_id));
	memcpy(report->report_id_ma, chip->report_id_ma, sizeof(report->report_id_ma));
}

static void fill_platform(struct report *report)
{
	const struct softfw_chip *chip = softfw_chip;

	report->version = cpu_to_le32(chip->report_version);
	report->platform_info = chip->platform_info;
	memcpy(report->current_tcb, chip->current_tcb, sizeof(report->current_tcb));
	memcpy(report->reported_tcb, chip->reported_tcb, sizeof(report->reported_tcb));
	memcpy(report->committed_tcb, chip->committed_tcb, sizeof(report->committed_tcb));
	memcpy(report->launch_tcb, chip->launch_tcb, sizeof(report->launch_tcb));
	memcpy(report->current_fw, chip->current_fw, sizeof(report->current_fw));
	memcpy(report->committed_fw, chip->committed_fw, sizeof(report->committed_fw));
	if (chip->report_version >= 3)
		memcpy(report->cpuid, chip->cpuid, sizeof(report->cpuid));
	if (chip->report_version >= 5) {
		report->launch_mit_vector = chip->launch_mit_vector;
		report->current_mit_vector = chip->current_mit_vector;
	}
}

static void fill_signer(struct report *report, enum softfw_signer signer)
{
	u32 flags = signer << FLAG_SIGNER_SHIFT;

	if (chip_has(SOFTFW_CHIP_AUTHOR_KEY))
		flags |= FLAG_AUTHOR_KEY;
	if (signer == SOFTFW_SIGN_NONE)
		flags |= FLAG_MASK_CHIP_KEY;
	report->flags = cpu_to_le32(flags);
	report->signature_algo = cpu_to_le32(SIGNATURE_ECDSA_P384);
	/* A VLEK belongs to a provider's fleet: its reports do not name the chip. */
	if (signer != SOFTFW_SIGN_VLEK && !chip_has(SOFTFW_CHIP_MASK_CHIP_ID))
		memcpy(report->chip_id, softfw_chip->chip_id, sizeof(report->chip_id));
}

static void sign(struct report *report, enum softfw_signer signer)
{
	u64 arg;

	if (signer == SOFTFW_SIGN_NONE)
		return;
	softfw_sign(signer, (u8 *)report, offsetof(struct report, signature_r),
		    report->signature_r, report->signature_s);
	if (softfw_fault(SOFTFW_FAULT_BAD_SIGNATURE, &arg))
		report->signature_s[0] ^= 1;
}

size_t softfw_report(u32 vmpl, u8 msg_version, const u8 *data, size_t len, u8 *out)
{
	struct report_rsp *rsp = (struct report_rsp *)out;
	const struct report_req *req = (const struct report_req *)data;
	enum softfw_signer signer;
	u32 status;
	u64 arg;

	status = check_request(vmpl, msg_version, req, len, &signer);
	if (status) {
		rsp->status = cpu_to_le32(status);
		return sizeof(*rsp);
	}
	if (chip_has(SOFTFW_CHIP_MASK_CHIP_KEY))
		signer = SOFTFW_SIGN_NONE;
	rsp->report_size = cpu_to_le32(sizeof(rsp->report));
	memcpy(rsp->report.report_data, req->report_data, sizeof(req->report_data));
	if (softfw_fault(SOFTFW_FAULT_FOREIGN_DATA, &arg))
		memset(rsp->report.report_data, (u8)arg, sizeof(rsp->report.report_data));
	rsp->report.vmpl = req->vmpl;
	fill_guest(&rsp->report);
	fill_platform(&rsp->report);
	fill_signer(&rsp->report, signer);
	sign(&rsp->report, signer);
	if (softfw_fault(SOFTFW_FAULT_REPORT_SIZE, &arg))
		rsp->report_size = cpu_to_le32(arg);
	return sizeof(*rsp);
}
