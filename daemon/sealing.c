// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * On any other word than root's a digest is worth no more than that word, so whose it was stands in the
 * claims: a user who makes up a digest for his container gets another key than root's runtime gives to
 * the container that has it.
 */
#include <errno.h>

#include "cbor-out.h"
#include "sealing.h"

enum { WORKLOAD = 1, IMAGE = 3, UID = 6 };

static bool has_image(const struct peer *peer, const struct rule *rule)
{
	return peer->registration && rule->seal_scope != SEAL_IMAGE_ID;
}

static void put_image(struct out *out, const struct registration *registration, enum seal_scope scope)
{
	char by[VOUCHER_TEXT_MAX];

	out_uint(out, IMAGE);
	out_array(out, registration->voucher.root ? 2 : 3);
	if (scope == SEAL_SIGNER) {
		out_text(out, "signer");
		out_text(out, registration->image_signer);
	} else {
		out_text(out, registration->image.alg);
		out_bytes(out, registration->image.value, registration->image.len);
	}
	if (!registration->voucher.root)
		out_text(out, voucher_text(&registration->voucher, by));
}

int sealing_claims(const struct peer *peer, const struct rule *rule, uint8_t **ret, size_t *ret_len,
		   uint32_t *ret_bitmap, const char **ret_why)
{
	bool image = has_image(peer, rule), uid = rule->pins.uid;
	struct out out = { 0 };
	const struct facts facts = peer_facts(peer);
	int r;

	*ret_why = rule_keyless(rule, &facts);
	if (*ret_why)
		return -ENODATA;
	out_map(&out, 1 + (size_t)image + (size_t)uid);
	out_uint(&out, WORKLOAD);
	out_text(&out, rule->name);
	if (image)
		put_image(&out, peer->registration, rule->seal_scope);
	if (uid) {
		out_uint(&out, UID);
		out_uint(&out, peer->uid);
	}
	r = out_finish(&out, ret, ret_len);
	if (r < 0)
		return r;
	*ret_bitmap = 1u << WORKLOAD | (image ? 1u << IMAGE : 0) | (uid ? 1u << UID : 0);
	return 0;
}
