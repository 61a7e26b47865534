// SPDX-License-Identifier: LGPL-2.1-or-later
/* See json.h. */
#include <errno.h>
#include <string.h>

#include "json.h"

#define DEPTH_MAX	16
#define TEXT_MAX	(4u << 20)

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int json_open(struct tee_bytes text, struct json_object **ret)
{
	struct json_tokener *tokener;
	struct json_object *object;
	size_t len = text.len;
	int r = -EBADMSG;

	while (len > 0 && is_space(((const char *)text.data)[len - 1]))
		len--;
	if (!len || len > TEXT_MAX)
		return -EBADMSG;
	tokener = json_tokener_new_ex(DEPTH_MAX);
	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text.data, (int)len);
	if (object && json_tokener_get_error(tokener) == json_tokener_success &&
	    json_tokener_get_parse_end(tokener) == len &&
	    json_object_is_type(object, json_type_object)) {
		*ret = json_object_get(object);
		r = 0;
	}
	json_object_put(object);
	json_tokener_free(tokener);
	return r;
}

static struct json_object *member(struct json_object *object, const char *name, json_type type)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, name, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

bool json_text(struct json_object *object, const char *name, struct tee_bytes *ret)
{
	struct json_object *value = member(object, name, json_type_string);

	if (!value)
		return false;
	*ret = (struct tee_bytes){ json_object_get_string(value),
				   (size_t)json_object_get_string_len(value) };
	return true;
}

bool json_number(struct json_object *object, const char *name, int64_t max, uint64_t *ret)
{
	struct json_object *value = member(object, name, json_type_int);
	int64_t number = value ? json_object_get_int64(value) : -1;

	if (number < 0 || number > max)
		return false;
	*ret = (uint64_t)number;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_decode(const char *text, size_t text_len, uint8_t *ret, size_t len)
{
	if (text_len != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool json_hex(struct json_object *object, const char *name, uint8_t *ret, size_t len)
{
	struct tee_bytes text;

	return json_text(object, name, &text) && hex_decode(text.data, text.len, ret, len);
}

struct json_object *json_map(struct json_object *object, const char *name)
{
	return member(object, name, json_type_object);
}

struct json_object *json_list(struct json_object *object, const char *name)
{
	return member(object, name, json_type_array);
}
