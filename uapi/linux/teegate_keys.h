/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * teegate: keys of workloads. A part of <linux/teegate.h>, which has the general rules and the
 * numbers of these ioctls; include that one.
 */
#ifndef _UAPI_LINUX_TEEGATE_KEYS_H
#define _UAPI_LINUX_TEEGATE_KEYS_H

#include <linux/types.h>

/* Where the root of keys comes from. One byte of root_params and of each sealed blob. */
enum teegate_root_source {
	TEEGATE_ROOT_NONE = 0,
	/* What the TEE has. */
	TEEGATE_ROOT_FIRMWARE = 1,	/* SEV-SNP: derived by firmware (MSG_KEY_REQ) */
	TEEGATE_ROOT_RETRIEVABLE = 2,	/* SE: a secret of 32 bytes in the store, by its id */
	/* What TEEGATE_SET_ROOT installed, and where the administrator had it from. */
	TEEGATE_ROOT_TPM = 3,		/* an object sealed by a TPM 2.0 */
	TEEGATE_ROOT_LAUNCH_SECRET = 4,	/* SEV, SEV-ES: efi_secret */
	TEEGATE_ROOT_KEY_BROKER = 5,
	TEEGATE_ROOT_DEVELOPMENT = 6,	/* a file: protects nothing, and taints */
};

/* Where a derived key goes. */
enum teegate_key_target {
	TEEGATE_KEY_TO_CALLER = 0,
	TEEGATE_KEY_TO_LOGON = 1,	/* a key of type "logon" in a keyring, for dm-crypt */
	TEEGATE_KEY_TO_FSCRYPT = 2,	/* one of type "fscrypt-provisioning", for fscrypt */
};

#define TEEGATE_ROOT_SIZE	32
#define TEEGATE_ROOT_ID_SIZE	16
#define TEEGATE_ROOT_PARAMS_SIZE 96
#define TEEGATE_KEY_MIN		16	/* bytes of a derived key */
#define TEEGATE_KEY_MAX		64
#define TEEGATE_KEY_LABEL_MAX	255	/* bytes of the name of a key */
#define TEEGATE_KEY_LABELS_MAX	1024	/* bytes of all patterns of names in a lease */
#define TEEGATE_KEY_DESCRIPTION_MAX 255	/* bytes of the description of a key in a keyring */
#define TEEGATE_SEAL_DATA_MAX	65536
#define TEEGATE_BLOB_OVERHEAD	178	/* header without label, and tag */
#define TEEGATE_BLOB_OVERHEAD_MAX (TEEGATE_BLOB_OVERHEAD + TEEGATE_KEY_LABEL_MAX)

/*
 * DOC: keys
 *
 * The name of a workload and its label make a key; the caller chooses the label and nothing else.
 * All hashes are SHA-384, || is concatenation, integers are big-endian:
 *
 *	PRK     = HKDF-Extract( salt = "teegate/key/v1", IKM = root )
 *	info    = "teegate/key/v1" || u8 purpose || u16 length || SHA-384( sealing claims ) ||
 *		  u16 length of label || label || SHA-384( root_params ) || salt (32 bytes)
 *	key     = HKDF-Expand( PRK, info, length )
 *	root_id = HKDF-Expand( PRK, "teegate/root-id/v1", 16 )
 *
 * The purpose says what the key is for and is set by the kernel: 1 to the caller, 2 sealed blob, 3
 * logon key, 4 fscrypt-provisioning key. So no key of one purpose is ever had by asking for
 * another. The salt is random for each blob and zero for the rest. root_params says which root:
 *
 *	u16 version (1) || u8 enum teegate_provider || u8 enum teegate_root_source || 92 bytes:
 *	FIRMWARE: u32 root_key_select || u64 guest_field_select || u32 vmpl || u32 guest_svn ||
 *		u64 tcb_version || u64 mit_vector || u32 msg_version || zeroes
 *	RETRIEVABLE: id of the secret (32 bytes) || zeroes
 *	installed ones: zeroes
 *
 * FIRMWARE: root_key_select is 2 (the VCEK of this chip), mit_vector 0 and msg_version 1;
 * guest_svn and tcb_version are zero when guest_field_select does not select them (bits 4 and 5).
 *
 * New keys and blobs come from the active root: the one that was installed, if the lease allows its
 * source, else what the TEE has, with the parameters of today: what the lease selects, the SVN of
 * this guest, and COMMITTED_TCB of the platform, of which the module asks firmware every 30 seconds
 * at most. Older parameters (TEEGATE_KEY_PARAMS, and the header of a blob) are taken as long as the
 * lease allows them: FIRMWARE: all fields that the lease selects, at least; SVN and TCB between its
 * floors and what they are today, each component of the TCB for itself.
 *
 * Firmware is asked in turns like for reports, and what it answers is kept for some roots. Each
 * call costs what one request does (rate_per_minute), also when firmware need not be asked.
 *
 * DOC: sealed blobs
 *
 *	"TEEGATE" || u8 0 || u16 version (1) || u16 length of all before the ciphertext ||
 *	root_params (96) || root_id (16) || u32 bitmap of claim keys in the sealing claims ||
 *	salt (32) || u16 length of label || label || ciphertext || tag (16)
 *
 * The ciphertext is that of AES-256-GCM with nonce 0 and all before it as additional data; as the
 * salt is fresh, so is the key. Nothing here stops anybody from replacing a blob by an older one.
 */

