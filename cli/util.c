// SPDX-License-Identifier: GPL-2.0-or-later
/* Files, numbers, times and complaints. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

#define FILE_MAX	(16u << 20)
#define TIMEOUT_MAX_S	600	/* of tee_get_report() */

int complain(int status, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("teegatectl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

int usage_hint(const struct command *command)
{
	fprintf(stderr, "Try: teegatectl %s --help\n", command->name);
	return STATUS_USAGE;
}

int usage_error(const struct command *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "teegatectl %s: ", command->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return usage_hint(command);
}

int show_help(const struct command *command)
{
	fputs(command->help, stdout);
	return STATUS_OK;
}

int finish_output(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	return complain(status ? status : STATUS_LOCAL, "cannot write standard output: %s",
			strerror(errno));
}

void *must(void *pointer)
{
	if (!pointer)
		exit(complain(STATUS_LOCAL, "out of memory"));
	return pointer;
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ NULL, 0 };
}

static int read_stream(FILE *file, size_t max, struct buffer *ret)
{
	struct buffer buffer = { NULL, 0 };
	size_t space = 0;

	for (;;) {
		size_t n;

		if (buffer.len == space) {
			space = space ? 2 * space : 8192;
			buffer.data = must(realloc(buffer.data, space));
		}
		n = fread(buffer.data + buffer.len, 1, space - buffer.len, file);
		buffer.len += n;
		if (!n || buffer.len > max)
			break;
	}
	if (!ferror(file) && buffer.len <= max) {
		*ret = buffer;
		return 0;
	}
	buffer_free(&buffer);
	return ferror(file) ? -EIO : -EFBIG;
}

int read_file(const char *path, struct buffer *ret)
{
	return read_large_file(path, FILE_MAX, ret);
}

int read_large_file(const char *path, size_t max, struct buffer *ret)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *file = is_stdin ? stdin : fopen(path, "rbe");
	int r;

	r = file ? read_stream(file, max, ret) : -errno;
	if (file && !is_stdin)
		fclose(file);
	if (r < 0)
		complain(0, "cannot read %s: %s", path, strerror(-r));
	return r;
}

int write_all(int fd, const void *bytes, size_t len)
{
	const uint8_t *data = bytes;

	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* A device, pipe or link stays what it is; renaming over it would replace it. */
static int write_in_place(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, data, len);
	if (close(fd) < 0 && !r)
		r = -errno;
	return r;
}

static mode_t default_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

