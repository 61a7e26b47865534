// SPDX-License-Identifier: GPL-2.0-or-later
/* Policy files, their errors and their order: daemon/rule.c and daemon/policy.c. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <linux/teegate.h>

#include "policy.h"
#include "rule.h"
#include "util.h"

#define GOOD "[Match]\nUnit=payments.service\n[Allow]\nOperations=report\n"

static char complaints[8192];

static void on_complaint(const char *file, unsigned int line, const char *what, void *userdata)
{
	const char *slash = strrchr(file, '/');

	(void)userdata;
	text_add(complaints, sizeof(complaints), "%s:%u: %s\n", slash ? slash + 1 : file, line, what);
}

static int read_rule(const char *text, size_t len, struct rule **ret)
{
	struct rule *rule = rule_new("/etc/teegate/workloads.d/payments.conf");
	FILE *file = fmemopen((void *)(uintptr_t)text, len, "r");
	int r, errors;

	assert_non_null(rule);
	assert_non_null(file);
	complaints[0] = '\0';
	errors = rule_read(rule, file, "payments.conf", on_complaint, NULL);
	fclose(file);
	assert_true(errors >= 0);
	r = rule_check(rule, on_complaint, NULL);
	assert_true(r >= 0);
	*ret = rule;
	return errors + r;
}

static void a_whole_file_is_read(void **state)
{
	static const char text[] =
		"# payments, in two units\n; another comment\n\n"
		"[Match]\nUnit=payments.service pay@1.service\nUnit = pay\\x2d2.scope\r\nUid=10001 165536-231071\n"
		"[Allow]\nOperations=report raw\nOperations=extend\nTrustPrivileged=yes\n"
		"ExtendEvents=65535\nExtendBytes=1048576\n"
		"[Claims]\nName=pay/v1\n[Lease]\nLifetimeSec=60\nMaxPending=3\n";
	struct rule *rule;

	(void)state;
	assert_int_equal(read_rule(text, sizeof(text) - 1, &rule), 0);
	assert_int_equal(rule->units.n, 3);
	assert_string_equal(rule->units.list[1], "pay@1.service");
	assert_string_equal(rule->units.list[2], "pay\\x2d2.scope");
	assert_int_equal(rule->n_ranges, 2);
	assert_int_equal(rule->ranges[0].first, 10001);
	assert_int_equal(rule->ranges[0].last, 10001);
	assert_int_equal(rule->ranges[1].last, 231071);
	assert_int_equal(rule->operations,
			 TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT | TEEGATE_OP_EXTEND);
	assert_int_equal(rule->extend_events, 65535);
	assert_int_equal(rule->extend_bytes, 1048576);
	assert_true(rule->trust_privileged);
	assert_string_equal(rule->name, "pay/v1");
	assert_int_equal(rule->lifetime_ms, 60000);
	assert_int_equal(rule->max_pending, 3);
	rule_free(rule);
}

#define HEX16	"0123456789abcdef"
#define HEX64	HEX16 HEX16 HEX16 HEX16

static void what_the_complete_broker_knows_is_read(void **state)
{
	static const char text[] =
		"[Match]\nCgroup=/machine.slice/payments /kubepods\nImageDigest=sha256:" HEX64 "\n"
		"ImageSigner=release@example.org\nVoucher=uid:1000\n"
		"Label=system_u:system_r:payments_t:s0:c1,c2 a//&b\nExecutable=sha512:" HEX64 HEX64 "\n"
		"[Allow]\nOperations=key seal secrets\nKeyLabels=disk/* db-?\nSealScope=image-id\nVmpl=2\n"
		"SgxEnclave=yes\nSgxProvision=yes\nUnmodifiedPrograms=yes\n"
		"[Pin]\nUid=yes\nLabel=no\n"
		"[Quota]\nConnections=512\nRequests=64\nLeases=4096\nRatePerMinute=600\nRateBurst=7\n"
		"Bytes=65536\n";
	struct rule *rule;

	(void)state;
	assert_int_equal(read_rule(text, sizeof(text) - 1, &rule), 0);
	assert_string_equal(complaints, "");
	assert_int_equal(rule->cgroups.n, 2);
	assert_string_equal(rule->cgroups.list[0], "/machine.slice/payments");
	assert_int_equal(rule->images.n, 1);
	assert_string_equal(rule->images.list[0].alg, "sha256");
	assert_int_equal(rule->images.list[0].len, 32);
	assert_int_equal(rule->images.list[0].value[31], 0xef);
	assert_string_equal(rule->signers.list[0], "release@example.org");
	assert_false(rule->voucher.root);
	assert_int_equal(rule->voucher.uid, 1000);
	assert_int_equal(rule->labels.n, 2);
	assert_string_equal(rule->labels.list[1], "a//&b");
	assert_int_equal(rule->exes.list[0].len, 64);
	assert_int_equal(rule->operations, TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL | OPERATION_SECRETS);
	assert_int_equal(rule->key_labels.n, 2);
	assert_int_equal(rule->seal_scope, SEAL_IMAGE_ID);
	assert_true(rule->has_vmpl);
	assert_int_equal(rule->vmpl, 2);
	assert_true(rule->sgx_enclave && rule->sgx_provision && rule->unmodified_programs);
	/* Each pin another way: asked for, taken back, and by what was matched. */
	assert_true(rule->pins.uid);
	assert_false(rule->pins.label);
	assert_true(rule->pins.exe);
	assert_int_equal(rule->quota.connections, 512);
	assert_int_equal(rule->quota.requests, 64);
	assert_int_equal(rule->quota.leases, 4096);
	assert_int_equal(rule->quota.rate_per_minute, 600);
	assert_int_equal(rule->quota.rate_burst, 7);
	assert_int_equal(rule->quota.bytes, 65536);
	rule_free(rule);
}

