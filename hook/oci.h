/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container runtime tells its hooks, and what lies beside it: the state on stdin, config.json of
 * the bundle, and the lists of containers/storage in which podman knows images. All of it may be of any
 * size and shape; what is not as it should be is refused, never guessed.
 */
#ifndef TEEGATE_HOOK_OCI_H
#define TEEGATE_HOOK_OCI_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define OCI_STATE_MAX	(1U << 20)	/* bytes */
#define OCI_CONFIG_MAX	(8U << 20)
#define OCI_LIST_MAX	(64U << 20)

/*
 * Containers that mount this, or another file of its folder, ask to be registered; so do those with one
 * as their seccomp listener.
 */
#define OCI_RUN_DIR		"/run/teegate"
#define OCI_BROKER_SOCKET	OCI_RUN_DIR "/broker.sock"
/* "yes" asks, too; "no" does not, whatever is mounted. */
#define OCI_ANNOTATION		"io.teegate.register"

enum oci_wish { OCI_UNSAID, OCI_NO, OCI_YES, OCI_NONSENSE };

/* @pid: 0 once the container has stopped */
struct oci_state {
	char *id;
	char *bundle;
	pid_t pid;
	enum oci_wish wish;
};

/*
 * @wish: by mounts, listener or annotation; @root: path of the root file system; @broker_at: where the broker's
 * socket is mounted inside, or NULL; @image, @pod: from annotations of runtimes that make them
 */
struct oci_config {
	enum oci_wish wish;
	char *root;
	char *broker_at;
	char *image;
	char *pod;
};

/* oci_read() - all of @fd with a NUL behind it; -E2BIG above @max, -EBADMSG with a NUL in it. */
int oci_read(int fd, size_t max, char **ret, size_t *ret_len);
int oci_read_at(int dir_fd, const char *name, size_t max, char **ret, size_t *ret_len);

/* These return -EBADMSG when the text is not what it should be, and -ENOMEM. */
int oci_parse_state(const char *text, struct oci_state *ret);
int oci_parse_config(const char *text, struct oci_config *ret);
/*
 * oci_find_container() - in containers.json: the image of @id. oci_find_image() - in images.json: the
 * digest of the manifest of image @id. 1 and a text, or 0 when there is none.
 */
int oci_find_container(const char *text, const char *id, char **ret_image_id, char **ret_image_name);
int oci_find_image(const char *text, const char *id, char **ret_digest);

void oci_state_done(struct oci_state *state);
void oci_config_done(struct oci_config *config);

#endif
