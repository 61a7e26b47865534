// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fixed table, so that no number of clients makes it grow. There are twice as many accounts as
 * connections: an idle one can always be found, and the one that was idle longest is forgotten.
 */
#include <stdio.h>
#include <string.h>

#include "account.h"

#define AUDIT_BURST		20
#define AUDIT_REFILL_MS		1000

struct limits limits_of(const struct rule *rule)
{
	static const struct quota none;
	const struct quota *quota = rule ? &rule->quota : &none;

	return (struct limits){
		.connections = quota->connections ?: 16,
		.requests = quota->requests ?: 4,
		.leases = quota->leases ?: 64,
		.rate_per_minute = quota->rate_per_minute ?: 1200,
		.rate_burst = quota->rate_burst ?: 300,
		.bytes = quota->bytes ?: 16 << 20,
	};
}

static bool in_use(const struct account *account)
{
	return account->connections > 0 || account->requests > 0;
}

struct account *accounts_get(struct accounts *accounts, const char *name)
{
	struct account *oldest = NULL;

	for (struct account *a = accounts->list; a < accounts->list + ACCOUNTS_MAX; a++) {
		if (a->last_used && !strcmp(a->name, name)) {
			a->last_used = ++accounts->clock;
			return a;
		}
		if (!in_use(a) && (!oldest || a->last_used < oldest->last_used))
			oldest = a;
	}
	if (!oldest)
		return NULL;
	accounts->audit_suppressed += oldest->audit_suppressed;
	*oldest = (struct account){ .last_used = ++accounts->clock, .audit_tokens = AUDIT_BURST };
	snprintf(oldest->name, sizeof(oldest->name), "%s", name);
	return oldest;
}

bool account_may_audit(struct account *account, uint64_t now, unsigned int *ret_suppressed)
{
	uint64_t earned = (now - account->audit_refilled_ms) / AUDIT_REFILL_MS;

	if (earned > 0) {
		account->audit_refilled_ms = now;
		if (earned > AUDIT_BURST - account->audit_tokens)
			earned = AUDIT_BURST - account->audit_tokens;
		account->audit_tokens += (unsigned int)earned;
	}
	if (account->audit_tokens == 0) {
		account->audit_suppressed++;
		return false;
	}
	account->audit_tokens--;
	*ret_suppressed = account->audit_suppressed;
	account->audit_suppressed = 0;
	return true;
}
