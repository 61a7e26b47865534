// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What teegated would see of a process and what policy makes of it, laid out for people and as
 * JSON. Whatever comes from the process or its cgroup is escaped.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cmd-policy.h"

#define LABEL_WIDTH	14

/* One line of text or one member of @object, whichever is wanted. */
struct output {
	struct json_object *object;	/* NULL: text */
};

static void say(struct output *out, const char *label, const char *name, const char *value)
{
	char *text = value ? escape_bytes(value, strlen(value)) : NULL;

	if (!out->object)
		print_field(label, LABEL_WIDTH, text ? text : "(none)");
	else if (text)
		js_text(out->object, name, text);
	free(text);
}

static void say_number(struct output *out, const char *label, const char *name, uint64_t value)
{
	char text[24];

	if (out->object) {
		js_number(out->object, name, value);
		return;
	}
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	print_field(label, LABEL_WIDTH, text);
}

static void say_registration(struct output *out, const struct registration *registration,
			     enum registered registered)
{
	char digest[DIGEST_TEXT_MAX], voucher[VOUCHER_TEXT_MAX];

	if (registered == REGISTERED_UNKNOWN)
		say(out, "registered", "registered", "teegated does not say: does it run?");
	if (!registration && registered == REGISTERED_NOT)
		say(out, "registered", "registered", "no");
	if (!registration)
		return;
	say(out, "container", "container", registration->id);
	say(out, "pod", "pod", registration->pod);
	say(out, "image", "image", digest_text(&registration->image, digest));
	say(out, "signer", "signer", registration->image_signer);
	say(out, "vouched by", "voucher", voucher_text(&registration->voucher, voucher));
}

static void say_facts(struct output *out, const struct peer *peer, enum registered registered)
{
	const struct facts facts = peer_facts(peer);
	char digest[DIGEST_TEXT_MAX];
	char *named = format_text("%.*s", (int)facts.cgroup_roots, facts.cgroup);
	char *instance = peer->has_instance ? hex_text(peer->instance, sizeof(peer->instance)) : NULL;

	say_number(out, "pid", "pid", (uint64_t)peer->pid);
	say(out, "unit", "unit", *facts.unit ? facts.unit : NULL);
	say(out, "instance", "instance", instance);
	say_number(out, "uid", "uid", facts.uid);
	say(out, "cgroup", "cgroup", *facts.cgroup ? facts.cgroup : NULL);
	say(out, "named by root", "cgroupOfRoot", *named ? named : NULL);
	if (peer->workload)
		say_number(out, "workload", "workloadNumber", peer->workload);
	say(out, "LSM label", "label", facts.label);
	say(out, "executable", "executable", facts.exe ? digest_text(facts.exe, digest) : NULL);
	say_registration(out, facts.registration, registered);
	free(instance);
	free(named);
}

static void add_pin(char **text, bool pinned, const char *name, const char *missing)
{
	char *more;

	if (!pinned)
		return;
	more = format_text("%s%s%s%s", *text, **text ? ", " : "", name, missing);
	free(*text);
	*text = more;
}

/* A pin to what this process does not have is a refusal, whatever else the rule grants. */
static bool say_pins(struct output *out, const struct rule *rule, const struct peer *peer)
{
	bool label = !rule->pins.label || *peer->label, exe = !rule->pins.exe || peer->exe.len > 0;
	char *text = must(strdup(""));

	add_pin(&text, true, "cgroup", "");
	add_pin(&text, rule->pins.uid, "uid", "");
	add_pin(&text, rule->pins.label, "LSM label", label ? "" : " (which it does not have: refused)");
	add_pin(&text, rule->pins.exe, "executable", exe ? "" : " (which has no fs-verity digest: refused)");
	say(out, "pinned to", "pins", text);
	free(text);
	return label && exe;
}

static void say_texts(struct output *out, const char *label, const char *name, const struct texts *texts)
{
	char *all = must(strdup(""));

	for (size_t i = 0; i < texts->n; i++) {
		char *more = format_text("%s%s%s", all, i ? " " : "", texts->list[i]);

		free(all);
		all = more;
	}
	if (texts->n > 0)
		say(out, label, name, all);
	free(all);
}

static void say_bound(struct output *out, const char *label, const char *name, uint64_t value)
{
	if (value > 0)
		say_number(out, label, name, value);
}

static void say_yes(struct output *out, const char *label, const char *name, bool value)
{
	if (value && out->object)
		js_bool(out->object, name, true);
	else if (value)
		print_field(label, LABEL_WIDTH, "yes");
}

/* What its keys are tied to, and where their roots may come from: which there are, files do not tell. */
static bool say_keys(struct output *out, const struct rule *rule, const struct peer *peer)
{
	const struct facts facts = peer_facts(peer);
	const char *keyless = rule_keyless(rule, &facts);
	char names[128];

	say_texts(out, "key labels", "keyLabels", &rule->key_labels);
	say(out, "keys of", "sealScope", seal_scope_name(rule->seal_scope));
	root_names(rule->roots.sources, names, sizeof(names));
	say(out, "roots from", "rootSources", *names ? names : "nowhere");
	if (keyless)
		say(out, "no keys", "keyless", keyless);
	return !keyless;
}

