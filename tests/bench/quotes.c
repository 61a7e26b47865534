// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Clients that ask for TDX quotes as fast as they get them, in a guest, as root:
 *
 *	quotes stock|teegate CLIENTS SECONDS NONCE-HEX DIR
 *
 * "stock" is configfs-tsm on the stock driver, "teegate" the ioctl on a lease of each client's own.
 * A client is a thread that asks until SECONDS are over and then finishes what it has begun. Nothing
 * is judged here, and nothing thrown away: each answer is kept as DIR/CLIENT-NUMBER.cbor (evidence)
 * or .quote, so that whoever counts can look at it. Its user_data is NONCE, CLIENT and NUMBER, the
 * latter two as 4 bytes, big-endian. While it is measured, answers go to memory that is there
 * already, and no more is done with them.
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
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/teegate.h>

#define CLIENTS_MAX	64
#define ANSWER_MAX	(128 * 1024)
#define NONCE_LEN	32
#define KEEP		8192u	/* what a quote takes */

static const char claims[] = "\xa1\x01\x65" "bench";	/* { 1: "bench" } */

struct answer {
	uint8_t *quote;
	uint32_t len;
	uint32_t leaf_index, tree_size, path_len;	/* teegate: what binds it */
	uint8_t user_data[64], blind[TEEGATE_BLIND_SIZE];
	uint8_t path[TEEGATE_PATH_MAX * TEEGATE_HASH_SIZE];
};

struct client {
	pthread_t thread;
	uint32_t index;
	char entry[96];		/* stock: its report in configfs */
	int lease;		/* teegate */
	uint8_t *buf;		/* where the kernel puts an answer */
	uint8_t *kept, *kept_end;	/* memory for more of them */
	struct answer *answers;
	uint32_t n, max, errors;
	int last_error;
	uint64_t end_ns;	/* its last answer */
};

