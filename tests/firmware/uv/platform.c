// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who this host and this guest are: uv.bin, from /lib/firmware/teegate/. tests/pki/make-se makes a
 * new one in each run.
 */
#include <linux/build_bug.h>
#include <linux/device.h>
#include <linux/firmware.h>
#include <linux/module.h>
#include <linux/string.h>

#include "softuv.h"

#define PLATFORM_FILE	"teegate/uv.bin"
#define PLATFORM_MAGIC	"TGUV0001"

static_assert(sizeof(struct softuv_platform) == 880);

struct softuv_platform softuv_platform;
u8 softuv_phkh[SOFTUV_PHKH_LEN];

static bool plausible(const struct softuv_platform *platform)
{
	return !memcmp(platform->magic, PLATFORM_MAGIC, sizeof(platform->magic)) &&
	       platform->version == 1 && platform->size == sizeof(*platform);
}

static int read_file(struct device *dev)
{
	const struct firmware *file;
	int r;

	r = request_firmware_direct(&file, PLATFORM_FILE, dev);
	if (r)
		return r;
	if (file->size == sizeof(softuv_platform) && plausible((const void *)file->data))
		memcpy(&softuv_platform, file->data, sizeof(softuv_platform));
	else
		r = -EINVAL;
	release_firmware(file);
	return r;
}

int softuv_platform_load(void)
{
	struct device *dev = root_device_register("teegate-softuv");
	int r;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	r = read_file(dev);
	root_device_unregister(dev);
	if (r) {
		pr_err("no usable " PLATFORM_FILE " (%d); tests/pki/make-se makes it\n", r);
		return r;
	}
	softuv_sha256(softuv_platform.host_public, SOFTUV_PUBLIC_LEN, softuv_phkh);
	return 0;
}

void softuv_platform_wipe(void)
{
	memzero_explicit(&softuv_platform, sizeof(softuv_platform));
}

MODULE_FIRMWARE(PLATFORM_FILE);
