// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command as a transient service of a user, whose cgroup is delegated to him, and waits for its end:
 *
 *	unit [-i FILE] [-s SECONDS] [-e VARIABLE=VALUE]... NAME USER COMMAND...
 *
 * stdout goes to NAME.out and stderr to NAME.err in the working directory. -i is its stdin, -s how long it may
 * take. The status is that of the command, and 203 if it could not be executed; 1 if it was killed, or if
 * the unit failed although it ended well: it took too long, or had too little memory.
 *
 * As "systemd-run --wait" does it, which costs a multiple under emulation: at each change of the unit it asks
 * for all of its properties, through a bus. The few that count are told with the change itself, and the
 * service manager's own socket takes root's calls. It is over when the unit is gone, so the next one can have
 * its name. Units must not be loaded anew meanwhile, for then all of them are gone for a moment.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define MANAGER		"org.freedesktop.systemd1"
#define PATH		"/org/freedesktop/systemd1"
#define INTERFACE	"org.freedesktop.systemd1.Manager"

struct unit {
	char *name;
	int code, status;
	int gone, failed;
};

static void must(int r, const char *what)
{
	if (r >= 0)
		return;
	errno = -r;
	err(EXIT_FAILURE, "%s", what);
}

static sd_bus *manager(void)
{
	sd_bus *bus;

	must(sd_bus_new(&bus), "bus");
	must(sd_bus_set_address(bus, "unix:path=/run/systemd/private"), "address");
	must(sd_bus_start(bus), "the service manager");
	return bus;
}

/* One property of those that changed: a name and a value. */
static int told(struct unit *u, sd_bus_message *m)
{
	const char *name, *result;
	int *to = NULL, r;

	r = sd_bus_message_read(m, "s", &name);
	if (r < 0)
		return r;
	if (!strcmp(name, "Result")) {
		r = sd_bus_message_read(m, "v", "s", &result);
		u->failed = r < 0 || strcmp(result, "success");
		return r;
	}
	if (!strcmp(name, "ExecMainCode"))
		to = &u->code;
	else if (!strcmp(name, "ExecMainStatus"))
		to = &u->status;
	return to ? sd_bus_message_read(m, "v", "i", to) : sd_bus_message_skip(m, "v");
}

static int on_change(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	int r;

	(void)error;
	must(sd_bus_message_skip(m, "s"), "a change");
	must(sd_bus_message_enter_container(m, 'a', "{sv}"), "a change");
	while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		must(told(userdata, m), "a property");
		must(sd_bus_message_exit_container(m), "a property");
	}
	must(r, "a change");
	return 0;
}

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	struct unit *u = userdata;
	const char *name;

	(void)error;
	must(sd_bus_message_read(m, "s", &name), "an end");
	u->gone |= !strcmp(name, u->name);
	return 0;
}

static void listen_to(sd_bus *bus, struct unit *u)
{
	char *path;

	must(sd_bus_path_encode(PATH "/unit", u->name, &path), u->name);
	must(sd_bus_match_signal(bus, NULL, NULL, path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
				 on_change, u), "changes");
	must(sd_bus_match_signal(bus, NULL, NULL, PATH, INTERFACE, "UnitRemoved", on_removed, u), "ends");
	free(path);
}

static void append_command(sd_bus_message *m, char **command)
{
	must(sd_bus_message_open_container(m, 'r', "sv"), "command");
	must(sd_bus_message_append(m, "s", "ExecStartEx"), "command");
	must(sd_bus_message_open_container(m, 'v', "a(sasas)"), "command");
	must(sd_bus_message_open_container(m, 'a', "(sasas)"), "command");
	must(sd_bus_message_open_container(m, 'r', "sasas"), "command");
	must(sd_bus_message_append(m, "s", *command), "command");
	must(sd_bus_message_append_strv(m, command), "command");
	must(sd_bus_message_append(m, "as", 1, "no-env-expand"), "command");
	for (int i = 0; i < 4; i++)
		must(sd_bus_message_close_container(m), "command");
}

