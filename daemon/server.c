// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The socket and its connections.
 *
 * sd-varlink alone would read up to 16 MiB for each of 4096 clients, count them per uid (which all
 * containers share), and stop to accept for good when descriptors run out. So we accept ourselves,
 * and let a link read only when a whole message of bounded size waits in the socket, and only after
 * the client has taken the answer before. Until then the bytes stay in the kernel, charged to the
 * sender. What one connection can make us hold is bounded by two reads of 64 KiB and one answer; what
 * a workload can make us read in a minute, by its quota. Who begins a message has to end it soon.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <syslog.h>

#include "admin.h"
#include "audit.h"
#include "hotplug.h"
#include "intake.h"
#include "journal.h"
#include "ledger.h"
#include "server.h"
#include "service.h"
#include "subscribers.h"
#include "util.h"

#define DRIVE_BUDGET		16	/* steps before others get their turn */
#define HALF_MESSAGE_MS		10000	/* from the first byte to the last */
#define TICK_USEC		(250 * 1000)
#define ACCEPT_PAUSE_USEC	(200 * 1000)
#define CONN_EVENTS		(EPOLLIN | EPOLLOUT | EPOLLET)

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata);

static bool is_stranger(const struct conn *conn)
{
	return !conn->rule || conn->other_rule;
}

/* To whom it belongs. */
static void count(struct conn *conn, int more)
{
	conn->server->n_strangers += is_stranger(conn) ? (unsigned int)more : 0;
	conn->account->connections += (unsigned int)more;
}

static struct conn *conn_free(struct conn *conn)
{
	struct server *server;

	if (!conn)
		return NULL;
	server = conn->server;
	if (conn->job) {
		conn->job->owner = NULL;
		jobs_cancel(server->jobs, conn->job);
	}
	subscriber_free(conn->subscriber);
	if (conn->back) {
		*conn->back = conn->next;
		if (conn->next)
			conn->next->back = conn->back;
		server->n_conns--;
		count(conn, -1);
	}
	sd_event_source_unref(conn->io);
	if (conn->link)
		sd_varlink_close_unref(conn->link);
	/* A child that examines a client may hold duplicates: the other end shall hear of it now. */
	shutdown(conn->fd, SHUT_RDWR);
	closep(&conn->fd);
	peer_unref(conn->peer);
	policy_unref(conn->policy);
	free(conn);
	return NULL;
}

static void conn_freep(struct conn **conn)
{
	conn_free(*conn);
}

static struct limits limits(const struct conn *conn)
{
	return limits_of(is_stranger(conn) ? NULL : conn->rule);
}

/* Looks again, soon, at those who wait and those who are slow. */
static void start_tick(struct server *server)
{
	if (server->tick)
		return;
	if (sd_event_add_time_relative(server->event, &server->tick, CLOCK_MONOTONIC, TICK_USEC, 0,
				       on_tick, server) < 0)
		server->tick = NULL;
}

/* 1: there is a message to take; 0: not now; negative: there will be none. */
static int may_read(struct conn *conn)
{
	const struct limits may = limits(conn);

	if (bucket_wait_ms(&conn->account->bytes, may.bytes, may.bytes, now_ms()) > 0) {
		conn->waits = true;
		start_tick(conn->server);
		return 0;
	}
	switch (intake_look(conn->fd, conn->takes_fds, &conn->seen, &conn->seen_half)) {
	case INTAKE_NONE:
		return 0;
	case INTAKE_HALF:
		if (!conn->half_since)
			conn->half_since = now_ms();
		start_tick(conn->server);
		return 0;
	case INTAKE_LONG:
		return -EMSGSIZE;
	case INTAKE_DESCRIPTORS:
		return -EXFULL;
	default:
		conn->half_since = 0;
		return 1;
	}
}

/*
 * The link holds the beginning of a message, if it took just what was seen: that has to end soon, too. When
 * it took something else, since more came meanwhile, nobody knows, and the client has the benefit of it.
 */
static void note_half(struct conn *conn, size_t taken)
{
	conn->half_since = conn->seen_half && conn->seen == taken ? now_ms() : 0;
	conn->seen = 0;
	if (conn->half_since)
		start_tick(conn->server);
}

