// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A user of the stock /dev/uv and nothing else: what runs beside teegate in tests, and what shows
 * that the software Ultravisor itself is right. It knows nothing of teegate and verifies nothing:
 * answers go into exchange files, for tests/pki/verify-exchange. Run without arguments for its
 * commands.
 *
 * Exit status: 0 done, 1 the device said no (errno on stderr), 2 bad answer, 3 the Ultravisor said
 * no (rc and rrc on stderr), 64 usage.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The ABI of arch/s390/include/uapi/asm/uvdevice.h; installed headers may know only part of it. */
struct uv_call {
	uint32_t flags;
	uint16_t rc, rrc;
	uint64_t argument;
	uint32_t argument_len;
	uint8_t reserved[0x40 - 0x14];
};

struct uv_attest {
	uint64_t arcb, measurement, additional;
	uint8_t user[256], config_uid[16];
	uint32_t arcb_len, measurement_len, additional_len;
	uint16_t user_len, reserved;
};

_Static_assert(sizeof(struct uv_call) == 0x40, "uvio_ioctl_cb");
_Static_assert(sizeof(struct uv_attest) == 0x138, "uvio_attest");

#define UV(nr)		_IOWR('u', nr, struct uv_call)
#define UV_INFO		UV(0)
#define UV_ATTEST	UV(1)
#define UV_ADD		UV(2)
#define UV_LIST		UV(3)
#define UV_LOCK		UV(4)
#define UV_RETRIEVE	UV(5)

#define RC_EXECUTED	0x0001
#define RC_MORE_DATA	0x0100
#define PAGE		4096
#define FILE_MAX	(1024 * 1024 + 4096)
#define MEASUREMENT_LEN	64
#define ADDITIONAL_MAX	(32 * 1024)

enum { DONE = 0, REFUSED = 1, BAD_ANSWER = 2, UV_REFUSED = 3, USAGE = 64 };

/* Exchange file: numbers big-endian. */
struct part {
	uint32_t len, offset;
};

struct exchange {
	char magic[8];
	uint32_t version, len;
	uint8_t zero[8];
	struct part arcb, measurement, additional, user, config_uid;
};

_Static_assert(sizeof(struct exchange) == 0x40, "exchange file");

static int no(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return REFUSED;
}

static int bad(const char *what)
{
	fprintf(stderr, "%s\n", what);
	return BAD_ANSWER;
}

static int load(const char *path, uint8_t *data, size_t room, size_t *ret_len)
{
	FILE *file = fopen(path, "rbe");
	size_t len;
	bool good;

	if (!file)
		return no(path);
	len = fread(data, 1, room, file);
	good = !ferror(file) && fgetc(file) == EOF;
	fclose(file);
	if (!good)
		return bad("cannot be read, or too long");
	*ret_len = len;
	return DONE;
}

static int store(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "wbe");
	bool good = file && fwrite(data, 1, len, file) == len;

	return (!file || !fclose(file)) && good ? DONE : no(path);
}

/* One ioctl; codes are the caller's to judge when @ret_rc is there. */
static int call(unsigned long request, void *argument, size_t len, uint16_t *ret_rc)
{
	struct uv_call cb = { .argument = (uintptr_t)argument, .argument_len = (uint32_t)len };
	int fd, r;

	fd = open("/dev/uv", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return no("/dev/uv");
	r = ioctl(fd, request, &cb) ? no("ioctl") : DONE;
	close(fd);
	if (r)
		return r;
	if (ret_rc)
		*ret_rc = cb.rc;
	if (cb.rc == RC_EXECUTED || (ret_rc && cb.rc == RC_MORE_DATA))
		return DONE;
	fprintf(stderr, "rc=0x%04x rrc=0x%04x\n", cb.rc, cb.rrc);
	return UV_REFUSED;
}

static int info(void)
{
	uint64_t both[2] = { 0 };
	int r = call(UV_INFO, both, sizeof(both), NULL);

	if (!r)
		printf("uvio=%#llx uv=%#llx\n", (unsigned long long)both[0],
		       (unsigned long long)both[1]);
	return r;
}

static int parse_hex(const char *hex, uint8_t *data, size_t room, size_t *ret_len)
{
	size_t i, len = strlen(hex) / 2;

	if (strlen(hex) % 2 || len > room)
		return bad("user data must be hex, at most 256 bytes");
	for (i = 0; i < len; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &data[i]) != 1)
			return bad("user data must be hex");
	*ret_len = len;
	return DONE;
}

/* What a request asks for; a file that is none is an ARCB, and room is made for anything. */
static int parse_request(uint8_t *file, size_t len, struct uv_attest *attest)
{
	const struct exchange *head = (const struct exchange *)file;

	attest->arcb = (uintptr_t)file;
	attest->arcb_len = (uint32_t)len;
	attest->measurement_len = MEASUREMENT_LEN;
	attest->additional_len = ADDITIONAL_MAX;
	if (len < sizeof(*head) || memcmp(head->magic, "pvattest", sizeof(head->magic)))
		return DONE;
	if (be32toh(head->arcb.offset) > len ||
	    be32toh(head->arcb.len) > len - be32toh(head->arcb.offset) ||
	    be32toh(head->additional.len) > ADDITIONAL_MAX)
		return bad("not a request");
	attest->arcb = (uintptr_t)file + be32toh(head->arcb.offset);
	attest->arcb_len = be32toh(head->arcb.len);
	attest->additional_len = be32toh(head->additional.len);
	return DONE;
}

