// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * teegated: options, start, reload, end. Nothing is decided here.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "events.h"
#include "exposure.h"
#include "journal.h"
#include "listen.h"
#include "sandbox.h"
#include "server.h"
#include "util.h"

#define POLICY_SUBDIR	"teegate/workloads.d"

/* The service manager does not start us again after this one: nothing would be different. */
#define EXIT_UNSUPPORTED	69

struct options {
	const char *socket;
	const char *run_dir;
	const char *device;
	const char *policy_dir;
	bool check;
};

struct context {
	struct server *server;
	const struct options *options;
};

static void usage(FILE *to)
{
	fprintf(to,
		"Usage: teegated [OPTION...]\n\n"
		"Hands workloads of this confidential guest what policy allows them of the TEE.\n"
		"Normally started by teegated.socket; see teegated(8) and teegate-workloads.d(5).\n\n"
		"  --socket=PATH      listen there, when the service manager passes no socket\n"
		"                     (default " LISTEN_RUN_DIR "/broker.sock)\n"
		"  --run-dir=DIR      where register.sock and sockets of single containers are\n"
		"                     (default " LISTEN_RUN_DIR "; with --socket only, nowhere)\n"
		"  --policy-dir=DIR   read policy from there only, instead of\n"
		"                     {/etc,/run,/usr/lib}/" POLICY_SUBDIR "\n"
		"  --device=PATH      the module's device (default " TEEGATE_DEVICE ")\n"
		"  --check            read the policy, say what is wrong with it, and exit 0 or 1\n"
		"  --help, --version\n\n"
		"Exit status: 0; 1 on errors; 69 when this system cannot run it (no SO_PEERPIDFD before\n"
		"Linux 6.5, no unified cgroup hierarchy); 75 when only a new start helps.\n");
}

/* 0: go on; 1: asked and answered. */
static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option list[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "policy-dir", required_argument, NULL, 'p' },
		{ "device", required_argument, NULL, 'd' },
		{ "check", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", list, NULL)) >= 0) {
		switch (c) {
		case 's':
			options->socket = optarg;
			break;
		case 'r':
			options->run_dir = optarg;
			break;
		case 'p':
			options->policy_dir = optarg;
			break;
		case 'd':
			options->device = optarg;
			break;
		case 'c':
			options->check = true;
			break;
		case 'h':
			usage(stdout);
			return 1;
		case 'v':
			puts("teegated " TEEGATE_VERSION);
			return 1;
		default:
			return -EINVAL;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "teegated: no argument is expected, but there is \"%s\"\n", argv[optind]);
		return -EINVAL;
	}
	return 0;
}

/* What is wrong with the policy, for whoever asked for it; the journal has it in any case. */
struct complaints {
	char *text;
	size_t size;
};

static void on_complaint(const char *file, unsigned int line, const char *what, void *userdata)
{
	struct complaints *complaints = userdata;
	char text[1024] = "";

	if (line > 0)
		text_add(text, sizeof(text), "%s:%u: %s", file, line, what);
	else
		text_add(text, sizeof(text), "%s: %s", file, what);
	journal_say(LOG_ERR, "%s", text);
	if (complaints)
		text_add(complaints->text, complaints->size, "%s\n", text);
}

static int read_policy(const struct options *options, struct complaints *complaints, struct policy **ret)
{
	static const char *const system_dirs[] = {
		"/etc/" POLICY_SUBDIR, "/run/" POLICY_SUBDIR, "/usr/lib/" POLICY_SUBDIR,
	};

	if (options->policy_dir)
		return policy_load(&options->policy_dir, 1, on_complaint, complaints, ret);
	return policy_load(system_dirs, ARRAY_SIZE(system_dirs), on_complaint, complaints, ret);
}

static void say_status(const struct policy *policy)
{
	if (policy->errors > 0)
		sd_notifyf(false, "STATUS=%zu workloads; %u policy files are broken and grant nothing",
			   policy->n_rules, policy->errors);
	else
		sd_notifyf(false, "STATUS=%zu workloads", policy->n_rules);
}

/* All or nothing: a broken file must not take from workloads what they had. */
static int reload(void *userdata, char *text, size_t size)
{
	CLEANUP(policy_unrefp) struct policy *policy = NULL;
	struct complaints complaints = { text, size };
	struct context *context = userdata;
	char workloads[64] = "";
	int r = read_policy(context->options, size > 0 ? &complaints : NULL, &policy);

	if (r >= 0 && policy->errors > 0)
		r = -EBADMSG;
	if (r < 0) {
		events_emit(EVENT(EVENT_POLICY_REFUSED, .error = -r,
				  .reason = "it is broken, and what was read before stays in force"));
		sd_notify(false, "STATUS=The last reload failed; the policy before it stays in force");
		return r;
	}
	text_add(workloads, sizeof(workloads), "%zu workloads", policy->n_rules);
	events_emit(EVENT(EVENT_POLICY_LOADED, .reason = workloads));
	say_status(policy);
	server_set_policy(context->server, take_pointer(&policy));
	return 0;
}

/*
 * systemd takes a notification for an answer to its own signal only if the time in it is not before
 * that signal, by the microsecond.
 */
