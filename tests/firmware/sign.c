// SPDX-License-Identifier: GPL-2.0-only
/*
 * ECDSA P-384 for reports, inside the module.
 *
 * Signing here, over the kernel's own big-number code, needs no process on the host and none in
 * the guest, so a report can be had in every boot; and it shares no code with the OpenSSL-based
 * verifiers. The price is time with interrupts off, because the trap cannot sleep: one scalar
 * multiplication takes ten milliseconds under emulation. That part does not depend on the
 * message, so a worker makes nonces (r, 1/k) ahead of time, and what is left for the trap is a
 * hash and two modular multiplications. A burst that empties the pool is served all the same, by
 * doing the whole work in the trap. Most guests ask for few reports, so the worker keeps few
 * nonces, and more whenever that was too few. None of this is constant-time: they are test keys.
 */
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <crypto/ecc_curve.h>
#include <crypto/ecdh.h>
#include <crypto/internal/ecc.h>

#include "softfw.h"

#define DIGITS		(384 / 64)
#define HALF		(DIGITS / 2)
#define POOL_SIZE	64U
#define POOL_FIRST	2U

struct nonce {
	u64 r[DIGITS];
	u64 kinv[DIGITS];
};

static const struct ecc_curve *curve;

/* 2^192 * G: with it a scalar is walked as two halves at once, in half the doublings. */
static u64 g192_x[DIGITS], g192_y[DIGITS];
static struct ecc_point g192 = { g192_x, g192_y, DIGITS };

static struct {
	raw_spinlock_t lock;
	unsigned int count;
	unsigned int wanted;
	unsigned long inlined;
	struct nonce nonces[POOL_SIZE];
} pool = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(pool.lock),
};

static struct workqueue_struct *refill_wq;
static bool refill_stop;

/* a += b mod n, for a, b < n. There is a subtraction to build on, and no addition. */
static void mod_add(u64 *a, const u64 *b)
{
	u64 neg_b[DIGITS], diff[DIGITS];

	vli_sub(neg_b, curve->n, b, DIGITS);
	if (vli_cmp(a, neg_b, DIGITS) >= 0) {
		vli_sub(a, a, neg_b, DIGITS);
	} else {
		vli_sub(diff, neg_b, a, DIGITS);
		vli_sub(a, curve->n, diff, DIGITS);
	}
}

static void reduce(u64 *value)
{
	if (vli_cmp(value, curve->n, DIGITS) >= 0)
		vli_sub(value, value, curve->n, DIGITS);
}

/* False for the few k that are no nonce. */
static bool make_nonce(struct nonce *nonce, const u64 *k)
{
	u64 low[DIGITS] = {}, high[DIGITS] = {}, y[DIGITS];
	struct ecc_point point = { nonce->r, y, DIGITS };

	if (vli_is_zero(k, DIGITS) || vli_cmp(k, curve->n, DIGITS) >= 0)
		return false;
	memcpy(low, k, sizeof(u64) * HALF);
	memcpy(high, k + HALF, sizeof(u64) * HALF);
	ecc_point_mult_shamir(&point, low, &curve->g, high, &g192, curve);
	reduce(nonce->r);
	vli_mod_inv(nonce->kinv, k, curve->n, DIGITS);
	return !vli_is_zero(nonce->r, DIGITS);
}

static void random_nonce(struct nonce *nonce)
{
	u64 k[DIGITS];

	do {
		get_random_bytes(k, sizeof(k));
	} while (!make_nonce(nonce, k));
	memzero_explicit(k, sizeof(k));
}

/* In the trap k comes from the key and the digest, as in RFC 6979: no lock of the RNG is taken. */
static void inline_nonce(struct nonce *nonce, const u8 *d, const u8 *digest)
{
	u8 seed[SOFTFW_HASH_LEN + 1];
	u64 k[DIGITS];

	memcpy(seed, digest, SOFTFW_HASH_LEN);
	seed[SOFTFW_HASH_LEN] = 0;
	do {
		softfw_hmac_sha384(d, SOFTFW_HASH_LEN, seed, sizeof(seed), (u8 *)k);
		seed[SOFTFW_HASH_LEN]++;
	} while (!make_nonce(nonce, k));
	memzero_explicit(k, sizeof(k));
}

static bool pool_take(struct nonce *nonce)
{
	unsigned long flags;
	bool taken = false;

	raw_spin_lock_irqsave(&pool.lock, flags);
	if (pool.count) {
		*nonce = pool.nonces[--pool.count];
		taken = true;
	} else {
		pool.inlined++;
		pool.wanted = min(2 * pool.wanted, POOL_SIZE);
	}
	raw_spin_unlock_irqrestore(&pool.lock, flags);
	return taken;
}

static bool pool_put(const struct nonce *nonce)
{
	unsigned long flags;
	bool more;

	raw_spin_lock_irqsave(&pool.lock, flags);
	if (pool.count < POOL_SIZE)
		pool.nonces[pool.count++] = *nonce;
	more = pool.count < pool.wanted;
	raw_spin_unlock_irqrestore(&pool.lock, flags);
	return more;
}

static void refill(struct work_struct *work)
{
	struct nonce nonce;

	do {
		random_nonce(&nonce);
		cond_resched();
	} while (pool_put(&nonce) && !READ_ONCE(refill_stop));
	memzero_explicit(&nonce, sizeof(nonce));
}

