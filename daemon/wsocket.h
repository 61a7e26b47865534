/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets of single containers, each in a directory of its own. Those of root's containers only root can
 * enter, to mount the socket from there. Into another user's one must know the id to get, and then is
 * refused: who connects is asked of the kernel, and a directory that the user could write to would let
 * him fill the file system.
 */
#ifndef TEEGATED_WSOCKET_H
#define TEEGATED_WSOCKET_H

#include <stdbool.h>

#define WSOCKET_NAME	"broker.sock"
#define WSOCKET_SUBDIR	"workloads"

/* wsocket_open() - the directory that theirs are in, below @run_dir; made when it is not there. */
int wsocket_open(const char *run_dir);

/*
 * wsocket_make() - a socket that listens, in the directory @id, which all may enter or only root. What was
 * there is replaced.
 */
int wsocket_make(int dir_fd, const char *id, bool all, int *ret_fd);
void wsocket_remove(int dir_fd, const char *id);

/* wsocket_sweep() - removes those that @wanted does not want. */
void wsocket_sweep(int dir_fd, bool (*wanted)(const char *id, void *userdata), void *userdata);

#endif
