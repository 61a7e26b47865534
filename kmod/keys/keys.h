/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys of workloads: what the parts know of each other. doc/keys.md has the formulas.
 *
 *	sealing.c	what a lease says about keys
 *	hkdf.c		the derivation
 *	gcm.c		the cipher of blobs
 *	params.c	the parameters of roots: how they are written, which are allowed
 *	snp.c		those of SEV-SNP
 *	installed.c	roots that an administrator installed
 *	tee.c		roots that the TEE has
 *	cache.c		some of those that it gave
 *	root.c		which root it is
 *	job.c		one call on its way
 *	derive.c	DERIVE_KEY
 *	keyring.c	keys of the kernel
 *	seal.c		SEAL, UNSEAL and blobs
 *
 * DOC: what is a secret here
 *
 * Roots, what is extracted from them, and keys. They live in memory from the heap that is wiped
 * when it is freed, or on the stack of a function that wipes them, and in no structure that also
 * holds what a caller or a log may see. Nothing here prints.
 */
#ifndef _TG_KEYS_H
#define _TG_KEYS_H

#include <linux/build_bug.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <uapi/linux/teegate.h>

struct tg_backend;
struct tg_call;
struct tg_lease;
struct tg_request;

#define TG_SALT_SIZE	32
#define TG_KEYRING_PREFIX "teegate:"

/* What a lease says about keys. Never changes; shared with those narrowed from it. */
struct tg_sealing {
	refcount_t ref;
	u8 claims_hash[TEEGATE_HASH_SIZE];
	u32 bitmap;		/* of claim keys in the claims */
	u32 sources;		/* BIT(enum teegate_root_source) */
	u64 snp_fields;
	u64 snp_tcb_floor;
	u32 snp_svn_floor;
	u8 se_secret_id[32];
	u32 labels_len;		/* 0: any label */
	char labels[];		/* patterns, each with its NUL */
};

/* As in blobs and in TEEGATE_DERIVE_KEY. */
struct tg_root_params {
	__be16 version;
	u8 tee;			/* enum teegate_provider */
	u8 source;		/* enum teegate_root_source */
	union {
		struct {
			__be32 root_key_select;
			__be64 field_select;
			__be32 vmpl;
			__be32 guest_svn;
			__be64 tcb_version;
			__be64 mit_vector;
			__be32 msg_version;
			u8 zero[52];
		} __packed snp;
		struct {
			u8 secret_id[32];
			u8 zero[60];
		} se;
		u8 bytes[92];
	};
} __packed;

static_assert(sizeof(struct tg_root_params) == TEEGATE_ROOT_PARAMS_SIZE);

/* A secret, and its name, which is none. */
struct tg_root {
	u8 bytes[TEEGATE_ROOT_SIZE];
	u8 id[TEEGATE_ROOT_ID_SIZE];
};

/* What a key is for. In the derivation, never a caller's choice. */
enum tg_purpose {
	TG_PURPOSE_CALLER = 1,
	TG_PURPOSE_BLOB = 2,
	TG_PURPOSE_LOGON = 3,
	TG_PURPOSE_FSCRYPT = 4,
};

/* One call on its way. All of it is wiped in the end. */
struct tg_key_job {
	struct tg_call *call;
	struct tg_lease *lease;	/* whoever calls holds it */
	u64 op;			/* TEEGATE_OP_* */
	u64 deadline;		/* ktime_get_ns() */
	u64 fw_status;
	struct tg_root_params params;
	struct tg_root root;
	u32 label_len;
	u8 label[TEEGATE_KEY_LABEL_MAX];
	u8 salt[TG_SALT_SIZE];
	u32 key_len;
	u8 key[TEEGATE_KEY_MAX];
	/* Of a key for a keyring. */
	char description[sizeof(TG_KEYRING_PREFIX) + TEEGATE_KEY_DESCRIPTION_MAX];
};

/* ---- sealing.c ---- */

int tg_sealing_check(const struct teegate_create_lease *a);
int tg_sealing_from_user(const struct teegate_create_lease *a, struct tg_sealing **ret_sealing);
struct tg_sealing *tg_sealing_get(struct tg_sealing *sealing);
void tg_sealing_put(struct tg_sealing *sealing);
bool tg_sealing_allows(const struct tg_sealing *sealing, const u8 *label, u32 len);

/* ---- hkdf.c ---- */

int tg_hkdf_init(void);
void tg_hkdf_exit(void);
/* Of the bytes. */
int tg_root_name(struct tg_root *root);
int tg_key_derive(struct tg_key_job *job, enum tg_purpose purpose, u32 key_len);

/* ---- gcm.c ---- */

#define TG_GCM_KEY_SIZE	32
#define TG_GCM_TAG_SIZE	16

int tg_gcm_init(void);
void tg_gcm_exit(void);
int tg_gcm_seal(const u8 key[TG_GCM_KEY_SIZE], u8 *buffer, u32 aad_len, u32 text_len);
int tg_gcm_open(const u8 key[TG_GCM_KEY_SIZE], u8 *buffer, u32 aad_len, u32 text_len);

/* ---- params.c ---- */

void tg_params_init(struct tg_root_params *params, u8 source);
int tg_params_check(const struct tg_sealing *sealing, const struct tg_root_params *params);
bool tg_source_is_installed(u32 source);

/* ---- installed.c ---- */

int tg_installed_init(void);
void tg_installed_exit(void);
bool tg_installed_active(u32 sources, struct tg_root *ret_root, u8 *ret_source);
int tg_installed_find(u8 source, const u8 id[TEEGATE_ROOT_ID_SIZE], struct tg_root *ret_root);

/* ---- snp.c ---- */

bool tg_snp_params_fit(const struct tg_sealing *sealing, const struct tg_root_params *p);
int tg_snp_params_today(struct tg_key_job *job);
int tg_snp_params_check_today(struct tg_key_job *job);
void tg_snp_forget_today(void);
bool tg_snp_tcb_at_least(u64 tcb, u64 least);

/* ---- tee.c, cache.c ---- */

int tg_tee_root(struct tg_key_job *job);

int tg_cache_init(void);
void tg_cache_exit(void);
bool tg_cache_get(const struct tg_root_params *params, struct tg_root *ret_root);
u64 tg_cache_begin(void);
void tg_cache_put(u64 began, const struct tg_root_params *params, const struct tg_root *root);
void tg_cache_wipe(void);

/* ---- root.c ---- */

u8 tg_tee_source(void);
int tg_root_active(struct tg_key_job *job);
int tg_root_of_params(struct tg_key_job *job, const u8 *id);

/* ---- keyring.c ---- */

int tg_keyring_check(const struct teegate_derive_key *a);
int tg_keyring_describe(const struct teegate_derive_key *a, struct tg_key_job *job);
int tg_keyring_put(const struct teegate_derive_key *a, const struct tg_key_job *job,
		   s32 *ret_serial);

/* ---- job.c ---- */

struct tg_key_job *tg_key_job_new(struct tg_call *call, u32 timeout_ms);
int tg_key_job_ask(struct tg_key_job *job, struct tg_request *req);
int tg_key_job_label(struct tg_key_job *job, u64 label, u32 len);
void tg_key_job_free(struct tg_key_job *job);

/* ---- for the rest of the module ---- */

#define TG_OPS_KEYS	(TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL)

int tg_keys_init(void);
void tg_keys_exit(void);
/* What the guest can do and what a verifier should hear, with installed roots. */
u64 tg_guest_ops(struct tg_backend *be);
u64 tg_guest_taint(const struct tg_backend *be);
void tg_keys_fill_info(struct tg_backend *be, struct teegate_get_info *a);

#endif
