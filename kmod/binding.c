// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binding: what ties a report to the workload that asked for it. Three formulas, all SHA-384,
 * frozen; doc/evidence.md spells them out, and doc/evidence-vectors.json holds known answers that
 * an independent program computed. A module that gets one of those wrong does not load.
 *
 * DOC: the only way into REPORTDATA
 *
 * tg_report_data() makes the bytes that any firmware of any vendor signs for this module, and
 * nothing else does. So there is one place to look at for the promise on which verifiers rely:
 * bytes 48..55 are "teegate/" if and only if the kernel, and not a caller, chose the rest.
 *
 * They are 64 wherever firmware has room for so many and no word for fewer. The Ultravisor signs
 * up to 256 and how many they are; a bound report is over 64 there, too, and a raw one over what
 * the caller gave.
 */
#include <crypto/hash.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "binding.h"
#include "binding-vectors.h"

#define LEAF_PREFIX	0x00	/* RFC 9162, 2.1.1: leaves and nodes must not collide */

static const u8 bound_tag[TG_REPORT_DATA_SIZE - TEEGATE_HASH_SIZE] __nonstring = "teegate/bound/v1";

/* The part of the tag that marks everything this project will ever bind, whatever its version. */
#define RESERVED_OFFSET	TEEGATE_HASH_SIZE
#define RESERVED_SIZE	8

/*
 * One code path for every kernel: only the newest have SHA-384 as a library function. The
 * transform has no key and no state, so any number of tasks use it at once.
 */
static struct crypto_shash *sha384_tfm;

struct piece {
	const u8 *bytes;
	u32 len;
};

static int hash_pieces(const struct piece *piece, unsigned int n, u8 out[TEEGATE_HASH_SIZE])
{
	SHASH_DESC_ON_STACK(desc, sha384_tfm);
	int err;

	desc->tfm = sha384_tfm;
	err = crypto_shash_init(desc);
	for (; n && !err; n--, piece++)
		err = crypto_shash_update(desc, piece->bytes, piece->len);
	if (!err)
		err = crypto_shash_final(desc, out);
	shash_desc_zero(desc);
	return err;
}

/* Of claims (once per lease, they never change) and of what goes into a runtime register. */
int tg_hash(const u8 *bytes, size_t len, u8 out[TEEGATE_HASH_SIZE])
{
	const struct piece whole = { bytes, len };

	return hash_pieces(&whole, 1, out);
}

/* leaf = H( 0x00 || H(claims) || blind || u32(len user_data) || user_data ) */
int tg_leaf(const u8 claims_hash[TEEGATE_HASH_SIZE], const u8 blind[TEEGATE_BLIND_SIZE],
	    const u8 *user_data, u32 len, u8 out[TEEGATE_HASH_SIZE])
{
	static const u8 prefix = LEAF_PREFIX;
	const __be32 be_len = cpu_to_be32(len);
	const struct piece leaf[] = {
		{ &prefix, sizeof(prefix) },
		{ claims_hash, TEEGATE_HASH_SIZE },
		{ blind, TEEGATE_BLIND_SIZE },
		{ (const u8 *)&be_len, sizeof(be_len) },
		{ user_data, len },
	};

	return hash_pieces(leaf, ARRAY_SIZE(leaf), out);
}

static u32 subject_max(enum tg_subject_kind kind)
{
	switch (kind) {
	case TG_SUBJECT_ROOT:
		return TEEGATE_HASH_SIZE;
	case TG_SUBJECT_RAW_UNPADDED:
		return TEEGATE_RAW_DATA_MAX;
	default:
		return TG_REPORT_DATA_SIZE;
	}
}

/**
 * tg_report_data - the bytes that firmware signs
 * @subject: a tree root, or bytes of a caller
 * @out: root || tag, or the caller's bytes, padded with zeroes or not; all beyond them is zero
 *
 * Return: 0; -EPERM when a caller's bytes, as firmware would see them, claim to be bound, no
 * matter how many of them the caller gave; -EINVAL for a length that cannot be.
 */
