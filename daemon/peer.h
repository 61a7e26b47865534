/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is at the other end of a connection. All that teegated ever believes about a client is
 * collected here, once, when it connects, and comes from the kernel or from what only root can
 * write.
 */
#ifndef TEEGATED_PEER_H
#define TEEGATED_PEER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "facts.h"
#include "place.h"

#define PEER_INSTANCE_SIZE	16

/*
 * @nameless: empty, or why this peer cannot be taken for any workload; then only @uid, @pid and
 *	@place.account may be used
 * @proc_fd: /proc/PID of the peer itself, also after its PID was given to another process
 * @cgroup_fd: the directory of the peer's own cgroup
 * @cgroup: its path from the root of the hierarchy; @cgroup_id: the number of that directory
 * @cgroup_roots: so many bytes of it name a directory that only root can have put there
 * @workload: number of the unit's own directory, never of one that the workload made below it
 * @instance: the invocation id of the unit, when systemd left one where only root can
 * @label: what the LSM calls it, a text; empty when no LSM does
 * @exe: fs-verity digest of its executable, which @exe_fd is then; else no length and -1
 * @registration: NULL unless a runtime registered its container; set before policy is asked
 */
struct peer {
	atomic_uint refs;
	uid_t uid;
	pid_t pid;
	int pidfd;
	int proc_fd;
	int cgroup_fd;
	char *cgroup;
	size_t cgroup_roots;
	uint64_t cgroup_id;
	uint64_t workload;
	struct place place;
	bool has_instance;
	unsigned char instance[PEER_INSTANCE_SIZE];
	char label[LABEL_MAX + 1];
	struct digest exe;
	int exe_fd;
	struct registration *registration;
	char nameless[256];
};

/*
 * peer_supported() - does this kernel tell who connected? 0, or -EOPNOTSUPP where SO_PEERPIDFD is
 * missing (before Linux 6.5), or another error that keeps us from finding out.
 */
int peer_supported(void);

/* peer_open_cgroups() - the root of the cgroup v2 hierarchy; -EOPNOTSUPP on v1 and hybrid hosts. */
int peer_open_cgroups(void);

/*
 * peer_identify() - looks at the process that connected @socket_fd. A peer that cannot be named is
 * no failure: see @nameless. -ENOMEM, -EMFILE, -ENFILE and the like.
 */
int peer_identify(int socket_fd, int cgroups_fd, struct peer **ret);

/*
 * peer_identify_pid() - the same of a process that did not connect, for "teegatectl policy
 * explain". -ESRCH when there is none, -EPERM and the like when we may not look.
 */
int peer_identify_pid(pid_t pid, int cgroups_fd, struct peer **ret);

/*
 * peer_pid_of() - the number of the process that a pidfd holds. -ESRCH; -EXDEV: it has none for us.
 */
int peer_pid_of(int pidfd, pid_t *ret);

/*
 * peer_verify() - is it still the same process in the same cgroup? 0, -ESRCH when it is gone,
 * -EXDEV when it moved, or what kept us from looking. Callable from any thread.
 */
int peer_verify(const struct peer *peer);

/*
 * peer_verify_pins() - and has it the label and the executable that it had? Beside the errors of
 * peer_verify(): -EKEYREJECTED for the label, -ETXTBSY for the executable.
 */
int peer_verify_pins(const struct peer *peer, bool label, bool exe);

/* peer_facts() - what policy is told about @peer, for as long as that lives. */
struct facts peer_facts(const struct peer *peer);

/*
 * peer_workload() - the number by which the kernel knows its workload: that of a cgroup only root
 * made.
 */
uint64_t peer_workload(const struct peer *peer);

/*
 * For those who look closer. peer_open_members() - the list of processes in one cgroup, NULL with
 * errno. peer_open_member() - one of those in the peer's cgroup or below: -ESRCH when it is gone,
 * -EXDEV when it is elsewhere by now. peer_pidfd_alive() - 0, or -ESRCH once the process has
 * exited.
 */
FILE *peer_open_members(int cgroup_fd);
int peer_open_member(const struct peer *peer, pid_t pid, int *ret_pidfd, int *ret_proc_fd);
int peer_pidfd_alive(int pidfd);

/*
 * peer_status_line() - what /proc/PID/status says of @key; there are lines of any length, and names have
 * their line breaks escaped, so nobody can put a line there. -ESRCH; -EBADMSG: there is no such line.
 */
int peer_status_line(int proc_fd, const char *key, char *value, size_t size);

struct peer *peer_ref(struct peer *peer);
struct peer *peer_unref(struct peer *peer);	/* NULL is allowed; always returns NULL */
void peer_unrefp(struct peer **peer);

#endif
