// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold for any text that the daemon reads: policy files, cgroup paths, lines of mountinfo.
 * The first byte chooses which: p, c or m.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/teegate.h>

#include "fuzz.h"
#include "mountinfo.h"
#include "place.h"
#include "rule.h"

#define MUST(x) do { if (!(x)) abort(); } while (0)

static void on_complaint(const char *file, unsigned int line, const char *what, void *userdata)
{
	unsigned int *lines = userdata;

	MUST(file && *what);
	MUST(line <= *lines + 1);
}

static bool has_line(const uint8_t *data, size_t len, const char *key)
{
	return memmem(data, len, key, strlen(key)) != NULL;
}

/* Names of a workload are exact; what could be a pattern must not get here. */
static void check_texts(const struct texts *texts, const uint8_t *data, size_t len, const char *never)
{
	MUST(texts->n <= POLICY_LIST_MAX);
	for (size_t i = 0; i < texts->n; i++)
		MUST(*texts->list[i] && !strpbrk(texts->list[i], never) &&
		     has_line(data, len, texts->list[i]));
}

static void check_match(const struct rule *rule, const uint8_t *data, size_t len)
{
	check_texts(&rule->units, data, len, "*?[/ \t");
	check_texts(&rule->cgroups, data, len, "*?[ \t");
	check_texts(&rule->signers, data, len, " \t");
	check_texts(&rule->labels, data, len, " \t");
	check_texts(&rule->key_labels, data, len, " \t");
	MUST(rule->n_ranges <= POLICY_LIST_MAX);
	for (size_t i = 0; i < rule->n_ranges; i++)
		MUST(rule->ranges[i].first <= rule->ranges[i].last && rule->ranges[i].last != (uid_t)-1);
	for (size_t i = 0; i < rule->cgroups.n; i++)
		MUST(rule->cgroups.list[i][0] == '/' && rule->cgroups.list[i][1]);
	MUST(rule->images.n <= POLICY_LIST_MAX && rule->exes.n <= POLICY_LIST_MAX);
	for (size_t i = 0; i < rule->images.n; i++)
		MUST(rule->images.list[i].len >= 32 && *rule->images.list[i].alg);
	MUST(rule->voucher.root || (rule->voucher.uid > 0 && rule->voucher.uid != (uid_t)-1));
}

/* A client that nobody knows anything of, but for a uid, is named by uid alone or not at all. */
static void check_nobody(const struct rule *rule)
{
	const struct facts facts = { .unit = "", .cgroup = "", .uid = 12345 };

	if (!rule_differs(rule, &facts))
		MUST(rule->n_ranges > 0 && rule->units.n + rule->cgroups.n + rule->images.n +
		     rule->signers.n + rule->labels.n + rule->exes.n == 0);
	rule_allows_label(rule, "a/label/of/some/length-0123456789", 33);
}

static void check_grants(const struct rule *rule, const uint8_t *data, size_t len)
{
	static const struct {
		size_t offset;
		const char *key;
	} switches[] = {
		{ offsetof(struct rule, trust_privileged), "TrustPrivileged" },
		{ offsetof(struct rule, sgx_enclave), "SgxEnclave" },
		{ offsetof(struct rule, sgx_provision), "SgxProvision" },
		{ offsetof(struct rule, unmodified_programs), "UnmodifiedPrograms" },
	};

	MUST(!(rule->operations & TEEGATE_OP_RAW_REPORT) || has_line(data, len, "raw"));
	MUST(!(rule->operations & TEEGATE_OP_DERIVE_KEY) || has_line(data, len, "key"));
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		MUST(!*(const bool *)((const char *)rule + switches[i].offset) ||
		     has_line(data, len, switches[i].key));
}

/* Whatever is granted, some text in the file asked for, and nothing is granted next to an error. */
static void try_policy(const uint8_t *data, size_t len)
{
	struct rule *rule = rule_new("/etc/teegate/workloads.d/fuzz.conf");
	FILE *file = len ? fmemopen((void *)(uintptr_t)data, len, "r") : NULL;
	unsigned int lines = 0;
	int errors;

	for (size_t i = 0; i < len; i++)
		lines += data[i] == '\n';
	MUST(rule);
	if (file) {
		errors = rule_read(rule, file, "fuzz.conf", on_complaint, &lines);
		MUST(errors >= 0);
		check_grants(rule, data, len);
		check_match(rule, data, len);
		if (errors == 0 && rule_check(rule, on_complaint, &lines) == 0)
			check_nobody(rule);
		fclose(file);
	}
	rule_free(rule);
}

/* Nothing below the unit's directory has a say: cutting the rest off changes nothing. */
static void try_place(const char *path)
{
	struct place whole, cut;
	char *copy;

	if (place_parse(path, &whole) < 0)
		return;
	MUST(*whole.account && !strchr(whole.account, '/') && !strchr(whole.unit, '/'));
	MUST(whole.unit_path_len <= strlen(path));
	MUST((whole.kind == PLACE_UNIT) == (*whole.unit != '\0'));
	if (whole.kind == PLACE_ROOT || whole.kind == PLACE_SLICE)
		return;
	copy = strndup(path, whole.unit_path_len);
	MUST(copy && place_parse(copy, &cut) == 0);
	MUST(cut.kind == whole.kind && !strcmp(cut.unit, whole.unit) && !strcmp(cut.account, whole.account));
	free(copy);
}

static void try_mount(char *line)
{
	char *end = line + strlen(line);
	struct mount mount;

	if (mount_parse(line, &mount) < 0)
		return;
	MUST(mount.root >= line && mount.root < end && mount.super > mount.fstype && mount.super <= end);
	mount_read_only(&mount);
	mount_stock_device(&mount);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text;

	if (len < 1)
		return 0;
	if (data[0] == 'p') {
		try_policy(data + 1, len - 1);
		return 0;
	}
	text = strndup((const char *)data + 1, len - 1);
	MUST(text);
	if (data[0] == 'c')
		try_place(text);
	else
		try_mount(text);
	free(text);
	return 0;
}
