// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One container's programs, one notification after the other.
 *
 * What is no device of a TEE goes on at once. For a device teegated is asked, in the name of the process
 * that opens it: it gets a pidfd and finds out for itself who that is. Meanwhile others go on. Nothing
 * is decided here but who does not get anything: a process of another cgroup, or one that is gone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>
#include <systemd/sd-json.h>
#include <systemd/sd-varlink.h>

#include "journal.h"
#include "members.h"
#include "opening.h"
#include "supervisor.h"
#include "util.h"

#define METHOD		"io.teegate.Registrar.OpenDevice"
#define BROKER_ERROR	"io.teegate.Broker."
#define ANSWER_USEC	(60 * 1000 * 1000)
#define STATUS_MAX	8192	/* bytes of /proc/TID/status */

/* @supervisor: NULL when it is free */
struct request {
	struct supervisor *supervisor;
	sd_varlink *link;
	uint64_t id;
	bool close_on_exec;
};

struct supervisor {
	struct notify *notify;
	struct peer *container;
	char *broker;
	sd_event *event;
	sd_event_source *source;
	struct request requests[SUPERVISOR_OPENINGS_MAX];
};

/* The process of a thread: a pidfd is to be had of that alone. */
static int process_of(pid_t tid, pid_t *ret)
{
	char path[64], text[STATUS_MAX];
	CLEANUP(fclosep) FILE *file = NULL;
	const char *line;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	line = strstr(text, "\nTgid:");
	if (!line || sscanf(line, "\nTgid: %d", ret) != 1)
		return -EBADMSG;
	return 0;
}

/* A pidfd of the process that waits, if it is one of this container. */
static int open_process(const struct supervisor *s, const struct notification *n)
{
	CLEANUP(closep) int pidfd = -1, proc_fd = -1;
	pid_t pid;
	int r;

	r = process_of(n->tid, &pid);
	if (r >= 0)
		r = peer_open_member(s->container, pid, &pidfd, &proc_fd);
	if (r < 0)
		return r;
	/* The thread waits, so all the while its number was its own. */
	return notify_valid(s->notify, n->id) ? take_fd(&pidfd) : -ESRCH;
}

int supervisor_errno(const char *error_id, const char *failed_errno)
{
	static const struct {
		const char *error;
		int code;
	} errors[] = {
		{ BROKER_ERROR "Busy", EBUSY },
		{ BROKER_ERROR "NotAllowed", EPERM },
		{ BROKER_ERROR "UnknownWorkload", EPERM },
		{ BROKER_ERROR "Forgeable", EPERM },
		{ SD_VARLINK_ERROR_DISCONNECTED, EBUSY },	/* it restarts: try again */
		{ SD_VARLINK_ERROR_TIMEOUT, EBUSY },
	};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (!strcmp(error_id, errors[i].error))
			return errors[i].code;
	if (strcmp(error_id, BROKER_ERROR "Failed") || !failed_errno)
		return EPERM;
	/* Another TEE's device is not there; nor is one of a TEE that is not up. */
	if (!strcmp(failed_errno, "EOPNOTSUPP"))
		return ENOENT;
	return strcmp(failed_errno, "ENODEV") ? EIO : ENODEV;
}

static void request_done(struct request *request)
{
	sd_varlink_close_unref(request->link);
	*request = (struct request){ .supervisor = NULL };
}

static int on_reply(sd_varlink *link, sd_json_variant *parameters, const char *error_id,
		    sd_varlink_reply_flags_t flags, void *userdata)
{
	struct request *request = userdata;
	struct notify *notify = request->supervisor->notify;
	CLEANUP(closep) int fd = -1;
	int r;

	(void)flags;
	if (!error_id)
		fd = sd_varlink_take_fd(link, 0);
	/* With its last descriptor the lease is gone, too. */
	if (error_id)
		r = -supervisor_errno(error_id, member_text(parameters, "errno"));
	else
		r = fd < 0 ? -EIO : notify_give(notify, request->id, fd, request->close_on_exec);
	if (r < 0)
		notify_refuse(notify, request->id, -r);
	request_done(request);
	return 0;
}

