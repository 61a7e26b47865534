// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whom a rule names, and whether a policy still grants what another one did.
 *
 * All keys that a rule gives must be met; a fact that is not there meets none. What names a
 * workload is never a pattern, which would match names that somebody else may choose. The labels of
 * keys are the workload's own choice within its own keys, so there beginnings only keep it in order.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "policy.h"
#include "util.h"

static bool texts_have(const struct texts *texts, const char *text)
{
	for (size_t i = 0; text && i < texts->n; i++)
		if (!strcmp(texts->list[i], text))
			return true;
	return false;
}

static bool digests_have(const struct digests *digests, const struct digest *digest)
{
	for (size_t i = 0; digest && i < digests->n; i++)
		if (digest_equal(&digests->list[i], digest))
			return true;
	return false;
}

/*
 * The directory that the rule names, or one below it. Its own name counts only if root gave it:
 * whoever owns the directory above can move any name there.
 */
static bool cgroup_fits(const struct rule *rule, const struct facts *facts)
{
	for (size_t i = 0; i < rule->cgroups.n; i++) {
		const char *named = rule->cgroups.list[i];
		size_t len = strlen(named);

		if (len <= facts->cgroup_roots && !strncmp(facts->cgroup, named, len) &&
		    (facts->cgroup[len] == '\0' || facts->cgroup[len] == '/'))
			return true;
	}
	return false;
}

static bool unit_fits(const struct rule *rule, const struct facts *facts)
{
	return texts_have(&rule->units, facts->unit);
}

static bool uid_fits(const struct rule *rule, const struct facts *facts)
{
	for (size_t i = 0; i < rule->n_ranges; i++)
		if (facts->uid >= rule->ranges[i].first && facts->uid <= rule->ranges[i].last)
			return true;
	return false;
}

/* Root's word also counts where another's would do; never the other way round. */
static const struct registration *vouched(const struct rule *rule, const struct facts *facts)
{
	const struct registration *registration = facts->registration;
	bool enough = registration && (registration->voucher.root ||
				       (!rule->voucher.root && rule->voucher.uid == registration->voucher.uid));

	return enough ? registration : NULL;
}

static bool image_fits(const struct rule *rule, const struct facts *facts)
{
	const struct registration *registration = vouched(rule, facts);

	return registration && digests_have(&rule->images, &registration->image);
}

static bool signer_fits(const struct rule *rule, const struct facts *facts)
{
	const struct registration *registration = vouched(rule, facts);

	return registration && texts_have(&rule->signers, registration->image_signer);
}

static bool label_fits(const struct rule *rule, const struct facts *facts)
{
	return texts_have(&rule->labels, facts->label);
}

static bool exe_fits(const struct rule *rule, const struct facts *facts)
{
	return digests_have(&rule->exes, facts->exe);
}

/* @count: of a list in struct rule; the key is given when it is not 0 */
static const struct {
	const char *name;
	size_t count;
	bool (*fits)(const struct rule *rule, const struct facts *facts);
} keys[] = {
	{ "Unit", offsetof(struct rule, units.n), unit_fits },
	{ "Cgroup", offsetof(struct rule, cgroups.n), cgroup_fits },
	{ "Uid", offsetof(struct rule, n_ranges), uid_fits },
	{ "ImageDigest", offsetof(struct rule, images.n), image_fits },
	{ "ImageSigner", offsetof(struct rule, signers.n), signer_fits },
	{ "Label", offsetof(struct rule, labels.n), label_fits },
	{ "Executable", offsetof(struct rule, exes.n), exe_fits },
};

const char *rule_key(const struct rule *rule, const struct facts *facts, size_t index,
		     enum key_state *ret_state)
{
	if (index >= ARRAY_SIZE(keys))
		return NULL;
	if (*(const size_t *)((const char *)rule + keys[index].count) == 0)
		*ret_state = KEY_NOT_GIVEN;
	else
		*ret_state = keys[index].fits(rule, facts) ? KEY_FITS : KEY_DIFFERS;
	return keys[index].name;
}

