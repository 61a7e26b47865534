// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bundle of podman and CRI-O is ROOT/DRIVER-containers/ID/userdata. Beside ID are the lists of
 * containers, one of them for those that a reboot forgets; ROOT/DRIVER-images/images.json has the images.
 * Who can write there is who runs the runtime.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "oci.h"
#include "storage.h"
#include "util.h"

#define SUFFIX	"-containers"

/* The directory of lists, as text without the end of the bundle's path; NULL when it is none of these. */
static char *lists_of(const char *bundle, const char *id)
{
	size_t len = strlen(bundle), tail = strlen(id) + strlen("//userdata");
	char *dir;

	if (len <= tail || strcmp(bundle + len - strlen("/userdata"), "/userdata") ||
	    strncmp(bundle + len - tail + 1, id, strlen(id)) || bundle[len - tail] != '/')
		return NULL;
	dir = strndup(bundle, len - tail);
	if (dir && strlen(dir) > strlen(SUFFIX) && !strcmp(dir + strlen(dir) - strlen(SUFFIX), SUFFIX))
		return dir;
	free(dir);
	return NULL;
}

static int look_into(const char *dir, const char *name, const char *id, char **ret_image_id,
		     char **ret_image_name)
{
	CLEANUP(freep) char *path = NULL;
	CLEANUP(freep) char *text = NULL;
	size_t len;
	int r;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return -ENOMEM;
	r = oci_read_at(AT_FDCWD, path, OCI_LIST_MAX, &text, &len);
	return r < 0 ? r : oci_find_container(text, id, ret_image_id, ret_image_name);
}

static int find_digest(const char *dir, const char *image_id, char **ret_digest)
{
	int prefix = (int)(strlen(dir) - strlen(SUFFIX)), r;
	CLEANUP(freep) char *path = NULL;
	CLEANUP(freep) char *text = NULL;
	size_t len;

	if (asprintf(&path, "%.*s-images/images.json", prefix, dir) < 0)
		return -ENOMEM;
	r = oci_read_at(AT_FDCWD, path, OCI_LIST_MAX, &text, &len);
	return r < 0 ? r : oci_find_image(text, image_id, ret_digest);
}

int storage_find(const char *bundle, const char *id, char **ret_image_name, char **ret_image_digest)
{
	CLEANUP(freep) char *dir = lists_of(bundle, id);
	CLEANUP(freep) char *image_id = NULL;
	int r;

	*ret_image_name = *ret_image_digest = NULL;
	if (!dir)
		return 0;
	r = look_into(dir, "containers.json", id, &image_id, ret_image_name);
	if (r <= 0 && r != -ENOMEM)
		r = look_into(dir, "volatile-containers.json", id, &image_id, ret_image_name);
	if (r > 0)
		r = find_digest(dir, image_id, ret_image_digest);
	return r == -ENOMEM ? r : 0;
}
