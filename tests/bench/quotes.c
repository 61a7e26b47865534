// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Clients that ask for TDX quotes as fast as they get them, in a guest, as root:
 *
 *	quotes stock|teegate CLIENTS SECONDS NONCE-HEX DIR
 *
 * "stock" is configfs-tsm on the stock driver, "teegate" is libtee on a lease of each client's own.
 * A client is a thread that asks until SECONDS are over and then finishes what it has begun. Nothing
 * is judged here, and nothing thrown away: each answer is kept as DIR/CLIENT-NUMBER.cbor (evidence)
 * or .quote, so that whoever counts can look at it. Its user_data is NONCE, CLIENT and NUMBER, the
 * latter two as 4 bytes, big-endian.
 *
 * On stdout, for whoever puts the numbers together: lines of "name value".
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/teegate.h>
#include <tee.h>

#define CLIENTS_MAX	64
#define ANSWERS_MAX	65536	/* of one client */
#define QUOTE_MAX	32768	/* a quote of the driver is never so large */
#define NONCE_LEN	32

static const char claims[] = "\xa1\x01\x65" "bench";	/* { 1: "bench" } */

struct answer {
	uint8_t *data;
	size_t len;
};

struct client {
	pthread_t thread;
	uint32_t index;
	char entry[96];		/* stock: its report in configfs */
	tee_ctx *tee;		/* teegate: its lease */
	struct answer *answers;
	uint32_t n, errors;
	int last_error;
	uint64_t end_ns;	/* its last answer */
};

struct way {
	const char *name, *suffix;
	int (*open)(struct client *c);
	int (*ask)(struct client *c, const uint8_t data[64], struct answer *ret);
	void (*close)(struct client *c);
};

static const struct way *way;
static uint8_t nonce[NONCE_LEN];
static pthread_barrier_t start;
static uint64_t seconds;
static int session = -1;

static void die(const char *what, int error)
{
	fprintf(stderr, "quotes: %s: %s\n", what, strerror(error));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- the stock driver ---- */

static int stock_open(struct client *c)
{
	snprintf(c->entry, sizeof(c->entry), "/sys/kernel/config/tsm/report/bench-%u", c->index);
	return mkdir(c->entry, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int entry_file(const struct client *c, const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", c->entry, name);
	return open(path, flags | O_CLOEXEC);
}

static int put_inblob(const struct client *c, const uint8_t data[64])
{
	int fd = entry_file(c, "inblob", O_WRONLY), r;

	if (fd < 0)
		return -errno;
	r = write(fd, data, 64) == 64 ? 0 : -errno;
	close(fd);
	return r;
}

static int stock_ask(struct client *c, const uint8_t data[64], struct answer *ret)
{
	uint8_t buf[QUOTE_MAX];
	size_t len = 0;
	ssize_t n;
	int fd, r;

	r = put_inblob(c, data);
	if (r)
		return r;
	fd = entry_file(c, "outblob", O_RDONLY);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf + len, sizeof(buf) - len)) > 0)
		len += (size_t)n;
	r = n < 0 ? -errno : 0;
	close(fd);
	if (r || !len)
		return r ? r : -EPROTO;
	ret->data = malloc(len);
	if (!ret->data)
		return -ENOMEM;
	memcpy(ret->data, buf, len);
	ret->len = len;
	return 0;
}

static void stock_close(struct client *c)
{
	rmdir(c->entry);
}

/* ---- teegate ---- */

static int lease_open(struct client *c)
{
	struct teegate_create_lease lease = {
		.size = sizeof(lease),
		.flags = TEEGATE_LEASE_UNPINNED,
		.ops = TEEGATE_OP_REPORT,
		.claims = (uintptr_t)claims,
		.claims_len = sizeof(claims) - 1,
		.cgroup_fd = -1,
	};
	char target[32];
	int r;

	if (session < 0)
		session = open(TEEGATE_DEVICE, O_RDWR | O_CLOEXEC);
	if (session < 0 || ioctl(session, TEEGATE_CREATE_LEASE, &lease) < 0)
		return -errno;
	snprintf(target, sizeof(target), "fd:%d", lease.lease_fd);
	r = tee_open(target, &c->tee);
	close(lease.lease_fd);
	return r;
}

