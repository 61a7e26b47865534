// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys of the workload that asks. What is secret of them travels in variants that are marked so, which
 * libsystemd wipes, as it does all input of this interface; the journal hears of the label at most.
 */
#include <errno.h>
#include <string.h>

#include "idl.h"
#include "json.h"
#include "peer.h"
#include "refuse.h"
#include "server.h"
#include "service.h"
#include "service-keys.h"
#include "util.h"

/* A buffer of secrets that sd-json made. */
struct decoded {
	void *data;
	size_t len;
};

static void decoded_done(struct decoded *decoded)
{
	if (decoded->data)
		explicit_bzero(decoded->data, decoded->len);
	free(decoded->data);
}

/* Text without an end in it; other labels take a lease. Absent is the empty one. */
static bool parse_label(sd_json_variant *value, struct job *job)
{
	const char *text = value ? sd_json_variant_string(value) : "";
	size_t len = strlen(text);

	if (len > sizeof(job->label))
		return false;
	memcpy(job->label, text, len);
	job->label_len = len;
	return true;
}

/* @max bytes at most, into a buffer of @room more than there are. */
static bool parse_secret(sd_json_variant *value, size_t max, size_t room, struct job *job)
{
	CLEANUP(decoded_done) struct decoded decoded = { NULL, 0 };

	if (!value || sd_json_variant_unbase64(value, &decoded.data, &decoded.len) < 0 || decoded.len > max)
		return false;
	if (!job_make_secret(job, decoded.len + room))
		return false;
	if (decoded.len > 0)
		memcpy(job->secret, decoded.data, decoded.len);
	job->secret_len = decoded.len;
	return true;
}

static bool parse_length(sd_json_variant *value, struct job *job)
{
	uint64_t len = 32;

	if (value && !sd_json_variant_is_unsigned(value))
		return false;
	if (value)
		len = sd_json_variant_unsigned(value);
	if (len < TEEGATE_KEY_MIN || len > TEEGATE_KEY_MAX)
		return false;
	job->secret_len = (size_t)len;
	return job_make_secret(job, (size_t)len);
}

static bool parse_params(sd_json_variant *value, struct job *job)
{
	CLEANUP(decoded_done) struct decoded decoded = { NULL, 0 };

	if (!value)
		return true;
	if (sd_json_variant_unbase64(value, &decoded.data, &decoded.len) < 0 ||
	    decoded.len != sizeof(job->root_params))
		return false;
	memcpy(job->root_params, decoded.data, decoded.len);
	job->has_params = true;
	return true;
}

static int refuse_label(struct conn *conn, const struct job *job)
{
	char reason[512] = "", rule[1024] = "", label[TEEGATE_KEY_LABEL_MAX + 1];

	snprintf(label, sizeof(label), "%.*s", (int)job->label_len, job->label);
	text_sanitize(label);
	text_add(reason, sizeof(reason), "policy does not allow workload \"%s\" a key of the label \"%s\"",
		 conn->rule->name, label);
	text_add(rule, sizeof(rule), "%s:\n[Allow]\nKeyLabels=%s\n", conn->rule->path, label);
	return refuse_by_policy(conn, method_of(job), reason, rule);
}

static bool label_allowed(const struct conn *conn, const struct job *job)
{
	return job->kind == JOB_UNSEAL || rule_allows_label(conn->rule, job->label, job->label_len);
}

/*
 * A key that comes from a uid is for who has that uid now. The kernel checks it with each use of a lease;
 * here only teegated can, before and after.
 */
static bool has_uid(const struct conn *conn)
{
	unsigned int uid;
	char uids[64];

	if (!conn->rule->pins.uid)
		return true;
	return peer_status_line(conn->peer->proc_fd, "Uid", uids, sizeof(uids)) >= 0 &&
	       sscanf(uids, "%*u %u", &uid) == 1 && uid == conn->peer->uid &&
	       peer_pidfd_alive(conn->peer->pidfd) >= 0;
}

static int refuse_uid(struct conn *conn, const char *method)
{
	return refuse_unknown(conn, method, "the process that connected has another uid by now: connect again");
}

typedef const char *(*read_t)(sd_json_variant *parameters, struct job *job);

