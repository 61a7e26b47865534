// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The pins to what a task is: the file that it was started from, and the label that an LSM gave it;
 * and what a task may do to look like another.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"
#include "scene.h"

/* ---- programs ---- */

static void copy_program(const char *to)
{
	char page[4096];
	ssize_t n;
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	ASSERT(from >= 0 && fd >= 0);
	while ((n = read(from, page, sizeof(page))) > 0)
		ASSERT_EQ(write(fd, page, (size_t)n), n);
	ASSERT_EQ(fchmod(fd, 0755), 0);
	close(from);
	close(fd);
}

/* A copy of this program under a name of its own. */
static const char *program(const char *name)
{
	char *path;

	ASSERT(asprintf(&path, "/tmp/%d-%s", getpid(), name) > 0);
	copy_program(path);
	return path;
}

static struct teegate_create_lease exe_wish(const char *path)
{
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);

	wish.flags |= TEEGATE_LEASE_PIN_EXE;
	wish.exe_fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT(wish.exe_fd >= 0);
	return wish;
}

static struct lease lease_for_program(const char *path)
{
	struct teegate_create_lease wish = exe_wish(path);
	struct lease l = lease_make(wish);

	close(wish.exe_fd);
	ASSERT_EQ(fcntl(l.fd, F_SETFD, 0), 0);
	return l;
}

struct asking {
	const char *path;
	const char *how;	/* see main() */
	int fd;
	bool as_root;
	int want;
	const char *other;	/* a second program */
};

static void run_program(void *arg)
{
	struct asking *a = arg;
	char fd[16], want[16];

	if (!a->as_root)
		become_user(USER_UID);
	snprintf(fd, sizeof(fd), "%d", a->fd);
	snprintf(want, sizeof(want), "%d", a->want);
	execl(a->path, "program", a->how, fd, want, a->other, NULL);
	EXPECT(!"exec worked");
}

static void expect_program(struct asking a)
{
	in_child(run_program, &a);
}

/* Started that way: asks, and is content with just that answer. */
static int just_ask(int fd, int want)
{
	EXPECT_EQ(report_try(fd), want);
	return tap_failed();
}

static void *ask_in_thread(void *arg)
{
	EXPECT_EQ(report_try(*(int *)arg), 0);
	return NULL;
}

static void ask_in_fork(void *arg)
{
	EXPECT_EQ(report_try(*(int *)arg), 0);
}

static int ask_around(int fd)
{
	pthread_t thread;

	ASSERT_EQ(pthread_create(&thread, NULL, ask_in_thread, &fd), 0);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	in_child(ask_in_fork, &fd);
	return tap_failed();
}

TEST(the_executable_pin_admits_the_program_and_not_its_copy)
{
	const char *path = program("pinned"), *copy = program("copy");
	struct lease l = lease_for_program(path);

	expect_program((struct asking) { path, "--ask", l.fd, false, 0, NULL });
	expect_program((struct asking) { copy, "--ask", l.fd, false, -EPERM, NULL });
	expect_program((struct asking) { path, "--around", l.fd, false, 0, NULL });
	expect_program((struct asking) { path, "--ask", l.fd, false, 0, NULL });
	EXPECT_EQ(report_try(l.fd), -EPERM);
}

TEST(the_executable_pin_is_for_the_file_whatever_its_name)
{
	const char *path = program("pinned"), *copy = program("copy");
	struct lease l = lease_for_program(path);
	char *name;

	ASSERT(asprintf(&name, "%s-link", path) > 0);
	ASSERT_EQ(link(path, name), 0);
	expect_program((struct asking) { name, "--ask", l.fd, false, 0, NULL });
	ASSERT_EQ(rename(copy, path), 0);
	expect_program((struct asking) { path, "--ask", l.fd, false, -EPERM, NULL });
	expect_program((struct asking) { name, "--ask", l.fd, false, 0, NULL });
}

