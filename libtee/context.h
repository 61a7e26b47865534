/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of libtee share: the context, the transports behind it, and how a failure gets
 * its words.
 *
 * A context never changes after tee_open() but for the lease that the broker transport keeps, and
 * that is a descriptor number which is set once and then only ever replaced in place (dup3()).
 * So no lock is needed, and none can be held by another thread across a fork().
 */
#ifndef TEE_CONTEXT_H
#define TEE_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evidence.h"
#include "public.h"
#include "tee.h"

/* The system calls that reach the kernel module; tests put their own here. */
struct tee_sys {
	/* All return a negative errno on failure. */
	int (*open)(const char *path);	/* O_RDWR, close-on-exec, a character device */
	int (*ioctl)(int fd, unsigned long request, void *arg);
	int (*is_lease)(int fd);	/* 0 if @fd is a lease's file, else -EBADF */
};

extern const struct tee_sys tee_sys_linux;

struct tee_request {
	const void *user_data;
	size_t user_data_len;
	unsigned int flags;	/* TEE_REPORT_* */
	unsigned int timeout_ms;
	const void *challenge;
	size_t challenge_len;	/* 0: none */
};

struct tee_event {
	unsigned int index;
	const void *data;
	size_t len;
	unsigned int timeout_ms;
};

struct tee_key_call;	/* keys.h */

struct tee_transport {
	bool is_session;	/* ctx->fd is the administrator's: secrets are within reach */
	int (*get_info)(tee_ctx *ctx, struct tee_info *ret);
	/* @ret is an encoded item: what a transport says is judged like a stranger's. */
	int (*get_report)(tee_ctx *ctx, const struct tee_request *request, uint8_t **ret,
			  size_t *ret_len);
	/* @ret_digest: TEE_DIGEST_SIZE bytes. */
	int (*extend)(tee_ctx *ctx, const struct tee_event *event, uint8_t *ret_digest);
	/* Makes @call, and leaves in it what the module answered. */
	int (*keys)(tee_ctx *ctx, struct tee_key_call *call);
};

/* Operations of leases, as bits of TEEGATE_OP_* are numbered. */
enum { OPERATION_REPORT, OPERATION_RAW, OPERATION_EXTEND, OPERATION_KEY, OPERATION_SEAL, OPERATIONS };

struct tee_ctx {
	const struct tee_transport *transport;
	const struct tee_sys *sys;
	uint64_t serial;	/* names the context to the threads' error texts */
	int fd;			/* session or lease, -1 */
	int lease[OPERATIONS];	/* broker: by operation, -1 until acquired; atomic */
	char *path;		/* broker: its socket */
	bool measured_boot;	/* device: keys may come from the firmware's root */
	uint8_t *item;		/* fake: what it answers, NULL: made up */
	size_t item_len;
};

/* One opener for each way of tee_open(); ctx is zeroed but for fds (-1), serial and sys. */
int tee_open_fd(tee_ctx *ctx, const char *number);
int tee_open_env(tee_ctx *ctx);
int tee_open_device(tee_ctx *ctx, const char *path);
int tee_open_measured_boot(tee_ctx *ctx, const char *path);
int tee_open_broker(tee_ctx *ctx, const char *path);
int tee_open_fake(tee_ctx *ctx, const char *path);

/* 0, or -EINVAL with words. */
int tee_check_timeout(tee_ctx *ctx, unsigned int timeout_ms);
int tee_open_with(const struct tee_sys *sys, const char *target, tee_ctx **ret_ctx);

/* kernel.c: the ioctls, on any session or lease. */
int tee_kernel_info(tee_ctx *ctx, int fd, struct tee_info *ret);
int tee_kernel_report(tee_ctx *ctx, int fd, const struct tee_request *request, uint8_t **ret,
		      size_t *ret_len);
/* 0, or -EOPNOTSUPP with words: can module and TEE extend a register? */
int tee_kernel_can_extend(tee_ctx *ctx, const struct tee_info *info);
int tee_kernel_extend(tee_ctx *ctx, int fd, const struct tee_event *event, uint8_t *ret_digest);
bool tee_kernel_is_lease(tee_ctx *ctx, int fd);
struct teegate_get_info;
int tee_kernel_ask_info(tee_ctx *ctx, int fd, struct teegate_get_info *ret);

struct teegate_get_report;
/* answer.c: is @report, which the module gave with @arg, what @request must have led to? */
bool tee_report_answers(const struct teegate_get_report *arg, const uint8_t *report,
			const struct tee_request *request);

/* item.c: the buffers of one request, and what was answered into them as an item. */
struct tee_buffers {
	uint8_t *memory;	/* the report, then the auxiliary data */
	uint32_t report_size;
	uint32_t aux_size;
	uint8_t claims[4096];
	uint8_t path[8 * 48];
};
/* -EPROTO for whatever the format would not take either. */
int tee_item_from_answer(const struct tee_request *request, const struct teegate_get_report *arg,
			 const struct tee_buffers *b, uint8_t **ret, size_t *ret_len);

/*
 * explain.c: words for a failure of an ioctl on @fd, with the module's own reason where it has one,
 * and what the code of firmware means.
 */
int tee_kernel_fail(tee_ctx *ctx, int fd, int error, const char *what, uint64_t fw_status);

/* clock.c: milliseconds of a clock that nobody sets. */
uint64_t tee_now_ms(void);

/* object.c */
int tee_evidence_from_item(const uint8_t *item, size_t len, tee_evidence **ret,
			   const char **ret_why);
const struct evidence *tee_evidence_plain(const tee_evidence *evidence);
/* Its parts are absent unless the evidence is of Secure Execution. */
const struct ev_se *tee_evidence_se(const tee_evidence *evidence);

/* own-claims.c: what the administrator's own leases say. */
struct tee_own {
	bool pin_uid;
	uint32_t uid;
	int cgroup_fd;		/* -1: not pinned */
	char cgroup[4096];	/* path, "" if unknown */
};
int tee_own_look(struct tee_own *ret);
void tee_own_done(struct tee_own *own);
int tee_own_claims(const struct tee_own *own, uint64_t taint, uint8_t **ret, size_t *ret_len);
/* Of these, what stays the same when the process is started again. @ret_bitmap: bit k for key k. */
int tee_own_sealing_claims(const struct tee_own *own, uint8_t **ret, size_t *ret_len,
			   uint32_t *ret_bitmap);
/* The cgroup v2 path in the text of /proc/PID/cgroup, or -ENOENT. */
int tee_own_parse_cgroup(const char *text, char *ret, size_t size);

/*
 * Leaves a text for tee_last_error() in this thread and returns @error. @ctx may be NULL: then it
 * is tee_open()'s.
 */
int tee_fail(const tee_ctx *ctx, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
