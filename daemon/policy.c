// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where policy files are, in which order they count, and whom a rule names.
 *
 * Directories and drop-ins work as systemd's do: NAME.conf in /etc hides the one in /run and in
 * /usr/lib, NAME.conf.d/ adds to it. A file that anybody but root could have written is refused.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/teegate.h>

#include "policy.h"
#include "rule.h"
#include "util.h"

#define FILE_BYTES_MAX	65536
#define NAMES_MAX	POLICY_RULES_MAX

static const struct {
	uint64_t bit;
	const char *name;
} operations[] = {
	{ TEEGATE_OP_REPORT, "report" },
	{ TEEGATE_OP_RAW_REPORT, "raw" },
	{ TEEGATE_OP_EXTEND, "extend" },
	{ TEEGATE_OP_DERIVE_KEY, "key" },
	{ TEEGATE_OP_SEAL, "seal" },
	{ OPERATION_SECRETS, "secrets" },
};

uint64_t operation_by_name(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
		if (strlen(operations[i].name) == len && !memcmp(operations[i].name, name, len))
			return operations[i].bit;
	return 0;
}

const char *operation_names(uint64_t set, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
		if (set & operations[i].bit)
			text_add(text, size, "%s%s", *text ? " " : "", operations[i].name);
	return text;
}

static const char *const sources[] = {
	[TEEGATE_ROOT_FIRMWARE] = "firmware",
	[TEEGATE_ROOT_RETRIEVABLE] = "retrievable",
	[TEEGATE_ROOT_TPM] = "tpm",
	[TEEGATE_ROOT_LAUNCH_SECRET] = "launch-secret",
	[TEEGATE_ROOT_KEY_BROKER] = "key-broker",
	[TEEGATE_ROOT_DEVELOPMENT] = "development",
};

uint32_t root_by_name(const char *name, size_t len)
{
	for (uint32_t i = 1; i < ARRAY_SIZE(sources); i++)
		if (strlen(sources[i]) == len && !memcmp(sources[i], name, len))
			return UINT32_C(1) << i;
	return 0;
}

const char *root_names(uint32_t set, char *text, size_t size)
{
	text[0] = '\0';
	for (uint32_t i = 1; i < ARRAY_SIZE(sources); i++)
		if (set & UINT32_C(1) << i)
			text_add(text, size, "%s%s", *text ? " " : "", sources[i]);
	return text;
}

const char *seal_scope_name(enum seal_scope scope)
{
	static const char *const names[] = {
		[SEAL_MEASUREMENT] = "measurement", [SEAL_IMAGE_ID] = "image-id", [SEAL_SIGNER] = "signer",
	};

	return names[scope];
}

/* A sorted set of file names, each with the first directory that holds it. */
struct names {
	struct name {
		char *name;
		const char *dir;
	} *list;
	size_t n;
};

static void names_done(struct names *names)
{
	while (names->n > 0)
		free(names->list[--names->n].name);
	free(names->list);
}

static int names_add(struct names *names, const char *dir, const char *name)
{
	struct name *list;
	char *copy;
	size_t at = 0;

	for (; at < names->n && strcmp(names->list[at].name, name) <= 0; at++)
		if (!strcmp(names->list[at].name, name))
			return 0;
	if (names->n == NAMES_MAX)
		return -E2BIG;
	list = reallocarray(names->list, names->n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	names->list = list;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	memmove(list + at + 1, list + at, (names->n - at) * sizeof(*list));
	list[at] = (struct name){ copy, dir };
	names->n++;
	return 0;
}

static bool is_conf(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 5 && !strcmp(name + len - 5, ".conf");
}

struct loading {
	const char *const *dirs;
	size_t n_dirs;
	policy_complain_t complain;
	void *userdata;
};

static int complain_errno(struct loading *loading, const char *path, int error)
{
	if (error == -ENOMEM)
		return error;
	loading->complain(path, 0, error == -E2BIG ? "too many or too large" : strerror(-error),
			  loading->userdata);
	return 1;
}

/* Returns what is wrong with who could have written this, or NULL. */
static const char *distrust(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "does not belong to root: ignored";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "may be written by others than root: ignored";
	return NULL;
}

/* Adds the names in DIR or, with @sub, in DIR/SUB. Returns the number of errors, or -ENOMEM. */
static int collect_dir(struct loading *loading, const char *dir, const char *path,
		       struct names *names)
{
	DIR *handle = opendir(path);
	const char *wrong;
	struct dirent *entry;
	struct stat st;
	int r = 0;

	if (!handle)
		return errno == ENOENT ? 0 : complain_errno(loading, path, -errno);
	if (fstat(dirfd(handle), &st) < 0) {
		r = complain_errno(loading, path, -errno);
		goto finish;
	}
	wrong = distrust(&st);
	if (wrong) {
		loading->complain(path, 0, wrong, loading->userdata);
		r = 1;
		goto finish;
	}
	while ((entry = readdir(handle))) {
		if (!is_conf(entry->d_name))
			continue;
		r = names_add(names, dir, entry->d_name);
		if (r < 0) {
			r = complain_errno(loading, path, r);
			break;
		}
	}
finish:
	closedir(handle);
	return r;
}

static int collect(struct loading *loading, const char *sub, struct names *names)
{
	int errors = 0, r;

	for (size_t i = 0; i < loading->n_dirs; i++) {
		CLEANUP(freep) char *path = NULL;

		if (asprintf(&path, "%s%s%s", loading->dirs[i], *sub ? "/" : "", sub) < 0)
			return -ENOMEM;
		r = collect_dir(loading, loading->dirs[i], path, names);
		if (r < 0)
			return r;
		errors += r;
	}
	return errors;
}

/* Opens a policy file. 0 and a NULL file: it is empty or /dev/null and only hides others. */
static int open_file(const char *path, FILE **ret, const char **ret_wrong)
{
	CLEANUP(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	FILE *file;

	*ret_wrong = NULL;
	*ret = NULL;
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISCHR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_size == 0))
		return 0;
	*ret_wrong = S_ISREG(st.st_mode) ? distrust(&st) : "is not a regular file";
	if (*ret_wrong)
		return 0;
	if (st.st_size > FILE_BYTES_MAX)
		return -E2BIG;
	file = fdopen(fd, "re");
	if (!file)
		return -errno;
	take_fd(&fd);
	*ret = file;
	return 0;
}

