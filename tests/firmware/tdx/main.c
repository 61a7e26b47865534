// SPDX-License-Identifier: GPL-2.0-only
/*
 * A software Intel TDX firmware, below the distribution's own tdx-guest driver. For tests only.
 *
 * Loading it turns an emulated machine (qemu -accel tcg) into something that looks like a TD from
 * the tdcall instruction upwards: TDREPORTs, RTMRs, quotes, faults. It protects nothing and proves
 * nothing, and it refuses to load wherever a real TEE might be. Quotes are signed outside, by
 * tdx-host, which plays the host and its quoting enclave. README.md beside this file is the manual.
 */
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/string.h>

#include "mailbox.h"
#include "softtdx.h"

static unsigned long gpa = TDX_MAILBOX_GPA;
module_param(gpa, ulong, 0444);
MODULE_PARM_DESC(gpa, "address of the mailbox; keep it out of RAM with memmap=64K$ADDRESS");

/* Who uses tdcall. Their instructions must not lose their answer, so this module outstays them. */
static struct {
	const char *name;
	bool loaded;
} users[] = { { "tdx_guest" }, { "teegate" } };

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
	const char *present;
	int r;

	r = softtdx_patch_init();
	if (r)
		return r;
	present = softtdx_patch_present();
	if (present) {
		pr_err("refusing to load: %s\n", present);
		return -ENODEV;
	}
	if (!PAGE_ALIGNED(gpa) ||
	    region_intersects(gpa, TDX_MAILBOX_SIZE + TDX_LOG_SIZE, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT) {
		pr_err("%#lx is RAM; boot with memmap=64K$%#lx\n", gpa, gpa);
		return -EBUSY;
	}
	return 0;
}

/* The key of TDREPORTs is made anew, and only this firmware and its quoting enclave have it. */
static int parts_start(void)
{
	u8 mac_key[32];
	int r;

	get_random_bytes(mac_key, sizeof(mac_key));
	r = softtdx_report_init(mac_key);
	if (r)
		return r;
	r = softtdx_quote_init(gpa, mac_key);
	if (r)
		softtdx_report_exit();
	memzero_explicit(mac_key, sizeof(mac_key));
	return r;
}

static int firmware_start(void)
{
	int r;

	r = softfw_sha384_init();
	if (r) {
		pr_err("no usable SHA-384 (%d)\n", r);
		return r;
	}
	r = parts_start();
	if (r)
		goto err_sha384;
	r = softtdx_trap_init();
	if (r)
		goto err_parts;
	r = softtdx_patch_apply();
	if (!r)
		return 0;
	softtdx_trap_exit();
err_parts:
	softtdx_quote_exit();
	softtdx_report_exit();
err_sha384:
	softfw_sha384_exit();
	return r;
}

static void firmware_stop(void)
{
	softtdx_patch_undo();
	softtdx_trap_exit();
	softtdx_quote_exit();
	softtdx_report_exit();
	softfw_sha384_exit();
}

static int __init softtdx_init(void)
{
	int r;

	r = check_machine();
	if (r)
		return r;
	wait_for_random_bytes();
	r = firmware_start();
	if (r)
		return r;
	r = softtdx_fault_init();
	if (r)
		goto err_firmware;
	r = register_module_notifier(&module_nb);
	if (r)
		goto err_fault;
	add_taint(TAINT_TEST, LOCKDEP_STILL_OK);
	pr_warn("************************************************************************\n");
	pr_warn("* software firmware: evidence from this guest proves nothing           *\n");
	pr_warn("************************************************************************\n");
	return 0;

err_fault:
	softtdx_fault_exit();
err_firmware:
	firmware_stop();
	return r;
}

static void __exit softtdx_exit(void)
{
	unregister_module_notifier(&module_nb);
	softtdx_fault_exit();
	firmware_stop();
}

module_init(softtdx_init);
module_exit(softtdx_exit);

MODULE_DESCRIPTION("Software TDX firmware, for tests only");
MODULE_LICENSE("GPL");
MODULE_SOFTDEP("pre: sha512_generic");
