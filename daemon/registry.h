/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which containers are registered, and until when. A registration ends when its runtime says so, when
 * the first process of its container exits, or when nobody is left in its cgroup: whatever comes first.
 *
 * A client is found by the numbers of the cgroups it is in, never by a name. No registration lies
 * within another's, so there is one at most. Main loop only.
 */
#ifndef TEEGATED_REGISTRY_H
#define TEEGATED_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "peer.h"
#include "registration.h"

#define REGISTRATIONS_MAX	512	/* in all */
#define REGISTRATIONS_USERS_MAX	256	/* of all users but root */
#define REGISTRATIONS_USER_MAX	32	/* of one of them */

/*
 * @bundle: where the runtime keeps it, or NULL
 * @pid: the container's first process, as a hint for a restart: @pidfd is what counts
 * @with_socket: it has a socket of its own
 */
struct entry {
	struct entry *next, **back;
	struct registry *registry;
	struct registration *registration;
	char *bundle;
	pid_t pid;
	int pidfd, cgroup_fd;
	bool with_socket;
	sd_event_source *on_exit, *on_empty;
};

/*
 * @ended: a registration is no more; @why for the journal. Called for each that was added, but for
 * those that are left when the registry is freed: these outlive us.
 */
struct registry_hooks {
	void (*ended)(const struct entry *entry, const char *why, void *userdata);
};

struct registry;

/* registry_new() - @cgroups_fd, the root of the hierarchy, stays the caller's. */
int registry_new(sd_event *event, int cgroups_fd, const struct registry_hooks *hooks, void *userdata,
		 struct registry **ret);
struct registry *registry_free(struct registry *registry);

/*
 * registry_add() - @container is the first process, examined before. Whether the voucher may speak for
 * it was asked by the caller (runtime.h). Holds a reference to @registration.
 *
 * Whoever registers the same container again replaces that; the initial root also replaces what others
 * said of that id or cgroup. -EEXIST: a living container has that id, or the cgroup lies in, or around,
 * another's;
 * -EDQUOT, -ENOSPC: too many of this user, in all; -ESRCH: the process has exited; -ENOMEM and the like.
 */
int registry_add(struct registry *registry, struct registration *registration, const char *bundle,
		 const struct peer *container, struct entry **ret);

/*
 * registry_remove() - at the word of @voucher. Only the initial root may end what others registered.
 * -ENOENT: there is none, or none of his.
 */
int registry_remove(struct registry *registry, const struct voucher *voucher, const char *id);

/* registry_drop() - for other reasons. */
void registry_drop(struct entry *entry, const char *why);

/*
 * registry_find() - the registration around the directory @cgroup_fd: 1 and the entry, 0 when there is
 * none, or what kept us from looking.
 */
int registry_find(const struct registry *registry, int cgroup_fd, struct entry **ret);

/* registry_by_id() - NULL when there is none. */
struct entry *registry_by_id(const struct registry *registry, const char *id);
/* registry_has() - has it not ended yet? */
bool registry_has(const struct registry *registry, const struct registration *registration);
/* registry_first() - the list, by @next. */
struct entry *registry_first(const struct registry *registry);

/* May be an id: 1 to 128 of A-Z, a-z, 0-9, "_", "." and "-", the first of them a letter or digit. */
bool registration_id_valid(const char *id);

#define REGISTRATION_ID_MAX	128

#endif
