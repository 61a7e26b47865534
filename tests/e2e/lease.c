// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A workload that takes a lease from teegated and does with it what the tests of the Debian guest
 * want. Static, and without libtee, so that it runs in any container.
 *
 *	lease ask		one report
 *	lease ask FIFO		the same, after it wrote the number of its lease to FIFO
 *	lease lend DIR		hands the lease to whoever connects to DIR/socket, which it announces
 *				in the fifo DIR/ready; asks for a report when that one is done
 *	lease borrow DIR	the other side: asks for a report with the lease that it got
 *	lease park DIR		one report, announces its number in the fifo DIR/number, and asks for another
 *				report when somebody writes to the fifo DIR/go
 *	lease keep DIR		the other side of "lend": keeps the lease, which it cannot use, until
 *				somebody writes to the fifo DIR/go
 *	lease revoke NUMBER	root outside of containers: revoke it
 *	lease claims		the claims of one report, in hexadecimal
 *	lease hold DIR		connects, announces itself in DIR/ready, waits for somebody to write to
 *				DIR/number and only then asks for a lease: a line "held", and 0 or EOF
 *	lease execing PROGRAM	connects, executes PROGRAM, and that asks over the same connection
 *	lease verity FILE	lets the kernel check FILE from now on; prints sha256:HEX
 *
 * Each request for a report is a line on stdout: "report", and 0 or the name of its errno. The exit
 * status says only whether the request could be made.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/teegate.h>

#define BROKER "/run/teegate/broker.sock"

static void die(const char *what)
{
	fprintf(stderr, "lease: %s: %s\n", what, strerror(errno));
	exit(70);
}

static uint8_t claims[TEEGATE_CLAIMS_MAX];

/* How long the claims are, or -1 with errno. */
static ssize_t ask(int lease)
{
	static uint8_t data[TEEGATE_USER_DATA_MAX], buf[128 * 1024], path[TEEGATE_PATH_MAX * TEEGATE_HASH_SIZE];
	struct teegate_get_report r = {
		.size = sizeof(r),
		.user_data = (uintptr_t)data,
		.user_data_len = sizeof(data),
		.report = (uintptr_t)buf,
		.report_len = sizeof(buf),
		.claims = (uintptr_t)claims,
		.claims_len = sizeof(claims),
		.path = (uintptr_t)path,
		.path_len = sizeof(path),
	};

	return ioctl(lease, TEEGATE_GET_REPORT, &r) < 0 ? -1 : (ssize_t)r.claims_len;
}

static void report(int lease)
{
	printf("report %s\n", ask(lease) < 0 ? strerrorname_np(errno) : "0");
	fflush(stdout);
}

static void print_hex(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", data[i]);
	putchar('\n');
}

static void print_claims(int lease)
{
	ssize_t len = ask(lease);

	if (len < 0)
		die("GET_REPORT");
	print_hex(claims, (size_t)len);
}

static void make_verity(const char *file)
{
	struct fsverity_enable_arg enable = {
		.version = 1, .hash_algorithm = FS_VERITY_HASH_ALG_SHA256, .block_size = 4096,
	};
	struct {
		struct fsverity_digest head;
		uint8_t value[32];
	} digest = { .head.digest_size = 32 };
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, FS_IOC_ENABLE_VERITY, &enable) < 0 ||
	    ioctl(fd, FS_IOC_MEASURE_VERITY, &digest) < 0)
		die(file);
	printf("sha256:");
	print_hex(digest.value, sizeof(digest.value));
}

static struct sockaddr_un address(const char *dir, const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (snprintf(a.sun_path, sizeof(a.sun_path), "%s%s", dir, name) >= (int)sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		die(dir);
	}
	return a;
}

static int connected(const char *dir, const char *name)
{
	struct sockaddr_un a = address(dir, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		die(a.sun_path);
	return fd;
}

/* Some bytes, and the descriptor that came with them or -1. */
static ssize_t receive(int sock, void *data, size_t size, int *ret_fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { data, size };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);

	*ret_fd = -1;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return n;
}

static void hand_over(int sock, int lease)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .header = {
		.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	} };
	struct iovec iov = { (char *)"x", 1 };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	memcpy(CMSG_DATA(&control.header), &lease, sizeof(lease));
	if (sendmsg(sock, &m, 0) != 1)
		die("sendmsg");
}

/* One varlink call: a line of JSON that ends in NUL, each way. -1: the connection has ended. */
static int acquire_from(int sock, unsigned long long *ret_number)
{
	static const char call[] =
		"{\"method\":\"io.teegate.Broker.AcquireLease\",\"parameters\":{}}";
	char reply[4096] = "";
	const char *at;
	size_t len = 0;
	int fd, lease = -1;
	ssize_t n;

	n = send(sock, call, sizeof(call), MSG_NOSIGNAL);
	if (n < 0 && errno == EPIPE)
		return -1;
	if (n != sizeof(call))
		die(BROKER);
	do {
		n = receive(sock, reply + len, sizeof(reply) - len, &fd);
		if (len == 0 && (n == 0 || (n < 0 && errno == ECONNRESET)))
			return -1;
		if (n <= 0 || len + (size_t)n == sizeof(reply))
			die("the broker's reply");
		len += (size_t)n;
		lease = fd >= 0 ? fd : lease;
	} while (reply[len - 1]);
	at = strstr(reply, "\"leaseId\":");
	if (lease < 0 || !at) {
		fprintf(stderr, "lease: %s\n", reply);
		exit(69);
	}
	*ret_number = strtoull(at + strlen("\"leaseId\":"), NULL, 10);
	return lease;
}