/* Who may put another file there himself, is not believed. */
TEST(the_executable_pin_refuses_who_may_rewrite_what_he_was_started_from)
{
	const char *path = program("pinned");
	struct lease l = lease_for_program(path);

	expect_program((struct asking) { path, "--ask", l.fd, false, 0, NULL });
	expect_program((struct asking) { path, "--ask", l.fd, true, -EPERM, NULL });
	expect_program((struct asking) { path, "--namespace", l.fd, false, -EPERM, NULL });
}

static int ask_in_namespace(int fd, int want)
{
	EXPECT_EQ(report_try(fd), 0);
	ASSERT_EQ(unshare(CLONE_NEWUSER), 0);
	return just_ask(fd, want);
}

TEST(nobody_can_write_to_a_program_that_a_lease_is_pinned_to)
{
	const char *path = program("pinned");
	struct teegate_create_lease wish = exe_wish(path);
	int session = session_open(), writer = open(path, O_WRONLY | O_CLOEXEC);
	struct lease l, another;

	ASSERT(writer >= 0);
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), -ETXTBSY);
	close(writer);
	l = lease_make(wish);
	EXPECT(open(path, O_WRONLY | O_CLOEXEC) < 0 && errno == ETXTBSY);
	another = lease_make(wish);
	close(l.fd);
	EXPECT(open(path, O_WRONLY | O_CLOEXEC) < 0 && errno == ETXTBSY);
	close(another.fd);
	writer = open(path, O_WRONLY | O_CLOEXEC);
	EXPECT(writer >= 0);
	close(writer);
}

TEST(what_is_no_readable_regular_file_is_no_program)
{
	const char *path = program("pinned");
	struct teegate_create_lease wish = exe_wish(path);
	int session = session_open(), fd[2];

	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), 0);
	wish.exe_fd = -1;
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), -EBADF);
	wish.exe_fd = open(path, O_PATH | O_CLOEXEC);
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), -EBADF);
	wish.exe_fd = open("/tmp", O_RDONLY | O_CLOEXEC);
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), -EINVAL);
	ASSERT_EQ(pipe2(fd, O_CLOEXEC), 0);
	wish.exe_fd = fd[0];
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), -EINVAL);
	wish.exe_fd = session;
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), -EINVAL);
}

/* Or whoever may read a file could keep its owner from writing to it. */
TEST(what_the_caller_could_not_execute_is_no_program)
{
	const char *path = program("pinned");
	struct teegate_create_lease wish = exe_wish(path);
	int session = session_open(), writer;

	ASSERT_EQ(chmod(path, 0644), 0);
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), -EACCES);
	writer = open(path, O_WRONLY | O_CLOEXEC);
	EXPECT(writer >= 0);
	close(writer);
	ASSERT_EQ(chmod(path, 0755), 0);
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), 0);
	EXPECT(open(path, O_WRONLY | O_CLOEXEC) < 0 && errno == ETXTBSY);
}

static struct lease narrow_to_program(int parent, const char *path, int want)
{
	struct teegate_narrow wish = narrow_wish(BOTH);

	wish.flags = TEEGATE_NARROW_PIN_EXE;
	wish.exe_fd = open(path, O_RDONLY | O_CLOEXEC);
	EXPECT_EQ(tg(parent, TEEGATE_NARROW, &wish), want);
	close(wish.exe_fd);
	if (!want)
		ASSERT_EQ(fcntl(wish.lease_fd, F_SETFD, 0), 0);
	return (struct lease) { wish.lease_fd, wish.lease_id };
}

TEST(narrowing_adds_the_executable_pin_and_never_changes_it)
{
	const char *path = program("pinned"), *other = program("other");
	struct lease parent = lease_unpinned(), child, grandchild;

	child = narrow_to_program(parent.fd, path, 0);
	expect_program((struct asking) { path, "--ask", child.fd, false, 0, NULL });
	expect_program((struct asking) { other, "--ask", child.fd, false, -EPERM, NULL });
	expect_program((struct asking) { path, "--narrow", child.fd, false, 0, other });
	grandchild = narrow_to_program(parent.fd, other, 0);
	expect_program((struct asking) { other, "--ask", grandchild.fd, false, 0, NULL });
}

