/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TAP for one test program: named cases, each in a process and process group of its own, with a
 * time limit. The test harness of the kernel sources would do the same, but no header package has
 * it; this is the part of it that these programs need. It is not a library for other projects.
 *
 * A case is TEST(name) { ... }; EXPECT goes on after a failure, ASSERT ends the case. Both work in
 * helper processes too, as long as those are made with child_start() and reaped by child_ok().
 * A case that cannot run here calls SKIP; whoever runs the programs counts that as a failure
 * unless the list of cases says otherwise.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define TAP_SKIP	4	/* exit status of kselftest programs that skip */

struct tap_case {
	const char *name;
	void (*run)(void);
	unsigned int seconds;
	struct tap_case *next;
};

void tap_add(struct tap_case *c);
int tap_main(int argc, char **argv);
/* TAP_SLOW=N in the environment: all limits are N times as long. For kernels that check a lot. */
unsigned int tap_slow(void);
/* Called before each case in its process; a program may set it. */
extern void (*tap_setup)(void);

#define TEST_LIMIT(_name, _seconds)						\
	static void _name(void);						\
	__attribute__((constructor)) static void tap_add_##_name(void)		\
	{									\
		static struct tap_case c = { #_name, _name, _seconds, NULL };	\
										\
		tap_add(&c);							\
	}									\
	static void _name(void)
#define TEST(_name) TEST_LIMIT(_name, 400)

/* Both print; the failed one also remembers. */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void tap_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool tap_failed(void);
/* A helper process: fails when the case has failed in it. */
_Noreturn void tap_end(void);
_Noreturn void tap_skip(const char *why);

const char *tap_errno(long long v, char buf[32]);
bool tap_cmp_mem(const char *file, int line, const char *what, const void *got, const void *want,
		 size_t n);

#define EXPECT(cond)								\
	({									\
		bool _ok = (cond);						\
										\
		if (!_ok)							\
			tap_fail(__FILE__, __LINE__, "not so: %s", #cond);	\
		_ok;								\
	})

/* Numbers; negative ones are shown as errno as well. */
#define EXPECT_EQ(got, want)							\
	({									\
		long long _g = (long long)(got), _w = (long long)(want);	\
		char _gb[32], _wb[32];						\
										\
		if (_g != _w)							\
			tap_fail(__FILE__, __LINE__, "%s: got %s, want %s", #got,	\
				 tap_errno(_g, _gb), tap_errno(_w, _wb));	\
		_g == _w;							\
	})

#define EXPECT_MEM(got, want, n) tap_cmp_mem(__FILE__, __LINE__, #got, got, want, n)

#define ASSERT(cond)		do { if (!EXPECT(cond)) tap_end(); } while (0)
#define ASSERT_EQ(got, want)	do { if (!EXPECT_EQ(got, want)) tap_end(); } while (0)
#define SKIP(why)		tap_skip(why)

/* A helper process of the case; it ends by tap_end() when fn returns. */
pid_t child_start(void (*fn)(void *arg), void *arg);
/* Waits for it; the case fails unless the helper ended well. */
#define child_ok(pid) child_ok_at(__FILE__, __LINE__, pid)
bool child_ok_at(const char *file, int line, pid_t pid);
#define in_child(fn, arg) child_ok(child_start(fn, arg))
/* Kills and reaps it; returns the status of waitpid(). */
int child_kill(pid_t pid);

#endif
