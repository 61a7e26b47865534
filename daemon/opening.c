// SPDX-License-Identifier: GPL-2.0-or-later
/* See opening.h. Nothing is decided here about who may. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "opening.h"
#include "util.h"

#define DEV		"/dev/"
#define PAGE		4096u	/* no machine has smaller ones */

const char *opening_device(const char *path, size_t len)
{
	static const char *const devices[] = { DEV "sev-guest", DEV "tdx_guest", DEV "uv" };

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		size_t size = strlen(devices[i]) + 1;

		if (len >= size && !memcmp(path, devices[i], size))
			return devices[i] + strlen(DEV);
	}
	return NULL;
}

static struct opening refused(int error)
{
	return (struct opening){ .verdict = OPENING_REFUSED, .error = error };
}

/* As the kernel would answer for a device that is there. */
struct opening opening_judge(const char *device, uint64_t flags)
{
	if (flags & O_PATH)		/* would be the device itself, to stat() */
		return refused(EPERM);
	if (flags & O_DIRECTORY)	/* with O_TMPFILE, too */
		return refused(ENOTDIR);
	if ((flags & O_CREAT) && (flags & O_EXCL))
		return refused(EEXIST);
	return (struct opening){
		.verdict = OPENING_DEVICE, .device = device, .close_on_exec = flags & O_CLOEXEC,
	};
}

/* What there is of @size bytes, up to a page that is not there. */
static size_t read_memory(pid_t tid, uint64_t address, void *to, size_t size)
{
	size_t first = PAGE - (size_t)(address % PAGE);
	struct iovec local = { to, size }, remote[2] = {
		{ (void *)(uintptr_t)address, first < size ? first : size },
		{ (void *)(uintptr_t)(address + first), first < size ? size - first : 0 },
	};
	ssize_t n = process_vm_readv(tid, &local, 1, remote, first < size ? 2 : 1, 0);

	return n < 0 ? 0 : (size_t)n;
}

/* openat2() has its flags in memory. What it asks of the way to the file, /dev would not fulfil. */
static struct opening judge_how(const struct notification *n, const char *device)
{
	struct open_how how;

	if (n->args[3] < sizeof(how))
		return refused(EINVAL);
	if (read_memory(n->tid, n->args[2], &how, sizeof(how)) != sizeof(how))
		return refused(EFAULT);
	if (how.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_NO_XDEV))
		return refused(EXDEV);
	return opening_judge(device, how.flags);
}

/* @path_arg: which argument the path is. False: no call that opens by path. */
static bool is_open(const char *call, unsigned int *path_arg)
{
	*path_arg = strcmp(call, "open") ? 1 : 0;
	return !strcmp(call, "open") || !strcmp(call, "openat") || !strcmp(call, "openat2");
}

static struct opening look(const struct notification *n, const char *call)
{
	char path[OPENING_PATH_SIZE];
	unsigned int path_arg;
	const char *device;

	if (!is_open(call, &path_arg))
		return refused(ENOSYS);
	device = opening_device(path, read_memory(n->tid, n->args[path_arg], path, sizeof(path)));
	if (!device)
		return (struct opening){ .verdict = OPENING_OTHER };
	if (!strcmp(call, "openat2"))
		return judge_how(n, device);
	return opening_judge(device, n->args[path_arg + 1]);
}

/* Numbers of calls differ between machines, and a machine may run programs of another. */
void opening_look(const struct notification *notification, struct opening *ret)
{
	CLEANUP(freep) char *call = seccomp_syscall_resolve_num_arch(notification->arch, notification->call);

	*ret = call ? look(notification, call) : refused(ENOSYS);
}