/* As the pinned program: again the same file, which is fine, and another, which is not. */
static int narrow_pinned(int fd, const char *other)
{
	close(narrow_to_program(fd, "/proc/self/exe", 0).fd);
	narrow_to_program(fd, other, -EPERM);
	return tap_failed();
}

/* ---- a program that pretends ---- */

/* One mapping of our own file, replaced by a copy in anonymous memory, where it stands. */
static void replace_mapping(char *from, char *to, int prot)
{
	size_t len = (size_t)(to - from);
	char *copy = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT(copy != MAP_FAILED);
	memcpy(copy, from, len);
	ASSERT_EQ(mprotect(copy, len, prot), 0);
	ASSERT(mremap(copy, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, from) == from);
}

struct mapping {
	unsigned long from, to;
	int prot;
};

/* The kernel lets nobody change the executable while it is mapped. */
static void leave_own_file(void)
{
	struct mapping mappings[32];
	char line[512], own[256], rights[8];
	unsigned int n = 0;
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);
	FILE *f = fopen("/proc/self/maps", "re");

	ASSERT(f && len > 0);
	own[len] = 0;
	while (fgets(line, sizeof(line), f)) {
		struct mapping *map = &mappings[n];

		if (!strstr(line, own))
			continue;
		ASSERT(n < 32);
		ASSERT_EQ(sscanf(line, "%lx-%lx %7s", &map->from, &map->to, rights), 3);
		map->prot = (rights[0] == 'r' ? PROT_READ : 0) |
			    (rights[1] == 'w' ? PROT_WRITE : 0) |
			    (rights[2] == 'x' ? PROT_EXEC : 0);
		n++;
	}
	fclose(f);
	for (unsigned int i = 0; i < n; i++)
		replace_mapping((char *)mappings[i].from, (char *)mappings[i].to,
				mappings[i].prot);
}

/* What the kernel wants to hear besides: as it is now. */
static struct prctl_mm_map mm_now(void)
{
	struct prctl_mm_map map = {};
	char text[2048], *p;
	unsigned long v[60] = {};
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, text, sizeof(text) - 1);

	ASSERT(len > 0);
	close(fd);
	text[len] = 0;
	p = strrchr(text, ')') + 2;
	for (unsigned int i = 3; i < 53 && p; i++) {
		v[i] = strtoul(p, NULL, 10);
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	map.start_code = v[26];
	map.end_code = v[27];
	map.start_stack = v[28];
	map.start_data = v[45];
	map.end_data = v[46];
	map.start_brk = v[47];
	map.brk = (uintptr_t)sbrk(0);
	map.arg_start = v[48];
	map.arg_end = v[49];
	map.env_start = v[50];
	map.env_end = v[51];
	map.exe_fd = (uint32_t)-1;
	return map;
}

struct rewriting {
	struct prctl_mm_map map;
	int result;
};

/* In our memory, and root of a user namespace of its own. */
static int rewrite(void *arg)
{
	struct rewriting *r = arg;

	r->result = prctl(PR_SET_MM, PR_SET_MM_MAP, &r->map, sizeof(r->map), 0) ? -errno : 0;
	return 0;
}

/* Without a capability, started from anywhere: looks as if it was started from @path. */
static int pretend_to_be(const char *path)
{
	static char stack[65536] __attribute__((aligned(16)));
	struct rewriting r = { .map = mm_now() };
	int status;
	pid_t pid;

	r.map.exe_fd = (uint32_t)open(path, O_RDONLY | O_CLOEXEC);
	leave_own_file();
	pid = clone(rewrite, stack + sizeof(stack), CLONE_VM | CLONE_NEWUSER | SIGCHLD, &r);
	ASSERT(pid > 0);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	return r.result;
}

