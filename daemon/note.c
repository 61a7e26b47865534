// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JSON, by sd-json, with short names: there is little room.
 *
 * Of the cgroup's path only what root named is kept, for policy asks about no more. Nothing else may be
 * left out: a lease that cannot be judged could not be taken back when policy changes.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <systemd/sd-json.h>

#include <linux/teegate.h>

#include "members.h"
#include "note.h"
#include "util.h"

#define VERSION		1

#define OPTIONAL(name, text) \
	SD_JSON_BUILD_PAIR_CONDITION((text) != NULL && *(text), name, SD_JSON_BUILD_STRING((text) ?: ""))
#define NUMBER(name, number) \
	SD_JSON_BUILD_PAIR_CONDITION((number) != 0, name, SD_JSON_BUILD_UNSIGNED(number))

enum flags { PIN_UID = 1, PIN_LABEL = 2, PIN_EXE = 4, TRUSTED = 8, UNMODIFIED = 16 };

static unsigned int flags_of(const struct grant *grant)
{
	return (grant->pins.uid ? PIN_UID : 0) | (grant->pins.label ? PIN_LABEL : 0) |
	       (grant->pins.exe ? PIN_EXE : 0) | (grant->trusted_privileged ? TRUSTED : 0) |
	       (grant->unmodified ? UNMODIFIED : 0);
}

static void set_flags(struct grant *grant, uint64_t flags)
{
	grant->pins.uid = flags & PIN_UID;
	grant->pins.label = flags & PIN_LABEL;
	grant->pins.exe = flags & PIN_EXE;
	grant->trusted_privileged = flags & TRUSTED;
	grant->unmodified = flags & UNMODIFIED;
}

static int build_registration(const struct registration *r, sd_json_variant **ret)
{
	char image[DIGEST_TEXT_MAX];

	if (!r)
		return 0;
	return sd_json_buildo(ret,
		SD_JSON_BUILD_PAIR_STRING("id", r->id),
		SD_JSON_BUILD_PAIR_CONDITION(!r->voucher.root, "by", SD_JSON_BUILD_UNSIGNED(r->voucher.uid)),
		OPTIONAL("image", digest_text(&r->image, image)),
		OPTIONAL("signer", r->image_signer));
}

static int build(const struct lease *lease, sd_json_variant *registration, sd_json_variant **ret)
{
	CLEANUP(freep) char *roots = strndup(lease->facts.cgroup, lease->facts.cgroup_roots);
	const struct grant *grant = &lease->grant;
	const struct facts *facts = &lease->facts;
	const char *exe = NULL;
	char digest[DIGEST_TEXT_MAX];

	if (!roots)
		return -ENOMEM;
	if (facts->exe)
		exe = digest_text(facts->exe, digest);
	return sd_json_buildo(ret,
		SD_JSON_BUILD_PAIR_UNSIGNED("v", VERSION),
		SD_JSON_BUILD_PAIR_STRING("rule", lease->rule),
		SD_JSON_BUILD_PAIR_STRING("name", grant->name),
		SD_JSON_BUILD_PAIR_UNSIGNED("uid", facts->uid),
		OPTIONAL("unit", facts->unit),
		OPTIONAL("cgroup", roots),
		OPTIONAL("label", facts->label),
		OPTIONAL("exe", exe),
		NUMBER("flags", flags_of(grant)),
		NUMBER("life", grant->lifetime_ms),
		NUMBER("pend", grant->max_pending),
		NUMBER("rate", grant->rate_per_minute),
		NUMBER("burst", grant->rate_burst),
		NUMBER("events", grant->extend_events),
		NUMBER("bytes", grant->extend_bytes),
		NUMBER("keys", grant->keys),
		SD_JSON_BUILD_PAIR_CONDITION(registration != NULL, "box",
					     SD_JSON_BUILD_VARIANT(registration)));
}

int note_make(const struct lease *lease, char **ret)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *registration = NULL, *object = NULL;
	CLEANUP(freep) char *text = NULL;
	int r;

	r = build_registration(lease->facts.registration, &registration);
	if (r >= 0)
		r = build(lease, registration, &object);
	if (r >= 0)
		r = sd_json_variant_format(object, 0, &text);
	if (r < 0)
		return r;
	if (strlen(text) > TEEGATE_NOTE_MAX)
		return -E2BIG;
	*ret = take_pointer(&text);
	return 0;
}

