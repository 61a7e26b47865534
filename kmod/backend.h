/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a TEE looks like to the core, and what the core looks like to a TEE.
 *
 * One backend is active in a guest. All that talks to firmware is called by the worker of its queue
 * alone (queue.c), never by a client, so a backend needs no lock against itself; only detach() may
 * come from elsewhere and is serialised with the worker by be->channel.
 *
 * DOC: exchanges that take their time
 *
 * Where the kernel waits for firmware itself (SEV-SNP), ask() does, and there is never more than
 * one exchange. Where the host is given a buffer and answers when it likes (TDX), ask() returns
 * -EINPROGRESS, and the worker calls poll() until that returns something else, or abandon() when
 * it has waited for long enough. The worker sleeps in between for as long as the backend says.
 *
 * Where firmware may be busy with other things (SE), ask() returns -EBUSY and has kept nothing of
 * the exchange; it is called again, by turns with other exchanges, as long as anybody waits.
 */
#ifndef _TG_BACKEND_H
#define _TG_BACKEND_H

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <uapi/linux/teegate.h>

#define TG_REPORT_DATA_SIZE TEEGATE_REPORT_DATA_SIZE

/* What firmware is given to sign, made by tg_report_data() and by nobody else. */
struct tg_report_data {
	u32 len;		/* 64, except for a raw report on SE */
	u8 bytes[TEEGATE_RAW_DATA_MAX];
};

/*
 * The answer to one firmware request. The buffers belong to the request, which zeroises and frees
 * them. They come with it, as large as ops->report_max and be->aux_max say, unless the backend
 * makes them of the size of the answer (ops->makes_buffers, tg_answer_put_report()).
 */
struct tg_answer {
	u8 *report;
	u8 *aux;
	u32 report_size;	/* bytes that were allocated */
	u32 aux_size;
	u32 report_len;		/* bytes of the answer */
	u32 aux_len;
	bool wants_aux;
	u64 fw_status;
	u8 config_uid[TEEGATE_CONFIG_UID_SIZE];	/* SE */
};

/* What can be asked of firmware. */
enum tg_ask_kind {
	TG_ASK_REPORT,		/* a report for a verifier anywhere */
	TG_ASK_LOCAL,		/* a report that only this machine can check */
	TG_ASK_EXTEND,		/* an event into a runtime register and its log */
	TG_ASK_ADD_SECRET,	/* the block, into the store of firmware */
	TG_ASK_LIST_SECRETS,	/* struct teegate_secret, as many as there are, as the report */
	TG_ASK_LOCK_SECRETS,	/* no more of them until the guest restarts */
	TG_ASK_ROOT,		/* a root of keys: 32 bytes, as the report; SE: block is its id */
};

static inline bool tg_asks_for_report(enum tg_ask_kind kind)
{
	return kind == TG_ASK_REPORT || kind == TG_ASK_LOCAL;
}

/* An event, and the digest that the register is extended with: SHA-384 of the bytes. */
struct tg_event {
	u32 index;
	u32 cost;	/* bytes of the caller's own */
	u32 len;
	u8 digest[TEEGATE_HASH_SIZE];
	u8 bytes[];
};

struct tg_block;

/* One exchange with firmware. */
struct tg_exchange {
	enum tg_ask_kind kind;
	struct tg_report_data report_data;	/* tg_asks_for_report() */
	const struct tg_event *event;		/* TG_ASK_EXTEND */
	const struct tg_block *block;		/* a challenge, or what else firmware reads */
	u8 root_params[TEEGATE_ROOT_PARAMS_SIZE];	/* TG_ASK_ROOT */
	struct tg_answer answer;

	/* the backend's, as long as the exchange is in progress: */
	void *slot;
	u64 poll_at;		/* ktime_get_ns() */
	bool with_host;		/* the host owns memory of ours */
};

struct tg_backend;

struct tg_backend_ops {
	const char *name;
	u32 provider;		/* enum teegate_provider */
	u32 transport;		/* enum teegate_transport */
	u64 firmware_ops;	/* TEEGATE_OP_* when UP, unless init() sets be->firmware_ops */
	u32 report_min;		/* bytes of the shortest report */
	u32 report_max;		/* and of the longest */
	u32 local_size;		/* bytes of a local report, 0: there is none */
	u32 aux_max;		/* bytes, unless init() sets be->aux_max */
	bool makes_buffers;	/* of the answer, see there */
	bool raw_unpadded;	/* TG_SUBJECT_RAW_UNPADDED */

