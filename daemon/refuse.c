// SPDX-License-Identifier: GPL-2.0-or-later
/* What a client is told when it gets nothing, see refuse.h. */
#include <errno.h>
#include <string.h>

#include "idl.h"
#include "journal.h"
#include "refuse.h"
#include "server.h"
#include "util.h"

#define POLICY_DIR	"/etc/teegate/workloads.d"

void audit_decision(struct conn *conn, const char *method, const char *verdict, const char *detail)
{
	const struct decision decision = {
		.method = method,
		.verdict = verdict,
		.peer = conn->peer,
		.rule = conn->other_rule ? NULL : conn->rule,
		.detail = detail,
	};

	journal_decision(conn->account, &decision);
}

const char *method_of(const struct job *job)
{
	static const char *const names[] = {
		[JOB_LEASE] = "AcquireLease", [JOB_EVIDENCE] = "GetEvidence", [JOB_EXTEND] = "Extend",
		[JOB_DERIVE] = "DeriveKey", [JOB_SEAL] = "Seal", [JOB_UNSEAL] = "Unseal",
	};

	return job->abi != TEEGATE_ABI_NATIVE ? "OpenDevice" : names[job->kind];
}

int refuse_unknown(struct conn *conn, const char *method, const char *reason)
{
	audit_decision(conn, method, "UnknownWorkload", reason);
	return sd_varlink_errorbo(conn->link, BROKER_INTERFACE ".UnknownWorkload",
				  SD_JSON_BUILD_PAIR_STRING("reason", reason));
}

int refuse_forgeable(struct conn *conn, const char *method, const char *reason)
{
	audit_decision(conn, method, "Forgeable", reason);
	return sd_varlink_errorbo(conn->link, BROKER_INTERFACE ".Forgeable",
				  SD_JSON_BUILD_PAIR_STRING("reason", reason));
}

int refuse_busy(struct conn *conn, const char *method, const char *detail, uint32_t retry_ms)
{
	audit_decision(conn, method, "Busy", detail);
	return sd_varlink_errorbo(conn->link, BROKER_INTERFACE ".Busy",
				  SD_JSON_BUILD_PAIR_INTEGER("retryAfterMs", retry_ms ?: RETRY_MS));
}

int refuse_by_policy(struct conn *conn, const char *method, const char *reason,
		     const char *rule)
{
	char workload[512];

	describe_peer(conn->peer, workload, sizeof(workload));
	audit_decision(conn, method, "NotAllowed", reason);
	return sd_varlink_errorbo(conn->link, BROKER_INTERFACE ".NotAllowed",
				  SD_JSON_BUILD_PAIR_STRING("workload", workload),
				  SD_JSON_BUILD_PAIR_STRING("reason", reason),
				  SD_JSON_BUILD_PAIR_STRING("rule", rule));
}

/* The policy file that an administrator who wants to allow this would write. */
static const char *suggest_rule(const struct peer *peer, uint64_t operations, char *text, size_t size)
{
	const char *unit = peer->place.unit, *dot = strrchr(unit, '.');
	char names[64];

	text[0] = '\0';
	if (*unit)
		text_add(text, size, POLICY_DIR "/%.*s.conf:\n[Match]\nUnit=%s\nUid=%u\n", (int)(dot - unit),
			 unit, unit, peer->uid);
	else
		text_add(text, size, POLICY_DIR "/uid-%u.conf:\n[Match]\nUid=%u\n", peer->uid, peer->uid);
	if (operations)
		text_add(text, size, "\n[Allow]\nOperations=%s\n",
			 operation_names(operations, names, sizeof(names)));
	return text_sanitize_lines(text);
}

