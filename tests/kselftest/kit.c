// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The scene of the tests, see kit.h. What the software firmware is called, fw.c knows.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fw.h"
#include "kit.h"
#include "sha384.h"
#include "tee.h"

int kit_main(int argc, char **argv)
{
	tee_look();
	tap_setup = fw_settle;
	return tap_main(argc, argv);
}

int tg(int fd, unsigned int cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

int device_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int session_open(void)
{
	int fd = device_open(TEEGATE_DEVICE);

	ASSERT_EQ(fd < 0 ? fd : 0, 0);
	return fd;
}

/* ---- leases ---- */

struct teegate_create_lease lease_wish(uint64_t ops, const char *claims)
{
	return (struct teegate_create_lease) {
		.size = sizeof(struct teegate_create_lease),
		.flags = TEEGATE_LEASE_UNPINNED,
		.ops = ops,
		.claims = (uintptr_t)claims,
		.claims_len = claims ? (uint32_t)strlen(claims) : 0,
		.cgroup_fd = -1,
	};
}

struct lease lease_make(struct teegate_create_lease wish)
{
	int session = session_open();

	ASSERT_EQ(tg(session, TEEGATE_CREATE_LEASE, &wish), 0);
	close(session);
	return (struct lease) { wish.lease_fd, wish.lease_id };
}

struct lease lease_unpinned(void)
{
	return lease_make(lease_wish(BOTH, CLAIMS));
}

struct lease lease_in_cgroup(const char *cgroup)
{
	struct teegate_create_lease wish = lease_wish(BOTH, CLAIMS);
	struct lease l;

	wish.flags = 0;
	wish.cgroup_fd = cgroup_open(cgroup);
	l = lease_make(wish);
	close(wish.cgroup_fd);
	return l;
}

struct lease lease_for_everything(void)
{
	const uint64_t ops = BOTH | KEY_OPS | TEEGATE_OP_EXTEND;
	struct teegate_create_lease wish = lease_wish(ops, CLAIMS);

	wish.sealing_claims = (uintptr_t)CLAIMS;
	wish.sealing_claims_len = (uint32_t)strlen(CLAIMS);
	wish.root_sources = 1U << TEEGATE_ROOT_TPM;
	wish.extend_max = UINT32_MAX;
	wish.extend_bytes_max = UINT32_MAX;
	return lease_make(wish);
}

struct teegate_narrow narrow_wish(uint64_t ops)
{
	return (struct teegate_narrow) {
		.size = sizeof(struct teegate_narrow),
		.ops = ops,
		.cgroup_fd = -1,
	};
}

struct lease lease_narrow(int parent, uint64_t ops)
{
	struct teegate_narrow wish = narrow_wish(ops);

	ASSERT_EQ(tg(parent, TEEGATE_NARROW, &wish), 0);
	return (struct lease) { wish.lease_fd, wish.lease_id };
}

int lease_revoke(int fd, uint64_t id)
{
	struct teegate_revoke r = { .size = sizeof(r), .lease_id = id };

	return tg(fd, TEEGATE_REVOKE, &r);
}

struct teegate_get_info info_of(int fd)
{
	struct teegate_get_info info = { .size = sizeof(info) };

	ASSERT_EQ(tg(fd, TEEGATE_GET_INFO, &info), 0);
	return info;
}

struct teegate_get_info info_now(void)
{
	int session = session_open();
	struct teegate_get_info info = info_of(session);

	close(session);
	return info;
}

/* ---- reports ---- */

void report_wish(struct evidence *ev, uint32_t flags, const void *data, uint32_t len)
{
	memset(ev, 0xa5, sizeof(*ev));
	ev->r = (struct teegate_get_report) {
		.size = sizeof(ev->r),
		.flags = flags,
		.user_data = (uintptr_t)data,
		.user_data_len = len,
		.report = (uintptr_t)ev->report,
		.report_len = sizeof(ev->report),
	};
	if (flags & TEEGATE_REPORT_AUX) {
		ev->r.aux = (uintptr_t)ev->aux;
		ev->r.aux_len = sizeof(ev->aux);
	}
	if (!(flags & TEEGATE_REPORT_RAW)) {
		ev->r.claims = (uintptr_t)ev->claims;
		ev->r.claims_len = sizeof(ev->claims);
		ev->r.path = (uintptr_t)ev->path;
		ev->r.path_len = sizeof(ev->path);
	}
	if (tee_found() && tee_found()->challenge)
		tee_found()->challenge(&ev->r);
}

int report_once_met(int fd, uint32_t flags, uint32_t timeout_ms, const char *fault, struct evidence *ev)
{
	const uint64_t hits = fw_hits(fault);
	uint32_t ms = timeout_ms * tap_slow();
	int r;

	do {
		report_wish(ev, flags, "fault", 5);
		ev->r.timeout_ms = ms;
		r = tg(fd, TEEGATE_GET_REPORT, &ev->r);
		ms *= 4;
	} while (r == -ETIMEDOUT && fw_hits(fault) == hits && ms <= 30000 * tap_slow());
	return r;
}

int report_get(int fd, uint32_t flags, const void *data, uint32_t len, struct evidence *ev)
{
	report_wish(ev, flags, data, len);
	return tg(fd, TEEGATE_GET_REPORT, &ev->r);
}

/* On the heap: threads with small stacks call this. */
static int try_with(int fd, uint32_t flags)
{
	struct evidence *ev = malloc(sizeof(*ev));
	int r;

	ASSERT(ev);
	r = report_get(fd, flags, "try", 3, ev);
	free(ev);
	return r;
}

int report_try(int fd)
{
	return try_with(fd, 0);
}

int report_try_raw(int fd)
{
	return try_with(fd, TEEGATE_REPORT_RAW);
}

int report_try_local(int fd)
{
	return try_with(fd, TEEGATE_REPORT_LOCAL);
}

struct teegate_extend extend_wish(uint32_t index, const void *event, uint32_t len)
{
	return (struct teegate_extend) {
		.size = sizeof(struct teegate_extend),
		.index = index,
		.event = (uintptr_t)event,
		.event_len = len,
	};
}

int extend_try(int fd, uint32_t index, const void *event, uint32_t len)
{
	struct teegate_extend wish = extend_wish(index, event, len);

	return tg(fd, TEEGATE_EXTEND, &wish);
}

bool can_extend(void)
{
	return info_now().firmware_ops & TEEGATE_OP_EXTEND;
}

const uint8_t *report_data_of(const struct evidence *ev)
{
	const struct tee *tee = the_tee();
	const uint8_t *data = tee->measured_data ? tee->measured_data(ev) :
			      tee->report_data(ev->report, ev->r.report_len);

	ASSERT(data);
	return data;
}

/* leaf = H(0x00 || H(claims) || blind || u32be(length of data) || data) */
static void leaf_of(const void *claims, uint32_t claims_len, const uint8_t *blind,
		    const void *data, uint32_t len, uint8_t leaf[SHA384_SIZE])
{
	uint8_t m[1 + SHA384_SIZE + TEEGATE_BLIND_SIZE + 4 + TEEGATE_USER_DATA_MAX];
	uint8_t *p = m;

	*p++ = 0;
	sha384(claims, claims_len, p);
	p += SHA384_SIZE;
	memcpy(p, blind, TEEGATE_BLIND_SIZE);
	p += TEEGATE_BLIND_SIZE;
	for (int shift = 24; shift >= 0; shift -= 8)
		*p++ = (uint8_t)(len >> shift);
	if (len)
		memcpy(p, data, len);
	sha384(m, (size_t)(p - m) + len, leaf);
}

void expect_bound(const struct evidence *ev, const void *data, uint32_t len, const void *claims,
		  uint32_t claims_len)
{
	static const uint8_t none[TEEGATE_BLIND_SIZE];
	uint8_t want[REPORT_DATA_SIZE];

	EXPECT_EQ(ev->r.provider, the_tee()->provider);
	EXPECT(!(ev->r.flags & TEEGATE_REPORT_LOCAL) || ev->r.report_len == 1024);
	EXPECT_EQ(ev->r.tree_size, 1);
	EXPECT_EQ(ev->r.leaf_index, 0);
	EXPECT_EQ(ev->r.path_len, 0);
	EXPECT_EQ(ev->r.fw_status, 0);
	EXPECT_EQ(ev->r.claims_len, claims_len);
	EXPECT_MEM(ev->claims, claims, claims_len);
	EXPECT(memcmp(ev->r.blind, none, sizeof(none)));
	leaf_of(claims, claims_len, ev->r.blind, data, len, want);
	memcpy(want + SHA384_SIZE, "teegate/bound/v1", 16);
	EXPECT_MEM(report_data_of(ev), want, sizeof(want));
	EXPECT_MEM(ev->r.report_data, want, sizeof(want));
}

static void *asker_main(void *arg)
{
	struct asker *a = arg;

	a->result = tg(a->fd, TEEGATE_GET_REPORT, &a->ev.r);
	a->done = true;
	return NULL;
}

void asker_run(struct asker *a)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	ASSERT_EQ(pthread_create(&a->thread, &attr, asker_main, a), 0);
	pthread_attr_destroy(&attr);
}

