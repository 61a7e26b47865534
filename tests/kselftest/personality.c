// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leases that speak the ABI of the stock driver: the functions of stock.h, which know nothing of
 * teegate, are given a lease instead of the driver's device.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sev-guest.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fw.h"
#include "keys-kit.h"
#include "modules.h"
#include "stock.h"
#include "tee.h"

#define TABLE_SIZE (16 * 1024)

static struct evidence ev;

static uint32_t own_abi(void)
{
	if (tee_is("snp"))
		return TEEGATE_ABI_SEV_GUEST;
	return tee_is("tdx") ? TEEGATE_ABI_TDX_GUEST : TEEGATE_ABI_UVDEVICE;
}

static struct teegate_create_lease wish(uint64_t ops)
{
	struct teegate_create_lease w = lease_wish(ops, CLAIMS);

	w.abi = own_abi();
	return w;
}

static struct lease speaker(void)
{
	return lease_make(wish(BOTH));
}

static int try(int fd)
{
	uint8_t data[64];

	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(0xa0 + i);
	return the_tee()->stock_report(fd, data);
}

TEST(a_program_of_the_stock_driver_gets_its_report)
{
	struct lease l = speaker();

	for (unsigned int i = 0; i < 3; i++)
		ASSERT_EQ(try(l.fd), 0);
}

TEST(it_takes_the_right_to_raw_reports)
{
	struct lease with = speaker();
	struct lease without = lease_make(wish(TEEGATE_OP_REPORT));

	ASSERT_EQ(try(with.fd), 0);
	EXPECT_EQ(try(without.fd), -EPERM);
}

TEST(it_can_never_look_like_a_bound_report)
{
	struct lease l = speaker();
	uint8_t data[64] = { 1 };

	memcpy(data + 48, "teegate/bound/v1", 16);
	EXPECT_EQ(the_tee()->stock_report(l.fd, data), -EPERM);
	memcpy(data + 48, "teegate/other/v9", 16);
	EXPECT_EQ(the_tee()->stock_report(l.fd, data), -EPERM);
	memcpy(data + 48, "teegate.bound/v1", 16);
	EXPECT_EQ(the_tee()->stock_report(l.fd, data), 0);
}

TEST(it_knows_the_ioctls_of_that_driver_and_no_other)
{
	static const unsigned int cmds[] = { TEEGATE_GET_INFO, TEEGATE_GET_REPORT, TEEGATE_EXTEND,
					     TEEGATE_CREATE_LEASE, TEEGATE_NARROW, TEEGATE_REVOKE,
					     TEEGATE_ADD_SECRET, TEEGATE_LOCK_SECRETS };
	struct lease l = speaker(), native = lease_unpinned();
	char word[4096] = { 0 };

	for (size_t i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++)
		EXPECT_EQ(tg(l.fd, cmds[i], word), -ENOTTY);
	for (unsigned int nr = 3; nr < 256; nr++) {
		EXPECT_EQ(tg(l.fd, _IO('S', nr), word), -ENOTTY);
		EXPECT_EQ(tg(l.fd, _IO('u', nr), word), -ENOTTY);
		EXPECT_EQ(tg(l.fd, _IOC(_IOC_READ | _IOC_WRITE, 'T', nr, 1088), word), -ENOTTY);
	}
	EXPECT_EQ(try(native.fd), -ENOTTY);
	EXPECT_EQ(report_try(native.fd), 0);
	EXPECT_EQ(try(l.fd), 0);
}

TEST(an_abi_that_is_unknown_or_of_another_TEE_is_refused)
{
	struct teegate_create_lease w = wish(BOTH);
	int session = session_open();

	for (uint32_t abi = 1; abi < 8; abi++) {
		w = wish(BOTH);
		w.abi = abi;
		if (abi == own_abi())
			EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &w), 0);
		else
			EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &w),
				  abi <= TEEGATE_ABI_UVDEVICE ? -EOPNOTSUPP : -EINVAL);
	}
	w = wish(BOTH);
	w.abi = UINT32_MAX;
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &w), -EINVAL);
	close(session);
}

TEST(it_ends_when_the_lease_is_revoked)
{
	struct lease l = speaker();
	struct pollfd p = { .fd = l.fd, .events = POLLIN };
	int session = session_open();

	ASSERT_EQ(try(l.fd), 0);
	EXPECT_EQ(poll(&p, 1, 0), 0);
	ASSERT_EQ(lease_revoke(session, l.id), 0);
	EXPECT_EQ(try(l.fd), -ESTALE);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLHUP);
	close(session);
}

static void try_here(void *arg)
{
	EXPECT_EQ(try(*(int *)arg), 0);
}

static void try_in_neighbour(void *arg)
{
	cgroup_enter(cgroup_make(cgroup_root(), "neighbour"));
	EXPECT_EQ(try(*(int *)arg), -EPERM);
}

