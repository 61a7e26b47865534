// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of registrations.
 *
 * The number of a cgroup is unique for as long as the system runs, its name is not: so a client is
 * looked up by walking from its own directory to the root, comparing numbers. The path serves one
 * purpose only, to see whether one living cgroup lies within another, and comes from the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "registry.h"
#include "util.h"

struct registry {
	sd_event *event;
	int cgroups_fd;
	struct registry_hooks hooks;
	void *userdata;
	struct entry *entries;
	unsigned int n, n_users;
};

bool registration_id_valid(const char *id)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t len = strnlen(id, REGISTRATION_ID_MAX + 1);

	return len >= 1 && len <= REGISTRATION_ID_MAX && strspn(id, letters) == len &&
	       !strchr("_.-", id[0]);
}

static bool same_voucher(const struct voucher *a, const struct voucher *b)
{
	return a->root == b->root && (a->root || a->uid == b->uid);
}

static void enlist(struct registry *registry, struct entry *entry)
{
	entry->next = registry->entries;
	if (entry->next)
		entry->next->back = &entry->next;
	entry->back = &registry->entries;
	registry->entries = entry;
	registry->n++;
	registry->n_users += entry->registration->voucher.root ? 0 : 1;
}

static void delist(struct entry *entry)
{
	struct registry *registry = entry->registry;

	*entry->back = entry->next;
	if (entry->next)
		entry->next->back = entry->back;
	entry->back = NULL;
	registry->n--;
	registry->n_users -= entry->registration->voucher.root ? 0 : 1;
}

static struct entry *entry_free(struct entry *entry)
{
	if (!entry)
		return NULL;
	if (entry->back)
		delist(entry);
	sd_event_source_disable_unref(entry->on_exit);
	sd_event_source_disable_unref(entry->on_empty);
	closep(&entry->pidfd);
	closep(&entry->cgroup_fd);
	free(entry->bundle);
	registration_unref(entry->registration);
	free(entry);
	return NULL;
}

static void entry_freep(struct entry **entry)
{
	entry_free(*entry);
}

void registry_drop(struct entry *entry, const char *why)
{
	struct registry *registry = entry->registry;

	delist(entry);
	registry->hooks.ended(entry, why, registry->userdata);
	entry_free(entry);
}

static int on_exit_of_first(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source;
	(void)fd;
	(void)revents;
	registry_drop(userdata, "the first process of the container has exited");
	return 0;
}

/* cgroup.events has changed: one line of it says whether anybody is left. */
static int on_change(sd_event_source *source, const struct inotify_event *event, void *userdata)
{
	struct entry *entry = userdata;

	(void)source;
	/* Not to be able to look is no answer; of the first process the pidfd tells, too. */
	if (!(event->mask & IN_IGNORED) && cgroup_populated(entry->cgroup_fd) != 0)
		return 0;
	registry_drop(entry, "nobody is left in the cgroup of the container");
	return 0;
}