static struct part append(uint8_t *out, size_t *at, const void *data, uint32_t len)
{
	struct part part = { htobe32(len), len ? htobe32((uint32_t)*at) : 0 };

	memcpy(out + *at, data, len);
	*at += len;
	return part;
}

static int write_answer(const char *path, const struct uv_attest *attest)
{
	static uint8_t out[FILE_MAX + ADDITIONAL_MAX + PAGE];
	struct exchange *head = (struct exchange *)out;
	size_t at = sizeof(*head);

	memcpy(head->magic, "pvattest", sizeof(head->magic));
	head->version = htobe32(0x100);
	head->arcb = append(out, &at, (const void *)(uintptr_t)attest->arcb, attest->arcb_len);
	head->measurement = append(out, &at, (const void *)(uintptr_t)attest->measurement,
				   MEASUREMENT_LEN);
	head->additional = append(out, &at, (const void *)(uintptr_t)attest->additional,
				  attest->additional_len);
	head->user = append(out, &at, attest->user, attest->user_len);
	head->config_uid = append(out, &at, attest->config_uid, sizeof(attest->config_uid));
	head->len = htobe32((uint32_t)at);
	return store(path, out, at);
}

/* ROOM is "MEASUREMENT:ADDITIONAL", other lengths than the request's. */
static int attest(const char *in, const char *out, const char *hex, const char *room)
{
	static uint8_t file[FILE_MAX], measurement[ADDITIONAL_MAX], additional[ADDITIONAL_MAX];
	struct uv_attest attest = { .measurement = (uintptr_t)measurement };
	size_t len, user_len = 0;
	int r;

	r = load(in, file, sizeof(file), &len);
	if (!r)
		r = parse_request(file, len, &attest);
	if (!r && hex)
		r = parse_hex(hex, attest.user, sizeof(attest.user), &user_len);
	if (r)
		return r;
	if (room && sscanf(room, "%u:%u", &attest.measurement_len, &attest.additional_len) != 2)
		return USAGE;
	attest.user_len = (uint16_t)user_len;
	attest.additional = attest.additional_len ? (uintptr_t)additional : 0;
	r = call(UV_ATTEST, &attest, sizeof(attest), NULL);
	if (r)
		return r;
	if (attest.additional_len > ADDITIONAL_MAX)
		return bad("additional data grew");
	return strcmp(out, "-") ? write_answer(out, &attest) : DONE;
}

static int loop(const char *in, unsigned long count)
{
	int r = DONE;

	while (count-- && !r)
		r = attest(in, "-", "00", NULL);
	return r;
}

static int add(const char *path)
{
	static uint8_t file[FILE_MAX];
	size_t len;
	int r;

	r = load(path, file, sizeof(file), &len);
	return r ? r : call(UV_ADD, file, len, NULL);
}

static uint16_t get16(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

/* "stored total next", then "index type length id" for each of the first page. */
static int list(void)
{
	static uint8_t page[PAGE];
	const uint8_t *item = page + 16;
	unsigned int i, j;
	uint16_t rc;
	int r;

	r = call(UV_LIST, page, sizeof(page), &rc);
	if (r)
		return r;
	printf("%u %u %u\n", get16(page), get16(page + 2), get16(page + 4));
	for (i = 0; i < get16(page) && i < 85; i++, item += 48) {
		printf("%u %u %u ", get16(item), get16(item + 2),
		       (unsigned int)get16(item + 4) << 16 | get16(item + 6));
		for (j = 16; j < 48; j++)
			printf("%02x", item[j]);
		putchar('\n');
	}
	return DONE;
}

static int lock(void)
{
	return call(UV_LOCK, NULL, 0, NULL);
}

static int retrieve(unsigned long index, const char *path)
{
	static uint8_t secret[2 * PAGE];
	int r;

	secret[0] = (uint8_t)(index >> 8);
	secret[1] = (uint8_t)index;
	r = call(UV_RETRIEVE, secret, sizeof(secret), NULL);
	if (r)
		return r;
	if (get16(secret) > sizeof(secret) - 2)
		return bad("secret is longer than it can be");
	return store(path, secret + 2, get16(secret));
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	const char *a = argc > 2 ? argv[2] : NULL, *b = argc > 3 ? argv[3] : NULL;

	if (!strcmp(command, "info"))
		return info();
	if (!strcmp(command, "attest") && b)
		return attest(a, b, argc > 4 ? argv[4] : NULL, argc > 5 ? argv[5] : NULL);
	if (!strcmp(command, "loop") && b)
		return loop(a, strtoul(b, NULL, 10));
	if (!strcmp(command, "add") && a)
		return add(a);
	if (!strcmp(command, "list"))
		return list();
	if (!strcmp(command, "lock"))
		return lock();
	if (!strcmp(command, "retrieve") && b)
		return retrieve(strtoul(a, NULL, 10), b);
	fputs("usage: uv-stock info				what device and Ultravisor can do\n"
	      "       uv-stock attest REQUEST ANSWER [USER-DATA-HEX [MEASUREMENT:ADDITIONAL]]\n"
	      "       uv-stock loop REQUEST COUNT		attestations, one after the other\n"
	      "       uv-stock add REQUEST | list | lock	secrets\n"
	      "       uv-stock retrieve INDEX FILE		plain text, on 6.13 and later\n", stderr);
	return USAGE;
}
