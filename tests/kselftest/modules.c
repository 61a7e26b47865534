// SPDX-License-Identifier: GPL-2.0-or-later
/* Modules, see modules.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
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

/* Lines of modules.dep are "path: what it needs"; in a name - and _ are the same. */
static bool is_file_of(const char *line, const char *name)
{
	const size_t path_len = strcspn(line, ":"), n = strlen(name);
	const char *base = line;

	for (size_t i = 0; i < path_len; i++) {
		if (line[i] == '/')
			base = line + i + 1;
	}
	for (size_t i = 0; i < n; i++) {
		if ((base[i] == '-' ? '_' : base[i]) != (name[i] == '-' ? '_' : name[i]))
			return false;
	}
	return !strncmp(base + n, ".ko", 3);
}

const char *module_path(const char *name)
{
	static char path[PATH_MAX];
	char *line = NULL;
	struct utsname os;
	size_t size = 0;
	FILE *f;

	ASSERT_EQ(uname(&os), 0);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", os.release);
	f = fopen(path, "re");
	ASSERT(f);
	path[0] = '\0';
	while (!path[0] && getline(&line, &size, f) > 0) {
		if (is_file_of(line, name))
			snprintf(path, sizeof(path), "/lib/modules/%s/%.*s", os.release,
				 (int)strcspn(line, ":"), line);
	}
	fclose(f);
	free(line);
	ASSERT(path[0]);
	return path;
}

static void insert(void *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ASSERT(fd >= 0);
	ASSERT_EQ(syscall(SYS_finit_module, fd, "", 0) ? -errno : 0, 0);
}

/*
 * In a process that ends, as an administrator's does: the module may have its arena in that one
 * (kmod/snp/arena.c). No program is started but for what the system call cannot unpack.
 */
void module_load_alone(const char *name)
{
	char *path = (char *)module_path(name);
	const size_t n = strlen(path);

	if (!strcmp(path + n - 3, ".ko"))
		ASSERT(in_child(insert, path));
	else
		ASSERT_EQ(run((char *[]) { "insmod", path, NULL }), 0);
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

void module_anew(void)
{
	if (!module_loaded(OUR_MODULE) || info_now().state != TEEGATE_STATE_UP) {
		everything_anew();
		return;
	}
	module_unload(OUR_MODULE);
	module_load_alone(OUR_MODULE);
	WAIT_UNTIL(info_now().state == TEEGATE_STATE_UP);
}

void everything_anew(void)
{
	const char *const names[] = { the_tee()->firmware, the_tee()->driver, OUR_MODULE };
	bool before[3];

	for (int i = 2; i >= 0; i--) {
		before[i] = module_loaded(names[i]);
		if (before[i])
			module_unload(names[i]);
	}
	/* What a module needs was there before, and stays. */
	for (int i = 0; i < 3; i++) {
		if (before[i])
			module_load_alone(names[i]);
		else
			module_load(names[i]);
	}
	WAIT_UNTIL(info_now().state == TEEGATE_STATE_UP);
}