int tg_report_data(const struct tg_subject *subject, struct tg_report_data *out)
{
	u32 max = subject_max(subject->kind);

	if (subject->len > max || (subject->kind == TG_SUBJECT_ROOT && subject->len != max))
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	memcpy(out->bytes, subject->bytes, subject->len);
	out->len = subject->kind == TG_SUBJECT_RAW_UNPADDED ? subject->len : TG_REPORT_DATA_SIZE;
	if (subject->kind == TG_SUBJECT_ROOT) {
		memcpy(out->bytes + TEEGATE_HASH_SIZE, bound_tag, sizeof(bound_tag));
		return 0;
	}
	return memcmp(out->bytes + RESERVED_OFFSET, bound_tag, RESERVED_SIZE) ? 0 : -EPERM;
}

static int check_vector(const struct tg_binding_vector *v)
{
	struct tg_subject subject = { .kind = TG_SUBJECT_ROOT, .len = TEEGATE_HASH_SIZE };
	struct tg_report_data data;
	u8 hash[TEEGATE_HASH_SIZE];
	int err;

	err = tg_hash(v->claims, v->claims_len, hash);
	if (!err)
		err = tg_leaf(hash, v->blind, v->user_data, v->user_data_len, subject.bytes);
	if (!err)
		err = tg_report_data(&subject, &data);
	if (err)
		return err;
	if (data.len != TG_REPORT_DATA_SIZE)
		return -EBADMSG;
	return memcmp(data.bytes, v->report_data, TG_REPORT_DATA_SIZE) ? -EBADMSG : 0;
}

/* Refused, or exactly these bytes and zeroes after them. */
static int check_raw(enum tg_subject_kind kind, const u8 *bytes, u32 len, u32 want_len,
		     bool allowed)
{
	struct tg_subject subject = { .kind = kind, .len = len };
	struct tg_report_data data;
	int err;

	memcpy(subject.bytes, bytes, len);
	err = tg_report_data(&subject, &data);
	if (!allowed)
		return err == -EPERM ? 0 : -EBADMSG;
	if (err)
		return err;
	if (data.len != want_len)
		return -EBADMSG;
	return memcmp(data.bytes, subject.bytes, sizeof(data.bytes)) ? -EBADMSG : 0;
}

static int check_raw_vector(const struct tg_raw_vector *v)
{
	return check_raw(TG_SUBJECT_RAW, v->bytes, v->len, TG_REPORT_DATA_SIZE, v->allowed) ?:
	       check_raw(TG_SUBJECT_RAW_UNPADDED, v->bytes, v->len, v->len, v->allowed);
}

/* The tag is the tag, whatever follows it, and another byte in it is none. */
static int check_long_raw(void)
{
	u8 bytes[TEEGATE_RAW_DATA_MAX] = {};
	const u32 max = sizeof(bytes);
	int err;

	memcpy(bytes + RESERVED_OFFSET, bound_tag, RESERVED_SIZE);
	bytes[max - 1] = 1;
	err = check_raw(TG_SUBJECT_RAW_UNPADDED, bytes, max, max, false) ?:
	      check_raw(TG_SUBJECT_RAW_UNPADDED, bytes, RESERVED_OFFSET + RESERVED_SIZE, 0, false);
	bytes[RESERVED_OFFSET + RESERVED_SIZE - 1]++;
	return err ?: check_raw(TG_SUBJECT_RAW_UNPADDED, bytes, max, max, true);
}

static int self_test(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(tg_binding_vectors) && !err; i++)
		err = check_vector(&tg_binding_vectors[i]);
	for (i = 0; i < ARRAY_SIZE(tg_raw_vectors) && !err; i++)
		err = check_raw_vector(&tg_raw_vectors[i]);
	err = err ?: check_long_raw();
	if (err)
		pr_err("self-test of the binding failed: %d\n", err);
	return err;
}

int tg_binding_init(void)
{
	int err;

	sha384_tfm = crypto_alloc_shash("sha384", 0, 0);
	if (IS_ERR(sha384_tfm)) {
		pr_err("no SHA-384 in this kernel: %ld\n", PTR_ERR(sha384_tfm));
		return PTR_ERR(sha384_tfm);
	}
	err = self_test();
	if (err)
		crypto_free_shash(sha384_tfm);
	return err;
}

void tg_binding_exit(void)
{
	crypto_free_shash(sha384_tfm);
}
