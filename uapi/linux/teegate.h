/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * teegate: one interface over the TEE devices of a confidential guest.
 *
 * DOC: two kinds of file
 *
 * A *session* is an open file of /dev/teegate. Opening it, and every administrator ioctl on it,
 * requires CAP_SYS_ADMIN in the initial user namespace and the initial pid namespace; the mode of
 * the device node alone decides nothing. A session makes and revokes leases, and looks after the
 * secrets that the Ultravisor keeps for this guest (IBM Secure Execution). It cannot ask for a
 * report: a report speaks for a workload, and a session has none. Nor for a key, though it installs
 * the roots of keys.
 *
 * A *lease* is a file descriptor made by TEEGATE_CREATE_LEASE or TEEGATE_NARROW. It knows ioctl and
 * poll only. Whoever holds it, may do what the lease allows as long as the pins of the lease match
 * the calling task. poll() reports EPOLLHUP once the lease is revoked or expired.
 *
 * DOC: general rules
 *
 * Every structure begins with its size in bytes and a word of flags. The kernel reads
 * min(size, its own size) bytes; bytes of the caller that the kernel does not know must be zero.
 * Structures only ever grow at their end, and a size below the first published one is refused.
 * The kernel writes the structure back no further than the caller's size, also when the ioctl
 * fails: lengths and fw_status then say why. Numbers carry no size, so a structure that grows
 * keeps its number. Pointers travel as __u64; 32-bit callers need no translation.
 *
 * Every ioctl returns 0, or -1 with errno:
 *
 * ENOTTY     the command is unknown, or does not exist on this kind of file
 * EINVAL     size below the first published one, unknown flag, reserved field not zero, a value
 *            out of range
 * E2BIG      size above a page, or a tail that this kernel does not know is not zero
 * EFAULT     a pointer does not point at memory of the caller
 * EACCES     the executable to pin to is none that the caller could execute
 * EPERM      the operation is not in this lease, a pin does not match the caller, or the caller is
 *            not the administrator
 * ESTALE     the lease is revoked or expired, or the cgroup that it is pinned to is gone
 * EOPNOTSUPP this TEE cannot do the operation
 * ENODEV     there is no TEE, or its driver is not there (yet)
 * ENOKEY     the channel to the firmware is lost until the guest restarts
 * EAGAIN     the queue is full, too many bytes of challenges wait (never because of the only one of
 *            a workload if it has 16384 bytes at most), the host holds every quote buffer and does
 *            not answer (TDX), or a dump of the guest is being made (SE); try again later
 * EDQUOT     a quota is used up: requests of the lease, or of its workload, that wait, the bytes of
 *            their challenges, what the workload may ask for in a minute (retry_after_ms of
 *            TEEGATE_GET_INFO then says when to come again), children, events
 * ENOSPC     a buffer is too small; all lengths needed are written back, nothing is lost. Of an
 *            event: the log is full; of a secret to add: the store is full
 * EINTR      the caller was killed while it waited
 * ETIMEDOUT  the deadline passed; what firmware still answers is dropped
 * EREMOTEIO  the firmware refused; fw_status holds its code
 * EPROTO     the host or the firmware answered nonsense; nothing of it is passed on
 * ENODATA    there is no root of keys of a source that the lease allows
 * EKEYREJECTED the parameters of a root are weaker than the lease allows, or other ones; firmware
 *	      was not asked for a key
 * EILSEQ     that is no sealed blob
 * EPROTONOSUPPORT the blob, or the parameters of a root, are of a version that this module does not
 *	      know
 * EXDEV      the blob, or the parameters of a root, are of another kind of TEE
 * EMSGSIZE   no blob with that header is as short, or as long
 * ENXIO      the blob was sealed under another root
 * EBADMSG    the blob was changed, or is another workload's
 * EEXIST     there is an active root already (SET_ROOT), or a key of that description (DERIVE_KEY)
 * ENOMEM     out of memory
 */
#ifndef _UAPI_LINUX_TEEGATE_H
#define _UAPI_LINUX_TEEGATE_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/teegate_keys.h>

#define TEEGATE_DEVICE		"/dev/teegate"
#define TEEGATE_IOC_TYPE	0xe7