#define BIT(source)	(1u << TEEGATE_ROOT_ ## source)

static void where_roots_of_keys_come_from_is_said_or_usual(void **state)
{
	static const struct {
		const char *keys;
		uint32_t sources;
	} examples[] = {
		{ "", BIT(TPM) | BIT(LAUNCH_SECRET) | BIT(KEY_BROKER) },
		{ "FirmwareRoot=measured-boot\n", BIT(FIRMWARE) | BIT(TPM) | BIT(LAUNCH_SECRET) | BIT(KEY_BROKER) },
		{ "FirmwareRoot=measured-boot\nFirmwareRoot=no\n", BIT(TPM) | BIT(LAUNCH_SECRET) | BIT(KEY_BROKER) },
		{ "FirmwareRoot=measured-boot\nFirmwareRoot=\n", BIT(TPM) | BIT(LAUNCH_SECRET) | BIT(KEY_BROKER) },
		{ "SeSecretId=" HEX64 "\n", BIT(RETRIEVABLE) | BIT(TPM) | BIT(LAUNCH_SECRET) | BIT(KEY_BROKER) },
		{ "RootSources=development\n", BIT(DEVELOPMENT) },
		{ "RootSources=tpm\nFirmwareRoot=measured-boot\n", BIT(TPM) },
		{ "RootSources=firmware tpm\nFirmwareRoot=measured-boot\n", BIT(FIRMWARE) | BIT(TPM) },
		{ "RootSources=tpm\nRootSources=\n", BIT(TPM) | BIT(LAUNCH_SECRET) | BIT(KEY_BROKER) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct rule *rule;
		char text[512];
		int n = snprintf(text, sizeof(text), "[Match]\nUnit=a.service\n[Keys]\n%s", examples[i].keys);

		assert_int_equal(read_rule(text, (size_t)n, &rule), 0);
		assert_int_equal(rule->roots.sources, examples[i].sources);
		rule_free(rule);
	}
}

static void floors_of_roots_are_read(void **state)
{
	static const char text[] = "[Match]\nUnit=a.service\n[Keys]\nSnpTcbFloor=0xd315000000000004\n"
				   "SnpSvnFloor=4294967295\nSeSecretId=" HEX64 "\n";
	struct rule *rule;

	(void)state;
	assert_int_equal(read_rule(text, sizeof(text) - 1, &rule), 0);
	assert_true(rule->roots.tcb_floor == UINT64_C(0xd315000000000004));
	assert_true(rule->roots.has_svn && rule->roots.svn_floor == UINT32_MAX);
	assert_int_equal(rule->roots.se_secret[0], 0x01);
	assert_int_equal(rule->roots.se_secret[31], 0xef);
	rule_free(rule);
}

/* With @more behind a rule that needs no more: what is pinned? As "ule", with a dash for what is not. */
static const char *pins_of(const char *more, char pins[4])
{
	char text[512];
	struct rule *rule;
	int n = snprintf(text, sizeof(text), "[Match]\nUnit=a.service\n%s", more);

	assert_int_equal(read_rule(text, (size_t)n, &rule), 0);
	snprintf(pins, 4, "%c%c%c", rule->pins.uid ? 'u' : '-', rule->pins.label ? 'l' : '-',
		 rule->pins.exe ? 'e' : '-');
	rule_free(rule);
	return pins;
}

static void what_a_rule_matches_by_is_pinned_unless_it_says_no(void **state)
{
	char pins[4];

	(void)state;
	assert_string_equal(pins_of("", pins), "---");
	assert_string_equal(pins_of("Uid=5\n", pins), "u--");
	assert_string_equal(pins_of("Label=x\n", pins), "-l-");
	assert_string_equal(pins_of("Executable=sha256:" HEX64 "\n", pins), "--e");
	assert_string_equal(pins_of("Uid=5\nLabel=x\n[Pin]\nUid=no\n", pins), "-l-");
	assert_string_equal(pins_of("Uid=5\n[Pin]\nUid=no\nUid=\n", pins), "u--");
	assert_string_equal(pins_of("Uid=5\nUid=\n", pins), "---");
	assert_string_equal(pins_of("[Pin]\nUid=yes\nLabel=yes\nExecutable=yes\n", pins), "ule");
}

static void a_rate_without_a_burst_allows_a_tenth_at_once(void **state)
{
	static const struct {
		const char *rate;
		uint32_t burst;
	} examples[] = { { "1", 1 }, { "10", 1 }, { "11", 2 }, { "600", 60 } };
	char text[128];
	struct rule *rule;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		int n = snprintf(text, sizeof(text), GOOD "[Quota]\nRatePerMinute=%s\n", examples[i].rate);

		assert_int_equal(read_rule(text, (size_t)n, &rule), 0);
		assert_int_equal(rule->quota.rate_burst, examples[i].burst);
		rule_free(rule);
	}
}

