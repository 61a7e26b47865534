/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * teegate over generic netlink: what there is and what happens, for administrators.
 *
 * DOC: who may
 *
 * The family "teegate" exists in the initial network namespace alone. Its dumps need CAP_NET_ADMIN
 * and CAP_SYS_ADMIN in the initial user namespace and the initial pid namespace, its multicast
 * group "events" CAP_SYS_ADMIN in the initial user namespace; EPERM else. Nothing here changes
 * anything, and nothing here is a secret, a report or a byte of either.
 *
 * DOC: dumps
 *
 * TEEGATE_CMD_GET_LEASES: one message for each lease, narrowed ones included, by rising id:
 * LEASE_ID, PARENT_ID (of a narrowed one), WORKLOAD, OPS, ABI, FLAGS, CGROUP_ID, UID and LABEL
 * (with such a pin), EXPIRES_MS (unless never), MAX_PENDING, RATE_PER_MINUTE and RATE_BURST (with a
 * rate), PENDING, ERRNO ESTALE (when it is gone, but still held), CLAIMS and NOTE (when not empty).
 *
 * TEEGATE_CMD_GET_BACKENDS: one for each TEE: SEQ (the last event so far), PROVIDER, TRANSPORT,
 * STATE, REASON, TAINT, OPS (that firmware can do now), QUEUED, QUEUE_MAX, REPORTS, ERRORS,
 * IN_FLIGHT, IN_FLIGHT_MAX, QUARANTINED.
 *
 * TEEGATE_CMD_GET_WORKLOADS: one for each workload: WORKLOAD, LEASE_ID (the first lease, where
 * WORKLOAD is 0), LEASES, MAX_PENDING, RATE_PER_MINUTE and RATE_BURST (with a rate), REQUESTS,
 * ANSWERED, REFUSED, PENDING, WAIT_NS, WAIT_MAX_NS.
 *
 * The first and the last take WORKLOAD in the request, and then tell of that workload alone. Any
 * other attribute is EINVAL. What is there all the time is in the dump exactly once; what comes or
 * goes meanwhile may be.
 *
 * DOC: events
 *
 * Each is a message TEEGATE_CMD_EVENT with EVENT, SEQ and TIME_NS and what the event is about. SEQ
 * grows by one from one message to the next: whoever misses one (ENOBUFS on the socket, too) makes
 * new dumps.
 *
 * What clients can cause as often as they like (DENIED, and all that is about narrowed leases) is
 * told at once the first time, and then TEEGATE_EVENT_RATE times in a second at most for each
 * workload, whatever leases of it come and go; what came meanwhile is merged into one message for
 * the same event, errno and operations, with COUNT and the last LEASE_ID. So are THROTTLED,
 * QUARANTINED and RECOVERED, which the host can cause. All else is told one by one.
 */
#ifndef _UAPI_LINUX_TEEGATE_NETLINK_H
#define _UAPI_LINUX_TEEGATE_NETLINK_H

#define TEEGATE_GENL_NAME	"teegate"
#define TEEGATE_GENL_VERSION	1
#define TEEGATE_GENL_GROUP_EVENTS "events"

#define TEEGATE_EVENT_RATE	4	/* messages in a second for one workload */

enum teegate_cmd {
	TEEGATE_CMD_UNSPEC,
	TEEGATE_CMD_GET_LEASES,		/* dump */
	TEEGATE_CMD_GET_BACKENDS,	/* dump */
	TEEGATE_CMD_GET_WORKLOADS,	/* dump */
	TEEGATE_CMD_EVENT,		/* to the group "events" */

	__TEEGATE_CMD_MAX,
	TEEGATE_CMD_MAX = (__TEEGATE_CMD_MAX - 1)
};

