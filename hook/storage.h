/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where podman knows which image a container was made of: the runtime's state does not say it. */
#ifndef TEEGATE_HOOK_STORAGE_H
#define TEEGATE_HOOK_STORAGE_H

/*
 * storage_find() - from the lists of containers/storage around @bundle. Outputs are NULL when there are no
 * such lists, or not this container, or it has no image. -ENOMEM; else 0.
 */
int storage_find(const char *bundle, const char *id, char **ret_image_name, char **ret_image_digest);

#endif