#define TEEGATE_GET_INFO	_IO(TEEGATE_IOC_TYPE, 0x00)
#define TEEGATE_GET_REPORT	_IO(TEEGATE_IOC_TYPE, 0x01)
#define TEEGATE_DERIVE_KEY	_IO(TEEGATE_IOC_TYPE, 0x02)
#define TEEGATE_SEAL		_IO(TEEGATE_IOC_TYPE, 0x03)
#define TEEGATE_UNSEAL		_IO(TEEGATE_IOC_TYPE, 0x04)
#define TEEGATE_EXTEND		_IO(TEEGATE_IOC_TYPE, 0x05)
#define TEEGATE_CREATE_LEASE	_IO(TEEGATE_IOC_TYPE, 0x10)
#define TEEGATE_NARROW		_IO(TEEGATE_IOC_TYPE, 0x11)
#define TEEGATE_REVOKE		_IO(TEEGATE_IOC_TYPE, 0x12)
#define TEEGATE_SET_ROOT	_IO(TEEGATE_IOC_TYPE, 0x13)
#define TEEGATE_WIPE_ROOTS	_IO(TEEGATE_IOC_TYPE, 0x14)
#define TEEGATE_ADD_SECRET	_IO(TEEGATE_IOC_TYPE, 0x20)
#define TEEGATE_LIST_SECRETS	_IO(TEEGATE_IOC_TYPE, 0x21)
#define TEEGATE_LOCK_SECRETS	_IO(TEEGATE_IOC_TYPE, 0x22)

/* Operations: bits of a lease's rights and of what a module and a firmware can do. */
#define TEEGATE_OP_REPORT	(1ULL << 0)	/* bound report: says who asked */
#define TEEGATE_OP_RAW_REPORT	(1ULL << 1)	/* the caller's own bytes: TEEGATE_REPORT_RAW */
#define TEEGATE_OP_EXTEND	(1ULL << 2)	/* runtime measurement: TEEGATE_EXTEND */
#define TEEGATE_OP_DERIVE_KEY	(1ULL << 3)	/* a key of the workload: TEEGATE_DERIVE_KEY */
#define TEEGATE_OP_SEAL		(1ULL << 4)	/* TEEGATE_SEAL and TEEGATE_UNSEAL */
/* The administrator's, on a session; never in a lease. */
#define TEEGATE_OP_ADD_SECRET	(1ULL << 8)
#define TEEGATE_OP_LIST_SECRETS	(1ULL << 9)
#define TEEGATE_OP_LOCK_SECRETS	(1ULL << 10)

enum teegate_provider {
	TEEGATE_PROVIDER_NONE = 0,
	TEEGATE_PROVIDER_SEV_SNP = 1,
	TEEGATE_PROVIDER_TDX = 2,
	TEEGATE_PROVIDER_SE = 3,
};

/* How the module reaches the firmware. */
enum teegate_transport {
	TEEGATE_TRANSPORT_NONE = 0,
	TEEGATE_TRANSPORT_DRIVER = 1,	/* through the stock driver's own ioctl */
	TEEGATE_TRANSPORT_DIRECT = 2,	/* through functions that the kernel exports */
};

enum teegate_state {
	TEEGATE_STATE_ABSENT = 0,	/* no TEE that this module knows */
	TEEGATE_STATE_WAITING = 1,	/* a TEE, but its driver is not bound yet or not any more */
	TEEGATE_STATE_UP = 2,
	TEEGATE_STATE_LOST = 3,		/* the firmware's key is wiped: restart the guest */
	TEEGATE_STATE_DEAD = 4,		/* the driver is out of reach: reload teegate */
};

/* Whose ioctls a lease descriptor speaks. */
enum teegate_abi {
	TEEGATE_ABI_NATIVE = 0,		/* those of this header */
	TEEGATE_ABI_SEV_GUEST = 1,	/* those of /dev/sev-guest, <linux/sev-guest.h> */
	TEEGATE_ABI_TDX_GUEST = 2,	/* those of /dev/tdx_guest, <linux/tdx-guest.h> */
	TEEGATE_ABI_UVDEVICE = 3,	/* those of /dev/uv, <asm/uvdevice.h> */
};

/* What a verifier should hear about this guest (claims key 11). Zero is clean. */
#define TEEGATE_TAINT_SOFTWARE_FIRMWARE	(1ULL << 0)	/* the CPU does not confirm the TEE */
#define TEEGATE_TAINT_DEVELOPMENT_ROOT	(1ULL << 1)	/* there was one */