/* A file names the unit, but wants something else of it: only a uid is a guess worth printing. */
static void explain_near(const struct rule *near, const struct facts *facts, char reason[1024],
			 char rule[1024])
{
	const char *key = rule_differs(near, facts);

	if (!strcmp(key, "Uid")) {
		text_add(reason, 1024, "%s names this unit, but not uid %u", near->path, facts->uid);
		text_add(rule, 1024, "%s:\n[Match]\nUid=%u\n", near->path, facts->uid);
		return;
	}
	text_add(reason, 1024, "%s names this unit, but its %s= does not fit this client", near->path, key);
	text_add(rule, 1024, "see %s=: \"teegatectl policy explain --pid PID\" shows what was seen", key);
}

int refuse_no_rule(struct conn *conn, const char *method, uint64_t operations)
{
	const struct facts facts = peer_facts(conn->peer);
	const struct rule *near = policy_near(conn->policy, &facts);
	char reason[1024] = "", rule[1024] = "";

	if (conn->other_rule) {
		text_add(reason, sizeof(reason), "two rules name this workload, %s and %s, so neither counts",
			 conn->rule->path, conn->other_rule->path);
		return refuse_by_policy(conn, method, reason,
					"change [Match] so that only one of the two files matches");
	}
	if (near) {
		explain_near(near, &facts, reason, rule);
		return refuse_by_policy(conn, method, reason, rule);
	}
	return refuse_by_policy(conn, method, "no policy file names this workload",
				suggest_rule(conn->peer, operations, rule, sizeof(rule)));
}

int refuse_operations(struct conn *conn, const char *method, uint64_t missing)
{
	char reason[256] = "", rule[512] = "", names[64];

	operation_names(missing, names, sizeof(names));
	text_add(reason, sizeof(reason), "policy does not allow workload \"%s\" the operation \"%s\"",
		 conn->rule->name, names);
	text_add(rule, sizeof(rule), "%s:\n[Allow]\nOperations=%s\n", conn->rule->path, names);
	return refuse_by_policy(conn, method, reason, rule);
}

/* What was extended stays, so what is used up stays used up. */
int refuse_budget(struct conn *conn, const struct job *job)
{
	char reason[320] = "", rule[512] = "";
	uint32_t events, bytes;

	budgets_left(&conn->server->budgets, conn->rule, &events, &bytes);
	text_add(reason, sizeof(reason),
		 "of the %u events and %u bytes that policy allows workload \"%s\" to extend, %u events and %u bytes are left",
		 conn->rule->extend_events, conn->rule->extend_bytes, conn->rule->name, events, bytes);
	text_add(rule, sizeof(rule), "%s:\n[Allow]\nExtendEvents=%u\nExtendBytes=%u\n", conn->rule->path,
		 conn->rule->extend_events - events + job->extend_events,
		 conn->rule->extend_bytes - bytes + job->extend_bytes);
	return refuse_by_policy(conn, method_of(job), reason, rule);
}

int refuse_failed(struct conn *conn, const char *method, const struct job *job)
{
	const char *name = strerrorname_np(-job->error) ?: "EIO";
	char status[32], detail[640] = "";

	snprintf(status, sizeof(status), "0x%llx", (unsigned long long)job->fw_status);
	text_add(detail, sizeof(detail), "%s: %s", name, job->text);
	audit_decision(conn, method, "Failed", detail);
	return sd_varlink_errorbo(conn->link, BROKER_INTERFACE ".Failed",
				  SD_JSON_BUILD_PAIR_STRING("errno", name),
				  SD_JSON_BUILD_PAIR_CONDITION(job->fw_status != 0, "firmwareStatus",
							       SD_JSON_BUILD_STRING(status)),
				  SD_JSON_BUILD_PAIR_STRING("reason", job->text));
}

int refuse_errno(struct conn *conn, const char *method, int error, const char *reason)
{
	const char *name = strerrorname_np(-error) ?: "EIO";
	char detail[640] = "";

	text_add(detail, sizeof(detail), "%s: %s", name, reason);
	audit_decision(conn, method, "Failed", detail);
	return sd_varlink_errorbo(conn->link, BROKER_INTERFACE ".Failed",
				  SD_JSON_BUILD_PAIR_STRING("errno", name),
				  SD_JSON_BUILD_PAIR_STRING("reason", reason));
}
