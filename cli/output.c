// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Neat text for people and JSON for programs. Whatever comes from evidence is escaped before it
 * gets here or by escape_bytes(); this file only lays out printable ASCII.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

#define WIDTH_DEFAULT	80
#define WIDTH_MAX	100

static size_t width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < WIDTH_DEFAULT / 2)
		return WIDTH_DEFAULT;
	return size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}

char *format_text(const char *format, ...)
{
	va_list args;
	char *text;
	int r;

	va_start(args, format);
	r = vasprintf(&text, format, args);
	va_end(args);
	return must(r < 0 ? NULL : text);
}

char *escape_bytes(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	char *text = must(malloc(4 * len + 1)), *to = text;

	for (size_t i = 0; i < len; i++) {
		if (bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '\\')
			*to++ = (char)bytes[i];
		else
			to += sprintf(to, "\\x%02x", bytes[i]);
	}
	*to = '\0';
	return text;
}

char *hex_text(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	char *text = must(malloc(2 * len + 1));

	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	text[2 * len] = '\0';
	return text;
}

char *base64_text(const void *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *data = bytes;
	char *text = must(malloc((len + 2) / 3 * 4 + 1)), *to = text;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t group = (uint32_t)data[i] << 16;

		if (left > 1)
			group |= (uint32_t)data[i + 1] << 8;
		if (left > 2)
			group |= data[i + 2];
		*to++ = digits[group >> 18];
		*to++ = digits[group >> 12 & 63];
		*to++ = left > 1 ? digits[group >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[group & 63] : '=';
	}
	*to = '\0';
	return text;
}

/* How much of @text goes on a line of @room columns: up to the last space, else all of it. */
static size_t line_length(const char *text, size_t room)
{
	size_t len = strlen(text), cut;

	if (len <= room)
		return len;
	for (cut = room; cut > 0; cut--)
		if (text[cut] == ' ')
			return cut;
	return room;
}

/* The cursor stands in column @indent already. */
static void print_lines(size_t indent, const char *text)
{
	size_t room = width() > indent + 20 ? width() - indent : 20;

	for (;;) {
		size_t len = line_length(text, room);

		printf("%.*s\n", (int)len, text);
		text += len;
		text += strspn(text, " ");
		if (!*text)
			return;
		printf("%*s", (int)indent, "");
	}
}

void print_wrapped(int indent, const char *text)
{
	printf("%*s", indent, "");
	print_lines((size_t)indent, text);
}

void print_field(const char *label, int label_width, const char *text)
{
	printf("  %-*s ", label_width, label);
	if (strlen(label) > (size_t)label_width)
		printf("\n%*s", label_width + 3, "");
	print_lines((size_t)label_width + 3, text);
}

void print_title(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void print_rule(void)
{
	for (size_t i = 0; i < width(); i++)
		putchar('!');
	putchar('\n');
}

void print_alarm(const char *text)
{
	size_t room = width() - 4;

	print_rule();
	while (*text) {
		size_t len = line_length(text, room);

		printf("!!! %.*s\n", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
	print_rule();
}

struct json_object *js_new(void)
{
	return must(json_object_new_object());
}

void js_put(struct json_object *object, const char *name, struct json_object *value)
{
	if (json_object_object_add(object, name, value) < 0)
		must(NULL);
}

void js_text(struct json_object *object, const char *name, const char *value)
{
	js_put(object, name, must(json_object_new_string(value)));
}

void js_number(struct json_object *object, const char *name, uint64_t value)
{
	js_put(object, name, must(json_object_new_uint64(value)));
}

void js_bool(struct json_object *object, const char *name, bool value)
{
	js_put(object, name, must(json_object_new_boolean(value)));
}

void js_add_text(struct json_object *array, const char *value)
{
	if (json_object_array_add(array, must(json_object_new_string(value))) < 0)
		must(NULL);
}

void js_print(struct json_object *object)
{
	puts(must((char *)json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
							 JSON_C_TO_STRING_NOSLASHESCAPE)));
	json_object_put(object);
}
