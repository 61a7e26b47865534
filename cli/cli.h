/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the subcommands of teegatectl share. Each has a file of its own, cmd-*.c; cmd-verify.c
 * needs libtee-verify only, so that it works where there is no TEE and no module.
 */
#ifndef TEEGATECTL_CLI_H
#define TEEGATECTL_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <json-c/json.h>

struct tee_ctx;

/* Exit status, documented in teegatectl(1). */
enum {
	STATUS_OK = 0,
	STATUS_REFUSED = 1,	/* a bad verdict, a refusal by policy, a problem found */
	STATUS_USAGE = 2,
	STATUS_UNAVAILABLE = 3,	/* no TEE, no way to it, or it failed */
	STATUS_LOCAL = 4,	/* files, memory */
};

struct command {
	const char *name;
	const char *summary;
	const char *help;
	int (*run)(int argc, char **argv);	/* argv[0] is for getopt_long()'s complaints */
};

extern const struct command cmd_info, cmd_report, cmd_verify, cmd_extract, cmd_extend, cmd_secret,
	cmd_seal, cmd_unseal, cmd_reseal, cmd_inspect, cmd_derive_key, cmd_policy, cmd_leases, cmd_events,
	cmd_top, cmd_doctor;

/* Say what is wrong with the command line, with a hint at --help; returns STATUS_USAGE. */
int usage_error(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The same for getopt_long()'s '?' and ':', which has spoken already. */
int usage_hint(const struct command *command);
/* "teegatectl: ..." on standard error; returns @status. */
int complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
int show_help(const struct command *command);

/* Bytes read from a file or an argument. */
struct buffer {
	uint8_t *data;
	size_t len;
};

void buffer_free(struct buffer *buffer);
#define _cleanup_buffer_ __attribute__((cleanup(buffer_free)))

/* "-" is standard input. 0, or a negative errno after complaining. */
int read_file(const char *path, struct buffer *ret);
/* The same of up to @max bytes. */
int read_large_file(const char *path, size_t max, struct buffer *ret);
/* "-" is standard output. Written beside @path and renamed. 0, or -errno after complaining. */
int write_file(const char *path, const void *data, size_t len);
/* The same, for its owner only, and on the disk when it returns; not for "-". */
int write_private_file(const char *path, const void *data, size_t len);
/*
 * Puts a file in the place of the regular one at @path that @like describes, with its mode and owner,
 * unless that has changed. On the disk when it returns; the old one is there until then. As above.
 */
int replace_file(const char *path, const struct stat *like, const void *data, size_t len);
/* 0 or -errno; complains about nothing. */
int write_all(int fd, const void *bytes, size_t len);
/* 0, or -EINVAL without complaining. An empty string gives no bytes, but data is not NULL. */
int parse_hex(const char *text, struct buffer *ret);
int parse_number(const char *text, unsigned long max, unsigned long *ret);
/* The value of --timeout, 1 to 600 seconds, in milliseconds; else complains, STATUS_USAGE. */
int take_timeout(const struct command *command, const char *text, unsigned int *ret_ms);
uint64_t now_ms(void);
/*
 * Asking again while the answer is "try again" and a --timeout leaves time: keys do not pass while whoever
 * loaded the module may look on, and a service at boot can be as early as that; and a queue empties.
 */
struct patience {
	uint64_t end_ms;
	unsigned int left_ms;	/* 0: no --timeout was given */
	unsigned int pause_ms;
};

struct patience patience_of(unsigned int timeout_ms);
/* Whether to ask once more, after a pause: @r is "try again", and what is left is in @patience. */
bool ask_again(int r, struct patience *patience);
/* Seconds since 1970, or RFC 3339 with Z or an offset, or a date. 0 or -EINVAL. */
int parse_time(const char *text, int64_t *ret);

/* Text. Widths follow the terminal, 80 columns where there is none, at most 100. */
void print_title(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* One line "  label   text", text wrapped with a hanging indent. */
void print_field(const char *label, int label_width, const char *text);
void print_wrapped(int indent, const char *text);
/* A frame that cannot be overlooked. */
void print_alarm(const char *text);
/* Unprintable bytes as \xNN; malloc()ed, never NULL (exits when out of memory). */
char *escape_bytes(const void *data, size_t len);
char *hex_text(const void *data, size_t len);
char *base64_text(const void *data, size_t len);
char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* JSON. Allocation failure ends the program with STATUS_LOCAL: there is nothing else to say. */
struct json_object *js_new(void);
void js_text(struct json_object *object, const char *name, const char *value);
void js_number(struct json_object *object, const char *name, uint64_t value);
void js_bool(struct json_object *object, const char *name, bool value);
void js_put(struct json_object *object, const char *name, struct json_object *value);
void js_add_text(struct json_object *array, const char *value);
/* Prints and frees. */
void js_print(struct json_object *object);

/* What libtee says about its last failure, nothing unprintable in it; malloc()ed. */
char *tee_failure_text(struct tee_ctx *ctx, int error);
/* Says it; returns the exit status. */
int complain_tee(struct tee_ctx *ctx, int error);
/* Exit status for a negative errno of libtee. */
int status_of_error(int error);
const char *provider_name(uint32_t provider);
const char *transport_name(uint32_t transport);
const char *state_name(uint32_t state);
/* Of enum tee_root_source. */
const char *root_source_name(uint32_t source);
/* What @report of that provider is called: "report", "quote", "tdreport" or "measurement". */
const char *report_kind(const char *provider, const uint8_t *report, size_t len);

/* Makes sure that everything reached standard output. */
int finish_output(int status);

void *must(void *pointer);

#endif