#define TEEGATE_USER_DATA_MAX	64
#define TEEGATE_RAW_DATA_MAX	256	/* of a raw report on SE; 64 elsewhere */
#define TEEGATE_REPORT_DATA_SIZE 64
#define TEEGATE_CHALLENGE_MAX	(1U << 20)
#define TEEGATE_CONFIG_UID_SIZE	16
#define TEEGATE_CLAIMS_MAX	4096
#define TEEGATE_HASH_SIZE	48	/* SHA-384 */
#define TEEGATE_BLIND_SIZE	32
#define TEEGATE_PATH_MAX	8	/* hashes in an inclusion proof: at most 256 leaves */
#define TEEGATE_TIMEOUT_MAX_MS	600000
#define TEEGATE_REASON_SIZE	128
#define TEEGATE_EVENT_MAX	1024	/* bytes of one event */
#define TEEGATE_LABEL_MAX	255	/* bytes of an LSM label that a lease is pinned to */
#define TEEGATE_NOTE_MAX	1024	/* bytes that an administrator may leave with a lease */
#define TEEGATE_RATE_MAX	1000000	/* requests in a minute, and at once */

/**
 * struct teegate_get_info - TEEGATE_GET_INFO, session or lease
 * @size: sizeof(struct teegate_get_info)
 * @flags: must be 0
 * @provider: out, enum teegate_provider
 * @transport: out, enum teegate_transport
 * @state: out, enum teegate_state
 * @vmpl: out, the VMPL that reports will carry (SEV-SNP), 0 elsewhere
 * @module_ops: out, TEEGATE_OP_* that this module implements
 * @firmware_ops: out, those of them that the TEE can do now; 0 unless @state is UP, except for
 *	TEEGATE_OP_DERIVE_KEY and TEEGATE_OP_SEAL, which need no TEE when a root was installed
 * @lease_ops: out, those of them that this file may ask for; 0 on a session
 * @taint: out, TEEGATE_TAINT_*
 * @lease_id: out, 0 on a session
 * @lease_expires_ms: out, milliseconds until the lease expires, 0 if never or on a session
 * @reports: out, reports that firmware answered well since the module was loaded
 * @errors: out, requests that failed below this module
 * @queued: out, requests waiting now
 * @queue_max: out, how many may wait in all; only the first one of a workload may be one more
 * @timeout_default_ms: out, deadline of a request that names none
 * @report_size_max: out, a buffer of this many bytes holds any report of this provider
 * @aux_size_max: out, the same for the auxiliary data
 * @reserved: out, 0
 * @reason: out, NUL-terminated: what is wrong or missing and what to do, empty when all is well
 * @in_flight: out, buffers that the host works on now, quarantined ones included (TDX), 0 elsewhere
 * @quarantined: out, those of them whose requester was given up on: the host still owns them, and
 *	they come back when it answers
 * @in_flight_max: out, how many buffers there are (TDX), 0 elsewhere
 * @reserved2: out, 0
 * @retry_after_ms: out, milliseconds until the workload of this lease may ask again: more than 0
 *	only when its rate is used up. 0 on a session
 * @reserved3: out, 0
 * @root_active: out, enum teegate_root_source: what new keys and blobs come from, in a lease that
 *	allows it: an installed root, else what the TEE has; TEEGATE_ROOT_NONE if there is neither
 * @roots: out, bits 1 << enum teegate_root_source: all that there are, those to unseal with alone
 *	included
 * @root_id: out, that of an installed active root, else 0
 *
 * Needs no right and never blocks. The pins of a lease must match (EPERM); a revoked lease gives
 * ESTALE.
 */
struct teegate_get_info {
	__u32 size;
	__u32 flags;
	__u32 provider;
	__u32 transport;
	__u32 state;
	__u32 vmpl;
	__u64 module_ops;
	__u64 firmware_ops;
	__u64 lease_ops;
	__u64 taint;
	__u64 lease_id;
	__u64 lease_expires_ms;
	__u64 reports;
	__u64 errors;
	__u32 queued;
	__u32 queue_max;
	__u32 timeout_default_ms;
	__u32 report_size_max;
	__u32 aux_size_max;
	__u32 reserved;
	__u8 reason[TEEGATE_REASON_SIZE];
	__u32 in_flight;
	__u32 quarantined;
	__u32 in_flight_max;
	__u32 reserved2;
	__u32 retry_after_ms;
	__u32 reserved3;
	__u32 root_active;
	__u32 roots;
	__u8 root_id[TEEGATE_ROOT_ID_SIZE];
};

