// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What sealed data and derived keys take, in a guest on SEV-SNP, as root:
 *
 *	keys unseal cached|evicted|wiped COUNT FILE	opens 1 KiB by TEEGATE_UNSEAL on a lease
 *	keys derived-key COUNT FILE			SNP_GET_DERIVED_KEY on the stock driver
 *	keys wipe					lets the module forget what firmware gave
 *
 * Prints how long each call took, in nanoseconds; but ends with status 1 at the first one that gave
 * something else than it should: what was sealed, and the key of the first time. FILE gets the number
 * of requests that the software firmware had meanwhile.
 *
 * "cached" opens one blob again and again, so the module has its root. "evicted" opens blobs under more
 * roots than the module keeps, in turns, so it never has the one that it needs. With "wiped" it was
 * told to forget all before each call, also which TCB firmware has committed to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <linux/sev-guest.h>
#include <linux/teegate.h>
#include <linux/teegate_keys.h>

#define STATS		"/sys/kernel/debug/teegate-softfw/stats"
#define DATA_LEN	1024u
#define LABEL		"bench"
#define BLOB_LEN	(TEEGATE_BLOB_OVERHEAD + sizeof(LABEL) - 1 + DATA_LEN)

/* GUEST_FIELD_SELECT: what a lease must have, with the TCB, as teegated's have; and what it may add. */
#define FIELDS		((1u << 0) | (1u << 3) | (1u << 5))
#define FIELDS_MORE	3	/* bits 1, 2 and 4 */
#define FIELD_TCB	(1u << 5)
#define ROOTS		16	/* with these, and with or without the TCB; the module keeps 8 */

#define VCEK		2u	/* as the module, and never "whatever key there is" */
#define KEY_OFFSET	32
#define KEY_LEN		32

static const char claims[] = "\xa1\x01\x65" LABEL;	/* { 1: "bench" } */

struct sealed {
	int lease;
	uint8_t blob[BLOB_LEN];
};

static uint8_t data[DATA_LEN];
static int session = -1;