const char *rule_differs(const struct rule *rule, const struct facts *facts)
{
	enum key_state state;
	const char *name;

	for (size_t i = 0; (name = rule_key(rule, facts, i, &state)); i++)
		if (state == KEY_DIFFERS)
			return name;
	return NULL;
}

const struct rule *policy_near(const struct policy *policy, const struct facts *facts)
{
	for (size_t i = 0; i < policy->n_rules; i++)
		if (texts_have(&policy->rules[i]->units, facts->unit))
			return policy->rules[i];
	return NULL;
}

int policy_match(const struct policy *policy, const struct facts *facts, const struct rule **ret,
		 const struct rule **ret_other)
{
	const struct rule *found = NULL;

	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule *rule = policy->rules[i];

		if (rule_differs(rule, facts))
			continue;
		if (found) {
			*ret = found;
			*ret_other = rule;
			return -ENOTUNIQ;
		}
		found = rule;
	}
	if (!found)
		return -ENOENT;
	*ret = found;
	return 0;
}

/* As the kernel does it, which is told the same patterns with a lease. */
static bool label_matches(const char *pattern, const char *label, size_t len)
{
	size_t n = strlen(pattern);

	if (n > 0 && pattern[n - 1] == '*')
		return len >= n - 1 && !memcmp(label, pattern, n - 1);
	return len == n && !memcmp(label, pattern, n);
}

bool rule_allows_label(const struct rule *rule, const char *label, size_t len)
{
	if (len > TEEGATE_KEY_LABEL_MAX)
		return false;
	for (size_t i = 0; i < rule->key_labels.n; i++)
		if (label_matches(rule->key_labels.list[i], label, len))
			return true;
	return rule->key_labels.n == 0;
}

/* FNV-1a of 64 bits. */
static void mix(uint64_t *hash, const void *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		*hash = (*hash ^ ((const uint8_t *)data)[i]) * UINT64_C(1099511628211);
}

static void mix_number(uint64_t *hash, uint64_t number)
{
	mix(hash, &number, sizeof(number));
}

static uint64_t hash_roots(const struct rule *rule)
{
	const struct roots *roots = &rule->roots;
	uint64_t hash = UINT64_C(14695981039346656037);

	mix_number(&hash, rule->seal_scope);
	mix_number(&hash, roots->sources);
	mix_number(&hash, roots->tcb_floor);
	mix_number(&hash, roots->has_svn);
	mix_number(&hash, roots->svn_floor);
	mix(&hash, roots->se_secret, sizeof(roots->se_secret));
	return hash;
}

uint64_t rule_keys(const struct rule *rule)
{
	uint64_t hash = hash_roots(rule);

	for (size_t i = 0; i < rule->key_labels.n; i++)
		mix(&hash, rule->key_labels.list[i], strlen(rule->key_labels.list[i]) + 1);
	return hash ?: 1;
}

const char *rule_keyless(const struct rule *rule, const struct facts *facts)
{
	const struct registration *registration = facts->registration;

	if (!registration)
		return NULL;
	if (rule->seal_scope == SEAL_MEASUREMENT && registration->image.len == 0)
		return "policy ties its keys to its image (SealScope=measurement), and the runtime of this container gave no digest of it";
	if (rule->seal_scope == SEAL_SIGNER && !registration->image_signer)
		return "policy ties its keys to who signed its image (SealScope=signer), and the runtime of this container did not say";
	return NULL;
}

struct grant grant_of(const struct rule *rule, uint64_t operations)
{
	bool extends = operations & TEEGATE_OP_EXTEND;

	return (struct grant){
		.name = rule->name,
		.operations = operations,
		.pins = rule->pins,
		.lifetime_ms = rule->lifetime_ms,
		.max_pending = rule->max_pending,
		.rate_per_minute = rule->quota.rate_per_minute,
		.rate_burst = rule->quota.rate_burst,
		.extend_events = extends ? rule->extend_events : 0,
		.extend_bytes = extends ? rule->extend_bytes : 0,
		.keys = operations & OPERATIONS_KEYS ? rule_keys(rule) : 0,
	};
}