/*
 * The caller's bytes go to report_data as they are, zero-padded to 64; on SE to the user data of
 * the Ultravisor, not padded. Needs TEEGATE_OP_RAW_REPORT. Refused (EPERM) when bytes 48..55 of
 * what firmware would see are "teegate/", which marks bound reports, however many bytes follow.
 */
#define TEEGATE_REPORT_RAW	(1U << 0)
/*
 * Also fetch the auxiliary data. SEV-SNP: the certificate table of the host. TDX: the event log, in
 * the format of TCG (crypto agile), first what firmware logged and then what TEEGATE_EXTEND did;
 * empty unless it replays to the runtime registers in this very report. SE: the additional data
 * that the challenge demands. The measurement covers it whether it is asked for here or not, and
 * nobody can check the one without the other.
 */
#define TEEGATE_REPORT_AUX	(1U << 1)
/*
 * TDX: the TDREPORT, which only the CPU it was made on can check, instead of a quote. Bound exactly
 * as a quote is, because anyone may have a TDREPORT quoted. EOPNOTSUPP elsewhere.
 */
#define TEEGATE_REPORT_LOCAL	(1U << 2)

/**
 * struct teegate_get_report - TEEGATE_GET_REPORT, lease only
 * @size: sizeof(struct teegate_get_report)
 * @flags: TEEGATE_REPORT_*
 * @user_data: address of the caller's data, ignored when @user_data_len is 0
 * @user_data_len: 0..TEEGATE_USER_DATA_MAX bytes; 0..TEEGATE_RAW_DATA_MAX for a raw report on SE
 * @timeout_ms: deadline counted from now, 0 for the default, at most TEEGATE_TIMEOUT_MAX_MS
 * @report: address of the buffer for the vendor's report
 * @aux: address of the buffer for auxiliary data, 0 without TEEGATE_REPORT_AUX
 * @claims: address of the buffer for the claims of the lease, 0 for a raw report
 * @path: address of the buffer for the inclusion proof, 0 for a raw report
 * @report_len: in, bytes at @report; out, bytes of the report
 * @aux_len: in, bytes at @aux; out, bytes of auxiliary data, 0 when the host has none
 * @claims_len: in, bytes at @claims; out, bytes of claims
 * @path_len: in, bytes at @path; out, bytes of proof: 48 per hash, 0 for a single requester
 * @leaf_index: out, place of this request in the tree
 * @tree_size: out, number of leaves in the tree: 1 for a single requester, 0 for a raw report
 * @provider: out, enum teegate_provider
 * @vmpl: out, the VMPL that was asked for
 * @fw_status: out, the firmware's code, 0 when it was content. SEV-SNP: SW_EXITINFO2 of the request
 *	(GHCB specification 2.03, 4.1.7: firmware error low, VMM error high), or the status of the
 *	response message. TDX: the status of the quote buffer or the return code of the call
 *	(GHCI 1.5, TDG.VP.VMCALL<GetQuote>), or the completion status of another TDCALL as far as
 *	the kernel tells it, else 1 << 63. SE: the return code of the Ultravisor's answer, shifted
 *	left by 16, or-ed with its return reason code
 * @blind: out, the random bytes in the leaf
 * @challenge: SE: address of the attestation request control block (ARCB) of the relying party,
 *	which alone can check the answer. 0 elsewhere
 * @challenge_len: SE: 1..TEEGATE_CHALLENGE_MAX bytes. 0 elsewhere
 * @reserved3: must be 0
 * @config_uid: out, the Ultravisor's name for this guest's configuration (SE), 0 elsewhere
 * @report_data: out, for a bound report the 64 bytes that firmware was given (SE: as user data, and
 *	nothing else); 0 for a raw one
 *
 * Waits, killably, for firmware. With ENOSPC all four lengths say what is needed; the report that
 * was made is discarded, so give the sizes of TEEGATE_GET_INFO. After any other error the lengths
 * are as they were. Rights, pins and revocation are checked when the request is made and again
 * before anything is copied out.
 */
