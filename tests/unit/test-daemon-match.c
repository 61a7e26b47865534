// SPDX-License-Identifier: GPL-2.0-or-later
/* Whom a rule names, by which facts, and what a narrower policy takes back: daemon/match.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/teegate.h>

#include "policy.h"
#include "rule.h"
#include "util.h"

#define HEX16	"0123456789abcdef"
#define HEX64	HEX16 HEX16 HEX16 HEX16
#define OTHER	HEX16 HEX16 HEX16 "0000000000000000"

static void on_complaint(const char *file, unsigned int line, const char *what, void *userdata)
{
	(void)userdata;
	fail_msg("%s:%u: %s", file, line, what);
}

static struct rule *a_rule(const char *name, const char *text)
{
	char path[64];
	struct rule *rule;
	FILE *file;

	snprintf(path, sizeof(path), "/etc/teegate/workloads.d/%s.conf", name);
	rule = rule_new(path);
	file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	assert_non_null(rule);
	assert_non_null(file);
	assert_int_equal(rule_read(rule, file, path, on_complaint, NULL), 0);
	assert_int_equal(rule_check(rule, on_complaint, NULL), 0);
	fclose(file);
	return rule;
}

/* Of one or two rules; freed with policy_unref(). */
static struct policy *a_policy(const char *first, const char *second)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	assert_non_null(policy);
	atomic_init(&policy->refs, 1);
	policy->rules = calloc(2, sizeof(*policy->rules));
	assert_non_null(policy->rules);
	policy->rules[policy->n_rules++] = a_rule("a", first);
	if (second)
		policy->rules[policy->n_rules++] = a_rule("b", second);
	return policy;
}

/* The facts of a service, which each test changes in one place. */
static struct facts a_service(void)
{
	static const char cgroup[] = "/system.slice/a.service";

	return (struct facts){ .unit = "a.service", .cgroup = cgroup, .cgroup_roots = strlen(cgroup),
			       .uid = 10 };
}

/* NULL when the rule names this client, else the key by which it does not. */
static const char *differs(const char *text, const struct facts *facts)
{
	struct rule *rule = a_rule("a", text);
	const char *key = rule_differs(rule, facts);

	rule_free(rule);
	return key;
}