static void what_is_not_said_is_not_granted(void **state)
{
	static const char text[] = "[Match]\nUnit=payments.service\n";
	struct rule *rule;

	(void)state;
	assert_int_equal(read_rule(text, sizeof(text) - 1, &rule), 0);
	assert_int_equal(rule->operations, 0);
	assert_false(rule->trust_privileged);
	assert_string_equal(rule->name, "payments");
	assert_int_equal(rule->lifetime_ms, 3600000);
	assert_int_equal(rule->max_pending, 0);
	assert_true(rule->voucher.root);
	assert_false(rule->sgx_enclave || rule->sgx_provision || rule->unmodified_programs);
	assert_false(rule->has_vmpl);
	assert_int_equal(rule->seal_scope, SEAL_MEASUREMENT);
	assert_int_equal(rule->quota.rate_per_minute + rule->quota.rate_burst, 0);
	rule_free(rule);
}

static void an_empty_value_takes_back_what_was_said(void **state)
{
	static const char text[] =
		"[Match]\nUnit=a.service\nUnit=\nUnit=b.service\nUid=1\nUid=\n[Allow]\nOperations=report raw\n"
		"Operations=\nOperations=report\nTrustPrivileged=yes\nTrustPrivileged=\n"
		"ExtendEvents=1\nExtendEvents=\nExtendBytes=1\nExtendBytes=\n"
		"[Lease]\nLifetimeSec=5\nLifetimeSec=\nMaxPending=2\nMaxPending=\n"
		"[Match]\nCgroup=/x\nCgroup=\nImageDigest=sha256:" HEX64 "\nImageDigest=\nImageSigner=s\n"
		"ImageSigner=\nVoucher=uid:7\nVoucher=\nLabel=l\nLabel=\nExecutable=sha256:" HEX64 "\n"
		"Executable=\n[Allow]\nKeyLabels=k\nKeyLabels=\nSealScope=signer\nSealScope=\nVmpl=1\nVmpl=\n"
		"SgxEnclave=yes\nSgxEnclave=\nSgxProvision=yes\nSgxProvision=\nUnmodifiedPrograms=yes\n"
		"UnmodifiedPrograms=\n[Quota]\nConnections=1\nConnections=\nRequests=1\nRequests=\nLeases=1\n"
		"Leases=\nRatePerMinute=1\nRatePerMinute=\nRateBurst=1\nRateBurst=\nBytes=1\nBytes=\n";
	static const struct quota no_quota = { .bytes = 0 };
	struct rule *rule;

	(void)state;
	assert_int_equal(read_rule(text, sizeof(text) - 1, &rule), 0);
	assert_int_equal(rule->units.n, 1);
	assert_string_equal(rule->units.list[0], "b.service");
	assert_int_equal(rule->n_ranges, 0);
	assert_int_equal(rule->operations, TEEGATE_OP_REPORT);
	assert_int_equal(rule->extend_events, 16);
	assert_int_equal(rule->extend_bytes, 4096);
	assert_false(rule->trust_privileged);
	assert_int_equal(rule->lifetime_ms, 3600000);
	assert_int_equal(rule->max_pending, 0);
	assert_int_equal(rule->cgroups.n + rule->images.n + rule->signers.n + rule->labels.n +
			 rule->exes.n + rule->key_labels.n, 0);
	assert_true(rule->voucher.root);
	assert_int_equal(rule->seal_scope, SEAL_MEASUREMENT);
	assert_false(rule->has_vmpl || rule->sgx_enclave || rule->sgx_provision ||
		     rule->unmodified_programs);
	assert_memory_equal(&rule->quota, &no_quota, sizeof(no_quota));
	rule_free(rule);
}

