// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An array in the order of ids. The module counts ids upwards, so a new lease goes to the end, and
 * those that are found again after a restart find their place by search.
 *
 * Who walks over all leases and ends some of them goes from id to id, not from place to place:
 * ending one may take it out of the table under the walker's feet.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "leases.h"
#include "util.h"

struct leases {
	const struct lease_hooks *hooks;
	void *userdata;
	bool live;
	struct lease **list;
	size_t n, room;
};

const char *lease_cause_name(enum lease_cause cause)
{
	static const char *const names[] = {
		[CAUSE_NONE] = "",
		[CAUSE_ADMINISTRATOR] = "administrator",
		[CAUSE_POLICY] = "policy",
		[CAUSE_CONTAINER] = "container-stopped",
		[CAUSE_CGROUP] = "cgroup-removed",
	};

	return names[cause];
}

/* For people, beside the name of the cause. */
static const char *lease_cause_text(enum lease_cause cause)
{
	static const char *const texts[] = {
		[CAUSE_NONE] = "",
		[CAUSE_ADMINISTRATOR] = "an administrator revoked it",
		[CAUSE_POLICY] = "policy does not grant it any more",
		[CAUSE_CONTAINER] = "its container stopped",
		[CAUSE_CGROUP] = "its cgroup is gone",
	};

	return texts[cause];
}

struct lease lease_of(const struct peer *peer, const struct rule *rule, uint64_t operations)
{
	return (struct lease){
		.workload = peer_workload(peer),
		.rule = rule->path,
		.facts = peer_facts(peer),
		.grant = grant_of(rule, operations),
		.why = "",
	};
}

static void lease_free(struct lease *lease)
{
	if (!lease)
		return;
	free((char *)lease->rule);
	free((char *)lease->facts.unit);
	free((char *)lease->facts.cgroup);
	free((char *)lease->facts.label);
	free((struct digest *)lease->facts.exe);
	registration_unref((struct registration *)lease->facts.registration);
	free((char *)lease->grant.name);
	free(lease);
}

static void lease_freep(struct lease **lease)
{
	lease_free(*lease);
}

static bool copy_text(const char **ret, const char *text)
{
	*ret = strdup(text);
	return *ret;
}

/* Text by text, so that whatever was copied before an error belongs to @to and goes with it. */
static bool copy_facts(struct facts *to, const struct facts *from)
{
	struct digest *exe;

	to->cgroup_roots = from->cgroup_roots;
	to->uid = from->uid;
	if (from->registration)
		to->registration = registration_ref((struct registration *)from->registration);
	if (from->exe) {
		exe = malloc(sizeof(*exe));
		if (!exe)
			return false;
		*exe = *from->exe;
		to->exe = exe;
	}
	if (from->label && !copy_text(&to->label, from->label))
		return false;
	return copy_text(&to->unit, from->unit) && copy_text(&to->cgroup, from->cgroup);
}

static struct lease *lease_copy(const struct lease *from)
{
	CLEANUP(lease_freep) struct lease *lease = calloc(1, sizeof(*lease));

	if (!lease)
		return NULL;
	lease->id = from->id;
	lease->workload = from->workload;
	lease->why = "";
	lease->grant = from->grant;
	lease->grant.name = NULL;
	if (!copy_facts(&lease->facts, &from->facts) || !copy_text(&lease->rule, from->rule) ||
	    !copy_text(&lease->grant.name, from->grant.name))
		return NULL;
	return take_pointer(&lease);
}

int leases_new(const struct lease_hooks *hooks, void *userdata, struct leases **ret)
{
	struct leases *leases = calloc(1, sizeof(*leases));

	if (!leases)
		return -ENOMEM;
	leases->hooks = hooks;
	leases->userdata = userdata;
	*ret = leases;
	return 0;
}

struct leases *leases_free(struct leases *leases)
{
	if (!leases)
		return NULL;
	while (leases->n > 0)
		lease_free(leases->list[--leases->n]);
	free(leases->list);
	free(leases);
	return NULL;
}

void leases_set_live(struct leases *leases, bool live)
{
	leases->live = live;
}

