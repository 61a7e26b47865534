/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a container runtime sends to a seccomp listener (OCI runtime specification, "Container Process
 * State"): JSON, and descriptors that it gives names to.
 */
#ifndef TEEGATED_HANDOVER_H
#define TEEGATED_HANDOVER_H

#include <stddef.h>
#include <sys/types.h>

#define HANDOVER_MAX		65536	/* bytes; annotations of the container are in it */
#define HANDOVER_FDS_MAX	16

/*
 * @pid: the process that the filter is on
 * @id: what the runtime calls its container; printable, may be cut off
 * @fd_index: which of the descriptors is the one for notifications
 */
struct handover {
	pid_t pid;
	char id[129];
	size_t fd_index;
};

/* handover_parse() - -EBADMSG: not that, or not yet all of it; -ENOMEM. */
int handover_parse(const char *text, struct handover *ret);

/*
 * handover_receive() - waits for all of it on the connected @socket_fd. -ENODATA: the runtime hung up
 * before; -EBADMSG: it is something else. @ret_fd is for the caller to close.
 */
int handover_receive(int socket_fd, struct handover *ret, int *ret_fd);

#endif
