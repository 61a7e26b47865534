// SPDX-License-Identifier: GPL-2.0-or-later
/* IBM Secure Execution, see se.h. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit.h"
#include "se.h"
#include "sha384.h"

/* ---- files ---- */

#define NAME_SIZE 32

struct entry {
	char name[NAME_SIZE];
	struct se_file file;
	struct entry *next;
};

static struct entry *entries;
static pthread_mutex_t entries_lock = PTHREAD_MUTEX_INITIALIZER;

static struct entry *entry_read(const char *name)
{
	const char *dir = getenv("TG_SE_SCENE");
	struct entry *e = calloc(1, sizeof(*e));
	char path[256];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "/lab/se", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT(e && fd >= 0 && !fstat(fd, &st) && st.st_size > 0);
	snprintf(e->name, sizeof(e->name), "%s", name);
	e->file.len = (size_t)st.st_size;
	e->file.bytes = malloc(e->file.len);
	ASSERT(e->file.bytes);
	ASSERT_EQ(read(fd, e->file.bytes, e->file.len), e->file.len);
	close(fd);
	return e;
}

const struct se_file *se_file(const char *name)
{
	struct entry *e;

	pthread_mutex_lock(&entries_lock);
	for (e = entries; e && strcmp(e->name, name); e = e->next)
		;
	if (!e) {
		e = entry_read(name);
		e->next = entries;
		entries = e;
	}
	pthread_mutex_unlock(&entries_lock);
	return &e->file;
}

/* ---- measurements ---- */

struct facts {
	uint8_t key[64];
	uint8_t nonce[16];
	uint8_t tags[3 * 64 + 16];	/* digests of the image, and the tag of its header */
};

static size_t put(uint8_t *to, size_t at, const void *from, size_t n)
{
	if (n)
		memcpy(to + at, from, n);
	return at + n;
}

static size_t put_number(uint8_t *to, size_t at, uint64_t n, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		to[at + i] = (uint8_t)(n >> 8 * (bytes - 1 - i));
	return at + bytes;
}

bool se_measured(const uint8_t *measurement, const void *user_data, size_t len,
		 const uint8_t config_uid[16], const uint8_t *additional, size_t additional_len)
{
	const struct se_file *file = se_file("facts");
	const struct facts *facts = (const struct facts *)file->bytes;
	uint8_t m[1024], want[SHA512_SIZE];
	size_t n = 0;

	ASSERT_EQ(file->len, sizeof(*facts));
	if (len > 256 || additional_len > SE_ADDITIONAL_SIZE)
		return false;
	n = put(m, n, facts->tags, sizeof(facts->tags));
	n = put(m, n, config_uid, 16);
	n = put_number(m, n, len, 2);
	n = put_number(m, n, 0, 2);
	n = put_number(m, n, additional_len, 4);
	n = put(m, n, user_data, len);
	n = put(m, n, facts->nonce, sizeof(facts->nonce));
	n = put(m, n, additional, additional_len);
	hmac_sha512(facts->key, sizeof(facts->key), m, n, want);
	return !memcmp(want, measurement, sizeof(want));
}

/* ---- reports ---- */

/* Additional data where they are asked for, or there would be nothing to look at. */
void se_challenge(struct teegate_get_report *r)
{
	const struct se_file *arcb = se_file(r->flags & TEEGATE_REPORT_AUX ? "arcb-full" : "arcb");

	r->challenge = (uintptr_t)arcb->bytes;
	r->challenge_len = (uint32_t)arcb->len;
}

static bool is_over(const struct evidence *ev, const void *data, size_t len)
{
	return ev->r.report_len == SE_MEASUREMENT_SIZE &&
	       se_measured(ev->report, data, len, ev->r.config_uid, ev->aux, ev->r.aux_len);
}

/*
 * Of a bound report the 64 bytes that the kernel says, of a raw one the caller's, followed by
 * zeroes to be compared with what other TEEs do; if it is measured that the Ultravisor saw just
 * them, and as many of them.
 */
const uint8_t *se_report_data(const struct evidence *ev)
{
	static __thread uint8_t raw[256];
	const uint32_t len = ev->r.user_data_len;

	if (!(ev->r.flags & TEEGATE_REPORT_RAW))
		return is_over(ev, ev->r.report_data, sizeof(ev->r.report_data)) ?
		       ev->r.report_data : NULL;
	memset(raw, 0, sizeof(raw));
	put(raw, 0, (const void *)(uintptr_t)ev->r.user_data, len);
	return is_over(ev, raw, len) ? raw : NULL;
}

/* ---- secrets ---- */

int se_add_secret(int fd, const struct se_file *request, uint64_t *ret_status)
{
	struct teegate_add_secret a = {
		.size = sizeof(a),
		.request = (uintptr_t)request->bytes,
		.request_len = (uint32_t)request->len,
	};
	int r = tg(fd, TEEGATE_ADD_SECRET, &a);

	*ret_status = a.fw_status;
	return r;
}

int se_lock_secrets(int fd, uint64_t *ret_status)
{
	struct teegate_lock_secrets a = { .size = sizeof(a), .flags = TEEGATE_LOCK_IRREVERSIBLE };
	int r = tg(fd, TEEGATE_LOCK_SECRETS, &a);

	*ret_status = a.fw_status;
	return r;
}
