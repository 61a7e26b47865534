// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client for a broker that dies again and again. Static, and without libtee, so that it runs in any
 * container and sees what every client sees.
 *
 *	storm run NAME DIR	asks for ever until there is DIR/stop; NAME is the workload that it is
 *				in policy. Makes DIR/NAME.has as soon as it has a lease. Prints one line,
 *				"NAME ok N again N busy N wrong N lost N bad N slowest MS"; status 0 if
 *				nothing was wrong, lost or bad
 *	storm once		asks until there is an answer, and prints how many milliseconds that took
 *
 * again: hung up on in the middle, and asked anew; busy: the broker said so. wrong: taken for another
 * workload, by the broker or in what a report claims, or given something else than a lease; lost: a lease
 * that the kernel does not know any more; bad: any other answer, or none in five minutes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <linux/teegate.h>

#define BROKER		"/run/teegate/broker.sock"
#define PATIENCE_MS	300000
#define ANSWER_MAX	16384

static struct {
	unsigned int ok, again, busy, wrong, lost, bad;
	unsigned long long slowest;
} count;

static unsigned long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long long)ts.tv_sec * 1000 + (unsigned long long)ts.tv_nsec / 1000000;
}

static int dial(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = BROKER };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* What came, without the NUL; 0 when the broker hung up before that, -1 when it says nothing. */
static ssize_t hear(int fd, char *answer, int *ret_fd)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t used = 0;

	while (used < ANSWER_MAX) {
		struct iovec iov = { answer + used, ANSWER_MAX - used };
		struct msghdr m = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control, .msg_controllen = sizeof(control),
		};
		struct cmsghdr *c;
		ssize_t n;

		if (poll(&p, 1, PATIENCE_MS) != 1)
			return -1;
		n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
		if (n <= 0)
			return 0;
		c = CMSG_FIRSTHDR(&m);
		if (c && c->cmsg_type == SCM_RIGHTS)
			memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
		used += (size_t)n;
		if (answer[used - 1] == '\0')
			return (ssize_t)used;
	}
	return -1;
}

/* True: @answer is one. Asks until there is any. */
static bool ask(const char *method, char *answer, int *ret_fd)
{
	char call[256];
	unsigned long long start = now_ms(), took;
	ssize_t n = 0;
	int fd, len;

	len = snprintf(call, sizeof(call), "{\"method\":\"io.teegate.Broker.%s\",\"parameters\":{}}", method);
	while (n == 0 && now_ms() - start < PATIENCE_MS) {
		fd = dial();
		if (fd >= 0 && send(fd, call, (size_t)len + 1, MSG_NOSIGNAL) == len + 1)
			n = hear(fd, answer, ret_fd);
		if (fd >= 0)
			close(fd);
		if (n == 0) {
			count.again++;
			usleep(20000);
		}
	}
	took = now_ms() - start;
	if (took > count.slowest)
		count.slowest = took;
	if (n <= 0)
		count.bad++;
	return n > 0;
}

static bool works(int lease)
{
	struct teegate_get_info info = { .size = sizeof(info) };

	return ioctl(lease, TEEGATE_GET_INFO, &info) == 0 && info.lease_id != 0;
}

/* In CBOR a short text is its length and its bytes, so "storm1" is not found in "storm12". */
static bool claims_say(const char *name, const uint8_t *claims, size_t len)
{
	size_t n = strlen(name);
	uint8_t text[24];

	if (n >= sizeof(text))
		return false;
	text[0] = (uint8_t)(0x60 | n);
	memcpy(text + 1, name, n);
	return memmem(claims, len, text, n + 1) != NULL;
}

/* True: there was a report. It is wrong if it speaks for another workload than @name. */
static bool reports(int lease, const char *name)
{
	static uint8_t data[64], buf[64 * 1024], claims[TEEGATE_CLAIMS_MAX],
		path[TEEGATE_PATH_MAX * TEEGATE_HASH_SIZE];
	struct teegate_get_report r = {
		.size = sizeof(r),
		.user_data = (uintptr_t)data, .user_data_len = sizeof(data),
		.report = (uintptr_t)buf, .report_len = sizeof(buf),
		.claims = (uintptr_t)claims, .claims_len = sizeof(claims),
		.path = (uintptr_t)path, .path_len = sizeof(path),
	};

	if (ioctl(lease, TEEGATE_GET_REPORT, &r) < 0)
		return false;
	if (!claims_say(name, claims, r.claims_len)) {
		fprintf(stderr, "the report does not speak for %s\n", name);
		count.wrong++;
	}
	return true;
}

static void identify(const char *name, char *answer)
{
	char workload[160];
	int none = -1;

	snprintf(workload, sizeof(workload), "\"workload\":\"%s\"", name);
	if (!ask("GetInfo", answer, &none))
		return;
	if (strstr(answer, workload))
		count.ok++;
	else
		count.wrong++;
}

/* A lease, or -1. */
static int acquire(char *answer)
{
	int fd = -1;

	if (!ask("AcquireLease", answer, &fd))
		return -1;
	if (strstr(answer, "io.teegate.Broker.Busy")) {
		count.busy++;
	} else if (strstr(answer, "\"error\"")) {
		fprintf(stderr, "%s\n", answer);
		count.bad++;
	} else if (fd < 0 || !works(fd)) {
		count.wrong++;
	} else {
		count.ok++;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static void say_so(const char *name, const char *dir)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s.has", dir, name);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int run(const char *name, const char *dir)
{
	static char answer[ANSWER_MAX + 1];
	int kept = -1, other;
	char stop[256];

	snprintf(stop, sizeof(stop), "%s/stop", dir);
	for (unsigned int i = 0; access(stop, F_OK) < 0; i++) {
		identify(name, answer);
		if (kept < 0) {
			kept = acquire(answer);
			if (kept >= 0)
				say_so(name, dir);
		} else if (!works(kept)) {
			count.lost++;
		}
		if (i % 16 == 15) {
			other = acquire(answer);
			if (other >= 0)
				close(other);
		}
		usleep(1000000);	/* twenty of these keep two processors busy */
	}
	/* One that lived all the while is still good for what it is for. */
	if (kept < 0 || !reports(kept, name)) {
		fprintf(stderr, "the lease: %s\n", kept < 0 ? "never had one" : strerror(errno));
		count.lost++;
	}
	printf("%s ok %u again %u busy %u wrong %u lost %u bad %u slowest %llu\n", name, count.ok, count.again,
	       count.busy, count.wrong, count.lost, count.bad, count.slowest);
	return count.wrong || count.lost || count.bad || !count.ok;
}

static int once(void)
{
	static char answer[ANSWER_MAX + 1];
	int none = -1;

	if (!ask("GetInfo", answer, &none))
		return 1;
	printf("%llu\n", count.slowest);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "run"))
		return run(argv[2], argv[3]);
	if (argc == 2 && !strcmp(argv[1], "once"))
		return once();
	fprintf(stderr, "storm: see its source\n");
	return 64;
}
