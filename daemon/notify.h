/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notifications of seccomp: a program waits in a system call until somebody says what becomes of it.
 * Here: what it wants to open, and the four things that can be said to that.
 */
#ifndef TEEGATED_NOTIFY_H
#define TEEGATED_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* @tid: the thread that waits */
struct notification {
	uint64_t id;
	pid_t tid;
	uint32_t arch;
	int call;
	uint64_t args[6];
};

struct notify;

/* notify_new() - takes @fd in any case. -EBADF: it is something else than a notification descriptor. */
int notify_new(int fd, struct notify **ret);
struct notify *notify_free(struct notify *notify);
int notify_fd(const struct notify *notify);

/* notify_receive() - 1; 0: there is none, or not any more. Blocks, unless the descriptor was ready. */
int notify_receive(struct notify *notify, struct notification *ret);

/* notify_valid() - does that thread still wait? Only then was what we read of it its own. */
bool notify_valid(const struct notify *notify, uint64_t id);

/*
 * The answers. A thread that is gone, or was interrupted and asks again, is none of our business: no
 * error. notify_refuse() - @error is a positive errno. notify_give() - the call returns a duplicate of
 * @fd; 0, or why it could not be given, and then the thread still waits.
 */
void notify_continue(struct notify *notify, uint64_t id);
void notify_refuse(struct notify *notify, uint64_t id, int error);
int notify_give(struct notify *notify, uint64_t id, int fd, bool close_on_exec);

#endif
