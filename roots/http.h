/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A conversation with one HTTPS server in JSON, with its cookies. */
#ifndef TEEGATE_ROOTS_HTTP_H
#define TEEGATE_ROOTS_HTTP_H

#include <jansson.h>

#include "complaint.h"

struct http;

/*
 * http_new() - @base: https://HOST[:PORT][/PATH]; @ca: file of those who may vouch for the server, or
 * NULL for whom the system trusts
 */
int http_new(const char *base, const char *ca, struct http **ret, struct complaint *complaint);
void http_freep(struct http **http);

/*
 * http_call() - POST of @body, or GET when it is NULL; what came back in @ret_body, released with
 * json_decref().
 * Waits while there is no connection yet, as during boot, for half a minute at most. -EACCES: the
 * server does not want to, and its words are in @complaint; -EPROTO: it is no such server; -ETIMEDOUT,
 * -ECONNREFUSED
 */
int http_call(struct http *http, const char *path, const json_t *body, json_t **ret_body,
	      struct complaint *complaint);

#endif