struct way {
	const char *name, *suffix;
	uint32_t rate_max;	/* no client gets more quotes in a second */
	int (*open)(struct client *c);
	/* Puts a quote into the buffer, and its length and what binds it into the answer. */
	int (*ask)(struct client *c, struct answer *answer);
	void (*close)(struct client *c);
	void (*write)(const struct answer *answer, FILE *f);
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

static int stock_ask(struct client *c, struct answer *answer)
{
	ssize_t n;
	int fd, r;

	r = put_inblob(c, answer->user_data);
	if (r)
		return r;
	fd = entry_file(c, "outblob", O_RDONLY);
	if (fd < 0)
		return -errno;
	answer->len = 0;
	while ((n = read(fd, c->buf + answer->len, ANSWER_MAX - answer->len)) > 0)
		answer->len += (uint32_t)n;
	r = n < 0 ? -errno : 0;
	close(fd);
	return r || answer->len ? r : -EPROTO;
}

static void stock_write(const struct answer *answer, FILE *f)
{
	fwrite(answer->quote, 1, answer->len, f);
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

	if (session < 0)
		session = open(TEEGATE_DEVICE, O_RDWR | O_CLOEXEC);
	if (session < 0 || ioctl(session, TEEGATE_CREATE_LEASE, &lease) < 0)
		return -errno;
	c->lease = lease.lease_fd;
	return 0;
}

static int lease_ask(struct client *c, struct answer *answer)
{
	uint8_t claims_again[sizeof(claims)];
	struct teegate_get_report r = {
		.size = sizeof(r),
		.user_data = (uintptr_t)answer->user_data,
		.user_data_len = sizeof(answer->user_data),
		.report = (uintptr_t)c->buf,
		.report_len = ANSWER_MAX,
		.claims = (uintptr_t)claims_again,
		.claims_len = sizeof(claims_again),
		.path = (uintptr_t)answer->path,
		.path_len = sizeof(answer->path),
	};

	if (ioctl(c->lease, TEEGATE_GET_REPORT, &r) < 0)
		return -errno;
	answer->len = r.report_len;
	answer->leaf_index = r.leaf_index;
	answer->tree_size = r.tree_size;
	answer->path_len = r.path_len;
	memcpy(answer->blind, r.blind, sizeof(answer->blind));
	return 0;
}

static void lease_close(struct client *c)
{
	close(c->lease);
}

/* Deterministic CBOR (RFC 8949 4.2.1), as far as doc/evidence.cddl needs it here. */
static void put_head(FILE *f, unsigned int major, uint32_t n)
{
	unsigned int bytes = n < 24 ? 0 : n < 256 ? 1 : n < 65536 ? 2 : 4;
	static const uint8_t info[] = { [1] = 24, [2] = 25, [4] = 26 };

	fputc((int)(major << 5 | (bytes ? info[bytes] : n)), f);
	while (bytes--)
		fputc((int)(n >> 8 * bytes & 0xff), f);
}

static void put_bytes(FILE *f, unsigned int key, const void *data, uint32_t len)
{
	put_head(f, 0, key);
	put_head(f, 2, len);
	fwrite(data, 1, len, f);
}

static void put_number(FILE *f, unsigned int key, uint32_t n)
{
	put_head(f, 0, key);
	put_head(f, 0, n);
}

static void lease_write(const struct answer *a, FILE *f)
{
	uint32_t hashes = a->path_len / TEEGATE_HASH_SIZE;

	put_head(f, 5, 4);
	put_number(f, 1, 1);
	fputs("\x02\x63" "tdx", f);
	put_bytes(f, 3, a->quote, a->len);
	put_head(f, 0, 5);
	put_head(f, 5, 6);
	put_bytes(f, 1, claims, sizeof(claims) - 1);
	put_bytes(f, 2, a->user_data, sizeof(a->user_data));
	put_number(f, 3, a->leaf_index);
	put_number(f, 4, a->tree_size);
	put_head(f, 0, 5);
	put_head(f, 4, hashes);
	for (uint32_t i = 0; i < hashes; i++) {
		put_head(f, 2, TEEGATE_HASH_SIZE);
		fwrite(a->path + (size_t)i * TEEGATE_HASH_SIZE, 1, TEEGATE_HASH_SIZE, f);
	}
	put_bytes(f, 6, a->blind, sizeof(a->blind));
}

static const struct way ways[] = {
	{ "stock", "quote", 5, stock_open, stock_ask, stock_close, stock_write },
	{ "teegate", "cbor", 600, lease_open, lease_ask, lease_close, lease_write },
};

/* ---- clients ---- */

static int keep(struct client *c, struct answer *answer)
{
	if (answer->len > (size_t)(c->kept_end - c->kept))
		return -ENOSPC;
	answer->quote = memcpy(c->kept, c->buf, answer->len);
	c->kept += answer->len;
	return 0;
}

static void ask_once(struct client *c)
{
	uint32_t words[2] = { htobe32(c->index), htobe32(c->n) };
	struct answer *answer = &c->answers[c->n];
	int r;

	memset(answer->user_data, 0, sizeof(answer->user_data));
	memcpy(answer->user_data, nonce, sizeof(nonce));
	memcpy(answer->user_data + sizeof(nonce), words, sizeof(words));
	r = way->ask(c, answer);
	if (!r)
		r = keep(c, answer);
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
	while (now_ns() < end && c->n < c->max && c->errors < 100)
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
		if (!f)
			die(path, errno);
		way->write(&c->answers[i], f);
		if (ferror(f) || fclose(f))
			die(path, errno);
	}
}

/* Memory that is there: no page of it has to be found while it is measured. */
static void *memory(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		die("memory", errno);
	return p;
}

static struct client *clients_open(uint32_t n)
{
	struct client *clients = memory(n * sizeof(*clients));
	int r;

	for (uint32_t i = 0; i < n; i++) {
		struct client *c = &clients[i];

		c->index = i;
		c->max = (uint32_t)seconds * way->rate_max;
		c->answers = memory(c->max * sizeof(*c->answers));
		c->buf = memory(ANSWER_MAX);
		c->kept = memory((size_t)c->max * KEEP);
		c->kept_end = c->kept + (size_t)c->max * KEEP;
		r = way->open(c);
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