/* True: it is granted, as far as files can tell. */
static bool say_grant(struct output *out, const struct rule *rule, const struct peer *peer)
{
	bool granted = rule->operations != 0;
	char names[128];

	operation_names(rule->operations, names, sizeof(names));
	say(out, "file", "file", rule->path);
	say(out, "name", "workload", rule->name);
	say(out, "may", "operations", *names ? names : "nothing");
	granted = say_pins(out, rule, peer) && granted;
	if (rule->operations & OPERATIONS_KEYS)
		granted = say_keys(out, rule, peer) && granted;
	if (rule->has_vmpl)
		say_number(out, "only at VMPL", "vmpl", rule->vmpl);
	say_yes(out, "SGX enclaves", "sgxEnclave", rule->sgx_enclave);
	say_yes(out, "SGX provision", "sgxProvision", rule->sgx_provision);
	say_yes(out, "stock ioctls", "unmodifiedPrograms", rule->unmodified_programs);
	say_yes(out, "privileged too", "trustPrivileged", rule->trust_privileged);
	say_number(out, "lease seconds", "lifetimeSec", rule->lifetime_ms / 1000);
	say_bound(out, "pending", "maxPending", rule->max_pending);
	say_bound(out, "connections", "connections", rule->quota.connections);
	say_bound(out, "requests", "requests", rule->quota.requests);
	say_bound(out, "leases", "leases", rule->quota.leases);
	say_bound(out, "per minute", "ratePerMinute", rule->quota.rate_per_minute);
	say_bound(out, "at once", "rateBurst", rule->quota.rate_burst);
	say_bound(out, "bytes", "bytes", rule->quota.bytes);
	return granted;
}

/* How many keys fit, and the names of those that do not, with commas; malloc()ed. */
static char *compare(const struct rule *rule, const struct facts *facts, unsigned int *ret_fits)
{
	char *differ = must(strdup(""));
	enum key_state state;
	const char *key;

	*ret_fits = 0;
	for (size_t i = 0; (key = rule_key(rule, facts, i, &state)); i++) {
		char *more;

		*ret_fits += state == KEY_FITS;
		if (state != KEY_DIFFERS)
			continue;
		more = format_text("%s%s%s=", differ, *differ ? ", " : "", key);
		free(differ);
		differ = more;
	}
	return differ;
}

/* A rule with which it has nothing in common is not worth a line. */
static void say_misses(struct output *out, const struct policy *policy, const struct facts *facts)
{
	struct json_object *list = out->object ? must(json_object_new_array()) : NULL;
	unsigned int fits, strangers = 0;

	for (size_t i = 0; i < policy->n_rules; i++) {
		const struct rule *rule = policy->rules[i];
		char *differ = compare(rule, facts, &fits);

		if (*differ && !fits) {
			strangers++;
		} else if (*differ && !list) {
			print_field("near", LABEL_WIDTH, rule->path);
			print_field("but for", LABEL_WIDTH, differ);
		} else if (*differ) {
			struct json_object *object = js_new();

			js_text(object, "file", rule->path);
			js_text(object, "differs", differ);
			must(json_object_array_add(list, object) < 0 ? NULL : object);
		}
		free(differ);
	}
	if (list) {
		js_put(out->object, "near", list);
		js_number(out->object, "others", strangers);
	} else if (strangers) {
		printf("  %u other%s nothing in common with it\n", strangers, strangers > 1 ? "s have" : " has");
	}
}

static void title(struct output *out, const char *text)
{
	if (!out->object)
		print_title("\n%s", text);
}

static int say_refusal(struct output *out, const char *why)
{
	say(out, "refused", "refused", why);
	return STATUS_REFUSED;
}

static int say_verdict(struct output *out, const struct policy *policy, const struct peer *peer)
{
	const struct facts facts = peer_facts(peer);
	const struct rule *rule, *other;
	char *why;
	int r;

	if (*peer->nameless) {
		title(out, "Nobody can name it");
		return say_refusal(out, peer->nameless);
	}
	r = policy_match(policy, &facts, &rule, &other);
	if (r == -ENOENT) {
		title(out, "No rule names it");
		say_misses(out, policy, &facts);
		return say_refusal(out, "no policy file names this workload");
	}
	if (r == -ENOTUNIQ) {
		title(out, "Two rules name it, so neither counts");
		why = format_text("two rules name this workload, %s and %s", rule->path, other->path);
		r = say_refusal(out, why);
		free(why);
		return r;
	}
	title(out, "One rule names it");
	r = say_grant(out, rule, peer) ? STATUS_OK : STATUS_REFUSED;
	if (!out->object)
		print_field("", LABEL_WIDTH, "Not looked at: whether it could reach the TEE beside teegated, which is then a refusal.");
	return r;
}

int policy_explain(const struct policy *policy, const struct peer *peer, enum registered registered,
		   bool json)
{
	struct output out = { json ? js_new() : NULL };
	int status;

	if (!json)
		print_title("What is seen of it");
	say_facts(&out, peer, registered);
	status = say_verdict(&out, policy, peer);
	if (!json)
		return status;
	js_bool(out.object, "granted", status == STATUS_OK);
	js_print(out.object);
	return status;
}
