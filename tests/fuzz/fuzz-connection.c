// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must hold for any bytes that a client of teegated sends: there are no more answers than calls, each
 * is a whole one, nothing is asked of the module that policy does not grant, a neighbour is served
 * meanwhile, and nothing is left of the connection when the client is gone.
 *
 * The first byte says in pieces of what size the rest is sent (0: at once), whether the client is root
 * (32), whether a descriptor comes with each piece (64), and whether it talks to the registrar (128).
 *
 * The server is teegated's own; connection-kit.c plays the rest.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "connection-kit.h"
#include "fuzz.h"
#include "util.h"

#define ANSWER_USEC	(60 * 1000 * 1000)	/* of a machine that has other things to do */
#define PIECE		0x1f
#define AS_ROOT		0x20
#define WITH_FD		0x40
#define TO_REGISTRAR	0x80

static struct server *server;
static struct address addresses[ENDPOINTS];

/* The client's side. @answers: how many ended; @last: the last byte of them */
struct client {
	int fd, gift;
	size_t answers;
	uint8_t last;
};

static bool busy(void)
{
	for (size_t i = 0; i < ACCOUNTS_MAX; i++)
		if (server->accounts.list[i].requests > 0)
			return true;
	return false;
}

static struct client connect_to(enum endpoint endpoint)
{
	struct client client = { .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), .gift = -1 };
	const struct address *address = &addresses[endpoint];

	MUST(client.fd >= 0 && connect(client.fd, (const struct sockaddr *)&address->name, address->len) == 0);
	return client;
}

/* Takes what came. What descriptors came along is closed by the kernel, for there is no room for them. */
static void take_answers(struct client *client)
{
	uint8_t data[65536];
	ssize_t n;

	while (client->fd >= 0 && (n = recv(client->fd, data, sizeof(data), MSG_DONTWAIT)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			client->answers += data[i] == 0;
		client->last = data[n - 1];
	}
}

/* Lets the server do all that it can. */
static void turn(struct client *client)
{
	int r;

	do {
		r = sd_event_run(server->event, busy() ? ANSWER_USEC : 0);
		MUST(r > 0 || (r == 0 && !busy()));
		take_answers(client);
	} while (r > 0);
}

static ssize_t send_piece(const struct client *client, const uint8_t *data, size_t len)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (client->gift >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.bytes);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &client->gift, sizeof(int));
	}
	return sendmsg(client->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void send_all(struct client *client, const uint8_t *data, size_t len, size_t piece)
{
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n) {
		n = send_piece(client, data, piece < len ? piece : len);
		if (n < 0)	/* it hung up, or reads no more for now */
			return;
		turn(client);
	}
}

static void neighbour_is_served(void)
{
	static const char call[] = "{\"method\":\"io.teegate.Broker.GetInfo\"}";
	struct client neighbour = connect_to(ENDPOINT_BROKER);

	send_all(&neighbour, (const uint8_t *)call, sizeof(call), sizeof(call));
	MUST(neighbour.answers == 1 && neighbour.last == 0);
	close(neighbour.fd);
}

/* Of a call with "more" there may be many. */
static bool asks_for_more(const uint8_t *data, size_t len)
{
	return memmem(data, len, "more", 4) || memchr(data, '\\', len);
}

static void check_answers(const struct client *client, const uint8_t *data, size_t len)
{
	size_t calls = 0;

	for (size_t i = 0; i < len; i++)
		calls += data[i] == 0;
	MUST(client->last == 0);
	MUST(client->answers <= calls || asks_for_more(data, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct client client;

	if (len < 1)
		return 0;
	if (!server)
		server = kit_start(addresses);
	kit_as_root(data[0] & AS_ROOT);
	client = connect_to(data[0] & TO_REGISTRAR ? ENDPOINT_REGISTRAR : ENDPOINT_BROKER);
	if (data[0] & WITH_FD)
		client.gift = (int)syscall(SYS_pidfd_open, getpid(), 0);
	send_all(&client, data + 1, len - 1, data[0] & PIECE ?: len);
	neighbour_is_served();
	shutdown(client.fd, SHUT_WR);
	turn(&client);
	check_answers(&client, data + 1, len - 1);
	closep(&client.fd);
	closep(&client.gift);
	client.fd = -1;
	turn(&client);
	MUST(server->n_conns == 0);
	kit_clean(server);
	return 0;
}