static void die(const char *what)
{
	fprintf(stderr, "keys: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void wrong(const char *what)
{
	fprintf(stderr, "keys: %s\n", what);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void took(uint64_t ns)
{
	printf("%llu\n", (unsigned long long)ns);
}

/* What firmware was asked so far; it is the first of its numbers. */
static long requests(void)
{
	FILE *file = fopen(STATS, "re");
	long n;

	if (!file || fscanf(file, "requests %ld", &n) != 1)
		die(STATS);
	fclose(file);
	return n;
}

static void write_number(const char *path, long number)
{
	FILE *file = fopen(path, "we");

	if (!file || fprintf(file, "%ld\n", number) < 0 || fclose(file))
		die(path);
}

static int open_device(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

/* ---- teegate ---- */

/* Another set of fields is another root. */
static uint64_t fields_of(unsigned int root)
{
	uint64_t fields = FIELDS;

	for (unsigned int i = 0; i < FIELDS_MORE; i++)
		if (root & (1u << i))
			fields |= 1u << (unsigned int[]){ 1, 2, 4 }[i];
	return root & (1u << FIELDS_MORE) ? fields & ~(uint64_t)FIELD_TCB : fields;
}

static int make_lease(uint64_t fields)
{
	struct teegate_create_lease wish = {
		.size = sizeof(wish),
		.flags = TEEGATE_LEASE_UNPINNED,
		.ops = TEEGATE_OP_SEAL,
		.cgroup_fd = -1,
		.sealing_claims = (uintptr_t)claims,
		.sealing_claims_len = sizeof(claims) - 1,
		.sealing_bitmap = 1u << 1,
		.root_sources = 1u << TEEGATE_ROOT_FIRMWARE,
		.snp_field_select = fields,
	};

	if (ioctl(session, TEEGATE_CREATE_LEASE, &wish) < 0)
		die("CREATE_LEASE");
	return wish.lease_fd;
}

static void seal(struct sealed *s, unsigned int root)
{
	struct teegate_seal arg = {
		.size = sizeof(arg),
		.label = (uintptr_t)LABEL,
		.label_len = sizeof(LABEL) - 1,
		.data = (uintptr_t)data,
		.data_len = sizeof(data),
		.blob = (uintptr_t)s->blob,
		.blob_len = sizeof(s->blob),
	};

	s->lease = make_lease(fields_of(root));
	if (ioctl(s->lease, TEEGATE_SEAL, &arg) < 0)
		die("SEAL");
	if (arg.blob_len != sizeof(s->blob))
		wrong("a blob of another size");
}

static uint64_t unseal(const struct sealed *s)
{
	uint8_t got[DATA_LEN] = {};
	struct teegate_unseal arg = {
		.size = sizeof(arg),
		.blob = (uintptr_t)s->blob,
		.blob_len = sizeof(s->blob),
		.data = (uintptr_t)got,
		.data_len = sizeof(got),
	};
	uint64_t begun = now_ns(), ended;

	if (ioctl(s->lease, TEEGATE_UNSEAL, &arg) < 0)
		die("UNSEAL");
	ended = now_ns();
	if (arg.data_len != sizeof(data) || memcmp(got, data, sizeof(data)))
		wrong("that is not what was sealed");
	return ended - begun;
}

static void wipe(void)
{
	struct teegate_wipe_roots arg = { .size = sizeof(arg) };

	if (ioctl(session, TEEGATE_WIPE_ROOTS, &arg) < 0)
		die("WIPE_ROOTS");
}

static void unseals(const char *way, long count, const char *path)
{
	static struct sealed sealed[ROOTS];
	bool wiped = !strcmp(way, "wiped");
	unsigned int roots = strcmp(way, "evicted") ? 1 : ROOTS;
	long before;

	if (getrandom(data, sizeof(data), 0) != sizeof(data))
		die("getrandom");
	for (unsigned int i = 0; i < roots; i++)
		seal(&sealed[i], i);
	before = requests();
	for (long i = 0; i < count; i++) {
		if (wiped)
			wipe();
		took(unseal(&sealed[(unsigned long)i % roots]));
	}
	write_number(path, requests() - before);
}

/* ---- the stock driver ---- */

static uint64_t derive(int fd, uint64_t fields, uint8_t key[KEY_LEN])
{
	struct snp_derived_key_req req = { .root_key_select = VCEK, .guest_field_select = fields };
	struct snp_derived_key_resp rsp = {};
	struct snp_guest_request_ioctl arg = {
		.msg_version = 1, .req_data = (uintptr_t)&req, .resp_data = (uintptr_t)&rsp,
	};
	uint64_t begun = now_ns(), ended;
	uint32_t status;

	if (ioctl(fd, SNP_GET_DERIVED_KEY, &arg) < 0)
		die("SNP_GET_DERIVED_KEY");
	ended = now_ns();
	memcpy(&status, rsp.data, sizeof(status));
	if (status)
		wrong("firmware gave no key");
	memcpy(key, rsp.data + KEY_OFFSET, KEY_LEN);
	return ended - begun;
}

static void derived_keys(long count, const char *path)
{
	static const uint8_t zeroes[KEY_LEN];
	uint8_t first[KEY_LEN], key[KEY_LEN];
	int fd = open_device("/dev/sev-guest");
	long before;

	derive(fd, FIELDS & ~FIELD_TCB, key);
	derive(fd, FIELDS, first);
	if (!memcmp(first, zeroes, KEY_LEN) || !memcmp(first, key, KEY_LEN))
		wrong("no key, or not one of these fields");
	before = requests();
	for (long i = 0; i < count; i++) {
		took(derive(fd, FIELDS, key));
		if (memcmp(first, key, KEY_LEN))
			wrong("another key than before");
	}
	write_number(path, requests() - before);
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (argc == 4 && !strcmp(command, "derived-key")) {
		derived_keys(strtol(argv[2], NULL, 10), argv[3]);
		return 0;
	}
	session = open_device("/dev/teegate");
	if (argc == 2 && !strcmp(command, "wipe"))
		wipe();
	else if (argc == 5 && !strcmp(command, "unseal"))
		unseals(argv[2], strtol(argv[3], NULL, 10), argv[4]);
	else
		return 64;
	return 0;
}