/* Each text has exactly one thing wrong, in the line that is named. */
static const struct {
	const char *text;
	unsigned int line;
	const char *says;
} wrongs[] = {
	{ GOOD "Operation=raw\n", 5, "[Allow] has no Operation=" },
	{ GOOD "operations=raw\n", 5, "has no operations=" },
	{ GOOD "Operations=report everything\n", 5, "everything" },
	{ GOOD "Operations=Report\n", 5, "Report" },
	{ GOOD "[Grant]\n", 5, "no section [Grant]" },
	{ GOOD "[Grant]\n\n", 5, "no section [Grant]" },
	{ GOOD "ExtendEvents=65536\n", 5, "ExtendEvents=65536" },
	{ GOOD "ExtendEvents=-1\n", 5, "ExtendEvents=-1" },
	{ GOOD "ExtendBytes=1048577\n", 5, "ExtendBytes=1048577" },
	{ GOOD "ExtendBytes=4K\n", 5, "ExtendBytes=4K" },
	{ GOOD "[Lease]\nExtendEvents=1\n", 6, "[Lease] has no ExtendEvents=" },
	{ GOOD "[Match\n", 5, "no section [Match" },
	{ GOOD "[Match] Unit=x.service\n", 5, "no section" },
	{ "Unit=x.service\n" GOOD, 1, "before the first section" },
	{ GOOD "just words\n", 5, "neither" },
	{ GOOD "TrustPrivileged: yes\n", 5, "neither" },
	{ GOOD "TrustPrivileged:no=yes\n", 5, "not a Key=value" },
	{ GOOD "=yes\n", 5, "not a Key=value" },
	{ GOOD " TrustPrivileged=yes\n", 5, "continued" },
	{ GOOD "Operations=report ; raw\n", 5, "comment" },
	{ GOOD "TrustPrivileged=true\n", 5, "yes or no" },
	{ GOOD "[Match]\nUnit=*.service\n", 6, "pattern" },
	{ GOOD "[Match]\nUnit=pay?.service\n", 6, "pattern" },
	{ GOOD "[Match]\nUnit=[p]ay.service\n", 6, "pattern" },
	{ GOOD "[Match]\nUnit=payments\n", 6, "full name" },
	{ GOOD "[Match]\nUnit=.service\n", 6, "full name" },
	{ GOOD "[Match]\nUnit=system.slice\n", 6, "full name" },
	{ GOOD "[Match]\nUnit=a/b.service\n", 6, "not the name" },
	{ GOOD "[Match]\nUnit=p\303\244y.service\n", 6, "not the name" },
	{ GOOD "[Match]\nUid=root\n", 6, "Uid=root" },
	{ GOOD "[Match]\nUid=-1\n", 6, "Uid=-1" },
	{ GOOD "[Match]\nUid=10-\n", 6, "Uid=10-" },
	{ GOOD "[Match]\nUid=10-9\n", 6, "Uid=10-9" },
	{ GOOD "[Match]\nUid=4294967295\n", 6, "Uid=4294967295" },
	{ GOOD "[Match]\nUid=0-4294967296\n", 6, "Uid=0-4294967296" },
	{ GOOD "[Match]\nUid=18446744073709551617\n", 6, "Uid=" },
	{ GOOD "[Claims]\nName=\n", 6, "Name=" },
	{ GOOD "[Claims]\nName=a b\n", 6, "Name=a b" },
	{ GOOD "[Claims]\nName=\"pay\"\n", 6, "Name=" },
	{ GOOD "[Lease]\nLifetimeSec=0\n", 6, "LifetimeSec=0" },
	{ GOOD "[Lease]\nLifetimeSec=1h\n", 6, "LifetimeSec=1h" },
	{ GOOD "[Lease]\nLifetimeSec=2592001\n", 6, "LifetimeSec=" },
	{ GOOD "[Lease]\nMaxPending=0\n", 6, "MaxPending=0" },
	{ GOOD "[Lease]\nMaxPending=65\n", 6, "MaxPending=65" },
	{ GOOD "[Match]\nCgroup=machine.slice\n", 6, "must be a path" },
	{ GOOD "[Match]\nCgroup=/\n", 6, "must be a path" },
	{ GOOD "[Match]\nCgroup=/a/\n", 6, "must be a path" },
	{ GOOD "[Match]\nCgroup=/a//b\n", 6, "must be a path" },
	{ GOOD "[Match]\nCgroup=/a/../b\n", 6, "must be a path" },
	{ GOOD "[Match]\nCgroup=/a/.\n", 6, "must be a path" },
	{ GOOD "[Match]\nCgroup=/a/*\n", 6, "pattern" },
	{ GOOD "[Match]\nCgroup=/a/p\303\244y\n", 6, "must be a path" },
	{ GOOD "[Match]\nImageDigest=" HEX64 "\n", 6, "sha256:HEX" },
	{ GOOD "[Match]\nImageDigest=sha256:" HEX16 "\n", 6, "sha256:HEX" },
	{ GOOD "[Match]\nImageDigest=sha256:" HEX64 "00\n", 6, "sha256:HEX" },
	{ GOOD "[Match]\nImageDigest=md5:" HEX16 HEX16 "\n", 6, "sha256:HEX" },
	{ GOOD "[Match]\nImageDigest=sha25:" HEX64 "\n", 6, "sha256:HEX" },
	{ GOOD "[Match]\nImageDigest=sha256:" HEX16 HEX16 HEX16 "0123456789ABCDEF\n", 6, "lower case" },
	{ GOOD "[Match]\nExecutable=sha256:" HEX16 HEX16 HEX16 "0123456789abcdeg\n", 6, "Executable=" },
	{ GOOD "[Match]\nImageSigner=\303\244\n", 6, "printable" },
	{ GOOD "[Match]\nVoucher=uid:0\n", 6, "Voucher=uid:0" },
	{ GOOD "[Match]\nVoucher=uid:\n", 6, "Voucher=uid:" },
	{ GOOD "[Match]\nVoucher=uid:4294967295\n", 6, "Voucher=" },
	{ GOOD "[Match]\nVoucher=anybody\n", 6, "Voucher=anybody" },
	{ GOOD "[Match]\nVoucher=uid:5\n", 0, "there is none" },
	{ GOOD "[Match]\nLabel=\177\n", 6, "Label=" },
	{ GOOD "KeyLabels=a*b\n", 5, "but as the last" },
	{ GOOD "KeyLabels=**\n", 5, "but as the last" },
	{ GOOD "[Keys]\nFirmwareRoot=yes\n", 6, "must be measured-boot, or no" },
	{ GOOD "[Keys]\nRootSources=tpm floppy\n", 6, "there are only: firmware retrievable tpm" },
	{ GOOD "[Keys]\nRootSources=firmware\n", 0, "needs FirmwareRoot=measured-boot" },
	{ GOOD "[Keys]\nRootSources=retrievable\n", 0, "needs SeSecretId=" },
	{ GOOD "[Keys]\nSnpTcbFloor=3\n", 6, "16 hex digits" },
	{ GOOD "[Keys]\nSnpTcbFloor=0x000000000000000G\n", 6, "16 hex digits" },
	{ GOOD "[Keys]\nSnpSvnFloor=4294967296\n", 6, "32 bits" },
	{ GOOD "[Keys]\nSeSecretId=00\n", 6, "64 hex digits" },
	{ GOOD "SealScope=everything\n", 5, "SealScope=everything" },
	{ GOOD "Vmpl=4\n", 5, "must be 0 to 3" },
	{ GOOD "SgxProvision=1\n", 5, "yes or no" },
	{ GOOD "UnmodifiedPrograms=on\n", 5, "yes or no" },
	{ GOOD "[Pin]\nUid=10001\n", 6, "yes or no" },
	{ GOOD "[Pin]\nUnit=yes\n", 6, "[Pin] has no Unit=" },
	{ GOOD "[Quota]\nConnections=0\n", 6, "must be 1 to 512" },
	{ GOOD "[Quota]\nRequests=65\n", 6, "must be 1 to 64" },
	{ GOOD "[Quota]\nLeases=4097\n", 6, "must be 1 to 4096" },
	{ GOOD "[Quota]\nRatePerMinute=1000001\n", 6, "must be 1 to 1000000" },
	{ GOOD "[Quota]\nRateBurst=5\n", 0, "needs RatePerMinute=" },
	{ GOOD "[Quota]\nBytes=1G\n", 6, "Bytes=1G" },
	{ GOOD "[Quota]\nMaxPending=1\n", 6, "[Quota] has no MaxPending=" },
	{ "[Match]\nLabel=x\n", 0, "needs Unit=, Cgroup=" },
	{ "[Match]\nExecutable=sha256:" HEX64 "\n", 0, "needs Unit=, Cgroup=" },
	{ GOOD "\377\376\n", 5, "neither" },
	{ "\357\273\277" GOOD, 1, "neither" },
	{ "[Allow]\nOperations=report\n", 0, "needs Unit=, Cgroup=" },
};