/* Values of TEEGATE_A_EVENT, with the attributes that each has besides EVENT, SEQ and TIME_NS. */
enum teegate_event {
	/* As in the dump of leases, without CLAIMS and NOTE. */
	TEEGATE_EVENT_LEASE_CREATED = 1,
	/* The first request of a lease: LEASE_ID, WORKLOAD, OP. */
	TEEGATE_EVENT_LEASE_USED = 2,
	/*
	 * Revoked, expired or its cgroup gone: LEASE_ID, WORKLOAD, ERRNO (absent: revoked; ETIME:
	 * expired; ENOENT: no more cgroup). Leases that were narrowed from it end with it, and have
	 * no event of their own.
	 */
	TEEGATE_EVENT_LEASE_REVOKED = 3,
	/* The last holder of the lease is gone: LEASE_ID, WORKLOAD. */
	TEEGATE_EVENT_LEASE_CLOSED = 4,
	/*
	 * A call on a lease was refused (EPERM, ESTALE, EDQUOT, EAGAIN), in the queue or before:
	 * LEASE_ID, WORKLOAD, ERRNO, OP, UID (of the caller), COUNT.
	 */
	TEEGATE_EVENT_DENIED = 5,
	/* The state of the TEE has changed: PROVIDER, STATE, REASON. */
	TEEGATE_EVENT_BACKEND = 6,
	/* The host or firmware makes us wait, and we slow down: PROVIDER, COUNT. */
	TEEGATE_EVENT_THROTTLED = 7,
	/* The guest's key to firmware is lost until it restarts: PROVIDER, REASON. */
	TEEGATE_EVENT_KEY_WIPED = 8,
	/* The host keeps a buffer for too long (TDX): PROVIDER, QUARANTINED, COUNT. */
	TEEGATE_EVENT_QUARANTINED = 9,
	/* It has given one back, or goes at its old pace again: PROVIDER, QUARANTINED, COUNT. */
	TEEGATE_EVENT_RECOVERED = 10,
};

enum teegate_attr {
	TEEGATE_A_UNSPEC,
	TEEGATE_A_PAD,			/* nothing: aligns the next one */
	TEEGATE_A_EVENT,		/* u32, enum teegate_event */
	TEEGATE_A_SEQ,			/* u64, 1 for the first event of this module */
	TEEGATE_A_TIME_NS,		/* u64, CLOCK_BOOTTIME */
	TEEGATE_A_COUNT,		/* u32, that many merged into one; 1 when absent */
	TEEGATE_A_LEASE_ID,		/* u64 */
	TEEGATE_A_PARENT_ID,		/* u64, the lease that it was narrowed from */
	TEEGATE_A_WORKLOAD,		/* u64, as given to TEEGATE_CREATE_LEASE */
	TEEGATE_A_OPS,			/* u64, TEEGATE_OP_* */
	TEEGATE_A_ABI,			/* u32, enum teegate_abi */
	TEEGATE_A_FLAGS,		/* u32, TEEGATE_LEASE_* */
	TEEGATE_A_CGROUP_ID,		/* u64, inode number of the cgroup directory */
	TEEGATE_A_UID,			/* u32, in the initial user namespace */
	TEEGATE_A_LABEL,		/* binary, no NUL */
	TEEGATE_A_EXPIRES_MS,		/* u64, from now */
	TEEGATE_A_MAX_PENDING,		/* u32 */
	TEEGATE_A_RATE_PER_MINUTE,	/* u32 */
	TEEGATE_A_RATE_BURST,		/* u32 */
	TEEGATE_A_CLAIMS,		/* binary */
	TEEGATE_A_NOTE,			/* binary */
	TEEGATE_A_REQUESTS,		/* u64, that were put into the queue */
	TEEGATE_A_ANSWERED,		/* u64, well */
	TEEGATE_A_REFUSED,		/* u64, DENIED without having come into the queue */
	TEEGATE_A_PENDING,		/* u32, in the queue or under way now */
	TEEGATE_A_WAIT_NS,		/* u64, of all that left the queue, in sum */
	TEEGATE_A_WAIT_MAX_NS,		/* u64, the longest of them */
	TEEGATE_A_LEASES,		/* u32, made by an administrator and still held */
	TEEGATE_A_PROVIDER,		/* u32, enum teegate_provider */
	TEEGATE_A_TRANSPORT,		/* u32, enum teegate_transport */
	TEEGATE_A_STATE,		/* u32, enum teegate_state */
	TEEGATE_A_REASON,		/* string, absent when all is well */
	TEEGATE_A_TAINT,		/* u64, TEEGATE_TAINT_* */
	TEEGATE_A_QUEUED,		/* u32 */
	TEEGATE_A_QUEUE_MAX,		/* u32 */
	TEEGATE_A_REPORTS,		/* u64, since the module was loaded */
	TEEGATE_A_ERRORS,		/* u64, likewise */
	TEEGATE_A_IN_FLIGHT,		/* u32, buffers that the host has */
	TEEGATE_A_IN_FLIGHT_MAX,	/* u32 */
	TEEGATE_A_QUARANTINED,		/* u32, those of them that nobody waits for any more */
	TEEGATE_A_ERRNO,		/* u32, positive */
	TEEGATE_A_OP,			/* u64, TEEGATE_OP_* that was asked for */
	TEEGATE_A_FW_STATUS,		/* u64, as in struct teegate_get_report */

	__TEEGATE_A_MAX,
	TEEGATE_A_MAX = (__TEEGATE_A_MAX - 1)
};

#endif /* _UAPI_LINUX_TEEGATE_NETLINK_H */