/* Lets the link read, and charges the workload with what that took. */
static int process(struct conn *conn)
{
	const struct limits may = limits(conn);
	struct account *account = conn->account;
	unsigned int before = intake_bytes(conn->fd), after;
	int r = sd_varlink_process(conn->link);

	after = intake_bytes(conn->fd);
	if (after >= before)
		return r;
	bucket_charge(&account->bytes, may.bytes, may.bytes, before - after, now_ms());
	note_half(conn, before - after);
	return r;
}

/* 1: go on; 0: nothing to do until the socket changes or a job ends; negative: end it. */
static int step(struct conn *conn)
{
	int wanted = sd_varlink_get_events(conn->link);
	uint32_t events = (uint32_t)wanted;
	int r;

	if (wanted < 0)
		return wanted;
	/* An answer waits: let the link write, which it does before all else, and do nothing more. */
	if (events & EPOLLOUT) {
		if (!intake_answerable(conn->fd))
			return 0;
	} else if (events & EPOLLIN) {
		r = may_read(conn);
		if (r <= 0)
			return r;
	}
	return process(conn);
}

/* Nobody is answered when a connection ends for what came over it, so the journal alone tells. */
static void tell_ended(struct conn *conn, const char *why)
{
	const struct decision decision = {
		.method = "message", .verdict = "Ended", .peer = conn->peer,
		.rule = is_stranger(conn) ? NULL : conn->rule, .detail = why,
	};

	journal_decision(conn->account, &decision);
}

static void end(struct conn *conn, int error)
{
	const char *why = intake_ended_by(error);

	if (why)
		tell_ended(conn, why);
	conn_free(conn);
}

void conn_drive(struct conn *conn)
{
	int r = 1;

	for (int i = 0; i < DRIVE_BUDGET && r > 0; i++)
		r = step(conn);
	/* Edge-triggered: setting the events once more brings us back when there is work left. */
	if (r > 0)
		r = sd_event_source_set_io_events(conn->io, CONN_EVENTS);
	if (r < 0)
		end(conn, r);
	else if (conn->subscriber)
		subscriber_go_on(conn->subscriber);
}

/* What ends the message may wait where nobody looked: while we are at work for this client we do not read. */
static bool is_slow(const struct conn *conn, uint64_t now)
{
	size_t seen;
	bool half;

	return conn->half_since && !conn->job && now - conn->half_since >= HALF_MESSAGE_MS &&
	       intake_look(conn->fd, conn->takes_fds, &seen, &half) != INTAKE_READY;
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct server *server = userdata;
	uint64_t now = now_ms();
	bool again = false;

	(void)source;
	(void)usec;
	server->tick = sd_event_source_unref(server->tick);
	for (struct conn *conn = server->conns, *next; conn; conn = next) {
		next = conn->next;
		if (is_slow(conn, now)) {
			tell_ended(conn, "half a message, and not the rest of it in time");
			conn_free(conn);
			continue;
		}
		again |= conn->half_since > 0;
		if (!conn->waits)
			continue;
		conn->waits = false;
		conn_drive(conn);
	}
	if (again)
		start_tick(server);
	return 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct conn *conn = userdata;

	(void)source;
	(void)fd;
	/* Both directions are closed: nobody is left to hear an answer, or to end half a message. */
	if (revents & (EPOLLHUP | EPOLLERR))
		conn_free(conn);
	else
		conn_drive(conn);
	return 0;
}

/* May this peer have one connection more? NULL, or why not. */
static const char *full(const struct server *server, const struct conn *conn)
{
	if (conn->account->connections >= limits(conn).connections)
		return "too many connections of this workload";
	if (is_stranger(conn) && server->n_strangers >= CONNECTIONS_STRANGERS_MAX)
		return "too many connections that no policy names";
	return server->n_conns >= CONNECTIONS_MAX ? "too many connections" : NULL;
}

static void apply_policy(struct conn *conn, struct policy *policy)
{
	const struct facts facts = peer_facts(conn->peer);

	conn->policy = policy_ref(policy);
	/* None and two rules need no error here: the former stay NULL, the latter are both set. */
	if (!*conn->peer->nameless)
		policy_match(policy, &facts, &conn->rule, &conn->other_rule);
}