static void each_error_names_its_line_and_costs_the_file(void **state)
{
	char where[64];
	struct rule *rule;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		/* A BOM before the first section leaves its keys without one, too. */
		assert_true(read_rule(wrongs[i].text, strlen(wrongs[i].text), &rule) > 0);
		rule_free(rule);
		snprintf(where, sizeof(where), "payments.conf:%u: ", wrongs[i].line);
		if (strncmp(complaints, where, strlen(where)) || !strstr(complaints, wrongs[i].says))
			fail_msg("case %zu: \"%s\"", i, complaints);
	}
}

static void a_long_line_is_not_cut_in_two(void **state)
{
	char text[sizeof(GOOD) + 1024];
	struct rule *rule;

	(void)state;
	for (size_t spaces = 100; spaces < 600; spaces++) {
		/* Wherever a buffer ends, what follows must not become a line of its own. */
		int n = snprintf(text, sizeof(text), GOOD "Operations=%*s\n", (int)spaces, "raw");
		bool fits = strlen("Operations=") + spaces <= 180;

		assert_int_equal(read_rule(text, (size_t)n, &rule) == 0, fits);
		assert_int_equal(rule->operations & TEEGATE_OP_RAW_REPORT, fits ? TEEGATE_OP_RAW_REPORT : 0);
		assert_true(fits || !strncmp(complaints, "payments.conf:5: longer", 23));
		rule_free(rule);
	}
}

