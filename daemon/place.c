// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a cgroup path to the system unit.
 *
 * The system manager nests slices from the root and puts a unit directly into one of them. So the
 * unit is the first directory that is not a slice, and everything below it was made by the unit
 * itself or by whom it was delegated to: names there are chosen by the workload and mean nothing.
 * "/system.slice/evil.service/payments.service" is evil.service, and a service of a user's own
 * manager is user@UID.service.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "place.h"

#define PATH_BYTES_MAX	4095

struct component {
	const char *name;
	size_t len;
};

static bool ends_with(const struct component *c, const char *suffix)
{
	size_t len = strlen(suffix);

	return c->len > len && !memcmp(c->name + c->len - len, suffix, len);
}

static bool starts_with(const struct component *c, const char *prefix)
{
	size_t len = strlen(prefix);

	return c->len > len && !memcmp(c->name, prefix, len);
}

static bool component_valid(const struct component *c)
{
	if (c->len < 1 || c->len > PLACE_NAME_MAX)
		return false;
	/* So the kernel marks a dead cgroup. A living one may be named so: not worth the doubt. */
	if (ends_with(c, " (deleted)"))
		return false;
	/* ".." is how the kernel shows a cgroup outside our cgroup namespace. */
	return !(c->name[0] == '.' && (c->len == 1 || (c->len == 2 && c->name[1] == '.')));
}

static bool path_valid(const char *path)
{
	size_t len = strlen(path);

	if (len < 1 || len > PATH_BYTES_MAX || path[0] != '/')
		return false;
	if (strchr(path, '\n'))
		return false;
	for (const char *p = path; len > 1 && *p;) {
		struct component c = { p + 1, strcspn(p + 1, "/") };

		if (!component_valid(&c))
			return false;
		p = c.name + c.len;
	}
	return true;
}

static void copy_name(char *to, const struct component *c)
{
	memcpy(to, c->name, c->len);
	to[c->len] = '\0';
}

/* systemd puts "_" before a name that would collide with a file of the kernel. */
static struct component unescape(struct component c)
{
	if (c.len > 1 && c.name[0] == '_') {
		c.name++;
		c.len--;
	}
	return c;
}

static bool is_session(const struct component *unit, bool in_user_slice)
{
	if (!ends_with(unit, ".scope"))
		return false;
	return in_user_slice || (unit->len == 10 && !memcmp(unit->name, "init.scope", 10));
}

static void judge(const char *path, struct component raw, const struct component *user_slice,
		  struct place *place)
{
	struct component unit = unescape(raw);

	place->unit_path_len = (size_t)(raw.name + raw.len - path);
	copy_name(place->account, user_slice->name ? user_slice : &unit);
	if (is_session(&unit, user_slice->name)) {
		place->kind = PLACE_SESSION;
		return;
	}
	if (!ends_with(&unit, ".service") && !ends_with(&unit, ".scope")) {
		place->kind = PLACE_FOREIGN;
		return;
	}
	place->kind = PLACE_UNIT;
	copy_name(place->unit, &unit);
}

int place_parse(const char *path, struct place *ret)
{
	struct place place = { .kind = PLACE_ROOT, .account = "-.slice" };
	struct component user_slice = { NULL, 0 };

	if (!path_valid(path))
		return -EINVAL;
	for (const char *p = path; p[0] == '/' && p[1];) {
		struct component c = { p + 1, strcspn(p + 1, "/") };

		if (!ends_with(&c, ".slice")) {
			judge(path, c, &user_slice, &place);
			break;
		}
		/* A user can have any number of sessions and scopes, but only one slice. */
		if (starts_with(&c, "user-") && !user_slice.name)
			user_slice = c;
		place.kind = PLACE_SLICE;
		copy_name(place.account, &c);
		p = c.name + c.len;
	}
	*ret = place;
	return 0;
}