static void enlist(struct server *server, struct conn *conn)
{
	conn->next = server->conns;
	if (conn->next)
		conn->next->back = &conn->next;
	conn->back = &server->conns;
	server->conns = conn;
	server->n_conns++;
	count(conn, 1);
}

/*
 * The link gets a duplicate. It closes that when it meets the end of the stream, and if a child held
 * the socket just then, the epoll set would go on watching it for a source that is no more.
 */
static int attach(struct server *server, struct conn *conn, enum endpoint endpoint)
{
	int fd = fcntl(conn->fd, F_DUPFD_CLOEXEC, 3), r;
	sd_varlink *link;

	if (fd < 0)
		return -errno;
	/* The server has no event loop of its own: this only makes the link, and step() works it. */
	r = sd_varlink_server_add_connection(server->varlink[endpoint], fd, &link);
	if (r < 0) {
		close(fd);
		return r;
	}
	conn->link = sd_varlink_ref(link);
	sd_varlink_set_userdata(link, conn);
	conn->takes_fds = endpoint == ENDPOINT_REGISTRAR;
	if (conn->takes_fds) {
		r = sd_varlink_set_allow_fd_passing_input(link, true);
		if (r < 0)
			return r;
	}
	r = sd_event_add_io(server->event, &conn->io, conn->fd, CONN_EVENTS, on_io, conn);
	if (r < 0)
		return r;
	return sd_event_source_set_exit_on_failure(conn->io, false);
}

/*
 * Which container it is in, if one is registered. A socket that was made for one is no proof: whoever it
 * was mounted for may have passed it on.
 */
static int find_registration(struct peer *peer, const struct listener *listener)
{
	int r;

	if (*peer->nameless)
		return 0;
	r = registrar_find(listener->server->registrar, peer->cgroup_fd, &peer->registration);
	if (r < 0)
		return r;
	if (listener->registration && peer->registration != listener->registration)
		snprintf(peer->nameless, sizeof(peer->nameless),
			 "it is not in the container that this socket was made for");
	return 0;
}

int conn_speak_for(struct conn *conn, struct peer *peer)
{
	struct server *server = conn->server;
	struct account *account;
	int r;

	if (!*peer->nameless) {
		r = registrar_find(server->registrar, peer->cgroup_fd, &peer->registration);
		if (r < 0)
			return r;
	}
	account = accounts_of(&server->accounts, peer);
	if (!account)
		return -EUSERS;
	count(conn, -1);
	peer_unref(conn->peer);
	policy_unref(conn->policy);
	conn->rule = conn->other_rule = NULL;
	conn->peer = peer_ref(peer);
	conn->account = account;
	apply_policy(conn, server->policy);
	/* A place among all connections it has already. */
	r = account->connections >= limits(conn).connections ? -EUSERS : 0;
	count(conn, 1);
	return r;
}

/* Takes @fd. */
static int conn_new(struct listener *listener, int fd, struct conn **ret)
{
	CLEANUP(conn_freep) struct conn *conn = calloc(1, sizeof(*conn));
	struct server *server = listener->server;
	const char *why;
	int r;

	if (!conn) {
		close(fd);
		return -ENOMEM;
	}
	conn->server = server;
	conn->fd = fd;
	r = peer_identify(fd, server->cgroups_fd, &conn->peer);
	if (r >= 0)
		r = find_registration(conn->peer, listener);
	if (r < 0)
		return r;
	apply_policy(conn, server->policy);
	conn->account = accounts_of(&server->accounts, conn->peer);
	if (!conn->account)
		return -EUSERS;
	why = full(server, conn);
	if (why) {
		const struct decision decision = {
			.method = "connect", .verdict = "Busy", .peer = conn->peer, .detail = why,
		};

		journal_decision(conn->account, &decision);
		return -EUSERS;
	}
	r = attach(server, conn, listener->endpoint);
	if (r < 0)
		return r;
	enlist(server, conn);
	*ret = take_pointer(&conn);
	return 0;
}

static void set_accepting(struct server *server, bool on)
{
	for (struct listener *l = server->listeners; l; l = l->next)
		sd_event_source_set_enabled(l->source, on ? SD_EVENT_ON : SD_EVENT_OFF);
}

