// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading roots.conf. Everything that is not understood is an error: a root that was left out by a
 * slip of the pen would be missed only when data does not open.
 */
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"

#define LINE_MAX_BYTES	1024

static const char *const setting_names[N_SETTINGS] = {
	[SETTING_BLOB] = "Blob",
	[SETTING_TCTI] = "Tcti",
	[SETTING_PCRS] = "Pcrs",
	[SETTING_GUID] = "GUID",
	[SETTING_DIRECTORY] = "Directory",
	[SETTING_URL] = "Url",
	[SETTING_RESOURCE] = "Resource",
	[SETTING_CA] = "CertificateAuthority",
	[SETTING_EVIDENCE] = "Evidence",
	[SETTING_TEE] = "Tee",
	[SETTING_FILE] = "File",
	[SETTING_ENABLE] = "Enable",
};

struct reading {
	const char *path;
	FILE *file;
	unsigned int line;
	struct config *config;
	struct complaint *complaint;
	int error;
};

/* The first thing that is wrong is the one that is said. */
static int PRINTF(2, 3) reject(struct reading *reading, const char *format, ...)
{
	char what[256];
	va_list ap;

	if (reading->error < 0)
		return 0;
	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	reading->error = fail(reading->complaint, -EINVAL, "%s:%u: %s", reading->path, reading->line, what);
	return 0;
}

/* libinih's idea of fgets(). It would cut a long line in two, and take an indented one for a sequel. */
static char *next_line(char *text, int size, void *userdata)
{
	struct reading *reading = userdata;
	char line[LINE_MAX_BYTES + 2];

	if (reading->error < 0 || size < 2 || !fgets(line, sizeof(line), reading->file))
		return NULL;
	reading->line++;
	line[strcspn(line, "\r\n")] = '\0';
	if (strlen(line) > (size_t)size - 2 || strlen(line) >= LINE_MAX_BYTES)
		reject(reading, "too long");
	else if (strchr(" \t", line[0]) && line[strspn(line, " \t")])
		reject(reading, "a line must not begin with a space");
	else if (line[0] == '[' && strncmp(line, "[Root ", 6))
		reject(reading, "there is no section %s; a root is [Root NAME]", line);
	if (reading->error < 0)
		return NULL;
	snprintf(text, (size_t)size, "%s\n", line);
	return text;
}

static bool name_valid(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= ROOT_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}

/* The root of a section, new when it is the first that is heard of it. */
static struct root *root_of(struct reading *reading, const char *section)
{
	struct config *config = reading->config;
	const char *name = section + strlen("Root ");
	struct root *root;

	if (strncmp(section, "Root ", 5)) {
		reject(reading, "a setting must be in a section [Root NAME]");
		return NULL;
	}
	for (size_t i = 0; i < config->n; i++)
		if (!strcmp(config->roots[i].name, name))
			return &config->roots[i];
	if (!name_valid(name) || config->n == ROOTS_MAX) {
		reject(reading, config->n == ROOTS_MAX ? "more roots than the kernel takes" :
		       "the name of a root is of letters, digits, \"-\", \"_\" and \".\"");
		return NULL;
	}
	root = &config->roots[config->n++];
	snprintf(root->name, sizeof(root->name), "%s", name);
	root->line = reading->line;
	return root;
}

static int set_source(struct reading *reading, struct root *root, const char *value)
{
	char names[128] = "";

	root->source = source_find(value);
	if (root->source)
		return 1;
	for (size_t i = 0; sources[i]; i++)
		text_add(names, sizeof(names), "%s%s", i ? ", " : "", sources[i]->name);
	return reject(reading, "Source=%s: must be one of %s", value, names);
}

static int set_unseal_only(struct reading *reading, struct root *root, const char *value)
{
	if (strcmp(value, "yes") && strcmp(value, "no"))
		return reject(reading, "UnsealOnly=%s: must be yes or no", value);
	root->unseal_only = !strcmp(value, "yes");
	return 1;
}