static int call(struct supervisor *s, struct request *request, const char *device, int pidfd)
{
	int r;

	r = sd_varlink_connect_address(&request->link, s->broker);
	if (r >= 0)
		r = sd_varlink_set_relative_timeout(request->link, ANSWER_USEC);
	if (r >= 0)
		r = sd_varlink_set_allow_fd_passing_output(request->link, true);
	if (r >= 0)
		r = sd_varlink_set_allow_fd_passing_input(request->link, true);
	if (r >= 0)
		r = sd_varlink_attach_event(request->link, s->event, SD_EVENT_PRIORITY_NORMAL);
	if (r >= 0)
		r = sd_varlink_bind_reply(request->link, on_reply);
	if (r < 0)
		return r;
	sd_varlink_set_userdata(request->link, request);
	r = sd_varlink_push_dup_fd(request->link, pidfd);
	if (r < 0)
		return r;
	return sd_varlink_invokebo(request->link, METHOD,
				   SD_JSON_BUILD_PAIR_STRING("device", device),
				   SD_JSON_BUILD_PAIR_UNSIGNED("processFd", 0));
}

static struct request *free_request(struct supervisor *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->requests); i++)
		if (!s->requests[i].supervisor)
			return &s->requests[i];
	return NULL;
}

/* 0: will be answered; or what open() shall say, negative. */
static int ask(struct supervisor *s, const struct notification *n, const struct opening *opening)
{
	struct request *request = free_request(s);
	CLEANUP(closep) int pidfd = -1;
	int r;

	if (!request)
		return -EBUSY;
	pidfd = open_process(s, n);
	if (pidfd == -EXDEV)
		journal_say(LOG_NOTICE, "process of thread %d opens %s, and is not in the cgroup of its container",
			    (int)n->tid, opening->device);
	if (pidfd < 0)
		return -EPERM;
	*request = (struct request){
		.supervisor = s, .id = n->id, .close_on_exec = opening->close_on_exec,
	};
	r = call(s, request, opening->device, pidfd);
	if (r >= 0)
		return 0;
	journal_say(LOG_WARNING, "cannot ask teegated at %s: %s", s->broker, strerror(-r));
	request_done(request);
	return -ENXIO;
}

static void decide(struct supervisor *s, const struct notification *n)
{
	struct opening opening;
	int r;

	opening_look(n, &opening);
	switch (opening.verdict) {
	case OPENING_OTHER:
		notify_continue(s->notify, n->id);
		return;
	case OPENING_DEVICE:
		r = ask(s, n, &opening);
		break;
	default:
		r = -opening.error;
	}
	if (r < 0)
		notify_refuse(s->notify, n->id, -r);
}

static int on_notification(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct supervisor *s = userdata;
	struct notification n;
	int r;

	(void)source;
	(void)fd;
	if (!(revents & EPOLLIN))	/* the last one is gone */
		return sd_event_exit(s->event, 0);
	r = notify_receive(s->notify, &n);
	if (r < 0) {
		journal_say(LOG_ERR, "cannot hear what programs want: %s", strerror(-r));
		return sd_event_exit(s->event, r);
	}
	if (r > 0)
		decide(s, &n);
	return 0;
}

int supervisor_new(sd_event *event, struct notify *notify, struct peer *container, const char *broker,
		   struct supervisor **ret)
{
	struct supervisor *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		notify_free(notify);
		peer_unref(container);
		return -ENOMEM;
	}
	s->notify = notify;
	s->container = container;
	s->event = sd_event_ref(event);
	s->broker = strdup(broker);
	r = s->broker ? sd_event_add_io(event, &s->source, notify_fd(notify), EPOLLIN, on_notification, s) :
			-ENOMEM;
	if (r < 0) {
		supervisor_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

struct supervisor *supervisor_free(struct supervisor *s)
{
	if (!s)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(s->requests); i++)
		request_done(&s->requests[i]);
	sd_event_source_unref(s->source);
	notify_free(s->notify);
	peer_unref(s->container);
	sd_event_unref(s->event);
	free(s->broker);
	free(s);
	return NULL;
}