struct teegate_get_report {
	__u32 size;
	__u32 flags;
	__u64 user_data;
	__u32 user_data_len;
	__u32 timeout_ms;
	__u64 report;
	__u64 aux;
	__u64 claims;
	__u64 path;
	__u32 report_len;
	__u32 aux_len;
	__u32 claims_len;
	__u32 path_len;
	__u32 leaf_index;
	__u32 tree_size;
	__u32 provider;
	__u32 vmpl;
	__u64 fw_status;
	__u8 blind[TEEGATE_BLIND_SIZE];
	__u64 challenge;
	__u32 challenge_len;
	__u32 reserved3;
	__u8 config_uid[TEEGATE_CONFIG_UID_SIZE];
	__u8 report_data[TEEGATE_REPORT_DATA_SIZE];
};

/**
 * struct teegate_extend - TEEGATE_EXTEND, lease only
 * @size: sizeof(struct teegate_extend)
 * @flags: must be 0
 * @index: the register: 2 or 3 (TDX); 0 and 1 belong to firmware
 * @event_len: 1..TEEGATE_EVENT_MAX bytes
 * @event: address of the event, opaque to the kernel
 * @timeout_ms: deadline counted from now, 0 for the default, at most TEEGATE_TIMEOUT_MAX_MS
 * @reserved: must be 0
 * @fw_status: out, the firmware's code, 0 when it was content
 * @digest: out, what the register was extended with: SHA-384 over "teegate/event/v1" (16 bytes),
 *	SHA-384 of the claims of the lease, the length of the event (big-endian, 4 bytes) and the
 *	event. The log holds just these bytes
 *
 * Irreversible until the guest restarts, and visible to everybody who gets a report of this guest;
 * therefore in no lease unless asked for, and bounded there. EDQUOT when the lease, or one it was
 * narrowed from, has used up its events or bytes; ENOSPC when the log is full; EOPNOTSUPP where the
 * kernel has no way to extend. Log and register change together or not at all; when they may not
 * match any more (ETIMEDOUT, EINTR do not cause that) no report carries a log.
 */
struct teegate_extend {
	__u32 size;
	__u32 flags;
	__u32 index;
	__u32 event_len;
	__u64 event;
	__u32 timeout_ms;
	__u32 reserved;
	__u64 fw_status;
	__u8 digest[TEEGATE_HASH_SIZE];
};

/* No cgroup pin. Without it @cgroup_fd must name a cgroup v2 directory that is not the root. */
#define TEEGATE_LEASE_UNPINNED	(1U << 0)
/* Only tasks whose real and effective user id is @uid in the initial user namespace. */
#define TEEGATE_LEASE_PIN_UID	(1U << 1)
/* Only tasks whose LSM label is @label, byte for byte. */
#define TEEGATE_LEASE_PIN_LABEL	(1U << 2)
/* Only processes that were started from the file @exe_fd; see the DOC block below. */
#define TEEGATE_LEASE_PIN_EXE	(1U << 3)

/*
 * DOC: what the pin to an executable says
 *
 * The calling process was started from this very file (device and inode; a copy is another file),
 * and has not rewritten what the kernel knows as its executable. While the lease lives nobody can
 * open the file for writing (ETXTBSY), so it is also what it was when the lease was made.
 *
 * A process may rewrite its own /proc/self/exe (prctl PR_SET_MM_MAP and PR_SET_MM_EXE_FILE, meant
 * for checkpoint and restore) with CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN in its own user
 * namespace, or CAP_SYS_RESOURCE in the initial one. So this pin is met by no task that has one of
 * the three, by none in another user namespace than the initial one, and by no process whose
 * executable was opened by anybody else than execve.
 *
 * It says nothing about what the process has loaded since: whoever may start a program, may start
 * it under a tracer or, unless it is linked statically, with LD_PRELOAD. And where unprivileged
 * users may make user namespaces with a binfmt_misc of their own (Linux 6.7 and later), one of them
 * can have execve open the file for another one, who then rewrites. An LSM label has neither
 * weakness. So this pin keeps honest programs of a workload apart, and the rest as far as they are
 * confined.
 *
 * DOC: workloads
 *
 * Leases that an administrator made with the same number, if it is not 0, are one workload, as are
 * those narrowed from them. A lease with number 0 is, with those narrowed from it, a workload of
 * its own that nobody else can join.
 *
 * Turns are taken by workloads. Between a request of a workload that has no other one waiting and
 * its answer, at most this many requests of others are served: those that are under way already
 * (@in_flight_max of TEEGATE_GET_INFO, at least 1), and one of each other workload that waits. On
 * TDX that is counted in quotes; what needs no buffer of the host's does not wait for one. Where
 * firmware was busy and did not begin (SE), that was a turn, too.
 *
 * The first request of a workload always finds a place in the queue. Further ones do as long as
 * fewer than @queue_max of all wait (EAGAIN), and of its own fewer than @max_pending of its newest
 * lease says, and than half of @queue_max (EDQUOT), however many leases it has.
 *
 * A workload may have a rate: @rate_per_minute requests in a minute on the long run, and up to
 * @rate_burst at once after it was quiet. The newest lease of a workload sets it for all. What is
 * refused for want of right, room or memory takes nothing from it; what was queued does, whatever
 * comes of it. A workload ends with its last lease, or when its rate allows @rate_burst at once
 * again and its events (<linux/teegate_netlink.h>) are told, whichever is later; a new one of that
 * number begins afresh.
 */

