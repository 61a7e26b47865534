/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strict reading of JSON that came from elsewhere: json-c parses, these say whether what is there
 * is what must be there. Objects belong to their root, which json_object_put() releases.
 */
#ifndef TEE_VERIFY_JSON_H
#define TEE_VERIFY_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <json-c/json.h>

#include "tee-verify.h"

/* One object and nothing after it but white space. 0, -EBADMSG, -ENOMEM. */
int json_open(struct tee_bytes text, struct json_object **ret);
/* The member @name; false when it is missing or of another type or out of range. */
bool json_text(struct json_object *object, const char *name, struct tee_bytes *ret);
bool json_number(struct json_object *object, const char *name, int64_t max, uint64_t *ret);
/* Exactly @len bytes in hexadecimal digits of either case. */
bool json_hex(struct json_object *object, const char *name, uint8_t *ret, size_t len);
struct json_object *json_map(struct json_object *object, const char *name);
struct json_object *json_list(struct json_object *object, const char *name);

/* @len bytes from 2 * @len digits. */
bool hex_decode(const char *text, size_t text_len, uint8_t *ret, size_t len);

#endif
