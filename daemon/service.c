// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decisions. Each method first asks whether the caller can be named, then whether policy names it,
 * then whether it may have one request more; only then a thread starts to work for it. Each refusal
 * says what was seen and what would have to be different, and goes to the journal.
 */
#include <errno.h>
#include <string.h>

#include "idl.h"
#include "journal.h"
#include "json.h"
#include "ledger.h"
#include "refuse.h"
#include "server.h"
#include "service.h"
#include "service-keys.h"
#include "sgx.h"
#include "util.h"

static const char *moved_reason(int error)
{
	switch (error) {
	case -ESRCH:
		return "the process that connected has exited; each process must connect for itself";
	case -EXDEV:
		return "the process that connected has moved to another cgroup since: connect again";
	case -EKEYREJECTED:
		return "the process that connected has another LSM label by now: connect again";
	case -ETXTBSY:
		return "the process that connected executes another program by now: connect again";
	default:
		return "teegated could not look at the process that connected any more";
	}
}

/* Policy demands a pin to what this client does not have. NULL: it has all of it. */
static const char *unpinnable(const struct peer *peer, const struct pins *pins)
{
	if (pins->label && !*peer->label)
		return "policy pins its LSM label, and it has none, or none that it kept since it connected";
	if (pins->exe && peer->exe_fd < 0)
		return "policy pins its executable, and that file has no fs-verity digest, or lies on an overlay";
	return NULL;
}

/* Is it still who it was, as far as its rule depends on it? */
static int verify(const struct conn *conn)
{
	return peer_verify_pins(conn->peer, conn->rule->pins.label, conn->rule->pins.exe);
}

/* 1: it is who the rule is about, still, and may have what the rule pins. Else answered, return it. */
static int admit_peer(struct conn *conn, const char *method)
{
	const char *reason = unpinnable(conn->peer, &conn->rule->pins);
	int r;

	if (conn->peer->registration &&
	    !registrar_has(conn->server->registrar, conn->peer->registration))
		return refuse_unknown(conn, method, "the registration of its container has ended: connect again");
	if (reason)
		return refuse_by_policy(conn, method, reason, conn->rule->path);
	r = verify(conn);
	if (r < 0)
		return refuse_unknown(conn, method, moved_reason(r));
	return 1;
}

/* 1: the caller has a rule that allows @operations. Anything else: answered, return it. */
static int admit(struct conn *conn, const char *method, uint64_t operations)
{
	const struct facts facts = peer_facts(conn->peer);
	const char *reason;
	uint64_t missing;

	if (*conn->peer->nameless)
		return refuse_unknown(conn, method, conn->peer->nameless);
	if (!conn->rule || conn->other_rule)
		return refuse_no_rule(conn, method, operations);
	missing = operations ? operations & ~conn->rule->operations : TEEGATE_OP_REPORT;
	if (missing)
		return refuse_operations(conn, method, missing);
	reason = operations & OPERATIONS_KEYS ? rule_keyless(conn->rule, &facts) : NULL;
	if (reason)
		return refuse_by_policy(conn, method, reason, conn->rule->path);
	return admit_peer(conn, method);
}

/*
 * A process can put another file in the place of its executable (prctl(2), PR_SET_MM_MAP), and only the
 * kernel knows whether it did, with each use of a lease.
 */
static int refuse_without_lease(struct conn *conn, const char *method)
{
	return refuse_by_policy(conn, method,
				"policy pins its executable, which the kernel checks with each use of a lease and nobody else can: call AcquireLease",
				conn->rule->path);
}

int service_admit_operation(struct conn *conn, const char *method, uint64_t operations)
{
	int r = admit(conn, method, operations);

	return r <= 0 || !conn->rule->pins.exe ? r : refuse_without_lease(conn, method);
}