static int lease_ask(struct client *c, const uint8_t data[64], struct answer *ret)
{
	tee_evidence *evidence;
	int r;

	r = tee_get_report(c->tee, data, 64, 0, 0, &evidence);
	if (r)
		return r;
	r = tee_evidence_serialize(evidence, &ret->data, &ret->len);
	tee_evidence_free(evidence);
	return r;
}

static void lease_close(struct client *c)
{
	tee_close(c->tee);
}

static const struct way ways[] = {
	{ "stock", "quote", stock_open, stock_ask, stock_close },
	{ "teegate", "cbor", lease_open, lease_ask, lease_close },
};

/* ---- clients ---- */

static void ask_once(struct client *c)
{
	uint32_t words[2] = { htobe32(c->index), htobe32(c->n) };
	uint8_t data[64] = { 0 };
	int r;

	memcpy(data, nonce, sizeof(nonce));
	memcpy(data + sizeof(nonce), words, sizeof(words));
	r = way->ask(c, data, &c->answers[c->n]);
	if (!r) {
		c->n++;
		return;
	}
	c->errors++;
	c->last_error = r;
}

static void *run(void *arg)
{
	struct client *c = arg;
	uint64_t end;

	pthread_barrier_wait(&start);
	end = now_ns() + seconds * 1000000000u;
	while (now_ns() < end && c->n < ANSWERS_MAX && c->errors < 100)
		ask_once(c);
	c->end_ns = now_ns();
	return NULL;
}

static void store(const struct client *c, const char *dir)
{
	char path[256];
	FILE *f;

	for (uint32_t i = 0; i < c->n; i++) {
		snprintf(path, sizeof(path), "%s/%u-%u.%s", dir, c->index, i, way->suffix);
		f = fopen(path, "we");
		if (!f || fwrite(c->answers[i].data, 1, c->answers[i].len, f) != c->answers[i].len ||
		    fclose(f))
			die(path, errno);
	}
}

static struct client *clients_open(uint32_t n)
{
	struct client *clients = calloc(n, sizeof(*clients));
	int r;

	if (!clients)
		die("clients", ENOMEM);
	for (uint32_t i = 0; i < n; i++) {
		clients[i].index = i;
		clients[i].answers = calloc(ANSWERS_MAX, sizeof(struct answer));
		r = clients[i].answers ? way->open(&clients[i]) : -ENOMEM;
		if (r)
			die(way->name, -r);
	}
	return clients;
}

/* From when all may begin until the last one has its last answer. */
static uint64_t clients_run(struct client *clients, uint32_t n)
{
	uint64_t begin, last = 0;
	int r;

	pthread_barrier_init(&start, NULL, n + 1);
	for (uint32_t i = 0; i < n; i++) {
		r = pthread_create(&clients[i].thread, NULL, run, &clients[i]);
		if (r)
			die("thread", r);
	}
	begin = now_ns();
	pthread_barrier_wait(&start);
	for (uint32_t i = 0; i < n; i++) {
		pthread_join(clients[i].thread, NULL);
		last = clients[i].end_ns > last ? clients[i].end_ns : last;
	}
	return last - begin;
}

static bool parse_nonce(const char *hex)
{
	if (strlen(hex) != 2 * NONCE_LEN)
		return false;
	for (size_t i = 0; i < NONCE_LEN; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &nonce[i]) != 1)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	uint64_t quotes = 0, errors = 0, ns;
	struct client *clients;
	int last_error = 0;
	uint32_t n;

	if (argc != 6)
		return 64;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(argv[1], ways[i].name))
			way = &ways[i];
	n = (uint32_t)strtoul(argv[2], NULL, 10);
	seconds = strtoul(argv[3], NULL, 10);
	if (!way || !n || n > CLIENTS_MAX || !seconds || !parse_nonce(argv[4]))
		return 64;

	clients = clients_open(n);
	ns = clients_run(clients, n);
	for (uint32_t i = 0; i < n; i++) {
		quotes += clients[i].n;
		errors += clients[i].errors;
		last_error = clients[i].last_error ? clients[i].last_error : last_error;
		store(&clients[i], argv[5]);
		way->close(&clients[i]);
	}
	printf("quotes %llu\nerrors %llu\nnanoseconds %llu\n", (unsigned long long)quotes,
	       (unsigned long long)errors, (unsigned long long)ns);
	if (errors)
		fprintf(stderr, "quotes: the last error: %s\n", strerror(-last_error));
	return 0;
}
