// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libcurl, held to what is needed: HTTPS with a verified server, no redirects, no proxy of the
 * environment, answers of bounded size.
 *
 * Who the server is matters even though what it sends is encrypted for us: another one could send a
 * root of its own, under which everything would be sealed from then on.
 */
#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "http.h"

#define REPLY_MAX	(64u * 1024)
#define REQUEST_TIMEOUT_S 30L
#define CONNECT_TRIES	30

struct http {
	CURL *curl;
	char *base;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
	char *reply;
	size_t reply_len;
};

static size_t on_data(char *data, size_t one, size_t len, void *userdata)
{
	struct http *http = userdata;

	(void)one;
	if (len > REPLY_MAX - http->reply_len)
		return 0;
	memcpy(http->reply + http->reply_len, data, len);
	http->reply_len += len;
	return len;
}

void http_freep(struct http **p)
{
	struct http *http = *p;

	if (!http)
		return;
	curl_easy_cleanup(http->curl);
	curl_slist_free_all(http->headers);
	free(http->base);
	free(http->reply);
	free(http);
}

static CURLcode set_up(struct http *http, const char *ca)
{
	CURL *curl = http->curl;
	CURLcode r = CURLE_OK;

#define SET(option, value) (r = r ? r : curl_easy_setopt(curl, option, value))
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (ca) {
		SET(CURLOPT_CAINFO, ca);
		SET(CURLOPT_CAPATH, NULL);
	}
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT, 10L);
	SET(CURLOPT_TIMEOUT, REQUEST_TIMEOUT_S);
	SET(CURLOPT_COOKIEFILE, "");	/* keep cookies, in memory */
	SET(CURLOPT_HTTPHEADER, http->headers);
	SET(CURLOPT_ERRORBUFFER, http->error);
	SET(CURLOPT_WRITEFUNCTION, on_data);
	SET(CURLOPT_WRITEDATA, http);
#undef SET
	return r;
}

int http_new(const char *base, const char *ca, struct http **ret, struct complaint *complaint)
{
	CLEANUP(http_freep) struct http *http = calloc(1, sizeof(*http));

	if (!http || curl_global_init(CURL_GLOBAL_DEFAULT))
		return -ENOMEM;
	http->curl = curl_easy_init();
	http->base = strdup(base);
	http->reply = malloc(REPLY_MAX);
	http->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (!http->curl || !http->base || !http->reply || !http->headers)
		return -ENOMEM;
	if (set_up(http, ca))
		return fail(complaint, -EOPNOTSUPP, "this libcurl cannot do HTTPS as it has to be");
	*ret = take_pointer(&http);
	return 0;
}

static CURLcode perform(struct http *http)
{
	static const struct timespec second = { .tv_sec = 1 };
	CURLcode r;

	for (int try = 1;; try++) {
		http->reply_len = 0;
		http->error[0] = '\0';
		r = curl_easy_perform(http->curl);
		/* Nothing was sent yet, so this is no second time. */
		if ((r != CURLE_COULDNT_CONNECT && r != CURLE_COULDNT_RESOLVE_HOST) || try == CONNECT_TRIES)
			return r;
		nanosleep(&second, NULL);
	}
}

static int explain(struct http *http, CURLcode code, struct complaint *complaint)
{
	int error = code == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT :
		    code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ? -ECONNREFUSED : -EPROTO;

	return fail(complaint, error, "%s: %s", http->base,
		    http->error[0] ? http->error : curl_easy_strerror(code));
}

/* Trustee's ErrorInformation has its words in "detail". */
static int refused(struct http *http, const char *path, long status, const json_t *body,
		   struct complaint *complaint)
{
	const char *detail = json_string_value(json_object_get(body, "detail"));

	return fail(complaint, -EACCES, "%s%s: status %ld%s%.200s", http->base, path, status,
		    detail ? ": " : "", detail ? detail : "");
}

int http_call(struct http *http, const char *path, const json_t *body, json_t **ret_body,
	      struct complaint *complaint)
{
	CLEANUP(freep) char *url = NULL;
	CLEANUP(freep) char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	long status = 0;
	json_t *reply;
	CURLcode code;

	if (asprintf(&url, "%s%s", http->base, path) < 0 || (body && !text))
		return -ENOMEM;
	code = curl_easy_setopt(http->curl, CURLOPT_URL, url);
	if (!code)
		code = body ? curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, text) :
			      curl_easy_setopt(http->curl, CURLOPT_HTTPGET, 1L);
	if (!code)
		code = perform(http);
	if (code)
		return explain(http, code, complaint);
	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	reply = json_loadb(http->reply, http->reply_len, JSON_REJECT_DUPLICATES, NULL);
	if (status != 200) {
		refused(http, path, status, reply, complaint);
		json_decref(reply);
		return -EACCES;
	}
	if (!json_is_object(reply)) {
		json_decref(reply);
		return fail(complaint, -EPROTO, "%s%s: the answer is no JSON object", http->base, path);
	}
	*ret_body = reply;
	return 0;
}
