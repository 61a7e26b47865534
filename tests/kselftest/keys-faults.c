// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SEV-SNP: what each fault of firmware or host comes to when a root of keys is asked for, a table
 * of doc/faults.md that runs. And callers that go, or lose their lease, while firmware is at it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "keys-kit.h"
#include "modules.h"

static struct derived a, b;

struct fault {
	const char *name, *options;
	int result;
	uint64_t fw_status;
	bool lost;
};

/* The same root again, which firmware has to be asked for. */
static int ask_firmware(int fd, struct derived *k)
{
	uint8_t params[TEEGATE_ROOT_PARAMS_SIZE];

	memcpy(params, a.d.root_params, sizeof(params));
	params[PARAMS_SNP_SVN + 3]--;
	return derive_again(fd, "disk", 32, params, k);
}

static struct lease lease_that_has_asked(void)
{
	struct lease l;

	if (!module_loaded(OUR_MODULE) || info_now().state != TEEGATE_STATE_UP)
		everything_anew();
	EXPECT_EQ(roots_wipe(0), 0);
	l = keys_lease(SEALING_CLAIMS, SOURCE(FIRMWARE));
	ASSERT_EQ(derive_try(l.fd, "disk", 32, &a), 0);
	return l;
}

static void expect_no_key(const struct derived *k)
{
	for (unsigned int i = 0; i < sizeof(k->key); i++)
		EXPECT_EQ(k->key[i], 0xa5);
}

static void expect_fault(const struct fault *f)
{
	struct lease l = lease_that_has_asked();
	uint64_t hits = fw_hits(f->name);
	char text[64];

	snprintf(text, sizeof(text), "%s %s", f->name, f->options);
	fw_fault(text);
	EXPECT_EQ(ask_firmware(l.fd, &b), f->result);
	fw_fault("none");
	EXPECT(fw_hits(f->name) > hits);
	EXPECT_EQ(b.d.fw_status, f->fw_status);
	if (f->result)
		expect_no_key(&b);
	EXPECT_EQ(info_now().state, f->lost ? TEEGATE_STATE_LOST : TEEGATE_STATE_UP);
	EXPECT_EQ(ask_firmware(l.fd, &b), f->lost ? -ENOKEY : 0);
	close(l.fd);
	if (f->lost)
		everything_anew();
}

#define FAULT_LIMIT(_case, _seconds, ...)					\
	TEST_LIMIT(_case, _seconds)						\
	{									\
		static const struct fault f = __VA_ARGS__;			\
										\
		expect_fault(&f);						\
	}
#define FAULT(_case, ...) FAULT_LIMIT(_case, 150, __VA_ARGS__)

FAULT(a_busy_host_is_waited_for, { "busy", "count=1", 0, 0, false })
FAULT(a_slow_host_is_waited_for, { "delay", "arg=50000", 0, 0, false })
FAULT(a_refusal_is_EREMOTEIO, { "rsp-status", "arg=0x16", -EREMOTEIO, 0x16, false })
FAULT(a_key_that_is_not_there_is_EREMOTEIO, { "rsp-status", "arg=0x27", -EREMOTEIO, 0x27, false })
FAULT(a_key_of_zeroes_is_EPROTO, { "zero-key", "", -EPROTO, 0, false })
FAULT(an_error_of_the_host_costs_the_channel,
      { "vmm-error", "arg=0xff", -EREMOTEIO, 0xffULL << 32, true })
FAULT(an_error_of_firmware_costs_the_channel, { "fw-error", "arg=0x16", -EREMOTEIO, 0x16, true })
FAULT(a_wrong_tag_costs_the_channel, { "bad-tag", "", -EPROTO, 0, true })
FAULT(a_wrong_sequence_number_costs_the_channel, { "bad-seqno", "", -EPROTO, 0, true })
FAULT(a_wrong_type_costs_the_channel, { "bad-type", "", -EPROTO, 0, true })
FAULT(a_wrong_length_costs_the_channel, { "msg-size", "", -EPROTO, 0, true })

TEST(an_installed_root_outlives_the_channel)
{
	struct lease l = lease_that_has_asked(), other = keys_lease(SEALING_CLAIMS, SOURCE(TPM));

	ASSERT_EQ(root_install(1, TEEGATE_ROOT_TPM, 0, NULL), 0);
	fw_fault("bad-tag");
	EXPECT_EQ(ask_firmware(l.fd, &b), -EPROTO);
	fw_fault("none");
	EXPECT_EQ(info_now().state, TEEGATE_STATE_LOST);
	EXPECT_EQ(ask_firmware(l.fd, &b), -ENOKEY);
	expect_no_key(&b);
	EXPECT_EQ(derive_try(other.fd, "disk", 32, &b), 0);
	EXPECT_EQ(info_now().firmware_ops, KEY_OPS);
	close(l.fd);
	close(other.fd);
	everything_anew();
}

/* ---- while firmware is at it ---- */

static void ask_and_say_what(void *arg)
{
	int r = ask_firmware(*(int *)arg, &b);

	expect_no_key(&b);
	EXPECT_EQ(r, -ESTALE);
}

TEST(revoked_while_a_root_is_in_firmware_is_ESTALE_and_no_key)
{
	struct lease l = lease_that_has_asked(), child = lease_narrow(l.fd, TEEGATE_OP_DERIVE_KEY);
	pid_t pid;

	fw_hold();
	pid = child_start(ask_and_say_what, &child.fd);
	fw_wait_held();
	EXPECT_EQ(lease_revoke(l.fd, child.id), 0);
	child_ok(pid);
	fw_release();
	WAIT_UNTIL(info_now().queued == 0);
	EXPECT_EQ(ask_firmware(l.fd, &b), 0);
}

static void ask_for_ever(void *arg)
{
	for (;;) {
		roots_wipe(0);
		ask_firmware(*(int *)arg, &b);
	}
}

TEST_LIMIT(callers_that_are_killed_while_a_root_is_in_firmware_harm_nobody, 300)
{
	struct lease l = lease_that_has_asked();

	for (unsigned int i = 0; i < 50; i++) {
		pid_t pid = child_start(ask_for_ever, &l.fd);

		wait_random(20000);
		child_kill(pid);
	}
	WAIT_UNTIL(info_now().queued == 0);
	EXPECT_EQ(info_now().state, TEEGATE_STATE_UP);
	EXPECT_EQ(derive_try(l.fd, "disk", 32, &b), 0);
	EXPECT_MEM(b.key, a.key, 32);
	EXPECT_EQ(report_try(lease_unpinned().fd), 0);
}

static void ask_often(void *arg)
{
	struct lease l = keys_lease(SEALING_CLAIMS, SOURCE(FIRMWARE));

	for (unsigned int i = 0; i < 25; i++) {
		roots_wipe(0);
		ASSERT_EQ(derive_again(l.fd, "disk", 32, ((struct derived *)arg)->d.root_params, &b), 0);
		EXPECT_MEM(b.key, ((struct derived *)arg)->key, 32);
	}
}

TEST_LIMIT(roots_and_reports_asked_for_at_once_are_both_good, 300)
{
	struct lease l = lease_that_has_asked(), reports = lease_unpinned();
	pid_t pid[4];

	for (unsigned int i = 0; i < 4; i++)
		pid[i] = child_start(ask_often, &a);
	for (unsigned int i = 0; i < 20; i++)
		EXPECT_EQ(report_try(reports.fd), 0);
	for (unsigned int i = 0; i < 4; i++)
		child_ok(pid[i]);
	close(l.fd);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
