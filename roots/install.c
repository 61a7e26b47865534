// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each root is given to the kernel in one ioctl, and is the kernel's alone afterwards. So there is
 * nothing to clean up after a kill at any moment: a root is installed or it is not, and starting anew
 * goes on from there.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "install.h"
#include "module.h"
#include "util.h"

void say(int priority, const char *format, ...)
{
	va_list ap;

	if (journal_reads_stderr())
		fprintf(stderr, "<%d>", priority);
	else
		fputs("teegate-root: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static const char *hex_id(const uint8_t id[TEEGATE_ROOT_ID_SIZE], char text[2 * TEEGATE_ROOT_ID_SIZE + 1])
{
	text[0] = '\0';
	text_add_hex(text, 2 * TEEGATE_ROOT_ID_SIZE + 1, id, TEEGATE_ROOT_ID_SIZE);
	return text;
}

void print_sources(FILE *to)
{
	fputs("A root of keys comes from one of these sources:\n", to);
	for (size_t i = 0; sources[i]; i++)
		fprintf(to, "  %-14s %s%s%s%s\n", sources[i]->name, sources[i]->title,
			sources[i]->not_built ? " (not here: " : "",
			sources[i]->not_built ? sources[i]->not_built : "", sources[i]->not_built ? ")" : "");
	fputs("To configure one, write one of these into " CONFIG_PATH ":\n", to);
	for (size_t i = 0; sources[i]; i++)
		if (!sources[i]->not_built)
			fprintf(to, "\n[Root main]\nSource=%s\n%s", sources[i]->name, sources[i]->how);
	fputs("\nthen \"systemctl enable --now teegate-root.service\". See teegate-roots.conf(5).\n", to);
}

static int fetch(const struct root *root, struct secret *secret, struct complaint *complaint)
{
	const struct source *source = root->source;
	int r;

	if (source->not_built)
		return fail(complaint, -EOPNOTSUPP, "Source=%s is not in this build: %s", source->name,
			    source->not_built);
	r = source->fetch(root, secret, complaint);
	secret_sweep();
	if (r == -ENOMEM)
		return fail(complaint, r, "out of memory");
	return r;
}

static const char *explain(int error)
{
	switch (error) {
	case -EEXIST:
		return "another root is active, and it stays that until the system starts anew";
	case -ENOSPC:
		return "there are as many roots to unseal with as the kernel takes";
	case -EPERM:
		return "only root of the system may, with CAP_SYS_ADMIN";
	case -ENOTTY:
	case -EOPNOTSUPP:
		return "the module that is loaded is older than installed roots";
	}
	return strerror(-error);
}

/* After EEXIST: is it this very root that is there? Its name says so, and nothing else could. */
static bool is_there(int device, const struct root *root, const uint8_t id[TEEGATE_ROOT_ID_SIZE])
{
	struct teegate_get_info info;

	if (module_info(device, &info) < 0 || !(info.roots & 1u << root->source->number))
		return false;
	return root->unseal_only || !memcmp(info.root_id, id, sizeof(info.root_id));
}

static int set_root(int device, const struct root *root, const struct secret *secret,
		    struct complaint *complaint)
{
	uint8_t id[TEEGATE_ROOT_ID_SIZE];
	char text[2 * sizeof(id) + 1];
	int r;

	r = module_set_root(device, secret, root->source->number, root->unseal_only, id);
	if (r == -EEXIST && root_id(secret, id) == 0 && is_there(device, root, id)) {
		say(LOG_INFO, "%s: root %s is there already", root->name, hex_id(id, text));
		return 0;
	}
	if (r < 0)
		return fail(complaint, r, "cannot be installed: %s", explain(r));
	say(LOG_INFO, "%s: root %s is installed%s, from source: %s", root->name, hex_id(id, text),
	    root->unseal_only ? " to unseal with" : "", root->source->title);
	return 0;
}

static int install_root(int device, const struct root *root)
{
	CLEANUP(secret_freep) struct secret *secret = secret_new();
	struct complaint complaint = { "" };
	int r;

	r = secret ? fetch(root, secret, &complaint) : fail(&complaint, -errno, "no memory can be locked");
	if (r >= 0)
		r = set_root(device, root, secret, &complaint);
	if (r < 0)
		say(LOG_ERR, "%s: %s", root->name, complaint.text);
	return r;
}

int install(const struct config *config, const char *device)
{
	CLEANUP(closep) int fd = -1;
	int status = STATUS_OK;

	if (!config->n) {
		say(LOG_ERR, "no root is configured");
		print_sources(stderr);
		return STATUS_CONFIG;
	}
	fd = module_open(device);
	if (fd < 0) {
		say(LOG_ERR, "%s: %s%s", device, strerror(-fd),
		    fd == -ENOENT ? "; load the module with \"modprobe teegate\"" : "");
		return STATUS_FAILED;
	}
	for (size_t i = 0; i < config->n; i++)
		if (install_root(fd, &config->roots[i]) < 0)
			status = STATUS_FAILED;
	return status;
}

/* What is sealed under a root that is overwritten is lost with it. */
static bool would_destroy(const struct root *root)
{
	const char *blob = setting(root, SETTING_BLOB, NULL);

	return blob && access(blob, F_OK) == 0;
}

int enrol(const struct root *root, const char *import, bool force)
{
	CLEANUP(secret_freep) struct secret *secret = secret_new();
	const struct source *source = root->source;
	struct complaint complaint = { "" };
	uint8_t id[TEEGATE_ROOT_ID_SIZE];
	char text[2 * sizeof(id) + 1];
	int r;

	if (source->not_built || !source->enrol) {
		say(LOG_ERR, "%s: Source=%s %s%s", root->name, source->name,
		    source->not_built ? "is not in this build: " : "is given its root by others",
		    source->not_built ? source->not_built : "");
		return STATUS_FAILED;
	}
	if (would_destroy(root) && !force) {
		say(LOG_ERR, "%s: %s is there already, and all that is sealed under it would be lost: --force",
		    root->name, setting(root, SETTING_BLOB, ""));
		return STATUS_FAILED;
	}
	if (!secret)
		r = fail(&complaint, -errno, "no memory can be locked");
	else if (import)
		r = read_root_file(import, false, secret, &complaint);
	else
		r = secret_random(secret);
	if (r >= 0)
		r = source->enrol(root, secret, &complaint);
	secret_sweep();
	if (r >= 0)
		r = root_id(secret, id);
	if (r < 0) {
		say(LOG_ERR, "%s: %s", root->name, complaint.text[0] ? complaint.text : strerror(-r));
		return STATUS_FAILED;
	}
	say(LOG_INFO, "%s: root %s is sealed to %s", root->name, hex_id(id, text), source->title);
	return STATUS_OK;
}

int status(const char *device)
{
	CLEANUP(closep) int fd = module_open(device);
	struct teegate_get_info info;
	char text[2 * TEEGATE_ROOT_ID_SIZE + 1];
	int r = fd < 0 ? fd : module_info(fd, &info);

	if (r < 0) {
		say(LOG_ERR, "%s: %s", device, strerror(-r));
		return STATUS_FAILED;
	}
	printf("active: %s", source_title(info.root_active));
	if (info.root_active >= TEEGATE_ROOT_TPM)
		printf(" %s", hex_id(info.root_id, text));
	printf("\nroots:");
	for (uint32_t i = 1; i < 32; i++)
		if (info.roots & 1u << i)
			printf(" %s%s", source_title(i), info.roots >> i > 1 ? "," : "");
	printf("%s\n", info.roots ? "" : " none");
	if (info.root_active == TEEGATE_ROOT_NONE) {
		fputc('\n', stdout);
		print_sources(stdout);
	}
	return info.root_active == TEEGATE_ROOT_NONE ? STATUS_FAILED : STATUS_OK;
}
