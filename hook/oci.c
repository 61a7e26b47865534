// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading by sd-json, whose nesting is bounded. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-json.h>
#include <unistd.h>

#include "members.h"
#include "oci.h"
#include "util.h"

static int read_more(int fd, char **text, size_t *size, size_t used)
{
	ssize_t n;

	if (used + 1 >= *size) {
		char *larger = realloc(*text, *size * 2);

		if (!larger)
			return -ENOMEM;
		*text = larger;
		*size *= 2;
	}
	do
		n = read(fd, *text + used, *size - 1 - used);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

int oci_read(int fd, size_t max, char **ret, size_t *ret_len)
{
	size_t size = 8192, used = 0;
	CLEANUP(freep) char *text = malloc(size);
	int n;

	if (!text)
		return -ENOMEM;
	while ((n = read_more(fd, &text, &size, used)) > 0) {
		used += (size_t)n;
		if (used > max)
			return -E2BIG;
	}
	if (n < 0)
		return n;
	if (memchr(text, 0, used))
		return -EBADMSG;
	text[used] = '\0';
	*ret = take_pointer(&text);
	*ret_len = used;
	return 0;
}

int oci_read_at(int dir_fd, const char *name, size_t max, char **ret, size_t *ret_len)
{
	CLEANUP(closep) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? -errno : oci_read(fd, max, ret, ret_len);
}

static int parse(const char *text, sd_json_variant **ret)
{
	int r = sd_json_parse(text, 0, ret, NULL, NULL);

	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	return 0;
}

/* False: no memory. NULL stays NULL. */
static bool copy(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return *ret || !text;
}

static enum oci_wish wish_of(sd_json_variant *annotations)
{
	sd_json_variant *value = sd_json_variant_by_key(annotations, OCI_ANNOTATION);
	const char *text = member_text(annotations, OCI_ANNOTATION);

	if (!value)
		return OCI_UNSAID;
	if (!text)
		return OCI_NONSENSE;
	return !strcmp(text, "yes") ? OCI_YES : !strcmp(text, "no") ? OCI_NO : OCI_NONSENSE;
}

int oci_parse_state(const char *text, struct oci_state *ret)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	CLEANUP(oci_state_done) struct oci_state state = { 0 };
	const char *id, *bundle;
	sd_json_variant *pid;
	int r;

	r = parse(text, &object);
	if (r < 0)
		return r;
	id = member_text(object, "id");
	bundle = member_text(object, "bundle");
	pid = sd_json_variant_by_key(object, "pid");
	if (!id || !*id || !bundle || bundle[0] != '/')
		return -EBADMSG;
	if (pid && (!sd_json_variant_is_unsigned(pid) || sd_json_variant_unsigned(pid) > INT_MAX))
		return -EBADMSG;
	state.pid = pid ? (pid_t)sd_json_variant_unsigned(pid) : 0;
	state.wish = wish_of(sd_json_variant_by_key(object, "annotations"));
	if (!copy(id, &state.id) || !copy(bundle, &state.bundle))
		return -ENOMEM;
	*ret = state;
	state = (struct oci_state){ 0 };
	return 0;
}

static bool is_ours(const char *source)
{
	size_t len = strlen(OCI_RUN_DIR);

	return source && !strncmp(source, OCI_RUN_DIR, len) && (source[len] == '\0' || source[len] == '/');
}

static int read_mounts(sd_json_variant *mounts, struct oci_config *config)
{
	size_t n = mounts && sd_json_variant_is_array(mounts) ? sd_json_variant_elements(mounts) : 0;

	for (size_t i = 0; i < n; i++) {
		sd_json_variant *mount = sd_json_variant_by_index(mounts, i);
		const char *source = member_text(mount, "source");

		if (!is_ours(source))
			continue;
		config->wish = OCI_YES;
		if (strcmp(source, OCI_BROKER_SOCKET) || config->broker_at)
			continue;
		if (!copy(member_text(mount, "destination"), &config->broker_at))
			return -ENOMEM;
	}
	return 0;
}

/*
 * Annotations of CRI runtimes, which their users cannot set. Image digests are never taken from any: what
 * a runtime passes on from its user looks the same.
 */
