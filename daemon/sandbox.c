// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Confinement from within. The service manager confines from without (teegated.service); its filter
 * has to let a program start. This one is applied when all sockets and devices of the start are
 * there, and it knows the arguments: which sockets, which ioctls, which signals.
 *
 * What is not in the table fails with EPERM, and the program goes on: killing it would let whoever
 * finds one forgotten call stop the broker for everybody. clone3() alone fails with ENOSYS, because
 * a filter cannot see its flags and the C library then takes clone(), whose flags it can.
 *
 * Children run this program anew and inherit the filter across execve(); then they add their own,
 * which is shorter. So all that a child needs is in the daemon's column, too.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/fsverity.h>
#include <linux/nsfs.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/teegate.h>

#include "sandbox.h"
#include "util.h"

#define D	SANDBOX_DAEMON
#define L	SANDBOX_LOOK
#define S	SANDBOX_SUPERVISE

#define NAMESPACES	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
			 CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
/* Of <linux/pidfd.h>, which older systems have without it. */
#define PIDFS_IOCTL_MAGIC	0xFF
#define PIDFD_INFO_NR		11
#define IOC_TYPE	(_IOC_TYPEMASK << _IOC_TYPESHIFT)

/* Which arguments these are; see argument_of(). */
#define CLONE_FLAGS	0
#define MMAP_PROT	2

#define ANY(call, programs, reason)		{ call, programs, -1, 0, 0, reason }
#define ONE(call, programs, arg, value, reason)	{ call, programs, arg, UINT32_MAX, value, reason }
#define NIL(call, programs, arg, reason)	{ call, programs, arg, UINT64_MAX, 0, reason }
#define BITS(call, programs, arg, mask, value, reason) { call, programs, arg, mask, value, reason }

