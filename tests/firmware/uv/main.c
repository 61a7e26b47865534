// SPDX-License-Identifier: GPL-2.0-only
/*
 * A software Ultravisor (IBM Secure Execution), below the distribution's own uvdevice driver. For
 * tests only.
 *
 * Loading it turns an emulated IBM Z machine (qemu-system-s390x -accel tcg) into something that
 * looks like a Secure Execution guest from the uvc instruction upwards: attestation, secrets,
 * return codes, faults. It protects nothing and proves nothing, and it refuses to load where there
 * is a real Ultravisor. README.md beside this file is the manual.
 */
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/string.h>

#include "softuv.h"

/* Who uses uvc. Their instructions must not lose their answer, so this module outstays them. */
static struct {
	const char *name;
	bool loaded;
} users[] = { { "uvdevice" }, { "teegate" } };

static int on_module_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct module *module = data;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(users); i++) {
		if (strcmp(users[i].name, module->name))
			continue;
		if (event == MODULE_STATE_COMING && !users[i].loaded) {
			__module_get(THIS_MODULE);
			users[i].loaded = true;
		} else if (event == MODULE_STATE_GOING && users[i].loaded) {
			module_put(THIS_MODULE);
			users[i].loaded = false;
		}
	}
	return NOTIFY_OK;
}

static struct notifier_block module_nb = {
	.notifier_call = on_module_event,
};

static int check_machine(void)
{
	const char *present = softuv_patch_present();

	if (present) {
		pr_err("refusing to load: %s\n", present);
		return -ENODEV;
	}
	return 0;
}

/* Everything but the trap, which would let others in. */
static int parts_start(void)
{
	int r;

	r = softuv_crypto_init();
	if (r) {
		pr_err("no sha512-generic (%d)\n", r);
		return r;
	}
	r = softuv_selftest();
	if (!r)
		r = softuv_platform_load();
	if (r)
		softuv_crypto_exit();
	return r;
}

static void parts_stop(void)
{
	softuv_secrets_wipe();
	softuv_requests_wipe();
	softuv_platform_wipe();
	softuv_crypto_exit();
}

static int firmware_start(void)
{
	int r;

	r = parts_start();
	if (r)
		return r;
	r = softuv_trap_init();
	if (r) {
		parts_stop();
		return r;
	}
	softuv_patch_apply();
	return 0;
}

static void firmware_stop(void)
{
	softuv_patch_undo();
	softuv_trap_exit();
	parts_stop();
}

static int __init softuv_init(void)
{
	int r;

	r = check_machine();
	if (r)
		return r;
	r = firmware_start();
	if (r)
		return r;
	r = register_module_notifier(&module_nb);
	if (r) {
		firmware_stop();
		return r;
	}
	softuv_fault_init();
	add_taint(TAINT_TEST, LOCKDEP_STILL_OK);
	pr_warn("************************************************************************\n");
	pr_warn("* software firmware: evidence from this guest proves nothing           *\n");
	pr_warn("************************************************************************\n");
	return 0;
}

static void __exit softuv_exit(void)
{
	unregister_module_notifier(&module_nb);
	softuv_fault_exit();
	firmware_stop();
}

module_init(softuv_init);
module_exit(softuv_exit);

MODULE_DESCRIPTION("Software Ultravisor, for tests only");
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: sha512_generic");
