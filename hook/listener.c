// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A listener may let calls go on, so what it is told of would be allowed by it. Therefore only what the
 * profile allows anyway is told, and a profile that is about these calls in another way is left alone.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <systemd/sd-json.h>

#include "listener.h"
#include "members.h"
#include "util.h"

#define ALLOW		"SCMP_ACT_ALLOW"
#define NOTIFY		"SCMP_ACT_NOTIFY"
/* A program that is sent signals all the time would else ask anew each time. */
#define PATIENT		"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"

static const char *const opens[] = { "open", "openat", "openat2" };

/* @allowed: which of these calls the profile lets through */
struct profile {
	sd_json_variant *rules;
	bool allowed[ARRAY_SIZE(opens)];
};

static size_t n_elements(sd_json_variant *array)
{
	return array && sd_json_variant_is_array(array) ? sd_json_variant_elements(array) : 0;
}

/* Which of these calls @name is; ARRAY_SIZE(opens): none. */
static size_t which(sd_json_variant *name)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(opens) && (!sd_json_variant_is_string(name) ||
					 strcmp(sd_json_variant_string(name), opens[i])))
		i++;
	return i;
}

static bool is_plain_allow(sd_json_variant *rule)
{
	const char *action = member_text(rule, "action");

	return action && !strcmp(action, ALLOW) && n_elements(sd_json_variant_by_key(rule, "args")) == 0;
}

/* The names of @rule that are none of these calls. */
static int other_names(sd_json_variant *rule, struct profile *profile, sd_json_variant **ret)
{
	sd_json_variant *names = sd_json_variant_by_key(rule, "names");
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n_elements(names); i++) {
		sd_json_variant *name = sd_json_variant_by_index(names, i);
		size_t open = which(name);

		if (open == ARRAY_SIZE(opens)) {
			r = sd_json_variant_append_array(ret, name);
			continue;
		}
		if (!is_plain_allow(rule))
			return -EPERM;
		profile->allowed[open] = true;
	}
	return r;
}

static int take_rule(sd_json_variant *rule, struct profile *profile)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *names = NULL, *copy = sd_json_variant_ref(rule);
	int r;

	if (!sd_json_variant_is_object(rule))
		return -EBADMSG;
	r = other_names(rule, profile, &names);
	if (r < 0 || n_elements(names) == 0)
		return r;
	if (n_elements(names) < n_elements(sd_json_variant_by_key(rule, "names")))
		r = sd_json_variant_set_field(&copy, "names", names);
	return r < 0 ? r : sd_json_variant_append_array(&profile->rules, copy);
}

static int add_rule(struct profile *profile)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *names = NULL;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(opens); i++)
		if (profile->allowed[i])
			r = sd_json_variant_append_arrayb(&names, SD_JSON_BUILD_STRING(opens[i]));
	if (r < 0 || !names)
		return r < 0 ? r : -EPERM;
	return sd_json_variant_append_arrayb(&profile->rules, SD_JSON_BUILD_OBJECT(
		SD_JSON_BUILD_PAIR_VARIANT("names", names),
		SD_JSON_BUILD_PAIR_STRING("action", NOTIFY)));
}

static int change_rules(sd_json_variant *seccomp, struct profile *profile)
{
	sd_json_variant *rules = sd_json_variant_by_key(seccomp, "syscalls");
	const char *otherwise = member_text(seccomp, "defaultAction");
	int r = 0;

	if (!otherwise)
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(opens); i++)
		profile->allowed[i] = !strcmp(otherwise, ALLOW);
	for (size_t i = 0; r >= 0 && i < n_elements(rules); i++)
		r = take_rule(sd_json_variant_by_index(rules, i), profile);
	return r < 0 ? r : add_rule(profile);
}

static int add_flag(sd_json_variant **seccomp)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *flags =
		sd_json_variant_ref(sd_json_variant_by_key(*seccomp, "flags"));
	int r;

	r = sd_json_variant_append_arrayb(&flags, SD_JSON_BUILD_STRING(PATIENT));
	return r < 0 ? r : sd_json_variant_set_field(seccomp, "flags", flags);
}

static int change_seccomp(sd_json_variant **seccomp)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *rules = NULL;
	struct profile profile = { .rules = NULL };
	const char *listener = member_text(*seccomp, "listenerPath");
	int r;

	if (listener && *listener)
		return strcmp(listener, LISTENER_SOCKET) ? -EEXIST : 0;
	r = change_rules(*seccomp, &profile);
	rules = profile.rules;
	if (r >= 0)
		r = sd_json_variant_set_field(seccomp, "syscalls", rules);
	if (r >= 0)
		r = add_flag(seccomp);
	return r < 0 ? r : sd_json_variant_set_field_string(seccomp, "listenerPath", LISTENER_SOCKET);
}

/* Without a profile, all is allowed. */
static int seccomp_of(sd_json_variant *linux_, sd_json_variant **ret)
{
	sd_json_variant *seccomp = sd_json_variant_by_key(linux_, "seccomp");

	if (!seccomp || sd_json_variant_is_null(seccomp))
		return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_STRING("defaultAction", ALLOW));
	if (!sd_json_variant_is_object(seccomp))
		return -EBADMSG;
	*ret = sd_json_variant_ref(seccomp);
	return 0;
}

int listener_add(const char *text, char **ret)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *config = NULL, *linux_ = NULL, *seccomp = NULL;
	int r;

	r = sd_json_parse(text, 0, &config, NULL, NULL);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	linux_ = sd_json_variant_ref(sd_json_variant_by_key(config, "linux"));
	if (!linux_ || !sd_json_variant_is_object(linux_))
		return -EBADMSG;
	r = seccomp_of(linux_, &seccomp);
	if (r >= 0)
		r = change_seccomp(&seccomp);
	if (r >= 0)
		r = sd_json_variant_set_field(&linux_, "seccomp", seccomp);
	if (r >= 0)
		r = sd_json_variant_set_field(&config, "linux", linux_);
	if (r >= 0)
		r = sd_json_variant_format(config, 0, ret);
	return r < 0 ? r : 0;
}
