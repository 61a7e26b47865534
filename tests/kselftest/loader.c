// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Before Linux 6.14 the module calls the stock driver in the address space of the process that
 * loaded it, through pages that have addresses there. What that process may do with them, who may
 * be that process, and which node is taken for the driver's. x86 only, as that driver.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw.h"
#include "keys-kit.h"
#include "modules.h"
#include "tee.h"

#define ARENA "[teegate-arena]"	/* as its mapping is called in /proc */

static void expect_works(void)
{
	struct lease l;

	WAIT_UNTIL(info_now().state == TEEGATE_STATE_UP);
	l = lease_unpinned();
	EXPECT_EQ(report_try(l.fd), 0);
	close(l.fd);
}

static void need_module(void)
{
	if (!module_loaded(OUR_MODULE))
		module_load(OUR_MODULE);
	expect_works();
}

struct mapping {
	char *at;
	size_t len;
};

static bool find_arena(struct mapping *ret)
{
	char line[512];
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long start = 0, end = 0;
	bool found = false;

	ASSERT(f);
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, ARENA) && sscanf(line, "%lx-%lx", &start, &end) == 2;
	fclose(f);
	*ret = (struct mapping) { (char *)start, end - start };
	return found;
}

/* ---- a process that loads the module, and what it then does with the module's memory ---- */

struct loader {
	const char *path;
	void (*deed)(struct mapping *m);	/* while the module is loaded */
	void (*after)(const struct mapping *m);	/* when it has gone */
	struct gate loaded, go, done, leave;
};

static void loader_run(void *arg)
{
	struct loader *l = arg;
	struct mapping m;
	int fd = open(l->path, O_RDONLY | O_CLOEXEC);

	ASSERT(fd >= 0);
	ASSERT_EQ(syscall(SYS_finit_module, fd, "", 0), 0);
	close(fd);
	ASSERT(find_arena(&m));
	gate_open(l->loaded);
	gate_wait(l->go);
	l->deed(&m);
	gate_open(l->done);
	gate_wait(l->leave);
	if (l->after)
		l->after(&m);
}

/* A new module, loaded by a process that then waits; it works. */
static pid_t loader_start(struct loader *l)
{
	pid_t pid;

	need_module();
	module_unload(OUR_MODULE);
	l->path = module_path(OUR_MODULE);
	l->loaded = gate_make();
	l->go = gate_make();
	l->done = gate_make();
	l->leave = gate_make();
	pid = child_start(loader_run, l);
	gate_wait(l->loaded);
	expect_works();
	return pid;
}

static void loader_end(struct loader *l, pid_t pid)
{
	module_unload(OUR_MODULE);
	gate_open(l->leave);
	child_ok(pid);
	need_module();
}

/* Dead, for good, and says what to do; the driver's key was not lost with it. */
static void expect_dead(void)
{
	struct lease l = lease_unpinned();
	struct teegate_get_info i;
	uint64_t requests;

	EXPECT_EQ(report_try(l.fd), -ENODEV);
	i = info_of(l.fd);
	EXPECT_EQ(i.state, TEEGATE_STATE_DEAD);
	EXPECT_EQ(i.firmware_ops & ~KEY_OPS, 0);	/* but for an installed root */
	EXPECT(strstr((char *)i.reason, "reload"));
	requests = fw_stat("requests");
	EXPECT_EQ(report_try_raw(l.fd), -ENODEV);
	EXPECT_EQ(fw_stat("requests"), requests);
	close(l.fd);
}

static void expect_deed_kills_module(struct loader *l)
{
	pid_t pid = loader_start(l);

	gate_open(l->go);
	gate_wait(l->done);
	expect_dead();
	loader_end(l, pid);
}

static void unmap(struct mapping *m)
{
	ASSERT_EQ(munmap(m->at, m->len), 0);
}

TEST(a_loader_that_unmaps_the_arena_costs_a_reload)
{
	struct loader l = { .deed = unmap };

	expect_deed_kills_module(&l);
}

static void write_protect(struct mapping *m)
{
	ASSERT_EQ(mprotect(m->at, m->len, PROT_READ), 0);
}

TEST(a_loader_that_write_protects_the_arena_costs_a_reload)
{
	struct loader l = { .deed = write_protect };

	expect_deed_kills_module(&l);
}

