// SPDX-License-Identifier: GPL-2.0-only
/*
 * The chip and its certificate table, from /lib/firmware/teegate/ as tests/pki/make-chip wrote
 * them. A chip that is not exactly as expected is refused: half a chip makes puzzling reports.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/firmware.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "softfw.h"

#define CHIP_FILE	"teegate/chip.bin"
#define CERTS_FILE	"teegate/certs.bin"
#define CERTS_MAX	SZ_64K

struct softfw_chip *softfw_chip;
u8 *softfw_certs;
size_t softfw_certs_len;

static int load(struct device *dev, const char *name, u8 **ret_data, size_t *ret_len)
{
	const struct firmware *fw;
	u8 *copy;
	int r;

	r = request_firmware_direct(&fw, name, dev);
	if (r) {
		pr_err("no /lib/firmware/%s (%d); make it with tests/pki/make-chip\n", name, r);
		return r;
	}
	copy = kmemdup(fw->data, fw->size, GFP_KERNEL);
	*ret_len = fw->size;
	release_firmware(fw);
	if (!copy)
		return -ENOMEM;
	*ret_data = copy;
	return 0;
}

static bool chip_is_sane(const struct softfw_chip *chip, size_t len)
{
	return len == sizeof(*chip) &&
	       !memcmp(chip->magic, SOFTFW_CHIP_MAGIC, sizeof(chip->magic)) &&
	       le32_to_cpu(chip->format) == SOFTFW_CHIP_FORMAT &&
	       le32_to_cpu(chip->size) == sizeof(*chip) &&
	       chip->product <= SOFTFW_TURIN &&
	       (chip->report_version == 2 || chip->report_version == 3 ||
		chip->report_version == 5);
}

static int load_both(struct device *dev)
{
	size_t len;
	u8 *data;
	int r;

	r = load(dev, CHIP_FILE, &data, &len);
	if (r)
		return r;
	softfw_chip = (struct softfw_chip *)data;
	r = -EINVAL;
	if (!chip_is_sane(softfw_chip, len)) {
		pr_err("%s is not a chip that this module knows\n", CHIP_FILE);
		goto err;
	}
	r = load(dev, CERTS_FILE, &softfw_certs, &softfw_certs_len);
	if (r)
		goto err;
	r = -EFBIG;
	if (softfw_certs_len <= CERTS_MAX)
		return 0;
err:
	softfw_chip_unload();
	return r;
}

/* The loader leaves its marks on the device that asks, and a marked device is never probed. */
int softfw_chip_load(void)
{
	struct device *dev = root_device_register("teegate-softfw");
	int r;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	r = load_both(dev);
	root_device_unregister(dev);
	return r;
}

void softfw_chip_unload(void)
{
	kfree_sensitive(softfw_chip);
	kfree(softfw_certs);
	softfw_chip = NULL;
	softfw_certs = NULL;
}