static const struct sandbox_line table[] = {
	/* files and descriptors */
	ANY("read", D | L | S, "files, pipes, eventfds and signalfds"),
	ANY("readv", D, "stdio"),
	ANY("pread64", D | L, "the loader, and files that are read in parts"),
	ANY("write", D | L | S, "answers of children, eventfds, stderr"),
	ANY("writev", D | L | S, "stdio, and the C library's last words"),
	ANY("pwrite64", D, "budgets, which outlive a restart"),
	ANY("lseek", D | L | S, "stdio"),
	ANY("close", D | L | S, "descriptors end"),
	ANY("close_range", D | L | S, "a child keeps what it was given and nothing else"),
	ANY("dup", D, "descriptors for a child"),
	ANY("dup2", D, "descriptors for a child"),
	ANY("dup3", D, "descriptors for a child"),
	ANY("fcntl", D | L | S, "close-on-exec, non-blocking, duplicates, seals"),
	ANY("pipe2", D, "the answer of a child"),
	ANY("openat", D | L | S, "policy files, /proc, the module's device, those of SGX"),
	ANY("openat2", D | L, "paths that must not leave a directory or a client's root"),
	ANY("fstat", D | L | S, "is it what it should be?"),
	ANY("newfstatat", D | L | S, "is it what it should be?"),
	ANY("statx", D | L, "what a client's descriptor holds, without waiting for its file system"),
	ANY("statfs", D | L, "is it the cgroup v2 hierarchy?"),
	ANY("fstatfs", D | L, "is it the cgroup v2 hierarchy, is it mounted read-only?"),
	ANY("getdents64", D | L, "policy directories, /dev and the descriptors of a client"),
	ANY("readlink", D, "the loader, /proc/PID/exe"),
	ANY("readlinkat", D | L, "links in /proc and sysfs"),
	ANY("access", D, "the loader"),
	ANY("faccessat", D, "sd-journal and libudev look whether files are there"),
	ANY("faccessat2", D, "sd-journal and libudev look whether files are there"),
	ANY("fgetxattr", D, "the invocation id of a unit"),
	ANY("getxattr", D | L, "the access control list of a device node"),
	ANY("lgetxattr", D | L, "the access control list of a device node"),
	ANY("unlink", D, "sockets of workloads that are gone"),
	ANY("unlinkat", D, "sockets of workloads that are gone"),
	ANY("mkdir", D, "the directory of a workload's socket"),
	ANY("mkdirat", D, "the directory of a workload's socket"),
	ANY("rmdir", D, "the directory of a workload's socket"),
	ANY("fchmod", D, "a workload's socket is for everybody who can see it"),
	ANY("fchmodat", D, "a workload's socket is for everybody who can see it"),
	ANY("chmod", D, "a workload's socket is for everybody who can see it"),
	ANY("fchmodat2", D, "a workload's socket is for everybody who can see it"),
	ANY("memfd_create", D, "registrations that outlive a restart, large journal records"),
	ANY("ftruncate", D, "the same"),
	ANY("inotify_init1", D, "cgroups that end"),
	ANY("inotify_add_watch", D, "cgroups that end"),
	ANY("inotify_rm_watch", D, "cgroups that end"),

	/* sockets */
	ONE("socket", D | S, 0, AF_UNIX, "the journal, the service manager, sockets of workloads"),
	ONE("socketpair", D, 0, AF_UNIX, "between a child and us"),
	ANY("connect", D | S, "the journal, the service manager"),
	ANY("bind", D, "sockets of workloads"),
	ANY("listen", D, "sockets of workloads"),
	ANY("accept4", D, "clients"),
	ANY("getsockopt", D | S, "who is at the other end?"),
	ANY("setsockopt", D | S, "buffers, groups of netlink events"),
	ANY("getsockname", D, "what kind of socket is it?"),
	ANY("getpeername", D, "who is at the other end?"),
	ANY("recvfrom", D | S, "calls of clients"),
	ANY("recvmsg", D | S, "calls, looked at before they are taken, events of the kernel, descriptors from a runtime"),
	ANY("sendto", D | S, "answers"),
	ANY("sendmsg", D | S, "answers with a lease, journal records"),
	ANY("shutdown", D, "a connection ends"),

	/* the loop */
	ANY("epoll_create1", D | S, "the loop"),
	ANY("epoll_ctl", D | S, "the loop"),
	ANY("epoll_wait", D | S, "the loop"),
	ANY("epoll_pwait", D | S, "the loop"),
	ANY("epoll_pwait2", D | S, "the loop"),
	ANY("poll", D | L | S, "is it alive, can it be written to?"),
	ANY("ppoll", D | L | S, "is it alive, can it be written to?"),
	ANY("eventfd2", D, "threads tell the loop that they are done"),
	ANY("timerfd_create", D | S, "timers of the loop"),
	ANY("timerfd_settime", D | S, "timers of the loop"),
	ANY("signalfd4", D, "signals of the loop"),
	ANY("clock_gettime", D | L | S, "where the vDSO cannot tell"),
	ANY("clock_getres", D, "timers of the loop"),
	ANY("gettimeofday", D | L | S, "where the vDSO cannot tell"),
	ANY("time", D | L | S, "where the vDSO cannot tell"),
	ANY("clock_nanosleep", D, "pauses"),
	ANY("restart_syscall", D | L | S, "a wait goes on after a stop"),

	/* threads and children */
	BITS("clone", D, CLONE_FLAGS, NAMESPACES, 0, "threads, and children in no other namespace"),
	ANY("vfork", D, "children"),
	ANY("execve", D, "this program anew: a filter cannot see which, NoNewPrivileges= keeps it harmless"),
	ANY("wait4", D, "children end"),
	ANY("waitid", D, "children end"),
	ONE("kill", D, 1, SIGKILL, "a child takes too long"),
	ANY("tgkill", D | L | S, "abort()"),
	ANY("pidfd_open", D | L | S, "processes of a client's cgroup"),
	ONE("pidfd_send_signal", D, 1, SIGKILL, "a child takes too long"),
	ANY("exit", D | L | S, "threads end"),
	ANY("exit_group", D | L | S, "the end"),
	ANY("futex", D | L | S, "locks"),
	ANY("sched_yield", D, "locks"),
	ANY("sched_getaffinity", D | L | S, "the allocator counts processors"),
	ANY("set_robust_list", D, "a thread or program starts"),
	ANY("set_tid_address", D, "a program starts"),
	ANY("rseq", D, "a thread or program starts"),
	ANY("arch_prctl", D, "a program starts"),
	ANY("membarrier", D, "the C library"),
	ANY("getpid", D | L | S, "who am I?"),
	ANY("getppid", D | L | S, "is the daemon still there?"),
	ANY("gettid", D | L | S, "who am I?"),
	ANY("getuid", D | L | S, "the loader; who owns a policy file?"),
	ANY("geteuid", D | L | S, "the loader; who owns a policy file?"),
	ANY("getgid", D | L | S, "the loader"),
	ANY("getegid", D | L | S, "the loader"),
	ANY("uname", D, "the journal"),
	NIL("prlimit64", D | L | S, 2, "how much stack? Nothing is set"),
	ONE("prctl", D | L | S, 0, PR_SET_PDEATHSIG, "a child ends with the daemon"),
	ONE("prctl", D | L | S, 0, PR_SET_DUMPABLE, "a child is as private as the daemon"),
	ONE("prctl", D | L | S, 0, PR_SET_NAME, "names of threads"),
	ONE("prctl", D | L | S, 0, PR_SET_NO_NEW_PRIVS, "a child adds its own filter"),
	ONE("prctl", D, 0, PR_CAPBSET_DROP, "a child drops capabilities"),
	ONE("prctl", D, 0, PR_CAP_AMBIENT, "a child drops capabilities"),
	ONE("prctl", D | L | S, 0, PR_SET_VMA, "the C library names its memory"),
	ANY("capget", D, "a child drops capabilities"),
	ANY("capset", D, "a child drops capabilities"),
	ANY("seccomp", D | L | S, "a child adds its own filter, which can only take away"),
	ONE("setrlimit", D, 0, RLIMIT_CORE, "a child leaves no core"),
	ONE("prlimit64", D, 1, RLIMIT_CORE, "a child leaves no core"),
	ANY("rt_sigaction", D | L | S, "signals"),
	ANY("rt_sigprocmask", D | L | S, "signals"),
	ANY("rt_sigreturn", D | L | S, "signals"),
	ANY("sigaltstack", D, "signals"),

	/* memory: never writable and executable at a time, nor executable afterwards */
	BITS("mmap", D | L | S, MMAP_PROT, PROT_EXEC, 0, "memory, files"),
	BITS("mmap", D, MMAP_PROT, PROT_WRITE, 0, "the loader maps libraries of a child"),
	BITS("mprotect", D | L | S, 2, PROT_EXEC, 0, "the loader seals; guards of stacks"),
	ANY("munmap", D | L | S, "memory"),
	ANY("mremap", D | L | S, "memory"),
	ANY("madvise", D | L | S, "memory"),
	ANY("brk", D | L | S, "memory"),
	ANY("getrandom", D | L | S, "the allocator, hash tables"),
	ANY("process_vm_readv", S, "the path that a program opens"),

	/* ioctl(), by command */
	BITS("ioctl", D, 1, IOC_TYPE, TEEGATE_IOC_TYPE << _IOC_TYPESHIFT, "the module: leases and reports"),
	ONE("ioctl", D, 1, FIONREAD, "how much did a client send?"),
	BITS("ioctl", D | L, 1, IOC_TYPE | _IOC_NRMASK, PIDFS_IOCTL_MAGIC << _IOC_TYPESHIFT | PIDFD_INFO_NR,
	     "PIDFD_GET_INFO, whatever its size: which cgroup?"),
	ONE("ioctl", D, 1, NS_GET_OWNER_UID, "whose user namespace is a container's?"),
	ONE("ioctl", D, 1, NS_GET_PARENT, "whose user namespace is a container's?"),
	ONE("ioctl", D, 1, FS_IOC_MEASURE_VERITY, "the digest of a client's executable"),
	ONE("ioctl", S, 1, SECCOMP_IOCTL_NOTIF_RECV, "what does a program want to open?"),
	ONE("ioctl", S, 1, SECCOMP_IOCTL_NOTIF_SEND, "something else: let it go on"),
	ONE("ioctl", S, 1, SECCOMP_IOCTL_NOTIF_ID_VALID, "is it still the same program?"),
	ONE("ioctl", S, 1, SECCOMP_IOCTL_NOTIF_ADDFD, "a lease for a program, instead of the device"),

#ifdef __SANITIZE_ADDRESS__
	/* a build with sanitizers, for tests: its search for leaks stops all threads by ptrace() */
	ANY("ptrace", D | L | S, "the search for leaks"),
	ANY("prctl", D | L | S, "the search for leaks"),
	BITS("clone", D | L | S, CLONE_FLAGS, NAMESPACES, 0, "the search for leaks"),
	ANY("wait4", D | L | S, "the search for leaks"),
	ANY("openat", D | L | S, "the search for leaks"),
	ANY("getdents64", D | L | S, "the search for leaks"),
	ANY("readlink", D | L | S, "the search for leaks"),
	ANY("sched_yield", D | L | S, "the search for leaks"),
	ANY("sigaltstack", D | L | S, "the search for leaks"),
#endif
};

