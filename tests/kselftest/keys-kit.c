// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of workloads, see keys-kit.h. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "keys-kit.h"
#include "modules.h"
#include "sha384.h"

/* ---- leases and roots ---- */

struct teegate_create_lease keys_wish(const char *sealing_claims, uint32_t sources)
{
	struct teegate_create_lease w = lease_wish(KEY_OPS, NULL);

	w.sealing_claims = (uintptr_t)sealing_claims;
	w.sealing_claims_len = (uint32_t)strlen(sealing_claims);
	w.sealing_bitmap = SEALING_BITMAP;
	w.root_sources = sources;
	if (sources & SOURCE(FIRMWARE))
		w.snp_field_select = SNP_POLICY | SNP_MEASUREMENT | SNP_SVN | SNP_TCB;
	return w;
}

struct lease keys_lease(const char *sealing_claims, uint32_t sources)
{
	return lease_make(keys_wish(sealing_claims, sources));
}

/* By splitmix64: nothing else in memory has any eight bytes of it. search-memory does the same. */
void root_number(unsigned int n, uint8_t root[TEEGATE_ROOT_SIZE])
{
	for (uint64_t i = 0; i < TEEGATE_ROOT_SIZE; i++) {
		uint64_t z = ((uint64_t)n * TEEGATE_ROOT_SIZE + i + 1) * 0x9e3779b97f4a7c15;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		root[i] = (uint8_t)(z >> 56);
	}
}

int root_install(unsigned int n, uint32_t source, uint32_t flags, uint8_t id[TEEGATE_ROOT_ID_SIZE])
{
	uint8_t root[TEEGATE_ROOT_SIZE];
	struct teegate_set_root s = {
		.size = sizeof(s),
		.flags = flags,
		.root = (uintptr_t)root,
		.root_len = sizeof(root),
		.source = source,
	};
	int session = session_open(), r;

	root_number(n, root);
	r = tg(session, TEEGATE_SET_ROOT, &s);
	explicit_bzero(root, sizeof(root));
	close(session);
	if (id)
		memcpy(id, s.root_id, sizeof(s.root_id));
	return r;
}

int roots_wipe(uint32_t flags)
{
	struct teegate_wipe_roots w = { .size = sizeof(w), .flags = flags };
	int session = session_open(), r = tg(session, TEEGATE_WIPE_ROOTS, &w);

	close(session);
	return r;
}

void roots_none(void)
{
	if (info_now().roots & INSTALLED)
		module_anew();
}

void root_alone(void)
{
	uint8_t root[TEEGATE_ROOT_SIZE], id[TEEGATE_ROOT_ID_SIZE];
	struct teegate_get_info i = info_now();

	root_number(THE_ROOT, root);
	formula_root_id(root, id);
	if ((i.roots & INSTALLED) == SOURCE(TPM) && !memcmp(i.root_id, id, sizeof(id)))
		return;
	roots_none();
	ASSERT_EQ(root_install(THE_ROOT, TEEGATE_ROOT_TPM, 0, NULL), 0);
}

/* ---- keys ---- */

void derive_wish(struct derived *k, const char *label, uint32_t key_len)
{
	memset(k, 0xa5, sizeof(*k));
	k->d = (struct teegate_derive_key) {
		.size = sizeof(k->d),
		.label = (uintptr_t)label,
		.label_len = (uint32_t)strlen(label),
		.key = (uintptr_t)k->key,
		.key_len = key_len,
	};
}

int derive_try(int fd, const char *label, uint32_t key_len, struct derived *k)
{
	derive_wish(k, label, key_len);
	return tg(fd, TEEGATE_DERIVE_KEY, &k->d);
}

int derive_again(int fd, const char *label, uint32_t key_len, const uint8_t *params,
		 struct derived *k)
{
	uint8_t copy[TEEGATE_ROOT_PARAMS_SIZE];

	memcpy(copy, params, sizeof(copy));
	derive_wish(k, label, key_len);
	k->d.flags = TEEGATE_KEY_PARAMS;
	memcpy(k->d.root_params, copy, sizeof(copy));
	return tg(fd, TEEGATE_DERIVE_KEY, &k->d);
}

