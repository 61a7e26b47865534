// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the runtime of a process's container said of it. Only teegated knows; when it does not run,
 * nobody is registered anyway.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker.h"
#include "cli.h"
#include "cmd-policy.h"

#define REGISTRAR	"io.teegate.Registrar"
#define VOUCHED_BY_USER	"runtime:uid:"

/* The text of a member; NULL when there is none. malloc()ed. */
static char *take(sd_json_variant *container, const char *name)
{
	sd_json_variant *value = sd_json_variant_by_key(container, name);
	const char *text = value ? sd_json_variant_string(value) : NULL;

	return text ? must(strdup(text)) : NULL;
}

static void take_digest(sd_json_variant *container, const char *name, struct digest *ret)
{
	char *text = take(container, name);

	if (text)
		digest_parse(text, strlen(text), ret);
	free(text);
}

/*
 * Whoever is not understood is no voucher that any rule takes: the initial value of a registration.
 */
static void take_voucher(sd_json_variant *container, struct voucher *ret)
{
	char *text = take(container, "vouchedBy");
	unsigned long uid;

	if (text && !strcmp(text, "runtime:root"))
		ret->root = true;
	else if (text && !strncmp(text, VOUCHED_BY_USER, strlen(VOUCHED_BY_USER)) &&
		 parse_number(text + strlen(VOUCHED_BY_USER), UINT32_MAX - 1, &uid) >= 0)
		ret->uid = (uid_t)uid;
	free(text);
}

static struct registration *registration_of(sd_json_variant *container)
{
	struct registration *registration = must(registration_new());

	registration->id = take(container, "id");
	registration->pod = take(container, "pod");
	registration->cgroup = take(container, "cgroup");
	registration->image_name = take(container, "imageName");
	registration->image_signer = take(container, "imageSigner");
	registration->cgroup_id = field_number(container, "cgroupId");
	take_digest(container, "imageDigest", &registration->image);
	take_digest(container, "configDigest", &registration->config);
	take_voucher(container, &registration->voucher);
	return registration;
}

/* No container lies within another, so one at most is around the cgroup of a process. */
static bool is_around(sd_json_variant *container, const char *cgroup)
{
	sd_json_variant *value = sd_json_variant_by_key(container, "cgroup");
	const char *path = value ? sd_json_variant_string(value) : NULL;
	size_t len = path ? strlen(path) : 0;

	return len > 1 && !strncmp(cgroup, path, len) && (!cgroup[len] || cgroup[len] == '/');
}

static bool find(sd_json_variant *reply, struct peer *peer)
{
	sd_json_variant *list = sd_json_variant_by_key(reply, "containers");

	for (size_t i = 0; list && i < sd_json_variant_elements(list); i++) {
		sd_json_variant *container = sd_json_variant_by_index(list, i);

		if (!is_around(container, peer->cgroup))
			continue;
		peer->registration = registration_of(container);
		return true;
	}
	return false;
}

enum registered policy_find_registration(const char *socket, struct peer *peer)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;
	sd_json_variant *reply = NULL;
	const char *error = NULL;

	if (!peer->cgroup)
		return REGISTERED_UNKNOWN;
	if (sd_varlink_connect_address(&link, socket) < 0 ||
	    sd_varlink_call(link, REGISTRAR ".List", NULL, &reply, &error) < 0 || error)
		return REGISTERED_UNKNOWN;
	return find(reply, peer) ? REGISTERED : REGISTERED_NOT;
}