/**
 * struct teegate_create_lease - TEEGATE_CREATE_LEASE, session only
 * @size: sizeof(struct teegate_create_lease)
 * @flags: TEEGATE_LEASE_*
 * @ops: TEEGATE_OP_* that the lease allows, at least one, none of them the administrator's
 * @claims: address of the claims that stand in each bound report, opaque to the kernel
 * @claims_len: 1..TEEGATE_CLAIMS_MAX bytes, 0 only when @ops lacks TEEGATE_OP_REPORT and
 *	TEEGATE_OP_EXTEND
 * @cgroup_fd: descriptor of the cgroup v2 directory whose subtree may use the lease, or -1 with
 *	TEEGATE_LEASE_UNPINNED
 * @uid: with TEEGATE_LEASE_PIN_UID, a user id of the initial user namespace; else 0
 * @max_pending: requests of this lease that may wait at once, 0 for the default
 * @lifetime_ms: milliseconds until the lease expires, 0 for never
 * @lease_fd: out, the new descriptor, close-on-exec
 * @reserved: must be 0
 * @lease_id: out, the name of the lease for TEEGATE_REVOKE, never 0, never used again
 * @extend_max: with TEEGATE_OP_EXTEND, how many events it and its children may log in all, at least
 *	1; else 0
 * @extend_bytes_max: likewise, how many bytes of events
 * @workload: the number of its workload, 0 for one of its own
 * @label: with TEEGATE_LEASE_PIN_LABEL, address of the label; else 0
 * @label_len: with TEEGATE_LEASE_PIN_LABEL, 1..TEEGATE_LABEL_MAX bytes, no NUL; else 0
 * @exe_fd: with TEEGATE_LEASE_PIN_EXE, a descriptor of the executable, opened for reading; else 0
 * @rate_per_minute: requests in a minute, at most TEEGATE_RATE_MAX; 0 for no limit
 * @rate_burst: with @rate_per_minute, requests at once, 1..TEEGATE_RATE_MAX; else 0
 * @abi: enum teegate_abi: the descriptor speaks the ioctls of that stock driver and no others. Of
 *	the right TEE only, else EOPNOTSUPP
 * @reserved2: must be 0
 * @note: address of bytes for the administrator's own use: kept by the kernel, returned in the dump
 *	of leases (<linux/teegate_netlink.h>) and nowhere else
 * @note_len: 0..TEEGATE_NOTE_MAX bytes
 * @reserved3: must be 0
 * @sealing_claims: address of the claims that keys come from, opaque to the kernel. This and all
 *	that follows is 0 when @ops has neither TEEGATE_OP_DERIVE_KEY nor TEEGATE_OP_SEAL
 * @sealing_claims_len: 1..TEEGATE_CLAIMS_MAX bytes
 * @sealing_bitmap: bit k: the claims with key k stand in them. It is in the header of each blob
 * @key_labels: address of patterns for labels, each ended by a NUL: a label, or with a last '*' the
 *	beginning of labels
 * @key_labels_len: 0..TEEGATE_KEY_LABELS_MAX bytes; 0 for any label
 * @root_sources: bits 1 << enum teegate_root_source: where roots of keys may come from, at least
 *	one. TEEGATE_ROOT_FIRMWARE only if the launch measurement covers kernel and initrd: else
 *	whoever controls the host has these keys by starting another kernel. Sources that this
 *	guest does not have do no harm
 * @snp_field_select: with TEEGATE_ROOT_FIRMWARE, fields of the guest that a root depends on: bits 0
 *	(policy) and 3 (measurement), which are a must, 1 (image id), 2 (family id), 4 (SVN), 5
 *	(TCB); else 0. Older roots may depend on more
 * @snp_tcb_floor: with bit 5, the least TCB version of a root, as a number; else 0
 * @snp_svn_floor: with bit 4, the least SVN of a root; else 0
 * @reserved4: must be 0
 * @se_secret_id: with TEEGATE_ROOT_RETRIEVABLE, the id of the secret that is the root; else 0
 *
 * Does not block. EPERM when the caller is not the administrator; EINVAL for the cgroup v2 root
 * without UNPINNED or a threaded cgroup; EBADF when @cgroup_fd is no cgroup v2 directory, ESTALE
 * when that one is removed; EBADF when @exe_fd is not open for reading, EINVAL when it is no
 * regular file, EACCES when the caller could not execute it, ETXTBSY when somebody has it open for
 * writing; EOPNOTSUPP for a pin to a label where no LSM gives tasks any; ENFILE when there are too
 * many leases, ENFILE or EMFILE from the file table.
 */
