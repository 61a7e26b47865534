// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The evidence object: a decoded item, read-only, and its accessors. What is in it has the right
 * form and nothing more; whether it is true is for libtee-verify.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"

struct tee_evidence {
	struct evidence plain;
	struct ev_se se;	/* points into @plain; all absent unless it is of Secure Execution */
};

int tee_evidence_from_item(const uint8_t *item, size_t len, tee_evidence **ret,
			   const char **ret_why)
{
	tee_evidence *evidence;
	int r;

	evidence = calloc(1, sizeof(*evidence));
	if (!evidence)
		return -ENOMEM;
	r = ev_decode(item, len, &evidence->plain, ret_why);
	if (r < 0) {
		free(evidence);
		return r;
	}
	/* Details that are not what they should be leave their accessors without an answer. */
	if (strcmp(evidence->plain.provider, "se") == 0)
		(void)ev_se_decode(&evidence->plain.details, &evidence->se, NULL);
	*ret = evidence;
	return 0;
}

const struct evidence *tee_evidence_plain(const tee_evidence *evidence)
{
	return &evidence->plain;
}

const struct ev_se *tee_evidence_se(const tee_evidence *evidence)
{
	return &evidence->se;
}

TEE_PUBLIC int tee_evidence_parse(const void *data, size_t len, tee_evidence **ret_evidence)
{
	if ((!data && len > 0) || !ret_evidence)
		return -EINVAL;
	return tee_evidence_from_item(data, len, ret_evidence, NULL);
}

TEE_PUBLIC tee_evidence *tee_evidence_free(tee_evidence *evidence)
{
	if (evidence) {
		ev_done(&evidence->plain);
		free(evidence);
	}
	return NULL;
}

TEE_PUBLIC int tee_evidence_serialize(const tee_evidence *evidence, uint8_t **ret_data,
				      size_t *ret_len)
{
	if (!evidence || !ret_data || !ret_len)
		return -EINVAL;
	return ev_encode(&evidence->plain, ret_data, ret_len);
}

TEE_PUBLIC int tee_evidence_get_provider(const tee_evidence *evidence, const char **ret_name)
{
	if (!evidence || !ret_name)
		return -EINVAL;
	*ret_name = evidence->plain.provider;
	return 0;
}

static int get_bytes(const struct ev_bytes *bytes, const uint8_t **ret_data, size_t *ret_len)
{
	if (!ret_data || !ret_len)
		return -EINVAL;
	if (!bytes->data)
		return -ENODATA;
	*ret_data = bytes->data;
	*ret_len = bytes->len;
	return 0;
}

TEE_PUBLIC int tee_evidence_get_report(const tee_evidence *evidence, const uint8_t **ret_data,
				       size_t *ret_len)
{
	return evidence ? get_bytes(&evidence->plain.report, ret_data, ret_len) : -EINVAL;
}

TEE_PUBLIC int tee_evidence_get_aux(const tee_evidence *evidence, const uint8_t **ret_data,
				    size_t *ret_len)
{
	return evidence ? get_bytes(&evidence->plain.aux, ret_data, ret_len) : -EINVAL;
}

TEE_PUBLIC int tee_evidence_get_event_log(const tee_evidence *evidence, const uint8_t **ret_data,
					  size_t *ret_len)
{
	return evidence ? get_bytes(&evidence->plain.event_log, ret_data, ret_len) : -EINVAL;
}

TEE_PUBLIC int tee_evidence_get_challenge(const tee_evidence *evidence, const uint8_t **ret_data,
					  size_t *ret_len)
{
	return evidence ? get_bytes(&evidence->se.challenge, ret_data, ret_len) : -EINVAL;
}

TEE_PUBLIC int tee_evidence_get_config_uid(const tee_evidence *evidence, const uint8_t **ret_data,
					   size_t *ret_len)
{
	return evidence ? get_bytes(&evidence->se.config_uid, ret_data, ret_len) : -EINVAL;
}

TEE_PUBLIC int tee_evidence_get_report_data(const tee_evidence *evidence, const uint8_t **ret_data,
					    size_t *ret_len)
{
	return evidence ? get_bytes(&evidence->se.user_data, ret_data, ret_len) : -EINVAL;
}

/* Without a binding record its members are absent, so the three below say ENODATA by themselves. */
TEE_PUBLIC int tee_evidence_get_claims(const tee_evidence *evidence, const uint8_t **ret_data,
				       size_t *ret_len)
{
	return evidence ? get_bytes(&evidence->plain.binding.claims, ret_data, ret_len) : -EINVAL;
}

TEE_PUBLIC int tee_evidence_get_user_data(const tee_evidence *evidence, const uint8_t **ret_data,
					  size_t *ret_len)
{
	return evidence ? get_bytes(&evidence->plain.binding.user_data, ret_data, ret_len)
			: -EINVAL;
}

TEE_PUBLIC int tee_evidence_get_blind(const tee_evidence *evidence, const uint8_t **ret_data,
				      size_t *ret_len)
{
	return evidence ? get_bytes(&evidence->plain.binding.blind, ret_data, ret_len) : -EINVAL;
}

TEE_PUBLIC int tee_evidence_get_tree(const tee_evidence *evidence, uint32_t *ret_leaf_index,
				     uint32_t *ret_tree_size, const uint8_t **ret_path,
				     size_t *ret_path_len)
{
	const struct ev_binding *b;

	if (!evidence || !ret_leaf_index || !ret_tree_size || !ret_path || !ret_path_len)
		return -EINVAL;
	if (!evidence->plain.bound)
		return -ENODATA;
	b = &evidence->plain.binding;
	*ret_leaf_index = (uint32_t)b->leaf_index;
	*ret_tree_size = (uint32_t)b->tree_size;
	*ret_path = b->path;
	*ret_path_len = b->path_count * 48;
	return 0;
}