static int on_resume(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct server *server = userdata;

	(void)source;
	(void)usec;
	server->resume_accept = sd_event_source_unref(server->resume_accept);
	set_accepting(server, true);
	return 0;
}

/* Out of descriptors or memory: the backlog is patient, a busy loop would not help. */
static void pause_accepting(struct server *server, int error)
{
	if (server->resume_accept)
		return;
	journal_say(LOG_ERR, "cannot take connections for a moment: %s", strerror(-error));
	if (sd_event_add_time_relative(server->event, &server->resume_accept, CLOCK_MONOTONIC,
				       ACCEPT_PAUSE_USEC, 0, on_resume, server) >= 0)
		set_accepting(server, false);
}

static int on_connect(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct listener *listener = userdata;
	struct server *server = listener->server;
	struct conn *conn;
	int client, r;

	(void)source;
	(void)revents;
	client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (client < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			pause_accepting(server, -errno);
		return 0;
	}
	r = conn_new(listener, client, &conn);
	if (r == -EMFILE || r == -ENFILE || r == -ENOMEM)
		pause_accepting(server, r);
	return 0;
}

static int on_jobs(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct server *server = userdata;

	(void)source;
	(void)fd;
	(void)revents;
	jobs_collect(server->jobs);
	return 0;
}

static struct listener *listener_free(struct listener *listener)
{
	if (!listener)
		return NULL;
	if (listener->back) {
		*listener->back = listener->next;
		if (listener->next)
			listener->next->back = listener->back;
	}
	sd_event_source_disable_unref(listener->source);
	registration_unref(listener->registration);
	free(listener);
	return NULL;
}

static void listener_freep(struct listener **listener)
{
	listener_free(*listener);
}

int server_listen(struct server *server, int fd, enum endpoint endpoint,
		  struct registration *registration)
{
	CLEANUP(listener_freep) struct listener *listener = calloc(1, sizeof(*listener));
	CLEANUP(closep) int owned = fd;
	int r;

	if (!listener)
		return -ENOMEM;
	listener->server = server;
	listener->endpoint = endpoint;
	listener->registration = registration ? registration_ref(registration) : NULL;
	r = sd_event_add_io(server->event, &listener->source, owned, EPOLLIN, on_connect, listener);
	if (r < 0)
		return r;
	r = sd_event_source_set_io_fd_own(listener->source, true);
	if (r < 0)
		return r;
	take_fd(&owned);
	/* Requests under way come before new connections. */
	sd_event_source_set_priority(listener->source, SD_EVENT_PRIORITY_NORMAL + 10);
	listener->next = server->listeners;
	if (listener->next)
		listener->next->back = &listener->next;
	listener->back = &server->listeners;
	server->listeners = take_pointer(&listener);
	return 0;
}

/*
 * Connections of that container: what they were granted was granted to what it was. One of them may be at
 * work right now, so the socket ends, and the event of that frees the connection.
 */
static void hang_up(struct server *server, const struct registration *registration)
{
	for (struct conn *conn = server->conns; conn; conn = conn->next)
		if (conn->peer->registration == registration)
			shutdown(conn->fd, SHUT_RDWR);
}

void server_unlisten(struct server *server, const struct registration *registration)
{
	struct listener *next;

	for (struct listener *l = server->listeners; l; l = next) {
		next = l->next;
		if (l->registration == registration)
			listener_free(l);
	}
	hang_up(server, registration);
}

/*
 * A connection keeps its policy; if the new one takes something away from it, it ends. It may be the
 * very one that asked for the new policy, so it is only cut off here, and freed when it next has its turn.
 */
static void end_narrowed(struct server *server)
{
	for (struct conn *conn = server->conns; conn; conn = conn->next) {
		const struct facts facts = peer_facts(conn->peer);
		const char *why = is_stranger(conn) ? NULL : policy_narrows(server->policy, conn->rule, &facts);
		const struct decision decision = {
			.method = "reload", .verdict = "Ended", .peer = conn->peer, .rule = conn->rule,
			.detail = why,
		};

		if (!why)
			continue;
		journal_decision(conn->account, &decision);
		shutdown(conn->fd, SHUT_RDWR);
	}
}

