// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Text of /proc/PID/mountinfo, see proc_pid_mountinfo(5). A workload chooses the names in it; the
 * kernel writes space, tab, newline and backslash in octal, so a line means one thing only.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "mountinfo.h"

const char *const stock_devices[] = { "sev-guest", "tdx_guest", "uv", "teegate", NULL };

static char *next_field(char **rest)
{
	char *field = *rest, *end;

	if (!field || !*field)
		return NULL;
	end = strchr(field, ' ');
	if (end)
		*end++ = '\0';
	*rest = end;
	return field;
}

static bool octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' && s[2] <= '7';
}

static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && octal(text + 1)) {
			*to++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

int mount_parse(char *line, struct mount *ret)
{
	struct mount mount;
	char *field;

	for (int i = 0; i < 3; i++)	/* mount id, parent id, major:minor */
		if (!next_field(&line))
			return -EBADMSG;
	mount.root = next_field(&line);
	mount.point = next_field(&line);
	mount.options = next_field(&line);
	if (!mount.options)
		return -EBADMSG;
	do	/* any number of optional fields */
		field = next_field(&line);
	while (field && strcmp(field, "-") != 0);
	mount.fstype = next_field(&line);
	if (!field || !mount.fstype || !next_field(&line))
		return -EBADMSG;
	mount.super = next_field(&line);
	if (!mount.super)
		return -EBADMSG;
	unescape(mount.root);
	unescape(mount.point);
	unescape(mount.fstype);
	*ret = mount;
	return 0;
}

static bool has_option(const char *options, const char *option)
{
	size_t len = strlen(option);

	for (const char *p = options; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (!strncmp(p, option, len) && (p[len] == ',' || !p[len]))
			return true;
	}
	return false;
}

bool mount_read_only(const struct mount *mount)
{
	return has_option(mount->options, "ro") || has_option(mount->super, "ro");
}

/* What of @path is left below @dir, without its slash; NULL when @dir is not above it. */
static const char *below(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	if (len == 1)	/* "/" */
		return path + 1;
	if (strncmp(path, dir, len) != 0 || (path[len] && path[len] != '/'))
		return NULL;
	return path + len + (path[len] == '/');
}

const char *mount_leads_to(const struct mount *mount, const char *path)
{
	const char *rest = below(mount->root, path);

	return rest || !below(path, mount->root) ? rest : "";
}

const char *mount_stock_device(const struct mount *mount)
{
	const char *slash = strrchr(mount->root, '/');
	const char *name = slash ? slash + 1 : mount->root;

	for (size_t i = 0; stock_devices[i]; i++)
		if (!strcmp(name, stock_devices[i]))
			return stock_devices[i];
	return NULL;
}
