// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What TCB info and QE identity have in common: a text that Intel's TCB signing key signed byte for
 * byte, with an identity, a version, dates and levels. Source: Intel SGX and TDX provisioning
 * certification service API, version 4.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ecdsa.h"
#include "json.h"
#include "tdx-tcb.h"
#include "x509.h"

static const struct {
	const char *name;
	unsigned int status;
} statuses[] = {
	{ "UpToDate", TCB_UP_TO_DATE },
	{ "SWHardeningNeeded", TCB_SW_HARDENING },
	{ "ConfigurationNeeded", TCB_CONFIGURATION },
	{ "ConfigurationAndSWHardeningNeeded", TCB_CONFIGURATION | TCB_SW_HARDENING },
	{ "OutOfDate", TCB_OUT_OF_DATE },
	{ "OutOfDateConfigurationNeeded", TCB_OUT_OF_DATE | TCB_CONFIGURATION },
	{ "Revoked", TCB_REVOKED },
};

#define STATUSES (sizeof(statuses) / sizeof(statuses[0]))

unsigned int tcb_converge(unsigned int a, unsigned int b)
{
	unsigned int both = a | b;

	if (both & TCB_NOT_JUDGED)
		return TCB_NOT_JUDGED;
	if (both & TCB_UNKNOWN)
		return TCB_UNKNOWN;
	if (both & TCB_REVOKED)
		return TCB_REVOKED;
	return both & TCB_OUT_OF_DATE ? both & ~(unsigned int)TCB_SW_HARDENING : both;
}

const char *tcb_status_name(unsigned int status)
{
	for (size_t i = 0; i < STATUSES; i++)
		if (statuses[i].status == status)
			return statuses[i].name;
	return "unknown";
}

bool tcb_status_from_name(const char *name, size_t len, unsigned int *ret)
{
	for (size_t i = 0; i < STATUSES; i++) {
		if (strlen(statuses[i].name) != len || memcmp(statuses[i].name, name, len))
			continue;
		*ret = statuses[i].status;
		return true;
	}
	return false;
}

/* Steps through a list with commas; false at its end. An empty name is no known one. */
static bool next_name(const char **list, const char **ret_name, size_t *ret_len)
{
	if (!*list)
		return false;
	*ret_name = *list;
	*ret_len = strcspn(*list, ",");
	*list = (*list)[*ret_len] ? *list + *ret_len + 1 : NULL;
	return true;
}

bool tcb_list_usable(const char *list)
{
	const char *name;
	unsigned int status;
	size_t len;

	while (next_name(&list, &name, &len))
		if (!tcb_status_from_name(name, len, &status) || status == TCB_REVOKED)
			return false;
	return true;
}

bool tcb_list_has(const char *list, unsigned int wanted)
{
	const char *name;
	unsigned int status;
	size_t len;

	while (next_name(&list, &name, &len))
		if (tcb_status_from_name(name, len, &status) && status == wanted)
			return true;
	return false;
}

/* RFC 3339 in the one form that Intel writes; ASN.1 has the same without punctuation. */
ASN1_TIME *tdx_time(struct json_object *object, const char *name)
{
	static const char form[] = "0000-00-00T00:00:00Z";
	char digits[sizeof(form)], *to = digits;
	struct tee_bytes text;
	const char *from;
	ASN1_TIME *time;

	if (!json_text(object, name, &text) || text.len != sizeof(form) - 1)
		return NULL;
	from = text.data;
	for (size_t i = 0; i < text.len; i++) {
		bool digit = from[i] >= '0' && from[i] <= '9';

		if (form[i] == '0' ? !digit : from[i] != form[i])
			return NULL;
		if (digit)
			*to++ = from[i];
	}
	*to++ = 'Z';
	*to = '\0';
	time = ASN1_TIME_new();
	/* Not a date, such as the 30th of February. */
	if (time && !ASN1_TIME_set_string(time, digits)) {
		ASN1_TIME_free(time);
		time = NULL;
	}
	return time;
}

