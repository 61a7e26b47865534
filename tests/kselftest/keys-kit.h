/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys of workloads: leases that may have them, calls on them, and the derivation once more, from
 * the formulas alone (RFC 5869 over sha384.c), so that what the kernel derives is checked by code
 * that shares nothing with it.
 */
#ifndef KEYS_KIT_H
#define KEYS_KIT_H

#include "kit.h"

#define SEALING_CLAIMS "\xa1\x01\x68kselftst"	/* { 1: "kselftst" } */
#define SEALING_BITMAP (1U << 1)

#define SNP_POLICY	(1ULL << 0)
#define SNP_MEASUREMENT	(1ULL << 3)
#define SNP_SVN		(1ULL << 4)
#define SNP_TCB		(1ULL << 5)
#define SNP_ALL_FIELDS	0x3fULL		/* these, image id and family id */

#define SOURCE(name)	(1U << TEEGATE_ROOT_##name)
#define INSTALLED	(SOURCE(TPM) | SOURCE(LAUNCH_SECRET) | SOURCE(KEY_BROKER) | SOURCE(DEVELOPMENT))

/* KEY_OPS for these sealing claims, by roots of these sources, any label. */
struct teegate_create_lease keys_wish(const char *sealing_claims, uint32_t sources);
struct lease keys_lease(const char *sealing_claims, uint32_t sources);

/* 32 bytes that depend on the number only. */
void root_number(unsigned int n, uint8_t root[TEEGATE_ROOT_SIZE]);
/* Installs root_number(n); 0 or negative errno. */
int root_install(unsigned int n, uint32_t source, uint32_t flags, uint8_t id[TEEGATE_ROOT_ID_SIZE]);
int roots_wipe(uint32_t flags);
/* The module anew, if anybody installed a root. */
void roots_none(void);
/* root_number(1) from a TPM is the active root, and the only one that was installed. */
#define THE_ROOT 1
void root_alone(void);

/* A derived key, and which root it came from. */
struct derived {
	struct teegate_derive_key d;
	uint8_t key[TEEGATE_KEY_MAX];
};

/* Fills k->d for a key to the caller, in k->key, which is poisoned. */
void derive_wish(struct derived *k, const char *label, uint32_t key_len);
int derive_try(int fd, const char *label, uint32_t key_len, struct derived *k);
/* With the parameters of an earlier key. */
int derive_again(int fd, const char *label, uint32_t key_len, const uint8_t *params,
		 struct derived *k);

/* A copy in memory that the kernel cannot write to. */
void *read_only(const void *bytes, size_t len);

struct blob {
	uint32_t len;
	uint8_t bytes[TEEGATE_SEAL_DATA_MAX + TEEGATE_BLOB_OVERHEAD_MAX + 8];
};

int seal_try(int fd, const char *label, const void *data, uint32_t len, struct blob *b);
/* At most *len bytes to data; *len is what was sealed. Untouched both when it does not open. */
int unseal_try(int fd, const struct blob *b, void *data, uint32_t *len);
/* Opens it and throws the data away. */
int unseal_any(int fd, const struct blob *b);

/* Where fields of a blob stand. */
#define BLOB_VERSION	8
#define BLOB_HEAD_LEN	10
#define BLOB_PARAMS	12
#define BLOB_ROOT_ID	108
#define BLOB_BITMAP	124
#define BLOB_SALT	128
#define BLOB_LABEL_LEN	160
#define BLOB_LABEL	162
/* The same in root_params. */
#define PARAMS_TEE	2
#define PARAMS_SOURCE	3
#define PARAMS_SNP_KEY_SELECT	4
#define PARAMS_SNP_FIELDS	8
#define PARAMS_SNP_VMPL		16
#define PARAMS_SNP_SVN		20
#define PARAMS_SNP_TCB		24
#define PARAMS_SNP_MIT		32
#define PARAMS_SNP_MSG_VERSION	40

#define SALT_SIZE 32

/* A number of so many bytes there. */
uint64_t number_be(const uint8_t *p, size_t n);
void put_be(uint8_t *p, size_t n, uint64_t v);

/* The formulas. The purpose is that of a key to the caller, 1, of a blob, 2, and so on. */
void formula_root_id(const uint8_t root[TEEGATE_ROOT_SIZE], uint8_t id[TEEGATE_ROOT_ID_SIZE]);
void formula_key(const uint8_t root[TEEGATE_ROOT_SIZE], uint8_t purpose, const char *claims,
		 const char *label, const uint8_t params[TEEGATE_ROOT_PARAMS_SIZE], uint8_t *key,
		 uint32_t key_len);

#endif
