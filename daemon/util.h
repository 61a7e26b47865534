/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few helpers that every file of the daemon wants: what is released when its scope ends, and
 * text of bounded size. Nothing here knows what teegated does.
 */
#ifndef TEEGATED_UTIL_H
#define TEEGATED_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CLEANUP(release)	__attribute__((cleanup(release)))
#define PRINTF(text, first)	__attribute__((format(printf, text, first)))
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void freep(void *pointer)
{
	free(*(void **)pointer);
}

static inline void fclosep(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void *take_pointer(void *pointer)
{
	void *taken = *(void **)pointer;

	*(void **)pointer = NULL;
	return taken;
}

/* Does the journal read what we say there? JOURNAL_STREAM is inherited; its pipe need not be. */
static inline bool journal_reads_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

static inline uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Appends to a text of fixed size; what does not fit is cut off. */
static inline void PRINTF(3, 0) text_vadd(char *text, size_t size, const char *format, va_list ap)
{
	size_t used = strnlen(text, size);

	if (used + 1 < size)
		vsnprintf(text + used, size - used, format, ap);
}

static inline void PRINTF(3, 4) text_add(char *text, size_t size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	text_vadd(text, size, format, ap);
	va_end(ap);
}

static inline void text_add_hex(char *text, size_t size, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text_add(text, size, "%02x", data[i]);
}

/* Names that a client chose go to journals, terminals and JSON: printable ASCII only. */
static inline char *text_sanitize(char *text)
{
	for (char *p = text; *p; p++)
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	return text;
}

/* The same for a text of several lines. */
static inline char *text_sanitize_lines(char *text)
{
	for (char *p = text; *p; p++)
		if ((*p < 0x20 && *p != '\n') || *p > 0x7e)
			*p = '?';
	return text;
}

#endif
