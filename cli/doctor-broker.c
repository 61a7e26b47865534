// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether teegated can be reached, runs, and has a policy. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tee.h>

#include "cli.h"
#include "doctor.h"

#define POLICY_DIRECTORY "/etc/teegate/workloads.d"

static bool examine_socket(struct doctor *d)
{
	struct stat st;
	int r = doctor_lstat(d, TEE_BROKER_SOCKET, &st);

	if (r < 0)
		find(d, LEVEL_PROBLEM, "broker.socket", "systemctl enable --now teegated.socket",
		     TEE_BROKER_SOCKET ": %s", strerror(-r));
	else if (!S_ISSOCK(st.st_mode))
		find(d, LEVEL_PROBLEM, "broker.socket", "remove it; systemctl restart teegated.socket",
		     TEE_BROKER_SOCKET " is no socket");
	else
		find(d, LEVEL_OK, "broker.socket", NULL, TEE_BROKER_SOCKET " is there");
	return !r && S_ISSOCK(st.st_mode);
}

/* "active", "failed"... into @state; false when systemd does not know the unit. */
static bool unit_state(const char *unit, char *state, size_t size)
{
	char *command = format_text("systemctl show --property=ActiveState --property=LoadState %s 2>/dev/null",
				    unit);
	char line[128];
	bool loaded = false;
	FILE *pipe = popen(command, "re");

	*state = '\0';
	while (pipe && fgets(line, sizeof(line), pipe)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strcmp(line, "LoadState=loaded"))
			loaded = true;
		if (!strncmp(line, "ActiveState=", 12))
			snprintf(state, size, "%s", line + 12);
	}
	if (pipe)
		pclose(pipe);
	free(command);
	return loaded;
}

/* The service may be inactive: the socket starts it. */
static void examine_unit(struct doctor *d, const char *unit, bool must_be_active)
{
	char state[128];
	const char *name = must_be_active ? "unit.socket" : "unit.service";

	if (!unit_state(unit, state, sizeof(state)))
		find(d, LEVEL_PROBLEM, name, "install teegated and run systemctl daemon-reload",
		     "systemd does not know %s", unit);
	else if (!strcmp(state, "failed"))
		find(d, LEVEL_PROBLEM, name, "journalctl -u teegated says why", "%s has failed", unit);
	else if (must_be_active && strcmp(state, "active"))
		find(d, LEVEL_PROBLEM, name, "systemctl enable --now teegated.socket", "%s is %s", unit,
		     state);
	else
		find(d, LEVEL_OK, name, NULL, "%s is %s", unit, state);
}

static void examine_policy_mode(struct doctor *d, const struct stat *st)
{
	if (st->st_uid && !*d->sysroot)
		find(d, LEVEL_PROBLEM, "policy.owner", "chown root " POLICY_DIRECTORY,
		     POLICY_DIRECTORY " does not belong to root");
	else if (st->st_mode & 022)
		find(d, LEVEL_PROBLEM, "policy.owner", "chmod go-w " POLICY_DIRECTORY,
		     POLICY_DIRECTORY " may be written by others than root");
}

static void examine_policy(struct doctor *d)
{
	char *pattern = doctor_path(d, POLICY_DIRECTORY "/*.conf");
	glob_t files = { .gl_pathc = 0 };
	struct stat st;
	int r = doctor_stat(d, POLICY_DIRECTORY, &st);

	if (r < 0) {
		find(d, LEVEL_PROBLEM, "policy", "mkdir -p " POLICY_DIRECTORY
		     " and write a policy, teegate-workloads.d(5)", POLICY_DIRECTORY ": %s",
		     strerror(-r));
	} else if (glob(pattern, 0, NULL, &files) || !files.gl_pathc) {
		find(d, LEVEL_PROBLEM, "policy", "write one, teegate-workloads.d(5)",
		     "no policy in " POLICY_DIRECTORY ": nobody is allowed anything");
	} else {
		find(d, LEVEL_OK, "policy", NULL, "%zu policy files in " POLICY_DIRECTORY,
		     files.gl_pathc);
	}
	if (!r)
		examine_policy_mode(d, &st);
	globfree(&files);
	free(pattern);
}

void examine_broker(struct doctor *d)
{
	struct stat st;

	if (d->no_broker)
		return;
	/* Of this system only; an image may hold another build. */
	if (!TEEGATE_BROKER && !*d->sysroot) {
		find(d, LEVEL_NOTE, "broker", "for containers, build on a system with libsystemd 257 or later",
		     "this build has no broker: module, library and command work without it");
		return;
	}
	if (examine_socket(d) && !*d->sysroot)
		examine_info(d, "broker", "broker:" TEE_BROKER_SOCKET);
	if (!*d->sysroot && !stat("/run/systemd/system", &st)) {
		examine_unit(d, "teegated.socket", true);
		examine_unit(d, "teegated.service", false);
	}
	examine_policy(d);
}