static void a_nul_byte_is_an_error(void **state)
{
	static const char text[] = GOOD "Trust\0Privileged=yes\n";
	struct rule *rule;

	(void)state;
	assert_int_equal(read_rule(text, sizeof(text) - 1, &rule), 1);
	assert_string_equal(complaints, "payments.conf:5: holds a NUL byte\n");
	rule_free(rule);
}

static void lists_are_bounded(void **state)
{
	char text[8192] = "[Match]\n";
	struct rule *rule;

	(void)state;
	for (int i = 0; i < POLICY_LIST_MAX + 1; i++)
		text_add(text, sizeof(text), "Unit=u%d.service\n", i);
	assert_int_equal(read_rule(text, strlen(text), &rule), 1);
	assert_int_equal(rule->units.n, POLICY_LIST_MAX);
	rule_free(rule);
	text[0] = '\0';
	text_add(text, sizeof(text), "[Match]\n");
	for (int i = 0; i < POLICY_LIST_MAX + 1; i++)
		text_add(text, sizeof(text), "Uid=%d\n", i);
	assert_int_equal(read_rule(text, strlen(text), &rule), 1);
	assert_int_equal(rule->n_ranges, POLICY_LIST_MAX);
	rule_free(rule);
}

/* A tree of policy directories in a temporary place. */
struct tree {
	char top[64];
	char etc[96], run[96];
};

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (strchr(name, '/')) {
		*strrchr(path, '/') = '\0';
		mkdir(path, 0755);
		path[strlen(path)] = '/';
	}
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static int make_tree(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	assert_non_null(tree);
	umask(022);
	strcpy(tree->top, "/tmp/teegate-policy.XXXXXX");
	assert_non_null(mkdtemp(tree->top));
	snprintf(tree->etc, sizeof(tree->etc), "%s/etc", tree->top);
	snprintf(tree->run, sizeof(tree->run), "%s/run", tree->top);
	assert_int_equal(mkdir(tree->etc, 0755), 0);
	assert_int_equal(mkdir(tree->run, 0755), 0);
	*state = tree;
	return 0;
}

