// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module comes and goes, and so does the driver below it: with open files, with traffic, in
 * any order. Not for a machine whose leases anybody needs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "modules.h"
#include "stock.h"
#include "tee.h"

static void expect_works(void)
{
	struct lease l;

	WAIT_UNTIL(info_now().state == TEEGATE_STATE_UP);
	l = lease_unpinned();
	EXPECT_EQ(report_try(l.fd), 0);
	close(l.fd);
}

static void need_module(void)
{
	if (!module_loaded(the_tee()->driver))
		module_load(the_tee()->driver);
	if (!module_loaded(OUR_MODULE))
		module_load(OUR_MODULE);
	expect_works();
}

/* ---- who holds the module ---- */

TEST(an_open_session_holds_the_module)
{
	int session;

	need_module();
	session = session_open();
	EXPECT_EQ(module_try_unload(OUR_MODULE), -EAGAIN);
	info_of(session);
	close(session);
	module_unload(OUR_MODULE);
	need_module();
}

TEST(an_open_lease_holds_the_module)
{
	struct lease l, child;

	need_module();
	l = lease_unpinned();
	child = lease_narrow(l.fd, BOTH);
	close(l.fd);
	EXPECT_EQ(module_try_unload(OUR_MODULE), -EAGAIN);
	EXPECT_EQ(report_try(child.fd), 0);
	EXPECT_EQ(lease_revoke(child.fd, 0), 0);
	EXPECT_EQ(module_try_unload(OUR_MODULE), -EAGAIN);
	close(child.fd);
	module_unload(OUR_MODULE);
	need_module();
}

static void ask_once(void *arg)
{
	report_try(((struct lease *)arg)->fd);
}

static void unload(void *arg)
{
	(void)arg;
	ASSERT_EQ(module_try_unload(OUR_MODULE), 0);
}

static bool module_is_going(void)
{
	char text[16] = "";
	FILE *f = fopen("/sys/module/" OUR_MODULE "/initstate", "re");

	if (!f)
		return false;
	if (!fgets(text, sizeof(text), f))
		text[0] = 0;
	fclose(f);
	return !strcmp(text, "going\n");
}

/* Nobody has the lease any more, but firmware still works for it. */
TEST_LIMIT(unloading_waits_for_a_request_whose_caller_was_killed, 100)
{
	struct lease l;
	pid_t pid;

	need_module();
	l = lease_unpinned();
	fw_hold();
	pid = child_start(ask_once, &l);
	close(l.fd);
	fw_wait_held();
	child_kill(pid);
	WAIT_UNTIL(number_in("/sys/module/" OUR_MODULE "/refcnt") == 0);
	pid = child_start(unload, NULL);
	WAIT_UNTIL(module_is_going());
	fw_release();
	child_ok(pid);
	EXPECT(!module_loaded(OUR_MODULE));
	need_module();
}

/* ---- fifty times ---- */

static void ask_for_ever(void *arg)
{
	struct lease *l = arg;

	for (;;)
		report_try(l->fd);
}

static void traffic(void)
{
	struct lease l = lease_unpinned(), child = lease_narrow(l.fd, BOTH);
	uint64_t before = info_of(l.fd).reports;
	pid_t a = child_start(ask_for_ever, &l), b = child_start(ask_for_ever, &child);

	WAIT_UNTIL(info_of(l.fd).reports >= before + 3);
	/* Enough of them for a lost one to be seen in the numbers. */
	for (unsigned int i = 0; i < 200; i++)
		close(lease_narrow(l.fd, BOTH).fd);
	child_kill(a);
	EXPECT_EQ(lease_revoke(l.fd, child.id), 0);
	child_kill(b);
	close(child.fd);
	close(l.fd);
}

