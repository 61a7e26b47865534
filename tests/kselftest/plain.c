// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest without any TEE, and without any software firmware either: the device is there, says
 * that there is nothing and why, and all but reports works. Likewise in a guest that only looks
 * like one of a kind that has no reports.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "keys-kit.h"
#include "modules.h"
#include "scene.h"

static void expect_nothing_there(const struct teegate_get_info *i)
{
	EXPECT_EQ(i->provider, TEEGATE_PROVIDER_NONE);
	EXPECT_EQ(i->transport, TEEGATE_TRANSPORT_NONE);
	EXPECT_EQ(i->state, TEEGATE_STATE_ABSENT);
	EXPECT_EQ(i->firmware_ops, 0);
	EXPECT_EQ(i->taint, 0);
	EXPECT_EQ(i->in_flight_max, 0);
}

TEST(the_device_is_there_and_says_why_nothing_else_is)
{
	struct teegate_get_info i = info_now();

	expect_nothing_there(&i);
	EXPECT(i.module_ops & TEEGATE_OP_REPORT);
	ASSERT(memchr(i.reason, 0, sizeof(i.reason)));
	EXPECT(strlen((char *)i.reason) > 20);
	tap_note("%s", (char *)i.reason);
}

TEST(reports_are_ENODEV_and_leases_work)
{
	struct lease l = lease_for_everything(), child = lease_narrow(l.fd, BOTH);
	struct teegate_get_info i = info_of(l.fd);

	expect_nothing_there(&i);
	EXPECT_EQ(report_try(l.fd), -ENODEV);
	EXPECT_EQ(report_try_raw(child.fd), -ENODEV);
	EXPECT_EQ(report_try_local(child.fd), -ENODEV);
	EXPECT_EQ(extend_try(l.fd, 3, "e", 1), -ENODEV);
	EXPECT_EQ(extend_try(child.fd, 3, "e", 1), -EPERM);
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	expect_gone(child.fd);
}

/* Plain SEV and SEV-ES have no reports, and a launch secret or a TPM all the same. */
TEST(a_root_that_was_installed_gives_keys_and_sealing)
{
	static const uint8_t params[TEEGATE_ROOT_PARAMS_SIZE] = {
		0, 1, TEEGATE_PROVIDER_NONE, TEEGATE_ROOT_LAUNCH_SECRET
	};
	static uint8_t root[TEEGATE_ROOT_SIZE], want[32];
	static struct derived key;
	static struct blob blob;
	struct lease l = keys_lease(SEALING_CLAIMS, INSTALLED), other = keys_lease("neighbour", INSTALLED);

	EXPECT_EQ(info_now().firmware_ops, 0);
	EXPECT_EQ(seal_try(l.fd, "disk", "data", 4, &blob), -ENODATA);
	EXPECT_EQ(derive_try(l.fd, "disk", 32, &key), -ENODATA);
	ASSERT_EQ(root_install(THE_ROOT, TEEGATE_ROOT_LAUNCH_SECRET, 0, NULL), 0);
	EXPECT_EQ(info_now().firmware_ops, KEY_OPS);
	EXPECT_EQ(info_now().root_active, TEEGATE_ROOT_LAUNCH_SECRET);
	ASSERT_EQ(seal_try(l.fd, "disk", "data", 4, &blob), 0);
	EXPECT_EQ(unseal_any(l.fd, &blob), 0);
	EXPECT_EQ(unseal_any(other.fd, &blob), -EBADMSG);
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &key), 0);
	root_number(THE_ROOT, root);
	formula_key(root, 1, SEALING_CLAIMS, "disk", params, want, sizeof(want));
	EXPECT_MEM(key.key, want, sizeof(want));
	EXPECT_MEM(key.d.root_params, params, sizeof(params));
	EXPECT_EQ(report_try(l.fd), -EPERM);
	close(l.fd);
	close(other.fd);
	module_unload(OUR_MODULE);
	module_load(OUR_MODULE);
	EXPECT_EQ(info_now().firmware_ops, 0);
}

#define CPU_MODALIAS "/sys/devices/system/cpu/modalias"

/* Whoever has installed it may boot the same image elsewhere. */
TEST(only_a_processor_in_a_TD_loads_the_module)
{
	EXPECT(!module_is_for(OUR_MODULE, CPU_MODALIAS));
	module_load_with("teegate_pretend", "kind=tdx");
	EXPECT(module_is_for(OUR_MODULE, CPU_MODALIAS));
	module_unload("teegate_pretend");
	EXPECT(!module_is_for(OUR_MODULE, CPU_MODALIAS));
}

TEST(the_module_comes_and_goes)
{
	for (unsigned int n = 0; n < 10; n++) {
		struct lease l = lease_unpinned();

		EXPECT_EQ(report_try(l.fd), -ENODEV);
		close(l.fd);
		module_unload(OUR_MODULE);
		EXPECT(access(TEEGATE_DEVICE, F_OK));
		module_load(OUR_MODULE);
	}
}

/* What GET_INFO says in a guest that looks like one of that kind. */
static void expect_advice(const char *kind, const char *advice)
{
	struct teegate_get_info i;
	struct lease l;

	module_unload(OUR_MODULE);
	module_load_with("teegate_pretend", kind);
	module_load(OUR_MODULE);
	i = info_now();
	l = lease_unpinned();
	EXPECT_EQ(report_try(l.fd), -ENODEV);
	close(l.fd);
	module_unload(OUR_MODULE);
	module_unload("teegate_pretend");
	module_load(OUR_MODULE);
	expect_nothing_there(&i);
	tap_note("%s: %s", kind, (char *)i.reason);
	EXPECT(strstr((char *)i.reason, advice));
	EXPECT(strcmp((char *)i.reason, (char *)info_now().reason));
}

TEST(plain_SEV_hears_that_only_SNP_has_reports)
{
	expect_advice("kind=sev", "AMD SEV guest, and only SEV-SNP has reports");
	expect_advice("kind=sev-es", "AMD SEV-ES guest, and only SEV-SNP has reports");
}

TEST(a_TD_on_an_old_kernel_hears_which_one_to_boot)
{
	expect_advice("kind=tdx", "boot Linux 6.7 or newer");
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
