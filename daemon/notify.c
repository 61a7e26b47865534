// SPDX-License-Identifier: GPL-2.0-or-later
/* By libseccomp, but for what it has no function for. */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "notify.h"
#include "util.h"

/* In the name of what the descriptor leads to. */
#define NOTIFY_FILE	"anon_inode:seccomp notify"

/* @request_size: of the running kernel, which wants all of that to be zero */
struct notify {
	int fd;
	size_t request_size;
	struct seccomp_notif *request;
	struct seccomp_notif_resp *response;
};

/* A device that somebody serves could answer our ioctls with what it likes. */
static bool is_notify(int fd)
{
	char path[64], name[sizeof(NOTIFY_FILE) + 1];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, name, sizeof(name));
	return n == sizeof(NOTIFY_FILE) - 1 && !memcmp(name, NOTIFY_FILE, sizeof(NOTIFY_FILE) - 1);
}

int notify_new(int fd, struct notify **ret)
{
	CLEANUP(closep) int owned = fd;
	struct seccomp_notif_sizes sizes;
	struct notify *notify;
	int r;

	if (!is_notify(owned))
		return -EBADF;
	notify = calloc(1, sizeof(*notify));
	if (!notify)
		return -ENOMEM;
	notify->fd = take_fd(&owned);
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0) {
		r = -errno;
		notify_free(notify);
		return r;
	}
	notify->request_size = sizes.seccomp_notif;
	if (seccomp_notify_alloc(&notify->request, &notify->response) < 0) {
		notify_free(notify);
		return -ENOMEM;
	}
	*ret = notify;
	return 0;
}

struct notify *notify_free(struct notify *notify)
{
	if (!notify)
		return NULL;
	closep(&notify->fd);
	seccomp_notify_free(notify->request, notify->response);
	free(notify);
	return NULL;
}

int notify_fd(const struct notify *notify)
{
	return notify->fd;
}

int notify_receive(struct notify *notify, struct notification *ret)
{
	const struct seccomp_notif *request = notify->request;

	memset(notify->request, 0, notify->request_size);
	if (seccomp_notify_receive(notify->fd, notify->request) < 0)
		return errno == ENOENT || errno == EINTR ? 0 : -errno;
	*ret = (struct notification){
		.id = request->id, .tid = (pid_t)request->pid, .arch = request->data.arch,
		.call = request->data.nr,
	};
	for (size_t i = 0; i < ARRAY_SIZE(ret->args); i++)
		ret->args[i] = request->data.args[i];
	return 1;
}

bool notify_valid(const struct notify *notify, uint64_t id)
{
	return seccomp_notify_id_valid(notify->fd, id) == 0;
}

static void answer(struct notify *notify, uint64_t id, uint32_t flags, int error)
{
	*notify->response = (struct seccomp_notif_resp){ .id = id, .error = -error, .flags = flags };
	seccomp_notify_respond(notify->fd, notify->response);
}

void notify_continue(struct notify *notify, uint64_t id)
{
	answer(notify, id, SECCOMP_USER_NOTIF_FLAG_CONTINUE, 0);
}

void notify_refuse(struct notify *notify, uint64_t id, int error)
{
	answer(notify, id, 0, error);
}

/* At once: no time in which the descriptor is there and the call may still fail. Since Linux 5.14. */
int notify_give(struct notify *notify, uint64_t id, int fd, bool close_on_exec)
{
	struct seccomp_notif_addfd give = {
		.id = id,
		.flags = SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = (uint32_t)fd,
		.newfd_flags = close_on_exec ? O_CLOEXEC : 0,
	};

	int r;

	do
		r = ioctl(notify->fd, SECCOMP_IOCTL_NOTIF_ADDFD, &give);
	while (r < 0 && errno == EINTR);
	return r < 0 && errno != ENOENT ? -errno : 0;
}
