/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What waits: whose turn it is, and how much of whom. All of it under the lock of the queue, and of
 * no interest to anything but queue.c.
 */
#ifndef _TG_TURNS_H
#define _TG_TURNS_H

#include <linux/types.h>

struct list_head;
struct tg_queue;
struct tg_request;

/* Into the lane of its workload: 0, or -EDQUOT or -EAGAIN and nothing has happened. */
int tg_turns_enter(struct tg_queue *q, struct tg_request *req);
/* The first one that can be served, out of its lane; NULL: none. @room: for TG_ASK_REPORT. */
struct tg_request *tg_turns_next(struct tg_queue *q, bool room);
/* It was not begun: the next of its lane again, which has just had its turn. */
void tg_turns_return(struct tg_queue *q, struct tg_request *req);
/* Out of its lane. */
void tg_turns_leave(struct tg_request *req);
/* Off the bill, whether it was answered (@result 0) or not. */
void tg_turns_end(struct tg_queue *q, struct tg_request *req, int result);
/* Moves what belongs to leases that are gone from the lanes to @gone. */
void tg_turns_collect_gone(struct tg_queue *q, struct list_head *gone);

#endif
