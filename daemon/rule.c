// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy file format, on top of libinih.
 *
 * The library drops what it does not understand, cuts long lines in two and allows trailing
 * comments and continued lines. For a policy each of those could silently mean something else than
 * its author thought, so lines pass our own reader first: it counts them, and refuses the long, the
 * continued and the NUL. Everything unknown is an error with its line.
 */
#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <linux/teegate.h>

#include "rule.h"
#include "util.h"

#define LINE_BYTES_MAX		180	/* libinih's own buffer holds 200 */
#define LIFETIME_DEFAULT_MS	(3600 * UINT64_C(1000))
#define LIFETIME_MAX_SEC	(30 * 24 * 3600)
#define PENDING_MAX		64
#define EXTEND_EVENTS_DEFAULT	16
#define EXTEND_EVENTS_MAX	65535
#define EXTEND_BYTES_DEFAULT	4096
#define EXTEND_BYTES_MAX	(1 << 20)
#define UNIT_NAME_MAX		255
#define UID_LAST		(UINT32_MAX - 1)	/* the one above means "no user" */

struct reading {
	struct rule *rule;
	FILE *file;
	const char *path;
	policy_complain_t complain;
	void *userdata;
	unsigned int line;
	int errors;
	int fatal;
	bool ended;
};

static void complain(struct reading *reading, const char *format, ...) PRINTF(2, 3);

static void complain(struct reading *reading, const char *format, ...)
{
	char what[320] = "";
	va_list ap;

	va_start(ap, format);
	text_vadd(what, sizeof(what), format, ap);
	va_end(ap);
	reading->errors++;
	reading->complain(reading->path, reading->line, what, reading->userdata);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Takes the next word of a list from *@list. */
static const char *next_word(const char **list, size_t *ret_len)
{
	const char *word = *list + strspn(*list, " \t");

	*ret_len = strcspn(word, " \t");
	*list = word + *ret_len;
	return *ret_len ? word : NULL;
}

static bool unit_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr(":-_.\\@", c));
}

static bool word_ends(const char *word, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len > n && !memcmp(word + len - n, suffix, n);
}

/* A pattern would match names that somebody else may choose. */
static bool unit_valid(struct reading *reading, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr("*?[", word[i])) {
			complain(reading, "Unit=%.*s: a pattern is not allowed, write exact names",
				 (int)len, word);
			return false;
		}
		if (!unit_char(word[i])) {
			complain(reading, "Unit=%.*s: not the name of a unit", (int)len, word);
			return false;
		}
	}
	if (len > UNIT_NAME_MAX || !(word_ends(word, len, ".service") || word_ends(word, len, ".scope"))) {
		complain(reading, "Unit=%.*s: must be the full name of a service or scope", (int)len, word);
		return false;
	}
	return true;
}

static void set_unit(struct reading *reading, const char *value)
{
	struct rule *rule = reading->rule;
	const char *word;
	size_t len;

	if (!*value)
		while (rule->units.n > 0)
			free(rule->units.list[--rule->units.n]);
	while ((word = next_word(&value, &len))) {
		if (!unit_valid(reading, word, len))
			continue;
		if (rule->units.n == POLICY_LIST_MAX) {
			complain(reading, "more than %d units", POLICY_LIST_MAX);
			return;
		}
		rule->units.list[rule->units.n] = strndup(word, len);
		if (!rule->units.list[rule->units.n]) {
			reading->fatal = -ENOMEM;
			return;
		}
		rule->units.n++;
	}
}

/* A decimal number of at most @max, all of @len bytes. */
static bool number(const char *text, size_t len, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (len < 1 || len > 19)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	if (value > max)
		return false;
	*ret = value;
	return true;
}

static bool parse_range(const char *word, size_t len, struct uid_range *ret)
{
	const char *dash = memchr(word, '-', len);
	size_t first_len = dash ? (size_t)(dash - word) : len;
	uint64_t first, last;

	if (!number(word, first_len, UID_LAST, &first))
		return false;
	last = first;
	if (dash && !number(dash + 1, len - first_len - 1, UID_LAST, &last))
		return false;
	if (last < first)
		return false;
	*ret = (struct uid_range){ (uid_t)first, (uid_t)last };
	return true;
}

static void set_uid(struct reading *reading, const char *value)
{
	struct rule *rule = reading->rule;
	struct uid_range range;
	const char *word;
	size_t len;

	if (!*value)
		rule->n_ranges = 0;
	while ((word = next_word(&value, &len))) {
		if (!parse_range(word, len, &range)) {
			complain(reading, "Uid=%.*s: must be N or FIRST-LAST, numbers of the initial user namespace",
				 (int)len, word);
			continue;
		}
		if (rule->n_ranges == POLICY_LIST_MAX) {
			complain(reading, "more than %d ranges of user ids", POLICY_LIST_MAX);
			return;
		}
		rule->ranges[rule->n_ranges++] = range;
	}
}