/* Objects in use; 0 when this kernel merged the cache away. */
static long long slab_objects(const char *cache)
{
	long long n = 0;
	char line[512], name[64];
	FILE *f = fopen("/proc/slabinfo", "re");

	ASSERT(f);
	while (fgets(line, sizeof(line), f)) {
		long long active;

		if (sscanf(line, "%63s %lld", name, &active) == 2 && !strcmp(name, cache))
			n = active;
	}
	fclose(f);
	return n;
}

static long long meminfo(const char *what)
{
	char line[256];
	long long kb = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	ASSERT(f);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, what, strlen(what)))
			kb = strtoll(line + strlen(what) + 1, NULL, 10);
	}
	fclose(f);
	return kb;
}

#define WARM_UP 10

struct usage {
	long long mms, files, dentries, unreclaimable_kb, vmalloc_kb, stacks_kb;
};

static struct usage usage_now(void)
{
	WAIT_UNTIL(write_text("/proc/sys/vm/drop_caches", "3") == 0);
	return (struct usage) {
		.mms = slab_objects("mm_struct"),
		.files = slab_objects("filp"),
		.dentries = slab_objects("dentry"),
		.unreclaimable_kb = meminfo("SUnreclaim:"),
		.vmalloc_kb = meminfo("VmallocUsed:"),
		.stacks_kb = meminfo("KernelStack:"),
	};
}

static void reload_with_traffic(unsigned int times)
{
	for (unsigned int i = 0; i < times; i++) {
		module_load_alone(OUR_MODULE);
		WAIT_UNTIL(info_now().state == TEEGATE_STATE_UP);
		traffic();
		module_unload(OUR_MODULE);
	}
}

static void expect_growth_below(const char *what, long long before, long long after,
				long long limit)
{
	tap_note("%s: %lld, then %lld", what, before, after);
	if (after - before >= limit)
		tap_fail(__FILE__, __LINE__, "%s grew by %lld", what, after - before);
}

#define KMEMLEAK "/sys/kernel/debug/kmemleak"

/* Everything that is lost for more than a few seconds, however small. */
static void expect_kmemleak_silent(void)
{
	char line[256];
	FILE *f;

	ASSERT_EQ(write_text(KMEMLEAK, "scan"), 0);
	f = fopen(KMEMLEAK, "re");
	ASSERT(f);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		tap_fail(__FILE__, __LINE__, "kmemleak: %s", line);
	}
	fclose(f);
}

static void expect_no_growth(const struct usage *before, const struct usage *after, unsigned int n)
{
	expect_growth_below("mm_struct", before->mms, after->mms, n);
	expect_growth_below("filp", before->files, after->files, 2 * n);
	expect_growth_below("dentry", before->dentries, after->dentries, 20 * n);
	expect_growth_below("SUnreclaim kB", before->unreclaimable_kb, after->unreclaimable_kb,
			    16 * n);
	expect_growth_below("VmallocUsed kB", before->vmalloc_kb, after->vmalloc_kb, 16 * n);
	expect_growth_below("KernelStack kB", before->stacks_kb, after->stacks_kb, 8 * n);
}

/*
 * One large object of each kind left behind by each reload shows in the numbers. On a debug kernel
 * they mean nothing, because KASAN keeps what was freed, but kmemleak finds small ones, too.
 */
static void reloaded_leaves_nothing_behind(unsigned int times)
{
	struct usage before, after;

	need_module();
	module_unload(OUR_MODULE);
	reload_with_traffic(WARM_UP);
	before = usage_now();
	reload_with_traffic(times - WARM_UP);
	after = usage_now();
	if (access(KMEMLEAK, F_OK) == 0)
		expect_kmemleak_silent();
	else
		expect_no_growth(&before, &after, times - WARM_UP);
	need_module();
}

TEST_LIMIT(reloaded_fifty_times_with_traffic_leaves_nothing_behind, 900)
{
	reloaded_leaves_nothing_behind(50);
}

/* For IBM Z, where the software firmware takes a second for each report under emulation. */
TEST_LIMIT(reloaded_twenty_times_with_traffic_leaves_nothing_behind, 900)
{
	reloaded_leaves_nothing_behind(20);
}

