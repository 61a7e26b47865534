// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event log that firmware left in memory, found by the ACPI table CCEL (UEFI 2.10, 38.4; ACPI
 * 6.5). Made by firmware, and handed over by tables that the host may have written: an address to
 * be looked at twice before it is read from, and a private copy of what lies there.
 */
#include <linux/acpi.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <asm/processor.h>

#include "tdx.h"

#define CC_TYPE_TDX	2
#define LOG_SIZE_MAX	SZ_256K		/* firmware reserves 64 KiB */

/* struct acpi_table_ccel, in the words of the kernel. */
struct ccel {
	struct acpi_table_header header;
	u8 type;
	u8 subtype;
	__le16 reserved;
	__le64 size;
	__le64 start;
} __packed;

#ifdef CONFIG_ACPI

/* Not memory of ours, and an address that there can be at all: to map others makes a noise. */
static bool address_is_sane(u64 start, u64 size)
{
	u64 end;

	if (!start || check_add_overflow(start, size - 1, &end))
		return false;
	if (end >> boot_cpu_data.x86_phys_bits)
		return false;
	return region_intersects(start, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) ==
	       REGION_DISJOINT;
}

/* As the kernel maps the same area for /sys/firmware/acpi/tables/data/CCEL. */
static int copy_area(u64 start, u32 size, u8 **ret_bytes)
{
	void __iomem *area;
	u8 *bytes = kvmalloc(size, GFP_KERNEL);

	if (!bytes)
		return -ENOMEM;
	area = acpi_os_map_iomem(start, size);
	if (!area) {
		kvfree(bytes);
		return -EIO;
	}
	memcpy_fromio(bytes, area, size);
	acpi_os_unmap_iomem(area, size);
	*ret_bytes = bytes;
	return 0;
}

static int read_area(const struct ccel *ccel, u8 **ret_bytes, u32 *ret_len)
{
	u64 start = le64_to_cpu(ccel->start);
	u64 size = min_t(u64, le64_to_cpu(ccel->size), LOG_SIZE_MAX);
	int err;

	if (ccel->header.length < sizeof(*ccel) || ccel->type != CC_TYPE_TDX || !size)
		return -ENOENT;
	if (!address_is_sane(start, size)) {
		pr_warn("the ACPI table CCEL points to where no event log can be\n");
		return -EPROTO;
	}
	err = copy_area(start, size, ret_bytes);
	if (!err)
		*ret_len = size;
	return err;
}

/* Any error but ENOMEM means that there is no log to be had. The caller frees the bytes. */
int tg_tdx_ccel_read(u8 **ret_bytes, u32 *ret_len)
{
	struct acpi_table_header *table;
	int err;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_CCEL, 0, &table)))
		return -ENOENT;
	err = read_area((const struct ccel *)table, ret_bytes, ret_len);
	acpi_put_table(table);
	return err;
}

#else

int tg_tdx_ccel_read(u8 **ret_bytes, u32 *ret_len)
{
	return -ENOENT;
}

#endif