static void set_operations(struct reading *reading, const char *value)
{
	const char *word;
	uint64_t bit;
	size_t len;

	if (!*value)
		reading->rule->operations = 0;
	while ((word = next_word(&value, &len))) {
		bit = operation_by_name(word, len);
		if (!bit)
			complain(reading, "Operations=%.*s: there is \"report\", \"raw\", \"extend\", \"key\", \"seal\" and \"secrets\"",
				 (int)len, word);
		reading->rule->operations |= bit;
	}
}

static void set_trust_privileged(struct reading *reading, const char *value)
{
	if (!strcmp(value, "yes"))
		reading->rule->trust_privileged = true;
	else if (!strcmp(value, "no") || !*value)
		reading->rule->trust_privileged = false;
	else
		complain(reading, "TrustPrivileged=%s: must be yes or no", value);
}

static bool name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len < 1 || len > POLICY_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!unit_char(name[i]) && !strchr("/+", name[i]))
			return false;
	return true;
}

static void set_name(struct reading *reading, const char *value)
{
	if (!name_valid(value))
		complain(reading, "Name=%s: must be 1 to %d of A-Z a-z 0-9 and : - _ . \\ @ / +", value,
			 POLICY_NAME_MAX);
	else
		snprintf(reading->rule->name, sizeof(reading->rule->name), "%s", value);
}

static void set_lifetime(struct reading *reading, const char *value)
{
	uint64_t sec = LIFETIME_DEFAULT_MS / 1000;

	if (*value && (!number(value, strlen(value), LIFETIME_MAX_SEC, &sec) || sec == 0))
		complain(reading, "LifetimeSec=%s: must be 1 to %d", value, LIFETIME_MAX_SEC);
	else
		reading->rule->lifetime_ms = sec * 1000;
}

static void set_max_pending(struct reading *reading, const char *value)
{
	uint64_t n = 0;

	if (*value && (!number(value, strlen(value), PENDING_MAX, &n) || n == 0))
		complain(reading, "MaxPending=%s: must be 1 to %d", value, PENDING_MAX);
	else
		reading->rule->max_pending = (uint32_t)n;
}

static void set_extend_events(struct reading *reading, const char *value)
{
	uint64_t n = EXTEND_EVENTS_DEFAULT;

	if (*value && !number(value, strlen(value), EXTEND_EVENTS_MAX, &n))
		complain(reading, "ExtendEvents=%s: must be 0 to %d", value, EXTEND_EVENTS_MAX);
	else
		reading->rule->extend_events = (uint32_t)n;
}

static void set_extend_bytes(struct reading *reading, const char *value)
{
	uint64_t n = EXTEND_BYTES_DEFAULT;

	if (*value && !number(value, strlen(value), EXTEND_BYTES_MAX, &n))
		complain(reading, "ExtendBytes=%s: must be 0 to %d", value, EXTEND_BYTES_MAX);
	else
		reading->rule->extend_bytes = (uint32_t)n;
}

static const struct {
	const char *section, *key;
	void (*set)(struct reading *reading, const char *value);
} settings[] = {
	{ "Match", "Unit", set_unit },
	{ "Match", "Uid", set_uid },
	{ "Allow", "Operations", set_operations },
	{ "Allow", "TrustPrivileged", set_trust_privileged },
	{ "Allow", "ExtendEvents", set_extend_events },
	{ "Allow", "ExtendBytes", set_extend_bytes },
	{ "Claims", "Name", set_name },
	{ "Lease", "LifetimeSec", set_lifetime },
	{ "Lease", "MaxPending", set_max_pending },
};

static int on_setting(void *userdata, const char *section, const char *key, const char *value)
{
	struct reading *reading = userdata;
	bool section_known = false;

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (strcmp(section, settings[i].section))
			continue;
		section_known = true;
		if (strcmp(key, settings[i].key))
			continue;
		settings[i].set(reading, value);
		return 1;
	}
	if (section_known)
		complain(reading, "[%s] has no %s=", section, key);
	else if (*section)
		complain(reading, "there is no section [%s]", section);
	else
		complain(reading, "%s= stands before the first section", key);
	return 1;
}

static bool section_known(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		size_t len = strlen(settings[i].section);

		if (!strncmp(line + 1, settings[i].section, len) && !strcmp(line + 1 + len, "]"))
			return true;
	}
	return false;
}

