// SPDX-License-Identifier: GPL-2.0-only
/*
 * ECDSA P-384 for reports, inside the module.
 *
 * Signing here needs no process on the host and none in the guest, so a report can be had in every
 * boot; and it shares no code with the OpenSSL-based verifiers. The price is time with interrupts
 * off, because the trap cannot sleep: under emulation a nonce takes milliseconds. That part does
 * not depend on the message, so a worker makes nonces (r, 1/k) ahead of time, and what is left for
 * the trap is a hash and two modular multiplications. A burst that empties the pool is served all
 * the same, by doing the whole work in the trap. Most guests ask for few reports, so the worker
 * keeps few nonces, and more whenever that was too few. None of this is constant-time: they are
 * test keys.
 */
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "p384.h"
#include "softfw.h"

#define DIGITS		P384_DIGITS
#define HALF		(DIGITS / 2)
#define POOL_SIZE	64
#define POOL_FIRST	2

struct nonce {
	u64 r[DIGITS];
	u64 kinv[DIGITS];
};

/* G, and 2^192 * G: with it a scalar is walked as two halves at once, in half the doublings. */
static struct p384_point base, base192;

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

/* False for the few k that are no nonce. */
static bool make_nonce(struct nonce *nonce, const u64 *k)
{
	u64 low[DIGITS] = {}, high[DIGITS] = {};

	if (!p384_is_scalar(k))
		return false;
	memcpy(low, k, sizeof(u64) * HALF);
	memcpy(high, k + HALF, sizeof(u64) * HALF);
	p384_sum(low, &base, high, &base192, HALF * 64, nonce->r);
	p384_invert(nonce->kinv, k);
	return p384_is_scalar(nonce->r);
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

/* From the order of the wire. */
static void from_be(u64 *value, const u8 bytes[48])
{
	__be64 digit;
	int i;

	for (i = 0; i < DIGITS; i++) {
		memcpy(&digit, bytes + (DIGITS - 1 - i) * sizeof(digit), sizeof(digit));
		value[i] = be64_to_cpu(digit);
	}
}

/* s = (digest + r * d) / k */
static void sign_digest(const struct softfw_signing_key *key, const u8 *digest, struct nonce *nonce,
			u64 *s)
{
	u64 d[DIGITS], z[DIGITS], rd[DIGITS];

	from_be(d, key->d);
	from_be(z, digest);
	p384_reduce(z);
	p384_mul(rd, nonce->r, d);
	p384_add(z, rd);
	p384_mul(s, nonce->kinv, z);
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
	u64 x[DIGITS], y[DIGITS], z[DIGITS], sinv[DIGITS], u1[DIGITS], u2[DIGITS], rx[DIGITS];
	struct p384_point q;

	from_be(x, key->xy);
	from_be(y, key->xy + 48);
	if (!p384_point(&q, x, y))
		return false;
	from_be(z, digest);
	p384_reduce(z);
	p384_invert(sinv, s);
	p384_mul(u1, sinv, z);
	p384_mul(u2, sinv, r);
	p384_sum(u1, &base, u2, &q, DIGITS * 64, rx);
	return !memcmp(rx, r, sizeof(rx));
}

static int check_key(const struct softfw_signing_key *key, const char *name)
{
	u8 digest[SOFTFW_HASH_LEN];
	struct nonce nonce;
	u64 s[DIGITS];

	softfw_sha384(name, strlen(name), digest);
	inline_nonce(&nonce, key->d, digest);
	sign_digest(key, digest, &nonce, s);
	if (verify(key, digest, nonce.r, s))
		return 0;
	pr_err("the %s of chip.bin does not verify its own signature\n", name);
	return -EBADMSG;
}

int softfw_sign_init(void)
{
	int r;

	if (!p384_init(&base))
		return -EOPNOTSUPP;
	base192 = base;
	p384_double(&base192, HALF * 64);
	r = check_key(&softfw_chip->vcek, "VCEK");
	if (!r && le32_to_cpu(softfw_chip->flags) & SOFTFW_CHIP_VLEK)
		r = check_key(&softfw_chip->vlek, "VLEK");
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