	/*
	 * Where reports answer a challenge: may firmware be given this block to read for @kind? In
	 * the caller. 0 or -EINVAL. NULL: there are no challenges.
	 */
	int (*check_block)(enum tg_ask_kind kind, const u8 *bytes, u32 len);

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
	 * In the worker: one exchange with firmware. 0, or -EREMOTEIO with answer.fw_status,
	 * -EPROTO, -ENOKEY (state is LOST then), -ENODEV (WAITING), -EIO with state DEAD, -ENOMEM,
	 * -ENOSPC (the log, or the store of secrets, is full), -EAGAIN (the host sits on all
	 * buffers, firmware has other things to do, or the memory to call it is not ours alone),
	 * -EOPNOTSUPP (firmware does not know the call), -ENOENT (TG_ASK_ROOT: no such secret),
	 * -ETIMEDOUT (host kept us waiting, channel lives); or -EINPROGRESS or -EBUSY, see above.
	 * The backend checks that a report carries exactly report_data, where it carries it at all,
	 * and is as long as it says; the core trusts no other field.
	 */
	int (*ask)(struct tg_backend *be, struct tg_exchange *x);

	/* All in the worker. The next three may be NULL where no exchange is ever in progress. */

	/* Has the exchange ended? As ask(); -EINPROGRESS with x->poll_at set anew. */
	int (*poll)(struct tg_backend *be, struct tg_exchange *x);
	/* Nobody will ask for this exchange any more, and @x goes. */
	void (*abandon)(struct tg_backend *be, struct tg_exchange *x);
	/* Has ask() a buffer for a TG_ASK_REPORT, or knows at once that there will be none? */
	bool (*has_room)(struct tg_backend *be);
	/*
	 * Looks after what was abandoned, and whether the way to firmware is still there. Returns
	 * when to be called again, U64_MAX for not before something else happens. May be NULL.
	 */
	u64 (*tend)(struct tg_backend *be);
};

struct tg_backend {
	const struct tg_backend_ops *ops;	/* never NULL; tg_none_ops without a TEE */
	void *priv;
	struct mutex channel;	/* held around calls into ops, and detach from a notifier */
	spinlock_t state_lock;	/* state and reason */
	u32 state;		/* enum teegate_state */
	u32 vmpl;
	char reason[TEEGATE_REASON_SIZE];
	u32 aux_max;		/* bytes, fixed by init() */
	u64 firmware_ops;	/* TEEGATE_OP_* when UP; only ever fewer after init() */
	const char *advice;	/* tg_none_ops: why that */

	/* Written by the worker for GET_INFO: buffers with the host, given up ones, all. */
	u32 in_flight;
	u32 quarantined;
	u32 in_flight_max;
	/* How long the host may keep a buffer whose requester has left: a lively one needs less. */
	u64 patience_ns;
};

extern const struct tg_backend_ops tg_none_ops;	/* backend.c */
extern const struct tg_backend_ops tg_snp_ops;	/* snp/snp.c */
extern const struct tg_backend_ops tg_tdx_ops;	/* tdx/tdx.c */
extern const struct tg_backend_ops tg_uv_ops;	/* uv/uv.c */

/* detect.c: the backend of this guest; without a TEE that works, @ret_advice says what to do. */
const struct tg_backend_ops *tg_detect(const char **ret_advice);

/*
 * Sets the state and the text that GET_INFO shows, in process context; notifiers may call it. LOST
 * and DEAD are final: later calls are ignored.
 */
__printf(3, 4)
void tg_backend_set_state(struct tg_backend *be, u32 state, const char *reason, ...);
u32 tg_backend_state(struct tg_backend *be);
/* 0 when UP, else the errno that the state means to whoever asks. */
int tg_backend_usable(struct tg_backend *be);
/* 0 when the TEE can do @ops, maybe after its driver has come; else why not. */
int tg_backend_can(struct tg_backend *be, u64 ops);
/* Asks the worker to call attach(). Callable from a notifier. */
void tg_backend_kick(struct tg_backend *be);

/* Gives @ans a buffer of its own with these bytes; @from may be memory that the host writes to. */
int tg_answer_put_report(struct tg_answer *ans, const void *from, u32 len);
int tg_answer_put_aux(struct tg_answer *ans, const void *from, u32 len);
/*
 * What the worker allocated is on nobody's bill. The caller puts it on the one of its own memory
 * cgroup before it copies out, because a page fault of its making can last for as long as it likes.
 */
int tg_answer_charge(struct tg_answer *ans);
void tg_answer_release(struct tg_answer *ans);

#endif
