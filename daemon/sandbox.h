/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What teegated takes from itself: capabilities, core dumps, and after start-up every system call
 * that it has no use for.
 */
#ifndef TEEGATED_SANDBOX_H
#define TEEGATED_SANDBOX_H

#include <stdint.h>

/* The programs of which each system call has a user: bits, for the table. */
enum sandbox_program {
	SANDBOX_DAEMON = 1 << 0,
	SANDBOX_LOOK = 1 << 1,		/* the child that examines a client, see exposure.h */
	SANDBOX_SUPERVISE = 1 << 2,	/* teegate-supervise, which reads a container's notifications */
};

/*
 * sandbox_enter() - first thing in a program: no dumps, no ptrace by others, and no capabilities but
 * those that it has a use for. Before any thread is started.
 */
int sandbox_enter(enum sandbox_program program);

/* sandbox_lock() - from here on, and for all threads: the system calls of the table, or EPERM. */
int sandbox_lock(enum sandbox_program program);

/*
 * A line of the table. @programs: SANDBOX_*; @arg: -1, or the argument of which the bits in @mask must
 * be @value.
 */
struct sandbox_line {
	const char *call;
	unsigned int programs;
	int arg;
	uint64_t mask, value;
	const char *reason;
};

/* sandbox_line() - for tests: line by line, NULL after the last. */
const struct sandbox_line *sandbox_line(unsigned int i);

#endif
