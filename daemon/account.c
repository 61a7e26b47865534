// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fixed table, so that no number of clients makes it grow. There are twice as many accounts as
 * connections: an idle one can always be found, and the one that was idle longest is forgotten.
 */
#include <stdio.h>
#include <string.h>

#include "account.h"

/* Lines in the journal: all of somebody who tries things out, and one a second of who never stops. */
#define AUDIT_PER_MINUTE	60
#define AUDIT_BURST		50

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

/* FNV-1a: nobody but root chooses these names. */
static uint32_t *bucket_of(struct accounts *accounts, const char *name)
{
	uint32_t hash = 2166136261u;

	for (const char *p = name; *p; p++)
		hash = (hash ^ (uint8_t)*p) * 16777619u;
	return &accounts->buckets[hash % ACCOUNTS_MAX];
}

static struct account *find(struct accounts *accounts, const char *name)
{
	for (uint32_t at = *bucket_of(accounts, name); at; at = accounts->list[at - 1].next)
		if (!strcmp(accounts->list[at - 1].name, name))
			return &accounts->list[at - 1];
	return NULL;
}

static void unlink_account(struct accounts *accounts, const struct account *account)
{
	uint32_t *at = bucket_of(accounts, account->name);

	while (*at && &accounts->list[*at - 1] != account)
		at = &accounts->list[*at - 1].next;
	if (*at)
		*at = account->next;
}

/* Only for a name that is new, so the table may be walked. */
static struct account *idle_longest(struct accounts *accounts)
{
	struct account *oldest = NULL;

	for (struct account *a = accounts->list; a < accounts->list + ACCOUNTS_MAX; a++)
		if (!in_use(a) && (!oldest || a->last_used < oldest->last_used))
			oldest = a;
	return oldest;
}

struct account *accounts_get(struct accounts *accounts, const char *name)
{
	struct account *account = find(accounts, name);
	uint32_t *bucket;

	if (account) {
		account->last_used = ++accounts->clock;
		return account;
	}
	account = idle_longest(accounts);
	if (!account)
		return NULL;
	accounts->audit_suppressed += account->audit_suppressed;
	if (account->last_used)
		unlink_account(accounts, account);
	*account = (struct account){ .last_used = ++accounts->clock };
	snprintf(account->name, sizeof(account->name), "%s", name);
	bucket = bucket_of(accounts, account->name);
	account->next = *bucket;
	*bucket = (uint32_t)(account - accounts->list) + 1;
	return account;
}

struct account *accounts_of(struct accounts *accounts, const struct peer *peer)
{
	char name[ACCOUNT_NAME_MAX + 1];

	account_name(peer, name);
	return accounts_get(accounts, name);
}

void account_name(const struct peer *peer, char name[ACCOUNT_NAME_MAX + 1])
{
	const struct registration *registration = peer->registration;

	if (registration && registration->voucher.root)
		snprintf(name, ACCOUNT_NAME_MAX + 1, "container:%.128s", registration->id);
	else
		snprintf(name, ACCOUNT_NAME_MAX + 1, "%s", peer->place.account);
}

bool account_may_audit(struct account *account, uint64_t now, unsigned int *ret_suppressed)
{
	uint32_t retry_ms;

	if (!bucket_take(&account->audit, AUDIT_PER_MINUTE, AUDIT_BURST, 1, now, &retry_ms)) {
		account->audit_suppressed++;
		return false;
	}
	*ret_suppressed = account->audit_suppressed;
	account->audit_suppressed = 0;
	return true;
}