static const struct {
	unsigned int programs;
	int capability;
	const char *reason;
} capabilities[] = {
	{ D, CAP_SYS_ADMIN, "the module's administrator; the invocation id of units" },
	{ D, CAP_NET_ADMIN, "the module's events and dumps" },
	{ D | L | S, CAP_SYS_PTRACE, "mounts, descriptors and memory of clients" },
	{ D | L, CAP_DAC_READ_SEARCH, "directories of clients, the module's device" },
};

const struct sandbox_line *sandbox_line(unsigned int i)
{
	return i < ARRAY_SIZE(table) ? &table[i] : NULL;
}

static uint64_t capabilities_of(unsigned int program)
{
	uint64_t set = 0;

	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		if (capabilities[i].programs & program)
			set |= UINT64_C(1) << capabilities[i].capability;
	return set;
}

/*
 * Where teegated is a user of its own, a child gets what is in the ambient set, and nothing else. So
 * the daemon takes out of it what children have no use for, and keeps that itself.
 */
static void limit_children(uint64_t keep)
{
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (!(capabilities_of(L) & UINT64_C(1) << cap))
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, cap, 0, 0);
		/* Takes CAP_SETPCAP, which only a daemon that was started by hand has. */
		if (!(keep & UINT64_C(1) << cap))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	}
}

