// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a fuzz target without libFuzzer, with any compiler: first over the named inputs of its corpus, so
 * that what was once found stays fixed, then over some thousand new ones made from these, for no longer
 * than is right for a unit test.
 *
 *	TG_SEED=N TG_ROUNDS=N corpus-of-fuzz-X FOLDER
 *
 * The same seed makes the same inputs. The target runs in a process of its own: whatever ends that, the
 * other one has the input, and says which it was.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "mutate.h"

#define INPUT_MAX	(2u << 20)
#define CORPUS_MAX	1024
#define GROWS_BY	512	/* a new input beyond the one that it was made from */
#define MAKES_FROM_MAX	16384	/* a longer one costs more than it finds */
#define SEED		1
#define ROUNDS		20000
#define CPU_MS		1500	/* with one processor busy, so others do not make it shorter */

struct corpus {
	struct input inputs[CORPUS_MAX];
	char *names[CORPUS_MAX];
	size_t n;
};

/* What both processes see. @data: the new input that is being tried, of @len bytes. */
struct shared {
	unsigned long long round, rounds;
	size_t len;
	uint8_t data[MAKES_FROM_MAX + GROWS_BY];
};

static unsigned long long from_environment(const char *name, unsigned long long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static bool load(struct corpus *corpus, const char *folder, const char *name)
{
	struct input *input = &corpus->inputs[corpus->n];
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = corpus->n < CORPUS_MAX ? fopen(path, "re") : NULL;
	if (!file) {
		(void)fprintf(stderr, "%s: %s\n", path, corpus->n < CORPUS_MAX ? strerror(errno) : "too many");
		return false;
	}
	input->data = malloc(INPUT_MAX);
	corpus->names[corpus->n] = strdup(name);
	if (!input->data || !corpus->names[corpus->n])
		return false;
	input->len = fread(input->data, 1, INPUT_MAX, file);
	(void)fclose(file);
	input->data = realloc(input->data, input->len > 0 ? input->len : 1);
	corpus->n++;
	return input->data != NULL;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* In the same order everywhere. */
static bool load_all(struct corpus *corpus, const char *folder)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, NULL, by_name);
	bool good = n > 0;

	for (int i = 0; i < n; i++) {
		if (good && entries[i]->d_name[0] != '.')
			good = load(corpus, folder, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return good && corpus->n > 0;
}

static void unload(struct corpus *corpus)
{
	for (size_t i = 0; i < corpus->n; i++) {
		free(corpus->inputs[i].data);
		free(corpus->names[i]);
	}
}

/* In memory of just that size, so that a sanitizer sees its end. */
static void try(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, data, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void replay(const struct corpus *corpus)
{
	for (size_t i = 0; i < corpus->n; i++) {
		(void)printf("%s: %zu bytes\n", corpus->names[i], corpus->inputs[i].len);
		(void)fflush(stdout);
		try(corpus->inputs[i].data, corpus->inputs[i].len);
	}
	(void)printf("%zu inputs\n", corpus->n);
}

static long busy_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) < 0)
		abort();
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void make(struct chance *chance, const struct corpus *corpus, struct shared *shared)
{
	const struct input *from = &corpus->inputs[chance_below(chance, corpus->n)];
	const struct input *other = &corpus->inputs[chance_below(chance, corpus->n)];
	struct input input = { shared->data, from->len < MAKES_FROM_MAX ? from->len : MAKES_FROM_MAX };

	memcpy(shared->data, from->data, input.len);
	mutate(chance, &input, sizeof(shared->data), other);
	shared->len = input.len;
}

static void try_new_ones(const struct corpus *corpus, struct shared *shared, uint64_t seed)
{
	struct chance chance = { seed };
	long until = busy_ms() + CPU_MS;

	while (shared->round < shared->rounds && busy_ms() < until) {
		make(&chance, corpus, shared);
		shared->round++;
		try(shared->data, shared->len);
	}
	(void)printf("%llu new inputs, of seed %llu\n", shared->round, (unsigned long long)seed);
}

static void tell(const struct shared *shared, uint64_t seed)
{
	if (shared->round == 0)
		return;		/* it was a named one */
	(void)fprintf(stderr, "it ended at new input %llu of TG_SEED=%llu, %zu bytes; by xxd -r -p:\n",
		      shared->round, (unsigned long long)seed, shared->len);
	for (size_t i = 0; i < shared->len; i++)
		(void)fprintf(stderr, "%02x%s", shared->data[i], i % 32 == 31 ? "\n" : "");
	(void)fputc('\n', stderr);
}

/* exit() and not _exit(): leaks are looked for then. */
static int run(struct corpus *corpus, struct shared *shared, uint64_t seed)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return EXIT_FAILURE;
	if (pid == 0) {
		replay(corpus);
		try_new_ones(corpus, shared, seed);
		unload(corpus);
		exit(shared->round > 0 || shared->rounds == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return EXIT_SUCCESS;
	tell(shared, seed);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	static struct corpus corpus;
	struct shared *shared;
	int status;

	if (argc != 2 || !load_all(&corpus, argv[1])) {
		(void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return EXIT_FAILURE;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return EXIT_FAILURE;
	shared->rounds = from_environment("TG_ROUNDS", ROUNDS);
	status = run(&corpus, shared, from_environment("TG_SEED", SEED));
	unload(&corpus);
	return status;
}