struct asker *ask_start_within(int fd, uint32_t flags, uint32_t timeout_ms)
{
	struct asker *a = malloc(sizeof(*a));

	ASSERT(a);
	a->fd = fd;
	a->flags = flags;
	a->done = false;
	report_wish(&a->ev, flags, "ask", 3);
	a->ev.r.timeout_ms = timeout_ms;
	asker_run(a);
	return a;
}

struct asker *ask_start(int fd, uint32_t flags)
{
	return ask_start_within(fd, flags, 0);
}

int ask_result(struct asker *a)
{
	ASSERT_EQ(pthread_join(a->thread, NULL), 0);
	return a->result;
}

void ask_free(struct asker *a)
{
	free(a);
}

/* ---- cgroups ---- */

const char *cgroup_root(void)
{
	static char where[256];
	char line[1024], dir[256], type[64];
	FILE *f;

	if (where[0])
		return where;
	f = fopen("/proc/self/mounts", "re");
	ASSERT(f);
	while (!where[0] && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %255s %63s", dir, type) == 2 && !strcmp(type, "cgroup2"))
			strcpy(where, dir);
	}
	fclose(f);
	if (where[0])
		return where;
	mkdir("/tmp", 0755);
	mkdir("/tmp/cgroup", 0755);
	ASSERT_EQ(mount("cgroup2", "/tmp/cgroup", "cgroup2", 0, NULL) ? -errno : 0, 0);
	return strcpy(where, "/tmp/cgroup");
}

