/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of a JSON object that may be anybody's: what is absent or of another type is not there. */
#ifndef TEEGATED_MEMBERS_H
#define TEEGATED_MEMBERS_H

#include <stdint.h>

#include <systemd/sd-json.h>

/* member_text() - of @object for as long as that lives, or NULL. */
static inline const char *member_text(sd_json_variant *object, const char *key)
{
	sd_json_variant *value = sd_json_variant_by_key(object, key);

	return value && sd_json_variant_is_string(value) ? sd_json_variant_string(value) : NULL;
}

static inline uint64_t member_number(sd_json_variant *object, const char *key, uint64_t otherwise)
{
	sd_json_variant *value = sd_json_variant_by_key(object, key);

	return value && sd_json_variant_is_unsigned(value) ? sd_json_variant_unsigned(value) : otherwise;
}

#endif