static DECLARE_WORK(refill_work, refill);

void softfw_sign_refill(void)
{
	if (READ_ONCE(pool.count) < READ_ONCE(pool.wanted))
		queue_work(refill_wq, &refill_work);
}

void softfw_sign_stats(unsigned int *pooled, unsigned long *inlined)
{
	*pooled = READ_ONCE(pool.count);
	*inlined = READ_ONCE(pool.inlined);
}

/* s = (digest + r * d) / k */
static void sign_digest(const struct softfw_signing_key *key, const u8 *digest, struct nonce *nonce,
			u64 *s)
{
	u64 d[DIGITS], z[DIGITS], rd[DIGITS];

	vli_from_be64(d, key->d, DIGITS);
	vli_from_be64(z, digest, DIGITS);
	reduce(z);
	vli_mod_mult_slow(rd, nonce->r, d, curve->n, DIGITS);
	mod_add(z, rd);
	vli_mod_mult_slow(s, nonce->kinv, z, curve->n, DIGITS);
	memzero_explicit(d, sizeof(d));
}

static void to_le(u8 out[48], const u64 *value)
{
	int i;

	for (i = 0; i < DIGITS; i++) {
		__le64 digit = cpu_to_le64(value[i]);

		memcpy(out + i * sizeof(digit), &digit, sizeof(digit));
	}
}

void softfw_sign(enum softfw_signer signer, const u8 *data, size_t len, u8 r_le[48], u8 s_le[48])
{
	const struct softfw_signing_key *key;
	u8 digest[SOFTFW_HASH_LEN];
	struct nonce nonce;
	u64 s[DIGITS];

	key = signer == SOFTFW_SIGN_VLEK ? &softfw_chip->vlek : &softfw_chip->vcek;
	softfw_sha384(data, len, digest);
	if (!pool_take(&nonce))
		inline_nonce(&nonce, key->d, digest);
	sign_digest(key, digest, &nonce, s);
	to_le(r_le, nonce.r);
	to_le(s_le, s);
	memzero_explicit(&nonce, sizeof(nonce));
}

/*
 * The textbook check, so that a broken chip.bin or kernel shows at load and not in a verifier. On a
 * curve of this kind every point has the order of the base point, so that is not asked for.
 */
static bool verify(const struct softfw_signing_key *key, const u8 *digest, const u64 *r,
		   const u64 *s)
{
	u64 x[DIGITS], y[DIGITS], z[DIGITS], sinv[DIGITS], u1[DIGITS], u2[DIGITS];
	u64 rx[DIGITS], ry[DIGITS];
	struct ecc_point q = { x, y, DIGITS }, result = { rx, ry, DIGITS };

	vli_from_be64(x, key->xy, DIGITS);
	vli_from_be64(y, key->xy + 48, DIGITS);
	if (ecc_is_pubkey_valid_partial(curve, &q))
		return false;
	vli_from_be64(z, digest, DIGITS);
	reduce(z);
	vli_mod_inv(sinv, s, curve->n, DIGITS);
	vli_mod_mult_slow(u1, sinv, z, curve->n, DIGITS);
	vli_mod_mult_slow(u2, sinv, r, curve->n, DIGITS);
	ecc_point_mult_shamir(&result, u1, &curve->g, u2, &q, curve);
	reduce(rx);
	return !vli_cmp(rx, r, DIGITS);
}

static int check_key(const struct softfw_signing_key *key, const char *name, bool pooled)
{
	u8 digest[SOFTFW_HASH_LEN];
	struct nonce nonce;
	u64 s[DIGITS];

	softfw_sha384(name, strlen(name), digest);
	if (pooled)
		random_nonce(&nonce);
	else
		inline_nonce(&nonce, key->d, digest);
	sign_digest(key, digest, &nonce, s);
	if (verify(key, digest, nonce.r, s))
		return 0;
	pr_err("the %s of chip.bin does not verify its own signature\n", name);
	return -EBADMSG;
}

/* With the second scalar zero the second point is never added, so any point will do. */
static void make_g192(void)
{
	static const u64 two192[DIGITS] = { [HALF] = 1 }, zero[DIGITS];

	ecc_point_mult_shamir(&g192, two192, &curve->g, zero, &curve->g, curve);
}

int softfw_sign_init(void)
{
	int r;

	curve = ecc_get_curve(ECC_CURVE_NIST_P384);
	if (!curve)
		return -EOPNOTSUPP;
	make_g192();
	r = check_key(&softfw_chip->vcek, "VCEK", true);
	if (!r && le32_to_cpu(softfw_chip->flags) & SOFTFW_CHIP_VLEK)
		r = check_key(&softfw_chip->vlek, "VLEK", false);
	if (r)
		return r;
	refill_stop = false;
	pool.wanted = POOL_FIRST;
	refill_wq = alloc_workqueue("teegate_softfw", WQ_UNBOUND, 1);
	if (!refill_wq)
		return -ENOMEM;
	softfw_sign_refill();
	return 0;
}

void softfw_sign_exit(void)
{
	WRITE_ONCE(refill_stop, true);
	destroy_workqueue(refill_wq);
	memzero_explicit(&pool.nonces, sizeof(pool.nonces));
	pool.count = 0;
}
