// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a thread does for one request: look whether the client could forge, make a lease with its
 * claims, and either hand that over or use it and throw it away.
 *
 * A lease that is handed over is pinned to the client's cgroup, and to its uid when policy named
 * that. The one for GetEvidence and Extend cannot be: teegated asks, and teegated is in a cgroup of
 * its own. So that lease never leaves this function, claims no uid, and the main loop looks at the
 * client once more before the answer goes out.
 */
#include <errno.h>
#include <string.h>

#include "claims.h"
#include "evidence.h"
#include "exposure.h"
#include "fw-status.h"
#include "jobs.h"
#include "note.h"
#include "sealing.h"
#include "util.h"

#define OWN_LEASE_MARGIN_MS	10000

static void PRINTF(3, 4) fail(struct job *job, int error, const char *format, ...)
{
	va_list ap;

	job->outcome = JOB_FAILED;
	job->error = error;
	job->text[0] = '\0';
	va_start(ap, format);
	text_vadd(job->text, sizeof(job->text), format, ap);
	va_end(ap);
}

/* False: the job has its outcome. */
static bool exposed_ok(struct job *job, struct exposure *exposure)
{
	exposure_look(job->peer, exposure);
	if (exposure->verdict == EXPOSURE_NONE)
		return true;
	job->trusted_privileged = exposure->verdict == EXPOSURE_OPEN && job->rule->trust_privileged;
	if (job->trusted_privileged)
		return true;
	job->outcome = JOB_FORGEABLE;
	text_add(job->text, sizeof(job->text), "%s", exposure->text);
	return false;
}

/* Keys need no TEE where a root was installed; if there is none, the module says so in firmware_ops. */
static bool device_up(struct job *job, struct device *device, struct teegate_get_info *info)
{
	device_info(device, info);
	if (info->state == TEEGATE_STATE_UP || !(job->operations & ~OPERATIONS_KEYS & ~info->firmware_ops))
		return true;
	fail(job, info->state == TEEGATE_STATE_LOST ? -ENOKEY : -ENODEV, "%s",
	     *info->reason ? (const char *)info->reason : "the TEE is not ready");
	return false;
}

/* For the time after a restart of ours. */
static int remember(const struct job *job, char **ret)
{
	struct lease lease = lease_of(job->peer, job->rule, job->operations);

	lease.grant.trusted_privileged = job->trusted_privileged;
	lease.grant.unmodified = job->abi != TEEGATE_ABI_NATIVE;
	return note_make(&lease, ret);
}

/* *@ret_claims is what @ret points to. */
static int set_keys(const struct job *job, struct key_terms *ret, uint8_t **ret_claims)
{
	const struct texts *labels = &job->rule->key_labels;
	const char *why;
	int r;

	*ret = (struct key_terms){ .roots = &job->rule->roots };
	r = sealing_claims(job->peer, job->rule, ret_claims, &ret->claims_len, &ret->bitmap, &why);
	if (r < 0)
		return r == -ENODATA ? -EPERM : r;	/* whoever admitted it has looked */
	ret->claims = *ret_claims;
	for (size_t i = 0; i < labels->n; i++) {
		size_t len = strlen(labels->list[i]) + 1;

		if (len > sizeof(ret->labels) - ret->labels_len)
			return -E2BIG;
		memcpy(ret->labels + ret->labels_len, labels->list[i], len);
		ret->labels_len += len;
	}
	return 0;
}

static int create(struct job *job, struct device *device, const struct teegate_get_info *info,
		  const struct exposure *exposure)
{
	uint64_t deadline_ms = job->timeout_ms ?: info->timeout_default_ms;
	bool handed_over = job->kind == JOB_LEASE;
	const struct pins pins = handed_over ? job->rule->pins : (struct pins){ .uid = false };
	CLEANUP(freep) uint8_t *claims = NULL, *sealing = NULL;
	CLEANUP(freep) char *note = NULL;
	struct key_terms keys;
	struct lease_request request = {
		.operations = job->operations,
		.cgroup_fd = handed_over ? job->peer->cgroup_fd : -1,
		.pin_uid = pins.uid,
		.uid = job->peer->uid,
		.label = pins.label ? job->peer->label : NULL,
		.exe_fd = pins.exe ? job->peer->exe_fd : -1,
		.workload = peer_workload(job->peer),
		.rate_per_minute = job->rule->quota.rate_per_minute,
		.rate_burst = job->rule->quota.rate_burst,
		.max_pending = handed_over ? job->rule->max_pending : 0,
		.lifetime_ms = handed_over ? job->rule->lifetime_ms :
			       deadline_ms + OWN_LEASE_MARGIN_MS,
		.abi = job->abi,
		.extend_events = job->extend_events,
		.extend_bytes = job->extend_bytes,
	};
	int r;

	/* Whoever admitted it has looked; a lease without its pin must not come of a mistake. */
	if ((pins.label && !*job->peer->label) || (pins.exe && job->peer->exe_fd < 0))
		return -EPERM;
	if (job->operations & (TEEGATE_OP_REPORT | TEEGATE_OP_EXTEND)) {
		r = claims_make(job->peer, job->rule, &pins, info->taint, exposure->text, &claims,
				&request.claims_len);
		if (r < 0)
			return r;
		request.claims = claims;
	}
	if (job->operations & OPERATIONS_KEYS) {
		r = set_keys(job, &keys, &sealing);
		if (r < 0)
			return r;
		request.keys = &keys;
	}
	if (handed_over) {
		r = remember(job, &note);
		if (r < 0)
			return r;
		request.note = (const uint8_t *)note;
		request.note_len = strlen(note);
	}
	return device_create_lease(device, &request, &job->lease_fd, &job->lease_id);
}

