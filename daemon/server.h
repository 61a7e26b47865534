/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections: who may have one, how much it may send, and what belongs to it.
 */
#ifndef TEEGATED_SERVER_H
#define TEEGATED_SERVER_H

#include <systemd/sd-event.h>
#include <systemd/sd-varlink.h>

#include "account.h"
#include "budget.h"
#include "device.h"
#include "jobs.h"
#include "leases.h"
#include "note.h"
#include "peer.h"
#include "policy.h"
#include "registrar.h"
#include "watch.h"

/* Exit status by which the event loop ends when only a restart brings the module within reach. */
#define EXIT_RESTART	75

/* What a socket is for. */
enum endpoint { ENDPOINT_BROKER, ENDPOINT_REGISTRAR, ENDPOINTS };

/* A socket that takes connections. @registration: the container that it is for alone, or NULL. */
struct listener {
	struct listener *next, **back;
	struct server *server;
	struct sd_event_source *source;
	enum endpoint endpoint;
	struct registration *registration;
};

/*
 * @reload: reads the policy again, and says what is wrong with it; NULL when nobody can
 */
struct server {
	sd_event *event;
	sd_varlink_server *varlink[ENDPOINTS];
	struct listener *listeners;
	struct sd_event_source *resume_accept;
	struct sd_event_source *jobs_source;
	struct sd_event_source *tick;
	struct sd_event_source *retry;	/* of revocations that failed */
	int cgroups_fd;
	struct device *device;
	struct jobs *jobs;
	struct policy *policy;
	struct registrar *registrar;
	struct accounts accounts;
	struct budgets budgets;
	struct leases *leases;
	struct watch *watch;
	struct note note;	/* of the lease that is being adopted */
	struct hotplug *hotplug;
	int (*reload)(void *userdata, char *complaints, size_t size);
	void *reload_userdata;
	struct conn *conns;
	unsigned int n_conns, n_strangers;
};

/*
 * @rule, @other_rule: what @policy said when it connected: no rule, one, or two, which is as none
 * @job: the request that is being worked on; varlink has at most one per connection
 * @subscriber: with a request that is answered by one event after the other
 * @half_since: when half a message was first seen, 0 when there is none
 * @seen, @seen_half: of the last look, see intake_look()
 * @waits: there may be a message, but its workload has sent enough for the moment
 * @takes_fds: descriptors may come with its calls
 */
struct conn {
	struct conn *next, **back;
	struct server *server;
	sd_varlink *link;
	struct sd_event_source *io;
	int fd;
	struct account *account;
	struct peer *peer;
	struct policy *policy;
	const struct rule *rule, *other_rule;
	struct job *job;
	struct subscriber *subscriber;
	uint64_t half_since;
	size_t seen;
	bool seen_half;
	bool waits;
	bool takes_fds;
};

/* server_new() - takes @cgroups_fd, @device and @policy in any case. */
int server_new(sd_event *event, int cgroups_fd, struct device *device, struct policy *policy,
	       struct server **ret);
/* False: some request still hangs in the kernel, and what it uses was left to it. */
bool server_free(struct server *server);
/*
 * server_listen() - takes @fd. @registration: only for its container, until server_unlisten(); NULL for
 * all who come.
 */
int server_listen(struct server *server, int fd, enum endpoint endpoint,
		  struct registration *registration);
/* server_unlisten() - closes the socket of @registration, if there is one, and its connections. */
void server_unlisten(struct server *server, const struct registration *registration);
/* server_set_policy() - ends connections and leases that it takes something from. Takes @policy. */
void server_set_policy(struct server *server, struct policy *policy);

/*
 * conn_speak_for() - from now on the connection is that of @peer, which was examined as if it had
 * connected, and is charged to its account. -EUSERS: that has too many, or there are too many accounts.
 */
int conn_speak_for(struct conn *conn, struct peer *peer);

/* conn_drive() - goes on with a connection after its pending request was answered. May free it. */
void conn_drive(struct conn *conn);

#endif