static int on_setting(void *userdata, const char *section, const char *key, const char *value)
{
	struct reading *reading = userdata;
	struct root *root = root_of(reading, section);

	if (!root)
		return 0;
	if (!strcmp(key, "Source"))
		return set_source(reading, root, value);
	if (!strcmp(key, "UnsealOnly"))
		return set_unseal_only(reading, root, value);
	for (size_t i = 0; i < N_SETTINGS; i++) {
		if (strcmp(key, setting_names[i]))
			continue;
		free(root->values[i]);
		root->values[i] = strdup(value);
		if (!root->values[i])
			reading->error = fail(reading->complaint, -ENOMEM, "out of memory");
		return root->values[i] != NULL;
	}
	return reject(reading, "there is no setting %s=", key);
}

/* Are the settings of this root those of its source, and all of them? */
static int check_root(struct reading *reading, const struct root *root)
{
	const struct source *source = root->source;
	struct complaint complaint = { "" };

	reading->line = root->line;
	if (!source)
		return reject(reading, "[Root %s] has no Source=", root->name);
	for (size_t i = 0; i < N_SETTINGS; i++) {
		if (root->values[i] && !(source->takes & 1u << i))
			return reject(reading, "[Root %s] has %s=, which is not for Source=%s", root->name,
				      setting_names[i], source->name);
		if (!root->values[i] && source->needs & 1u << i)
			return reject(reading, "[Root %s] has no %s=", root->name, setting_names[i]);
	}
	if (source->check && source->check(root, &complaint) < 0)
		return reject(reading, "[Root %s] %s", root->name, complaint.text);
	return 1;
}

/* One at most is active, and it is to be installed first. */
static int check_roots(struct reading *reading)
{
	struct config *config = reading->config;
	struct root active;
	size_t found = 0;

	for (size_t i = 0; i < config->n; i++) {
		if (!check_root(reading, &config->roots[i]))
			return reading->error;
		if (config->roots[i].unseal_only)
			continue;
		if (found++ > 0) {
			reject(reading, "[Root %s]: only one root can be active, others take UnsealOnly=yes",
			       config->roots[i].name);
			return reading->error;
		}
		active = config->roots[i];
		memmove(config->roots + 1, config->roots, i * sizeof(active));
		config->roots[0] = active;
	}
	return 0;
}

static int read_stream(struct reading *reading)
{
	int r = ini_parse_stream(next_line, reading, on_setting, reading);

	if (reading->error == 0 && r > 0) {
		reading->line = (unsigned int)r;
		reject(reading, "not understood");
	}
	if (reading->error == 0 && (r < 0 || ferror(reading->file)))
		reading->error = fail(reading->complaint, -EIO, "%s: cannot be read", reading->path);
	return reading->error < 0 ? reading->error : check_roots(reading);
}

int config_read(const char *path, struct config *ret, struct complaint *complaint)
{
	CLEANUP(fclosep) FILE *file = fopen(path, "re");
	struct reading reading = { .path = path, .file = file, .config = ret, .complaint = complaint };
	struct stat st;
	int r;

	*ret = (struct config){ .n = 0 };
	if (!file || fstat(fileno(file), &st) < 0)
		return fail(complaint, -errno, "%s: %s", path, strerror(errno));
	/* Who writes it chooses the root of all keys. */
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & (S_IWGRP | S_IWOTH))
		return fail(complaint, -EPERM, "%s: must belong to root, and nobody else may write it", path);
	r = read_stream(&reading);
	if (r < 0)
		config_done(ret);
	return r;
}

void config_done(struct config *config)
{
	for (size_t i = 0; i < config->n; i++)
		for (size_t k = 0; k < N_SETTINGS; k++)
			free(config->roots[i].values[k]);
	*config = (struct config){ .n = 0 };
}

const struct root *config_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->n; i++)
		if (!strcmp(config->roots[i].name, name))
			return &config->roots[i];
	return NULL;
}