bool tdx_level_status(struct json_object *level, unsigned int *ret)
{
	struct tee_bytes name;

	return json_text(level, "tcbStatus", &name) &&
	       tcb_status_from_name(name.data, name.len, ret);
}

int tdx_svn_level(struct json_object *levels, unsigned int svn, unsigned int *ret_status,
		  struct json_object **ret_level)
{
	bool found = false;

	for (size_t i = 0; i < json_object_array_length(levels); i++) {
		struct json_object *level = json_object_array_get_idx(levels, i);
		struct json_object *tcb = json_map(level, "tcb");
		unsigned int status;
		uint64_t at_least;

		if (!tcb || !json_number(tcb, "isvsvn", UINT16_MAX, &at_least) ||
		    !tdx_level_status(level, &status))
			return -EBADMSG;
		if (found || svn < at_least)
			continue;
		found = true;
		*ret_status = status;
		*ret_level = level;
	}
	return found;
}

static bool check_signature(const struct tdx_chain *c, const struct signed_text *text,
			    const struct signed_checks *checks, int64_t now, tee_verdict *v)
{
	X509 *signer = tdx_signer_check(c, text->chain, now, checks->signer, checks->what, v);
	bool fits;

	if (!signer)
		return false;
	fits = p256_signature_fits(c->lib, X509_get0_pubkey(signer), text->signature,
				   text->text.data, text->text.len);
	if (fits)
		verdict_pass(v, checks->signature, SET(checks->signer),
			     "the %s is signed by Intel's TCB signing key", checks->what);
	else
		verdict_fail(v, checks->signature, "the signature of the %s does not fit its bytes",
			     checks->what);
	X509_free(signer);
	return fits;
}

static void check_dates(struct json_object *json, const struct signed_checks *checks, int64_t now,
			tee_verdict *v)
{
	ASN1_TIME *start = tdx_time(json, "issueDate"), *end = tdx_time(json, "nextUpdate");
	char first[TIME_TEXT_SIZE], last[TIME_TEXT_SIZE];

	time_text(start, first);
	time_text(end, last);
	switch (time_inside(start, end, now)) {
	case TIME_INSIDE:
		verdict_pass(v, checks->validity, SET(checks->signature),
			     "the %s counts from %s to %s", checks->what, first, last);
		break;
	case TIME_BEFORE:
		verdict_fail(v, checks->validity, "the %s is only issued on %s", checks->what,
			     first);
		break;
	case TIME_AFTER:
		verdict_fail(v, checks->validity, "the %s is out of date since %s", checks->what,
			     last);
		break;
	case TIME_UNREADABLE:
		verdict_fail(v, checks->validity, "the %s has no readable dates", checks->what);
	}
	ASN1_TIME_free(start);
	ASN1_TIME_free(end);
}

struct json_object *tdx_signed_open(const struct tdx_chain *chain, const struct signed_text *text,
				    const struct signed_checks *checks, const char *id,
				    unsigned int version, int64_t now, tee_verdict *v)
{
	struct json_object *json = NULL;
	struct tee_bytes said;
	uint64_t number;

	if (!check_signature(chain, text, checks, now, v))
		return NULL;
	if (json_open(text->text, &json) < 0) {
		verdict_fail(v, checks->format, "the %s is not one JSON object", checks->what);
		return NULL;
	}
	if (!json_text(json, "id", &said) || said.len != strlen(id) ||
	    memcmp(said.data, id, said.len))
		verdict_fail(v, checks->format, "the %s is not for \"%s\"", checks->what, id);
	else if (!json_number(json, "version", UINT16_MAX, &number) || number != version)
		verdict_fail(v, checks->format, "the %s is not of version %u", checks->what,
			     version);
	else
		check_dates(json, checks, now, v);
	return json;
}
