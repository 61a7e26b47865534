/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows a verdict, to people and to programs. */
#ifndef TEEGATECTL_VERIFY_SHOW_H
#define TEEGATECTL_VERIFY_SHOW_H

#include <json-c/json.h>
#include <tee-verify.h>

void show_verdict(const char *file, const tee_verdict *verdict);
struct json_object *verdict_to_json(const char *file, const tee_verdict *verdict);
/* The value of a fact, or NULL. */
const char *find_fact(const tee_verdict *verdict, const char *name);

#endif
