// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The secret that the owner of a SEV or SEV-ES guest injected when it was launched. The kernel's
 * efi_secret shows each as a file whose name is its GUID.
 */
#include <errno.h>
#include <string.h>

#include "source.h"

#define SECRETS	"/sys/kernel/security/secrets/coco"

/* 8-4-4-4-12 lower-case digits, as efi_secret prints them; a name that is no path. */
static bool guid_valid(const char *guid)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(guid) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == '-' ? guid[i] != '-' : !strchr("0123456789abcdef", guid[i]))
			return false;
	return true;
}

static int check(const struct root *root, struct complaint *complaint)
{
	if (!guid_valid(setting(root, SETTING_GUID, "")))
		return fail(complaint, -EINVAL, "GUID=%s: must be one like 736870e5-84f0-4973-92ec-06879ce3da0b",
			    setting(root, SETTING_GUID, ""));
	if (setting(root, SETTING_DIRECTORY, SECRETS)[0] != '/')
		return fail(complaint, -EINVAL, "Directory= must be an absolute path");
	return 0;
}

static int fetch(const struct root *root, struct secret *secret, struct complaint *complaint)
{
	CLEANUP(freep) char *path = NULL;
	int r;

	if (asprintf(&path, "%s/%s", setting(root, SETTING_DIRECTORY, SECRETS),
		     root->values[SETTING_GUID]) < 0)
		return -ENOMEM;
	r = read_root_file(path, true, secret, complaint);
	if (r == -ENOENT)
		return fail(complaint, r,
			    "%s: there is no such launch secret; is this a SEV guest, and efi_secret loaded?", path);
	return r;
}

const struct source source_launch_secret = {
	.name = "launch-secret",
	.number = TEEGATE_ROOT_LAUNCH_SECRET,
	.title = "launch secret",
	.how = "GUID=736870e5-84f0-4973-92ec-06879ce3da0b\n",
	.takes = 1 << SETTING_GUID | 1 << SETTING_DIRECTORY,
	.needs = 1 << SETTING_GUID,
	.check = check,
	.fetch = fetch,
};
