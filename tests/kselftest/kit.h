/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the test programs share: sessions and leases, reports and the check of what a bound report
 * says, cgroups, users, descriptors sent over a socket. The check of a report is written from the
 * format's description alone and calls nothing of the project.
 *
 * Functions without a result end the case when they fail: they set a scene, they are not the test.
 */
#ifndef KIT_H
#define KIT_H

#include <linux/teegate.h>

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tap.h"

#define USER_UID 1000	/* nobody special */

/* What most leases of these tests allow. */
#define BOTH (TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT)
/* What takes a root of keys. */
#define KEY_OPS (TEEGATE_OP_DERIVE_KEY | TEEGATE_OP_SEAL)
/* What no lease ever allows. */
#define SECRET_OPS (TEEGATE_OP_ADD_SECRET | TEEGATE_OP_LIST_SECRETS | TEEGATE_OP_LOCK_SECRETS)

#define REPORT_DATA_SIZE 64

/* What every program's main() comes to: each case begins when nothing of an earlier one is left. */
int kit_main(int argc, char **argv);

/* An ioctl as the kernel sees it: 0 or a negative errno. */
int tg(int fd, unsigned int cmd, void *arg);

int session_open(void);
int device_open(const char *path);	/* descriptor or negative errno */

struct lease {
	int fd;
	uint64_t id;
};

struct teegate_create_lease lease_wish(uint64_t ops, const char *claims);
struct lease lease_make(struct teegate_create_lease wish);	/* by a session of its own */
struct lease lease_unpinned(void);				/* BOTH, no pin */
struct lease lease_in_cgroup(const char *cgroup);		/* BOTH */
/*
 * Every operation that there is, no pin; events without a bound that these tests could reach, keys
 * from a root of a TPM.
 */
struct lease lease_for_everything(void);
struct lease lease_narrow(int parent, uint64_t ops);
struct teegate_narrow narrow_wish(uint64_t ops);
int lease_revoke(int fd, uint64_t id);				/* 0 or negative errno */
struct teegate_get_info info_of(int fd);
struct teegate_get_info info_now(void);				/* by a session of its own */

#define CLAIMS "\xa1\x01\x68kselftst"	/* { 1: "kselftst" } */

struct evidence {
	struct teegate_get_report r;
	uint8_t report[128 * 1024];
	uint8_t aux[512 * 1024];
	uint8_t claims[TEEGATE_CLAIMS_MAX];
	uint8_t path[TEEGATE_PATH_MAX * TEEGATE_HASH_SIZE];
};

/* Fills ev->r for a request with buffers in *ev, all poisoned. */
void report_wish(struct evidence *ev, uint32_t flags, const void *data, uint32_t len);
/*
 * A request with this deadline meets a fault that is armed. A deadline that has passed before firmware or
 * host was asked at all, as on a busy machine, does not count: then once more, with a longer one.
 */
int report_once_met(int fd, uint32_t flags, uint32_t timeout_ms, const char *fault, struct evidence *ev);
/* Asks; 0 or negative errno. */
int report_get(int fd, uint32_t flags, const void *data, uint32_t len, struct evidence *ev);
/* The same without any interest in the answer. */
int report_try(int fd);
int report_try_raw(int fd);
int report_try_local(int fd);
const uint8_t *report_data_of(const struct evidence *ev);	/* the case ends if it has none */
/* Everything that a bound report of one requester promises. */
void expect_bound(const struct evidence *ev, const void *data, uint32_t len, const void *claims,
		  uint32_t claims_len);

/* An event for a runtime register. */
struct teegate_extend extend_wish(uint32_t index, const void *event, uint32_t len);
/* 0 or negative errno. */
int extend_try(int fd, uint32_t index, const void *event, uint32_t len);
/* Can this TEE and kernel do it at all? */
bool can_extend(void);

/* A report asked for by a thread of its own. */
struct asker {
	pthread_t thread;
	int fd;
	uint32_t flags;
	volatile bool done;
	int result;
	struct evidence ev;
};

struct asker *ask_start(int fd, uint32_t flags);
struct asker *ask_start_within(int fd, uint32_t flags, uint32_t timeout_ms);
void asker_run(struct asker *a);	/* with a wish of one's own in it */
int ask_result(struct asker *a);	/* waits; a stays readable */
void ask_free(struct asker *a);

/* cgroup v2; names are unique to the calling case. */
const char *cgroup_root(void);
const char *cgroup_make(const char *parent, const char *name);
int cgroup_open(const char *cgroup);
void cgroup_enter(const char *cgroup);
int cgroup_move(const char *cgroup, pid_t pid);			/* 0 or negative errno */
int cgroup_write(const char *cgroup, const char *file, const char *text);

void become_user(unsigned int uid);	/* for good, without capabilities */
void send_fd(int sock, int fd);
int receive_fd(int sock);
void socket_pair(int sock[2]);

/* One process lets another go on. */
struct gate {
	int fd;
};

struct gate gate_make(void);
void gate_open(struct gate g);
void gate_wait(struct gate g);
bool gate_is_open(struct gate g);	/* does not wait, and leaves it open */

/* Waits until something that gives no event has become so; after a minute the case fails. */
#define WAIT_UNTIL(cond)							\
	do {									\
		unsigned int _left = 60000 * tap_slow();				\
										\
		while (!(cond)) {						\
			if (!--_left) {						\
				tap_fail(__FILE__, __LINE__, "never so: %s", #cond);	\
				tap_end();					\
			}							\
			wait_a_moment();					\
		}								\
	} while (0)
void wait_a_moment(void);
/* Not to wait for anything, but to hit any stage of what others do. */
void wait_random(unsigned int max_us);

/* Puts a line into the kernel's log, and asks whether one with this text came after it. */
void klog_mark(const char *mark);
bool klog_says(const char *mark, const char *text);

int count_open_fds(void);
/* Number in a one-line file; -errno when there is none. */
long long number_in(const char *path);
/* 0 or negative errno. */
int write_text(const char *path, const char *text);

#endif