/* Watched first and looked at after that, so nothing is missed in between. */
static int watch(struct entry *entry)
{
	CLEANUP(closep) int events_fd = openat(entry->cgroup_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	sd_event *event = entry->registry->event;
	int r;

	if (events_fd < 0)
		return errno == ENOENT || errno == ENODEV ? -ESRCH : -errno;
	r = sd_event_add_inotify_fd(event, &entry->on_empty, events_fd, IN_MODIFY, on_change, entry);
	if (r < 0)
		return r;
	r = sd_event_add_io(event, &entry->on_exit, entry->pidfd, EPOLLIN, on_exit_of_first, entry);
	if (r < 0)
		return r;
	r = peer_pidfd_alive(entry->pidfd);
	if (r < 0)
		return r;
	r = cgroup_populated(entry->cgroup_fd);
	return r == 0 ? -ESRCH : r;
}

static int entry_new(struct registry *registry, struct registration *registration, const char *bundle,
		     const struct peer *container, struct entry **ret)
{
	CLEANUP(entry_freep) struct entry *entry = calloc(1, sizeof(*entry));
	int r;

	if (!entry)
		return -ENOMEM;
	entry->registry = registry;
	entry->registration = registration_ref(registration);
	entry->pid = container->pid;
	entry->cgroup_fd = -1;
	entry->pidfd = fcntl(container->pidfd, F_DUPFD_CLOEXEC, 3);
	if (entry->pidfd < 0)
		return -errno;
	entry->cgroup_fd = fcntl(container->cgroup_fd, F_DUPFD_CLOEXEC, 3);
	if (entry->cgroup_fd < 0)
		return -errno;
	if (bundle) {
		entry->bundle = strdup(bundle);
		if (!entry->bundle)
			return -ENOMEM;
	}
	r = watch(entry);
	if (r < 0)
		return r;
	*ret = take_pointer(&entry);
	return 0;
}

/* One of two living cgroups is the other, or lies in it. */
static bool overlap(const char *a, const char *b)
{
	size_t len_a = strlen(a), len_b = strlen(b), shorter = len_a < len_b ? len_a : len_b;
	const char *longer = len_a < len_b ? b : a;

	return !memcmp(a, b, shorter) && (longer[shorter] == '\0' || longer[shorter] == '/');
}

static bool conflicts(const struct entry *entry, const struct registration *registration)
{
	return !strcmp(entry->registration->id, registration->id) ||
	       overlap(entry->registration->cgroup, registration->cgroup);
}

/* Has it ended, and the event of that waits? */
static bool is_dead(const struct entry *entry)
{
	return peer_pidfd_alive(entry->pidfd) == -ESRCH || cgroup_populated(entry->cgroup_fd) == 0;
}

/*
 * The initial root over others; and whoever says the same anew, having missed the answer. Of a container
 * that lives on elsewhere an id is not taken, even by who gave it.
 */
static bool may_replace(const struct entry *entry, const struct registration *registration)
{
	const struct voucher *by = &registration->voucher, *old = &entry->registration->voucher;

	if (by->root && !old->root)
		return true;
	return same_voucher(by, old) && !strcmp(entry->registration->id, registration->id) &&
	       (entry->registration->cgroup_id == registration->cgroup_id || is_dead(entry));
}

static unsigned int count_of(const struct registry *registry, const struct registration *registration)
{
	unsigned int n = 0;

	for (const struct entry *e = registry->entries; e; e = e->next)
		n += same_voucher(&e->registration->voucher, &registration->voucher) &&
		     strcmp(e->registration->id, registration->id);
	return n;
}

static int find_room(const struct registry *registry, const struct registration *registration)
{
	unsigned int replaced = 0;

	for (const struct entry *e = registry->entries; e; e = e->next) {
		if (!conflicts(e, registration))
			continue;
		if (!may_replace(e, registration))
			return -EEXIST;
		replaced++;
	}
	if (!registration->voucher.root) {
		if (count_of(registry, registration) >= REGISTRATIONS_USER_MAX)
			return -EDQUOT;
		if (registry->n_users - replaced >= REGISTRATIONS_USERS_MAX)
			return -ENOSPC;
	}
	return registry->n - replaced >= REGISTRATIONS_MAX ? -ENOSPC : 0;
}

static void drop_conflicting(struct registry *registry, const struct registration *registration)
{
	struct entry *next;

	for (struct entry *e = registry->entries; e; e = next) {
		next = e->next;
		if (conflicts(e, registration))
			registry_drop(e, registration->voucher.root && !e->registration->voucher.root ?
				      "the initial root registered this id or cgroup" :
				      "it was registered anew");
	}
}

int registry_add(struct registry *registry, struct registration *registration, const char *bundle,
		 const struct peer *container, struct entry **ret)
{
	struct entry *entry = NULL;
	int r;

	r = find_room(registry, registration);
	if (r < 0)
		return r;
	r = entry_new(registry, registration, bundle, container, &entry);
	if (r < 0)
		return r;
	drop_conflicting(registry, registration);
	enlist(registry, entry);
	*ret = entry;
	return 0;
}

int registry_remove(struct registry *registry, const struct voucher *voucher, const char *id)
{
	struct entry *entry = registry_by_id(registry, id);

	if (!entry || !(voucher->root || same_voucher(voucher, &entry->registration->voucher)))
		return -ENOENT;
	registry_drop(entry, "its runtime says that the container has stopped");
	return 0;
}

static struct entry *by_number(const struct registry *registry, uint64_t cgroup_id)
{
	for (struct entry *e = registry->entries; e; e = e->next)
		if (e->registration->cgroup_id == cgroup_id)
			return e;
	return NULL;
}

struct walk {
	const struct registry *registry;
	struct entry *found;
};

static int look_up(uint64_t cgroup_id, int fd, void *userdata)
{
	struct walk *walk = userdata;

	(void)fd;
	walk->found = by_number(walk->registry, cgroup_id);
	return walk->found ? 1 : 0;
}

int registry_find(const struct registry *registry, int cgroup_fd, struct entry **ret)
{
	struct walk walk = { .registry = registry };
	int r;

	if (!registry->entries)
		return 0;
	r = cgroup_walk_up(cgroup_fd, registry->cgroups_fd, look_up, &walk);
	if (r > 0)
		*ret = walk.found;
	return r;
}

struct entry *registry_by_id(const struct registry *registry, const char *id)
{
	for (struct entry *e = registry->entries; e; e = e->next)
		if (!strcmp(e->registration->id, id))
			return e;
	return NULL;
}

bool registry_has(const struct registry *registry, const struct registration *registration)
{
	for (const struct entry *e = registry->entries; e; e = e->next)
		if (e->registration == registration)
			return true;
	return false;
}

struct entry *registry_first(const struct registry *registry)
{
	return registry->entries;
}

int registry_new(sd_event *event, int cgroups_fd, const struct registry_hooks *hooks, void *userdata,
		 struct registry **ret)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	if (!registry)
		return -ENOMEM;
	registry->event = sd_event_ref(event);
	registry->cgroups_fd = cgroups_fd;
	registry->hooks = *hooks;
	registry->userdata = userdata;
	*ret = registry;
	return 0;
}

struct registry *registry_free(struct registry *registry)
{
	if (!registry)
		return NULL;
	while (registry->entries)
		entry_free(registry->entries);
	sd_event_unref(registry->event);
	free(registry);
	return NULL;
}