/* @root_params says which root: not the active one with the parameters of today. */
#define TEEGATE_KEY_PARAMS		(1U << 0)

/**
 * struct teegate_derive_key - TEEGATE_DERIVE_KEY, lease only
 * @size: sizeof(struct teegate_derive_key)
 * @flags: TEEGATE_KEY_*
 * @label: address of the name of the key, ignored when @label_len is 0
 * @label_len: 0..TEEGATE_KEY_LABEL_MAX bytes, of any value
 * @timeout_ms: deadline counted from now, 0 for the default, at most TEEGATE_TIMEOUT_MAX_MS
 * @key: TEEGATE_KEY_TO_CALLER: address of the buffer for the key; else 0
 * @key_len: TEEGATE_KEY_MIN..TEEGATE_KEY_MAX bytes. Another length is another key altogether
 * @target: enum teegate_key_target
 * @description: address of the description of the key in the keyring, in front of which comes
 *	"teegate:"; 0 for TEEGATE_KEY_TO_CALLER
 * @description_len: 1..TEEGATE_KEY_DESCRIPTION_MAX printable ASCII characters without blanks; 0 for
 *	TEEGATE_KEY_TO_CALLER
 * @keyring: KEY_SPEC_PROCESS_KEYRING (-2) or KEY_SPEC_SESSION_KEYRING (-3) of the calling task; 0
 *	for TEEGATE_KEY_TO_CALLER
 * @key_serial: out, the serial number of the key in the keyring, 0 for TEEGATE_KEY_TO_CALLER
 * @reserved: must be 0
 * @fw_status: out, as in struct teegate_get_report
 * @root_id: out, which root it was
 * @root_params: in with TEEGATE_KEY_PARAMS; out, always: with these, and the same root, the key is
 *	the same
 *
 * Needs TEEGATE_OP_DERIVE_KEY. EPERM, too, when the lease does not allow the label. EEXIST when the
 * keyring has a key of that type and description: it is never replaced. A key in a keyring can be
 * searched for and viewed by whoever possesses it, so that the kernel finds it in their name; it
 * cannot be read, changed or linked elsewhere, and its owner has no rights in addition. It stays
 * when the lease is revoked. Errors of add_key(2) about the keyring are possible, too.
 * TEEGATE_KEY_TO_FSCRYPT makes a payload of
 * FSCRYPT_KEY_SPEC_TYPE_IDENTIFIER (policies of version 2). EOPNOTSUPP where the kernel knows no
 * keys of that type. EFAULT, too, when this structure cannot be written back; a key in a keyring
 * is there then, and the next call says EEXIST.
 *
 * EAGAIN, too, on SEV-SNP before Linux 6.14 while the process that loaded this module still lives:
 * keys do not pass through memory that it shares.
 */
struct teegate_derive_key {
	__u32 size;
	__u32 flags;
	__u64 label;
	__u32 label_len;
	__u32 timeout_ms;
	__u64 key;
	__u32 key_len;
	__u32 target;
	__u64 description;
	__u32 description_len;
	__s32 keyring;
	__s32 key_serial;
	__u32 reserved;
	__u64 fw_status;
	__u8 root_id[TEEGATE_ROOT_ID_SIZE];
	__u8 root_params[TEEGATE_ROOT_PARAMS_SIZE];
};