static const char *provider_tag(uint32_t provider)
{
	return provider == TEEGATE_PROVIDER_NONE ? NULL : provider_name(provider);
}

/* What the Ultravisor's answer means nothing without. *ret is what @evidence points to. */
static int add_se_details(struct evidence *evidence, const struct job *job,
			  const struct teegate_get_report *io, uint8_t **ret)
{
	int r;
	const struct ev_se se = {
		.challenge = { job->challenge, job->challenge_len },
		.config_uid = { io->config_uid, sizeof(io->config_uid) },
		.user_data = evidence->bound ?
			(struct ev_bytes){ io->report_data, sizeof(io->report_data) } :
			(struct ev_bytes){ job->user_data, job->user_data_len },
	};

	evidence->details.len = 0;
	r = ev_se_encode(&se, ret, &evidence->details.len);
	if (r < 0)
		return r == -ENOMEM ? r : -EPROTO;
	evidence->details.data = *ret;
	return 0;
}

static int encode(struct job *job, const struct report *report, bool raw)
{
	const struct teegate_get_report *io = &report->io;
	CLEANUP(freep) uint8_t *details = NULL;
	struct evidence evidence = {
		.provider = provider_tag(io->provider),
		.report = { report->data, io->report_len },
		.bound = !raw,
	};
	int r;

	if (!evidence.provider)
		return -EPROTO;
	if (io->provider == TEEGATE_PROVIDER_SE) {
		r = add_se_details(&evidence, job, io, &details);
		if (r < 0)
			return r;
	}
	if (io->aux_len > 0)
		*(io->provider == TEEGATE_PROVIDER_TDX ? &evidence.event_log : &evidence.aux) =
			(struct ev_bytes){ report->aux, io->aux_len };
	if (!raw)
		evidence.binding = (struct ev_binding){
			.claims = { report->claims, io->claims_len },
			.user_data = { job->user_data, job->user_data_len },
			.leaf_index = io->leaf_index,
			.tree_size = io->tree_size,
			.path = report->path,
			.path_count = io->path_len / TEEGATE_HASH_SIZE,
			.blind = { io->blind, sizeof(io->blind) },
		};
	return ev_encode(&evidence, &job->evidence, &job->evidence_len);
}

/* What is left of the client's time, which it also spent in our queue. False: nothing. */
bool job_remaining(const struct job *job, uint32_t *ret)
{
	uint64_t spent = now_ms() - job->submitted_ms;

	*ret = job->timeout_ms;
	if (job->timeout_ms == 0)
		return true;
	if (spent >= job->timeout_ms)
		return false;
	*ret = (uint32_t)(job->timeout_ms - spent);
	return true;
}

static bool aux_wanted(const struct job *job, uint32_t provider)
{
	switch (provider) {
	case TEEGATE_PROVIDER_SE:	/* the measurement covers it: nobody can check one without */
		return true;
	case TEEGATE_PROVIDER_TDX:
		return job->event_log;
	default:
		return job->certificates;
	}
}

static int ask(struct job *job, const struct teegate_get_info *info)
{
	bool raw = job->operations & TEEGATE_OP_RAW_REPORT;
	struct report_request request = {
		.flags = (raw ? TEEGATE_REPORT_RAW : 0) |
			 (aux_wanted(job, info->provider) ? TEEGATE_REPORT_AUX : 0),
		.user_data = job->user_data,
		.user_data_len = job->user_data_len,
		.challenge = job->challenge,
		.challenge_len = job->challenge_len,
	};
	CLEANUP(report_done) struct report report = { 0 };
	int r;

	if (!job_remaining(job, &request.timeout_ms))
		return -ETIMEDOUT;
	r = device_report(job->lease_fd, info, &request, &report);
	job->fw_status = report.io.fw_status;
	return r < 0 ? r : encode(job, &report, raw);
}

/* Once: whatever the module says, the register may have changed. */
static int extend(struct job *job)
{
	struct teegate_extend io = {
		.index = job->index,
		.event = (uintptr_t)job->event,
		.event_len = (uint32_t)job->event_len,
	};
	int r;

	if (!job_remaining(job, &io.timeout_ms))
		return -ETIMEDOUT;
	r = device_extend(job->lease_fd, &io);
	job->fw_status = io.fw_status;
	if (r >= 0)
		memcpy(job->digest, io.digest, sizeof(job->digest));
	return r;
}