/* 0: no bound of its own, so that any is a narrower one. */
static bool below(uint32_t now, uint32_t then)
{
	return now != 0 && (then == 0 || now < then);
}

static const char *narrower(const struct rule *rule, const struct grant *grant)
{
	if (strcmp(rule->name, grant->name))
		return "policy gives it another name";
	if (grant->operations & ~rule->operations)
		return "policy no longer allows all of its operations";
	if (grant->trusted_privileged && !rule->trust_privileged)
		return "policy no longer trusts a privileged workload";
	if (grant->unmodified && !rule->unmodified_programs)
		return "policy no longer lets unmodified programs in";
	if ((rule->pins.uid && !grant->pins.uid) || (rule->pins.label && !grant->pins.label) ||
	    (rule->pins.exe && !grant->pins.exe))
		return "policy now wants a pin that it lacks";
	if (rule->extend_events < grant->extend_events || rule->extend_bytes < grant->extend_bytes)
		return "policy lets it extend less";
	if (rule->lifetime_ms < grant->lifetime_ms)
		return "policy now gives it less time";
	if (below(rule->max_pending, grant->max_pending) ||
	    below(rule->quota.rate_per_minute, grant->rate_per_minute) ||
	    below(rule->quota.rate_burst, grant->rate_burst))
		return "policy now gives it a smaller quota";
	return NULL;
}

/* NULL and the one rule that names this client, or why there is none. */
static const char *only_rule(const struct policy *policy, const struct facts *facts,
			     const struct rule **ret)
{
	const struct rule *other;

	switch (policy_match(policy, facts, ret, &other)) {
	case 0:
		return NULL;
	case -ENOTUNIQ:
		return "two rules name this workload, so neither counts";
	default:
		return "no rule names this workload any more";
	}
}

const char *policy_withdraws(const struct policy *policy, const struct grant *grant,
			     const struct facts *facts)
{
	const struct rule *rule;
	const char *why = only_rule(policy, facts, &rule) ?: narrower(rule, grant);

	if (why)
		return why;
	return grant->keys && grant->keys != rule_keys(rule) ? "policy has other keys for it" : NULL;
}

static bool same_texts(const struct texts *a, const struct texts *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->list[i], b->list[i]))
			return false;
	return true;
}

/* What no lease carries, but each request of a connection is judged by. */
static const char *harder(const struct rule *now, const struct rule *then)
{
	if ((then->sgx_enclave && !now->sgx_enclave) || (then->sgx_provision && !now->sgx_provision))
		return "policy no longer allows SGX";
	if (hash_roots(now) != hash_roots(then) || (now->key_labels.n > 0 &&
						    !same_texts(&now->key_labels, &then->key_labels)))
		return "policy has other keys for it";
	if (now->has_vmpl && (!then->has_vmpl || now->vmpl != then->vmpl))
		return "policy wants another VMPL";
	if (now->extend_events < then->extend_events || now->extend_bytes < then->extend_bytes)
		return "policy lets it extend less";
	if (below(now->quota.connections, then->quota.connections) ||
	    below(now->quota.requests, then->quota.requests) ||
	    below(now->quota.leases, then->quota.leases) || below(now->quota.bytes, then->quota.bytes))
		return "policy now gives it a smaller quota";
	return NULL;
}

const char *policy_narrows(const struct policy *policy, const struct rule *then,
			   const struct facts *facts)
{
	struct grant grant = grant_of(then, then->operations);
	const struct rule *now;
	const char *why;

	grant.trusted_privileged = then->trust_privileged;
	grant.unmodified = then->unmodified_programs;
	why = only_rule(policy, facts, &now) ?: narrower(now, &grant);
	return why ?: harder(now, then);
}
