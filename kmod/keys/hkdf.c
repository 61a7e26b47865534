// SPDX-License-Identifier: GPL-2.0-only
/*
 * The derivation: from a root to its name and to keys, by HKDF-SHA-384 (RFC 5869). The formulas are
 * frozen; doc/keys.md spells them out, and tests/unit/key-vectors.py computes known answers
 * without any of this code. A module that gets one of those wrong does not load.
 *
 * One code path for every kernel: only newer ones have HKDF themselves. A transform is made for
 * each derivation and goes with it, because it holds a key as long as it lives and is wiped when it
 * ends.
 */
#include <crypto/hash.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../binding.h"
#include "../lease.h"
#include "keys.h"
#include "key-vectors.h"

#define HMAC		"hmac(sha384)"
#define PRK_SIZE	TEEGATE_HASH_SIZE

static const u8 key_tag[14] __nonstring = "teegate/key/v1";
static const u8 root_id_tag[18] __nonstring = "teegate/root-id/v1";

/* Holds the first algorithm so that no later call has to look for a module. */
static struct crypto_shash *keep;

struct piece {
	const void *bytes;
	u32 len;
};

/* A transform with the key that is extracted from the root. */
static struct crypto_shash *extract(const struct tg_root *root)
{
	struct crypto_shash *tfm = crypto_alloc_shash(HMAC, 0, 0);
	u8 prk[PRK_SIZE];
	int err;

	if (IS_ERR(tfm))
		return tfm;
	err = crypto_shash_setkey(tfm, key_tag, sizeof(key_tag)) ?:
	      crypto_shash_tfm_digest(tfm, root->bytes, sizeof(root->bytes), prk) ?:
	      crypto_shash_setkey(tfm, prk, sizeof(prk));
	memzero_explicit(prk, sizeof(prk));
	if (!err)
		return tfm;
	crypto_free_shash(tfm);
	return ERR_PTR(err);
}

/* T(i) = HMAC(PRK, T(i - 1) || info || i) */
static int next_block(struct crypto_shash *tfm, const struct piece *info, unsigned int n, u8 i,
		      u8 block[PRK_SIZE])
{
	SHASH_DESC_ON_STACK(desc, tfm);
	int err;

	desc->tfm = tfm;
	err = crypto_shash_init(desc);
	if (!err && i > 1)
		err = crypto_shash_update(desc, block, PRK_SIZE);
	for (; n && !err; n--, info++)
		err = crypto_shash_update(desc, info->bytes, info->len);
	err = err ?: crypto_shash_update(desc, &i, sizeof(i)) ?: crypto_shash_final(desc, block);
	shash_desc_zero(desc);
	return err;
}

static int expand(const struct tg_root *root, const struct piece *info, unsigned int n, u8 *out,
		  u32 len)
{
	struct crypto_shash *tfm = extract(root);
	u8 block[PRK_SIZE];
	u32 part;
	int err = 0;
	u8 i;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	for (i = 1; len && !err; i++, out += part, len -= part) {
		part = min_t(u32, len, sizeof(block));
		err = next_block(tfm, info, n, i, block);
		if (!err)
			memcpy(out, block, part);
	}
	memzero_explicit(block, sizeof(block));
	crypto_free_shash(tfm);
	return err;
}

int tg_root_name(struct tg_root *root)
{
	const struct piece info = { root_id_tag, sizeof(root_id_tag) };

	return expand(root, &info, 1, root->id, sizeof(root->id));
}

/* Between the tag and the label, and from there to the end. */
struct info_head {
	u8 purpose;
	__be16 key_len;
	u8 claims_hash[TEEGATE_HASH_SIZE];
	__be16 label_len;
} __packed;

struct info_tail {
	u8 params_hash[TEEGATE_HASH_SIZE];
	u8 salt[TG_SALT_SIZE];
} __packed;

static_assert(sizeof(struct info_head) == 53 && sizeof(struct info_tail) == 80);

static int derive(struct tg_key_job *job, const u8 *claims_hash, enum tg_purpose purpose)
{
	struct info_head head = {
		.purpose = purpose,
		.key_len = cpu_to_be16(job->key_len),
		.label_len = cpu_to_be16(job->label_len),
	};
	struct info_tail tail;
	const struct piece info[] = {
		{ key_tag, sizeof(key_tag) },
		{ &head, sizeof(head) },
		{ job->label, job->label_len },
		{ &tail, sizeof(tail) },
	};
	int err;

	memcpy(head.claims_hash, claims_hash, sizeof(head.claims_hash));
	memcpy(tail.salt, job->salt, sizeof(tail.salt));
	err = tg_hash((const u8 *)&job->params, sizeof(job->params), tail.params_hash);
	return err ?: expand(&job->root, info, ARRAY_SIZE(info), job->key, job->key_len);
}

/**
 * tg_key_derive - the key of a job
 * @job: its root, label and salt are there; the key is put into it
 * @purpose: what it is for
 * @key_len: bytes, up to TEEGATE_KEY_MAX
 */
int tg_key_derive(struct tg_key_job *job, enum tg_purpose purpose, u32 key_len)
{
	job->key_len = key_len;
	return derive(job, job->lease->terms.sealing->claims_hash, purpose);
}

static int run_vector(const struct tg_key_vector *v, struct tg_key_job *job)
{
	u8 claims_hash[TEEGATE_HASH_SIZE];
	int err;

	memset(job, 0, sizeof(*job));
	memcpy(job->root.bytes, v->root, sizeof(job->root.bytes));
	memcpy(&job->params, v->params, sizeof(job->params));
	memcpy(job->label, v->label, v->label_len);
	memcpy(job->salt, v->salt, sizeof(job->salt));
	job->label_len = v->label_len;
	job->key_len = v->key_len;
	err = tg_hash(v->claims, v->claims_len, claims_hash) ?: tg_root_name(&job->root) ?:
	      derive(job, claims_hash, v->purpose);
	if (err)
		return err;
	return memcmp(job->root.id, v->root_id, sizeof(job->root.id)) ||
	       memcmp(job->key, v->key, v->key_len) ? -EBADMSG : 0;
}

static int self_test(void)
{
	struct tg_key_job *job = kzalloc(sizeof(*job), GFP_KERNEL);
	unsigned int i;
	int err = job ? 0 : -ENOMEM;

	for (i = 0; i < ARRAY_SIZE(tg_key_vectors) && !err; i++)
		err = run_vector(&tg_key_vectors[i], job);
	kfree_sensitive(job);
	return err;
}

int tg_hkdf_init(void)
{
	int err;

	keep = crypto_alloc_shash(HMAC, 0, 0);
	if (IS_ERR(keep)) {
		pr_err("no HMAC-SHA-384 in this kernel: %ld\n", PTR_ERR(keep));
		return PTR_ERR(keep);
	}
	err = self_test();
	if (!err)
		return 0;
	pr_err("self-test of the derivation of keys failed: %d\n", err);
	crypto_free_shash(keep);
	return err;
}

void tg_hkdf_exit(void)
{
	crypto_free_shash(keep);
}
