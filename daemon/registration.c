// SPDX-License-Identifier: GPL-2.0-or-later
/* Registrations as values: who holds them, and digests and vouchers as text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registration.h"
#include "util.h"

static const struct {
	const char *name;
	size_t len;
} algorithms[] = {
	{ "sha256", 32 }, { "sha384", 48 }, { "sha512", 64 },
};

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return a->len > 0 && a->len == b->len && !strcmp(a->alg, b->alg) &&
	       !memcmp(a->value, b->value, a->len);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool digest_parse(const char *text, size_t len, struct digest *ret)
{
	const char *colon = memchr(text, ':', len), *hex;
	struct digest digest = { .len = 0 };

	if (!colon)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
		if (strlen(algorithms[i].name) == (size_t)(colon - text) &&
		    !memcmp(algorithms[i].name, text, (size_t)(colon - text))) {
			memcpy(digest.alg, algorithms[i].name, strlen(algorithms[i].name));
			digest.len = algorithms[i].len;
		}
	hex = colon + 1;
	if (digest.len == 0 || len - (size_t)(hex - text) != 2 * digest.len)
		return false;
	for (size_t i = 0; i < digest.len; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		digest.value[i] = (uint8_t)(high << 4 | low);
	}
	*ret = digest;
	return true;
}

const char *digest_text(const struct digest *digest, char text[DIGEST_TEXT_MAX])
{
	if (digest->len == 0)
		return NULL;
	snprintf(text, DIGEST_TEXT_MAX, "%s:", digest->alg);
	text_add_hex(text, DIGEST_TEXT_MAX, digest->value, digest->len);
	return text;
}

const char *voucher_text(const struct voucher *voucher, char text[VOUCHER_TEXT_MAX])
{
	if (voucher->root)
		snprintf(text, VOUCHER_TEXT_MAX, "runtime:root");
	else
		snprintf(text, VOUCHER_TEXT_MAX, "runtime:uid:%u", voucher->uid);
	return text;
}

struct registration *registration_new(void)
{
	struct registration *registration = calloc(1, sizeof(*registration));

	if (!registration)
		return NULL;
	atomic_init(&registration->refs, 1);
	registration->voucher.uid = (uid_t)-1;
	return registration;
}

struct registration *registration_ref(struct registration *registration)
{
	atomic_fetch_add(&registration->refs, 1);
	return registration;
}

struct registration *registration_unref(struct registration *registration)
{
	if (!registration || atomic_fetch_sub(&registration->refs, 1) != 1)
		return NULL;
	free(registration->id);
	free(registration->pod);
	free(registration->image_name);
	free(registration->image_signer);
	free(registration->cgroup);
	free(registration);
	return NULL;
}

void registration_unrefp(struct registration **registration)
{
	registration_unref(*registration);
}
