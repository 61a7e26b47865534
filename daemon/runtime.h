/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the word of a container runtime is worth. In a rootless container the runtime runs as the user:
 * container id, bundle, digests and hooks are all chosen by that user. So a registration is worth the
 * authority of the process that makes it, and no more.
 */
#ifndef TEEGATED_RUNTIME_H
#define TEEGATED_RUNTIME_H

#include "peer.h"
#include "registration.h"

#define RUNTIME_REASON_SIZE	256

/*
 * runtime_process() - looks at a process that somebody else sent a pidfd of. -EBADF when it is none, -ESRCH
 * when the process is gone, or what kept us from looking. Takes @pidfd.
 */
int runtime_process(int pidfd, int cgroups_fd, struct peer **ret);

/*
 * runtime_voucher() - with whose authority @peer speaks: that of the initial root, if it is that in
 * the initial user namespace with CAP_SYS_ADMIN, as no container should be; else of its user, for his
 * own. -EPERM and @reason: with nobody's. -ENOMEM and the like.
 */
int runtime_voucher(const struct peer *peer, struct voucher *ret, char reason[RUNTIME_REASON_SIZE]);

/*
 * runtime_may_register() - may @voucher, by way of @peer, speak for the container whose first process is
 * @container? 0; -EPERM and @reason; -ENOMEM and the like.
 */
int runtime_may_register(const struct voucher *voucher, const struct peer *peer,
			 const struct peer *container, int cgroups_fd,
			 char reason[RUNTIME_REASON_SIZE]);

/*
 * runtime_user_may_register() - the same of @uid, who is not root, whatever process of his says it: 0, or
 * -EPERM and @reason.
 */
int runtime_user_may_register(uid_t uid, const struct peer *container, int cgroups_fd,
			      char reason[RUNTIME_REASON_SIZE]);

/*
 * For these, and tests. runtime_delegated_to() - 1: the cgroup @fd belongs to @uid, and above it nothing
 * but what does, too, and then root's. runtime_within() - the cgroup @path is @other or lies in it.
 */
int runtime_delegated_to(int fd, int cgroups_fd, uid_t uid);
bool runtime_within(const char *path, const char *other);

#endif