const char *cgroup_make(const char *parent, const char *name)
{
	char *path;

	if (parent)
		ASSERT(asprintf(&path, "%s/%s", parent, name) > 0);
	else
		ASSERT(asprintf(&path, "%s/tg-%d-%s", cgroup_root(), getpid(), name) > 0);
	ASSERT_EQ(mkdir(path, 0755) ? -errno : 0, 0);
	return path;
}

int cgroup_open(const char *cgroup)
{
	int fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ASSERT(fd >= 0);
	return fd;
}

int cgroup_write(const char *cgroup, const char *file, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	return write_text(path, text);
}

int cgroup_move(const char *cgroup, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return cgroup_write(cgroup, "cgroup.procs", text);
}

void cgroup_enter(const char *cgroup)
{
	ASSERT_EQ(cgroup_move(cgroup, getpid()), 0);
}

/* ---- processes ---- */

void become_user(unsigned int uid)
{
	ASSERT_EQ(setgroups(0, NULL), 0);
	ASSERT_EQ(setresgid(uid, uid, uid), 0);
	ASSERT_EQ(setresuid(uid, uid, uid), 0);
}

void socket_pair(int sock[2])
{
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock), 0);
}

union fd_message {
	char space[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

void send_fd(int sock, int fd)
{
	union fd_message u = { { 0 } };
	struct iovec iov = { "f", 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = u.space, .msg_controllen = sizeof(u.space),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	ASSERT_EQ(sendmsg(sock, &m, 0), 1);
}

int receive_fd(int sock)
{
	union fd_message u;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = u.space, .msg_controllen = sizeof(u.space),
	};
	int fd = -1;

	ASSERT_EQ(recvmsg(sock, &m, MSG_CMSG_CLOEXEC), 1);
	ASSERT(CMSG_FIRSTHDR(&m) && CMSG_FIRSTHDR(&m)->cmsg_type == SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

struct gate gate_make(void)
{
	struct gate g = { eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC) };

	ASSERT(g.fd >= 0);
	return g;
}

void gate_open(struct gate g)
{
	ASSERT_EQ(eventfd_write(g.fd, 1), 0);
}

void gate_wait(struct gate g)
{
	eventfd_t v;

	ASSERT_EQ(eventfd_read(g.fd, &v), 0);
}

bool gate_is_open(struct gate g)
{
	struct pollfd p = { .fd = g.fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

void wait_random(unsigned int max_us)
{
	struct timespec t = { .tv_nsec = (long)((unsigned long)random() % max_us) * 1000 };

	nanosleep(&t, NULL);
}

void wait_a_moment(void)
{
	nanosleep(&(struct timespec) { .tv_nsec = 1000000 }, NULL);
}

/* ---- the kernel's log ---- */

void klog_mark(const char *mark)
{
	char line[80];

	snprintf(line, sizeof(line), "<5>%s", mark);
	ASSERT_EQ(write_text("/dev/kmsg", line), 0);
}

bool klog_says(const char *mark, const char *text)
{
	int size = klogctl(10, NULL, 0);
	char *log = calloc(1, (size_t)size + 1), *at;
	bool found;

	ASSERT(log);
	ASSERT(klogctl(3, log, size) > 0);
	at = strstr(log, mark);
	found = at && strstr(at, text);
	free(log);
	return found;
}

/* ---- files ---- */

int count_open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = -3;	/* ".", ".." and the directory itself */

	ASSERT(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

long long number_in(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32] = "";
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n < 0 ? -errno : strtoll(text, NULL, 0);
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}
