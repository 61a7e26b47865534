// SPDX-License-Identifier: GPL-2.0-or-later
/* Modules, see modules.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit.h"
#include "modules.h"
#include "tee.h"

static int run(char *const argv[])
{
	int status = -1;
	pid_t pid = fork();

	ASSERT(pid >= 0);
	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

bool module_loaded(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	return access(path, F_OK) == 0;
}

void module_load(const char *name)
{
	ASSERT_EQ(run((char *[]) { "modprobe", (char *)name, NULL }), 0);
}

bool module_try_load(const char *name)
{
	return run((char *[]) { "modprobe", "-q", (char *)name, NULL }) == 0;
}

void module_load_with(const char *name, const char *parameter)
{
	ASSERT_EQ(run((char *[]) { "modprobe", (char *)name, (char *)parameter, NULL }), 0);
}

void module_load_alone(const char *name)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "insmod \"$(modinfo -n %s)\"", name);
	ASSERT_EQ(run((char *[]) { "sh", "-c", cmd, NULL }), 0);
}

int module_try_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

void module_unload(const char *name)
{
	int r = 0;

	WAIT_UNTIL((r = module_try_unload(name)) != -EAGAIN);
	ASSERT_EQ(r, 0);
}

const char *module_path(const char *name)
{
	static char path[PATH_MAX];
	char cmd[128];
	FILE *pipe;

	snprintf(cmd, sizeof(cmd), "modinfo -n %s", name);
	pipe = popen(cmd, "re");
	ASSERT(pipe && fgets(path, sizeof(path), pipe));
	pclose(pipe);
	path[strcspn(path, "\n")] = '\0';
	return path;
}

bool module_is_for(const char *name, const char *modalias)
{
	char cmd[256];
	int status;

	ASSERT_EQ(access(modalias, R_OK), 0);
	snprintf(cmd, sizeof(cmd),
		 "modprobe --resolve-alias \"$(cat %s)\" 2>/dev/null | grep -qx %s",
		 modalias, name);
	status = run((char *[]) { "sh", "-c", cmd, NULL });
	ASSERT(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status) == 0;
}

void everything_anew(void)
{
	if (module_loaded(OUR_MODULE))
		module_unload(OUR_MODULE);
	if (module_loaded(the_tee()->driver))
		module_unload(the_tee()->driver);
	if (module_loaded(the_tee()->firmware))
		module_unload(the_tee()->firmware);
	module_load(the_tee()->firmware);
	module_load(the_tee()->driver);
	module_load(OUR_MODULE);
	WAIT_UNTIL(info_now().state == TEEGATE_STATE_UP);
}