static void all_that_is_given_must_match(void **state)
{
	static const char text[] = "[Match]\nUnit=a.service b.service\nUid=10-20 30\n";
	static const struct {
		const char *unit;
		uid_t uid;
		const char *key;
	} examples[] = {
		{ "b.service", 20, NULL }, { "a.service", 10, NULL }, { "a.service", 30, NULL },
		{ "a.service", 21, "Uid" }, { "a.service", 9, "Uid" }, { "a.service", 29, "Uid" },
		{ "ab.service", 10, "Unit" }, { "A.service", 10, "Unit" }, { "", 10, "Unit" },
		{ "a.service ", 10, "Unit" }, { "a.servic", 10, "Unit" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct facts facts = a_service();
		const char *key;

		facts.unit = examples[i].unit;
		facts.uid = examples[i].uid;
		key = differs(text, &facts);
		if (examples[i].key)
			assert_string_equal(key, examples[i].key);
		else
			assert_null(key);
	}
}

static void two_rules_for_one_peer_are_as_good_as_none(void **state)
{
	struct policy *policy = a_policy("[Match]\nUnit=a.service\n", "[Match]\nUid=10\n");
	const struct rule *rule = NULL, *other = NULL;
	struct facts facts = a_service();

	(void)state;
	facts.uid = 11;
	assert_int_equal(policy_match(policy, &facts, &rule, &other), 0);
	assert_string_equal(rule->name, "a");
	facts = a_service();
	facts.unit = "b.service";
	assert_int_equal(policy_match(policy, &facts, &rule, &other), 0);
	assert_string_equal(rule->name, "b");
	facts.uid = 11;
	assert_int_equal(policy_match(policy, &facts, &rule, &other), -ENOENT);
	facts = a_service();
	assert_int_equal(policy_match(policy, &facts, &rule, &other), -ENOTUNIQ);
	assert_string_equal(rule->name, "a");
	assert_string_equal(other->name, "b");
	policy_unref(policy);
}

/* The rule names /x/app: @roots bytes of the client's path were named by root. */
static void a_cgroup_counts_by_whole_names_and_only_if_root_gave_them(void **state)
{
	static const struct {
		const char *path;
		size_t roots;
		bool matches;
	} examples[] = {
		{ "/x/app", 6, true },
		{ "/x/app/child", 12, true },
		{ "/x/app/child", 6, true },	/* what is below may be anybody's */
		{ "/x/app", 2, false },		/* /x belongs to a user, who named "app" */
		{ "/x/app/child", 5, false },
		{ "/x/app", 0, false },
		{ "/x/application", 14, false },
		{ "/x/ap", 5, false },
		{ "/x", 2, false },
		{ "/y/x/app", 8, false },
		{ "/x/app*", 7, false },
		{ "/x/App", 6, false },
		{ "", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		const struct facts facts = { .unit = "", .cgroup = examples[i].path,
					     .cgroup_roots = examples[i].roots };
		const char *key = differs("[Match]\nCgroup=/x/app\n", &facts);

		if (examples[i].matches != !key)
			fail_msg("%s, %zu bytes of root's: %s", examples[i].path, examples[i].roots,
				 key ? "does not match" : "matches");
		if (key)
			assert_string_equal(key, "Cgroup");
	}
}

static struct registration a_registration(struct voucher voucher)
{
	static char signer[] = "release@example.org";
	struct registration registration = { .voucher = voucher, .image_signer = signer };

	assert_true(digest_parse("sha256:" HEX64, strlen("sha256:" HEX64), &registration.image));
	return registration;
}

/* The heart of "who may say what": rows are what the rule wants, columns who registered. */
static void an_image_counts_only_on_the_word_that_the_rule_wants(void **state)
{
	static const struct {
		const char *rule;
		bool by_root, by_1000, by_1001;
	} examples[] = {
		{ "[Match]\nImageDigest=sha256:" HEX64 "\n", true, false, false },
		{ "[Match]\nImageDigest=sha256:" HEX64 "\nVoucher=root\n", true, false, false },
		{ "[Match]\nImageDigest=sha256:" HEX64 "\nVoucher=uid:1000\n", true, true, false },
		{ "[Match]\nImageSigner=release@example.org\n", true, false, false },
		{ "[Match]\nImageSigner=release@example.org\nVoucher=uid:1001\n", true, false, true },
		{ "[Match]\nImageDigest=sha256:" OTHER "\nVoucher=uid:1000\n", false, false, false },
		{ "[Match]\nImageSigner=Release@example.org\n", false, false, false },
		{ "[Match]\nImageDigest=sha256:" OTHER " sha256:" HEX64 "\n", true, false, false },
	};
	const struct voucher vouchers[] = { { .root = true }, { .uid = 1000 }, { .uid = 1001 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++)
		for (size_t who = 0; who < ARRAY_SIZE(vouchers); who++) {
			const bool expected = who == 0 ? examples[i].by_root :
					      who == 1 ? examples[i].by_1000 : examples[i].by_1001;
			struct registration registration = a_registration(vouchers[who]);
			struct facts facts = a_service();

			/* A voucher's uid is not the client's: a container's root may be any. */
			facts.uid = 1000;
			facts.registration = &registration;
			if (expected != !differs(examples[i].rule, &facts))
				fail_msg("rule %zu, voucher %zu", i, who);
		}
}

static void a_runtime_of_uid_0_in_another_namespace_is_not_root(void **state)
{
	struct registration registration = a_registration((struct voucher){ .uid = 0 });
	struct facts facts = a_service();

	(void)state;
	facts.registration = &registration;
	assert_string_equal(differs("[Match]\nImageDigest=sha256:" HEX64 "\n", &facts), "ImageDigest");
	registration.voucher.root = true;
	assert_null(differs("[Match]\nImageDigest=sha256:" HEX64 "\n", &facts));
}

static void a_fact_that_is_not_there_matches_nothing(void **state)
{
	static const char *const rules[][2] = {
		{ "ImageDigest", "[Match]\nImageDigest=sha256:" HEX64 "\n" },
		{ "ImageSigner", "[Match]\nImageSigner=s\n" },
		{ "Label", "[Match]\nUid=10\nLabel=payments_t\n" },
		{ "Executable", "[Match]\nUid=10\nExecutable=sha256:" HEX64 "\n" },
	};
	struct registration empty = { .voucher.root = true };
	struct facts facts = a_service();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		facts.registration = NULL;
		assert_string_equal(differs(rules[i][1], &facts), rules[i][0]);
		facts.registration = &empty;
		assert_string_equal(differs(rules[i][1], &facts), rules[i][0]);
	}
}

static void label_and_executable_match_as_a_whole(void **state)
{
	static const char rule[] = "[Match]\nUid=10\nLabel=a_t b_t\nExecutable=sha256:" HEX64 "\n";
	struct facts facts = a_service();
	struct digest exe, other;

	(void)state;
	assert_true(digest_parse("sha256:" HEX64, strlen("sha256:" HEX64), &exe));
	assert_true(digest_parse("sha256:" OTHER, strlen("sha256:" OTHER), &other));
	facts.exe = &exe;
	facts.label = "b_t";
	assert_null(differs(rule, &facts));
	facts.label = "b_t2";
	assert_string_equal(differs(rule, &facts), "Label");
	facts.label = "b_";
	assert_string_equal(differs(rule, &facts), "Label");
	facts.label = "b_t";
	facts.exe = &other;
	assert_string_equal(differs(rule, &facts), "Executable");
}

static void key_labels_restrict_and_an_empty_list_does_not(void **state)
{
	static const struct {
		const char *label;
		size_t len;
		bool matches;
	} examples[] = {
		{ "disk/root", 9, true }, { "disk/a/b", 8, true }, { "disk/", 5, true }, { "disk", 4, false },
		{ "db-?", 4, true }, { "db-1", 4, false }, { "", 0, false }, { "exact", 5, true },
		{ "exactly", 7, false }, { "exac", 4, false }, { "disk/x\0y", 8, true }, { "DISK/x", 6, false },
		{ "exact\0", 6, false },
	};
	struct rule *rule = a_rule("a", "[Match]\nUid=1\n[Allow]\nKeyLabels=disk/* db-?\nKeyLabels=exact\n");
	struct rule *free_rule = a_rule("b", "[Match]\nUid=1\n");
	char longest[TEEGATE_KEY_LABEL_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		assert_int_equal(rule_allows_label(rule, examples[i].label, examples[i].len),
				 examples[i].matches);
		assert_true(rule_allows_label(free_rule, examples[i].label, examples[i].len));
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "disk/", 5);
	assert_true(rule_allows_label(rule, longest, TEEGATE_KEY_LABEL_MAX));
	assert_true(rule_allows_label(free_rule, longest, TEEGATE_KEY_LABEL_MAX));
	assert_false(rule_allows_label(rule, longest, TEEGATE_KEY_LABEL_MAX + 1));
	assert_false(rule_allows_label(free_rule, longest, TEEGATE_KEY_LABEL_MAX + 1));
	rule_free(rule);
	rule_free(free_rule);
}

#define OLD "[Match]\nUnit=a.service\n[Allow]\nOperations=report raw\nTrustPrivileged=yes\n" \
	    "UnmodifiedPrograms=yes\n[Pin]\nUid=yes\n[Quota]\nRatePerMinute=60\nRateBurst=5\n" \
	    "[Lease]\nLifetimeSec=600\nMaxPending=8\n"

/* A policy that changes one line: does a lease of the old one stand? */
static void a_narrower_policy_takes_back_and_a_wider_one_does_not(void **state)
{
	static const struct {
		const char *now;
		const char *why;	/* NULL: it stands */
	} examples[] = {
		{ "", NULL },
		{ "[Allow]\nOperations=extend\n", NULL },
		{ "[Allow]\nOperations=\nOperations=raw\n", NULL },	/* the lease has no more */
		{ "[Allow]\nOperations=\nOperations=report\n", "operations" },
		{ "[Allow]\nOperations=\n", "operations" },
		{ "[Allow]\nTrustPrivileged=no\n", "trusts" },
		{ "[Allow]\nUnmodifiedPrograms=no\n", "unmodified" },
		{ "[Pin]\nUid=no\n", NULL },
		{ "[Pin]\nLabel=yes\n", "pin" },
		{ "[Pin]\nExecutable=yes\n", "pin" },
		{ "[Lease]\nLifetimeSec=601\n", NULL },
		{ "[Lease]\nLifetimeSec=599\n", "time" },
		{ "[Lease]\nMaxPending=9\n", NULL },
		{ "[Lease]\nMaxPending=\n", NULL },
		{ "[Lease]\nMaxPending=7\n", "quota" },
		{ "[Quota]\nRatePerMinute=61\n", NULL },
		{ "[Quota]\nRatePerMinute=59\n", "quota" },
		{ "[Quota]\nRateBurst=4\n", "quota" },
		{ "[Quota]\nRateBurst=\nRatePerMinute=\n", NULL },
		{ "[Match]\nUid=10\n", NULL },
		{ "[Match]\nUid=11\n", "no rule" },
		{ "[Match]\nUnit=\nUnit=b.service\n", "no rule" },
		{ "[Claims]\nName=other\n", "name" },
	};
	struct policy *old = a_policy(OLD, NULL);
	struct grant grant = grant_of(old->rules[0], TEEGATE_OP_RAW_REPORT);
	const struct facts facts = a_service();

	(void)state;
	grant.trusted_privileged = true;
	grant.unmodified = true;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		char text[512];
		struct policy *now;
		const char *why;

		snprintf(text, sizeof(text), OLD "%s", examples[i].now);
		now = a_policy(text, NULL);
		why = policy_withdraws(now, &grant, &facts);
		if (!examples[i].why != !why || (why && !strstr(why, examples[i].why)))
			fail_msg("case %zu: %s", i, why ? why : "stands");
		policy_unref(now);
	}
	policy_unref(old);
}

/* What a lease may extend is its own to use: when there is less for all, it ends. */
static void less_to_extend_takes_back_what_may_extend(void **state)
{
	static const char old_text[] = OLD "[Allow]\nOperations=extend\nExtendEvents=8\nExtendBytes=100\n";
	static const struct {
		const char *now;
		bool ends;
	} examples[] = {
		{ "", false },
		{ "[Allow]\nExtendEvents=9\nExtendBytes=101\n", false },
		{ "[Allow]\nExtendEvents=7\n", true },
		{ "[Allow]\nExtendBytes=99\n", true },
	};
	struct policy *old = a_policy(old_text, NULL);
	const struct facts facts = a_service();
	const struct grant grants[] = {
		grant_of(old->rules[0], TEEGATE_OP_EXTEND), grant_of(old->rules[0], TEEGATE_OP_RAW_REPORT),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		char text[512];
		struct policy *now;

		snprintf(text, sizeof(text), "%s%s", old_text, examples[i].now);
		now = a_policy(text, NULL);
		assert_int_equal(policy_withdraws(now, &grants[0], &facts) != NULL, examples[i].ends);
		assert_null(policy_withdraws(now, &grants[1], &facts));
		policy_unref(now);
	}
	policy_unref(old);
}

#define KEYS	OLD "[Allow]\nOperations=key\nKeyLabels=a b\n" \
		"[Keys]\nFirmwareRoot=measured-boot\nSnpTcbFloor=0x0000000000000002\nSnpSvnFloor=2\n"

/* A lease of keys has its own terms in the kernel, so with any others it ends. */
static void other_keys_take_back_what_had_these(void **state)
{
	static const struct {
		const char *now;
		bool ends;
	} examples[] = {
		{ "", false },
		{ "[Quota]\nRatePerMinute=61\n", false },
		{ "[Allow]\nKeyLabels=c\n", true },
		{ "[Allow]\nKeyLabels=\n", true },
		{ "[Allow]\nSealScope=signer\n", true },
		{ "[Keys]\nFirmwareRoot=no\n", true },
		{ "[Keys]\nRootSources=tpm\n", true },
		{ "[Keys]\nSnpTcbFloor=0x0000000000000003\n", true },
		{ "[Keys]\nSnpSvnFloor=3\n", true },
		{ "[Keys]\nSnpSvnFloor=\n", true },
		{ "[Keys]\nSeSecretId=" "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" "\n", true },
	};
	struct policy *old = a_policy(KEYS, NULL);
	const struct facts facts = a_service();
	const struct grant grants[] = {
		grant_of(old->rules[0], TEEGATE_OP_DERIVE_KEY), grant_of(old->rules[0], TEEGATE_OP_RAW_REPORT),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		char text[1024];
		struct policy *now;
		const char *why;

		snprintf(text, sizeof(text), KEYS "%s", examples[i].now);
		now = a_policy(text, NULL);
		why = policy_withdraws(now, &grants[0], &facts);
		if (examples[i].ends != (why != NULL))
			fail_msg("case %zu: %s", i, why ? why : "stands");
		assert_null(policy_withdraws(now, &grants[1], &facts));
		/* A connection may go on when there are only more labels. */
		assert_int_equal(policy_narrows(now, old->rules[0], &facts) != NULL,
				 examples[i].ends && strcmp(examples[i].now, "[Allow]\nKeyLabels=\n"));
		policy_unref(now);
	}
	policy_unref(old);
}

/* The same for a connection, which is judged by all of its rule. */
static void a_connection_ends_when_its_rule_grows_narrower(void **state)
{
	static const struct {
		const char *then, *now;
		bool ends;
	} examples[] = {
		{ "", "", false },
		{ "Operations=raw\n", "", true },
		{ "", "Operations=raw\n", false },
		{ "SgxEnclave=yes\n", "", true },
		{ "SgxProvision=yes\n", "SgxProvision=yes\nSgxEnclave=yes\n", false },
		{ "SgxProvision=yes\n", "SgxEnclave=yes\n", true },
		{ "TrustPrivileged=yes\n", "", true },
		{ "UnmodifiedPrograms=yes\n", "", true },
		{ "KeyLabels=a b\n", "KeyLabels=a b\n", false },
		{ "KeyLabels=a b\n", "KeyLabels=a\n", true },
		{ "KeyLabels=a b\n", "", false },
		{ "", "KeyLabels=a\n", true },
		{ "SealScope=signer\n", "", true },
		{ "", "Vmpl=0\n", true },
		{ "Vmpl=0\n", "", false },
		{ "Vmpl=0\n", "Vmpl=1\n", true },
		{ "ExtendEvents=5\n", "ExtendEvents=4\n", true },
		{ "ExtendBytes=5\n", "ExtendBytes=6\n", false },
		{ "[Quota]\nConnections=5\n", "[Quota]\nConnections=4\n", true },
		{ "[Quota]\nRequests=5\n", "[Quota]\nRequests=6\n", false },
		{ "", "[Quota]\nLeases=4096\n", true },
		{ "[Quota]\nBytes=5\n", "[Quota]\nBytes=4\n", true },
	};
	const struct facts facts = a_service();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		char then[256], now[256];
		struct policy *old, *new;
		const char *why;

		snprintf(then, sizeof(then), "[Match]\nUid=10\n[Allow]\nOperations=report\n%s",
			 examples[i].then);
		snprintf(now, sizeof(now), "[Match]\nUid=10\n[Allow]\nOperations=report\n%s",
			 examples[i].now);
		old = a_policy(then, NULL);
		new = a_policy(now, NULL);
		why = policy_narrows(new, old->rules[0], &facts);
		if (examples[i].ends != (why != NULL))
			fail_msg("case %zu: %s", i, why ? why : "goes on");
		policy_unref(new);
		policy_unref(old);
	}
}