/* What a request for the module is charged with, too: it is one in a minute. */
int service_admit(struct conn *conn, const char *method)
{
	struct limits may;
	uint32_t retry_ms;
	int r;

	if (*conn->peer->nameless)
		return refuse_unknown(conn, method, conn->peer->nameless);
	if (!conn->rule || conn->other_rule)
		return refuse_no_rule(conn, method, 0);
	r = admit_peer(conn, method);
	if (r <= 0)
		return r;
	if (conn->rule->pins.exe)
		return refuse_without_lease(conn, method);
	may = limits_of(conn->rule);
	if (!bucket_take(&conn->account->rate, may.rate_per_minute, may.rate_burst, 1, now_ms(), &retry_ms))
		return refuse_busy(conn, method, "too many requests of this workload in a minute", retry_ms);
	return 1;
}

/* What the TEE can do: the operations, and the kinds of report among them. */
static sd_json_variant *abilities_of(const struct teegate_get_info *info)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *array = operations_json(info->firmware_ops);

	if (array && info->provider == TEEGATE_PROVIDER_TDX && (info->firmware_ops & TEEGATE_OP_REPORT) &&
	    sd_json_variant_append_arrayb(&array, SD_JSON_BUILD_STRING("local")) < 0)
		return NULL;
	return take_pointer(&array);
}

static int on_get_info(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		       void *userdata)
{
	struct conn *conn = userdata;
	const struct rule *rule = conn->other_rule ? NULL : conn->rule;
	struct teegate_get_info info;
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *operations = NULL, *allowed = NULL;
	bool buffers;

	(void)parameters;
	(void)flags;
	device_info(conn->server->device, &info);
	operations = abilities_of(&info);
	allowed = operations_json(rule ? rule->operations : 0);
	if (!operations || !allowed)
		return -ENOMEM;
	text_sanitize((char *)info.reason);
	buffers = info.in_flight_max > 0;
	return sd_varlink_replybo(link,
		SD_JSON_BUILD_PAIR_OBJECT("info",
			SD_JSON_BUILD_PAIR_STRING("provider", provider_name(info.provider)),
			SD_JSON_BUILD_PAIR_STRING("transport", transport_name(info.transport)),
			SD_JSON_BUILD_PAIR_STRING("state", state_name(info.state)),
			SD_JSON_BUILD_PAIR_CONDITION(*info.reason, "reason",
						     SD_JSON_BUILD_STRING((char *)info.reason)),
			SD_JSON_BUILD_PAIR_UNSIGNED("vmpl", info.vmpl),
			SD_JSON_BUILD_PAIR_VARIANT("operations", operations),
			SD_JSON_BUILD_PAIR_BOOLEAN("softwareFirmware",
						   info.taint & TEEGATE_TAINT_SOFTWARE_FIRMWARE),
			SD_JSON_BUILD_PAIR_CONDITION(rule != NULL, "workload", SD_JSON_BUILD_STRING(rule ? rule->name : "")),
			SD_JSON_BUILD_PAIR_VARIANT("allowed", allowed),
			SD_JSON_BUILD_PAIR_CONDITION(buffers, "inFlight", SD_JSON_BUILD_UNSIGNED(info.in_flight)),
			SD_JSON_BUILD_PAIR_CONDITION(buffers, "quarantined",
						     SD_JSON_BUILD_UNSIGNED(info.quarantined)),
			SD_JSON_BUILD_PAIR_CONDITION(buffers, "inFlightMax",
						     SD_JSON_BUILD_UNSIGNED(info.in_flight_max))));
}

/* Nobody got it, so nobody wants to hear of it either. */
static void take_back(struct server *server, const struct job *job)
{
	jobs_forget_lease(server->jobs, job->lease_id);
	device_revoke(server->device, job->lease_id);
}

/* 0; else answered or failed, and the lease is gone. */
static int record_lease(struct conn *conn, const struct job *job)
{
	struct lease lease = lease_of(conn->peer, conn->rule, job->operations);
	const char *why;
	int r;

	lease.id = job->lease_id;
	lease.grant.trusted_privileged = job->trusted_privileged;
	lease.grant.unmodified = job->abi != TEEGATE_ABI_NATIVE;
	r = ledger_record(conn->server, &lease, &why);
	if (r < 0)
		take_back(conn->server, job);
	if (r == -EACCES)
		return refuse_by_policy(conn, method_of(job), why, conn->rule->path) ?: 1;
	return r;
}

