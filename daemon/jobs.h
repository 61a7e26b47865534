/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What would block the main loop, done by a few threads: looking at a client, and asking firmware.
 */
#ifndef TEEGATED_JOBS_H
#define TEEGATED_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/teegate.h>

#include "account.h"
#include "budget.h"
#include "device.h"
#include "peer.h"
#include "policy.h"

#define JOBS_THREADS	12
#define JOBS_ACCOUNT_THREADS 4	/* of them for one account */
#define JOBS_MAX	64	/* waiting or running, in all; beyond that each account may still have one */
#define JOB_CHALLENGE_MAX 8192	/* bytes: a request for a hundred hosts; more takes a lease */

#define JOB_SEAL_MAX	8192	/* bytes to seal; more takes a lease */

enum job_kind { JOB_LEASE, JOB_EVIDENCE, JOB_EXTEND, JOB_DERIVE, JOB_SEAL, JOB_UNSEAL };

enum job_outcome {
	JOB_DONE,
	JOB_FORGEABLE,	/* see @text */
	JOB_FAILED,	/* see @error, @fw_status and @text */
};

struct jobs;

/* Filled in by whoever submits it; the thread owns it until done() is called. */
struct job {
	struct job *next;
	void (*done)(struct job *job);	/* in the main loop, exactly once; frees the job */
	void *owner;			/* main loop only: NULL when nobody waits any more */
	struct account *account;	/* main loop only; a thread may compare the pointer */
	uint64_t turn;			/* those of all accounts are done in this order */
	struct budgets *budgets;	/* main loop only */

	enum job_kind kind;
	struct peer *peer;
	struct policy *policy;		/* keeps @rule */
	const struct rule *rule;
	uint64_t operations;
	uint32_t abi;			/* JOB_LEASE: enum teegate_abi, of an unmodified program's descriptor */
	bool certificates, event_log;	/* wanted with the report */
	uint32_t extend_events, extend_bytes;	/* what the rule was charged with */
	uint8_t user_data[TEEGATE_RAW_DATA_MAX];
	size_t user_data_len;
	uint8_t *challenge;		/* JOB_EVIDENCE: Secure Execution, else NULL */
	size_t challenge_len;
	uint32_t timeout_ms;		/* 0: the module's default */
	uint32_t index;			/* JOB_EXTEND */
	uint8_t event[TEEGATE_EVENT_MAX];
	size_t event_len;
	char label[TEEGATE_KEY_LABEL_MAX];	/* JOB_DERIVE, JOB_SEAL */
	size_t label_len;
	bool has_params;		/* JOB_DERIVE: @root_params says which root */
	uint8_t root_params[TEEGATE_ROOT_PARAMS_SIZE];
	/*
	 * JOB_SEAL: the data, JOB_UNSEAL: the blob; then what comes of it. JOB_DERIVE: how long the key is to be,
	 * then the key. Wiped when it is freed.
	 */
	uint8_t *secret;
	size_t secret_len, secret_room;
	uint64_t submitted_ms;

	enum job_outcome outcome;
	int error;
	uint64_t fw_status;
	uint32_t retry_ms;		/* with EDQUOT: when to come back, 0 for unknown */
	bool host_stuck;		/* with EAGAIN: no buffer is left, and waiting here is no help */
	bool trusted_privileged;	/* doors stand open, and policy allows that */
	char text[512];
	int lease_fd;			/* JOB_LEASE: ours to pass on, or to close */
	uint64_t lease_id;
	uint8_t *evidence;		/* JOB_EVIDENCE */
	size_t evidence_len;
	uint8_t digest[TEEGATE_HASH_SIZE];	/* JOB_EXTEND */
	uint8_t root_id[TEEGATE_ROOT_ID_SIZE];	/* JOB_DERIVE, with @root_params */

	/* guarded by the lock of the jobs */
	uint64_t running_lease;
	bool cancelled;
};

int jobs_new(struct device *device, struct jobs **ret);
/*
 * jobs_free() - cancels what runs and waits some seconds for it; what then still hangs is left to the
 * end of the process. Returns false in that case.
 */
bool jobs_free(struct jobs *jobs);

/* jobs_fd() - becomes readable when jobs_collect() has something to do. */
int jobs_fd(const struct jobs *jobs);
void jobs_collect(struct jobs *jobs);

/*
 * jobs_submit() - -EBUSY when there are too many. Accounts take turns: a job waits for those that run,
 * and for no more than one of each other account beside those that had their turn before it.
 */
int jobs_submit(struct jobs *jobs, struct job *job);
/* jobs_cancel() - nobody wants the result any more; done() is called all the same. */
void jobs_cancel(struct jobs *jobs, struct job *job);

/*
 * jobs_forget_lease() - nobody was given the lease of this job; from now on it is one of those that
 * jobs_had_lease() knows.
 */
void jobs_forget_lease(struct jobs *jobs, uint64_t lease_id);
/* jobs_had_lease() - was this lease made for a job, which used it and threw it away? Of the last 256. */
bool jobs_had_lease(struct jobs *jobs, uint64_t lease_id);

/* job_make_secret() - room for @room bytes. False: no memory. */
bool job_make_secret(struct job *job, size_t room);

struct job *job_new(enum job_kind kind, struct peer *peer, struct policy *policy,
		    const struct rule *rule);
void job_free(struct job *job);

/* work-keys.c: the same for what comes of keys, by the lease of @job. Negative: why not. */
int work_keys(struct job *job);
/* work.c, for that: what is left of the client's time, which it also spent in our queue. False: nothing. */
bool job_remaining(const struct job *job, uint32_t *ret);
/* What to say of an errno of work_keys(). */
void work_keys_explain(const struct job *job, const struct teegate_get_info *info, int error, char *text,
		       size_t size);

/* work.c: does the job, in a thread of its own. */
void work(struct jobs *jobs, struct device *device, struct job *job);
/* For work.c: names the lease that cancelling the job has to revoke. False: cancelled already. */
bool job_set_lease(struct jobs *jobs, struct job *job, uint64_t lease_id);

#endif
