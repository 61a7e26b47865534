// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold for anything that somebody sends to a supervisor's socket. The first byte says how many
 * descriptors come along, the second with which part of the text, and in how many parts that is sent.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "handover.h"
#include "opening.h"

#define MUST(x) do { if (!(x)) abort(); } while (0)
#define FDS_MAX		20	/* more than are taken */

/* The number that the next descriptor will have: what is left open changes it. */
static int next_fd(int any)
{
	int fd = fcntl(any, F_DUPFD_CLOEXEC, 0);

	MUST(fd >= 0 && close(fd) == 0);
	return fd;
}

static void send_part(int fd, const uint8_t *data, size_t len, int gift, unsigned int n)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int) * FDS_MAX)];
	} control = { .bytes = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c = &control.head;

	if (n > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n);
		for (unsigned int i = 0; i < n; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &gift, sizeof(int));
	}
	MUST(sendmsg(fd, &message, MSG_DONTWAIT) == (ssize_t)len);
}

static void send_all(int fd, const uint8_t *data, size_t len, int gift, unsigned int n_fds,
		     unsigned int how)
{
	unsigned int parts = 1 + (how & 3), with = (how >> 2) % parts;
	size_t at = 0;

	for (unsigned int i = 0; i < parts; i++) {
		size_t end = i + 1 == parts ? len : len * (i + 1) / parts;

		if (end > at)
			send_part(fd, data + at, end - at, gift, i == with ? n_fds : 0);
		at = end;
	}
	MUST(shutdown(fd, SHUT_WR) == 0);
}

static bool same_file(int a, int b)
{
	uint64_t one = 1, got = 0;

	return write(a, &one, sizeof(one)) == sizeof(one) && read(b, &got, sizeof(got)) == sizeof(got) &&
	       got == 1;
}

static void try_socket(const uint8_t *data, size_t len, unsigned int n_fds, unsigned int how)
{
	int gift = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), pair[2], before, fd = -1, r;
	struct handover handover;

	MUST(gift >= 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	send_all(pair[0], data, len, gift, n_fds, how);
	before = next_fd(gift);
	r = handover_receive(pair[1], &handover, &fd);
	MUST(r <= 0 && (r == 0) == (fd >= 0));
	if (r == 0) {
		MUST(handover.pid > 0 && handover.fd_index < n_fds && same_file(gift, fd));
		for (const char *p = handover.id; *p; p++)
			MUST(*p >= 0x20 && *p <= 0x7e);
		close(fd);
	}
	MUST(next_fd(gift) == before);
	close(pair[0]);
	close(pair[1]);
	close(gift);
}

/* A path is one of the three, with its end, or none. */
static void try_path(const uint8_t *data, size_t len)
{
	const char *device = opening_device((const char *)data, len);

	if (!device)
		return;
	MUST(len > 5 && !memcmp(data, "/dev/", 5) && memchr(data, 0, len));
	MUST(!strcmp((const char *)data + 5, device));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < 2)
		return 0;
	try_path(data + 2, len - 2);
	/* What a socket holds for sure. */
	if (len - 2 <= 65536)
		try_socket(data + 2, len - 2, data[0] % (FDS_MAX + 1), data[1]);
	return 0;
}