static void what_was_not_used_may_be_taken_without_the_lease(void **state)
{
	struct policy *old = a_policy(OLD, NULL);
	struct policy *now = a_policy(OLD "[Allow]\nTrustPrivileged=no\nUnmodifiedPrograms=no\n", NULL);
	const struct grant grant = grant_of(old->rules[0], TEEGATE_OP_REPORT);
	const struct facts facts = a_service();

	(void)state;
	assert_null(policy_withdraws(now, &grant, &facts));
	policy_unref(now);
	policy_unref(old);
}

static void a_second_rule_takes_back_what_the_first_granted(void **state)
{
	struct policy *old = a_policy(OLD, NULL), *now = a_policy(OLD, "[Match]\nUid=10\n");
	const struct grant grant = grant_of(old->rules[0], TEEGATE_OP_REPORT);
	const struct facts facts = a_service();

	(void)state;
	assert_non_null(strstr(policy_withdraws(now, &grant, &facts), "two rules"));
	assert_null(policy_withdraws(old, &grant, &facts));
	policy_unref(now);
	policy_unref(old);
}

/* A lease that was granted without a bound of its own outlives no rule that has one. */
static void a_new_bound_takes_back_what_had_none(void **state)
{
	static const char *const bounds[] = { "[Quota]\nRatePerMinute=1000000\n", "[Lease]\nMaxPending=64\n" };
	struct policy *old = a_policy("[Match]\nUid=10\n[Allow]\nOperations=report\n", NULL);
	const struct grant grant = grant_of(old->rules[0], TEEGATE_OP_REPORT);
	const struct facts facts = a_service();
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
		struct policy *now;

		snprintf(text, sizeof(text), "[Match]\nUid=10\n[Allow]\nOperations=report\n%s", bounds[i]);
		now = a_policy(text, NULL);
		assert_non_null(policy_withdraws(now, &grant, &facts));
		policy_unref(now);
	}
	policy_unref(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_is_given_must_match),
		cmocka_unit_test(two_rules_for_one_peer_are_as_good_as_none),
		cmocka_unit_test(a_cgroup_counts_by_whole_names_and_only_if_root_gave_them),
		cmocka_unit_test(an_image_counts_only_on_the_word_that_the_rule_wants),
		cmocka_unit_test(a_runtime_of_uid_0_in_another_namespace_is_not_root),
		cmocka_unit_test(a_fact_that_is_not_there_matches_nothing),
		cmocka_unit_test(label_and_executable_match_as_a_whole),
		cmocka_unit_test(key_labels_restrict_and_an_empty_list_does_not),
		cmocka_unit_test(a_narrower_policy_takes_back_and_a_wider_one_does_not),
		cmocka_unit_test(less_to_extend_takes_back_what_may_extend),
		cmocka_unit_test(other_keys_take_back_what_had_these),
		cmocka_unit_test(a_connection_ends_when_its_rule_grows_narrower),
		cmocka_unit_test(what_was_not_used_may_be_taken_without_the_lease),
		cmocka_unit_test(a_second_rule_takes_back_what_the_first_granted),
		cmocka_unit_test(a_new_bound_takes_back_what_had_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