static int reply_lease(struct conn *conn, struct job *job)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *operations = operations_json(job->operations);
	char detail[160] = "", names[64];
	int index, r;

	if (!operations)
		return -ENOMEM;
	text_add(detail, sizeof(detail), "lease %llu for \"%s\"", (unsigned long long)job->lease_id,
		 operation_names(job->operations, names, sizeof(names)));
	r = record_lease(conn, job);
	if (r != 0)
		return r;
	audit_decision(conn, method_of(job), "granted", detail);
	index = sd_varlink_push_fd(conn->link, job->lease_fd);
	if (index < 0)
		return index;
	job->lease_fd = -1;	/* the link's, which closes it once it is sent */
	return sd_varlink_replybo(conn->link,
				  SD_JSON_BUILD_PAIR_INTEGER("leaseFd", index),
				  SD_JSON_BUILD_PAIR_UNSIGNED("leaseId", job->lease_id),
				  SD_JSON_BUILD_PAIR_VARIANT("operations", operations),
				  SD_JSON_BUILD_PAIR_UNSIGNED("expiresMs", conn->rule->lifetime_ms));
}

static int reply_evidence(struct conn *conn, const struct job *job)
{
	audit_decision(conn, "GetEvidence", "granted", job->operations & TEEGATE_OP_RAW_REPORT ? "raw" : NULL);
	return sd_varlink_replybo(conn->link,
				  SD_JSON_BUILD_PAIR_BASE64("evidence", job->evidence, job->evidence_len));
}

static int reply_extend(struct conn *conn, const struct job *job)
{
	char detail[64] = "";

	text_add(detail, sizeof(detail), "register %u, %zu bytes", job->index, job->event_len);
	audit_decision(conn, "Extend", "granted", detail);
	return sd_varlink_replybo(conn->link,
				  SD_JSON_BUILD_PAIR_BASE64("digest", job->digest, sizeof(job->digest)));
}

static int reply(struct conn *conn, struct job *job)
{
	int r;

	if (job->outcome == JOB_FORGEABLE)
		return refuse_forgeable(conn, method_of(job), job->text);
	if (job->outcome == JOB_FAILED && !job->host_stuck &&
	    (job->error == -EAGAIN || job->error == -EDQUOT))
		return refuse_busy(conn, method_of(job), job->text, job->retry_ms);
	if (job->outcome == JOB_FAILED)
		return refuse_failed(conn, method_of(job), job);
	/* It had time to die and to move while we worked. */
	r = verify(conn);
	if (r < 0) {
		if (job->kind == JOB_LEASE)
			take_back(conn->server, job);
		return refuse_unknown(conn, method_of(job), moved_reason(r));
	}
	switch (job->kind) {
	case JOB_LEASE:
		return reply_lease(conn, job);
	case JOB_EXTEND:
		return reply_extend(conn, job);
	case JOB_DERIVE:
	case JOB_SEAL:
	case JOB_UNSEAL:
		return keys_reply(conn, job);
	default:
		return reply_evidence(conn, job);
	}
}

static int charge(struct conn *conn, const struct job *job)
{
	if (job->extend_events == 0)
		return 0;
	return budgets_charge(&conn->server->budgets, job->rule, job->extend_events, job->extend_bytes);
}

/* Gives back what the rule was charged with, when it is certain that nothing was extended. */
static void settle(struct budgets *budgets, const struct job *job)
{
	bool untouched = !job->lease_id || (job->kind == JOB_EXTEND && job->outcome == JOB_FAILED &&
					    (job->error == -EAGAIN || job->error == -ENOSPC));

	if (job->extend_events > 0 && untouched)
		budgets_refund(budgets, job->rule, job->extend_events, job->extend_bytes);
}