static int remove_tree(void **state)
{
	struct tree *tree = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", tree->top);
	free(tree);
	return system(command);
}

static struct policy *load(const struct tree *tree)
{
	const char *dirs[] = { tree->etc, tree->run };
	struct policy *policy;

	complaints[0] = '\0';
	assert_int_equal(policy_load(dirs, 2, on_complaint, NULL, &policy), 0);
	return policy;
}

static void etc_hides_run_and_drop_ins_add(void **state)
{
	const struct tree *tree = *state;
	struct policy *policy;

	write_file(tree->etc, "a.conf", "[Match]\nUnit=a.service\n");
	write_file(tree->run, "a.conf", "[Match]\nUnit=hidden.service\n");
	write_file(tree->run, "b.conf", "[Match]\nUnit=b.service\n[Allow]\nOperations=report\n");
	write_file(tree->run, "b.conf.d/50-raw.conf", "[Allow]\nOperations=\n");
	write_file(tree->etc, "b.conf.d/50-raw.conf", "[Allow]\nOperations=raw\n");
	write_file(tree->etc, "b.conf.d/60-name.conf", "[Claims]\nName=bee\n");
	write_file(tree->etc, "b.conf.d/README", "not a drop-in");
	write_file(tree->run, "c.conf", "[Match]\nUnit=c.service\n");
	write_file(tree->etc, "c.conf", "");
	write_file(tree->etc, ".d.conf", "broken");
	write_file(tree->etc, "e.conf~", "broken");
	policy = load(tree);
	assert_string_equal(complaints, "");
	assert_int_equal(policy->errors, 0);
	assert_int_equal(policy->n_rules, 2);
	assert_string_equal(policy->rules[0]->units.list[0], "a.service");
	assert_string_equal(policy->rules[1]->name, "bee");
	assert_int_equal(policy->rules[1]->operations, TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT);
	policy_unref(policy);
}