/* The place of the first lease whose id is not below @id. */
static size_t place_of(const struct leases *leases, uint64_t id)
{
	size_t low = 0, high = leases->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (leases->list[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct lease *find(const struct leases *leases, uint64_t id)
{
	size_t at = place_of(leases, id);

	return at < leases->n && leases->list[at]->id == id ? leases->list[at] : NULL;
}

const struct lease *leases_find(const struct leases *leases, uint64_t id)
{
	return find(leases, id);
}

const struct lease *leases_next(const struct leases *leases, uint64_t id)
{
	size_t at = id == UINT64_MAX ? leases->n : place_of(leases, id + 1);

	return at < leases->n ? leases->list[at] : NULL;
}

const struct lease *leases_of_workload(const struct leases *leases, uint64_t workload)
{
	for (size_t i = 0; i < leases->n; i++)
		if (leases->list[i]->workload == workload)
			return leases->list[i];
	return NULL;
}

static int make_room(struct leases *leases)
{
	size_t room = leases->room ? 2 * leases->room : 16;
	struct lease **list;

	if (leases->n < leases->room)
		return 0;
	if (leases->n >= LEASES_MAX)
		return -ENOSPC;
	list = reallocarray(leases->list, room, sizeof(*list));
	if (!list)
		return -ENOMEM;
	leases->list = list;
	leases->room = room;
	return 0;
}

int leases_add(struct leases *leases, const struct lease *from)
{
	size_t at = place_of(leases, from->id);
	struct lease *lease;
	int r;

	if (at < leases->n && leases->list[at]->id == from->id)
		return -EEXIST;
	r = make_room(leases);
	if (r < 0)
		return r;
	lease = lease_copy(from);
	if (!lease)
		return -ENOMEM;
	memmove(leases->list + at + 1, leases->list + at, (leases->n - at) * sizeof(*leases->list));
	leases->list[at] = lease;
	leases->n++;
	return 0;
}

void leases_remove(struct leases *leases, uint64_t id)
{
	size_t at = place_of(leases, id);

	if (at == leases->n || leases->list[at]->id != id)
		return;
	lease_free(leases->list[at]);
	leases->n--;
	memmove(leases->list + at, leases->list + at + 1, (leases->n - at) * sizeof(*leases->list));
}

unsigned int leases_count(const struct leases *leases, uint64_t workload)
{
	unsigned int count = 0;

	for (size_t i = 0; i < leases->n; i++)
		count += leases->list[i]->workload == workload && !leases->list[i]->cause;
	return count;
}

unsigned int leases_total(const struct leases *leases)
{
	unsigned int count = 0;

	for (size_t i = 0; i < leases->n; i++)
		count += !leases->list[i]->cause;
	return count;
}

bool lease_is_gone(int error)
{
	return error == -ENOENT || error == -ENODEV || error == -ENXIO;
}

/* Any other failure leaves the holder what was taken from him, so it is tried until it works. */
static int ask_kernel(struct leases *leases, struct lease *lease)
{
	int r = leases->hooks->revoke(lease->id, leases->userdata);

	lease->failed = r < 0 && !lease_is_gone(r);
	if (lease->failed)
		return r;
	if (r >= 0 && leases->live)
		return 0;
	leases->hooks->ended(lease, leases->userdata);
	leases_remove(leases, lease->id);
	return 0;
}

static int end(struct leases *leases, struct lease *lease, enum lease_cause cause, const char *why)
{
	if (!lease->cause) {
		lease->cause = cause;
		lease->why = why;
	} else if (!lease->failed) {
		return 0;
	}
	return ask_kernel(leases, lease);
}

int leases_revoke(struct leases *leases, uint64_t id, enum lease_cause cause)
{
	struct lease *lease = find(leases, id);

	return lease ? end(leases, lease, cause, lease_cause_text(cause)) : -ENOENT;
}

unsigned int leases_failed(const struct leases *leases)
{
	unsigned int count = 0;

	for (size_t i = 0; i < leases->n; i++)
		count += leases->list[i]->failed;
	return count;
}

void leases_retry(struct leases *leases)
{
	const struct lease *next;

	for (uint64_t id = 0; (next = leases_next(leases, id)); ) {
		id = next->id;
		if (next->failed)
			ask_kernel(leases, find(leases, id));
	}
}

/* Ends those for which @fits says why, from the lowest id on. One that fails does not save the next. */
static int end_all(struct leases *leases, enum lease_cause cause,
		   const char *(*fits)(const struct lease *lease, const void *what), const void *what)
{
	const struct lease *next;
	int count = 0, error = 0, r;
	const char *why;

	for (uint64_t id = 0; (next = leases_next(leases, id)); ) {
		id = next->id;
		why = next->cause && !next->failed ? NULL : fits(next, what);
		if (!why)
			continue;
		r = end(leases, find(leases, id), cause, *why ? why : lease_cause_text(cause));
		error = error ?: r;
		count++;
	}
	return error ?: count;
}

static const char *has_workload(const struct lease *lease, const void *what)
{
	return lease->workload == *(const uint64_t *)what ? "" : NULL;
}

int leases_revoke_workload(struct leases *leases, uint64_t workload, enum lease_cause cause)
{
	return end_all(leases, cause, has_workload, &workload);
}

static const char *has_name(const struct lease *lease, const void *what)
{
	return strcmp(lease->grant.name, what) ? NULL : "";
}

int leases_revoke_name(struct leases *leases, const char *name, enum lease_cause cause)
{
	return end_all(leases, cause, has_name, name);
}

static const char *has_container(const struct lease *lease, const void *what)
{
	const struct registration *registration = lease->facts.registration;

	return registration && registration->id && !strcmp(registration->id, what) ? "" : NULL;
}

int leases_revoke_container(struct leases *leases, const char *id, enum lease_cause cause)
{
	return end_all(leases, cause, has_container, id);
}

struct judge {
	bool (*ended)(const struct registration *registration, void *userdata);
	void *userdata;
};

static const char *has_ended(const struct lease *lease, const void *what)
{
	const struct judge *judge = what;
	const struct registration *registration = lease->facts.registration;

	return registration && judge->ended(registration, judge->userdata) ? "" : NULL;
}

int leases_revoke_ended(struct leases *leases,
			bool (*ended)(const struct registration *registration, void *userdata),
			void *userdata)
{
	return end_all(leases, CAUSE_CONTAINER, has_ended, &(struct judge){ ended, userdata });
}

static const char *is_withdrawn(const struct lease *lease, const void *what)
{
	return policy_withdraws(what, &lease->grant, &lease->facts);
}

int leases_reconsider(struct leases *leases, const struct policy *policy)
{
	return end_all(leases, CAUSE_POLICY, is_withdrawn, policy);
}
