// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each claim names who vouches for it: "policy" is the administrator's file, "kernel" what the
 * kernel shows, "systemd" what only the system manager can have written. A claim that is not
 * certain is left out.
 */
#include <string.h>

#include <linux/teegate.h>

#include "claims.h"
#include "evidence.h"
#include "util.h"

#define CGROUP_CLAIM_MAX	256
#define UNKNOWN_TAINT		(~TEEGATE_TAINT_SOFTWARE_FIRMWARE)

enum { WORKLOAD = 1, INSTANCE = 2, UID = 6, CGROUP = 7 };

static void add_taint(char *text, size_t size, const char *what)
{
	text_add(text, size, "%s%s", *text ? "; " : "", what);
}

int claims_make(const struct peer *peer, const struct rule *rule, bool with_uid, uint64_t taint,
		const char *doors, uint8_t **ret, size_t *ret_len)
{
	struct ev_claims claims = { .workload = rule->name };
	size_t cgroup_len = strlen(peer->cgroup);
	char text[640] = "";

	claims.voucher[WORKLOAD] = "policy";
	if (peer->has_instance) {
		claims.instance = (struct ev_bytes){ peer->instance, sizeof(peer->instance) };
		claims.voucher[INSTANCE] = "systemd";
	}
	if (with_uid) {
		claims.has_uid = true;
		claims.uid = peer->uid;
		claims.voucher[UID] = "kernel";
	}
	if (cgroup_len <= CGROUP_CLAIM_MAX) {
		claims.cgroup = (struct ev_bytes){ (const uint8_t *)peer->cgroup, cgroup_len };
		claims.voucher[CGROUP] = "kernel";
	}
	if (taint & TEEGATE_TAINT_SOFTWARE_FIRMWARE)
		add_taint(text, sizeof(text), "software firmware");
	/* A newer module knows more than we do; a verifier must not take this guest for clean. */
	if (taint & UNKNOWN_TAINT)
		add_taint(text, sizeof(text), "taint that teegated does not know");
	if (*doors) {
		add_taint(text, sizeof(text), "privileged workload: ");
		text_add(text, sizeof(text), "%s", doors);
	}
	claims.taint = *text ? text : NULL;
	return ev_claims_encode(&claims, ret, ret_len);
}
