// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDG.MR.REPORT and TDG.MR.RTMR.EXTEND.
 *
 * A TDREPORT is the template in td.bin (made by tests/pki/make-td) with the caller's data, the
 * present RTMRs, both hashes and a MAC. As in the TDX module one lock lies over the RTMRs: REPORT
 * takes it shared, EXTEND exclusive, and nobody waits for it: the loser is told OPERAND_BUSY. The
 * module's own exclusive lock lets a host side waiter go first; there is none here.
 */
#include <crypto/sha2.h>
#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/firmware.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "softtdx.h"

#define RTMRS			4
#define TCB_INFO_LEN		239
#define REPORT_ALIGN		1024
#define DATA_ALIGN		64
#define EXCLUSIVE		(-1)

struct report {
	u8 type[4];
	u8 pad1[12];
	u8 cpusvn[16];
	u8 tcb_info_hash[48];
	u8 td_info_hash[48];
	u8 report_data[TDREPORT_DATA_LEN];
	u8 pad2[32];
	u8 mac[32];			/* over everything before it */
	u8 tcb_info[TCB_INFO_LEN];
	u8 pad3[17];
	struct {
		u8 attributes[8];
		u8 xfam[8];
		u8 mrtd[48];
		u8 mrconfigid[48];
		u8 mrowner[48];
		u8 mrownerconfig[48];
		u8 rtmr[RTMRS][48];
		u8 servtd_hash[48];
		u8 pad[64];
	} td_info;
} __packed;

static_assert(sizeof(struct report) == TDREPORT_LEN);
static_assert(offsetof(struct report, report_data) == 128);
static_assert(offsetof(struct report, mac) == 224);
static_assert(offsetof(struct report, td_info) == 512);

/* td.bin: as tests/pki/make-td writes it. */
struct td_file {
	u8 magic[8];
	struct report template;
} __packed;

static const u8 td_magic[8] = "TGTDX001";

static struct {
	atomic_t lock;		/* number of readers, or EXCLUSIVE */
	struct report report;	/* all but what a request brings */
	u8 mac_key[32];
} *td;