static int ask_pretending(int fd, int want, const char *path)
{
	char link[256] = "";

	EXPECT_EQ(report_try(fd), -EPERM);
	ASSERT_EQ(pretend_to_be(path), 0);
	/* It has worked, for whoever only looks at that. */
	ASSERT(readlink("/proc/self/exe", link, sizeof(link) - 1) > 0);
	EXPECT(!strcmp(link, path));
	return just_ask(fd, want);
}

TEST(a_program_that_rewrites_its_executable_does_not_pass_for_another)
{
	const char *path = program("pinned"), *evil = program("evil");
	struct lease l = lease_for_program(path);

	expect_program((struct asking) { path, "--ask", l.fd, false, 0, NULL });
	expect_program((struct asking) { evil, "--pretend", l.fd, false, -EPERM, path });
	expect_program((struct asking) { path, "--ask", l.fd, false, 0, NULL });
}

/* ---- labels ---- */

static bool label_of(pid_t pid, char label[256])
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/attr/current", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, label, 255);
	close(fd);
	if (n <= 0)
		return false;
	label[n] = 0;
	label[strcspn(label, "\n")] = 0;
	return label[0];
}

static struct teegate_create_lease label_wish(const char *label)
{
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);

	wish.flags |= TEEGATE_LEASE_PIN_LABEL;
	wish.label = (uintptr_t)label;
	wish.label_len = (uint32_t)strlen(label);
	return wish;
}

static void need_labels(char label[256])
{
	if (!label_of(getpid(), label))
		SKIP("no LSM gives tasks a label here");
}

TEST(the_label_pin_admits_that_label_alone)
{
	char label[256], *longer;
	struct lease l, other;

	need_labels(label);
	tap_note("the label is %s", label);
	l = lease_make(label_wish(label));
	EXPECT_EQ(report_try(l.fd), 0);
	other = lease_make(label_wish("somebody_else"));
	EXPECT_EQ(report_try(other.fd), -EPERM);
	ASSERT(asprintf(&longer, "%sx", label) > 0);
	other = lease_make(label_wish(longer));
	EXPECT_EQ(report_try(other.fd), -EPERM);
	longer[strlen(label) - 1] = 0;
	other = lease_make(label_wish(longer));
	EXPECT_EQ(report_try(other.fd), -EPERM);
	EXPECT_EQ(report_try(l.fd), 0);
}

/* An administrator may have it from where AppArmor adds the mode, or from where it does not. */
TEST(the_mode_of_an_AppArmor_profile_is_no_part_of_the_label)
{
	char label[256], *with;

	need_labels(label);
	ASSERT(asprintf(&with, "%s (enforce)", label) > 0);
	EXPECT_EQ(report_try(lease_make(label_wish(with)).fd), 0);
	ASSERT(asprintf(&with, "%s (whatever)", label) > 0);
	EXPECT_EQ(report_try(lease_make(label_wish(with)).fd), -EPERM);
}

#define NAMESPACES "/sys/kernel/security/apparmor/policy/namespaces"

struct relabelling {
	struct lease before, after;
	struct gate changed, seen;
};

/* AppArmor: no policy needs to be compiled for this; each policy namespace has a label of its own. */
static void change_label(const char *namespace)
{
	char text[128];

	snprintf(text, sizeof(text), "changeprofile :%s://unconfined", namespace);
	ASSERT_EQ(write_text("/proc/self/attr/current", text), 0);
}

static void show_label(void *arg)
{
	struct relabelling *r = arg;

	change_label("teegate");
	gate_open(r->changed);
	gate_wait(r->seen);
}

/* As seen from here: the task itself, in its namespace, reads another text. */
static void find_label(struct relabelling *r, char label[256])
{
	pid_t pid = child_start(show_label, r);

	gate_wait(r->changed);
	ASSERT(label_of(pid, label));
	gate_open(r->seen);
	child_ok(pid);
}