TEST(it_is_pinned_like_any_lease)
{
	struct teegate_create_lease w = wish(BOTH);
	const char *home = cgroup_make(cgroup_root(), "home");
	struct lease l;

	w.flags = 0;
	w.cgroup_fd = cgroup_open(home);
	l = lease_make(w);
	cgroup_enter(home);
	in_child(try_here, &l.fd);
	in_child(try_in_neighbour, &l.fd);
	ASSERT_EQ(try(l.fd), 0);
}

static void *unreadable(void)
{
	void *p = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(p != MAP_FAILED);
	return p;
}

/* Of each driver: the argument itself is not there. */
TEST(an_argument_that_is_not_in_memory_is_EFAULT)
{
	static const struct {
		const char *tee;
		unsigned int cmd;
	} calls[] = { { "snp", SNP_GET_REPORT }, { "snp", SNP_GET_EXT_REPORT },
		      { "tdx", _IOC(_IOC_READ | _IOC_WRITE, 'T', 1, 1088) },
		      { "se", _IOC(_IOC_READ | _IOC_WRITE, 'u', 1, 0x40) } };
	struct lease l = speaker();

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (tee_is(calls[i].tee))
			EXPECT_EQ(tg(l.fd, calls[i].cmd, unreadable()), -EFAULT);
	EXPECT_EQ(try(l.fd), 0);
}

/* ---- SEV-SNP ---- */

static int snp_ask(int fd, unsigned long cmd, void *asked, void *resp, uint64_t *ret_status)
{
	struct snp_guest_request_ioctl io = {
		.msg_version = 1,
		.req_data = (uintptr_t)asked,
		.resp_data = (uintptr_t)resp,
	};
	int r = tg(fd, (unsigned int)cmd, &io);

	*ret_status = io.exitinfo2;
	return r;
}

TEST(snp_requests_that_firmware_would_refuse_are_refused)
{
	struct snp_report_req asked = { .vmpl = 0 };
	static struct snp_report_resp resp;
	struct snp_guest_request_ioctl io = { 0 };
	struct lease l = speaker();
	uint64_t status, before = fw_stat("requests");

	EXPECT_EQ(tg(l.fd, SNP_GET_REPORT, &io), -EINVAL);	/* msg_version 0 */
	asked.vmpl = 1;
	EXPECT_EQ(snp_ask(l.fd, SNP_GET_REPORT, &asked, &resp, &status), -EPERM);
	asked.vmpl = 0;
	asked.rsvd[27] = 1;
	EXPECT_EQ(snp_ask(l.fd, SNP_GET_REPORT, &asked, &resp, &status), -EINVAL);
	asked.rsvd[27] = 0;
	EXPECT_EQ(snp_ask(l.fd, SNP_GET_REPORT, unreadable(), &resp, &status), -EFAULT);
	EXPECT_EQ(fw_stat("requests"), before);
	EXPECT_EQ(snp_ask(l.fd, SNP_GET_REPORT, &asked, unreadable(), &status), -EFAULT);
	EXPECT_EQ(snp_ask(l.fd, SNP_GET_REPORT, &asked, &resp, &status), 0);
	EXPECT_EQ(fw_stat("requests"), before + 2);
}

/* The driver's device and the lease give the same certificates, and say in one way what they need. */
TEST(snp_certificates_are_those_of_the_stock_driver)
{
	static uint8_t ours[TABLE_SIZE], theirs[TABLE_SIZE];
	struct snp_ext_report_req asked = { .certs_address = (uintptr_t)ours };
	static struct snp_report_resp resp;
	struct lease l = speaker();
	int stock = stock_open();
	uint64_t status;

	ASSERT(stock >= 0);
	memset(ours, 0x55, sizeof(ours));
	ASSERT_EQ(stock_certificates(stock, theirs, sizeof(theirs)), 0);
	ASSERT_EQ(stock_certificates(l.fd, ours, sizeof(ours)), 0);
	EXPECT_MEM(ours, theirs, sizeof(ours));

	EXPECT_EQ(snp_ask(l.fd, SNP_GET_EXT_REPORT, &asked, &resp, &status), -EIO);
	EXPECT_EQ(status, 1ULL << 32);
	EXPECT(asked.certs_len > 0 && asked.certs_len <= TABLE_SIZE && asked.certs_len % 4096 == 0);
	EXPECT_EQ(snp_ask(l.fd, SNP_GET_EXT_REPORT, &asked, &resp, &status), 0);
	asked.certs_len = 100;
	EXPECT_EQ(snp_ask(l.fd, SNP_GET_EXT_REPORT, &asked, &resp, &status), -EINVAL);
	asked.certs_len = TABLE_SIZE + 4096;
	EXPECT_EQ(snp_ask(l.fd, SNP_GET_EXT_REPORT, &asked, &resp, &status), -EINVAL);
	close(stock);
}

