// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file. Whoever reads the disk has the root, so it is for trying things out only: nobody gets it
 * without saying so, and the kernel marks everything that this guest attests from then on.
 */
#include <errno.h>
#include <string.h>

#include "source.h"

static int check(const struct root *root, struct complaint *complaint)
{
	if (strcmp(setting(root, SETTING_ENABLE, ""), "yes"))
		return fail(complaint, -EPERM,
			    "a file protects nothing: for development only, and only with Enable=yes, which marks the evidence of this guest");
	if (setting(root, SETTING_FILE, "")[0] != '/')
		return fail(complaint, -EINVAL, "File= must be an absolute path");
	return 0;
}

static int fetch(const struct root *root, struct secret *secret, struct complaint *complaint)
{
	int r = check(root, complaint);

	return r < 0 ? r : read_root_file(root->values[SETTING_FILE], false, secret, complaint);
}

const struct source source_development = {
	.name = "development",
	.number = TEEGATE_ROOT_DEVELOPMENT,
	.title = "development file",
	.how = "Enable=yes\nFile=/etc/teegate/development.root\n",
	.takes = 1 << SETTING_FILE | 1 << SETTING_ENABLE,
	.needs = 1 << SETTING_FILE,
	.check = check,
	.fetch = fetch,
};