static void move(struct mapping *m)
{
	char *to = mmap(NULL, m->len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(to != MAP_FAILED);
	ASSERT(mremap(m->at, m->len, m->len, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	m->at = to;
}

/* Nobody else has these pages, although the module has gone; and nothing of the TEE's is in them. */
static void expect_wiped(const struct mapping *m)
{
	for (size_t i = 0; i < m->len; i++)
		if (m->at[i]) {
			EXPECT_EQ(m->at[i], 0);
			return;
		}
}

TEST(a_loader_that_moves_the_arena_costs_a_reload_and_sees_nothing_in_it)
{
	struct loader l = { .deed = move, .after = expect_wiped };

	expect_deed_kills_module(&l);
}

static void expect_no_arena(void *arg)
{
	struct mapping m;

	(void)arg;
	EXPECT(!find_arena(&m));
}

static void fork_and_look(struct mapping *m)
{
	expect_wiped(m);
	in_child(expect_no_arena, NULL);
	EXPECT(find_arena(m));
}

TEST(children_of_the_loader_have_no_arena)
{
	struct loader l = { .deed = fork_and_look };
	pid_t pid = loader_start(&l);

	gate_open(l.go);
	gate_wait(l.done);
	expect_works();
	loader_end(&l, pid);
}

static bool flag_is_set(const char *flags, const char *flag)
{
	const char *at = strstr(flags, flag);

	return at && at[-1] == ' ' && (at[2] == ' ' || at[2] == '\n');
}

/* Page frames (pf), no pages: never swapped, and get_user_pages() does not follow. */
static void look_at_flags(struct mapping *m)
{
	static const char *const wanted[] = { "pf", "io", "dc", "dd", "de" };
	char line[512];
	FILE *f = fopen("/proc/self/smaps", "re");
	bool ours = false, seen = false;

	(void)m;
	ASSERT(f);
	while (!seen && fgets(line, sizeof(line), f)) {
		ours = ours || strstr(line, ARENA);
		seen = ours && !strncmp(line, "VmFlags:", 8);
	}
	fclose(f);
	ASSERT(seen);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!flag_is_set(line, wanted[i]))
			tap_fail(__FILE__, __LINE__, "no %s in %s", wanted[i], line);
}

TEST(the_arena_is_of_page_frames_that_are_not_copied_dumped_or_grown)
{
	struct loader l = { .deed = look_at_flags };
	pid_t pid = loader_start(&l);

	gate_open(l.go);
	gate_wait(l.done);
	loader_end(&l, pid);
}

/* The loader may live for long, and then end at any time. */
TEST(the_module_works_on_when_its_loader_was_killed)
{
	struct loader l = { .deed = NULL };
	pid_t pid = loader_start(&l);

	child_kill(pid);
	expect_works();
	module_unload(OUR_MODULE);
	need_module();
}

static void do_nothing(struct mapping *m)
{
	(void)m;
}

/* Reports pass, although it sees the memory through which they come; a root of keys waits. */
TEST(while_the_loader_lives_no_key_passes_and_then_it_does)
{
	struct loader l = { .deed = do_nothing };
	static struct derived early, late, usual;
	pid_t pid = loader_start(&l);
	struct lease k = keys_lease(SEALING_CLAIMS, SOURCE(FIRMWARE)), r = lease_unpinned();
	uint64_t keys = fw_stat("keys");

	gate_open(l.go);
	EXPECT_EQ(report_try(r.fd), 0);
	EXPECT_EQ(derive_try(k.fd, "disk", 32, &early), -EAGAIN);
	EXPECT_EQ(early.key[0], 0xa5);
	EXPECT_EQ(report_try(r.fd), 0);
	EXPECT_EQ(fw_stat("keys"), keys);
	EXPECT_EQ(info_of(k.fd).state, TEEGATE_STATE_UP);
	gate_open(l.leave);
	child_ok(pid);
	EXPECT_EQ(derive_try(k.fd, "disk", 32, &late), 0);
	EXPECT_EQ(fw_stat("keys"), keys + 1);
	close(k.fd);
	close(r.fd);
	module_unload(OUR_MODULE);
	need_module();
	ASSERT_EQ(derive_try(keys_lease(SEALING_CLAIMS, SOURCE(FIRMWARE)).fd, "disk", 32, &usual), 0);
	EXPECT_MEM(late.key, usual.key, 32);
}

/* ---- process 1 ---- */

#define INIT 1

static struct user_regs_struct init_saved;

static void init_seize(void)
{
	int status;

	ASSERT_EQ(ptrace(PTRACE_SEIZE, INIT, NULL, NULL), 0);
	ASSERT_EQ(ptrace(PTRACE_INTERRUPT, INIT, NULL, NULL), 0);
	ASSERT_EQ(waitpid(INIT, &status, __WALL), INIT);
	ASSERT_EQ(ptrace(PTRACE_GETREGS, INIT, NULL, &init_saved), 0);
}

static void init_release(void)
{
	ASSERT_EQ(ptrace(PTRACE_SETREGS, INIT, NULL, &init_saved), 0);
	ASSERT_EQ(ptrace(PTRACE_DETACH, INIT, NULL, NULL), 0);
}

/* It stands behind the instruction by which it waits, and executes that once more for us. */
static long init_syscall(long nr, unsigned long a, unsigned long b, unsigned long c)
{
	struct user_regs_struct regs = init_saved;
	int status;

	regs.rip -= 2;
	ASSERT_EQ(ptrace(PTRACE_PEEKTEXT, INIT, regs.rip, NULL) & 0xffff, 0x050f);
	regs.rax = (unsigned long)nr;
	regs.orig_rax = ULONG_MAX;
	regs.rdi = a;
	regs.rsi = b;
	regs.rdx = c;
	ASSERT_EQ(ptrace(PTRACE_SETREGS, INIT, NULL, &regs), 0);
	ASSERT_EQ(ptrace(PTRACE_SINGLESTEP, INIT, NULL, NULL), 0);
	ASSERT_EQ(waitpid(INIT, &status, __WALL), INIT);
	ASSERT(WIFSTOPPED(status));
	ASSERT_EQ(ptrace(PTRACE_GETREGS, INIT, NULL, &regs), 0);
	return (long)regs.rax;
}

/* A string in its memory, below what it uses of its stack. */
static unsigned long init_string(const char *text)
{
	unsigned long to = (init_saved.rsp - 65536) & ~15UL;
	size_t len = strlen(text) + 1;

	for (size_t i = 0; i < len; i += sizeof(long)) {
		long word = 0;

		memcpy(&word, text + i, len - i < sizeof(word) ? len - i : sizeof(word));
		ASSERT_EQ(ptrace(PTRACE_POKEDATA, INIT, to + i, word), 0);
	}
	return to;
}

/* It never ends, so what is mapped in it would stay; and nobody may load a module that way. */
TEST(process_1_cannot_be_the_loader)
{
	const char *path = module_path(OUR_MODULE);
	unsigned long text;
	long fd, r;

	need_module();
	module_unload(OUR_MODULE);
	init_seize();
	text = init_string(path);
	fd = init_syscall(SYS_open, text, O_RDONLY | O_CLOEXEC, 0);
	r = init_syscall(SYS_finit_module, (unsigned long)fd, text + strlen(path), 0);
	EXPECT_EQ(init_syscall(SYS_close, (unsigned long)fd, 0, 0), 0);
	init_release();
	EXPECT(fd >= 0);
	EXPECT_EQ(r, -EINVAL);
	EXPECT(!module_loaded(OUR_MODULE));
	need_module();
}

/* ---- the driver's node ---- */

static void expect_waiting_for_node(const char *what)
{
	struct lease l;

	module_load_alone(OUR_MODULE);
	WAIT_UNTIL(strstr((char *)info_now().reason, "not usable"));
	l = lease_unpinned();
	tap_note("%s: %s", what, info_now().reason);
	EXPECT_EQ(info_now().state, TEEGATE_STATE_WAITING);
	EXPECT_EQ(report_try(l.fd), -ENODEV);
	close(l.fd);
}

/* What root or a broken rule of udev put there. Once the node is right again, nobody need do more. */
TEST(another_file_in_the_place_of_the_drivers_node_is_not_used)
{
	const char *node = the_tee()->device;
	char aside[64];

	need_module();
	snprintf(aside, sizeof(aside), "%s.aside", node);
	module_unload(OUR_MODULE);
	ASSERT_EQ(rename(node, aside), 0);

	expect_waiting_for_node("nothing");
	module_unload(OUR_MODULE);
	EXPECT_EQ(mknod(node, S_IFREG | 0600, 0), 0);
	expect_waiting_for_node("a file");
	module_unload(OUR_MODULE);
	unlink(node);
	EXPECT_EQ(mknod(node, S_IFCHR | 0600, makedev(1, 3)), 0);
	expect_waiting_for_node("/dev/null");

	unlink(node);
	ASSERT_EQ(rename(aside, node), 0);
	expect_works();
}

int main(int argc, char **argv)
{
	return kit_main(argc, argv);
}
