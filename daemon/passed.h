/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors that the service manager passed at start, by their names: sockets that it listens on,
 * netlink sockets that teegated may not make itself, and what it kept for us.
 */
#ifndef TEEGATED_PASSED_H
#define TEEGATED_PASSED_H

/* What units of ours call their sockets (FileDescriptorName=). */
#define PASSED_GENL	"genl"		/* generic netlink, of the host's network namespace */

/* passed_fd() - takes the next descriptor of that name; -1 when there is none (left). */
int passed_fd(const char *name);

/*
 * passed_rest() - the names of all, which belong to us, from SD_LISTEN_FDS_START on; NULL for one that
 * was taken. Returns how many.
 */
int passed_rest(char *const **ret_names);

#endif