static int acquire(unsigned long long *ret_number)
{
	int sock = connected(BROKER, ""), lease = acquire_from(sock, ret_number);

	if (lease < 0)
		die("the broker's reply");
	close(sock);
	return lease;
}

/* Opening a fifo waits for its other end. */
static void announce(const char *fifo, unsigned long long number)
{
	FILE *f = fopen(fifo, "we");

	if (!f || fprintf(f, "%llu\n", number) < 0 || fclose(f))
		die(fifo);
}

static void lend(const char *dir)
{
	struct sockaddr_un a = address(dir, "/socket");
	unsigned long long number;
	int lease = acquire(&number), sock, peer;
	char path[200], byte;

	report(lease);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || bind(sock, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    chmod(a.sun_path, 0666) < 0 || listen(sock, 1) < 0)
		die(a.sun_path);
	snprintf(path, sizeof(path), "%s/ready", dir);
	announce(path, number);
	peer = accept(sock, NULL, NULL);
	if (peer < 0)
		die("accept");
	hand_over(peer, lease);
	if (read(peer, &byte, 1) != 1)
		die("the neighbour");
	report(lease);
}

static void wait_for(const char *fifo)
{
	int fd = open(fifo, O_RDONLY | O_CLOEXEC);
	char byte;

	if (fd < 0 || read(fd, &byte, 1) != 1)
		die(fifo);
	close(fd);
}

/* Opening the second fifo also waits until the other side is done with the first. */
static void hold(const char *dir)
{
	unsigned long long number;
	int sock = connected(BROKER, "");
	char path[200];

	snprintf(path, sizeof(path), "%s/ready", dir);
	announce(path, 0);
	snprintf(path, sizeof(path), "%s/number", dir);
	wait_for(path);
	printf("held %s\n", acquire_from(sock, &number) < 0 ? "EOF" : "0");
}

/* An answer shows that the broker has looked at who connected: before, it would see the other. */
static void execing(const char *program)
{
	static const char call[] = "{\"method\":\"io.teegate.Broker.GetInfo\"}";
	int sock = connected(BROKER, "");
	char number[16], byte;

	if (write(sock, call, sizeof(call)) != sizeof(call))
		die(BROKER);
	do {
		if (read(sock, &byte, 1) != 1)
			die(BROKER);
	} while (byte);
	snprintf(number, sizeof(number), "%d", dup(sock));
	execl(program, program, "execed", number, NULL);
	die(program);
}

static void execed(const char *number)
{
	unsigned long long id;

	printf("held %s\n", acquire_from(atoi(number), &id) < 0 ? "EOF" : "0");
}

static void borrow(const char *dir)
{
	char path[200], byte;
	int sock, lease;

	snprintf(path, sizeof(path), "%s/ready", dir);
	wait_for(path);
	sock = connected(dir, "/socket");
	if (receive(sock, &byte, 1, &lease) != 1 || lease < 0)
		die("the lender");
	report(lease);
	if (write(sock, "x", 1) != 1)
		die("the lender");
}

static void park(const char *dir)
{
	unsigned long long number;
	int lease = acquire(&number);
	char path[200];

	report(lease);
	snprintf(path, sizeof(path), "%s/number", dir);
	announce(path, number);
	snprintf(path, sizeof(path), "%s/go", dir);
	wait_for(path);
	report(lease);
}

static void keep(const char *dir)
{
	char path[200], byte;
	int sock, lease;

	snprintf(path, sizeof(path), "%s/ready", dir);
	wait_for(path);
	sock = connected(dir, "/socket");
	if (receive(sock, &byte, 1, &lease) != 1 || lease < 0 || write(sock, "x", 1) != 1)
		die("the lender");
	snprintf(path, sizeof(path), "%s/go", dir);
	wait_for(path);
}

static void revoke_lease(const char *number)
{
	struct teegate_revoke r = {
		.size = sizeof(r),
		.lease_id = strtoull(number, NULL, 10),
	};
	int session = open(TEEGATE_DEVICE, O_RDWR | O_CLOEXEC);

	if (session < 0 || ioctl(session, TEEGATE_REVOKE, &r) < 0)
		die("revoke");
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "", *arg = argc > 2 ? argv[2] : NULL;
	unsigned long long number;
	int lease;

	if (!strcmp(command, "ask")) {
		lease = acquire(&number);
		if (arg)
			announce(arg, number);
		report(lease);
	} else if (!strcmp(command, "lend") && arg) {
		lend(arg);
	} else if (!strcmp(command, "borrow") && arg) {
		borrow(arg);
	} else if (!strcmp(command, "claims")) {
		print_claims(acquire(&number));
	} else if (!strcmp(command, "hold") && arg) {
		hold(arg);
	} else if (!strcmp(command, "execing") && arg) {
		execing(arg);
	} else if (!strcmp(command, "execed") && arg) {
		execed(arg);
	} else if (!strcmp(command, "verity") && arg) {
		make_verity(arg);
	} else if (!strcmp(command, "park") && arg) {
		park(arg);
	} else if (!strcmp(command, "keep") && arg) {
		keep(arg);
	} else if (!strcmp(command, "revoke") && arg) {
		revoke_lease(arg);
	} else {
		fputs("usage: see the top of lease.c\n", stderr);
		return 64;
	}
	return 0;
}