/* ---- the driver below ---- */

static bool direct(void)
{
	return info_now().transport == TEEGATE_TRANSPORT_DIRECT;
}

/* Reports need the driver on one transport and not on the other. */
static void expect_without_driver(int fd)
{
	struct teegate_get_info i;

	if (direct()) {
		EXPECT_EQ(report_try(fd), 0);
		return;
	}
	EXPECT_EQ(report_try(fd), -ENODEV);
	i = info_of(fd);
	EXPECT_EQ(i.state, TEEGATE_STATE_WAITING);
	EXPECT_EQ(i.firmware_ops & ~KEY_OPS, 0);	/* but for an installed root */
	EXPECT(i.reason[0]);
}

/*
 * The stock driver has no bind files, so its device goes instead; and it takes a new one only when
 * its module is loaded anew, which our open file would forbid had it not been closed in time.
 */
static void device_goes(void)
{
	fw_device(false);
}

static void device_comes(void)
{
	module_unload(the_tee()->driver);
	fw_device(true);
	module_load(the_tee()->driver);
}

TEST_LIMIT(reports_come_back_when_the_driver_lost_its_device_and_got_it_again, 120)
{
	struct lease l;

	need_module();
	l = lease_unpinned();
	for (unsigned int i = 0; i < 5; i++) {
		EXPECT_EQ(report_try(l.fd), 0);
		device_goes();
		expect_without_driver(l.fd);
		device_comes();
		WAIT_UNTIL(info_of(l.fd).state == TEEGATE_STATE_UP);
		EXPECT_EQ(report_try(l.fd), 0);
	}
}

static void ask_until_told(void *arg)
{
	struct lease *l = arg;
	int r;

	while ((r = report_try(l->fd)) != -ESTALE) {
		if (r && r != -ENODEV)
			EXPECT_EQ(r, 0);
	}
}

TEST_LIMIT(the_driver_may_lose_its_device_under_load, 200)
{
	struct lease l;
	pid_t pid[3];

	need_module();
	l = lease_unpinned();
	for (unsigned int i = 0; i < 3; i++)
		pid[i] = child_start(ask_until_told, &l);
	for (unsigned int i = 0; i < 10; i++) {
		uint64_t before = info_of(l.fd).reports;

		WAIT_UNTIL(info_of(l.fd).reports > before);
		device_goes();
		device_comes();
		WAIT_UNTIL(info_of(l.fd).state == TEEGATE_STATE_UP);
	}
	EXPECT_EQ(report_try(l.fd), 0);
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	for (unsigned int i = 0; i < 3; i++)
		child_ok(pid[i]);
	expect_works();
}

static void ask_until_closed(void *arg)
{
	const struct gate *done = arg;
	struct lease l = lease_unpinned();

	while (!gate_is_open(*done)) {
		EXPECT_EQ(report_try(l.fd), 0);
		EXPECT_EQ(report_try_local(l.fd), 0);
	}
}

/* TDX: it is beside us, not below us, and is missed by nobody. */
TEST_LIMIT(the_driver_may_come_and_go_under_load, 200)
{
	struct gate done = gate_make();
	pid_t pid[3];

	need_module();
	for (unsigned int i = 0; i < 3; i++)
		pid[i] = child_start(ask_until_closed, &done);
	for (unsigned int i = 0; i < 10; i++) {
		uint64_t before = info_now().reports;

		module_unload(the_tee()->driver);
		WAIT_UNTIL(info_now().reports > before);
		module_load(the_tee()->driver);
		WAIT_UNTIL(info_now().reports > before + 2);
	}
	gate_open(done);
	for (unsigned int i = 0; i < 3; i++)
		child_ok(pid[i]);
	expect_works();
}