struct teegate_create_lease {
	__u32 size;
	__u32 flags;
	__u64 ops;
	__u64 claims;
	__u32 claims_len;
	__s32 cgroup_fd;
	__u32 uid;
	__u32 max_pending;
	__u64 lifetime_ms;
	__s32 lease_fd;
	__u32 reserved;
	__u64 lease_id;
	__u32 extend_max;
	__u32 extend_bytes_max;
	__u64 workload;
	__u64 label;
	__u32 label_len;
	__s32 exe_fd;
	__u32 rate_per_minute;
	__u32 rate_burst;
	__u32 abi;
	__u32 reserved2;
	__u64 note;
	__u32 note_len;
	__u32 reserved3;
	__u64 sealing_claims;
	__u32 sealing_claims_len;
	__u32 sealing_bitmap;
	__u64 key_labels;
	__u32 key_labels_len;
	__u32 root_sources;
	__u64 snp_field_select;
	__u64 snp_tcb_floor;
	__u32 snp_svn_floor;
	__u32 reserved4;
	__u8 se_secret_id[32];
};

/* @cgroup_fd names a subtree of the parent's pin (or any, when the parent has none). */
#define TEEGATE_NARROW_PIN_CGROUP	(1U << 0)
/* Adds the pin to @uid; a parent pinned to another uid refuses (EPERM). */
#define TEEGATE_NARROW_PIN_UID		(1U << 1)
/* Adds the pin to @label; a parent pinned to another label refuses (EPERM). */
#define TEEGATE_NARROW_PIN_LABEL	(1U << 2)
/* Adds the pin to @exe_fd; a parent pinned to another file refuses (EPERM). */
#define TEEGATE_NARROW_PIN_EXE		(1U << 3)

/**
 * struct teegate_narrow - TEEGATE_NARROW, lease only
 * @size: sizeof(struct teegate_narrow)
 * @flags: TEEGATE_NARROW_*
 * @ops: a subset of the parent's operations, at least one
 * @cgroup_fd: see TEEGATE_NARROW_PIN_CGROUP, else -1
 * @uid: see TEEGATE_NARROW_PIN_UID, else 0
 * @max_pending: at most the parent's, 0 for the parent's
 * @lease_fd: out, the new descriptor, close-on-exec
 * @lifetime_ms: 0 for the parent's end; never later than that
 * @lease_id: out
 * @label: with TEEGATE_NARROW_PIN_LABEL, as in struct teegate_create_lease; else 0
 * @label_len: likewise
 * @exe_fd: with TEEGATE_NARROW_PIN_EXE, as in struct teegate_create_lease; else 0
 *
 * The child has the parent's claims, also those of keys, byte for byte and no more rights. It is
 * revoked and expires with its parent, and lives on when the parent's descriptor is merely closed.
 * EPERM when more is asked for than the parent has; EDQUOT when the parent has too many children.
 */