static bool read_digest(sd_json_variant *object, const char *key, struct digest *ret)
{
	const char *text = member_text(object, key);

	return !text || digest_parse(text, strlen(text), ret);
}

/* False: no memory. */
static bool copy(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return *ret || !text;
}

static int read_registration(sd_json_variant *box, uint64_t workload, struct registration **ret)
{
	CLEANUP(registration_unrefp) struct registration *registration = NULL;
	uint64_t by;

	if (!box)
		return 0;
	by = member_number(box, "by", 0);
	if (!member_text(box, "id") || by >= UINT32_MAX)
		return -EBADMSG;
	registration = registration_new();
	if (!registration || !copy(member_text(box, "id"), &registration->id) ||
	    !copy(member_text(box, "signer"), &registration->image_signer))
		return -ENOMEM;
	if (!read_digest(box, "image", &registration->image))
		return -EBADMSG;
	/* Root needs no number, and nobody else has that one. */
	registration->voucher = (struct voucher){ .root = by == 0, .uid = by ? (uid_t)by : (uid_t)-1 };
	registration->cgroup_id = by == 0 ? workload : 0;
	*ret = take_pointer(&registration);
	return 0;
}

static int read_note(sd_json_variant *object, struct note *note)
{
	uint64_t uid = member_number(object, "uid", UINT64_MAX), pend = member_number(object, "pend", 0);
	uint64_t rate = member_number(object, "rate", 0), burst = member_number(object, "burst", 0);
	uint64_t events = member_number(object, "events", 0), bytes = member_number(object, "bytes", 0);
	struct lease *lease = &note->lease;
	int r;

	if (member_number(object, "v", 0) != VERSION || !member_text(object, "rule") || !member_text(object, "name"))
		return -EBADMSG;
	if (uid >= UINT32_MAX || pend > UINT32_MAX || rate > UINT32_MAX || burst > UINT32_MAX ||
	    events > UINT32_MAX || bytes > UINT32_MAX)
		return -EBADMSG;
	if (!read_digest(object, "exe", &note->exe))
		return -EBADMSG;
	r = read_registration(sd_json_variant_by_key(object, "box"), lease->workload, &note->registration);
	if (r < 0)
		return r;
	lease->rule = member_text(object, "rule");
	lease->facts = (struct facts){
		.unit = member_text(object, "unit") ?: "",
		.cgroup = member_text(object, "cgroup") ?: "",
		.uid = (uid_t)uid,
		.label = member_text(object, "label"),
		.exe = note->exe.len > 0 ? &note->exe : NULL,
		.registration = note->registration,
	};
	lease->facts.cgroup_roots = strlen(lease->facts.cgroup);
	lease->grant.name = member_text(object, "name");
	lease->grant.lifetime_ms = member_number(object, "life", 0);
	lease->grant.max_pending = (uint32_t)pend;
	lease->grant.rate_per_minute = (uint32_t)rate;
	lease->grant.rate_burst = (uint32_t)burst;
	lease->grant.extend_events = (uint32_t)events;
	lease->grant.extend_bytes = (uint32_t)bytes;
	lease->grant.keys = member_number(object, "keys", 0);
	set_flags(&lease->grant, member_number(object, "flags", 0));
	return 0;
}

int note_parse(const struct bytes *bytes, struct note *ret)
{
	CLEANUP(freep) char *text = strndup((const char *)bytes->data, bytes->len);
	sd_json_variant *object = NULL;
	struct lease lease = ret->lease;
	int r;

	*ret = (struct note){ .lease = lease };
	if (!text)
		return -ENOMEM;
	r = sd_json_parse(text, 0, &object, NULL, NULL);
	if (r < 0)
		return r == -ENOMEM ? r : -ENOMSG;
	ret->json = object;
	/* Ours have a version, that of another teegated, too. */
	if (!sd_json_variant_by_key(object, "v")) {
		note_done(ret);
		return -ENOMSG;
	}
	r = read_note(object, ret);
	if (r < 0)
		note_done(ret);
	return r;
}

void note_done(struct note *note)
{
	registration_unref(note->registration);
	sd_json_variant_unref(note->json);
	*note = (struct note){ .json = NULL };
}
