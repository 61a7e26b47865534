// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a lease says about keys: whose they are, which labels they may have, and which roots they
 * may come from. The administrator says it once, and nobody can say anything else later: a child
 * of a lease has the very same object.
 *
 * DOC: fields of the guest
 *
 * A key that firmware derives depends on what was selected. Without the policy of the guest a
 * debugger attached by the host has the keys, and without the measurement whatever other guest on
 * this chip. What an ID block says (image, family, SVN) is said by whoever signs one, so it can
 * only be in addition. Floors bind nothing unless what they are about is selected.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../binding.h"
#include "keys.h"
#include "snp.h"

#define SOURCES_ALL	GENMASK(TEEGATE_ROOT_DEVELOPMENT, TEEGATE_ROOT_FIRMWARE)

static bool has_source(const struct teegate_create_lease *a, enum teegate_root_source source)
{
	return a->root_sources & BIT(source);
}

static bool nothing_said(const struct teegate_create_lease *a)
{
	const size_t at = offsetof(struct teegate_create_lease, sealing_claims);

	return !memchr_inv((const u8 *)a + at, 0, sizeof(*a) - at);
}

static bool snp_bounds_fit(const struct teegate_create_lease *a)
{
	const u64 fields = a->snp_field_select;

	if (!has_source(a, TEEGATE_ROOT_FIRMWARE))
		return !fields && !a->snp_tcb_floor && !a->snp_svn_floor;
	if (fields & ~TG_SNP_FIELDS_ALL || ~fields & TG_SNP_FIELDS_LEAST)
		return false;
	if (a->snp_tcb_floor && !(fields & TG_SNP_FIELD_TCB))
		return false;
	return !a->snp_svn_floor || fields & TG_SNP_FIELD_SVN;
}

static bool secret_id_fits(const struct teegate_create_lease *a)
{
	return !memchr_inv(a->se_secret_id, 0, sizeof(a->se_secret_id)) ==
	       !has_source(a, TEEGATE_ROOT_RETRIEVABLE);
}

/* In what a caller gave for a lease, before anything is copied. */
int tg_sealing_check(const struct teegate_create_lease *a)
{
	if (!(a->ops & TG_OPS_KEYS))
		return nothing_said(a) ? 0 : -EINVAL;
	if (!a->sealing_claims_len || a->sealing_claims_len > TEEGATE_CLAIMS_MAX || a->reserved4)
		return -EINVAL;
	if (a->key_labels_len > TEEGATE_KEY_LABELS_MAX || (a->key_labels && !a->key_labels_len))
		return -EINVAL;
	if (!a->root_sources || a->root_sources & ~SOURCES_ALL)
		return -EINVAL;
	return snp_bounds_fit(a) && secret_id_fits(a) ? 0 : -EINVAL;
}

/* All of them end in a NUL, the last one, too, and none is longer than what it could match. */
static bool patterns_fit(const char *labels, u32 len)
{
	const char *at = labels, *end = labels + len;

	if (len && end[-1])
		return false;
	for (; at < end; at += strlen(at) + 1)
		if (strlen(at) > TEEGATE_KEY_LABEL_MAX + 1)
			return false;
	return true;
}

static int fetch_labels(const struct teegate_create_lease *a, struct tg_sealing *sealing)
{
	sealing->labels_len = a->key_labels_len;
	if (copy_from_user(sealing->labels, u64_to_user_ptr(a->key_labels), a->key_labels_len))
		return -EFAULT;
	return patterns_fit(sealing->labels, sealing->labels_len) ? 0 : -EINVAL;
}

/* The hash is all that is ever needed of the claims. */
static int fetch_claims(const struct teegate_create_lease *a, struct tg_sealing *sealing)
{
	u8 *claims = memdup_user(u64_to_user_ptr(a->sealing_claims), a->sealing_claims_len);
	int err;

	if (IS_ERR(claims))
		return PTR_ERR(claims);
	err = tg_hash(claims, a->sealing_claims_len, sealing->claims_hash);
	kfree(claims);
	return err;
}

/**
 * tg_sealing_from_user - what a new lease says about keys
 * @a: passed tg_sealing_check()
 * @ret_sealing: for tg_sealing_put(); NULL for a lease without keys; untouched on failure
 */
int tg_sealing_from_user(const struct teegate_create_lease *a, struct tg_sealing **ret_sealing)
{
	struct tg_sealing *sealing;
	int err;

	if (!(a->ops & TG_OPS_KEYS))
		return 0;
	sealing = kzalloc(struct_size(sealing, labels, a->key_labels_len), GFP_KERNEL_ACCOUNT);
	if (!sealing)
		return -ENOMEM;
	refcount_set(&sealing->ref, 1);
	sealing->bitmap = a->sealing_bitmap;
	sealing->sources = a->root_sources;
	sealing->snp_fields = a->snp_field_select;
	sealing->snp_tcb_floor = a->snp_tcb_floor;
	sealing->snp_svn_floor = a->snp_svn_floor;
	memcpy(sealing->se_secret_id, a->se_secret_id, sizeof(sealing->se_secret_id));
	err = fetch_labels(a, sealing) ?: fetch_claims(a, sealing);
	if (err)
		kfree(sealing);
	else
		*ret_sealing = sealing;
	return err;
}

/* NULL is fine, here and below. */
struct tg_sealing *tg_sealing_get(struct tg_sealing *sealing)
{
	if (sealing)
		refcount_inc(&sealing->ref);
	return sealing;
}

void tg_sealing_put(struct tg_sealing *sealing)
{
	if (sealing && refcount_dec_and_test(&sealing->ref))
		kfree(sealing);
}

static bool matches(const char *pattern, size_t n, const u8 *label, u32 len)
{
	if (n && pattern[n - 1] == '*')
		return len >= n - 1 && !memcmp(label, pattern, n - 1);
	return len == n && !memcmp(label, pattern, n);
}

bool tg_sealing_allows(const struct tg_sealing *sealing, const u8 *label, u32 len)
{
	const char *at = sealing->labels, *end = at + sealing->labels_len;

	for (; at < end; at += strlen(at) + 1)
		if (matches(at, strlen(at), label, len))
			return true;
	return !sealing->labels_len;
}
