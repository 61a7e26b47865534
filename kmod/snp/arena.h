/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TG_SNP_ARENA_H
#define _TG_SNP_ARENA_H

#include <linux/types.h>

struct tg_arena;

struct tg_arena *tg_arena_create(size_t size);
void tg_arena_destroy(struct tg_arena *arena);

/* The same bytes as the kernel sees them, and as they are seen between enter and leave. */
void *tg_arena_kernel(struct tg_arena *arena);
unsigned long tg_arena_user(struct tg_arena *arena);

/* In a kernel thread: take and leave the address space. Leaving wipes the arena. */
bool tg_arena_is_ours(struct tg_arena *arena);
void tg_arena_enter(struct tg_arena *arena);
void tg_arena_leave(struct tg_arena *arena);

#endif
