// SPDX-License-Identifier: GPL-2.0-only
/*
 * The known answers, before anything is answered: a module that gets one wrong does not load.
 *
 * They were made with a host key of which only the public half is known. What the two sides of ECDH
 * share is the same from either; so the request is opened with its maker's half.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "softuv.h"
#include "known.h"

#define ARCB_SLOTS_AT	224
#define ARCB_SEALED_LEN	80

static bool all(const u8 *data, u8 byte, size_t len)
{
	return !memchr_inv(data, byte, len);
}

/* With another key than ours the request must stay shut. */
static bool opens_arcb(u8 *arcb)
{
	struct softuv_request request = {
		.header = (struct softuv_request_header *)arcb,
		.bytes = arcb,
		.len = sizeof(known_arcb),
		.slots_at = ARCB_SLOTS_AT,
		.maker = known_host_public,
		.sealed = arcb + sizeof(known_arcb) - SOFTUV_TAG_LEN - ARCB_SEALED_LEN,
	};
	u8 phkh[SOFTUV_PHKH_LEN];

	softuv_sha256(known_host_public, sizeof(known_host_public), phkh);
	arcb[sizeof(known_arcb) - 1] ^= 1;
	if (softuv_request_open(&request, known_maker_scalar, phkh))
		return false;
	arcb[sizeof(known_arcb) - 1] ^= 1;
	return softuv_request_open(&request, known_maker_scalar, phkh) &&
	       all(request.sealed, 0x77, 64) && all(request.sealed + 64, 0xab, 16);
}

static bool measures(const struct known_measurement *known)
{
	u8 key[64], uid[SOFTUV_UID_LEN], user[256], nonce[16], additional[128];
	u8 got[SOFTUV_SHA512_LEN];
	struct softuv_tags tags;
	struct softuv_measured measured = {
		.tags = &tags,
		.config_uid = uid,
		.user = user,
		.user_len = known->user_len,
		.nonce = nonce,
		.nonce_len = known->nonce_len,
		.additional = additional,
		.additional_len = known->additional_len,
	};

	memset(key, 0x41, sizeof(key));
	memset(tags.pld, 1, sizeof(tags.pld));
	memset(tags.ald, 2, sizeof(tags.ald));
	memset(tags.tld, 3, sizeof(tags.tld));
	memset(tags.tag, 4, sizeof(tags.tag));
	memset(uid, 5, sizeof(uid));
	memset(user, 7, sizeof(user));
	memset(nonce, 8, sizeof(nonce));
	memset(additional, 9, sizeof(additional));
	softuv_measure(key, &measured, got);
	return !memcmp(got, known->want, sizeof(got));
}

int softuv_selftest(void)
{
	u8 *arcb = kmemdup(known_arcb, sizeof(known_arcb), GFP_KERNEL);
	bool good;
	size_t i;

	if (!arcb)
		return -ENOMEM;
	good = opens_arcb(arcb);
	kfree(arcb);
	if (!good) {
		pr_err("does not open a request as it must\n");
		return -EBADMSG;
	}
	for (i = 0; i < ARRAY_SIZE(known_measurements); i++) {
		if (measures(&known_measurements[i]))
			continue;
		pr_err("does not measure as it must (%zu)\n", i);
		return -EBADMSG;
	}
	return 0;
}