/* In the folder that we are in. */
static void append_file(sd_bus_message *m, const char *property, const char *name, const char *suffix)
{
	char *cwd = get_current_dir_name(), *path = NULL;

	must(cwd && asprintf(&path, "%s/%s%s", cwd, name, suffix) >= 0 ? 0 : -ENOMEM, name);
	must(sd_bus_message_append(m, "(sv)", property, "s", path), property);
	free(path);
	free(cwd);
}

static void append_environment(sd_bus_message *m, const char *user, char **environment)
{
	char *own[] = { NULL, NULL, NULL };

	must(asprintf(&own[0], "HOME=/home/%s", user) < 0 ? -ENOMEM : 0, user);
	must(asprintf(&own[1], "XDG_RUNTIME_DIR=/run/%s", user) < 0 ? -ENOMEM : 0, user);
	for (char **e = own;; e = environment) {
		must(sd_bus_message_open_container(m, 'r', "sv"), "environment");
		must(sd_bus_message_append(m, "s", "Environment"), "environment");
		must(sd_bus_message_open_container(m, 'v', "as"), "environment");
		must(sd_bus_message_append_strv(m, e), "environment");
		must(sd_bus_message_close_container(m), "environment");
		must(sd_bus_message_close_container(m), "environment");
		if (e == environment)
			break;
	}
	free(own[0]);
	free(own[1]);
}

struct options {
	const char *input;
	unsigned long seconds;
	char *environment[8];
};

static struct options read_options(int argc, char **argv)
{
	struct options o = { .seconds = 600 };
	size_t n = 0;
	int c;

	while ((c = getopt(argc, argv, "+i:s:e:")) >= 0) {
		switch (c) {
		case 'i':
			o.input = optarg;
			break;
		case 's':
			o.seconds = strtoul(optarg, NULL, 10);
			break;
		case 'e':
			must(n + 1 < sizeof(o.environment) / sizeof(o.environment[0]) ? 0 : -E2BIG, optarg);
			o.environment[n++] = optarg;
			break;
		default:
			exit(EXIT_FAILURE);
		}
	}
	must(argc - optind < 3 ? -EINVAL : 0, "unit NAME USER COMMAND...");
	return o;
}

static void start(sd_bus *bus, const struct unit *u, struct options *o, char **words)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	const char *user = words[1];
	sd_bus_message *m;

	must(sd_bus_message_new_method_call(bus, &m, MANAGER, PATH, INTERFACE, "StartTransientUnit"), "a call");
	must(sd_bus_message_append(m, "ss", u->name, "fail"), u->name);
	must(sd_bus_message_open_container(m, 'a', "(sv)"), u->name);
	must(sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)",
				   "CollectMode", "s", "inactive-or-failed", "User", "s", user,
				   "Delegate", "b", 1, "RuntimeDirectory", "as", 1, user,
				   "RuntimeMaxUSec", "t", (uint64_t)o->seconds * 1000000), u->name);
	append_environment(m, user, o->environment);
	if (o->input)
		must(sd_bus_message_append(m, "(sv)", "StandardInputFile", "s", o->input), o->input);
	append_file(m, "StandardOutputFileToTruncate", words[0], ".out");
	append_file(m, "StandardErrorFileToTruncate", words[0], ".err");
	append_command(m, words + 2);
	must(sd_bus_message_close_container(m), u->name);
	must(sd_bus_message_append(m, "a(sa(sv))", 0), u->name);
	if (sd_bus_call(bus, m, 0, &error, NULL) < 0)
		errx(EXIT_FAILURE, "%s: %s", u->name, error.message);
	sd_bus_message_unref(m);
}

int main(int argc, char **argv)
{
	struct options o = read_options(argc, argv);
	sd_bus *bus = manager();
	struct unit u = { 0 };
	int r;

	must(asprintf(&u.name, "%s.service", argv[optind]) < 0 ? -ENOMEM : 0, argv[optind]);
	listen_to(bus, &u);
	start(bus, &u, &o, argv + optind);
	while (!u.gone) {
		r = sd_bus_process(bus, NULL);
		must(r, "the service manager");
		if (!r)
			must(sd_bus_wait(bus, UINT64_MAX), "the service manager");
	}
	sd_bus_unref(bus);
	free(u.name);
	return u.code == CLD_EXITED && (u.status || !u.failed) ? u.status : EXIT_FAILURE;
}