/* The name, too, is on the disk when this returns 0. */
static int sync_folder(const char *path)
{
	char *copy = format_text("%s", path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	free(copy);
	if (fd < 0)
		return -errno;
	/* Some file systems have nothing to do there, and say so. */
	if (fsync(fd) < 0 && errno != EINVAL)
		r = -errno;
	close(fd);
	return r;
}

/* Is the file at @path still what @like was read from? */
static bool is_same(const char *path, const struct stat *like)
{
	struct stat now;

	return !lstat(path, &now) && now.st_ino == like->st_ino && now.st_dev == like->st_dev &&
	       now.st_size == like->st_size && now.st_mtim.tv_sec == like->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == like->st_mtim.tv_nsec;
}

/* How a file is written: @like, the one to take the place of, or NULL. */
struct writing {
	mode_t mode;
	bool sync;
	const struct stat *like;
};

static int fill(int fd, const void *data, size_t len, const struct writing *how)
{
	int r = write_all(fd, data, len);

	/* The owner first: a change of owner takes bits from the mode. */
	if (!r && how->like && fchown(fd, how->like->st_uid, how->like->st_gid) < 0)
		r = -errno;
	if (!r && fchmod(fd, how->mode) < 0)
		r = -errno;
	if (!r && how->sync && fsync(fd) < 0)
		r = -errno;
	return r;
}

static int write_and_rename(const char *path, const void *data, size_t len, const struct writing *how)
{
	char *temporary = format_text("%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	int r;

	if (fd < 0) {
		r = -errno;
		free(temporary);
		return r;
	}
	r = fill(fd, data, len, how);
	if (close(fd) < 0 && !r)
		r = -errno;
	if (!r && how->like && !is_same(path, how->like))
		r = -EBUSY;
	if (!r && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(temporary);
	free(temporary);
	return !r && how->sync ? sync_folder(path) : r;
}

static bool may_be_replaced(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 || S_ISREG(st.st_mode);
}

int replace_file(const char *path, const struct stat *like, const void *data, size_t len)
{
	const struct writing how = { .mode = like->st_mode & 07777, .sync = true, .like = like };
	int r = write_and_rename(path, data, len, &how);

	if (r == -EBUSY)
		complain(0, "%s has changed meanwhile, and is left as it is", path);
	else if (r < 0)
		complain(0, "cannot replace %s: %s", path, strerror(-r));
	return r;
}

int write_private_file(const char *path, const void *data, size_t len)
{
	const struct writing how = { .mode = 0600, .sync = true };
	char *target = realpath(path, NULL);	/* a link stays one; what it leads to is replaced */
	const char *to = target ? target : path;
	int r = may_be_replaced(to) ? write_and_rename(to, data, len, &how)
				    : write_in_place(to, data, len);

	free(target);
	if (r < 0)
		complain(0, "cannot write %s: %s", path, strerror(-r));
	return r;
}

int write_file(const char *path, const void *data, size_t len)
{
	const struct writing how = { .mode = default_mode() };
	int r;

	if (!strcmp(path, "-")) {
		r = fwrite(data, 1, len, stdout) == len ? 0 : -EIO;
	} else if (may_be_replaced(path)) {
		r = write_and_rename(path, data, len, &how);
	} else {
		r = write_in_place(path, data, len);
	}
	if (r < 0)
		complain(0, "cannot write %s: %s", path, strerror(-r));
	return r;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int parse_hex(const char *text, struct buffer *ret)
{
	size_t len = strlen(text);
	uint8_t *data;

	if (len % 2)
		return -EINVAL;
	data = must(malloc(len / 2 + 1));
	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0) {
			free(data);
			return -EINVAL;
		}
		data[i] = (uint8_t)(high << 4 | low);
	}
	*ret = (struct buffer){ data, len / 2 };
	return 0;
}

int parse_number(const char *text, unsigned long max, unsigned long *ret)
{
	unsigned long number;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	number = strtoul(text, &end, 0);
	if (errno || *end || number > max)
		return -EINVAL;
	*ret = number;
	return 0;
}

int take_timeout(const struct command *command, const char *text, unsigned int *ret_ms)
{
	unsigned long seconds;

	if (parse_number(text, TIMEOUT_MAX_S, &seconds) < 0 || !seconds)
		return usage_error(command, "--timeout takes 1 to %d seconds", TIMEOUT_MAX_S);
	*ret_ms = (unsigned int)seconds * 1000;
	return STATUS_OK;
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct patience patience_of(unsigned int timeout_ms)
{
	return (struct patience){ now_ms() + timeout_ms, timeout_ms, 200 };
}

bool ask_again(int r, struct patience *patience)
{
	struct timespec pause = { patience->pause_ms / 1000, patience->pause_ms % 1000 * 1000000L };
	uint64_t now;

	if (r != -EAGAIN || patience->left_ms <= patience->pause_ms)
		return false;
	nanosleep(&pause, NULL);
	now = now_ms();
	if (now >= patience->end_ms)
		return false;
	patience->left_ms = (unsigned int)(patience->end_ms - now);
	if (patience->pause_ms < 2000)	/* who is asked may count it */
		patience->pause_ms *= 2;
	return true;
}

/* What follows the seconds: nothing but a fraction, then Z or +hh:mm. */
static int parse_zone(const char *text, long *ret_offset)
{
	int hours, minutes, used = 0;

	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	if (!strcmp(text, "Z") || !strcmp(text, "z")) {
		*ret_offset = 0;
		return 0;
	}
	if ((*text != '+' && *text != '-') ||
	    sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || text[1 + used] ||
	    hours > 23 || minutes > 59 || hours < 0 || minutes < 0)
		return -EINVAL;
	*ret_offset = (hours * 60L + minutes) * 60 * (*text == '-' ? -1 : 1);
	return 0;
}

int parse_time(const char *text, int64_t *ret)
{
	struct tm tm = { .tm_isdst = 0 };
	unsigned long seconds;
	long offset = 0;
	char *rest;

	if (!parse_number(text, INT64_MAX, &seconds) && text[0] != '0') {
		*ret = (int64_t)seconds;
		return 0;
	}
	rest = strptime(text, "%Y-%m-%d", &tm);
	if (!rest)
		return -EINVAL;
	if (*rest) {
		if (*rest != 'T' && *rest != 't' && *rest != ' ')
			return -EINVAL;
		rest = strptime(rest + 1, "%H:%M:%S", &tm);
		if (!rest || parse_zone(rest, &offset) < 0)
			return -EINVAL;
	}
	*ret = (int64_t)timegm(&tm) - offset;
	return 0;
}