struct teegate_narrow {
	__u32 size;
	__u32 flags;
	__u64 ops;
	__s32 cgroup_fd;
	__u32 uid;
	__u32 max_pending;
	__s32 lease_fd;
	__u64 lifetime_ms;
	__u64 lease_id;
	__u64 label;
	__u32 label_len;
	__s32 exe_fd;
};

/**
 * struct teegate_revoke - TEEGATE_REVOKE, session or lease
 * @size: sizeof(struct teegate_revoke)
 * @flags: must be 0
 * @lease_id: the lease to revoke with all its children. On a session any lease; on a lease 0 for
 *	itself, its own id, or that of one that was narrowed from it
 *
 * Does not block. Requests of the lease that wait end with ESTALE; one that firmware already works
 * on is finished and its result discarded. ENOENT when a session names a lease that does not
 * exist (any more); EPERM when a lease names one that is not its own.
 */
struct teegate_revoke {
	__u32 size;
	__u32 flags;
	__u64 lease_id;
};

/**
 * struct teegate_add_secret - TEEGATE_ADD_SECRET, session only
 * @size: sizeof(struct teegate_add_secret)
 * @flags: must be 0
 * @request: address of an add-secret request control block, made for this guest by its owner
 * @request_len: 1..TEEGATE_CHALLENGE_MAX bytes
 * @timeout_ms: deadline counted from now, 0 for the default, at most TEEGATE_TIMEOUT_MAX_MS
 * @fw_status: out, as in struct teegate_get_report
 *
 * EPERM when the caller is not the administrator, EOPNOTSUPP where there is no such store. Whatever
 * is added stays until the guest restarts. After ETIMEDOUT or EINTR it may have been added or not:
 * list them.
 */
struct teegate_add_secret {
	__u32 size;
	__u32 flags;
	__u64 request;
	__u32 request_len;
	__u32 timeout_ms;
	__u64 fw_status;
};

/**
 * struct teegate_secret - what is known of a secret in the store
 * @index: its place
 * @type: as the Ultravisor numbers types: 1 null, 2 association, 3 plaintext, and keys from 4
 * @length: bytes of the secret
 * @reserved: 0
 * @id: its name, chosen by whoever added it
 */
struct teegate_secret {
	__u32 index;
	__u32 type;
	__u32 length;
	__u32 reserved;
	__u8 id[32];
};

/**
 * struct teegate_list_secrets - TEEGATE_LIST_SECRETS, session only
 * @size: sizeof(struct teegate_list_secrets)
 * @flags: must be 0
 * @secrets: address of an array of struct teegate_secret, ignored when @count is 0
 * @count: in, elements of that array; out, secrets in the store, with ENOSPC, too
 * @timeout_ms: deadline counted from now, 0 for the default, at most TEEGATE_TIMEOUT_MAX_MS
 * @fw_status: out, as in struct teegate_get_report
 *
 * EPERM when the caller is not the administrator, EOPNOTSUPP where there is no such store. Nothing
 * in it tells what a secret is.
 */
struct teegate_list_secrets {
	__u32 size;
	__u32 flags;
	__u64 secrets;
	__u32 count;
	__u32 timeout_ms;
	__u64 fw_status;
};

/* Without it TEEGATE_LOCK_SECRETS is EINVAL: nobody locks the store by accident. */
#define TEEGATE_LOCK_IRREVERSIBLE	(1U << 0)

/**
 * struct teegate_lock_secrets - TEEGATE_LOCK_SECRETS, session only
 * @size: sizeof(struct teegate_lock_secrets)
 * @flags: must be TEEGATE_LOCK_IRREVERSIBLE
 * @timeout_ms: deadline counted from now, 0 for the default, at most TEEGATE_TIMEOUT_MAX_MS
 * @reserved: must be 0
 * @fw_status: out, as in struct teegate_get_report
 *
 * No secret can be added until the guest restarts, by anybody; those that are there stay usable.
 * EPERM when the caller is not the administrator, EOPNOTSUPP where there is no such store. After
 * ETIMEDOUT or EINTR it may be locked or not; locking what is locked is EREMOTEIO and harmless.
 */
struct teegate_lock_secrets {
	__u32 size;
	__u32 flags;
	__u32 timeout_ms;
	__u32 reserved;
	__u64 fw_status;
};

#endif /* _UAPI_LINUX_TEEGATE_H */