static void on_done(struct job *job)
{
	struct conn *conn = job->owner;
	int r;

	job->account->requests--;
	settle(job->budgets, job);
	if (conn) {
		conn->job = NULL;
		/* Negative also when an error went out well: the link knows whether one did. */
		r = reply(conn, job);
		if (r < 0 && sd_varlink_is_idle(conn->link) == 0)
			sd_varlink_error_errno(conn->link, r);
		conn_drive(conn);
	}
	job_free(job);
}

/* May this workload have one request more? NULL, or why not. */
static const char *over_limit(struct conn *conn, const struct job *job, uint32_t *ret_retry_ms)
{
	const struct limits may = limits_of(conn->rule);
	struct account *account = conn->account;

	*ret_retry_ms = RETRY_MS;
	if (account->requests >= may.requests)
		return "too many requests of this workload are under way";
	if (job->kind == JOB_LEASE &&
	    leases_count(conn->server->leases, peer_workload(conn->peer)) >= may.leases)
		return "this workload holds too many leases";
	if (!bucket_take(&account->rate, may.rate_per_minute, may.rate_burst, 1, now_ms(), ret_retry_ms))
		return "too many requests of this workload in a minute";
	return NULL;
}

int service_start(struct conn *conn, struct job *job)
{
	struct account *account = conn->account;
	uint32_t retry_ms;
	const char *why;
	int r;

	job->done = on_done;
	job->owner = conn;
	job->account = account;
	job->budgets = &conn->server->budgets;
	why = over_limit(conn, job, &retry_ms);
	if (why) {
		r = refuse_busy(conn, method_of(job), why, retry_ms);
		job_free(job);
		return r;
	}
	r = charge(conn, job);
	if (r < 0) {
		r = r == -EDQUOT ? refuse_budget(conn, job) : r;
		job_free(job);
		return r;
	}
	r = jobs_submit(conn->server->jobs, job);
	if (r < 0) {
		refuse_busy(conn, method_of(job), "all threads are at work", RETRY_MS);
		settle(job->budgets, job);
		job_free(job);
		return 0;
	}
	account->requests++;
	conn->job = job;
	return 0;
}

/* At most @size bytes in base64; absent is as good as none. */
static bool parse_bytes(sd_json_variant *value, uint8_t *to, size_t size, size_t *ret_len)
{
	CLEANUP(freep) void *data = NULL;
	size_t len;

	if (!value)
		return true;
	if (sd_json_variant_unbase64(value, &data, &len) < 0 || len > size)
		return false;
	if (len > 0)
		memcpy(to, data, len);
	*ret_len = len;
	return true;
}

/* Raw ones of Secure Execution may be longer, and only that TEE has a challenge. */
static bool parse_user_data(sd_json_variant *value, struct job *job)
{
	bool raw = job->operations & TEEGATE_OP_RAW_REPORT;

	return parse_bytes(value, job->user_data,
			   raw && job->challenge ? TEEGATE_RAW_DATA_MAX : TEEGATE_USER_DATA_MAX,
			   &job->user_data_len);
}

/* 1 to JOB_CHALLENGE_MAX bytes, which is also what fits into a message. */
static bool parse_challenge(sd_json_variant *value, struct job *job)
{
	CLEANUP(freep) void *data = NULL;
	size_t len;

	if (!value)
		return true;
	if (sd_json_variant_unbase64(value, &data, &len) < 0 || len < 1 || len > JOB_CHALLENGE_MAX)
		return false;
	job->challenge = take_pointer(&data);
	job->challenge_len = len;
	return true;
}

bool parse_timeout(sd_json_variant *value, struct job *job)
{
	if (!value)
		return true;
	if (!sd_json_variant_is_unsigned(value) ||
	    sd_json_variant_unsigned(value) > TEEGATE_TIMEOUT_MAX_MS)
		return false;
	job->timeout_ms = (uint32_t)sd_json_variant_unsigned(value);
	return true;
}

