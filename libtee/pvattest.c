// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Evidence of IBM Secure Execution in the file format of s390-tools' pvattest, and out of it. The
 * format itself is in common/exchange.c; here is what its parts are in evidence.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "exchange.h"

TEE_PUBLIC int tee_exchange_get_challenge(const void *data, size_t len,
					  const uint8_t **ret_challenge, size_t *ret_challenge_len)
{
	struct exchange ex;
	int r;

	if (!data || !ret_challenge || !ret_challenge_len)
		return -EINVAL;
	r = exchange_parse(data, len, &ex, NULL);
	if (r < 0)
		return r;
	*ret_challenge = ex.challenge.data;
	*ret_challenge_len = ex.challenge.len;
	return 0;
}

/* The file knows no part that is there and empty. */
static struct ev_bytes unless_empty(const struct ev_bytes *bytes)
{
	return bytes->len > 0 ? *bytes : (struct ev_bytes) { 0 };
}

TEE_PUBLIC int tee_evidence_to_exchange(const tee_evidence *evidence, uint8_t **ret_data,
					size_t *ret_len)
{
	const struct evidence *plain;
	const struct ev_se *se;
	struct exchange ex;
	int r;

	if (!evidence || !ret_data || !ret_len)
		return -EINVAL;
	plain = tee_evidence_plain(evidence);
	se = tee_evidence_se(evidence);
	if (strcmp(plain->provider, "se") != 0)
		return -EOPNOTSUPP;
	ex = (struct exchange) {
		.challenge = se->challenge,
		.measurement = plain->report,
		.additional = plain->aux,
		.user_data = unless_empty(&se->user_data),
		.config_uid = se->config_uid,
	};
	/* Refuses evidence without details, too: no challenge, no file. */
	r = exchange_build(&ex, ret_data, ret_len);
	return r == -EINVAL ? -EBADMSG : r;
}

static int to_item(const struct exchange *ex, uint8_t **ret, size_t *ret_len)
{
	struct ev_se se = {
		.challenge = ex->challenge,
		.config_uid = ex->config_uid,
		/* Absent there, empty here: any address will do for no bytes. */
		.user_data = ex->user_data.data ? ex->user_data
						: (struct ev_bytes) { ex->challenge.data, 0 },
	};
	struct evidence ev = {
		.provider = "se",
		.report = ex->measurement,
		.aux = ex->additional,
	};
	uint8_t *details;
	int r;

	r = ev_se_encode(&se, &details, &ev.details.len);
	if (r < 0)
		return r;
	ev.details.data = details;
	r = ev_encode(&ev, ret, ret_len);
	free(details);
	return r;
}

TEE_PUBLIC int tee_evidence_from_exchange(const void *data, size_t len,
					  tee_evidence **ret_evidence)
{
	struct exchange ex;
	uint8_t *item;
	size_t item_len;
	int r;

	if (!data || !ret_evidence)
		return -EINVAL;
	r = exchange_parse(data, len, &ex, NULL);
	if (r < 0)
		return r;
	if (!ex.measurement.data)
		return -ENODATA;
	r = to_item(&ex, &item, &item_len);
	if (r < 0)
		return r == -EINVAL ? -EBADMSG : r;
	r = tee_evidence_from_item(item, item_len, ret_evidence, NULL);
	free(item);
	return r;
}