/* @read: fills in what the method takes, and says what is wrong with it. */
static int on_method(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		     struct conn *conn, enum job_kind kind, uint64_t operation, read_t read)
{
	const char *method = method_of(&(struct job){ .kind = kind }), *wrong;
	struct job *job;
	int r;

	if (flags & SD_VARLINK_METHOD_ONEWAY)	/* nobody to answer */
		return 0;
	r = service_admit_operation(conn, method, operation);
	if (r <= 0)
		return r;
	if (!has_uid(conn))
		return refuse_uid(conn, method);
	job = job_new(kind, conn->peer, conn->policy, conn->rule);
	if (!job)
		return -ENOMEM;
	job->operations = operation;
	wrong = read(parameters, job);
	if (!wrong && !parse_timeout(parameter_of(parameters, "timeoutMs"), job))
		wrong = "timeoutMs";
	if (!wrong && label_allowed(conn, job))
		return service_start(conn, job);
	r = wrong ? sd_varlink_error_invalid_parameter_name(link, wrong) : refuse_label(conn, job);
	job_free(job);
	return r;
}

static const char *read_derive(sd_json_variant *parameters, struct job *job)
{
	if (!parse_label(parameter_of(parameters, "label"), job))
		return "label";
	if (!parse_length(parameter_of(parameters, "length"), job))
		return "length";
	return parse_params(parameter_of(parameters, "params"), job) ? NULL : "params";
}

static const char *read_seal(sd_json_variant *parameters, struct job *job)
{
	if (!parse_label(parameter_of(parameters, "label"), job))
		return "label";
	return parse_secret(parameter_of(parameters, "data"), JOB_SEAL_MAX, TEEGATE_BLOB_OVERHEAD_MAX, job) ?
	       NULL : "data";
}

static const char *read_unseal(sd_json_variant *parameters, struct job *job)
{
	return parse_secret(parameter_of(parameters, "blob"), JOB_SEAL_MAX + TEEGATE_BLOB_OVERHEAD_MAX, 0, job) ?
	       NULL : "blob";
}

static int on_derive_key(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
			 void *userdata)
{
	return on_method(link, parameters, flags, userdata, JOB_DERIVE, TEEGATE_OP_DERIVE_KEY, read_derive);
}

static int on_seal(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		   void *userdata)
{
	return on_method(link, parameters, flags, userdata, JOB_SEAL, TEEGATE_OP_SEAL, read_seal);
}

static int on_unseal(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		     void *userdata)
{
	return on_method(link, parameters, flags, userdata, JOB_UNSEAL, TEEGATE_OP_SEAL, read_unseal);
}

static int build(const struct job *job, sd_json_variant **ret)
{
	char root_id[2 * TEEGATE_ROOT_ID_SIZE + 1] = "";

	switch (job->kind) {
	case JOB_SEAL:
		return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_BASE64("blob", job->secret, job->secret_len));
	case JOB_UNSEAL:
		return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_BASE64("data", job->secret, job->secret_len));
	default:
		text_add_hex(root_id, sizeof(root_id), job->root_id, sizeof(job->root_id));
		return sd_json_buildo(ret,
			SD_JSON_BUILD_PAIR_BASE64("key", job->secret, job->secret_len),
			SD_JSON_BUILD_PAIR_STRING("rootId", root_id),
			SD_JSON_BUILD_PAIR_BASE64("params", job->root_params, sizeof(job->root_params)));
	}
}

int keys_reply(struct conn *conn, const struct job *job)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *answer = NULL;
	char detail[TEEGATE_KEY_LABEL_MAX + 16] = "";
	int r;

	if (!has_uid(conn))
		return refuse_uid(conn, method_of(job));
	r = build(job, &answer);
	if (r < 0)
		return r;
	sd_json_variant_sensitive(answer);
	if (job->kind != JOB_UNSEAL)
		text_add(detail, sizeof(detail), "label \"%.*s\"", (int)job->label_len, job->label);
	audit_decision(conn, method_of(job), "granted", text_sanitize(detail));
	return sd_varlink_reply(conn->link, answer);
}

int keys_bind(sd_varlink_server *varlink)
{
	return sd_varlink_server_bind_method_many(varlink,
						  BROKER_INTERFACE ".DeriveKey", on_derive_key,
						  BROKER_INTERFACE ".Seal", on_seal,
						  BROKER_INTERFACE ".Unseal", on_unseal);
}