/* We would call into nothing. */
TEST(the_driver_is_held_as_long_as_we_use_it)
{
	need_module();
	if (direct()) {
		module_unload(the_tee()->driver);
		expect_works();
		module_load(the_tee()->driver);
	} else {
		EXPECT_EQ(module_try_unload(the_tee()->driver), -EAGAIN);
	}
	expect_works();
	module_unload(OUR_MODULE);
	module_unload(the_tee()->driver);
	module_load(OUR_MODULE);
	expect_works();
}

TEST(teegate_may_be_loaded_before_the_driver)
{
	struct lease l;

	need_module();
	module_unload(OUR_MODULE);
	module_unload(the_tee()->driver);
	module_load_alone(OUR_MODULE);
	l = lease_unpinned();
	expect_without_driver(l.fd);
	module_load(the_tee()->driver);
	WAIT_UNTIL(info_of(l.fd).state == TEEGATE_STATE_UP);
	EXPECT_EQ(report_try(l.fd), 0);
}

/* As udev asks, for each device that it finds. */
TEST(the_hardware_loads_teegate)
{
	need_module();
	EXPECT(module_is_for(OUR_MODULE, the_tee()->modalias));
	EXPECT(!module_is_for(the_tee()->firmware, the_tee()->modalias));
}

TEST(modprobe_brings_the_driver_along)
{
	need_module();
	module_unload(OUR_MODULE);
	module_unload(the_tee()->driver);
	module_load(OUR_MODULE);
	EXPECT(module_loaded(the_tee()->driver));
	expect_works();
}

TEST(without_a_tee_everything_but_reports_works)
{
	struct teegate_get_info i;
	struct lease l, child;

	need_module();
	module_unload(OUR_MODULE);
	module_unload(the_tee()->driver);
	module_unload(the_tee()->firmware);
	module_load_alone(OUR_MODULE);
	i = info_now();
	EXPECT_EQ(i.provider, TEEGATE_PROVIDER_NONE);
	EXPECT_EQ(i.transport, TEEGATE_TRANSPORT_NONE);
	EXPECT_EQ(i.state, TEEGATE_STATE_ABSENT);
	EXPECT_EQ(i.firmware_ops & ~KEY_OPS, 0);	/* but for an installed root */
	EXPECT_EQ(i.taint, 0);
	EXPECT(i.reason[0]);
	l = lease_unpinned();
	child = lease_narrow(l.fd, BOTH);
	EXPECT_EQ(report_try(l.fd), -ENODEV);
	EXPECT_EQ(report_try_raw(child.fd), -ENODEV);
	EXPECT_EQ(lease_revoke(l.fd, 0), 0);
	EXPECT_EQ(report_try(child.fd), -ESTALE);
	close(child.fd);
	close(l.fd);
	everything_anew();
	expect_works();
}

/* Evidence of a real TEE must not come from it, nor may it break one. Beside it, that it does load. */
TEST(the_software_firmware_refuses_where_there_is_a_TEE)
{
	static const char *const kinds[] = { "kind=sev", "kind=sev-es" };

	need_module();
	module_unload(OUR_MODULE);
	module_unload(the_tee()->driver);
	module_unload(the_tee()->firmware);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		module_load_with("teegate_pretend", kinds[i]);
		EXPECT(!module_try_load(the_tee()->firmware));
		EXPECT(!module_loaded(the_tee()->firmware));
		module_unload("teegate_pretend");
	}
	EXPECT(module_try_load(the_tee()->firmware));
	EXPECT(!module_try_load("teegate_pretend"));
	everything_anew();
	expect_works();
}

/* Firmware with new keys, below a module that saw the old one go. */
TEST(everything_may_be_loaded_anew)
{
	struct lease l;
	uint8_t data[64] = "anew";
	int stock;

	everything_anew();
	l = lease_unpinned();
	EXPECT_EQ(report_try(l.fd), 0);
	stock = stock_open();
	ASSERT(stock >= 0);
	EXPECT_EQ(stock_report(stock, data), 0);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
