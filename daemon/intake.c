// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Peeks at sockets. Whatever follows the first message is read along with it and was looked at by
 * nobody: at most one buffer of sd-varlink, and the next read needs the end of that message within
 * MESSAGE_MAX again.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "intake.h"

static enum intake judge(const char *buf, size_t len, size_t *ret_seen, bool *ret_half)
{
	if (len == 0)
		return INTAKE_READY;
	if (memchr(buf, 0, len)) {
		*ret_seen = len;
		*ret_half = buf[len - 1] != 0;
		return INTAKE_READY;
	}
	return len == MESSAGE_MAX ? INTAKE_LONG : INTAKE_HALF;
}

/*
 * The kernel drops descriptors when there is no room for them, and says that it did; room is what we
 * never give it here. What was seen may be a secret that shall be sealed.
 */
enum intake intake_look(int fd, bool takes_fds, size_t *ret_seen, bool *ret_half)
{
	char buf[MESSAGE_MAX];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	enum intake verdict;
	ssize_t n;

	*ret_seen = 0;
	*ret_half = false;
	do
		n = recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != EAGAIN)
		return INTAKE_READY;	/* the link meets the same error and ends */
	if (n < 0)
		return INTAKE_NONE;
	verdict = (message.msg_flags & MSG_CTRUNC) && !takes_fds ? INTAKE_DESCRIPTORS :
		  judge(buf, (size_t)n, ret_seen, ret_half);
	explicit_bzero(buf, (size_t)n);
	return verdict;
}

unsigned int intake_bytes(int fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) < 0 || n < 0 ? 0 : (unsigned int)n;
}

bool intake_answerable(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };

	return poll(&pollfd, 1, 0) > 0;
}

const char *intake_ended_by(int error)
{
	switch (error) {
	case -ENOTCONN:
	case -ECONNRESET:
	case -EPIPE:
		return NULL;
	case -EMSGSIZE:
		return "a message that is too long";
	case -EXFULL:
		return "descriptors, which nobody here takes";
	default:
		return "no message of varlink";
	}
}