void *read_only(const void *bytes, size_t len)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(page != MAP_FAILED);
	memcpy(page, bytes, len);
	ASSERT_EQ(mprotect(page, 4096, PROT_READ), 0);
	return page;
}

int seal_try(int fd, const char *label, const void *data, uint32_t len, struct blob *b)
{
	struct teegate_seal s = {
		.size = sizeof(s),
		.label = (uintptr_t)label,
		.label_len = (uint32_t)strlen(label),
		.data = (uintptr_t)data,
		.data_len = len,
		.blob = (uintptr_t)b->bytes,
		.blob_len = sizeof(b->bytes),
	};
	int r = tg(fd, TEEGATE_SEAL, &s);

	b->len = s.blob_len;
	return r;
}

int unseal_try(int fd, const struct blob *b, void *data, uint32_t *len)
{
	struct teegate_unseal u = {
		.size = sizeof(u),
		.blob = (uintptr_t)b->bytes,
		.blob_len = b->len,
		.data = (uintptr_t)data,
		.data_len = *len,
	};
	int r = tg(fd, TEEGATE_UNSEAL, &u);

	*len = u.data_len;
	return r;
}

int unseal_any(int fd, const struct blob *b)
{
	static uint8_t data[TEEGATE_SEAL_DATA_MAX];
	uint32_t len = sizeof(data);

	return unseal_try(fd, b, data, &len);
}

/* ---- numbers in parameters and blobs ---- */

uint64_t number_be(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

void put_be(uint8_t *p, size_t n, uint64_t v)
{
	for (; n--; v >>= 8)
		p[n] = (uint8_t)v;
}

/* ---- the formulas ---- */

#define INFO_MAX (14 + 1 + 2 + SHA384_SIZE + 2 + TEEGATE_KEY_LABEL_MAX + SHA384_SIZE + 32)

/* T(1) || T(2) || ..., cut to length. */
static void expand(const uint8_t prk[SHA384_SIZE], const void *info, size_t n, uint8_t *out,
		   size_t len)
{
	uint8_t m[SHA384_SIZE + INFO_MAX + 1], t[SHA384_SIZE];
	size_t before = 0, part;

	for (uint8_t i = 1; len; i++, out += part, len -= part) {
		memcpy(m, t, before);
		memcpy(m + before, info, n);
		m[before + n] = i;
		hmac_sha384(prk, SHA384_SIZE, m, before + n + 1, t);
		before = sizeof(t);
		part = len < sizeof(t) ? len : sizeof(t);
		memcpy(out, t, part);
	}
}

static void extract(const uint8_t root[TEEGATE_ROOT_SIZE], uint8_t prk[SHA384_SIZE])
{
	hmac_sha384("teegate/key/v1", 14, root, TEEGATE_ROOT_SIZE, prk);
}

void formula_root_id(const uint8_t root[TEEGATE_ROOT_SIZE], uint8_t id[TEEGATE_ROOT_ID_SIZE])
{
	uint8_t prk[SHA384_SIZE];

	extract(root, prk);
	expand(prk, "teegate/root-id/v1", 18, id, TEEGATE_ROOT_ID_SIZE);
}

static uint8_t *put(uint8_t *p, const void *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return p + n;
}

static uint8_t *put_u16(uint8_t *p, uint32_t n)
{
	*p++ = (uint8_t)(n >> 8);
	*p++ = (uint8_t)n;
	return p;
}

void formula_key(const uint8_t root[TEEGATE_ROOT_SIZE], uint8_t purpose, const char *claims,
		 const char *label, const uint8_t params[TEEGATE_ROOT_PARAMS_SIZE], uint8_t *key,
		 uint32_t key_len)
{
	uint8_t info[INFO_MAX], prk[SHA384_SIZE], *p = info;

	p = put(p, "teegate/key/v1", 14);
	*p++ = purpose;
	p = put_u16(p, key_len);
	sha384(claims, strlen(claims), p);
	p += SHA384_SIZE;
	p = put_u16(p, (uint32_t)strlen(label));
	p = put(p, label, strlen(label));
	sha384(params, TEEGATE_ROOT_PARAMS_SIZE, p);
	p += SHA384_SIZE;
	memset(p, 0, 32);
	p += 32;
	extract(root, prk);
	expand(prk, info, (size_t)(p - info), key, key_len);
}