static uint64_t now_usec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	(void)source;
	(void)info;
	sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)now_usec());
	reload(userdata, NULL, 0);
	sd_notify(false, "READY=1");
	return 0;
}

static int on_terminate(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	(void)info;
	(void)userdata;
	sd_notify(false, "STOPPING=1");
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

/*
 * Who waits at an activated socket would have us started again at once; so hang up on them before we
 * give up.
 */
static void turn_away(void)
{
	int n = sd_listen_fds(false), client;

	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++) {
		if (listen_set_nonblocking(fd) < 0)
			continue;
		while ((client = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
			close(client);
	}
}

static int unsupported(const char *what)
{
	journal_say(LOG_ERR, "teegated does not run on this system: %s", what);
	sd_notifyf(false, "STATUS=Does not run on this system: %s", what);
	turn_away();
	return EXIT_UNSUPPORTED;
}

/* 0, or the exit status. */
static int check_system(int *ret_cgroups_fd)
{
	struct utsname name;
	char text[256] = "";
	int r;

	r = peer_supported();
	if (r == -EOPNOTSUPP) {
		uname(&name);
		text_add(text, sizeof(text),
			 "Linux %s does not tell which process connected (SO_PEERPIDFD, since Linux 6.5). The module, libtee and teegatectl work without it",
			 name.release);
		return unsupported(text);
	}
	if (r >= 0)
		r = peer_open_cgroups();
	if (r == -EOPNOTSUPP)
		return unsupported("/sys/fs/cgroup is not the unified (v2) hierarchy; boot with systemd.unified_cgroup_hierarchy=1");
	if (r < 0) {
		journal_say(LOG_ERR, "cannot find out who connects: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	*ret_cgroups_fd = r;
	return 0;
}

static int add_signals(sd_event *event, struct context *context)
{
	const struct {
		int signal;
		sd_event_signal_handler_t handler;
	} signals[] = { { SIGHUP, on_hangup }, { SIGTERM, on_terminate }, { SIGINT, on_terminate } };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(signals); i++)
		r = sd_event_add_signal(event, NULL, signals[i].signal | SD_EVENT_SIGNAL_PROCMASK,
					signals[i].handler, context);
	return r;
}

/* All is open by now that has to be; the threads are there, too. */
static int confine(void)
{
	int r = sandbox_lock(SANDBOX_DAEMON);

	if (r < 0)
		journal_say(LOG_ERR, "cannot confine myself: %s", strerror(-r));
	return r;
}

/* Signals are blocked before the server starts its threads, which inherit that. */
static int serve(const struct options *options, sd_event *event, int cgroups_fd,
		 struct device *device, struct policy *policy)
{
	struct context context = { .options = options };
	bool ended;
	int r;

	say_status(policy);
	r = add_signals(event, &context);
	if (r < 0) {
		device_free(device);
		policy_unref(policy);
		close(cgroups_fd);
		return r;
	}
	r = server_new(event, cgroups_fd, device, policy, &context.server);
	if (r < 0)
		return r;
	context.server->reload = reload;
	context.server->reload_userdata = &context;
	r = listen_start(context.server, options->run_dir, options->socket);
	if (r >= 0)
		r = sd_event_set_watchdog(event, true);
	if (r >= 0)
		r = confine();
	if (r >= 0) {
		sd_notify(false, "READY=1");
		r = sd_event_loop(event);
	}
	ended = server_free(context.server);
	if (!ended) {
		journal_say(LOG_WARNING, "a request still hangs in the kernel; leaving without it");
		_exit(r < 0 ? EXIT_FAILURE : r);
	}
	return r;
}

static int run(const struct options *options)
{
	CLEANUP(sd_event_unrefp) sd_event *event = NULL;
	struct policy *policy;
	struct device *device;
	int cgroups_fd, status, r;

	r = sandbox_enter(SANDBOX_DAEMON);
	if (r < 0) {
		journal_say(LOG_ERR, "cannot drop privileges: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	status = check_system(&cgroups_fd);
	if (status)
		return status;
	r = read_policy(options, NULL, &policy);
	if (r >= 0)
		r = device_new(options->device ?: TEEGATE_DEVICE, &device);
	if (r >= 0)
		r = sd_event_new(&event);
	if (r >= 0)
		r = serve(options, event, cgroups_fd, device, policy);
	if (r < 0) {
		journal_say(LOG_ERR, "%s", strerror(-r));
		return EXIT_FAILURE;
	}
	return r;	/* what the event loop ended with */
}

static int check_policy(const struct options *options)
{
	CLEANUP(policy_unrefp) struct policy *policy = NULL;
	char names[64];
	int r;

	r = read_policy(options, NULL, &policy);
	if (r < 0) {
		journal_say(LOG_ERR, "%s", strerror(-r));
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < policy->n_rules; i++)
		printf("%s: workload \"%s\" may: %s\n", policy->rules[i]->path, policy->rules[i]->name,
		       operation_names(policy->rules[i]->operations, names, sizeof(names)));
	return policy->errors > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	int r;

	if (argc > 0 && !strcmp(argv[0], EXPOSURE_CHILD))
		exposure_child(argc, argv);
	r = parse_options(argc, argv, &options);
	if (r != 0)
		return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	journal_open();
	signal(SIGPIPE, SIG_IGN);
	return options.check ? check_policy(&options) : run(&options);
}
