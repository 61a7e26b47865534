// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each claim names who vouches for it: "policy" is the administrator's file, "kernel" what the
 * kernel shows, "systemd" what only the system manager can have written, "runtime:root" and
 * "runtime:uid:N" what a container runtime said and by whose authority. A claim that is not certain
 * is left out; of what executing another program can change, so is all that the lease is not pinned
 * to.
 */
#include <string.h>

#include <linux/teegate.h>

#include "claims.h"
#include "evidence.h"
#include "util.h"

#define BYTES_MAX		256	/* of what comes from the kernel or from a user */
#define UNKNOWN_TAINT		(~(TEEGATE_TAINT_SOFTWARE_FIRMWARE | TEEGATE_TAINT_DEVELOPMENT_ROOT))

enum { WORKLOAD = 1, INSTANCE = 2, IMAGE = 3, CONFIG = 4, POD = 5, UID = 6, CGROUP = 7, LABEL = 8, EXE = 9 };

static void add_taint(char *text, size_t size, const char *what)
{
	text_add(text, size, "%s%s", *text ? "; " : "", what);
}

static void claim_bytes(struct ev_claims *claims, int key, struct ev_bytes *to, const char *text,
			const char *voucher)
{
	size_t len = text ? strlen(text) : 0;

	if (len < 1 || len > BYTES_MAX)
		return;
	*to = (struct ev_bytes){ (const uint8_t *)text, len };
	claims->voucher[key] = voucher;
}

static void claim_digest(struct ev_claims *claims, int key, struct ev_digest *to,
			 const struct digest *digest, const char *voucher)
{
	if (digest->len == 0)
		return;
	*to = (struct ev_digest){ digest->alg, { digest->value, digest->len } };
	claims->voucher[key] = voucher;
}

/* The container is the instance, where there is one: its scope only holds it. */
static void claim_registered(struct ev_claims *claims, const struct registration *registration,
			     const char *voucher)
{
	claim_bytes(claims, INSTANCE, &claims->instance, registration->id, voucher);
	claim_bytes(claims, POD, &claims->pod, registration->pod, voucher);
	claim_digest(claims, IMAGE, &claims->image, &registration->image, voucher);
	claim_digest(claims, CONFIG, &claims->config, &registration->config, voucher);
}

static void claim_seen(struct ev_claims *claims, const struct peer *peer, const struct pins *pins)
{
	if (peer->has_instance) {
		claims->instance = (struct ev_bytes){ peer->instance, sizeof(peer->instance) };
		claims->voucher[INSTANCE] = "systemd";
	}
	claim_bytes(claims, CGROUP, &claims->cgroup, peer->cgroup, "kernel");
	if (pins->uid) {
		claims->has_uid = true;
		claims->uid = peer->uid;
		claims->voucher[UID] = "kernel";
	}
	if (pins->label)
		claim_bytes(claims, LABEL, &claims->label, peer->label, "kernel");
	if (pins->exe)
		claim_digest(claims, EXE, &claims->exe, &peer->exe, "kernel");
}

int claims_make(const struct peer *peer, const struct rule *rule, const struct pins *pins,
		uint64_t taint, const char *doors, uint8_t **ret, size_t *ret_len)
{
	struct ev_claims claims = { .workload = rule->name };
	char text[640] = "", voucher[VOUCHER_TEXT_MAX];

	claims.voucher[WORKLOAD] = "policy";
	claim_seen(&claims, peer, pins);
	if (peer->registration)
		claim_registered(&claims, peer->registration,
				 voucher_text(&peer->registration->voucher, voucher));
	if (taint & TEEGATE_TAINT_SOFTWARE_FIRMWARE)
		add_taint(text, sizeof(text), "software firmware");
	if (taint & TEEGATE_TAINT_DEVELOPMENT_ROOT)
		add_taint(text, sizeof(text), "development root of keys");
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