static bool parse_bool(sd_json_variant *value)
{
	return value && sd_json_variant_boolean(value);
}

static int on_get_evidence(sd_varlink *link, sd_json_variant *parameters,
			   sd_varlink_method_flags_t flags, void *userdata)
{
	bool raw = parse_bool(parameter_of(parameters, "raw"));
	uint64_t operation = raw ? TEEGATE_OP_RAW_REPORT : TEEGATE_OP_REPORT;
	struct conn *conn = userdata;
	sd_json_variant *event_log;
	const char *wrong = NULL;
	struct job *job;
	int r;

	if (flags & SD_VARLINK_METHOD_ONEWAY)	/* nobody to answer */
		return 0;
	r = service_admit_operation(conn, "GetEvidence", operation);
	if (r <= 0)
		return r;
	job = job_new(JOB_EVIDENCE, conn->peer, conn->policy, conn->rule);
	if (!job)
		return -ENOMEM;
	job->operations = operation;
	job->certificates = parse_bool(parameter_of(parameters, "certificates"));
	event_log = parameter_of(parameters, "eventLog");
	job->event_log = event_log ? parse_bool(event_log) : job->certificates;
	if (!parse_challenge(parameter_of(parameters, "challenge"), job))
		wrong = "challenge";
	else if (!parse_user_data(parameter_of(parameters, "userData"), job))
		wrong = "userData";
	else if (!parse_timeout(parameter_of(parameters, "timeoutMs"), job))
		wrong = "timeoutMs";
	if (wrong) {
		job_free(job);
		return sd_varlink_error_invalid_parameter_name(link, wrong);
	}
	return service_start(conn, job);
}

/* An event of at least one byte; there is no default for what cannot be undone. */
static bool parse_event(sd_json_variant *value, struct job *job)
{
	return parse_bytes(value, job->event, sizeof(job->event), &job->event_len) && job->event_len > 0;
}

static bool parse_index(sd_json_variant *value, struct job *job)
{
	if (!value || !sd_json_variant_is_unsigned(value))
		return false;
	job->index = sd_json_variant_unsigned(value) <= 3 ? (uint32_t)sd_json_variant_unsigned(value) : 0;
	return job->index >= 2;	/* 0 and 1 are firmware's */
}

static int on_extend(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		     void *userdata)
{
	struct conn *conn = userdata;
	const char *wrong = NULL;
	struct job *job;
	int r;

	if (flags & SD_VARLINK_METHOD_ONEWAY)
		return 0;
	r = service_admit_operation(conn, "Extend", TEEGATE_OP_EXTEND);
	if (r <= 0)
		return r;
	job = job_new(JOB_EXTEND, conn->peer, conn->policy, conn->rule);
	if (!job)
		return -ENOMEM;
	job->operations = TEEGATE_OP_EXTEND;
	if (!parse_index(parameter_of(parameters, "index"), job))
		wrong = "index";
	else if (!parse_event(parameter_of(parameters, "event"), job))
		wrong = "event";
	else if (!parse_timeout(parameter_of(parameters, "timeoutMs"), job))
		wrong = "timeoutMs";
	if (wrong) {
		job_free(job);
		return sd_varlink_error_invalid_parameter_name(link, wrong);
	}
	job->extend_events = 1;
	job->extend_bytes = (uint32_t)job->event_len;
	return service_start(conn, job);
}

/*
 * False: there is a name that is no operation. Without a list, the reports that the rule allows: with
 * "extend" a lease takes its part of what cannot be had back, and keys are asked for by name.
 */
static bool parse_operations(sd_json_variant *list, const struct rule *rule, uint64_t *ret)
{
	uint64_t operations = 0, bit;
	const char *name;

	if (!list) {
		*ret = rule ? rule->operations & (TEEGATE_OP_REPORT | TEEGATE_OP_RAW_REPORT) :
			      TEEGATE_OP_REPORT;
		return true;
	}
	for (size_t i = 0; i < sd_json_variant_elements(list); i++) {
		name = sd_json_variant_string(sd_json_variant_by_index(list, i));
		bit = name ? operation_by_name(name, strlen(name)) : 0;
		if (!bit)
			return false;
		operations |= bit;
	}
	*ret = operations;
	return operations != 0;
}

