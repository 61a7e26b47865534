/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TEEGATE_HOOK_MOUNT_H
#define TEEGATE_HOOK_MOUNT_H

/*
 * mount_own_socket() - in the mount namespace of a container that is being made: puts the socket that was
 * made for container @id over the one that is mounted at @at, in the root file system @root of @bundle.
 * -ENOENT when there is no such socket.
 */
int mount_own_socket(const char *bundle, const char *root, const char *at, const char *id);

#endif
