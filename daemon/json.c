// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "json.h"
#include "policy.h"
#include "util.h"

sd_json_variant *operations_json(uint64_t operations)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *array = NULL;
	char text[128], *save = NULL;

	if (sd_json_variant_new_array(&array, NULL, 0) < 0)
		return NULL;
	operation_names(operations, text, sizeof(text));
	for (char *name = strtok_r(text, " ", &save); name; name = strtok_r(NULL, " ", &save))
		if (sd_json_variant_append_arrayb(&array, SD_JSON_BUILD_STRING(name)) < 0)
			return NULL;
	return take_pointer(&array);
}

int json_put_text(sd_json_variant **object, const char *name, const char *text)
{
	CLEANUP(freep) char *copy = NULL;

	if (!text || !*text)
		return 0;
	copy = strdup(text);
	return copy ? sd_json_variant_set_field_string(object, name, text_sanitize(copy)) : -ENOMEM;
}

sd_json_variant *parameter_of(sd_json_variant *parameters, const char *name)
{
	sd_json_variant *value = sd_json_variant_by_key(parameters, name);

	return value && sd_json_variant_is_null(value) ? NULL : value;
}