/* What firmware says goes out as the driver hands it out, and a key that is wiped is ENOTTY. */
TEST(snp_refusals_of_firmware_are_told_as_the_stock_driver_tells_them)
{
	struct snp_report_req asked = { .vmpl = 0 };
	static struct snp_report_resp resp;
	struct lease l = speaker(), native;
	uint64_t status;

	ASSERT_EQ(snp_ask(l.fd, SNP_GET_REPORT, &asked, &resp, &status), 0);
	fw_fault("fw-error arg=0x16");
	EXPECT_EQ(snp_ask(l.fd, SNP_GET_REPORT, &asked, &resp, &status), -EIO);
	EXPECT_EQ(status, 0x16);
	EXPECT_EQ(snp_ask(l.fd, SNP_GET_REPORT, &asked, &resp, &status), -ENOTTY);
	native = lease_unpinned();
	EXPECT_EQ(report_get(native.fd, 0, "x", 1, &ev), -ENOKEY);
	close(native.fd);
	close(l.fd);
	everything_anew();
}

/* ---- keys ---- */

static const struct stock_key_req key_req = { .root_key_select = 0, .fields = 0x39, .svn = 1 };

static struct lease key_speaker(uint64_t fields)
{
	struct teegate_create_lease w = keys_wish(SEALING_CLAIMS, SOURCE(FIRMWARE));

	w.abi = own_abi();
	w.snp_field_select = fields;
	w.snp_svn_floor = fields & SNP_SVN ? 1 : 0;
	w.snp_tcb_floor = fields & SNP_TCB ? 1 : 0;
	return lease_make(w);
}

static int key_try(int fd, struct stock_key_req req, uint8_t key[32])
{
	memset(key, 0, 32);
	return stock_key(fd, &req, key);
}

TEST(a_key_of_the_stock_driver_is_the_workloads_and_not_the_chips)
{
	struct lease l = key_speaker(9), native;
	uint8_t chip[32], key[32], again[32];
	static const uint8_t label[] = { 's', 'e', 'v', '-', 'g', 'u', 'e', 's', 't', '/', 'v', '1',
					 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x39,
					 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct teegate_create_lease w = keys_wish(SEALING_CLAIMS, SOURCE(FIRMWARE));
	struct derived d;
	int driver = stock_open();

	ASSERT(driver >= 0);
	ASSERT_EQ(key_try(driver, key_req, chip), 0);
	ASSERT_EQ(key_try(l.fd, key_req, key), 0);
	EXPECT(memcmp(key, chip, 32));
	ASSERT_EQ(key_try(l.fd, key_req, again), 0);
	EXPECT_MEM(again, key, 32);
	/* It is the one with the label that the header of the file says. */
	w.snp_field_select = 9;
	native = lease_make(w);
	derive_wish(&d, "", 32);
	d.d.label = (uintptr_t)label;
	d.d.label_len = sizeof(label);
	ASSERT_EQ(tg(native.fd, TEEGATE_DERIVE_KEY, &d.d), 0);
	EXPECT_MEM(key, d.key, 32);
	EXPECT_EQ(key_try(speaker().fd, key_req, again), -EPERM);
}

TEST(each_field_of_a_stock_request_makes_another_key)
{
	struct stock_key_req other[] = { key_req, key_req, key_req, key_req };
	struct lease l = key_speaker(9);
	uint8_t key[32], changed[32];

	other[0].root_key_select = 2;
	other[1].fields = 0x3b;
	other[2].svn = 2;
	other[3].tcb = 1;
	ASSERT_EQ(key_try(l.fd, key_req, key), 0);
	for (size_t i = 0; i < 4; i++) {
		ASSERT_EQ(key_try(l.fd, other[i], changed), 0);
		EXPECT(memcmp(changed, key, 32));
	}
}

TEST(a_stock_request_for_a_weaker_key_is_refused)
{
	struct stock_key_req good = key_req, weak;
	struct lease l = key_speaker(0x39);
	uint8_t key[32];

	good.tcb = 1;
	EXPECT_EQ(key_try(l.fd, good, key), 0);
	weak = good, weak.root_key_select = 1;
	EXPECT_EQ(key_try(l.fd, weak, key), -EKEYREJECTED);
	weak = good, weak.root_key_select = 4;
	EXPECT_EQ(key_try(l.fd, weak, key), -EKEYREJECTED);
	weak = good, weak.fields = 0x31;
	EXPECT_EQ(key_try(l.fd, weak, key), -EKEYREJECTED);
	weak = good, weak.fields = 0x79;
	EXPECT_EQ(key_try(l.fd, weak, key), -EKEYREJECTED);
	weak = good, weak.svn = 0;
	EXPECT_EQ(key_try(l.fd, weak, key), -EKEYREJECTED);
	weak = good, weak.tcb = 0;
	EXPECT_EQ(key_try(l.fd, weak, key), -EKEYREJECTED);
	weak = good, weak.vmpl = 1;
	EXPECT_EQ(key_try(l.fd, weak, key), -EPERM);
	EXPECT_EQ(key_try(l.fd, good, key), 0);
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
