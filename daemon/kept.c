// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON, by sd-json. Whoever reads it believes none of it that the kernel can be asked about. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <systemd/sd-json.h>

#include "kept.h"
#include "members.h"
#include "util.h"

#define OPTIONAL(name, text) \
	SD_JSON_BUILD_PAIR_CONDITION((text) != NULL, name, SD_JSON_BUILD_STRING((text) ?: ""))

int kept_make(const struct entry *entry, char **ret)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	const struct registration *r = entry->registration;
	char image[DIGEST_TEXT_MAX], config[DIGEST_TEXT_MAX];
	int error;

	error = sd_json_buildo(&object,
		SD_JSON_BUILD_PAIR_STRING("id", r->id),
		SD_JSON_BUILD_PAIR_BOOLEAN("root", r->voucher.root),
		SD_JSON_BUILD_PAIR_UNSIGNED("uid", r->voucher.root ? 0 : r->voucher.uid),
		SD_JSON_BUILD_PAIR_STRING("cgroup", r->cgroup),
		SD_JSON_BUILD_PAIR_UNSIGNED("cgroupId", r->cgroup_id),
		SD_JSON_BUILD_PAIR_INTEGER("pid", entry->pid),
		SD_JSON_BUILD_PAIR_BOOLEAN("socket", entry->with_socket),
		OPTIONAL("bundle", entry->bundle),
		OPTIONAL("pod", r->pod),
		OPTIONAL("imageName", r->image_name),
		OPTIONAL("imageSigner", r->image_signer),
		OPTIONAL("imageDigest", digest_text(&r->image, image)),
		OPTIONAL("configDigest", digest_text(&r->config, config)));
	if (error >= 0)
		error = sd_json_variant_format(object, 0, ret);
	return error < 0 ? error : 0;
}

static bool is_true(sd_json_variant *object, const char *key)
{
	sd_json_variant *value = sd_json_variant_by_key(object, key);

	return value && sd_json_variant_is_boolean(value) && sd_json_variant_boolean(value);
}

/* False: no memory. An absent member stays NULL. */
static bool copy_text(sd_json_variant *object, const char *key, char **ret)
{
	const char *text = member_text(object, key);

	*ret = text ? strdup(text) : NULL;
	return *ret || !text;
}

static bool read_digest(sd_json_variant *object, const char *key, struct digest *ret)
{
	const char *text = member_text(object, key);

	return !text || digest_parse(text, strlen(text), ret);
}

static int read_registration(sd_json_variant *object, struct registration *r)
{
	uint64_t uid = member_number(object, "uid", UINT64_MAX);

	if (!copy_text(object, "id", &r->id) || !copy_text(object, "cgroup", &r->cgroup) ||
	    !copy_text(object, "pod", &r->pod) || !copy_text(object, "imageName", &r->image_name) ||
	    !copy_text(object, "imageSigner", &r->image_signer))
		return -ENOMEM;
	r->cgroup_id = member_number(object, "cgroupId", 0);
	r->voucher = (struct voucher){ .root = is_true(object, "root"), .uid = (uid_t)uid };
	if (!r->id || !registration_id_valid(r->id) || !r->cgroup || r->cgroup[0] != '/' || !r->cgroup_id)
		return -EBADMSG;
	if (!r->voucher.root && (uid == 0 || uid >= UINT32_MAX))
		return -EBADMSG;
	return read_digest(object, "imageDigest", &r->image) &&
	       read_digest(object, "configDigest", &r->config) ? 0 : -EBADMSG;
}

int kept_parse(const char *text, struct kept *ret)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	CLEANUP(kept_done) struct kept kept = { .registration = registration_new() };
	uint64_t pid;
	int r;

	if (!kept.registration)
		return -ENOMEM;
	r = sd_json_parse(text, 0, &object, NULL, NULL);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	pid = member_number(object, "pid", 0);
	if (!sd_json_variant_is_object(object) || pid < 1 || pid > INT_MAX)
		return -EBADMSG;
	kept.pid = (pid_t)pid;
	kept.with_socket = is_true(object, "socket");
	if (!copy_text(object, "bundle", &kept.bundle))
		return -ENOMEM;
	r = read_registration(object, kept.registration);
	if (r < 0)
		return r;
	*ret = kept;
	kept = (struct kept){ 0 };
	return 0;
}

void kept_done(struct kept *kept)
{
	registration_unref(kept->registration);
	free(kept->bundle);
	*kept = (struct kept){ 0 };
}