static int use_lease(struct jobs *jobs, struct job *job, const struct teegate_get_info *info)
{
	int r = -ECANCELED;

	if (job_set_lease(jobs, job, job->lease_id))
		r = job->operations & OPERATIONS_KEYS ? work_keys(job) :
		    job->kind == JOB_EXTEND ? extend(job) : ask(job, info);
	if (r == -EDQUOT)
		job->retry_ms = device_retry_ms(job->lease_fd);
	job_set_lease(jobs, job, 0);
	closep(&job->lease_fd);		/* and with its last descriptor the lease is gone */
	job->lease_fd = -1;
	return r;
}

static bool firmware_can(struct job *job, const struct teegate_get_info *info)
{
	uint64_t missing = job->operations & ~info->firmware_ops;

	if (missing & OPERATIONS_KEYS) {
		job->outcome = JOB_FAILED;
		job->error = -ENODATA;
		work_keys_explain(job, info, -ENODATA, job->text, sizeof(job->text));
	} else if (missing & TEEGATE_OP_EXTEND)
		fail(job, -EOPNOTSUPP, "there are no registers to extend: that takes TDX, and a kernel that lets modules do it (Linux 6.16)");
	else if (missing)
		fail(job, -EOPNOTSUPP, "%s", device_advice(-EOPNOTSUPP));
	return !missing;
}

/* A program that knows sev-guest may ask it for keys, too: it gets those of its workload, where it may. */
static void add_keys(struct job *job, const struct teegate_get_info *info)
{
	const struct facts facts = peer_facts(job->peer);

	if (job->kind == JOB_LEASE && job->abi == TEEGATE_ABI_SEV_GUEST && !rule_keyless(job->rule, &facts))
		job->operations |= job->rule->operations & info->firmware_ops & TEEGATE_OP_DERIVE_KEY;
}

/* Only SEV-SNP has privilege levels, and there a kernel that is not at the expected one is another. */
static bool vmpl_fits(struct job *job, const struct teegate_get_info *info)
{
	if (!job->rule->has_vmpl || info->provider != TEEGATE_PROVIDER_SEV_SNP ||
	    info->vmpl == job->rule->vmpl)
		return true;
	fail(job, -EPERM, "policy grants this at VMPL %u, and the guest kernel runs at VMPL %u",
	     job->rule->vmpl, info->vmpl);
	return false;
}

/* One TEE answers challenges and nothing else; the others know none. */
static bool challenge_fits(struct job *job, const struct teegate_get_info *info)
{
	bool se = info->provider == TEEGATE_PROVIDER_SE;

	if (job->kind != JOB_EVIDENCE || se == (job->challenge_len > 0))
		return true;
	fail(job, -EINVAL, se ? "IBM Secure Execution only answers the request of a verifier: give its challenge" :
	     "a challenge is for IBM Secure Execution; this TEE takes the verifier's nonce as userData");
	return false;
}

/* The errno, and what makes it a matter of the host rather than of the client. */
static void explain(struct job *job, struct device *device, int error)
{
	struct teegate_get_info info = { 0 };
	const char *words = NULL;

	if (error == -EAGAIN || job->fw_status)
		device_info(device, &info);
	if (error == -EAGAIN && info.in_flight_max > 0 && info.quarantined >= info.in_flight_max) {
		job->host_stuck = true;
		fail(job, error, "the host holds all %u buffers and has not answered in time; they come back when it does",
		     info.in_flight_max);
		return;
	}
	/* Of a report, once there is a lease: what else could be wrong was looked at before. */
	if (error == -EINVAL && job->challenge_len > 0) {
		fail(job, error, "the challenge is no attestation request (ARCB), or one that was cut off");
		return;
	}
	if (error == -E2BIG) {
		fail(job, error, "the names in its policy and identity are too long to be kept with a lease; shorten them");
		return;
	}
	if (job->operations & OPERATIONS_KEYS && job->lease_id && job->kind != JOB_LEASE && !job->fw_status) {
		device_info(device, &info);
		job->outcome = JOB_FAILED;
		job->error = error;
		work_keys_explain(job, &info, error, job->text, sizeof(job->text));
		return;
	}
	if (job->fw_status)
		words = fw_status_text(info.provider, job->fw_status);
	fail(job, error, "%s%s%s", device_advice(error), words ? ": " : "", words ?: "");
}

void work(struct jobs *jobs, struct device *device, struct job *job)
{
	struct teegate_get_info info;
	struct exposure exposure;
	int r;

	if (!job_set_lease(jobs, job, 0)) {
		fail(job, -ECANCELED, "nobody waits for it any more");
		return;
	}
	if (!exposed_ok(job, &exposure) || !device_up(job, device, &info))
		return;
	add_keys(job, &info);
	if (!vmpl_fits(job, &info) || !firmware_can(job, &info) || !challenge_fits(job, &info))
		return;
	r = create(job, device, &info, &exposure);
	if (r >= 0 && job->kind != JOB_LEASE)
		r = use_lease(jobs, job, &info);
	if (r < 0)
		explain(job, device, r);
}