/* The kernel's address of private memory of the guest, or NULL. */
void *softtdx_guest_memory(u64 gpa, u64 size)
{
	if (gpa + size < gpa ||
	    region_intersects(gpa, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_INTERSECTS)
		return NULL;
	return phys_to_virt(gpa);
}

static bool lock_shared(void)
{
	return atomic_inc_unless_negative(&td->lock);
}

static void unlock_shared(void)
{
	atomic_dec(&td->lock);
}

static bool lock_exclusive(void)
{
	return atomic_cmpxchg(&td->lock, 0, EXCLUSIVE) == 0;
}

static void unlock_exclusive(void)
{
	atomic_set_release(&td->lock, 0);
}

/* RFC 2104 with SHA-256, over what a TDREPORT's MAC covers. */
static void mac(const struct report *report, u8 out[SHA256_DIGEST_SIZE])
{
	u8 inner[SHA256_BLOCK_SIZE + offsetof(struct report, mac)];
	u8 outer[SHA256_BLOCK_SIZE + SHA256_DIGEST_SIZE];
	size_t i;

	for (i = 0; i < SHA256_BLOCK_SIZE; i++) {
		u8 byte = i < sizeof(td->mac_key) ? td->mac_key[i] : 0;

		inner[i] = byte ^ 0x36;
		outer[i] = byte ^ 0x5c;
	}
	memcpy(inner + SHA256_BLOCK_SIZE, report, offsetof(struct report, mac));
	sha256(inner, sizeof(inner), outer + SHA256_BLOCK_SIZE);
	sha256(outer, sizeof(outer), out);
	memzero_explicit(inner, sizeof(inner));
	memzero_explicit(outer, sizeof(outer));
}

/* Under the lock, in either mode. */
static void make_report(struct report *ret_report, const void *data)
{
	struct report *report = ret_report;
	u8 copy[TDREPORT_DATA_LEN];
	u64 arg;

	/* The data may lie where the report will. */
	memcpy(copy, data, sizeof(copy));
	memcpy(report, &td->report, sizeof(*report));
	memcpy(report->report_data, copy, sizeof(copy));
	mac(report, report->mac);
	if (softfw_fault(SOFTTDX_FAULT_FORGED_MAC, &arg))
		report->mac[0] ^= 1;
}

static u64 refuse(enum tdx_operand operand)
{
	softtdx_count(SOFTTDX_COUNT_REFUSED);
	return TDX_INVALID(operand);
}

static u64 busy(void)
{
	softtdx_count(SOFTTDX_COUNT_BUSY);
	return TDX_BUSY(TDX_OPERAND_RTMR);
}

u64 softtdx_report(u64 report_gpa, u64 data_gpa, u64 subtype)
{
	void *report, *data;
	u64 arg;

	if (!IS_ALIGNED(report_gpa, REPORT_ALIGN))
		return refuse(TDX_OPERAND_RCX);
	if (!IS_ALIGNED(data_gpa, DATA_ALIGN))
		return refuse(TDX_OPERAND_RDX);
	if (subtype)
		return refuse(TDX_OPERAND_R8);
	data = softtdx_guest_memory(data_gpa, TDREPORT_DATA_LEN);
	if (!data)
		return refuse(TDX_OPERAND_RDX);
	report = softtdx_guest_memory(report_gpa, TDREPORT_LEN);
	if (!report)
		return refuse(TDX_OPERAND_RCX);
	if (softfw_fault(SOFTTDX_FAULT_REPORT_ERROR, &arg))
		return arg;
	if (softfw_fault(SOFTTDX_FAULT_REPORT_BUSY, &arg) || !lock_shared())
		return busy();
	if (softfw_fault(SOFTTDX_FAULT_REPORT_SLOW, &arg))
		softtdx_fault_spin(arg);
	make_report(report, data);
	unlock_shared();
	softtdx_count(SOFTTDX_COUNT_REPORTS);
	return TDX_OK;
}

static void hash_td_info(void)
{
	softfw_sha384(&td->report.td_info, sizeof(td->report.td_info), td->report.td_info_hash);
}

u64 softtdx_extend(u64 data_gpa, u64 index)
{
	u8 both[2 * SOFTFW_HASH_LEN], *rtmr;
	const void *data;
	u64 arg;

	if (!IS_ALIGNED(data_gpa, DATA_ALIGN))
		return refuse(TDX_OPERAND_RCX);
	if (index >= RTMRS)
		return refuse(TDX_OPERAND_RDX);
	data = softtdx_guest_memory(data_gpa, SOFTFW_HASH_LEN);
	if (!data)
		return refuse(TDX_OPERAND_RCX);
	if (softfw_fault(SOFTTDX_FAULT_EXTEND_ERROR, &arg))
		return arg;
	if (softfw_fault(SOFTTDX_FAULT_EXTEND_BUSY, &arg) || !lock_exclusive())
		return busy();
	if (softfw_fault(SOFTTDX_FAULT_EXTEND_SLOW, &arg))
		softtdx_fault_spin(arg);
	rtmr = td->report.td_info.rtmr[index];
	memcpy(both, rtmr, SOFTFW_HASH_LEN);
	memcpy(both + SOFTFW_HASH_LEN, data, SOFTFW_HASH_LEN);
	softfw_sha384(both, sizeof(both), rtmr);
	hash_td_info();
	unlock_exclusive();
	softtdx_count(SOFTTDX_COUNT_EXTENDS);
	return TDX_OK;
}

/* request_firmware() needs a device to name in its messages. */
static int load_td_file(const struct firmware **ret_file)
{
	struct platform_device *device;
	int r;

	device = platform_device_register_simple("teegate-softtdx", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device))
		return PTR_ERR(device);
	r = request_firmware(ret_file, "teegate/td.bin", &device->dev);
	platform_device_unregister(device);
	return r;
}

static int check_td_file(const struct firmware *file)
{
	const struct td_file *content = (const struct td_file *)file->data;

	if (file->size == sizeof(*content) && !memcmp(content->magic, td_magic, sizeof(td_magic)))
		return 0;
	pr_err("teegate/td.bin is not for this version\n");
	return -EINVAL;
}

int softtdx_report_init(const u8 mac_key[32])
{
	const struct firmware *file;
	int r;

	r = load_td_file(&file);
	if (r) {
		pr_err("cannot load teegate/td.bin, which tests/pki/make-td makes (%d)\n", r);
		return r;
	}
	r = check_td_file(file);
	if (!r) {
		td = kzalloc(sizeof(*td), GFP_KERNEL);
		r = td ? 0 : -ENOMEM;
	}
	if (!r) {
		td->report = ((const struct td_file *)file->data)->template;
		memcpy(td->mac_key, mac_key, sizeof(td->mac_key));
		softfw_sha384(td->report.tcb_info, sizeof(td->report.tcb_info),
			      td->report.tcb_info_hash);
		hash_td_info();
	}
	release_firmware(file);
	return r;
}

void softtdx_report_exit(void)
{
	kfree_sensitive(td);
}