/* What libinih would take for something else than it looks like, or not report with its line. */
static bool line_valid(struct reading *reading, const char *line)
{
	if (is_space(line[0]) && line[strspn(line, " \t")]) {
		complain(reading, "a line must not begin with a space: lines are not continued here");
		return false;
	}
	if (!*line || strchr("#;", line[0]) || !line[strspn(line, " \t")])
		return true;
	if (strstr(line, " ;") || strstr(line, "\t;")) {
		complain(reading, "a comment needs a line of its own");
		return false;
	}
	if (line[0] == '[') {
		if (section_known(line))
			return true;
		complain(reading, "there is no section %s", line);
		return false;
	}
	if (!strchr(line, '=')) {
		complain(reading, "neither [Section] nor Key=value");
		return false;
	}
	if (strchr("=:", line[0]) || memchr(line, ':', strcspn(line, "="))) {
		complain(reading, "not a Key=value");
		return false;
	}
	return true;
}

/* One line, without its end, into @line. 0 at the end of the file; a bad line comes out empty. */
static int next_line(struct reading *reading, char *line, size_t size)
{
	size_t len = 0;
	bool nul = false;
	int c;

	for (c = getc(reading->file); c != EOF && c != '\n'; c = getc(reading->file)) {
		nul |= c == '\0';
		if (len < size)
			line[len] = (char)c;
		len++;
	}
	if (c == EOF && ferror(reading->file)) {
		reading->fatal = -EIO;
		return 0;
	}
	if (c == EOF && len == 0)
		return 0;
	reading->line++;
	if (len > 0 && len < size && line[len - 1] == '\r')
		len--;
	line[len < size ? len : 0] = '\0';
	if (len >= size || len > LINE_BYTES_MAX)
		complain(reading, "longer than %d bytes; lists may be given in several lines", LINE_BYTES_MAX);
	else if (nul)
		complain(reading, "holds a NUL byte");
	else if (line_valid(reading, line))
		return 1;
	line[0] = '\0';
	return 1;
}

/* libinih's idea of fgets(): one line with its newline, at most @num - 1 bytes. */
static char *on_read(char *str, int num, void *userdata)
{
	struct reading *reading = userdata;
	char line[LINE_BYTES_MAX + 2];

	if (num < (int)sizeof(line) + 1 || reading->fatal < 0)
		return NULL;
	if (!next_line(reading, line, sizeof(line)))
		return NULL;
	snprintf(str, (size_t)num, "%s\n", line);
	return str;
}

int rule_read(struct rule *rule, FILE *file, const char *path, policy_complain_t tell,
	      void *userdata)
{
	struct reading reading = {
		.rule = rule, .file = file, .path = path, .complain = tell, .userdata = userdata,
	};
	int r;

	r = ini_parse_stream(on_read, &reading, on_setting, &reading);
	if (reading.fatal < 0)
		return reading.fatal;
	if (r < 0)
		return -ENOMEM;
	/* Our reader lets nothing through that the library could stumble over; if it does, say so. */
	if (r > 0 && reading.errors == 0) {
		reading.line = (unsigned int)r;
		complain(&reading, "not understood");
	}
	return reading.errors;
}

int rule_check(struct rule *rule, policy_complain_t tell, void *userdata)
{
	struct reading reading = {
		.rule = rule, .path = rule->path, .complain = tell, .userdata = userdata,
	};

	if (rule->units.n == 0 && rule->n_ranges == 0)
		complain(&reading, "[Match] needs Unit= or Uid=");
	if (!name_valid(rule->name))
		complain(&reading, "the file's name cannot be the workload's: give [Claims] Name=");
	rule->pins.uid |= rule->n_ranges > 0;
	return reading.errors;
}

static void default_name(struct rule *rule)
{
	const char *slash = strrchr(rule->path, '/');
	const char *base = slash ? slash + 1 : rule->path;
	size_t len = strlen(base);

	if (word_ends(base, len, ".conf"))
		len -= strlen(".conf");
	if (len <= POLICY_NAME_MAX)
		memcpy(rule->name, base, len);	/* the rule came from calloc() */
}

struct rule *rule_new(const char *path)
{
	CLEANUP(rule_freep) struct rule *rule = calloc(1, sizeof(*rule));

	if (!rule)
		return NULL;
	rule->path = strdup(path);
	if (!rule->path)
		return NULL;
	rule->voucher.root = true;
	rule->lifetime_ms = LIFETIME_DEFAULT_MS;
	rule->extend_events = EXTEND_EVENTS_DEFAULT;
	rule->extend_bytes = EXTEND_BYTES_DEFAULT;
	default_name(rule);
	return take_pointer(&rule);
}

struct rule *rule_free(struct rule *rule)
{
	if (!rule)
		return NULL;
	while (rule->units.n > 0)
		free(rule->units.list[--rule->units.n]);
	free(rule->path);
	free(rule);
	return NULL;
}

void rule_freep(struct rule **rule)
{
	rule_free(*rule);
}
