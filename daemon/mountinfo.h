/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of /proc/PID/mountinfo.
 */
#ifndef TEEGATED_MOUNTINFO_H
#define TEEGATED_MOUNTINFO_H

#include <stdbool.h>

/* All point into the line that was parsed. @root: which directory of the file system is mounted. */
struct mount {
	char *root, *point, *options, *fstype, *super;
};

/* mount_parse() - takes @line apart, in place; without its newline. -EBADMSG. */
int mount_parse(char *line, struct mount *ret);

/* mount_read_only() - can nobody write through this mount? */
bool mount_read_only(const struct mount *mount);

/*
 * mount_leads_to() - where, below the mount point, the directory @path of the mounted file system is:
 * "" for the mount point itself, also when only something inside of @path is mounted there. NULL:
 * this mount does not lead there.
 */
const char *mount_leads_to(const struct mount *mount, const char *path);

/* mount_stock_device() - the stock device that @mount's root is called after, or NULL. */
const char *mount_stock_device(const struct mount *mount);

/* The device nodes that reach a TEE; NULL-terminated. */
extern const char *const stock_devices[];

#endif