static void a_broken_file_grants_nothing_and_the_others_stand(void **state)
{
	const struct tree *tree = *state;
	struct policy *policy;

	write_file(tree->etc, "good.conf", GOOD);
	write_file(tree->etc, "broken.conf", "[Match]\nUnit=b.service\nUid=x\n");
	write_file(tree->etc, "drop.conf", "[Match]\nUnit=d.service\n");
	write_file(tree->etc, "drop.conf.d/x.conf", "[Allow]\nEverything=yes\n");
	policy = load(tree);
	assert_int_equal(policy->n_rules, 1);
	assert_int_equal(policy->errors, 2);
	assert_string_equal(policy->rules[0]->name, "good");
	assert_non_null(strstr(complaints, "broken.conf:3: Uid=x"));
	assert_non_null(strstr(complaints, "x.conf:2: [Allow] has no Everything="));
	policy_unref(policy);
}

static void a_file_that_others_may_write_grants_nothing(void **state)
{
	const struct tree *tree = *state;
	struct policy *policy;
	char path[128];

	write_file(tree->etc, "a.conf", GOOD);
	write_file(tree->run, "b.conf", GOOD);
	policy = load(tree);
	assert_int_equal(policy->n_rules, 2);
	policy_unref(policy);

	snprintf(path, sizeof(path), "%s/a.conf", tree->etc);
	assert_int_equal(chmod(path, 0664), 0);
	assert_int_equal(chmod(tree->run, 0777), 0);
	policy = load(tree);
	assert_int_equal(policy->n_rules, 0);
	assert_int_equal(policy->errors, 2);
	assert_non_null(strstr(complaints, "a.conf:0: may be written by others"));
	assert_non_null(strstr(complaints, "run:0: may be written by others"));
	policy_unref(policy);
}

static void a_fifo_or_a_huge_file_grants_nothing(void **state)
{
	const struct tree *tree = *state;
	struct policy *policy;
	char path[128];

	snprintf(path, sizeof(path), "%s/fifo.conf", tree->etc);
	assert_int_equal(mkfifo(path, 0644), 0);
	write_file(tree->etc, "huge.conf", GOOD);
	snprintf(path, sizeof(path), "%s/huge.conf", tree->etc);
	assert_int_equal(truncate(path, 65537), 0);
	snprintf(path, sizeof(path), "%s/null.conf", tree->etc);
	assert_int_equal(symlink("/dev/null", path), 0);
	write_file(tree->run, "null.conf", GOOD);
	policy = load(tree);
	assert_int_equal(policy->n_rules, 0);
	assert_int_equal(policy->errors, 2);
	policy_unref(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_file_is_read),
		cmocka_unit_test(what_the_complete_broker_knows_is_read),
		cmocka_unit_test(where_roots_of_keys_come_from_is_said_or_usual),
		cmocka_unit_test(floors_of_roots_are_read),
		cmocka_unit_test(what_a_rule_matches_by_is_pinned_unless_it_says_no),
		cmocka_unit_test(a_rate_without_a_burst_allows_a_tenth_at_once),
		cmocka_unit_test(what_is_not_said_is_not_granted),
		cmocka_unit_test(an_empty_value_takes_back_what_was_said),
		cmocka_unit_test(each_error_names_its_line_and_costs_the_file),
		cmocka_unit_test(a_long_line_is_not_cut_in_two),
		cmocka_unit_test(a_nul_byte_is_an_error),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test_setup_teardown(etc_hides_run_and_drop_ins_add, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(a_broken_file_grants_nothing_and_the_others_stand, make_tree,
						remove_tree),
		cmocka_unit_test_setup_teardown(a_file_that_others_may_write_grants_nothing, make_tree,
						remove_tree),
		cmocka_unit_test_setup_teardown(a_fifo_or_a_huge_file_grants_nothing, make_tree, remove_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