static void ask_with_changed_label(void *arg)
{
	struct relabelling *r = arg;

	EXPECT_EQ(report_try(r->before.fd), 0);
	EXPECT_EQ(report_try(r->after.fd), -EPERM);
	change_label("teegate");
	EXPECT_EQ(report_try(r->before.fd), -EPERM);
	EXPECT_EQ(report_try(r->after.fd), 0);
}

TEST(a_task_that_changes_its_label_loses_one_lease_and_gains_the_other)
{
	struct relabelling r = { .changed = gate_make(), .seen = gate_make() };
	char label[256], changed[256];

	need_labels(label);
	mount("securityfs", "/sys/kernel/security", "securityfs", 0, NULL);
	if (mkdir(NAMESPACES "/teegate", 0755) && errno != EEXIST)
		SKIP("no AppArmor to make another label with");
	find_label(&r, changed);
	EXPECT(strcmp(changed, label));
	tap_note("%s becomes %s", label, changed);
	r.before = lease_make(label_wish(label));
	r.after = lease_make(label_wish(changed));
	in_child(ask_with_changed_label, &r);
	rmdir(NAMESPACES "/teegate");
}

TEST(narrowing_adds_the_label_pin_and_never_changes_it)
{
	struct teegate_narrow wish = narrow_wish(BOTH);
	struct lease parent, child;
	char label[256];

	need_labels(label);
	parent = lease_unpinned();
	wish.flags = TEEGATE_NARROW_PIN_LABEL;
	wish.label = (uintptr_t)label;
	wish.label_len = (uint32_t)strlen(label);
	ASSERT_EQ(tg(parent.fd, TEEGATE_NARROW, &wish), 0);
	child.fd = wish.lease_fd;
	EXPECT_EQ(report_try(child.fd), 0);
	EXPECT_EQ(tg(child.fd, TEEGATE_NARROW, &wish), 0);
	wish.label = (uintptr_t)"somebody_else";
	wish.label_len = 13;
	EXPECT_EQ(tg(child.fd, TEEGATE_NARROW, &wish), -EPERM);
	ASSERT_EQ(tg(parent.fd, TEEGATE_NARROW, &wish), 0);
	EXPECT_EQ(report_try(wish.lease_fd), -EPERM);
}

TEST(a_label_is_1_to_255_bytes_without_a_NUL)
{
	struct teegate_create_lease wish;
	static char text[512];
	int session = session_open();
	char label[256];

	need_labels(label);
	memset(text, 'l', sizeof(text));
	wish = label_wish(label);
	wish.label = (uintptr_t)text;
	for (uint32_t len = 1; len <= TEEGATE_LABEL_MAX; len += 127) {
		wish.label_len = len;
		EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), 0);
	}
	wish.label_len = 0;
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), -EINVAL);
	wish.label_len = TEEGATE_LABEL_MAX + 1;
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), -EINVAL);
	wish.label_len = 5;
	text[2] = 0;
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), -EINVAL);
	wish.label = 8;
	EXPECT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), -EFAULT);
}

/* How this program is started by itself: program HOW FD WANT [OTHER] */
int main(int argc, char **argv)
{
	const char *how = argc >= 4 ? argv[1] : "";
	int fd = argc >= 4 ? atoi(argv[2]) : -1, want = argc >= 4 ? atoi(argv[3]) : 0;

	if (!strcmp(how, "--ask"))
		return just_ask(fd, want);
	if (!strcmp(how, "--around"))
		return ask_around(fd);
	if (!strcmp(how, "--namespace"))
		return ask_in_namespace(fd, want);
	if (!strcmp(how, "--narrow") && argc == 5)
		return narrow_pinned(fd, argv[4]);
	if (!strcmp(how, "--pretend") && argc == 5)
		return ask_pretending(fd, want, argv[4]);
	return kit_main(argc, argv);
}
