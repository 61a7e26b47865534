// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads items from standard input and writes each one as libtee encodes what it read: the other
 * half of test-evidence-python.py. An item comes as a kind ('e' evidence, 'c' claims), a length of
 * four bytes in network order and the item. The answer is '+', a length and the item, or '-', a
 * length and the reason.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"

static int recode(char kind, const uint8_t *item, size_t len, uint8_t **ret, size_t *ret_len,
		  const char **why)
{
	struct evidence evidence;
	struct ev_claims claims;
	int r;

	if (kind == 'e') {
		r = ev_decode(item, len, &evidence, why);
		if (r < 0)
			return r;
		r = ev_encode(&evidence, ret, ret_len);
		ev_done(&evidence);
		return r;
	}
	r = ev_claims_decode(item, len, &claims, why);
	if (r < 0)
		return r;
	r = ev_claims_encode(&claims, ret, ret_len);
	ev_claims_done(&claims);
	return r;
}

static void answer(char sign, const void *data, size_t len)
{
	uint32_t size = htonl((uint32_t)len);

	(void)putchar(sign);
	(void)fwrite(&size, sizeof(size), 1, stdout);
	(void)fwrite(data, 1, len, stdout);
	(void)fflush(stdout);
}

int main(void)
{
	uint8_t *item, *again;
	uint32_t size;
	size_t len;
	int kind;

	while ((kind = getchar()) != EOF) {
		const char *why = "";

		if (fread(&size, sizeof(size), 1, stdin) != 1)
			return EXIT_FAILURE;
		len = ntohl(size);
		item = malloc(len + 1);
		if (!item || fread(item, 1, len, stdin) != len)
			return EXIT_FAILURE;
		if (recode((char)kind, item, len, &again, &len, &why) == 0) {
			answer('+', again, len);
			free(again);
		} else {
			answer('-', why, strlen(why));
		}
		free(item);
	}
	return EXIT_SUCCESS;
}
