/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a TEE looks like to the core, and what the core looks like to a TEE.
 *
 * One backend is active in a guest. Its ask() and attach() are called by the worker of its queue
 * alone (queue.c), never by a client, so a backend needs no lock against itself; only detach() may
 * come from elsewhere and is serialised with the worker by be->channel.
 */
#ifndef _TG_BACKEND_H
#define _TG_BACKEND_H

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <uapi/linux/teegate.h>

#define TG_REPORT_DATA_SIZE 64

/*
 * The answer to one firmware request. The buffers belong to the request and are as large as
 * ops->report_max and ops->aux_max say; the request zeroises and frees them.
 */
struct tg_answer {
	u8 *report;
	u8 *aux;	/* NULL when the caller did not ask for it */
	u32 report_len;
	u32 aux_len;
	u64 fw_status;
};

struct tg_backend;

struct tg_backend_ops {
	const char *name;
	u32 provider;		/* enum teegate_provider */
	u32 transport;		/* enum teegate_transport */
	u64 firmware_ops;	/* TEEGATE_OP_* when UP */
	u32 report_max;		/* bytes */
	u32 aux_max;		/* bytes */

	/* Does this guest have this TEE? Cheap, no side effect. */
	bool (*present)(void);
	/* TEEGATE_TAINT_* of this guest. */
	u64 (*taint)(void);
	/*
	 * Module init and exit, in the loader's context. init() sets the first state with
	 * tg_backend_set_state(): WAITING and UP are both success. An error fails the load of
	 * the module. exit() comes after the worker has stopped.
	 */
	int (*init)(struct tg_backend *be);
	void (*exit)(struct tg_backend *be);
	/* In the worker, after tg_backend_kick(), when WAITING: try to reach the driver. */
	void (*attach)(struct tg_backend *be);
	/*
	 * In the worker: one exchange with firmware. 0, or -EREMOTEIO with ans->fw_status, -EPROTO,
	 * -ENOKEY (state is LOST then), -ENODEV (WAITING), -EIO with state DEAD, -ENOMEM,
	 * -ETIMEDOUT (host kept us waiting, channel lives). The backend checks that the report
	 * carries exactly report_data and is as long as it says; the core trusts no other field.
	 */
	int (*ask)(struct tg_backend *be, const u8 report_data[TG_REPORT_DATA_SIZE],
		   struct tg_answer *ans);
};

struct tg_backend {
	const struct tg_backend_ops *ops;	/* never NULL; tg_none_ops without a TEE */
	void *priv;
	struct mutex channel;	/* held around ask(), attach() and detach from a notifier */
	spinlock_t state_lock;	/* state and reason */
	u32 state;		/* enum teegate_state */
	u32 vmpl;
	char reason[TEEGATE_REASON_SIZE];
};

extern const struct tg_backend_ops tg_none_ops;	/* backend.c */
extern const struct tg_backend_ops tg_snp_ops;	/* snp/snp.c */

/*
 * Sets the state and the text that GET_INFO shows, in process context; notifiers may call it. LOST
 * and DEAD are final: later calls are ignored.
 */
__printf(3, 4)
void tg_backend_set_state(struct tg_backend *be, u32 state, const char *reason, ...);
u32 tg_backend_state(struct tg_backend *be);
/* 0 when UP, else the errno that the state means to whoever asks. */
int tg_backend_usable(struct tg_backend *be);
/* Asks the worker to call attach(). Callable from a notifier. */
void tg_backend_kick(struct tg_backend *be);

#endif
