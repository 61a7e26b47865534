// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The message has no end of its own, and who sends it may keep the connection: it is whole when it
 * can be parsed. Descriptors come with its first byte, or with any other.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-json.h>

#include "handover.h"
#include "util.h"

#define FD_NAME		"seccompFd"

static int find_fd(sd_json_variant *names, size_t *ret)
{
	size_t n = names && sd_json_variant_is_array(names) ? sd_json_variant_elements(names) : 0;

	for (size_t i = 0; i < n && i < HANDOVER_FDS_MAX; i++) {
		sd_json_variant *name = sd_json_variant_by_index(names, i);

		if (!sd_json_variant_is_string(name) || strcmp(sd_json_variant_string(name), FD_NAME))
			continue;
		*ret = i;
		return 0;
	}
	return -EBADMSG;
}

int handover_parse(const char *text, struct handover *ret)
{
	CLEANUP(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	struct handover handover = { .id = "(nameless)" };
	sd_json_variant *pid, *id;
	int r;

	r = sd_json_parse(text, 0, &object, NULL, NULL);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	pid = sd_json_variant_by_key(object, "pid");
	if (!pid || !sd_json_variant_is_unsigned(pid) || sd_json_variant_unsigned(pid) < 1 ||
	    sd_json_variant_unsigned(pid) > INT_MAX)
		return -EBADMSG;
	handover.pid = (pid_t)sd_json_variant_unsigned(pid);
	r = find_fd(sd_json_variant_by_key(object, "fds"), &handover.fd_index);
	if (r < 0)
		return r;
	id = sd_json_variant_by_key(sd_json_variant_by_key(object, "state"), "id");
	if (id && sd_json_variant_is_string(id))
		snprintf(handover.id, sizeof(handover.id), "%s", sd_json_variant_string(id));
	text_sanitize(handover.id);
	*ret = handover;
	return 0;
}

/* What has come so far. */
struct pieces {
	char text[HANDOVER_MAX + 1];
	size_t len;
	int fds[HANDOVER_FDS_MAX];
	size_t n_fds;
};

static void pieces_free(struct pieces **pieces)
{
	if (!*pieces)
		return;
	for (size_t i = 0; i < (*pieces)->n_fds; i++)
		closep(&(*pieces)->fds[i]);
	free(*pieces);
}

static void keep_fds(struct pieces *pieces, const struct msghdr *message)
{
	size_t n;
	int fd;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR((struct msghdr *)message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (pieces->n_fds < HANDOVER_FDS_MAX)
				pieces->fds[pieces->n_fds++] = fd;
			else
				close(fd);
		}
	}
}

/* 1; 0: that was all. */
static int receive_piece(int socket_fd, struct pieces *pieces)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int) * HANDOVER_FDS_MAX)];
	} control;
	struct iovec iov = { pieces->text + pieces->len, HANDOVER_MAX - pieces->len };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t n;

	if (iov.iov_len == 0)
		return -EBADMSG;
	do
		n = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	keep_fds(pieces, &message);
	if (message.msg_flags & MSG_CTRUNC)
		return -EBADMSG;
	if (memchr(pieces->text + pieces->len, 0, (size_t)n))
		return -EBADMSG;
	pieces->len += (size_t)n;
	pieces->text[pieces->len] = '\0';
	return n > 0;
}

int handover_receive(int socket_fd, struct handover *ret, int *ret_fd)
{
	CLEANUP(pieces_free) struct pieces *pieces = calloc(1, sizeof(*pieces));
	int more, r;

	if (!pieces)
		return -ENOMEM;
	do {
		more = receive_piece(socket_fd, pieces);
		if (more < 0)
			return more;
		if (pieces->len == 0)
			return -ENODATA;
		r = handover_parse(pieces->text, ret);
	} while (r == -EBADMSG && more);
	if (r < 0)
		return r;
	if (ret->fd_index >= pieces->n_fds)
		return -EBADMSG;
	*ret_fd = take_fd(&pieces->fds[ret->fd_index]);
	return 0;
}
