// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From the kernel module's answer to an evidence item. Lengths and kinds are compared with what was
 * asked; the ranges of the format are for ev_encode() to judge.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/teegate.h>

#include "context.h"

static const char *const provider_names[] = {
	[TEEGATE_PROVIDER_SEV_SNP] = "sev-snp",
	[TEEGATE_PROVIDER_TDX] = "tdx",
	[TEEGATE_PROVIDER_SE] = "se",
};

_Static_assert(sizeof(((struct tee_buffers *)0)->claims) == TEEGATE_CLAIMS_MAX, "room for claims");
_Static_assert(sizeof(((struct tee_buffers *)0)->path) == TEEGATE_PATH_MAX * TEEGATE_HASH_SIZE,
	       "room for the inclusion proof");

static bool lengths_ok(const struct teegate_get_report *arg, const struct tee_buffers *b)
{
	return arg->report_len <= b->report_size && arg->aux_len <= b->aux_size &&
	       arg->claims_len <= sizeof(b->claims) && arg->path_len <= sizeof(b->path) &&
	       arg->path_len % TEEGATE_HASH_SIZE == 0 &&
	       arg->provider != TEEGATE_PROVIDER_NONE &&
	       arg->provider < sizeof(provider_names) / sizeof(provider_names[0]);
}

/* The caller's bytes; when there are none, their absence needs an address to be of no length at. */
static struct ev_bytes user_data_of(const struct tee_request *request,
				    const struct teegate_get_report *arg)
{
	return (struct ev_bytes) { request->user_data_len > 0 ? request->user_data : arg->blind,
				   request->user_data_len };
}

static void add_binding(struct evidence *ev, const struct tee_request *request,
			const struct teegate_get_report *arg, const struct tee_buffers *b)
{
	ev->bound = true;
	ev->binding = (struct ev_binding) {
		.claims = { b->claims, arg->claims_len },
		.user_data = user_data_of(request, arg),
		.leaf_index = arg->leaf_index,
		.tree_size = arg->tree_size,
		.path = b->path,
		.path_count = arg->path_len / TEEGATE_HASH_SIZE,
		.blind = { arg->blind, sizeof(arg->blind) },
	};
}

/* What the Ultravisor's answer means nothing without. *ret, malloc()ed, is what @ev points to. */
static int add_se_details(struct evidence *ev, const struct tee_request *request,
			  const struct teegate_get_report *arg, uint8_t **ret)
{
	struct ev_se se = {
		.challenge = { request->challenge, request->challenge_len },
		.config_uid = { arg->config_uid, sizeof(arg->config_uid) },
		.user_data = ev->bound ? (struct ev_bytes) { arg->report_data,
							     sizeof(arg->report_data) }
				       : user_data_of(request, arg),
	};
	size_t len;
	int r;

	r = ev_se_encode(&se, ret, &len);
	if (r == 0)
		ev->details = (struct ev_bytes) { *ret, len };
	return r;
}

int tee_item_from_answer(const struct tee_request *request, const struct teegate_get_report *arg,
			 const struct tee_buffers *b, uint8_t **ret, size_t *ret_len)
{
	struct evidence ev = { 0 };
	uint8_t *details = NULL;
	int r = 0;

	if (!lengths_ok(arg, b) || !tee_report_answers(arg, b->memory, request))
		return -EPROTO;

	ev.provider = provider_names[arg->provider];
	ev.report = (struct ev_bytes) { b->memory, arg->report_len };
	if ((request->flags & TEE_REPORT_AUX) && arg->aux_len > 0)
		*(arg->provider == TEEGATE_PROVIDER_TDX ? &ev.event_log : &ev.aux) =
			(struct ev_bytes) { b->memory + b->report_size, arg->aux_len };
	if (!(request->flags & TEE_REPORT_RAW))
		add_binding(&ev, request, arg, b);
	if (arg->provider == TEEGATE_PROVIDER_SE)
		r = add_se_details(&ev, request, arg, &details);
	if (r == 0)
		r = ev_encode(&ev, ret, ret_len);
	free(details);
	return r == -EINVAL ? -EPROTO : r;
}