/* A part of the budget for a lease with "extend"; others have none. */
static bool parse_part(sd_json_variant *value, uint32_t otherwise, uint64_t operations, uint32_t *ret)
{
	if (!(operations & TEEGATE_OP_EXTEND))
		return !value;
	*ret = otherwise;
	if (!value)
		return true;
	if (!sd_json_variant_is_unsigned(value) || sd_json_variant_unsigned(value) < 1 ||
	    sd_json_variant_unsigned(value) > UINT32_MAX)
		return false;
	*ret = (uint32_t)sd_json_variant_unsigned(value);
	return true;
}

static int on_acquire_lease(sd_varlink *link, sd_json_variant *parameters,
			    sd_varlink_method_flags_t flags, void *userdata)
{
	struct conn *conn = userdata;
	const char *wrong = NULL;
	uint64_t operations;
	struct job *job;
	int r;

	if (flags & SD_VARLINK_METHOD_ONEWAY)
		return 0;
	if (!parse_operations(parameter_of(parameters, "operations"), conn->rule, &operations))
		return sd_varlink_error_invalid_parameter_name(link, "operations");
	r = admit(conn, "AcquireLease", operations);
	if (r <= 0)
		return r;
	r = sd_varlink_set_allow_fd_passing_output(link, true);
	if (r < 0)
		return r;
	job = job_new(JOB_LEASE, conn->peer, conn->policy, conn->rule);
	if (!job)
		return -ENOMEM;
	job->operations = operations;
	if (!parse_part(parameter_of(parameters, "extendEvents"), 1, operations, &job->extend_events))
		wrong = "extendEvents";
	else if (!parse_part(parameter_of(parameters, "extendBytes"), TEEGATE_EVENT_MAX, operations,
			     &job->extend_bytes))
		wrong = "extendBytes";
	if (wrong) {
		job_free(job);
		return sd_varlink_error_invalid_parameter_name(link, wrong);
	}
	return service_start(conn, job);
}

/*
 * What stock drivers hand out has no place for claims. So it is raw, and takes that operation beside the
 * rule's word for unmodified programs.
 */
int service_open_device(struct conn *conn, uint32_t abi)
{
	char rule[512] = "";
	struct job *job;
	int r;

	r = admit(conn, "OpenDevice", TEEGATE_OP_RAW_REPORT);
	if (r <= 0)
		return r;
	if (!conn->rule->unmodified_programs) {
		text_add(rule, sizeof(rule), "%s:\n[Allow]\nUnmodifiedPrograms=yes\n", conn->rule->path);
		return refuse_by_policy(conn, "OpenDevice", "policy does not let its unmodified programs in",
					rule);
	}
	r = sd_varlink_set_allow_fd_passing_output(conn->link, true);
	if (r < 0)
		return r;
	job = job_new(JOB_LEASE, conn->peer, conn->policy, conn->rule);
	if (!job)
		return -ENOMEM;
	job->operations = TEEGATE_OP_RAW_REPORT;
	job->abi = abi;
	return service_start(conn, job);
}

int service_bind(sd_varlink_server *varlink)
{
	int r;

	r = sd_varlink_server_add_interface(varlink, &vl_interface_io_teegate_Broker);
	if (r >= 0)
		r = keys_bind(varlink);
	if (r < 0)
		return r;
	return sd_varlink_server_bind_method_many(varlink,
						  BROKER_INTERFACE ".GetInfo", on_get_info,
						  BROKER_INTERFACE ".GetEvidence", on_get_evidence,
						  BROKER_INTERFACE ".Extend", on_extend,
						  BROKER_INTERFACE ".AcquireLease", on_acquire_lease,
						  BROKER_INTERFACE ".AcquireSgx", sgx_acquire);
}
