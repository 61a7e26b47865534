// SPDX-License-Identifier: GPL-2.0-only
/*
 * A software AMD SEV-SNP firmware, below the distribution's own sev-guest driver. For tests only.
 *
 * Loading it turns an emulated machine (qemu -accel tcg) into something that looks like an SNP
 * guest from the vmgexit instruction upwards: message channel, reports, derived keys, certificate
 * table, faults. It protects nothing and proves nothing, and it refuses to load wherever a real
 * TEE might be. README.md beside this file is the manual.
 */
#include <linux/debugfs.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/random.h>

#ifdef SOFTFW_SECRETS_IN_PDATA
#include <asm/sev.h>
#endif

#include "softfw.h"

static unsigned long gpa = 0x1f000000;
module_param(gpa, ulong, 0444);
MODULE_PARM_DESC(gpa, "address of the secrets page; keep it out of RAM with memmap=64K$ADDRESS");

static struct platform_device *pdev;
static DEFINE_MUTEX(pdev_lock);

/*
 * The driver's instructions must not lose their answer, so this module stays as long as a driver
 * is bound to the device: rmmod says "in use" until sev-guest is unbound or unloaded.
 */
static int on_bus_event(struct notifier_block *nb, unsigned long event, void *data)
{
	if (data != &pdev->dev)
		return NOTIFY_DONE;
	if (event == BUS_NOTIFY_BOUND_DRIVER)
		__module_get(THIS_MODULE);
	else if (event == BUS_NOTIFY_UNBOUND_DRIVER)
		module_put(THIS_MODULE);
	return NOTIFY_OK;
}

static struct notifier_block bus_nb = {
	.notifier_call = on_bus_event,
};

static int guest_device_alloc(void)
{
	pdev = platform_device_alloc("sev-guest", PLATFORM_DEVID_NONE);
	if (!pdev)
		return -ENOMEM;
#ifdef SOFTFW_SECRETS_IN_PDATA
	{
		struct sev_guest_platform_data pdata = { .secrets_gpa = gpa };
		int r = platform_device_add_data(pdev, &pdata, sizeof(pdata));

		if (r) {
			platform_device_put(pdev);
			pdev = NULL;
			return r;
		}
	}
#endif
	return 0;
}

static int guest_device_add(void)
{
	int r;

	r = bus_register_notifier(&platform_bus_type, &bus_nb);
	if (r)
		return r;
	r = platform_device_add(pdev);
	if (r)
		bus_unregister_notifier(&platform_bus_type, &bus_nb);
	return r;
}

/* What no hypervisor can do and every user must survive: the device goes, and comes back. */
static int device_set(void *unused, u64 there)
{
	int r = 0;

	mutex_lock(&pdev_lock);
	if (!there && pdev) {
		platform_device_unregister(pdev);
		pdev = NULL;
	} else if (there && !pdev) {
		r = guest_device_alloc();
		if (!r)
			r = platform_device_add(pdev);
		if (r) {
			platform_device_put(pdev);
			pdev = NULL;
		}
	}
	mutex_unlock(&pdev_lock);
	return r;
}
DEFINE_DEBUGFS_ATTRIBUTE(device_fops, NULL, device_set, "%llu\n");

static int check_machine(void)
{
	const char *present;
	int r;

	r = softfw_patch_init();
	if (r)
		return r;
	present = softfw_patch_present();
	if (present) {
		pr_err("refusing to load: %s\n", present);
		return -ENODEV;
	}
	if (!PAGE_ALIGNED(gpa) || region_intersects(gpa, PAGE_SIZE, IORESOURCE_SYSTEM_RAM,
						    IORES_DESC_NONE) != REGION_DISJOINT) {
		pr_err("%#lx is RAM; boot with memmap=64K$%#lx\n", gpa, gpa);
		return -EBUSY;
	}
	return 0;
}

/* Everything that can answer, in the order in which it needs each other. */
static int firmware_start(void)
{
	int r;

	r = softfw_crypto_init();
	if (r) {
		pr_err("no usable SHA-384 or AES-256-GCM (%d)\n", r);
		return r;
	}
	r = softfw_chip_load();
	if (r)
		goto err_crypto;
	r = softfw_sign_init();
	if (r)
		goto err_chip;
	r = softfw_channel_init(gpa);
	if (r)
		goto err_sign;
	r = softfw_patch_apply(gpa);
	if (r)
		goto err_channel;
	r = softfw_trap_init();
	if (!r)
		return 0;
	softfw_patch_undo();
err_channel:
	softfw_channel_exit();
err_sign:
	softfw_sign_exit();
err_chip:
	softfw_chip_unload();
err_crypto:
	softfw_crypto_exit();
	return r;
}

static void firmware_stop(void)
{
	softfw_trap_exit();
	softfw_patch_undo();
	softfw_channel_exit();
	softfw_sign_exit();
	softfw_chip_unload();
	softfw_crypto_exit();
}

static int __init softfw_init(void)
{
	struct dentry *dir;
	int r;

	r = check_machine();
	if (r)
		return r;
	wait_for_random_bytes();
	r = guest_device_alloc();
	if (r)
		return r;
	r = firmware_start();
	if (r)
		goto err_device;
	dir = softfw_fault_init();
	add_taint(TAINT_TEST, LOCKDEP_STILL_OK);
	pr_warn("************************************************************************\n");
	pr_warn("* software firmware: evidence from this guest proves nothing           *\n");
	pr_warn("************************************************************************\n");
	r = guest_device_add();
	if (!r) {
		debugfs_create_file("device", 0200, dir, NULL, &device_fops);
		return 0;
	}
	softfw_fault_exit();
	firmware_stop();
err_device:
	platform_device_put(pdev);
	return r;
}

static void __exit softfw_exit(void)
{
	/* First of all no one may ask for the device any more. */
	softfw_fault_exit();
	bus_unregister_notifier(&platform_bus_type, &bus_nb);
	platform_device_unregister(pdev);
	firmware_stop();
}

module_init(softfw_init);
module_exit(softfw_exit);

MODULE_DESCRIPTION("Software SEV-SNP firmware, for tests only");
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: ecc ctr gcm ghash-generic sha512_generic");