/**
 * struct teegate_seal - TEEGATE_SEAL, lease only
 * @size: sizeof(struct teegate_seal)
 * @flags: must be 0
 * @label: as in struct teegate_derive_key; it stands in the blob, for everybody to read
 * @label_len: likewise
 * @timeout_ms: deadline counted from now, 0 for the default, at most TEEGATE_TIMEOUT_MAX_MS
 * @data: address of what to seal, ignored when @data_len is 0
 * @data_len: 0..TEEGATE_SEAL_DATA_MAX bytes
 * @reserved: must be 0
 * @blob: address of the buffer for the blob; may overlap @data
 * @blob_len: in, bytes at @blob; out, bytes of the blob: @data_len, @label_len and
 *	TEEGATE_BLOB_OVERHEAD. With ENOSPC, too, and then firmware was not asked
 * @reserved2: must be 0
 * @fw_status: out, as in struct teegate_get_report
 *
 * Needs TEEGATE_OP_SEAL. Under the active root, with the parameters of today. EPERM, too, when the
 * lease does not allow the label.
 */
struct teegate_seal {
	__u32 size;
	__u32 flags;
	__u64 label;
	__u32 label_len;
	__u32 timeout_ms;
	__u64 data;
	__u32 data_len;
	__u32 reserved;
	__u64 blob;
	__u32 blob_len;
	__u32 reserved2;
	__u64 fw_status;
};

/**
 * struct teegate_unseal - TEEGATE_UNSEAL, lease only
 * @size: sizeof(struct teegate_unseal)
 * @flags: must be 0
 * @blob: address of the blob
 * @blob_len: bytes of it; EMSGSIZE for fewer or more than any blob has
 * @timeout_ms: deadline counted from now, 0 for the default, at most TEEGATE_TIMEOUT_MAX_MS
 * @data: address of the buffer for what was sealed; may overlap @blob
 * @data_len: in, bytes at @data; out, bytes that were sealed. With ENOSPC, too, and then firmware
 *	was not asked
 * @reserved: must be 0
 * @fw_status: out, as in struct teegate_get_report
 *
 * Needs TEEGATE_OP_SEAL. The header is judged as it stands there and in this order, before firmware
 * is asked for a key: EILSEQ, EPROTONOSUPPORT, EMSGSIZE, EXDEV, EKEYREJECTED, EPERM (the label),
 * EBADMSG (other claims), ENOSPC. The root decides about ENODATA and ENXIO, and about
 * EKEYREJECTED for parameters of the future. Whatever is wrong beyond that is EBADMSG, and nothing
 * of the data is passed on.
 */
struct teegate_unseal {
	__u32 size;
	__u32 flags;
	__u64 blob;
	__u32 blob_len;
	__u32 timeout_ms;
	__u64 data;
	__u32 data_len;
	__u32 reserved;
	__u64 fw_status;
};

/* Only opens what was sealed under it before; there may be some of these. */
#define TEEGATE_ROOT_UNSEAL_ONLY	(1U << 0)

/**
 * struct teegate_set_root - TEEGATE_SET_ROOT, session only
 * @size: sizeof(struct teegate_set_root)
 * @flags: TEEGATE_ROOT_UNSEAL_ONLY or 0
 * @root: address of the root, which should be random
 * @root_len: TEEGATE_ROOT_SIZE
 * @source: enum teegate_root_source, from TEEGATE_ROOT_TPM
 * @root_id: out, its name
 *
 * Does not block, and either all of it is done or nothing. EPERM when the caller is not the
 * administrator; EINVAL for a root of zeroes; EEXIST when there is an active root, be it the same,
 * or the root is there as one to unseal with; also when roots were wiped. ENOSPC when there are too
 * many to unseal with (16). EFAULT when @root cannot be read, and nothing is installed then; or
 * when this structure cannot be written back, and then the root is installed: TEEGATE_GET_INFO
 * tells. TEEGATE_ROOT_DEVELOPMENT sets TEEGATE_TAINT_DEVELOPMENT_ROOT.
 */
struct teegate_set_root {
	__u32 size;
	__u32 flags;
	__u64 root;
	__u32 root_len;
	__u32 source;
	__u8 root_id[TEEGATE_ROOT_ID_SIZE];
};

/* The installed ones, too, and none can be installed until the module is loaded anew. */
#define TEEGATE_WIPE_INSTALLED		(1U << 0)

/**
 * struct teegate_wipe_roots - TEEGATE_WIPE_ROOTS, session only
 * @size: sizeof(struct teegate_wipe_roots)
 * @flags: TEEGATE_WIPE_INSTALLED or 0
 *
 * Forgets roots that firmware gave; it is asked again when they are needed, also for the TCB of
 * today. Does not block. EPERM when the caller is not the administrator. Keys in keyrings stay.
 */
struct teegate_wipe_roots {
	__u32 size;
	__u32 flags;
};

#endif /* _UAPI_LINUX_TEEGATE_KEYS_H */