/* The unit's filter has no capset(); there only what is listed here was given anyway. */
static int keep_capabilities(uint64_t keep)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	uint32_t excess = 0;

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		excess |= data[i].permitted & ~(uint32_t)(keep >> (32 * i));
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable &= data[i].permitted;
	}
	if (!excess)
		return 0;
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

int sandbox_enter(enum sandbox_program program)
{
	const uint64_t keep = capabilities_of(program);
	const struct rlimit none = { 0, 0 };
	int r;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	limit_children(keep);
	r = keep_capabilities(keep);
	return r == -EPERM && program == S ? 0 : r;
}

/* s390x has the flags of clone() second, and the arguments of mmap() in memory. */
static int argument_of(const struct sandbox_line *line)
{
	if (seccomp_arch_native() != SCMP_ARCH_S390X)
		return line->arg;
	if (!strcmp(line->call, "clone"))
		return 1;
	return strcmp(line->call, "mmap") ? line->arg : -1;
}

static int add_line(scmp_filter_ctx filter, const struct sandbox_line *line)
{
	int nr = seccomp_syscall_resolve_name(line->call), arg = argument_of(line);
	const struct scmp_arg_cmp cmp = {
		.arg = (unsigned int)arg, .op = SCMP_CMP_MASKED_EQ,
		.datum_a = line->mask, .datum_b = line->value,
	};

	if (nr == __NR_SCMP_ERROR)	/* not on this machine */
		return 0;
	if (arg < 0)
		return seccomp_rule_add(filter, SCMP_ACT_ALLOW, nr, 0);
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, nr, 1, &cmp);
}

static int fill(scmp_filter_ctx filter, enum sandbox_program program)
{
	int r;

	r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (r >= 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r >= 0 && (program & D))
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(table); i++)
		if (table[i].programs & program)
			r = add_line(filter, &table[i]);
	return r;
}

int sandbox_lock(enum sandbox_program program)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!filter)
		return -ENOMEM;
	r = fill(filter, program);
	if (r >= 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}
