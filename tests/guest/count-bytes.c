// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How often byte strings occur in a file, for search-memory: a guest has a lot of memory, so this
 * goes through it once, whatever it looks for.
 *
 *	count-bytes FILE <PATTERNS
 *
 * A pattern is a line "NAME HEX" of 4 to 64 bytes, of which the first is not zero: most of a memory
 * is zeroes, and is not looked at then. Prints a line "NAME HITS" for each, and exits with 1 unless
 * it could look for all of them.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATTERNS	1024
#define LEAST		4
#define MOST		64

struct pattern {
	char name[32];
	uint8_t bytes[MOST];
	size_t len;
	unsigned long hits;
	struct pattern *next;	/* that begins with the same two bytes */
};

static struct pattern patterns[PATTERNS];
static size_t n_patterns;
static struct pattern *beginning[1 << 16];

static unsigned int first_two(const uint8_t *at)
{
	return at[0] | (unsigned int)at[1] << 8;
}

static int read_hex(const char *hex, struct pattern *p)
{
	for (p->len = 0; hex[0] && hex[1]; hex += 2) {
		char byte[3] = { hex[0], hex[1], 0 }, *end;

		if (p->len == MOST)
			return -1;
		p->bytes[p->len++] = (uint8_t)strtoul(byte, &end, 16);
		if (*end)
			return -1;
	}
	return hex[0] || p->len < LEAST || !p->bytes[0] ? -1 : 0;
}

static int read_patterns(void)
{
	char hex[2 * MOST + 2];

	while (n_patterns < PATTERNS) {
		struct pattern *p = &patterns[n_patterns];
		int n = scanf("%31s %129s", p->name, hex);

		if (n == EOF)
			return n_patterns ? 0 : -1;
		if (n != 2 || read_hex(hex, p))
			return -1;
		p->next = beginning[first_two(p->bytes)];
		beginning[first_two(p->bytes)] = p;
		n_patterns++;
	}
	return -1;
}

static void count(const uint8_t *at, const uint8_t *end)
{
	static const uint8_t zeroes[64];

	while (end - at >= LEAST) {
		size_t left = (size_t)(end - at);

		if (left >= sizeof(zeroes) && !memcmp(at, zeroes, sizeof(zeroes))) {
			at += sizeof(zeroes);
			continue;
		}
		for (struct pattern *p = beginning[first_two(at)]; p; p = p->next)
			if (p->len <= left && !memcmp(at, p->bytes, p->len))
				p->hits++;
		at++;
	}
}

static int count_in(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *all;

	if (fd < 0 || fstat(fd, &st) || st.st_size <= 0)
		return -1;
	all = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (all == MAP_FAILED)
		return -1;
	count(all, (const uint8_t *)all + st.st_size);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 2 || read_patterns()) {
		fprintf(stderr, "usage: count-bytes FILE <\"NAME HEX\" lines\n");
		return 1;
	}
	if (count_in(argv[1])) {
		perror(argv[1]);
		return 1;
	}
	for (size_t i = 0; i < n_patterns; i++)
		printf("%s %lu\n", patterns[i].name, patterns[i].hits);
	return 0;
}
