// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a fuzz target over the named inputs of its corpus, without libFuzzer, so that what was once
 * found stays fixed with any compiler. Every file in the folder counts, and there must be some.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define INPUT_MAX (2u << 20)

static int run_file(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *data;
	FILE *file;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "re");
	if (!file) {
		(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	data = malloc(INPUT_MAX);
	if (!data)
		return -1;
	len = fread(data, 1, INPUT_MAX, file);
	(void)fclose(file);
	data = realloc(data, len > 0 ? len : 1);	/* so that a sanitizer sees its end */
	if (!data)
		return -1;
	(void)printf("%s: %zu bytes\n", name, len);
	(void)fflush(stdout);
	(void)LLVMFuzzerTestOneInput(data, len);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	struct dirent *entry;
	unsigned int n = 0;
	DIR *dir;

	dir = argc == 2 ? opendir(argv[1]) : NULL;
	if (!dir) {
		(void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return EXIT_FAILURE;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (run_file(argv[1], entry->d_name) < 0)
			return EXIT_FAILURE;
		n++;
	}
	(void)closedir(dir);
	(void)printf("%u inputs\n", n);
	return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