static int read_annotations(sd_json_variant *annotations, struct oci_config *config)
{
	static const char *const pods[] = {
		"io.kubernetes.cri-o.SandboxID", "io.kubernetes.cri.sandbox-id",
	};
	static const char *const images[] = {
		"io.kubernetes.cri-o.ImageName", "io.kubernetes.cri.image-name",
	};
	enum oci_wish wish = wish_of(annotations);

	for (size_t i = 0; i < ARRAY_SIZE(pods); i++)
		if (!config->pod && !copy(member_text(annotations, pods[i]), &config->pod))
			return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(images); i++)
		if (!config->image && !copy(member_text(annotations, images[i]), &config->image))
			return -ENOMEM;
	if (wish != OCI_UNSAID)
		config->wish = wish;
	return 0;
}

/* So does one whose programs are to be given leases by a supervisor. */
static void read_seccomp(sd_json_variant *linux_, struct oci_config *config)
{
	if (is_ours(member_text(sd_json_variant_by_key(linux_, "seccomp"), "listenerPath")))
		config->wish = OCI_YES;
}

int oci_parse_config(const char *text, struct oci_config *ret)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	CLEANUP(oci_config_done) struct oci_config config = { 0 };
	int r;

	r = parse(text, &object);
	if (r < 0)
		return r;
	if (!sd_json_variant_is_object(object))
		return -EBADMSG;
	r = read_mounts(sd_json_variant_by_key(object, "mounts"), &config);
	read_seccomp(sd_json_variant_by_key(object, "linux"), &config);
	if (r >= 0)
		r = read_annotations(sd_json_variant_by_key(object, "annotations"), &config);
	if (r >= 0 && !copy(member_text(sd_json_variant_by_key(object, "root"), "path"), &config.root))
		r = -ENOMEM;
	if (r < 0)
		return r;
	*ret = config;
	config = (struct oci_config){ 0 };
	return 0;
}

/* The element of @list with this "id", or NULL. */
static sd_json_variant *by_id(sd_json_variant *list, const char *id)
{
	size_t n = sd_json_variant_is_array(list) ? sd_json_variant_elements(list) : 0;

	for (size_t i = 0; i < n; i++) {
		sd_json_variant *element = sd_json_variant_by_index(list, i);
		const char *text = member_text(element, "id");

		if (text && !strcmp(text, id))
			return element;
	}
	return NULL;
}

/* The name is in a text that is JSON again. */
static int name_in(const char *metadata, char **ret)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *object = NULL;

	if (!metadata || parse(metadata, &object) < 0)
		return 0;
	return copy(member_text(object, "image-name"), ret) ? 0 : -ENOMEM;
}

int oci_find_container(const char *text, const char *id, char **ret_image_id, char **ret_image_name)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *list = NULL;
	CLEANUP(freep) char *image = NULL;
	CLEANUP(freep) char *name = NULL;
	sd_json_variant *container;
	int r;

	r = parse(text, &list);
	if (r < 0)
		return r;
	container = by_id(list, id);
	if (!container || !member_text(container, "image") || !*member_text(container, "image"))
		return 0;
	if (!copy(member_text(container, "image"), &image))
		return -ENOMEM;
	r = name_in(member_text(container, "metadata"), &name);
	if (r < 0)
		return r;
	*ret_image_id = take_pointer(&image);
	*ret_image_name = take_pointer(&name);
	return 1;
}

int oci_find_image(const char *text, const char *id, char **ret_digest)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *list = NULL;
	sd_json_variant *image;
	int r;

	r = parse(text, &list);
	if (r < 0)
		return r;
	image = by_id(list, id);
	if (!image || !member_text(image, "digest"))
		return 0;
	return copy(member_text(image, "digest"), ret_digest) ? 1 : -ENOMEM;
}

void oci_state_done(struct oci_state *state)
{
	free(state->id);
	free(state->bundle);
	*state = (struct oci_state){ 0 };
}

void oci_config_done(struct oci_config *config)
{
	free(config->root);
	free(config->broker_at);
	free(config->image);
	free(config->pod);
	*config = (struct oci_config){ 0 };
}