/* Returns the number of errors; *@ret_seen tells whether there was anything to read. */
static int read_one(struct loading *loading, struct rule *rule, const char *path, bool *ret_seen)
{
	CLEANUP(fclosep) FILE *file = NULL;
	const char *wrong;
	int r;

	r = open_file(path, &file, &wrong);
	if (r < 0)
		return complain_errno(loading, path, r);
	if (wrong) {
		loading->complain(path, 0, wrong, loading->userdata);
		return 1;
	}
	*ret_seen = file;
	if (!file)
		return 0;
	r = rule_read(rule, file, path, loading->complain, loading->userdata);
	return r < 0 ? complain_errno(loading, path, r) : r;
}

static int read_drop_ins(struct loading *loading, struct rule *rule, const char *name)
{
	CLEANUP(names_done) struct names names = { NULL, 0 };
	char sub[NAME_MAX + 3];
	int errors, r;

	snprintf(sub, sizeof(sub), "%s.d", name);
	errors = collect(loading, sub, &names);
	if (errors < 0)
		return errors;
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP(freep) char *path = NULL;
		bool seen;

		if (asprintf(&path, "%s/%s/%s", names.list[i].dir, sub, names.list[i].name) < 0)
			return -ENOMEM;
		r = read_one(loading, rule, path, &seen);
		if (r < 0)
			return r;
		errors += r;
	}
	return errors;
}

/* 1: *@ret is a rule; 0: there is none, which may be an error counted in *@errors. */
static int load_rule(struct loading *loading, const struct name *name, unsigned int *errors,
		     struct rule **ret)
{
	CLEANUP(rule_freep) struct rule *rule = NULL;
	CLEANUP(freep) char *path = NULL;
	bool seen = false;
	int found, r;

	if (asprintf(&path, "%s/%s", name->dir, name->name) < 0)
		return -ENOMEM;
	rule = rule_new(path);
	if (!rule)
		return -ENOMEM;
	found = read_one(loading, rule, path, &seen);
	if (found == 0 && !seen)
		return 0;
	if (found < 0)
		return found;
	r = read_drop_ins(loading, rule, name->name);
	if (r < 0)
		return r;
	found += r;
	if (found == 0)
		found = rule_check(rule, loading->complain, loading->userdata);
	if (found > 0) {
		(*errors)++;
		return 0;
	}
	*ret = take_pointer(&rule);
	return 1;
}

int policy_load(const char *const *dirs, size_t n_dirs, policy_complain_t complain, void *userdata,
		struct policy **ret)
{
	struct loading loading = { dirs, n_dirs, complain, userdata };
	CLEANUP(names_done) struct names names = { NULL, 0 };
	CLEANUP(policy_unrefp) struct policy *policy = NULL;
	int r;

	policy = calloc(1, sizeof(*policy));
	if (!policy)
		return -ENOMEM;
	atomic_init(&policy->refs, 1);
	r = collect(&loading, "", &names);
	if (r < 0)
		return r;
	policy->errors = (unsigned int)r;
	policy->rules = calloc(names.n ? names.n : 1, sizeof(*policy->rules));
	if (!policy->rules)
		return -ENOMEM;
	for (size_t i = 0; i < names.n; i++) {
		r = load_rule(&loading, &names.list[i], &policy->errors,
			      &policy->rules[policy->n_rules]);
		if (r < 0)
			return r;
		policy->n_rules += (size_t)r;
	}
	*ret = take_pointer(&policy);
	return 0;
}

struct policy *policy_ref(struct policy *policy)
{
	atomic_fetch_add(&policy->refs, 1);
	return policy;
}

struct policy *policy_unref(struct policy *policy)
{
	if (!policy || atomic_fetch_sub(&policy->refs, 1) != 1)
		return NULL;
	for (size_t i = 0; i < policy->n_rules; i++)
		rule_free(policy->rules[i]);
	free(policy->rules);
	free(policy);
	return NULL;
}

void policy_unrefp(struct policy **policy)
{
	policy_unref(*policy);
}