void server_set_policy(struct server *server, struct policy *policy)
{
	policy_unref(server->policy);
	server->policy = policy;
	end_narrowed(server);
	ledger_policy_changed(server);
}

/*
 * The service manager allows us a device by its number, and shows us those that were there when we
 * started. When the module's is another one now, a restart is what it takes; leases, registrations and
 * sockets outlive that.
 */
static void on_teegate(bool there, void *userdata)
{
	struct server *server = userdata;
	int r = there ? device_probe(server->device) : 0;

	if (r >= 0 || !getenv("INVOCATION_ID"))
		return;
	journal_say(LOG_NOTICE, "the module's device has appeared, but not to this process: %s; restarting",
		    strerror(-r));
	sd_event_exit(server->event, EXIT_RESTART);
}

/* Devices come and go without us, too: nobody is served worse for want of this. */
static void start_hotplug(struct server *server)
{
	static const struct hotplug_hooks hooks = { on_teegate };
	int r = hotplug_new(server->event, &hooks, server, &server->hotplug);

	if (r < 0)
		journal_say(LOG_WARNING, "cannot hear of devices: %s", strerror(-r));
}

/* What comes in may be a secret: libsystemd wipes it. */
static int new_varlink(sd_varlink_server **varlink, int (*bind)(sd_varlink_server *varlink))
{
	int r;

	r = sd_varlink_server_new(varlink, SD_VARLINK_SERVER_INPUT_SENSITIVE);
	if (r < 0)
		return r;
	r = sd_varlink_server_set_info(*varlink, "teegate", "teegated", TEEGATE_VERSION, NULL);
	if (r < 0)
		return r;
	r = sd_varlink_server_set_connections_max(*varlink, CONNECTIONS_MAX);
	return r < 0 ? r : bind(*varlink);
}

static int start_varlink(struct server *server)
{
	int r;

	r = new_varlink(&server->varlink[ENDPOINT_BROKER], service_bind);
	if (r < 0)
		return r;
	r = admin_bind(server->varlink[ENDPOINT_BROKER]);
	if (r < 0)
		return r;
	return new_varlink(&server->varlink[ENDPOINT_REGISTRAR], registrar_bind);
}

int server_new(sd_event *event, int cgroups_fd, struct device *device, struct policy *policy,
	       struct server **ret)
{
	struct server *server = calloc(1, sizeof(*server));
	int r;

	if (!server) {
		close(cgroups_fd);
		device_free(device);
		policy_unref(policy);
		return -ENOMEM;
	}
	server->event = sd_event_ref(event);
	server->cgroups_fd = cgroups_fd;
	server->device = device;
	server->policy = policy;
	r = start_varlink(server);
	if (r >= 0)
		r = budgets_start(&server->budgets);
	if (r >= 0)
		r = registrar_new(server, &server->registrar);
	if (r >= 0)
		r = jobs_new(device, &server->jobs);
	if (r >= 0)
		r = sd_event_add_io(event, &server->jobs_source, jobs_fd(server->jobs), EPOLLIN,
				    on_jobs, server);
	if (r >= 0)
		r = subscribers_start(event);
	if (r >= 0)
		r = audit_start(event, &server->accounts);
	if (r >= 0)
		r = ledger_start(server);
	if (r >= 0)
		start_hotplug(server);
	if (r < 0) {
		server_free(server);
		return r;
	}
	*ret = server;
	return 0;
}

bool server_free(struct server *server)
{
	while (server->conns)
		conn_free(server->conns);
	subscribers_stop();
	audit_stop();
	sd_event_source_unref(server->jobs_source);
	sd_event_source_unref(server->resume_accept);
	while (server->listeners)
		listener_free(server->listeners);
	sd_event_source_unref(server->tick);
	hotplug_free(server->hotplug);
	ledger_stop(server);
	if (!jobs_free(server->jobs))
		return false;
	registrar_free(server->registrar);
	for (unsigned int i = 0; i < ENDPOINTS; i++)
		sd_varlink_server_unref(server->varlink[i]);
	sd_event_unref(server->event);
	device_free(server->device);
	policy_unref(server->policy);
	budgets_done(&server->budgets);
	closep(&server->cgroups_fd);
	free(server);
	return true;
}
