/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several methods say or read in JSON. */
#ifndef TEEGATED_JSON_H
#define TEEGATED_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-json.h>

/* operations_json() - the names of @operations, an array; NULL without memory. */
sd_json_variant *operations_json(uint64_t operations);

/* json_put_text() - text from anywhere, made printable; nothing when it is NULL or empty. */
int json_put_text(sd_json_variant **object, const char *name, const char *text);

/* parameter_of() - a parameter; absent is as good as null, and NULL. */
sd_json_variant *parameter_of(sd_json_variant *parameters, const char *name);

#endif
